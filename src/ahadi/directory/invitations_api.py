"""Inviting people over HTTP."""

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.errors import NotFound
from ahadi.directory import invitations
from ahadi.directory import sign_in_store as store
from ahadi.directory.invitations import Invited
from ahadi.directory.permissions import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, needs, organisation_of, perform, settings_of

router = Router(prefix="/api/people", tags=["people"])


class Invite(BaseModel):
    organisation: str | None = None
    email: Annotated[str, Field(min_length=3, max_length=320)]
    name: Annotated[str, Field(max_length=120)] = ""
    roles: Annotated[list[str], Field(min_length=1, max_length=10)]


@router.post("/invite", status_code=201)
async def post_invite(request: Request, body: Invite, actor: Actor = needs(Permission.PEOPLE_EDIT)) -> Response:
    """Give somebody roles. Answers with the one-time link where it opens nothing else; it is mailed otherwise."""

    async def deed(work: Work) -> Invited:
        organisation_id = await organisation_of(request, work, body.organisation)
        return await invitations.invite(work, organisation_id, body.email, body.name, body.roles)

    return await perform(request, actor, deed, status=201, show=lambda done: _show(request, done), private=True)


@router.post("/{person}/invite", status_code=201)
async def post_invite_again(
    request: Request, person: str, organisation: str | None = None, actor: Actor = needs(Permission.PEOPLE_EDIT)
) -> Response:
    """Send somebody a link by which they choose a password."""

    async def deed(work: Work) -> Invited:
        organisation_id = await organisation_of(request, work, organisation)
        person_id = await store.find_person(work, person)
        if person_id is None:
            raise NotFound("There is no such person in this organisation.")
        return await invitations.invite_again(work, organisation_id, person_id)

    return await perform(request, actor, deed, status=201, show=lambda done: _show(request, done), private=True)


def _show(request: Request, invited: Invited) -> dict[str, Any]:
    link = f"{settings_of(request).links_from()}/welcome/{invited.link}" if invited.link else None
    return {"person": {"id": invited.person_id, "slug": invited.slug}, "link": link, "mailed": link is None}
