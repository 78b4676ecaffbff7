from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.channels.sms.pointers import find, find_text, place

DOCUMENT = {"id": 7, "": "empty", "a/b": {"m~n": [{"x": "deep"}, None, True]}, "text": "Hello\x00"}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("id", 7),
        ("/id", 7),
        ("/", "empty"),
        ("/a~1b/m~0n/0/x", "deep"),
        ("/a~1b/m~0n/1", None),
        ("/a~1b/m~0n/9", None),
        ("/a~1b/m~0n/-", None),
        ("/a~1b/m~0n/²", None),
        ("/id/0", None),
        ("/nothing/here", None),
        ("", None),
    ],
)
def test_a_pointer_finds_what_it_points_at_or_nothing(pointer: str, value: Any) -> None:
    assert find(DOCUMENT, pointer) == value


def test_only_words_and_numbers_are_text() -> None:
    assert find_text(DOCUMENT, "/id") == "7"
    assert find_text(DOCUMENT, "/text") == "Hello"
    for pointer in ("/a~1b", "/a~1b/m~0n/2", "/nothing"):
        assert find_text(DOCUMENT, pointer) == ""


@given(st.lists(st.text(max_size=5), min_size=1, max_size=5), st.integers())
def test_what_is_placed_is_found_again(steps: list[str], value: int) -> None:
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    document: dict[str, Any] = {}
    place(document, pointer, value)
    ordinary = not any(step.isdigit() for step in steps[1:])
    if ordinary:
        assert find(document, pointer) == value


def test_lists_are_made_where_a_step_is_a_number() -> None:
    document: dict[str, Any] = {}
    place(document, "/to/0/number", "1")
    place(document, "/to/0/name", "Amina")
    place(document, "/to/1/number", "2")
    place(document, "plain/name", "3")
    assert document == {"to": [{"number": "1", "name": "Amina"}, {"number": "2"}], "plain/name": "3"}
