"""One page that shows every component in every state: for looking at, and for the tests that judge how it looks."""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from ahadi.platform.database import Actor
from ahadi.platform.web import SIGNED_IN, Router, database_of
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import screens_of

router = Router(include_in_schema=False)
_FROM_NOW = (timedelta(hours=-2), timedelta(minutes=20), timedelta(hours=3), timedelta(days=3))


@router.get("/components")
async def get_components(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Every macro of `components.html`, by its name."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
    moments = [frame.reader.now + each for each in _FROM_NOW]
    icons = screens_of(request).icons
    return screens_of(request).page(
        request, frame.reader, "components_shown.html", frame=frame, moments=moments, icons=icons
    )
