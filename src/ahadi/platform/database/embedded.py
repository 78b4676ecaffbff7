"""The embedded PostgreSQL: the wheel's programs under our own supervision. Synchronous, for before the event loop.

Every process that needs the database makes an `EmbeddedServer` on the same data folder. The first starts the server,
the others adopt it, the last one out stops it; whoever notices that it died starts it again. Linux only.
"""

import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

import psycopg

from ahadi.base.errors import SetupError
from ahadi.platform.database.locks import FileLock
from ahadi.platform.database.postmaster import Postmaster
from ahadi.platform.database.roles import APPLICATION, DATABASE, OWNER, SUPERUSER, prepare
from ahadi.platform.database.troubles import explain_system

GLANCE = 0.2  # seconds between two looks at whether the server lives
LOOKS_PER_LOG_CHECK = 300


class _LettingGo(Exception):
    """Whoever waits is asked to end."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Connection strings of the embedded database, by role."""

    owner: str
    app: str
    superuser: str


def _note(sentence: str) -> None:
    logging.getLogger("ahadi.database").info(sentence)


class EmbeddedServer:
    """A share in the PostgreSQL server of one data folder; the cluster is in `data/pg`, its log in `data/pg.log`.

    `report` is told, in sentences, what takes long or went wrong, also from a thread. `durable=False` is for tests
    only: faster, and a power cut loses data. Processes made by `os.fork` are not users of their own.
    """

    def __init__(self, data: Path, *, report: Callable[[str], None] = _note, durable: bool = True) -> None:
        self.data = Path(data)
        self._tell = report
        self._durable = durable
        self._server: Postmaster | None = None
        self._users: FileLock | None = None
        self._in_process = os.getpid()
        self._letting_go = threading.Event()
        self._watcher: threading.Thread | None = None
        self._signals: list[signal.Signals] = []

    def start(self) -> Connections:
        """Start the server, or adopt the one that runs, and see to its roles and database.

        Waits, saying so, while it recovers from a crash. Until `stop`, SIGTERM and SIGHUP raise SystemExit (where
        nobody else handles them), so that the server is left in order. Raises SetupError with what to do.
        """
        if self._server is not None:
            return _connections(self._server)
        if not sys.platform.startswith("linux"):
            raise SetupError("The embedded database needs Linux: set AHADI_DATABASE_URL to a PostgreSQL of your own.")
        self._in_process = os.getpid()
        self._letting_go.clear()
        self._take_signals()
        atexit.register(self.stop)
        try:
            self._server = server = self._come_in()
            self._watcher = threading.Thread(target=self._watch, args=(server,), name="ahadi-database", daemon=True)
            self._watcher.start()
        except BaseException:
            self.stop()
            raise
        return _connections(server)

    def stop(self) -> None:
        """Let go of the server; the last one out stops it, within about a minute. Harmless when repeated."""
        if os.getpid() != self._in_process:  # a forked child leaves its parent's share alone
            return
        self._letting_go.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._letting_go.clear()
        server, self._server = self._server, None
        users, self._users = self._users, None
        try:
            if server is not None and users is not None:
                self._go_out(server, users)
        finally:
            if users is not None:
                users.close()
            if server is not None:
                server.leave()
            self._return_signals()
            atexit.unregister(self.stop)

    def __enter__(self) -> Connections:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # In and out ----------------------------------------------------------------------------------------------

    def _come_in(self) -> Postmaster:
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.data = self.data.resolve()
            server = Postmaster(self.data, durable=self._durable, report=self._report, pause=self._pause)
            self._server = server
            with self._door(server):
                self._join(server)
                server.bring_up()
                prepare(server.dsn(SUPERUSER, DATABASE))
        except OSError as problem:
            raise explain_system(self.data, problem) from problem
        except psycopg.Error as problem:
            raise server.why_not(str(problem)) from problem
        return server

    def _join(self, server: Postmaster) -> None:
        """Be counted among the users."""
        former, self._users = self._users, server.lock("users.lock")
        self._users.share()
        if former is not None:
            former.close()

    def _go_out(self, server: Postmaster, users: FileLock) -> None:
        try:
            with self._door(server):
                if users.seize():
                    server.shut_down()
        except OSError:  # the data folder is gone, and with it everybody who could still use the server
            server.shut_down()

    @contextmanager
    def _door(self, server: Postmaster) -> Iterator[None]:
        """Held while starting or stopping, by one process at a time."""
        door = server.lock("door.lock")
        try:
            door.wait(lambda: self._report("Another Ahadi is starting or stopping the database; waiting."), self._pause)
            yield
        finally:
            door.close()

    # Watching ------------------------------------------------------------------------------------------------

    def _watch(self, server: Postmaster) -> None:
        """Start the server again when it died, whoever started it before. Runs in a thread until `stop`."""
        pause, looks, said = GLANCE, 0, ""
        while not self._letting_go.wait(pause):
            looks += 1
            if looks % LOOKS_PER_LOG_CHECK == 0:
                server.bound_log()
            if server.is_well():
                pause, said = (GLANCE if server.pid else 2.0), ""
                continue
            try:
                self._bring_back(server, quietly=bool(said))
                pause = GLANCE
            except _LettingGo:
                return
            except (SetupError, OSError) as problem:
                pause = min(pause * 2, 30.0)
                sentence = str(problem if isinstance(problem, SetupError) else explain_system(self.data, problem))
                if sentence != said:
                    said = sentence
                    self._report(sentence)

    def _bring_back(self, server: Postmaster, *, quietly: bool) -> None:
        with self._door(server):
            somebody_did = server.accepts()
            if not somebody_did and not quietly:
                self._report("The database stopped unexpectedly; starting it again.")
            self._join(server)  # again: the folder may have been swept away
            server.bring_up()
            if not somebody_did:
                self._report("The database is back.")

    def _pause(self, seconds: float) -> None:
        if self._letting_go.wait(seconds):
            raise _LettingGo

    def _report(self, sentence: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a closed terminal does not stop the watch
            self._tell(sentence)

    # Signals -------------------------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, _end_in_order)
                    self._signals.append(number)

    def _return_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in self._signals:
                if signal.getsignal(number) is _end_in_order:
                    signal.signal(number, signal.SIG_DFL)
            self._signals.clear()


def _connections(server: Postmaster) -> Connections:
    return Connections(
        owner=server.dsn(OWNER, DATABASE),
        app=server.dsn(APPLICATION, DATABASE),
        superuser=server.dsn(SUPERUSER, DATABASE),
    )


def _end_in_order(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that `finally` and `with` do their work."""
    sys.exit(128 + number)
