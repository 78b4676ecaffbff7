"""Calling back: who is to be called, and what comes of each attempt. A call is never silently dropped.

Answered keeps the promise. In vain, it is promised anew for a time that can be kept, after the wait that the
organisation set; after the last attempt (or a wrong number) a person is promised to find another way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from ahadi import cases, contacts, customers
from ahadi.base.errors import Invalid
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Deed, Holder, Promise, Promised, promise_text
from ahadi.customers import Customer
from ahadi.directory import Bookings, Directory, read_directory
from ahadi.platform.database import Work
from ahadi.promises import booking_store as bookings_store
from ahadi.promises import model, store
from ahadi.promises.booking_store import Booking
from ahadi.promises.bookings import first_seat
from ahadi.promises.capacity import Asked, asked_for
from ahadi.promises.telling import on_their_page, remind_at, tell_of, without_phone
from ahadi.promises.upkeep import calendar_ends, end_bookings

Outcome = Literal["answered", "no-answer", "busy", "wrong-number", "voicemail"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
_NOBODY_SOON: Final = timedelta(hours=24)
_SPOKEN = {"en": "We called back and spoke.", "sw": "Tulipiga simu na tukazungumza."}


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of an attempt: the case, which attempt it was, and the promise that stands now, if a new one does."""

    case: Case
    number: int
    outcome: Outcome
    promise: Promise | None


def wait_after(number: int, outcome: Outcome, bookings: Bookings) -> timedelta | None:
    """How long to wait after the attempt of this number before the next; None where there is to be none."""
    if outcome == "wrong-number" or number > len(bookings.retries):
        return None
    return timedelta(minutes=bookings.retries[number - 1])


async def note_attempt(work: Work, promise_id: UUID, outcome: Outcome, note: str = "") -> Attempted:
    """Say what came of calling the customer. Locks the case and the organisation's bookings.

    Raises Invalid for a promise that is no call, PromiseAlreadySettled, PromiseLapsed.
    """
    case = await cases.lock_promise(work, promise_id)
    promise = case.promise(promise_id)
    if promise.kind != "callback":
        raise Invalid("This promise is no call back.")
    number = await bookings_store.attempts_so_far(work, case.organisation_id, promise_id) + 1
    directory = await read_directory(work, case.organisation_id)
    call = _Call(work, directory, case, promise, number, outcome, note.strip())
    if outcome == "answered":
        done = await call.answered()
    elif (wait := wait_after(number, outcome, directory.organisation.settings.bookings)) is not None:
        done = await call.again(wait)
    else:
        done = await call.given_up()
    made = done.promise
    row = {"organisation_id": case.organisation_id, "id": uuid7(), "case_id": case.id, "promise_id": promise_id,
           "next_promise_id": made.id if made and made.kind == "callback" else None, "number": number,
           "outcome": outcome, "person_id": work.actor.person_id, "at": work.now}  # fmt: skip
    bookings_store.insert_attempt(work, row)
    work.record(
        "call.attempted", case.organisation_id, case_id=case.id, subject_id=promise_id, outcome=outcome,
        number=number, successor=made.id if made else None, reference=case.reference,
    )  # fmt: skip
    return done


@dataclass(frozen=True, slots=True)
class _Call:
    """One attempt at one promised call of a locked case."""

    work: Work
    directory: Directory
    case: Case
    promise: Promise
    number: int
    outcome: Outcome
    note: str

    async def answered(self) -> Attempted:
        work, case = self.work, self.case
        words = self.note or _SPOKEN.get(case.language, _SPOKEN["en"])
        spoke = await contacts.took_place(work, case.organisation_id, case.id, case.customer_id, "phone", words)
        following = model.following(self.directory, case, work.now)
        deed = Deed("contact", spoke)
        case = await cases.keep_promise(work, self.promise.id, deed, self.note or None, following)
        await self._end_booking()
        made = next((each for each in case.open_promises if each.id == following.id), None)
        return Attempted(case, self.number, self.outcome, made)

    async def again(self, wait: timedelta) -> Attempted:
        """Promise the next attempt, the customer told: on their own page where they are to hear only of the last."""
        work, case, directory = self.work, self.case, self.directory
        if self.note:
            await contacts.note(work, case.organisation_id, case.id, self.note)
        held = await self._booking()
        owner, seat, starts, ends, department = await self._next_time(held, work.now + wait)
        texts = await cases.promise_texts(work, case.organisation_id, [self.promise.id])
        words = texts[self.promise.id].text if self.promise.id in texts else promise_text("callback", case.language)
        promised = Promised("callback", owner, ends, words)
        customer = await self._customer()
        booking = Booking(
            organisation_id=case.organisation_id,
            id=held.id if held else uuid7(),
            case_id=case.id,
            promise_id=promised.id,
            kind="callback",
            wish=held.wish if held else "person" if owner.person else "department",
            department_id=held.department_id if held else department,
            seat=seat or (held.seat if held else owner.person or UUID(int=0)),
            starts_at=starts,
            ends_at=ends,
            sequence=held.sequence + 1 if held else 0,
            remind_at=remind_at(directory, customer, starts, work.now),
            made_at=held.made_at if held else work.now,
        )
        quietly = directory.organisation.settings.bookings.tell == "last"
        reader = on_their_page(customer) if quietly else customer
        told = await tell_of(work, directory, case, reader, booking, "callback_tried", promised)
        case = await cases.renew_promise(work, self.promise.id, promised, told or promised.id, self.outcome)
        if held:
            await bookings_store.update_booking(work, booking)
        elif seat:
            bookings_store.insert_booking(work, booking)
        return Attempted(case, self.number, self.outcome, case.promise(promised.id))

    async def given_up(self) -> Attempted:
        """Nobody was reached: a person who answers for the department promises to find another way."""
        work, case, directory = self.work, self.case, self.directory
        if self.note:
            await contacts.note(work, case.organisation_id, case.id, self.note)
        held = await self._booking()
        chain = directory.chain(case.department_id)
        owner = Holder(person=chain[0]) if chain else case.holder
        name = directory.name_of(owner.person or owner.department, case.language) or directory.organisation.name
        within = directory.organisation.settings.promise("update").within
        due_at = model.due_within(directory, within, case.department_id, work.now)
        words = promise_text("unreached", case.language, name=name)
        promised = Promised("update", owner, due_at, words)
        case, made = await cases.make_promise(work, case.id, promised)
        why = "wrong-number" if self.outcome == "wrong-number" else "not-reached"
        following = model.following(directory, case, work.now)
        case = await cases.withdraw_promise(work, self.promise.id, why, self.note or None, following)
        await self._end_booking()
        if owner.person:
            await store.notify(work, case.organisation_id, owner.person, "unreached", case.id, made.id)
        customer = await self._customer()
        reader = without_phone(customer) if self.outcome == "wrong-number" else customer
        told = (promised.kind, promised.text, promised.due_at)
        await cases.tell_customer(
            work, directory, case, "callback_given_up", about=made.id, promise=told, customer=reader,
            extra={"callback.tries": str(self.number)}, enclosed=await self._taken_out(held, customer),
        )  # fmt: skip
        return Attempted(case, self.number, self.outcome, made)

    async def _next_time(
        self, held: Booking | None, earliest: datetime
    ) -> tuple[Holder, UUID | None, datetime, datetime, UUID | None]:
        """Whose promise it is, whose time, from when to when, and for which department.

        The first time of whoever owns it that can be kept; of their department where they are not back within a day.
        Where nobody is to be seen at all, as soon as the organisation calls back otherwise.
        """
        work, case, directory = self.work, self.case, self.directory
        settings = directory.organisation.settings.bookings
        department = self.promise.owner.department or (held.department_id if held else None) or case.department_id
        found = directory.departments.get(department) if department else None
        length = held.length if held else timedelta(minutes=settings.of(found.slug if found else None).call)
        await bookings_store.hold_capacity(work, case.organisation_id)
        if held:  # whoever is called before their time keeps it
            earliest = max(earliest, held.starts_at)
        for asked, until in self._asked(held, department, timedelta(days=settings.ahead)):
            own = held.id if held else None
            slot = await first_seat(work, directory, asked, earliest, earliest + until, length, own)
            if slot is not None:
                person = asked.department is None
                owner = Holder(person=slot.people[0]) if person else Holder(department=asked.department)
                return owner, slot.people[0], slot.starts_at, slot.ends_at, department
        within = directory.organisation.settings.promise("callback").within
        due_at = max(model.due_within(directory, within, department, earliest), earliest + length)
        return self.promise.owner, None, due_at - length, due_at, department

    def _asked(
        self, held: Booking | None, department: UUID | None, ahead: timedelta
    ) -> Sequence[tuple[Asked, timedelta]]:
        owner, asked = self.promise.owner, []
        if owner.person:
            wish = held.wish if held else "person"
            first = asked_for(self.directory, wish, department=department, person=owner.person)
            asked.append((first, _NOBODY_SOON if wish == "person" else ahead))
        if department:
            asked.append((asked_for(self.directory, "department", department=department), ahead))
        return asked

    async def _booking(self) -> Booking | None:
        found = await bookings_store.bookings_of_promises(self.work, self.case.organisation_id, [self.promise.id])
        return found[0] if found else None

    async def _end_booking(self) -> None:
        await end_bookings(self.work, self.case.organisation_id, [self.promise.id])

    async def _taken_out(self, held: Booking | None, customer: Customer) -> tuple[contacts.Enclosure, ...]:
        return calendar_ends(self.work, self.directory, self.case, customer, [held] if held else [])

    async def _customer(self) -> Customer:
        inside = self.work.as_installation(self.case.organisation_id)
        return await customers.get_customer(inside, self.case.organisation_id, self.case.customer_id)
