"""A gateway on loopback, under a test's control: it answers, refuses, is slow, or takes a message and hangs up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

Way = Literal["answer", "hang up", "say nothing", "half an answer"]


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        return json.loads(self.body)


@dataclass
class Gateway:
    """Takes a message once per idempotency key where `honours` names the header."""

    honours: str = ""
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    arrived: list[Any] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    _next: list[tuple[int, dict[str, str], bytes, bool, Way]] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/messages"

    def then(
        self,
        status: int = 202,
        document: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        takes: bool = False,
        way: Way = "answer",
    ) -> None:
        """What happens to the next request; `takes` says whether its message arrives all the same."""
        body = raw if raw is not None else json.dumps(document if document is not None else {}).encode()
        self._next.append((status, headers or {}, body, takes, way))

    def _take(self, request: Request) -> str:
        key = request.headers.get(self.honours.lower(), "") if self.honours else ""
        if key in self._known:
            return self._known[key]
        self.arrived.append(request.document)
        named = f"sms-{len(self.arrived)}"
        if key:
            self._known[key] = named
        return named

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _read(reader)
            self.requests.append(request)
            self.came.set()
            if self._next:
                status, headers, body, takes, way = self._next.pop(0)
                if takes:
                    self._take(request)
            else:
                status, headers, way = 202, {}, "answer"
                body = json.dumps({"id": self._take(request), "status": "queued"}).encode()
            if way == "hang up":
                return
            if way == "say nothing":
                await reader.read()
                return
            lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *(f"{n}: {v}" for n, v in headers.items())]
            whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
            writer.write(whole[: -len(body) // 2] if way == "half an answer" else whole)
            await writer.drain()
            if way == "half an answer":
                return


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split(" ")[1], headers, body)


@asynccontextmanager
async def a_gateway(honours: str = "") -> AsyncIterator[Gateway]:
    gateway, tasks = Gateway(honours), set[asyncio.Task[None]]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await gateway.handle(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    try:
        yield gateway
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
