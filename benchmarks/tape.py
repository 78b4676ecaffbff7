"""A tape of what one request does with the database: connections, pipelines, transactions, statements, fetches.

While `taping()` is open, psycopg is watched in the task that opened it, and in no other.
"""

import functools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from psycopg import AsyncConnection, AsyncCursor
from psycopg.adapt import Transformer
from psycopg_pool import AsyncConnectionPool

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Enter:
    """A connection is taken from the pool, or a pipeline or transaction begins on the one there is."""

    what: Literal["connection", "pipeline", "transaction"]


@dataclass(frozen=True, slots=True)
class Leave:
    """What was entered last is left."""


@dataclass(frozen=True, slots=True)
class Run:
    """A statement is sent: once with `params`, or with each of them when `many`."""

    cursor: int
    sql: str
    params: Any
    many: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """Rows are asked for. `rows` is the whole result, `position` where `fetchone` stands in it."""

    cursor: int
    how: Literal["fetchone", "fetchall"]
    rows: tuple[Row, ...]
    position: int


Step = Enter | Leave | Run | Fetch


@dataclass(slots=True)
class Tape:
    """The steps in order. Each execution counts as a cursor of its own."""

    steps: list[Step] = field(default_factory=list)
    _cursors: dict[int, int] = field(default_factory=dict)
    _fetched: dict[int, int] = field(default_factory=dict)
    _held: list[object] = field(default_factory=list)  # so that no id() is used twice

    def ran(self, cursor: AsyncCursor[Any], sql: Any, params: Any, *, many: bool) -> None:
        text = sql if isinstance(sql, str) else sql.as_string(cursor)
        number = self._cursors[id(cursor)] = len(self._held)
        self._held.append(cursor)
        self._fetched[number] = 0
        self.steps.append(Run(number, text, list(params) if many else params, many))

    def fetched(self, cursor: AsyncCursor[Any], how: Literal["fetchone", "fetchall"]) -> None:
        number = self._cursors[id(cursor)]
        rows: list[Row] = []
        if cursor.pgresult:
            transformer = Transformer(cursor)
            transformer.set_pgresult(cursor.pgresult)
            rows = transformer.load_rows(0, cursor.pgresult.ntuples, tuple)
        self.steps.append(Fetch(number, how, tuple(rows), self._fetched[number]))
        self._fetched[number] += 1


_tape: ContextVar[Tape | None] = ContextVar("tape", default=None)


@contextmanager
def taping() -> Iterator[Tape]:
    """Record what this task does with psycopg. Copying and server-side cursors are beyond it."""
    tape = Tape()
    token = _tape.set(tape)
    with _watched():
        try:
            yield tape
        finally:
            _tape.reset(token)


@contextmanager
def _watched() -> Iterator[None]:
    """Put ourselves before psycopg's own methods, for a while."""
    methods: list[tuple[type, str, Callable[[Any], Any]]] = [
        (AsyncConnectionPool, "connection", functools.partial(_context, "connection")),
        (AsyncConnection, "pipeline", functools.partial(_context, "pipeline")),
        (AsyncConnection, "transaction", functools.partial(_context, "transaction")),
        (AsyncCursor, "execute", functools.partial(_run, False)),
        (AsyncCursor, "executemany", functools.partial(_run, True)),
        (AsyncCursor, "fetchone", functools.partial(_fetch, "fetchone")),
        (AsyncCursor, "fetchall", functools.partial(_fetch, "fetchall")),
    ]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in methods]
    for owner, name, watching in methods:
        setattr(owner, name, watching(getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _context(what: Literal["connection", "pipeline", "transaction"], original: Any) -> Any:
    @asynccontextmanager
    async def watching(self: Any, *args: Any, **options: Any) -> AsyncIterator[Any]:
        if (tape := _tape.get()) and (args or options):
            raise NotImplementedError(f"a {what} with options {args} {options} cannot be replayed yet")
        async with AsyncExitStack() as stack:
            with _unwatched():  # psycopg enters pipelines of its own
                entered = await stack.enter_async_context(original(self, *args, **options))
            if tape:
                tape.steps.append(Enter(what))
            try:
                yield entered
            finally:
                if tape:
                    tape.steps.append(Leave())
                leaving = stack.pop_all()
                with _unwatched():
                    await leaving.__aexit__(*sys.exc_info())

    return watching


@contextmanager
def _unwatched() -> Iterator[None]:
    token = _tape.set(None)
    try:
        yield
    finally:
        _tape.reset(token)


def _run(many: bool, original: Any) -> Any:
    async def watching(self: Any, sql: Any, params: Any = None, **options: Any) -> Any:
        if (tape := _tape.get()) is not None:
            tape.ran(self, sql, params, many=many)
        with _unwatched():
            return await original(self, sql, params if not many else list(params), **options)

    return watching


def _fetch(how: Literal["fetchone", "fetchall"], original: Any) -> Any:
    async def watching(self: Any) -> Any:
        found = await original(self)
        if (tape := _tape.get()) is not None:
            tape.fetched(self, how)
        return found

    return watching
