"""The watch: what the clock does. Reminds, warns, breaks, and passes on what somebody cannot keep.

Each step is its own short transaction that locks its case and decides anew, so any number of watches may run at
once, and one that dies leaves nothing half done.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ahadi import cases
from ahadi.cases import Case, Holder, Promise, Promised
from ahadi.customers import get_customer
from ahadi.directory import Directory, Presence, all_organisations, presences_of, read_directory
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.steps import alone
from ahadi.promises import booking_store, model, store
from ahadi.promises.booking_store import Booking
from ahadi.promises.telling import tell_of
from ahadi.promises.upkeep import end_bookings

_BATCH = 200
_ORGANISATIONS = 50


async def watch_once(database: Database) -> int:
    """Everything that is due now, in every organisation; how many things were done."""
    done = 0
    for batch in await _batches(database):
        done += await _break_overdue(database, batch)
        done += await _announce(database, batch)
        done += await _remind_of_bookings(database, batch)
        for organisation_id in batch:
            done += await _pass_on(database, organisation_id)
    return done


async def watch_until_quiet(database: Database, most: int = 1000) -> int:
    """Run the watch until nothing is left to do (after the clock was moved by hand)."""
    total = 0
    for _ in range(most):
        done = await watch_once(database)
        total += done
        if not done:
            break
    return total


async def _batches(database: Database) -> list[list[UUID]]:
    async with database.read(Actor.system([])) as work:
        ids = [each.id for each in await all_organisations(work)]
    return [ids[i : i + _ORGANISATIONS] for i in range(0, len(ids), _ORGANISATIONS)]


# Breaking ----------------------------------------------------------------------------------------------------


async def _break_overdue(database: Database, organisations: Sequence[UUID]) -> int:
    async with database.read(Actor.system(organisations)) as work:
        due = await store.due_before(work, organisations, work.now, _BATCH)
    return sum([await _step(database, each.organisation_id, each.case_id, each.promise_id, _break) for each in due])


async def _break(work: Work, directory: Directory, case: Case, promise: Promise) -> bool:
    if promise.due_at >= work.now:
        return False
    recovery = model.recovery(directory, case, promise, work.now)
    texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
    case = await cases.break_promise(work, case, promise.id, recovery)
    await end_bookings(work, case.organisation_id, [promise.id])
    made = case.promise(recovery.id)
    if made.owner.person and not case.escalated:
        case = await cases.escalate_case(work, case.id, made.owner.person, "broken-promise")
    if made.owner.person:
        await store.notify(work, case.organisation_id, made.owner.person, "recovery", case.id, made.id)
    if promise.owner.person and promise.owner != made.owner:
        await store.notify(work, case.organisation_id, promise.owner.person, "broken", case.id, promise.id)
    was = texts[promise.id].text if promise.id in texts else ""
    now_promised = (made.kind, recovery.text, made.due_at)
    await cases.tell_customer(
        work,
        directory,
        case,
        "promise_broken",
        about=promise.id,
        promise=now_promised,
        last=(was or recovery.text, promise.due_at),
    )
    return True


# Reminding and warning ---------------------------------------------------------------------------------------


async def _announce(database: Database, organisations: Sequence[UUID]) -> int:
    async with database.read(Actor.system(organisations)) as work:
        soon = await store.to_announce(work, organisations, work.now, work.now + model.LONGEST_LEAD, _BATCH)
    return sum([await _step(database, each.organisation_id, each.case_id, each.promise_id, _tell) for each in soon])


async def _tell(work: Work, directory: Directory, case: Case, promise: Promise) -> bool:
    done = False
    if promise.reminded_at is None and model.reminder_at(promise) <= work.now <= promise.due_at:
        case = await cases.mark_reminded(work, case, promise.id)
        if promise.owner.person:
            await store.notify(work, case.organisation_id, promise.owner.person, "due-soon", case.id, promise.id)
        done = True
    if promise.warned_at is None and model.warning_at(promise) <= work.now <= promise.due_at:
        texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
        words = (promise.kind, texts[promise.id].text if promise.id in texts else "", promise.due_at)
        told = await cases.tell_customer(work, directory, case, "promise_at_risk", about=promise.id, promise=words)
        case = await cases.mark_warned(work, case, promise.id, told or promise.id)
        done = True
    return done


# Booked times --------------------------------------------------------------------------------------------------


async def _remind_of_bookings(database: Database, organisations: Sequence[UUID]) -> int:
    async with database.read(Actor.system(organisations)) as work:
        soon = await booking_store.to_remind(work, organisations, work.now, _BATCH)
    return sum([await alone("watch", each.case_id, _remind_of(database, each)) for each in soon])


async def _remind_of(database: Database, found: Booking) -> bool:
    """Tell the customer of their call or visit, unless it has begun or is no more."""
    async with database.work(Actor.system([found.organisation_id])) as work:
        case = await cases.lock_case(work, found.case_id)
        booking = await booking_store.get_booking(work, found.id)
        if booking is None or booking.remind_at is None or booking.remind_at > work.now:
            return False
        await booking_store.update_booking(work, replace(booking, remind_at=None))
        promise = next((each for each in case.open_promises if each.id == booking.promise_id), None)
        if promise is None or booking.starts_at <= work.now:
            return True
        directory = await read_directory(work, case.organisation_id)
        customer = await get_customer(work, case.organisation_id, case.customer_id)
        texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
        words = texts[promise.id].text if promise.id in texts else ""
        promised = Promised(promise.kind, promise.owner, promise.due_at, words, promise.id)
        await tell_of(work, directory, case, customer, booking, "appointment_reminder", promised)
        work.record("booking.reminded", case.organisation_id, case_id=case.id, subject_id=booking.id)
    return True


# Passing on --------------------------------------------------------------------------------------------------


async def _pass_on(database: Database, organisation_id: UUID) -> int:
    """Promises due before their owner is back, and cases of people who are gone."""
    async with database.read(Actor.system([organisation_id])) as work:
        directory = await read_directory(work, organisation_id)
        load = await store.owners(work, organisation_id)
        holders = await store.holders(work, organisation_id)
        leavers = {each.person: each for each in model.leaving(directory, load, work.now)}
        people = list(leavers)
        until = [leavers[each].until for each in people]
        rows = await store.owned_until(work, organisation_id, people, until, _BATCH) if people else []
        presences = await presences_of(work, organisation_id) if rows else {}
    available = [person for person, presence in presences.items() if presence is Presence.AVAILABLE]
    done = 0
    for row in rows:
        hand_over = _HandOver(leavers[row["person"]], load, available)
        done += await _step(database, organisation_id, row["case_id"], row["promise_id"], hand_over)
    for person in holders:
        if not directory.serves(person):
            done += await _release(database, organisation_id, person)
    return done


class _HandOver:
    """Passes one promise from somebody who leaves to whoever takes it, and lets both see it."""

    def __init__(self, leaver: model.Leaving, load: dict[UUID, int], available: Sequence[UUID]) -> None:
        self.leaver, self.load, self.available = leaver, load, available

    async def __call__(self, work: Work, directory: Directory, case: Case, promise: Promise) -> bool:
        if promise.owner.person != self.leaver.person or promise.due_at <= work.now:
            return False
        taker = model.successor(
            directory,
            case,
            self.leaver,
            work.now,
            level=promise.level,
            load=self.load,
            available=self.available,
        )
        if taker is None:
            return False
        await cases.hand_over_promise(work, case, promise.id, taker, self.leaver.why)
        organisation = case.organisation_id
        if taker.person:
            self.load[taker.person] = self.load.get(taker.person, 0) + 1
            await store.notify(
                work,
                organisation,
                taker.person,
                f"taken-over:{self.leaver.why}",
                case.id,
                promise.id,
                promise.owner.person,
            )
        await store.notify(
            work, organisation, self.leaver.person, f"handed-over:{self.leaver.why}", case.id, promise.id, taker.person
        )
        return True


async def _release(database: Database, organisation_id: UUID, person: UUID) -> int:
    """Cases held by somebody who no longer works here go to a colleague, or to their department."""
    async with database.read(Actor.system([organisation_id])) as work:
        held = await store.held_open(work, organisation_id, person, _BATCH)
    return sum([await alone("watch", each, _release_one(database, organisation_id, person, each)) for each in held])


async def _release_one(database: Database, organisation_id: UUID, person: UUID, case_id: UUID) -> bool:
    async with database.work(Actor.system([organisation_id])) as work:
        case = await cases.lock_case(work, case_id)
        if case.state != "open" or case.holder != Holder(person=person):
            return False
        directory = await read_directory(work, organisation_id)
        taker = model.successor(directory, case, model.Leaving(person, "deactivated", None), work.now)
        if taker is None:
            return False
        await cases.hold_case(work, case_id, taker, case.department_id, "absent")
        if taker.person:
            await store.notify(work, organisation_id, taker.person, "given", case_id, None, person)
    return True


# One step ----------------------------------------------------------------------------------------------------


Deed = Callable[[Work, Directory, Case, Promise], Awaitable[bool]]


async def _step(database: Database, organisation_id: UUID, case_id: UUID, promise_id: UUID, deed: Deed) -> int:
    """One deed in its own transaction, on the locked case."""
    return await alone("watch", case_id, _on_the_locked_case(database, organisation_id, case_id, promise_id, deed))


async def _on_the_locked_case(
    database: Database, organisation_id: UUID, case_id: UUID, promise_id: UUID, deed: Deed
) -> bool:
    async with database.work(Actor.system([organisation_id])) as work:
        case = await cases.lock_case(work, case_id)
        promise = next((each for each in case.open_promises if each.id == promise_id), None)
        if promise is None:
            return False
        directory = await read_directory(work, organisation_id)
        return await deed(work, directory, case, promise)


async def oldest_overdue(work: Work, organisations: Sequence[UUID]) -> datetime | None:
    """When the promise that has been overdue longest was due; None when the watch has kept up."""
    due = await store.due_before(work, organisations, work.now, 1)
    return due[0].due_at if due else None
