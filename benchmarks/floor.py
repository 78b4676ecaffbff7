"""The floor: a bare ASGI application that does what Ahadi's database work is for one touch and one intake, and no more.

It runs under the same server with as many processes and the same pool, checks the token as Ahadi does, runs the code
that `floor_code` wrote from tapes of the application, and answers with the rows as JSON. `LiveFloor` is a broadcast of
server-sent events and nothing else. Started as `python -m benchmarks.floor cases|live PORT PROCESSES`; configured by
`FLOOR_DATABASE_URL`, `FLOOR_DATA` (Ahadi's own folder), `FLOOR_CODE` (a folder with touch.py and intake.py) and
`FLOOR_TOKEN` (the one token).
"""

import asyncio
import contextlib
import hashlib
import os
import resource
import runpy
import signal
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import uvicorn
import uvloop

from ahadi.base.ids import reference_of
from ahadi.main.wiring import install
from ahadi.platform.settings import read_settings

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
NUMBER = "number for a reference"  # as though it had been asked for
PREFIX = "BN"  # as in bench.yaml
DRAW = "select nextval('case_number') from generate_series(1, 32)"
Respond = Callable[[Any, dict[str, Any], datetime], Awaitable[list[Any]]]


def flattened(value: Any, name: str = "") -> dict[str, Any]:
    """The plain values of a JSON document, by their path: `{"from": {"name": …}}` gives `from.name`."""
    if isinstance(value, dict):
        inside = (flattened(each, f"{name}.{key}" if name else key) for key, each in value.items())
        return {path: each for found in inside for path, each in found.items()}
    return {name: value}


class CasesFloor:
    """A touch and an intake by the code that was written for them."""

    def __init__(self) -> None:
        code = Path(os.environ["FLOOR_CODE"])
        self.touch: Respond = runpy.run_path(str(code / "touch.py"))["respond"]
        self.intake: Respond = runpy.run_path(str(code / "intake.py"))["respond"]
        self.tokens = {hashlib.sha256(os.environ["FLOOR_TOKEN"].encode()).digest()}
        settings = read_settings({"AHADI_DATA": os.environ["FLOOR_DATA"]})
        self.database = install(settings, os.environ["FLOOR_DATABASE_URL"], name="floor").database
        self.numbers: deque[int] = deque()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        token = next((value for name, value in scope["headers"] if name == b"authorization"), b"").partition(b" ")[2]
        if hashlib.sha256(token).digest() not in self.tokens:
            await _answer(send, 401, b"{}")
            return
        now = datetime.now(UTC)
        if scope["method"] == "GET":
            reference = scope["path"].split("/")[3]
            status, rows = 200, await self.touch(self.database.pool, {"reference": reference}, now)
        else:
            asked = flattened(orjson.loads(await _body(receive))) | {NUMBER: await self._number()}
            status, rows = 201, await self.intake(self.database.pool, asked, now)
        await _answer(send, status, orjson.dumps(rows, default=str))

    async def _number(self) -> int:
        """A number that gives a reference, drawn many at a time as Ahadi does."""
        while True:
            if not self.numbers:
                async with self.database.pool.connection() as connection:
                    found = await connection.execute(DRAW)
                    self.numbers.extend(row[0] for row in await found.fetchall())
            number = self.numbers.popleft()
            if reference_of(PREFIX, number):
                return number

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.database.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.database.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class LiveFloor:
    """Whoever asks hears what is posted, as it is: the least that a broadcast can be."""

    def __init__(self) -> None:
        self.listeners: set[asyncio.Queue[bytes]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["method"] == "POST":
            said = await _body(receive)
            for queue in self.listeners:
                queue.put_nowait(said)
            await _answer(send, 200, b"{}")
        else:
            await self._listen(send)

    async def _listen(self, send: Send) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.listeners.add(queue)
        headers = [(b"content-type", b"text/event-stream")]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
            while True:
                await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
        finally:
            self.listeners.discard(queue)


def serve(kind: str, port: int, processes: int) -> None:
    """Serve as `ahadi run` does: processes forked from one, taking from one listening socket; until Ctrl-C."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, hard) if hard > 0 else 65_536, hard))
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    children = []
    for _ in range(processes):
        if pid := os.fork():
            children.append(pid)
        else:
            _serve_one(CasesFloor() if kind == "cases" else LiveFloor(), listener)
            os._exit(0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()

    def stop(*_: object) -> None:
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    for pid in children:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _serve_one(application: Any, listener: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = uvicorn.Config(
        application,
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
