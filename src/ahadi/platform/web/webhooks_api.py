"""Webhooks over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.platform import webhooks
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, keyring_of, listed, needs, organisation_of, perform
from ahadi.platform.webhooks_store import Delivery, Webhook

router = Router(prefix="/api/webhooks", tags=["webhooks"])
Kinds = Annotated[list[str], Field(max_length=50)]
Url = Annotated[str, Field(min_length=8, max_length=2000)]


class NewWebhook(BaseModel):
    organisation: str | None = None
    url: Url
    kinds: Kinds = []


class ChangedWebhook(BaseModel):
    url: Url | None = None
    kinds: Kinds | None = None
    active: bool | None = None


@router.post("", status_code=201)
async def post_webhook(request: Request, body: NewWebhook, actor: Actor = needs(webhooks.EDIT)) -> Response:
    """Add a webhook; the secret that signs its messages is in this answer and nowhere else."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        webhook, secret = await webhooks.add_webhook(work, keyring_of(request), organisation_id, body.url, body.kinds)
        return {**show_webhook(webhook), "secret": secret}

    return await perform(request, actor, deed, status=201, private=True)


@router.get("")
async def get_webhooks(
    request: Request, page: Paging, organisation: str | None = None, actor: Actor = needs(webhooks.EDIT)
) -> Response:
    """An organisation's webhooks, the newest first."""
    after = page.after(UUID)
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await webhooks.webhooks(work, organisation_id, after[0] if after else None, page.limit + 1)
    return listed(found, page, key=lambda each: (each.id,), show=show_webhook)


@router.patch("/{webhook_id}")
async def patch_webhook(
    request: Request,
    webhook_id: UUID,
    body: ChangedWebhook,
    organisation: str | None = None,
    actor: Actor = needs(webhooks.EDIT),
) -> Response:
    """Change a webhook, or switch it off and on."""

    async def deed(work: Work) -> Webhook:
        organisation_id = await organisation_of(request, work, organisation)
        return await webhooks.change_webhook(
            work, organisation_id, webhook_id, url=body.url, kinds=body.kinds, active=body.active
        )

    return await perform(request, actor, deed, show=show_webhook)


@router.delete("/{webhook_id}", status_code=204)
async def delete_webhook(
    request: Request, webhook_id: UUID, organisation: str | None = None, actor: Actor = needs(webhooks.EDIT)
) -> Response:
    """Send nothing there any more."""

    async def deed(work: Work) -> None:
        await webhooks.remove_webhook(work, await organisation_of(request, work, organisation), webhook_id)

    return await perform(request, actor, deed, status=204)


@router.post("/{webhook_id}/secret", status_code=201)
async def post_secret(
    request: Request, webhook_id: UUID, organisation: str | None = None, actor: Actor = needs(webhooks.EDIT)
) -> Response:
    """A new secret in place of the former."""

    async def deed(work: Work) -> dict[str, str]:
        organisation_id = await organisation_of(request, work, organisation)
        return {"secret": await webhooks.renew_secret(work, keyring_of(request), organisation_id, webhook_id)}

    return await perform(request, actor, deed, status=201, private=True)


@router.get("/{webhook_id}/deliveries")
async def get_deliveries(
    request: Request,
    webhook_id: UUID,
    page: Paging,
    organisation: str | None = None,
    actor: Actor = needs(webhooks.EDIT),
) -> Response:
    """What was sent to a webhook and how that went, the newest first."""
    after = page.after(UUID)
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await webhooks.deliveries(
            work, organisation_id, webhook_id, after[0] if after else None, page.limit + 1
        )
    return listed(found, page, key=lambda each: (each.id,), show=show_delivery)


@router.post("/deliveries/{delivery_id}/retry")
async def post_retry(
    request: Request, delivery_id: UUID, organisation: str | None = None, actor: Actor = needs(webhooks.EDIT)
) -> Response:
    """Send a failed delivery again."""

    async def deed(work: Work) -> Delivery:
        return await webhooks.retry(work, await organisation_of(request, work, organisation), delivery_id)

    return await perform(request, actor, deed, show=show_delivery)


@router.post("/{webhook_id}/test", status_code=204)
async def post_test(
    request: Request, webhook_id: UUID, organisation: str | None = None, actor: Actor = needs(webhooks.EDIT)
) -> Response:
    """Send the webhook a test; how that went is among its deliveries."""

    async def deed(work: Work) -> None:
        await webhooks.send_test(work, await organisation_of(request, work, organisation), webhook_id)

    return await perform(request, actor, deed, status=204)


def show_webhook(webhook: Webhook) -> dict[str, Any]:
    """A webhook without its secret."""
    return {
        "id": webhook.id,
        "organisation_id": webhook.organisation_id,
        "url": webhook.url,
        "kinds": webhook.kinds,
        "active": webhook.active,
        "made_at": iso(webhook.made_at),
    }


def show_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "error": delivery.error,
        "made_at": iso(delivery.made_at),
        "settled_at": iso(delivery.settled_at) if delivery.settled_at else None,
    }
