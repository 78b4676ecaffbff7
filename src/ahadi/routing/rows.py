"""Rows of the rule table as people write them in YAML and see them in the grid: read into rules, and written back."""

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from ahadi.base.text import fold, one_line, slug
from ahadi.cases import Priority
from ahadi.routing import cells
from ahadi.routing.model import PRIORITIES, Rule, Then, When

CONDITIONS: Final[dict[str, Callable[[object], Any]]] = {
    "reason": cells.read_choice,
    "tier": cells.read_choice,
    "channel": cells.read_channel,
    "language": cells.read_language,
    "day": cells.read_day,
    "hour": cells.read_hours,
    "repeat": cells.read_count,
    "attributes": cells.read_attributes,
    "place": cells.read_prefixes,
    "words": cells.read_words,
}
OUTCOMES: Final = ("department", "person", "skill", "priority", "promise")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: its number (the first is 1; 0 is the table itself), the column, and what to do.

    `line` is the line in the file (the first is 1), where the row was read from one.
    """

    row: int
    column: str
    sentence: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "the rules"
        return f"{place}{f', {self.column}' if self.column else ''}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The rules that could be read, in order, and what is wrong with the others; per rule, its row and line."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    places: tuple[tuple[int, int | None], ...] = ()


def read_rules(rows: object) -> Reading:
    """Read a list of rows; a row with any problem is left out of `rules` and named in `problems`."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return Reading((), (Problem(0, "", "write the rules as a list of rows, each with `name`, `when` and `then`"),))
    rules: list[Rule] = []
    problems: list[Problem] = []
    places: list[tuple[int, int | None]] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(rows, start=1):
        row = _Row(number)
        rule = row.read(raw)
        if rule is not None and rule.id in seen:
            row.wrong("name", f"row {seen[rule.id]} has the same name or id; give each row its own")
        problems += row.problems
        if rule is not None and not row.problems:
            rules.append(rule)
            places.append((number, _line_of(raw, None)))
            seen[rule.id] = number
    return Reading(tuple(rules), tuple(problems), tuple(places))


def read_cell(column: str, value: object) -> Any:
    """What one cell says, as a rule holds it. Raises WrongCell with the sentence that says what is wrong."""
    if column in CONDITIONS:
        return CONDITIONS[column](value)
    if column == "promise":
        return cells.read_promise(value)
    if column == "priority" and value not in PRIORITIES:
        raise cells.WrongCell(f"“{one_line(str(value), 40)}” is no priority; use one of {', '.join(PRIORITIES)}")
    return cells.read_name(value)


def rule_id(name: str) -> str:
    """The id of a rule that was given none: its name in letters for addresses, or a digest where it has none."""
    return slug(name)[:100].strip("-") or f"row-{hashlib.sha256(fold(name).encode()).hexdigest()[:8]}"


def written_rule(rule: Rule) -> dict[str, Any]:
    """The row as people write it: what `read_rules` makes the same rule of. Nothing that goes without saying."""
    row: dict[str, Any] = {} if rule.id == rule_id(rule.name) else {"id": rule.id}
    row["name"] = rule.name
    when = written_when(rule.when)
    if when:
        row["when"] = when
    row["then"] = written_then(rule.then)
    return row


def written_when(when: When) -> dict[str, Any]:
    """The conditions of a row as people write them, in the order of the columns."""
    written: dict[str, Any] = {}
    for column in ("reason", "tier", "channel", "language"):
        choice = getattr(when, column)
        if choice is not None:
            written[column] = cells.written_choice(choice)
    if when.day is not None:
        written["day"] = cells.written_days(when.day)
    if when.hours:
        written["hour"] = cells.written_hours(when.hours)
    if when.repeat is not None:
        written["repeat"] = cells.written_count(when.repeat)
    if when.attributes:
        written["attributes"] = {name: cells.written_choice(choice) for name, choice in when.attributes}
    if when.place is not None:
        written["place"] = cells.written_choice(when.place)
    if when.words:
        written["words"] = list(when.words)
    return written


def written_then(then: Then) -> dict[str, Any]:
    """Where requests go, as people write it."""
    written: dict[str, Any] = {"department": then.department}
    if then.person:
        written["person"] = then.person
    if then.skill:
        written["skill"] = then.skill
    if then.priority != "normal":
        written["priority"] = then.priority
    if then.promise:
        promise = {"kind": then.promise.kind, "within": str(then.promise.within)}
        written["promise"] = promise | ({"text": then.promise.text} if then.promise.text else {})
    return written


class _Row:
    """Reads one row, going on after a problem so that all of them are named at once."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.problems: list[Problem] = []
        self._line: int | None = None

    def wrong(self, column: str, sentence: str) -> None:
        self.problems.append(Problem(self.number, column, sentence, self._line))

    def read(self, raw: object) -> Rule | None:
        if not isinstance(raw, Mapping):
            self.wrong("", "a row is written with `name`, `when` and `then`")
            return None
        self._line = _line_of(raw, None)
        self._known_keys(raw, ("id", "name", "when", "then"), "")
        name = one_line(str(raw.get("name") or ""))
        if not name:
            self.wrong("name", "give the row a name that people will recognise in reports")
        identifier = str(raw.get("id") or "") or rule_id(name)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", identifier):
            self.wrong("id", f"“{one_line(identifier, 40)}” is no id; use small letters, digits and hyphens")
        when = self._when(raw.get("when"))
        then = self._then(raw.get("then"))
        return None if self.problems or then is None else Rule(identifier, name, when, then)

    def _when(self, raw: object) -> When:
        if raw is None:
            return When()
        if not isinstance(raw, Mapping):
            self.wrong("when", "write the conditions as `column: value`; leave `when` out to match every request")
            return When()
        self._known_keys(raw, tuple(CONDITIONS), "when")
        read: dict[str, Any] = {}
        for column, reader in CONDITIONS.items():
            cell = self._cell(raw, column, reader) if column in raw else None
            if cell is not None:
                read["hours" if column == "hour" else column] = cell
        return When(**read)

    def _then(self, raw: object) -> Then | None:
        if not isinstance(raw, Mapping):
            self.wrong("then", "say where these requests go, such as `then: {department: care}`")
            return None
        self._known_keys(raw, OUTCOMES, "then")
        department = self._cell(raw, "department", cells.read_name)
        person = self._cell(raw, "person", cells.read_name) if "person" in raw else None
        skill = self._cell(raw, "skill", cells.read_name) if "skill" in raw else None
        if person and skill:
            self.wrong("person", "name a person or a skill, not both")
        priority = str(raw.get("priority", "normal"))
        if priority not in PRIORITIES:
            self.wrong("priority", f"“{one_line(priority, 40)}” is no priority; use one of {', '.join(PRIORITIES)}")
        promise = self._cell(raw, "promise", cells.read_promise) if "promise" in raw else None
        if department is None:
            return None
        return Then(
            department=department, person=person, skill=skill, priority=cast(Priority, priority), promise=promise
        )

    def _cell(self, raw: Mapping[Any, Any], column: str, reader: Callable[[object], T]) -> T | None:
        try:
            return reader(raw.get(column))
        except cells.WrongCell as wrong:
            line = _line_of(raw, column) or self._line
            self.problems.append(Problem(self.number, column, str(wrong), line))
            return None

    def _known_keys(self, raw: Mapping[Any, Any], known: Sequence[str], where: str) -> None:
        for key in raw:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"use {', '.join(known)}"
                line = _line_of(raw, key) or self._line
                self.problems.append(
                    Problem(self.number, where, f"there is no “{one_line(str(key), 40)}” here; {hint}", line)
                )


def _line_of(raw: object, key: Any) -> int | None:
    """The line a key (or with None the whole mapping) was read from: ruamel.yaml's mappings know it as `lc`."""
    position = getattr(raw, "lc", None)
    if position is None:
        return None
    if key is None:
        return int(position.line) + 1
    return int(position.key(key)[0]) + 1 if isinstance(raw, Mapping) and key in raw else None
