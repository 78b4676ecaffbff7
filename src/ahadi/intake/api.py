"""Contacts over HTTP: taken in, split, and asking for somebody who can decide."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.cases import show_whole
from ahadi.directory import Permission, ask_ahead
from ahadi.intake import actions, direct_line
from ahadi.intake.model import Contacting
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, needs, organisation_of, perform

router = Router(prefix="/api", tags=["intake"])


class From(BaseModel):
    name: Annotated[str, Field(max_length=200)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    handle: Annotated[str, Field(max_length=100)] | None = None


class NewContact(BaseModel):
    organisation: str | None = None
    channel: Literal["phone", "email", "web", "chat", "sms"]
    sender: Annotated[From, Field(alias="from")] = From()
    subject: Annotated[str, Field(max_length=500)] = ""
    text: Annotated[str, Field(max_length=200_000)] = ""
    reason: Annotated[str, Field(max_length=60)] | None = None
    language: Annotated[str, Field(max_length=20)] | None = None
    place: Annotated[str, Field(max_length=200)] | None = None
    department: Annotated[str, Field(max_length=60)] | None = None
    attributes: Annotated[dict[str, Any], Field(max_length=50)] = {}


@router.post("/contacts", status_code=201)
async def post_contact(
    request: Request, body: NewContact, actor: Actor = needs(Permission.CONTACT_CREATE, at_work=True)
) -> Response:
    """Take a contact in: it becomes a case with a holder and a promise, or joins the one there is."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        contacting = Contacting(
            channel=body.channel,
            text=body.text,
            subject=body.subject,
            name=body.sender.name,
            phone=body.sender.phone,
            email=body.sender.email,
            handle=body.sender.handle,
            language=body.language,
            reason=body.reason,
            place=body.place,
            department=body.department,
            attributes=body.attributes,
        )
        taken = await actions.take_contact(work, organisation_id, contacting)
        return await shown(work.as_installation(organisation_id), taken)

    return await perform(request, actor, deed, status=201, by_key=True, ahead=ask_ahead)


async def shown(work: Work, taken: actions.Taken) -> dict[str, Any]:
    """What became of a contact, as JSON."""
    whole = await show_whole(work, taken.case)
    return {
        "contact": {"id": taken.contact_id},
        "customer": {"id": taken.customer.id},
        "case": whole["case"],
        "promise": whole["promise"],
        "repeat": taken.repeat,
    }


class Split(BaseModel):
    contacts: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    subject: Annotated[str, Field(min_length=1, max_length=500)]
    reason: Annotated[str, Field(max_length=60)] | None = None


@router.post("/cases/{reference}/split", status_code=201)
async def post_split(
    request: Request, reference: str, body: Split, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Make a case of its own from some of a case's contacts."""

    async def deed(work: Work) -> dict[str, Any]:
        _, new = await actions.split_case(work, reference, body.contacts, body.subject, body.reason)
        return await show_whole(work, new)

    return await perform(request, actor, deed, status=201)


class Wish(BaseModel):
    wish: Literal["department", "specialist", "manager"]
    department: str | None = None
    person: str | None = None


@router.post("/cases/{reference}/direct-line", status_code=201)
async def post_direct_line(
    request: Request, reference: str, body: Wish, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Ask for a department, a specialist or a manager who can decide: an offer now, or a dated callback."""

    async def deed(work: Work) -> dict[str, Any]:
        line = await direct_line.ask_for(work, reference, body.wish, department=body.department, person=body.person)
        whole = await show_whole(work, line.case, line.promise)
        return {**whole, "offer": {"id": line.offer.id, "person": line.offer.person_id} if line.offer else None}

    return await perform(request, actor, deed, status=201)
