"""Migrations: each once, whole, in order, by one process at a time, and back again."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from ahadi.base.errors import SetupError
from ahadi.platform.database.embedded import Connections
from ahadi.platform.database.migrate import MIGRATIONS, available, migrate, pending, roll_back, schema_change
from tests.platform.database.tenants import asks, eventually, runs


def write(folder: Path, name: str, sql: str, back: str = "") -> None:
    (folder / f"{name}.sql").write_text(sql)
    (folder / f"{name}.rollback.sql").write_text(back)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path, "0001_first", "create table first (n int);\ninsert into first values (1), (5);", "drop table first;"
    )
    write(
        tmp_path,
        "0002_second",
        # what runners that take files apart stumble over
        "create table second (state text, s text generated always as (case when state = 'open' then '%' end) stored);\n"
        "create function f() returns text language plpgsql as $$ begin return ':x; -- y'; end $$;\n"
        "create function g() returns int begin atomic select 1; select 2; end;",
        "drop function g(); drop function f(); drop table second;",
    )
    return tmp_path


def test_an_empty_database_gets_every_migration_in_order_and_then_none(empty: Connections, folder: Path) -> None:
    assert pending(empty.app, folder=folder) == ["0001_first", "0002_second"]
    assert migrate(empty.owner, "ahadi_app", folder=folder) == ["0001_first", "0002_second"]
    assert migrate(empty.owner, "ahadi_app", folder=folder) == []
    assert pending(empty.app, folder=folder) == []
    assert asks(empty.owner, "select f() || g()") == ":x; -- y2"


def test_a_later_version_adds_only_its_own(empty: Connections, folder: Path) -> None:
    migrate(empty.owner, folder=folder)
    write(folder, "0003_third", "alter table first add column m int;")
    assert pending(empty.app, folder=folder) == ["0003_third"]
    assert migrate(empty.owner, folder=folder) == ["0003_third"]


def test_a_migration_that_fails_leaves_nothing_and_those_before_it_stay(empty: Connections, folder: Path) -> None:
    write(folder, "0003_third", "create table third (n int); insert into nowhere values (1);")
    with pytest.raises(SetupError, match='The migration 0003_third failed and was undone: relation "nowhere" does not'):
        migrate(empty.owner, folder=folder)
    assert asks(empty.owner, "select to_regclass('third')") is None
    assert pending(empty.owner, folder=folder) == ["0003_third"]
    write(folder, "0003_third", "create table third (n int);")
    assert migrate(empty.owner, folder=folder) == ["0003_third"]


def test_a_migration_killed_half_way_leaves_nothing_and_no_lock(empty: Connections, folder: Path) -> None:
    write(folder, "0003_third", "create table third (n int); select pg_sleep(600);")
    killed = subprocess.Popen(
        [sys.executable, "-c", "import sys, pathlib; from ahadi.platform.database.migrate import migrate;"
         "migrate(sys.argv[1], folder=pathlib.Path(sys.argv[2]))", empty.owner, str(folder)]
    )  # fmt: skip
    asleep = "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
    eventually(lambda: asks(empty.superuser, asleep) is not None)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    backend = asks(empty.superuser, asleep)  # sleeping, it does not notice that nobody listens
    runs(empty.superuser, f"select pg_terminate_backend({backend}, 10000)")
    write(folder, "0003_third", "create table third (n int);")
    assert migrate(empty.owner, folder=folder) == ["0003_third"]


def test_of_two_processes_that_migrate_at_once_one_does_it_and_the_other_waits(
    empty: Connections, folder: Path
) -> None:
    results: list[list[str]] = []
    with schema_change(empty.owner):  # so that both stand before the door
        both = [threading.Thread(target=lambda: results.append(migrate(empty.owner, folder=folder))) for _ in range(2)]
        for each in both:
            each.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        eventually(lambda: asks(empty.superuser, waiting) == 2)
    for each in both:
        each.join()
    assert sorted(results) == [[], ["0001_first", "0002_second"]]


def test_a_database_of_a_newer_version_is_refused_in_a_sentence(empty: Connections, folder: Path) -> None:
    migrate(empty.owner, folder=folder)
    for path in folder.glob("0002_second*"):
        path.unlink()
    for refused in (lambda: migrate(empty.owner, folder=folder), lambda: pending(empty.app, folder=folder),
                    lambda: roll_back(empty.owner, None, folder=folder)):  # fmt: skip
        with pytest.raises(SetupError) as raised:
            refused()
        assert raised.value.sentence == (
            "The database was made by a newer version of Ahadi (this one does not know 0002_second): install that"
            " version, or restore a backup of this one."
        )


def test_a_database_that_does_not_answer_is_named_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"The database cannot be reached: .*; start it, or mend its address\."):
        migrate(f"host={tmp_path} user=ahadi_owner dbname=ahadi")


def test_the_application_may_not_migrate(empty: Connections, folder: Path) -> None:
    with pytest.raises(SetupError, match="permission denied"):
        migrate(empty.app, folder=folder)


def test_migrations_are_undone_from_the_latest_down_to_the_one_named(empty: Connections, folder: Path) -> None:
    migrate(empty.owner, folder=folder)
    assert roll_back(empty.owner, "0001_first", folder=folder) == ["0002_second"]
    assert asks(empty.owner, "select count(*) from first") == 2
    assert roll_back(empty.owner, None, folder=folder) == ["0001_first"]
    assert pending(empty.owner, folder=folder) == ["0001_first", "0002_second"]


def test_undoing_down_to_what_is_not_there_is_refused(empty: Connections, folder: Path) -> None:
    migrate(empty.owner, folder=folder)
    with pytest.raises(SetupError, match="has no migration 0009_never; it has 0001_first, 0002_second"):
        roll_back(empty.owner, "0009_never", folder=folder)


def test_paths_and_addresses_with_spaces_serve(empty: Connections, folder: Path) -> None:
    spaced = folder / "a folder"
    spaced.mkdir()
    write(spaced, "0001_first", "select 1;")
    assert migrate(f"{empty.owner} application_name='a name'", folder=spaced) == ["0001_first"]


def schema(dsn: str) -> list[tuple[object, ...]]:
    """Everything of the schema that two databases can be compared by."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "select 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod)"
            " from pg_attribute"
            " join pg_class c on c.oid = attrelid where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')"
            " union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " from pg_constraint where connamespace = 'public'::regnamespace"
            " union all select 'policy', polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid)"
            " from pg_policy union all select 'function', proname, '', '' from pg_proc p"
            " where pronamespace = 'public'::regnamespace"
            " and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by 1, 2, 3, 4"
        ).fetchall()


def test_the_migrations_of_this_version_go_forward_back_and_forward_to_the_same(empty: Connections) -> None:
    bare = schema(empty.owner)
    migrate(empty.owner)
    full = schema(empty.owner)
    undone = roll_back(empty.owner, None)
    assert undone == list(reversed(available()))
    assert [row for row in schema(empty.owner) if "migration" not in str(row[1])] == bare
    migrate(empty.owner)
    assert schema(empty.owner) == full


def test_every_migration_of_this_version_has_a_number_of_its_own_and_a_way_back() -> None:
    numbers = [int(name[:4]) for name in available()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [name for name in available() if not (MIGRATIONS / f"{name}.rollback.sql").exists()] == []
    assert {path.name.split(".")[0] for path in MIGRATIONS.glob("*.sql")} == set(available())
