"""The one place where the parts are put together, by hand."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter

from ahadi.base.clock import Clock, SystemClock
from ahadi.directory import sign_in_api, tokens_api
from ahadi.directory.sign_in import may_listen_no_more
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database
from ahadi.platform.house import house_of
from ahadi.platform.live import Announcer, Hub
from ahadi.platform.metrics import Metrics
from ahadi.platform.security import Keyring, load_keyring
from ahadi.platform.settings import Settings
from ahadi.platform.web import Policy, Statics, Streams, live_api

STATIC = Path(__file__).parent.parent / "screens" / "static"

# Every route of the application, in the order they are tried.
ROUTERS: tuple[APIRouter, ...] = (
    sign_in_api.router,
    tokens_api.router,
    live_api.router,
)


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Installation:
    """One process's share of an installation: what was configured, and the parts built from it.

    `settle` is called after the manual clock was moved: it runs whatever has come due, until nothing is.
    """

    settings: Settings
    database: Database
    keyring: Keyring
    hub: Hub
    announcer: Announcer
    streams: Streams
    statics: Statics
    policy: Policy
    metrics: Metrics
    settle: Callable[[], Awaitable[None]] = field(default=_nothing)


def install(settings: Settings, database_url: str, *, real: Clock | None = None, name: str = "web") -> Installation:
    """The parts of one process, not yet connected to anything."""
    keyring = load_keyring(settings)
    database = Database(
        database_url,
        BusinessClock(settings.clock, real or SystemClock()),
        house=house_of(settings, keyring),
        connections=settings.database_connections,
        application=f"ahadi {name}",
    )
    hub = Hub(database)

    async def gone(organisation_id: UUID, actors: Sequence[Actor]) -> Collection[Actor]:
        return await may_listen_no_more(database, organisation_id, actors, live_api.LISTEN)

    return Installation(
        settings=settings,
        database=database,
        keyring=keyring,
        hub=hub,
        announcer=Announcer(database),
        streams=Streams(hub, gone),
        statics=Statics(STATIC),
        policy=Policy.of(settings),
        metrics=Metrics(),
    )


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[Installation]:
    """The installation with its connections open."""
    await installation.database.open()
    try:
        yield installation
    finally:
        await installation.database.close()
