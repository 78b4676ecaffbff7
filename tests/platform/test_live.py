"""Live streams: nothing missed, nothing twice, ended when they must be."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahadi.base.ids import uuid7
from ahadi.platform import live
from ahadi.platform.database import Actor, Database
from ahadi.platform.journal import Cursor
from ahadi.platform.live import Announcer, Hub
from tests.platform.journals import ORGANISATION, OTHER, Heard, writers

LISTENER = Actor("token", ORGANISATION, {ORGANISATION: frozenset({"case.read"})})


@pytest.fixture
async def hub(database: Database) -> AsyncIterator[Hub]:
    opened = Hub(database)
    running = asyncio.create_task(opened.run())
    yield opened
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def listening(hub: Hub, after: str | None = None) -> Heard:
    """A listener who has heard the greeting, and so hears everything from now."""
    heard = Heard(hub.stream(LISTENER, ORGANISATION, Cursor.parse(after) if after else None))
    await heard.next()
    return heard


async def write(database: Database, *kinds: str) -> None:
    """One transaction a row, announced as any work is."""
    for kind in kinds:
        async with database.work(Actor.system([ORGANISATION])) as work:
            work.record(kind, ORGANISATION)


async def test_a_change_committed_elsewhere_is_heard_through_its_announcement(database: Database, hub: Hub) -> None:
    announcer = Announcer(database)
    announcing = asyncio.create_task(announcer.run())
    heard = await listening(hub)
    await write(database, "promise.kept", "promise.made")
    assert await heard.until(2) == ["promise.kept", "promise.made"]
    announcing.cancel()
    await asyncio.gather(announcing, return_exceptions=True)


async def test_where_much_is_written_announcements_are_gathered_and_none_is_left_out(database: Database) -> None:
    told: list[set[UUID]] = []
    announcer = Announcer(database)
    listening_to = asyncio.create_task(live.listen(database.url, told.append))
    announcing = asyncio.create_task(announcer.run())
    while not told:  # until it listens
        announcer.tell([OTHER])
        await asyncio.sleep(0.02)
    told.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    names = [uuid7() for _ in range(60)]
    for name in names:
        announcer.tell([name])
        await asyncio.sleep(0.01)
    while not set(names) <= set().union(*told):
        await asyncio.sleep(0.01)
    assert len(told) <= (loop.time() - began) / live._APART + 2
    for task in (announcing, listening_to):
        task.cancel()
    await asyncio.gather(announcing, listening_to, return_exceptions=True)


async def test_a_lost_announcement_is_made_up_for(database: Database, hub: Hub) -> None:
    heard = await listening(hub)
    await write(database, "promise.kept")  # nobody announces
    assert await heard.until(1) == ["promise.kept"]


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(4)), st.integers(0, 3), st.booleans())
async def test_whatever_the_order_of_commits_each_event_is_heard_once(
    database: Database, hub: Hub, order: list[int], joins_after: int, returns: bool
) -> None:
    async with writers(database, 4) as pens:
        for number, pen in enumerate(pens):
            await pen.write(f"row.{number}")
        for number in order[:joins_after]:
            await pens[number].commit()
        heard = await listening(hub)
        before_leaving = order[joins_after:][:2]
        for number in before_leaving:
            await pens[number].commit()
            hub.hear({ORGANISATION})
        await heard.until(len(before_leaving))
        kinds = list(heard.kinds)
        rest = order[joins_after:][2:]
        if returns:
            await heard.close()
            for number in rest:
                await pens[number].commit()
            heard = await listening(hub, after=heard.last_id)
        else:
            for number in rest:
                await pens[number].commit()
                hub.hear({ORGANISATION})
            heard.kinds.clear()
        kinds += await heard.until(len(rest))
        await heard.close()
    assert sorted(kinds) == sorted(f"row.{number}" for number in order[joins_after:])


async def test_whoever_comes_back_with_a_cursor_hears_what_happened_meanwhile_and_then_what_happens(
    database: Database, hub: Hub
) -> None:
    first = await listening(hub)
    await write(database, "one")
    await first.until(1)
    await first.close()
    await write(database, "two", "three")
    again = await listening(hub, after=first.last_id)
    assert await again.until(2) == ["two", "three"]
    await write(database, "four")
    assert await again.until(3) == ["two", "three", "four"]


async def test_after_a_restore_a_listener_is_told_to_load_afresh_and_hears_on_from_now(
    database: Database, hub: Hub
) -> None:
    first = await listening(hub)
    async with database.connection() as connection:
        await connection.execute("update journal_epoch set epoch = 2")
    await write(database, "before")
    again = Heard(hub.stream(LISTENER, ORGANISATION, Cursor.parse(first.last_id)))
    await again.next()
    assert again.names == ["stale"] and Cursor.parse(again.last_id).epoch == 2
    await write(database, "after")
    assert await again.until(1) == ["after"]
    await first.next()
    assert first.ended and not first.kinds


async def test_a_listener_who_lags_too_far_is_dropped_and_returns_by_cursor(
    database: Database, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_ROOM", 2)
    slow = await listening(hub)
    kinds = [f"row.{number}" for number in range(5)]
    quick = await listening(hub)
    for count, kind in enumerate(kinds, 1):
        await write(database, kind)
        hub.hear({ORGANISATION})
        await quick.until(count)
    heard = await slow.until(5)
    assert slow.ended and len(heard) < 5
    back = await listening(hub, after=slow.last_id)
    assert heard + await back.until(5 - len(heard)) == kinds
    assert quick.kinds == kinds


async def test_a_dropped_listener_s_stream_ends_and_others_go_on(database: Database, hub: Hub) -> None:
    stays, goes = await listening(hub), Actor("token", OTHER, {ORGANISATION: frozenset({"case.read"})})
    ends = Heard(hub.stream(goes, ORGANISATION, None))
    await ends.next()
    assert {actor.id for _, actor in hub.heard_by()} == {LISTENER.id, goes.id}
    hub.drop(ORGANISATION, [goes])
    await ends.next()
    assert ends.ended
    await write(database, "one")
    assert await stays.until(1) == ["one"]


async def test_closing_the_hub_ends_every_stream(hub: Hub) -> None:
    heard = [await listening(hub) for _ in range(3)]
    hub.close()
    for each in heard:
        await each.next()
        assert each.ended
    assert hub.listeners == 0


async def test_a_listener_who_goes_is_forgotten(hub: Hub) -> None:
    heard = await listening(hub)
    assert hub.listeners == 1
    await heard.close()
    assert hub.listeners == 0
