"""Administration of what customers see: the organisation's name, colour, website and logo."""

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Directory, Permission, portal
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.acting import act
from ahadi.screens.brand import branded
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, show_settings

router = Router(include_in_schema=False)
_EDIT = Permission.SETTINGS_EDIT
_PAGE = "/settings/portal"


@router.get(_PAGE)
async def get_portal(request: Request, organisation: str | None = None, actor: Actor = needs(_EDIT)) -> Response:
    return await _page(request, actor, organisation)


async def _page(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _EDIT, slug)
        brand = await branded(work, directory.organisation)
    return show_settings(
        request, frame, directory, _EDIT, "settings/portal.html", entered=entered, problem=problem, brand=brand
    )


@router.post(_PAGE)
async def post_portal(request: Request, actor: Actor = needs(_EDIT)) -> Response:
    """Name, colour, website, and a logo where a file was chosen."""
    entered = await entered_in(request, most_files=1)

    async def deed(work: Work, directory: Directory) -> str:
        id_ = directory.organisation.id
        name = entered.required("name", later("An organisation needs a name."), most=80)
        colour, website = entered.text("colour", most=20), entered.text("website", most=220)
        await portal.set_looks(work, id_, name=name, colour=colour, website=website)
        if entered.files:
            await portal.set_logo(work, id_, entered.files[0].data)
        return "portal-kept"

    return await _act(request, actor, entered, deed)


@router.post(f"{_PAGE}/logo/remove")
async def post_remove_logo(request: Request, actor: Actor = needs(_EDIT)) -> Response:
    """Show the name in place of a logo."""
    entered = await entered_in(request)

    async def deed(work: Work, directory: Directory) -> str:
        await portal.remove_logo(work, directory.organisation.id)
        return "logo-removed"

    return await _act(request, actor, entered, deed)


async def _act(request: Request, actor: Actor, entered: Entered, deed: object) -> Response:
    slug = entered.get("organisation")

    async def within(work: Work) -> tuple[str, Done]:
        directory = administered(await frame_of(request, work), _EDIT, slug)
        code = await deed(work, directory)  # type: ignore[operator]
        return f"{_PAGE}?organisation={directory.organisation.slug}", Done(code)

    async def again(problem: AhadiError) -> Response:
        if isinstance(problem, Invalid) and (readable := problem.fields.get("readable")):
            values = {**entered.values, "colour": str(readable)}
            return await _page(request, actor, slug, Entered(values), problem)
        return await _page(request, actor, slug, entered, problem)

    return await act(request, actor, entered, within, done=lambda went: went, again=again, twice=_PAGE)
