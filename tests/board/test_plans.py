"""Tens of thousands of cases are counted through indexes, by as many statements as few are."""

from typing import Any

import psycopg
import pytest

from ahadi import board
from ahadi.cases import Holder
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Database
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.customers.test_plans import explained, nodes
from tests.directory.builders import House, an_organisation

# Of 40,000 cases one in twenty is open; what was promised, kept and said lies spread over two years.
BULK = """
with made as (
    select gen_random_uuid() as case_id, gen_random_uuid() as promise_id, n, n %% 20 = 0 as open,
        timestamptz '2026-11-24 07:00Z' - n * interval '25 minutes' as at
    from generate_series(1, 40000) n), opened as (
    insert into cases (organisation_id, id, reference, customer_id, reason, state, holder_person, holder_department,
        held_since, department_id, channel, language, opened_at, changed_at, resolved_at, next_promise_id)
    select %(organisation)s, case_id, 'BULK-' || n, %(customer)s, 'outage',
        case when open then 'open' else 'resolved' end,
        case when n %% 40 = 0 then %(person)s::uuid end, case when n %% 40 <> 0 then %(department)s::uuid end, at,
        %(department)s, 'phone', 'en', at, at, case when not open then at end, case when open then promise_id end
    from made), promised as (
    insert into promise (organisation_id, id, case_id, kind, state, owner_person, due_at, made_at, settled_at,
        deed_kind)
    select %(organisation)s, promise_id, case_id, 'update', case when open then 'open' else 'kept' end, %(person)s,
        case when open then timestamptz '2026-11-24 05:00Z' + n * interval '5 minutes' else at end, at,
        case when not open then at end, case when not open then 'note' end
    from made)
insert into contact (organisation_id, id, channel, direction, customer_id, case_id, started_at)
select %(organisation)s, gen_random_uuid(), 'phone', 'in', %(customer)s, case_id, at from made
"""


async def counted(database: Database) -> tuple[board.Board, list[dict[str, Any]]]:
    """The board, and how each of its statements was run."""
    async with database.read(Actor.system([ORGANISATION])) as work:
        usual = work.connection.cursor_factory
        plans = explained(work)
        scope = await board.scope_of(work, Permission.REPORTS_READ)
        found = await board.read_board(work, scope)
        work.connection.cursor_factory = usual  # which goes back to the pool
        return found, plans


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
        await a_case(work, holder=Holder(person=house.asha), department_id=house.care, promise=promised(work.now))
        return house


def fill(fresh_database: Any, values: dict[str, Any]) -> None:
    with psycopg.connect(fresh_database.superuser, autocommit=True) as admin:
        admin.execute(BULK, values)
        for table in ("cases", "promise", "contact"):
            admin.execute(f"vacuum analyze {table}")


async def test_tens_of_thousands_of_cases_are_counted_through_indexes_by_as_many_statements_as_one(
    fresh_database: Any, database: Database, house: House
) -> None:
    await counted(database)  # the directory is read once and kept
    _, few = await counted(database)
    async with database.work(system()) as work:
        customer = await work.value("select id from customer limit 1")
    fill(fresh_database, {"organisation": ORGANISATION, "customer": customer, "person": house.asha,
                          "department": house.care})  # fmt: skip
    found, many = await counted(database)
    assert found.risks[0].overdue.number > 0 and found.kept[0].week.kept.number > 100
    assert found.queued.waiting.number > 500 and found.contacts[0].past.number > 10
    assert len(many) == len(few) <= 10
    used = {node["Index Name"] for plan in many for node in nodes(plan) if "Index Name" in node}
    assert used >= {"promise_settled", "contact_came", "cases_pkey"}
    assert used & {"promise_due", "promise_of_person", "promise_of_department"}, "which hold open promises only"
    open_only = {"cases_of_person", "cases_of_department", "cases_open_by_change"}
    assert used & open_only, "which hold open cases only"
    read_whole = [
        node["Relation Name"] for plan in many for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in ("cases", "promise", "contact")
    ]  # fmt: skip
    assert read_whole == []
