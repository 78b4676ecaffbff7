"""The floor: a bare ASGI application that does what Ahadi's database work is for one touch and one intake, and no more.

It runs under the same server with as many processes and the same pool, checks the token as Ahadi does, runs the code
that `floor_code` wrote from tapes of the application, and answers with the rows as JSON. Configured by `FLOOR_…`:
DATABASE_URL, CONNECTIONS, CODE (a folder with touch.py and intake.py) and TOKEN (the hex SHA-256 of the one token).
"""

import hashlib
import os
import runpy
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ahadi.base.clock import SystemClock
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Database

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Respond = Callable[[Any, dict[str, Any], datetime], Awaitable[list[Any]]]


def flattened(value: Any, name: str = "") -> dict[str, Any]:
    """The plain values of a JSON document, by their path: `{"from": {"name": …}}` gives `from.name`."""
    if isinstance(value, dict):
        inside = (flattened(each, f"{name}.{key}" if name else key) for key, each in value.items())
        return {path: each for found in inside for path, each in found.items()}
    return {name: value}


class Floor:
    """The application. `touch` and `intake` are the codes written for them."""

    def __init__(self) -> None:
        code = Path(os.environ["FLOOR_CODE"])
        self.touch: Respond = runpy.run_path(str(code / "touch.py"))["respond"]
        self.intake: Respond = runpy.run_path(str(code / "intake.py"))["respond"]
        self.tokens = {bytes.fromhex(os.environ["FLOOR_TOKEN"])}
        self.database = Database(
            os.environ["FLOOR_DATABASE_URL"],
            BusinessClock("system", SystemClock()),
            connections=int(os.environ["FLOOR_CONNECTIONS"]),
        )

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
            asked = flattened(orjson.loads(await _body(receive)))
            status, rows = 201, await self.intake(self.database.pool, asked, now)
        await _answer(send, status, orjson.dumps(rows, default=str))

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


def application() -> Floor:
    """For `uvicorn --factory`."""
    return Floor()
