"""PostgreSQL's own client programs, run beside ours: pg_dump, pg_restore, psql."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ahadi.base.errors import SetupError
from ahadi.platform.database.binaries import MAJOR, programs


@dataclass
class Program:
    """One of PostgreSQL's programs at work, and what it says about it."""

    process: "subprocess.Popen[bytes]"
    words: IO[bytes]
    said: str = ""

    @staticmethod
    @contextmanager
    def running(command: list[str], dsn: str = "", **pipes: Any) -> Iterator["Program"]:
        """Run it; at the end of the block it has ended. The password does not go where other users can see it."""
        environment = os.environ | {"LC_ALL": "C"}
        if dsn:
            address: dict[str, Any] = dict(conninfo_to_dict(dsn))
            if password := address.pop("password", None):
                environment["PGPASSWORD"] = password
            command = [*command, f"--dbname={make_conninfo(**address)}"]
        with os.fdopen(os.memfd_create("words"), "w+b") as words:
            program = Program(subprocess.Popen(command, stderr=words, env=environment, **pipes), words)
            try:
                yield program
            except BaseException:
                program.process.kill()
                raise
            finally:
                for pipe in (program.process.stdin, program.process.stdout):
                    with contextlib.suppress(BrokenPipeError):
                        if pipe is not None:
                            pipe.close()
                program.process.wait()
                words.seek(0)
                program.said = words.read().decode(errors="replace")

    def check(self, failed: str) -> None:
        """Raise SetupError with its first words when it did not succeed."""
        if self.process.returncode:
            lines = self.said.strip().splitlines() or ["it said nothing"]
            first = next((line for line in lines if "ERROR" in line or "error:" in line), lines[0])
            raise SetupError(f"{failed}: {first}")


def tool(name: str, connection: Connection[Any]) -> str:
    """The program that can reach this server: ours, which knows no TLS and no later PostgreSQL, or the system's.

    Raises SetupError when neither can.
    """
    wanted = max(MAJOR, connection.info.server_version // 10000)
    if wanted == MAJOR and not connection.pgconn.ssl_in_use:
        return str(programs() / name)
    if found := shutil.which(name):
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"\d+", said)
        if version and int(version[0]) >= wanted:
            return found
    raise SetupError(
        f"This database needs a {name} of PostgreSQL {wanted} or later that knows TLS, and none was found: install"
        " PostgreSQL's client programs."
    )
