"""One PostgreSQL server process of one cluster: started, waited for, ended. Who may do that when is `embedded`'s."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from ahadi.base.errors import SetupError
from ahadi.platform.database import cluster as clusters
from ahadi.platform.database.binaries import runner_for
from ahadi.platform.database.locks import FileLock
from ahadi.platform.database.roles import SUPERUSER
from ahadi.platform.database.troubles import explain_words

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.simple",
    # Small: the product and its database share 250 MiB.
    "max_connections": "60",
    "shared_buffers": "64MB",
    "huge_pages": "off",
    "min_dynamic_shared_memory": "8MB",  # ours, not in /dev/shm, which containers keep small and logins sweep
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum": "on",
    "autovacuum_worker_slots": "2",
    "autovacuum_max_workers": "1",
    "autovacuum_naptime": "30s",
    "jit": "off",
    # Nobody replicates from here. A segment is 16 MB.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    # What the server notes about itself, and never a customer's words: no statements, values or failed queries.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "%m ",
}
DURABLE = {"full_page_writes": "on", "synchronous_commit": "on", "fsync": "on"}  # last, so that nothing overrules it
FORGETFUL = {"full_page_writes": "off", "synchronous_commit": "on", "fsync": "off"}  # safe from a kill, not a power cut

LOG_BYTES = 8 * 1024 * 1024  # then it becomes pg.log.1, in place of the one before
STOP_WITHIN = 60.0  # seconds for a shutdown that writes what is in memory; then the server is told to drop it


class Postmaster:
    """The server of the cluster `data/pg`. Its log is `data/pg.log`, its locks are in `data/run`.

    `report` is told sentences. `pause` sleeps that many seconds, and may raise to give up waiting. The caller sees to
    it that only one process at a time uses `bring_up` and `shut_down`.
    """

    def __init__(
        self, data: Path, *, durable: bool, report: Callable[[str], None], pause: Callable[[float], None]
    ) -> None:
        """Find the folders, and as whom the server runs. Raises SetupError or OSError."""
        self.data = data
        self.cluster = data / "pg"
        self.log = data / "pg.log"
        self.pid: int | None = None
        self._durable = durable
        self._report = report
        self._pause = pause
        self._child: subprocess.Popen[bytes] | None = None
        self._log_begins = 0
        self._runner = runner_for(data, report)
        self._locks = data / "run"
        self._socket_folder = clusters.choose_socket_folder(self._runner)

    def dsn(self, role: str, database: str) -> str:
        """Connection string for a role."""
        return make_conninfo(host=str(self._socket_folder), port=5432, user=role, dbname=database)

    def lock(self, name: str) -> FileLock:
        self._locks.mkdir(mode=0o700, exist_ok=True)
        if self._runner.home == self.data:  # root, in somebody's folder, leaves nothing there they cannot open
            self._runner.give(self._locks)
        lock = FileLock(self._locks / name)
        if self._runner.home == self.data:
            self._runner.give(lock.path)
        return lock

    def accepts(self) -> bool:
        """Whether a connection succeeds, and to the server of this cluster and no other. This is what "up" means."""
        if not (self._socket_folder / clusters.SOCKET).exists():
            return False
        try:
            with psycopg.connect(self.dsn(SUPERUSER, "postgres"), autocommit=True, connect_timeout=5) as connection:
                row = connection.execute("show data_directory").fetchone()
            return row is not None and self.cluster.samefile(row[0])
        except (psycopg.Error, OSError):
            return False

    def is_well(self) -> bool:
        """A cheap look, for often: the process lives and its socket is there."""
        if self.pid is None:  # it serves from where we cannot see processes, such as another container
            return self.accepts()
        return self._lives(self.pid) and (self._socket_folder / clusters.SOCKET).exists()

    def bring_up(self) -> None:
        """Make connections succeed: adopt the server that runs, wait for one that recovers, or start one.

        Raises SetupError when it does not come up.
        """
        self._socket_folder = clusters.socket_folder_in_use(self.cluster) or self._socket_folder
        if not self.accepts() and not self._wait_for(clusters.postmaster(self.cluster)):
            self._spawn()
            if not self._wait_for(self.pid):
                raise self.why_not()
        self.pid = clusters.postmaster(self.cluster)

    def shut_down(self) -> None:
        """Stop the server, whoever started it: a fast shutdown, and when that takes too long an immediate one."""
        pid = self._child.pid if self._child is not None else clusters.postmaster(self.cluster)
        if pid is not None:
            self._end(pid)
        if self._socket_folder.parent != self._runner.home:
            with contextlib.suppress(OSError):
                self._socket_folder.rmdir()

    def leave(self) -> None:
        """Somebody else goes on using the server that we started: stay its parent, and bury it when it ends."""
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            threading.Thread(target=child.wait, name="ahadi-database-reaper", daemon=True).start()

    def bound_log(self) -> None:
        """Keep the log below a few megabytes."""
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_name("pg.log.1"))
                os.truncate(self.log, 0)  # the server appends, so it goes on at the beginning

    def why_not(self, words: str = "") -> SetupError:
        """Why the server did not come up or went away."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(self._log_begins)
            words += log.read().decode(errors="replace")
        return explain_words(self.data, self._runner.home, words)

    # Up ------------------------------------------------------------------------------------------------------

    def _spawn(self) -> None:
        self._end_the_lingering()
        # Held by the server and all its children: two servers never share a folder, even where one is in another
        # container and its process ids mean nothing here.
        claim = self.lock("server.lock")
        try:
            if not claim.wait(lambda: self._report("Waiting for the former database server."), self._pause, at_most=30):
                raise SetupError(
                    f"The database in {self.data} is used by processes that cannot be seen from here, perhaps of"
                    " another container: stop them first."
                )
            clusters.forget_the_dead(self.cluster, self._socket_folder)
            if not clusters.check(self.cluster):
                self._report("Making the database; this happens once.")
                clusters.create(self.cluster, self._runner, claim.fd, durable=self._durable, pause=self._pause)
            self._socket_folder = clusters.choose_socket_folder(self._runner)
            self._exec(claim.fd)
        except clusters.Failed as failed:
            raise explain_words(self.data, self._runner.home, str(failed)) from failed
        finally:
            claim.close()

    def _exec(self, claim: int) -> None:
        self.bound_log()
        settings = SETTINGS | {"unix_socket_directories": f'"{self._socket_folder}"'}
        settings |= DURABLE if self._durable else FORGETFUL
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = self._runner.command("postgres", "-D", str(self.cluster.resolve()), *options)
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._log_begins = os.fstat(log).st_size
            self._runner.give(self.log)
            self._child = self._runner.start(command, stdout=log, stderr=log, pass_fds=(claim,))
        finally:
            os.close(log)
        self.pid = self._child.pid

    def _end_the_lingering(self) -> None:
        """End children that outlived a killed server: nobody serves, but they still hold its memory."""
        for number in (signal.SIGQUIT, signal.SIGKILL):
            deadline = time.monotonic() + 5
            while (lingering := clusters.everyone_in(self.cluster)) and time.monotonic() < deadline:
                clusters.send(lingering, number)
                self._pause(0.02)

    def _wait_for(self, pid: int | None) -> bool:
        """Wait until the server with this process id takes connections: True; False once it is gone."""
        began = said = time.monotonic()
        while pid is not None and self._lives(pid):
            if self.accepts():
                return True
            now = time.monotonic()
            if now - began > 5 and not (self._socket_folder / clusters.SOCKET).exists():
                self._report("The database's socket is gone; starting the database again.")
                self._end(pid)
                return False
            if now - said > 5:
                said = now
                self._report(f"The database may be recovering from a crash; waiting, {now - began:.0f} seconds so far.")
            self._pause(0.02 if now - began < 2 else 0.2)
        return False

    def _lives(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            if self._child.poll() is None:
                return True
            self._child = None  # and reaped
        return clusters.serves(pid, self.cluster)

    # Down ----------------------------------------------------------------------------------------------------

    def _end(self, pid: int) -> None:
        for number, seconds in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            clusters.send([pid], number)
            began = time.monotonic()
            said = False
            while time.monotonic() - began < seconds:
                if not self._lives(pid):
                    return
                if not said and time.monotonic() - began > 3:
                    said = True
                    self._report("The database is writing what it holds in memory to disk.")
                time.sleep(0.01)
