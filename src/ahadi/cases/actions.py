"""What a person can do with a case and its promises: authorise, lock, decide, store, journal.

Each action locks the case's row first, so what happens to one case happens in an order, and its journal tells it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi import contacts
from ahadi.base.clock import utc
from ahadi.base.errors import Forbidden, Invalid
from ahadi.base.ids import parse_reference, reference_of, uuid7
from ahadi.base.text import fold, one_line, words
from ahadi.cases import model, store
from ahadi.cases.errors import NoSuchCase, NoSuchPromise, PromiseAlreadySettled
from ahadi.cases.events import (
    CaseEscalated,
    CaseOpened,
    CaseReclassified,
    CaseTagged,
    ContactJoined,
    Event,
    Holder,
    Priority,
    PromiseKind,
    PromiseReminded,
    PromiseWarned,
    subject_of,
    to_facts,
)
from ahadi.cases.model import Case, Deed, NewPromise, Promise
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise to be made, with its words. `due_at` is business time, UTC."""

    kind: PromiseKind
    owner: Holder
    due_at: datetime
    text: str
    id: UUID = field(default_factory=uuid7)

    def plain(self) -> NewPromise:
        return NewPromise(self.id, self.kind, self.owner, utc(self.due_at))


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to be opened. `opened_at` only for one that another system opened earlier."""

    customer_id: UUID
    subject: str
    holder: Holder
    channel: str
    language: str
    promise: Promised
    prefix: str
    department_id: UUID | None = None
    reason: str | None = None
    priority: Priority = "normal"
    rule_id: str | None = None
    linked_to: UUID | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    opened_at: datetime | None = None


# Reading -----------------------------------------------------------------------------------------------------


async def get_case(work: Work, reference: str | UUID) -> Case:
    """A case with its open promises. Raises NoSuchCase for any case the actor may not see."""
    return _visible(work, await store.find(work, canonical(reference)), str(reference), "case.read")


async def own_case(work: Work, reference: str | UUID) -> Case:
    """The case of the customer who acts: theirs and no other. Raises NoSuchCase."""
    return _visible(work, await store.find(work, canonical(reference)), str(reference), "case.own")


async def lock_case(work: Work, reference: str | UUID, permission: str = "case.work") -> Case:
    """The case, locked until the end of the transaction. Raises NoSuchCase, Forbidden."""
    return _visible(work, await store.find(work, canonical(reference), lock=True), str(reference), permission)


def canonical(reference: str | UUID) -> str | UUID:
    """A reference as it is stored, however it was typed. Raises NoSuchCase."""
    if isinstance(reference, UUID):
        return reference
    parsed = parse_reference(reference)
    if parsed is None:
        raise NoSuchCase(one_line(reference, 20))
    return parsed


def _visible(work: Work, case: Case | None, name: str, permission: str) -> Case:
    if case is None or (work.actor.case_id and work.actor.case_id != case.id):
        raise NoSuchCase(one_line(name, 40))
    work.permit(case.organisation_id, permission)
    return case


async def lock_promise(work: Work, promise_id: UUID, permission: str = "promise.settle") -> Case:
    """The case of a promise, locked. Raises NoSuchPromise."""
    found = await store.case_of_promise(work, promise_id)
    if found is None:
        raise NoSuchPromise(promise_id)
    case = await lock_case(work, found[1], permission)
    if not any(each.id == promise_id for each in case.promises):
        settled = {each.id: each for each in await store.all_promises(work, case.organisation_id, case.id)}
        raise PromiseAlreadySettled(promise_id, settled[promise_id].state)
    return case


# One way to write --------------------------------------------------------------------------------------------


async def commit(work: Work, case: Case | None, events: Sequence[Event], organisation_id: UUID, case_id: UUID) -> Case:
    """Apply events to a locked (or new) case: write what changed, and journal each event in order."""
    after = model.apply_all(case, events, work.now, organisation_id, case_id)
    before = {each.id: each for each in case.promises} if case else {}
    if case is None:
        store.insert_case(work, after)
    elif after != case:
        await store.update_case(work, after)
    store.insert_promises(work, organisation_id, [p for p in after.promises if p.id not in before])
    changed = [p for p in after.promises if p.id in before and p != before[p.id]]
    await store.update_promises(work, organisation_id, changed)
    journal(work, after, events)
    return after


def journal(work: Work, case: Case, events: Sequence[Event]) -> None:
    """Record what happened to a case, in order."""
    for event in events:
        facts = to_facts(event) | {"reference": case.reference}
        work.record(event.kind, case.organisation_id, case_id=case.id, subject_id=subject_of(event), **facts)


async def _change(work: Work, case: Case, events: Sequence[Event]) -> Case:
    return await commit(work, case, events, case.organisation_id, case.id) if events else case


async def _words(work: Work, case: Case, *promised: Promised) -> None:
    made = {each.id for each in case.promises}
    for each in promised:
        if each.id in made:
            store.set_promise_text(work, case.organisation_id, each.id, each.text)


# Cases -------------------------------------------------------------------------------------------------------


def opening(new: NewCase, reference: str) -> CaseOpened:
    """The event that opens a case under a reference."""
    return CaseOpened(
        reference=reference,
        customer_id=new.customer_id,
        holder=new.holder,
        channel=new.channel,
        language=new.language,
        reason=new.reason,
        department_id=new.department_id,
        priority=new.priority,
        rule_id=new.rule_id,
        linked_to=new.linked_to,
        tags=new.tags,
        opened_at=new.opened_at,
    )


def search_words(text: str) -> str:
    """The words a case is found by: folded, each once, of at most 60 characters."""
    return " ".join(dict.fromkeys(word[:60] for word in words(text)))


async def open_case(work: Work, organisation_id: UUID, new: NewCase) -> Case:
    """Open a case, held by somebody, with its first promise."""
    work.permit(organisation_id, "case.work")
    reference = None
    while reference is None:
        reference = reference_of(new.prefix, await store.next_number(work))
    opened, case_id = opening(new, reference), uuid7()
    empty = model.apply_all(None, [opened], work.now, organisation_id, case_id)
    case = await commit(
        work, None, [opened, *model.decide_promise(empty, new.promise.plain(), work.now)], organisation_id, case_id
    )
    subject = one_line(new.subject) or "–"
    folded = search_words(f"{reference} {subject}")
    store.insert_case_text(work, organisation_id, case_id, subject, new.fields, folded)
    await _words(work, case, new.promise)
    return case


async def join_contact(work: Work, case: Case, contact_id: UUID) -> Case:
    """One more contact about a locked case."""
    return await _change(work, case, [ContactJoined(contact_id)])


async def hold_case(
    work: Work, reference: str | UUID, holder: Holder, department_id: UUID | None, why: str = "assigned"
) -> Case:
    """Give the case to a person or department; promises owned by the former holder go along."""
    case = await lock_case(work, reference)
    return await _change(work, case, model.decide_hold(case, holder, department_id, why))


async def resolve_case(
    work: Work,
    reference: str | UUID,
    *,
    resolution: str = "done",
    keep: Mapping[UUID, Deed] | None = None,
    withdraw: Mapping[UUID, str] | None = None,
) -> Case:
    """End the case, keeping or withdrawing each open promise. Raises PromisesStillOpen naming those left."""
    case = await lock_case(work, reference, "case.resolve")
    return await _change(work, case, model.decide_resolve(case, resolution, keep or {}, withdraw or {}, work.now))


async def reopen_case(work: Work, reference: str | UUID, holder: Holder, promised: Promised) -> Case:
    """Open a resolved case again, with an update promise."""
    case = await lock_case(work, reference)
    case = await _change(work, case, model.decide_reopen(case, holder, promised.plain(), work.now))
    await _words(work, case, promised)
    return case


async def merge_cases(work: Work, reference: str | UUID, into: str | UUID) -> Case:
    """The same matter twice: the first ends, its open promises go on with the second. Locks both, by id."""
    first, second = await get_case(work, reference), await get_case(work, into)
    if first.organisation_id != second.organisation_id or first.id == second.id:
        raise Invalid("A case can be merged into another case of the same organisation.")
    locked = {each: await lock_case(work, each) for each in sorted((first.id, second.id))}
    first, second = locked[first.id], locked[second.id]
    moved = [NewPromise(uuid7(), p.kind, p.owner, p.due_at) for p in first.open_promises]
    texts = await store.promise_texts(work, first.organisation_id, [p.id for p in first.open_promises])
    gone, joined = model.decide_merge(first, second, moved, work.now)
    await _change(work, first, gone)
    merged = await _change(work, second, joined)
    inside = work.as_installation(first.organisation_id)
    moving = await contacts.contacts_of(work, first.organisation_id, first.id)
    await contacts.place_contacts(inside, first.organisation_id, moving, second.id)
    for old, new in zip(first.open_promises, moved, strict=True):
        text = texts[old.id].text if old.id in texts else ""
        store.set_promise_text(work, first.organisation_id, new.id, text)
    return merged


async def tag_case(work: Work, reference: str | UUID, tags: Sequence[str]) -> Case:
    """Set the case's tags: short codes, sorted, without repeats."""
    case = await lock_case(work, reference)
    wanted = tuple(sorted({fold(tag).replace(" ", "-") for tag in tags if tag.strip()}))
    return await _change(work, case, [CaseTagged(wanted)] if wanted != case.tags else [])


async def reclassify_case(
    work: Work, reference: str | UUID, *, reason: str | None = None, priority: Priority | None = None
) -> Case:
    """Change what the case is about, or how urgent it is."""
    case = await lock_case(work, reference)
    wanted = CaseReclassified(reason or case.reason, priority or case.priority)
    changed = (wanted.reason, wanted.priority) != (case.reason, case.priority)
    return await _change(work, case, [wanted] if changed else [])


async def set_fields(work: Work, reference: str | UUID, fields: Mapping[str, Any]) -> Case:
    """Set custom fields of the case; those not named stay. The journal tells which, not what."""
    case = await lock_case(work, reference)
    await store.update_fields(work, case.organisation_id, case.id, orjson.dumps(dict(fields)).decode())
    work.record(
        "case.fields_set", case.organisation_id, case_id=case.id, names=sorted(fields), reference=case.reference
    )
    return case


async def escalate_case(work: Work, reference: str | UUID, person: UUID | None, why: str) -> Case:
    """Bring the case before somebody who can decide."""
    case = await lock_case(work, reference)
    return await _change(work, case, [CaseEscalated(person, why)])


# Promises ----------------------------------------------------------------------------------------------------


async def make_promise(work: Work, reference: str | UUID, promised: Promised) -> tuple[Case, Promise]:
    """Promise something more to the customer. Raises DueInThePast, CaseAlreadyResolved."""
    case = await lock_case(work, reference)
    case = await _change(work, case, model.decide_promise(case, promised.plain(), work.now))
    await _words(work, case, promised)
    return case, next(each for each in case.promises if each.id == promised.id)


async def keep_promise(work: Work, promise_id: UUID, deed: Deed, note: str | None, following: Promised) -> Case:
    """The deed was done. When this was the case's last open promise, `following` is made with it."""
    case = await lock_promise(work, promise_id)
    case = await _change(work, case, model.decide_keep(case, promise_id, deed, following.plain(), work.now))
    await _words(work, case, following)
    if note:
        await store.set_promise_note(work, case.organisation_id, promise_id, note)
    return case


async def renew_promise(work: Work, promise_id: UUID, renewed: Promised, told: UUID, reason: str | None = None) -> Case:
    """Promise another time before the first lapses. `told` is the message that tells the customer."""
    case = await lock_promise(work, promise_id)
    case = await _change(work, case, model.decide_renew(case, promise_id, renewed.plain(), told, work.now))
    await _words(work, case, renewed)
    if reason:
        await store.set_promise_note(work, case.organisation_id, promise_id, reason)
    return case


async def withdraw_promise(work: Work, promise_id: UUID, reason: str, note: str | None, following: Promised) -> Case:
    """Take a promise back, with a reason code. The last open promise of a case leaves `following`."""
    case = await lock_promise(work, promise_id)
    case = await _change(work, case, model.decide_withdraw(case, promise_id, reason, following.plain(), work.now))
    await _words(work, case, following)
    if note:
        await store.set_promise_note(work, case.organisation_id, promise_id, note)
    return case


async def break_promise(work: Work, case: Case, promise_id: UUID, recovery: Promised) -> Case:
    """The clock found a promise of a locked case overdue. Only the installation itself may say so."""
    if work.actor.kind != "system":
        raise Forbidden("Only the clock breaks a promise.")
    case = await _change(work, case, model.decide_break(case, promise_id, recovery.plain(), work.now))
    await _words(work, case, recovery)
    return case


async def hand_over_promise(work: Work, case: Case, promise_id: UUID, owner: Holder, why: str | None = None) -> Case:
    """Somebody else owns a promise of a locked case from now on; `why` is a code of the event."""
    work.permit(case.organisation_id, "case.work")
    return await _change(work, case, model.decide_hand_over(case, promise_id, owner, why))


async def mark_reminded(work: Work, case: Case, promise_id: UUID) -> Case:
    """The owner of a promise of a locked case was reminded."""
    return await _change(work, case, [PromiseReminded(case.promise(promise_id).id)])


async def mark_warned(work: Work, case: Case, promise_id: UUID, told: UUID) -> Case:
    """The customer was told, before it lapses, that a promise of a locked case is at risk."""
    return await _change(work, case, [PromiseWarned(case.promise(promise_id).id, told)])
