"""The grid of a rule table as a page shows it: columns, cells in words, and what stands out in each row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ahadi import routing
from ahadi.directory import Directory
from ahadi.routing import Check, Corrected, DraftRow
from ahadi.screens import rule_words
from ahadi.screens.reader import _

OUTCOMES = ("department", "who", "priority", "promise")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says; `usual` where it says nothing and the words tell what then holds."""

    column: str
    label: str
    text: str
    usual: bool = False
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that stands out: `bad` keeps the table from being published."""

    tone: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class RowView:
    key: str
    number: int
    name: str
    digest: str
    cells: tuple[Cell, ...]
    marks: tuple[Mark, ...]

    @property
    def tone(self) -> str:
        """The worst of its marks."""
        tones = {each.tone for each in self.marks}
        return next((each for each in ("bad", "warn", "info") if each in tones), "")


@dataclass(frozen=True, slots=True)
class Grid:
    """`conditions` are the columns that some row uses, `unused` the others."""

    columns: tuple[tuple[str, str], ...]
    unused: tuple[tuple[str, str], ...]
    rows: tuple[RowView, ...]
    gaps: tuple[tuple[str, str], ...] = ()  # in words, and an example of each
    more_gaps: bool = False
    covers_all: bool | None = None
    table: Mark | None = None

    @property
    def wrong(self) -> list[RowView]:
        return [each for each in self.rows if each.tone == "bad"]

    @property
    def may_be_published(self) -> bool:
        return bool(self.rows) and not self.wrong


def grid_of(
    directory: Directory, rows: Sequence[DraftRow], check: Check | None = None, corrected: Sequence[Corrected] = ()
) -> Grid:
    """The grid, in the reader's language; called while rendering for them."""
    used = [each for each in routing.CONDITIONS if any(each in _part(row.row, "when") for row in rows)]
    columns = ["name", *used, *OUTCOMES]
    marks = _marks(directory, rows, check) if check else {}
    by_rule = {each.rule_id: each for each in corrected}
    views = []
    for number, row in enumerate(rows, 1):
        wrong = {each.column for each in check.problems if each.row == number} if check else set()
        held = [*marks.get(number, ())]
        if row.key in by_rule:
            held.append(Mark("info", "split", _corrected(directory, by_rule[row.key])))
        cells = tuple(cell_of(directory, row.row, column, wrong) for column in columns)
        views.append(RowView(row.key, number, str(row.row.get("name") or ""), row.digest, cells, tuple(held)))
    gaps = [] if check is None else check.uncovered
    undecided = check is not None and any(each.row == 0 for each in check.undecided)
    return Grid(
        columns=tuple((each, rule_words.column_name(each)) for each in columns),
        unused=tuple((each, rule_words.column_name(each)) for each in routing.CONDITIONS if each not in used),
        rows=tuple(views),
        gaps=tuple(
            (rule_words.gap_words(directory, each), rule_words.example_words(directory, each.example)) for each in gaps
        ),
        more_gaps=bool(check and check.more_uncovered),
        covers_all=check.covers_all if check else None,
        table=Mark("info", "info", _("Too many rows overlap to tell whether every request is covered."))
        if undecided
        else None,
    )


def _part(row: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    held = row.get(part)
    return held if isinstance(held, Mapping) else {}


def raw_cell(row: Mapping[str, Any], column: str) -> Any:
    """What a row says in a column, as it is written; None for nothing."""
    if column == "name":
        return row.get("name")
    return _part(row, "when" if column in routing.CONDITIONS else "then").get(column)


def cell_of(directory: Directory, row: Mapping[str, Any], column: str, wrong: Collection[str] = ()) -> Cell:
    """A cell in words."""
    label = rule_words.column_name(column)
    if column == "who":
        return _who(directory, row, label, wrong)
    raw = raw_cell(row, column)
    if raw is None or raw == "":
        usual = {"priority": _("Normal"), "promise": _("as usual"), "department": _("choose one"), "name": "–"}
        return Cell(column, label, usual.get(column, _("any")), usual=True, wrong=column in wrong)
    text = str(raw) if column == "name" else rule_words.cell_words(directory, column, raw)
    return Cell(column, label, text, wrong=column in wrong)


def _who(directory: Directory, row: Mapping[str, Any], label: str, wrong: Collection[str]) -> Cell:
    for column in ("person", "skill"):
        raw = raw_cell(row, column)
        if raw:
            return Cell("who", label, rule_words.cell_words(directory, column, raw), wrong=column in wrong)
    return Cell("who", label, _("anyone"), usual=True, wrong="person" in wrong or "skill" in wrong)


def _marks(directory: Directory, rows: Sequence[DraftRow], check: Check) -> dict[int, list[Mark]]:
    names = [str(each.row.get("name") or "") for each in rows]
    found: dict[int, list[Mark]] = {}
    for problem in check.problems:
        said = rule_words.problem_words(problem.column, problem.sentence)
        found.setdefault(problem.row, []).append(Mark("bad", "circle-alert", said))
    for dead in check.dead:
        said = rule_words.dead_words(dead, names)
        found.setdefault(dead.row, []).append(Mark("warn", "eye-off", said))
    for each in check.undecided:
        said = _("Too many rows overlap to tell whether it ever matches.")
        found.setdefault(each.row, []).append(Mark("info", "info", said))
    return found


def _corrected(directory: Directory, found: Corrected) -> str:
    to = [f"{rule_words.outcome_name(directory, 'department', slug)} ({count})" for slug, count in found.to[:3]]
    return _("People moved %(moved)s of the %(decided)s cases it decided: to %(to)s.") % {
        "moved": found.moved,
        "decided": found.decided,
        "to": ", ".join(to),
    }


def uncovered_hint(directory: Directory, corrected: Sequence[Corrected]) -> str:
    """What people moved of the cases that no row covered; empty where that is nothing."""
    found = next((each for each in corrected if each.rule_id is None), None)
    return _corrected(directory, found) if found else ""
