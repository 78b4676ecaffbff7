"""Every hour in which a department says it is open and nobody can be reached. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.directory.hours import Hours
from ahadi.directory.model import Department, Membership, OnCallEntry
from ahadi.directory.rota import Rota
from ahadi.directory.spans import Span, minus, union

DAYS_AHEAD: Final = 14
"""How many days a finding looks ahead."""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A time in UTC in which a department is open and nobody can be reached; `sentence` says what to do about it."""

    department_id: UUID
    department: str
    start: datetime
    end: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A department with the hours in which it says that it is open."""

    department: Department
    hours: Hours


def uncovered(
    claims: Iterable[Claim],
    rota: Rota,
    memberships: Mapping[UUID, Membership],
    on_call: Iterable[OnCallEntry],
    active: Iterable[UUID],
    start: datetime,
    end: datetime,
) -> list[Uncovered]:
    """The findings within `[start, end)`, by department in the order given, then by time.

    Somebody can be reached when they are active and not absent, and either work a shift for the department, of which
    they are a member, or stand in the department's *own* on-call chain: being on call counts, at any hour. Managers
    and the organisation's chain do not: they are the last resort, not the department's staff. Inactive departments
    claim nothing.
    """
    there = frozenset(active)
    chains = list(on_call)
    found: list[Uncovered] = []
    for claim in claims:
        if not claim.department.active:
            continue
        department = claim.department.id
        members = [
            p for p, each in memberships.items() if p in there and each.active and department in each.departments
        ]
        called = [
            each.person_id
            for each in chains
            if each.department_id == department and _serves(each.person_id, there, memberships)
        ]
        reached = _reached(rota, department, members, called, utc(start), utc(end))
        found += [
            Uncovered(department, claim.department.slug, s, e, _sentence(claim, s, e, members, called))
            for s, e in minus(claim.hours.intervals(start, end), reached)
        ]
    return found


def _serves(person: UUID, there: frozenset[UUID], memberships: Mapping[UUID, Membership]) -> bool:
    membership = memberships.get(person)
    return person in there and membership is not None and membership.active


def _reached(
    rota: Rota, department: UUID, members: Sequence[UUID], called: Sequence[UUID], start: datetime, end: datetime
) -> list[Span]:
    worked = [(s.start, s.end) for person in members for s in rota.shifts(person, start, end, department)]
    on_call = [span for person in called for span in minus([(start, end)], rota.absences(person))]
    return union([*worked, *on_call])


def _sentence(claim: Claim, start: datetime, end: datetime, members: Sequence[UUID], called: Sequence[UUID]) -> str:
    place = ZoneInfo(claim.hours.zone)
    since, until = start.astimezone(place), end.astimezone(place)
    last = f"{until:%H:%M}" if since.date() == until.date() else f"{until:%Y-%m-%d %H:%M}"
    if not members and not called:
        why = "it has no active people; add members or an on-call chain"
    elif not called:
        why = "nobody of it is on shift and its on-call chain is empty; add a shift or somebody on call"
    else:
        why = "nobody of it is on shift and everybody on its on-call chain is absent; add a shift or somebody on call"
    return (
        f"`{claim.department.slug}` is open from {since:%Y-%m-%d %H:%M} to {last} ({claim.hours.zone}) "
        f"and nobody can be reached: {why}."
    )
