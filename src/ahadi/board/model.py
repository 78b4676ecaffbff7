"""What the board shows: numbers that lead to what they count, and the pure rules behind them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.board.usual import Unusual
from ahadi.cases import Absent, Window
from ahadi.directory import Directory, Presence

Stand = Literal["available", "busy", "wrap-up", "break", "offline", "off-shift"]
STANDS: Final[tuple[Stand, ...]] = ("available", "busy", "wrap-up", "break", "offline", "off-shift")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and the address of the page that lists what it counts."""

    number: int
    link: str


@dataclass(frozen=True, slots=True)
class Place:
    """Whose a line is: of a department of an organisation, of cases without one (`none`), or of everything shown."""

    organisation_id: UUID | None = None
    department: UUID | Literal["none"] | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """Open promises that are overdue, due within 30 minutes, within two hours, or while their owner is not at work;
    and of the calls among them those overdue and due within the hour."""

    place: Place
    overdue: Figure
    half_hour: Figure
    two_hours: Figure
    away: Figure
    calls_overdue: Figure
    calls_hour: Figure


@dataclass(frozen=True, slots=True)
class Queue:
    """Open cases that a department holds and nobody has; of those, those somebody is asked about now, and those that
    everybody who could take them was asked about. `oldest` has waited longest, since `since`."""

    place: Place
    skill: str | None
    waiting: Figure
    offered: Figure
    refused: Figure
    since: datetime | None
    oldest: str | None


@dataclass(frozen=True, slots=True)
class Chats:
    """Visitors of the chat who wait for an answer; the first of them since `since`."""

    waiting: Figure
    since: datetime | None


@dataclass(frozen=True, slots=True)
class People:
    """Who is how: `since` is when the first of them became so, None where nobody knows."""

    stand: Stand
    people: Figure
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of promises: `ended` counts those kept and broken. One renewed in time is neither yet."""

    kept: Figure
    renewed: Figure
    broken: Figure
    ended: Figure

    @property
    def rate(self) -> float | None:
        """The part of the ended ones that was kept; None where none ended."""
        return self.kept.number / self.ended.number if self.ended.number else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of promises today (since midnight there), and today and on the six days before."""

    place: Place
    today: Ended
    week: Ended


@dataclass(frozen=True, slots=True)
class About:
    """Contacts of the last hour about one reason (None: no known one), and in the same hour of `weeks` weeks before."""

    organisation_id: UUID
    reason: str | None
    now: Figure
    past: Figure
    weeks: int
    unusual: Unusual | None

    @property
    def usual(self) -> float | None:
        """How many are usual in this hour; None without a week before."""
        return self.past.number / self.weeks if self.weeks else None


@dataclass(frozen=True, slots=True)
class Board:
    """What is true at a moment (business time, UTC). The first line of `risks` and of `kept` is of everything."""

    at: datetime
    risks: Sequence[Risk]
    queues: Sequence[Queue]
    queued: Queue
    chats: Chats
    people: Sequence[People]
    kept: Sequence[Kept]
    contacts: Sequence[About]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever promised, asked or said here lately."""
        everything = self.risks[0], self.kept[0].week
        numbers = [figure.number for each in everything for figure in figures(each)]
        return not any([*numbers, self.queued.waiting.number, self.chats.waiting.number, *map(_came, self.contacts)])


def _came(about: About) -> int:
    return about.now.number + about.past.number


def figures(record: object) -> list[Figure]:
    """The numbers of a line."""
    held = (getattr(record, name) for name in type(record).__dataclass_fields__)  # type: ignore[attr-defined]
    return [each for each in held if isinstance(each, Figure)]


# People -------------------------------------------------------------------------------------------------------


def stand(presence: Presence, *, works_shifts: bool, on_shift: bool) -> Stand:
    """How somebody is: off shift when the rota says so, whatever they say of themselves; else as they say."""
    return "off-shift" if works_shifts and not on_shift else _STAND_OF[presence]


_STAND_OF: Final[Mapping[Presence, Stand]] = {
    Presence.AVAILABLE: "available",
    Presence.BUSY: "busy",
    Presence.WRAP_UP: "wrap-up",
    Presence.BREAK: "break",
    Presence.OFFLINE: "offline",
}


def rostered(directory: Directory) -> frozenset[UUID]:
    """The people of whom the rota says anything."""
    regular = {each.person_id for each in directory.patterns}
    return frozenset(regular | {each.person_id for each in directory.extra_shifts})


def absences(directory: Directory, now: datetime) -> list[Absent]:
    """From when until when each person who may own a promise is not at work: after the shift they work now, or from
    now on, until their next one. Of people without shifts nothing is said; who left never comes back."""
    found: list[Absent] = []
    rota, id_ = directory.rota, directory.organisation.id
    shifts = rostered(directory)
    for person in directory.people:
        if not directory.serves(person):
            found.append(Absent(id_, person, now, None))
        elif person in shifts:
            shift = rota.current_or_next_shift(person, now)
            if shift is not None and shift.start <= now:
                found.append(Absent(id_, person, shift.end, rota.next_shift_start(person, now)))
            else:
                found.append(Absent(id_, person, now, shift.start if shift else None))
    return found


# Time ---------------------------------------------------------------------------------------------------------


def today_at(zone: str, now: datetime, days: int = 0) -> datetime:
    """The midnight, there, with which today or the day so many days before began."""
    place = ZoneInfo(zone)
    day = now.astimezone(place).date() - timedelta(days=days)
    return utc(datetime.combine(day, time(), place))


def windows(organisation_id: UUID, zone: str, now: datetime, first: datetime | None, weeks: int) -> list[Window]:
    """The last hour, and the same hour on the clock of that place in each of so many weeks before that lie wholly
    after somebody got in touch for the `first` time."""
    place = ZoneInfo(zone)
    here = now.astimezone(place).replace(tzinfo=None)
    found = [Window(organisation_id, 0, now - timedelta(hours=1), now)]
    for week in range(1, weeks + 1):
        until = utc((here - timedelta(weeks=week)).replace(tzinfo=place))
        if first is None or until - timedelta(hours=1) < first:
            break
        found.append(Window(organisation_id, week, until - timedelta(hours=1), until))
    return found


def longest(moments: Iterable[datetime | None]) -> datetime | None:
    """The earliest of the moments that are known."""
    return min((each for each in moments if each is not None), default=None)
