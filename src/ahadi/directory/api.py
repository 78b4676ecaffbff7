"""Organisations, departments and reasons over HTTP. People and departments are named by id or short name."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.directory import actions, change_store
from ahadi.directory.actions import Called, DepartmentChange, OrganisationChange
from ahadi.directory.changing import department_named
from ahadi.directory.model import NameShown, PromiseDefault, Settings
from ahadi.directory.permissions import Permission
from ahadi.directory.shown import page_through, show_department, show_organisation, show_reason
from ahadi.directory.snapshot import read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["directory"])

Slug = Annotated[str, Field(pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
Line = Annotated[str, Field(max_length=120)]
Names = Line | dict[Annotated[str, Field(max_length=20)], Line]
Address = Annotated[str, Field(min_length=3, max_length=254)]
Within = Annotated[str, Field(max_length=40, description="Such as 30m, 4h, 2d or 24h elapsed.")]


class PromiseBody(BaseModel):
    kind: Literal["update", "callback", "visit", "fix"]
    within: Within | None = None

    def read(self, settings: Settings) -> PromiseDefault:
        return actions.promise_read(self.kind, self.within, settings)


# Organisations --------------------------------------------------------------------------------------------------


@router.get("/organisations")
async def get_organisations(
    request: Request, page: Paging, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """The organisations that the caller serves."""
    async with database_of(request).read(actor) as work:
        readable = [each for each in actor.organisations if actor.may(each, Permission.DIRECTORY_READ)]
        found = [await read_directory(work, each) for each in readable]
    return page_through(found, page, key=lambda each: (each.organisation.slug,), kinds=[str], show=show_organisation)


@router.get("/organisations/{organisation}")
async def get_organisation(
    request: Request, organisation: str, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """An organisation with its settings and the addresses at which it takes mail."""
    async with database_of(request).read(actor) as work:
        return answer(await _organisation(work, await organisation_of(request, work, organisation)))


async def _organisation(work: Work, organisation_id: UUID) -> dict[str, Any]:
    work.permit(organisation_id, Permission.DIRECTORY_READ)
    mail = await change_store.addresses_of(work, organisation_id)
    return show_organisation(await read_directory(work, organisation_id), mail)


class BrandBody(BaseModel):
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = None
    website: Annotated[str, Field(pattern="^(https?://[^\\s<>\"']{1,200})?$")] | None = None
    signature: dict[str, Line] | None = None


class ChatBody(BaseModel):
    origins: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)] | None = None
    name: NameShown | None = None


class OrganisationBody(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    zone: Annotated[str, Field(max_length=60)] | None = None
    country: Annotated[str, Field(max_length=2)] | None = None
    languages: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=30)] | None = None
    manager: str | None = None
    default_department: str | None = None
    mail: Annotated[list[Address], Field(max_length=50)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    reopen_days: Annotated[int, Field(ge=0, le=365)] | None = None
    repeat_days: Annotated[int, Field(ge=1, le=365)] | None = None
    repeat_threshold: Annotated[int, Field(ge=2, le=100)] | None = None
    undo_seconds: Annotated[int, Field(ge=0, le=120)] | None = None
    sender_name: Annotated[str, Field(max_length=80)] | None = None
    sender_address: Annotated[str, Field(max_length=254)] | None = None
    brand: BrandBody | None = None
    chat: ChatBody | None = None
    promises: dict[str, Within] | None = None
    skills: Annotated[dict[Slug, Names], Field(max_length=200)] | None = None
    tiers: Annotated[dict[Slug, Names], Field(max_length=50)] | None = None

    def change(self) -> OrganisationChange:
        said = self.model_dump(exclude_none=True)
        return OrganisationChange(
            name=self.name,
            zone=self.zone,
            country=self.country,
            languages=self.languages,
            manager=self.manager,
            default_department=self.default_department,
            mail=self.mail,
            settings={key: said[key] for key in _PLAIN_SETTINGS if key in said},
            brand=said.get("brand"),
            chat=said.get("chat"),
            promises=self.promises,
            skills=self.skills,
            tiers=self.tiers,
        )


_PLAIN_SETTINGS = ("phone", "reopen_days", "repeat_days", "repeat_threshold", "undo_seconds", "sender_name",
                   "sender_address")  # fmt: skip


@router.patch("/organisations/{organisation}")
async def patch_organisation(
    request: Request, organisation: str, body: OrganisationBody, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """Change an organisation's settings; what is not named stays. The first of its languages is its own."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, organisation)
        await actions.change_organisation(work, organisation_id, body.change())
        return await _organisation(work, organisation_id)

    return await perform(request, actor, deed)


# Departments ----------------------------------------------------------------------------------------------------


@router.get("/departments")
async def get_departments(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    active: bool | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """An organisation's departments in their order."""
    async with database_of(request).read(actor) as work:
        directory = await read_directory(work, await _readable(request, work, organisation))
        mail = await change_store.addresses_of(work, directory.organisation.id)
    return page_through(
        [each for each in directory.departments.values() if active in (None, each.active)],
        page,
        key=lambda each: (each.position, each.slug),
        kinds=[int, str],
        show=lambda each: show_department(directory, each, mail),
    )


async def _readable(request: Request, work: Work, organisation: str | None) -> UUID:
    organisation_id = await organisation_of(request, work, organisation)
    work.permit(organisation_id, Permission.DIRECTORY_READ)
    return organisation_id


async def _department(work: Work, organisation_id: UUID, key: str | UUID) -> dict[str, Any]:
    directory = await read_directory(work, organisation_id)
    mail = await change_store.addresses_of(work, organisation_id)
    return show_department(directory, department_named(directory, key), mail)


@router.get("/departments/{department}")
async def get_department(
    request: Request, department: str, organisation: str | None = None, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """A department, with its members."""
    async with database_of(request).read(actor) as work:
        return answer(await _department(work, await _readable(request, work, organisation), department))


class DepartmentBody(BaseModel):
    organisation: str | None = None
    names: Names | None = None
    hours: Annotated[str, Field(max_length=1000)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    mail: Annotated[list[Address], Field(max_length=50)] | None = None
    manager: str | None = None
    promise: PromiseBody | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = None
    swaps_approved: Annotated[
        bool | None, Field(description="Whether a shift given to a colleague waits for a manager's word.")
    ] = None

    def change(self, settings: Settings) -> DepartmentChange:
        names: Called | None = self.names
        return DepartmentChange(
            names=names,
            hours=self.hours,
            phone=self.phone,
            mail=self.mail,
            manager=self.manager,
            promise=self.promise.read(settings) if self.promise else None,
            position=self.position,
            swaps_approved=self.swaps_approved,
        )


class NewDepartment(DepartmentBody):
    slug: Slug
    names: Names
    hours: Annotated[str, Field(max_length=1000)]


class ChangedDepartment(DepartmentBody):
    active: bool | None = None


@router.post("/departments", status_code=201)
async def post_department(
    request: Request, body: NewDepartment, actor: Actor = needs(Permission.DIRECTORY_EDIT)
) -> Response:
    """Add a department."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        settings = (await read_directory(work, organisation_id)).organisation.settings
        made = await actions.create_department(work, organisation_id, body.slug, body.change(settings))
        return await _department(work, organisation_id, made.id)

    return await perform(request, actor, deed, status=201)


@router.patch("/departments/{department}")
async def patch_department(
    request: Request,
    department: str,
    body: ChangedDepartment,
    organisation: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_EDIT),
) -> Response:
    """Change a department; what is not named stays. `active` retires it, or puts it back in use."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, organisation or body.organisation)
        settings = (await read_directory(work, organisation_id)).organisation.settings
        if body.active is True:
            await actions.restore_department(work, organisation_id, department)
        changed = await actions.change_department(work, organisation_id, department, body.change(settings))
        if body.active is False:
            await actions.retire_department(work, organisation_id, department)
        return await _department(work, organisation_id, changed.id)

    return await perform(request, actor, deed)


@router.delete("/departments/{department}", status_code=204)
async def delete_department(
    request: Request, department: str, organisation: str | None = None, actor: Actor = needs(Permission.DIRECTORY_EDIT)
) -> Response:
    """Retire a department: nothing new goes there."""

    async def deed(work: Work) -> None:
        await actions.retire_department(work, await organisation_of(request, work, organisation), department)

    return await perform(request, actor, deed, status=204)


# Reasons --------------------------------------------------------------------------------------------------------


@router.get("/reasons")
async def get_reasons(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    active: Annotated[bool | None, Query(description="Those in use; all when not said.")] = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """What customers get in touch about."""
    async with database_of(request).read(actor) as work:
        directory = await read_directory(work, await _readable(request, work, organisation))
    return page_through(
        [each for each in directory.reasons.values() if active in (None, each.active)],
        page,
        key=lambda each: (each.slug,),
        kinds=[str],
        show=lambda each: show_reason(directory, each),
    )


class ReasonBody(BaseModel):
    names: Names
    department: str | None = None
    promise: PromiseBody | None = None


@router.put("/reasons/{reason_slug}")
async def put_reason(
    request: Request,
    reason_slug: str,
    body: ReasonBody,
    organisation: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_EDIT),
) -> Response:
    """Add a reason, or say anew what one means."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, organisation)
        settings = (await read_directory(work, organisation_id)).organisation.settings
        promise = body.promise.read(settings) if body.promise else None
        made = await actions.put_reason(work, organisation_id, reason_slug, body.names, body.department, promise)
        return show_reason(await read_directory(work, organisation_id), made)

    return await perform(request, actor, deed)


@router.delete("/reasons/{reason_slug}", status_code=204)
async def delete_reason(
    request: Request, reason_slug: str, organisation: str | None = None, actor: Actor = needs(Permission.DIRECTORY_EDIT)
) -> Response:
    """Offer a reason no more."""

    async def deed(work: Work) -> None:
        await actions.retire_reason(work, await organisation_of(request, work, organisation), reason_slug)

    return await perform(request, actor, deed, status=204)
