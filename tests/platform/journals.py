"""Writers whose transactions stay open as long as a test wants, and what a stream said."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from ahadi.base.ids import uuid7
from ahadi.platform.database import Database, set_organisations

ORGANISATION = UUID(int=7)
OTHER = UUID(int=8)
AT = "2026-11-24T07:00:00Z"


class Writer:
    """One connection that writes journal rows in a transaction of its own."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection
        self.open = False

    async def write(self, kind: str, organisation_id: UUID = ORGANISATION) -> None:
        if not self.open:
            await self._connection.execute("begin")
            self.open = True
        await set_organisations(self._connection, [organisation_id])
        await self._connection.execute(
            "insert into journal (organisation_id, id, at, recorded_at, kind, actor_kind, facts)"
            " values (%(organisation_id)s, %(id)s, %(at)s, %(at)s, %(kind)s, 'system', '{}')",
            {"organisation_id": organisation_id, "id": uuid7(), "at": AT, "kind": kind},
        )

    async def commit(self) -> None:
        if self.open:
            await self._connection.execute("commit")
            self.open = False

    async def rollback(self) -> None:
        if self.open:
            await self._connection.execute("rollback")
            self.open = False


@asynccontextmanager
async def writers(database: Database, count: int) -> AsyncIterator[list[Writer]]:
    async with AsyncExitStack() as stack:
        yield [
            Writer(await stack.enter_async_context(await AsyncConnection.connect(database.url, autocommit=True)))
            for _ in range(count)
        ]


class Heard:
    """What came over a stream: kinds in order, and the last cursor a browser would come back with."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self.kinds: list[str] = []
        self.names: list[str] = []  # of the greetings
        self.last_id = ""
        self.ended = False

    async def next(self) -> None:
        """Take the next piece of the stream."""
        try:
            piece = await anext(self._stream)
        except StopAsyncIteration:
            self.ended = True
            return
        for block in piece.decode().split("\n\n"):
            fields = [line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")]
            for name, value in fields:
                if name == "id":
                    self.last_id = value
                elif name == "event" and value != "journal":
                    self.names.append(value)
                elif name == "data" and value != "{}":
                    self.kinds.append(orjson.loads(value)["kind"])

    async def until(self, count: int) -> list[str]:
        """Listen until so many events were heard."""
        while len(self.kinds) < count and not self.ended:
            await self.next()
        return self.kinds

    async def close(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]
