"""Driving programs that use the embedded server, as root and not, and looking at what they leave behind."""

import functools
import gc
import json
import os
import pwd
import queue
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from ahadi.platform.database.binaries import programs
from ahadi.platform.database.embedded import Connections
from tests.platform.database import tenant

PATIENCE = 120.0  # seconds after which a test that waits for an event fails
ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Who:
    """Somebody to run as. `uid` None is whoever runs the tests."""

    name: str
    uid: int | None = None

    @property
    def number(self) -> int:
        return os.geteuid() if self.uid is None else self.uid


def unnamed() -> int:
    """A user id that the list of users does not have, as containers use."""
    taken = {user.pw_uid for user in pwd.getpwall()}
    return next(uid for uid in range(41000, 42000) if uid not in taken)


# Who the tests themselves can be: root can be anybody, an ordinary user only themselves.
EVERYBODY = [Who("root"), Who("ordinary user", 65534)] if ROOT else [Who("ordinary user")]
STRANGERS = [Who("a number without a name", unnamed())] if ROOT else []


@functools.cache
def programs_for(who: Who, place: Path) -> Path | None:
    """A folder with a copy of PostgreSQL that this user can run; None when the installed one is in their reach."""
    if who.uid is None:
        return None
    try:
        subprocess.run([programs() / "postgres", "--version"], user=who.uid, check=True, capture_output=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return copy_programs(place / "wheel")
    return None


def copy_programs(target: Path) -> Path:
    """A copy of what the wheel with PostgreSQL holds, to be looked in first."""
    folder = programs().parent
    package = folder.parent
    shutil.copytree(folder, target / package.name / folder.name, symlinks=True)
    shutil.copytree(package.with_suffix(".libs"), target / f"{package.name}.libs", symlinks=True)
    (target / package.name / "__init__.py").touch()
    subprocess.run(["chmod", "-R", "a+rX", target], check=True)
    return target


class Forked:
    """A copy of this process that runs a program of its own: as good as a new one, and there at once."""

    def __init__(self, arguments: list[str], stdin: int, stdout: int) -> None:
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid:
            return
        status = 70
        try:
            gc.freeze()  # what belongs to the tests is not to be tidied up here
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            os.closerange(3, 65536)
            for number in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
            status = tenant.main(arguments)
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        return self.wait(0) if self._status is None and self._has_ended(0) else self._status

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit status, negative for the signal that killed it."""
        if self._status is None:
            assert self._has_ended(seconds), f"process {self.pid} goes on"
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def _has_ended(self, seconds: float) -> bool:
        fd = os.pidfd_open(self.pid)
        try:
            return bool(select.select([fd], [], [], seconds)[0])
        finally:
            os.close(fd)


@dataclass
class Tenant:
    """One running program. `heard` are the sentences it was told."""

    process: "Forked | subprocess.Popen[bytes]"
    stdin: int
    stdout: int
    heard: list[str] = field(default_factory=list)
    lines: "queue.Queue[dict[str, Any] | None]" = field(default_factory=queue.Queue)

    @staticmethod
    def start(data: Path, who: Who, place: Path, *options: str, before: tuple[str, ...] = ()) -> "Tenant":
        """Start it as somebody; `before` is a command that is to start it, which makes it a new program."""
        arguments = [str(data), *options]
        if who.uid is not None:
            arguments += ["--become", str(who.uid)]
        if (copy := programs_for(who, place)) is not None:
            arguments += ["--programs", str(copy)]
        its_input, stdin = os.pipe()
        stdout, its_output = os.pipe()
        process: Forked | subprocess.Popen[bytes]
        if before:
            program = str(Path(tenant.__file__).resolve())
            command = [*before, sys.executable, program, *arguments]
            process = subprocess.Popen(command, stdin=its_input, stdout=its_output)
        else:
            process = Forked(arguments, its_input, its_output)
        os.close(its_input)
        os.close(its_output)
        started = Tenant(process, stdin, stdout)
        started.reader = threading.Thread(target=started._read, daemon=True)
        started.reader.start()
        return started

    def __post_init__(self) -> None:
        self.reader = threading.Thread()

    def _read(self) -> None:
        with os.fdopen(self.stdout) as output:
            for line in output:
                self.lines.put(json.loads(line))
        self.lines.put(None)

    def write(self, text: str) -> None:
        os.write(self.stdin, text.encode())

    def _next(self) -> dict[str, Any]:
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, f"it ended with {self.process.wait(PATIENCE)} after saying {self.heard}"
        if "report" in line:
            self.heard.append(line["report"])
        return line

    def ready(self) -> Connections:
        """Wait until it has the database."""
        while "ready" not in (line := self._next()):
            assert "refused" not in line, line
        return Connections(**line["ready"])

    def refused(self) -> str:
        """Wait until it gives up; the sentence it gives up with."""
        while "refused" not in (line := self._next()):
            assert "ready" not in line, "it started"
        self.process.wait(PATIENCE)
        sentence: str = line["refused"]
        return sentence

    def hears(self, words: str) -> None:
        """Wait until it is told something with these words."""
        while not any(words in sentence for sentence in self.heard):
            self._next()

    def leave(self) -> None:
        """Let it end as it wants to."""
        self._close_input()
        assert self.process.wait(PATIENCE) == 0

    def _close_input(self) -> None:
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def end(self, number: signal.Signals) -> int:
        """Send it a signal and wait; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def crash(self, data: Path) -> None:
        """Kill it and the server of its data folder at one moment, as a power cut would."""
        self.process.send_signal(signal.SIGSTOP)  # so that it does not start the server again
        pid = pid_of(data)
        assert pid
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)
        self.end(signal.SIGKILL)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        self._close_input()
        self.reader.join(PATIENCE)


def pid_of(data: Path) -> int | None:
    """The process id that the server of a data folder wrote down."""
    try:
        return int((data / "pg" / "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError):
        return None


def wait_for_end(pid: int) -> None:
    """Wait until a process that is not our child has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([fd], [], [], PATIENCE)[0], f"process {pid} goes on"
    finally:
        os.close(fd)


def is_zombie_or_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def eventually(happens: Callable[[], bool]) -> None:
    """Wait for what cannot be awaited in another way."""
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asks(dsn: str, sql: str) -> Any:
    """The first value of a query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None


def runs(dsn: str, sql: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.encode())
