"""How soon something is promised: `4h` of open time, `2d` working days, or `30m elapsed` by any clock."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.directory.hours import SEARCH, Hours, NeverOpen

Unit = Literal["m", "h", "d"]

_WRITTEN: Final = re.compile(
    r"(\d{1,6})\s*(?:business\s+)?(?:(m|min|minutes?)|(h|hours?)|(d|days?))(\s+elapsed)?", re.IGNORECASE
)
_LENGTHS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Within:
    """How soon a promise falls due: `amount` minutes (`m`), hours (`h`) or days (`d`).

    Minutes and hours are those in which the department is open, days those on which it is; with `elapsed` they
    simply pass, open or not.
    """

    amount: int
    unit: Unit
    elapsed: bool = False

    @staticmethod
    def parse(text: str) -> "Within":
        """Read `30m`, `4h`, `2d` or `24h elapsed`; raises `Invalid` for anything else, nothing, or over a year."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise Invalid(f"`{text}` is no length of time; write `30m`, `4h`, `2d` or `24h elapsed`.")
        amount, unit = int(match[1]), _unit(match)
        if not timedelta(0) < amount * _LENGTHS[unit] <= _LONGEST:
            raise Invalid(f"`{text}` must be more than nothing and at most 365 days.")
        return Within(amount, unit, bool(match[5]))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}{' elapsed' if self.elapsed else ''}"

    def due(self, at: datetime, hours: Hours) -> datetime:
        """When a promise made at `at` falls due, in UTC.

        `2d` is due when the department closes on the second day after that of `at` (by its own clock) on which it
        is open at all, or at the end of that day when it stays open. Raises `NeverOpen` when it never opens.
        """
        if self.elapsed:
            return utc(at) + self.amount * _LENGTHS[self.unit]
        if self.unit != "d":
            return hours.add(at, self.amount * _LENGTHS[self.unit])
        return _close_of_working_day(self.amount, utc(at).astimezone(ZoneInfo(hours.zone)).date(), hours)


@lru_cache(1024)  # everybody who writes on one day is told the same
def _close_of_working_day(amount: int, day: date, hours: Hours) -> datetime:
    """When it closes on the day so many open days after `day`."""
    place = ZoneInfo(hours.zone)
    left, idle = amount, timedelta(0)
    while idle < SEARCH:
        day += timedelta(days=1)
        spans = hours.intervals(
            datetime.combine(day, time(), place), datetime.combine(day + timedelta(days=1), time(), place)
        )
        left, idle = (left - 1, timedelta(0)) if spans else (left, idle + timedelta(days=1))
        if not left:
            return spans[-1][1]
    raise NeverOpen(f"the opening hours `{hours.expression}` do not open within 366 days; correct them.")


def _unit(match: re.Match[str]) -> Unit:
    return "m" if match[2] else "h" if match[3] else "d"
