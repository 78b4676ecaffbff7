"""The draft of a rule table as it is edited: rows that keep their identity while they move and change. Pure.

A row may be half filled and a cell unreadable; what is wrong with them the check says. Who changes or removes a row
says which form of it they saw, by its digest, so that nobody overwrites what a colleague wrote meanwhile.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.routing.rows import CONDITIONS, OUTCOMES, rule_id

MOST_ROWS: Final = 1_000
NEW: Final = "new-"  # how the key of a row begins that no version has had yet
_KEY: Final = re.compile("[a-z0-9][a-z0-9-]{0,99}")
COLUMNS: Final = ("name", *CONDITIONS, *OUTCOMES)


class ChangedMeanwhile(Conflict):
    """Somebody else changed this since it was looked at; nothing was overwritten. `by` is who, where that is known."""

    code = "changed-meanwhile"


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A row as people write it; `key` stays the same whatever is changed in it."""

    key: str
    row: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Names what the row says."""
        return _digest(self.row)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written: the rows, the version they began from (0: none), and who changed them last.

    `revision` is 0 while nobody has changed anything; `may_undo` says whether the last change can be taken back.
    """

    base: int
    revision: int
    rows: tuple[DraftRow, ...]
    changed_by: UUID | None = None
    changed_at: datetime | None = None
    may_undo: bool = False

    @property
    def written(self) -> list[Mapping[str, Any]]:
        return [each.row for each in self.rows]

    @property
    def digest(self) -> str:
        """Names what the whole table says."""
        return _digest([each.row for each in self.rows])


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]


Rows = tuple[DraftRow, ...]


def keyed(rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of a version or a file with their keys: their ids, so that a changed name is still the same rule."""
    found: list[DraftRow] = []
    taken: set[str] = set()
    for number, row in enumerate(rows, 1):
        key = str(row.get("id") or rule_id(str(row.get("name") or f"row {number}")))
        key = key if key not in taken and not key.startswith(NEW) and _KEY.fullmatch(key) else f"{NEW}{number}"
        while key in taken:
            key += "-2"
        taken.add(key)
        found.append(DraftRow(key, row))
    return tuple(found)


def place_of(rows: Rows, key: str) -> int:
    """Where a row stands. Raises NotFound."""
    for index, each in enumerate(rows):
        if each.key == key:
            return index
    raise NotFound("This row is no longer there; somebody removed it.")


def added(rows: Rows, key: str, row: Mapping[str, Any], after: str | None) -> Rows:
    """With a new row after the one named, or at the end. Its name is made one that no other row has."""
    if len(rows) >= MOST_ROWS:
        raise Invalid("A table has at most 1000 rows; remove some first.")
    index = place_of(rows, after) + 1 if after else len(rows)
    named = dict(row) | {"name": _free_name(rows, str(row.get("name") or ""))}
    return (*rows[:index], DraftRow(key, named), *rows[index:])


def copied(rows: Rows, key: str, new_key: str) -> Rows:
    """With a second one of a row, below it: a rule of its own."""
    row = {name: value for name, value in rows[place_of(rows, key)].row.items() if name != "id"}
    return added(rows, new_key, row, key)


def _free_name(rows: Rows, name: str) -> str:
    taken = {rule_id(str(each.row.get("name") or "")) for each in rows} | {each.key for each in rows}
    number, free = 2, name
    while rule_id(free) in taken:
        number, free = number + 1, f"{name} {number}"
    return free


def moved(rows: Rows, key: str, before: str | None) -> Rows:
    """With a row standing right before another, or at the end."""
    row = rows[place_of(rows, key)]
    rest = tuple(each for each in rows if each.key != key)
    if before == key:
        return rows
    index = place_of(rest, before) if before else len(rest)
    return (*rest[:index], row, *rest[index:])


def stepped(rows: Rows, key: str, step: int) -> Rows:
    """With a row so many places further down, or up where that is less than 0; not beyond the ends."""
    index = place_of(rows, key)
    rest = (*rows[:index], *rows[index + 1 :])
    to = min(max(index + step, 0), len(rest))
    return (*rest[:to], rows[index], *rest[to:])


def removed(rows: Rows, key: str, seen: str) -> Rows:
    """Without a row. Raises ChangedMeanwhile."""
    _as_seen(rows[place_of(rows, key)], seen)
    return tuple(each for each in rows if each.key != key)


def changed(rows: Rows, key: str, cells: Mapping[str, Any], seen: str) -> Rows:
    """With these cells of a row saying something else; one that is None says nothing more. Raises ChangedMeanwhile."""
    index = place_of(rows, key)
    _as_seen(rows[index], seen)
    row = dict(rows[index].row)
    for column, value in cells.items():
        _write(row, key, column, value)
    return (*rows[:index], replace(rows[index], row=row), *rows[index + 1 :])


def _as_seen(row: DraftRow, seen: str) -> None:
    if row.digest != seen:
        raise ChangedMeanwhile("This row was changed meanwhile; look at it as it is now, then change it again.")


def _write(row: dict[str, Any], key: str, column: str, value: Any) -> None:
    if column == "name":
        row["name"] = value
        if not key.startswith(NEW) and "id" not in row:
            row["id"] = key  # reports go on to know it
        return
    if column not in COLUMNS:
        raise NotFound("There is no such column.")
    part = "when" if column in CONDITIONS else "then"
    held = row.get(part)
    cells = dict(held) if isinstance(held, Mapping) else {}
    if value is None:
        cells.pop(column, None)
    else:
        cells[column] = value
    if cells or part == "then":
        row[part] = cells
    else:
        row.pop(part, None)
