"""Search over HTTP, and the views that people keep."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.base.text import one_line
from ahadi.directory import Permission, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, needs, next_page, organisation_of, perform
from ahadi.search import actions
from ahadi.search.query import LONGEST, parse
from ahadi.search.store import SavedView

router = Router(prefix="/api", tags=["search"])


@router.get("/search")
async def get_search(
    request: Request,
    page: Paging,
    q: Annotated[str, Query(max_length=LONGEST, description="Words and filters: `holder:me promise:due<2h meter`.")],
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """Cases by words of their subject, messages or customer, newest change first; customers and people beside them.

    A word that begins none that was ever said is taken for the nearest ones: `corrected` says which. Of messages that
    hold the words the newest are looked through; `older_messages` says that there may be more, and another word or a
    filter narrows them.
    """
    async with database_of(request).read(actor) as work:
        found = await actions.search(work, parse(q), after=page.after(datetime, UUID), limit=page.limit + 1)
        concerned = {row["organisation_id"] for row in found.cases}
        directories = {each: await read_directory(work, each) for each in concerned}
    following = next_page(found.cases, page, key=lambda row: (row["changed_at"], row["id"]))
    return answer(
        {
            "items": [_case(directories, row, found) for row in found.cases[: page.limit]],
            "next": following,
            "customers": [{"id": each.id, "name": each.name} for each in found.customers],
            "people": [{"id": each.id, "name": each.name} for each in found.people],
            "corrected": found.corrected,
            "older_messages": found.older_messages,
            "problems": list(map(str, found.query.problems)),
        }
    )


def _case(directories: Any, row: dict[str, Any], found: actions.Found) -> dict[str, Any]:
    directory = directories[row["organisation_id"]]
    said = found.said.get(row["id"])
    holder, due_at = row["holder_person"] or row["holder_department"], row["promise_due_at"]
    return {
        "reference": row["reference"],
        "organisation": directory.organisation.slug,
        "subject": row["subject"] or "",
        "state": row["state"],
        "holder": directory.name_of(holder) if holder else None,
        "changed_at": iso(row["changed_at"]),
        "promise": {"kind": row["promise_kind"], "due_at": iso(due_at)} if due_at else None,
        "said": {"at": iso(said.at), "text": one_line(said.body, 200)} if said else None,
    }


class NewView(BaseModel):
    organisation: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=60)]
    query: Annotated[str, Field(max_length=LONGEST)]
    shared: bool = False


class ViewChange(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    query: Annotated[str, Field(max_length=LONGEST)] | None = None
    shared: bool | None = None


def _shown(view: SavedView, work: Work) -> dict[str, Any]:
    own = view.person_id == work.actor.person_id
    return {"id": view.id, "name": view.name, "query": view.query, "shared": view.shared, "own": own}


@router.get("/views")
async def get_views(request: Request, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """One's own views and those shared with one, by name."""
    async with database_of(request).read(actor) as work:
        return answer({"items": [_shown(each, work) for each in await actions.views(work)], "next": None})


@router.post("/views", status_code=201)
async def post_view(request: Request, body: NewView, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """Keep a search under a name."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _shown(await actions.save_view(work, organisation_id, body.name, body.query, shared=body.shared), work)

    return await perform(request, actor, deed, status=201)


@router.patch("/views/{view_id}")
async def patch_view(
    request: Request, view_id: UUID, body: ViewChange, actor: Actor = needs(Permission.CASE_READ)
) -> Response:
    """Change one's own view."""

    async def deed(work: Work) -> dict[str, Any]:
        changed = await actions.change_view(work, view_id, name=body.name, query=body.query, shared=body.shared)
        return _shown(changed, work)

    return await perform(request, actor, deed)


@router.delete("/views/{view_id}", status_code=204)
async def delete_view(request: Request, view_id: UUID, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """Keep one's own view no longer."""

    async def deed(work: Work) -> None:
        await actions.remove_view(work, view_id)

    return await perform(request, actor, deed, status=204)
