"""Questions that do not wait for each other: asked together over one connection, they share a round trip.

A connection sends statements in the order in which they come, and waits for the server only when an answer is fetched.
Whoever fetches queues behind all who have something to send; so everything that can be asked by then leaves at once.
"""

from asyncio import Task, create_task, gather
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from psycopg.errors import PipelineAborted

Answered = TypeVar("Answered")


class Together:
    """Takes questions while its block runs; each has its `result()` when the block has ended.

    Raises what the first of them raised, once all have come to an end: none outlives its connection.
    """

    def __init__(self) -> None:
        self._asked: list[Task[Any]] = []

    def ask(self, question: Coroutine[Any, Any, Answered]) -> Task[Answered]:
        """Ask; questions begin in the order in which they are given."""
        asked = create_task(question)
        self._asked.append(asked)
        return asked

    async def __aenter__(self) -> "Together":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        outcomes = await gather(*self._asked, return_exceptions=True)
        problems = [each for each in outcomes if isinstance(each, BaseException)]
        if error is None and problems:  # after one statement failed, those behind it are not looked at
            raise next((each for each in problems if not isinstance(each, PipelineAborted)), problems[0])
