"""Tasks that run beside the requests for as long as a process lives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from ahadi.platform.logs import frames_of

log = structlog.get_logger(__name__)
Task = Callable[[], Coroutine[Any, Any, None]]
_PAUSE = 1.0  # seconds before a task that failed is tried again
_FINISH_WITHIN = 5.0  # seconds given to what is on its way
_ASK_AGAIN = 0.1


@asynccontextmanager
async def running(tasks: Mapping[str, Task]) -> AsyncIterator[None]:
    """Keep tasks running during the block; one that fails is reported and begun again."""
    begun = [asyncio.create_task(_for_ever(name, task), name=name) for name, task in tasks.items()]
    try:
        yield
    finally:
        await _end(begun)


async def _end(begun: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel until all have ended.

    Once is not enough: where a task waits for the database, and the database answers with an error of its own just
    then, the driver raises that error in place of the cancellation, and the task goes on.
    """
    patience = _FINISH_WITHIN
    while left := [each for each in begun if not each.done()]:
        for each in left:
            each.cancel()
        await asyncio.wait(left, timeout=patience)
        patience = _ASK_AGAIN
    await asyncio.gather(*begun, return_exceptions=True)


async def _for_ever(name: str, task: Task) -> None:
    while True:
        try:
            await task()
        except Exception as problem:
            log.error("task.failed", task=name, error=type(problem).__qualname__, frames=frames_of(problem))
        await asyncio.sleep(_PAUSE)
