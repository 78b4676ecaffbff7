"""What differs between two tables of rules: rows that came, went, moved or say something else. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ahadi.routing.drafts import Rows
from ahadi.routing.rows import CONDITIONS, OUTCOMES

What = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True, slots=True)
class CellChange:
    """A column of a row with what it said and says; None for nothing."""

    column: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that differs. `was` and `now` are its places, the first 1; None where it is not there."""

    what: What
    key: str
    name: str
    was: int | None
    now: int | None
    cells: tuple[CellChange, ...] = ()


def compare(before: Rows, after: Rows) -> tuple[RowChange, ...]:
    """What differs, in the order of the later table; rows that went stand where they were.

    A row moved where its order among the rows of both tables is another: as few as possible are said to have moved.
    """
    old = {each.key: (number, each.row) for number, each in enumerate(before, 1)}
    new = {each.key: (number, each.row) for number, each in enumerate(after, 1)}
    stayed = _longest_in_order([old[each.key][0] for each in after if each.key in old])
    found: list[tuple[float, RowChange]] = []
    for key, (number, row) in new.items():
        name = str(row.get("name") or "")
        if key not in old:
            found.append((number, RowChange("added", key, name, None, number, _cells({}, row))))
            continue
        was, cells = old[key][0], _cells(old[key][1], row)
        if cells or was not in stayed:
            found.append((number, RowChange("changed" if cells else "moved", key, name, was, number, cells)))
    for key, (number, row) in old.items():
        if key not in new:
            name = str(row.get("name") or "")
            found.append((number - 0.5, RowChange("removed", key, name, number, None, _cells(row, {}))))
    return tuple(change for _place, change in sorted(found, key=lambda each: each[0]))


def _cells(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[CellChange, ...]:
    changes = [CellChange("name", before.get("name"), after.get("name"))]
    for part, columns in (("when", tuple(CONDITIONS)), ("then", OUTCOMES)):
        was, now = before.get(part), after.get(part)
        was, now = was if isinstance(was, Mapping) else {}, now if isinstance(now, Mapping) else {}
        changes += [CellChange(column, was.get(column), now.get(column)) for column in columns]
    return tuple(each for each in changes if each.before != each.after)


def _longest_in_order(numbers: Sequence[int]) -> set[int]:
    """The most of these numbers that stand in rising order (patience sorting)."""
    tails: list[int] = []  # indices: the smallest end of a rising run of each length
    previous: list[int | None] = []
    for index, number in enumerate(numbers):
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if numbers[tails[middle]] < number else (low, middle)
        previous.append(tails[low - 1] if low else None)
        tails[low : low + 1] = [index]
    found: set[int] = set()
    at = tails[-1] if tails else None
    while at is not None:
        found.add(numbers[at])
        at = previous[at]
    return found
