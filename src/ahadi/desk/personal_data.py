"""What is half written about a person's cases: handed out with their data, and erased with it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.base.clock import iso
from ahadi.desk import store
from ahadi.platform.database import Work


async def drafts_about(work: Work, organisation_id: UUID, customer_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every draft about a person's cases as plain JSON values."""
    theirs = await cases.ids_of_cases(work, organisation_id, customer_ids)
    found = await store.drafts_of_cases(work, organisation_id, theirs)
    return [
        {
            "case": str(each["case_id"]),
            "by": str(each["person_id"]),
            "mode": each["mode"],
            "text": each["body"],
            "at": iso(each["changed_at"]),
        }
        for each in found
    ]


async def erase_drafts(work: Work, organisation_id: UUID, customer_ids: Sequence[UUID]) -> None:
    """Forget every draft about a person's cases. Who may do this is asked by the caller."""
    theirs = await cases.ids_of_cases(work, organisation_id, customer_ids)
    await store.delete_drafts_of_cases(work, organisation_id, theirs)
