"""Live changes: told after the commit, read by cursor, encoded once, sent to every listener that may see them."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from psycopg import AsyncConnection, OperationalError, sql

from ahadi.base.clock import iso
from ahadi.base.errors import AhadiError
from ahadi.platform import journal
from ahadi.platform.database import Actor, Database
from ahadi.platform.journal import Cursor, JournalRow, StaleCursor

log = structlog.get_logger(__name__)
CHANNEL = "ahadi_journal"
_COALESCE = 0.02  # seconds in which commits are gathered into one notification
_APART = 0.1  # seconds between two of them, which each process pays for: where much is written, more are gathered
_POLL = 1.0  # seconds after which a lost notification is made up for
_ROOM = 256  # batches a slow listener may lag behind before its stream is dropped; it returns by cursor


class Announcer:
    """Tells other processes which organisations' journals grew, after the commit and on a connection of its own.

    A NOTIFY inside the writing transaction would serialise the whole database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._grown: set[UUID] = set()
        self._wake = asyncio.Event()
        database.on_commit.append(self.tell)

    def tell(self, organisations: Iterable[UUID]) -> None:
        self._grown |= set(organisations)
        self._wake.set()

    async def run(self) -> None:
        """Send what was told, until cancelled."""
        loop, last = asyncio.get_running_loop(), 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(max(_COALESCE, last + _APART - loop.time()))
            last = loop.time()
            self._wake.clear()
            grown, self._grown = self._grown, set()
            for batch in _batches(sorted(map(str, grown)), 200):
                await whisper(self._database, CHANNEL, ",".join(batch))


def _batches(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))


async def listen(url: str, hear: Callable[[set[UUID]], None]) -> None:
    """Hear which organisations' journals grew, until cancelled; reconnects by itself."""
    await listen_to(url, (CHANNEL,), lambda _, payload: hear(organisations_in(payload)))


def organisations_in(payload: str) -> set[UUID]:
    """The organisations that an announcement names."""
    return {UUID(each) for each in payload.split(",") if each}


async def whisper(database: Database, channel: str, payload: str) -> None:
    """Tell something passing to every process that listens to a channel; nobody makes up for what is lost."""
    with contextlib.suppress(AhadiError, OperationalError):
        async with database.connection() as connection:
            await connection.execute(
                # A notification takes a transaction number, and so waits for the disk: needlessly, for what a crash
                # loses is made up for within a second.
                "select set_config('synchronous_commit', 'off', true), pg_notify(%(channel)s, %(payload)s)",
                {"channel": channel, "payload": payload},
            )


async def listen_to(url: str, channels: Iterable[str], hear: Callable[[str, str], None]) -> None:
    """Hear what is told on channels (the channel and its words), until cancelled; reconnects by itself."""
    while True:
        try:
            async with await AsyncConnection.connect(url, autocommit=True, application_name="ahadi live") as connection:
                for each in channels:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(each)))
                async for notification in connection.notifies():
                    hear(notification.channel, notification.payload)
        except OperationalError:
            log.warning("live.reconnecting")
        await asyncio.sleep(_POLL)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one organisation in the order of their sequence, encoded, and the cursor after them."""

    rows: tuple[JournalRow, ...]
    cursor: Cursor
    encoded: bytes


@dataclass(eq=False, slots=True)
class _Listener:
    actor: Actor
    queue: asyncio.Queue[Batch | None] = field(default_factory=lambda: asyncio.Queue(_ROOM))

    def put(self, batch: Batch) -> bool:
        try:
            self.queue.put_nowait(batch)
            return True
        except asyncio.QueueFull:
            self.end()
            return False

    def end(self) -> None:
        """End the stream at once: what waits in it is read again by whoever comes back with a cursor."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


def event(row: JournalRow) -> dict[str, Any]:
    """A journal row as the JSON that listeners and webhooks get."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "at": iso(row.at),
        "organisation_id": str(row.organisation_id),
        "case_id": str(row.case_id) if row.case_id else None,
        "subject_id": str(row.subject_id) if row.subject_id else None,
        "actor": {
            "kind": row.actor_kind,
            "id": str(row.actor_id) if row.actor_id else None,
            **({"behind": str(row.behind_id)} if row.behind_id else {}),  # who really acted, in the name of that person
        },
        "facts": row.facts,
    }


def encode(rows: Iterable[JournalRow], cursor: Cursor) -> bytes:
    """Server-sent events, one a row. Only the last carries the cursor: a stream cut in between resends the batch."""
    parts = [b"event: journal\ndata: " + orjson.dumps(event(row)) + b"\n" for row in rows]
    return b"\n".join(parts) + f"id: {cursor}\n\n".encode() if parts else b""


class Hub:
    """One per process: follows the journals somebody listens to and hands each batch to all their listeners."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[UUID, set[_Listener]] = defaultdict(set)
        self._cursors: dict[UUID, Cursor] = {}
        self._grown: set[UUID] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self.on_close: list[Callable[[], None]] = []  # told when the server stops

    @property
    def listeners(self) -> int:
        return sum(map(len, self._listeners.values()))

    def hear(self, organisations: set[UUID]) -> None:
        """Organisations whose journals grew; empty for any."""
        self._grown |= organisations & self._listeners.keys()
        if self._grown:
            self._wake.set()

    async def run(self) -> None:
        """Follow the journals, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(self._database.url, self.hear))
            group.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_POLL):
                    await self._wake.wait()
            except TimeoutError:
                self._grown |= {each for each, listeners in self._listeners.items() if listeners}
            self._wake.clear()
            grown, self._grown = self._grown, set()
            for organisation_id in grown:
                try:
                    await self._fan_out(organisation_id)
                except (AhadiError, OperationalError) as problem:
                    log.warning("live.behind", error=type(problem).__name__)

    def _begin_anew(self, organisation_id: UUID, head: Cursor, newcomer: _Listener | None = None) -> None:
        """The data was restored under us: who listened before must come back, and is told to load afresh."""
        for listener in list(self._listeners[organisation_id]):
            if listener is not newcomer:
                self._listeners[organisation_id].discard(listener)
                listener.end()
        self._cursors[organisation_id] = head

    async def _fan_out(self, organisation_id: UUID) -> None:
        listeners = self._listeners.get(organisation_id)
        cursor = self._cursors.get(organisation_id)
        while listeners and cursor:
            async with self._database.read(Actor.system([organisation_id])) as work:
                try:
                    rows, after = await journal.since(work, organisation_id, cursor)
                except StaleCursor:
                    self._begin_anew(organisation_id, await journal.head(work))
                    return
            self._cursors[organisation_id] = after
            if rows:
                batch = Batch(tuple(rows), after, encode(rows, after))
                for listener in list(listeners):
                    if not listener.put(batch):
                        listeners.discard(listener)
            if after.upto is None:
                return
            cursor = after

    async def _join(self, organisation_id: UUID, listener: _Listener) -> None:
        if not self._listeners[organisation_id]:
            async with self._database.read(Actor.system([organisation_id])) as work:
                head = await journal.head(work)
            if not self._listeners[organisation_id]:
                self._cursors[organisation_id] = head
        self._listeners[organisation_id].add(listener)

    async def stream(self, actor: Actor, organisation_id: UUID, after: Cursor | None) -> AsyncIterator[bytes]:
        """The organisation's events after a cursor (from now when None), each once, until the listener goes.

        It greets with `hello`, or with `stale` where the cursor is from before the data was restored: what was loaded
        then must be loaded afresh. A comment every 15 seconds keeps proxies from closing it; an overflowing or
        closing stream just ends, and the listener comes back with its last cursor.
        """
        listener = _Listener(actor)
        await self._join(organisation_id, listener)
        try:
            async with self._database.read(actor) as work:
                head = await journal.head(work)
            if self._cursors[organisation_id].epoch != head.epoch:
                self._begin_anew(organisation_id, head, listener)
            stale = after is not None and after.epoch != head.epoch
            cursor = head if after is None or stale else after
            yield f"retry: 1000\nid: {cursor}\nevent: {'stale' if stale else 'hello'}\ndata: {{}}\n\n".encode()
            more = cursor is after
            while more:
                async with self._database.read(actor) as work:
                    rows, cursor = await journal.since(work, organisation_id, cursor)
                if rows:
                    yield encode(rows, cursor)
                more = cursor.upto is not None
            seen = cursor.seen
            while not self._closing:
                try:
                    async with asyncio.timeout(15):
                        batch = await listener.queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if batch is None:
                    return
                fresh = [row for row in batch.rows if not journal.is_seen(row.xid, seen)]
                if len(fresh) == len(batch.rows):
                    yield batch.encoded
                elif fresh:
                    yield encode(fresh, batch.cursor)
        finally:
            self._listeners[organisation_id].discard(listener)

    def heard_by(self) -> list[tuple[UUID, Actor]]:
        """Who listens to which organisation."""
        return [(each, listener.actor) for each, heard in self._listeners.items() for listener in heard]

    def drop(self, organisation_id: UUID, actors: Collection[Actor]) -> None:
        """End the streams of actors who may listen to an organisation no more."""
        gone = {id(each) for each in actors}
        for listener in list(self._listeners.get(organisation_id, ())):
            if id(listener.actor) in gone:
                self._listeners[organisation_id].discard(listener)
                listener.end()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closing = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()
        for each in self.on_close:
            each()
