"""What `ahadi doctor` asks the database. It looks across all packages, reads only, and changes nothing.

The one place that asks the server for its time: to see whether its clock and ours agree.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import tuple_row

from ahadi.cases.store import CASE_COLUMNS, PROMISE_COLUMNS, case_from, promise_from
from ahadi.main.replay import Happened, Stored
from ahadi.platform.database import Actor, Database, Work, set_organisations


@asynccontextmanager
async def snapshot(database: Database, organisations: Sequence[UUID]) -> AsyncIterator[Work]:
    """Reading of one moment, whatever is written meanwhile."""
    async with database.connection() as connection:
        await connection.execute("begin isolation level repeatable read read only")
        try:
            await set_organisations(connection, organisations)
            times = await database.clock.read(connection)
            yield Work(connection, Actor.system(organisations), times.business, times.real, database.house)
        finally:
            await connection.execute("rollback")


# Cases and their journal ----------------------------------------------------------------------------------------


async def acted_without_leave(work: Work, organisation_id: UUID) -> int:
    """Rows that name a person behind another which no acting covers; a minute is allowed for what was under way."""
    count: int = await work.value(
        "select count(*) from journal j where organisation_id = %(organisation_id)s and behind_id is not null"
        " and not exists (select from acting a where a.organisation_id = j.organisation_id"
        " and a.person_id = j.actor_id and a.actor_id = j.behind_id and j.recorded_at >= a.began_at"
        " and j.recorded_at <= coalesce(a.ended_at, a.ends_at) + interval '1 minute')",
        {"organisation_id": organisation_id},
    )
    return count


async def count_cases(work: Work, organisation_id: UUID) -> int:
    count: int = await work.value(
        "select count(*) from cases where organisation_id = %(organisation_id)s", {"organisation_id": organisation_id}
    )
    return count


async def cases_after(
    work: Work, organisation_id: UUID, after: UUID | None, limit: int
) -> list[tuple[Stored, list[Happened]]]:
    """The next cases by id, each with all its promises and all its journal, oldest first."""
    where: dict[str, Any] = {"organisation_id": organisation_id, "after": after or UUID(int=0), "limit": limit}
    rows = await work.rows(
        f"select {CASE_COLUMNS}, c.next_promise_id from cases c where c.organisation_id = %(organisation_id)s"
        " and c.id > %(after)s order by c.id limit %(limit)s",
        where,
    )
    where["ids"] = [row["id"] for row in rows]
    promises: dict[UUID, list[Any]] = {row["id"]: [] for row in rows}
    for row in await work.rows(
        f"select {PROMISE_COLUMNS} from promise p where p.organisation_id = %(organisation_id)s"
        " and p.case_id = any(%(ids)s)",
        where,
    ):
        promises[row["case_id"]].append(promise_from(row))
    happened: dict[UUID, list[Happened]] = {row["id"]: [] for row in rows}
    async with work.connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select case_id, at, kind, facts from journal where organisation_id = %(organisation_id)s"
            " and case_id = any(%(ids)s) order by case_id, seq",
            where,
        )
        async for case_id, at, kind, facts in cursor:
            happened[case_id].append(Happened(at, kind, facts))
    found = []
    for row in rows:
        next_promise_id = row.pop("next_promise_id")
        case = case_from(row, promises[row["id"]])
        found.append((Stored(case, next_promise_id), happened[case.id]))
    return found


async def journalled_and_gone(work: Work, organisation_id: UUID) -> list[UUID]:
    """Cases of which the journal tells and the tables know nothing."""
    rows = await work.rows(
        "select distinct j.case_id from journal j where j.organisation_id = %(organisation_id)s"
        " and j.case_id is not null and not exists (select from cases c"
        " where c.organisation_id = j.organisation_id and c.id = j.case_id) limit 100",
        {"organisation_id": organisation_id},
    )
    return [row["case_id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Conserved:
    """Where what was accepted is. `nowhere` and `twice` should be nothing."""

    contacts: int
    quarantined: int
    waiting: int
    contacts_nowhere: int
    messages_nowhere: int
    imported_nowhere: int
    twice: int


async def conserved(work: Work, organisation_id: UUID) -> Conserved:
    """Every accepted contact is in exactly one case, or was put aside where people see it."""
    row = await work.row(
        "select (select count(*) from contact where organisation_id = %(o)s) as contacts,"
        " (select count(*) from quarantine where organisation_id = %(o)s) as quarantined,"
        " (select count(*) from quarantine where organisation_id = %(o)s and settled_at is null) as waiting,"
        " (select count(*) from contact t where t.organisation_id = %(o)s and not exists (select from cases c"
        " where c.organisation_id = t.organisation_id and c.id = t.case_id)) as contacts_nowhere,"
        " (select count(*) from message m where m.organisation_id = %(o)s and m.direction = 'in' and not exists"
        " (select from cases c where c.organisation_id = m.organisation_id and c.id = m.case_id)) as messages_nowhere,"
        " (select count(*) from import_row i where i.organisation_id = %(o)s and not exists (select from cases c"
        " where c.organisation_id = i.organisation_id and c.id = i.case_id)) as imported_nowhere,"
        " (select count(*) from quarantine q join contact t on t.organisation_id = q.organisation_id"
        " and t.source_key = q.source_key where q.organisation_id = %(o)s and q.settled is distinct from 'released')"
        " as twice",
        {"o": organisation_id},
    )
    assert row is not None
    return Conserved(**row)


# What waits -----------------------------------------------------------------------------------------------------


async def dead_jobs(work: Work) -> dict[str, int]:
    """Jobs that were given up, by kind."""
    rows = await work.rows("select kind, count(*) as many from job where dead group by kind order by kind")
    return {row["kind"]: row["many"] for row in rows}


async def oldest_late_job(work: Work) -> datetime | None:
    """When the job that waits longest should have run."""
    due: datetime | None = await work.value(
        "select min(greatest(due, leased_until)) from job where not dead and greatest(due, leased_until) < %(now)s",
        {"now": work.real_now},
    )
    return due


async def messages_to_settle(work: Work, organisations: Sequence[UUID]) -> list[tuple[str, int, datetime]]:
    """Messages that wait for a person: state, how many, the oldest."""
    rows = await work.rows(
        "select state, count(*) as many, min(at) as oldest from message where organisation_id = any(%(organisations)s)"
        " and state in ('held', 'failed', 'uncertain') group by state order by state",
        {"organisations": list(organisations)},
    )
    return [(row["state"], row["many"], row["oldest"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Unsent:
    """Messages of a channel that should have left by now; `set_up` where their organisation has an adapter for it."""

    channel: str
    set_up: bool
    many: int
    oldest: datetime


async def unsent(work: Work, organisations: Sequence[UUID]) -> list[Unsent]:
    """What should have left by now, by channel."""
    return await work.all(
        Unsent,
        "select m.channel, s.channel is not null as set_up, count(*) as many,"
        " min(greatest(m.not_before, m.at)) as oldest from message m left join channel_setting s"
        " on s.organisation_id = m.organisation_id and s.channel = m.channel"
        " where m.organisation_id = any(%(organisations)s) and m.state = 'queued'"
        " and greatest(m.not_before, m.at) <= %(now)s and (m.retry_at is null or m.retry_at <= %(real_now)s)"
        " group by m.channel, set_up order by m.channel, set_up",
        {"organisations": list(organisations), "now": work.now, "real_now": work.real_now},
    )


async def overdue_promises(work: Work, organisations: Sequence[UUID]) -> tuple[int, datetime | None]:
    """Open promises that fell due, which the watch has not yet broken, and when the oldest did."""
    row = await work.row(
        "select count(*) as many, min(due_at) as oldest from promise where organisation_id = any(%(organisations)s)"
        " and state = 'open' and due_at < %(now)s",
        {"organisations": list(organisations), "now": work.now},
    )
    assert row is not None
    return row["many"], row["oldest"]


async def failing_mailboxes(work: Work, organisations: Sequence[UUID]) -> list[tuple[str, datetime]]:
    """Mailboxes that cannot be read, and since when (real time)."""
    rows = await work.rows(
        "select address, failed_since from mailbox where organisation_id = any(%(organisations)s) and active"
        " and failed_since is not null order by failed_since",
        {"organisations": list(organisations)},
    )
    return [(row["address"], row["failed_since"]) for row in rows]


# The database itself --------------------------------------------------------------------------------------------


async def server_time(work: Work) -> datetime:
    """What time it is by the server's own clock."""
    now: datetime = await work.value("select clock_timestamp()")
    return now


async def trial_clock(work: Work) -> datetime | None:
    """Business time as it was last set by hand, if it ever was."""
    at: datetime | None = await work.value("select at from business_clock")
    return at


async def unsound(work: Work) -> list[str]:
    """Constraints that were not validated or are missing, and indexes that cannot be used."""
    rows = await work.rows(
        "select conrelid::regclass || '.' || conname as name from pg_constraint where not convalidated"
        " union all select indexrelid::regclass::text from pg_index where not indisvalid"
        " union all select 'cases.next_is_an_open_promise' where not exists"
        " (select from pg_constraint where conname = 'next_is_an_open_promise' and condeferrable) order by 1"
    )
    return [row["name"] for row in rows]


async def search_uses_its_index(work: Work) -> bool:
    """Whether full-text search may use its index under row-level security (the operator is known not to leak)."""
    leakproof: bool = await work.value(
        "select proleakproof from pg_proc where oid = 'pg_catalog.ts_match_vq(tsvector, tsquery)'::regprocedure"
    )
    return leakproof
