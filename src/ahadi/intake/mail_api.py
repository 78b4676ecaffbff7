"""Mailboxes, blocked senders, and mail that was put aside, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.customers import email_identity
from ahadi.directory import Permission
from ahadi.intake import aside, mail_store, mailboxes
from ahadi.intake.aside import Released
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import (
    Paging,
    Router,
    answer,
    database_of,
    listed,
    needs,
    organisation_of,
    perform,
    settings_of,
)

router = Router(prefix="/api", tags=["mail"])


@router.get("/mailboxes")
async def get_mailboxes(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """The mailboxes that are read, and how that goes; never their passwords."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, Permission.SETTINGS_EDIT)
        found = await mail_store.mailboxes_in(work, [organisation_id])
    items = [
        {
            "id": each.id,
            "address": each.address,
            "polled_at": each.polled_at,
            "failed_since": each.failed_since,
            "failure": each.failure,
        }
        for each in found
    ]
    return answer({"items": items, "next": None})


class NewMailbox(BaseModel):
    organisation: str | None = None
    address: Annotated[str, Field(max_length=254)]
    settings: dict[str, Any]


@router.post("/mailboxes", status_code=201)
async def post_mailbox(request: Request, body: NewMailbox, actor: Actor = needs(Permission.SETTINGS_EDIT)) -> Response:
    """Read a hosted mailbox by IMAP, with a password or XOAUTH2."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        settings = mailboxes.settings_from(body.settings)
        return {"id": await mailboxes.add_mailbox(work, organisation_id, body.address, settings)}

    return await perform(request, actor, deed, status=201)


@router.delete("/mailboxes/{mailbox_id}", status_code=204)
async def delete_mailbox(
    request: Request,
    mailbox_id: UUID,
    organisation: str | None = None,
    actor: Actor = needs(Permission.SETTINGS_EDIT),
) -> Response:
    """Stop reading a mailbox."""

    async def deed(work: Work) -> None:
        await mailboxes.retire_mailbox(work, await organisation_of(request, work, organisation), mailbox_id)

    return await perform(request, actor, deed, status=204)


class Sender(BaseModel):
    organisation: str | None = None
    address: Annotated[str, Field(min_length=3, max_length=254, description="An address, or @domain.")]


def sender_name(address: str) -> str:
    """A sender as it is blocked: an address, or the domain of many after an @. Raises Invalid."""
    return address.strip().lower() if address.startswith("@") else email_identity(address).value


@router.get("/blocked-senders")
async def get_blocked(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.MESSAGES_SETTLE)
) -> Response:
    """Senders whose mail is put aside."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, Permission.MESSAGES_SETTLE)
        found = await mail_store.blocked_in(work, organisation_id)
    return answer({"items": found, "next": None})


@router.post("/blocked-senders", status_code=204)
async def post_blocked(request: Request, body: Sender, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Put aside whatever this sender writes from now on."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        await aside.block_sender(work, organisation_id, sender_name(body.address))

    return await perform(request, actor, deed, status=204)


@router.post("/blocked-senders/remove", status_code=204)
async def post_unblocked(request: Request, body: Sender, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Take this sender's mail again."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        await aside.unblock_sender(work, organisation_id, sender_name(body.address))

    return await perform(request, actor, deed, status=204)


@router.get("/quarantine")
async def get_quarantine(request: Request, page: Paging, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Mail that was accepted and is no case yet: blocked, spam, loops, reports; newest first."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        key = (after[0], after[1]) if after else None
        found = await mail_store.put_aside_in(work, actor.organisations, key, page.limit + 1)
    return listed(found, page, key=lambda each: (each.at, each.id), show=lambda each: each)


class Settle(BaseModel):
    decision: Literal["release", "drop"]


@router.post("/quarantine/{id}/settle")
async def post_settle(
    request: Request, id: UUID, body: Settle, actor: Actor = needs(Permission.MESSAGES_SETTLE)
) -> Response:
    """Make it a case after all, or drop it for good (it stays on record)."""
    released: list[Released] = []

    async def deed(work: Work) -> dict[str, Any]:
        taken = await aside.settle_put_aside(work, id, release=body.decision == "release")
        released.extend([taken] if taken else [])
        return {"id": id, "decision": body.decision}

    response = await perform(request, actor, deed)
    await aside.take_released(database_of(request), settings_of(request), released)
    return response
