"""The SQL of lists: cases and promises, filtered and paged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ahadi.cases.events import Holder
from ahadi.cases.store import CASE_COLUMNS, PROMISE_COLUMNS
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class PromiseFilter:
    """Which promises to list. `after` is the sort key (moment, id) of the last one seen."""

    state: Literal["open", "kept", "renewed", "broken", "withdrawn"] | None = None
    due_before: datetime | None = None
    owner: Holder | None = None
    case_id: UUID | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


async def list_promises(work: Work, organisations: Sequence[UUID], wanted: PromiseFilter) -> list[dict[str, Any]]:
    """Open promises earliest due first, others newest change first; each with its case's reference and subject.

    One index scan an organisation, so that the order by due date needs no sort of everything; and one look-up for each
    row found (`offset 0`), which a plan made for any number of rows would take for too many and read whole tables.
    """
    opened = wanted.state == "open"
    clauses = ["p.state = 'open'" if opened else "p.state <> 'open'" if wanted.state else "true"]
    if wanted.state and not opened:
        clauses.append("p.state = %(state)s")
    if wanted.due_before:
        clauses.append("p.due_at < %(due_before)s")
    if wanted.case_id:
        clauses.append("p.case_id = %(case_id)s")
    if wanted.owner:
        clauses.append("p.owner_person = %(owner)s" if wanted.owner.person else "p.owner_department = %(owner)s")
    key = "p.due_at" if opened else "p.settled_at" if wanted.state else "p.made_at"
    order = f"{key}, p.id" if opened else f"{key} desc, p.id desc"
    if wanted.after:
        clauses.append(f"({key}, p.id) {'>' if opened else '<'} (%(after_at)s, %(after_id)s)")
    return await work.rows(
        "select q.*, c.reference, x.subject, t.text, t.note from (select o.id as organisation_id, r.*"
        " from unnest(%(organisations)s::uuid[]) as o (id)"
        f" cross join lateral (select {PROMISE_COLUMNS}, {key} as sort_at from promise p where p.organisation_id = o.id"
        f" and {' and '.join(clauses)} order by {order} limit %(limit)s) r) q"
        " cross join lateral (select reference from cases"
        " where organisation_id = q.organisation_id and id = q.case_id offset 0) c"
        " left join lateral (select subject from case_text"
        " where organisation_id = q.organisation_id and case_id = q.case_id offset 0) x on true"
        " left join lateral (select text, note from promise_text"
        " where organisation_id = q.organisation_id and promise_id = q.id offset 0) t on true"
        f" order by {order.replace('p.', 'q.') if opened else 'q.sort_at desc, q.id desc'} limit %(limit)s",
        {
            "organisations": list(organisations),
            "state": wanted.state,
            "due_before": wanted.due_before,
            "case_id": wanted.case_id,
            "owner": (wanted.owner.person or wanted.owner.department) if wanted.owner else None,
            "after_at": wanted.after[0] if wanted.after else None,
            "after_id": wanted.after[1] if wanted.after else None,
            "limit": wanted.limit,
        },
    )


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list, newest change first. `words` are folded words that all must occur."""

    state: Literal["open", "resolved"] | None = None
    holder: Holder | None = None
    department_id: UUID | None = None
    customer_ids: tuple[UUID, ...] | None = None
    reason: str | None = None
    words: tuple[str, ...] = ()
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


async def references_of(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The references of cases, in one look."""
    rows = await work.rows(
        "select id, reference from cases where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(case_ids)},
    )
    return {each["id"]: each["reference"] for each in rows}


async def list_cases(work: Work, organisations: Sequence[UUID], wanted: CaseFilter) -> list[dict[str, Any]]:
    """Cases with subject and next promise, newest change first; looked up as `list_promises` does."""
    clauses = ["true"]
    if wanted.state:
        clauses.append("c.state = 'open'" if wanted.state == "open" else "c.state = 'resolved'")
    if wanted.holder:
        clauses.append("c.holder_person = %(holder)s" if wanted.holder.person else "c.holder_department = %(holder)s")
    if wanted.department_id:
        clauses.append("c.department_id = %(department_id)s")
    source = "cases"
    if wanted.customer_ids is not None:  # found by who they are about, and sorted then: they are few
        source = "(select * from cases where organisation_id = o.id and customer_id = any(%(customer_ids)s) offset 0)"
    if wanted.reason:
        clauses.append("c.reason = %(reason)s")
    if wanted.after:
        clauses.append("(c.changed_at, c.id) < (%(after_at)s, %(after_id)s)")
    if wanted.words:
        clauses.append(
            "c.id in (select t.case_id from case_text t where t.organisation_id = o.id"
            " and t.words @@ (%(words)s || ' & ''' || o.id || '''')::tsquery)"
        )
    return await work.rows(
        f"select q.*, t.subject, p.kind as promise_kind, p.due_at as promise_due_at, p.owner_person as promise_owner"
        f" from (select r.* from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral"
        f" (select {CASE_COLUMNS}, c.next_promise_id from {source} c where c.organisation_id = o.id"
        f" and {' and '.join(clauses)}"
        " order by c.changed_at desc, c.id desc limit %(limit)s) r) q"
        " left join lateral (select subject from case_text"
        " where organisation_id = q.organisation_id and case_id = q.id offset 0) t on true"
        " left join lateral (select kind, due_at, owner_person from promise"
        " where organisation_id = q.organisation_id and id = q.next_promise_id offset 0) p on true"
        " order by q.changed_at desc, q.id desc limit %(limit)s",
        {
            "organisations": list(organisations),
            "holder": (wanted.holder.person or wanted.holder.department) if wanted.holder else None,
            "department_id": wanted.department_id,
            "customer_ids": list(wanted.customer_ids) if wanted.customer_ids is not None else None,
            "reason": wanted.reason,
            "after_at": wanted.after[0] if wanted.after else None,
            "after_id": wanted.after[1] if wanted.after else None,
            "words": " & ".join(f"'{word}':*" for word in wanted.words),
            "limit": wanted.limit,
        },
    )


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a line of some list: its reference, what it is about, and who has it."""

    organisation_id: UUID
    id: UUID
    reference: str
    state: str
    holder_person: UUID | None
    holder_department: UUID | None
    subject: str | None


async def lines_of_cases(work: Work, organisations: Sequence[UUID], case_ids: Sequence[UUID]) -> dict[UUID, CaseLine]:
    """These cases, each in a line."""
    found = await work.all(
        CaseLine,
        "select c.organisation_id, c.id, c.reference, c.state, c.holder_person, c.holder_department, t.subject"
        " from cases c left join case_text t on t.organisation_id = c.organisation_id and t.case_id = c.id"
        " where c.organisation_id = any(%(organisations)s) and c.id = any(%(ids)s)",
        {"organisations": list(organisations), "ids": list(case_ids)},
    )
    return {each.id: each for each in found}


async def list_waiting(work: Work, organisations: Sequence[UUID], person: UUID, limit: int) -> list[dict[str, Any]]:
    """Open cases somebody holds whose customer wrote and has had no person's answer since, the longest wait first;
    with their subjects.

    `since` is when the first unanswered words came (business time), `channel` how. A call needs no answer: it had one.
    """
    return await work.rows(
        "select c.organisation_id, c.id as case_id, c.reference, w.since, w.channel, (select x.subject from case_text x"
        " where x.organisation_id = c.organisation_id and x.case_id = c.id) as subject from cases c cross join lateral"
        " (select min(m.at) as since, (array_agg(m.channel order by m.at desc))[1] as channel from message m"
        " where m.organisation_id = c.organisation_id and m.case_id = c.id and m.direction = 'in'"
        " and m.channel <> 'phone' and not exists (select from message o where o.organisation_id = c.organisation_id"
        " and o.case_id = c.id and o.direction = 'out' and not o.automatic and o.state <> 'cancelled'"
        " and o.at >= m.at)) w where c.organisation_id = any(%(organisations)s) and c.holder_person = %(person)s"
        " and c.state = 'open' and w.since is not null order by w.since, c.id limit %(limit)s",
        {"organisations": list(organisations), "person": person, "limit": limit},
    )
