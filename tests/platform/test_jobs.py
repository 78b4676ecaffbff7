"""Durable jobs: late but never lost, rescued from silent workers, visible when they cannot be done."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict
from ahadi.platform import jobs
from ahadi.platform.database import Actor, Database
from ahadi.platform.jobs import MAX_ATTEMPTS, Handler, Job, retry_after

ORGANISATION = UUID(int=7)
LEASE = timedelta(seconds=60)


async def enqueue(database: Database, **more: Any) -> None:
    async with database.work(Actor.system([ORGANISATION])) as work:
        work.enqueue("test.deed", ORGANISATION, **more)


async def done(database: Database) -> int:
    async with database.read(Actor.system([ORGANISATION])) as work:
        count: int = await work.value("select count(*) from journal where kind = 'test.done'")
    return count


async def deed(job: Job, database: Database) -> None:
    """A deed and its end in one transaction, as every handler does it."""
    async with database.work(job.actor()) as work:
        work.record("test.done", ORGANISATION)
        await jobs.finish(work, job)


HANDLERS: dict[str, Handler] = {"test.deed": deed}


async def counts(database: Database) -> dict[str, int]:
    async with database.read(Actor.system([])) as work:
        return await jobs.counts(work)


async def test_a_job_is_done_once_it_is_due_and_not_before(database: Database, clock: FixedClock) -> None:
    await enqueue(database, due=clock.now() + timedelta(minutes=5))
    assert await jobs.run_due(database, HANDLERS, LEASE) == 0
    clock.advance(timedelta(minutes=5))
    assert await jobs.run_due(database, HANDLERS, LEASE) == 1
    assert await done(database) == 1
    assert await jobs.run_due(database, HANDLERS, LEASE) == 0


async def test_a_job_that_was_due_while_nobody_worked_is_done_afterwards(database: Database, clock: FixedClock) -> None:
    await enqueue(database)
    clock.advance(timedelta(days=3))
    assert await jobs.run_due(database, HANDLERS, LEASE) == 1
    assert await done(database) == 1


async def test_a_job_is_written_with_the_deed_or_not_at_all(database: Database) -> None:
    try:
        async with database.work(Actor.system([ORGANISATION])) as work:
            work.enqueue("test.deed", ORGANISATION)
            await work.flush()
            raise Conflict("Changed my mind.")
    except Conflict:
        pass
    assert (await counts(database))["waiting"] == 0


async def test_of_jobs_with_one_key_only_one_waits(database: Database) -> None:
    for _ in range(3):
        await enqueue(database, key="one")
    await enqueue(database, key="two")
    assert (await counts(database))["waiting"] == 2


async def test_two_workers_never_get_the_same_job(database: Database) -> None:
    for _ in range(20):
        await enqueue(database)
    claimed = await asyncio.gather(*[jobs.claim(database, LEASE, 5) for _ in range(6)])
    identifiers = [job.id for each in claimed for job in each]
    assert len(identifiers) == len(set(identifiers)) == 20


async def test_a_silent_worker_s_job_goes_to_another_and_the_first_coming_back_changes_nothing(
    database: Database, clock: FixedClock
) -> None:
    await enqueue(database)
    [frozen] = await jobs.claim(database, LEASE)
    assert await jobs.claim(database, LEASE) == []
    clock.advance(LEASE)
    [rescued] = await jobs.claim(database, LEASE)
    assert rescued.id == frozen.id
    await jobs.run_one(database, HANDLERS, frozen, LEASE)  # thaws, and its deed is rolled back
    assert await done(database) == 0
    await jobs.run_one(database, HANDLERS, rescued, LEASE)
    assert await done(database) == 1


async def test_a_job_that_keeps_failing_waits_longer_each_time_then_is_dead_and_can_be_revived(
    database: Database, clock: FixedClock
) -> None:
    async def fail(_job: Job, _database: Database) -> None:
        raise Conflict("The receiver is closed.")

    await enqueue(database)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert await jobs.run_due(database, {"test.deed": fail}, LEASE) == 1, attempt
        assert await jobs.run_due(database, {"test.deed": fail}, LEASE) == 0
        clock.advance(retry_after(attempt) * 1.25)
    assert await counts(database) == {"waiting": 0, "dead": 1, "late": 0}
    async with database.work(Actor.system([])) as work:
        found = await work.row("select id, error from job")
        assert found is not None and found["error"] == "conflict: The receiver is closed."
        await jobs.revive(work, found["id"])
    assert await jobs.run_due(database, HANDLERS, LEASE) == 1
    assert await done(database) == 1


async def test_a_job_nobody_knows_stays_visible(database: Database) -> None:
    await enqueue(database)
    await jobs.run_due(database, {}, LEASE)
    async with database.read(Actor.system([])) as work:
        assert await work.value("select error from job") == "LookupError: no handler for test.deed"


async def test_a_job_waiting_for_more_than_a_minute_counts_as_late(database: Database, clock: FixedClock) -> None:
    await enqueue(database)
    clock.advance(timedelta(seconds=61))
    assert await counts(database) == {"waiting": 1, "dead": 0, "late": 1}


async def test_a_worker_runs_what_is_enqueued_when_it_is_woken(database: Database) -> None:
    wake, finished = asyncio.Event(), asyncio.Event()

    async def told(job: Job, at: Database) -> None:
        await deed(job, at)
        finished.set()

    worker = asyncio.create_task(jobs.run_for_ever(database, {"test.deed": told}, LEASE, wake, idle=3600))
    await enqueue(database)
    while not finished.is_set():
        wake.set()
        await asyncio.sleep(0)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert await done(database) == 1


@given(st.integers(1, 10_000))
def test_the_wait_between_attempts_grows_to_an_hour_and_never_shrinks(attempts: int) -> None:
    assert timedelta(seconds=5) <= retry_after(attempts) <= retry_after(attempts + 1) <= timedelta(hours=1)
