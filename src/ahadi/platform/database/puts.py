"""Rows that are written together: what a transaction puts into tables leaves in one statement, whatever the tables.

Each kind of row travels as one JSON document, which PostgreSQL reads by the table's own row type
(`json_populate_recordset`). So a statement depends only on the tables and columns, is prepared once, and costs the
driver one parameter a table where it would cost one a value. All constraints hold as usual: they are checked when the
statement ends, or at the commit where they are deferred.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, LiteralString, NamedTuple

import orjson
from psycopg import DataError


class Kind(NamedTuple):
    """Rows that go together: the same columns of the same table, with the same answer to a conflict."""

    table: LiteralString
    columns: tuple[str, ...]
    conflict: LiteralString


Rows = dict[Kind, list[Mapping[str, Any]]]


def statement(rows: Rows) -> tuple[LiteralString, dict[str, str]]:
    """The statement that writes all the rows, and its parameters. Raises DataError for what cannot be stored."""
    return _sql(tuple(rows)), {f"rows{number}": _document(each) for number, each in enumerate(rows.values())}


def _document(rows: Sequence[Mapping[str, Any]]) -> str:
    try:
        return orjson.dumps(rows, default=_plain, option=orjson.OPT_UTC_Z).decode()
    except orjson.JSONEncodeError as problem:
        if problem.__cause__:  # a type that no table has a word for: a mistake of ours
            raise
        raise DataError(str(problem)) from problem  # half a character, or too large a number


@lru_cache(512)
def _sql(kinds: Sequence[Kind]) -> LiteralString:
    inserts = [_insert(kind, number) for number, kind in enumerate(kinds)]
    before = ", ".join(f"put{number} as ({insert})" for number, insert in enumerate(inserts[:-1]))
    return f"with {before} {inserts[-1]}" if before else inserts[-1]  # of names in the code alone


def _insert(kind: Kind, number: int) -> str:
    columns = ", ".join(kind.columns)
    conflict = f" on conflict {kind.conflict}" if kind.conflict else ""
    return (
        f"insert into {kind.table} ({columns}) select {columns}"
        f" from json_populate_recordset(null::{kind.table}, %(rows{number})s){conflict}"
    )


def _plain(value: Any) -> Any:
    """What JSON has no word for, as PostgreSQL reads it."""
    match value:
        case Mapping():
            return dict(value)
        case timedelta():
            return f"{value.total_seconds()} seconds"
        case bytes():
            return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} cannot be put into a table")
