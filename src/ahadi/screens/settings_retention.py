"""Administration: how long words are kept, with a count of what would go before anything does."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError
from ahadi.directory import Directory, Permission
from ahadi.intake import retention
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.settings_frame import administered, number_in, settle_form, show_settings

router = Router(include_in_schema=False)
RETENTION = "/settings/retention"
_NEEDED = Permission.SETTINGS_EDIT


@router.get(RETENTION)
async def get_retention(request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)) -> Response:
    return await _page(request, actor, organisation)


async def _page(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    tried: Mapping[str, int | None] | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _NEEDED, slug)
        organisation_id = directory.organisation.id
        chosen = await retention.retention_of(work, organisation_id)
        counts = await retention.would_go(work, organisation_id, tried or chosen)
    return show_settings(
        request,
        frame,
        directory,
        _NEEDED,
        "settings/retention.html",
        entered=entered,
        problem=problem,
        chosen=tried or chosen,
        counts=counts,
        tried=tried is not None,
        most=retention.LONGEST_DAYS,
    )


@router.post(RETENTION)
async def post_retention(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Count what would go, or keep words so long from now on."""
    entered = await entered_in(request)

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, entered.get("organisation"), entered, problem)

    if entered.get("decision") == "count":
        try:
            return await _page(request, actor, entered.get("organisation"), tried=_days(entered))
        except AhadiError as problem:
            if problem.status in (401, 403, 404):
                raise
            return await show(entered, problem)

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await retention.change_retention(work, directory.organisation.id, _days(entered))
        return "retention-changed"

    return await settle_form(request, actor, RETENTION, _NEEDED, deed, show)


def _days(entered: Entered) -> dict[str, int | None]:
    return {
        what: number_in(entered, what, 1, retention.LONGEST_DAYS) if entered.text(what) else None
        for what in retention.WHATS
    }
