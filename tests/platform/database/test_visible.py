"""What may be seen is said once a transaction, or by a select that stands alone; and to nobody who stands no more."""

from dataclasses import replace
from uuid import UUID

import pytest

from ahadi.base.errors import NotFound, NotSignedIn
from ahadi.platform.database import Actor, Database, Standing

OURS, THEIRS = UUID(int=1), UUID(int=2)
EVENTS = "select facts->>'number' as number from journal"


async def written(database: Database, organisation: UUID, count: int) -> None:
    async with database.work(Actor.system([organisation])) as work:
        for number in range(count):
            work.record("case.opened", organisation, number=number)


async def test_at_a_glance_one_sees_what_the_actor_may_see_and_nothing_else(database: Database) -> None:
    await written(database, OURS, 3)
    await written(database, THEIRS, 5)
    for seen, count in (((OURS,), 3), ((THEIRS,), 5), ((OURS, THEIRS), 8), ((), 0)):
        async with database.glance(Actor.system(seen)) as work:
            assert len(await work.rows(EVENTS)) == count
            assert await work.value("select count(*) from journal") == count


async def test_one_glance_leaves_nothing_to_the_next(database: Database) -> None:
    await written(database, OURS, 1)
    async with database.glance(Actor.system([OURS])) as work:
        assert await work.value("select count(*) from journal") == 1
        in_between = await work.connection.execute("select count(*) from journal")
        assert await in_between.fetchone() == (0,), "said within a statement, it ends with it"


@pytest.mark.parametrize("many", [3, 5_000])
async def test_the_order_and_the_parameters_of_a_select_stay_as_they_are(database: Database, many: int) -> None:
    await written(database, OURS, many)
    last = f"{EVENTS} where (facts->>'number')::int >= %(least)s order by seq desc limit 2"
    async with database.glance(Actor.system([OURS])) as work:
        for _ in range(8):  # by then PostgreSQL has chosen the plan that it keeps
            found = await work.rows(last, {"least": many - 3})
            assert [int(each["number"]) for each in found] == [many - 1, many - 2]


async def test_what_a_select_does_wrong_is_undone_alone(database: Database) -> None:
    await written(database, OURS, 1)
    async with database.glance(Actor.system([OURS])) as work:
        with pytest.raises(Exception, match="division by zero"):
            await work.value("select 1 / 0")
        assert await work.value("select count(*) from journal") == 1


# Whether the actor still is who they say ---------------------------------------------------------------------------


def standing(holds: bool) -> Actor:
    """A system that is believed where `holds`."""
    asked = Standing(" from (select %(holds)s::boolean as holds) token where holds", {"holds": holds}, "Gone.")
    return replace(Actor.system([OURS]), standing=asked)


async def test_who_stands_sees_and_writes_as_anybody(database: Database) -> None:
    async with database.work(standing(True)) as work:
        work.record("case.opened", OURS)
    for look in (database.read, database.glance):
        async with look(standing(True)) as work:
            assert await work.value("select count(*) from journal") == 1
            assert await work.rows("select 1 from journal where seq < 0") == []


async def test_who_stands_no_more_sees_and_writes_nothing_and_is_told(database: Database) -> None:
    await written(database, OURS, 1)
    with pytest.raises(NotSignedIn, match=r"Gone\."):
        async with database.work(standing(False)) as work:
            work.record("case.opened", OURS)
    with pytest.raises(NotSignedIn):
        async with database.work(standing(False)) as work:
            assert await work.value("select count(*) from journal") == 0
            raise NotFound("what follows from seeing nothing is not what is told")
    with pytest.raises(NotSignedIn):
        async with database.work(standing(False)):
            pass
    for look in (database.read, database.glance):
        for asks in ("select count(*) from journal", EVENTS):
            with pytest.raises(NotSignedIn):
                async with look(standing(False)) as work:
                    await work.rows(asks)
    async with database.glance(Actor.system([OURS])) as work:
        assert await work.value("select count(*) from journal") == 1


async def test_what_follows_by_itself_stands_and_falls_with_the_actor(database: Database) -> None:
    await written(database, OURS, 1)
    with pytest.raises(NotSignedIn):
        async with database.glance(standing(False)) as work:
            await work.as_installation(OURS).rows(EVENTS)
