"""The demo is loaded once, whole, however often its loading is interrupted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ahadi.directory import all_organisations
from ahadi.main.demo import load
from ahadi.main.wiring import Installation, opened
from ahadi.platform import journal
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor


@pytest.fixture
async def demo(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
    """An installation whose business time runs, and a demo whose past is an hour long."""
    monkeypatch.setattr(load, "_BEFORE", timedelta(hours=1))
    database = installation.database
    database.clock = BusinessClock("running", database.clock.real)
    async with opened(replace(installation, settings=replace(installation.settings, demo=True))) as running:
        yield running


async def looked(demo: Installation) -> tuple[Any, int]:
    """How far the demo's past goes, and how many contacts it holds."""
    async with demo.database.read(Actor.system([])) as work:
        ids = [each.id for each in await all_organisations(work)]
    async with demo.database.read(Actor.system(ids)) as work:
        return await journal.latest(work), await work.value("select count(*) from contact")


async def test_a_loading_that_was_interrupted_goes_on_from_where_it_was(demo: Installation) -> None:
    start = load.morning_of(demo.database.clock.real.now())
    half = start - timedelta(minutes=30)
    loading = asyncio.create_task(load.load(demo, lambda _: None))
    while not loading.done():
        reached, contacts = await looked(demo)
        if reached is not None and reached >= half:
            break
        await asyncio.sleep(0.01)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert not await load.is_loaded(demo.database)
    reached, contacts = await looked(demo)
    assert half <= reached < start

    said: list[str] = []
    await load.load(demo, said.append)
    assert said and await load.is_loaded(demo.database)
    later, more = await looked(demo)
    assert later > reached and more >= contacts

    said.clear()
    await load.load(demo, said.append)
    assert not said
    assert await looked(demo) == (later, more)
