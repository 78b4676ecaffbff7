"""The SQL of recognising: who holds an identity, or else somebody new, in one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi.customers.identities import Given, search_words
from ahadi.customers.model import Record
from ahadi.customers.store import OF_GROUPS, RECORDS, record_from
from ahadi.platform.database import Work

# What is put in is not seen by the statement that puts it in.
_BY_IDENTITY_OR_NEW = (
    "with holding as materialized (select k.customer_id from identity k where k.organisation_id = %(organisation_id)s"
    " and k.kind = any(%(kinds)s::text[]) and k.value = any(%(values)s::text[])),"
    " free as (insert into identity (organisation_id, kind, value, customer_id, shown, made_at)"
    " select %(organisation_id)s, kind, value, %(id)s, shown, %(made_at)s"
    " from unnest(%(kinds)s::text[], %(values)s::text[], %(shown)s::text[]) as given(kind, value, shown)"
    " where not exists (select from holding)"
    " on conflict (organisation_id, kind, value) do nothing returning kind),"
    " made as (insert into customer (organisation_id, id, group_id, name, language, attributes, folded, made_at,"
    " changed_at) select %(organisation_id)s, %(id)s, %(id)s, %(name)s, %(language)s, '{}', %(folded)s, %(made_at)s,"
    " %(changed_at)s where exists (select from free))"
    " select (select count(*) from free) as free, found.* from (select) always left join ("
    + RECORDS
    + OF_GROUPS
    + "select h.group_id from customer h where h.organisation_id = %(organisation_id)s and h.id = any(array("
    "select customer_id from holding))))) found on true order by found.id"
)


async def by_identity_or_new(
    work: Work, organisation_id: UUID, record: Record, given: Sequence[Given]
) -> tuple[list[Record], bool]:
    """All records of everybody who holds one of the identities; where nobody does, `record` is put in with them.

    Whether it was. Neither is so when somebody else has just taken one of the identities: nothing is written then.
    Identities go in by kind and value, so that two who insert the same ones wait for one another and never lock. For
    the same reason what went in before one was found taken is rolled back at once, not left for the transaction's end.
    """
    if not given:
        work.put("customer", _new_row(organisation_id, record, given) | {"group_id": record.id, "attributes": {}})
        return [], True
    if len(given) > 1:
        await work.execute("savepoint before_identities")
    ordered = sorted(given, key=lambda each: (each.kind, each.value))
    rows = await work.rows(
        _BY_IDENTITY_OR_NEW,
        _new_row(organisation_id, record, ordered)
        | {
            "kinds": [each.kind for each in ordered],
            "values": [each.value for each in ordered],
            "shown": [each.shown for each in ordered],
            "now": work.now,
        },
    )
    free = rows[0]["free"]
    if 0 < free < len(given):
        await work.execute("rollback to savepoint before_identities")
    return [record_from(row) for row in rows if row["id"]], free == len(given)


def _new_row(organisation_id: UUID, record: Record, given: Sequence[Given]) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "id": record.id,
        "name": record.name,
        "language": record.language,
        "folded": search_words([record.name], [(each.kind, each.value) for each in given]),
        "made_at": record.made_at,
        "changed_at": record.made_at,
    }
