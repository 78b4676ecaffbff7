"""How soon a promise falls due, in open time, in working days, or by any clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ahadi.base.errors import Invalid
from ahadi.directory.hours import Hours, NeverOpen
from ahadi.directory.within import Within

NAIROBI = "Africa/Nairobi"
OFFICE = Hours.parse("Mo-Fr 08:00-18:00; PH off", NAIROBI, "KE")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(NAIROBI)).astimezone(UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "within", "written"),
    [
        ("30m", Within(30, "m"), "30m"),
        ("4h", Within(4, "h"), "4h"),
        ("4 business hours", Within(4, "h"), "4h"),
        ("2 days", Within(2, "d"), "2d"),
        (" 24h elapsed ", Within(24, "h", True), "24h elapsed"),
        ("1 DAY ELAPSED", Within(1, "d", True), "1d elapsed"),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, within: Within, written: str) -> None:
    assert Within.parse(text) == within
    assert str(within) == written
    assert Within.parse(written) == within


@pytest.mark.parametrize("text", ["", "soon", "0h", "-4h", "4", "4w", "9999999h", "366d", "4h later", "1.5h"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"no length of time|at most 365 days"):
        Within.parse(text)


def test_hours_are_open_hours_unless_they_simply_pass() -> None:
    friday_afternoon = local(2026, 11, 20, 16)
    assert Within.parse("4h").due(friday_afternoon, OFFICE) == local(2026, 11, 23, 10)
    assert Within.parse("30m").due(friday_afternoon, OFFICE) == local(2026, 11, 20, 16, 30)
    assert Within.parse("4h elapsed").due(friday_afternoon, OFFICE) == local(2026, 11, 20, 20)


@pytest.mark.parametrize(
    ("made", "text", "due"),
    [
        (local(2026, 11, 20, 9), "1d", local(2026, 11, 23, 18)),  # Friday: the close of Monday
        (local(2026, 11, 20, 22), "1d", local(2026, 11, 23, 18)),
        (local(2026, 11, 21, 12), "1d", local(2026, 11, 23, 18)),  # Saturday: the close of Monday too
        (local(2026, 5, 29, 9), "2d", local(2026, 6, 3, 18)),  # the Monday between is Madaraka Day
        (local(2026, 11, 20, 9), "1d elapsed", local(2026, 11, 21, 9)),
    ],
)
def test_working_days_end_with_the_close_of_the_last_of_them(made: datetime, text: str, due: datetime) -> None:
    assert Within.parse(text).due(made, OFFICE) == due


def test_a_working_day_of_a_place_that_never_closes_ends_at_midnight() -> None:
    assert Within.parse("1d").due(local(2026, 11, 20, 9), Hours.parse("24/7", NAIROBI, None)) == local(2026, 11, 22)


@pytest.mark.parametrize("text", ["1m", "1h", "1d"])
def test_nothing_falls_due_in_hours_that_never_open(text: str) -> None:
    with pytest.raises(NeverOpen):
        Within.parse(text).due(local(2026, 11, 20), Hours.parse("off", NAIROBI, None))
    assert Within.parse(f"{text} elapsed").due(local(2026, 11, 20), Hours.parse("off", NAIROBI, None)) > local(
        2026, 11, 20
    ) - timedelta(seconds=1)
