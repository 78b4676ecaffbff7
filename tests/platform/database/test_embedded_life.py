"""The life of the embedded server: start, share, stop, crash, double start; as root and not."""

import os
import shutil
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from ahadi.platform.database.cluster import everyone_in
from tests.platform.database.conftest import Start
from tests.platform.database.tenants import (
    Tenant,
    Who,
    asks,
    eventually,
    is_zombie_or_gone,
    pid_of,
    runs,
)


def test_the_first_start_makes_the_database_and_the_next_finds_it(start: Start, new: Path) -> None:
    first = start(new)
    runs(first.ready().owner, "create table kept (n int); insert into kept values (7)")
    assert any("Making the database" in sentence for sentence in first.heard)
    first.leave()
    again = start(new)
    assert asks(again.ready().owner, "select n from kept") == 7
    assert again.heard == []


def test_a_path_with_spaces_and_letters_of_any_language_serves(start: Start, place: Path) -> None:
    assert asks(start(place / "the data" / "Ünïcödé ahadi ni deni").ready().app, "select 1") == 1


def test_a_path_too_long_for_a_socket_serves_through_a_private_folder(start: Start, place: Path, who: Who) -> None:
    tenant = start(place / ("long" * 20) / ("longer" * 10))
    connections = tenant.ready()
    folder = Path(psycopg.conninfo.conninfo_to_dict(connections.app)["host"])
    assert asks(connections.app, "select 1") == 1
    assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, who.number)
    tenant.leave()
    assert not folder.exists()


def test_a_path_with_a_comma_which_separates_hosts_serves(start: Start, place: Path) -> None:
    assert asks(start(place / "one, two").ready().app, "select 1") == 1


def test_nobody_else_can_enter_the_folders_of_the_data_and_of_the_socket(start: Start, new: Path) -> None:
    start(new).ready()
    assert [path.stat().st_mode & 0o777 for path in (new, new / "pg", new / "run")] == [0o700] * 3
    assert (new / "pg.log").stat().st_mode & 0o777 == 0o600
    assert new.parent.stat().st_mode & 0o777 == 0o700  # as it was: parents are never opened


def test_a_second_process_adopts_the_server_and_the_last_one_out_stops_it(start: Start, data: Path) -> None:
    first = start(data)
    connections = first.ready()
    pid = pid_of(data)
    second = start(data)
    assert second.ready() == connections
    first.leave()
    assert pid_of(data) == pid
    assert asks(connections.app, "select 1") == 1
    second.leave()
    assert pid_of(data) is None
    assert everyone_in(data / "pg") == []


def test_two_processes_that_start_at_once_share_one_server(start: Start, new: Path) -> None:
    one, two = start(new), start(new)
    connections = one.ready()
    assert two.ready() == connections
    one.leave()
    assert asks(connections.app, "select 1") == 1
    assert len([*one.heard, *two.heard]) <= 2  # one made the database, the other may have waited for it


def test_a_killed_server_is_started_again_and_keeps_what_was_committed(start: Start, data: Path) -> None:
    tenant = start(data)
    connections = tenant.ready()
    runs(connections.owner, "create table kept (n int); insert into kept values (7)")
    killed = pid_of(data)
    assert killed
    os.kill(killed, signal.SIGKILL)
    tenant.hears("The database is back.")
    assert asks(connections.owner, "select n from kept") == 7
    assert pid_of(data) != killed
    assert is_zombie_or_gone(killed)
    eventually(lambda: not Path(f"/proc/{killed}").exists())  # reaped, not left a zombie


def test_a_server_killed_under_a_busy_connection_is_started_again(start: Start, data: Path) -> None:
    """The connection's process outlives the server and holds its memory, until it is ended too."""
    tenant = start(data)
    connections = tenant.ready()
    with closing(psycopg.connect(connections.owner, autocommit=True)) as busy:
        busy.execute("create function spin() returns int language plpgsql as 'begin loop end loop; end'")
        backend = busy.info.backend_pid
        busy.pgconn.send_query(b"select spin()")
        busy.pgconn.flush()
        spinning = "select count(*) from pg_stat_activity where query = 'select spin()' and state = 'active'"
        eventually(lambda: asks(connections.superuser, spinning) == 1)
        killed = pid_of(data)
        assert killed
        os.kill(killed, signal.SIGKILL)
        tenant.hears("The database is back.")
        assert is_zombie_or_gone(backend)
    assert asks(connections.app, "select 1") == 1


def test_a_killed_server_is_started_again_by_whoever_is_left(start: Start, data: Path) -> None:
    parent = start(data)
    connections = parent.ready()
    adopter = start(data)
    adopter.ready()
    parent.end(signal.SIGKILL)
    pid = pid_of(data)
    assert pid
    os.kill(pid, signal.SIGKILL)
    adopter.hears("The database is back.")
    assert asks(connections.app, "select 1") == 1
    adopter.leave()
    assert everyone_in(data / "pg") == []


def test_of_two_users_of_a_killed_server_one_starts_it_again(start: Start, data: Path) -> None:
    one = start(data)
    two = start(data)
    connections = one.ready()
    two.ready()
    pid = pid_of(data)
    assert pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: pid_of(data) not in (pid, None) and answers(connections.app))
    one.leave()
    two.leave()
    assert [*one.heard, *two.heard].count("The database is back.") <= 1
    assert everyone_in(data / "pg") == []


def answers(dsn: str) -> bool:
    try:
        return bool(asks(dsn, "select 1") == 1)
    except psycopg.OperationalError:
        return False


def test_after_a_kill_of_its_only_user_the_server_stays_and_the_next_adopts_and_stops_it(
    start: Start, data: Path
) -> None:
    only = start(data)
    connections = only.ready()
    pid = pid_of(data)
    only.end(signal.SIGKILL)
    assert asks(connections.app, "select 1") == 1
    adopter = start(data)
    assert adopter.ready() == connections
    assert pid_of(data) == pid
    adopter.leave()
    assert pid_of(data) is None
    assert everyone_in(data / "pg") == []


def test_after_a_kill_of_everybody_the_next_start_recovers_what_was_committed(start: Start, data: Path) -> None:
    tenant = start(data)
    runs(tenant.ready().owner, "create table kept (n int); insert into kept values (7)")
    tenant.crash(data)
    assert (data / "pg" / "postmaster.pid").exists()
    assert asks(start(data).ready().owner, "select n from kept") == 7


def test_a_server_that_does_not_answer_yet_is_waited_for_in_words(start: Start, data: Path) -> None:
    only = start(data)
    only.ready()
    only.end(signal.SIGKILL)
    pid = pid_of(data)
    assert pid
    os.kill(pid, signal.SIGSTOP)  # as silent as one that recovers for minutes
    waiting = start(data)
    waiting.hears("The database may be recovering from a crash; waiting")
    os.kill(pid, signal.SIGCONT)
    assert asks(waiting.ready().app, "select 1") == 1
    assert pid_of(data) == pid


def test_a_kill_while_the_database_is_being_made_leaves_nothing_half_made(start: Start, new: Path) -> None:
    killed = start(new)
    eventually(lambda: any(new.glob("pg.new*/base")))
    killed.end(signal.SIGKILL)
    assert not (new / "pg").exists()
    assert asks(start(new).ready().app, "select 1") == 1
    assert not list(new.glob("pg.new*"))


def test_sigterm_stops_the_server_in_order(start: Start, data: Path) -> None:
    tenant = start(data)
    tenant.ready()
    assert tenant.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert pid_of(data) is None
    assert everyone_in(data / "pg") == []
    assert "database system is shut down" in (data / "pg.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_ctrl_c_while_it_starts_leave_no_server(start: Start, new: Path, number: signal.Signals) -> None:
    tenant = start(new)
    eventually(lambda: any(new.glob("pg.new*")))
    tenant.end(number)
    eventually(lambda: everyone_in(new / "pg") == [])
    assert asks(start(new).ready().app, "select 1") == 1


def test_a_stale_mark_with_the_id_of_a_living_foreign_process_is_not_believed(
    start: Start, data: Path, who: Who
) -> None:
    crashed(start(data), data)
    with subprocess.Popen(["sleep", "600"], user=who.uid) as foreigner:
        believed = [str(foreigner.pid), *(data / "pg" / "postmaster.pid").read_text().split("\n")[1:]]
        (data / "pg" / "postmaster.pid").write_text("\n".join(believed))
        (data / "run" / ".s.PGSQL.5432.lock").write_text("\n".join(believed))
        try:
            assert asks(start(data).ready().app, "select 1") == 1
            assert foreigner.poll() is None
        finally:
            foreigner.kill()


def test_a_stale_mark_with_the_id_of_a_zombie_is_not_believed(start: Start, data: Path, who: Who) -> None:
    crashed(start(data), data)
    with subprocess.Popen(["true"], user=who.uid) as zombie:
        eventually(lambda: is_zombie_or_gone(zombie.pid))
        believed = [str(zombie.pid), *(data / "pg" / "postmaster.pid").read_text().split("\n")[1:]]
        (data / "pg" / "postmaster.pid").write_text("\n".join(believed))
        assert asks(start(data).ready().app, "select 1") == 1


def crashed(tenant: Tenant, data: Path) -> None:
    tenant.ready()
    tenant.crash(data)


def test_a_copy_of_a_living_data_folder_is_served_by_a_server_of_its_own(start: Start, data: Path, place: Path) -> None:
    original = start(data).ready()
    runs(original.superuser, "checkpoint")
    copy = place / "copy"
    subprocess.run(["cp", "-a", data, copy], check=True)
    copied = start(copy).ready()
    assert asks(original.superuser, "show data_directory") == str(data / "pg")
    assert asks(copied.superuser, "show data_directory") == str(copy / "pg")


def test_a_server_whose_socket_was_swept_away_is_started_again(start: Start, data: Path) -> None:
    tenant = start(data)
    connections = tenant.ready()
    shutil.rmtree(data / "run")
    tenant.hears("The database is back.")
    assert asks(connections.app, "select 1") == 1


def test_the_log_stays_small(start: Start, data: Path) -> None:
    tenant = start(data)
    tenant.ready()
    tenant.leave()
    (data / "pg.log").write_bytes(b"x" * 9_000_000)
    start(data).ready()
    assert (data / "pg.log").stat().st_size < 100_000
    assert (data / "pg.log.1").stat().st_size == 9_000_000
