"""What is typed into the search box is read, whatever it is, and can be written down again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.search.query import CHANNELS, KINDS, PRIORITIES, STATES, Query, parse


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", Query()),
        ("No  power, Kileléshwa!", Query(words=("no", "power", "kileleshwa"))),
        ("holder:me promise:due<2h", Query(holders=("me",), due_within=timedelta(hours=2))),
        ('holder:"Amina Otieno" meter', Query(words=("meter",), holders=("amina otieno",))),
        ("promise:overdue state:all", Query(state="all", due_within=timedelta(0))),
        ("promise:callback promise:visit", Query(promise_kinds=("callback", "visit"))),
        ("promise:broken is:escalated", Query(broken=True, escalated=True)),
        ("opened:<3d", Query(opened_within=timedelta(days=3))),
        ("opened:>2w channel:email", Query(opened_before=timedelta(weeks=2), channels=("email",))),
        ("reason:outage reason:billing tag:vip", Query(reasons=("outage", "billing"), tags=("vip",))),
        ("PW-K7MQ2XC", Query(words=("pw", "k7mq2xc"))),
        ("https://x.example/a?b", Query(words=("https", "x", "example", "a", "b"))),
        ("re: meter", Query(words=("re", "meter"))),
    ],
)
def test_words_and_filters_are_told_apart(typed: str, read: Query) -> None:
    assert parse(typed) == read


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("holder:", "Say something after holder:"),
        ('holder:""', "Say something after holder:"),
        ("state:closed", "state: is one of open, resolved, all."),
        ("promise:soon", "promise: is one of update, callback, visit, fix, overdue, broken, or due<2h (or m, d, w)."),
        ("promise:due>2h", "promise: is one of update, callback, visit, fix, overdue, broken, or due<2h (or m, d, w)."),
        ("opened:yesterday", "opened: is followed by < or > and a length such as 30m, 2h, 3d or 1w."),
    ],
)
def test_a_filter_that_says_nothing_is_told_and_left_out(typed: str, problem: str) -> None:
    read = parse(f"meter {typed}")
    assert read.words == ("meter",) and not read.has_filters and list(map(str, read.problems)) == [problem]


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read(typed: str) -> None:
    parse(typed)


NAMES = st.lists(st.from_regex(r"[a-z][a-z -]{0,10}[a-z]", fullmatch=True), max_size=2, unique=True).map(
    lambda each: tuple(" ".join(name.split()) for name in each)
)
LENGTHS = st.none() | st.builds(timedelta, minutes=st.integers(0, 9000))


@given(
    st.builds(
        Query,
        words=st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), max_size=3).map(tuple),
        state=st.sampled_from(STATES),
        holders=NAMES.map(lambda each: tuple(dict.fromkeys(each))),
        channels=st.lists(st.sampled_from(CHANNELS), unique=True).map(tuple),
        priorities=st.lists(st.sampled_from(PRIORITIES), unique=True).map(tuple),
        promise_kinds=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
        due_within=LENGTHS,
        broken=st.booleans(),
        escalated=st.booleans(),
        opened_within=LENGTHS,
        opened_before=LENGTHS,
    )
)
def test_a_query_written_down_and_read_again_is_the_same(query: Query) -> None:
    assert parse(str(query)) == query
