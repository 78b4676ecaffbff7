"""Bookings and calls over HTTP: the times there are, booked, moved, cancelled; who is to be called, and attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi import cases
from ahadi.base.clock import iso
from ahadi.base.errors import Invalid
from ahadi.cases import Case, show_holder, show_promise
from ahadi.directory import Directory, Permission, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of, perform
from ahadi.promises import booking_store, bookings, calling, calls
from ahadi.promises.actions import called
from ahadi.promises.booking_store import Booking
from ahadi.promises.bookings import Wanted

router = Router(prefix="/api", tags=["bookings"])
Kind = Literal["callback", "visit"]
Wish = Literal["department", "specialist", "manager", "person"]
Length = Annotated[int | None, Field(ge=1, le=480, description="Minutes; the organisation's usual length if left out.")]


def _zone(name: str | None, otherwise: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or otherwise)
    except (KeyError, ValueError, OSError) as problem:
        raise Invalid("This is no time zone; write one such as Africa/Nairobi.", zone=name) from problem


@router.get("/slots")
async def get_slots(
    request: Request,
    organisation: str,
    department: str | None = None,
    person: str | None = None,
    wish: Wish | None = None,
    kind: Kind = "callback",
    length: Annotated[int | None, Query(ge=1, le=480)] = None,
    from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: AwareDatetime | None = None,
    zone: str | None = None,
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Times that can be kept: by a department's people, its specialists or managers, or one person. Seven days of them
    unless said otherwise; `at` tells each on the clock of `zone`, `places` how many can be booked at it."""
    async with database_of(request).read(actor) as work:
        org = await organisation_of(request, work, organisation)
        directory = await read_directory(work, org)
        clock = _zone(zone, directory.organisation.zone)
        wanted = Wanted(kind, wish or ("person" if person else "department"), department, person, length)
        start = from_ or work.now
        found = await bookings.free_slots(work, org, wanted, start, until or start + timedelta(days=7))
    return answer(
        {
            "zone": clock.key,
            "length": int(found.length.total_seconds() // 60),
            "slots": [
                {
                    "starts_at": iso(each.starts_at),
                    "ends_at": iso(each.ends_at),
                    "at": each.starts_at.astimezone(clock).isoformat(timespec="minutes"),
                    "places": each.places,
                }
                for each in found.slots
            ],
        }
    )


class NewBooking(BaseModel):
    starts_at: AwareDatetime
    kind: Kind = "callback"
    wish: Wish | None = None
    department: str | None = None
    person: str | None = None
    length: Length = None
    phone: Annotated[str | None, Field(max_length=60)] = None


@router.post("/cases/{reference}/bookings", status_code=201)
async def post_booking(
    request: Request, reference: str, body: NewBooking, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Book a call or a visit. `slot-taken` (409) names the `next` times where this one cannot be had."""

    async def deed(work: Work) -> dict[str, Any]:
        wish = body.wish or ("person" if body.person else "department")
        wanted = Wanted(body.kind, wish, body.department, body.person, body.length, body.phone)
        case, booking = await bookings.book(work, reference, wanted, body.starts_at)
        return await _show(work, case, booking)

    return await perform(request, actor, deed, status=201)


@router.get("/cases/{reference}/bookings")
async def get_bookings(request: Request, reference: str, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """The bookings of a case that stand, the next one first."""
    async with database_of(request).read(actor) as work:
        case = await cases.get_case(work, reference)
        directory = await read_directory(work, case.organisation_id)
        held = await booking_store.bookings_of(work, case.organisation_id, case.id)
    return answer({"items": [_shown(directory, case, each) for each in held]})


class Move(BaseModel):
    starts_at: AwareDatetime


@router.post("/bookings/{booking_id}/move")
async def post_move(
    request: Request, booking_id: UUID, body: Move, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Another time for the same; the customer is told."""

    async def deed(work: Work) -> dict[str, Any]:
        return await _show(work, *await bookings.move_booking(work, booking_id, body.starts_at))

    return await perform(request, actor, deed)


class Cancel(BaseModel):
    reason: Annotated[str, Field(max_length=500, description="In words for the customer.")] = ""


@router.post("/bookings/{booking_id}/cancel")
async def post_cancel(
    request: Request, booking_id: UUID, body: Cancel | None = None, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Take it back; the customer is told, and the case goes on with another promise."""

    async def deed(work: Work) -> dict[str, Any]:
        case, booking = await bookings.cancel_booking(work, booking_id, body.reason if body else "")
        return await _show(work, case, booking)

    return await perform(request, actor, deed)


async def _show(work: Work, case: Case, booking: Booking) -> dict[str, Any]:
    directory = await read_directory(work, case.organisation_id)
    texts = await cases.promise_texts(work, case.organisation_id, [booking.promise_id])
    promise = next(each for each in case.promises if each.id == booking.promise_id)
    shown = show_promise(directory, promise, texts.get(booking.promise_id))
    return {"booking": _shown(directory, case, booking), "promise": shown}


def _shown(directory: Directory, case: Case, booking: Booking) -> dict[str, Any]:
    department = directory.departments.get(booking.department_id) if booking.department_id else None
    person = directory.people.get(booking.seat)
    return {
        "id": booking.id,
        "case": case.reference,
        "kind": booking.kind,
        "wish": booking.wish,
        "department": department.slug if department else None,
        "person": person.slug if person else None,
        "starts_at": iso(booking.starts_at),
        "ends_at": iso(booking.ends_at),
        "promise": booking.promise_id,
        "sequence": booking.sequence,
        "reminder_at": iso(booking.remind_at) if booking.remind_at else None,
        "ended_at": iso(booking.ended_at) if booking.ended_at else None,
    }


# Calls -----------------------------------------------------------------------------------------------------------


@router.get("/callbacks")
async def get_callbacks(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    owner: Annotated[str | None, Query(description="A person or department, by id or short name; `me` for me.")] = None,
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Who is to be called, the next due first: number, case, words to say, attempts so far."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        own = [await organisation_of(request, work, organisation)] if organisation else list(actor.organisations)
        people, departments = await _owner(work, own, owner)
        found = await calls.calls_to_make(
            work,
            own,
            people=people,
            departments=departments,
            after=(after[0], after[1]) if after else None,
            limit=page.limit + 1,
        )
        directories = {each: await read_directory(work, each) for each in own}
    return listed(
        found, page, key=lambda each: (each.due_at, each.promise_id), show=lambda each: _call(directories, each)
    )


async def _owner(
    work: Work, organisations: Sequence[UUID], owner: str | None
) -> tuple[list[UUID] | None, list[UUID] | None]:
    if owner is None:
        return None, None
    if owner == "me":
        return [work.actor.person_id] if work.actor.person_id else [], []
    if len(organisations) != 1:
        raise Invalid("Name the organisation as well as the owner.")
    held = called(await read_directory(work, organisations[0]), owner)
    return [held.person] if held.person else [], [held.department] if held.department else []


def _call(directories: dict[UUID, Directory], call: calls.Call) -> dict[str, Any]:
    directory = directories[call.organisation_id]
    return {
        "promise": call.promise_id,
        "booking": call.booking_id,
        "organisation": directory.organisation.slug,
        "case": call.reference,
        "subject": call.subject,
        "customer": call.customer_name,
        "phone": call.phone,
        "language": call.language,
        "starts_at": iso(call.starts_at) if call.starts_at else None,
        "due_at": iso(call.due_at),
        "owner": show_holder(directory, call.owner),
        "say": call.say,
        "attempts": call.attempts,
        "last_outcome": call.last_outcome,
        "last_at": iso(call.last_at) if call.last_at else None,
    }


class Attempt(BaseModel):
    outcome: calling.Outcome
    note: Annotated[str, Field(max_length=5_000)] = ""


@router.post("/callbacks/{promise_id}/attempts", status_code=201)
async def post_attempt(
    request: Request, promise_id: UUID, body: Attempt, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Say what came of calling. `promise` is the one that stands now: another call, or what comes after the last."""

    async def deed(work: Work) -> dict[str, Any]:
        done = await calling.note_attempt(work, promise_id, body.outcome, body.note)
        directory = await read_directory(work, done.case.organisation_id)
        made = done.promise
        texts = await cases.promise_texts(work, done.case.organisation_id, [made.id]) if made else {}
        return {
            "case": done.case.reference,
            "number": done.number,
            "outcome": done.outcome,
            "promise": show_promise(directory, made, texts.get(made.id)) if made else None,
        }

    return await perform(request, actor, deed, status=201)
