"""How soon a change reaches everybody who listens: many server-sent-event streams held by one client."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds until a stream that heard nothing fails the benchmark


@dataclass(eq=False, slots=True)
class _Stream(asyncio.Protocol):
    """One listener, as thin as it can be: the moment an event reaches it."""

    request: bytes
    listeners: "Listeners"
    opened: bool = False
    heard: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self.request)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        if not self.opened:
            self.opened = True
            if b" 200 " not in data[:32]:
                self.listeners.failed(data[:200].decode(errors="replace"))
            self.listeners.one_less()
        elif self.listeners.listening and self.heard is None and b"data:" in data:
            self.heard = time.perf_counter()
            self.listeners.size = len(data)
            self.listeners.one_less()

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.listeners.closing:
            self.listeners.failed(f"the server closed a stream ({problem})")


def _itself(stream: _Stream) -> _Stream:
    return stream


@dataclass(eq=False, slots=True)
class Listeners:
    """Streams of one server. `size` is the length of the last event, as it came."""

    streams: list[_Stream] = field(default_factory=list)
    transports: list[asyncio.Transport] = field(default_factory=list)
    waiting: int = 0
    size: int = 0
    listening: bool = False  # greetings and stragglers are no news
    closing: bool = False
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _problem: str | None = None

    async def open(self, url: str, headers: Mapping[str, str], count: int) -> None:
        """Open so many streams, a few at a time. Raises RuntimeError when one is refused."""
        address = urlsplit(url)
        host, port = address.hostname or "", address.port or 80
        lines = [f"GET {address.path} HTTP/1.1", f"Host: {address.netloc}", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        for first in range(0, count, 50):
            number = min(50, count - first)
            self._expect(number)
            for _ in range(number):
                stream = _Stream(request, self)
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(partial(_itself, stream), host, port)
                self.streams.append(stream)
                self.transports.append(transport)
            await self._wait("opened")

    async def delays(self, change: Callable[[], Awaitable[None]]) -> list[float]:
        """Make a change; the seconds from then until each stream has heard of it."""
        for stream in self.streams:
            stream.heard = None
        self._expect(len(self.streams))
        self.listening = True
        began = time.perf_counter()
        await change()
        await self._wait("told of a change")
        self.listening = False
        return [stream.heard - began for stream in self.streams if stream.heard]

    def close(self) -> None:
        self.closing = True
        for transport in self.transports:
            transport.abort()

    def one_less(self) -> None:
        """One of those waited for has come."""
        self.waiting -= 1
        if not self.waiting:
            self._done.set()

    def failed(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._done.set()

    def _expect(self, number: int) -> None:
        self._done.clear()
        self.waiting = number

    async def _wait(self, what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._done.wait()
        except TimeoutError:
            self._problem = f"{self.waiting} of {len(self.streams)} streams were not {what} in {PATIENCE:g} s"
        if self._problem:
            raise RuntimeError(self._problem)
