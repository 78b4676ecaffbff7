"""The SQL of customers. Every statement names the organisation; row-level security is the second wall."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.base.clock import utc
from ahadi.base.ids import uuid7
from ahadi.customers.identities import KINDS, Given, IdentityKind, search_words
from ahadi.customers.model import Consent, Identity, Record, people
from ahadi.platform.database import Work

_NAMESAKES = 200

# All records of some people with what belongs to each, in one statement; after OF_GROUPS stands who they are.
RECORDS = """
select p.organisation_id, p.id, p.group_id, p.name, p.language, p.zone, p.preferred_channel, p.quiet_from,
    p.quiet_until, p.place, p.attributes, p.made_at, p.changed_at, p.erased_at,
    i.kinds, i.vals, i.shown, i.verified, i.made, c.channels, c.granted, c.sources, c.said, e.tier, e.valid_from
from customer p
left join lateral (
    select array_agg(kind) as kinds, array_agg(value) as vals, array_agg(shown) as shown,
        array_agg(verified_at) as verified, array_agg(made_at) as made
    from identity where organisation_id = p.organisation_id and customer_id = p.id) i on true
left join lateral (
    select array_agg(channel) as channels, array_agg(granted) as granted, array_agg(source) as sources,
        array_agg(at) as said
    from consent where organisation_id = p.organisation_id and customer_id = p.id) c on true
left join lateral (
    select tier, valid_from from entitlement
    where organisation_id = p.organisation_id and customer_id = p.id and valid_from <= %(now)s
        and (valid_until is null or valid_until > %(now)s)
    order by valid_from desc, id desc limit 1) e on true
"""
# Each step is an array made once, not a join: before a table's first statistics the planner takes it for empty, and
# nested joins then read it as often as it has rows.
OF_GROUPS = " where p.organisation_id = %(organisation_id)s and p.group_id = any(array("
_BY_IDENTITY = (
    RECORDS
    + OF_GROUPS
    + "select h.group_id from customer h where h.organisation_id = %(organisation_id)s and h.id = any(array("
    "select k.customer_id from identity k where k.organisation_id = %(organisation_id)s and k.kind = any(%(kinds)s)"
    " and k.value = any(%(values)s))))) order by p.id"
)
_BY_ID = (
    RECORDS
    + OF_GROUPS
    + "select h.group_id from customer h where h.organisation_id = %(organisation_id)s and h.id = any(%(ids)s)))"
    " order by p.id"
)


def record_from(row: Mapping[str, Any]) -> Record:
    identities = zip(*(row[each] or () for each in ("kinds", "vals", "shown", "verified", "made")), strict=True)
    consents = zip(*(row[each] or () for each in ("channels", "granted", "sources", "said")), strict=True)
    held = [
        Identity(kind, value, shown, _utc(sure), utc(made), row["id"]) for kind, value, shown, sure, made in identities
    ]
    return Record(
        organisation_id=row["organisation_id"],
        id=row["id"],
        group_id=row["group_id"],
        name=row["name"],
        language=row["language"],
        zone=row["zone"],
        preferred_channel=row["preferred_channel"],
        quiet_from=row["quiet_from"],
        quiet_until=row["quiet_until"],
        place=row["place"],
        attributes=row["attributes"],
        made_at=utc(row["made_at"]),
        changed_at=utc(row["changed_at"]),
        erased_at=_utc(row["erased_at"]),
        identities=tuple(sorted(held, key=lambda each: (each.made_at, KINDS.index(each.kind), each.value))),
        consents=tuple(Consent(channel, granted, source, utc(at)) for channel, granted, source, at in consents),
        tier=row["tier"],
        tier_from=_utc(row["valid_from"]),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return utc(moment) if moment else None


# Finding ----------------------------------------------------------------------------------------------------------


async def by_identity(work: Work, organisation_id: UUID, given: Sequence[Given]) -> list[Record]:
    """All records of everybody who holds one of the identities. One statement."""
    # The forms of the three kinds differ, so kind and value need not be compared in pairs.
    rows = await work.rows(
        _BY_IDENTITY,
        {
            "organisation_id": organisation_id,
            "kinds": [each.kind for each in given],
            "values": [each.value for each in given],
            "now": work.now,
        },
    )
    return [record_from(row) for row in rows]


async def by_id(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[Record]:
    """All records of the people these records belong to. One statement."""
    rows = await work.rows(_BY_ID, {"organisation_id": organisation_id, "ids": list(ids), "now": work.now})
    return [record_from(row) for row in rows]


async def organisation_of(work: Work, customer_id: UUID) -> UUID | None:
    """Whose customer this is, of the organisations the actor has."""
    found: UUID | None = await work.value(
        "select organisation_id from customer where organisation_id = any(%(organisations)s) and id = %(id)s",
        {"organisations": list(work.actor.organisations), "id": customer_id},
    )
    return found


async def group_ids(work: Work, organisation_id: UUID, customer_id: UUID) -> list[UUID]:
    """The ids of all records of a person, the one they go under first."""
    rows = await work.rows(
        "select p.id from customer p where p.organisation_id = %(organisation_id)s and p.group_id ="
        " (select h.group_id from customer h where h.organisation_id = %(organisation_id)s and h.id = %(id)s)"
        " order by p.id <> p.group_id, p.id",
        {"organisation_id": organisation_id, "id": customer_id},
    )
    return [row["id"] for row in rows]


async def newest(
    work: Work, organisation_id: UUID, query: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[UUID]:
    """People by newest change, those who match the tsquery where one is given; not the erased."""
    # Only records that people go under have words, and the erased have none. To say so again would mislead the planner.
    which = "p.words @@ %(query)s::tsquery" if query is not None else "p.id = p.group_id and p.erased_at is null"
    beyond = " and (p.changed_at, p.id) < (%(changed_at)s, %(id)s)" if after else ""
    rows = await work.rows(
        "select p.id from customer p where p.organisation_id = %(organisation_id)s"
        f" and {which}{beyond} order by p.changed_at desc, p.id desc limit %(limit)s",
        {
            "organisation_id": organisation_id,
            "query": f"'{organisation_id}' & ({query})",
            "changed_at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [row["id"] for row in rows]


async def sharing(work: Work, organisation_id: UUID, *, reached: str | None, named: str, limit: int) -> list[UUID]:
    """People who match one of two tsqueries, of addresses and of names: by address first, the newest first.

    A name may be that of thousands: of those who match a query at most `_NAMESAKES` are looked at, whichever.
    """
    rows = await work.rows(
        f"select id from ((select p.id, p.changed_at, 0 as rank from customer p"
        f" where p.organisation_id = %(organisation_id)s and p.words @@ %(reached)s::tsquery limit {_NAMESAKES})"
        f" union all (select p.id, p.changed_at, 1 from customer p"
        f" where p.organisation_id = %(organisation_id)s and p.words @@ %(named)s::tsquery limit {_NAMESAKES})) found"
        " order by rank, changed_at desc, id desc limit %(limit)s",
        {
            "organisation_id": organisation_id,
            "reached": f"'{organisation_id}' & ({reached})" if reached else None,
            "named": f"'{organisation_id}' & ({named})" if named else None,
            "limit": limit,
        },
    )
    return [row["id"] for row in rows]


# Writing ----------------------------------------------------------------------------------------------------------


async def add_identities(
    work: Work, organisation_id: UUID, customer_id: UUID, given: Sequence[Given], verified_at: datetime | None = None
) -> list[tuple[IdentityKind, str]]:
    """Add what is still free to a customer who is not erased; returns what was added. Locks the customer."""
    ordered = sorted(given, key=lambda each: (each.kind, each.value))
    rows = await work.rows(
        "with held as materialized (select id from customer where organisation_id = %(organisation_id)s"
        " and id = %(id)s and erased_at is null for no key update)"
        " insert into identity (organisation_id, kind, value, customer_id, shown, verified_at, made_at)"
        " select %(organisation_id)s, kind, value, held.id, shown, %(verified_at)s, %(now)s from held,"
        " unnest(%(kinds)s::text[], %(values)s::text[], %(shown)s::text[]) as given(kind, value, shown)"
        " on conflict (organisation_id, kind, value) do nothing returning kind, value",
        {
            "organisation_id": organisation_id,
            "id": customer_id,
            "verified_at": verified_at,
            "now": work.now,
            "kinds": [each.kind for each in ordered],
            "values": [each.value for each in ordered],
            "shown": [each.shown for each in ordered],
        },
    )
    return [(row["kind"], row["value"]) for row in rows]


async def lock(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    """Hold these customers until the transaction ends; cases and contacts can still be added to them."""
    await work.execute(
        "select id from customer where organisation_id = %(organisation_id)s and id = any(%(ids)s) order by id"
        " for no key update",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )


_COLUMNS = ("name", "language", "zone", "preferred_channel", "quiet_from", "quiet_until", "place", "attributes")


async def change(work: Work, organisation_id: UUID, customer_id: UUID, columns: Mapping[str, Any]) -> None:
    """Write some columns of a locked customer, and when they changed."""
    names = [name for name in _COLUMNS if name in columns]
    values = {name: orjson.dumps(columns[name]).decode() if name == "attributes" else columns[name] for name in names}
    await work.execute(
        f"update customer set {''.join(f'{name} = %({name})s, ' for name in names)}changed_at = %(now)s"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": customer_id, "now": work.now, **values},
    )


async def fill(work: Work, organisation_id: UUID, customer_id: UUID, columns: Mapping[str, str]) -> bool:
    """Write a name or a language where there is none; False when the customer was erased."""
    filled = await work.value(
        "update customer set name = coalesce(name, %(name)s), language = coalesce(language, %(language)s)"
        " where organisation_id = %(organisation_id)s and id = %(id)s and erased_at is null returning true",
        {
            "organisation_id": organisation_id,
            "id": customer_id,
            "name": columns.get("name"),
            "language": columns.get("language"),
        },
    )
    return filled is True


async def refold(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    """Bring the search words of the people these locked records belong to up to date.

    The record a person goes under has the words of all their records, and the others none.
    """
    records = await by_id(work, organisation_id, ids)
    folded = dict.fromkeys((record.id for record in records), "")
    for person in people(records).values():
        known = [(each.kind, each.value) for each in person.identities]
        folded[person.id] = search_words([record.name for record in person.records], known)
    await work.execute(
        "update customer p set folded = new.folded from unnest(%(ids)s::uuid[], %(folded)s::text[]) as new(id, folded)"
        " where p.organisation_id = %(organisation_id)s and p.id = new.id and p.folded <> new.folded",
        {"organisation_id": organisation_id, "ids": list(folded), "folded": list(folded.values())},
    )


async def touch(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    """Say that these customers changed now."""
    await work.execute(
        "update customer set changed_at = %(now)s where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(ids), "now": work.now},
    )


async def verify_identity(work: Work, organisation_id: UUID, identity: Identity) -> None:
    await work.execute(
        "update identity set verified_at = %(now)s where organisation_id = %(organisation_id)s and kind = %(kind)s"
        " and value = %(value)s",
        {"organisation_id": organisation_id, "kind": identity.kind, "value": identity.value, "now": work.now},
    )


async def remove_identity(work: Work, organisation_id: UUID, identity: Identity) -> None:
    await work.execute(
        "delete from identity where organisation_id = %(organisation_id)s and kind = %(kind)s and value = %(value)s",
        {"organisation_id": organisation_id, "kind": identity.kind, "value": identity.value},
    )


async def put_consent(work: Work, organisation_id: UUID, ids: Sequence[UUID], consent: Consent) -> None:
    """Write what was said on a channel for each of the records."""
    await work.execute(
        "insert into consent (organisation_id, customer_id, channel, granted, source, at)"
        " select %(organisation_id)s, id, %(channel)s, %(granted)s, %(source)s, %(at)s"
        " from unnest(%(ids)s::uuid[]) as id order by id"
        " on conflict (organisation_id, customer_id, channel) do update"
        " set granted = excluded.granted, source = excluded.source, at = excluded.at",
        {
            "organisation_id": organisation_id,
            "ids": list(ids),
            "channel": consent.channel,
            "granted": consent.granted,
            "source": consent.source,
            "at": consent.at,
        },
    )


async def put_entitlement(
    work: Work,
    organisation_id: UUID,
    customer_id: UUID,
    *,
    tier: str,
    verified_by: str,
    valid_from: datetime,
    valid_until: datetime | None,
) -> UUID:
    entitlement_id = uuid7()
    await work.execute(
        "insert into entitlement (organisation_id, id, customer_id, tier, verified_by, valid_from, valid_until)"
        " values (%(organisation_id)s, %(id)s, %(customer_id)s, %(tier)s, %(verified_by)s, %(valid_from)s,"
        " %(valid_until)s)",
        {
            "organisation_id": organisation_id,
            "id": entitlement_id,
            "customer_id": customer_id,
            "tier": tier,
            "verified_by": verified_by,
            "valid_from": valid_from,
            "valid_until": valid_until,
        },
    )
    return entitlement_id


async def end_entitlements(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> int:
    """End every entitlement of these records that holds now or later; how many ended."""
    rows = await work.rows(
        "update entitlement set valid_until = greatest(%(now)s, valid_from) where organisation_id = %(organisation_id)s"
        " and customer_id = any(%(ids)s) and (valid_until is null or valid_until > %(now)s) returning id",
        {"organisation_id": organisation_id, "ids": list(ids), "now": work.now},
    )
    return len(rows)


async def entitlements(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every entitlement these records ever had, oldest first."""
    return await work.rows(
        "select id, customer_id, tier, verified_by, valid_from, valid_until from entitlement"
        " where organisation_id = %(organisation_id)s and customer_id = any(%(ids)s) order by valid_from, id",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )


async def erase(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    """Empty these locked records of everything personal; the rows stay, because cases and journal name them."""
    theirs = {"organisation_id": organisation_id, "ids": list(ids), "now": work.now}
    await work.execute(
        "delete from identity where organisation_id = %(organisation_id)s and customer_id = any(%(ids)s)", theirs
    )
    await work.execute(
        "delete from consent where organisation_id = %(organisation_id)s and customer_id = any(%(ids)s)", theirs
    )
    await work.execute(
        "delete from entitlement where organisation_id = %(organisation_id)s and customer_id = any(%(ids)s)", theirs
    )
    await work.execute(
        "delete from likely_duplicate where organisation_id = %(organisation_id)s"
        " and (first_id = any(%(ids)s) or second_id = any(%(ids)s))",
        theirs,
    )
    await work.execute(
        "update customer set name = null, language = null, zone = null, preferred_channel = null, quiet_from = null,"
        " quiet_until = null, place = null, attributes = '{}', folded = '', changed_at = %(now)s, erased_at = %(now)s"
        " where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        theirs,
    )


async def still_a_name(work: Work, organisation_id: UUID, asked: Sequence[str]) -> set[str]:
    """Those of the words that stand in some customer's name, number, address or handle."""
    rows = await work.rows(
        "select a.word from unnest(%(words)s::text[]) as a (word) where exists (select from customer c"
        " where c.words @@ (quote_literal(a.word) || ' & ' || quote_literal(%(organisation)s))::tsquery)",
        {"words": list(asked), "organisation": str(organisation_id)},
    )
    return {row["word"] for row in rows}
