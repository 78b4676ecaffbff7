"""The SQL of imports: which rows were taken, and the runs that took them."""

from collections.abc import Mapping
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.platform.database import Work


async def claim_rows(work: Work, organisation_id: UUID, source: str, cases: Mapping[str, UUID]) -> set[str]:
    """Claim rows by their keys, each for the case it will be; the keys that nobody had claimed before.

    Of two who claim the same key at once the second waits for the first. Keys go in sorted, so that neither blocks
    the other for ever.
    """
    keys = sorted(cases)
    rows = await work.rows(
        "insert into import_row (organisation_id, source, key, case_id) select %(organisation_id)s, %(source)s, key,"
        " case_id from unnest(%(keys)s::text[], %(cases)s::uuid[]) as given (key, case_id)"
        " on conflict (organisation_id, source, key) do nothing returning key",
        {
            "organisation_id": organisation_id,
            "source": source,
            "keys": keys,
            "cases": [cases[key] for key in keys],
        },
    )
    return {row["key"] for row in rows}


async def unfinished_run(work: Work, organisation_id: UUID, name: str, fingerprint: bytes) -> UUID | None:
    """A run of this file by this map that did not come to its end."""
    run: UUID | None = await work.value(
        "select id from import_run where organisation_id = %(organisation_id)s and name = %(name)s"
        " and fingerprint = %(fingerprint)s and finished_at is null order by started_at desc limit 1",
        {"organisation_id": organisation_id, "name": name, "fingerprint": fingerprint},
    )
    return run


async def start_run(work: Work, organisation_id: UUID, name: str, fingerprint: bytes) -> UUID:
    run = uuid7()
    await work.execute(
        "insert into import_run (organisation_id, id, name, fingerprint, started_at)"
        " values (%(organisation_id)s, %(id)s, %(name)s, %(fingerprint)s, %(now)s)",
        {
            "organisation_id": organisation_id,
            "id": run,
            "name": name,
            "fingerprint": fingerprint,
            "now": work.real_now,
        },
    )
    return run


async def count_accepted(work: Work, organisation_id: UUID, run: UUID, accepted: int) -> None:
    await work.execute(
        "update import_run set accepted = accepted + %(accepted)s where organisation_id = %(organisation_id)s"
        " and id = %(run)s",
        {"organisation_id": organisation_id, "run": run, "accepted": accepted},
    )


async def finish_run(work: Work, organisation_id: UUID, run: UUID, rejected: int) -> int:
    """Say that a run came to its end; how many rows it took in all."""
    accepted: int = await work.value(
        "update import_run set finished_at = %(now)s, rejected = %(rejected)s"
        " where organisation_id = %(organisation_id)s and id = %(run)s returning accepted",
        {"organisation_id": organisation_id, "run": run, "rejected": rejected, "now": work.real_now},
    )
    return accepted
