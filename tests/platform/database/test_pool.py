"""A database that was away is used again as soon as it is back."""

import asyncio

import pytest

from ahadi.base.errors import Unavailable
from ahadi.platform.database import Actor, Database
from ahadi.platform.database.pool import KNOCK_EVERY

NOBODY = Actor.system([])


@pytest.fixture
async def away(database: Database) -> Database:
    """A pool that lost every connection and has given up getting others."""
    gave_up = asyncio.Event()
    pool, by_itself = database.pool, database.pool._reconnect_failed
    assert by_itself is not None and pool.reconnect_timeout <= 2 * KNOCK_EVERY, "it would pause longer and longer"

    async def tell(_: object) -> None:
        gave_up.set()
        await by_itself(pool)  # type: ignore[misc]

    pool._reconnect_failed = tell
    pool.reconnect_timeout, pool.timeout = 0.0, 0.01  # as though the time had passed
    pool.conninfo = "host=/nowhere"
    await pool.drain()
    with pytest.raises(Unavailable):
        async with database.read(NOBODY):
            pass
    await gave_up.wait()
    return database


async def test_a_pool_comes_back_by_itself_although_nobody_asks_for_a_connection(away: Database) -> None:
    away.pool.conninfo = away.url
    async with asyncio.timeout(30):
        while not away.pool.get_stats().get("pool_available"):
            await asyncio.sleep(0.01)
    async with away.read(NOBODY) as work:
        assert await work.value("select 1") == 1


async def test_a_pool_that_is_closed_while_the_database_is_away_asks_no_more(away: Database) -> None:
    knocking = away._knocking
    assert knocking is not None
    await away.close()
    await knocking
