"""What happens next: one pure function from a position and an outcome to the next position and what is to be done.

Running a contact, checking every run and simulating a day all go through `step`. It asks nothing of the outside: what
came of a node (a key, an answer, a full queue) is handed in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from ahadi.base.errors import Conflict, Invalid
from ahadi.base.text import fold
from ahadi.flowlang.model import (
    AGAIN,
    BACK,
    DEEPEST,
    ENDLESS,
    GIVEN_UP,
    GOOD,
    STOP,
    UNKNOWN,
    Book,
    Edge,
    Flow,
    Gain,
    Kind,
    Node,
)  # fmt: skip

LEAVES: Final = "(leaves)"  # the customer goes, by their own choice; possible anywhere
ENTERS: Final = "(enters)"  # of `flow`: the other flow begins
GOES: Final = "(goes)"  # of `repeat`: it is counted
RETURNS: Final = "(returns)"  # of an end that returns: the calling flow goes on
MECHANICAL: Final[Mapping[Kind, str]] = {"repeat": GOES, "flow": ENTERS, "end": RETURNS}  # nobody has a choice there
_VARIABLE: Final = re.compile(r"\{([A-Za-z_][\w.]*)\}")

Over = Literal["", "end", "stop", "left", "endless", "unknown", "back"]
Counts = tuple[tuple[str, int], ...]


class ContactOver(Conflict):
    """The contact has ended already."""

    code = "contact-over"


class NoSuchOutcome(Invalid):
    """The node that the contact is at has no such outcome."""

    code = "no-such-outcome"


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that will be returned to: the flow and its node, with the loops counted there."""

    flow: str
    node: str
    counts: Counts = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a contact is: small, and made of texts and numbers, so that any worker may go on with it."""

    flow: str
    node: str
    tries: int = 0
    counts: Counts = ()
    stack: tuple[Frame, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    gain: Gain = ""
    over: Over = ""

    @property
    def ended_badly(self) -> bool:
        """Whether the contact ended, without a person, a promise or the customer's own wish."""
        return self.over in ("end", "stop") and not self.gain


@dataclass(frozen=True, slots=True)
class Input:
    """What came of the node a contact is at; `values` gives those it sets, `value` one for all of them."""

    outcome: str
    value: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """Words for the customer, by language; `missing` names variables that have no value: they must not be sent."""

    node: str
    texts: tuple[tuple[str, str], ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Do:
    """Do what the node says (offer its choices, look up, queue …) and come back with the outcome."""

    node: Node
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """The flow is over for this contact; `gain` says with what, `reason` what its end says."""

    over: Over
    gain: Gain
    reason: str = ""


Effect = Said | Do | Ended


def begin(
    book: Book, flow: str, values: Mapping[str, str] | None = None, entry: str = ""
) -> tuple[Position, tuple[Effect, ...]]:
    """A contact at the beginning of a flow. Raises `NoSuchOutcome` where there is no such flow."""
    found = _flow(book, flow)
    given = tuple(sorted((values or {}).items()))
    return _arrive(found, Position(found.name, entry or found.start, values=given))


def step(book: Book, position: Position, given: Input) -> tuple[Position, tuple[Effect, ...]]:
    """What an outcome leads to. Raises `ContactOver`, and `NoSuchOutcome` where the node cannot come to that."""
    if position.over:
        raise ContactOver("This contact has ended; begin another.")
    flow = _flow(book, position.flow)
    node = flow.nodes[position.node]
    if given.outcome == LEAVES:
        return _over(replace(position, gain=position.gain or "left"), "left")
    if (only := MECHANICAL.get(node.kind)) is not None:
        if given.outcome != only:
            raise _no_such(node, given)
        if node.kind == "repeat":
            return _count(flow, node, position)
        return _enter(book, flow, node, position) if node.kind == "flow" else _go_back(book, node, position)
    edge = node.edge(given.outcome)
    if edge is None or edge.outcome == GIVEN_UP:
        raise _no_such(node, given)
    if edge.target == AGAIN:
        if position.tries < node.tries:
            return _arrive(flow, replace(position, tries=position.tries + 1))
        edge = node.edge(GIVEN_UP) or replace(edge, target=STOP)
    return _follow(flow, node, edge, position, given)


def _follow(
    flow: Flow, node: Node, edge: Edge, position: Position, given: Input
) -> tuple[Position, tuple[Effect, ...]]:
    position = replace(
        position,
        tries=0,
        values=_values(node, position, edge, given) if edge.sets else position.values,
        gain=position.gain if position.gain in GOOD else edge.gain or position.gain,
    )
    if edge.target == STOP:
        return _over(position, "stop")
    if edge.target == ENDLESS:
        return _over(position, "endless")
    if edge.target == UNKNOWN:
        return _over(position, "unknown")
    return _arrive(flow, replace(position, node=edge.target))


def _arrive(flow: Flow, position: Position) -> tuple[Position, tuple[Effect, ...]]:
    node = flow.nodes[position.node]
    said: tuple[Effect, ...] = (_said(node, position),) if node.words.texts else ()
    if node.kind != "end":
        return position, (*said, Do(node, position.tries))
    if returns(node) and position.stack:
        return position, (*said, Do(node))
    ended, effects = _over(position, "back" if returns(node) else "end", node.about)
    return ended, (*said, *effects)


def _count(flow: Flow, node: Node, position: Position) -> tuple[Position, tuple[Effect, ...]]:
    """A loop goes round once more, or has gone round often enough and may begin anew another time."""
    counts = dict(position.counts)
    so_far = counts.pop(node.name, 0)
    if so_far < node.tries:
        counts[node.name] = so_far + 1
    edge = node.edge("again" if so_far < node.tries else "done")
    position = replace(position, counts=tuple(sorted(counts.items())))
    return _follow(flow, node, edge or Edge("done", STOP), position, Input(GOES))


def _enter(book: Book, flow: Flow, node: Node, position: Position) -> tuple[Position, tuple[Effect, ...]]:
    entered = book.find(node.about)
    if entered is None:
        return _over(replace(position, tries=0), "unknown")
    if not node.returns:
        return _arrive(entered, replace(position, flow=entered.name, node=entered.start, tries=0, counts=()))
    if len(position.stack) >= DEEPEST:
        edge = node.edge("failed") or Edge("failed", STOP)
        return _follow(flow, node, edge, position, Input("failed"))
    frame = Frame(flow.name, node.name, position.counts)
    called = replace(
        position, flow=entered.name, node=entered.start, tries=0, counts=(), stack=(*position.stack, frame)
    )
    return _arrive(entered, called)


def _go_back(book: Book, node: Node, position: Position) -> tuple[Position, tuple[Effect, ...]]:
    frame = position.stack[-1]
    caller = _flow(book, frame.flow)
    calling = caller.nodes[frame.node]
    edge = calling.edge(returned(node)) or calling.edge("next") or Edge("next", STOP)
    back = replace(position, flow=frame.flow, node=frame.node, counts=frame.counts, stack=position.stack[:-1])
    return _follow(caller, calling, edge, back, Input(edge.outcome))


def _no_such(node: Node, given: Input) -> NoSuchOutcome:
    sentence = f"`{node.name}` cannot come to `{given.outcome}`."
    return NoSuchOutcome(sentence, node=node.name, outcome=given.outcome)


def _over(position: Position, over: Over, reason: str = "") -> tuple[Position, tuple[Effect, ...]]:
    return replace(position, over=over), (Ended(over, position.gain, reason),)


def returns(node: Node) -> bool:
    """Whether this is an end that goes back to the flow that called."""
    return node.kind == "end" and (node.about == BACK or node.about.startswith(f"{BACK}:"))


def returned(node: Node) -> str:
    """The outcome that an end which returns hands to the calling flow."""
    return node.about.partition(":")[2] or "next"


def _values(node: Node, position: Position, edge: Edge, given: Input) -> tuple[tuple[str, str], ...]:
    values = dict(position.values)
    handed = dict(node.values) | dict(given.values)
    for name in edge.sets:
        values[name] = handed.get(name, given.value)
    return tuple(sorted(values.items()))


def _said(node: Node, position: Position) -> Said:
    values = dict(position.values)
    missing = tuple(name for name in node.words.uses if name not in values)
    texts = tuple((language, fill(text, values)) for language, text in node.words.texts)
    return Said(node.name, texts, missing)


def _flow(book: Book, name: str) -> Flow:
    found = book.find(name)
    if found is None:
        raise NoSuchOutcome(f"There is no flow `{name}`.", flow=name)
    return found


# What a shell needs to know an outcome ---------------------------------------------------------------------------


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with `{name}` replaced by values; what has none stays as it is written."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def heard(node: Node, text: str) -> str:
    """The outcome that something pressed, touched, typed or spoken means at a node where the customer may choose."""
    said = fold(text)
    if not said:
        return "silence"
    for each in node.choices:
        if said == fold(each.name) or said in [fold(word) for word in each.words]:
            return each.name
    spoken = set(said.split())
    named = [each.name for each in node.choices if any(spoken >= set(fold(word).split()) for word in each.words)]
    return named[0] if len(named) == 1 else "wrong"


def decided(node: Node, values: Mapping[str, str]) -> str:
    """The outcome of a decision: the first rule all of whose variables have one of the values, or `otherwise`."""
    for rule in node.rules:
        if all(fold(values.get(name, "")) in [fold(value) for value in wanted] for name, wanted in rule.when):
            return rule.name
    return "otherwise"
