"""The adapters an organisation sends through, over HTTP."""

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.contacts import channel_actions
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["channels"])


@router.get("/channels")
async def get_channels(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """The adapters that are set; never their secrets."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await channel_actions.channels_of(work, organisation_id)
    return answer({"items": found, "next": None})


class SmsGateway(BaseModel):
    organisation: str | None = None
    settings: Annotated[dict[str, Any], Field(description="As docs/how-to/sms-gateway.md says.")]


@router.put("/channels/sms")
async def put_sms(request: Request, body: SmsGateway, actor: Actor = needs(Permission.SETTINGS_EDIT)) -> Response:
    """Send and take text messages through this gateway; all settings are given anew, secrets included."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        settings = channel_actions.sms_settings_from(body.settings)
        await channel_actions.set_sms(work, organisation_id, settings)
        return {"channel": "sms", "takes_messages": settings.webhook is not None}

    return await perform(request, actor, deed)


@router.delete("/channels/sms", status_code=204)
async def delete_sms(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """Send nothing through the gateway any more; text messages wait until another is set."""

    async def deed(work: Work) -> None:
        await channel_actions.remove_channel(work, await organisation_of(request, work, organisation), "sms")

    return await perform(request, actor, deed, status=204)
