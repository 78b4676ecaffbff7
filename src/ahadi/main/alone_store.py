"""The SQL of who else runs on this database."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection


async def one_of(connection: AsyncConnection[Any], names: Sequence[str]) -> str | None:
    """A name among these that a process connected to this database goes by."""
    cursor = await connection.execute(
        "select application_name from pg_stat_activity where datname = current_database()"
        " and application_name = any(%(names)s) limit 1",
        {"names": list(names)},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
