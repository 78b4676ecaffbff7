"""The times that can truly be promised: people's shifts less what is promised already. Pure.

A booking has a *seat*: one person, on shift for the whole of it, whose time is kept for it. One person does one thing
at a time, begins no more bookings within any hour than the department says, and is booked for no more than its share
of the time they work on a day. So whatever is offered can be kept, and a moment never has more bookings than people.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.directory import Capacity, Directory

Span = tuple[datetime, datetime]
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_EPOCH = datetime.fromtimestamp(0, ZoneInfo("UTC"))
LONGEST = timedelta(hours=8)
"""The longest time that is booked at once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Time that is promised already. `seat` is whose time it is, where that is known."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    seat: UUID | None = None
    department: UUID | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who may keep it: any of the `people`; for a `department`, in their shifts for it and while it is open."""

    people: tuple[UUID, ...]
    department: UUID | None
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be kept, in UTC, by any of these people: whoever is booked least on that day first."""

    starts_at: datetime
    ends_at: datetime
    people: tuple[UUID, ...]

    @property
    def places(self) -> int:
        """How many more can be booked at this very time."""
        return len(self.people)


@dataclass
class Plan:
    """Who works when, and what of it is promised, from `first` until `last` (made whole days of the organisation)."""

    directory: Directory
    first: datetime
    last: datetime
    _worked: dict[UUID, list[Span]] = field(default_factory=dict, repr=False)
    _offered: dict[tuple[UUID, UUID | None], list[Span]] = field(default_factory=dict, repr=False)
    _booked: dict[UUID, list[Span]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.first = self._midnight(self.first, -1)
        self.last = self._midnight(self.last, 2)

    @staticmethod
    def of(directory: Directory, first: datetime, last: datetime, taken: Iterable[Taken]) -> "Plan":
        """The plan with what is promised in it: first what has a seat, then the rest on whoever has room."""
        plan = Plan(directory, first, last)
        homeless = []
        for each in sorted(taken, key=lambda t: (t.starts_at, t.id)):
            if each.seat and plan.works(each.seat, each.starts_at, each.ends_at):
                plan.book(each.seat, each.starts_at, each.ends_at)
            else:
                homeless.append(each)
        for each in homeless:
            plan._house(each)
        return plan

    # What is asked of it -----------------------------------------------------------------------------------------

    def slots(self, asked: Asked, earliest: datetime, latest: datetime, length: timedelta) -> list[Slot]:
        """Every time of the length that can be kept, beginning at or after `earliest` and over by `latest`."""
        step = timedelta(minutes=asked.capacity.step)
        found: dict[datetime, list[UUID]] = {}
        for person in asked.people:
            for start, end in self._shifts(person, asked.department):
                at = _on_grid(max(start, utc(earliest)), step)
                while at + length <= min(end, utc(latest)):
                    if self._has_room(person, at, at + length, asked.capacity):
                        found.setdefault(at, []).append(person)
                    at += step
        return [Slot(at, at + length, self._least_booked(found[at], at)) for at in sorted(found)]

    def slot(self, asked: Asked, starts_at: datetime, length: timedelta) -> Slot | None:
        """The slot that begins just then, if there is one."""
        found = self.slots(asked, starts_at, starts_at + length, length)
        return found[0] if found and found[0].starts_at == utc(starts_at) else None

    def works(self, person: UUID, start: datetime, end: datetime) -> bool:
        """Whether somebody is on shift for the whole of a time."""
        return _within(self._shifts(person, None, always=True), start, end)

    def book(self, person: UUID, start: datetime, end: datetime) -> None:
        """Keep somebody's time for something."""
        insort(self._booked.setdefault(person, []), (utc(start), utc(end)))

    # How it is reckoned ------------------------------------------------------------------------------------------

    def _house(self, each: Taken) -> None:
        """Place what has no seat: on somebody with room, else on whoever works and has least, else on nobody."""
        own = each.department or self.directory.organisation.default_department_id
        people = [each.seat] if each.seat and not each.department else list(self.directory.members(own) if own else ())
        there = [p for p in people if self.works(p, each.starts_at, each.ends_at)]
        capacity = self._capacity(own)
        free = [p for p in there if self._has_room(p, each.starts_at, each.ends_at, capacity)]
        for person in self._least_booked(free or there, each.starts_at)[:1]:
            self.book(person, each.starts_at, each.ends_at)

    def _capacity(self, department: UUID | None) -> Capacity:
        found = self.directory.departments.get(department) if department else None
        return self.directory.organisation.settings.bookings.of(found.slug if found else None)

    def _shifts(self, person: UUID, department: UUID | None, *, always: bool = False) -> list[Span]:
        """A person's shifts for a department while it is open; `always`: any shift of theirs at all."""
        if always or department is None:
            if person not in self._worked:
                serves = self.directory.serves(person)
                shifts = self.directory.rota.shifts(person, self.first, self.last) if serves else []
                self._worked[person] = [(each.start, each.end) for each in shifts]
            return self._worked[person]
        key = person, department
        if key not in self._offered:
            serves = self.directory.serves(person)
            shifts = self.directory.rota.shifts(person, self.first, self.last, department) if serves else []
            self._offered[key] = _both([(each.start, each.end) for each in shifts], self._open(department))
        return self._offered[key]

    @cached_property
    def _opened(self) -> dict[UUID, list[Span]]:
        return {}

    def _open(self, department: UUID) -> list[Span]:
        if department not in self._opened:
            self._opened[department] = self.directory.hours_of(department).intervals(self.first, self.last)
        return self._opened[department]

    def _has_room(self, person: UUID, start: datetime, end: datetime, capacity: Capacity) -> bool:
        booked = self._booked.get(person, [])
        near = bisect_left(booked, (start - LONGEST, _EPOCH)), bisect_left(booked, (end, _EPOCH))
        if any(until > start for _, until in booked[slice(*near)]):
            return False
        return self._begins_few(booked, start, capacity.per_hour) and self._leaves_a_share(
            person, booked, start, end, capacity.share
        )

    def _begins_few(self, booked: Sequence[Span], start: datetime, most: int) -> bool:
        """Whether with one more beginning at `start` no hour has more than `most` beginnings."""
        near = bisect_right(booked, (start - _HOUR, _FAR)), bisect_left(booked, (start + _HOUR, _EPOCH))
        begins = sorted([start, *(begin for begin, _ in booked[slice(*near)])])
        return all(later - begin >= _HOUR for begin, later in zip(begins, begins[most:], strict=False))

    def _leaves_a_share(self, person: UUID, booked: Sequence[Span], start: datetime, end: datetime, share: int) -> bool:
        for first, last in self._days(start, end):
            worked = _time_in(self._shifts(person, None, always=True), first, last)
            promised = _time_in(booked, first, last) + _time_in([(start, end)], first, last)
            if promised * 100 > worked * share:
                return False
        return True

    def _least_booked(self, people: Iterable[UUID], at: datetime) -> tuple[UUID, ...]:
        ((first, last),) = self._days(at, at + timedelta(microseconds=1))
        return tuple(sorted(people, key=lambda p: (_time_in(self._booked.get(p, ()), first, last), p)))

    def _days(self, start: datetime, end: datetime) -> list[Span]:
        """The days, by the organisation's clock, that a time touches."""
        days, at = [], self._midnight(start, 0)
        while at < end:
            following = self._midnight(at, 1)
            days.append((at, following))
            at = following
        return days

    def _midnight(self, moment: datetime, days: int) -> datetime:
        place = ZoneInfo(self.directory.organisation.zone)
        day = moment.astimezone(place).date() + days * _DAY
        return utc(datetime.combine(day, time(), place))


_FAR = _EPOCH.replace(year=9999)


def _on_grid(moment: datetime, step: timedelta) -> datetime:
    """The first moment at or after this one that lies on the grid: whole steps of the clock on the wall."""
    late = (moment - _EPOCH) % step
    return moment + (step - late) if late else moment


def _within(spans: Sequence[Span], start: datetime, end: datetime) -> bool:
    return any(since <= start and end <= until for since, until in spans)


def _time_in(spans: Iterable[Span], first: datetime, last: datetime) -> timedelta:
    pieces = (min(end, last) - max(start, first) for start, end in spans if start < last and end > first)
    return sum(pieces, timedelta(0))


def _both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Every time that lies in a span of each."""
    return [(max(a, c), min(b, d)) for a, b in some for c, d in others if max(a, c) < min(b, d)]


def asked_for(directory: Directory, wish: str, *, department: UUID | None = None, person: UUID | None = None) -> Asked:
    """Who may keep what is asked for: a department's people, its specialists, its managers, or one person.

    Empty people mean that nobody can be booked.
    """
    found = directory.departments.get(department) if department else None
    capacity = directory.organisation.settings.bookings.of(found.slug if found else None)
    if wish == "person" and person is not None:
        return Asked((person,) if directory.serves(person) else (), None, capacity)
    people = directory.members(department) if department else tuple(sorted(directory.memberships))
    if wish == "department":
        return Asked(people if department else (), department, capacity)
    able = [each for each in people if directory.serves(each) and _holds(directory.memberships, each, wish)]
    manager = found.manager_id if found else None
    if wish == "manager" and manager and directory.serves(manager):
        able.append(manager)
    return Asked(tuple(dict.fromkeys(able)), None, capacity)


def _holds(memberships: Mapping[UUID, object], person: UUID, role: str) -> bool:
    return role in getattr(memberships[person], "roles", ())
