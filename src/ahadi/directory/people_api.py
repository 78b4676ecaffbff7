"""People over HTTP: who works here, what they do, and their presence. Inviting them is in `invitations_api`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.directory import people_actions, store
from ahadi.directory.changing import person_named
from ahadi.directory.model import Presence
from ahadi.directory.people_actions import PersonChange
from ahadi.directory.permissions import Permission
from ahadi.directory.shown import page_through, show_person
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Paging, Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api/people", tags=["people"])

Word = Annotated[str, Field(min_length=1, max_length=63)]
Words = Annotated[list[Word], Field(max_length=100)]


@router.get("")
async def get_people(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    department: Annotated[str | None, Query(description="A department, by id or short name.")] = None,
    active: bool | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """Who works for an organisation."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
        presences = await store.presences_since(work, directory.organisation.id)
        now: datetime = work.now
    within = directory.department(department).id if department else None
    found = [
        each
        for each in directory.memberships.values()
        if active in (None, directory.serves(each.person_id)) and (within is None or within in each.departments)
    ]
    return page_through(
        found,
        page,
        key=lambda each: (directory.people[each.person_id].slug,),
        kinds=[str],
        show=lambda each: show_person(directory, each, presences, now),
    )


async def _directory(request: Request, work: Work, organisation: str | None) -> Directory:
    organisation_id = await organisation_of(request, work, organisation)
    work.permit(organisation_id, Permission.DIRECTORY_READ)
    return await read_directory(work, organisation_id)


async def _person(work: Work, organisation_id: UUID, key: str) -> dict[str, Any]:
    directory = await read_directory(work, organisation_id)
    presences = await store.presences_since(work, organisation_id)
    membership = directory.memberships[person_named(directory, key).id]
    return show_person(directory, membership, presences, work.now)


@router.get("/{person}")
async def get_person(
    request: Request, person: str, organisation: str | None = None, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """Somebody who works for an organisation, and what they do there."""
    async with database_of(request).read(actor) as work:
        directory = await _directory(request, work, organisation)
        return answer(await _person(work, directory.organisation.id, person))


class PersonBody(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    language: Word | None = None
    roles: Annotated[list[Word], Field(min_length=1, max_length=10)] | None = None
    departments: Words | None = None
    skills: Words | None = None
    languages: Words | None = None
    active: bool | None = None


@router.patch("/{person}")
async def patch_person(
    request: Request,
    person: str,
    body: PersonBody,
    organisation: str | None = None,
    actor: Actor = needs(Permission.PEOPLE_EDIT),
) -> Response:
    """Change what somebody does; what is not named stays. `active: false` ends their work here at once."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, organisation)
        if body.active is True:
            await people_actions.reactivate_person(work, organisation_id, person)
        change = PersonChange(
            name=body.name,
            language=body.language,
            roles=body.roles,
            departments=body.departments,
            skills=body.skills,
            languages=body.languages,
        )
        await people_actions.change_person(work, organisation_id, person, change)
        if body.active is False:
            await people_actions.deactivate_person(work, organisation_id, person)
        return await _person(work, organisation_id, person)

    return await perform(request, actor, deed, private=True)


@router.post("/{person}/second-step/forget", status_code=204)
async def post_forget_second_step(
    request: Request, person: str, organisation: str | None = None, actor: Actor = needs(Permission.PEOPLE_EDIT)
) -> Response:
    """Take authenticator and passkeys from somebody who lost them."""

    async def deed(work: Work) -> None:
        await people_actions.forget_second_step(work, await organisation_of(request, work, organisation), person)

    return await perform(request, actor, deed, status=204)


class PresenceBody(BaseModel):
    presence: Presence


@router.put("/{person}/presence")
async def put_presence(
    request: Request, person: str, body: PresenceBody, organisation: str | None = None, actor: Actor = SIGNED_IN
) -> Response:
    """Say whether somebody takes contacts now: `me`, or, with the permission presence.others, somebody else."""

    async def deed(work: Work) -> dict[str, Any]:
        if organisation is None and person == "me" and work.actor.organisations:
            organisation_id = work.actor.organisations[0]  # it holds for all of them
        else:
            organisation_id = await organisation_of(request, work, organisation)
        person_id = await people_actions.set_presence(work, organisation_id, person, body.presence)
        return {"person": person_id, "presence": body.presence}

    return await perform(request, actor, deed)
