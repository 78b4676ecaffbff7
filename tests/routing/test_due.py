"""When a first promise falls due, in the hours of the department that makes it."""

from datetime import UTC, datetime

import pytest

from ahadi.directory.hours import Hours
from ahadi.routing import due_at
from ahadi.routing.cells import read_within

OFFICE = Hours.parse("Mo-Fr 08:00-17:00; PH off", "Africa/Nairobi", "KE")
ALWAYS = Hours.parse("24/7", "Africa/Nairobi", "KE")
BERLIN = Hours.parse("Mo-Fr 08:00-18:00", "Europe/Berlin", "DE")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("within", "hours", "made", "due"),
    [
        ("30m", OFFICE, "2026-11-24T10:00+03:00", "2026-11-24T10:30+03:00"),
        ("4h", OFFICE, "2026-11-24T15:00+03:00", "2026-11-25T10:00+03:00"),
        ("4h elapsed", OFFICE, "2026-11-24T15:00+03:00", "2026-11-24T19:00+03:00"),
        ("1d", OFFICE, "2026-11-24T10:00+03:00", "2026-11-25T17:00+03:00"),
        ("1d", OFFICE, "2026-11-24T02:00+03:00", "2026-11-25T17:00+03:00"),
        ("2d", OFFICE, "2026-11-27T16:00+03:00", "2026-12-01T17:00+03:00"),
        ("1d", OFFICE, "2026-12-11T16:00+03:00", "2026-12-14T17:00+03:00"),
        ("1d elapsed", OFFICE, "2026-11-27T16:00+03:00", "2026-11-28T16:00+03:00"),
        ("1d", ALWAYS, "2026-11-24T10:00+03:00", "2026-11-26T00:00+03:00"),
        ("2d", BERLIN, "2026-10-23T12:00+02:00", "2026-10-27T18:00+01:00"),
        ("1d elapsed", BERLIN, "2026-10-24T12:00+02:00", "2026-10-25T11:00+01:00"),
    ],
)
def test_a_promise_falls_due_in_business_time_unless_it_says_elapsed(
    within: str, hours: Hours, made: str, due: str
) -> None:
    assert due_at(read_within(within), utc(made), hours) == utc(due)
