"""The places of a dialplan that contacts can come to, found by following it from its beginnings.

A place is a context that is current, a number (or the pattern it matches) and a priority: the same line does different
things in different contexts, as jumps and keys are looked up in the current one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ahadi.flowlang.formats.asterisk_lines import Dialplan, Step, arguments
from ahadi.flowlang.formats.asterisk_numbers import Numbers, can_be_dialled
from ahadi.flowlang.formats.asterisk_words import branches, holds
from ahadi.flowlang.formats.base import refused
from ahadi.flowlang.model import STOP, UNKNOWN, Choice, Edge, Flow, Node, Owner, Remark, Words, words_of

MOST_PLACES: Final = 50_000
MOST_EDGES: Final = 400_000
STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "DIALSTATUS": ("NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION"),
    "QUEUESTATUS": ("TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY"),
    "VMSTATUS": ("SUCCESS", "USEREXIT", "FAILED"),
}
QUIET: Final = frozenset({"noop", "verbose", "log"})
SPECIAL: Final = frozenset({"h", "i", "t", "T", "o", "a", "e", "failed", "fax", "talk"})
_STATUS: Final = re.compile(r"\$\{(DIALSTATUS|QUEUESTATUS|VMSTATUS)\}")


class Place(NamedTuple):
    """A current context, a number and a priority, with the step that is run there."""

    context: str
    number: str
    priority: int
    step: Step

    @property
    def name(self) -> str:
        """The name of its node."""
        return name_of(self.context, self.number, self.priority)


def name_of(context: str, number: str, priority: int) -> str:
    """What a place is called."""
    return f"{context},{number},{priority}"


@dataclass(slots=True)
class Shared:
    """What the flows of a dialplan share: the look-up, what was reached, and the subroutines yet to be followed."""

    numbers: Numbers
    file: str
    stem: str
    sets: frozenset[str]  # variables that are set somewhere
    typed: frozenset[str]  # variables that only hold what a caller typed
    queues: "Mapping[str, Queue] | None"
    looked_up: frozenset[str] = frozenset()  # variables that only hold what was looked up
    counters: Mapping[str, int] = field(default_factory=dict)  # variables that only count up, and from where
    reached: set[int] = field(default_factory=set)  # lines
    subroutines: dict[tuple[str, str, int], str] = field(default_factory=dict)
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    remarks: dict[tuple[str, str], Remark] = field(default_factory=dict)
    places: int = 0
    edges: int = 0

    @property
    def plan(self) -> Dialplan:
        """The dialplan."""
        return self.numbers.plan

    def subroutine(self, context: str, number: str, priority: int) -> str:
        """The name of the flow that a subroutine is."""
        key = (context, number, priority)
        if key not in self.subroutines:
            self.subroutines[key] = f"{self.stem}: {name_of(*key)}"
            self.calls.append(key)
        return self.subroutines[key]


@dataclass(frozen=True, slots=True)
class Queue:
    """What queues.conf says of a queue. `empty` and `limited`: whether it may refuse, or send away, for that."""

    name: str
    line: int
    news: tuple[str, ...] = ()
    exit: str = ""
    empty: bool = False
    limited: bool = False


class Places:
    """The places of one flow, as far as they are reached."""

    def __init__(self, shared: Shared, build: "Callable[[Places, Place], Node]") -> None:
        self.shared, self.numbers = shared, shared.numbers
        self._build = build
        self.nodes: dict[str, Node] = {}
        self._todo: list[Place] = []
        self._known: set[str] = set()
        self._keys: dict[str, tuple[tuple[Choice, ...], tuple[Edge, ...]]] = {}

    def follow(self, name: str) -> None:
        """Build the nodes of all places that were named, and of those that these name."""
        while self._todo:
            place = self._todo.pop()
            self.shared.reached.add(id(place.step))
            node = self._build(self, place)
            self.shared.edges += len(node.edges)
            if self.shared.edges > MOST_EDGES:
                raise refused(self.shared.file, "there are too many ways from place to place; split it.")
            self.nodes[node.name] = node
        if name not in self.nodes:
            self.nodes[name] = Node(name, "end", about="nothing is there")

    # Where things lead ------------------------------------------------------------------------------------------

    def at(self, context: str, number: str, priority: int) -> str:
        """The name of a place; empty (the end of the contact) where there is none."""
        place = self.place(context, number, priority)
        return self.named(place) if place is not None else ""

    def place(self, context: str, number: str, priority: int) -> Place | None:
        """A place; None where there is none."""
        found = self.numbers.find(context, number, priority)
        return None if found is None else Place(context, number, priority, found.steps[priority])

    def named(self, place: Place) -> str:
        """The name of a place, which is followed in its turn."""
        if place.name not in self._known:
            self._known.add(place.name)
            self._todo.append(place)
            self.shared.places += 1
            if self.shared.places > MOST_PLACES:
                raise refused(self.shared.file, f"it has more than {MOST_PLACES:,} places to come to; split it.")
        return place.name

    def onward(self, place: Place, known: Mapping[str, str] | None = None) -> str:
        """The name of what follows a place: the next priority, or the end of the extension.

        `known` are variables whose value is known from what came of the place; jumps that ask for them are followed.
        """
        following = self.place(place.context, place.number, place.priority + 1)
        if following is None:
            return self.ended(place)
        if known and (found := self._walked(following, known)) is not None:
            return found
        return self.named(following)

    def _walked(self, at: Place, known: Mapping[str, str]) -> str | None:
        """Where jumps lead that ask for what is known; None where there are none."""
        walked: list[Place] = []
        used = False
        while len(walked) < 40:
            following: Place | str | None
            if at.step.app in QUIET:
                following = self.place(at.context, at.number, at.priority + 1) or self.ended(at)
            else:
                following = self._known_jump(at, known)
                used = used or following is not None
            if following is None:
                break
            walked.append(at)
            if isinstance(following, str):
                self._walked_over(walked, used=used)
                return following if used else None
            at = following
        self._walked_over(walked, used=used)
        return self.named(at) if used else None

    def _walked_over(self, walked: Iterable[Place], *, used: bool) -> None:
        if used:
            self.shared.reached.update(id(each.step) for each in walked)

    def _known_jump(self, place: Place, known: Mapping[str, str]) -> "Place | str | None":
        app, args = place.step.app, place.step.args
        if not any(f"${{{name}}}" in args for name in known):
            return None
        for name, value in known.items():
            args = args.replace(f"${{{name}}}", value)
        if app == "goto":
            return self._jump(place, args)
        if app == "gotoif":
            condition, yes, no = branches(args)
            truth = holds(condition)
            if truth is None:
                return None
            target = yes if truth else no
            if not target:
                return self.place(place.context, place.number, place.priority + 1) or STOP
            return self._jump(place, target)
        return None

    def _jump(self, place: Place, target: str) -> "Place | str | None":
        found = self.target(place, target)
        if found is None:
            return None
        return self.place(*found) or self.invalid(found[0])

    def ended(self, place: Place) -> str:
        """What follows an extension with nothing left to do: the call is hung up, or waits for keys."""
        settings = self.shared.plan.general
        if settings.get("autofallthrough", "yes").lower() in ("no", "false", "0", "off"):
            name = f"{place.context},{place.number},(waits)"
            if name not in self._known:
                self._known.add(name)
                self.nodes[name] = self.waits(Node(name, "menu", line=place.step.line), place.context, STOP, 10)
            return name
        return STOP

    def target(self, place: Place, text: str) -> tuple[str, str, int] | None:
        """The context, number and priority that a jump names; None where it is computed at run time."""
        parts = [self.filled(place, each) for each in arguments(text)]
        if not 1 <= len(parts) <= 3 or any("$" in each for each in parts):
            return None
        context = parts[0] if len(parts) == 3 else place.context
        number = parts[-2] if len(parts) > 1 else place.number
        label = parts[-1]
        if label.isdigit() and len(label) < 10:
            return context, number, int(label)
        if label.startswith("+") or "+" in label:
            label, _, plus = label.partition("+")
            base = self.numbers.labelled(context, number, label)
            return (context, number, base + int(plus)) if base and plus.isdigit() and len(plus) < 10 else None
        if label in ("n", "s") and len(parts) == 1:
            return context, number, place.priority + (label == "n")
        return context, number, self.numbers.labelled(context, number, label)

    def filled(self, place: Place, text: str) -> str:
        """A text with what is known of the place in it."""
        return text.replace("${EXTEN}", place.number).replace("${CONTEXT}", place.context).strip()

    def edges_to(self, place: Place, text: str, outcome: str, owner: Owner = "world") -> tuple[Edge, ...]:
        """The edges of a jump: one, or one for each value of a status that it asks for."""
        status = _STATUS.search(text)
        if status is not None:
            found: dict[str, Edge] = {}
            for value in STATUSES[status[1]]:
                for edge in self.edges_to(place, text.replace(status[0], value), f"{outcome} {value}".strip(), owner):
                    found.setdefault(edge.outcome, edge)
            return tuple(found.values())
        target = self.target(place, text)
        if target is None:
            return (Edge(outcome, UNKNOWN, owner, why=f"where `{text}` leads is computed at run time"),)
        return (self.jump_edge(outcome, target, owner),)

    def jump_edge(self, outcome: str, target: tuple[str, str, int], owner: Owner = "world") -> Edge:
        """The edge to a place; where there is none, what Asterisk does with a number that is invalid."""
        if name := self.at(*target):
            return Edge(outcome, name, owner)
        context = target[0]
        if switch := self.numbers.switch(context):
            return Edge(outcome, UNKNOWN, owner, why=f"the switch `{switch}` looks for it elsewhere")
        if context not in self.shared.plan.contexts:
            return Edge(outcome, UNKNOWN, owner, why=f"the context `{context}` was not given")
        return Edge(outcome, self.invalid(context), owner, how="implicit")

    def invalid(self, context: str) -> str:
        """What follows a number that is not there: the extension `i`, or `e`, or the end."""
        return self.at(context, "i", 1) or self.at(context, "e", 1) or STOP

    # Keys -------------------------------------------------------------------------------------------------------

    def keys(self, context: str) -> tuple[tuple[Choice, ...], tuple[Edge, ...]]:
        """What a caller may dial in a context, with an edge for each; and for what is not there, `wrong`."""
        if context not in self._keys:
            self._keys[context] = self._dialled(context)
        return self._keys[context]

    def _dialled(self, context: str) -> tuple[tuple[Choice, ...], tuple[Edge, ...]]:
        choices: list[Choice] = []
        edges: list[Edge] = []
        dialled = [each for each in self.numbers.dialled(context) if can_be_dialled(each)]
        for name in dialled:
            if target := self.at(context, name, 1):
                choices.append(Choice(name))
                edges.append(Edge(name, target, "customer"))
        if "0" not in dialled and (found := self.numbers.find(context, "0", 1)) is not None:
            choices.append(Choice("0"))
            edges.append(Edge("0", self.at(context, found.name, 1), "customer"))
        if switch := self.numbers.switch(context):
            why = f"the switch `{switch}` looks for other numbers elsewhere"
            edges.append(Edge("another number", UNKNOWN, "customer", why=why))
        if included := self.numbers.at_times(context):
            why = f"`{included}` is included at some times only; what its keys do at others is not looked into"
            edges.append(Edge("at other times", UNKNOWN, "time", why=why))
        edges.append(Edge("wrong", self.invalid(context), "customer", mistake=True))
        return tuple(choices), tuple(edges)

    def waits(self, node: Node, context: str, following: str, seconds: int) -> Node:
        """A node that waits for keys: then the next priority, or the extension `t`, or `e`, or the end."""
        choices, edges = self.keys(context)
        late = following or self.at(context, "t", 1) or self.at(context, "e", 1) or STOP
        silence = Edge("silence", late, "customer", mistake=True, seconds=seconds)
        return Node(node.name, "menu", (*edges, silence), node.line, node.words, choices=choices)

    # What is said of the whole ------------------------------------------------------------------------------------

    def remark(self, place: Place, sentence: str) -> None:
        """Note that something was not understood, once for each line."""
        key = (str(place.step.line), sentence)
        self.shared.remarks.setdefault(key, Remark(place.name, sentence, place.step.line))

    def flow(self, name: str, starts: Iterable[str], given: Iterable[str]) -> Flow:
        """The flow of what was followed."""
        first, *others = starts
        return Flow(
            name, first, self.nodes, file=self.shared.file, origin="asterisk", given=tuple(sorted(given)),
            entries=tuple(others),
        )  # fmt: skip


def sounds(shared: Shared, files: str) -> str:
    """Words for sound files, said as such: their texts are not in a dialplan."""
    names = [each.strip() for each in files.split("&") if each.strip()]
    return f"(sound {', '.join(variables(shared, each) for each in names)})" if names else ""


def variables(shared: Shared, text: str) -> str:
    """A text whose variables that the dialplan sets are written `{name}`; others come from outside."""

    def one(match: re.Match[str]) -> str:
        return f"{{{match[1]}}}" if match[1] in shared.sets else f"‹{match[1]}›"

    plain = re.sub(r"\$\{([A-Za-z_]\w*)\}", one, text)
    return re.sub(r"[$]?[{\[]([^{}\[\]]*)[}\]]", lambda each: each[0] if each[0][0] == "{" else f"‹{each[1]}›", plain)


def said(text: str) -> Words:
    """Words that are said; none for an empty text."""
    return words_of(text) if text else Words()
