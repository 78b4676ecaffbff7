"""What the index of words is asked for."""

from uuid import UUID

import pytest

from ahadi.platform.words import Asked, asked, beginnings

OURS = UUID(int=7)
MILLION = 1_000_000.0


def weighed(*expected: float, counted: tuple[int, ...] = (), of: int = 0, everywhere: float = MILLION) -> Asked:
    groups = [f"g{n}" for n in range(len(expected))]
    return asked(groups, OURS, expected=expected, rows=MILLION, everywhere=everywhere, counted=counted, of=of)


def test_a_group_is_any_of_its_beginnings() -> None:
    assert beginnings([["dark"], ["pole", "poles"]]) == ["('dark':*)", "('pole':* | 'poles':*)"]


def test_a_frequent_word_is_looked_for_in_what_a_rare_one_finds() -> None:
    assert weighed(400_000, 2_000).index == "g1"
    assert weighed(400_000, 2_000).whole == "g0 & g1"
    assert weighed(20_000, 2_000).index == "g0 & g1"
    assert weighed(400_000, 300_000).index == "g1"


def test_an_organisation_is_told_from_the_others_by_the_index_where_it_has_little_of_the_table() -> None:
    assert weighed(2_000, everywhere=2 * MILLION).index == "g0"
    assert weighed(2_000, everywhere=10 * MILLION).index == f"g0 & '{OURS}'"


@pytest.mark.parametrize(
    ("expected", "counted", "share"),
    [
        (2_000, 0, 0.002),  # statistics know of rare words what a sample does not show
        (2_000, 2, 0.002),
        (0, 12, 0.012),  # and nothing of the beginning of many rare words, which it does
        (300_000, 120, 0.12),
        (20_000, 12, 0.02),
    ],
)
def test_what_the_planner_expects_is_mended_by_what_was_counted(expected: float, counted: int, share: float) -> None:
    assert weighed(expected, counted=(counted, counted), of=1_000).share == pytest.approx(share)


def test_words_that_go_together_are_counted_together() -> None:
    assert weighed(200_000, 200_000).share == pytest.approx(0.04)
    assert weighed(200_000, 200_000, counted=(200, 200, 190), of=1_000).share == pytest.approx(0.19)


def test_the_more_rows_fit_the_fewer_are_passed_until_there_are_enough() -> None:
    often, seldom, never = weighed(200_000), weighed(1_000), weighed(0)
    assert often.passed(400) == 2_000
    assert seldom.passed(400) == 400_000
    assert seldom.passed(400, 0.25) == seldom.passed(4_000) == never.passed(400) == MILLION
    assert often.by_index() > seldom.by_index() > seldom.by_index(0.1) > never.by_index() == 0
