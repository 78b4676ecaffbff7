"""The rota over HTTP: shifts, absences, who is called, who works when, and when nobody can be reached."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso, utc
from ahadi.base.errors import Invalid
from ahadi.directory import rota_actions
from ahadi.directory.coverage import DAYS_AHEAD, Uncovered
from ahadi.directory.model import Absence, ExtraShift, ShiftPattern
from ahadi.directory.permissions import Permission
from ahadi.directory.rota import Shift
from ahadi.directory.shown import page_through, show_named
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["rota"])

_LONGEST_ROTA = timedelta(days=62)
Who = Annotated[str | None, Query(description="A person, by id or short name.")]


async def _directory(request: Request, work: Work, organisation: str | None) -> Directory:
    organisation_id = await organisation_of(request, work, organisation)
    work.permit(organisation_id, Permission.DIRECTORY_READ)
    return await read_directory(work, organisation_id)


# Shifts ---------------------------------------------------------------------------------------------------------


@router.get("/shifts")
async def get_shifts(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    person: Who = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Shifts as they are planned: patterns with `hours`, single ones with `starts_at` and `ends_at`."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
    whose = directory.person(person).id if person else None
    planned: list[ShiftPattern | ExtraShift] = [*directory.patterns, *directory.extra_shifts]
    return page_through(
        [each for each in planned if whose in (None, each.person_id)],
        page,
        key=lambda each: (each.id,),
        kinds=[UUID],
        show=lambda each: _show_shift(directory, each),
    )


def _show_shift(directory: Directory, shift: ShiftPattern | ExtraShift) -> dict[str, Any]:
    shown = {
        "id": shift.id,
        "person": show_named(directory, shift.person_id),
        "department": show_named(directory, shift.department_id),
    }
    if isinstance(shift, ExtraShift):
        return shown | {"starts_at": iso(shift.starts_at), "ends_at": iso(shift.ends_at)}
    return shown | {"hours": shift.hours, "valid_from": shift.valid_from, "valid_until": shift.valid_until}


class NewShift(BaseModel):
    """Either `hours`, for shifts that come again, or `starts_at` and `ends_at`, for a single one."""

    organisation: str | None = None
    person: str
    department: str | None = None
    hours: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


@router.post("/shifts", status_code=201)
async def post_shift(request: Request, body: NewShift, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Give somebody shifts that come again, or a single one."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        made: ShiftPattern | ExtraShift
        if body.hours is not None and body.starts_at is None and body.ends_at is None:
            made = await rota_actions.add_pattern(
                work,
                organisation_id,
                body.person,
                body.hours,
                body.department,
                valid_from=body.valid_from,
                valid_until=body.valid_until,
            )
        elif body.hours is None and body.starts_at is not None and body.ends_at is not None:
            made = await rota_actions.add_shift(
                work, organisation_id, body.person, body.starts_at, body.ends_at, body.department
            )
        else:
            raise Invalid("Give either `hours`, for shifts that come again, or `starts_at` and `ends_at`.")
        return _show_shift(await read_directory(work, organisation_id), made)

    return await perform(request, actor, deed, status=201)


@router.delete("/shifts/{shift_id}", status_code=204)
async def delete_shift(
    request: Request, shift_id: UUID, organisation: str | None = None, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """Take a pattern or a single shift off the rota."""

    async def deed(work: Work) -> None:
        await rota_actions.remove_shift(work, await organisation_of(request, work, organisation), shift_id)

    return await perform(request, actor, deed, status=204)


# Absences -------------------------------------------------------------------------------------------------------


@router.get("/absences")
async def get_absences(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    person: Who = None,
    after_end: Annotated[AwareDatetime | None, Query(description="Those that end later; now when not said.")] = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Who is away, and until when; the earliest first."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
        since = utc(after_end) if after_end else work.now
    whose = directory.person(person).id if person else None
    return page_through(
        [each for each in directory.absences if whose in (None, each.person_id) and each.ends_at > since],
        page,
        key=lambda each: (each.starts_at, each.id),
        kinds=[datetime, UUID],
        show=lambda each: _show_absence(directory, each),
    )


def _show_absence(directory: Directory, absence: Absence) -> dict[str, Any]:
    return {
        "id": absence.id,
        "person": show_named(directory, absence.person_id),
        "starts_at": iso(absence.starts_at),
        "ends_at": iso(absence.ends_at),
        "kind": absence.kind,
    }


class NewAbsence(BaseModel):
    organisation: str | None = None
    person: str
    starts_at: Annotated[AwareDatetime | None, Field(description="Now when not said.")] = None
    ends_at: AwareDatetime
    kind: Annotated[str, Field(max_length=20)] = "absent"


@router.post("/absences", status_code=201)
async def post_absence(request: Request, body: NewAbsence, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Mark somebody absent; what they promised for that time passes to a colleague."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        made = await rota_actions.mark_absent(
            work, organisation_id, body.person, body.starts_at, body.ends_at, body.kind
        )
        return _show_absence(await read_directory(work, organisation_id), made)

    return await perform(request, actor, deed, status=201)


class Back(BaseModel):
    organisation: str | None = None
    ends_at: Annotated[AwareDatetime | None, Field(description="When they are back; now when not said.")] = None


@router.post("/absences/{absence_id}/end")
async def post_absence_end(
    request: Request, absence_id: UUID, body: Back, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """Somebody is back earlier; an absence that would not have begun by then is gone, and the answer is null."""

    async def deed(work: Work) -> dict[str, Any] | None:
        organisation_id = await organisation_of(request, work, body.organisation)
        left = await rota_actions.end_absence(work, organisation_id, absence_id, body.ends_at)
        return _show_absence(await read_directory(work, organisation_id), left) if left else None

    return await perform(request, actor, deed)


# On call --------------------------------------------------------------------------------------------------------


@router.get("/on-call")
async def get_on_call(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """Who is called, in order, for each department in use, and for the organisation (department null)."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
    chains = [_show_chain(directory, None)]
    chains += [_show_chain(directory, each.id) for each in directory.departments.values() if each.active]
    return answer({"items": chains, "next": None})


def _show_chain(directory: Directory, department_id: UUID | None) -> dict[str, Any]:
    entries = sorted(directory.on_call, key=lambda each: each.position)
    people = [show_named(directory, each.person_id) for each in entries if each.department_id == department_id]
    return {"department": show_named(directory, department_id), "people": people}


class Chain(BaseModel):
    organisation: str | None = None
    department: Annotated[str | None, Field(description="Null is the organisation's own chain.")] = None
    people: Annotated[list[str], Field(max_length=50)]


@router.put("/on-call")
async def put_on_call(request: Request, body: Chain, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Say who is called, in this order."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        await rota_actions.put_chain(work, organisation_id, body.department, body.people)
        directory = await read_directory(work, organisation_id)
        return _show_chain(directory, directory.department(body.department).id if body.department else None)

    return await perform(request, actor, deed)


# Who works when, and when nobody does ---------------------------------------------------------------------------


@router.get("/rota")
async def get_rota(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Now when not said.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="A week later when not said.")] = None,
    person: Who = None,
    department: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """The shifts that people work from one moment to another, absences taken out; at most 62 days."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
        start = since or work.now
    end = until or start + timedelta(days=7)
    if not timedelta(0) < end - start <= _LONGEST_ROTA:
        raise Invalid(f"Ask for a time of at most {_LONGEST_ROTA.days} days, its end after its beginning.")
    within = directory.department(department).id if department else None
    people = [directory.person(person).id] if person else sorted(directory.people)
    if within is not None:
        people = [each for each in people if within in directory.memberships[each].departments]
    shifts = [s for p in people if directory.serves(p) for s in directory.rota.shifts(p, start, end, within)]
    return page_through(
        shifts,
        page,
        key=lambda each: (each.start, each.person_id),
        kinds=[datetime, UUID],
        show=lambda each: _show_worked(directory, each),
    )


def _show_worked(directory: Directory, shift: Shift) -> dict[str, Any]:
    return {
        "person": show_named(directory, shift.person_id),
        "starts_at": iso(shift.start),
        "ends_at": iso(shift.end),
    }


@router.get("/coverage")
async def get_coverage(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Every time of the next 14 days in which a department says it is open and nobody can be reached."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
        now = work.now
    return page_through(
        directory.uncovered(now, now + timedelta(days=DAYS_AHEAD)),
        page,
        key=lambda each: (each.start, each.department_id),
        kinds=[datetime, UUID],
        show=lambda each: _show_uncovered(directory, each),
    )


def _show_uncovered(directory: Directory, finding: Uncovered) -> dict[str, Any]:
    return {
        "department": show_named(directory, finding.department_id),
        "starts_at": iso(finding.start),
        "ends_at": iso(finding.end),
        "sentence": finding.sentence,
    }
