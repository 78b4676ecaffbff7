"""What people do with promises and cases, and what follows from it: the usual next promise, the customer told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ahadi import cases, contacts
from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.cases import Case, Deed, Holder, Promise, Promised, PromiseKind, promise_text
from ahadi.contacts import Writing
from ahadi.customers import get_customer
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.promises import booking_store, model, store
from ahadi.promises.bookings import cancel_booking
from ahadi.promises.telling import tell_of
from ahadi.promises.upkeep import calendar_ends, end_bookings, follow


@dataclass(frozen=True, slots=True)
class Told:
    """How the customer was told of a new time: on a channel, in these words. On the phone it was spoken."""

    channel: Literal["phone", "email", "sms", "web", "chat"]
    text: str


def named(directory: Directory, person: str | None, department: str | None) -> Holder:
    """A holder by id or short name. Raises Invalid unless exactly one is named, and for somebody inactive."""
    if (person is None) == (department is None):
        raise Invalid("Name either a person or a department.")
    if department is not None:
        return Holder(department=directory.department(department).id)
    found = directory.person(person or "")
    if not directory.serves(found.id):
        raise Invalid(f"{found.name} is not active here; name somebody who is.", person=person)
    return Holder(person=found.id)


def called(directory: Directory, key: str) -> Holder:
    """A person or a department, active or not, by id or short name. Raises Invalid naming what was not found."""
    for each in directory.people.values():
        if key in (each.slug, str(each.id)):
            return Holder(person=each.id)
    for other in directory.departments.values():
        if key in (other.slug, str(other.id)):
            return Holder(department=other.id)
    raise Invalid(f"There is no person or department {key!r}; name one by id or short name.", owner=key)


def owner_named(directory: Directory, key: str | None, otherwise: Holder) -> Holder:
    """An owner by a person's or department's id or short name; `otherwise` when none is named."""
    if key is None:
        return otherwise
    found = called(directory, key)
    return named(directory, key, None) if found.person else found


async def make_promise(
    work: Work,
    reference: str,
    kind: PromiseKind,
    due_at: datetime,
    text: str | None = None,
    owner: str | None = None,
) -> tuple[Case, Promise]:
    """Promise something to the customer; owned by the holder unless somebody else is named."""
    case = await cases.lock_case(work, reference)
    directory = await read_directory(work, case.organisation_id)
    words = (text or "").strip() or promise_text(kind, case.language)
    held = owner_named(directory, owner, case.holder)
    case, made = await cases.make_promise(work, case.id, Promised(kind, held, utc(due_at), words))
    if kind == "callback":
        inside = work.as_installation(case.organisation_id)
        customer = await get_customer(inside, case.organisation_id, case.customer_id)
        phone = customer.reach("phone")
        if phone is not None:
            said = (made.kind, words, made.due_at)
            extra: dict[str, contacts.Value] = {"callback.phone": phone.shown}
            await cases.tell_customer(
                work, directory, case, "callback_booked", about=made.id, promise=said, extra=extra, customer=customer
            )
    return case, made


async def keep_promise(work: Work, promise_id: UUID, kind: str, note: str | None = None) -> Case:
    """The deed was done: a contact, a message, a work item, a visit, or an act that the note tells.

    When it was the last open promise of a case that goes on, an update is promised with it.
    """
    if kind not in cases.DEEDS:
        raise Invalid(f"A deed is one of {', '.join(cases.DEEDS)}, not {kind!r}.", kind=kind)
    case = await cases.lock_promise(work, promise_id)
    directory = await read_directory(work, case.organisation_id)
    deed_id = await contacts.note(work, case.organisation_id, case.id, note) if note and note.strip() else None
    deed = Deed(kind, deed_id)  # type: ignore[arg-type]
    case = await cases.keep_promise(work, promise_id, deed, note, model.following(directory, case, work.now))
    await end_bookings(work, case.organisation_id, [promise_id])
    return case


async def renew_promise(
    work: Work, promise_id: UUID, due_at: datetime, reason: str | None, told: Told | None
) -> tuple[Case, Promise]:
    """Agree on another time before the first lapses. The customer is told: as `told` says, or by our template."""
    case = await cases.lock_promise(work, promise_id)
    directory = await read_directory(work, case.organisation_id)
    old = case.promise(promise_id)
    texts = await cases.promise_texts(work, case.organisation_id, [promise_id])
    words = texts[promise_id].text if promise_id in texts else ""
    renewed = Promised(old.kind, old.owner, utc(due_at), words)
    message_id: UUID | None
    inside = work.as_installation(case.organisation_id)
    customer = await get_customer(inside, case.organisation_id, case.customer_id)
    moved = await follow(work, directory, customer, promise_id, renewed)
    if told is not None:
        message_id = await _said(work, case, told, promise_id)
    elif moved is not None:
        last, extra = (words, old.due_at), {"reason": reason}
        message_id = await tell_of(
            work, directory, case, customer, moved, "appointment_moved", renewed, last=last, extra=extra
        )
    else:
        message_id = await cases.tell_customer(
            work,
            directory,
            case,
            "promise_renewed",
            about=promise_id,
            promise=(old.kind, words, renewed.due_at),
            last=(words, old.due_at),
            extra={"reason": reason},
        )
    if message_id is None:
        raise Invalid("The customer has not been told of the new time; say how they were told.")
    case = await cases.renew_promise(work, promise_id, renewed, message_id, reason)
    if moved is not None:
        await booking_store.update_booking(work, moved)
    return case, case.promise(renewed.id)


async def _said(work: Work, case: Case, told: Told, about: UUID) -> UUID:
    if not told.text.strip():
        raise Invalid("Say in which words the customer was told.")
    if told.channel == "phone":
        return await contacts.took_place(
            work, case.organisation_id, case.id, case.customer_id, "phone", told.text.strip()
        )
    customer = await get_customer(work.as_installation(case.organisation_id), case.organisation_id, case.customer_id)
    channel, recipient = await contacts.way_open(work, case.organisation_id, customer, told.channel)
    writing = Writing(
        channel=channel,
        case_id=case.id,
        customer_id=customer.id,
        recipient=recipient,
        body=told.text.strip(),
        subject=f"About your request {case.reference}" if channel == "email" else None,
        intent=f"told:{about}",
    )
    await contacts.write(work, case.organisation_id, writing)
    return writing.id


async def withdraw_promise(work: Work, promise_id: UUID, reason: str) -> Case:
    """Take a promise back, saying why. The last open promise of a case leaves an update promise.

    Of one that was booked for a time the customer is told, and their calendar.
    """
    if not reason.strip():
        raise Invalid("Say why the promise is withdrawn.")
    case = await cases.lock_promise(work, promise_id)
    for booking in await booking_store.bookings_of_promises(work, case.organisation_id, [promise_id]):
        return (await cancel_booking(work, booking.id, note=reason.strip()))[0]
    directory = await read_directory(work, case.organisation_id)
    next_ = model.following(directory, case, work.now)
    return await cases.withdraw_promise(work, promise_id, "withdrawn", reason.strip(), next_)


async def hold_case(
    work: Work, reference: str, person: str | None, department: str | None, note: str | None = None
) -> Case:
    """Give the case, with the former holder's promises and the notes, to a person or department; tell the customer."""
    case = await cases.lock_case(work, reference)
    directory = await read_directory(work, case.organisation_id)
    holder = named(directory, person, department)
    if note and note.strip():
        await contacts.note(work, case.organisation_id, case.id, note)
    if holder == case.holder:
        return case
    responsible = holder.department or _department_of(directory, holder.person, case.department_id)
    former = case.holder.person
    case = await cases.hold_case(work, case.id, holder, responsible)
    if holder.person and holder.person != work.actor.person_id:
        await store.notify(work, case.organisation_id, holder.person, "given", case.id, None, work.actor.person_id)
    if former and former not in (work.actor.person_id, holder.person):
        await store.notify(work, case.organisation_id, former, "taken", case.id, None, holder.person)
    await cases.tell_customer(work, directory, case, "handed_over", about=_moment(case))
    return case


def _department_of(directory: Directory, person: UUID | None, current: UUID | None) -> UUID | None:
    membership = directory.memberships.get(person or UUID(int=0))
    if membership is None or not membership.departments or current in membership.departments:
        return current
    return min(membership.departments)


def _moment(case: Case) -> UUID:
    """A name for this change of holder, so that its message goes out once."""
    return UUID(int=(case.id.int ^ int(case.held_since.timestamp() * 1_000_000)) & ((1 << 128) - 1))


async def resolve_case(
    work: Work,
    reference: str,
    *,
    outcome: str | None = None,
    keep: Sequence[UUID] = (),
    withdraw: Sequence[UUID] = (),
    deed: str = "note",
    reason: str = "not-needed",
) -> Case:
    """End the case: each open promise is kept (by the deed) or withdrawn. The customer is told what was done."""
    case = await cases.lock_case(work, reference, "case.resolve")
    directory = await read_directory(work, case.organisation_id)
    done = Deed(deed)  # type: ignore[arg-type]
    case = await cases.resolve_case(
        work, case.id, keep=dict.fromkeys(keep, done), withdraw=dict.fromkeys(withdraw, reason)
    )
    if outcome and outcome.strip():
        await contacts.note(work, case.organisation_id, case.id, outcome)
    assert case.resolved_at is not None
    about = UUID(int=(case.id.int ^ int(case.resolved_at.timestamp() * 1_000_000)) & ((1 << 128) - 1))
    said = (outcome or "").strip() or {"sw": "tumelishughulikia"}.get(case.language, "it has been dealt with")
    enclosed = await _bookings_ended(work, directory, case, [*keep, *withdraw])
    extra: dict[str, contacts.Value] = {"case.outcome": said}
    await cases.tell_customer(work, directory, case, "resolved", about=about, extra=extra, enclosed=enclosed)
    return case


async def _bookings_ended(
    work: Work, directory: Directory, case: Case, settled: Sequence[UUID]
) -> tuple[contacts.Enclosure, ...]:
    """End the bookings of promises that were settled; what takes them out of the customer's calendar."""
    ended = await end_bookings(work, case.organisation_id, settled)
    if not ended:
        return ()
    inside = work.as_installation(case.organisation_id)
    customer = await get_customer(inside, case.organisation_id, case.customer_id)
    return calendar_ends(work, directory, case, customer, ended)


async def reopen_case(work: Work, reference: str, note: str | None = None) -> Case:
    """Open a resolved case again, with whoever had it (or their department), and promise an update."""
    case = await cases.lock_case(work, reference)
    directory = await read_directory(work, case.organisation_id)
    holder = case.holder
    if holder.person and not directory.serves(holder.person):
        holder = Holder(department=case.department_id) if case.department_id else holder
    within = directory.organisation.settings.promise("update").within
    due = model.due_within(directory, within, case.department_id, work.now)
    promised = Promised("update", holder, due, promise_text("reopened", case.language))
    case = await cases.reopen_case(work, case.id, holder, promised)
    if note and note.strip():
        await contacts.note(work, case.organisation_id, case.id, note)
    await cases.tell_customer(work, directory, case, "reopened", about=promised.id)
    return case


async def merge_cases(work: Work, reference: str, into: str) -> Case:
    """The same matter twice: the first ends in the second, with its open promises and the times booked for them.

    Locks both cases. Raises Invalid, Conflict.
    """
    first, second = await cases.get_case(work, reference), await cases.get_case(work, into)
    locked = {each: await cases.lock_case(work, each) for each in sorted((first.id, second.id))}
    open_before, before = locked[first.id].open_promises, {each.id for each in locked[second.id].promises}
    merged = await cases.merge_cases(work, first.id, second.id)
    gone_on = sorted((each for each in merged.open_promises if each.id not in before), key=lambda each: each.id)
    pairs = dict(zip((each.id for each in open_before), (each.id for each in gone_on), strict=True))
    for booking in await booking_store.bookings_of_promises(work, first.organisation_id, list(pairs)):
        await booking_store.carry_booking(work, booking, merged.id, pairs[booking.promise_id])
        work.record("booking.carried", first.organisation_id, case_id=merged.id, subject_id=booking.id, was=first.id)
    return merged
