"""A word that was mistyped is found under its neighbours."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.search.nearness import is_kept, nearest, neighbours, slips

WORDS = st.text("abcdeé", min_size=3, max_size=9)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("meter", "meter", 0), ("meter", "metre", 1), ("meter", "metr", 1), ("meter", "beter", 1), ("meter", "mteers", 2)],
)
def test_slips_are_counted(one: str, other: str, distance: int) -> None:
    assert slips(one, other) == slips(other, one) == distance


def test_words_one_slip_apart_share_a_neighbour() -> None:
    every = ["".join(letters) for length in (3, 4) for letters in product("abc", repeat=length)]
    near = [(one, other) for one in every for other in every if slips(one, other) <= 1]
    assert len(near) > 1_000
    assert all(neighbours(one) & neighbours(other) for one, other in near)


@given(WORDS, st.data())
def test_every_single_slip_is_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("xyz"))
    swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at else word
    for mistyped in (
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        swapped,
    ):
        assert slips(word, mistyped) <= 1
        assert neighbours(word) & neighbours(mistyped)


def test_the_likeliest_comes_first_and_what_is_too_far_not_at_all() -> None:
    assert nearest("metre", ["meter", "metro", "petre", "transformer"]) == ["meter", "metro", "petre"]
    assert nearest("trasnformer", ["transformer", "transformers", "former"]) == ["transformer", "transformers"]
    assert nearest("gas", ["gaz", "tax"]) == ["gaz"]


def test_the_vocabulary_holds_words_and_neither_numbers_nor_codes() -> None:
    assert is_kept("transformer") and is_kept("mta") and is_kept("covid1")
    assert not any(map(is_kept, ("ab", "254712345678", "k7mq2xc", "x" * 25)))
