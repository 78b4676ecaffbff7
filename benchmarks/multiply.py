"""Many cases from a few: what the application wrote for a sample is copied in bulk, each copy with identifiers,
references and addresses of its own.

It reads the tables' shapes from the catalogue, so it follows every change of the schema, and what it writes is what the
application would have written: constraints, row-level security and the journal's replay hold for it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from ahadi.base.ids import reference_of, uuid7

CHUNK = 2000  # copies of the sample in one transaction
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Tables under row-level security, with the columns that can be written and their types.
_SHAPES = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'r' and c.relrowsecurity and c.relnamespace = 'public'::regnamespace
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
        and not (c.relname = 'journal' and a.attname = 'xid')
    order by c.relname, a.attnum"""

Cell = str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns and their types."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]


Rows = Mapping[Shape, Sequence[tuple[Cell, ...]]]


def rows_of(connection: Connection[Any], organisation_id: UUID) -> Rows:
    """Every row of an organisation, each cell as text."""
    shapes: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(_SHAPES):
        shapes.setdefault(table, []).append((column, kind))
    found = {}
    for name, columns in shapes.items():
        shape = Shape(name, tuple(column for column, _ in columns), tuple(kind for _, kind in columns))
        if "organisation_id" in shape.columns:
            cells = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(each)) for each in shape.columns)
            query = sql.SQL("select {} from {} where organisation_id = %s").format(cells, sql.Identifier(name))
            found[shape] = connection.execute(query, (organisation_id,)).fetchall()
    return found


def added(before: Rows, after: Rows) -> Rows:
    """The rows that were not there before: the sample."""
    fresh = {shape: [row for row in rows if row not in set(before.get(shape, ()))] for shape, rows in after.items()}
    return {shape: rows for shape, rows in fresh.items() if rows}


@dataclass(frozen=True, slots=True)
class Plan:
    """The statements that write a sample so many times more, and from where the copies are numbered.

    `each` is how many references a copy has; `milliseconds` is the time in the first copy's identifiers.
    """

    copies: int
    prefix: str
    each: int
    number: int
    milliseconds: int
    statements: tuple[str, ...]


def multiply(
    connection: Connection[Any],
    before: Rows,
    sample: Rows,
    copies: int,
    *,
    prefix: str,
    varied: Mapping[str, str],
    shifted: Mapping[str, str] | None = None,
) -> None:
    """Write the sample so many times more, as a superuser. The connection is in autocommit.

    `varied` says which words become which SQL (`m.n` numbers the copy), where a word may not come twice; `shifted`
    which columns of moments are moved, by the SQL of an interval.
    """
    write(connection, planned(connection, before, sample, copies, prefix=prefix, varied=varied, shifted=shifted))
    connection.execute("vacuum analyze")


def planned(
    connection: Connection[Any],
    before: Rows,
    sample: Rows,
    copies: int,
    *,
    prefix: str,
    varied: Mapping[str, str],
    shifted: Mapping[str, str] | None = None,
) -> Plan:
    """What `multiply` would do. A plan that is kept can be gone on with after an interruption, on the same database."""
    old = {found for rows in before.values() for row in rows for cell in row if cell for found in _UUID.findall(cell)}
    new = {found for rows in sample.values() for row in rows for cell in row if cell for found in _UUID.findall(cell)}
    references = [
        cell
        for shape, rows in sample.items()
        if shape.name == "cases"
        for row in rows
        if (cell := _reference(shape, row))
    ]
    words = {each: f"m.h || '{number:03x}-8000-000000000000'" for number, each in enumerate(sorted(new - old))}
    words |= {each: f"m.r[{place}]" for place, each in enumerate(references, 1)}
    words |= {each.casefold(): f"lower({code})" for each, code in words.items() if each in references}
    words |= varied
    drawn = connection.execute("select nextval('case_number')").fetchone()
    assert drawn is not None
    statements = [_statement(shape, rows, words, shifted or {}).as_string(connection) for shape, rows in sample.items()]
    milliseconds = (uuid7().int >> 80) - copies  # they were all made before now
    return Plan(copies, prefix, len(references), int(drawn[0]) + 1, milliseconds, tuple(statements))


def write(connection: Connection[Any], plan: Plan) -> None:
    """Write a plan's copies that are not there yet, many in a transaction."""
    connection.execute("create temp table if not exists m (n integer primary key, h text, r text[])")
    connection.execute("truncate m")
    connection.execute("create schema if not exists bench")  # apart: the application takes its own for all of them
    connection.execute("create table if not exists bench.progress (number bigint primary key, reached integer)")
    _number(connection, plan)
    row = connection.execute("select reached from bench.progress where number = %s", (plan.number,)).fetchone()
    for first in range(row[0] if row else 0, plan.copies, CHUNK):
        with connection.transaction():
            # What is copied keeps its foreign keys: both ends are copied alike.
            connection.execute("set local session_replication_role = replica")
            for statement in plan.statements:
                connection.execute(statement, {"first": first, "last": first + CHUNK - 1})
            connection.execute(
                "insert into bench.progress values (%(number)s, %(reached)s)"
                " on conflict (number) do update set reached = excluded.reached",
                {"number": plan.number, "reached": first + CHUNK},
            )


def _reference(shape: Shape, row: tuple[Cell, ...]) -> Cell:
    return row[shape.columns.index("reference")]


def _number(connection: Connection[Any], plan: Plan) -> None:
    """What sets the copies apart: the first half of their identifiers (of version 7, in order) and their references."""
    numbers = count(plan.number)
    with connection.cursor() as cursor, cursor.copy("copy m (n, h, r) from stdin") as copy:
        for n in range(plan.copies):
            digits = f"{plan.milliseconds + n:012x}"
            references = list(islice(_references(plan.prefix, numbers), plan.each))
            copy.write_row((n, f"{digits[:8]}-{digits[8:]}-7", references))
    connection.execute(
        "select setval('case_number', greatest(%s, (select last_value from case_number)))", (next(numbers),)
    )


def _references(prefix: str, numbers: Iterator[int]) -> Iterator[str]:
    return (reference for number in numbers if (reference := reference_of(prefix, number)))


def _statement(
    shape: Shape, rows: Sequence[tuple[Cell, ...]], words: Mapping[str, str], shifted: Mapping[str, str]
) -> sql.Composed:
    """One insert that writes a table's rows of the sample for many copies."""
    pattern = re.compile("|".join(re.escape(each) for each in sorted(words, key=len, reverse=True)))
    selects = [
        sql.SQL("select {} from m where n between %(first)s and %(last)s").format(
            sql.SQL(", ").join(
                _moved(_cell(cell, kind, pattern, words), column, kind, shifted)
                for cell, column, kind in zip(row, shape.columns, shape.types, strict=True)
            )
        )
        for row in rows
    ]
    return sql.SQL("insert into {} ({}) {}").format(
        sql.Identifier(shape.name),
        sql.SQL(", ").join(map(sql.Identifier, shape.columns)),
        sql.SQL(" union all ").join(selects),
    )


def _moved(value: sql.Composable, column: str, kind: str, shifted: Mapping[str, str]) -> sql.Composable:
    if kind != "timestamp with time zone" or column not in shifted:
        return value
    return sql.SQL("{} + {}").format(value, sql.SQL(shifted[column]))


def _cell(cell: Cell, kind: str, pattern: re.Pattern[str], words: Mapping[str, str]) -> sql.Composable:
    """The SQL of one cell: its text, with what is the copy's own put in."""
    if cell is None:
        return sql.SQL("null::{}").format(sql.SQL(kind))
    parts: list[sql.Composable] = []
    end = 0
    for match in pattern.finditer(cell):
        parts += [sql.Literal(cell[end : match.start()]), sql.SQL(words[match[0]])]
        end = match.end()
    parts.append(sql.Literal(cell[end:]))
    return sql.SQL("({})::{}").format(sql.SQL(" || ").join(parts), sql.SQL(kind))
