"""The audit: the journal of an organisation, for people who answer for what was done in it."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from ahadi.platform import audit_store as store
from ahadi.platform.audit_store import AuditFilter
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.journal import JournalRow

READ = "audit.read"
_BATCH = 1_000


async def steps(work: Work, organisation_id: UUID, wanted: AuditFilter) -> list[JournalRow]:
    """What was done in the organisation and fits, newest first. Raises Forbidden."""
    work.permit(organisation_id, READ)
    return await store.steps(work, organisation_id, wanted)


async def written(
    database: Database,
    actor: Actor,
    organisation_id: UUID,
    wanted: AuditFilter,
    head: Sequence[str],
    line: Callable[[JournalRow], Sequence[str]],
) -> AsyncIterator[bytes]:
    """Everything that fits as lines of CSV, a batch at a time, so that a journal of any size takes little memory.

    Cells are made safe: a program for tables takes none of them for a formula.
    """
    yield _lines([head])
    after = wanted.after
    while True:
        async with database.read(actor) as work:
            found = await steps(work, organisation_id, replace(wanted, after=after, limit=_BATCH))
        if found:
            yield _lines([line(each) for each in found])
        if len(found) < _BATCH:
            return
        after = found[-1].at, found[-1].seq


def safe_cell(text: str) -> str:
    """A cell that no program for tables calculates: what begins like a formula gets an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[safe_cell(cell) for cell in row] for row in rows])
    return text.getvalue().encode()
