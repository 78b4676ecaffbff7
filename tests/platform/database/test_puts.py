"""Rows that wait are written together, and any statement of the work finds them written."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import ForeignKeyViolation, UniqueViolation

from ahadi.base.ids import uuid7
from ahadi.platform.database import Actor, Work

NOW = datetime(2026, 11, 24, 7, 0, 0, 123456, tzinfo=UTC)
ORGANISATION = UUID(int=1)


@pytest.fixture
async def work(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[Work]:
    """Work over two tables of its own, which vanish with the transaction."""
    await connection.execute(
        "create temporary table owner (id uuid primary key, name text, made_at timestamptz not null, facts jsonb,"
        " tags text[], waits interval, picture bytea, number integer not null default 7) on commit drop"
    )
    await connection.execute(
        "create temporary table thing (id uuid primary key, owner_id uuid not null references owner, word text)"
        " on commit drop"
    )
    yield Work(connection, Actor.system([ORGANISATION]), NOW, NOW)


def an_owner(**more: Any) -> dict[str, Any]:
    return {"id": uuid7(), "name": "Neema", "made_at": NOW, **more}


async def test_what_was_put_is_read_by_the_next_statement_as_it_was_put(work: Work) -> None:
    row = an_owner(
        name='Ünal "O\'Neill" \\ {"x": 1}\n\u2028 %s %(name)s',
        facts={"due": NOW, "ids": [ORGANISATION], "none": None},
        tags=["a,b", "{c}", ""],
        waits=timedelta(days=40, seconds=0.5),
        picture=b"\x00\xff",
    )
    work.put("owner", row)
    [found] = await work.rows("select * from owner")
    assert found == row | {
        "facts": {"due": "2026-11-24T07:00:00.123456Z", "ids": [str(ORGANISATION)], "none": None},
        "number": 7,
    }


async def test_rows_of_several_tables_leave_in_one_statement_whatever_their_order(work: Work) -> None:
    owner = an_owner()
    work.put("thing", {"id": uuid7(), "owner_id": owner["id"], "word": "lamp"})
    work.put("owner", owner)
    work.put("thing", {"id": uuid7(), "owner_id": owner["id"], "word": "kettle"})
    await work.flush()
    assert not work.rows_to_write
    rows = await work.rows("select o.name, t.word from thing t join owner o on o.id = t.owner_id order by t.id")
    assert [tuple(row.values()) for row in rows] == [("Neema", "lamp"), ("Neema", "kettle")]


async def test_nothing_is_sent_where_nothing_waits(work: Work) -> None:
    await work.flush()
    assert await work.value("select count(*) from owner") == 0


async def test_constraints_hold_as_for_any_statement(work: Work) -> None:
    owner = an_owner()
    work.put("owner", owner)
    await work.flush()
    for table, row, refused in (
        ("owner", owner, UniqueViolation),
        ("thing", {"id": uuid7(), "owner_id": uuid7(), "word": None}, ForeignKeyViolation),
    ):
        work.put(table, row)
        with pytest.raises(refused):
            async with work.connection.transaction():
                await work.flush()


async def test_a_conflict_may_be_let_pass(work: Work) -> None:
    owner = an_owner()
    for _ in range(2):
        work.put("owner", owner, conflict="(id) do nothing")
        await work.flush()
    work.put("owner", owner, conflict="do nothing")
    work.put("owner", owner, conflict="do nothing")
    assert await work.value("select count(*) from owner") == 1


async def test_a_value_that_no_table_has_a_word_for_is_refused(work: Work) -> None:
    work.put("owner", an_owner(facts=object()))
    with pytest.raises(TypeError):
        await work.flush()


@pytest.mark.parametrize("value", [2**70, "\ud800"])
async def test_a_value_that_cannot_be_stored_is_bad_data(work: Work, value: object) -> None:
    work.put("owner", an_owner(facts={"odd": value}))
    with pytest.raises(psycopg.DataError):
        await work.flush()
