"""The one statement behind a touch: everything about a case in one round trip.

It is put together from what each domain says of its own tables, so no domain reads another's; why it is one statement
stands in docs/decisions/0006-one-statement-a-touch.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.cases.events import Holder
from ahadi.cases.model import Case, Promise
from ahadi.cases.store import CASE_COLUMNS, PromiseText, case_from
from ahadi.contacts import LAST_WORDS_OF_CASE
from ahadi.customers import GLANCE_OF_CASE
from ahadi.directory import VERSION_OF_CASE
from ahadi.platform.database import Work, visible
from ahadi.platform.journal import STEPS_OF_CASE

_PROMISES = (
    "select json_agg(json_build_array(p.id, p.kind, p.state, p.owner_person, p.owner_department, p.due_at, p.made_at,"
    " p.level, t.text) order by p.made_at, p.id) from promise p left join promise_text t"
    " on t.organisation_id = p.organisation_id and t.promise_id = p.id"
    " where p.organisation_id = c.organisation_id and p.case_id = c.id"
)
_SUBJECT = "select x.subject from case_text x where x.organisation_id = c.organisation_id and x.case_id = c.id"
_TOUCH = (
    f"select {CASE_COLUMNS}, ({_SUBJECT}) as subject, ({_PROMISES}) as promises, ({STEPS_OF_CASE}) as steps,"
    f" ({LAST_WORDS_OF_CASE}) as last_words, ({GLANCE_OF_CASE}) as customer, ({VERSION_OF_CASE}) as version"
    # Of unknown length in every plan, so that PostgreSQL keeps the one that serves any number of organisations.
    " from cases c where c.organisation_id = any((select %(organisations)s::text::uuid[])::uuid[])"
)
_BY_REFERENCE = _TOUCH + " and c.reference = %(key)s"
_BY_ID = _TOUCH + " and c.id = %(key)s"


@dataclass(frozen=True, slots=True)
class StepRow:
    """A journal row of a case, as far as a touch needs it."""

    kind: str
    at: datetime
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a touch reads of the database."""

    case: Case
    subject: str
    promises: Sequence[Promise]
    texts: dict[UUID, PromiseText]
    steps: Sequence[StepRow]
    last_words: tuple[datetime, str, str, str] | None
    customer: str | None
    language: str | None
    version: int


async def see(work: Work, reference: str | UUID) -> Seen | None:
    """A case with all that a touch shows, among the actor's organisations; None when there is none."""
    row = await work.row(
        _BY_ID if isinstance(reference, UUID) else _BY_REFERENCE,
        {"organisations": visible(work.actor.organisations), "key": reference},
    )
    if row is None:
        return None
    texts: dict[UUID, PromiseText] = {}
    promises = []
    case_id = row["id"]
    for id_, kind, state, person, department, due_at, made_at, level, text in row.pop("promises") or ():
        promise = Promise(
            id=UUID(id_),
            case_id=case_id,
            kind=kind,
            state=state,
            owner=Holder(UUID(person) if person else None, UUID(department) if department else None),
            due_at=datetime.fromisoformat(due_at),
            made_at=datetime.fromisoformat(made_at),
            level=level,
        )
        texts[promise.id] = PromiseText(promise.id, text or "", None)
        promises.append(promise)
    steps = [StepRow(kind, datetime.fromisoformat(at), facts) for kind, at, facts in row.pop("steps") or ()]
    last = row.pop("last_words")
    name, language = row.pop("customer") or (None, None)
    subject, version = row.pop("subject") or "", row.pop("version")
    open_ = [each for each in promises if each.state == "open"]
    words = (datetime.fromisoformat(last[0]), last[1], last[2], last[3]) if last else None
    return Seen(case_from(row, open_), subject, promises, texts, steps[::-1], words, name, language, version)
