"""Marks of life."""

from datetime import timedelta

from ahadi.base.clock import FixedClock
from ahadi.platform.database import Actor, Database
from ahadi.platform.marks import mark, marks


async def test_a_mark_says_when_something_last_ran_and_what_it_said(database: Database, clock: FixedClock) -> None:
    for round_ in (1, 2):
        async with database.work(Actor.system([])) as work:
            await mark(work, "worker", round=round_)
        clock.advance(timedelta(seconds=20))
    async with database.read(Actor.system([])) as work:
        [found] = (await marks(work)).values()
    assert found.facts == {"round": 2} and work.real_now - found.at == timedelta(seconds=20)


async def test_a_clock_that_was_set_back_does_not_make_a_mark_older(database: Database, clock: FixedClock) -> None:
    async with database.work(Actor.system([])) as work:
        await mark(work, "worker")
    before = clock.now()
    clock.advance(timedelta(minutes=-5))
    async with database.work(Actor.system([])) as work:
        await mark(work, "worker")
        assert (await marks(work))["worker"].at == before
