"""Driving programs that use the embedded server, as root and not, and looking at what they leave behind."""

import functools
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from ahadi.platform.database.binaries import programs
from ahadi.platform.database.embedded import Connections

PATIENCE = 20.0  # seconds after which a test that waits for an event fails
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


@dataclass
class Tenant:
    """One running program. `heard` are the sentences it was told."""

    process: "subprocess.Popen[str]"
    heard: list[str] = field(default_factory=list)
    reader: threading.Thread = field(default_factory=threading.Thread)
    lines: "queue.Queue[dict[str, Any] | None]" = field(default_factory=queue.Queue)

    @staticmethod
    def start(data: Path, who: Who, place: Path, *options: str, before: tuple[str, ...] = ()) -> "Tenant":
        command = [*before, sys.executable, str(Path(__file__).with_name("tenant.py")), str(data), *options]
        if who.uid is not None:
            command += ["--become", str(who.uid)]
        if (copy := programs_for(who, place)) is not None:
            command += ["--programs", str(copy)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        tenant = Tenant(process)
        tenant.reader = threading.Thread(target=tenant._read, daemon=True)
        tenant.reader.start()
        return tenant

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.put(json.loads(line))
        self.lines.put(None)

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
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0

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
            self.process.terminate()
            self.process.wait(PATIENCE)
        assert self.process.stdin is not None
        self.process.stdin.close()
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
