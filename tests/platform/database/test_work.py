"""One unit of work: all of it or nothing, and told only after the commit."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.errors import DivisionByZero, InFailedSqlTransaction, InsufficientPrivilege, UniqueViolation

from ahadi.base.ids import uuid7
from ahadi.platform.database import Actor, Database, Work

ORGANISATION = UUID(int=1)


def put_job(work: Work, id_: UUID | None = None) -> UUID:
    id_ = id_ or uuid7()
    row = {"id": id_, "kind": "tested", "args": {}, "due": work.real_now + timedelta(days=1), "made_at": work.real_now}
    work.put("job", row)
    return id_


async def jobs(database: Database) -> int:
    async with database.connection() as connection:
        found = await (await connection.execute("select count(*) from job where kind = 'tested'")).fetchone()
    assert found is not None
    count: int = found[0]
    return count


@pytest.fixture
def told(database: Database) -> list[set[UUID]]:
    """What listeners were told of, commit by commit."""
    heard: list[set[UUID]] = []

    def hear(organisations: Iterable[UUID]) -> None:
        heard.append(set(organisations))

    database.on_commit.append(hear)
    return heard


async def test_what_ends_well_is_committed_and_told(database: Database, told: list[set[UUID]]) -> None:
    async with database.work(Actor.system([ORGANISATION])) as work:
        put_job(work)
        work.record("tested", ORGANISATION)
    assert await jobs(database) == 1
    assert told == [{ORGANISATION}]


async def test_what_fails_leaves_nothing_and_the_connection_serves_on(
    database: Database, told: list[set[UUID]]
) -> None:
    for moment in ("before anything was sent", "after rows were written"):
        with pytest.raises(ZeroDivisionError):
            async with database.work(Actor.system([ORGANISATION])) as work:
                put_job(work)
                work.record("tested", ORGANISATION)
                if moment == "after rows were written":
                    assert await work.value("select count(*) from job") == 1
                raise ZeroDivisionError
        assert await jobs(database) == 0, moment
    assert not told
    async with database.work(Actor.system([ORGANISATION])) as work:
        put_job(work)
    assert await jobs(database) == 1


async def test_a_statement_that_fails_unseen_undoes_all_although_the_commit_was_sent_with_it(
    database: Database, told: list[set[UUID]]
) -> None:
    with pytest.raises(UniqueViolation):
        async with database.work(Actor.system([ORGANISATION])) as work:
            id_ = put_job(work)
            await work.flush()
            put_job(work, id_)
            work.record("tested", ORGANISATION)
    assert (await jobs(database), told) == (0, [])


async def test_an_error_that_was_caught_inside_is_not_taken_for_a_commit(
    database: Database, told: list[set[UUID]]
) -> None:
    with pytest.raises(InFailedSqlTransaction, match="undone"):
        async with database.work(Actor.system([ORGANISATION])) as work:
            put_job(work)
            work.record("tested", ORGANISATION)
            with pytest.raises(DivisionByZero):
                await work.value("select 1 / 0")
            async with work.connection.pipeline() as pipeline:
                await pipeline.sync()
    assert (await jobs(database), told) == (0, [])


async def test_a_savepoint_undoes_a_part(database: Database) -> None:
    async with database.work(Actor.system([ORGANISATION])) as work:
        put_job(work)
        await work.execute("savepoint here")
        put_job(work)
        await work.execute("rollback to savepoint here")
        put_job(work)
    assert await jobs(database) == 2


async def test_rows_of_an_organisation_that_the_actor_has_nothing_to_do_with_are_refused(database: Database) -> None:
    with pytest.raises(InsufficientPrivilege, match="row-level security"):
        async with database.work(Actor.system([ORGANISATION])) as work:
            work.record("tested", UUID(int=2))
