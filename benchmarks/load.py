"""Load from `wrk`: requests a second, how long they took, and the processor time they cost."""

import itertools
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from benchmarks.processes import processor_seconds

SCRIPT = Path(__file__).with_name("request.lua")
# Numbers that requests carry never come twice, in this run or in an earlier one on the same database.
_series = itertools.count(int(time.time()))


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request; `{n}`, `{choice}` and `{caller}` in its texts are filled each time (see request.lua)."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    choices: Path | None = None
    callers: Path | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers: `pid` is the head of its family of processes, `database` the head of PostgreSQL's.

    Where the database was started by the server, its processor time is counted as the database's alone.
    """

    url: str
    pid: int | None = None
    database: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One round, or the middle of several. Processor time is in milliseconds a request; times as wrk saw them."""

    rate: float
    p50_ms: float
    p99_ms: float
    failed: float
    server_ms: float
    database_ms: float

    @property
    def processor_ms(self) -> float:
        return self.server_ms + self.database_ms


def measure(server: Server, request: Request, *, callers: int, seconds: float) -> Measured:
    """Ask a server the same kind of thing from so many callers at once, for so long.

    Raises RuntimeError when requests failed: a server that refuses is fast.
    """
    environment = {
        **os.environ,
        "METHOD": request.method,
        "TARGET": request.target,
        "BODY": request.body,
        "HEADERS": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
        "SERIES": str(next(_series)),
        **({"CHOICES": str(request.choices)} if request.choices else {}),
        **({"CALLERS": str(request.callers)} if request.callers else {}),
    }
    command = ["wrk", "-t1", f"-c{callers}", f"-d{seconds:g}s", "--timeout", "60s", "-s", str(SCRIPT), server.url]
    before = used(server)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = used(server)
    if done.returncode or "RESULT " not in done.stdout:
        raise RuntimeError(f"wrk could not measure {server.url}: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.rpartition("RESULT ")[2])
    if not found["requests"] or found["failed"]:
        raise RuntimeError(
            f"{found['failed']} of {found['requests']} requests to {server.url}{request.target} failed; nothing is"
            " learned from that."
        )
    each = [(late - early) * 1000 / found["requests"] for early, late in zip(before, after, strict=True)]
    return Measured(
        rate=found["requests"] / (found["microseconds"] / 1e6),
        p50_ms=found["p50"] / 1000,
        p99_ms=found["p99"] / 1000,
        failed=found["failed"],
        server_ms=each[0],
        database_ms=each[1],
    )


def used(server: Server) -> tuple[float, float]:
    """Processor seconds of a server's own processes and of its database's, since they began."""
    return (
        processor_seconds(server.pid, but=server.database) if server.pid else 0.0,
        processor_seconds(server.database) if server.database else 0.0,
    )


def alternately(contenders: Mapping[str, Callable[[], Measured]], *, rounds: int = 3) -> dict[str, Measured]:
    """The middle of several rounds of each, taken in turn, so that the machine's moods touch all alike.

    A round of each goes before and is thrown away: caches fill, connections open, statements are prepared.
    """
    taken: dict[str, list[Measured]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, once in contenders.items():
            found = once()
            if number:
                taken[name].append(found)
    return {name: middle(found) for name, found in taken.items()}


def middle(found: list[Measured]) -> Measured:
    """The median of each figure on its own."""
    return Measured(*(statistics.median(getattr(one, each.name) for one in found) for each in fields(Measured)))
