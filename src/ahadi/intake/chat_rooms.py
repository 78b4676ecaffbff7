"""Who watches which chat in this process, on either side: woken when it changes, told who types. Nothing is kept."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import structlog
from psycopg import OperationalError

from ahadi.base.errors import AhadiError, TooMany
from ahadi.contacts import chat_store
from ahadi.platform.database import Actor, Database
from ahadi.platform.live import CHANNEL, Hub, listen_to, organisations_in, whisper

log = structlog.get_logger(__name__)
TOLD = "ahadi_chat"
Side = Literal["visitor", "staff"]
_GATHER = 0.03  # seconds in which announcements are gathered into one look
_POLL = 1.0  # seconds after which a lost announcement is made up for
_WATCHERS = 12  # windows of one chat in one process


@dataclass(eq=False, slots=True)
class Room:
    """One who watches a chat. `version` is that of the chat as it was last read; `typing` who has been typing."""

    organisation_id: UUID
    chat_id: UUID
    version: int = -1
    typing: list[tuple[Side, str]] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to look at; False when nothing came."""
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        except TimeoutError:
            return False
        self.woken.clear()
        return True

    def heard(self) -> list[tuple[Side, str]]:
        """Who has been typing since this was asked last."""
        told, self.typing = self.typing, []
        return told


class Rooms:
    """One per process. A chat's own number says whether it changed, so that one look serves everybody."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._rooms: dict[UUID, set[Room]] = defaultdict(set)
        self._wake = asyncio.Event()
        self._grown: set[UUID] = set()
        self.closing = False
        hub.on_close.append(self.close)

    def join(self, organisation_id: UUID, chat_id: UUID) -> Room:
        """Watch a chat; raises TooMany where it is watched too often already."""
        if len(self._rooms[chat_id]) >= _WATCHERS:
            raise TooMany("This conversation is open too often; close it somewhere else.", retry_after=30)
        room = Room(organisation_id, chat_id)
        self._rooms[chat_id].add(room)
        return room

    def leave(self, room: Room) -> None:
        self._rooms[room.chat_id].discard(room)
        if not self._rooms[room.chat_id]:
            del self._rooms[room.chat_id]

    async def type(self, organisation_id: UUID, chat_id: UUID, side: Side, name: str = "") -> None:
        """Tell whoever watches a chat that somebody is typing in it."""
        await whisper(self._database, TOLD, f"{organisation_id} {chat_id} {side} {name}")

    async def nudge(self, organisation_id: UUID) -> None:
        """Something changed that the journal does not tell of, such as what was seen."""
        await whisper(self._database, TOLD, f"{organisation_id}")

    async def run(self) -> None:
        """Listen and wake, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(listen_to(self._database.url, (CHANNEL, TOLD), self._hear))
            group.create_task(self._follow())

    def _hear(self, channel: str, payload: str) -> None:
        if channel == CHANNEL:
            self._grown |= organisations_in(payload)
        else:
            organisation, _, rest = payload.partition(" ")
            chat, _, told = rest.partition(" ")
            if told:
                self._typed(UUID(chat), told)
                return
            self._grown.add(UUID(organisation))
        self._wake.set()

    def _typed(self, chat_id: UUID, told: str) -> None:
        side, _, name = told.partition(" ")
        for room in self._rooms.get(chat_id, ()):
            room.typing.append(("visitor" if side == "visitor" else "staff", name))
            room.woken.set()

    async def _follow(self) -> None:
        while True:
            everybody = False
            try:
                async with asyncio.timeout(_POLL):
                    await self._wake.wait()
            except TimeoutError:
                everybody = True
            await asyncio.sleep(_GATHER)
            self._wake.clear()
            grown, self._grown = self._grown, set()
            watched = [r for held in self._rooms.values() for r in held if everybody or r.organisation_id in grown]
            if watched:
                try:
                    await self._look(watched)
                except (AhadiError, OperationalError) as problem:
                    log.warning("chat.behind", error=type(problem).__name__)

    async def _look(self, watched: list[Room]) -> None:
        organisations = {each.organisation_id for each in watched}
        async with self._database.read(Actor.system(organisations)) as work:
            now = await chat_store.versions(work, organisations, {each.chat_id for each in watched})
        for room in watched:
            if now.get(room.chat_id) != room.version:
                room.woken.set()

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self.closing = True
        for held in self._rooms.values():
            for room in held:
                room.woken.set()
