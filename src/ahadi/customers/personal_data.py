"""One person's data: all of it handed out, or erased for good, with what the domains above hold of the person."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.customers import group_store, store
from ahadi.customers.actions import of_id, same_person
from ahadi.customers.model import Customer, Identity, Record
from ahadi.platform.database import Work

EXPORT, ERASE = "customer.export", "customer.erase"


@dataclass(frozen=True, slots=True)
class Holder:
    """Another part that holds personal data: both take the work, the organisation and the ids of a person's records.

    `export` returns plain JSON values, shown under `name`; `erase` may be called again for the same person. They run
    in the same transaction, after it was asked who may do this.
    """

    name: str
    export: Callable[[Work, UUID, Sequence[UUID]], Awaitable[Any]]
    erase: Callable[[Work, UUID, Sequence[UUID]], Awaitable[object]]


async def export_customer(
    work: Work, organisation_id: UUID, customer_id: UUID, holders: Sequence[Holder] = ()
) -> dict[str, Any]:
    """Everything held of one person, over all their records, as plain JSON values. Journalled.

    Raises NotFound.
    """
    work.permit(organisation_id, EXPORT)
    customer = await of_id(work, organisation_id, customer_id)
    entitlements = await store.entitlements(work, organisation_id, customer.ids)
    merges = await group_store.merges_of(work, organisation_id, customer.ids)
    work.record("customer.exported", organisation_id, subject_id=customer.id)
    return {
        "id": str(customer.id),
        "records": [_record(each) for each in customer.records],
        "entitlements": [_plain(each) for each in entitlements],
        "merges": [
            {"id": str(each.id), "kept": str(each.kept_id), "merged": str(each.merged_id), "at": iso(each.at)}
            for each in merges
        ],
        **{holder.name: await holder.export(work, organisation_id, customer.ids) for holder in holders},
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "name": record.name,
        "language": record.language,
        "zone": record.zone,
        "preferred_channel": record.preferred_channel,
        "quiet_from": record.quiet_from.isoformat() if record.quiet_from else None,
        "quiet_until": record.quiet_until.isoformat() if record.quiet_until else None,
        "place": record.place,
        "attributes": dict(record.attributes),
        "made_at": iso(record.made_at),
        "changed_at": iso(record.changed_at),
        "erased_at": iso(record.erased_at) if record.erased_at else None,
        "identities": [_identity(each) for each in record.identities],
        "consents": [
            {"channel": each.channel, "granted": each.granted, "source": each.source, "at": iso(each.at)}
            for each in record.consents
        ],
    }


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "kind": identity.kind,
        "value": identity.value,
        "shown": identity.shown,
        "verified_at": iso(identity.verified_at) if identity.verified_at else None,
        "made_at": iso(identity.made_at),
    }


def _plain(entitlement: dict[str, Any]) -> dict[str, Any]:
    start, end = entitlement["valid_from"], entitlement["valid_until"]
    return {
        "id": str(entitlement["id"]),
        "tier": entitlement["tier"],
        "verified_by": entitlement["verified_by"],
        "valid_from": iso(start),
        "valid_until": iso(end) if end else None,
    }


async def erase_customer(
    work: Work, organisation_id: UUID, customer_id: UUID, holders: Sequence[Holder] = ()
) -> Customer:
    """Erase one person, over all their records: name, identities, preferences, consents, entitlements.

    The emptied records stay, because cases and the journal name them, and cannot be added to or merged; the same
    identity coming again is a new customer. Erasing twice changes nothing here. Locks the organisation's groups and
    the person. Raises NotFound.
    """
    work.permit(organisation_id, ERASE)
    await group_store.lock_groups(work, organisation_id)
    ids = await same_person(work, organisation_id, customer_id)
    await store.lock(work, organisation_id, ids)
    customer = await of_id(work, organisation_id, customer_id)
    for holder in holders:
        await holder.erase(work, organisation_id, ids)
    if customer.erased_at:
        return customer
    await store.erase(work, organisation_id, ids)
    for each in ids:
        work.record("customer.erased", organisation_id, subject_id=each)
    return await of_id(work, organisation_id, customer_id)
