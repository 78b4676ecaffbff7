"""Time as a value. Two clocks are handed in: *business* time and *real* time, both in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time, always as an aware datetime in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock: the only place that asks it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told otherwise: for tests and simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = utc(at)

    def advance(self, by: timedelta) -> None:
        self._at += by


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a moment without a zone is refused, never guessed."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it with an offset, such as +00:00")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """RFC 3339 text in UTC with a final `Z`, to the microsecond where there are any."""
    return utc(moment).isoformat().replace("+00:00", "Z")
