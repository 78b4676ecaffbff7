"""The floor replays what the application did: the same statements, in the same pipelines and transactions."""

import runpy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ahadi.base.ids import reference_of, uuid7
from ahadi.platform.database.embedded import Connections
from benchmarks.floor_code import Recording, Unexplained, write
from benchmarks.tape import Enter, Fetch, Leave, Run, taping

Pool = AsyncConnectionPool[AsyncConnection[Any]]


@pytest.fixture
async def pool(fresh_database: Connections) -> AsyncIterator[Pool]:
    """Connections to a database with two tables that stand for an application's."""
    opened: Pool = AsyncConnectionPool(fresh_database.superuser, min_size=1, open=False, kwargs={"autocommit": True})
    await opened.open()
    async with opened.connection() as connection:
        await connection.execute("create table thing (id uuid primary key, reference text, name text, due timestamptz)")
        await connection.execute("create sequence number")
        await connection.execute("create table event (id uuid primary key, thing_id uuid, facts jsonb)")
        for name in ("kettle", "lamp"):
            await connection.execute("insert into thing values (%s, %s, %s)", (uuid7(), "", name))
    yield opened
    await opened.close()


async def take_in(pool: Pool, name: str, now: datetime) -> UUID:
    """What an application may do: look up, make identifiers and moments, write two tables and a log of texts."""
    async with pool.connection() as connection, connection.pipeline(), connection.transaction():
        found = await connection.execute("select id from thing where name = %(name)s", {"name": name})
        row = await found.fetchone()
        assert row is not None
        reference = None
        while reference is None:
            drawn = await (await connection.execute("select nextval('number')")).fetchone()
            assert drawn is not None
            reference = reference_of("TT", drawn[0])
        made, due = uuid7(), now + timedelta(hours=8)
        await connection.execute(
            "insert into thing values (%(id)s, %(reference)s, %(folded)s, %(due)s)",
            {"id": made, "reference": reference, "folded": f"new {name.casefold()}", "due": due},
        )
        facts = {"beside": row[0], "due": due, "also": uuid7()}
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "insert into event values (%(id)s, %(thing)s, %(facts)s)",
                [{"id": uuid7(), "thing": made, "facts": orjson.dumps(facts).decode()} for _ in range(2)],
            )
        return made


async def recorded(pool: Pool, name: str) -> Recording:
    """A recording in which the first number drawn gave a reference, as two of three do."""
    while True:
        now = datetime.now(UTC)
        with taping() as tape:
            await take_in(pool, name, now)
        if len(tape.steps) == 12:
            return Recording({"name": name}, now, tape)


async def written(pool: Pool, folder: Path) -> Any:
    code = write(await recorded(pool, "kettle"), await recorded(pool, "lamp"))
    (folder / "floor.py").write_text(code)
    return runpy.run_path(str(folder / "floor.py"))["respond"]


async def test_a_tape_holds_the_statements_and_how_they_were_sent(pool: Pool) -> None:
    steps = (await recorded(pool, "kettle")).tape.steps
    assert [type(step) for step in steps] == [
        Enter,
        Enter,
        Enter,
        Run,
        Fetch,
        Run,
        Fetch,
        Run,
        Run,
        Leave,
        Leave,
        Leave,
    ]
    assert [step.what for step in steps if isinstance(step, Enter)] == ["connection", "pipeline", "transaction"]
    assert [step.many for step in steps if isinstance(step, Run)] == [False, False, False, True]


async def test_nothing_is_taped_once_the_tape_is_closed(pool: Pool) -> None:
    recording = await recorded(pool, "kettle")
    before = list(recording.tape.steps)
    await take_in(pool, "lamp", datetime.now(UTC))
    assert recording.tape.steps == before


async def test_the_floor_writes_what_the_application_would_have_written(pool: Pool, tmp_path: Path) -> None:
    respond = await written(pool, tmp_path)
    now = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
    async with pool.connection() as connection:
        kettle = await (await connection.execute("select id from thing where name = 'kettle'")).fetchone()
        await connection.execute("truncate event")
    assert kettle is not None
    for _ in range(20):
        found, drawn = await respond(pool, {"name": "kettle"}, now)
        assert found == kettle
        assert reference_of("TT", drawn[0])
    async with pool.connection() as connection:
        found = await connection.execute(
            "select id, reference from thing where name = 'new kettle' and due > %s", (now,)
        )
        made = await found.fetchall()
        events = await (await connection.execute("select thing_id, facts from event order by id")).fetchall()
    assert len(set(made)) == len(dict(made)) == 20, "each time with an identifier and a reference of its own"
    assert sorted(event[0] for event in events) == sorted([each[0] for each in made] * 2)
    assert {event[1]["beside"] for event in events} == {str(kettle[0])}
    assert {event[1]["due"] for event in events} == {"2030-01-01T20:00:00Z"}
    assert len({event[1]["also"] for event in events}) == 20


async def test_a_value_that_comes_from_nowhere_stops_the_benchmark(pool: Pool) -> None:
    async def drawn(number: int) -> Recording:
        with taping() as tape:
            async with pool.connection() as connection:
                await connection.execute("select %(drawn)s::int", {"drawn": number})
        return Recording({}, datetime.now(UTC), tape)

    with pytest.raises(Unexplained, match="4 was 7 another time in: select"):
        write(await drawn(4), await drawn(7))


async def test_two_requests_that_went_different_ways_stop_the_benchmark(pool: Pool) -> None:
    with taping() as tape:
        async with pool.connection() as connection:
            await connection.execute("select 1")
    one = Recording({}, datetime.now(UTC), tape)
    with pytest.raises(Unexplained, match="steps"):
        write(one, await recorded(pool, "lamp"))
