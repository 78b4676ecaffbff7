"""Promises over HTTP: made, kept, renewed, withdrawn; cases held, resolved and reopened; notices."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi import cases
from ahadi.cases import (
    Case,
    Holder,
    PromiseFilter,
    PromiseText,
    promise_from,
    show_holder,
    show_promise,
    show_whole,
)
from ahadi.directory import Directory, Permission, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Paging, Router, answer, database_of, listed, needs, organisation_of, perform
from ahadi.promises import actions, store

router = Router(prefix="/api", tags=["promises"])
Text = Annotated[str, Field(max_length=5_000)]
Kind = Literal["update", "callback", "visit", "fix"]


class NewPromise(BaseModel):
    kind: Kind
    due_at: AwareDatetime
    text: Text | None = None
    owner: str | None = None


@router.post("/cases/{reference}/promises", status_code=201)
async def post_promise(
    request: Request, reference: str, body: NewPromise, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Promise something to the customer."""

    async def deed(work: Work) -> dict[str, Any]:
        case, made = await actions.make_promise(work, reference, body.kind, body.due_at, body.text, body.owner)
        return await show_whole(work, case, made)

    return await perform(request, actor, deed, status=201)


class DeedDone(BaseModel):
    kind: Literal["contact", "message", "work", "visit", "note"] = "note"
    note: Text | None = None


class Keep(BaseModel):
    deed: DeedDone


@router.post("/promises/{promise_id}/keep")
async def keep_promise(
    request: Request, promise_id: UUID, body: Keep, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """The deed was done."""

    async def deed(work: Work) -> dict[str, Any]:
        case = await actions.keep_promise(work, promise_id, body.deed.kind, body.deed.note)
        return await _settled(work, case, promise_id)

    return await perform(request, actor, deed)


class TheyWereTold(BaseModel):
    channel: Literal["phone", "email", "sms", "web", "chat"]
    text: Annotated[str, Field(min_length=1, max_length=5_000)]


class Renew(BaseModel):
    due_at: AwareDatetime
    reason: Text | None = None
    told: TheyWereTold | None = None


@router.post("/promises/{promise_id}/renew")
async def renew_promise(
    request: Request, promise_id: UUID, body: Renew, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Agree on another time before this one lapses, the customer told. `promise` is the new one."""

    async def deed(work: Work) -> dict[str, Any]:
        told = actions.Told(body.told.channel, body.told.text) if body.told else None
        case, renewed = await actions.renew_promise(work, promise_id, body.due_at, body.reason, told)
        return await show_whole(work, case, renewed)

    return await perform(request, actor, deed)


class Withdraw(BaseModel):
    reason: Annotated[str, Field(min_length=1, max_length=5_000)]


@router.post("/promises/{promise_id}/withdraw")
async def withdraw_promise(
    request: Request, promise_id: UUID, body: Withdraw, actor: Actor = needs(Permission.PROMISE_SETTLE)
) -> Response:
    """Take the promise back, with a reason."""

    async def deed(work: Work) -> dict[str, Any]:
        case = await actions.withdraw_promise(work, promise_id, body.reason)
        return await _settled(work, case, promise_id)

    return await perform(request, actor, deed)


async def _settled(work: Work, case: Case, promise_id: UUID) -> dict[str, Any]:
    settled = next(each for each in case.promises if each.id == promise_id)
    return await show_whole(work, case, settled)


class Hold(BaseModel):
    person: str | None = None
    department: str | None = None
    note: Text | None = None


@router.post("/cases/{reference}/hold")
async def hold_case(
    request: Request, reference: str, body: Hold, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Give the case to a person or department, with the notes; the customer is told."""

    async def deed(work: Work) -> dict[str, Any]:
        return await show_whole(work, await actions.hold_case(work, reference, body.person, body.department, body.note))

    return await perform(request, actor, deed)


class Resolve(BaseModel):
    outcome: Text | None = None
    keep: Annotated[list[UUID], Field(max_length=100)] = []
    withdraw: Annotated[list[UUID], Field(max_length=100)] = []
    deed: DeedDone | None = None
    reason: Annotated[str, Field(min_length=1, max_length=60)] = "not-needed"


@router.post("/cases/{reference}/resolve")
async def resolve_case(
    request: Request, reference: str, body: Resolve | None = None, actor: Actor = needs(Permission.CASE_RESOLVE)
) -> Response:
    """End the case; its open promises are kept or withdrawn, or this is refused naming them."""
    wanted = body or Resolve()

    async def deed(work: Work) -> dict[str, Any]:
        case = await actions.resolve_case(
            work,
            reference,
            outcome=wanted.outcome or (wanted.deed.note if wanted.deed else None),
            keep=wanted.keep,
            withdraw=wanted.withdraw,
            deed=wanted.deed.kind if wanted.deed else "note",
            reason=wanted.reason,
        )
        return await show_whole(work, case)

    return await perform(request, actor, deed)


class Reopen(BaseModel):
    note: Text | None = None


@router.post("/cases/{reference}/reopen")
async def reopen_case(
    request: Request, reference: str, body: Reopen | None = None, actor: Actor = needs(Permission.CASE_RESOLVE)
) -> Response:
    """Open a resolved case again; an update is promised."""

    async def deed(work: Work) -> dict[str, Any]:
        return await show_whole(work, await actions.reopen_case(work, reference, body.note if body else None))

    return await perform(request, actor, deed)


class Merge(BaseModel):
    into: str


@router.post("/cases/{reference}/merge")
async def merge_case(
    request: Request, reference: str, body: Merge, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """The same matter twice: this case ends in the other one, with its messages, open promises and booked times."""

    async def deed(work: Work) -> dict[str, Any]:
        return await show_whole(work, await actions.merge_cases(work, reference, body.into))

    return await perform(request, actor, deed)


@router.get("/promises")
async def get_promises(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    state: Literal["open", "kept", "renewed", "broken", "withdrawn"] | None = None,
    due_before: AwareDatetime | None = None,
    owner: Annotated[str | None, Query(description="A person or department, by id or short name; `me` for me.")] = None,
    case: str | None = None,
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Promises: open ones earliest due first, others newest change first."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        organisations = (
            [await organisation_of(request, work, organisation)] if organisation else list(actor.organisations)
        )
        wanted = PromiseFilter(
            state=state,
            due_before=due_before,
            owner=await _owner(request, work, organisation, owner),
            case_id=(await cases.get_case(work, case)).id if case else None,
            after=(after[0], after[1]) if after else None,
            limit=page.limit + 1,
        )
        found = await cases.list_promises(work, organisations, wanted)
        directories = {each: await read_directory(work, each) for each in {row["organisation_id"] for row in found}}
    return listed(
        found,
        page,
        key=lambda row: (row["sort_at"], row["id"]),
        show=lambda row: _row(directories[row["organisation_id"]], dict(row)),
    )


async def _owner(request: Request, work: Work, organisation: str | None, owner: str | None) -> Holder | None:
    if owner is None:
        return None
    if owner == "me" and work.actor.person_id:
        return Holder(person=work.actor.person_id)
    directory = await read_directory(work, await organisation_of(request, work, organisation))
    return actions.called(directory, owner)


def _row(directory: Directory, row: dict[str, Any]) -> dict[str, Any]:
    text = PromiseText(row["id"], row.pop("text") or "", row.pop("note"))
    reference = row.pop("reference")
    for extra in ("organisation_id", "sort_at", "subject"):
        row.pop(extra)
    return {**show_promise(directory, promise_from(row), text), "case": {"reference": reference}}


@router.get("/notices")
async def get_notices(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """What the person who asks has not seen yet: promises handed over, reminders, escalations."""
    if actor.person_id is None:
        return answer({"items": [], "next": None})
    async with database_of(request).read(actor) as work:
        found = await store.notices_of(work, actor.person_id, 100)
        directories = {each: await read_directory(work, each) for each in {n.organisation_id for n in found}}
    items = [
        {
            "id": each.id,
            "kind": each.kind,
            "case": {"reference": each.reference},
            "promise_id": each.promise_id,
            "other": show_holder(directories[each.organisation_id], Holder(person=each.other_person))
            if each.other_person
            else None,
            "at": each.at,
        }
        for each in found
    ]
    return answer({"items": items, "next": None})


class Seen(BaseModel):
    ids: Annotated[list[UUID], Field(max_length=200)]


@router.post("/notices/seen", status_code=204)
async def post_seen(request: Request, body: Seen, actor: Actor = SIGNED_IN) -> Response:
    """These were seen."""

    async def deed(work: Work) -> None:
        if actor.person_id:
            await store.mark_seen(work, actor.person_id, body.ids)

    return await perform(request, actor, deed, status=204)
