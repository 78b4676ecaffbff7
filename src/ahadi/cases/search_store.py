"""The SQL of searching cases: by words of their subject, or as cases found otherwise, and by what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from ahadi.cases.store import CASE_COLUMNS
from ahadi.platform.database import Work
from ahadi.platform.database.work import Params
from ahadi.platform.words import Asked, ask_for, expect


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """Which cases of an organisation to find. Of what holds several values one must fit; empty ones say nothing.

    `words` are groups of beginnings of words: of each group the subject holds one. `found` are cases that fit the words
    otherwise, by a message; `customers` those whose cases fit them. Where `among` is not None, only these are meant.
    The nil id among `departments` is none. `after` is the sort key (last change, id) of the last one seen.
    """

    words: Sequence[Sequence[str]] = ()
    references: Sequence[str] = ()
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
    "references": "c.reference = any(%(references)s)",
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
    # A case changes last when it is opened, or later: what changed before then is not walked through.
    "opened_since": "c.opened_at >= %(opened_since)s and c.changed_at >= %(opened_since)s",
    "opened_before": "c.opened_at < %(opened_before)s",
    "among": "c.id = any(%(among)s)",
    "after": "(c.changed_at, c.id) < (%(after_at)s, %(after_id)s)",
}
_NEXT = (
    " left join promise n on n.organisation_id = c.organisation_id and n.id = c.next_promise_id and n.state = 'open'"
    " where c.organisation_id = %(organisation_id)s"
)
_NEWEST = " order by c.changed_at desc, c.id desc limit %(limit)s"
# What fits the words does so in one of these ways. Each is looked for alone and only as far as the page goes.
_WAYS = {
    "found": "c.id = any(%(found)s)",
    "customers": "c.customer_id = any(%(customers)s)",
}
# Words that few subjects hold are found by their index, and then the cases by their keys: as an array, because of a set
# the planner would rather read every case. Words of many subjects are looked for along the newest changes.
_BY_INDEX = (
    "c.id = any(array(select w.case_id from case_text w where w.organisation_id = %(organisation_id)s"
    " and w.words @@ %(index)s::tsquery and ts_match_vq(w.words, %(whole)s::tsquery)))"
)
_ALONG = (
    "exists (select from case_text w where w.organisation_id = c.organisation_id and w.case_id = c.id"
    " and ts_match_vq(w.words, %(whole)s::tsquery))"
)


_SAMPLE: LiteralString = (
    "select w.words from (select c.id from cases c where c.organisation_id = %(organisation_id)s"
    " order by c.changed_at desc, c.id desc limit %(sample)s / 4) n join case_text w"
    " on w.organisation_id = %(organisation_id)s and w.case_id = n.id"
)
# Microseconds: for a case that is passed along, for the subject of one that the filters let through, and for a subject
# and its case found by the index.
_PASS, _LOOK, _BOTH = 1.0, 8.0, 16.0


async def _is_sooner_along(work: Work, subjects: Asked, filtered: LiteralString, values: Params, limit: int) -> bool:
    """Whether a page is sooner full along the newest changes than by the index of words."""
    through = min(1.0, await expect(work, f" from cases c{filtered}", values) / max(subjects.rows, 1.0))
    looked_at = min(subjects.passed(limit), subjects.rows * through)
    return _PASS * subjects.passed(limit, through) + _LOOK * looked_at < subjects.by_index(each=_BOTH)


async def find_cases(work: Work, organisation_id: UUID, wanted: CaseSearch) -> list[dict[str, Any]]:
    """The cases with subject and next promise, newest change first."""
    if wanted.among is not None and not wanted.among:
        return []
    clauses = [clause for name, clause in _CLAUSES.items() if getattr(wanted, name)]
    fits = f"{_NEXT} and {' and '.join(clauses) or 'true'}"
    values = _values(organisation_id, wanted)
    if wanted.words:
        subjects = await ask_for(work, "case_text", _SAMPLE, organisation_id, wanted.words)
        values |= {"whole": subjects.whole, "index": subjects.index}
        along = await _is_sooner_along(work, subjects, fits, values, wanted.limit)
        ways = [_ALONG if along else _BY_INDEX, *(way for name, way in _WAYS.items() if getattr(wanted, name))]
        each_way = (f"(select c.id from cases c{fits} and {way}{_NEWEST})" for way in ways)
        fits = f"{_NEXT} and c.id in ({' union '.join(each_way)})"
    return await work.rows(
        f"select {CASE_COLUMNS}, t.subject, n.kind as promise_kind, n.due_at as promise_due_at,"
        " n.owner_person as promise_owner from cases c left join case_text t"
        f" on t.organisation_id = c.organisation_id and t.case_id = c.id{fits}{_NEWEST}",
        values,
    )


def _values(organisation_id: UUID, wanted: CaseSearch) -> dict[str, Any]:
    given = {
        name: list(value) if isinstance(value, list | tuple) else value
        for name in wanted.__dataclass_fields__
        if name not in ("words", "after") and (value := getattr(wanted, name)) is not None
    }
    at, id_ = wanted.after or (None, None)
    return {**given, "organisation_id": organisation_id, "after_at": at, "after_id": id_}


async def still_a_subject(work: Work, organisation_id: UUID, asked: Sequence[str]) -> set[str]:
    """Those of the words that stand in some case's subject."""
    rows = await work.rows(
        "select a.word from unnest(%(words)s::text[]) as a (word) where exists (select from case_text t"
        " where t.words @@ (quote_literal(a.word) || ' & ' || quote_literal(%(organisation)s))::tsquery)",
        {"words": list(asked), "organisation": str(organisation_id)},
    )
    return {row["word"] for row in rows}
