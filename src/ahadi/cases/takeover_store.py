"""The SQL of cases that are taken over: the same rows as for one case, written for many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ahadi.cases.model import Case
from ahadi.cases.store import insert_case, insert_case_text, insert_promises, set_promise_text
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class NewText:
    """A new case's erasable words: `fields` by name, `folded` what it is found by, `promise` what was promised."""

    case_id: UUID
    subject: str
    fields: Mapping[str, Any]
    folded: str
    promise_id: UUID
    promise: str


async def next_numbers(work: Work, count: int) -> list[int]:
    """So many numbers for references."""
    rows = await work.rows(
        "select nextval('case_number') as number from generate_series(1, %(count)s)", {"count": count}
    )
    return [row["number"] for row in rows]


async def insert_cases(work: Work, organisation_id: UUID, cases: Sequence[Case], texts: Sequence[NewText]) -> None:
    """Write new cases with all that was promised, and their words."""
    for case in cases:
        insert_case(work, case)
        insert_promises(work, organisation_id, case.promises)
    for text in texts:
        insert_case_text(work, organisation_id, text.case_id, text.subject, text.fields, text.folded)
        set_promise_text(work, organisation_id, text.promise_id, text.promise)
