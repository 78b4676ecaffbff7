"""A follower reads what is heard to grow at once, and everything every so often."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from ahadi.platform import followers, journal
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.followers import Follower, Following
from ahadi.platform.journal import JournalRow

OURS, THEIRS = UUID(int=1), UUID(int=2)


async def test_what_is_heard_is_read_at_once_and_what_is_not_in_time(database: Database) -> None:
    taken: asyncio.Queue[tuple[UUID, int]] = asyncio.Queue()

    async def take(_work: Work, organisation_id: UUID, rows: Sequence[JournalRow]) -> None:
        taken.put_nowait((organisation_id, len(rows)))

    async def everyone() -> list[UUID]:
        return [OURS, THEIRS]

    async def happen(organisation_id: UUID) -> None:
        async with database.work(Actor.system([organisation_id])) as work:
            work.record("case.opened", organisation_id)

    for each in (OURS, THEIRS):
        async with database.work(Actor.system([each])) as work:
            await followers.begin(work, each, "tested", await journal.beginning(work))
    follower = Follower(database, everyone, Following("tested", take, journal.beginning))
    for each in (OURS, THEIRS):
        await happen(each)
    follower.hear({THEIRS})
    await follower.once({THEIRS})
    assert taken.get_nowait() == (THEIRS, 1) and taken.empty()
    running = asyncio.create_task(follower.run(idle=0.05))
    try:
        async with asyncio.timeout(30):
            assert await taken.get() == (OURS, 1), "nobody heard of it, and it is read all the same"
            await happen(OURS)
            follower.hear({OURS})
            assert await taken.get() == (OURS, 1)
            await happen(THEIRS)
            assert await taken.get() == (THEIRS, 1)
    finally:
        running.cancel()
