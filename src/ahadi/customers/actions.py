"""Customers are recognised and read.

What other domains call in the middle of their own act (`recognise`, `same_person`, `get_customers`, `tier_of`)
demands only that the actor has the organisation; who may do the act itself was asked there.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from ahadi.base.errors import Conflict, NotFound, Unavailable
from ahadi.base.ids import uuid7
from ahadi.customers import group_store, recognition_store, store
from ahadi.customers.identities import (
    Given,
    email_identity,
    handle_identity,
    phone_identity,
    search_query,
)
from ahadi.customers.model import (
    Customer,
    Identity,
    Record,
    clean_language,
    clean_name,
    people,
)
from ahadi.customers.recognition import Known, Recognised, recognition
from ahadi.platform.database import Work

READ = "customer.read"
NO_CUSTOMER = "There is no such customer, or you have no access to it."
_TRIES = 5


class CustomerErased(Conflict):
    """The customer's data was erased; nothing can be added to it."""

    code = "customer-erased"


def has_organisation(work: Work, organisation_id: UUID) -> None:
    """Raise NotFound when the actor has nothing to do with the organisation."""
    if organisation_id not in work.actor.grants:
        raise NotFound("There is no such organisation, or you have no access to it.")


async def of_id(work: Work, organisation_id: UUID, customer_id: UUID) -> Customer:
    """The person a record belongs to. Raises NotFound."""
    records = await store.by_id(work, organisation_id, [customer_id])
    if not records:
        raise NotFound(NO_CUSTOMER)
    return next(iter(people(records).values()))


async def locked(work: Work, organisation_id: UUID, customer_id: UUID) -> Customer:
    """The person a record belongs to, all records locked. Raises NotFound, CustomerErased."""
    await store.lock(work, organisation_id, await store.group_ids(work, organisation_id, customer_id))
    customer = await of_id(work, organisation_id, customer_id)
    if customer.erased_at:
        raise CustomerErased("This customer's data was erased; make a new customer instead.")
    return customer


# Recognising ------------------------------------------------------------------------------------------------------


async def recognise(
    work: Work,
    organisation_id: UUID,
    *,
    channel: str | None = None,
    name: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    handle: str | None = None,
    language: str | None = None,
    country: str,
) -> Recognised:
    """Who contacts us: the person known by one of the identities, or a new customer with all of them.

    A new identity is added, unverified, to a person whom everything else points to. Identities of two people are
    left where they are, the channel's own decides, and the two are noted as likely duplicates. A name and a language
    fill what was empty and change nothing. With no identity at all a new customer is made, perhaps without a name.
    `country` (ISO 3166) is that in which numbers without a country code are dialled.

    One statement for somebody known, and for somebody new. Of two contacts of one new customer at the same time the
    second waits for the first and finds it. Raises Invalid for an identity that cannot be one.
    """
    has_organisation(work, organisation_id)
    given = _given(phone, email, handle, country)
    said = {"name": clean_name(name), "language": clean_language(language)}
    new = _new(organisation_id, given, said, work.now)
    for _ in range(_TRIES):
        records, made = await recognition_store.by_identity_or_new(work, organisation_id, new, given)
        if made:
            kinds = [each.kind for each in given]
            work.record("customer.created", organisation_id, subject_id=new.id, identities=kinds)
            return Recognised(people([new])[new.id], True, new.id, None)
        known = recognition(given, list(people(records).values()), channel)
        if known and (settled := await _settle(work, known, said)):
            return settled
    raise Unavailable("Customers with these identities change faster than they can be read; try again in a moment.")


def _given(phone: str | None, email: str | None, handle: str | None, country: str) -> list[Given]:
    given = [phone_identity(phone, country)] if phone else []
    given += [email_identity(email)] if email else []
    return given + ([handle_identity(handle)] if handle else [])


def _new(organisation_id: UUID, given: list[Given], said: dict[str, str | None], now: datetime) -> Record:
    """Somebody whom nobody knows yet."""
    customer_id = uuid7()
    return Record(
        organisation_id=organisation_id,
        id=customer_id,
        group_id=customer_id,
        name=said["name"],
        language=said["language"],
        zone=None,
        preferred_channel=None,
        quiet_from=None,
        quiet_until=None,
        place=None,
        attributes={},
        made_at=now,
        changed_at=now,
        erased_at=None,
        identities=tuple(Identity(each.kind, each.value, each.shown, None, now, customer_id) for each in given),
    )


async def _settle(work: Work, known: Known, said: dict[str, str | None]) -> Recognised | None:
    """What a contact adds to somebody known; None when the person changed meanwhile and must be read again."""
    customer, known_as = known.customer, known.by.record_id
    organisation_id = customer.organisation_id
    for other in known.others:
        if await group_store.notice(work, organisation_id, customer.id, other.id):
            work.record("duplicate.noticed", organisation_id, subject_id=customer.id, other_id=other.id)
    filled = {column: value for column, value in said.items() if value and getattr(customer, column) is None}
    if not known.add and not filled:
        return Recognised(customer, False, known_as, known.by)
    added = await store.add_identities(work, organisation_id, known_as, known.add) if known.add else []
    for kind, _ in added:
        work.record("identity.added", organisation_id, subject_id=known_as, identity=kind, verified=False)
    written = bool(filled) and await store.fill(work, organisation_id, known_as, filled)
    if written:
        work.record("customer.changed", organisation_id, subject_id=known_as, fields=sorted(filled))
    if added or written:
        await mark_changed(work, customer, known_as)
    if len(added) < len(known.add) or written != bool(filled):
        return None
    return Recognised(await of_id(work, organisation_id, customer.id), False, known_as, known.by)


async def mark_changed(work: Work, customer: Customer, record_id: UUID) -> None:
    """After a name or an identity changed: the search words follow, and the person comes first in lists."""
    await store.refold(work, customer.organisation_id, [record_id])
    await store.touch(work, customer.organisation_id, list({customer.id, record_id}))


# Reading ----------------------------------------------------------------------------------------------------------


async def get_customer(work: Work, organisation_id: UUID, customer_id: UUID) -> Customer:
    """One person, by the id of any of their records. Raises NotFound."""
    work.permit(organisation_id, READ)
    return await of_id(work, organisation_id, customer_id)


async def get_customers(work: Work, organisation_id: UUID, ids: Collection[UUID]) -> dict[UUID, Customer]:
    """The people these records belong to, by the ids asked for; unknown ids are left out. One statement."""
    has_organisation(work, organisation_id)
    if not ids:
        return {}
    found = people(await store.by_id(work, organisation_id, list(ids))).values()
    by_record = {each: customer for customer in found for each in customer.ids}
    return {each: by_record[each] for each in ids if each in by_record}


async def same_person(work: Work, organisation_id: UUID, customer_id: UUID) -> list[UUID]:
    """The ids of all records of a person, the one they go under first. Raises NotFound."""
    has_organisation(work, organisation_id)
    ids = await store.group_ids(work, organisation_id, customer_id)
    if not ids:
        raise NotFound(NO_CUSTOMER)
    return ids


async def organisation_of(work: Work, customer_id: UUID) -> UUID:
    """Whose customer this is. Raises NotFound where the actor has no access to that organisation."""
    organisation_id = await store.organisation_of(work, customer_id)
    if organisation_id is None:
        raise NotFound(NO_CUSTOMER)
    return organisation_id


async def find_customers(
    work: Work,
    organisation_id: UUID,
    *,
    text: str = "",
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Customer]:
    """People by newest change, at most `limit`; after the one with this `changed_at` and `id`.

    With a text, those of whose name, numbers, addresses and handles words begin with each of its words. The erased
    are not found.
    """
    work.permit(organisation_id, READ)
    query = search_query(text) if text.strip() else None
    if text.strip() and query is None:
        return []
    ids = await store.newest(work, organisation_id, query, after, limit)
    return list((await get_customers(work, organisation_id, ids)).values())


async def tier_of(work: Work, organisation_id: UUID, customer_id: UUID) -> str | None:
    """The tier somebody verified that holds now; of several the one that began last. Never what a caller claims."""
    has_organisation(work, organisation_id)
    return (await of_id(work, organisation_id, customer_id)).tier
