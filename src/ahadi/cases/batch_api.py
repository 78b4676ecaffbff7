"""Messages to many over HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi import contacts
from ahadi.base.errors import NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import batch
from ahadi.contacts import BatchState
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["messages"])


class NewBatch(BaseModel):
    organisation: str | None = None
    id: Annotated[UUID | None, Field(description="Each customer has one message of a batch; made when left out.")] = (
        None
    )
    template: Annotated[str, Field(max_length=60)] | None = None
    subject: Annotated[str, Field(max_length=500)] = ""
    body: Annotated[str, Field(max_length=20_000)] = ""
    channel: Annotated[
        Literal["email", "sms", "web"] | None, Field(description="Where the customer prefers none of their own.")
    ] = None
    purpose: Literal["own-case", "survey", "marketing"] = "own-case"
    values: Annotated[dict[str, str], Field(max_length=20, description="Variables that are the same for all.")] = {}
    customers: Annotated[list[UUID], Field(max_length=1_000)] = []
    cases: Annotated[list[str], Field(max_length=1_000, description="References: their customers are told.")] = []


@router.post("/messages/batch", status_code=201)
async def post_batch(request: Request, body: NewBatch, actor: Actor = needs(Permission.MESSAGES_SETTLE)) -> Response:
    """Send a message to many, or to none while one of theirs is not complete; the answer says whose."""

    async def deed(work: Work) -> dict[str, Any]:
        many = batch.Many(
            id=body.id or uuid7(),
            customers=body.customers,
            references=body.cases,
            template=body.template,
            subject=body.subject,
            body=body.body,
            channel=body.channel,
            purpose=body.purpose,
            said=body.values,
        )
        return show_batch(await batch.tell_many(work, await organisation_of(request, work, body.organisation), many))

    return await perform(request, actor, deed, status=201)


@router.get("/messages/batch/{batch_id}")
async def get_batch(
    request: Request,
    batch_id: UUID,
    organisation: Annotated[str | None, Query(description="An organisation, by id or short name.")] = None,
    actor: Actor = needs(Permission.MESSAGES_SETTLE),
) -> Response:
    """Where a batch stands: how many messages are in each state, and which a person must complete."""
    async with database_of(request).read(actor) as work:
        state = await contacts.batch_state(work, await organisation_of(request, work, organisation), batch_id)
    if not state.messages:
        raise NotFound("There is no such batch, or you have no access to it.")
    return answer(show_batch(state))


def show_batch(state: BatchState) -> dict[str, Any]:
    """A batch as JSON."""
    states = [each.state for each in state.messages]
    return {
        "id": state.id,
        "sentence": state.sentence,
        "states": {name: states.count(name) for name in sorted(set(states))},
        "unresolved": [
            {
                "message": each.id,
                "customer": each.customer_id,
                "case_id": each.case_id,
                "missing": each.missing or [],
                "failure": each.failure,
            }
            for each in state.unresolved
        ],
    }
