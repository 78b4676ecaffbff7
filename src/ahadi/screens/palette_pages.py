"""The cases that the palette finds, while somebody types. Pages and deeds it knows from the page it stands on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from ahadi import cases
from ahadi.base.errors import NotFound
from ahadi.base.ids import parse_reference
from ahadi.base.text import words
from ahadi.cases import CaseFilter
from ahadi.directory import Permission
from ahadi.platform.database import Actor
from ahadi.platform.web import database_of, needs
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import screens_of

router = APIRouter(include_in_schema=False)
_MOST = 8


@router.get("/palette")
async def get_palette(
    request: Request, q: Annotated[str, Query(max_length=100)] = "", actor: Actor = needs(Permission.CASE_READ)
) -> Response:
    """The case of a whole reference, else cases in which all these words occur, newest change first."""
    asked = words(q)
    reference = parse_reference(q) if q.strip() else None
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        readable = [each for each in frame.directories if frame.may(Permission.CASE_READ, each)]
        rows = []
        if reference:
            try:
                case = await cases.get_case(work, reference)
                subjects = await cases.texts_of(work, case.organisation_id, [case.id])
                rows = [{"reference": case.reference, "subject": subjects[case.id].subject}]
            except NotFound:
                pass
        if asked and not rows:
            rows = await cases.list_cases(work, readable, CaseFilter(words=tuple(asked), limit=_MOST))
    return HTMLResponse(screens_of(request).text(frame.reader, "palette.html", rows=rows))
