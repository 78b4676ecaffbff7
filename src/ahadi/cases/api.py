"""Cases over HTTP: reading, the touch, notes, tags, fields, and joining two cases."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi import contacts
from ahadi.base.clock import iso
from ahadi.base.text import words
from ahadi.cases import actions, links, list_store, shown, status, store, telling
from ahadi.cases.events import Holder
from ahadi.directory import Directory, Permission, read_directory
from ahadi.platform import journal
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of, perform

router = Router(prefix="/api", tags=["cases"])


@router.get("/cases/{reference}")
async def get_case(request: Request, reference: str, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """A case with its customer and next promise."""
    async with database_of(request).read(actor) as work:
        return answer(await shown.show_whole(work, await actions.get_case(work, reference)))


@router.get("/cases/{reference}/touch")
async def get_touch(
    request: Request,
    reference: str,
    language: str | None = None,
    actor: Actor = needs(Permission.CASE_READ, at_work=True),
) -> Response:
    """Where the case stands, who holds it, what happens next, how fresh each fact is, and words to say."""
    async with database_of(request).glance(actor) as work:
        return answer(await status.touch_case(work, reference, language))


@router.get("/cases")
async def get_cases(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    state: Literal["open", "resolved"] | None = None,
    holder: Annotated[str | None, Query(description="A person or department, by id or short name.")] = None,
    department: str | None = None,
    customer: UUID | None = None,
    reason: str | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the subject, or a reference.")] = None,
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Cases, newest change first."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        organisations = (
            [await organisation_of(request, work, organisation)] if organisation else work.actor.organisations
        )
        held, responsible = await _holders(request, work, organisation, holder, department)
        wanted = list_store.CaseFilter(
            state=state,
            holder=held,
            department_id=responsible,
            customer_ids=(customer,) if customer else None,
            reason=reason,
            words=tuple(words(q)) if q else (),
            after=(after[0], after[1]) if after else None,
            limit=page.limit + 1,
        )
        found = await list_store.list_cases(work, organisations, wanted)
        directories = {each: await read_directory(work, each) for each in {row["organisation_id"] for row in found}}
    return listed(
        found,
        page,
        key=lambda row: (row["changed_at"], row["id"]),
        show=lambda row: _row(directories[row["organisation_id"]], row),
    )


async def _holders(
    request: Request, work: Work, organisation: str | None, holder: str | None, department: str | None
) -> tuple[Holder | None, UUID | None]:
    if holder is None and department is None:
        return None, None
    directory = await read_directory(work, await organisation_of(request, work, organisation))
    held = None
    if holder is not None:
        people = [each.id for each in directory.people.values() if holder in (each.slug, str(each.id))]
        held = Holder(person=people[0]) if people else Holder(department=directory.department(holder).id)
    return held, directory.department(department).id if department else None


def _row(directory: Directory, row: dict[str, Any]) -> dict[str, Any]:
    case = store.case_from({k: v for k, v in row.items() if k not in _EXTRA})
    promise = {"kind": row["promise_kind"], "due_at": iso(row["promise_due_at"])} if row["promise_due_at"] else None
    return {
        **shown.show_case(directory, case, row["subject"] or ""),
        "customer": {"id": case.customer_id},
        "promise": promise,
    }


_EXTRA = {"subject", "next_promise_id", "promise_kind", "promise_due_at", "promise_owner"}


@router.get("/cases/{reference}/messages")
async def get_messages(request: Request, reference: str, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """The conversation: messages in and out and inner notes, oldest first."""
    async with database_of(request).read(actor) as work:
        case = await actions.get_case(work, reference)
        found = await contacts.messages_of(work, case.organisation_id, case.id)
        files = await contacts.attachments_of(work, case.organisation_id, [each.id for each in found])
    attached: dict[UUID, list[dict[str, Any]]] = {}
    for row in files:
        attached.setdefault(row.pop("message_id"), []).append(row)
    return answer({"items": [{**_message(each), "attachments": attached.get(each.id, [])} for each in found]})


def _message(message: contacts.Message) -> dict[str, Any]:
    hidden = {"html", "headers", "organisation_id", "intent"}
    return {name: getattr(message, name) for name in type(message).__dataclass_fields__ if name not in hidden}


@router.get("/cases/{reference}/journal")
async def get_journal(request: Request, reference: str, actor: Actor = needs(Permission.AUDIT_READ)) -> Response:
    """Everything that happened to a case, oldest first."""
    async with database_of(request).read(actor) as work:
        case = await actions.get_case(work, reference)
        rows = await journal.of_case(work, case.organisation_id, case.id)
    return answer({"items": rows, "next": None})


class Note(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=50_000)]


@router.post("/cases/{reference}/notes", status_code=201)
async def post_note(
    request: Request, reference: str, body: Note, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Write an inner note; customers never see it."""

    async def deed(work: Work) -> dict[str, Any]:
        case = await actions.lock_case(work, reference)
        return {"id": await contacts.note(work, case.organisation_id, case.id, body.text)}

    return await perform(request, actor, deed, status=201)


class NewMessage(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=50_000)]
    subject: Annotated[str, Field(max_length=200)] = ""
    channel: Literal["email", "sms", "web", "chat"] | None = None


@router.post("/cases/{reference}/messages", status_code=201)
async def post_message(
    request: Request, reference: str, body: NewMessage, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Write to the customer, on the channel they used unless another is named."""

    async def deed(work: Work) -> dict[str, Any]:
        return {"id": await telling.reply_to_customer(work, reference, body.text, body.subject, body.channel)}

    return await perform(request, actor, deed, status=201)


class Changes(BaseModel):
    tags: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=30)] | None = None
    fields: Annotated[dict[str, Any], Field(max_length=50)] | None = None
    reason: Annotated[str, Field(max_length=60)] | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None


@router.patch("/cases/{reference}")
async def patch_case(
    request: Request, reference: str, body: Changes, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Change tags, custom fields, reason or priority; what is not named stays."""

    async def deed(work: Work) -> dict[str, Any]:
        if body.tags is not None:
            await actions.tag_case(work, reference, body.tags)
        if body.fields is not None:
            await actions.set_fields(work, reference, body.fields)
        case = await actions.reclassify_case(work, reference, reason=body.reason, priority=body.priority)
        return await shown.show_whole(work, case)

    return await perform(request, actor, deed)


@router.get("/cases/{reference}/link")
async def get_link(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """The link to the customer's own page."""
    async with database_of(request).read(actor) as work:
        return answer({"link": await links.customer_link(work, await actions.get_case(work, reference))})


@router.delete("/cases/{reference}/link", status_code=204)
async def delete_link(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Revoke every link to the customer's page given out so far."""
    return await perform(request, actor, lambda work: links.revoke_link(work, reference), status=204)
