"""The chat's one file for other sites, and a plain site of the demo on which it stands."""

from pathlib import Path

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import NotFound
from ahadi.directory import get_organisation
from ahadi.platform.database import Actor
from ahadi.platform.web import PUBLIC, Router, Statics, database_of, is_direct_from_loopback, settings_of
from ahadi.screens.pages import screens_of
from ahadi.screens.reader import later, reader_of

router = Router(include_in_schema=False, dependencies=[PUBLIC])
WIDGET = Path(__file__).parent / "static" / "widget.js"


@router.api_route("/widget.js", methods=["GET", "HEAD"])
async def get_widget(request: Request) -> Response:
    """The widget, which pages of any site may load; what it may do there is asked by the endpoints it calls."""
    statics: Statics = request.app.state.statics
    response = statics.answer(request, statics.digest, "widget.js")
    response.headers["Cache-Control"] = "public, max-age=600"  # its address stays the same over releases
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.get("/demo/site/{organisation}")
async def get_site(request: Request, organisation: str) -> Response:
    """A site of an organisation of the demo, as its customers see it."""
    return await _site(request, organisation, "home")


@router.get("/demo/site/{organisation}/outages")
async def get_other_page(request: Request, organisation: str) -> Response:
    """Another page of the same site."""
    return await _site(request, organisation, "outages")


async def _site(request: Request, slug: str, name: str) -> Response:
    if not (settings_of(request).demo and is_direct_from_loopback(request)):
        raise NotFound(later("There is nothing at this address; check it."))
    async with database_of(request).read(Actor.system([])) as work:
        organisation = await get_organisation(work, slug)
    if organisation is None or organisation.slug != slug:
        raise NotFound(later("There is nothing at this address; check it."))
    return screens_of(request).page(
        request, reader_of(request), "demo/site.html", organisation=organisation, page_name=name
    )
