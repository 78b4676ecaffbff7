"""The making of a flow from Architect's YAML: menus, tasks and states become nodes as they are reached.

Actions follow one another; an output of an action without an end of its own goes on with the action after it. Nothing
here calls itself: what is yet to be made waits in a list.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import refused
from ahadi.flowlang.formats.genesys_values import prompt, reference, under, value
from ahadi.flowlang.model import BACK, STOP, UNKNOWN, Edge, Flow, Node, Remark, Words
from ahadi.flowlang.reading import Tree

MOST_NODES: Final = 50_000
NO_WORDS: Final = Words()
ERRORS: Final = "(error handling)"


@dataclass(slots=True)
class Source:
    """A file's flow: its kind (`inboundCall` and others), its body, and what its menus, tasks and states are called."""

    file: str
    kind: str
    body: Tree
    name: str
    language: str
    parts: dict[tuple[str, str], Tree] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()  # variables that have no value at first
    typed: frozenset[str] = frozenset()  # variables that only hold what a customer gave
    looked_up: frozenset[str] = frozenset()  # variables that only hold what was looked up
    news: tuple[str, ...] = ()
    remarks: dict[tuple[int, str], Remark] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)  # parts
    called: dict[str, str] = field(default_factory=dict)  # tasks by reference, and the flows that they are
    made: int = 0

    @property
    def waiting(self) -> bool:
        """Whether this is what a waiting customer hears."""
        return self.kind.lower().startswith("inqueue")

    def remark(self, node: str, line: int, sentence: str) -> None:
        """Note that something was not understood."""
        self.remarks.setdefault((line, sentence), Remark(node, sentence, line))

    def words(self, tree: Tree | None) -> Words:
        """The words of a prompt."""
        return prompt(tree, self.unset, self.language)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an action stands: its task, what follows the task, and the menu and loop around it."""

    title: str
    end: str
    menu: str = ""
    again: str = ""
    out: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """An action yet to be made: its kind and body, its node's name, where it stands, and what follows it."""

    kind: str
    body: Tree
    name: str
    scope: Scope
    after: str


class Maker:
    """The nodes of one flow. `called` says that it is a task which comes back to the one that calls it."""

    def __init__(self, source: Source, make: "Callable[[Maker, Action], Node]", *, called: bool) -> None:
        self.source, self.called = source, called
        self.nodes: dict[str, Node] = {}
        self._make = make
        self._todo: list[Action] = []
        self._names: set[str] = set()
        self._counts: dict[str, int] = {}
        self._parts: dict[tuple[str, str], str] = {}
        self.waits = False

    # Names and what is yet to be made -----------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """A name for a node that no other has."""
        wanted = one_line(name, 100) or "(nameless)"
        found = wanted
        while found in self._names:
            self._counts[wanted] = self._counts.get(wanted, 1) + 1
            found = f"{wanted} ({self._counts[wanted]})"
        self._names.add(found)
        self.source.made += 1
        if self.source.made > MOST_NODES:
            raise refused(self.source.file, f"it has more than {MOST_NODES:,} places to come to; split it.")
        return found

    def add(self, node: Node) -> str:
        """Keep a node; its name."""
        self.nodes[node.name] = node
        return node.name

    def run(self) -> None:
        """Make everything that waits to be made."""
        while self._todo:
            action = self._todo.pop()
            self.add(self._make(self, action))

    def put(self, kind: str, body: Tree, scope: Scope, after: str) -> str:
        """Let an action be made; the name of its node."""
        title = value(under(body, "name")) or kind
        name = self.unique(f"{scope.title}: {title}" if scope.title else title)
        self._todo.append(Action(kind, body, name, scope, after))
        return name

    def sequence(self, actions: Tree | None, scope: Scope, after: str) -> str:
        """Let actions be made that follow one another; the first, or what follows where there are none."""
        items = actions.items if actions is not None and actions.items is not None else []
        following = after
        for item in reversed(items):
            pairs = item.pairs or {}
            if len(pairs) != 1:
                self.source.remark(
                    scope.title, item.line, "an action is not written as one key with what belongs to it."
                )
                continue
            kind, body = next(iter(pairs.items()))
            following = self.put(kind, body, scope, following)
        return following

    # Parts --------------------------------------------------------------------------------------------------------

    def part(self, tree: Tree | None, owner: str) -> Edge:
        """An edge (without its outcome) to the menu, task or state that a reference names."""
        kind, ref = reference(tree)
        found = self.source.parts.get((kind, ref))
        if found is None:
            text = one_line(value(tree), 60)
            return Edge("", UNKNOWN, why=f"`{owner}` leads to `{text}`, which is not in the file")
        return Edge("", self.begin(kind, ref, found))

    def begin(self, kind: str, ref: str, tree: Tree) -> str:
        """The name of the node at which a menu, task or state begins."""
        if (kind, ref) not in self._parts:
            self.source.reached.add(id(tree))
            title = value(under(tree, "name")) or ref
            if kind == "menu":
                self._parts[kind, ref] = self.put("menu", tree, Scope("", self.end()), STOP)
            else:
                name = self.unique(title)
                self._parts[kind, ref] = name
                first = self.sequence(under(tree, "actions"), Scope(title, self.end()), self.end())
                self.add(Node(name, "say", (Edge("next", first, how="declared" if first else "implicit"),), tree.line))
        return self._parts[kind, ref]

    def end(self) -> str:
        """What follows a task that has nothing left to do: back to who called it, or the end of the contact."""
        if not self.called:
            return STOP
        if "(end of the task)" not in self.nodes:
            self.add(Node(self.unique("(end of the task)"), "end", about=BACK))
        return "(end of the task)"

    def task_flow(self, tree: Tree | None) -> str:
        """The name of the flow that a called task is; empty where it is not in the file."""
        kind, ref = reference(tree)
        found = self.source.parts.get((kind, ref))
        if found is None or kind != "task":
            return ""
        self.source.reached.add(id(found))
        return self.source.called.setdefault(ref, f"{self.source.name}: {value(under(found, 'name')) or ref} [{ref}]")

    # Ends ---------------------------------------------------------------------------------------------------------

    def hang_up(self, name: str, line: int, words: Words = NO_WORDS, about: str = "disconnect") -> Node:
        """A node that disconnects the customer, also one who waits."""
        if self.source.waiting:
            return Node(name, "say", (Edge("next", STOP, how="declared"),), line, words)
        return Node(name, "end", (), line, words, about)

    def on_error(self) -> str:
        """Where the flow's own handling of errors begins; without any the customer is disconnected."""
        if ERRORS in self._names:
            return ERRORS
        name = self.unique(ERRORS)
        settings = under(self.source.body, "settingsErrorHandling")
        words = self.source.words(under(settings, "preHandlingAudio"))
        line = settings.line if settings is not None else self.source.body.line
        pairs = under(settings, "errorHandling")
        kind, body = next(iter((pairs.pairs or {}).items()), ("disconnect", None)) if pairs else ("disconnect", None)
        if kind == "disconnect" or body is None:
            self.add(self.hang_up(name, line, words, "disconnected by the handling of errors"))
            return name
        after = self.put(kind, body, Scope("(errors)", self.end()), STOP)
        self.add(Node(name, "say", (Edge("next", after),), line, words))
        return name

    def error_edge(self) -> Edge:
        """The edge of an error that nothing else handles."""
        return Edge("error", self.on_error(), how="implicit")

    def after_words(self, name: str, words: Words, to: str, line: int) -> str:
        """What is said before going on; only where something is said."""
        if not words.texts:
            return to
        return self.add(Node(self.unique(name), "say", (Edge("next", to, how="implicit"),), line, words))

    def flow(self, name: str, start: str) -> Flow:
        """The flow of what was made."""
        source = self.source
        return Flow(
            name, start, self.nodes, file=source.file, language=source.language, origin="genesys",
            channel="" if "Call" in source.kind else source.kind, while_waiting=source.waiting,
        )  # fmt: skip


def as_outcome(edge: Edge, outcome: str) -> Edge:
    """An edge with the outcome that it is of."""
    return replace(edge, outcome=outcome)
