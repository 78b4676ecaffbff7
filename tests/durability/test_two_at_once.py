"""Two at once: whoever comes second sees what the first did, or is refused; nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ahadi import cases, intake, promises
from ahadi.base.clock import FixedClock
from ahadi.base.errors import AhadiError, Unavailable
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder
from ahadi.intake import Contacting
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.embedded import Connections
from ahadi.promises import watch_once
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.conftest import HOUSE
from tests.directory.builders import House, an_organisation

LEVELS = ("read committed", "repeatable read")
ASHA = Actor("person", UUID(int=5), {ORGANISATION: frozenset({"*"})})


@pytest.fixture(params=LEVELS)
async def isolated(
    request: pytest.FixtureRequest, fresh_database: Connections, clock: FixedClock
) -> AsyncIterator[Database]:
    """A pool whose transactions are of one isolation level."""
    options = f"-c default_transaction_isolation={request.param.replace(' ', chr(92) + ' ')}"
    opened = Database(
        make_conninfo(fresh_database.app, options=options), BusinessClock("system", clock), house=HOUSE, connections=6
    )
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@dataclass(frozen=True)
class Two:
    """A case whose last two open promises these are."""

    case: Case
    first: UUID
    second: UUID


async def two_promises(database: Database, house: House) -> Two:
    async with database.work(system()) as work:
        held = Holder(person=house.asha)
        case = await a_case(work, holder=held, department_id=house.care, promise=promised(work.now, 4, held))
        case, second = await cases.make_promise(work, case.id, promised(work.now, 6, held))
    return Two(case, case.open_promises[0].id, second.id)


async def a_house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def open_promises(database: Database, case: Case) -> list[UUID]:
    async with database.read(system()) as work:
        return [each.id for each in (await cases.get_case(work, case.id)).open_promises]


async def test_of_two_who_each_settle_one_of_the_last_two_promises_the_second_leaves_another(
    isolated: Database,
) -> None:
    house = await a_house(isolated)
    for _ in range(10):
        two = await two_promises(isolated, house)
        begun = asyncio.Barrier(2)

        async def settle(deed: Any, begun: asyncio.Barrier = begun) -> AhadiError | None:
            try:
                async with isolated.work(ASHA) as work:
                    await work.value("select 1")  # the snapshot of `repeatable read` is taken now
                    await begun.wait()
                    await deed(work)
            except AhadiError as refusal:
                return refusal
            return None

        refusals = await asyncio.gather(
            settle(lambda work, two=two: promises.keep_promise(work, two.first, "note", "done")),
            settle(lambda work, two=two: promises.withdraw_promise(work, two.second, "not wanted")),
        )
        refused = [each for each in refusals if each]
        assert all(isinstance(each, Unavailable) for each in refused), refused  # and is done afresh by the caller
        left = await open_promises(isolated, two.case)
        assert len(left) == 1
        assert bool(refused) == (left[0] in (two.first, two.second))


# By SQL that takes no lock: the deferred key alone -------------------------------------------------------------

SETTLE = "update promise set state = 'withdrawn', settled_at = made_at, reason = 'x' where id = %(id)s"
POINT = "update cases set next_promise_id = %(next)s where id = %(case)s"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("order", ["first", "second", "together"])
async def test_the_deferred_key_alone_refuses_one_of_two_who_settle_the_last_two_promises(
    database: Database, fresh_database: Connections, level: str, order: str
) -> None:
    house = await a_house(database)
    for _ in range(5):
        two = await two_promises(database, house)
        one, other = [await psycopg.AsyncConnection.connect(fresh_database.superuser) for _ in range(2)]
        async with one, other:
            for each in (one, other):
                await each.set_isolation_level(getattr(psycopg.IsolationLevel, level.replace(" ", "_").upper()))
                await each.execute("select count(*) from promise")
            await one.execute(SETTLE, {"id": two.first})
            await one.execute(POINT, {"next": two.second, "case": two.case.id})
            await other.execute(SETTLE, {"id": two.second})  # is not the next one, so the case is not touched
            pair = (other, one) if order == "second" else (one, other)
            commits = [asyncio.create_task(pair[0].commit())]
            if order != "together":
                await done_or_blocked(database, commits[0], pair[0].info.backend_pid)
            commits.append(asyncio.create_task(pair[1].commit()))
            came = await asyncio.gather(*commits, return_exceptions=True)
        assert [each for each in came if isinstance(each, psycopg.Error)], "both were allowed"
        assert len(await open_promises(database, two.case)) >= 1


async def done_or_blocked(database: Database, task: "asyncio.Task[None]", pid: int) -> None:
    """Wait until a commit has ended or waits for the other one."""
    async with database.connection() as connection:
        while not task.done():
            cursor = await connection.execute("select cardinality(pg_blocking_pids(%(pid)s))", {"pid": pid})
            if (await cursor.fetchone() or (0,))[0]:
                return


# Watches ------------------------------------------------------------------------------------------------------


async def counted(work: Work, statement: Any) -> dict[str, int]:
    return {row["kind"]: row["n"] for row in await work.rows(statement)}


async def test_three_watches_at_once_do_each_thing_once(database: Database, clock: FixedClock) -> None:
    house = await a_house(database)
    asha, ben = Holder(person=house.asha), Holder(person=house.ben)
    async with database.work(system()) as work:
        for _ in range(6):
            await a_case(work, holder=asha, department_id=house.care, promise=promised(work.now, 1, asha))  # breaks
            await a_case(work, holder=ben, department_id=house.care, promise=promised(work.now, 2.9, ben))  # at risk
            await a_case(work, holder=ben, department_id=house.care, promise=promised(work.now, 30, asha))  # absent
        await work.execute(
            "insert into absence (organisation_id, id, person_id, starts_at, ends_at)"
            " values (%(org)s, %(id)s, %(person)s, %(from)s, %(until)s)",
            {
                "org": ORGANISATION,
                "id": uuid7(),
                "person": house.asha,
                "from": clock.now() + timedelta(hours=2),
                "until": clock.now() + timedelta(days=3),
            },
        )
        await work.execute("update organisation set version = version + 1")
    clock.advance(timedelta(hours=2, minutes=50))
    while sum(await asyncio.gather(*(watch_once(database) for _ in range(3)))):
        pass
    async with database.read(system()) as work:
        journalled = await counted(work, "select kind, count(*) as n from journal group by kind")
        sent = await counted(work, "select template as kind, count(*) as n from message group by template")
        noticed = await counted(work, "select kind, count(*) as n from notice group by kind")
    assert journalled["promise.broken"] == 6 and journalled["promise.made"] == 18 + 6
    assert journalled["promise.handed_over"] == 6 and journalled["promise.warned"] == 6
    assert sent == {"promise_broken": 6, "promise_at_risk": 6}
    assert noticed["taken-over:absent"] == noticed["handed-over:absent"] == noticed["recovery"] == 6


async def test_a_person_who_keeps_a_promise_while_the_watch_breaks_it_gets_one_answer(
    database: Database, clock: FixedClock
) -> None:
    house = await a_house(database)
    for _ in range(10):
        two = await two_promises(database, house)
        clock.advance(timedelta(hours=4))  # due now: it may be kept, and a moment later it is overdue
        begun = asyncio.Barrier(2)

        async def keep(promise: UUID = two.first, begun: asyncio.Barrier = begun) -> str:
            try:
                async with database.work(ASHA) as work:
                    await begun.wait()
                    await promises.keep_promise(work, promise, "contact", "called")
            except AhadiError as refusal:
                return refusal.code
            return "kept"

        async def watch(begun: asyncio.Barrier = begun) -> None:
            await begun.wait()
            clock.advance(timedelta(seconds=1))
            await watch_once(database)

        said, _ = await asyncio.gather(keep(), watch())
        async with database.read(system()) as work:
            found = {each.id: each for each in await cases.all_promises(work, ORGANISATION, two.case.id)}
        assert found[two.first].state == ("kept" if said == "kept" else "broken"), said


# Contacts -----------------------------------------------------------------------------------------------------


async def take(database: Database, **more: Any) -> intake.Taken:
    contacting = Contacting(channel="email", text="It is dark", name="Neema", email="neema@example.org", **more)
    async with database.work(system()) as work:
        return await intake.take_contact(work, ORGANISATION, contacting)


async def test_two_contacts_of_one_new_customer_at_once_become_one_customer_and_one_case(database: Database) -> None:
    await a_house(database)
    taken = await asyncio.gather(*(take(database, reason="outage") for _ in range(4)))
    assert len({each.customer.id for each in taken}) == len({each.case.id for each in taken}) == 1
    async with database.read(system()) as work:
        assert (await cases.get_case(work, taken[0].case.id)).contacts == 4


async def test_one_contact_delivered_several_times_at_once_is_taken_once(database: Database) -> None:
    await a_house(database)
    taken = await asyncio.gather(*(take(database, source_key="mail:1") for _ in range(4)))
    assert len({each.contact_id for each in taken}) == len({each.case.id for each in taken}) == 1
    async with database.read(system()) as work:
        assert (await cases.get_case(work, taken[0].case.id)).contacts == 1
        assert await work.value("select count(*) from message where direction = 'in'") == 1
        assert await work.value("select count(*) from message where direction = 'out'") == 1
