"""Every listener's delay is counted, and a server that refuses or goes silent is not taken for a fast one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks import live
from benchmarks.live import Listeners

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Station:
    """A server of events that does as it is told."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.forgotten = 0
        self.head = HEAD + b"event: hello\ndata: {}\n\n"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.head)
        self.writers.append(writer)

    async def say(self) -> None:
        for writer in self.writers[self.forgotten :]:
            writer.write(b"event: journal\ndata: {}\n\n")

    @asynccontextmanager
    async def on_air(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/live"
        finally:
            for writer in self.writers:
                writer.close()
            server.close()
            await server.wait_closed()


async def test_each_change_gives_a_delay_for_each_stream() -> None:
    station, listeners = Station(), Listeners()
    async with station.on_air() as url:
        await listeners.open(url, {"Authorization": "Bearer x"}, 120)
        for _ in range(2):
            delays = await listeners.delays(station.say)
            assert len(delays) == 120
            assert min(delays) > 0
        listeners.close()


async def test_a_server_that_refuses_a_stream_fails_the_measurement() -> None:
    station, listeners = Station(), Listeners()
    station.head = b"HTTP/1.1 401 Unauthorized\r\n\r\n"
    async with station.on_air() as url:
        with pytest.raises(RuntimeError, match="401"):
            await listeners.open(url, {}, 1)
        listeners.close()


async def test_a_stream_that_hears_nothing_fails_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.05)
    station, listeners = Station(), Listeners()
    async with station.on_air() as url:
        await listeners.open(url, {}, 3)
        station.forgotten = 1
        with pytest.raises(RuntimeError, match="1 of 3 streams were not told"):
            await listeners.delays(station.say)
        listeners.close()
