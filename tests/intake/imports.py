"""Files of another system, their maps, and what a database holds after they were imported."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from ahadi import intake
from ahadi.intake import ImportMap, ImportProgress
from ahadi.intake.import_file import LARGEST_CELL
from ahadi.platform.database import Database
from tests.cases.builders import ORGANISATION

COLUMNS = ("number", "opened", "closed", "status", "queue", "caller", "phone", "about", "words")
MAP = """
source: old-desk
key: number
zone: Africa/Nairobi
opened: opened
closed: closed
status: status
subject: about
text: [about, words]
channels: {"*": phone}
department: queue
departments: {Care Queue: care, "Net*": network}
customer: {name: caller, phone: phone}
attributes: {old_number: number}
"""
NOTHING_GIVEN: Mapping[str, str] = dict.fromkeys(COLUMNS, "")


def a_row(n: int, /, **changes: str) -> dict[str, str]:
    """A row: every third one is still open, and every fifth has no caller."""
    opened = datetime(2026, 3, 2, 8, 0) + timedelta(hours=n)
    values = {
        "number": f"T{n:05}",
        "opened": opened.isoformat(sep=" "),
        "closed": "" if n % 3 == 0 else (opened + timedelta(hours=5)).isoformat(sep=" "),
        "status": "Open" if n % 3 == 0 else "Closed",
        "queue": "Care Queue" if n % 2 else "Network North",
        "caller": "" if n % 5 == 0 else f"Caller {n}",
        "phone": "" if n % 5 == 0 else f"07{n:08}",
        "about": f"No power in block {n}",
        "words": "It went off during supper,\nand has not come back.",
    }
    return values | changes


def a_file(path: Path, rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Path:
    """A CSV file of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def a_map(changes: str = "", text: str = MAP) -> ImportMap:
    """The map, with lines that replace those of the same key."""
    lines = {line.partition(":")[0]: line for line in text.strip().splitlines()}
    lines |= {line.partition(":")[0]: line for line in changes.strip().splitlines()}
    return intake.read_map("\n".join(line for line in lines.values() if line.partition(":")[2].strip()))


async def imported(database: Database, path: Path, map_: ImportMap | None = None, **more: Any) -> ImportProgress:
    """Import a file into the organisation that tests have."""
    return await intake.import_file(database, ORGANISATION, path, map_ or a_map(), **more)


def rejects_of(path: Path | None) -> list[dict[str, str]]:
    """The rows of a file of rejects; none where there is no file."""
    if path is None:
        return []
    csv.field_size_limit(LARGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def everything(superuser: str) -> dict[str, list[str]]:
    """Every row of every table, as text: to be compared."""
    with psycopg.connect(superuser, row_factory=tuple_row) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace"
            " and c.relkind = 'r'"
        ).fetchall()
        return {
            name: sorted(row for (row,) in connection.execute(f"select t::text from {name} t").fetchall())
            for (name,) in tables
        }
