"""Quiet hours, digests and what a notice is about, as values."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.notifications.model import (
    Choices,
    Quiet,
    about_of,
    checked,
    digest_at,
    is_over,
    quiet_until,
    told_at,
)

NIGHT = Quiet(time(22), time(7))
NAIROBI = "Africa/Nairobi"
ZONES = st.sampled_from([NAIROBI, "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def here(text: str, zone: str = NAIROBI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-24 21:59", None),
        ("2026-11-24 22:00", "2026-11-25 07:00"),
        ("2026-11-25 03:00", "2026-11-25 07:00"),
        ("2026-11-25 06:59:59", "2026-11-25 07:00"),
        ("2026-11-25 07:00", None),
    ],
)
def test_quiet_hours_over_midnight(at: str, until: str | None) -> None:
    choices = Choices(quiet=NIGHT, zone=NAIROBI)
    assert quiet_until(choices, here(at)) == (here(until) if until else None)


def test_quiet_hours_within_a_day() -> None:
    choices = Choices(quiet=Quiet(time(13), time(14)), zone=NAIROBI)
    assert quiet_until(choices, here("2026-11-24 13:30")) == here("2026-11-24 14:00")
    assert quiet_until(choices, here("2026-11-24 14:00")) is None


def test_quiet_hours_go_by_the_clock_of_their_place_when_clocks_change() -> None:
    choices = Choices(quiet=Quiet(time(22), time(2, 30)), zone="Europe/Berlin")
    # On the night clocks go forward 02:30 is never shown; on the night they go back it is shown twice.
    assert quiet_until(choices, here("2026-03-28 23:00", "Europe/Berlin")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert quiet_until(choices, here("2026-10-24 23:00", "Europe/Berlin")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(MOMENTS, TIMES, TIMES, ZONES)
def test_quiet_hours_always_end_later_and_within_a_day(now: datetime, start: time, end: time, zone: str) -> None:
    choices = Choices(quiet=Quiet(start, end), zone=zone)
    until = quiet_until(choices, now)
    if until is not None:
        assert now < until <= now + timedelta(hours=26)


@given(MOMENTS, ZONES)
def test_nothing_that_is_not_urgent_is_told_at_night(now: datetime, zone: str) -> None:
    choices = Choices(quiet=NIGHT, urgent=frozenset({"offer"}), zone=zone)
    assert told_at(choices, "offer", now) == now
    at = told_at(choices, "reply", now).astimezone(ZoneInfo(zone))
    assert time(7) <= at.time() < time(22)


@given(MOMENTS, ZONES, st.sampled_from(["hourly", "morning"]), TIMES)
def test_a_digest_comes_later_soon_enough_and_not_at_night(
    now: datetime, zone: str, digest: str, morning: time
) -> None:
    choices = Choices(quiet=NIGHT, digest=digest, morning=morning, zone=zone)  # type: ignore[arg-type]
    due = digest_at(choices, now)
    assert now < due <= now + timedelta(hours=36)
    assert time(7) <= due.astimezone(ZoneInfo(zone)).time() < time(22)


def test_an_hourly_digest_comes_at_the_full_hour_of_its_place() -> None:
    choices = Choices(zone="Asia/Kathmandu")  # 05:45 ahead
    assert digest_at(choices, here("2026-11-24 10:01", "Asia/Kathmandu")) == here("2026-11-24 11:00", "Asia/Kathmandu")
    assert digest_at(choices, here("2026-11-24 11:00", "Asia/Kathmandu")) == here("2026-11-24 12:00", "Asia/Kathmandu")


def test_a_morning_digest_comes_once_a_day() -> None:
    choices = Choices(digest="morning", morning=time(8), zone=NAIROBI)
    assert digest_at(choices, here("2026-11-24 07:59")) == here("2026-11-24 08:00")
    assert digest_at(choices, here("2026-11-24 08:00")) == here("2026-11-25 08:00")


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("offer", "offer"),
        ("due-soon", "due-soon"),
        ("recovery", "broken"),
        ("taken-over:shift-end", "passed"),
        ("given", "passed"),
        ("contact", "reply"),
        ("escalated:repeat", "asked-for"),
        ("set-away", "other"),
        ("something-new", "other"),
    ],
)
def test_every_notice_is_about_something_a_person_can_choose(kind: str, about: str) -> None:
    assert about_of(kind) == about


def test_an_offer_that_waited_is_over_and_nothing_else_is() -> None:
    made = here("2026-11-24 10:00")
    assert not is_over("offer", made, made + timedelta(minutes=10))
    assert is_over("offer", made, made + timedelta(minutes=11))
    assert not is_over("broken", made, made + timedelta(days=3))


@pytest.mark.parametrize(
    "choices",
    [
        Choices(ways={"reply": frozenset({"mail", "digest"})}),
        Choices(ways={"weather": frozenset({"mail"})}),  # type: ignore[dict-item]
        Choices(ways={"reply": frozenset({"pigeon"})}),  # type: ignore[arg-type]
        Choices(urgent=frozenset({"weather"})),  # type: ignore[arg-type]
        Choices(digest="yearly"),  # type: ignore[arg-type]
        Choices(quiet=Quiet(time(7), time(7))),
    ],
)
def test_choices_that_make_no_sense_are_refused(choices: Choices) -> None:
    with pytest.raises(Invalid):
        checked(choices)
