"""The SQL of which records are one person: merges, and pairs that a contact or a person made us look at."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.customers.model import Merge
from ahadi.platform.database import Work

PairKey = tuple[datetime, UUID, UUID]


async def lock_groups(work: Work, organisation_id: UUID) -> None:
    """Let nobody else change who is the same person as whom, in this organisation, until the transaction ends."""
    digest = hashlib.sha256(b"customer groups" + organisation_id.bytes).digest()
    await work.execute(
        "select pg_advisory_xact_lock(%(key)s::bigint)", {"key": int.from_bytes(digest[:8], signed=True)}
    )


async def members(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Every record of the groups these records are in, and what it goes under now."""
    rows = await work.rows(
        "select p.id, p.group_id from customer p where p.organisation_id = %(organisation_id)s and p.group_id in"
        " (select h.group_id from customer h where h.organisation_id = %(organisation_id)s and h.id = any(%(ids)s))"
        " order by p.id",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )
    return {row["id"]: row["group_id"] for row in rows}


async def merges_of(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[Merge]:
    """The merges in force among these records, oldest first. Every merge of a group has its merged record in it."""
    return await work.all(
        Merge,
        "select id, kept_id, merged_id, at, undone_at from customer_merge where organisation_id = %(organisation_id)s"
        " and merged_id = any(%(ids)s) and undone_at is null order by at, id",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )


async def merge(work: Work, organisation_id: UUID, merge_id: UUID) -> Merge | None:
    return await work.one(
        Merge,
        "select id, kept_id, merged_id, at, undone_at from customer_merge where organisation_id = %(organisation_id)s"
        " and id = %(id)s",
        {"organisation_id": organisation_id, "id": merge_id},
    )


async def insert_merge(work: Work, organisation_id: UUID, made: Merge) -> None:
    await work.execute(
        "insert into customer_merge (organisation_id, id, kept_id, merged_id, at) values (%(organisation_id)s, %(id)s,"
        " %(kept_id)s, %(merged_id)s, %(at)s)",
        {
            "organisation_id": organisation_id,
            "id": made.id,
            "kept_id": made.kept_id,
            "merged_id": made.merged_id,
            "at": made.at,
        },
    )


async def undo_merge(work: Work, organisation_id: UUID, merge_id: UUID) -> None:
    await work.execute(
        "update customer_merge set undone_at = %(now)s where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": merge_id, "now": work.now},
    )


async def regroup(work: Work, organisation_id: UUID, under: Mapping[UUID, UUID]) -> None:
    """Write what each of these records goes under from now on."""
    await work.execute(
        "update customer p set group_id = new.group_id, changed_at = %(now)s"
        " from unnest(%(ids)s::uuid[], %(groups)s::uuid[]) as new(id, group_id)"
        " where p.organisation_id = %(organisation_id)s and p.id = new.id",
        {
            "organisation_id": organisation_id,
            "ids": list(under),
            "groups": list(under.values()),
            "now": work.now,
        },
    )


# Pairs ------------------------------------------------------------------------------------------------------------


def _pair(one: UUID, other: UUID) -> dict[str, UUID]:
    first, second = sorted((one, other))
    return {"first_id": first, "second_id": second}


async def notice(work: Work, organisation_id: UUID, one: UUID, other: UUID) -> bool:
    """Remember that two records may be one person; False when that, or the contrary, is known already."""
    noticed = await work.value(
        "insert into likely_duplicate (organisation_id, first_id, second_id, noticed_at) values (%(organisation_id)s,"
        " %(first_id)s, %(second_id)s, %(now)s) on conflict do nothing returning true",
        {"organisation_id": organisation_id, "now": work.now, **_pair(one, other)},
    )
    return noticed is True


async def dismiss(work: Work, organisation_id: UUID, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """Remember that these records are different people."""
    await work.many(
        "insert into likely_duplicate (organisation_id, first_id, second_id, noticed_at, dismissed_at) values"
        " (%(organisation_id)s, %(first_id)s, %(second_id)s, %(now)s, %(now)s) on conflict (organisation_id, first_id,"
        " second_id) do update set dismissed_at = excluded.dismissed_at",
        [{"organisation_id": organisation_id, "now": work.now, **_pair(one, other)} for one, other in pairs],
    )


async def pairs_of(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """The records paired with one of these, and whether that was dismissed."""
    rows = await work.rows(
        "select second_id as id, dismissed_at is not null as dismissed from likely_duplicate"
        " where organisation_id = %(organisation_id)s and first_id = any(%(ids)s) union all"
        " select first_id, dismissed_at is not null from likely_duplicate"
        " where organisation_id = %(organisation_id)s and second_id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(ids)},
    )
    found: dict[UUID, bool] = {}
    for row in rows:
        found[row["id"]] = found.get(row["id"], False) or row["dismissed"]
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, each by the record they go under, whom one contact brought together."""

    noticed_at: datetime
    first_id: UUID
    second_id: UUID

    @property
    def key(self) -> PairKey:
        """Its place among all pairs, newest first."""
        return self.noticed_at, self.first_id, self.second_id


async def open_pairs(work: Work, organisation_id: UUID, after: PairKey | None, limit: int) -> list[Pair]:
    """Pairs noticed and not dismissed, of records that are not merged, newest first, after the key of one."""
    at, first, second = after or (None, None, None)
    return await work.all(
        Pair,
        "select max(d.noticed_at) as noticed_at, least(a.group_id, b.group_id) as first_id,"
        " greatest(a.group_id, b.group_id) as second_id from likely_duplicate d"
        " join customer a on a.organisation_id = d.organisation_id and a.id = d.first_id"
        " join customer b on b.organisation_id = d.organisation_id and b.id = d.second_id"
        " where d.organisation_id = %(organisation_id)s and d.dismissed_at is null and a.group_id <> b.group_id"
        " group by 2, 3 having %(at)s::timestamptz is null or max(d.noticed_at) < %(at)s or (max(d.noticed_at) = %(at)s"
        " and (least(a.group_id, b.group_id), greatest(a.group_id, b.group_id)) > (%(first)s::uuid, %(second)s::uuid))"
        " order by 1 desc, 2, 3 limit %(limit)s",
        {"organisation_id": organisation_id, "at": at, "first": first, "second": second, "limit": limit},
    )
