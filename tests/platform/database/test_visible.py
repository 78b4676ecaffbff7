"""A select that stands alone says itself what it may see, and sees that and nothing else."""

from uuid import UUID

import pytest

from ahadi.platform.database import Actor, Database

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
