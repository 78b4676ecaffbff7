"""Notices: what a person must see, until they have seen it; and offers that are answered now."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import promises
from ahadi.base.errors import AhadiError
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, database_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.my_work import subjects_of
from ahadi.screens.pages import Done, screens_of

router = Router(include_in_schema=False)
_MOST = 200


@router.get("/notices")
async def get_notices(request: Request, actor: Actor = SIGNED_IN) -> Response:
    return await _page(request, actor)


async def _page(request: Request, actor: Actor, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        found = await promises.notices_of(work, actor.person_id, _MOST) if actor.person_id else []
        rows = [{"organisation_id": each.organisation_id, "case_id": each.case_id} for each in found if each.case_id]
        subjects = await subjects_of(work, rows)
    return screens_of(request).page(
        request,
        frame.reader,
        "notices.html",
        status=problem.status if problem else 200,
        frame=frame,
        notices=found,
        subjects=subjects,
        problem=problem,
    )


@router.post("/notices/seen")
async def post_seen(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """These were seen: one, or all that the page showed."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        ids: list[UUID] = entered.ids("id")
        if work.actor.person_id:
            await promises.mark_seen(work, work.actor.person_id, ids)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem)

    return await act(
        request,
        actor,
        Entered(),
        deed,
        done=lambda _: ("/notices", Done("notices-seen")),
        again=again,
        twice="/notices",
    )
