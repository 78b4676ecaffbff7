"""The editor of one cell: what there is to choose from, and what was chosen as a row says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ahadi import routing
from ahadi.base.errors import Invalid
from ahadi.directory import Directory
from ahadi.routing import NOT_KNOWN
from ahadi.screens import rule_words
from ahadi.screens.entered import Entered
from ahadi.screens.reader import _, later
from ahadi.screens.rule_view import raw_cell

CHOSEN = ("reason", "tier", "channel", "language", "day")  # boxes to tick
POSITIVE = ("channel", "day")  # read as what they take, whatever way they are written
LINES = ("place", "words")  # one a line
Choices = list[tuple[str, str]]
Groups = list[tuple[str | None, Choices]]


@dataclass(frozen=True, slots=True)
class Editor:
    """A cell to be edited: its column, what may be ticked, and what it says now in the shape of its form."""

    column: str
    label: str
    kind: str  # which inputs: name, ticks, lines, hours, repeat, attributes, choice, promise
    choices: Groups
    held: Mapping[str, Any]
    required: bool = False


def editor_of(directory: Directory, row: Mapping[str, Any], column: str) -> Editor:
    """The editor of a cell of a row, in the reader's language."""
    label = rule_words.column_name(column)
    raw = raw_cell(row, column)
    if column in CHOSEN:
        negated = column not in POSITIVE and _negated(raw)["negated"]
        held = {"negated": negated, "values": _ticked(column, raw)}
        return Editor(column, label, "ticks", [(None, _ticks(directory, column, raw))], held)
    if column in LINES:
        held = _negated(raw)
        return Editor(column, label, "lines", [], {**held, "lines": "\n".join(held["values"])})
    if column == "hour":
        return Editor(column, label, "hours", [], {"negated": False, "spans": _spans(raw)})
    if column == "repeat":
        return Editor(column, label, "repeat", [], _repeat(raw))
    if column == "attributes":
        return Editor(column, label, "attributes", [], {"pairs": _pairs(raw)})
    if column == "name":
        return Editor(column, label, "name", [], {"value": raw or ""}, required=True)
    if column == "promise":
        held = dict(raw) if isinstance(raw, Mapping) else {}
        amount, unit, elapsed = _within(str(held.get("within") or ""))
        return Editor(column, label, "promise", [], {**held, "amount": amount, "unit": unit, "elapsed": elapsed})
    choices, value = _outcomes(directory, row, column)
    return Editor(column, label, "choice", choices, {"value": value}, required=column == "department")


def _negated(raw: Any) -> dict[str, Any]:
    negated = isinstance(raw, Mapping) and "not" in raw
    value = raw["not"] if negated else raw
    values = [] if value is None else value if isinstance(value, list) else [value]
    return {"negated": negated, "values": [str(each) for each in values]}


def _ticks(directory: Directory, column: str, raw: Any) -> Choices:
    """All that may be ticked, what the cell names otherwise, and "not known" where a request may lack it."""
    organisation = directory.organisation
    listed: dict[str, list[str]] = {
        "reason": [each.slug for each in directory.reasons.values() if each.active],
        "tier": list(organisation.settings.tiers),
        "channel": list(routing.CHANNELS),
        "language": list(organisation.languages),
        "day": list(routing.DAYS),
    }
    known = listed[column]
    known += [each for each in _ticked(column, raw) if each not in known and each != NOT_KNOWN]
    choices = [(each, rule_words.value_name(directory, column, each)) for each in known]
    if column not in ("channel", "day"):
        choices.append((NOT_KNOWN, rule_words.value_name(directory, column, "")))
    return choices


def _ticked(column: str, raw: Any) -> list[str]:
    try:
        choice = routing.read_cell(column, raw) if raw is not None else None
    except routing.WrongCell:
        return []
    return [each or NOT_KNOWN for each in choice.values] if choice else []


def _spans(raw: Any) -> list[tuple[str, str]]:
    try:
        written = routing.written_hours(routing.read_cell("hour", raw)) if raw is not None else []
    except routing.WrongCell:
        written = []
    parts = [written] if isinstance(written, str) else written
    spans = [tuple(part.replace("24:00", "00:00").split("-")) for part in parts]
    return [(start, end) for start, end in spans][:6]


def _repeat(raw: Any) -> dict[str, Any]:
    try:
        count = routing.read_cell("repeat", raw) if raw is not None else None
    except routing.WrongCell:
        count = None
    return {"least": count.least if count else "", "most": count.most if count and count.most is not None else ""}


def _pairs(raw: Any) -> list[tuple[str, str, bool]]:
    if not isinstance(raw, Mapping):
        return []
    found = []
    for name, cell in list(raw.items())[:20]:
        held = _negated(cell)
        found.append((str(name), ", ".join(held["values"]), held["negated"]))
    return found


def _within(text: str) -> tuple[str, str, bool]:
    number = "".join(each for each in text.split(" ")[0] if each.isdigit())
    rest = text.removeprefix(number).strip().removesuffix("elapsed").strip().removeprefix("business").strip()
    return number, (rest[:1] or "h"), text.endswith("elapsed")


def _outcomes(directory: Directory, row: Mapping[str, Any], column: str) -> tuple[Groups, str]:
    held = raw_cell(row, column)
    if column == "priority":
        urgency = [(str(each), rule_words.outcome_name(directory, column, each)) for each in routing.PRIORITIES]
        return [(None, urgency)], str(held or "normal")
    if column == "department":
        there = [each for each in directory.departments.values() if each.active]
        there.sort(key=lambda each: each.position)
        choices = [(each.slug, rule_words.outcome_name(directory, column, each.slug)) for each in there]
        return [(None, choices)], str(held or "")
    return _whom(directory, row)


def _whom(directory: Directory, row: Mapping[str, Any]) -> tuple[Groups, str]:
    """The people of the row's department, and the skills that somebody in it has."""
    slug = raw_cell(row, "department")
    department = next((each for each in directory.departments.values() if each.slug == slug), None)
    ids = directory.members(department.id) if department else ()
    people = sorted((directory.people[each].slug, directory.people[each].name) for each in ids)
    skills = sorted({skill for each in ids for skill in directory.memberships[each].skills})
    person, skill = raw_cell(row, "person"), raw_cell(row, "skill")
    value = f"person:{person}" if person else f"skill:{skill}" if skill else ""
    return [
        (None, [("", _("Anyone of the department"))]),
        (_("Whoever has the skill"), [(f"skill:{s}", _skill(directory, s)) for s in skills]),
        (_("People"), [(f"person:{s}", name) for s, name in sorted(people, key=lambda each: each[1])]),
    ], value


def _skill(directory: Directory, skill: str) -> str:
    return rule_words.outcome_name(directory, "skill", skill)


# What was entered -------------------------------------------------------------------------------------------------


def cells_of(column: str, entered: Entered) -> dict[str, Any]:
    """The cells of a row as the form of a column says them; None where nothing is said. Raises Invalid."""
    if entered.get("decision") == "clear" and column not in ("name", "department"):
        return {"person": None, "skill": None} if column == "who" else {column: None}
    if column == "who":
        kind, _colon, slug = entered.text("value", most=120).partition(":")
        return {"person": slug if kind == "person" else None, "skill": slug if kind == "skill" else None}
    value = _value(column, entered)
    if value is not None and column != "name":
        try:
            routing.read_cell(column, value)
        except routing.WrongCell as wrong:
            raise Invalid(str(wrong)) from None
    return {column: value}


def as_entered(row: Mapping[str, Any], column: str, entered: Entered) -> Mapping[str, Any]:
    """The row with what was typed in it, so that nothing of it is lost when it is refused."""
    try:
        value = {} if column == "who" else {column: _value(column, entered)}
    except Invalid:
        return row
    if column == "who":
        value = cells_of(column, entered)
    part = "when" if column in routing.CONDITIONS else "then"
    if column == "name":
        return {**row, **value}
    held = row.get(part)
    return {**row, part: {**(held if isinstance(held, Mapping) else {}), **value}}


def _value(column: str, entered: Entered) -> Any:
    if column == "name":
        return entered.required("value", later("Give the rule a name that people recognise in reports."), most=200)
    if column == "department":
        return entered.required("value", later("Choose the department that takes these requests."), most=120)
    if column == "priority":
        value = entered.text("value", most=20)
        return None if value in ("", "normal") else value
    if column == "hour":
        starts, ends = entered.all("from")[:6], entered.all("until")[:6]
        spans = [f"{start}-{end}" for start, end in zip(starts, ends, strict=False) if start and end]
        return _maybe_not(entered, spans)
    if column == "repeat":
        return _count(entered.text("least", most=6), entered.text("most", most=6))
    if column == "promise":
        return _promise(entered)
    if column == "attributes":
        return _attributes(entered)
    if column in LINES:
        return _maybe_not(entered, [each.strip() for each in entered.text("lines").split("\n") if each.strip()])
    return _maybe_not(entered, list(dict.fromkeys(entered.all("value")))[:200])


def _maybe_not(entered: Entered, values: list[str]) -> Any:
    if not values:
        return None
    return {"not": values} if entered.get("negated") == "not" else values


def _count(least: str, most: str) -> Any:
    if not least and not most:
        return None
    return f"{least or 0}-{most}" if most else f">={least}"


def _promise(entered: Entered) -> Any:
    kind = entered.text("kind", most=20)
    if not kind:
        return None
    amount = entered.required("amount", later("Say within what time it is promised."), most=6)
    elapsed = " elapsed" if entered.get("elapsed") == "yes" else ""
    promise = {"kind": kind, "within": f"{amount}{entered.text('unit', most=1)}{elapsed}"}
    text = entered.text("text", most=500)
    return promise | ({"text": text} if text else {})


def _attributes(entered: Entered) -> Any:
    found: dict[str, Any] = {}
    nots = entered.all("pair-not")
    for index, (name, said) in enumerate(zip(entered.all("pair"), entered.all("pair-value"), strict=False)):
        values = [each.strip() for each in said.split(",") if each.strip()]
        if name.strip() and values:
            found[name.strip()[:100]] = {"not": values} if str(index) in nots else values
    return found or None
