"""Copies of a sample are what the application would have written: every constraint holds for them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from ahadi.base.ids import parse_reference, reference_of, uuid7
from ahadi.platform.database.embedded import Connections
from benchmarks.multiply import added, multiply, rows_of

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
ORGANISATION, DEPARTMENT = uuid7(), uuid7()
VARIED = {"asha@": "'c' || m.n || '@'"}


def insert(connection: Connection[Any], table: str, **values: Any) -> None:
    columns, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(f"insert into {table} ({columns}) values ({places})", values)  # type: ignore[arg-type]


def open_case(connection: Connection[Any]) -> UUID:
    """A customer with an open case, its promise and its opening in the journal."""
    here = {"organisation_id": ORGANISATION}
    customer, case, promise = uuid7(), uuid7(), uuid7()
    reference = next(found for number in range(9) if (found := reference_of("BN", number)))
    with connection.transaction():
        insert(connection, "customer", **here, id=customer, group_id=customer, made_at=NOW, changed_at=NOW)
        insert(
            connection, "identity", **here, kind="email", value="asha@example.org", customer_id=customer,
            shown="asha@example.org", made_at=NOW,
        )  # fmt: skip
        insert(
            connection, "cases", **here, id=case, reference=reference, customer_id=customer, state="open",
            holder_department=DEPARTMENT, held_since=NOW, channel="email", language="en", opened_at=NOW,
            changed_at=NOW, next_promise_id=promise,
        )  # fmt: skip
        insert(
            connection, "promise", **here, id=promise, case_id=case, kind="update", state="open",
            owner_department=DEPARTMENT, due_at=NOW + timedelta(days=2), made_at=NOW,
        )  # fmt: skip
        insert(
            connection, "journal", **here, id=uuid7(), at=NOW, recorded_at=NOW, kind="case.opened", case_id=case,
            actor_kind="system", facts=f'{{"reference": "{reference}", "customer_id": "{customer}"}}',
        )  # fmt: skip
    return case


@pytest.fixture
def connection(fresh_database: Connections) -> Any:
    with psycopg.connect(fresh_database.superuser, autocommit=True) as connection:
        insert(
            connection, "organisation", id=ORGANISATION, slug="bench", name="Bench", prefix="BN", zone="UTC",
            country="KE", languages=["en"], made_at=NOW,
        )  # fmt: skip
        insert(
            connection, "department", organisation_id=ORGANISATION, id=DEPARTMENT, slug="desk", names='{"en": "Desk"}',
            hours="24/7",
        )  # fmt: skip
        yield connection


def test_copies_have_identifiers_references_and_addresses_of_their_own(connection: Connection[Any]) -> None:
    before = rows_of(connection, ORGANISATION)
    open_case(connection)
    sample = added(before, rows_of(connection, ORGANISATION))
    assert {shape.name for shape in sample} == {"customer", "identity", "cases", "promise", "journal"}
    multiply(connection, before, sample, 500, prefix="BN", varied=VARIED)

    cases = connection.execute(
        "select c.reference, i.value, p.due_at, j.facts, c.customer_id from cases c"
        " join promise p on (p.organisation_id, p.case_id, p.id) = (c.organisation_id, c.id, c.next_promise_id)"
        " join identity i on (i.organisation_id, i.customer_id) = (c.organisation_id, c.customer_id)"
        " join journal j on (j.organisation_id, j.case_id) = (c.organisation_id, c.id)"
    ).fetchall()
    assert len(cases) == len({case[0] for case in cases}) == len({case[1] for case in cases}) == 501
    assert all(parse_reference(case[0]) == case[0] for case in cases)
    assert all(case[3] == {"reference": case[0], "customer_id": str(case[4])} for case in cases)
    assert {case[2] for case in cases} == {NOW + timedelta(days=2)}
    departments = connection.execute("select distinct holder_department from cases").fetchall()
    assert departments == [(DEPARTMENT,)], "what was there before is not copied"


def test_what_is_multiplied_twice_does_not_collide(connection: Connection[Any]) -> None:
    before = rows_of(connection, ORGANISATION)
    open_case(connection)
    sample = added(before, rows_of(connection, ORGANISATION))
    multiply(connection, before, sample, 5, prefix="BN", varied={"asha@": "'one' || m.n || '@'"})
    multiply(connection, before, sample, 5, prefix="BN", varied={"asha@": "'two' || m.n || '@'"})
    assert connection.execute("select count(*) from cases").fetchone() == (11,)
