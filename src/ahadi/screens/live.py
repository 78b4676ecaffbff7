"""One stream for a page, whatever the number of organisations its reader serves.

Browsers allow few connections to a server at a time. So the streams of all the organisations somebody may read are
sent as one, and its cursor is theirs, one after the other.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from uuid import UUID

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from ahadi.base.errors import Invalid
from ahadi.directory import Permission
from ahadi.platform.database import Actor
from ahadi.platform.journal import Cursor
from ahadi.platform.live import Hub
from ahadi.platform.web import Router, hub_of, needs
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
_ID = re.compile(rb"(?m)^id: (\S+)$")
_BETWEEN = "~"
_ROOM = 64


@router.get("/live")
async def get_live(request: Request, after: str = "", actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """What happens in every organisation the reader may see, as `/api/live` tells it for one."""
    organisations = sorted(each for each in actor.grants if actor.may(each, Permission.CASE_READ))
    cursors = _cursors(request.headers.get("last-event-id") or after, len(organisations))
    events = merged(hub_of(request), actor, organisations, cursors)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _cursors(text: str, wanted: int) -> list[Cursor | None]:
    """A cursor for each organisation; one alone stands for all (a page takes one before its first load)."""
    if not text:
        return [None] * wanted
    parts = text.split(_BETWEEN)
    if len(parts) == 1:
        return [Cursor.parse(text)] * wanted
    if len(parts) != wanted:
        raise Invalid(later("This cursor is of other organisations; load afresh and start from now."))
    return [Cursor.parse(each) if each else None for each in parts]


async def merged(
    hub: Hub, actor: Actor, organisations: Sequence[UUID], cursors: Sequence[Cursor | None]
) -> AsyncGenerator[bytes, None]:
    """The organisations' streams as one. It ends when one of them does; the reader then comes back."""
    reached = [str(each) if each else "" for each in cursors]
    queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(_ROOM)

    async def follow(index: int, events: AsyncIterator[bytes]) -> None:
        try:
            async for each in events:
                await queue.put((index, each))
        finally:
            await queue.put(None)

    sources = [hub.stream(actor, org, cursor) for org, cursor in zip(organisations, cursors, strict=True)]
    tasks = [asyncio.create_task(follow(index, each)) for index, each in enumerate(sources)]
    try:
        while (told := await queue.get()) is not None:
            index, events = told
            yield _ID.sub(lambda match, at=index: _renamed(reached, at, match[1]), events)  # type: ignore[misc]
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _renamed(reached: list[str], index: int, cursor: bytes) -> bytes:
    reached[index] = cursor.decode()
    return b"id: " + _BETWEEN.join(reached).encode()
