"""Calls and visits booked for a time: by customer or agent, at any hour, from what the rota can truly keep.

A booking is a promise with a time: its owner is the department, or the person who was wanted. Moving it renews the
promise, cancelling withdraws it. The case is locked first, then the organisation's bookings, so that of two who want
the last place one gets it and the other is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ahadi import cases, customers
from ahadi.base.clock import iso, utc
from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder, Promise, Promised, promise_text
from ahadi.customers import Customer
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.promises import booking_store as store
from ahadi.promises import model
from ahadi.promises.booking_store import Booking, Kind, Wish
from ahadi.promises.capacity import LONGEST, Asked, Plan, Slot, asked_for
from ahadi.promises.telling import phone_to_call, remind_at, tell_of

SHOWN_NEXT = 5
_SEARCH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to book: with whom (names are ids or short names), how many minutes, on which number."""

    kind: Kind = "callback"
    wish: Wish = "department"
    department: str | None = None
    person: str | None = None
    length: int | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """The slots for what is wanted, and what was made of it."""

    slots: tuple[Slot, ...]
    department: UUID | None
    length: timedelta


class SlotTaken(Conflict):
    """Somebody else was quicker, or nobody can keep that time. `next` are the times that can be had, earliest first."""

    code = "slot-taken"

    def __init__(self, slots: Sequence[Slot]) -> None:
        super().__init__(
            "This time was just taken; choose another one.", next=[iso(each.starts_at) for each in slots[:SHOWN_NEXT]]
        )


class NoSuchBooking(NotFound):
    code = "no-such-booking"

    def __init__(self) -> None:
        super().__init__("There is no such booking that you may see, or it is over.")


# Which times there are -------------------------------------------------------------------------------------------


async def free_slots(
    work: Work,
    organisation_id: UUID,
    wanted: Wanted,
    earliest: datetime,
    latest: datetime,
    *,
    without: UUID | None = None,
) -> Times:
    """The times that can be kept, between two moments and within the notice and days that the organisation set.

    `without` is a booking that is to be moved: its own time counts as free.
    """
    directory = await read_directory(work, organisation_id)
    department, asked = whom(directory, wanted)
    length = length_of(directory, wanted, department)
    slots = await _slots(work, directory, asked, earliest, latest, length, without)
    return Times(tuple(slots), department, length)


def whom(directory: Directory, wanted: Wanted) -> tuple[UUID | None, Asked]:
    """Whose time is asked for. Raises Invalid for somebody unknown, or when nobody is named."""
    department = directory.department(wanted.department).id if wanted.department else None
    if wanted.wish == "person":
        if not wanted.person:
            raise Invalid("Say with whom.")
        return department, asked_for(directory, "person", person=directory.person(wanted.person).id)
    if department is None and wanted.wish == "department":
        raise Invalid("Choose a department.")
    return department, asked_for(directory, wanted.wish, department=department)


def length_of(directory: Directory, wanted: Wanted, department: UUID | None) -> timedelta:
    """How long it takes: as asked, else as the organisation set. Raises Invalid."""
    bookings = directory.organisation.settings.bookings
    slug = directory.departments[department].slug if department else None
    length = timedelta(minutes=wanted.length or (bookings.visit if wanted.kind == "visit" else bookings.of(slug).call))
    if not timedelta(0) < length <= LONGEST:
        raise Invalid("A booking takes from one minute to eight hours.")
    return length


async def _slots(
    work: Work,
    directory: Directory,
    asked: Asked,
    earliest: datetime,
    latest: datetime,
    length: timedelta,
    without: UUID | None = None,
) -> list[Slot]:
    bookings = directory.organisation.settings.bookings
    earliest = max(utc(earliest), work.now + timedelta(minutes=bookings.notice))
    latest = min(utc(latest), work.now + timedelta(days=bookings.ahead), earliest + _SEARCH)
    if earliest >= latest:
        return []
    around, call = timedelta(days=2), timedelta(minutes=asked.capacity.call)
    held = await store.taken(work, directory.organisation.id, earliest - around, latest + around, call, without)
    return Plan.of(directory, earliest, latest, held).slots(asked, earliest, latest, length)


async def seat_at(
    work: Work, directory: Directory, asked: Asked, starts_at: datetime, length: timedelta, without: UUID | None = None
) -> UUID:
    """Whose time is kept for it. The bookings must be held. Raises SlotTaken with the next times."""
    found = await _slots(work, directory, asked, starts_at, starts_at + length, length, without)
    if not found or found[0].starts_at != utc(starts_at):
        ahead = timedelta(days=directory.organisation.settings.bookings.ahead)
        raise SlotTaken(await _slots(work, directory, asked, starts_at, starts_at + ahead, length, without))
    return found[0].people[0]


async def first_seat(
    work: Work,
    directory: Directory,
    asked: Asked,
    earliest: datetime,
    latest: datetime,
    length: timedelta,
    without: UUID | None = None,
) -> Slot | None:
    """The first time that can be kept from a moment on. The bookings must be held."""
    found = await _slots(work, directory, asked, earliest, latest, length, without)
    return found[0] if found else None


# Booking ---------------------------------------------------------------------------------------------------------


async def book(work: Work, reference: str | UUID, wanted: Wanted, starts_at: datetime) -> tuple[Case, Booking]:
    """Promise a call or a visit at a time, and tell the customer with an entry for their calendar.

    A call that was promised anyway is this call: that promise is renewed. A resolved case is opened again. Locks the
    case and the organisation's bookings. Raises SlotTaken, Invalid.
    """
    case = await cases.lock_case(work, reference)
    directory = await read_directory(work, case.organisation_id)
    customer = await _customer(work, case)
    case = await _opened(work, directory, case)
    await _note_phone(work, directory, case, customer, wanted)
    department, asked = whom(directory, wanted)
    length = length_of(directory, wanted, department)
    await store.hold_capacity(work, case.organisation_id)
    seat = await seat_at(work, directory, asked, starts_at, length)
    promised = _promised(directory, case, wanted, department, seat, utc(starts_at) + length)
    booking = Booking(
        organisation_id=case.organisation_id,
        id=uuid7(),
        case_id=case.id,
        promise_id=promised.id,
        kind=wanted.kind,
        wish=wanted.wish,
        department_id=department,
        seat=seat,
        starts_at=utc(starts_at),
        ends_at=promised.due_at,
        sequence=0,
        remind_at=remind_at(directory, customer, utc(starts_at), work.now),
        made_at=work.now,
    )
    case = await _promise(work, directory, case, customer, booking, promised)
    store.insert_booking(work, booking)
    _record(work, case, booking, "booking.made")
    return case, booking


async def _promise(
    work: Work, directory: Directory, case: Case, customer: Customer, booking: Booking, promised: Promised
) -> Case:
    open_ones = [p for p in case.open_promises if p.kind == booking.kind == "callback" and p.due_at >= work.now]
    booked = {
        b.promise_id for b in await store.bookings_of_promises(work, case.organisation_id, [p.id for p in open_ones])
    }
    owed = next((each for each in open_ones if each.id not in booked), None)
    if owed is None:
        case, _ = await cases.make_promise(work, case.id, promised)
        await tell_of(work, directory, case, customer, booking, "appointment_booked", promised)
        return case
    told = await tell_of(work, directory, case, customer, booking, "appointment_booked", promised)
    return await cases.renew_promise(work, owed.id, promised, told or promised.id)


def _promised(
    directory: Directory, case: Case, wanted: Wanted, department: UUID | None, seat: UUID, due_at: datetime
) -> Promised:
    in_person = wanted.wish != "department" or department is None
    owner = Holder(person=seat) if in_person else Holder(department=department)
    words = promise_text(wanted.kind, case.language)
    if in_person and wanted.kind == "callback":
        words = promise_text("direct", case.language, name=directory.name_of(seat))
    return Promised(wanted.kind, owner, due_at, words)


async def _opened(work: Work, directory: Directory, case: Case) -> Case:
    """The case, opened again with an update promised where it was resolved."""
    if case.state == "open":
        return case
    holder = case.holder
    if holder.person and not directory.serves(holder.person):
        holder = Holder(department=case.department_id) if case.department_id else holder
    promised = replace(model.following(directory, case, work.now, "reopened"), owner=holder)
    return await cases.reopen_case(work, case.id, holder, promised)


async def _note_phone(work: Work, directory: Directory, case: Case, customer: Customer, wanted: Wanted) -> None:
    """Keep the number they gave for this; it stands with the case's other words, and goes with them."""
    if wanted.phone and wanted.phone.strip():
        given = customers.phone_identity(wanted.phone, directory.organisation.country)
        await cases.set_fields(work, case.id, {"callback_phone": given.value})
    elif wanted.kind == "callback" and not await phone_to_call(work, case, customer):
        raise Invalid("Say on which number we are to call.")


async def _customer(work: Work, case: Case) -> Customer:
    inside = work.as_installation(case.organisation_id)
    return await customers.get_customer(inside, case.organisation_id, case.customer_id)


# Moving and cancelling -------------------------------------------------------------------------------------------


async def get_booking(work: Work, booking_id: UUID) -> Booking:
    """A booking that stands, among those the actor may see. Raises NoSuchBooking."""
    found = await store.get_booking(work, booking_id)
    if found is None or found.ended_at is not None:
        raise NoSuchBooking
    work.permit(found.organisation_id, "case.read")
    return found


async def _locked(work: Work, booking_id: UUID) -> tuple[Case, Booking, Promise]:
    found = await store.get_booking(work, booking_id)
    if found is None:
        raise NoSuchBooking
    case = await cases.lock_case(work, found.case_id, "promise.settle")
    booking = await store.get_booking(work, booking_id)  # as it is now that nobody else can change it
    promise = next((each for each in case.open_promises if booking and each.id == booking.promise_id), None)
    if booking is None or booking.ended_at is not None or promise is None:
        raise NoSuchBooking
    return case, booking, promise


async def move_booking(work: Work, booking_id: UUID, starts_at: datetime) -> tuple[Case, Booking]:
    """Another time for the same call or visit, with the same people; the customer is told, their calendar too.

    Locks the case and the organisation's bookings. Raises SlotTaken, NoSuchBooking, PromiseLapsed.
    """
    case, booking, promise = await _locked(work, booking_id)
    directory = await read_directory(work, case.organisation_id)
    customer = await _customer(work, case)
    person = booking.seat if booking.wish == "person" else None
    asked = asked_for(directory, booking.wish, department=booking.department_id, person=person)
    await store.hold_capacity(work, case.organisation_id)
    seat = await seat_at(work, directory, asked, starts_at, booking.length, booking.id)
    texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
    words = texts[promise.id].text if promise.id in texts else promise_text(booking.kind, case.language)
    owner = promise.owner if promise.owner.department else Holder(person=seat)
    if owner != promise.owner and booking.kind == "callback":
        words = promise_text("direct", case.language, name=directory.name_of(seat))
    promised = Promised(booking.kind, owner, utc(starts_at) + booking.length, words)
    moved = replace(
        booking,
        promise_id=promised.id,
        seat=seat,
        starts_at=utc(starts_at),
        ends_at=promised.due_at,
        sequence=booking.sequence + 1,
        remind_at=remind_at(directory, customer, utc(starts_at), work.now),
    )
    last = words, promise.due_at
    told = await tell_of(work, directory, case, customer, moved, "appointment_moved", promised, last=last)
    case = await cases.renew_promise(work, promise.id, promised, told or promised.id)
    await store.update_booking(work, moved)
    _record(work, case, moved, "booking.moved")
    return case, moved


async def cancel_booking(work: Work, booking_id: UUID, reason: str = "", note: str = "") -> tuple[Case, Booking]:
    """Take the call or visit back; its time is free again, and the case goes on with another promise.

    The customer is told the `reason`; a `note` stays inside. Locks the case. Raises NoSuchBooking, PromiseLapsed.
    """
    case, booking, promise = await _locked(work, booking_id)
    directory = await read_directory(work, case.organisation_id)
    following = model.following(directory, case, work.now)
    why = reason.strip()
    case = await cases.withdraw_promise(work, promise.id, "cancelled", note or why or None, following)
    ended = replace(booking, sequence=booking.sequence + 1, remind_at=None, ended_at=work.now)
    await store.update_booking(work, ended)
    _record(work, case, ended, "booking.cancelled")
    customer = await _customer(work, case)
    extra: dict[str, Any] = {"reason": why or None}
    await tell_of(work, directory, case, customer, ended, "appointment_cancelled", None, extra=extra, cancelled=True)
    return case, ended


def _record(work: Work, case: Case, booking: Booking, kind: str) -> None:
    work.record(
        kind,
        case.organisation_id,
        case_id=case.id,
        subject_id=booking.id,
        promise_id=booking.promise_id,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        person=booking.seat,
        reference=case.reference,
    )
