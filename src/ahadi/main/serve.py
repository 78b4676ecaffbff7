"""`ahadi run`: one parent that starts the database and keeps web and worker processes alive until it is told to stop.

The parent imports the application once, while the database starts, and forks, so that its memory is shared; the
listening socket is bound before, so that a port in use is one sentence and every web process accepts from the same one.
"""

import asyncio
import ctypes
import errno
import gc
import os
import resource
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Literal

import structlog

from ahadi.base.errors import AhadiError, SetupError
from ahadi.main.sense import must_make_sense
from ahadi.main.start import Addresses, bring_up_to_date, database_at, tell
from ahadi.platform.logs import configure_logs
from ahadi.platform.settings import Settings

log = structlog.get_logger(__name__)
Kind = Literal["web", "worker"]
STOP_WITHIN = 6.0  # seconds given to the processes before they are killed
_LONGEST_PAUSE = 5.0  # a process that cannot start, as while the database recovers, costs little to try again
_WELL_AFTER = 20.0  # seconds of life after which a process that dies is restarted at once
_PR_SET_PDEATHSIG = 1


_METRICS = "ahadi-metrics-"


def run(settings: Settings, only: Kind | None = None, *, say: Callable[[str], None] = print, welcome: str = "") -> int:
    """Serve until SIGTERM, SIGHUP or Ctrl-C; the exit code. Raises SetupError when it cannot start."""
    configure_logs(settings)
    must_make_sense(settings)
    _raise_file_limit()
    kinds: list[Kind] = []
    if only != "worker":
        kinds += ["web"] * max(1, settings.web_processes)
    if only != "web":
        kinds += ["worker"] * max(1, settings.worker_processes)
    with listening(settings, "web" in kinds) as listener, _shared_metrics():
        importing = Thread(target=_import_application, daemon=True)
        importing.start()
        with database_at(settings) as addresses:
            importing.join()  # two threads that import, and that fork, are one too many
            if listener is not None:
                settings = replace(settings, port=listener.getsockname()[1])  # port 0 is any that is free
            bring_up_to_date(addresses)
            welcome = _check(settings, addresses, begins=listener is not None) or welcome
            return Parent(settings, addresses, listener, kinds, say, welcome).run()


def _import_application() -> None:
    """Import what the processes run. What goes wrong goes wrong again, and is told, where it is imported from."""
    gc.disable()  # what is imported stays; looking through it again and again takes a tenth of the time
    try:
        from ahadi.main import access, children  # noqa: F401 (so that the processes share them)
    except Exception as problem:
        log.debug("import.failed", problem=repr(problem))
    finally:
        gc.enable()


def _raise_file_limit() -> None:
    """Every live stream is an open file; the usual soft limit of 1,024 is soon reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def listening(settings: Settings, wanted: bool = True) -> Iterator[socket.socket | None]:
    """The socket all web processes accept from. Raises SetupError when the port is taken."""
    if not wanted:
        yield None
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(2048)
        except (OSError, OverflowError) as problem:
            raise SetupError(_cannot_listen(settings, problem)) from problem
        yield listener


def _cannot_listen(settings: Settings, problem: OSError | OverflowError) -> str:
    reason = (getattr(problem, "strerror", None) or "no such port").lower()
    if isinstance(problem, socket.gaierror) or getattr(problem, "errno", None) == errno.EADDRNOTAVAIL:
        return (
            f"Cannot listen on {settings.host}, which is no address of this machine ({reason}):"
            " set AHADI_HOST (or --host) to 127.0.0.1, to an address it has, or to 0.0.0.0 for all of them."
        )
    where = f"Cannot listen on {settings.host} port {settings.port} ({reason})"
    return f"{where}: stop what uses it, or choose another with --port or AHADI_PORT."


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which all processes count together, for as long as this runs."""
    _sweep_metrics()
    folder = tempfile.mkdtemp(prefix=f"{_METRICS}{os.getpid()}-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_metrics() -> None:
    """Remove the folders of those who were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_METRICS}*-*"):
        pid = folder.name.removeprefix(_METRICS).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _check(settings: Settings, addresses: Addresses, *, begins: bool) -> str:
    """See that the processes will be let in, while a problem can still be one sentence.

    What is to be told once all is ready: how to begin, where nobody can sign in yet.
    """
    from ahadi.main.access import Nobody, nobody_yet
    from ahadi.main.alone import must_share_the_clock
    from ahadi.main.wiring import install, opened

    async def check() -> Nobody | None:
        async with opened(install(settings, addresses.app, name="start")) as installation:
            await must_share_the_clock(installation)
            return await nobody_yet(installation, begins=begins)

    nobody = asyncio.run(check())
    if nobody is None:
        return ""
    if nobody.link:
        return f"Nobody can sign in yet. Open this once, to begin: {nobody.link}"
    tell("Nobody can sign in yet: run  ahadi user add you@example.org --organisation SLUG --role administrator")
    return ""


@dataclass(slots=True)
class _Child:
    kind: Kind
    number: int
    pid: int = 0
    began: float = 0.0
    pause: float = 0.0
    again_at: float = 0.0


@dataclass(slots=True)
class Parent:
    """Forks the processes, restarts those that die, and stops them all."""

    settings: Settings
    addresses: Addresses
    listener: socket.socket | None
    kinds: list[Kind]
    say: Callable[[str], None]
    welcome: str = ""
    children: list[_Child] = field(default_factory=list)
    _ready: tuple[int, int] = (-1, -1)
    _signals: tuple[int, int] = (-1, -1)
    _stopping: bool = False

    def run(self) -> int:
        self.children = [_Child(kind, number) for number, kind in enumerate(self.kinds)]
        self._ready, self._signals = os.pipe(), os.pipe()
        os.set_blocking(self._signals[1], False)
        former = {each: signal.signal(each, self._stop) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        wakeup = signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()  # so that no collection touches, and so copies, the memory the processes share
        try:
            for each in self.children:
                self._start(each)
            self._supervise()
        finally:
            self._stop_children()
            signal.set_wakeup_fd(wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
            for fd in (*self._ready, *self._signals):
                os.close(fd)
        return 0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    # Children ------------------------------------------------------------------------------------------------

    def _start(self, child: _Child) -> None:
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            child.pid, child.began, child.again_at = pid, time.monotonic(), 0.0
            return
        code = 1
        try:
            self._become(child, parent)
            from ahadi.main import children

            ready = self._ready[1]
            if child.kind == "web":
                assert self.listener is not None
                code = children.web(self.settings, self.addresses.app, self.listener, lambda: os.write(ready, b"w"))
            else:
                if self.listener is not None:
                    self.listener.close()
                code = children.worker(self.settings, self.addresses.app, lambda: os.write(ready, b"j"))
        except AhadiError as problem:
            log.error("process.cannot_start", kind=child.kind, problem=problem.sentence)
        except BaseException as problem:
            log.error("process.failed", kind=child.kind, error=type(problem).__name__, exc_info=True)
        finally:
            os._exit(code)

    def _become(self, child: _Child, parent: int) -> None:
        """Be a process of its own: its own signals, and gone when the parent is."""
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what to do
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        for fd in (self._ready[0], *self._signals):
            os.close(fd)
        with suppress(OSError):
            Path("/proc/self/comm").write_text(f"ahadi-{child.kind}", encoding="ascii")

    def _supervise(self) -> None:
        waited_for = len(self.children)
        while not self._stopping:
            pause = min([each.again_at - time.monotonic() for each in self.children if each.again_at] or [60.0])
            readable, _, _ = select.select([self._signals[0], self._ready[0]], [], [], max(0.0, pause))
            if self._ready[0] in readable:
                waited_for -= len(os.read(self._ready[0], 64))
                if waited_for <= 0 and waited_for > -len(self.children):
                    waited_for = -len(self.children)
                    self._say_ready()
            if self._signals[0] in readable:
                os.read(self._signals[0], 512)
            self._look_after()

    def _say_ready(self) -> None:
        if self.listener is not None:
            self.say(f"ready {self.settings.links_from()}")
            if self.welcome:
                self.say(self.welcome)
        else:
            self.say("ready")

    def _look_after(self) -> None:
        now = time.monotonic()
        for each in self.children:
            if each.pid and (ended := _ended(each.pid)) is not None:
                if self._stopping:
                    each.pid = 0
                    continue
                each.pause = 0.0 if now - each.began > _WELL_AFTER else min(_LONGEST_PAUSE, each.pause * 2 or 0.5)
                each.pid, each.again_at = 0, now + each.pause
                log.warning("process.died", kind=each.kind, status=ended, restart_in=each.pause)
            if not each.pid and each.again_at and now >= each.again_at and not self._stopping:
                self._start(each)

    def _stop_children(self) -> None:
        for each in self.children:
            if each.pid:
                with suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN
        while any(each.pid for each in self.children):
            for each in self.children:
                if each.pid and _ended(each.pid) is not None:
                    each.pid = 0
                elif each.pid and time.monotonic() > until:
                    log.warning("process.killed", kind=each.kind)
                    os.kill(each.pid, signal.SIGKILL)
            time.sleep(0.02)


def _ended(pid: int) -> int | None:
    """The exit status of a child of ours that has ended; the database's process is not ours to wait for."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return -1
    return os.waitstatus_to_exitcode(status) if found else None


__all__ = ["Kind", "Parent", "run", "tell"]
