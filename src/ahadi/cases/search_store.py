"""The SQL of searching cases: by words of their subject, or as cases found otherwise, and by what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.cases.store import CASE_COLUMNS
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """Which cases of an organisation to find. Of what holds several values one must fit; empty ones say nothing.

    `words` are groups of beginnings of words: of each group the subject holds one. `found` are cases that fit the words
    otherwise, by a message; `customers` those whose cases fit them. Where `among` is not None, only these are meant.
    The nil id among `departments` is none. `after` is the sort key (last change, id) of the last one seen.
    """

    words: Sequence[Sequence[str]] = ()
    found: Sequence[UUID] = ()
    among: Sequence[UUID] | None = None
    customers: Sequence[UUID] = ()
    state: str | None = None
    holders: Sequence[UUID] = ()
    departments: Sequence[UUID] = ()
    reasons: Sequence[str] = ()
    channels: Sequence[str] = ()
    priorities: Sequence[str] = ()
    tags: Sequence[str] = ()
    promise_kinds: Sequence[str] = ()
    due_before: datetime | None = None
    broken: bool = False
    escalated: bool = False
    opened_since: datetime | None = None
    opened_before: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


_CLAUSES = {
    "state": "c.state = %(state)s",
    "holders": "(c.holder_person = any(%(holders)s) or c.holder_department = any(%(holders)s))",
    "departments": "coalesce(c.department_id, '00000000-0000-0000-0000-000000000000') = any(%(departments)s)",
    "reasons": "c.reason = any(%(reasons)s)",
    "channels": "c.channel = any(%(channels)s)",
    "priorities": "c.priority = any(%(priorities)s)",
    "tags": "c.tags && %(tags)s::text[]",
    "promise_kinds": "n.kind = any(%(promise_kinds)s)",
    "due_before": "n.due_at < %(due_before)s",
    "broken": "exists (select from promise b where b.organisation_id = c.organisation_id and b.case_id = c.id"
    " and b.state = 'broken')",
    "escalated": "c.escalated",
    "opened_since": "c.opened_at >= %(opened_since)s",
    "opened_before": "c.opened_at < %(opened_before)s",
    "among": "c.id = any(%(among)s)",
    "after": "(c.changed_at, c.id) < (%(after_at)s, %(after_id)s)",
}
# What fits the words does so in one of these ways. Each is looked for alone and only as far as the page goes: for one
# condition the planner knows whether it stops soon along the newest changes, or has few to sort.
_WAYS = {
    "subject": "c.id in (select w.case_id from case_text w where w.organisation_id = %(organisation_id)s"
    " and w.words @@ %(query)s::tsquery)",
    "found": "c.id = any(%(found)s)",
    "customers": "c.customer_id = any(%(customers)s)",
}
_NEXT = (
    " left join promise n on n.organisation_id = c.organisation_id and n.id = c.next_promise_id"
    " where c.organisation_id = %(organisation_id)s"
)
_NEWEST = " order by c.changed_at desc, c.id desc limit %(limit)s"


async def find_cases(work: Work, organisation_id: UUID, wanted: CaseSearch) -> list[dict[str, Any]]:
    """The cases with subject and next promise, newest change first."""
    if wanted.among is not None and not wanted.among:
        return []
    clauses = [clause for name, clause in _CLAUSES.items() if getattr(wanted, name)]
    fits = f"{_NEXT} and {' and '.join(clauses) or 'true'}"
    groups = ["(" + " | ".join(f"'{each}':*" for each in group) + ")" for group in wanted.words]
    if wanted.words:
        ways = [each for name, each in _WAYS.items() if name == "subject" or getattr(wanted, name)]
        each_way = (f"(select c.id from cases c{fits} and {way}{_NEWEST})" for way in ways)
        fits = f"{_NEXT} and c.id in ({' union '.join(each_way)})"
    return await work.rows(
        f"select {CASE_COLUMNS}, t.subject, n.kind as promise_kind, n.due_at as promise_due_at,"
        " n.owner_person as promise_owner from cases c left join case_text t"
        f" on t.organisation_id = c.organisation_id and t.case_id = c.id{fits}{_NEWEST}",
        {
            "organisation_id": organisation_id,
            **{
                name: list(value) if isinstance(value, list | tuple) else value
                for name in wanted.__dataclass_fields__
                if name not in ("words", "after") and (value := getattr(wanted, name)) is not None
            },
            "after_at": wanted.after[0] if wanted.after else None,
            "after_id": wanted.after[1] if wanted.after else None,
            "query": " & ".join([*groups, f"'{organisation_id}'"]),
        },
    )


async def still_a_subject(work: Work, organisation_id: UUID, asked: Sequence[str]) -> set[str]:
    """Those of the words that stand in some case's subject."""
    rows = await work.rows(
        "select a.word from unnest(%(words)s::text[]) as a (word) where exists (select from case_text t"
        " where t.words @@ (quote_literal(a.word) || ' & ' || quote_literal(%(organisation)s))::tsquery)",
        {"words": list(asked), "organisation": str(organisation_id)},
    )
    return {row["word"] for row in rows}
