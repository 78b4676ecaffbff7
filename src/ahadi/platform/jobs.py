"""Durable jobs: rows claimed under a lease, finished in the transaction of their deed.

A worker that died or froze loses its lease and another takes over; the first, coming back, finds that `finish`
deletes no row and rolls back. A job that keeps failing goes `dead`: visible, and retried when somebody says so.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from ahadi.base.errors import AhadiError, Conflict
from ahadi.platform.database import Actor, Database, Work

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempts` counts this attempt too, and is the proof that the lease is still ours."""

    id: UUID
    kind: str
    organisation_id: UUID | None
    args: dict[str, Any]
    attempts: int

    def actor(self) -> Actor:
        """The installation, acting for the job's organisation."""
        return Actor.system([self.organisation_id] if self.organisation_id else [])


Handler = Callable[[Job, Database], Awaitable[None]]


def retry_after(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: doubling from 5 seconds to an hour."""
    doublings: int = 2 ** min(attempts - 1, 20)
    return min(_FIRST_RETRY * doublings, _LONGEST_RETRY)


async def claim(database: Database, lease: timedelta, limit: int = 10) -> list[Job]:
    """Take the jobs that are due, or whose worker fell silent; nobody else gets them while the lease lasts."""
    now = database.clock.real.now()
    async with database.work(Actor.system([])) as work:
        return await work.all(
            Job,
            "with c as (select id from job where greatest(due, leased_until) <= %(now)s and not dead"
            " order by greatest(due, leased_until) limit %(limit)s for update skip locked)"
            " update job j set attempts = attempts + 1, leased_until = %(until)s from c where j.id = c.id"
            " returning j.id, j.kind, j.organisation_id, j.args, j.attempts",
            {"now": now, "until": now + lease, "limit": limit},
        )


async def finish(work: Work, job: Job) -> None:
    """End the job in the transaction of its deed; raises Conflict, so rolls the deed back, when the lease was lost."""
    ended = await work.value(
        "delete from job where id = %(id)s and attempts = %(attempts)s returning id",
        {"id": job.id, "attempts": job.attempts},
    )
    if ended is None:
        raise LeaseLost("Another worker has taken this job over; nothing was changed here.")


class LeaseLost(Conflict):
    """The job was given to another worker while this one was silent."""

    code = "lease-lost"


async def put_back(
    database: Database, job: Job, problem: str, *, after: timedelta | None = None, for_ever: bool = False
) -> bool:
    """Try the job again later, or mark it dead after too many attempts; whether it is dead now.

    `for_ever` is for handlers that count their attempts themselves.
    """
    dead = job.attempts >= MAX_ATTEMPTS and not for_ever
    wait = after or retry_after(job.attempts) * (1 + random.random() / 4)
    async with database.connection() as connection:
        await connection.execute(
            "update job set leased_until = '-infinity', due = %(due)s, dead = %(dead)s, error = %(error)s"
            " where id = %(id)s and attempts = %(attempts)s",
            {
                "due": database.clock.real.now() + wait,
                "dead": dead,
                "error": problem[:500],
                "id": job.id,
                "attempts": job.attempts,
            },
        )
    return dead


async def revive(work: Work, job_id: UUID) -> None:
    """Let a dead job run again, from its first attempt."""
    await work.execute(
        "update job set dead = false, attempts = 0, due = %(now)s, leased_until = '-infinity'"
        " where id = %(id)s and dead",
        {"id": job_id, "now": work.real_now},
    )


async def counts(work: Work) -> dict[str, int]:
    """Jobs waiting, overdue by more than a minute, and dead."""
    row = await work.row(
        "select count(*) filter (where not dead) as waiting, count(*) filter (where dead) as dead,"
        " count(*) filter (where not dead and greatest(due, leased_until) < %(late)s) as late from job",
        {"late": work.real_now - timedelta(minutes=1)},
    )
    assert row is not None
    return row


async def run_due(database: Database, handlers: Mapping[str, Handler], lease: timedelta) -> int:
    """Claim and run what is due now, one after the other; how many jobs were claimed."""
    claimed = await claim(database, lease)
    for job in claimed:
        await run_one(database, handlers, job, lease)
    return len(claimed)


async def run_one(database: Database, handlers: Mapping[str, Handler], job: Job, lease: timedelta) -> None:
    """Run one claimed job; a failure puts it back with its reason, and is never raised."""
    handler = handlers.get(job.kind)
    try:
        if handler is None:
            raise LookupError(f"no handler for {job.kind}")
        async with asyncio.timeout(lease.total_seconds() * 0.9):
            await handler(job, database)
    except LeaseLost:
        log.warning("job.lease_lost", kind=job.kind, job=str(job.id))
    except Exception as problem:
        code = problem.code if isinstance(problem, AhadiError) else type(problem).__name__
        dead = await put_back(database, job, f"{code}: {problem}")
        log.warning("job.failed", kind=job.kind, job=str(job.id), attempts=job.attempts, error=code, dead=dead)


async def run_for_ever(
    database: Database, handlers: Mapping[str, Handler], lease: timedelta, wake: asyncio.Event, idle: float = 1.0
) -> None:
    """Run jobs as they come due, until cancelled; `wake` ends the wait early."""
    while True:
        try:
            if await run_due(database, handlers, lease):
                continue
        except AhadiError as problem:
            log.warning("jobs.waiting", error=problem.code)
        wake.clear()
        try:
            async with asyncio.timeout(idle):
                await wake.wait()
        except TimeoutError:
            continue
