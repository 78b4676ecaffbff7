"""Administration: the gateway that takes and brings text messages."""

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.contacts import channel_actions
from ahadi.directory import Directory, Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs, settings_of
from ahadi.screens.entered import Entered
from ahadi.screens.frame import frame_of
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, settle_form, show_settings

router = Router(include_in_schema=False)
SMS = "/settings/sms"
_NEEDED = Permission.SETTINGS_EDIT
_FIRST = {"url": "https://", "sender": "", "body": "json", "to_field": "to", "text_field": "text"}


@router.get(SMS)
async def get_sms(request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)) -> Response:
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
        directory = administered(frame, _NEEDED, slug)
        found = await channel_actions.channels_of(work, directory.organisation.id)
    sms = next((each for each in found if each["channel"] == "sms"), None)
    shown = (sms["settings"] if sms else None) or _FIRST
    return show_settings(
        request,
        frame,
        directory,
        _NEEDED,
        "settings/sms.html",
        entered=entered,
        problem=problem,
        sms=sms,
        shown=orjson.dumps(shown, option=orjson.OPT_INDENT_2, default=sorted).decode(),
        comes_in=f"{settings_of(request).links_from()}/api/sms/{directory.organisation.slug}",
    )


@router.post(SMS)
async def post_sms(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Send and take text messages through this gateway. Secrets that are left empty stay as they are."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        organisation_id = directory.organisation.id
        if entered.get("decision") == "remove":
            await channel_actions.remove_channel(work, organisation_id, "sms")
            return "sms-removed"
        given = _given(entered)
        former = await channel_actions.sms_settings(work, organisation_id)
        key = entered.text("auth_value", most=2_000)
        given["auth_value"] = key or (former.auth_value.get_secret_value() if former else "")
        if isinstance(given.get("webhook"), dict):
            secret = entered.text("secret", most=2_000)
            held = former.webhook if former else None
            given["webhook"]["secret"] = secret or (held.secret.get_secret_value() if held else "")
            if secret and held:
                given["webhook"]["previous_secret"] = held.secret.get_secret_value()
        await channel_actions.set_sms(work, organisation_id, channel_actions.sms_settings_from(given))
        return "sms-set"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, SMS, _NEEDED, deed, show)


def _given(entered: Entered) -> dict[str, Any]:
    try:
        given = orjson.loads(entered.text("settings", most=20_000))
    except orjson.JSONDecodeError as problem:
        raise Invalid(later("The settings are no JSON; see how a gateway is set up."), field="settings") from problem
    if not isinstance(given, dict):
        raise Invalid(later("The settings are no JSON; see how a gateway is set up."), field="settings")
    return given
