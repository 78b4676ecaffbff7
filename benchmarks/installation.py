"""Ahadi as a person would install it, run for measuring: its command line, its database, its address."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import Server

AHADI = Path(sys.executable).with_name("ahadi")
PATIENCE = 120.0  # seconds for a server to say that it is ready


def ahadi(data: Path, *words: str) -> str:
    """Run a command on the installation in a folder; what it printed. Raises RuntimeError with its own sentence."""
    done = subprocess.run(
        [AHADI, *words, "--data", str(data)],
        env=_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ahadi {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout


def token_for(data: Path, organisation: str) -> str:
    """A new token that may do everything in the organisation."""
    made = json.loads(ahadi(data, "token", "create", "--organisation", organisation, "--scopes", "all", "--json"))
    return str(made["token"])


def database_head(data: Path) -> int:
    """The process id of the head of the embedded PostgreSQL's family."""
    return int((data / "pg/postmaster.pid").read_text().split()[0])


@contextmanager
def running(
    data: Path, port: int, *words: str, settings: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Server]:
    """Start a command of Ahadi that serves, such as `run --only web`, and stop it in order afterwards.

    `settings` are variables without their `AHADI_`. Raises RuntimeError with its last words when it does not start.
    """
    log = log or data.with_suffix(".log")
    command = [str(AHADI), *words, "--data", str(data), "--port", str(port)]
    environment = _environment({f"AHADI_{name}": value for name, value in (settings or {}).items()})
    with serving(command, f"http://127.0.0.1:{port}", log, environment) as pid:
        yield Server(f"http://127.0.0.1:{port}", pid, database_head(data))


@contextmanager
def serving(command: list[str], url: str, log: Path, environment: Mapping[str, str]) -> Iterator[int]:
    """A server process that prints `ready …` when it is; its process id. It gets Ctrl-C's signal in the end."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
    try:
        until = time.monotonic() + PATIENCE
        while b"\nready" not in b"\n" + log.read_bytes():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{url} did not start: {log.read_text(errors='replace').strip()[-500:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours without what somebody's own installation is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AHADI_")}
    return {**kept, **settings}
