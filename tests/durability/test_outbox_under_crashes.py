"""Messages on their way when something breaks: few are left in doubt, and none that need not be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from ahadi.base.clock import FixedClock
from ahadi.base.errors import Unavailable
from ahadi.channels import FakeChannel, SendOutcome
from ahadi.contacts import Parcel, send_due
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.embedded import Connections
from tests.cases.builders import ORGANISATION, system
from tests.conftest import HOUSE
from tests.contacts.builders import FakePost, message, written

HERE = [ORGANISATION]


class Dies(BaseException):
    """The process is gone."""


class Interrupted(FakePost):
    """Hands each message over, after (or before) something happened."""

    def __init__(self, happens: Callable[[], Awaitable[None]]) -> None:
        self.channel = FakeChannel("sms")
        super().__init__(self.channel)
        self._happens = happens

    async def send(self, parcel: Parcel) -> SendOutcome:
        outcome = await super().send(parcel)
        await self._happens()
        return outcome


async def states(database: Database) -> dict[str, int]:
    async with database.read(system()) as work:
        rows = await work.rows("select state, count(*) as n from message group by state")
    return {row["state"]: row["n"] for row in rows}


async def test_a_crash_leaves_no_more_messages_in_doubt_than_were_on_their_way(database: Database) -> None:
    for _ in range(30):
        await written(database)

    async def die() -> None:
        raise Dies

    post = Interrupted(die)
    with pytest.raises(BaseExceptionGroup) as died:
        await send_due(database, HERE, post)
    assert died.group_contains(Dies)
    found = await states(database)
    assert found["sending"] == len(post.channel.arrived) <= 8
    assert found["queued"] == 30 - found["sending"]


async def test_a_database_that_comes_back_still_hears_that_a_message_was_sent(
    database: Database, fresh_database: Connections
) -> None:
    id_ = await written(database)

    async def lose_every_connection() -> None:
        async with await psycopg.AsyncConnection.connect(fresh_database.superuser, autocommit=True) as admin:
            await admin.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    post = Interrupted(lose_every_connection)
    with contextlib.suppress(Unavailable):  # of whoever looked for more messages meanwhile
        await send_due(database, HERE, post)
    assert (await message(database, id_)).state == "sent" and len(post.channel.arrived) == 1


async def test_a_worker_that_is_told_to_end_settles_what_is_on_its_way_and_takes_up_nothing_more(
    database: Database,
) -> None:
    for _ in range(30):
        await written(database)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def be_slow() -> None:
        begun.set()
        await go_on.wait()

    post = Interrupted(be_slow)
    sending = asyncio.create_task(send_due(database, HERE, post))
    await begun.wait()
    sending.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await sending
    found = await states(database)
    assert "sending" not in found
    assert found["sent"] == len(post.channel.arrived) <= 8


class ReadsNothing(Database):
    """A pool that loses its connection whenever it reads."""

    @asynccontextmanager
    async def read(self, actor: Actor) -> AsyncIterator[Work]:
        raise Unavailable("The database does not answer.")
        yield


async def test_a_message_that_could_not_be_read_is_tried_again_since_nothing_of_it_has_left(
    database: Database, fresh_database: Connections, clock: FixedClock
) -> None:
    id_ = await written(database)

    async def never() -> None:
        raise AssertionError("nothing was read, so nothing is handed over")

    half = ReadsNothing(fresh_database.app, BusinessClock("system", clock), house=HOUSE, connections=2)
    await half.open()
    try:
        await send_due(half, HERE, Interrupted(never))
    finally:
        await half.close()
    waiting = await message(database, id_)
    assert (waiting.state, waiting.failure) == ("queued", "not-read")
