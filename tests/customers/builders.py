"""Customers for tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.customers import Customer, Identity, Recognised, Record, recognise
from ahadi.customers.identities import identity_of
from ahadi.customers.model import person
from ahadi.platform.database import Actor, Work

ORGANISATION = UUID(int=0xA1)
OTHER = UUID(int=0xA2)
MADE = datetime(2026, 11, 1, tzinfo=UTC)


def system(*organisations: UUID) -> Actor:
    return Actor.system(organisations or (ORGANISATION,))


def somebody(*permissions: str, organisation_id: UUID = ORGANISATION) -> Actor:
    """A person with these permissions and no others."""
    return Actor("person", uuid7(), {organisation_id: frozenset(permissions)})


async def a_contact(work: Work, organisation_id: UUID = ORGANISATION, **said: Any) -> Recognised:
    """Whoever contacts us from Kenya; unnamed and unknown when nothing is said."""
    return await recognise(work, organisation_id, **({"country": "KE"} | said))


async def a_customer(work: Work, organisation_id: UUID = ORGANISATION, **said: Any) -> Customer:
    return (await a_contact(work, organisation_id, **said)).customer


def a_record(**values: Any) -> Record:
    """A record by itself; `phone`, `email` and `handle` become identities."""
    record_id = values.pop("id", None) or uuid7()
    identities = tuple(
        Identity(given.kind, given.value, given.shown, None, values.get("made_at", MADE), record_id)
        for kind in ("phone", "email", "handle")
        if (text := values.pop(kind, None))
        for given in [identity_of(kind, text, "KE")]
    )
    usual = {
        "organisation_id": ORGANISATION,
        "id": record_id,
        "group_id": record_id,
        "identities": identities,
        "attributes": {},
        "made_at": MADE,
        "changed_at": MADE,
        **dict.fromkeys(("name", "language", "zone", "preferred_channel", "quiet_from", "quiet_until", "place")),
        "erased_at": None,
    }
    return Record(**(usual | values))


def a_person(**values: Any) -> Customer:
    """A customer by itself, as a value."""
    return person([a_record(**values)])
