"""The SQL of how long words are kept: what an organisation chose, what has had its time, and how far that was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days one kind of words is kept (None: for ever), and up to which case that was done."""

    what: str
    days: int | None
    reached: datetime | None
    reached_id: UUID | None


@dataclass(frozen=True, slots=True)
class Old:
    """Something that has had its time, and since when it rests."""

    id: UUID
    at: datetime


async def kept_of(work: Work, organisation_id: UUID) -> list[Kept]:
    return await work.all(
        Kept,
        "select what, days, reached, reached_id from retention where organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )


async def lock_kept(work: Work, organisation_id: UUID, what: str) -> Kept | None:
    """The choice, locked; None where there is none, or another worker is at it."""
    return await work.one(
        Kept,
        "select what, days, reached, reached_id from retention where organisation_id = %(organisation_id)s"
        " and what = %(what)s and days is not null for update skip locked",
        {"organisation_id": organisation_id, "what": what},
    )


async def put_kept(work: Work, organisation_id: UUID, what: str, days: int | None) -> None:
    """Keep words so long; everything is looked at again from the beginning."""
    await work.execute(
        "insert into retention (organisation_id, what, days) values (%(organisation_id)s, %(what)s, %(days)s)"
        " on conflict (organisation_id, what) do update"
        " set days = excluded.days, reached = null, reached_id = null",
        {"organisation_id": organisation_id, "what": what, "days": days},
    )


async def put_reached(work: Work, organisation_id: UUID, what: str, last: Old) -> None:
    await work.execute(
        "update retention set reached = %(at)s, reached_id = %(id)s where organisation_id = %(organisation_id)s"
        " and what = %(what)s",
        {"organisation_id": organisation_id, "what": what, "at": last.at, "id": last.id},
    )


async def begin_again(work: Work, organisation_id: UUID) -> None:
    """Look at everything again: cases came that were resolved long ago."""
    await work.execute(
        "update retention set reached = null, reached_id = null where organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )


async def old_cases(work: Work, organisation_id: UUID, before: datetime, kept: Kept, limit: int) -> list[Old]:
    """Cases resolved before a time that were not looked at yet, oldest first, locked so that none is reopened."""
    return await work.all(
        Old,
        "select id, resolved_at as at from cases where organisation_id = %(organisation_id)s and state = 'resolved'"
        " and resolved_at < %(before)s"
        + (" and (resolved_at, id) > (%(reached)s, %(reached_id)s)" if kept.reached else "")
        + " order by resolved_at, id limit %(limit)s for update",
        {
            "organisation_id": organisation_id,
            "before": before,
            "reached": kept.reached,
            "reached_id": kept.reached_id,
            "limit": limit,
        },
    )


async def old_mails(work: Work, organisation_id: UUID, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Mails put aside and decided before a time, with their files."""
    rows = await work.rows(
        "select id, raw_file from quarantine where organisation_id = %(organisation_id)s and raw_file is not null"
        " and settled_at < %(before)s order by settled_at, id limit %(limit)s for update",
        {"organisation_id": organisation_id, "before": before, "limit": limit},
    )
    return [(row["id"], row["raw_file"]) for row in rows]


_RESOLVED = " c.organisation_id = %(organisation_id)s and c.state = 'resolved' and c.resolved_at < %(before)s"
_COUNTS = {
    "attachments": "select count(*) from cases c join message m on m.organisation_id = c.organisation_id"
    " and m.case_id = c.id join attachment a on a.organisation_id = m.organisation_id and a.message_id = m.id"
    " where" + _RESOLVED,
    "messages": "select count(*) from cases c join message m on m.organisation_id = c.organisation_id"
    " and m.case_id = c.id join message_text t on t.organisation_id = m.organisation_id and t.message_id = m.id"
    " where t.body <> '' and" + _RESOLVED,
    "cases": "select count(*) from cases c join case_text t on t.organisation_id = c.organisation_id"
    " and t.case_id = c.id where t.subject <> %(erased)s and" + _RESOLVED,
    "mail": "select count(*) from quarantine where organisation_id = %(organisation_id)s and raw_file is not null"
    " and settled_at < %(before)s",
}


async def count_old(work: Work, organisation_id: UUID, what: str, before: datetime, erased: str) -> int:
    """How much would go: attachments, messages with words, cases with words, or mails put aside."""
    return int(
        await work.value(_COUNTS[what], {"organisation_id": organisation_id, "before": before, "erased": erased})
    )


async def with_words(work: Work, organisation_id: UUID, case_ids: Sequence[UUID], erased: str) -> list[UUID]:
    """Those of the cases whose words are still there."""
    rows = await work.rows(
        "select case_id from case_text where organisation_id = %(organisation_id)s and case_id = any(%(ids)s)"
        " and subject <> %(erased)s",
        {"organisation_id": organisation_id, "ids": list(case_ids), "erased": erased},
    )
    return [row["case_id"] for row in rows]
