"""What the palette finds while somebody types: cases, customers and colleagues. Pages and deeds it knows from the page
it stands on.
"""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import HTMLResponse, Response

from ahadi import cases, search
from ahadi.base.errors import NotFound
from ahadi.base.ids import parse_reference
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import screens_of
from ahadi.search import Found

router = Router(include_in_schema=False)
_MOST = 8


@router.get("/palette")
async def get_palette(
    request: Request, q: Annotated[str, Query(max_length=100)] = "", actor: Actor = needs(Permission.CASE_READ)
) -> Response:
    """The case of a whole reference, else what a search finds: the newest cases, customers, colleagues."""
    query = search.parse(q)
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        rows = await _of_reference(work, q)
        found = Found(query)
        if not rows and (query.words or query.has_filters):
            found = await search.search(work, query, limit=_MOST)
    text = screens_of(request).text(frame.reader, "palette.html", rows=rows or found.cases, found=found)
    return HTMLResponse(text)


async def _of_reference(work: Work, typed: str) -> list[dict[str, Any]]:
    reference = parse_reference(typed) if typed.strip() else None
    if not reference:
        return []
    try:
        case = await cases.get_case(work, reference)
    except NotFound:
        return []
    subjects = await cases.texts_of(work, case.organisation_id, [case.id])
    return [{"reference": case.reference, "subject": subjects[case.id].subject}]
