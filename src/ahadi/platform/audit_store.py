"""The journal as people look through it: newest first, by time, kind, who did it, and what it was done to.

Each of these has an index that ends in (at, seq), so that a page costs the same wherever in a large journal it lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from ahadi.platform.database import Work
from ahadi.platform.journal import JournalRow

_COLUMNS: LiteralString = (
    "organisation_id, seq, xid::text::bigint as xid, id, at, recorded_at, kind, case_id, subject_id, actor_kind,"
    " actor_id, behind_id, facts"
)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for; what is None or empty does not matter. `since` is part of it, `until` is not.

    `after` is the time and number of the last row of the page before.
    """

    actor_id: UUID | None = None
    kinds: tuple[str, ...] = ()
    case_id: UUID | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: tuple[datetime, int] | None = None
    limit: int = 50


async def steps(work: Work, organisation_id: UUID, wanted: AuditFilter) -> list[JournalRow]:
    """The steps that fit, newest first."""
    sql, params = statement(organisation_id, wanted)
    return await work.all(JournalRow, sql, params)


def statement(organisation_id: UUID, wanted: AuditFilter) -> tuple[LiteralString, Mapping[str, Any]]:
    """The statement that reads a page: for several kinds one page of each, of which the newest are taken."""
    where: LiteralString = ""
    if wanted.actor_id:
        where += " and actor_id = %(actor)s"
    if wanted.case_id:
        where += " and case_id = %(case)s"
    if wanted.subject_id:
        where += " and subject_id = %(subject)s and case_id is null"
    if wanted.since:
        where += " and at >= %(since)s"
    if wanted.until:
        where += " and at < %(until)s"
    if wanted.after:
        where += " and (at, seq) < (%(at)s, %(seq)s)"
    params = {
        "organisation_id": organisation_id,
        "actor": wanted.actor_id,
        "kinds": list(wanted.kinds),
        "case": wanted.case_id,
        "subject": wanted.subject_id,
        "since": wanted.since,
        "until": wanted.until,
        "at": wanted.after[0] if wanted.after else None,
        "seq": wanted.after[1] if wanted.after else None,
        "limit": wanted.limit,
    }
    newest: LiteralString = " order by at desc, seq desc limit %(limit)s"
    rows: LiteralString = f"select {_COLUMNS} from journal where organisation_id = %(organisation_id)s{where}"
    if not wanted.kinds:
        return rows + newest, params
    if wanted.actor_id or wanted.case_id or wanted.subject_id:
        return f"{rows} and kind = any(%(kinds)s){newest}", params
    one: LiteralString = f"{rows} and kind = k.kind{newest}"
    return f"select j.* from unnest(%(kinds)s::text[]) as k (kind) cross join lateral ({one}) j{newest}", params
