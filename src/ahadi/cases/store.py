"""The only SQL of cases and promises. Every read starts from the organisations the actor may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.cases.events import Holder
from ahadi.cases.model import Case, Promise
from ahadi.platform.database import Work

CASE_COLUMNS = (
    "c.organisation_id, c.id, c.reference, c.customer_id, c.reason, c.state, c.holder_person, c.holder_department,"
    " c.held_since, c.department_id, c.priority, c.channel, c.language, c.opened_at, c.changed_at, c.resolved_at,"
    " c.resolution, c.contacts, c.escalated, c.rule_id, c.linked_to, c.merged_into, c.tags"
)
PROMISE_COLUMNS = (
    "p.id, p.case_id, p.kind, p.state, p.owner_person, p.owner_department, p.due_at, p.made_at, p.level, p.recovers,"
    " p.renews, p.successor, p.reminded_at, p.warned_at, p.settled_at, p.deed_kind, p.deed_id, p.told, p.reason"
)


def promise_from(row: dict[str, Any]) -> Promise:
    owner = Holder(row.pop("owner_person"), row.pop("owner_department"))
    return Promise(owner=owner, **row)


def case_from(row: dict[str, Any], promises: Sequence[Promise] = ()) -> Case:
    holder = Holder(row.pop("holder_person"), row.pop("holder_department"))
    return Case(holder=holder, promises=tuple(promises), **(row | {"tags": tuple(row["tags"])}))


# One case ----------------------------------------------------------------------------------------------------


async def find(work: Work, reference: str | UUID, *, lock: bool = False) -> Case | None:
    """A case with its open promises, by reference or id, among the actor's organisations; locked when asked."""
    by = "c.id" if isinstance(reference, UUID) else "c.reference"
    row = await work.row(
        f"select {CASE_COLUMNS} from cases c where c.organisation_id = any(%(organisations)s) and {by} = %(reference)s"
        + (" for update" if lock else ""),
        {"organisations": list(work.actor.organisations), "reference": reference},
    )
    if row is None:
        return None
    promises = await open_promises(work, row["organisation_id"], row["id"])
    return case_from(row, promises)


async def open_promises(work: Work, organisation_id: UUID, case_id: UUID) -> list[Promise]:
    rows = await work.rows(
        f"select {PROMISE_COLUMNS} from promise p where p.organisation_id = %(organisation_id)s"
        " and p.case_id = %(case_id)s and p.state = 'open' order by p.due_at, p.id",
        {"organisation_id": organisation_id, "case_id": case_id},
    )
    return [promise_from(row) for row in rows]


async def all_promises(work: Work, organisation_id: UUID, case_id: UUID) -> list[Promise]:
    """Every promise ever made about a case, in the order they were made."""
    rows = await work.rows(
        f"select {PROMISE_COLUMNS} from promise p where p.organisation_id = %(organisation_id)s"
        " and p.case_id = %(case_id)s order by p.made_at, p.id",
        {"organisation_id": organisation_id, "case_id": case_id},
    )
    return [promise_from(row) for row in rows]


async def case_of_promise(work: Work, promise_id: UUID) -> tuple[UUID, UUID] | None:
    """The organisation and case a promise belongs to."""
    row = await work.row(
        "select organisation_id, case_id from promise where organisation_id = any(%(organisations)s)"
        " and id = %(promise_id)s",
        {"organisations": list(work.actor.organisations), "promise_id": promise_id},
    )
    return (row["organisation_id"], row["case_id"]) if row else None


async def next_number(work: Work) -> int:
    """A number for a new case's reference; never given twice, sometimes skipped. Drawn 32 at a time."""
    if not work.numbers:
        rows = await work.rows("select nextval('case_number') as number from generate_series(1, 32)")
        work.numbers.extend(row["number"] for row in rows)
    return work.numbers.popleft()


# Writing -----------------------------------------------------------------------------------------------------


def _case_values(case: Case) -> dict[str, Any]:
    next_promise = case.next_promise
    return {
        "organisation_id": case.organisation_id,
        "id": case.id,
        "reference": case.reference,
        "customer_id": case.customer_id,
        "reason": case.reason,
        "state": case.state,
        "holder_person": case.holder.person,
        "holder_department": case.holder.department,
        "held_since": case.held_since,
        "department_id": case.department_id,
        "priority": case.priority,
        "channel": case.channel,
        "language": case.language,
        "opened_at": case.opened_at,
        "changed_at": case.changed_at,
        "resolved_at": case.resolved_at,
        "resolution": case.resolution,
        "contacts": case.contacts,
        "escalated": case.escalated,
        "rule_id": case.rule_id,
        "linked_to": case.linked_to,
        "merged_into": case.merged_into,
        "tags": list(case.tags),
        "next_promise_id": next_promise.id if next_promise else None,
    }


def insert_case(work: Work, case: Case) -> None:
    work.put("cases", _case_values(case))


async def update_case(work: Work, case: Case) -> None:
    await work.execute(
        "update cases set reason = %(reason)s, state = %(state)s, holder_person = %(holder_person)s,"
        " holder_department = %(holder_department)s, held_since = %(held_since)s, department_id = %(department_id)s,"
        " priority = %(priority)s, changed_at = %(changed_at)s, resolved_at = %(resolved_at)s,"
        " resolution = %(resolution)s, contacts = %(contacts)s, escalated = %(escalated)s,"
        " merged_into = %(merged_into)s, tags = %(tags)s, next_promise_id = %(next_promise_id)s"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        _case_values(case),
    )


def _promise_values(organisation_id: UUID, promise: Promise) -> dict[str, Any]:
    names = Promise.__dataclass_fields__.keys() - {"owner"}
    return {name: getattr(promise, name) for name in names} | {
        "organisation_id": organisation_id,
        "owner_person": promise.owner.person,
        "owner_department": promise.owner.department,
    }


def insert_promises(work: Work, organisation_id: UUID, promises: Sequence[Promise]) -> None:
    for each in promises:
        work.put("promise", _promise_values(organisation_id, each))


async def update_promises(work: Work, organisation_id: UUID, promises: Sequence[Promise]) -> None:
    await work.many(
        "update promise set state = %(state)s, owner_person = %(owner_person)s,"
        " owner_department = %(owner_department)s, successor = %(successor)s, reminded_at = %(reminded_at)s,"
        " warned_at = %(warned_at)s, settled_at = %(settled_at)s, deed_kind = %(deed_kind)s, deed_id = %(deed_id)s,"
        " told = %(told)s, reason = %(reason)s where organisation_id = %(organisation_id)s and id = %(id)s",
        [_promise_values(organisation_id, each) for each in promises],
    )


def insert_case_text(
    work: Work, organisation_id: UUID, case_id: UUID, subject: str, fields: Mapping[str, Any], folded: str
) -> None:
    row = {"organisation_id": organisation_id, "case_id": case_id, "subject": subject, "fields": fields}
    work.put("case_text", {**row, "folded": folded})
    work.kept["case_text", case_id] = CaseText(case_id, subject, dict(fields))


async def update_fields(work: Work, organisation_id: UUID, case_id: UUID, fields: str) -> None:
    await work.execute(
        "update case_text set fields = fields || %(fields)s::jsonb"
        " where organisation_id = %(organisation_id)s and case_id = %(case_id)s",
        {"organisation_id": organisation_id, "case_id": case_id, "fields": fields},
    )
    work.kept.pop(("case_text", case_id), None)


@dataclass(frozen=True, slots=True)
class CaseText:
    """A case's erasable words."""

    case_id: UUID
    subject: str
    fields: dict[str, Any]


async def texts_of(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> dict[UUID, CaseText]:
    """The words of cases; those written in this transaction are not asked for again."""
    kept: dict[UUID, CaseText] = {
        each: work.kept["case_text", each] for each in case_ids if ("case_text", each) in work.kept
    }
    wanted = [each for each in case_ids if each not in kept]
    if not wanted:
        return kept
    rows = await work.all(
        CaseText,
        "select case_id, subject, fields from case_text where organisation_id = %(organisation_id)s"
        " and case_id = any(%(case_ids)s)",
        {"organisation_id": organisation_id, "case_ids": wanted},
    )
    return kept | {each.case_id: each for each in rows}


def set_promise_text(work: Work, organisation_id: UUID, promise_id: UUID, text: str) -> None:
    work.put("promise_text", {"organisation_id": organisation_id, "promise_id": promise_id, "text": text})
    work.kept["promise_text", promise_id] = PromiseText(promise_id, text, None)


async def set_promise_note(work: Work, organisation_id: UUID, promise_id: UUID, note: str) -> None:
    await work.execute(
        "update promise_text set note = %(note)s where organisation_id = %(organisation_id)s"
        " and promise_id = %(promise_id)s",
        {"organisation_id": organisation_id, "promise_id": promise_id, "note": note},
    )
    work.kept.pop(("promise_text", promise_id), None)


@dataclass(frozen=True, slots=True)
class PromiseText:
    """A promise's erasable words: what was promised, and what became of it."""

    promise_id: UUID
    text: str
    note: str | None


async def promise_texts(work: Work, organisation_id: UUID, promise_ids: Sequence[UUID]) -> dict[UUID, PromiseText]:
    """The words of promises; those written in this transaction are not asked for again."""
    kept: dict[UUID, PromiseText] = {
        each: work.kept["promise_text", each] for each in promise_ids if ("promise_text", each) in work.kept
    }
    wanted = [each for each in promise_ids if each not in kept]
    if not wanted:
        return kept
    rows = await work.all(
        PromiseText,
        "select promise_id, text, note from promise_text where organisation_id = %(organisation_id)s"
        " and promise_id = any(%(promise_ids)s)",
        {"organisation_id": organisation_id, "promise_ids": wanted},
    )
    return kept | {each.promise_id: each for each in rows}


async def promises_with_texts(
    work: Work, organisation_id: UUID, case_id: UUID
) -> tuple[list[Promise], dict[UUID, PromiseText]]:
    """Every promise ever made about a case, in the order they were made, and their words."""
    rows = await work.rows(
        f"select {PROMISE_COLUMNS}, t.text, t.note from promise p left join promise_text t"
        " on t.organisation_id = p.organisation_id and t.promise_id = p.id"
        " where p.organisation_id = %(organisation_id)s and p.case_id = %(case_id)s order by p.made_at, p.id",
        {"organisation_id": organisation_id, "case_id": case_id},
    )
    texts = {row["id"]: PromiseText(row["id"], row.pop("text") or "", row.pop("note")) for row in rows}
    return [promise_from(row) for row in rows], texts


# The touch ---------------------------------------------------------------------------------------------------


async def link_version(work: Work, organisation_id: UUID, case_id: UUID) -> int | None:
    """The version that valid links to the customer's page carry; 1 for a case of this transaction."""
    if ("case_text", case_id) in work.kept:
        return 1
    version: int | None = await work.value(
        "select link_version from cases where organisation_id = %(organisation_id)s and id = %(case_id)s",
        {"organisation_id": organisation_id, "case_id": case_id},
    )
    return version


async def raise_link_version(work: Work, organisation_id: UUID, case_id: UUID) -> None:
    await work.execute(
        "update cases set link_version = link_version + 1 where organisation_id = %(organisation_id)s"
        " and id = %(case_id)s",
        {"organisation_id": organisation_id, "case_id": case_id},
    )


# Placing -----------------------------------------------------------------------------------------------------


async def cases_of_customers(
    work: Work, organisation_id: UUID, customer_ids: Sequence[UUID], resolved_since: datetime
) -> list[Case]:
    """Cases of one person (all their merged customers) that are open or were resolved since, newest first; locked."""
    rows = await work.rows(
        f"select {CASE_COLUMNS} from cases c where c.organisation_id = %(organisation_id)s"
        " and c.customer_id = any(%(customer_ids)s) and c.merged_into is null"
        " and (c.state = 'open' or c.resolved_at >= %(since)s) order by c.opened_at desc limit 50",
        {"organisation_id": organisation_id, "customer_ids": list(customer_ids), "since": resolved_since},
    )
    return [case_from(row) for row in rows]


async def recent_contacts_of(work: Work, organisation_id: UUID, case_id: UUID, since: datetime) -> int:
    """How many contacts joined a case since a moment (from its journal); an imported one when it really came."""
    count: int = await work.value(
        "select count(*) from journal where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " and kind in ('case.opened', 'case.contact_joined') and at >= %(since)s"
        " and coalesce((facts ->> 'opened_at')::timestamptz, at) >= %(since)s",
        {"organisation_id": organisation_id, "case_id": case_id, "since": since},
    )
    return count


async def moved_by_people(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Cases that a person put elsewhere by hand, and the department they left them in."""
    rows = await work.rows(
        "select distinct on (case_id) case_id, (facts ->> 'department_id')::uuid as department_id from journal"
        " where organisation_id = %(organisation_id)s and case_id = any(%(case_ids)s) and kind = 'case.held'"
        " and facts ->> 'why' = 'assigned' and facts ->> 'department_id' is not null order by case_id, seq desc",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )
    return {row["case_id"]: row["department_id"] for row in rows}
