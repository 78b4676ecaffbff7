"""What the embedded server is once it runs: its settings, its roles, what it writes down, how little it takes."""

import contextlib
import os
from pathlib import Path

import psycopg
import pytest

from ahadi.platform.database.cluster import everyone_in
from ahadi.platform.database.embedded import Connections, EmbeddedServer
from tests.platform.database.conftest import Start
from tests.platform.database.tenants import asks, eventually, pid_of, runs


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("timezone", "UTC"),
        ("default_text_search_config", "pg_catalog.simple"),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("jit", "off"),
    ],
)
def test_the_server_runs_with(durable: Connections, setting: str, value: str) -> None:
    assert asks(durable.app, f"show {setting}") == value


@pytest.fixture(scope="module")
def durable(everybodys: Path) -> object:
    """A server as people run it, whose postgresql.auto.conf says otherwise."""
    folder = everybodys / "durable"
    with EmbeddedServer(folder) as connections:
        runs(connections.superuser, "alter system set fsync = off")
        runs(connections.superuser, "alter system set timezone = 'Africa/Nairobi'")
    server = EmbeddedServer(folder)
    yield server.start()
    server.stop()


def test_texts_compare_by_bytes(durable: Connections) -> None:
    assert (
        asks(durable.app, "select datlocprovider::text || datcollate from pg_database where datname = 'ahadi'") == "cC"
    )


def test_full_text_search_is_known_not_to_leak(durable: Connections) -> None:
    assert asks(
        durable.app, "select proleakproof from pg_proc where oid = 'ts_match_vq(tsvector, tsquery)'::regprocedure"
    )


def test_vectors_can_be_stored(durable: Connections) -> None:
    assert asks(durable.app, "select '[1,2]'::vector <-> '[1,2]'::vector") == 0


def test_the_owner_owns_the_database_and_its_schema_and_is_bound_by_policies(durable: Connections) -> None:
    runs(durable.owner, "create table mine (n int); drop table mine")
    assert (
        asks(durable.owner, "select pg_get_userbyid(datdba) from pg_database where datname = 'ahadi'") == "ahadi_owner"
    )
    assert not asks(durable.owner, "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles"
                    " where rolname = current_user")  # fmt: skip


def test_the_application_may_make_nothing(durable: Connections) -> None:
    for attempt in ("create table mine (n int)", "create schema mine"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            runs(durable.app, attempt)


def test_a_role_that_became_too_strong_is_made_weak_at_the_next_start(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as connections:
        runs(connections.superuser, "alter role ahadi_app superuser bypassrls createdb")
    with EmbeddedServer(data, durable=False) as connections:
        assert not asks(connections.app, "select rolsuper or rolbypassrls or rolcreatedb from pg_roles"
                        " where rolname = current_user")  # fmt: skip


def test_nothing_that_customers_wrote_comes_into_the_log(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as connections:
        runs(connections.owner, "create table words (word text primary key check (word <> 'mtoto'))")
        runs(connections.owner, "insert into words values ('siri')")
        for attempt in ("insert into words values ('siri')", "insert into words values ('mtoto')",
                        "select 'siri'::int", "siri mtoto"):  # fmt: skip
            with pytest.raises(psycopg.Error):
                runs(connections.owner, attempt)
        runs(connections.owner, "do $$ begin raise warning 'siri'; end $$")
    log = (data / "pg.log").read_text()
    assert "ready to accept connections" in log
    assert "siri" not in log
    assert "mtoto" not in log


def test_the_server_takes_little_memory(data: Path) -> None:
    with EmbeddedServer(data, durable=False) as connections, contextlib.ExitStack() as stack:
        for _ in range(12):
            connection = stack.enter_context(psycopg.connect(connections.app, autocommit=True))
            connection.execute("select count(*) from pg_attribute")
        kilobytes = sum(proportional_memory(pid) for pid in everyone_in(data / "pg"))
    assert kilobytes < 60 * 1024  # of 250 MB for the whole product


def proportional_memory(pid: int) -> int:
    """The memory of a process in kB, with its part of what it shares (proc_pid_smaps(5), Pss)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def test_starting_twice_and_stopping_twice_is_starting_and_stopping_once(data: Path) -> None:
    server = EmbeddedServer(data, durable=False)
    assert server.start() == server.start()
    server.stop()
    server.stop()
    assert pid_of(data) is None


def test_two_shares_within_one_process_are_two_users(data: Path) -> None:
    one, two = EmbeddedServer(data, durable=False), EmbeddedServer(data, durable=False)
    connections = one.start()
    two.start()
    one.stop()
    assert asks(connections.app, "select 1") == 1
    two.stop()
    assert pid_of(data) is None


def test_a_server_can_be_started_again_after_it_was_stopped(data: Path) -> None:
    server = EmbeddedServer(data, durable=False)
    for _ in range(2):
        with server as connections:
            assert asks(connections.app, "select 1") == 1


def test_a_forked_child_that_ends_leaves_the_server_to_its_parent(data: Path) -> None:
    server = EmbeddedServer(data, durable=False)
    connections = server.start()
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert asks(connections.app, "select 1") == 1
    server.stop()
    assert pid_of(data) is None


def test_the_parent_buries_a_server_that_somebody_else_stopped(start: Start, data: Path) -> None:
    parent = EmbeddedServer(data, durable=False)
    parent.start()
    pid = pid_of(data)
    adopter = start(data)
    adopter.ready()
    parent.stop()
    assert pid_of(data) == pid
    adopter.leave()
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_a_data_folder_removed_while_it_serves_ends_the_server(data: Path, place: Path) -> None:
    server = EmbeddedServer(data, durable=False)
    server.start()
    pid = pid_of(data)
    data.rename(place / "elsewhere")
    server.stop()
    assert not Path(f"/proc/{pid}").exists()
