"""The customer books a call or a visit on their own page, at any hour; moves it, cancels it. Works without script."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, promises
from ahadi.base.errors import AhadiError, Invalid
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Linked
from ahadi.customers import get_customers
from ahadi.directory import read_directory
from ahadi.platform.database import Work
from ahadi.platform.web import database_of
from ahadi.promises import Booking, NoSuchBooking
from ahadi.screens.acting import act
from ahadi.screens.brand import branded
from ahadi.screens.customer_pages import ByThisLink, case_of_link, count_by_link, public_router, reader_of_customer
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.picking import is_offered, picker, starts_at, wanted_from, whom
from ahadi.screens.reader import Reader, later

router = public_router()
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


async def _own(work: Work, case: Case, booking_id: UUID) -> Booking:
    """A booking of this very case. Raises NoSuchBooking."""
    held = await promises.bookings_of(work, case.organisation_id, case.id)
    found = next((each for each in held if each.id == booking_id), None)
    if found is None:
        raise NoSuchBooking
    return found


async def _page(
    request: Request,
    token: str,
    linked: Linked,
    booking_id: UUID | None = None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    entered = entered or Entered(dict(request.query_params))
    async with database_of(request).read(linked.actor()) as work:
        case = await case_of_link(work, linked)
        inside = work.as_installation(case.organisation_id)
        directory = await read_directory(inside, case.organisation_id)
        known = await get_customers(inside, case.organisation_id, [case.customer_id])
        customer = known[case.customer_id]
        reader = reader_of_customer(request, work, directory, case, customer)
        booking = await _own(inside, case, booking_id) if booking_id else None
        here = f"/c/{token}/bookings/{booking_id}" if booking_id else f"/c/{token}/book"
        times = await picker(inside, directory, case, reader, entered.values, here, booking=booking)
        phone = await promises.phone_to_call(inside, case, customer)
        brand = await branded(inside, directory.organisation)
    return screens_of(request).page(
        request,
        reader,
        "public/book.html",
        brand=brand,
        status=problem.status if problem else 200,
        headers=_PRIVATE,
        case=case,
        organisation=directory.organisation,
        address=f"/c/{token}",
        here=here,
        times=times,
        phone_end=phone[-3:] if phone else "",
        entered=entered,
        problem=problem,
        key=uuid7().hex,
    )


@router.get("/book")
async def get_book(request: Request, token: str, linked: ByThisLink) -> Response:
    """With whom, on which day, at what time."""
    return await _page(request, token, linked)


@router.post("/book")
async def post_book(request: Request, token: str, linked: ByThisLink) -> Response:
    """Book it: the customer is told by message, with an entry for their calendar."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        wanted = wanted_from(entered.get("kind"), entered.get("with"), entered.text("phone", most=40))
        at = starts_at(entered.text("at", most=40))
        await count_by_link(request, linked)
        case = await case_of_link(work, linked)
        directory = await read_directory(work, case.organisation_id)
        if not is_offered(whom(directory, Reader()), entered.get("with")):
            raise Invalid(later("Say with whom, and whether we call or come."))
        await promises.book(work.as_installation(case.organisation_id), case.id, wanted, at)

    return await _answer(request, token, linked, entered, deed, "booked")


@router.get("/bookings/{booking_id}")
async def get_booking(request: Request, token: str, booking_id: UUID, linked: ByThisLink) -> Response:
    """Another time for it, or none."""
    return await _page(request, token, linked, booking_id)


@router.post("/bookings/{booking_id}/move")
async def post_move(request: Request, token: str, booking_id: UUID, linked: ByThisLink) -> Response:
    """Move it to another time."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        at = starts_at(entered.text("at", most=40))
        await count_by_link(request, linked)
        case = await case_of_link(work, linked)
        inside = work.as_installation(case.organisation_id)
        booking = await _own(inside, case, booking_id)
        await promises.move_booking(inside, booking.id, at)

    return await _answer(request, token, linked, entered, deed, "booking-moved", booking_id)


@router.post("/bookings/{booking_id}/cancel")
async def post_cancel(request: Request, token: str, booking_id: UUID, linked: ByThisLink) -> Response:
    """Take it back; what happens next instead stands on the page."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        await count_by_link(request, linked)
        case = await case_of_link(work, linked)
        inside = work.as_installation(case.organisation_id)
        booking = await _own(inside, case, booking_id)
        await promises.cancel_booking(inside, booking.id)

    return await _answer(request, token, linked, entered, deed, "booking-cancelled", booking_id)


async def _answer(
    request: Request,
    token: str,
    linked: Linked,
    entered: Entered,
    deed: object,
    code: str,
    booking_id: UUID | None = None,
) -> Response:
    async def again(problem: AhadiError) -> Response:
        if isinstance(problem, cases.LinkNotValid | NoSuchBooking):
            raise problem
        return await _page(request, token, linked, booking_id, entered, problem)

    home = f"/c/{token}"
    return await act(
        request,
        linked.actor(),
        entered,
        deed,  # type: ignore[arg-type]
        done=lambda _: (home, Done(code)),
        again=again,
        twice=home,
    )


@router.get("/bookings/{booking_id}/calendar.ics")
async def get_calendar(request: Request, token: str, booking_id: UUID, linked: ByThisLink) -> Response:
    """The booking as a file for a calendar, for those who get no mail."""
    async with database_of(request).read(linked.actor()) as work:
        case = await case_of_link(work, linked)
        inside = work.as_installation(case.organisation_id)
        booking = await _own(inside, case, booking_id)
        directory = await read_directory(inside, case.organisation_id)
        known = await get_customers(inside, case.organisation_id, [case.customer_id])
        file = promises.calendar_file(inside, directory, case, known[case.customer_id], booking)
    headers = _PRIVATE | {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.data, headers=headers, media_type="text/calendar; charset=utf-8")
