"""One person's cases: handed out with their words, or emptied of them. What happened stays, and what is promised."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.cases import personal_store, store
from ahadi.cases.actions import search_words
from ahadi.platform.database import Work

ERASED = "erased"  # what stands where words were


async def cases_of_person(work: Work, organisation_id: UUID, customer_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every case of a person with its words, fields and promises, as plain JSON values, oldest first.

    Who may see this is asked by the caller, as for `erase_cases`.
    """
    cases = await personal_store.cases_of(work, organisation_id, customer_ids)
    ids = [case["id"] for case in cases]
    texts = await store.texts_of(work, organisation_id, ids)
    promises = await personal_store.promises_of(work, organisation_id, ids)
    return [
        {
            **_plain(case),
            "subject": texts[case["id"]].subject if case["id"] in texts else "",
            "fields": texts[case["id"]].fields if case["id"] in texts else {},
            "promises": [_plain(each, "case_id") for each in promises if each["case_id"] == case["id"]],
        }
        for case in cases
    ]


def _plain(row: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items() if name not in without}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, UUID) else value


async def erase_cases(work: Work, organisation_id: UUID, customer_ids: Sequence[UUID]) -> list[UUID]:
    """Forget what cases of a person say: subject, fields, words and notes of promises; the ids of the cases.

    An open case stays open, with its holder and its promise. Links to the customer's page end. Locks the cases.
    """
    return await _erase(
        work, organisation_id, await personal_store.cases_of(work, organisation_id, customer_ids, lock=True)
    )


async def forget_cases(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[UUID]:
    """Forget what these cases say, as `erase_cases` does. Locks the cases."""
    return await _erase(work, organisation_id, await personal_store.cases_named(work, organisation_id, case_ids))


async def _erase(work: Work, organisation_id: UUID, held: Sequence[Mapping[str, Any]]) -> list[UUID]:
    ids = [case["id"] for case in held]
    folded = [search_words(f"{case['reference']} {ERASED}") for case in held]
    await personal_store.erase(work, organisation_id, ids, folded, ERASED)
    for case in held:
        work.record("case.erased", organisation_id, case_id=case["id"], reference=case["reference"])
    return ids
