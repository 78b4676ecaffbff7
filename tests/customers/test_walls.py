"""Another organisation's customer is not found: by the action, and by the database when an action is mistaken."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from ahadi import customers
from ahadi.base.errors import NotFound
from ahadi.platform.database import Work
from tests.customers.builders import ORGANISATION, OTHER, a_customer, somebody, system

Attempt = Callable[[Work, UUID, UUID, UUID], Awaitable[Any]]
ACTIONS: dict[str, Attempt] = {
    "get_customer": lambda work, org, theirs, _: customers.get_customer(work, org, theirs),
    "same_person": lambda work, org, theirs, _: customers.same_person(work, org, theirs),
    "tier_of": lambda work, org, theirs, _: customers.tier_of(work, org, theirs),
    "update_customer": lambda work, org, theirs, _: customers.update_customer(work, org, theirs, name="X"),
    "set_preferences": lambda work, org, theirs, _: customers.set_preferences(work, org, theirs, language="sw"),
    "add_identity": lambda work, org, theirs, _: customers.add_identity(
        work, org, theirs, "email", "new@example.org", country="KE"
    ),
    "verify_identity": lambda work, org, theirs, _: customers.verify_identity(
        work, org, theirs, "phone", "0712345678", country="KE"
    ),
    "remove_identity": lambda work, org, theirs, _: customers.remove_identity(
        work, org, theirs, "phone", "0712345678", country="KE"
    ),
    "set_consent": lambda work, org, theirs, _: customers.set_consent(
        work, org, theirs, channel="sms", granted=True, source="form"
    ),
    "verify_entitlement": lambda work, org, theirs, _: customers.verify_entitlement(
        work, org, theirs, tier="gold", verified_by="crm"
    ),
    "end_entitlement": lambda work, org, theirs, _: customers.end_entitlement(work, org, theirs),
    "suggest_duplicates": lambda work, org, theirs, _: customers.suggest_duplicates(work, org, theirs),
    "dismiss_duplicate": lambda work, org, theirs, mine: customers.dismiss_duplicate(work, org, mine, theirs),
    "merge_customers": lambda work, org, theirs, mine: customers.merge_customers(work, org, mine, theirs),
    "merges_of": lambda work, org, theirs, _: customers.merges_of(work, org, theirs),
    "export_customer": lambda work, org, theirs, _: customers.export_customer(work, org, theirs),
    "erase_customer": lambda work, org, theirs, _: customers.erase_customer(work, org, theirs),
}


def test_every_action_on_a_customer_is_tried() -> None:
    actions = {name for name in customers.__all__ if callable(getattr(customers, name)) and name[0].islower()}
    pure = {"email_identity", "handle_identity", "phone_identity", "likeness"}
    listing = {
        "find_customers",
        "get_customers",
        "likely_duplicates",
        "noticed_duplicates",
        "recognise",
        "unmerge_customers",
        "organisation_of",
    }
    placing = {"hold_still", "still_a_name"}  # answered by the policy with nothing
    assert actions - pure - listing - placing == set(ACTIONS)


@pytest.mark.parametrize("organisation_id", [ORGANISATION, OTHER], ids=["as if it were ours", "in theirs"])
@pytest.mark.parametrize("name", ACTIONS)
async def test_nobody_reaches_another_organisations_customer(work_as: Any, name: str, organisation_id: UUID) -> None:
    theirs = await a_customer(await work_as(system(OTHER)), OTHER, name="Theirs", phone="0712 345 678")
    work = await work_as(somebody("*"))
    mine = await a_customer(work, name="Mine")
    with pytest.raises(NotFound):
        await ACTIONS[name](work, organisation_id, theirs.id, mine.id)


async def test_lists_and_look_ups_are_empty_of_them(work_as: Any) -> None:
    there = await work_as(system(OTHER))
    theirs = await a_customer(there, OTHER, name="Theirs", phone="0712 345 678")
    merged = await a_customer(there, OTHER)
    merge = await customers.merge_customers(there, OTHER, theirs.id, merged.id)
    work = await work_as(somebody("*"))
    assert await customers.get_customers(work, ORGANISATION, [theirs.id]) == {}
    assert await customers.find_customers(work, ORGANISATION) == []
    assert await customers.noticed_duplicates(work, ORGANISATION) == []
    assert await customers.still_a_name(work, OTHER, ["theirs"]) == set()
    for attempt in (
        customers.find_customers(work, OTHER),
        customers.get_customers(work, OTHER, [theirs.id]),
        customers.noticed_duplicates(work, OTHER),
        customers.recognise(work, OTHER, phone="0712 345 678", country="KE"),
        customers.unmerge_customers(work, OTHER, merge.id),
        customers.unmerge_customers(work, ORGANISATION, merge.id),
        customers.organisation_of(work, theirs.id),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_the_database_shows_another_organisations_rows_to_no_statement(work_as: Any) -> None:
    there = await work_as(system(OTHER))
    theirs = await a_customer(there, OTHER, name="Theirs", phone="0712 345 678")
    await customers.set_consent(there, OTHER, theirs.id, channel="sms", granted=True, source="form")
    await customers.verify_entitlement(there, OTHER, theirs.id, tier="gold", verified_by="crm")
    other = await a_customer(there, OTHER)
    await customers.merge_customers(there, OTHER, theirs.id, other.id)
    third = await a_customer(there, OTHER)
    await customers.dismiss_duplicate(there, OTHER, theirs.id, third.id)
    tables = ("customer", "identity", "consent", "entitlement", "customer_merge", "likely_duplicate")
    assert all([await there.value(f"select count(*) from {table}") for table in tables])
    work = await work_as(somebody("*"))
    for table in tables:
        assert await work.value(f"select count(*) from {table}") == 0
        changed = await work.execute(f"update {table} set organisation_id = organisation_id")
        assert changed.rowcount == 0
