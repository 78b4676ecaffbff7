"""Connections to PostgreSQL and the two ways to use them: `work` (one transaction) and `read` (one round trip)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection, Error, OperationalError
from psycopg.errors import InFailedSqlTransaction, LockNotAvailable
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from ahadi.base.errors import SetupError, Unavailable
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database.roles import check_application_role
from ahadi.platform.database.visible import Standing, set_organisations
from ahadi.platform.database.work import Actor, Work
from ahadi.platform.house import House

set_json_loads(orjson.loads)
NO_ANSWER = "The database does not answer; try again in a moment."
LOCK_WAIT = "15s"  # for what somebody else is changing
KNOCK_EVERY = 1.0  # seconds, at a database that has been away for twice as long
LONGEST_WORK = "5min"  # a process that froze in the middle of its work loses it, and with it what it had locked


class Busy(Unavailable):
    """Somebody else has been changing the same thing for too long."""

    code = "busy"


async def _bound(connection: AsyncConnection[Any]) -> None:
    """See to it that nobody waits for ever for a process that hangs.

    (`idle_in_transaction_session_timeout` does not see a client that hangs within a pipeline; PostgreSQL 17 does.)
    """
    await connection.execute(
        "select set_config(name, case name when 'lock_timeout' then %(lock)s else %(longest)s end, false)"
        " from pg_settings where name in ('lock_timeout', 'transaction_timeout')",
        {"lock": LOCK_WAIT, "longest": LONGEST_WORK},
    )


@asynccontextmanager
async def _transaction(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    """A transaction in one pipeline, whose commit leaves with the last statements.

    psycopg's own `transaction()` waits before the commit and twice after it. The commit need not: where a statement
    before it fails, the server passes over it. Within, use `savepoint` and not `transaction()`, which would not see
    that one has begun.
    """
    try:
        async with connection.pipeline():
            await connection.execute("begin")
            yield
            ended = await connection.execute("commit")
    except BaseException:
        with suppress(Error):  # a connection that is lost has nothing to undo
            await connection.rollback()
        raise
    if ended.statusmessage != "COMMIT":  # an error was caught inside, and the server undid everything
        raise InFailedSqlTransaction("the transaction had failed and was undone")


class Database:
    """A pool of connections as the application's role.

    After a commit, `on_commit` is told which organisations' journals grew; it must not wait.
    """

    def __init__(
        self,
        url: str,
        clock: BusinessClock,
        *,
        house: House | None = None,
        connections: int = 8,
        application: str = "ahadi",
    ) -> None:
        self.url = url
        self.clock = clock
        self.house = house or House()
        self.numbers: deque[int] = deque()
        self.on_commit: list[Any] = []
        self._knocking: asyncio.Task[None] | None = None
        self.pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=min(2, connections),
            max_size=connections,
            open=False,
            timeout=15.0,
            reconnect_timeout=2 * KNOCK_EVERY,
            reconnect_failed=self._is_away,
            kwargs={
                "autocommit": True,
                "application_name": application,
                "prepare_threshold": 2,
                "connect_timeout": 10,
            },
            configure=_bound,
            name=application,
        )

    async def open(self) -> None:
        """Connect, and refuse a role that row-level security would not hold.

        Raises SetupError with what to do when the database cannot be reached or the role is too strong.
        """
        try:
            probe = await AsyncConnection.connect(self.url, autocommit=True, connect_timeout=10)
        except OperationalError as problem:
            raise SetupError(
                f"The database cannot be reached ({str(problem).strip().splitlines()[0]}); start it or mend"
                " AHADI_DATABASE_URL."
            ) from problem
        async with probe:
            await check_application_role(probe)
        await self.pool.open(wait=True, timeout=30)

    async def close(self) -> None:
        await self.pool.close()

    async def _is_away(self, _: object) -> None:
        if self._knocking is None or self._knocking.done():
            self._knocking = asyncio.create_task(self._knock())

    async def _knock(self) -> None:
        """Ask for a connection until there is one.

        Left alone, the pool doubles its pause after each failure, and stays away for as long again as the database was.
        """
        while True:
            try:
                async with self.pool.connection(timeout=KNOCK_EVERY):
                    return
            except PoolClosed:
                return
            except OperationalError:
                continue

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A bare autocommit connection, for what is not work on an organisation (sign-in, clock, jobs).

        Raises Unavailable when the database does not answer, Busy when a lock was not to be had.
        """
        try:
            async with self.pool.connection() as connection:
                yield connection
        except LockNotAvailable as problem:
            raise Busy("Somebody else is changing the same thing just now; try again in a moment.") from problem
        except (PoolTimeout, OperationalError) as problem:
            raise Unavailable(NO_ANSWER) from problem

    @asynccontextmanager
    async def alone(self, name: UUID) -> AsyncIterator[bool]:
        """Whether this process alone holds the lock of that name while the block runs; it ends with its connection."""
        async with self.connection() as connection:
            key = {"key": name.int >> 65}
            held = await (await connection.execute("select pg_try_advisory_lock(%(key)s)", key)).fetchone()
            if not held or not held[0]:
                yield False
                return
            try:
                yield True
            finally:
                await connection.execute("select pg_advisory_unlock(%(key)s)", key)

    @asynccontextmanager
    async def work(self, actor: Actor, *, by_key: bool = False) -> AsyncIterator[Work]:
        """One transaction: committed when the block ends well, rolled back when it does not.

        Journal rows and jobs are written with it; who listens is told after the commit. `by_key` says that every
        statement looks rows up by their keys, so that one plan serves whatever the values, and PostgreSQL keeps it.
        Left to itself it may plan such a statement anew each time: an array of one key looks cheaper than an array of
        unknown length.
        """
        async with self.connection() as connection, _transaction(connection):
            standing = actor.standing
            said = await set_organisations(connection, actor.organisations, by_key=by_key, standing=standing)
            times = await self.clock.read(connection)
            work = Work(connection, actor, times.business, times.real, self.house, numbers=self.numbers)
            try:
                yield work
                await work.flush()
            finally:  # before the commit; and before any other refusal, which follows from seeing nothing
                if standing is not None:
                    await standing.look_at(said)
        if work.touched:
            for told in self.on_commit:
                told(work.touched)

    @asynccontextmanager
    async def read(self, actor: Actor, *, by_key: bool = False) -> AsyncIterator[Work]:
        """Reading only, in one round trip where the caller fetches once; nothing recorded here is kept.

        `by_key` as in `work`: planning anew what looks a page's rows up takes longer than looking them up.
        """
        async with self.connection() as connection, connection.pipeline():
            if actor.standing is not None:
                await actor.standing.ask(connection)
            await set_organisations(connection, actor.organisations, by_key=by_key)
            times = await self.clock.read(connection)
            yield Work(connection, actor, times.business, times.real, self.house)

    @asynccontextmanager
    async def glance(self, actor: Actor) -> AsyncIterator[Work]:
        """Reading by a single `select`, or a few that need not agree: the least that asking can cost.

        Each is a transaction of its own and says itself what it may see (`visible.standing_alone`).
        """
        async with self.connection() as connection:
            times = await self.clock.read(connection)
            work = Work(connection, actor, times.business, times.real, self.house, alone=True)
            try:
                yield work
            finally:  # nothing found: because there is nothing, or because the actor stands no more?
                if actor.standing is not None and Standing not in work.kept:
                    await actor.standing.ask(connection)
