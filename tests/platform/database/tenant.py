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
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("data", type=Path)
parser.add_argument("--become", type=int)
parser.add_argument("--programs", help="folder in which to look for the wheel first")
parser.add_argument("--largest-file", type=int, help="limit on the size of a file, in bytes")
parser.add_argument("--durable", action="store_true")
told = parser.parse_args()
if told.programs:
    sys.path.insert(0, told.programs)

import psycopg  # noqa: E402 - the place of the programs comes first

from ahadi.base.errors import SetupError  # noqa: E402
from ahadi.platform.database.embedded import EmbeddedServer  # noqa: E402


def say(what: str, value: object) -> None:
    print(json.dumps({what: value}), flush=True)  # noqa: T201 - this is how it answers


def become(uid: int) -> None:
    """Turn into another user, for good."""
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect("host=/nowhere")  # whatever the driver imports late
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main() -> int:
    if told.become is not None:
        become(told.become)
    if told.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (told.largest_file, told.largest_file))
    server = EmbeddedServer(told.data, report=lambda sentence: say("report", sentence), durable=told.durable)
    try:
        connections = server.start()
    except SetupError as problem:
        say("refused", problem.sentence)
        return 3
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    try:
        say("ready", dataclasses.asdict(connections))
        sys.stdin.read()
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
