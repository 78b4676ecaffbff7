"""What is unusual: a rule that is exact, seldom wrong by chance, and honest about too little history."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.board.usual import CHANCE, FEWEST, FEWEST_WEEKS, chance_of_as_few, chance_of_as_many, unusual

counts, weeks = st.integers(0, 120), st.integers(1, 12)


def exactly(now: int, past: int, weeks: int, *, many: bool) -> Fraction:
    """The binomial tail, in whole numbers."""
    total, share = now + past, Fraction(1, weeks + 1)
    meant = range(now, total + 1) if many else range(now + 1)
    return sum((comb(total, k) * share**k * (1 - share) ** (total - k) for k in meant), Fraction(0))


@given(counts, counts, weeks)
def test_the_chances_are_those_of_the_binomial_distribution(now: int, past: int, weeks: int) -> None:
    assert chance_of_as_many(now, past, weeks) == pytest.approx(float(exactly(now, past, weeks, many=True)), rel=1e-9)
    assert chance_of_as_few(now, past, weeks) == pytest.approx(float(exactly(now, past, weeks, many=False)), rel=1e-9)


@given(st.integers(0, 300), st.integers(FEWEST_WEEKS, 12))
def test_where_nothing_changed_one_side_is_called_unusual_at_most_once_in_a_thousand(total: int, weeks: int) -> None:
    """Whatever the rate is: of the same number of contacts in all, those of now are binomial."""
    share = 1 / (weeks + 1)
    for side in ("more", "less"):
        false = sum(
            comb(total, now) * share**now * (1 - share) ** (total - now)
            for now in range(total + 1)
            if unusual(now, total - now, weeks) == side
        )
        assert false <= CHANCE * (1 + 1e-9)


@given(st.integers(0, 5000), st.integers(0, 40_000), st.integers(FEWEST_WEEKS, 12))
def test_more_contacts_are_never_less_unusual(now: int, past: int, weeks: int) -> None:
    found, with_one_more = unusual(now, past, weeks), unusual(now + 1, past, weeks)
    order = {"less": 0, None: 1, "more": 2}
    assert order[found] <= order[with_one_more]
    assert 0.0 <= chance_of_as_many(now, past, weeks) <= 1.0


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, FEWEST_WEEKS - 1))
def test_of_too_little_history_nothing_is_said(now: int, past: int, weeks: int) -> None:
    assert unusual(now, past, weeks) is None


@pytest.mark.parametrize(
    ("now", "past", "weeks", "said"),
    [
        (0, 0, 8, None),
        (2, 0, 8, None),  # two contacts never are many
        (FEWEST, 0, 8, None),  # nor are three about something new: 1 in 729 is not rare enough
        (4, 0, 8, "more"),  # four are
        (9, 40, 8, None),  # usually five
        (15, 40, 8, "more"),
        (0, 40, 8, None),  # 1 in 111: an hour without a call is not yet strange
        (0, 80, 8, "less"),  # usually ten
        (30, 80, 4, None),  # usually twenty, of four weeks only: 30 may be chance
        (45, 80, 4, "more"),
    ],
)
def test_what_is_called_unusual(now: int, past: int, weeks: int, said: str | None) -> None:
    assert unusual(now, past, weeks) == said
