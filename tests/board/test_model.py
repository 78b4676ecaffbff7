"""The rules behind the board's numbers, as tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.clock import FixedClock
from ahadi.board.model import absences, stand, today_at, windows
from ahadi.cases import Absent
from ahadi.directory import Presence, read_directory
from ahadi.platform.database import Database
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import an_organisation

HERE = UUID(int=1)
TUESDAY = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # 10:00 in Nairobi


@pytest.mark.parametrize(
    ("presence", "works_shifts", "on_shift", "how"),
    [
        (Presence.AVAILABLE, True, True, "available"),
        (Presence.BREAK, True, True, "break"),
        (Presence.OFFLINE, True, True, "offline"),
        (Presence.AVAILABLE, True, False, "off-shift"),  # who forgot to sign off is not there
        (Presence.OFFLINE, True, False, "off-shift"),
        (Presence.WRAP_UP, False, False, "wrap-up"),  # of whom the rota says nothing, what they say counts
        (Presence.OFFLINE, False, False, "offline"),
    ],
)
def test_how_somebody_is(presence: Presence, works_shifts: bool, on_shift: bool, how: str) -> None:
    assert stand(presence, works_shifts=works_shifts, on_shift=on_shift) == how


def test_today_begins_at_midnight_there() -> None:
    assert today_at("Africa/Nairobi", TUESDAY) == datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    assert today_at("Africa/Nairobi", TUESDAY, 6) == datetime(2026, 11, 17, 21, 0, tzinfo=UTC)
    assert today_at("America/Los_Angeles", TUESDAY) == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_only_weeks_that_lie_wholly_after_the_first_contact_count() -> None:
    def found(first: datetime | None) -> list[int]:
        return [each.week for each in windows(HERE, "Africa/Nairobi", TUESDAY, first, 8)]

    an_hour = timedelta(hours=1)
    assert found(None) == [0]
    assert found(TUESDAY) == [0]
    assert found(TUESDAY - timedelta(weeks=3) - an_hour) == [0, 1, 2, 3]
    assert found(TUESDAY - timedelta(weeks=3)) == [0, 1, 2]
    assert found(TUESDAY - timedelta(weeks=50)) == list(range(9))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)), st.sampled_from(["Europe/Berlin", "Africa/Nairobi"]))
def test_the_hours_before_are_an_hour_long_and_end_at_the_same_time_on_the_same_day_of_the_week(
    at: datetime, zone: str
) -> None:
    now, place = at.replace(tzinfo=UTC), ZoneInfo(zone)
    here = now.astimezone(place)
    for each in windows(HERE, zone, now, datetime(2000, 1, 1, tzinfo=UTC), 8):
        assert each.until - each.since == timedelta(hours=1)
        there = each.until.astimezone(place)
        assert there.weekday() == here.weekday()
        left_out = {datetime(2025, 3, 30), datetime(2026, 3, 29), datetime(2027, 3, 28)}  # 02:00 to 03:00 was not
        if there.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0) not in left_out:
            assert there.time() == here.time()


async def test_who_is_away_when(database: Database, clock: FixedClock) -> None:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
    nairobi = ZoneInfo("Africa/Nairobi")

    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 11, day, hour, tzinfo=nairobi).astimezone(UTC)

    async def away() -> dict[UUID, tuple[datetime, datetime | None]]:
        async with database.read(system()) as work:
            found: list[Absent] = absences(await read_directory(work, ORGANISATION), work.now)
        return {each.person: (each.since, each.until) for each in found}

    clock.set(at(24, 10))
    found = await away()
    assert found[house.asha] == (at(24, 17), at(25, 8)), "works now: from the end of the shift to the next"
    assert found[house.chege] == (at(24, 10), at(24, 17)), "works nights: from now on"
    assert house.dalila not in found, "of whom the rota says nothing"
    clock.set(at(27, 18))
    assert (await away())[house.asha] == (at(27, 18), at(30, 8)), "over the weekend"
