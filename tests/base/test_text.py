"""Texts in forms that can be compared, searched and shown."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.text import fold, one_line, slug, words

TEXTS = st.one_of(st.text(), st.text(st.characters(max_codepoint=127)))


@given(TEXTS)
def test_folded_text_has_no_accents_no_capitals_and_single_spaces(text: str) -> None:
    folded = fold(text)
    assert not any(unicodedata.combining(each) for each in folded)
    assert folded == " ".join(folded.split())
    assert fold(folded) == folded or not text.isascii()


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_and_the_same_with_an_accent_fold_alike(text: str) -> None:
    assert fold(text) == fold(text + " \u0301")


@given(TEXTS, st.integers(1, 30))
def test_one_line_is_one_line_and_as_short_as_asked(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(each)[0] == "C" for each in line)
    assert line == " ".join(line.split())


def test_what_is_written_differently_is_found_alike() -> None:
    assert fold("  Ünal\tO\u2019Neill\u00a0STRASSE ") == fold("u\u0308nal o\u2019neill stra\u00dfe")
    assert words("Umeme, umekatika!") == ["umeme", "umekatika"]
    assert slug("Customer Care (Nairobi)") == "customer-care-nairobi"
    assert one_line("Half\r\nthe\x00street is dark", 13) == "Half the str…"
