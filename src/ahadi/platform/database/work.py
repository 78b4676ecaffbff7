"""One unit of work: an open transaction with who acts, for which organisations, and when."""

from asyncio import sleep
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, Literal, LiteralString, TypeVar
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import AsyncRowFactory, class_row, dict_row, tuple_row

from ahadi.base.errors import Forbidden, NotFound
from ahadi.base.ids import uuid7
from ahadi.platform.database.puts import Kind, Rows, statement
from ahadi.platform.database.visible import VISIBLE, Standing, standing_alone, visible
from ahadi.platform.house import House

Record = TypeVar("Record")
Params = Mapping[str, Any]
ActorKind = Literal["person", "token", "customer", "system"]
EVERYTHING = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `grants` maps each organisation to the permissions held there; `*` stands for all of them.

    `behind` is the real person when somebody acts in another's name. `case_id` confines a customer to one case.
    `standing` is what must still hold for the actor to be who they say, where that has not been asked yet.
    """

    kind: ActorKind
    id: UUID | None
    grants: Mapping[UUID, frozenset[str]]
    behind: UUID | None = None
    case_id: UUID | None = None
    session_id: UUID | None = None
    standing: Standing | None = None

    @staticmethod
    def system(organisations: Iterable[UUID]) -> "Actor":
        """The installation itself: the watch, jobs, imports."""
        return Actor("system", None, dict.fromkeys(organisations, EVERYTHING))

    @property
    def organisations(self) -> tuple[UUID, ...]:
        return tuple(self.grants)

    @property
    def person_id(self) -> UUID | None:
        """The person who acts, where it is one."""
        return self.id if self.kind == "person" else None

    def may(self, organisation_id: UUID, permission: str) -> bool:
        held = self.grants.get(organisation_id, frozenset())
        return permission in held or "*" in held


@dataclass(frozen=True, slots=True)
class Answer(Generic[Record]):
    """The result of a statement that was sent and not yet waited for: several of them share one round trip."""

    cursor: AsyncCursor[Record]

    async def one(self) -> Record | None:
        """The first row, or None."""
        return await self.cursor.fetchone()

    async def all(self) -> list[Record]:
        """Every row."""
        return await self.cursor.fetchall()


@dataclass(slots=True)
class Work:
    """The open transaction that every action takes first. Made and committed by entry points only.

    `now` is business time, `real_now` real time, both UTC. What `put`, `record` and `enqueue` are given is written
    together: before the next statement, or by `flush`, which the entry point calls before it commits. So state, journal
    and jobs stand or fall together.
    """

    connection: AsyncConnection[Any]
    actor: Actor
    now: datetime
    real_now: datetime
    house: House = field(default_factory=House)
    kept: dict[Hashable, Any] = field(default_factory=dict)  # what this transaction wrote or read, by what it is
    numbers: deque[int] = field(default_factory=deque)  # drawn from sequences and not used yet; of the process
    journalled_as: Actor | None = None  # who stands in the journal, where it is not `actor`
    alone: bool = False  # each statement is a transaction of its own, and says itself what may be seen
    rows_to_write: Rows = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)

    def as_installation(self, organisation_id: UUID) -> "Work":
        """The same work with every permission in one organisation, for what follows from an act by itself.

        The journal still names the original actor.
        """
        inside = replace(Actor.system([organisation_id]), standing=self.actor.standing)
        return replace(self, actor=inside, journalled_as=self.journalled_as or self.actor)

    def permit(self, organisation_id: UUID, permission: str) -> None:
        """Raise NotFound when the actor has nothing to do with the organisation, Forbidden when not allowed this."""
        if organisation_id not in self.actor.grants:
            raise NotFound("There is no such organisation, or you have no access to it.")
        if not self.actor.may(organisation_id, permission):
            raise Forbidden(
                f"This needs the permission {permission}; ask an administrator of the organisation for it.",
                permission=permission,
            )

    # Reading and writing -------------------------------------------------------------------------------------

    async def execute(self, sql: LiteralString, params: Params | None = None) -> AsyncCursor[Any]:
        """Run one statement; in a pipeline its result is not waited for unless it is fetched."""
        return await self._run(tuple_row, sql, params)

    async def many(self, sql: LiteralString, rows: Sequence[Params]) -> None:
        """Run one statement for each row, in one batch."""
        if rows:
            await self.flush()
            async with self.connection.cursor() as cursor:
                await cursor.executemany(sql, rows)

    async def ask(self, record: type[Record], sql: LiteralString, params: Params | None = None) -> Answer[Record]:
        """Send a statement now and read its rows later, so that several share one round trip."""
        return Answer(await self._run(class_row(record), sql, params))

    async def one(self, record: type[Record], sql: LiteralString, params: Params | None = None) -> Record | None:
        """The first row as a record (columns become its fields by name), or None."""
        return self._found(await (await self._run(class_row(record), sql, params)).fetchone())

    async def all(self, record: type[Record], sql: LiteralString, params: Params | None = None) -> list[Record]:
        """Every row as a record."""
        return self._found(await (await self._run(class_row(record), sql, params)).fetchall())

    async def row(self, sql: LiteralString, params: Params | None = None) -> dict[str, Any] | None:
        """The first row as a dictionary, or None."""
        return self._found(await (await self._run(dict_row, sql, params)).fetchone())

    async def rows(self, sql: LiteralString, params: Params | None = None) -> list[dict[str, Any]]:
        """Every row as a dictionary."""
        return self._found(await (await self._run(dict_row, sql, params)).fetchall())

    async def value(self, sql: LiteralString, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self._found(await (await self._run(tuple_row, sql, params)).fetchone())
        return row[0] if row else None

    async def _run(
        self, rows: AsyncRowFactory[Record], sql: LiteralString, params: Params | None
    ) -> AsyncCursor[Record]:
        if self.rows_to_write:
            await self.flush()
        if self.alone:
            standing = self.actor.standing
            sql = standing_alone(sql, standing.holds if standing else "")
            params = {
                **(params or {}),
                **(standing.params if standing else {}),
                VISIBLE: visible(self.actor.organisations),
            }
        cursor = self.connection.cursor(row_factory=rows)
        await cursor.execute(sql, params)
        if not self.alone:
            await sleep(0)  # what is asked together with this is sent before the first of it is waited for
        return cursor

    def _found(self, rows: Record) -> Record:
        """What was found. That there is something tells, of a statement that stands alone, that the actor stands."""
        if self.alone and rows:
            self.kept[Standing] = True
        return rows

    # What goes with the change -------------------------------------------------------------------------------

    def record(
        self,
        kind: str,
        organisation_id: UUID,
        *,
        case_id: UUID | None = None,
        subject_id: UUID | None = None,
        **facts: Any,
    ) -> None:
        """Add a journal row, such as `promise.kept`, written in this transaction."""
        actor = self.journalled_as or self.actor
        self.put(
            "journal",
            {
                "organisation_id": organisation_id,
                "id": uuid7(),
                "at": self.now,
                "recorded_at": self.real_now,
                "kind": kind,
                "case_id": case_id,
                "subject_id": subject_id,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "behind_id": actor.behind,
                "facts": facts,
            },
        )
        self.touched.add(organisation_id)

    def enqueue(
        self,
        kind: str,
        organisation_id: UUID | None = None,
        *,
        due: datetime | None = None,
        key: str | None = None,
        **args: Any,
    ) -> None:
        """Add a job, due in *real* time (now when not said). Of jobs with one `key` only one waits at a time."""
        self.put(
            "job",
            {
                "id": uuid7(),
                "kind": kind,
                "organisation_id": organisation_id,
                "key": key,
                "args": args,
                "due": due or self.real_now,
                "made_at": self.real_now,
            },
            conflict="(key) where key is not null and not dead do nothing",
        )

    def put(self, table: LiteralString, row: Mapping[str, Any], *, conflict: LiteralString = "") -> None:
        """Insert a row, together with all others that wait (see `puts`). Read only what was flushed: any statement
        of this work does that first. `conflict` is what stands after `on conflict`."""
        self.rows_to_write.setdefault(Kind(table, tuple(row), conflict), []).append(row)

    async def flush(self) -> None:
        """Write the rows that wait. The entry point calls it before it commits, every statement before it runs."""
        if self.rows_to_write:
            sql, params = statement(self.rows_to_write)
            self.rows_to_write.clear()
            await self.connection.execute(sql, params)


WorkMaker = Callable[[Actor], AbstractAsyncContextManager[Work]]
Deed = Callable[[Work], Awaitable[Record]]
