"""Who is on shift, until when, and when they are back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.directory.rota import Shift
from ahadi.directory.spans import clip, minus, union
from tests.directory.values import BERLIN, absence, extra, local, nairobi, named, pattern, rota

AMINA, JUMA = named("amina"), named("juma")
HOUR = timedelta(hours=1)


def test_people_on_shift_are_those_whose_pattern_or_extra_shift_says_so_less_the_absent() -> None:
    plan = rota(
        [
            pattern("amina", "Mo-Fr 08:00-16:00"),
            pattern("juma", "Mo-Fr 12:00-20:00"),
            pattern("wanjiru", "Mo-Fr 08:00-16:00"),
        ],
        [extra("otieno", nairobi(2026, 11, 24, 9), nairobi(2026, 11, 24, 11))],
        [absence("wanjiru", nairobi(2026, 11, 24), nairobi(2026, 11, 25))],
    )
    everybody = [named(name) for name in ("otieno", "amina", "wanjiru", "juma")]
    assert plan.on_shift(everybody, nairobi(2026, 11, 24, 10)) == [named("otieno"), AMINA]
    assert plan.on_shift(everybody, nairobi(2026, 11, 24, 16)) == [JUMA]
    assert plan.on_shift(everybody, nairobi(2026, 11, 25, 9)) == [AMINA, named("wanjiru")]
    assert plan.on_shift(everybody, nairobi(2026, 11, 28, 9)) == []


def test_a_shift_for_one_department_is_not_a_shift_for_another() -> None:
    plan = rota([pattern("amina", "Mo-Fr 08:00-12:00", "care"), pattern("amina", "Mo-Fr 12:00-16:00", "billing")])
    at = nairobi(2026, 11, 24, 9)
    assert plan.on_shift([AMINA], at, named("care")) == [AMINA]
    assert plan.on_shift([AMINA], at, named("billing")) == []
    assert plan.on_shift([AMINA], at) == [AMINA]


def test_a_shift_for_no_department_in_particular_counts_for_all() -> None:
    plan = rota(
        [pattern("amina", "Mo-Fr 08:00-16:00")], [extra("juma", nairobi(2026, 11, 24, 9), nairobi(2026, 11, 24, 10))]
    )
    assert plan.on_shift([AMINA, JUMA], nairobi(2026, 11, 24, 9), named("care")) == [AMINA, JUMA]


def test_shifts_that_touch_are_one_shift_and_end_with_the_last() -> None:
    plan = rota([pattern("amina", "Mo-Fr 08:00-12:00", "care"), pattern("amina", "Mo-Fr 12:00-16:00", "billing")])
    at = nairobi(2026, 11, 24, 9)
    assert plan.current_or_next_shift(AMINA, at) == Shift(AMINA, nairobi(2026, 11, 24, 8), nairobi(2026, 11, 24, 16))
    assert plan.shift_end(AMINA, at) == nairobi(2026, 11, 24, 16)
    assert plan.next_shift_start(AMINA, at) == nairobi(2026, 11, 25, 8)


def test_off_shift_there_is_no_end_and_the_next_shift_is_found_beyond_the_weekend() -> None:
    plan, friday_evening = rota([pattern("amina", "Mo-Fr 08:00-16:00")]), nairobi(2026, 11, 20, 19)
    assert plan.shift_end(AMINA, friday_evening) is None
    assert plan.next_shift_start(AMINA, friday_evening) == nairobi(2026, 11, 23, 8)
    assert plan.current_or_next_shift(AMINA, friday_evening) == Shift(
        AMINA, nairobi(2026, 11, 23, 8), nairobi(2026, 11, 23, 16)
    )


def test_at_the_moment_a_shift_ends_it_has_ended_and_at_the_moment_it_begins_it_has_begun() -> None:
    plan = rota([pattern("amina", "Mo-Fr 08:00-16:00")])
    assert plan.shift_end(AMINA, nairobi(2026, 11, 24, 16)) is None
    assert plan.shift_end(AMINA, nairobi(2026, 11, 24, 8)) == nairobi(2026, 11, 24, 16)
    assert plan.next_shift_start(AMINA, nairobi(2026, 11, 24, 8)) == nairobi(2026, 11, 25, 8)


def test_an_absence_ends_the_shift_early_and_the_next_begins_after_it() -> None:
    away = absence("amina", nairobi(2026, 11, 24, 12), nairobi(2026, 11, 27, 10))
    plan = rota([pattern("amina", "Mo-Fr 08:00-16:00")], absences=[away])
    at = nairobi(2026, 11, 24, 9)
    assert plan.shift_end(AMINA, at) == nairobi(2026, 11, 24, 12)
    assert plan.next_shift_start(AMINA, at) == nairobi(2026, 11, 27, 10)
    assert plan.is_absent(AMINA, nairobi(2026, 11, 24, 12))
    assert not plan.is_absent(AMINA, nairobi(2026, 11, 27, 10))


def test_a_short_absence_breaks_a_shift_in_two() -> None:
    dentist = absence("amina", nairobi(2026, 11, 24, 10), nairobi(2026, 11, 24, 11))
    plan = rota([pattern("amina", "Mo-Fr 08:00-16:00")], absences=[dentist])
    assert plan.shifts(AMINA, nairobi(2026, 11, 24), nairobi(2026, 11, 25)) == [
        Shift(AMINA, nairobi(2026, 11, 24, 8), nairobi(2026, 11, 24, 10)),
        Shift(AMINA, nairobi(2026, 11, 24, 11), nairobi(2026, 11, 24, 16)),
    ]


def test_somebody_without_shifts_is_never_on_shift() -> None:
    plan, at = rota(), nairobi(2026, 11, 24, 9)
    assert plan.on_shift([AMINA], at) == []
    assert (plan.current_or_next_shift(AMINA, at), plan.shift_end(AMINA, at), plan.next_shift_start(AMINA, at)) == (
        None, None, None,
    )  # fmt: skip


def test_a_next_shift_is_looked_for_sixty_days_ahead_and_no_further() -> None:
    plan = rota([pattern("amina", "2027 Jan 10 08:00-16:00"), pattern("juma", "2027 Mar 10 08:00-16:00")])
    at = nairobi(2026, 11, 24)
    assert plan.next_shift_start(AMINA, at) == nairobi(2027, 1, 10, 8)
    assert plan.next_shift_start(JUMA, at) is None


def test_a_pattern_holds_from_its_first_day_until_its_last() -> None:
    plan = rota([pattern("amina", "Mo-Su 08:00-16:00", since=date(2026, 11, 24), until=date(2026, 11, 25))])
    assert [shift.start for shift in plan.shifts(AMINA, nairobi(2026, 11, 20), nairobi(2026, 11, 30))] == [
        nairobi(2026, 11, 24, 8),
        nairobi(2026, 11, 25, 8),
    ]


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    plan = rota([pattern("amina", "Mo-Su 22:00-06:00", since=date(2026, 11, 24), until=date(2026, 11, 24))])
    assert plan.shifts(AMINA, nairobi(2026, 11, 20), nairobi(2026, 11, 30)) == [
        Shift(AMINA, nairobi(2026, 11, 24, 22), nairobi(2026, 11, 25, 6))
    ]
    assert plan.on_shift([AMINA], nairobi(2026, 11, 25, 5)) == [AMINA]
    assert plan.on_shift([AMINA], nairobi(2026, 11, 24, 5)) == []


def test_a_pattern_without_end_is_cut_at_the_midnights_it_holds_between() -> None:
    plan = rota([pattern("amina", "24/7", since=date(2026, 11, 24), until=date(2026, 11, 25))])
    assert plan.shifts(AMINA, nairobi(2026, 11, 20), nairobi(2026, 11, 30)) == [
        Shift(AMINA, nairobi(2026, 11, 24), nairobi(2026, 11, 26))
    ]


def test_a_night_shift_on_the_night_the_clock_is_put_back_is_one_shift() -> None:
    plan = rota([pattern("amina", "Mo-Su 22:00-02:30")], zone=BERLIN, country="DE")
    first_half_past_two = local(BERLIN, 2026, 10, 25, 2, 30)
    assert plan.on_shift([AMINA], first_half_past_two) == [AMINA]
    assert plan.shift_end(AMINA, first_half_past_two) == local(BERLIN, 2026, 10, 25, 2, 30, fold=1)


# In general -----------------------------------------------------------------------------------------------------

HOURS = st.sampled_from(
    ["Mo-Fr 08:00-16:00", "Mo-Su 22:00-06:00", "Sa,Su 10:00-14:00; PH off", "24/7", "Tu 13:00-15:00", "off"]
)
WINDOW = datetime(2026, 10, 20, tzinfo=UTC)
MOMENTS = st.integers(0, 14 * 24 * 4).map(lambda quarter: WINDOW + quarter * timedelta(minutes=15))
SPANS = st.tuples(MOMENTS, st.integers(1, 400).map(lambda quarters: quarters * timedelta(minutes=15))).map(
    lambda span: (span[0], span[0] + span[1])
)
DATES = st.one_of(st.none(), st.dates(date(2026, 10, 18), date(2026, 11, 4)))


@given(
    st.lists(st.tuples(HOURS, DATES, DATES), max_size=3),
    st.lists(SPANS, max_size=3),
    st.lists(SPANS, max_size=3),
    st.lists(MOMENTS, min_size=1, max_size=20),
)
@settings(deadline=None)
def test_every_question_agrees_with_the_list_of_shifts(
    patterns: list[tuple[str, date | None, date | None]],
    extras: list[tuple[datetime, datetime]],
    absences: list[tuple[datetime, datetime]],
    moments: list[datetime],
) -> None:
    plan = rota(
        [pattern("amina", hours, None, since, until) for hours, since, until in patterns],
        [extra("amina", *span) for span in extras],
        [absence("amina", *span) for span in absences],
        zone=BERLIN,
        country="DE",
    )
    shifts = plan.shifts(AMINA, WINDOW - timedelta(days=3), WINDOW + timedelta(days=80))
    assert all(before.end < after.start for before, after in pairwise(shifts))
    for at in moments:
        present = next((shift for shift in shifts if shift.start <= at < shift.end), None)
        later = next((shift for shift in shifts if shift.start > at), None)
        assert plan.on_shift([AMINA], at) == ([AMINA] if present else [])
        if later is None or later.start < at + timedelta(days=59):
            assert plan.next_shift_start(AMINA, at) == (later.start if later else None)
        if present and present.end < at + timedelta(days=59):
            assert plan.shift_end(AMINA, at) == present.end
        assert (plan.shift_end(AMINA, at) is None) == (present is None)
        if present:
            assert not plan.is_absent(AMINA, at)


# Spans ----------------------------------------------------------------------------------------------------------


@given(st.lists(SPANS, max_size=8), st.lists(SPANS, max_size=8), SPANS)
def test_spans_are_sets_of_moments(
    some: list[tuple[datetime, datetime]], others: list[tuple[datetime, datetime]], frame: tuple[datetime, datetime]
) -> None:
    quarters = [WINDOW + n * timedelta(minutes=15) for n in range(14 * 24 * 4 + 400)]

    def held(spans: list[tuple[datetime, datetime]]) -> set[datetime]:
        return {at for at in quarters if any(start <= at < end for start, end in spans)}

    assert held(union(some)) == held(some)
    assert held(minus(some, others)) == held(some) - held(others)
    assert held(clip(some, *frame)) == held(some) & held([frame])
    for spans in (union(some), minus(some, others)):
        assert all(start < end for start, end in spans)
        assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_nobody_is_somebody_else() -> None:
    plan = rota([pattern("amina", "24/7")])
    assert plan.on_shift([JUMA, UUID(int=7)], nairobi(2026, 11, 24)) == []
