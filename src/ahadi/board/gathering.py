"""What lies behind the numbers: the lists they lead to, of the same scope and by the same clauses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.board.model import Stand, absences, rostered, stand, today_at, windows
from ahadi.board.scope import Scope
from ahadi.board.usual import WEEKS
from ahadi.cases import AWAY, DUE, ENDED, Absent, BoardPromises, Window
from ahadi.contacts import WaitingChat, chats_waiting
from ahadi.directory import Permission, Presence, permissions_of, presences_among
from ahadi.platform.database import Work

PROMISES = (*DUE, AWAY, *ENDED)
CHATS_LATELY = timedelta(hours=12)  # a window nobody heard of for longer is no conversation any more


@dataclass(frozen=True, slots=True)
class PersonNow:
    """Somebody who works cases, and how they are now, and since when where that is known."""

    id: UUID
    organisation_id: UUID
    stand: Stand
    presence: Presence
    since: datetime | None
    on_shift: bool


def absent_in(scope: Scope, now: datetime) -> list[Absent]:
    """Who is not at work when, in each of the organisations."""
    return [absent for directory in scope.directories.values() for absent in absences(directory, now)]


def since(scope: Scope, now: datetime, days: int) -> dict[UUID, datetime]:
    """The midnight from which is counted, by organisation: of today, or of so many days before."""
    return {id_: today_at(each.organisation.zone, now, days) for id_, each in scope.directories.items()}


async def windows_in(work: Work, scope: Scope) -> list[Window]:
    """The hours of which contacts are counted."""
    first = await cases.first_contacts(work, list(scope.directories))
    return [
        window
        for id_, each in scope.directories.items()
        for window in windows(id_, each.organisation.zone, work.now, first.get(id_), WEEKS)
    ]


async def promises_behind(
    work: Work, scope: Scope, which: str, days: int, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """The promises that a number counts: one of `PROMISES`, ended ones of today or also of so many days before."""
    wanted = BoardPromises(
        which=which,
        where=scope.where,
        absent=absent_in(scope, work.now) if which == AWAY else (),
        since=since(scope, work.now, days) if which in ENDED else None,
        after=after,
        limit=limit,
    )
    return await cases.list_board_promises(work, wanted)


async def contacts_behind(
    work: Work, scope: Scope, reason: str | None, *, past: bool, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """The contacts of the last hour, or those of the same hour in the weeks before."""
    hours = [each for each in await windows_in(work, scope) if bool(each.week) is past]
    return await cases.list_contacts(work, scope.where, hours, reason, after, limit)


async def chats_behind(work: Work, scope: Scope) -> list[WaitingChat]:
    """The chats in which somebody waits for an answer, the longest first."""
    found = await chats_waiting(work, list(scope.directories), work.real_now - CHATS_LATELY)
    if scope.department is None or not found:
        return found
    department = None if scope.department == "none" else scope.department
    known = await cases.departments_of_cases(work, list(scope.directories), [each.case_id for each in found])
    return [each for each in found if known.get(each.case_id, each.id) == department]


async def people_behind(work: Work, scope: Scope) -> list[PersonNow]:
    """Everybody who works cases there, each once, by name."""
    presences = await presences_among(work, list(scope.directories))
    found: dict[UUID, PersonNow] = {}
    for person, name_id in sorted(_workers(scope), key=lambda each: each[1]):
        serves = [(id_, d) for id_, d in scope.directories.items() if d.serves(person) and person in d.memberships]
        on_shift = any(d.rota.on_shift([person], work.now) for _, d in serves)
        works_shifts = any(person in rostered(d) for _, d in serves)
        presence, at = presences.get(person, (Presence.OFFLINE, None))
        how = stand(presence, works_shifts=works_shifts, on_shift=on_shift)
        found[person] = PersonNow(person, name_id[1], how, presence, None if how == "off-shift" else at, on_shift)
    return list(found.values())


def _workers(scope: Scope) -> Sequence[tuple[UUID, tuple[str, UUID]]]:
    """People who may work cases, with their name and an organisation they serve."""
    found: dict[UUID, tuple[str, UUID]] = {}
    for id_, directory in scope.directories.items():
        for person, membership in directory.memberships.items():
            inside = scope.department is None or scope.department in membership.departments
            if inside and directory.serves(person) and Permission.CASE_WORK in permissions_of(membership.roles):
                found.setdefault(person, (directory.people[person].name, id_))
    return list(found.items())
