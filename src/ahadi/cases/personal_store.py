"""The SQL of one person's cases: what stands in them of the person."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi.platform.database import Work


async def cases_of(
    work: Work, organisation_id: UUID, customer_ids: Sequence[UUID], *, lock: bool = False
) -> list[dict[str, Any]]:
    """Every case of a person, oldest first; locked where asked."""
    return await work.rows(
        "select id, reference, state, reason, channel, language, opened_at, resolved_at, resolution, tags from cases"
        " where organisation_id = %(organisation_id)s and customer_id = any(%(customer_ids)s) order by id"
        + (" for update" if lock else ""),
        {"organisation_id": organisation_id, "customer_ids": list(customer_ids)},
    )


async def ids_of_cases(work: Work, organisation_id: UUID, customer_ids: Sequence[UUID]) -> list[UUID]:
    """The ids of every case of a person."""
    rows = await work.rows(
        "select id from cases where organisation_id = %(organisation_id)s and customer_id = any(%(customer_ids)s)"
        " order by id",
        {"organisation_id": organisation_id, "customer_ids": list(customer_ids)},
    )
    return [row["id"] for row in rows]


async def cases_named(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """These cases, locked."""
    return await work.rows(
        "select id, reference from cases where organisation_id = %(organisation_id)s and id = any(%(ids)s)"
        " order by id for update",
        {"organisation_id": organisation_id, "ids": list(case_ids)},
    )


async def promises_of(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every promise of these cases with its words, in the order they were made."""
    return await work.rows(
        "select p.id, p.case_id, p.kind, p.state, p.made_at, p.due_at, p.settled_at, t.text, t.note from promise p"
        " left join promise_text t on t.organisation_id = p.organisation_id and t.promise_id = p.id"
        " where p.organisation_id = %(organisation_id)s and p.case_id = any(%(case_ids)s) order by p.made_at, p.id",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )


async def erase(
    work: Work, organisation_id: UUID, case_ids: Sequence[UUID], folded: Sequence[str], placeholder: str
) -> None:
    """Put a placeholder where the words of these cases and their promises were, and revoke their links."""
    params = {
        "organisation_id": organisation_id,
        "case_ids": list(case_ids),
        "folded": list(folded),
        "placeholder": placeholder,
    }
    await work.execute(
        "update case_text t set subject = %(placeholder)s, fields = '{}', folded = new.folded"
        " from unnest(%(case_ids)s::uuid[], %(folded)s::text[]) as new (case_id, folded)"
        " where t.organisation_id = %(organisation_id)s and t.case_id = new.case_id",
        params,
    )
    await work.execute(
        "update promise_text t set text = %(placeholder)s, note = null from promise p"
        " where t.organisation_id = %(organisation_id)s and p.organisation_id = t.organisation_id"
        " and p.id = t.promise_id and p.case_id = any(%(case_ids)s)",
        params,
    )
    await work.execute(
        "update cases set link_version = link_version + 1 where organisation_id = %(organisation_id)s"
        " and id = any(%(case_ids)s)",
        params,
    )
