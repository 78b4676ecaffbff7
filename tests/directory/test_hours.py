"""Opening hours: what is read and refused, when a place is open, and time reckoned in open hours."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from ahadi.base.errors import Invalid
from ahadi.directory.hours import Hours, NeverOpen

BERLIN, NEW_YORK, NAIROBI = "Europe/Berlin", "America/New_York", "Africa/Nairobi"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


def hours(expression: str, zone: str = BERLIN, country: str = "DE", **more: object) -> Hours:
    return Hours.parse(expression, zone, country, **more)  # type: ignore[arg-type]


# What is open -------------------------------------------------------------------------------------------------


def test_office_hours_are_open_from_the_first_minute_and_closed_from_the_last() -> None:
    office = hours("Mo-Fr 08:00-18:00")
    assert not office.is_open(local(BERLIN, 2026, 11, 20, 7, 59))
    assert office.is_open(local(BERLIN, 2026, 11, 20, 8))
    assert office.is_open(local(BERLIN, 2026, 11, 20, 17, 59))
    assert not office.is_open(local(BERLIN, 2026, 11, 20, 18))


def test_a_place_is_asked_in_any_zone_and_answers_in_utc() -> None:
    office = hours("Mo-Fr 08:00-18:00", NAIROBI, "KE")
    assert office.next_open(local(BERLIN, 2026, 11, 20, 3)) == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert office.next_open(local(BERLIN, 2026, 11, 20, 3)).tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        hours("24/7").is_open(datetime(2026, 1, 1))


def test_a_night_that_runs_into_the_next_day_is_one_interval() -> None:
    night = hours("Mo-Su 22:00-06:00")
    start = local(BERLIN, 2026, 11, 20, 12)
    assert night.intervals(start, start + timedelta(days=1)) == [
        (local(BERLIN, 2026, 11, 20, 22), local(BERLIN, 2026, 11, 21, 6))
    ]


def test_intervals_are_cut_at_both_ends() -> None:
    start, end = local(BERLIN, 2026, 11, 20, 9, 30), local(BERLIN, 2026, 11, 20, 10, 15)
    assert hours("Mo-Fr 08:00-18:00").intervals(start, end) == [(start, end)]


def test_a_place_that_never_closes_is_one_interval_across_months_and_years() -> None:
    start, end = local(BERLIN, 2026, 10, 5), local(BERLIN, 2027, 2, 3)
    assert hours("24/7").intervals(start, end) == [(start, end)]


# Holidays and closures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "country", "subdivision", "day"),
    [
        (NAIROBI, "KE", None, date(2026, 6, 1)),  # Madaraka Day
        (NAIROBI, "TZ", None, date(2026, 12, 9)),  # a country the library's own calendars lack
        (NEW_YORK, "US", None, date(2026, 7, 3)),  # Independence Day, observed
        (BERLIN, "DE", None, date(2026, 12, 25)),
        (BERLIN, "DE", "BY", date(2026, 6, 4)),  # Corpus Christi, in Bavaria only
    ],
)
def test_public_holidays_of_the_country_and_its_part_are_closed(
    zone: str, country: str, subdivision: str | None, day: date
) -> None:
    noon = local(zone, day.year, day.month, day.day, 12)
    assert not Hours.parse("Mo-Su 08:00-18:00; PH off", zone, country, subdivision).is_open(noon)
    assert Hours.parse("Mo-Su 08:00-18:00", zone, country, subdivision).is_open(noon)


def test_a_holiday_of_one_part_of_a_country_is_a_working_day_in_another() -> None:
    corpus_christi = local(BERLIN, 2026, 6, 4, 12)
    assert Hours.parse("Mo-Fr 08:00-18:00; PH off", BERLIN, "DE").is_open(corpus_christi)
    assert Hours.parse("Mo-Fr 08:00-18:00; PH off", BERLIN, "DE", "BE").is_open(corpus_christi)


def test_public_holidays_can_have_hours_of_their_own() -> None:
    care = hours("Mo-Fr 07:00-21:00; Sa,PH 09:00-17:00", NAIROBI, "KE")
    friday_holiday = local(NAIROBI, 2026, 12, 25)
    assert care.intervals(friday_holiday, friday_holiday + timedelta(days=2)) == [
        (local(NAIROBI, 2026, 12, 25, 9), local(NAIROBI, 2026, 12, 25, 17)),
        (local(NAIROBI, 2026, 12, 26, 9), local(NAIROBI, 2026, 12, 26, 17)),
    ]


def test_a_closure_closes_the_whole_day_whatever_the_expression_says() -> None:
    day = local(BERLIN, 2026, 11, 20)
    shut = hours("24/7", closures=[date(2026, 11, 20)])
    assert shut.intervals(day - HOUR, day + 25 * HOUR) == [(day - HOUR, day), (day + 24 * HOUR, day + 25 * HOUR)]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = hours("Mo-Su 22:00-06:00; PH off")
    start = local(BERLIN, 2026, 12, 24, 12)  # the holidays are the 25th and the 26th
    assert night.intervals(start, start + timedelta(days=3, hours=12)) == [
        (local(BERLIN, 2026, 12, 24, 22), local(BERLIN, 2026, 12, 25, 6)),
        (local(BERLIN, 2026, 12, 27, 22), local(BERLIN, 2026, 12, 28, 0)),
    ]


def test_a_night_runs_on_into_a_day_with_hours_of_its_own() -> None:
    start = local(BERLIN, 2026, 11, 20, 12)  # a Friday
    expected = [
        (local(BERLIN, 2026, 11, 20, 22), local(BERLIN, 2026, 11, 21, 6)),
        (local(BERLIN, 2026, 11, 21, 10), local(BERLIN, 2026, 11, 21, 12)),
    ]
    for expression in ("Mo-Fr 22:00-06:00; Sa 10:00-12:00", "Sa 10:00-12:00; Mo-Fr 22:00-06:00"):
        assert hours(expression).intervals(start, start + timedelta(days=2)) == expected


def test_a_rule_after_a_semicolon_replaces_the_day_and_one_after_a_comma_adds_to_it() -> None:
    saturday = local(BERLIN, 2026, 11, 21)
    whole = (saturday, saturday + timedelta(days=1))
    ten, noon, six = (local(BERLIN, 2026, 11, 21, hour) for hour in (10, 12, 18))
    assert hours("Mo-Sa 08:00-18:00; Sa 10:00-12:00").intervals(*whole) == [(ten, noon)]
    assert hours("Mo-Fr 08:00-18:00, Sa 10:00-12:00").intervals(*whole) == [(ten, noon)]
    assert hours("Mo-Sa 12:00-18:00, Sa 10:00-12:00").intervals(*whole) == [(ten, six)]


def test_a_pause_is_taken_out_of_the_day() -> None:
    saturday = local(BERLIN, 2026, 11, 21)
    assert hours("Mo-Sa 10:00-18:00; 12:00-13:00 off").intervals(saturday, saturday + timedelta(days=1)) == [
        (local(BERLIN, 2026, 11, 21, 10), local(BERLIN, 2026, 11, 21, 12)),
        (local(BERLIN, 2026, 11, 21, 13), local(BERLIN, 2026, 11, 21, 18)),
    ]
    assert hours("Mo-Su 22:00-06:00; 02:00-03:00 off").intervals(saturday, saturday + timedelta(hours=12)) == [
        (saturday, local(BERLIN, 2026, 11, 21, 2)),
        (local(BERLIN, 2026, 11, 21, 3), local(BERLIN, 2026, 11, 21, 6)),
    ]


def test_days_listed_with_spaces_are_one_list() -> None:
    saturday = local(BERLIN, 2026, 11, 21)
    assert (
        hours("Mo-Fr, Sa 10:00-12:00").between(saturday - timedelta(days=5), saturday + timedelta(days=1)) == 12 * HOUR
    )


def test_the_first_thursday_of_two_months_is_one_day_in_each() -> None:
    assert hours("Jan,Dec Th[1] 10:00-12:00").between(
        local(BERLIN, 2026, 1, 1), local(BERLIN, 2027, 1, 1)
    ) == timedelta(hours=4)


def test_public_holidays_can_be_limited_to_a_season() -> None:
    summer = hours("Mo-Su 08:00-18:00; Dec PH off")
    assert not summer.is_open(local(BERLIN, 2026, 12, 25, 12))
    assert summer.is_open(local(BERLIN, 2026, 5, 1, 12))


# What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "column", "advice"),
    [
        ("Mo-Fr 8-18:00", 7, "24-hour clock"),
        ("Mo-Fr 9am-5pm", 7, "24-hour clock"),
        ("Mo-Fr 08.00-18.00", 7, "24-hour clock"),
        ("Mo–Fr 08:00-18:00", 3, "plain hyphen"),
        ("Mo-Fr 10:00", 12, "needs an end"),
        ("always", 1, "such as"),
        ("", 1, "nothing is there"),
        ("   ", 1, "such as"),
        ("Mo-Fr 08:00-18:00\nSa 10:00-12:00", 18, "one line"),
        ("Mo-Fr 08:00-18:00 || open", 19, "fallback"),
        ("Mo-Fr 08:00-18:00 unknown", 19, "surely open"),
        ("sunrise-sunset", 1, "clock times"),
        ("Mo-Fr 08:00+", 8, "open end"),
        ("Mo-Fr 08:00-18:00; SH off", 20, "school holidays"),
        ("2026Feb 10:00-12:00", 1, "space"),
        ("PH Mo-Fr off", 1, "comma"),
        ("Mo-Fr PH off", 4, "comma"),
        ("PH +1 day off", 1, "their dates"),
        ("PH off; Mo-Fr 08:00-18:00", 1, "write `PH` last"),
        ("Mo-Fr 10:00-18:00/02:00", 14, "repeat"),
        ("Mo-Fr 08:00-18:00; Feb 30 off", 20, "no such day"),
    ],
)
def test_what_cannot_be_read_or_promised_is_refused_with_its_column(expression: str, column: int, advice: str) -> None:
    with pytest.raises(Invalid, match=advice) as refused:
        hours(expression)
    assert refused.value.fields["column"] == column
    assert refused.value.fields["expression"] == expression
    assert refused.value.sentence.endswith(".")


def test_words_in_a_comment_are_not_rules() -> None:
    assert hours('Mo-Fr 08:00-18:00 "PH || unknown"').is_open(local(BERLIN, 2026, 12, 25, 12))


def test_a_zone_a_country_and_a_part_must_exist() -> None:
    with pytest.raises(Invalid, match="no time zone"):
        Hours.parse("24/7", "Africa/Atlantis", "KE")
    with pytest.raises(Invalid, match="no time zone"):
        Hours.parse("24/7", "../../etc/passwd", "KE")
    with pytest.raises(Invalid, match="not known"):
        Hours.parse("24/7; PH off", NAIROBI, "XX")
    with pytest.raises(Invalid, match="of no country"):
        Hours.parse("24/7; PH off", NAIROBI, None)
    with pytest.raises(Invalid, match="has no part `ZZ`"):
        Hours.parse("24/7; PH off", BERLIN, "DE", "ZZ")


def test_a_country_whose_holidays_are_unknown_is_taken_where_holidays_play_no_part() -> None:
    assert Hours.parse("24/7", NAIROBI, "XX").is_open(local(NAIROBI, 2026, 1, 1))


def test_hours_read_from_the_same_words_are_equal_and_can_be_a_key() -> None:
    assert hours("24/7") == hours("24/7")
    assert {hours("24/7"): 1}[hours("24/7")] == 1
    assert hours("24/7") != hours("24/7", NEW_YORK, "US")


# When it opens and closes -------------------------------------------------------------------------------------


def test_the_next_opening_is_now_when_it_is_open() -> None:
    at = local(BERLIN, 2026, 11, 20, 9, 17)
    assert hours("Mo-Fr 08:00-18:00").next_open(at) == at


def test_the_next_opening_passes_over_the_weekend_and_a_holiday() -> None:
    friday_evening = local(NAIROBI, 2026, 5, 29, 18)  # Madaraka Day is the Monday after
    assert hours("Mo-Fr 08:00-18:00; PH off", NAIROBI, "KE").next_open(friday_evening) == local(NAIROBI, 2026, 6, 2, 8)


def test_the_next_closing_is_of_the_present_opening_or_of_the_next() -> None:
    office = hours("Mo-Fr 08:00-12:00,13:00-18:00")
    assert office.next_close(local(BERLIN, 2026, 11, 20, 9)) == local(BERLIN, 2026, 11, 20, 12)
    assert office.next_close(local(BERLIN, 2026, 11, 20, 12)) == local(BERLIN, 2026, 11, 20, 18)


def test_what_stays_open_for_a_year_has_no_next_closing() -> None:
    assert hours("24/7").next_close(local(BERLIN, 2026, 11, 20)) is None


@pytest.mark.parametrize("expression", ["off", "2020 Mo-Fr 08:00-18:00", "Dec 24-26 off"])
def test_hours_that_never_open_say_so_instead_of_searching_for_ever(expression: str) -> None:
    never, at = hours(expression), local(BERLIN, 2026, 11, 20)
    asked: list[Callable[[], object]] = [
        lambda: never.next_open(at),
        lambda: never.next_close(at),
        lambda: never.add(at, HOUR),
    ]
    for ask in asked:
        with pytest.raises(NeverOpen, match="do not open within 366 days of 2026-1"):
            ask()
    assert never.between(at, at + timedelta(days=300)) == timedelta(0)
    assert never.add(at, timedelta(0)) == at


def test_a_place_open_one_day_a_leap_year_never_opens_within_a_year() -> None:
    with pytest.raises(NeverOpen):
        hours("Feb 29 10:00-12:00").next_open(local(BERLIN, 2026, 3, 1))


def test_years_out_of_reach_and_absurd_durations_are_refused() -> None:
    with pytest.raises(Invalid, match="out of reach"):
        hours("24/7").is_open(datetime(9999, 12, 31, tzinfo=UTC))
    with pytest.raises(Invalid, match="twenty years"):
        hours("24/7").between(local(BERLIN, 2026, 1, 1), local(BERLIN, 2150, 1, 1))
    for duration in (-HOUR, timedelta(days=99999)):
        with pytest.raises(Invalid, match="no length of open time"):
            hours("24/7").add(local(BERLIN, 2026, 1, 1), duration)


# Reckoning in open time ---------------------------------------------------------------------------------------


def test_four_open_hours_on_friday_afternoon_end_on_monday_morning() -> None:
    office = hours("Mo-Fr 08:00-18:00")
    assert office.add(local(BERLIN, 2026, 11, 20, 16), 4 * HOUR) == local(BERLIN, 2026, 11, 23, 10)


def test_time_that_ends_with_the_day_ends_at_closing_and_not_the_next_morning() -> None:
    office = hours("Mo-Fr 08:00-18:00")
    assert office.add(local(BERLIN, 2026, 11, 19, 8), 10 * HOUR) == local(BERLIN, 2026, 11, 19, 18)


def test_open_time_between_counts_only_what_is_open_and_backwards_is_negative() -> None:
    office = hours("Mo-Fr 08:00-18:00; PH off", NAIROBI, "KE")
    friday, tuesday = local(NAIROBI, 2026, 5, 29, 17), local(NAIROBI, 2026, 6, 2, 9)
    assert office.between(friday, tuesday) == 2 * HOUR
    assert office.between(tuesday, friday) == -2 * HOUR


# Clock changes ------------------------------------------------------------------------------------------------


def test_the_night_the_clock_is_put_forward_is_an_hour_shorter() -> None:
    night = hours("Mo-Su 22:00-06:00")
    assert night.between(local(BERLIN, 2026, 3, 28, 12), local(BERLIN, 2026, 3, 29, 12)) == 7 * HOUR
    assert night.between(local(BERLIN, 2026, 10, 24, 12), local(BERLIN, 2026, 10, 25, 12)) == 9 * HOUR


def test_an_opening_inside_the_missing_hour_opens_when_the_clock_jumps_past_it() -> None:
    assert hours("02:30-05:00").next_open(local(BERLIN, 2026, 3, 29, 1)) == local(BERLIN, 2026, 3, 29, 3)
    assert hours("00:00-02:30").next_close(local(BERLIN, 2026, 3, 29, 1)) == local(BERLIN, 2026, 3, 29, 3)
    assert hours("02:10-02:50").next_open(local(BERLIN, 2026, 3, 29, 1)) == local(BERLIN, 2026, 3, 30, 2, 10)


def test_in_the_repeated_hour_a_place_is_open_each_time_the_clock_says_so() -> None:
    start, end = local(BERLIN, 2026, 10, 25, 0), local(BERLIN, 2026, 10, 25, 12)
    assert hours("02:30-05:00").intervals(start, end) == [
        (local(BERLIN, 2026, 10, 25, 2, 30), local(BERLIN, 2026, 10, 25, 2, 0, fold=1)),
        (local(BERLIN, 2026, 10, 25, 2, 30, fold=1), local(BERLIN, 2026, 10, 25, 5)),
    ]


def test_a_shift_is_not_broken_in_two_because_the_clock_is_put_back() -> None:
    start, end = local(BERLIN, 2026, 10, 24, 12), local(BERLIN, 2026, 10, 25, 12)
    assert hours("22:00-02:30").stretches(start, end) == [
        (local(BERLIN, 2026, 10, 24, 22), local(BERLIN, 2026, 10, 25, 2, 30, fold=1))
    ]
    assert hours("02:30-08:00").stretches(start, end) == [
        (local(BERLIN, 2026, 10, 25, 2, 30), local(BERLIN, 2026, 10, 25, 8))
    ]
    assert hours("22:00-02:00").stretches(start, end) == [
        (local(BERLIN, 2026, 10, 24, 22), local(BERLIN, 2026, 10, 25, 2))
    ]


def test_a_break_that_is_meant_stays_a_break_on_the_night_of_the_change() -> None:
    start, end = local(BERLIN, 2026, 10, 25), local(BERLIN, 2026, 10, 25, 12)
    assert hours("00:00-01:00,01:30-08:00").stretches(start, end) == [
        (local(BERLIN, 2026, 10, 25), local(BERLIN, 2026, 10, 25, 1)),
        (local(BERLIN, 2026, 10, 25, 1, 30), local(BERLIN, 2026, 10, 25, 8)),
    ]


# Against the slow way, minute by minute -----------------------------------------------------------------------

EXPRESSIONS = st.sampled_from(
    [
        "24/7",
        "off",
        "24/7; PH off",
        "Mo-Fr 08:00-18:00",
        "Mo-Fr 08:00-12:00,13:00-17:30; Sa 09:00-13:00; PH off",
        "Mo-Sa,PH 06:00-09:00; Su off",
        "Mo-Fr,PH 22:00-06:00",
        "Mo-Su,PH 22:00-02:30",
        "Mo-Th 20:00-23:30, Fr-Su,PH 01:30-04:00",
        "00:00-02:30,03:00-23:00",
        "PH,Su 01:00-03:00, Mo-Sa 02:15-02:45",
        'Mo-Fr 08:00-18:00 "by appointment; not PH", PH 09:00-10:00 "quiet"; Dec 24 off',
        "Mo[1],Th[-1] 10:00-12:00; PH off; Oct-Dec 09:00-11:00",
        "PH off; Oct-Mar 02:00-03:00",
        "week 1-53/2 Mo-Fr 08:00-16:00; week 2-52/2 Mo-Fr 14:00-22:00; PH off",
        "Mo-Su 10:00-34:00",
    ]
)
ZONES = st.sampled_from([BERLIN, NEW_YORK, NAIROBI, "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"])
# Days on which something happens: clock changes, holidays, ends of months and years, and any other.
DAYS = st.one_of(
    st.sampled_from(
        [
            date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31), date(2026, 4, 4),
            date(2026, 10, 3), date(2026, 2, 14), date(2026, 3, 21), date(2025, 12, 30), date(2026, 12, 24),
            date(2026, 4, 2), date(2026, 4, 30), date(2024, 2, 28),
        ]
    ),
    st.dates(date(2024, 1, 1), date(2028, 12, 31)),
)  # fmt: skip


def open_by_the_wall_clock(expression: str, zone: str) -> Callable[[datetime], bool]:
    """The slow way: look at the clock on the wall, and at the sign on the door. Germany's holidays are embedded."""
    sign = OpeningHours(expression, country="DE", auto_country=False, auto_timezone=False)
    place = ZoneInfo(zone)
    return lambda at: sign.is_open(at.astimezone(place).replace(tzinfo=None))


@given(EXPRESSIONS, ZONES, DAYS, st.integers(0, 1439))
@settings(max_examples=100, deadline=None)
def test_every_minute_of_three_days_is_as_the_wall_clock_says(
    expression: str, zone: str, day: date, minute: int
) -> None:
    place, oracle = hours(expression, zone), open_by_the_wall_clock(expression, zone)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    minutes = [start + n * MINUTE for n in range(3 * 1440)]
    said = [oracle(at) for at in minutes]
    assert [place.is_open(at) for at in minutes] == said
    inside = place.intervals(start, start + timedelta(days=3))
    assert (
        sum((e - s for s, e in inside), timedelta(0))
        == sum(said) * MINUTE
        == place.between(start, start + timedelta(days=3))
    )
    assert all(first[1] < second[0] for first, second in pairwise(inside))


@given(EXPRESSIONS, ZONES, DAYS, st.integers(0, 2 * 1440), st.integers(1, 1440))
@settings(max_examples=80, deadline=None)
def test_adding_open_time_is_counting_open_minutes(
    expression: str, zone: str, day: date, minute: int, length: int
) -> None:
    place, oracle = hours(expression, zone), open_by_the_wall_clock(expression, zone)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    left, walk = length, at
    while left and walk < at + timedelta(days=20):
        left -= oracle(walk)
        walk += MINUTE
    if not left:
        assert place.add(at, length * MINUTE) == walk


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=40))
OPEN_SOMETIMES = EXPRESSIONS.filter(lambda expression: expression != "off")


@given(OPEN_SOMETIMES, ZONES, MOMENTS, LENGTHS)
@settings(deadline=None)
def test_between_undoes_add(expression: str, zone: str, at: datetime, length: timedelta) -> None:
    place = hours(expression, zone)
    end = place.add(at, length)
    assert end >= at
    assert place.between(at, end) == length
    if length:
        assert place.between(at, end - timedelta(microseconds=1)) < length  # and it is the first such moment


@given(OPEN_SOMETIMES, ZONES, MOMENTS, LENGTHS, LENGTHS)
@settings(deadline=None)
def test_adding_in_two_parts_is_adding_at_once(
    expression: str, zone: str, at: datetime, first: timedelta, second: timedelta
) -> None:
    place = hours(expression, zone)
    assert place.add(place.add(at, first), second) == place.add(at, first + second)


@given(OPEN_SOMETIMES, ZONES, st.tuples(MOMENTS, MOMENTS), st.tuples(LENGTHS, LENGTHS))
@settings(deadline=None)
def test_later_or_longer_never_ends_earlier(
    expression: str, zone: str, moments: tuple[datetime, datetime], lengths: tuple[timedelta, timedelta]
) -> None:
    place, (early, late), (short, long) = hours(expression, zone), sorted(moments), sorted(lengths)
    assert place.add(early, short) <= place.add(late, short)
    assert place.add(early, short) <= place.add(early, long)


@given(EXPRESSIONS, ZONES, st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
@settings(deadline=None)
def test_open_time_can_be_split_anywhere(expression: str, zone: str, moments: list[datetime]) -> None:
    place, (start, middle, end) = hours(expression, zone), moments
    assert place.between(start, middle) + place.between(middle, end) == place.between(start, end)
    cut = place.intervals(start, middle) + place.intervals(middle, end)
    assert sum((e - s for s, e in cut), timedelta(0)) == place.between(start, end)


@given(EXPRESSIONS, ZONES, MOMENTS)
@settings(deadline=None)
def test_stretches_hold_every_open_moment_and_add_at_most_the_repeated_hour(
    expression: str, zone: str, at: datetime
) -> None:
    place, end = hours(expression, zone), at + timedelta(days=30)
    stretches, open_spans = place.stretches(at, end), place.intervals(at, end)
    assert all(any(s <= start and stop <= e for s, e in stretches) for start, stop in open_spans)
    assert sum((e - s for s, e in stretches), timedelta(0)) - place.between(at, end) < HOUR


@given(OPEN_SOMETIMES, ZONES, MOMENTS)
@settings(deadline=None)
def test_what_opens_next_is_open_and_was_closed_before(expression: str, zone: str, at: datetime) -> None:
    place = hours(expression, zone)
    opens = place.next_open(at)
    assert place.is_open(opens)
    assert opens == at or place.between(at, opens) == timedelta(0)
    closes = place.next_close(at)
    if closes is not None:
        assert not place.is_open(closes)
        assert place.is_open(closes - timedelta(microseconds=1))
