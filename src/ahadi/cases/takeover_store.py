"""The SQL of cases that are taken over: the same rows as for one case, written for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.cases.model import Case
from ahadi.cases.store import INSERT_CASE, INSERT_PROMISE_TEXT, INSERT_TEXT, case_values, insert_promises
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class NewText:
    """A new case's erasable words: `fields` as JSON, `folded` what it is found by, `promise` what was promised."""

    case_id: UUID
    subject: str
    fields: str
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
    await work.many(INSERT_CASE, [case_values(each) for each in cases])
    await insert_promises(work, organisation_id, [promise for each in cases for promise in each.promises])
    rows = [
        {
            "organisation_id": organisation_id,
            "case_id": each.case_id,
            "subject": each.subject,
            "fields": each.fields,
            "folded": each.folded,
            "promise_id": each.promise_id,
            "text": each.promise,
        }
        for each in texts
    ]
    await work.many(INSERT_TEXT, rows)
    await work.many(INSERT_PROMISE_TEXT, rows)
