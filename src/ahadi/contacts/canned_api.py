"""Canned replies over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.contacts import canned
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api/canned-replies", tags=["messages"])


@router.get("")
async def get_canned(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Every canned reply, by slug and language."""
    async with database_of(request).read(actor) as work:
        found = await canned.canned_replies(work, await organisation_of(request, work, organisation))
    items = [
        {"slug": each.slug, "language": each.language, "body": each.body, "changed_at": iso(each.changed_at)}
        for each in found
    ]
    return answer({"items": items, "next": None})


class NewCanned(BaseModel):
    organisation: str | None = None
    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


@router.post("", status_code=201)
async def post_canned(request: Request, body: NewCanned, actor: Actor = needs(Permission.TEMPLATES_EDIT)) -> Response:
    """Add a canned reply, or change the words of the one of this slug and language."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        await canned.save_canned(work, organisation_id, body.slug, body.language, body.body)
        return {"slug": body.slug, "language": body.language}

    return await perform(request, actor, deed, status=201)


@router.delete("/{canned_slug}", status_code=204)
async def delete_canned(
    request: Request,
    canned_slug: str,
    language: Annotated[str, Query(max_length=3)] = "en",
    organisation: str | None = None,
    actor: Actor = needs(Permission.TEMPLATES_EDIT),
) -> Response:
    """Keep these words no longer."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, organisation)
        await canned.delete_canned(work, organisation_id, canned_slug, language)

    return await perform(request, actor, deed, status=204)
