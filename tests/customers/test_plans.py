"""Under the policy, as the application's role, twenty thousand customers are found through indexes."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from ahadi import customers
from ahadi.platform.database import Database, Work
from tests.customers.builders import ORGANISATION, OTHER, a_contact, system

BULK = """
with made as (
    insert into customer (organisation_id, id, group_id, name, folded, made_at, changed_at)
    select o.id, c.id, c.id, 'Customer ' || n,
        format('customer %%s name%%s 254%%s %%s', n, mod(n, 5000), 710000000 + n, 710000000 + n), at, at
    from unnest(%(organisations)s::uuid[]) as o(id), generate_series(1, 10000) n,
        lateral (select gen_random_uuid() as id, timestamptz '2026-01-01' + n * interval '1 minute' as at) c
    returning organisation_id, id, folded)
insert into identity (organisation_id, kind, value, customer_id, shown, made_at)
select organisation_id, 'phone', '+' || split_part(folded, ' ', 4), id, folded, '2026-01-01' from made
"""


@pytest.fixture
def bulk(fresh_database: Any) -> Iterator[None]:
    with psycopg.connect(fresh_database.superuser, autocommit=True) as admin:
        admin.execute(BULK, {"organisations": [ORGANISATION, OTHER]})
        for table in ("customer", "identity", "consent", "entitlement"):
            admin.execute(f"vacuum analyze {table}")
    yield


class Explaining(psycopg.AsyncCursor[Any]):
    """Runs each statement, and before it asks how it will be run."""

    plans: list[dict[str, Any]]

    async def execute(self, query: Any, params: Any = None, **kwargs: Any) -> "Explaining":
        if query.split()[0] not in ("begin", "commit", "savepoint", "explain"):
            asked = psycopg.AsyncCursor(self.connection)
            await asked.execute(f"explain (format json) {query}", params)
            [row] = await asked.fetchall()
            plan = row[0] if isinstance(row, tuple) else row["QUERY PLAN"]
            Explaining.plans.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        await super().execute(query, params, **kwargs)
        return self


def explained(work: Work) -> list[dict[str, Any]]:
    assert work.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.ACTIVE)
    Explaining.plans = []
    work.connection.cursor_factory = Explaining
    return Explaining.plans


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def used(plans: list[dict[str, Any]]) -> set[str]:
    """The indexes these plans use; every table must be read through one."""
    found = [node for plan in plans for node in nodes(plan)]
    assert [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan" and node["Plan Rows"] > 1] == []
    return {node["Index Name"] for node in found if "Index Name" in node}


async def test_recognising_reads_indexes_only(bulk: None, database: Database) -> None:
    async with database.work(system()) as work:
        plans = explained(work)
        known = await a_contact(work, phone="+254710000077", email="nobody@example.org")
        assert known.customer.name == "Customer 77"
    assert {"identity_pkey", "customer_pkey", "customer_group", "identity_of_customer"} <= used(plans[:1])


@pytest.mark.parametrize("text", ["name77", "0710 000 077", "254710000077", "name77 customer 77"])
async def test_searching_reads_indexes_only(bulk: None, database: Database, text: str) -> None:
    async with database.work(system()) as work:
        plans = explained(work)
        found = await customers.find_customers(work, ORGANISATION, text=text)
        assert "Customer 77" in [each.name for each in found]
    assert "customer_words" in used(plans)


async def test_listing_reads_the_newest_from_an_index(bulk: None, database: Database) -> None:
    async with database.work(system()) as work:
        plans = explained(work)
        page = await customers.find_customers(work, ORGANISATION, limit=10)
        after = (page[-1].changed_at, page[-1].id)
        following = await customers.find_customers(work, ORGANISATION, after=after, limit=10)
    assert [each.name for each in page + following] == [f"Customer {number}" for number in range(10000, 9980, -1)]
    assert "customer_recent" in used(plans)
