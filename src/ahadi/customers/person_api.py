"""One person over HTTP: likely duplicates, merging and un-merging, export and erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from ahadi.base.errors import NotFound
from ahadi.customers import actions, merging, personal_data
from ahadi.customers.api import change_customer, show_customer
from ahadi.customers.merging import Suggestion
from ahadi.customers.model import Customer, Merge
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of

router = Router(prefix="/api", tags=["customers"])


def _show_suggestion(suggestion: Suggestion) -> dict[str, Any]:
    reasons = [{"code": each.code, "words": each.words, "weight": each.weight} for each in suggestion.reasons]
    return {"customer": show_customer(suggestion.customer), "score": suggestion.score, "reasons": reasons}


def _show_merge(merge: Merge) -> dict[str, Any]:
    return {
        "id": merge.id,
        "kept": merge.kept_id,
        "merged": merge.merged_id,
        "at": merge.at,
        "undone_at": merge.undone_at,
    }


@router.get("/customer-duplicates")
async def get_noticed_duplicates(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    actor: Actor = needs(Permission.CUSTOMER_READ),
) -> Response:
    """Pairs whom one contact brought together and nobody has judged yet, newest first."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        after = page.after(datetime, UUID, UUID)
        found = await merging.noticed_duplicates(work, organisation_id, after=after, limit=page.limit + 1)
    return listed(
        found,
        page,
        key=lambda each: each.key,
        show=lambda each: {"of": show_customer(each.customer), **_show_suggestion(each.suggestion)},
    )


@router.get("/customers/{customer_id}/duplicates")
async def get_duplicates(
    request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_READ)
) -> Response:
    """Who may be the same person, likeliest first, with the reasons."""
    async with database_of(request).read(actor) as work:
        organisation_id = await actions.organisation_of(work, customer_id)
        found = await merging.suggest_duplicates(work, organisation_id, customer_id)
    return answer({"items": [_show_suggestion(each) for each in found], "next": None})


@router.get("/customers/{customer_id}/merges")
async def get_merges(request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_READ)) -> Response:
    """The merges in force that make up this person, oldest first."""
    async with database_of(request).read(actor) as work:
        organisation_id = await actions.organisation_of(work, customer_id)
        found = await merging.merges_of(work, organisation_id, customer_id)
    return answer({"items": [_show_merge(each) for each in found], "next": None})


class Other(BaseModel):
    customer: UUID


@router.post("/customers/{customer_id}/duplicates/dismiss", status_code=204)
async def dismiss_duplicate(
    request: Request, customer_id: UUID, body: Other, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Say that the two are different people; they are not suggested again."""

    async def deed(work: Work, organisation_id: UUID) -> None:
        await merging.dismiss_duplicate(work, organisation_id, customer_id, body.customer)

    return await change_customer(request, actor, customer_id, deed, status=204)


@router.post("/customers/{customer_id}/merge")
async def merge_customer(
    request: Request, customer_id: UUID, body: Other, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Say that the other customer is the same person as this one, under whom both go from now on."""

    async def deed(work: Work, organisation_id: UUID) -> Merge:
        return await merging.merge_customers(work, organisation_id, customer_id, body.customer)

    return await change_customer(request, actor, customer_id, deed, show=_show_merge)


@router.post("/customers/{customer_id}/merges/{merge_id}/undo")
async def undo_merge(
    request: Request, customer_id: UUID, merge_id: UUID, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Undo one of this person's merges, as if it had never been."""

    async def deed(work: Work, organisation_id: UUID) -> Merge:
        theirs = await merging.merges_of(work, organisation_id, customer_id)
        if merge_id not in {each.id for each in theirs}:
            raise NotFound("This customer has no such merge in force.")
        return await merging.unmerge_customers(work, organisation_id, merge_id)

    return await change_customer(request, actor, customer_id, deed, show=_show_merge)


def _holders(request: Request) -> Sequence[personal_data.Holder]:
    holders: Sequence[personal_data.Holder] = request.app.state.personal_data
    return holders


@router.post("/customers/{customer_id}/export")
async def export_customer(
    request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_EXPORT)
) -> Response:
    """Everything held of one person. Journalled."""

    async def deed(work: Work, organisation_id: UUID) -> dict[str, Any]:
        return await personal_data.export_customer(work, organisation_id, customer_id, _holders(request))

    return await change_customer(request, actor, customer_id, deed, show=dict)


@router.post("/customers/{customer_id}/erase")
async def erase_customer(
    request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_ERASE)
) -> Response:
    """Erase everything personal of one person, for good. Journalled."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        return await personal_data.erase_customer(work, organisation_id, customer_id, _holders(request))

    return await change_customer(request, actor, customer_id, deed)
