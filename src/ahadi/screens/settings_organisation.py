"""Administration: what an organisation says of itself, and how its chat stands on its site."""

import re
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Directory, Permission, actions, change_store
from ahadi.directory.actions import OrganisationChange
from ahadi.directory.model import NAMES_SHOWN
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, settings_of
from ahadi.screens.entered import Entered
from ahadi.screens.frame import frame_of
from ahadi.screens.languages import countries_in
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, number_in, settle_form, show_settings

router = Router(include_in_schema=False)
ORGANISATION, CHAT = "/settings/organisation", "/settings/chat"
_NEEDED = Permission.SETTINGS_EDIT
_NUMBERS = (("reopen_days", 0, 365), ("repeat_days", 1, 365), ("repeat_threshold", 2, 100), ("undo_seconds", 0, 120))


async def _page(
    request: Request,
    actor: Actor,
    template: str,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _NEEDED, slug)
        mail = await change_store.addresses_of(work, directory.organisation.id)
    return show_settings(
        request,
        frame,
        directory,
        _NEEDED,
        template,
        entered=entered,
        problem=problem,
        settings=directory.organisation.settings,
        mail=[address for address, department in mail.items() if department is None],
        names_shown=NAMES_SHOWN,
        countries=countries_in(frame.reader.language, directory.organisation.country),
        home=settings_of(request).links_from(),
    )


@router.get(ORGANISATION)
async def get_organisation(
    request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)
) -> Response:
    return await _page(request, actor, "settings/organisation.html", organisation)


@router.post(ORGANISATION)
async def post_organisation(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Change what the organisation says of itself, and how it works."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        settings: dict[str, Any] = {name: number_in(entered, name, least, most) for name, least, most in _NUMBERS}
        settings["sender_name"] = entered.text("sender_name", most=80)
        for name in ("phone", "sender_address"):
            settings[name] = entered.text(name, most=254)
        change = OrganisationChange(
            name=entered.required("name", later("Write the organisation's name."), most=80),
            zone=entered.text("zone", most=60),
            country=entered.text("country", most=2),
            languages=entered.text("languages", most=200).replace(",", " ").split(),
            manager=entered.text("manager", most=60) or None,
            default_department=entered.text("default_department", most=60) or None,
            settings=settings,
            brand=_brand(entered),
        )
        await actions.change_organisation(work, directory.organisation.id, change)
        return "organisation-changed"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, "settings/organisation.html", entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, ORGANISATION, _NEEDED, deed, show)


def _brand(entered: Entered) -> dict[str, str]:
    colour, website = entered.text("colour", most=7).lower(), entered.text("website", most=210)
    if not re.fullmatch("#[0-9a-f]{6}", colour):
        raise Invalid(later("Choose a colour."), field="colour")
    if website and not re.fullmatch(r"https?://[^\s<>\"']{1,200}", website):
        raise Invalid(later("Write the website with its https:// in front."), field="website")
    return {"colour": colour, "website": website}


@router.get(CHAT)
async def get_chat(request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)) -> Response:
    return await _page(request, actor, "settings/chat.html", organisation)


@router.post(CHAT)
async def post_chat(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Say on which sites the chat may stand, and what is told of whoever answers."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        sites = entered.text("origins", most=10_000).replace(",", " ").split()
        shown = entered.one_of("name", NAMES_SHOWN, later("Say what is shown of whoever answers."))
        change = OrganisationChange(chat={"origins": sites[:50], "name": shown})
        await actions.change_organisation(work, directory.organisation.id, change)
        return "chat-changed"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, "settings/chat.html", entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, CHAT, _NEEDED, deed, show)
