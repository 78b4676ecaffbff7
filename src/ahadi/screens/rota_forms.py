"""Forms of the week: a shift made, moved or taken off, a week copied, an absence entered or ended.

What a change leaves behind is told on the form, and saved only by whoever was told just that.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from ahadi import rota
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.directory import (
    ABSENCES,
    Directory,
    Permission,
    Proposal,
    end_absence,
    piece_of,
    propose_absence,
    propose_copy,
    propose_move,
    propose_off,
    propose_shift,
    read_directory,
)
from ahadi.directory.model import Absence
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, organisation_of
from ahadi.rota import Costs, RotaCosts
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done
from ahadi.screens.reader import later, zone_named
from ahadi.screens.rota_pages import day_named, place_of, week_address
from ahadi.screens.rota_week import monday_of, wall

router = Router(include_in_schema=False)
EDITS = needs(Permission.ROTA_EDIT)
Make = Callable[[Frame, Directory], dict[str, Any]]


def told(costs: Costs) -> str:
    """A mark of just these costs: only who was shown them saves in spite of them."""
    parts = [f"{e.department_id} {e.start} {e.end}" for e in costs.uncovered]
    parts += [f"{o.what} {o.reference} {o.at}" for o in costs.orphans]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


async def keep_as_told(work: Work, proposal: Proposal, entered: Entered) -> None:
    """Keep a proposal, knowingly where the form says that it told just these costs. Raises RotaCosts."""
    costs = await rota.costs_of(work, proposal)
    await rota.keep(work, proposal, knowingly=bool(costs) and entered.get("known") == told(costs))


def costs_shown(problem: AhadiError | None) -> dict[str, Any]:
    """What a form shows of the costs it was refused for."""
    costs = problem.costs if isinstance(problem, RotaCosts) else Costs()
    return {"costs": costs, "known": told(costs) if costs else ""}


async def form_page(
    request: Request,
    actor: Actor,
    name: str,
    action: str,
    entered: Entered,
    problem: AhadiError | None,
    make: Make,
) -> Response:
    """A form of the rota; `make` gives its values from the directory that the fields name."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        slug = entered.get("organisation")
        named = await organisation_of(request, work, slug) if slug else None
        directory, department = place_of(frame, named, entered.get("department") or None)
        frame = frame.at(directory.organisation.id)
        monday = monday_of(day_named(entered.get("week") or entered.get("day"), frame))
        values: dict[str, Any] = {
            "directory": directory,
            "department": department,
            "monday": monday,
            "me": actor.person_id,
        }
        values |= costs_shown(problem) | make(frame, directory)
    back = values.pop("back", None) or week_address(directory, department, monday)
    return show_form(request, frame, Form(name, action, back, values=values), entered, problem)


async def settle(
    request: Request,
    actor: Actor,
    entered: Entered,
    deed: Callable[[Work], Awaitable[str]],
    name: str,
    action: str,
    make: Make,
) -> Response:
    """Do what a form of the rota says, and go back to where it was opened, with the news whose code `deed` tells."""

    async def again(problem: AhadiError) -> Response:
        return await form_page(request, actor, name, action, entered, problem, make)

    back = back_of(entered)
    return await act(request, actor, entered, deed, done=lambda code: (back, Done(code)), again=again, twice=back)


# A shift --------------------------------------------------------------------------------------------------------


def _shift_values(entered: Entered) -> Make:
    def make(frame: Frame, directory: Directory) -> dict[str, Any]:
        person, piece = entered.get("person"), None
        if entered.get("shift"):
            piece = piece_of(directory, _shift_id(entered), _at(entered))
        local = frame.reader.local
        start = local(piece.start) if piece else None
        end = local(piece.end) if piece else None
        return {
            "piece": piece,
            "person": person or (directory.people[piece.person_id].slug if piece else ""),
            "day": entered.get("day") or (f"{start:%Y-%m-%d}" if start else f"{local(frame.reader.now):%Y-%m-%d}"),
            "begins": entered.get("from") or (f"{start:%H:%M}" if start else "08:00"),
            "ends": entered.get("to") or (f"{end:%H:%M}" if end else "17:00"),
            "people": people_of(directory, entered.get("department")),
            "zone": frame.reader.zone.key,
        }

    return make


def people_of(directory: Directory, department: str) -> list[tuple[str, str]]:
    """Who can be put on the rota: the people of a department, or of all, by their name."""
    wanted = directory.department(department).id if department else None
    ids = directory.members(wanted) if wanted else [each for each in directory.people if directory.serves(each)]
    return sorted(((directory.people[i].slug, directory.people[i].name) for i in ids), key=lambda p: p[1].casefold())


def _shift_id(entered: Entered) -> UUID:
    found = entered.id("shift")
    if found is None:
        raise NotFound(later("There is no such shift any more; somebody changed the week meanwhile."))
    return found


def _at(entered: Entered) -> datetime | None:
    try:
        return datetime.fromisoformat(entered.text("at", most=40)) if entered.get("at") else None
    except ValueError:
        return None


def times_of(entered: Entered) -> tuple[datetime, datetime]:
    """The time that a form says by day, beginning and end on its own clock; an end that is no later is next day's."""
    place = zone_named(entered.get("zone")) or ZoneInfo("UTC")
    try:
        day = date.fromisoformat(entered.text("day", most=20))
        begins, ends = (time.fromisoformat(entered.text(each, most=8)) for each in ("from", "to"))
    except ValueError as problem:
        raise Invalid(later("Say on which day, from when and until when.")) from problem
    last = day if ends > begins else day + timedelta(days=1)
    return wall(day, begins, place), wall(last, ends, place)


@router.get("/rota/shift")
async def get_shift(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """A shift to be made, or one that is there to be changed."""
    del organisation  # read with the other fields
    entered = Entered(dict(request.query_params))
    return await form_page(request, actor, "shift", "/rota/shift", entered, None, _shift_values(entered))


@router.post("/rota/shift")
async def post_shift(request: Request, actor: Actor = EDITS) -> Response:
    """Make it, move it, give it to somebody else, or take it off the week."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        here = await organisation_of(request, work, entered.get("organisation") or None)
        work.permit(here, Permission.ROTA_EDIT)
        if entered.get("deed") == "off":
            proposal = await propose_off(work, here, _shift_id(entered), _at(entered))
            await keep_as_told(work, proposal, entered)
            return "shift-off"
        start, end = times_of(entered)
        department = entered.get("for") or None
        person = entered.required("person", later("Say who works the shift."), most=80)
        if entered.get("shift"):
            proposal = await propose_move(work, here, _shift_id(entered), _at(entered), start, end, person, department)
        else:
            proposal = await propose_shift(work, here, person, start, end, department)
        await keep_as_told(work, proposal, entered)
        return "shift-kept"

    return await settle(request, actor, entered, deed, "shift", "/rota/shift", _shift_values(entered))


def back_of(entered: Entered) -> str:
    """The week that a form was opened on."""
    back = entered.get("back")
    return back if back.startswith("/rota") and "\\" not in back and len(back) < 300 else "/rota"


# The week once more ---------------------------------------------------------------------------------------------


def _nothing(frame: Frame, directory: Directory) -> dict[str, Any]:
    del directory
    return {"zone": frame.reader.zone.key}


@router.get("/rota/copy")
async def get_copy(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """What copying the week does."""
    del organisation
    return await form_page(
        request, actor, "copy-week", "/rota/copy", Entered(dict(request.query_params)), None, _nothing
    )


@router.post("/rota/copy")
async def post_copy(request: Request, actor: Actor = EDITS) -> Response:
    """A department's week once more, a week later."""
    entered = await entered_in(request)

    async def deed(work: Work) -> tuple[date, int]:
        here = await organisation_of(request, work, entered.get("organisation") or None)
        work.permit(here, Permission.ROTA_EDIT)
        place = zone_named(entered.get("zone")) or ZoneInfo((await read_directory(work, here)).organisation.zone)
        try:
            monday = monday_of(date.fromisoformat(entered.text("week", most=20)))
        except ValueError as problem:
            raise Invalid(later("Say which week.")) from problem
        department = entered.required("department", later("Choose a department."), most=80)
        proposal, copied, _ = await propose_copy(work, here, department, wall(monday, time(), place), place.key)
        await keep_as_told(work, proposal, entered)
        return monday, copied

    async def again(problem: AhadiError) -> Response:
        return await form_page(request, actor, "copy-week", "/rota/copy", entered, problem, _nothing)

    def done(made: tuple[date, int]) -> tuple[str, Done]:
        back = back_of(entered).replace(f"week={made[0]}", f"week={made[0] + timedelta(days=7)}")
        return back, Done("week-copied" if made[1] else "week-not-copied")

    return await act(request, actor, entered, deed, done=done, again=again, twice=back_of(entered))


# Absences -------------------------------------------------------------------------------------------------------


def _absence_values(entered: Entered) -> Make:
    def make(frame: Frame, directory: Directory) -> dict[str, Any]:
        return {
            "people": people_of(directory, entered.get("department")),
            "kinds": ABSENCES,
            "zone": frame.reader.zone.key,
        }

    return make


@router.get("/rota/absence")
async def get_absence(request: Request, organisation: str | None = None, actor: Actor = EDITS) -> Response:
    """Somebody's absence, to be entered."""
    del organisation
    entered = Entered(dict(request.query_params))
    return await form_page(request, actor, "absence", "/rota/absence", entered, None, _absence_values(entered))


@router.post("/rota/absence")
async def post_absence(request: Request, actor: Actor = EDITS) -> Response:
    """Enter an absence at once."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        here = await organisation_of(request, work, entered.get("organisation") or None)
        work.permit(here, Permission.ROTA_EDIT)
        start, end = moments_of(entered)
        kind = entered.text("kind", most=20) or "absent"
        person = entered.required("person", later("Say who is away."), most=80)
        await keep_as_told(work, await propose_absence(work, here, person, start, end, kind), entered)
        return "absence-kept"

    return await settle(request, actor, entered, deed, "absence", "/rota/absence", _absence_values(entered))


def moments_of(entered: Entered) -> tuple[datetime, datetime]:
    """From when until when somebody is away, on the form's own clock."""
    sentence = later("Say from when and until when.")
    return entered.moment("starts", sentence), entered.moment("ends", sentence)


def _absence_in(directories: Iterable[Directory], absence_id: UUID) -> tuple[Directory, Absence]:
    for directory in directories:
        for each in directory.absences:
            if each.id == absence_id:
                return directory, each
    raise NotFound(later("There is no such absence in this organisation."))


async def _absence_page(
    request: Request, actor: Actor, absence_id: UUID, entered: Entered, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        directory, absence = _absence_in([await read_directory(work, o) for o in actor.organisations], absence_id)
        work.permit(directory.organisation.id, Permission.ROTA_EDIT)
    fields = {"organisation": directory.organisation.slug} | dict(entered.values)

    def make(frame: Frame, _directory: Directory) -> dict[str, Any]:
        return {"absence": absence, "name": directory.people[absence.person_id].name, "zone": frame.reader.zone.key}

    action = f"/rota/absences/{absence_id}/end"
    return await form_page(request, actor, "absence-end", action, Entered(fields), problem, make)


@router.get("/rota/absences/{absence_id}/end")
async def get_absence_end(request: Request, absence_id: UUID, actor: Actor = EDITS) -> Response:
    """An absence, and when it ends."""
    return await _absence_page(request, actor, absence_id, Entered(dict(request.query_params)))


@router.post("/rota/absences/{absence_id}/end")
async def post_absence_end(request: Request, absence_id: UUID, actor: Actor = EDITS) -> Response:
    """Somebody is back earlier."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        directory, _ = _absence_in([await read_directory(work, o) for o in actor.organisations], absence_id)
        at = entered.moment("ends", later("Say when they are back.")) if entered.get("ends") else None
        await end_absence(work, directory.organisation.id, absence_id, at)

    async def again(problem: AhadiError) -> Response:
        return await _absence_page(request, actor, absence_id, entered, problem)

    back = back_of(entered)
    done = (back, Done("absence-ended"))
    return await act(request, actor, entered, deed, done=lambda _: done, again=again, twice=back)
