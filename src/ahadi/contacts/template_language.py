"""The part of Jinja2 that templates may use: read from the tree, with a sentence and a line for everything else."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from ahadi.base.text import one_line
from ahadi.contacts.placeholders import leftover_placeholders, leftover_placeholders_in_html
from ahadi.contacts.variables import VARIABLES, Kind, Moment

_MOST_DEPTH = 8
_MOST_CONDITIONS = 50

# What each filter is for: the only functions a template can reach.
FILTERS: Mapping[str, Callable[[Any], str]] = {
    "moment": str,
    "date": Moment.date,
    "day": Moment.day,
    "time": Moment.time,
    "spoken": lambda reference: ", ".join(" ".join(piece) for piece in str(reference).split("-")),
}
_FILTER_KINDS: Mapping[str, Kind] = {
    "moment": "moment",
    "date": "moment",
    "day": "moment",
    "time": "moment",
    "spoken": "reference",
}
_ACTIVE_HTML = re.compile(
    r"(?i)<\s*/?\s*(?:script|iframe|object|embed|form|base|meta|link|svg|math)\b|<[^<>]*\son\w+\s*=|javascript:"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a template is refused: in which part (subject, body, html), on which line, and what to do."""

    part: str
    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A name that is no variable; `suggestion` is the known name nearest to it, or empty."""

    name: str
    line: int
    suggestion: str

    @classmethod
    def of(cls, name: str, line: int) -> "Undeclared":
        return cls(one_line(name, 60), line, _nearest(name[:60]))

    @property
    def sentence(self) -> str:
        hint = f"did you mean {self.suggestion}?" if self.suggestion else "see the list of variables."
        return f"{self.name} is not a variable we know; {hint}"


@dataclass(slots=True)
class PartRead:
    """What reading one part brought to light."""

    problems: list[Problem] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)


def dotted(node: nodes.Node) -> str | None:
    """`customer.name` where a node is a plain variable, None where it is anything else."""
    attributes = []
    while isinstance(node, nodes.Getattr):  # not by recursion: the chain may be as long as the template
        attributes.append(node.attr)
        node = node.node
    return ".".join([node.name, *reversed(attributes)]) if isinstance(node, nodes.Name) else None


def undeclared_names(tree: nodes.Node) -> list[Undeclared]:
    """Names anywhere in the tree that are not in the catalogue, in order."""
    found: list[Undeclared] = []
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        name = dotted(node)
        if name is None:
            waiting += reversed(list(node.iter_child_nodes()))
        elif name not in VARIABLES:
            found.append(Undeclared.of(name, node.lineno))
    return list(dict.fromkeys(found))


def _nearest(name: str) -> str:
    """The known name most like this one; `name` alone is most like a name's last word."""
    close = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.7)
    same_end = [known for known in VARIABLES if known.rpartition(".")[2] == re.split(r"[._]", name)[-1].lower()]
    return (close or same_end or [""])[0]


def read_part(part: str, tree: nodes.Template) -> PartRead:
    """Everything that is wrong with one part of a template, and the variables it needs."""
    reader = _Reader(part)
    reader.statements(tree.body, frozenset(), 0)
    if not reader.read.problems:
        reader.literal_text()
    return reader.read


_Guarded = frozenset[str]


class _Reader:
    """Walks a template's tree and accepts only what is listed here."""

    def __init__(self, part: str) -> None:
        self.read = PartRead()
        self._part = part
        self._conditions = 0
        self._text = ""
        self._lines: list[tuple[int, int]] = []  # where in `_text` a piece begins, and on which line it stands

    def literal_text(self) -> None:
        """The template's own words, with samples in place of variables, must have no holes of another kind."""
        find = leftover_placeholders_in_html if self._part == "html" else leftover_placeholders
        for hole in find(self._text):
            self._refuse(
                self._line_of(self._text.find(hole)),
                f"{hole!r} looks like a placeholder; write {{{{ a.variable }}}} instead.",
            )
        if self._part == "html" and (active := _ACTIVE_HTML.search(self._text)):
            self._refuse(self._line_of(active.start()), f"{active[0]!r} does not belong in a mail; remove it.")

    def _line_of(self, place: int) -> int:
        for start, line in reversed(self._lines):
            if start <= place:
                return line + self._text.count("\n", start, place)
        return 1

    def _add_text(self, text: str, line: int) -> None:
        self._lines.append((len(self._text), line))
        self._text += text

    def statements(self, body: Iterable[nodes.Node], guarded: _Guarded, depth: int) -> None:
        for node in body:
            if isinstance(node, nodes.Output):
                for piece in node.nodes:
                    self._output(piece, guarded)
            elif isinstance(node, nodes.If):
                self._condition_block(node, guarded, depth)
            else:
                self._refuse_node(node)

    def _condition_block(self, node: nodes.If, guarded: _Guarded, depth: int) -> None:
        self._conditions += 1
        if depth >= _MOST_DEPTH or self._conditions > _MOST_CONDITIONS:
            self._refuse(node.lineno, "there are too many conditions in one another; make it simpler.")
            return
        when_true, when_false = self._condition(node.test, guarded, 0)
        self.statements(node.body, guarded | when_true, depth + 1)
        for other in node.elif_:
            self._condition_block(other, guarded | when_false, depth + 1)
        self.statements(node.else_, guarded | when_false, depth + 1)

    def _output(self, node: nodes.Node, guarded: _Guarded) -> None:
        if isinstance(node, nodes.TemplateData):
            self._add_text(node.data, node.lineno)
            return
        if isinstance(node, nodes.Filter) and node.node is not None:
            self._filter(node)
            node = node.node
        self._variable(node, guarded, written=True)
        self._add_text("Amina", node.lineno)

    def _filter(self, node: nodes.Filter) -> None:
        kind = _FILTER_KINDS.get(node.name)
        if kind is None:
            known = ", ".join(sorted(FILTERS))
            self._refuse(node.lineno, f"there is no filter {node.name!r}; use one of {known}.")
        elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self._refuse(node.lineno, f"the filter {node.name!r} takes no values.")
        else:
            name = dotted(node.node) if node.node else None
            if name is not None and name in VARIABLES and VARIABLES[name].kind != kind:
                self._refuse(node.lineno, f"the filter {node.name!r} is for a {kind}, and {name} is none.")

    def _variable(self, node: nodes.Node, guarded: _Guarded, *, written: bool) -> None:
        name = dotted(node)
        if name is None:
            self._refuse_node(node)
            return
        variable = VARIABLES.get(name)
        if variable is None:
            self._refuse(node.lineno, Undeclared.of(name, node.lineno).sentence)
            return
        if written and variable.kind == "code":
            self._refuse(node.lineno, f"{name} is for conditions; write {{{{ promise.text }}}} for the words.")
        if written and variable.kind == "words" and self._part == "subject":
            self._refuse(node.lineno, f"{name} is the customer's own words, which do not go into a subject.")
        self.read.mentioned.add(name)
        if name not in guarded:
            self.read.required.add(name)

    def _condition(self, node: nodes.Node, guarded: _Guarded, depth: int) -> tuple[_Guarded, _Guarded]:
        """Which optional variables are known to be filled where the condition holds, and where it does not."""
        nothing: _Guarded = frozenset()
        if depth > _MOST_DEPTH * 2:
            self._refuse(node.lineno, "the condition is too long; make it simpler.")
        elif isinstance(node, nodes.Not):
            when_true, when_false = self._condition(node.node, guarded, depth + 1)
            return when_false, when_true
        elif isinstance(node, nodes.And):
            left = self._condition(node.left, guarded, depth + 1)
            right = self._condition(node.right, guarded | left[0], depth + 1)
            return left[0] | right[0], nothing
        elif isinstance(node, nodes.Or):
            left = self._condition(node.left, guarded, depth + 1)
            right = self._condition(node.right, guarded | left[1], depth + 1)
            return nothing, left[1] | right[1]
        elif isinstance(node, nodes.Test):
            return self._filled_test(node), nothing
        elif isinstance(node, nodes.Compare):
            self._comparison(node, guarded)
        elif dotted(node) is not None:
            self._refuse(node.lineno, f"write `{dotted(node)} is filled`, or compare it with == and a word in quotes.")
        else:
            self._refuse_node(node)
        return nothing, nothing

    def _filled_test(self, node: nodes.Test) -> _Guarded:
        name = dotted(node.node)
        if node.name != "filled" or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs or name is None:
            self._refuse(node.lineno, "a condition can ask `is filled`, or compare with == or !=, and nothing else.")
        elif name not in VARIABLES:
            self._refuse(node.lineno, Undeclared.of(name, node.lineno).sentence)
        elif not VARIABLES[name].optional:
            self._refuse(node.lineno, f"{name} must always have a value: do not ask whether it is filled.")
        else:
            self.read.mentioned.add(name)
            return frozenset((name,))
        return frozenset()

    def _comparison(self, node: nodes.Compare, guarded: _Guarded) -> None:
        self._variable(node.expr, guarded, written=False)
        name = dotted(node.expr)
        if name is not None and name in VARIABLES and VARIABLES[name].kind == "moment":
            self._refuse(node.lineno, f"{name} is a moment, which no word can equal.")
        for operand in node.ops:
            if operand.op not in ("eq", "ne") or not isinstance(operand.expr, nodes.Const):
                self._refuse(node.lineno, "compare a variable with a word in quotes, by == or !=.")
            elif not isinstance(operand.expr.value, str) or len(node.ops) > 1:
                self._refuse(node.lineno, "compare a variable with one word in quotes.")

    def _refuse_node(self, node: nodes.Node) -> None:
        what = type(node).__name__.lower()
        self._refuse(
            node.lineno, f"{_NAMES.get(what, 'this')} cannot be used in a template: only variables and conditions."
        )

    def _refuse(self, line: int, sentence: str) -> None:
        self.read.problems.append(Problem(self._part, line, sentence))


_NAMES = {
    "for": "a loop",
    "macro": "a macro",
    "call": "a call",
    "callblock": "a call",
    "include": "an include",
    "import": "an import",
    "fromimport": "an import",
    "extends": "an extends",
    "block": "a block",
    "assign": "a set",
    "assignblock": "a set",
    "getitem": "a bracket",
    "condexpr": "an if inside a value",
    "const": "a constant",
    "filter": "a filter after a filter",
}
