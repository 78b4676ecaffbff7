"""Live streams over HTTP, kept only as long as their listener may listen."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import StreamingResponse

from ahadi.base.errors import AhadiError
from ahadi.platform.database import Actor
from ahadi.platform.journal import Cursor
from ahadi.platform.live import Hub

log = structlog.get_logger(__name__)
LOOK_EVERY = 2.0  # seconds until a revoked listener's stream ends

# Of the actors listening to an organisation, those who may do so no more.
Gone = Callable[[UUID, Sequence[Actor]], Awaitable[Collection[Actor]]]


class Streams:
    """The open streams of one process. `gone` is asked for all listeners of an organisation at once."""

    def __init__(self, hub: Hub, gone: Gone, count: Callable[[int], None] | None = None) -> None:
        """`count` is told now and then how many streams are open."""
        self._hub = hub
        self._gone = gone
        self._count = count

    def open(self, request: Request, actor: Actor, organisation_id: UUID) -> StreamingResponse:
        """A stream of server-sent events after the cursor in `Last-Event-ID` or `after`, from now without one."""
        text = request.headers.get("last-event-id") or request.query_params.get("after")
        events = self._hub.stream(actor, organisation_id, Cursor.parse(text) if text else None)
        return StreamingResponse(_closed(events), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def run(self) -> None:
        """Look again and again who may still listen, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except AhadiError as problem:
                log.warning("streams.not_checked", error=problem.code)

    async def look(self) -> None:
        """End the streams of those who may listen no more."""
        if self._count is not None:
            self._count(self._hub.listeners)
        listening: dict[UUID, list[Actor]] = defaultdict(list)
        for organisation_id, actor in self._hub.heard_by():
            listening[organisation_id].append(actor)
        for organisation_id, actors in listening.items():
            gone = await self._gone(organisation_id, actors)
            if gone:
                self._hub.drop(organisation_id, gone)


async def _closed(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events; when the listener goes, the source is told at once and not when memory is tidied."""
    try:
        async for each in events:
            yield each
    except AhadiError as problem:  # the answer has begun, so there is nothing to say but to end it
        log.warning("stream.ended", code=problem.code)
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
