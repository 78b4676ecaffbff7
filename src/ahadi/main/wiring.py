"""The one place where the parts are put together, by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from ahadi.base.clock import Clock, SystemClock
from ahadi.directory import invitations_api, sign_in_api, tokens_api
from ahadi.directory.sign_in import may_listen_no_more
from ahadi.main.housekeeping import keep_house
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database
from ahadi.platform.house import house_of
from ahadi.platform.jobs import Handler, run_for_ever
from ahadi.platform.live import Announcer, Hub, listen
from ahadi.platform.metrics import Metrics
from ahadi.platform.security import Keyring, load_keyring
from ahadi.platform.settings import Settings
from ahadi.platform.web import Policy, Statics, Streams, live_api

JOBS_AT_ONCE = 3
STATIC = Path(__file__).parent.parent / "screens" / "static"

# Every route of the application, in the order they are tried.
ROUTERS: tuple[APIRouter, ...] = (
    sign_in_api.router,
    tokens_api.router,
    invitations_api.router,
    live_api.router,
)


# What each kind of job does.
HANDLERS: Mapping[str, Handler] = {}


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


def worker_tasks(installation: Installation) -> dict[str, Coroutine[Any, Any, None]]:
    """What a worker process runs for ever, by name. Jobs are run by several at once, so that a slow one delays none."""
    database, lease = installation.database, timedelta(seconds=installation.settings.job_lease_seconds)
    wakes = [asyncio.Event() for _ in range(JOBS_AT_ONCE)]

    def wake(_organisations: set[UUID]) -> None:
        for each in wakes:
            each.set()

    runners = {f"jobs {n}": run_for_ever(database, HANDLERS, lease, each) for n, each in enumerate(wakes, 1)}
    return {
        **runners,
        "wake": listen(database.url, wake),
        "announcer": installation.announcer.run(),
        "housekeeping": keep_house(database),
    }
