"""What was told to end ends, also when it did not hear it the first time."""

import asyncio

import pytest

from ahadi.main import tasks
from ahadi.main.tasks import running


async def test_a_task_that_lost_its_cancellation_to_an_error_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "_FINISH_WITHIN", 0.0)
    lost = 0

    async def waits_for_the_database() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1
                if lost > 2:
                    raise

    async with running({"watch": waits_for_the_database}):
        await asyncio.sleep(0)
    assert lost == 3


async def test_what_is_on_its_way_is_not_interrupted_twice() -> None:
    finished = asyncio.Event()

    async def finishes() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(100):
                await asyncio.sleep(0)
            finished.set()

    async with running({"outbox": finishes}):
        await asyncio.sleep(0)
    assert finished.is_set()
