"""What is changed of a customer: name, place, attributes, preferences, identities, consent, entitlement.

Changes go to the record the person goes under; what is taken away goes from all of their records, or another
record's value would show in its place.
"""

from datetime import datetime
from typing import Unpack
from uuid import UUID

from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.customers import store
from ahadi.customers.actions import locked, mark_changed, of_id
from ahadi.customers.identities import Given, IdentityKind, identity_of
from ahadi.customers.model import (
    Consent,
    Customer,
    Identity,
    Preferences,
    Profile,
    changed_preferences,
    changed_profile,
    check_channel,
    check_code,
    clean_name,
    people,
)
from ahadi.platform.database import Work

EDIT = "customer.edit"


class IdentityTaken(Conflict):
    """Another customer holds this identity; `customer` is whose it is."""

    code = "identity-taken"


async def update_customer(work: Work, organisation_id: UUID, customer_id: UUID, **changes: Unpack[Profile]) -> Customer:
    """Change a name, a place or attributes. Locks the person. Raises NotFound, CustomerErased, Invalid."""
    work.permit(organisation_id, EDIT)
    customer = await locked(work, organisation_id, customer_id)
    taken: Profile = {}
    if "name" in changes and not clean_name(changes["name"]):
        taken["name"] = None
    if "place" in changes and not clean_name(changes["place"]):
        taken["place"] = None
    if "attributes" in changes:
        taken["attributes"] = {key: None for key, value in changes["attributes"].items() if value is None}
    new = {each.id: changed_profile(each, changes if each.id == customer.id else taken) for each in customer.records}
    return await _write(work, customer, new)


async def set_preferences(
    work: Work, organisation_id: UUID, customer_id: UUID, **changes: Unpack[Preferences]
) -> Customer:
    """Change language, zone, preferred channel or quiet hours. Locks the person.

    Raises NotFound, CustomerErased, Invalid.
    """
    work.permit(organisation_id, EDIT)
    customer = await locked(work, organisation_id, customer_id)
    taken: Preferences = {column: None for column, value in changes.items() if not value}  # type: ignore[assignment]
    new = {
        each.id: changed_preferences(each, changes if each.id == customer.id else taken) for each in customer.records
    }
    return await _write(work, customer, new)


async def _write(work: Work, customer: Customer, new: dict[UUID, dict[str, object]]) -> Customer:
    """Write the changed columns of a locked person's records. What is taken away goes from all of them."""
    organisation_id = customer.organisation_id
    for record_id, columns in new.items():
        if columns:
            await store.change(work, organisation_id, record_id, columns)
            await mark_changed(work, customer, record_id)
            work.record("customer.changed", organisation_id, subject_id=record_id, fields=sorted(columns))
    return await of_id(work, organisation_id, customer.id)


async def add_identity(
    work: Work,
    organisation_id: UUID,
    customer_id: UUID,
    kind: IdentityKind,
    text: str,
    *,
    country: str,
    verified: bool = False,
) -> Customer:
    """Add what a customer is known by; known already, it may become verified. Locks the person.

    Raises NotFound, CustomerErased, Invalid, IdentityTaken.
    """
    work.permit(organisation_id, EDIT)
    given = identity_of(kind, text, country)
    customer = await locked(work, organisation_id, customer_id)
    if held := _held(customer, given):
        if verified and held.verified_at is None:
            await _verify(work, customer, held)
        return await of_id(work, organisation_id, customer.id)
    when = work.now if verified else None
    if not await store.add_identities(work, organisation_id, customer.id, [given], when):
        holder = next(iter(people(await store.by_identity(work, organisation_id, [given])).values()), None)
        raise IdentityTaken(
            "Another customer is known by this; merge the two if they are one person.",
            customer=holder.id if holder else None,
        )
    await mark_changed(work, customer, customer.id)
    work.record("identity.added", organisation_id, subject_id=customer.id, identity=kind, verified=verified)
    return await of_id(work, organisation_id, customer.id)


async def verify_identity(
    work: Work, organisation_id: UUID, customer_id: UUID, kind: IdentityKind, text: str, *, country: str
) -> Customer:
    """Say that an identity was proved to be the customer's. Locks the person. Raises NotFound, CustomerErased."""
    work.permit(organisation_id, EDIT)
    customer = await locked(work, organisation_id, customer_id)
    held = _required(customer, identity_of(kind, text, country))
    if held.verified_at is None:
        await _verify(work, customer, held)
    return await of_id(work, organisation_id, customer.id)


async def _verify(work: Work, customer: Customer, held: Identity) -> None:
    await store.verify_identity(work, customer.organisation_id, held)
    await store.touch(work, customer.organisation_id, [customer.id])
    work.record("identity.verified", customer.organisation_id, subject_id=held.record_id, identity=held.kind)


async def remove_identity(
    work: Work, organisation_id: UUID, customer_id: UUID, kind: IdentityKind, text: str, *, country: str
) -> Customer:
    """Take away what a customer is no longer known by. Locks the person. Raises NotFound, CustomerErased."""
    work.permit(organisation_id, EDIT)
    customer = await locked(work, organisation_id, customer_id)
    held = _required(customer, identity_of(kind, text, country))
    await store.remove_identity(work, organisation_id, held)
    await mark_changed(work, customer, held.record_id)
    work.record("identity.removed", organisation_id, subject_id=held.record_id, identity=kind)
    return await of_id(work, organisation_id, customer.id)


def _held(customer: Customer, given: Given) -> Identity | None:
    return next((each for each in customer.identities if (each.kind, each.value) == (given.kind, given.value)), None)


def _required(customer: Customer, given: Given) -> Identity:
    held = _held(customer, given)
    if held is None:
        raise NotFound("This customer is not known by that.")
    return held


class ConsentIsAskedInPerson(Forbidden):
    """Somebody acts in a colleague's name and would say what a customer allowed."""

    code = "consent-in-person"


async def set_consent(
    work: Work, organisation_id: UUID, customer_id: UUID, *, channel: str, granted: bool, source: str
) -> Customer:
    """Write down whether the customer agreed to be written to on a channel; `source` is a code for where it was said.

    A refusal is written for every record of the person, so that it still holds when a merge is undone. Locks the
    person. Raises NotFound, CustomerErased, Invalid, Forbidden for who acts in a colleague's name.
    """
    work.permit(organisation_id, EDIT)
    if work.actor.behind is not None:
        raise ConsentIsAskedInPerson(
            "What a customer allows us is not asked or changed in another's name; do it as yourself."
        )
    consent = Consent(check_channel(channel), granted, check_code(source, "source"), work.now)
    customer = await locked(work, organisation_id, customer_id)
    await store.put_consent(work, organisation_id, [customer.id] if granted else customer.ids, consent)
    await store.touch(work, organisation_id, [customer.id])
    work.record("consent.changed", organisation_id, subject_id=customer.id, channel=channel, granted=granted)
    return await of_id(work, organisation_id, customer.id)


async def verify_entitlement(
    work: Work,
    organisation_id: UUID,
    customer_id: UUID,
    *,
    tier: str,
    verified_by: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Customer:
    """Say which tier the customer is owed, from now if not said otherwise; `verified_by` is a code for what proved it.

    Locks the person. Raises NotFound, CustomerErased, Invalid.
    """
    work.permit(organisation_id, EDIT)
    start = valid_from or work.now
    if valid_until is not None and valid_until <= start:
        raise Invalid("An entitlement must end after it begins; correct valid_until.")
    check_code(tier, "tier")
    check_code(verified_by, "proof")
    customer = await locked(work, organisation_id, customer_id)
    entitlement_id = await store.put_entitlement(
        work,
        organisation_id,
        customer.id,
        tier=tier,
        verified_by=verified_by,
        valid_from=start,
        valid_until=valid_until,
    )
    await store.touch(work, organisation_id, [customer.id])
    work.record(
        "entitlement.verified", organisation_id, subject_id=customer.id, entitlement_id=entitlement_id, tier=tier
    )
    return await of_id(work, organisation_id, customer.id)


async def end_entitlement(work: Work, organisation_id: UUID, customer_id: UUID) -> Customer:
    """End every entitlement of the customer now. Locks the person. Raises NotFound, CustomerErased."""
    work.permit(organisation_id, EDIT)
    customer = await locked(work, organisation_id, customer_id)
    if await store.end_entitlements(work, organisation_id, customer.ids):
        await store.touch(work, organisation_id, [customer.id])
        work.record("entitlement.ended", organisation_id, subject_id=customer.id)
    return await of_id(work, organisation_id, customer.id)
