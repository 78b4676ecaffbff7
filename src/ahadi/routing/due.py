"""When a promise falls due: `within` reckoned in the hours of the department that makes it."""

from datetime import datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.routing.model import Within

_LENGTH: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class OpenHours(Protocol):
    """What is asked of a department's opening hours (`ahadi.directory.Hours`)."""

    @property
    def zone(self) -> str: ...

    def add(self, at: datetime, duration: timedelta) -> datetime: ...
    def next_open(self, at: datetime) -> datetime: ...
    def intervals(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]: ...


def due_at(within: Within, at: datetime, hours: OpenHours) -> datetime:
    """The moment by which a promise made at `at` must be kept, in UTC.

    Minutes and hours count while the department is open. Days are its working days: `2d` is the close of business on
    the second day after today on which it opens. Elapsed time runs by the clock on the wall, open or not.
    Raises `ahadi.directory.NeverOpen` when the department does not open any more.
    """
    if within.elapsed:
        return utc(at) + within.amount * _LENGTH[within.unit]
    if within.unit != "d":
        return hours.add(at, within.amount * _LENGTH[within.unit])
    zone = ZoneInfo(hours.zone)
    day = at.astimezone(zone).date()
    for _ in range(within.amount):
        opens = hours.next_open(datetime.combine(day + timedelta(days=1), time(), zone))
        day = opens.astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone)
    following = datetime.combine(day + timedelta(days=1), time(), zone)
    return utc(hours.intervals(midnight, following)[-1][1])
