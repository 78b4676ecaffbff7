"""A process that hangs in the middle of its work keeps nobody waiting for ever, and what it did not commit is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from ahadi import cases
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Unavailable
from ahadi.cases import Case, Holder
from ahadi.platform.database import Busy, Database, Work
from ahadi.platform.database.embedded import Connections
from ahadi.promises import watch_once
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def due_soon(database: Database, house: House) -> Case:
    async with database.work(system()) as work:
        held = Holder(person=house.asha)
        return await a_case(work, holder=held, department_id=house.care, promise=promised(work.now, 1, held))


async def next_state(database: Database, case: Case) -> str:
    assert case.next_promise
    async with database.read(system()) as work:
        found = {each.id: each for each in await cases.all_promises(work, ORGANISATION, case.id)}
    return found[case.next_promise.id].state


@asynccontextmanager
async def frozen_on(fresh: Connections, case: Case) -> AsyncIterator[None]:
    """Somebody has changed a case, not committed, and does nothing any more."""
    async with await psycopg.AsyncConnection.connect(fresh.superuser) as other:
        await other.execute("update cases set reason = 'frozen' where id = %(id)s", {"id": case.id})
        yield
        await other.rollback()


@pytest.fixture
async def impatient(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A pool of shorter limits, so that a test need not wait as long."""
    monkeypatch.setattr("ahadi.platform.database.pool.LOCK_WAIT", "100ms")
    monkeypatch.setattr("ahadi.platform.database.pool.LONGEST_WORK", "4s")
    await database.pool.drain()
    return database


async def test_the_watch_passes_over_a_case_that_a_frozen_process_holds_and_does_the_others(
    impatient: Database, fresh_database: Connections, clock: FixedClock, house: House
) -> None:
    stuck, *others = [await due_soon(impatient, house) for _ in range(3)]
    clock.advance(timedelta(hours=2))
    async with frozen_on(fresh_database, stuck):
        await watch_once(impatient)
        assert [await next_state(impatient, each) for each in (stuck, *others)] == ["open", "broken", "broken"]
    await watch_once(impatient)
    assert await next_state(impatient, stuck) == "broken"


async def test_a_request_for_what_a_frozen_process_holds_is_told_to_come_again(
    impatient: Database, fresh_database: Connections, house: House
) -> None:
    case = await due_soon(impatient, house)
    async with frozen_on(fresh_database, case):
        with pytest.raises(Busy) as told:
            async with impatient.work(system()) as work:
                await cases.lock_case(work, case.id)
    assert told.value.status == 503


async def test_a_process_that_thaws_finds_its_work_undone(
    impatient: Database, fresh_database: Connections, house: House
) -> None:
    case = await due_soon(impatient, house)
    with pytest.raises(Unavailable):
        async with impatient.work(system()) as work:
            await cases.tag_case(work, case.id, ["storm"])
            await work.flush()
            await work.value("select 1")
            await gone(fresh_database, work)
    async with impatient.read(system()) as work:
        assert (await cases.get_case(work, case.id)).tags == ()


async def gone(fresh: Connections, work: Work) -> None:
    """Do nothing until the server has ended this work's connection."""
    pid = {"pid": work.connection.info.backend_pid}
    async with await psycopg.AsyncConnection.connect(fresh.superuser, autocommit=True) as other:
        while True:
            cursor = await other.execute("select count(*) from pg_stat_activity where pid = %(pid)s", pid)
            if (await cursor.fetchone() or (0,))[0] == 0:
                return


async def test_a_case_that_cannot_be_worked_on_leaves_the_others_alone(
    database: Database, clock: FixedClock, house: House
) -> None:
    spoilt, *others = [await due_soon(database, house) for _ in range(3)]
    async with database.work(system()) as work:
        await work.execute("update customer set zone = 'No/Where' where id = %(id)s", {"id": spoilt.customer_id})
    clock.advance(timedelta(hours=2))
    await watch_once(database)
    assert [await next_state(database, each) for each in (spoilt, *others)] == ["open", "broken", "broken"]
