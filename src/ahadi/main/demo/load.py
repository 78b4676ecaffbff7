"""Loads the demo once: three organisations, their people, and the two days before today as they would have gone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import httpx

from ahadi.base.clock import FixedClock
from ahadi.channels.ports import Surroundings
from ahadi.directory import all_organisations
from ahadi.main.apply import apply_text
from ahadi.main.demo import answering
from ahadi.main.demo.player import STEP, Player, play_until
from ahadi.main.duties import send_all_due, watch
from ahadi.main.post import InstalledPost
from ahadi.main.wiring import Installation
from ahadi.platform import journal
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database

ORGANISATIONS = ("power", "net", "clinic")
PACE = 60.0
"""Business seconds in one real second while the day plays: a day in 24 minutes."""
_ZONE = ZoneInfo("Africa/Nairobi")
_BEFORE = timedelta(hours=18)


def morning_of(real_now: datetime) -> datetime:
    """When the demo's day begins: 08:40 in Nairobi on the last working day that has begun there by now."""
    day = real_now.astimezone(_ZONE).replace(hour=8, minute=40, second=0, microsecond=0)
    while day > real_now or day.weekday() >= 5:
        day -= timedelta(days=1)
    return day.astimezone(UTC)


async def is_loaded(database: Database) -> bool:
    """Whether the whole demo is in this database: setting the clock is the last that loading does."""
    async with database.connection() as connection:
        return await database.clock.was_set(connection)


async def _reached(database: Database, start: datetime) -> datetime:
    """How far a loading that was interrupted had come; `start` for the first one."""
    async with database.read(Actor.system([])) as work:
        organisations = [each.id for each in await all_organisations(work)]
    async with database.read(Actor.system(organisations)) as work:
        return await journal.latest(work) or start


async def load(installation: Installation, say: Callable[[str], None]) -> None:
    """Make the organisations and play the day before, once; afterwards nothing is loaded again.

    Interrupted, it goes on from where it was.
    """
    database = installation.database
    if await is_loaded(database):
        return
    say("Loading the demo: three organisations and the day before.")
    start = morning_of(database.clock.real.now())
    clock = FixedClock(await _reached(database, start - _BEFORE))
    past = Database(database.url, BusinessClock("system", clock), house=database.house, connections=4)
    await past.open()
    try:
        for slug in ORGANISATIONS:
            text = resources.files(__package__).joinpath(f"{slug}.yaml").read_text(encoding="utf-8")
            await apply_text(past, text)
        await answering.choose(past)
        player = Player(past)
        await play_until(player, clock.set, start)
        async with httpx.AsyncClient() as client:
            settings = replace(installation.settings, smtp_url="")
            post = InstalledPost(past, settings, installation.keyring, Surroundings(client, clock))
            while await send_all_due(past, list(player.organisations.values()), post):
                pass
    finally:
        await past.close()
    async with database.connection() as connection:
        await database.clock.set(connection, start, rate=1.0)


async def set_pace(installation: Installation, pace: float) -> None:
    """Let business time go on from where it was, at a pace (business seconds a real second)."""
    database = installation.database
    async with database.connection() as connection:
        await database.clock.set(connection, None, rate=pace)


async def play(installation: Installation) -> None:
    """Play the day until cancelled: a task of the worker."""
    player = Player(installation.database)
    await watch(installation.database)
    while True:
        await player.step()
        await asyncio.sleep(STEP.total_seconds() / PACE)
