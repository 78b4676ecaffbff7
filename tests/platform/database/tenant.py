"""A program that uses the embedded server, to be ended in every way: what `ahadi run` does with it and nothing more.

Started as root it first becomes the user it is told to be: by then everything is imported, because that user may be
unable to read Python itself. It writes JSON lines, stays until its input ends, and then lets go.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from ahadi.base.errors import SetupError
from ahadi.platform.database.binaries import programs
from ahadi.platform.database.embedded import EmbeddedServer


def say(what: str, value: object) -> None:
    os.write(1, f"{json.dumps({what: value})}\n".encode())


def become(uid: int) -> None:
    """Turn into another user, for good."""
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect("host=/nowhere")  # whatever the driver imports late
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--become", type=int)
    parser.add_argument("--programs", help="folder in which to look for the wheel first")
    parser.add_argument("--largest-file", type=int, help="limit on the size of a file, in bytes")
    told = parser.parse_args(arguments)
    if told.programs:
        sys.path.insert(0, told.programs)
        programs.cache_clear()
    if told.become is not None:
        become(told.become)
    if told.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (told.largest_file, told.largest_file))
    server = EmbeddedServer(told.data, report=lambda sentence: say("report", sentence), durable=False)
    try:
        connections = server.start()
    except SetupError as problem:
        say("refused", problem.sentence)
        return 3
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    try:
        say("ready", dataclasses.asdict(connections))
        while os.read(0, 1024):
            pass
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
