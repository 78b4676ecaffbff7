"""What a worker does again and again: the watch over promises, and the outbox."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from ahadi import contacts, promises
from ahadi.base.errors import AhadiError
from ahadi.directory import all_organisations
from ahadi.platform.database import Actor, Database
from ahadi.routing import offers

log = structlog.get_logger(__name__)
Organisations = Callable[[], Awaitable[Sequence[UUID]]]
_BATCH = 50


async def watch(database: Database) -> int:
    """One look at everything the clock does: promises, and offers nobody answered; how many things were done."""
    done = await promises.watch_once(database)
    async with database.read(Actor.system([])) as work:
        organisations = [each.id for each in await all_organisations(work)]
    for start in range(0, len(organisations), _BATCH):
        done += await offers.expire_offers(database, organisations[start : start + _BATCH])
    return done


async def settle(database: Database) -> None:
    """Do whatever is due until nothing is (after the clock was moved by hand)."""
    for _ in range(10_000):
        if not await watch(database):
            return


async def keep_watch(database: Database, every: float) -> None:
    """Look at promises every so many (real) seconds, at once again while there is something to do."""
    while True:
        try:
            done = await watch(database)
        except AhadiError as problem:
            log.warning("watch.waiting", error=problem.code)
            done = 0
        if not done:
            await asyncio.sleep(every)


async def send_messages(
    database: Database, organisations: Organisations, post: contacts.Post, every: float, wake: asyncio.Event
) -> None:
    """Send what is due, every so many (real) seconds or as soon as something was written."""
    while True:
        try:
            taken = await send_all_due(database, await organisations(), post)
        except AhadiError as problem:
            log.warning("outbox.waiting", error=problem.code)
            taken = 0
        if not taken:
            wake.clear()
            try:
                async with asyncio.timeout(every):
                    await wake.wait()
            except TimeoutError:
                continue


async def send_all_due(database: Database, organisations: Sequence[UUID], post: contacts.Post) -> int:
    """One round of the outbox for every organisation; how many messages were taken up."""
    taken = 0
    for start in range(0, len(organisations), _BATCH):
        batch = organisations[start : start + _BATCH]
        taken += await contacts.settle_abandoned(database, batch, post)
        taken += await contacts.send_due(database, batch, post)
    return taken
