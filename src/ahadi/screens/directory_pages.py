"""The directory: departments, people and reasons of an organisation, and who can be reached now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError
from ahadi.base.text import fold
from ahadi.directory import (
    Department,
    Directory,
    NeverOpen,
    Permission,
    Person,
    Presence,
    Reason,
    called_for,
    presences_of,
    public_holidays,
)
from ahadi.directory.change_store import addresses_of
from ahadi.platform.database import Actor
from ahadi.platform.web import Router, database_of, needs, organisation_of
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import screens_of
from ahadi.screens.rota_pages import place_of

router = Router(include_in_schema=False)
Shows = Literal["departments", "people", "reasons"]
_HOLIDAYS_AHEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody who can be reached for a department now: on shift with their presence, or on call."""

    person: Person
    presence: Presence
    on_call: bool


@dataclass(frozen=True, slots=True)
class DepartmentShown:
    """A department with what belongs to it; `opens` and `closes` are the next of each, where it is the other now."""

    department: Department
    members: tuple[Person, ...]
    reach: tuple[Reach, ...]
    chain: tuple[Person, ...]
    skills: tuple[str, ...]
    reasons: tuple[Reason, ...]
    mail: tuple[str, ...]
    is_open: bool
    opens: datetime | None
    closes: datetime | None


@dataclass(frozen=True, slots=True)
class PersonShown:
    """Somebody with what they do here and whether they work now."""

    person: Person
    roles: tuple[str, ...]
    departments: tuple[Department, ...]
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    presence: Presence
    active: bool
    on_shift: bool
    away: bool
    back: datetime | None


@router.get("/directory")
async def get_directory(
    request: Request,
    organisation: str | None = None,
    show: Shows = "departments",
    q: str = "",
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Departments, people or reasons; found within by words."""
    return await directory_page(request, actor, organisation, show, q)


async def directory_page(
    request: Request,
    actor: Actor,
    organisation: str | None,
    show: Shows,
    q: str = "",
    *,
    problem: AhadiError | None = None,
    invited: tuple[str, str] | None = None,
) -> Response:
    """The page; `invited` is who was invited just now, and their one-time link."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        named = await organisation_of(request, work, organisation) if organisation else None
        directory, _ = place_of(frame, named, None)
        here = directory.organisation.id
        frame = frame.at(here)
        presences = await presences_of(work, here)
        mail = await addresses_of(work, here)
        now = work.now
    words = fold(q[:100])
    return screens_of(request).page(
        request,
        frame.reader,
        "directory/page.html",
        status=problem.status if problem else 200,
        frame=frame,
        directory=directory,
        show=show,
        q=q[:100],
        departments=_departments(directory, presences, mail, words, now, frame) if show == "departments" else [],
        people=_people(directory, presences, words, now, frame) if show == "people" else [],
        reasons=_reasons(directory, words, frame) if show == "reasons" else [],
        holidays=_holidays(directory, now) if show == "departments" else [],
        invited=invited,
        problem=problem,
        edits=frame.may(Permission.DIRECTORY_EDIT, here),
        edits_people=frame.may(Permission.PEOPLE_EDIT, here),
        edits_rota=frame.may(Permission.ROTA_EDIT, here),
    )


def _holds(words: str, *texts: str) -> bool:
    """Whether every word is in one of the texts."""
    held = fold(" ".join(texts))
    return all(each in held for each in words.split())


def _departments(
    directory: Directory,
    presences: Mapping[UUID, Presence],
    mail: Mapping[str, UUID | None],
    words: str,
    now: datetime,
    frame: Frame,
) -> list[DepartmentShown]:
    found = []
    for each in directory.departments.values():
        shown = _department(directory, each, presences, mail, now)
        names = [person.name for person in shown.members]
        if _holds(words, each.slug, *each.names.values(), *names, *shown.skills, *shown.mail):
            found.append(shown)
    return sorted(found, key=lambda shown: (not shown.department.active, shown.department.position))


def _department(
    directory: Directory,
    department: Department,
    presences: Mapping[UUID, Presence],
    mail: Mapping[str, UUID | None],
    now: datetime,
) -> DepartmentShown:
    members = [directory.people[each] for each in directory.members(department.id)]
    on_shift = set(directory.rota.on_shift([each.id for each in members], now, department.id))
    chain = [directory.people[each] for each in called_for(directory, department.id)]
    reach = [
        Reach(each, presences.get(each.id, Presence.OFFLINE), False)
        for each in members
        if each.id in on_shift and presences.get(each.id) is not Presence.OFFLINE
    ]
    reach += [
        Reach(each, presences.get(each.id, Presence.OFFLINE), True)
        for each in chain
        if each.id not in on_shift and not directory.rota.is_absent(each.id, now)
    ]
    hours = directory.hours_of(department.id)
    is_open = bool(hours.intervals(now, now + timedelta(minutes=1)))
    try:
        opens, closes = (None, hours.next_close(now)) if is_open else (hours.next_open(now), None)
    except NeverOpen:
        opens = closes = None
    skills = {skill for each in members for skill in directory.memberships[each.id].skills}
    reasons = [each for each in directory.reasons.values() if each.department_id == department.id and each.active]
    addresses = sorted(
        (address for address, whose in mail.items() if whose == department.id),
        key=lambda address: (address != department.email, address),
    )
    return DepartmentShown(
        department,
        tuple(sorted(members, key=lambda each: each.name.casefold())),
        tuple(sorted(reach, key=lambda each: (each.on_call, each.presence is not Presence.AVAILABLE))),
        tuple(chain),
        tuple(sorted(skills)),
        tuple(reasons),
        tuple(addresses),
        is_open,
        opens,
        closes,
    )


def _people(
    directory: Directory, presences: Mapping[UUID, Presence], words: str, now: datetime, frame: Frame
) -> list[PersonShown]:
    found = []
    language = frame.reader.language
    for membership in directory.memberships.values():
        person = directory.people[membership.person_id]
        departments = [each for each in directory.departments.values() if each.id in membership.departments]
        roles = tuple(sorted(map(str, membership.roles)))
        texts = [person.name, person.slug, person.email, *roles, *membership.skills, *membership.languages]
        if not _holds(words, *texts, *(each.name(language) for each in departments)):
            continue
        on_shift = bool(directory.rota.on_shift([person.id], now))
        found.append(
            PersonShown(
                person,
                roles,
                tuple(departments),
                tuple(sorted(membership.skills)),
                tuple(sorted(membership.languages)),
                presences.get(person.id, Presence.OFFLINE),
                directory.serves(person.id),
                on_shift,
                directory.rota.is_absent(person.id, now),
                None if on_shift else directory.rota.next_shift_start(person.id, now),
            )
        )
    return sorted(found, key=lambda each: (not each.active, each.person.name.casefold()))


def _reasons(directory: Directory, words: str, frame: Frame) -> list[Reason]:
    found = [
        each
        for each in directory.reasons.values()
        if _holds(words, each.slug, *each.names.values(), directory.name_of(each.department_id, frame.reader.language))
    ]
    return sorted(found, key=lambda each: (not each.active, each.name(frame.reader.language).casefold()))


def _holidays(directory: Directory, now: datetime) -> list[date]:
    """The public holidays of the next 90 days at the organisation's place."""
    home = directory.organisation
    today = now.astimezone(ZoneInfo(home.zone)).date()
    last = today + _HOLIDAYS_AHEAD
    found = {each for year in {today.year, last.year} for each in public_holidays(home.country, home.subdivision, year)}
    return sorted(each for each in found if today <= each <= last)
