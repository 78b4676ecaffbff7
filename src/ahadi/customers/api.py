"""Customers over HTTP. What somebody is known by travels in bodies, never in addresses, which end in logs."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import utc
from ahadi.customers import actions, changes
from ahadi.customers.identities import IdentityKind
from ahadi.customers.model import Channel, Customer
from ahadi.directory import Permission, get_organisation
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, answer, database_of, listed, needs, organisation_of, perform

router = Router(prefix="/api/customers", tags=["customers"])

Code = Annotated[str, Field(min_length=1, max_length=40)]
Line = Annotated[str, Field(max_length=200)]


def show_customer(customer: Customer) -> dict[str, Any]:
    """A customer as JSON; `records` are the ids of all records merged into one person."""
    return {
        "id": customer.id,
        "name": customer.name,
        "language": customer.language,
        "zone": customer.zone,
        "preferred_channel": customer.preferred_channel,
        "quiet_from": customer.quiet_from,
        "quiet_until": customer.quiet_until,
        "place": customer.place,
        "attributes": customer.attributes,
        "identities": [
            {"kind": each.kind, "value": each.value, "shown": each.shown, "verified_at": each.verified_at}
            for each in customer.identities
        ],
        "consents": [
            {"channel": each.channel, "granted": each.granted, "source": each.source, "at": each.at}
            for each in customer.consents
        ],
        "tier": customer.tier,
        "records": customer.ids,
        "made_at": customer.made_at,
        "changed_at": customer.changed_at,
        "erased_at": customer.erased_at,
    }


async def change_customer(
    request: Request,
    actor: Actor,
    customer_id: UUID,
    deed: Callable[[Work, UUID], Awaitable[Any]],
    show: Callable[[Any], Any] = show_customer,
    status: int = 200,
) -> Response:
    """Do something to a customer of whichever organisation of the actor's it is."""

    async def done(work: Work) -> Any:
        return await deed(work, await actions.organisation_of(work, customer_id))

    return await perform(request, actor, done, status=status, show=show, private=True)


async def _country(work: Work, organisation_id: UUID) -> str:
    organisation = await get_organisation(work, organisation_id)
    return organisation.country if organisation else ""


# Reading ----------------------------------------------------------------------------------------------------------


@router.get("")
async def get_customers(
    request: Request,
    page: Paging,
    organisation: str | None = None,
    q: Annotated[str, Query(max_length=200, description="Beginnings of words of names and identities.")] = "",
    actor: Actor = needs(Permission.CUSTOMER_READ),
) -> Response:
    """Customers, newest change first."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        found = await actions.find_customers(
            work, organisation_id, text=q, after=(after[0], after[1]) if after else None, limit=page.limit + 1
        )
    return listed(found, page, key=lambda each: (each.changed_at, each.id), show=show_customer)


@router.get("/{customer_id}")
async def get_customer(request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_READ)) -> Response:
    """One person, by the id of any of their records."""
    async with database_of(request).read(actor) as work:
        organisation_id = await actions.organisation_of(work, customer_id)
        return answer(show_customer(await actions.get_customer(work, organisation_id, customer_id)))


# Changing ---------------------------------------------------------------------------------------------------------


class Changes(BaseModel):
    name: Line | None = None
    place: Line | None = None
    attributes: Annotated[dict[str, str | bool | int | float | None], Field(max_length=50)] | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    zone: Annotated[str, Field(max_length=60)] | None = None
    preferred_channel: Channel | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None


@router.patch("/{customer_id}")
async def patch_customer(
    request: Request, customer_id: UUID, body: Changes, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Change what is named; null takes it away, also a single attribute."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    profile = {name: given.pop(name) for name in ("name", "place", "attributes") if name in given}
    if profile.get("attributes", {}) is None:
        del profile["attributes"]

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        if profile:
            await changes.update_customer(work, organisation_id, customer_id, **profile)
        return await changes.set_preferences(work, organisation_id, customer_id, **given)

    return await change_customer(request, actor, customer_id, deed)


class NewIdentity(BaseModel):
    kind: IdentityKind
    value: Annotated[str, Field(min_length=1, max_length=320)]
    verified: bool = False


class KnownIdentity(BaseModel):
    kind: IdentityKind
    value: Annotated[str, Field(min_length=1, max_length=320)]


@router.post("/{customer_id}/identities", status_code=201)
async def post_identity(
    request: Request, customer_id: UUID, body: NewIdentity, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Add a number, an address or a handle; refused when another customer holds it."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        country = await _country(work, organisation_id)
        return await changes.add_identity(
            work, organisation_id, customer_id, body.kind, body.value, country=country, verified=body.verified
        )

    return await change_customer(request, actor, customer_id, deed, status=201)


@router.post("/{customer_id}/identities/verify")
async def verify_identity(
    request: Request, customer_id: UUID, body: KnownIdentity, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Say that an identity was proved to be the customer's."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        country = await _country(work, organisation_id)
        return await changes.verify_identity(work, organisation_id, customer_id, body.kind, body.value, country=country)

    return await change_customer(request, actor, customer_id, deed)


@router.post("/{customer_id}/identities/remove")
async def remove_identity(
    request: Request, customer_id: UUID, body: KnownIdentity, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Take away what the customer is no longer known by."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        country = await _country(work, organisation_id)
        return await changes.remove_identity(work, organisation_id, customer_id, body.kind, body.value, country=country)

    return await change_customer(request, actor, customer_id, deed)


class Said(BaseModel):
    granted: bool
    source: Code = "agent"


@router.put("/{customer_id}/consents/{channel}")
async def put_consent(
    request: Request,
    customer_id: UUID,
    channel: Channel,
    body: Said,
    actor: Actor = needs(Permission.CUSTOMER_EDIT),
) -> Response:
    """Write down whether the customer agreed to be written to on a channel."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        return await changes.set_consent(
            work, organisation_id, customer_id, channel=channel, granted=body.granted, source=body.source
        )

    return await change_customer(request, actor, customer_id, deed)


class Entitled(BaseModel):
    tier: Code
    verified_by: Code
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None


@router.post("/{customer_id}/entitlements", status_code=201)
async def post_entitlement(
    request: Request, customer_id: UUID, body: Entitled, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """Say which tier the customer is owed, and what proved it."""

    async def deed(work: Work, organisation_id: UUID) -> Customer:
        return await changes.verify_entitlement(
            work,
            organisation_id,
            customer_id,
            tier=body.tier,
            verified_by=body.verified_by,
            valid_from=utc(body.valid_from) if body.valid_from else None,
            valid_until=utc(body.valid_until) if body.valid_until else None,
        )

    return await change_customer(request, actor, customer_id, deed, status=201)


@router.delete("/{customer_id}/entitlements")
async def delete_entitlements(
    request: Request, customer_id: UUID, actor: Actor = needs(Permission.CUSTOMER_EDIT)
) -> Response:
    """End every entitlement of the customer now."""
    return await change_customer(
        request, actor, customer_id, lambda work, organisation: changes.end_entitlement(work, organisation, customer_id)
    )
