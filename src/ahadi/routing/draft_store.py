"""The SQL of the draft of an organisation's rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.platform.database import Work
from ahadi.routing.drafts import Draft, DraftRow, Rows


def _rows(held: list[dict[str, Any]]) -> Rows:
    return tuple(DraftRow(each["key"], each["row"]) for each in held)


def _written(rows: Rows) -> str:
    return orjson.dumps([{"key": each.key, "row": each.row} for each in rows]).decode()


async def draft_of(work: Work, organisation_id: UUID, *, lock: bool = False) -> Draft | None:
    """The draft, or None while nobody edits."""
    row = await work.row(
        "select base, revision, rows, before is not null as may_undo, changed_by, changed_at from rule_draft"
        " where organisation_id = %(organisation_id)s" + (" for update" if lock else ""),
        {"organisation_id": organisation_id},
    )
    if row is None:
        return None
    return Draft(
        row["base"], row["revision"], _rows(row["rows"]), row["changed_by"], row["changed_at"], row["may_undo"]
    )


async def begin_draft(work: Work, organisation_id: UUID, base: int, rows: Rows, at: datetime) -> None:
    """A draft with these rows, where there is none yet."""
    await work.execute(
        "insert into rule_draft (organisation_id, base, revision, rows, changed_at)"
        " values (%(organisation_id)s, %(base)s, 0, %(rows)s, %(at)s) on conflict do nothing",
        {"organisation_id": organisation_id, "base": base, "rows": _written(rows), "at": at},
    )


async def put_rows(work: Work, organisation_id: UUID, rows: Rows) -> int:
    """The rows as they are now; what they were before can be had back. The new revision."""
    revision: int = await work.value(
        "update rule_draft set before = rows, rows = %(rows)s, revision = revision + 1, changed_by = %(by)s,"
        " changed_at = %(now)s where organisation_id = %(organisation_id)s returning revision",
        {
            "organisation_id": organisation_id,
            "rows": _written(rows),
            "by": work.actor.person_id,
            "now": work.now,
        },
    )
    return revision


async def undo(work: Work, organisation_id: UUID) -> int:
    """The rows before the last change again; the new revision."""
    revision: int = await work.value(
        "update rule_draft set rows = before, before = null, revision = revision + 1, changed_by = %(by)s,"
        " changed_at = %(now)s where organisation_id = %(organisation_id)s returning revision",
        {"organisation_id": organisation_id, "by": work.actor.person_id, "now": work.now},
    )
    return revision


async def drop_draft(work: Work, organisation_id: UUID) -> bool:
    """Whether there was one."""
    gone = await work.value(
        "delete from rule_draft where organisation_id = %(organisation_id)s returning true",
        {"organisation_id": organisation_id},
    )
    return bool(gone)
