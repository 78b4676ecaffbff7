"""Following journals: whoever must do something about everything that happened reads it in order, and misses nothing.

What a follower does about some rows and how far it has read are one transaction. Any number of processes may follow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from ahadi.base.errors import AhadiError
from ahadi.platform import followers_store as store
from ahadi.platform import journal
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.journal import Cursor, JournalRow, StaleCursor

log = structlog.get_logger(__name__)
Organisations = Callable[[], Awaitable[Iterable[UUID]]]
AT_ONCE = 200
_AFTER_A_FAILURE = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Following:
    """Who follows, and what it does about rows of an organisation's journal. `begins` is where it reads from after
    the data was restored."""

    name: str
    take: Callable[[Work, UUID, Sequence[JournalRow]], Awaitable[None]]
    begins: Callable[[Work], Awaitable[Cursor]]


async def begin(work: Work, organisation_id: UUID, name: str, cursor: Cursor) -> None:
    """Follow an organisation's journal from here, unless that has begun already."""
    await store.begin_following(work, organisation_id, name, str(cursor))


async def follow_once(database: Database, organisation_id: UUID, following: Following) -> int:
    """Take the next rows, with the cursor in one transaction; how many there were."""
    async with database.work(Actor.system([organisation_id])) as work:
        held = await store.lock_cursor(work, organisation_id, following.name)
        if held is None:
            return 0
        try:
            rows, reached = await journal.since(work, organisation_id, Cursor.parse(held), AT_ONCE)
        except StaleCursor:
            log.warning("follower.cursor_lost", follower=following.name, organisation=str(organisation_id))
            rows, reached = [], await following.begins(work)
        if rows:
            await following.take(work, organisation_id, rows)
        await store.move_cursor(work, organisation_id, following.name, str(reached))
    return len(rows)


class Follower:
    """Follows the journals of some organisations for as long as its process lives.

    Those whose journals are heard to grow are read at once, all of them every so often: what grew unheard is not
    missed, and a thousand in which nothing happens cost next to nothing.
    """

    def __init__(self, database: Database, organisations: Organisations, following: Following) -> None:
        self._database = database
        self._organisations = organisations
        self._following = following
        self._grown: set[UUID] = set()
        self._wake = asyncio.Event()

    def hear(self, grown: set[UUID]) -> None:
        """These journals grew."""
        self._grown |= grown
        self._wake.set()

    async def run(self, idle: float = 30.0) -> None:
        """Follow, until cancelled."""
        only: set[UUID] | None = None
        while True:
            pause = idle
            try:
                await self.once(only)
            except AhadiError as problem:
                log.warning("follower.waiting", follower=self._following.name, error=problem.code)
                pause = _AFTER_A_FAILURE
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                only = None
            else:
                self._wake.clear()
                only, self._grown = self._grown, set()

    async def once(self, only: set[UUID] | None = None) -> None:
        """Read every journal to its present end, or those `only`."""
        for each in await self._organisations():
            if only is not None and each not in only:
                continue
            while await follow_once(self._database, each, self._following) == AT_ONCE:
                continue
