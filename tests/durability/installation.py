"""A real installation in a folder: started, killed in part or whole, started again."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ahadi.platform.database import cluster

Kind = Literal["web", "worker", "database server", "database backend", "parent"]
KINDS: tuple[Kind, ...] = ("web", "worker", "database server", "database backend", "parent")
AHADI = Path(sys.executable).with_name("ahadi")
HERE = Path(__file__).parent
START_WITHIN = 90.0
OUTLIVES_AT_MOST = 15.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Outside:
    """The mail server and the receiver of webhooks, in a process of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "outside.py"), str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.smtp_port, self.http_port = map(int, self._process.stdout.readline().split())

    def mails(self) -> list[str]:
        """The Message-IDs of the mails it took, in order."""
        return [json.loads(line)["message_id"] for line in (self._folder / "mails.jsonl").read_text().splitlines()]

    def webhooks(self) -> list[str]:
        """What the webhooks it took were about."""
        return [json.loads(line)["subject"] for line in (self._folder / "webhooks.jsonl").read_text().splitlines()]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Installation:
    """`ahadi run` on a folder, with two web and two worker processes and the embedded database, on disk for good."""

    def __init__(self, folder: Path, outside: Outside, *, job_lease: int = 60) -> None:
        self.data = folder / "data"
        self.port, self.mail_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "run.log"
        self._process: subprocess.Popen[str] | None = None
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("AHADI_")} | {
            "AHADI_DATA": str(self.data),
            "AHADI_PORT": str(self.port),
            "AHADI_WEB_PROCESSES": "2",
            "AHADI_WORKER_PROCESSES": "2",
            "AHADI_SMTP_URL": f"smtp://127.0.0.1:{outside.smtp_port}",
            "AHADI_MAIL_LISTEN": f"127.0.0.1:{self.mail_port}",
            "AHADI_MAIL_DOMAIN": "ahadi.example",
            "AHADI_OUTGOING_ALLOW": "127.0.0.1/32",
            "AHADI_JOB_LEASE_SECONDS": str(job_lease),
            "AHADI_LOG_LEVEL": "warning",
        }

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `ahadi …` to its end."""
        return subprocess.run([str(AHADI), *words], env=self._environment, capture_output=True, text=True, check=False)

    # Life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it is ready; again while what it left behind still ends."""
        until = time.monotonic() + START_WITHIN
        while True:
            with self._log.open("a") as log:
                self._process = subprocess.Popen(
                    [str(AHADI), "run"], env=self._environment, stdout=subprocess.PIPE, stderr=log, text=True
                )
            assert self._process.stdout is not None
            if self._process.stdout.readline().startswith("ready"):
                return
            self._process.wait()
            self._process.stdout.close()
            assert time.monotonic() < until, f"it does not start: {self._log.read_text()[-2000:]}"
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._forget()

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    # Death ---------------------------------------------------------------------------------------------------

    def processes(self, kind: Kind) -> list[int]:
        """The process ids of a kind that live now."""
        assert self._process is not None
        match kind:
            case "parent":
                return [self._process.pid]
            case "web" | "worker":
                return [pid for pid, name in _children(self._process.pid) if name == f"ahadi-{kind}"]
            case "database server":
                server = cluster.postmaster(self.data / "pg")
                return [server] if server else []
            case "database backend":
                server = cluster.postmaster(self.data / "pg")
                return [pid for pid in cluster.everyone_in(self.data / "pg") if pid != server]

    def kill(self, kind: Kind, chance: random.Random) -> bool:
        """`kill -9` one process of a kind; False when none lives just now. A killed parent is waited for."""
        living = self.processes(kind)
        if not living:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(sorted(living)), signal.SIGKILL)
        if kind == "parent":
            assert self._process is not None
            self._process.wait()
            self._forget()
        return True

    def leftovers(self) -> list[int]:
        """Processes that outlived the killed parents they belonged to by more than they may."""
        until = time.monotonic() + OUTLIVES_AT_MOST
        while (found := self._mine()) and time.monotonic() < until:
            time.sleep(0.1)
        return found

    def _mine(self) -> list[int]:
        mark = f"AHADI_DATA={self.data}".encode()
        found = []
        for each in Path("/proc").iterdir():
            if each.name.isdigit():
                with suppress(OSError):
                    words = (each / "environ").read_bytes().split(b"\0")
                    if mark in words and (each / "comm").read_text().startswith("ahadi"):
                        found.append(int(each.name))
        return found


def _children(parent: int) -> list[tuple[int, str]]:
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                name, _, rest = (each / "stat").read_text().rpartition(")")
                if int(rest.split()[1]) == parent and rest.split()[0] != "Z":
                    found.append((int(each.name), name.partition("(")[2]))
    return found
