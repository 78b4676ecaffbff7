"""Migrations: numbered SQL files, each applied once and whole, by the role that owns the tables. Synchronous.

`NNNN_name.sql` goes forward and `NNNN_name.rollback.sql` back. A file runs in one transaction together with the row
that says it ran, so a crash leaves both or neither; an advisory lock, which dies with its connection, keeps two
processes from migrating at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from ahadi.base.clock import SystemClock
from ahadi.base.errors import SetupError
from ahadi.platform.database.roles import APPLICATION, grant

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 0x61686164  # any number, the same for everybody who changes the schema ("ahad")


def migrate(owner_dsn: str, app_role: str = APPLICATION, *, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what the database lacks and grant the application's role its rights; the names applied, in order.

    Idempotent, and safe when several processes start at once: the others wait. Raises SetupError when the database
    cannot be reached, was made by a newer version, or a migration fails (which is then undone).
    """
    with schema_change(owner_dsn) as connection:
        connection.execute(
            'create table if not exists migration (name text collate "C" primary key, applied_at timestamptz not null)'
        )
        missing = _lacking(applied(connection), available(folder))
        for name in missing:
            with told(f"The migration {name} failed and was undone"), connection.transaction():
                connection.execute((folder / f"{name}.sql").read_bytes())
                connection.execute(
                    "insert into migration (name, applied_at) values (%(name)s, %(now)s)",
                    {"name": name, "now": SystemClock().now()},
                )
        with connection.transaction():
            grant(connection, app_role)
    return missing


def roll_back(owner_dsn: str, to: str | None, *, folder: Path = MIGRATIONS) -> list[str]:
    """Undo migrations, the latest first, until `to` is the last one applied (None undoes all); the names undone.

    What the undone tables held is lost. Raises SetupError as `migrate` does.
    """
    with schema_change(owner_dsn) as connection:
        known = applied(connection)
        _lacking(known, available(folder))
        if to is not None and to not in known:
            raise SetupError(f"The database has no migration {to}; it has {', '.join(known) or 'none'}.")
        undone = [name for name in reversed(known) if to is None or name > to]
        for name in undone:
            with told(f"The migration {name} could not be undone and stays"), connection.transaction():
                connection.execute((folder / f"{name}.rollback.sql").read_bytes())
                connection.execute("delete from migration where name = %(name)s", {"name": name})
    return undone


def pending(dsn: str, *, folder: Path = MIGRATIONS) -> list[str]:
    """Names of migrations the database still lacks. Any role that may read tables can ask.

    Waits for the network: inside an event loop call it in a thread. Raises SetupError as `migrate` does.
    """
    with connected(dsn) as connection:
        return _lacking(applied(connection), available(folder))


def available(folder: Path = MIGRATIONS) -> list[str]:
    """Names of the migrations of this version, in order."""
    files = folder.glob("[0-9][0-9][0-9][0-9]_*.sql")
    return sorted(path.stem for path in files if not path.name.endswith(".rollback.sql"))


def applied(connection: Connection[Any]) -> list[str]:
    """Names of the migrations that the database has, in order."""
    there = connection.execute("select to_regclass('public.migration')").fetchone()
    if there is None or there[0] is None:
        return []
    return [name for (name,) in connection.execute("select name from migration order by name").fetchall()]


def refuse_newer(known: Sequence[str], names: Sequence[str]) -> None:
    """Raise SetupError when a migration is `known` to a database or a backup and not among this version's `names`."""
    if strange := sorted(set(known) - set(names)):
        raise SetupError(
            f"The database was made by a newer version of Ahadi (this one does not know {strange[0]}): install that"
            " version, or restore a backup of this one."
        )


@contextmanager
def schema_change(dsn: str) -> Iterator[Connection[Any]]:
    """An autocommit connection that alone may change the schema, until it is closed; others wait.

    Raises SetupError when the database cannot be reached or does not allow what is done.
    """
    with connected(dsn) as connection, told("The database could not be changed"):
        connection.execute("select pg_advisory_lock(%(lock)s)", {"lock": LOCK})
        yield connection


@contextmanager
def connected(dsn: str) -> Iterator[Connection[Any]]:
    """An autocommit connection; SetupError when the database cannot be reached."""
    try:
        connection = psycopg.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.Error as problem:
        raise SetupError(
            f"The database cannot be reached: {first_line(problem)}; start it, or mend its address."
        ) from problem
    with connection:
        yield connection


@contextmanager
def told(what: str) -> Iterator[None]:
    """What PostgreSQL refuses becomes a SetupError that begins with `what`."""
    try:
        yield
    except psycopg.Error as problem:
        raise SetupError(f"{what}: {first_line(problem)}") from problem


def first_line(problem: Exception) -> str:
    """What PostgreSQL says first; the rest is detail, and may hold what rows hold."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


def _lacking(known: Sequence[str], names: Sequence[str]) -> list[str]:
    refuse_newer(known, names)
    return [name for name in names if name not in known]
