"""Mailboxes, blocked senders, and mail that was put aside, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.errors import NotFound
from ahadi.customers import email_identity
from ahadi.directory import Permission
from ahadi.intake import mail_store, mailboxes
from ahadi.intake.mail import MailIntake
from ahadi.intake.mail_store import MailAddress
from ahadi.platform.database import Actor, Work
from ahadi.platform.files import read_file
from ahadi.platform.web import (
    Paging,
    answer,
    database_of,
    listed,
    needs,
    organisation_of,
    perform,
    settings_of,
)

router = APIRouter(prefix="/api", tags=["mail"])


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


def _name(address: str) -> str:
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
        work.permit(organisation_id, Permission.MESSAGES_SETTLE)
        await mail_store.block(work, organisation_id, _name(body.address))
        work.record("sender.blocked", organisation_id)

    return await perform(request, actor, deed, status=204)


@router.post("/blocked-senders/remove", status_code=204)
async def post_unblocked(request: Request, body: Sender, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Take this sender's mail again."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        work.permit(organisation_id, Permission.MESSAGES_SETTLE)
        if not await mail_store.unblock(work, organisation_id, _name(body.address)):
            raise NotFound("This sender is not blocked.")
        work.record("sender.unblocked", organisation_id)

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
    raw: list[tuple[bytes, UUID]] = []

    async def deed(work: Work) -> dict[str, Any]:
        found = await mail_store.get_put_aside(work, id)
        if found is None or found.settled_at is not None:
            raise NotFound("There is no such mail waiting.")
        work.permit(found.organisation_id, Permission.MESSAGES_SETTLE)
        if body.decision == "release" and found.raw_file is not None:
            raw.append((await read_file(work, found.organisation_id, found.raw_file), found.organisation_id))
        await mail_store.settle_put_aside(work, found, "released" if body.decision == "release" else "dropped")
        work.record("mail.settled", found.organisation_id, subject_id=id, decision=body.decision)
        return {"id": id, "decision": body.decision}

    response = await perform(request, actor, deed)
    for data, organisation_id in raw:
        # Taken after the decision is on record; a mail is taken once, so a repeated call changes nothing.
        intake = MailIntake(database_of(request), settings_of(request))
        await intake.take(data, MailAddress("", organisation_id, None), released=True)
    return response
