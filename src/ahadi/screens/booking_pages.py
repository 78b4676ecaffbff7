"""Colleagues book calls and visits for customers, move and cancel them, and work through the list of calls."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, promises
from ahadi.base.errors import AhadiError
from ahadi.base.ids import uuid7
from ahadi.customers import get_customers
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, needs
from ahadi.platform.web.paging import next_page
from ahadi.promises import Attempted
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.picking import picker, starts_at, wanted_from
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
Deed = Callable[[Work], Awaitable[str]]


# Booking ---------------------------------------------------------------------------------------------------------


async def _page(
    request: Request,
    actor: Actor,
    reference: str | None,
    booking_id: UUID | None = None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    entered = entered or Entered(dict(request.query_params))
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        booking = await promises.get_booking(work, booking_id) if booking_id else None
        case = await cases.get_case(work, booking.case_id if booking else reference or "")
        frame = frame.at(case.organisation_id)
        directory = frame.directories[case.organisation_id]
        here = f"/bookings/{booking_id}/move" if booking_id else f"/cases/{case.reference}/book"
        times = await picker(work, directory, case, frame.reader, entered.values, here, booking=booking, people=True)
        known = await get_customers(work, case.organisation_id, [case.customer_id])
        customer = known[case.customer_id]
        phone = await promises.phone_to_call(work, case, customer)
        held = await promises.bookings_of(work, case.organisation_id, case.id)
    return screens_of(request).page(
        request,
        frame.reader,
        "book.html",
        status=problem.status if problem else 200,
        frame=frame,
        case=case,
        zone=customer.zone or directory.organisation.zone,
        here=here,
        times=times,
        held=held,
        phone=phone or "",
        entered=entered,
        problem=problem,
        key=uuid7().hex,
    )


@router.get("/cases/{reference}/book")
async def get_book(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """With whom, on which day, at what time; what is booked already."""
    return await _page(request, actor, reference)


@router.post("/cases/{reference}/book")
async def post_book(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Book it for the customer, who is told."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        wanted = wanted_from(entered.get("kind"), entered.get("with"), entered.text("phone", most=40))
        case, _ = await promises.book(work, reference, wanted, starts_at(entered.text("at", most=40)))
        return case.reference

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, reference, None, entered, problem)

    return await _done(request, actor, entered, deed, "booked", again)


@router.get("/bookings/{booking_id}/move")
async def get_move(request: Request, booking_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """Another time for it, or none."""
    return await _page(request, actor, None, booking_id)


@router.post("/bookings/{booking_id}/move")
async def post_move(request: Request, booking_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """Move it; the customer is told."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        case, _ = await promises.move_booking(work, booking_id, starts_at(entered.text("at", most=40)))
        return case.reference

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, None, booking_id, entered, problem)

    return await _done(request, actor, entered, deed, "booking-moved", again)


@router.post("/bookings/{booking_id}/cancel")
async def post_cancel(request: Request, booking_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """Cancel it; the customer is told, with the reason."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        case, _ = await promises.cancel_booking(work, booking_id, entered.text("reason", most=500))
        return case.reference

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, None, booking_id, entered, problem)

    return await _done(request, actor, entered, deed, "booking-cancelled", again)


async def _done(
    request: Request,
    actor: Actor,
    entered: Entered,
    deed: Deed,
    code: str,
    again: Callable[[AhadiError], Awaitable[Response]],
) -> Response:
    return await act(
        request,
        actor,
        entered,
        deed,
        done=lambda reference: (f"/cases/{reference}", Done(code)),
        again=again,
        twice="/callbacks",
    )


# Calls -----------------------------------------------------------------------------------------------------------

Whose = Literal["mine", "all"]


@router.get("/callbacks")
async def get_callbacks(
    request: Request, page: Paging, whose: Whose = "mine", actor: Actor = needs(Permission.CASE_READ)
) -> Response:
    """Who is to be called, the next due first: of me and my departments, or everybody's."""
    return await _calls(request, page, actor, whose)


async def _calls(
    request: Request,
    page: Any,
    actor: Actor,
    whose: str,
    problem: AhadiError | None = None,
    failed: UUID | None = None,
) -> Response:
    after = page.after(datetime, UUID) if page else None
    limit = page.limit if page else 50
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        readable = [each for each in actor.organisations if actor.may(each, Permission.CASE_READ)]
        found = await promises.calls_to_make(
            work,
            readable,
            people=_people(frame) if whose == "mine" else None,
            departments=_departments(frame) if whose == "mine" else None,
            after=(after[0], after[1]) if after else None,
            limit=limit + 1,
        )
    following = next_page(found, page, key=lambda each: (each.due_at, each.promise_id)) if page else None
    address = "/callbacks" if whose == "mine" else "/callbacks?whose=all"
    return screens_of(request).page(
        request,
        frame.reader,
        "callbacks.html",
        status=problem.status if problem else 200,
        frame=frame,
        whose=whose,
        calls=found[:limit],
        problem=problem,
        failed=failed,
        next_address=f"{address}{'&' if '?' in address else '?'}after={following}" if following else None,
        first_address=address if page and page.cursor else None,
        key=uuid7().hex,
    )


def _people(frame: Frame) -> list[UUID]:
    return [frame.actor.person_id] if frame.actor.person_id else []


def _departments(frame: Frame) -> list[UUID]:
    return sorted({each for held in frame.departments.values() for each in held})


@router.post("/callbacks/{promise_id}/attempts")
async def post_attempt(request: Request, promise_id: UUID, actor: Actor = needs(Permission.PROMISE_SETTLE)) -> Response:
    """What came of calling."""
    entered = await entered_in(request)
    whose = "all" if entered.get("whose") == "all" else "mine"

    async def deed(work: Work) -> Attempted:
        await cases.lock_promise(work, promise_id)  # whose it is, before what is wrong with the form
        outcome: Any = entered.one_of("outcome", promises.OUTCOMES, later("Say what came of the call."))
        return await promises.note_attempt(work, promise_id, outcome, entered.text("note"))

    async def again(problem: AhadiError) -> Response:
        return await _calls(request, None, actor, whose, problem, promise_id)

    def done(attempted: Attempted) -> tuple[str, Done]:
        made = attempted.promise
        again_promised = made is not None and made.kind == "callback"
        code = "call-answered" if attempted.outcome == "answered" else "call-again" if again_promised else "call-last"
        return "/callbacks?whose=all" if whose == "all" else "/callbacks", Done(code)

    return await act(request, actor, entered, deed, done=done, again=again, twice="/callbacks")
