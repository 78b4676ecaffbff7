"""Messages that wait for a person, and templates, over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.contacts import settling, store, template_actions
from ahadi.contacts.model import Message
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of, perform

router = Router(prefix="/api", tags=["messages"])
_HIDDEN = {"html", "headers", "organisation_id", "intent"}


def show_message(message: Message) -> dict[str, Any]:
    """A message as JSON: words and what became of it."""
    return {name: getattr(message, name) for name in Message.__dataclass_fields__ if name not in _HIDDEN}


@router.get("/messages/to-settle")
async def get_to_settle(request: Request, page: Paging, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Messages that wait for a person: held for a missing value, failed, or of uncertain outcome; newest first."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        key = (after[0], after[1]) if after else None
        found = await store.messages_to_settle(work, actor.organisations, key, page.limit + 1)
    return listed(found, page, key=lambda each: (each.at, each.id), show=show_message)


class Decision(BaseModel):
    decision: Literal["send", "sent", "cancel"]
    subject: Annotated[str, Field(max_length=200)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=50_000)] | None = None


@router.post("/messages/{message_id}/settle")
async def post_settle(
    request: Request, message_id: UUID, body: Decision, actor: Actor = needs(Permission.MESSAGES_SETTLE)
) -> Response:
    """Send it (with mended words), say that it was sent, or cancel it."""

    async def deed(work: Work) -> dict[str, Any]:
        message = await settling.settle_message(work, message_id, body.decision, subject=body.subject, body=body.text)
        settled = await store.get_message(work, message.id)
        return show_message(settled or message)

    return await perform(request, actor, deed)


@router.post("/messages/{message_id}/take-back")
async def post_take_back(request: Request, message_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Take back a reply of one's own that has not gone out yet."""

    async def deed(work: Work) -> dict[str, Any]:
        message = await settling.take_back(work, message_id)
        return show_message(await store.get_message(work, message.id) or message)

    return await perform(request, actor, deed)


@router.get("/templates")
async def get_templates(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.TEMPLATES_EDIT)
) -> Response:
    """The words in force: the organisation's own, and the product's where it has none."""
    async with database_of(request).read(actor) as work:
        found = await template_actions.templates_of(work, await organisation_of(request, work, organisation))
    return answer({"items": found, "next": None})


class NewTemplate(BaseModel):
    organisation: str | None = None
    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    channel: Literal["email", "sms", "chat", "web"]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    subject: Annotated[str, Field(max_length=500)] | None = None
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


@router.post("/templates", status_code=201)
async def post_template(
    request: Request, body: NewTemplate, actor: Actor = needs(Permission.TEMPLATES_EDIT)
) -> Response:
    """A new version of the organisation's own words; refused where a variable does not exist."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        version = await template_actions.save_template(
            work, organisation_id, body.slug, body.channel, body.language, body.subject, body.body
        )
        return {"slug": body.slug, "channel": body.channel, "language": body.language, "version": version}

    return await perform(request, actor, deed, status=201)


class Previewed(BaseModel):
    organisation: str | None = None
    channel: Literal["email", "sms", "chat", "web"]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    subject: Annotated[str, Field(max_length=500)] | None = None
    body: Annotated[str, Field(min_length=1, max_length=20_000)]
    customer: UUID | None = None


@router.post("/templates/preview")
async def post_preview(request: Request, body: Previewed, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """How a template reads for a customer (or with sample values), with what the checks of its channel find."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return await template_actions.preview_template(
            work, organisation_id, body.channel, body.language, body.subject, body.body, body.customer
        )

    return await perform(request, actor, deed)
