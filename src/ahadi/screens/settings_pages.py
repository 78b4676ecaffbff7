"""Administration: one page that leads to everything that is seldom needed."""

from fastapi import Request
from starlette.responses import Response

from ahadi.directory import first_run
from ahadi.platform.database import Actor
from ahadi.platform.web import SIGNED_IN, Router, database_of
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import screens_of
from ahadi.screens.settings_cards import cards_for

router = Router(include_in_schema=False)


@router.get("/settings")
async def get_settings(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Cards to what the reader may administer."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        unfinished = await first_run.unfinished(work) is not None
    return screens_of(request).page(
        request, frame.reader, "settings/home.html", frame=frame, groups=cards_for(frame), unfinished=unfinished
    )
