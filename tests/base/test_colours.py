"""Colours that can be read, whatever colour an organisation chose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.colours import LEGIBLE, contrast, dark_shades, is_colour, legible, light_shades

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
LIGHT_GROUNDS, DARK_GROUNDS = ("#ffffff", "#f4f6f4", "#eaeeeb"), ("#0f1413", "#161d1b", "#1d2623")


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@given(COLOURS)
def test_whatever_was_chosen_can_be_read_in_light_and_in_dark(colour: str) -> None:
    for shades, grounds in ((light_shades(colour), LIGHT_GROUNDS), (dark_shades(colour), DARK_GROUNDS)):
        for text in (shades.accent, shades.strong):
            for ground in (*grounds, shades.wash, shades.on):
                assert contrast(text, ground) >= LEGIBLE, (text, ground)


@given(COLOURS)
def test_ink_on_the_wash_can_be_read(colour: str) -> None:
    assert contrast("#16201c", light_shades(colour).wash) >= LEGIBLE
    assert contrast("#4a5751", light_shades(colour).wash) >= LEGIBLE
    assert contrast("#e7edea", dark_shades(colour).wash) >= LEGIBLE
    assert contrast("#a9b6b0", dark_shades(colour).wash) >= LEGIBLE


@given(COLOURS)
def test_a_colour_that_can_be_read_stays_and_a_proposed_one_can_be_read(colour: str) -> None:
    assert legible(legible(colour)) == legible(colour)
    if contrast(colour, "#eaeeeb") >= 6:
        assert legible(colour) == colour


@pytest.mark.parametrize("text", ["", "red", "#12345", "#1234567", "#12345g", "123456", "#123456;}"])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert not is_colour(text)
