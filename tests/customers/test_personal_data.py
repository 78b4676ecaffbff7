"""One person's data is handed out whole and erased for good, and never stands in the journal."""

from datetime import datetime, time, timedelta
from typing import Any

import orjson
import pytest

from ahadi import customers
from ahadi.base.errors import Forbidden
from ahadi.platform.database import Database, Work
from tests.customers.builders import ORGANISATION, a_contact, a_customer, somebody, system

# Words that occur in nothing but one person's data.
MARKS = ("zawadi", "712345678", "0712", "quartz", "nakurutown", "gorilla", "plumber", "733111222", "opal")


async def everything_done_to(work: Work) -> customers.Customer:
    """Every action that takes somebody's words, done to one person of two records."""
    kept = await a_customer(
        work, name="Zawadi", phone="0712 345 678", email="quartz@example.org", handle="telegram:gorilla"
    )
    merged = await a_customer(work, phone="0733 111 222")
    await a_contact(
        work, phone="0733 111 222", name="Zawadi O", language="sw", email="opal@example.org", channel="phone"
    )
    await a_contact(work, phone="0733 111 222", email="quartz@example.org", channel="phone")
    await customers.update_customer(
        work, ORGANISATION, kept.id, name="Zawadi Quartz", place="Nakurutown", attributes={"trade": "plumber"}
    )
    await customers.set_preferences(
        work,
        ORGANISATION,
        kept.id,
        zone="Africa/Nairobi",
        preferred_channel="sms",
        language="sw",
        quiet_from=time(21),
        quiet_until=time(7),
    )
    await customers.add_identity(work, ORGANISATION, kept.id, "email", "zawadi@example.org", country="KE")
    await customers.verify_identity(work, ORGANISATION, kept.id, "email", "zawadi@example.org", country="KE")
    await customers.add_identity(work, ORGANISATION, kept.id, "handle", "x:gorilla2", country="KE", verified=True)
    await customers.remove_identity(work, ORGANISATION, kept.id, "handle", "x:gorilla2", country="KE")
    await customers.set_consent(work, ORGANISATION, kept.id, channel="sms", granted=True, source="form")
    await customers.verify_entitlement(work, ORGANISATION, kept.id, tier="gold", verified_by="crm")
    await customers.suggest_duplicates(work, ORGANISATION, kept.id)
    made = await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    await customers.unmerge_customers(work, ORGANISATION, made.id)
    await customers.dismiss_duplicate(work, ORGANISATION, kept.id, merged.id)
    await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    await customers.export_customer(work, ORGANISATION, kept.id)
    return await customers.get_customer(work, ORGANISATION, kept.id)


async def test_an_export_holds_everything_of_one_person_and_nothing_of_others(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    other = await a_customer(work, name="Peter Otieno", email="peter@example.org")
    whole = await everything_done_to(work)
    export = await customers.export_customer(work, ORGANISATION, whole.records[1].id)
    written = orjson.dumps(export).decode().lower()
    assert all(mark in written for mark in MARKS)
    assert "peter" not in written and str(other.id) not in written
    [kept, merged] = export["records"]
    assert export["id"] == kept["id"] == str(whole.id)
    assert kept["consents"] == [{"channel": "sms", "granted": True, "source": "form", "at": "2026-11-24T07:00:00Z"}]
    assert (kept["quiet_from"], kept["quiet_until"], merged["name"]) == ("21:00:00", "07:00:00", "Zawadi O")
    assert [each["tier"] for each in export["entitlements"]] == ["gold"]
    assert [(each["kept"], each["merged"]) for each in export["merges"]] == [(kept["id"], merged["id"])]


async def test_no_name_number_or_address_reaches_the_journal(work_as: Any) -> None:
    work = await work_as(system())
    whole = await everything_done_to(work)
    await customers.erase_customer(work, ORGANISATION, whole.id)
    kinds = {row["kind"] for row in await work.rows("select kind from journal")}
    assert kinds == {
        "customer.created",
        "customer.changed",
        "customer.merged",
        "customer.unmerged",
        "customer.exported",
        "customer.erased",
        "identity.added",
        "identity.verified",
        "identity.removed",
        "consent.changed",
        "entitlement.verified",
        "duplicate.noticed",
        "duplicate.dismissed",
    }
    await work.flush()
    rows = await work.rows("select * from journal where organisation_id = %(id)s", {"id": ORGANISATION})
    written = orjson.dumps(rows, default=str).decode().lower()
    assert rows and not [mark for mark in (*MARKS, "example.org", "telegram", "nairobi") if mark in written]


async def test_what_is_erased_is_nowhere_in_the_database(database: Database) -> None:
    async with database.work(system()) as work:
        whole = await everything_done_to(work)
        erased = await customers.erase_customer(work, ORGANISATION, whole.records[1].id)
    assert erased.ids == whole.ids, "domains above erase theirs by these"
    assert erased.erased_at and all(each.erased_at for each in erased.records)
    assert (erased.name, erased.identities, erased.consents, erased.tier, erased.attributes) == (None, (), (), None, {})
    async with database.read(system()) as work:
        tables = await work.rows(
            "select c.oid::regclass::text as name from pg_class c where c.relnamespace = 'public'::regnamespace"
            " and c.relkind = 'r' and has_table_privilege(c.oid, 'select')"
        )
        assert {"customer", "identity", "journal"} <= {table["name"] for table in tables}
        for table in tables:
            rows = await work.rows(f"select t::text as row from {table['name']} t")
            assert not [mark for mark in MARKS for row in rows if mark in row["row"].lower()], table["name"]


async def test_erasing_twice_changes_nothing_and_undoing_a_merge_brings_nothing_back(
    work_as: Any, now: datetime
) -> None:
    work = await work_as(system())
    whole = await everything_done_to(work)
    first = await customers.erase_customer(work, ORGANISATION, whole.id)
    later = await work_as(system(), at=now + timedelta(days=1))
    assert await customers.erase_customer(later, ORGANISATION, whole.id) == first
    assert not later.rows_to_write
    [merge] = await customers.merges_of(later, ORGANISATION, whole.id)
    await customers.unmerge_customers(later, ORGANISATION, merge.id)
    apart = await customers.get_customer(later, ORGANISATION, merge.merged_id)
    assert apart.erased_at and apart.name is None
    assert await customers.find_customers(later, ORGANISATION) == []
    assert await customers.suggest_duplicates(later, ORGANISATION, whole.id) == []


async def test_reading_and_editing_do_not_allow_handing_out_or_erasing(work_as: Any) -> None:
    made = await a_customer(await work_as(system()), name="Zawadi")
    agent = await work_as(somebody("customer.read", "customer.edit"))
    with pytest.raises(Forbidden):
        await customers.export_customer(agent, ORGANISATION, made.id)
    with pytest.raises(Forbidden):
        await customers.erase_customer(agent, ORGANISATION, made.id)
