"""Who may do what: the application is bound by policies, and what is not guarded is found."""

from pathlib import Path

import psycopg
import pytest

from ahadi.base.errors import SetupError
from ahadi.platform.database.embedded import Connections
from ahadi.platform.database.migrate import migrate
from ahadi.platform.database.roles import check_application_role, grant, unprotected_tables
from tests.platform.database.tenants import asks, runs

POLICY = """
alter table guarded enable row level security; alter table guarded force row level security;
create policy organisations on guarded using (organisation_id = 7)
"""


def give(database: Connections, role: str = "ahadi_app") -> None:
    with psycopg.connect(database.owner, autocommit=True) as connection:
        grant(connection, role)


def rights(database: Connections, table: str) -> set[str]:
    every = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
    has = "select has_table_privilege('ahadi_app', '{}', '{}')"
    return {right for right in every if asks(database.owner, has.format(table, right))}


def test_the_application_may_read_and_change_rows_and_nothing_more(empty: Connections) -> None:
    runs(empty.owner, "create table t (id int generated always as identity, s serial)")
    runs(empty.owner, "grant truncate, trigger, references on t to ahadi_app")
    give(empty)
    assert rights(empty, "t") == {"select", "insert", "update", "delete"}
    runs(empty.app, "insert into t default values; update t set s = 2; delete from t")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        runs(empty.app, "truncate t")


def test_what_is_marked_append_only_may_be_added_to_and_not_changed(empty: Connections) -> None:
    runs(empty.owner, "create table log (n int); comment on table log is 'append-only: what happened'")
    give(empty)
    assert rights(empty, "log") == {"select", "insert"}
    runs(empty.app, "insert into log values (1)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        runs(empty.app, "delete from log")


def test_the_record_of_migrations_may_be_read_only(empty: Connections, tmp_path: Path) -> None:
    migrate(empty.owner, folder=tmp_path)
    assert rights(empty, "migration") == {"select"}


def test_granting_again_changes_nothing(empty: Connections) -> None:
    runs(empty.owner, "create table t (id int generated always as identity); create view v as select 1 as one")
    give(empty)
    before = asks(empty.owner, "select string_agg(xmin::text || ctid::text, ' ' order by oid) from pg_class")
    give(empty)
    assert asks(empty.owner, "select string_agg(xmin::text || ctid::text, ' ' order by oid) from pg_class") == before


def test_a_role_that_does_not_exist_is_named(empty: Connections) -> None:
    with pytest.raises(SetupError, match="The database has no role nobody_such: make it"):
        give(empty, "nobody_such")


async def check(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await check_application_role(connection)


async def test_a_role_that_owns_nothing_and_bypasses_nothing_is_accepted(empty: Connections) -> None:
    runs(empty.owner, "create table t (n int)")
    await check(empty.app)


async def test_a_superuser_is_refused(empty: Connections) -> None:
    with pytest.raises(SetupError, match="The application connects as postgres, which is a superuser, so"):
        await check(empty.superuser)


async def test_an_owner_of_tables_is_refused(empty: Connections) -> None:
    runs(empty.owner, "create table t (n int)")
    with pytest.raises(SetupError, match="as ahadi_owner, which owns the table t, so"):
        await check(empty.owner)


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ("create role strong login bypassrls", "has BYPASSRLS"),
        ("create role strong login; grant postgres to strong", "may become postgres, whom no policy binds"),
        ("create role strong login; grant ahadi_owner to strong", "owns the table t"),
    ],
)
async def test_a_role_that_is_or_may_become_too_strong_is_refused(empty: Connections, made: str, what: str) -> None:
    runs(empty.owner, "create table t (n int)")
    runs(empty.superuser, made)
    try:
        with pytest.raises(SetupError, match=what):
            await check(psycopg.conninfo.make_conninfo(empty.app, user="strong"))
    finally:
        runs(empty.superuser, "drop role strong")


async def unprotected(database: Connections) -> list[str]:
    async with await psycopg.AsyncConnection.connect(database.app) as connection:
        return await unprotected_tables(connection)


@pytest.mark.parametrize(
    "undone",
    [
        "alter table guarded no force row level security",
        "alter table guarded disable row level security",
        "drop policy organisations on guarded",
        "create policy everything on guarded using (true)",
        "create policy everything on guarded for insert with check (true)",
        "create view seen as select * from guarded",
        "create materialized view seen as select * from guarded with no data",
    ],
)
async def test_a_table_or_view_that_is_not_guarded_is_found(empty: Connections, undone: str) -> None:
    runs(empty.owner, "create table guarded (organisation_id int); create table shared (n int)")
    runs(empty.owner, POLICY)
    assert await unprotected(empty) == []
    runs(empty.owner, undone)
    assert await unprotected(empty) == ["seen" if "view" in undone else "guarded"]


async def test_a_view_that_reads_as_its_reader_is_guarded(empty: Connections) -> None:
    runs(empty.owner, "create table guarded (organisation_id int)")
    runs(empty.owner, POLICY)
    runs(empty.owner, "create view seen with (security_invoker = true) as select * from guarded")
    assert await unprotected(empty) == []


async def test_every_table_of_this_version_with_an_organisation_is_guarded_but_the_global_ones(
    server: Connections,
) -> None:
    """Those are read before any organisation is known: by workers, for mail that comes in, to sign in."""
    assert await unprotected(server) == ["job", "mail_address", "token"]
