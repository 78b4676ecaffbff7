"""Shifts that come again: a department's list, and the form that adds, changes and ends them from a day on."""

from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import Invalid, NotFound
from ahadi.directory import Department, Directory, Permission, propose_pattern, propose_pattern_end
from ahadi.directory.model import ShiftPattern
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, organisation_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import screens_of
from ahadi.screens.reader import later
from ahadi.screens.rota_forms import EDITS, Make, back_of, form_page, keep_as_told, people_of, settle
from ahadi.screens.rota_pages import place_of, week_address
from ahadi.screens.rota_week import monday_of

router = Router(include_in_schema=False)


@router.get("/rota/patterns")
async def get_patterns(
    request: Request,
    organisation: str | None = None,
    department: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Who of a department works when, week for week."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        named = await organisation_of(request, work, organisation) if organisation else None
    directory, found = place_of(frame, named, department)
    here = directory.organisation.id
    frame = frame.at(here)
    today = frame.reader.local(frame.reader.now).date()
    return screens_of(request).page(
        request,
        frame.reader,
        "rota/patterns.html",
        frame=frame,
        directory=directory,
        department=found,
        rows=_rows(directory, found, today),
        edits=frame.may(Permission.ROTA_EDIT, here),
        today=today,
        week=week_address(directory, found, monday_of(today)),
        address=f"/rota/patterns?organisation={directory.organisation.slug}"
        + (f"&department={found.slug}" if found else ""),
    )


def _rows(directory: Directory, department: Department | None, today: date) -> list[ShiftPattern]:
    """What holds now or will, of the department's people, by name and first day."""
    if department is None:
        return []
    members = set(directory.members(department.id))
    there = [
        each
        for each in directory.patterns
        if each.person_id in members
        and each.department_id in (None, department.id)
        and not (each.valid_until and each.valid_until < today)
    ]
    names = directory.people
    return sorted(there, key=lambda e: (names[e.person_id].name.casefold(), e.valid_from or date.min, e.hours))


def _values(entered: Entered) -> Make:
    def make(frame: Frame, directory: Directory) -> dict[str, Any]:
        pattern = _pattern(directory, entered) if entered.get("pattern") else None
        person = directory.people[pattern.person_id].slug if pattern else entered.get("person")
        today = frame.reader.local(frame.reader.now).date()
        own = directory.departments.get(pattern.department_id) if pattern and pattern.department_id else None
        return {
            "pattern": pattern,
            "person": person,
            "people": people_of(directory, "" if pattern else entered.get("department")),
            "choices": _departments(directory, pattern, entered.get("department"), frame.reader.language),
            "hours": entered.get("hours") or (pattern.hours if pattern else "Mo-Fr 08:00-17:00"),
            "for_": entered.get("for") if "for" in entered.values else (own.slug if own else ""),
            "first": entered.get("first") or f"{today}",
            "last": entered.get("last") or (f"{pattern.valid_until}" if pattern and pattern.valid_until else ""),
            "name": directory.people[pattern.person_id].name if pattern else "",
            "back": back_of(entered),
        }

    return make


def _departments(
    directory: Directory, pattern: ShiftPattern | None, named: str, language: str
) -> list[tuple[str, str]]:
    """The departments that shifts can be for: the person's own, or the one the form was opened on."""
    if pattern:
        own = directory.memberships[pattern.person_id].departments
        return [(d.slug, d.name(language)) for d in directory.departments.values() if d.active and d.id in own]
    found = directory.department(named) if named else None
    return [(found.slug, found.name(language))] if found else []


def _pattern(directory: Directory, entered: Entered) -> ShiftPattern:
    wanted = entered.id("pattern")
    for each in directory.patterns:
        if each.id == wanted:
            return each
    raise NotFound(later("There is no such shift any more; somebody changed the week meanwhile."))


def _day(entered: Entered, name: str) -> date | None:
    if not entered.get(name):
        return None
    try:
        return date.fromisoformat(entered.text(name, most=20))
    except ValueError as problem:
        raise Invalid(later("Choose a day.")) from problem


@router.get("/rota/pattern")
async def get_pattern(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """Shifts that come again, to be added, changed or ended."""
    del organisation  # read with the other fields
    entered = Entered(dict(request.query_params))
    return await form_page(request, actor, "pattern", "/rota/pattern", entered, None, _values(entered))


@router.post("/rota/pattern")
async def post_pattern(request: Request, actor: Actor = EDITS) -> Response:
    """Add them, or have others take their place, or end them, from a day on."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        here = await organisation_of(request, work, entered.get("organisation") or None)
        work.permit(here, Permission.ROTA_EDIT)
        first, last = _day(entered, "first"), _day(entered, "last")
        if entered.get("deed") == "end":
            if last is None:
                raise Invalid(later("Say on which day they end."))
            proposal = await propose_pattern_end(work, here, entered.id("pattern") or here, last)
            await keep_as_told(work, proposal, entered)
            return "pattern-ended"
        if first is None:
            raise Invalid(later("Say from which day on."))
        person = entered.required("person", later("Say who works the shift."), most=80)
        hours = entered.required("hours", later("Say when they work."), most=500)
        proposal = await propose_pattern(
            work, here, person, hours, entered.get("for") or None, first, last, instead_of=entered.id("pattern")
        )
        await keep_as_told(work, proposal, entered)
        return "pattern-kept"

    return await settle(request, actor, entered, deed, "pattern", "/rota/pattern", _values(entered))
