"""Whether somebody is there to answer a chat, and when somebody will be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ahadi.directory import Directory, NeverOpen, Presence
from ahadi.directory.hours import Hours

AHEAD: Final = timedelta(days=14)
"""How far ahead a shift is looked for before nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Whether the department is open, whether somebody of it is available now, and when somebody is back.

    `back_at` (UTC) is None while somebody is there, and where nothing true can be said: who is on shift and busy may
    be free at any time.
    """

    is_open: bool
    there: bool
    back_at: datetime | None


def answering(
    directory: Directory, presences: Mapping[UUID, Presence], department_id: UUID | None, now: datetime
) -> Answering:
    """Who answers a department's chats now. Somebody is there when it is open and one of its people is available."""
    hours = directory.hours_of(department_id)
    people = [each for each in directory.members(department_id) if directory.serves(each)] if department_id else []
    is_open = hours.is_open(now)
    there = is_open and any(presences.get(each) is Presence.AVAILABLE for each in people)
    if there:
        return Answering(is_open, True, None)
    if is_open and directory.rota.on_shift(people, now):
        return Answering(is_open, False, None)
    return Answering(is_open, False, _back(directory, hours, people, now))


def _back(directory: Directory, hours: Hours, people: list[UUID], now: datetime) -> datetime | None:
    """When somebody is on shift next while the department is open; by its hours alone where nobody has shifts."""
    spans = hours.intervals(now, now + AHEAD)
    shifts = [each for person in people for each in directory.rota.shifts(person, now, now + AHEAD)]
    both = [max(start, each.start) for each in shifts for start, end in spans if each.start < end and start < each.end]
    if both:
        return min(both)
    if any(directory.works_shifts(each) for each in people) or hours.is_open(now):
        return None
    try:
        return hours.next_open(now)
    except NeverOpen:
        return None
