"""An organisation's single sign-on over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.base.errors import NotFound
from ahadi.directory import providers
from ahadi.directory.oidc import Providers
from ahadi.directory.permissions import Permission, Role
from ahadi.directory.provider_store import Provider
from ahadi.directory.providers import WantedProvider
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, keyring_of, needs, organisation_of, perform

router = Router(prefix="/api", tags=["sign-in"])


def providers_of(request: Request) -> Providers:
    """The providers as this process knows them."""
    found: Providers = request.app.state.providers
    return found


class SetProvider(BaseModel):
    organisation: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=60)]
    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=255)]
    client_secret: Annotated[str, Field(max_length=1000)] | None = None
    domains: Annotated[list[Annotated[str, Field(max_length=253)]], Field(min_length=1, max_length=50)]
    makes_people: bool = False
    role: str = Role.AGENT
    required: bool = False
    let_in: UUID | None = None


@router.get("/sign-in-provider")
async def get_provider(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """The organisation's provider, without its secret."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await providers.provider(work, organisation_id)
    if found is None:
        raise NotFound("No single sign-on is set up here.")
    return answer(_show(found))


@router.put("/sign-in-provider")
async def put_provider(request: Request, body: SetProvider, actor: Actor = needs(Permission.SETTINGS_EDIT)) -> Response:
    """Set the organisation's provider up; a `client_secret` that is left out stays as it is."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        wanted = WantedProvider(
            name=body.name,
            issuer=body.issuer,
            client_id=body.client_id,
            secret=body.client_secret,
            domains=body.domains,
            makes_people=body.makes_people,
            role=body.role,
            required=body.required,
            let_in=body.let_in,
        )
        return _show(await providers.set_provider(work, keyring_of(request), organisation_id, wanted))

    return await perform(request, actor, deed)


@router.delete("/sign-in-provider", status_code=204)
async def delete_provider(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """Do without single sign-on."""

    async def deed(work: Work) -> None:
        await providers.remove_provider(work, await organisation_of(request, work, organisation))

    return await perform(request, actor, deed, status=204)


def _show(provider: Provider) -> dict[str, Any]:
    return {
        "organisation_id": provider.organisation_id,
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "has_secret": provider.secret is not None,
        "domains": list(provider.domains),
        "makes_people": provider.makes_people,
        "role": provider.role,
        "required": provider.required,
        "let_in": provider.let_in_id,
        "changed_at": iso(provider.changed_at),
    }
