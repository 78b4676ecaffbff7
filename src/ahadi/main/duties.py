"""What a worker does again and again: the watch over promises, and the outbox."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog

from ahadi import contacts, notifications, promises
from ahadi.base.errors import AhadiError
from ahadi.channels.email import MailServer, ServerLimits
from ahadi.directory import all_organisations
from ahadi.intake.mail import MailIntake
from ahadi.intake.mailboxes import Poller
from ahadi.main.sense import Protocol, listening_for_mail
from ahadi.platform.database import Actor, Database
from ahadi.platform.settings import Settings
from ahadi.routing import offers, wrap_ups
from ahadi.routing.offer_duty import offer_waiting

log = structlog.get_logger(__name__)
Organisations = Callable[[], Awaitable[Sequence[UUID]]]
_BATCH = 50
_AT_ONCE = 1000  # organisations that are looked at together where a person's in several go into one mail


async def watch(database: Database) -> int:
    """One look at everything the clock does: promises, offers, wrap-ups; how many things were done."""
    done = await promises.watch_once(database)
    async with database.read(Actor.system([])) as work:
        organisations = [each.id for each in await all_organisations(work)]
    for start in range(0, len(organisations), _BATCH):
        done += await offers.expire_offers(database, organisations[start : start + _BATCH])
        done += await wrap_ups.keep_wrap_ups(database, organisations[start : start + _BATCH])
    return done + await offer_waiting(database, organisations)


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


class Heard:
    """Which organisations something happened in, since it was last asked: what is done at once and not at the hour."""

    def __init__(self) -> None:
        self._grown: set[UUID] = set()
        self._something = asyncio.Event()

    def hear(self, grown: Collection[UUID]) -> None:
        self._grown |= set(grown)
        self._something.set()

    async def take(self) -> set[UUID]:
        """Wait until something happened, and say where."""
        await self._something.wait()
        self._something.clear()
        taken, self._grown = self._grown, set()
        return taken


async def keep_offering(database: Database, organisations: Organisations, heard: Heard) -> None:
    """Offer what waits as soon as something happened: a case came, somebody became free, an offer was answered.

    What the clock brings, and what was not heard, is the watch's.
    """
    while True:
        grown = await heard.take()
        try:
            everywhere = list(await organisations())
            here = [each for each in everywhere if each in grown]
            for start in range(0, len(here), _BATCH):
                await wrap_ups.keep_wrap_ups(database, here[start : start + _BATCH])
            await offer_waiting(database, everywhere, grown)
        except AhadiError as problem:
            log.warning("offers.waiting", error=problem.code)


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


async def mail_notices(database: Database, organisations: Organisations, every: float) -> None:
    """Gather what people are told by mail, every so many (real) seconds."""
    while True:
        try:
            everywhere = await organisations()
            for start in range(0, len(everywhere), _AT_ONCE):
                await notifications.gather_mails(database, everywhere[start : start + _AT_ONCE])
        except AhadiError as problem:
            log.warning("notice_mails.waiting", error=problem.code)
        await asyncio.sleep(every)


async def take_mail(server: MailServer) -> None:
    """Listen for mail until cancelled. Where another process has the address, wait until it lets go."""
    while True:
        try:
            await server.start()
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
            await asyncio.sleep(5)
            continue
        try:
            await asyncio.Event().wait()
        finally:
            await server.close()


async def read_mailboxes(poller: Poller, organisations: Organisations, every: float = 5.0) -> None:
    """Read hosted mailboxes as they come due."""
    while True:
        try:
            await poller.poll_due(list(await organisations()))
        except AhadiError as problem:
            log.warning("mailboxes.waiting", error=problem.code)
        await asyncio.sleep(every)


def mail_servers(settings: Settings, intake: MailIntake) -> dict[Protocol, MailServer]:
    """The servers that take mail in, as configured. Raises SetupError for an address that cannot be read."""
    return {
        protocol: MailServer(
            intake.deliver,
            intake.receives,
            protocol=protocol,
            host=where.host,
            port=where.port,
            path=where.path,
            hostname=settings.mail_domain,
            limits=ServerLimits(mail=settings.mail_max_bytes),
        )
        for protocol, where in listening_for_mail(settings).items()
    }
