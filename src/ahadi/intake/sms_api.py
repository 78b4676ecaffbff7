"""Where an SMS gateway hands in messages and receipts."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import TooLarge
from ahadi.channels.sms import WebhookNotSigned, WebhookSettings, WebhookUnreadable, read_webhook
from ahadi.contacts.channel_actions import sms_settings
from ahadi.intake import sms
from ahadi.platform.database import Actor
from ahadi.platform.web import PUBLIC, Router, answer, database_of

router = Router(prefix="/api", tags=["sms"])
MOST_BYTES = 1_000_000


@router.post("/sms/{organisation}", dependencies=[PUBLIC])
async def post_sms(request: Request, organisation: str) -> Response:
    """Messages and receipts from the organisation's gateway, proved by its signature; 200 once they are kept.

    A caller who cannot sign learns nothing, not even whether the organisation exists.
    """
    body = await _body(request)
    organisation_id, settings = await _webhook(request, organisation)
    database = database_of(request)
    try:
        delivery = read_webhook(settings, request.headers, body, database.clock.real.now())
    except WebhookUnreadable:
        await sms.take_unread(database, organisation_id, body.decode(errors="replace"))
        return answer(sms.SmsTaken(unread=1))
    return answer(await sms.take_delivery(database, organisation_id, delivery))


async def _body(request: Request) -> bytes:
    """The body, read no further than is taken at once."""
    taken = bytearray()
    async for part in request.stream():
        taken += part
        if len(taken) > MOST_BYTES:
            raise TooLarge(f"This is longer than {MOST_BYTES:,} bytes; send fewer events at once.")
    return bytes(taken)


async def _webhook(request: Request, named: str) -> tuple[UUID, WebhookSettings]:
    """The organisation and how its gateway signs. Raises WebhookNotSigned where nothing is taken in this way."""
    async with database_of(request).read(Actor.system([])) as work:
        organisation_id: UUID | None = await request.app.state.find_organisation(work, named)
    if organisation_id is not None:
        async with database_of(request).read(Actor.system([organisation_id])) as work:
            found = await sms_settings(work, organisation_id)
        if found is not None and found.webhook is not None:
            return organisation_id, found.webhook
    raise WebhookNotSigned("The signature of this webhook is missing, wrong or too old; check the shared secret.")
