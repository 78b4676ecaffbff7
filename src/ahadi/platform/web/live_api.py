"""The journal over HTTP: live, and page by page."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from ahadi.platform import journal, live
from ahadi.platform.database import Actor
from ahadi.platform.web import Streams, answer, database_of, needs, organisation_of
from ahadi.platform.web.paging import MOST, USUAL
from ahadi.platform.web.routes import Router

router = Router(prefix="/api", tags=["journal"])
LISTEN = "case.read"
AUDIT = "audit.read"


@router.get("/live")
async def get_live(
    request: Request, organisation: str | None = None, after: str | None = None, actor: Actor = needs(LISTEN)
) -> Response:
    """Everything that happens in an organisation, as server-sent events that resume from a cursor.

    Each event's `id` is the cursor after it; come back with it in `Last-Event-ID`, or as `after`.
    """
    del after  # read from the request, where the header of a returning browser goes before it
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, LISTEN)
    streams: Streams = request.app.state.streams
    return streams.open(request, actor, organisation_id)


@router.get("/journal")
async def get_journal(
    request: Request,
    organisation: str | None = None,
    limit: Annotated[int, Query(ge=1)] = USUAL,
    after: str | None = None,
    actor: Actor = needs(AUDIT),
) -> Response:
    """Everything that happened in an organisation, from the beginning, in the order it is read by followers.

    `next` leads to what is there already; `cursor` may be kept to ask for what comes later.
    """
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, AUDIT)
        cursor = journal.Cursor.parse(after) if after else await journal.beginning(work)
        rows, reached = await journal.since(work, organisation_id, cursor, min(limit, MOST))
    more = str(reached) if reached.upto else None
    return answer({"items": [live.event(row) for row in rows], "next": more, "cursor": str(reached)})
