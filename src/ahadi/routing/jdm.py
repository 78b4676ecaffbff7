"""Rules as a GoRules JSON Decision Model (JDM), which zen-engine runs and its public editor opens, and back.

The model is one graph of three nodes: input, a `decisionTableNode` with hit policy `first`, output. Every input column
has a `field`, so its cells are ZEN unary tests; an empty cell holds for everything. ZEN has no escapes in literals,
so a text is quoted with whichever quotation mark it does not contain.
Source of the shape: docs.gorules.io, "JDM node types" and "ZEN expression language".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeGuard

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line
from ahadi.routing import cells
from ahadi.routing.model import MINUTES_A_DAY, NOT_KNOWN, Choice, Count, Rule, When, needle

CONTENT_TYPE: Final = "application/vnd.gorules.decision"

# Column id → (name shown, field of the evaluated context), in the order in which they are tried: cheap ones first.
_COLUMNS: Final = {
    "reason": ("Reason", "reason"),
    "tier": ("Verified tier", "tier"),
    "channel": ("Channel", "channel"),
    "language": ("Language", "language"),
    "day": ("Day (PH: public holiday)", "day"),
    "hour": ("Hour (minute of the day)", "minute"),
    "repeat": ("Came back (times)", "repeat"),
    "place": ("Place", "place"),
    "words": ("Words", "text"),
}
_ATTRIBUTE: Final = "attribute:"
_OUTPUTS: Final = {
    "rule": "Rule",
    "department": "Department",
    "person": "Person",
    "skill": "Skill",
    "priority": "Priority",
    "promise.kind": "First promise",
    "promise.within": "Within",
    "promise.text": "Said to the customer",
}

_MOST_ROWS, _MOST_COLUMNS, _MOST_IN_A_CELL = 1_000, 100, 20_000

_LITERAL = r"'[^']*'|\"[^\"]*\""
_TEXT = rf"(?:{_LITERAL})(?:\s*\+\s*(?:{_LITERAL}))*"
_IS_TEST = rf"\$ == (?:{_TEXT})|startsWith\(\$, (?:{_TEXT})\)"
_IS_NOT_TEST = rf"\$ != (?:{_TEXT})|not startsWith\(\$, (?:{_TEXT})\)"
_CONTAINS = re.compile(rf"contains\(\$, ({_TEXT})\)")
_SPAN = re.compile(r"\[(\d+)\.\.(\d+)\)")
_COUNT = re.compile(r">= (\d+)|\[(\d+)\.\.(\d+)\]|(\d+)")


class NotReadable(Invalid):
    """A model of another shape, or a cell in it that says what a row of rules cannot."""

    code = "model-not-readable"


def to_jdm(rules: Sequence[Rule]) -> dict[str, Any]:
    """The rules as a JDM document, ready for `json.dumps`; only columns that some row uses are in it."""
    cells_of = [_condition_cells(rule.when) for rule in rules]
    used = {column for row in cells_of for column in row}
    inputs = [
        {"id": column, "name": name, "field": field} for column, (name, field) in _columns(used) if column in used
    ]
    rows = []
    for rule, conditions in zip(rules, cells_of, strict=True):
        row = {"_id": rule.id, "_description": rule.name}
        row |= {column["id"]: conditions.get(column["id"], "") for column in inputs}
        rows.append(row | _outcome_cells(rule))
    table = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": field, "name": name, "field": field} for field, name in _OUTPUTS.items()],
        "rules": rows,
        "passThrough": False,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return {
        "contentType": CONTENT_TYPE,
        "nodes": [
            _node("request", "inputNode", "Request", 0, {"schema": ""}),
            _node("rules", "decisionTableNode", "Rules", 320, table),
            _node("decision", "outputNode", "Decision", 640, {"schema": ""}),
        ],
        "edges": [
            {"id": "request-rules", "type": "edge", "sourceId": "request", "targetId": "rules"},
            {"id": "rules-decision", "type": "edge", "sourceId": "rules", "targetId": "decision"},
        ],
    }


def rows_of_jdm(document: object) -> list[dict[str, Any]]:
    """The rows, as people write them, of a document in the shape that `to_jdm` gives; read on by `read_rules`.

    Rows may have been added, moved and changed in the editor. Raises `NotReadable` for a document of another shape,
    whatever is in it, and for a cell that says what a row cannot.
    """
    nodes = _listed(document.get("nodes", [])) if isinstance(document, Mapping) else None
    if nodes is None:
        raise NotReadable("this is no model of the kind that the editor writes; choose a file it saved")
    tables = [node for node in nodes if node.get("type") == "decisionTableNode"]
    if len(tables) != 1:
        raise NotReadable(f"the model has {len(tables)} decision tables; rules are read from exactly one")
    content = tables[0].get("content")
    parts = [_listed(content.get(name)) for name in ("inputs", "outputs", "rules")] if _is_table(content) else [None]
    if not _is_table(content) or None in parts:
        raise NotReadable("the decision table has no columns or no rows; choose a file the editor saved")
    if (content.get("hitPolicy") or "first") != "first":
        raise NotReadable("the decision table collects every row that matches; set its hit policy to first")
    inputs, outputs, rows = (each or [] for each in parts)
    if len(rows) > _MOST_ROWS or len(inputs) + len(outputs) > _MOST_COLUMNS:
        raise NotReadable("the decision table is too large; at most 1000 rows and 100 columns are read")
    fields, results = _fields(inputs), _fields(outputs)
    return [_row(number, row, fields, results) for number, row in enumerate(rows, start=1)]


def _is_table(content: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(content, Mapping)


def _listed(value: object) -> list[Mapping[str, Any]] | None:
    """A list of objects, or None for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        return None
    return value


def _fields(columns: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(column.get("id")): str(column.get("field") or "") for column in columns}


def _cell(row: Mapping[str, Any], column: str) -> str:
    """A cell's text, which the editor always writes as one."""
    cell = row.get(column)
    if cell is None:
        return ""
    if not isinstance(cell, str) or len(cell) > _MOST_IN_A_CELL:
        raise NotReadable(f"column “{one_line(column, 40)}” has a cell that is no text, or one that is too long")
    return cell.strip()


def attribute_field(name: str) -> str:
    """Where an attribute stands in the evaluated context."""
    return f"attributes[{literal(name)}]"


def literal(text: str) -> str:
    """A ZEN expression for a text."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    return " + ".join(f"'{part}'" if "'" not in part else f'"{part}"' for part in re.findall(r"'+|[^']+", text))


def _node(identifier: str, kind: str, name: str, x: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"id": identifier, "type": kind, "name": name, "position": {"x": x, "y": 120}, "content": content}


def _columns(used: Iterable[str]) -> list[tuple[str, tuple[str, str]]]:
    """Every column that may be used, the attributes before place and words."""
    attributes = sorted(column for column in used if column.startswith(_ATTRIBUTE))
    names = [(column, column.removeprefix(_ATTRIBUTE)) for column in attributes]
    listed = list(_COLUMNS.items())
    return [*listed[:-2], *((column, (name, attribute_field(name))) for column, name in names), *listed[-2:]]


def _condition_cells(when: When) -> dict[str, str]:
    """The cells of a row's conditions by column id; without those that hold for everything."""
    written: dict[str, str] = {}
    for column in ("reason", "tier", "channel", "language", "day", "place"):
        choice = getattr(when, column)
        if choice is not None:
            written[column] = _choice_cell(choice)
    for name, choice in when.attributes:
        written[_ATTRIBUTE + name] = _choice_cell(choice)
    if when.hours:
        written["hour"] = ", ".join(f"[{start}..{end})" for start, end in when.hours)
    if when.repeat is not None:
        written["repeat"] = _count_cell(when.repeat)
    if when.words:
        written["words"] = " or ".join(f"contains($, {literal(needle(phrase))})" for phrase in when.words)
    return written


def _choice_cell(choice: Choice) -> str:
    if not any(value.endswith("*") for value in choice.values):
        listed = ", ".join(literal(value) for value in choice.values)
        return f"not in [{listed}]" if choice.negated else listed
    tests = [
        f"startsWith($, {literal(value[:-1])})" if value.endswith("*") else f"$ == {literal(value)}"
        for value in choice.values
    ]
    if choice.negated:
        return " and ".join(f"not {test}" if test.startswith("s") else test.replace("==", "!=", 1) for test in tests)
    return " or ".join(tests)


def _count_cell(count: Count) -> str:
    if count.most is None:
        return f">= {count.least}"
    return f"{count.least}" if count.least == count.most else f"[{count.least}..{count.most}]"


def _outcome_cells(rule: Rule) -> dict[str, str]:
    then = rule.then
    values = {
        "rule": rule.id,
        "department": then.department,
        "person": then.person,
        "skill": then.skill,
        "priority": then.priority,
        "promise.kind": then.promise.kind if then.promise else None,
        "promise.within": str(then.promise.within) if then.promise else None,
        "promise.text": then.promise.text if then.promise else None,
    }
    return {field: literal(value) if value else "" for field, value in values.items()}


def _row(number: int, row: Mapping[str, Any], fields: Mapping[str, str], outputs: Mapping[str, str]) -> dict[str, Any]:
    by_field = {field: _cell(row, column) for column, field in fields.items()}
    out = {field: _cell(row, column) for column, field in outputs.items()}
    for field in [*by_field, *out]:
        if field not in _FIELD_READERS and not field.startswith("attributes[") and field not in _OUTPUTS:
            raise NotReadable(f"column “{field}”: rules have no such column")
    when: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for field, cell in by_field.items():
        if not cell:
            continue
        try:
            if field.startswith("attributes["):
                attributes[_text_of(field[len("attributes[") : -1])] = _read_choice(cell)
            else:
                column, reader = _FIELD_READERS[field]
                when[column] = reader(cell)
        except NotReadable as problem:
            raise NotReadable(f"row {number}, column “{field}”: {problem}") from None
    if attributes:
        when["attributes"] = attributes
    said = {field: _text_of(cell) for field, cell in out.items() if cell}
    written: dict[str, Any] = {"name": one_line(_cell(row, "_description") or said.get("rule") or f"row {number}", 200)}
    if said.get("rule"):
        written["id"] = said["rule"]
    if when:
        written["when"] = when
    then: dict[str, Any] = {key: said[key] for key in ("department", "person", "skill", "priority") if said.get(key)}
    promise = {key: said[f"promise.{key}"] for key in ("kind", "within", "text") if said.get(f"promise.{key}")}
    return written | {"then": then | ({"promise": promise} if promise else {})}


def _parts(cell: str, pattern: str, separator: str) -> list[str]:
    """The parts of a cell that is a list of `pattern` with `separator` between; anything else is not readable."""
    if not re.fullmatch(rf"(?:{pattern})(?:{separator}(?:{pattern}))*", cell):
        raise NotReadable(f"`{cell}` is not something a rule can say")
    return [match[0] for match in re.finditer(pattern, cell)]


def _text_of(expression: str) -> str:
    return "".join(part[1:-1] for part in _parts(expression, _LITERAL, r"\s*\+\s*"))


def _read_choice(cell: str) -> Any:
    listed = re.fullmatch(r"not in \[(.*)\]", cell)
    if listed:
        return {"not": [_text_of(part) or NOT_KNOWN for part in _parts(listed[1], _TEXT, r"\s*,\s*")]}
    if "$" not in re.sub(_LITERAL, "", cell):
        return [_text_of(part) or NOT_KNOWN for part in _parts(cell, _TEXT, r"\s*,\s*")]
    negated = cell.startswith(("not ", "$ !="))
    tests = _parts(cell, _IS_NOT_TEST, " and ") if negated else _parts(cell, _IS_TEST, " or ")
    values = [_test_value(test) for test in tests]
    return {"not": values} if negated else values


def _test_value(test: str) -> str:
    text = "".join(part[1:-1] for part in re.findall(_LITERAL, test))
    return f"{text}*" if "startsWith" in test.split("(")[0] else text or NOT_KNOWN


def _read_hours(cell: str) -> Any:
    spans = [_SPAN.fullmatch(part) for part in _parts(cell, _SPAN.pattern, r"\s*,\s*")]
    ends = [(int(span[1]), min(int(span[2]), MINUTES_A_DAY)) for span in spans if span]
    return [f"{cells.clock(start)}-{cells.clock(end)}" for start, end in ends]


def _read_count(cell: str) -> Any:
    found = _COUNT.fullmatch(cell)
    if not found:
        raise NotReadable(f"`{cell}` is not something a rule can say")
    return f">={found[1]}" if found[1] else found[4] or f"{found[2]}-{found[3]}"


def _read_words(cell: str) -> Any:
    phrases = []
    for part in _parts(cell, _CONTAINS.pattern, " or "):
        found = _CONTAINS.fullmatch(part)
        sought = _text_of(found[1]) if found else ""
        phrases.append(f"{'' if sought[:1] == ' ' else '*'}{sought.strip()}{'' if sought[-1:] == ' ' else '*'}")
    return phrases


_FIELD_READERS: Final = {
    field: (column, {"hour": _read_hours, "repeat": _read_count, "words": _read_words}.get(column, _read_choice))
    for column, (_, field) in _COLUMNS.items()
}
