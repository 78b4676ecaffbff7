"""The check of a rule table: what is wrong in it, which rows can never match, which requests no row covers. Exact."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ahadi.routing.model import Request, Rule, normal
from ahadi.routing.regions import Box, OutOfWork, Work, left_over
from ahadi.routing.rows import Problem, Reading, read_rules
from ahadi.routing.space import Space, Where, told

# Comparisons of a region with a row: for the whole check (some seconds at most), and for one question of it.
_WORK: Final = 2_000_000
_WORK_PER_QUESTION: Final = 250_000
_EXAMPLES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Known:
    """What an organisation has: the names that rows may use.

    `people` gives each person's departments, `skills` the departments in which somebody has the skill.
    None leaves a column unchecked and open.
    """

    departments: frozenset[str]
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    skills: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reasons: frozenset[str] | None = None
    tiers: frozenset[str] | None = None


@dataclass(frozen=True)
class DeadRow:
    """A row that can never match, and the earlier rows that take all it describes; none when it contradicts itself."""

    row: int
    rule_id: str
    because: tuple[int, ...]
    sentence: str
    empty: str = ""  # the column of which it leaves nothing, where it contradicts itself


@dataclass(frozen=True)
class Uncovered:
    """Requests that no row covers, in words and as values, and one of them."""

    sentence: str
    example: Request
    where: tuple[Where, ...] = ()


@dataclass(frozen=True)
class Undecided:
    """A question that the check could not settle within its bound; row 0 is whether every request is covered."""

    row: int
    sentence: str


@dataclass(frozen=True)
class Check:
    """Everything the check found out. Only `problems` keep a table from being published.

    `covers_all` is None where that cannot be told, or was not asked because of problems; `more_uncovered` says that
    there are, or may be, further requests that no row covers than those listed. `examples` holds for each row a
    request that it takes, where one was found.
    """

    problems: tuple[Problem, ...] = ()
    dead: tuple[DeadRow, ...] = ()
    covers_all: bool | None = None
    uncovered: tuple[Uncovered, ...] = ()
    more_uncovered: bool = False
    undecided: tuple[Undecided, ...] = ()
    examples: tuple[Request | None, ...] = ()

    @property
    def may_be_published(self) -> bool:
        return not self.problems


def check_rows(rows: object, known: Known) -> tuple[Reading, Check]:
    """Read rows as people write them and check them; where a row has a problem, nothing is said of what it covers."""
    reading = read_rules(rows)
    check = check_rules(reading.rules, known, reading.places, whole=not reading.problems)
    if not reading.problems:
        return reading, check
    return reading, Check(problems=tuple(sorted((*reading.problems, *check.problems), key=lambda found: found.row)))


def check_rules(
    rules: Sequence[Rule],
    known: Known,
    places: Sequence[tuple[int, int | None]] | None = None,
    *,
    whole: bool = True,
    work: int = _WORK,
) -> Check:
    """Check rules in the order in which they are tried.

    `places` gives each rule's row and line where they differ from its position; without `whole` only the names that
    the rules use are looked at; `work` bounds the comparisons made.
    """
    if places is None:
        places = [(number, None) for number in range(1, len(rules) + 1)]
    problems = [
        Problem(row, column, sentence, line)
        for rule, (row, line) in zip(rules, places, strict=True)
        for column, sentence in _unknown_names(rule, known)
    ]
    if problems or not whole:
        return Check(problems=tuple(problems))
    return _Search(rules, Space(rules, known.reasons, known.tiers), Work(work)).check()


def _unknown_names(rule: Rule, known: Known) -> Iterator[tuple[str, str]]:
    """The names in a rule that the organisation does not have: the column and what to do."""
    for column, cell, names in (("reason", rule.when.reason, known.reasons), ("tier", rule.when.tier, known.tiers)):
        having = {normal(name) for name in names or ()} | {""}
        for value in cell.values if cell and names is not None else ():
            if value not in having:
                yield column, f"there is no {column} “{value}”; {_near(value, having)}"
    then = rule.then
    if then.department not in known.departments:
        yield "department", f"there is no department “{then.department}”; {_near(then.department, known.departments)}"
        return
    if then.person is not None:
        serves = known.people.get(then.person)
        if serves is None:
            yield "person", f"there is no person “{then.person}”; {_near(then.person, known.people)}"
        elif then.department not in serves:
            yield "person", f"“{then.person}” is not in the department “{then.department}”; name one who is"
    if then.skill is not None:
        held = known.skills.get(then.skill)
        if held is None:
            yield "skill", f"there is no skill “{then.skill}”; {_near(then.skill, known.skills)}"
        elif then.department not in held:
            yield "skill", f"nobody in “{then.department}” has the skill “{then.skill}”; give it to somebody first"


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [other for other in names if other], 1)
    return f"did you mean “{near[0]}”?" if near else "add it to the organisation first"


class _Search:
    """The questions asked of a table whose names are all known, within the work given."""

    def __init__(self, rules: Sequence[Rule], space: Space, work: Work) -> None:
        self._rules = rules
        self._space = space
        self._work = work
        self._dead: list[DeadRow] = []
        self._undecided: list[Undecided] = []

    def check(self) -> Check:
        covers_all, uncovered, more = self._coverage()
        examples = tuple(self._row(index) for index in range(len(self._rules)))
        return Check((), tuple(self._dead), covers_all, uncovered, more, tuple(self._undecided), examples)

    def _row(self, index: int) -> Request | None:
        """A request that the row takes, or None with the row entered as dead or undecided."""
        layout, rows = self._space.layout, self._space.rows
        empty = self._space.empty_column(rows[index])
        if empty:
            self._enter_dead(index, (), f"it leaves no {empty}", empty)
            return None
        used: set[int] = set()
        left = self._ask(layout.box(rows[index]), range(index), used, 1)
        if left is None:
            sentence = f"{self._called(index)}: cannot tell whether it can ever match; too many rows overlap"
            self._undecided.append(Undecided(index + 1, sentence))
            return None
        if left:
            return self._space.example(left[0])
        because = self._fewest(layout.box(rows[index]), sorted(used))
        takes = "takes" if len(because) == 1 else "between them take"
        self._enter_dead(index, because, f"{self._listed(because)} {takes} every request that it describes")
        return None

    def _coverage(self) -> tuple[bool | None, tuple[Uncovered, ...], bool]:
        """Whether every request is covered, some that are not, and whether there are more than those."""
        space = self._space
        found: list[Box] = []
        settled = self._ask(space.layout.everything, range(len(space.rows)), set(), _EXAMPLES + 1, found)
        if settled is None:
            sentence = "cannot tell whether every request is covered; too many rows overlap"
            self._undecided.append(Undecided(0, sentence))
        shown = tuple(self._uncovered(box) for box in found[:_EXAMPLES])
        covers_all = False if found else None if settled is None else True
        return covers_all, shown, settled is None or len(found) > _EXAMPLES

    def _uncovered(self, box: Box) -> Uncovered:
        example = self._space.example(box)
        sentence = f"no row covers: {self._space.describe(box)}; for example {told(example)}"
        return Uncovered(sentence, example, self._space.conditions(box))

    def _ask(
        self, box: Box, rows: Sequence[int], used: set[int], most: int, found: list[Box] | None = None
    ) -> list[Box] | None:
        """Up to `most` parts of the box that are in none of the rows; None when that cannot be told.

        `found` keeps the parts that were found before the work ran out.
        """
        found = [] if found is None else found
        allowed = min(self._work.left, _WORK_PER_QUESTION)
        question = Work(allowed)
        chosen = [self._space.rows[index] for index in rows]
        taken: set[int] = set()
        try:
            for part in islice(left_over(self._space.layout, box, chosen, question, taken), most):
                found.append(part)
        except OutOfWork:
            return None
        finally:
            self._work.left -= allowed - max(question.left, 0)
            used |= {rows[index] for index in taken}
        return found

    def _fewest(self, box: Box, rows: list[int]) -> tuple[int, ...]:
        """The rows without those that are not needed to take all of the box."""
        for index in reversed(rows if len(rows) <= _EXAMPLES else []):
            without = [other for other in rows if other != index]
            if self._ask(box, without, set(), 1) == []:
                rows = without
        return tuple(rows)

    def _enter_dead(self, index: int, because: tuple[int, ...], why: str, empty: str = "") -> None:
        rule = self._rules[index]
        numbers = tuple(other + 1 for other in because)
        self._dead.append(DeadRow(index + 1, rule.id, numbers, f"{self._called(index)} can never match: {why}", empty))

    def _called(self, index: int) -> str:
        return f"row {index + 1} “{self._rules[index].name}”"

    def _listed(self, indices: Sequence[int]) -> str:
        called = [self._called(index) for index in indices]
        return called[0] if len(called) == 1 else f"{', '.join(called[:-1])} and {called[-1]}"
