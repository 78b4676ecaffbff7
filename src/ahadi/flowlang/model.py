"""The records of the flow language: a flow, its nodes, and every outcome of each node, with who owns it.

Nothing here knows a channel: a key pressed, a word spoken and a button touched are all choices, and words are said or
shown. Imported flows become the same records; what their format hides is said in the edge that hides it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

Kind = Literal[
    "say", "menu", "ask", "hours", "decide", "look-up", "identify", "queue", "callback", "appointment", "voicemail",
    "transfer", "hand-over", "flow", "repeat", "remember", "end",
]  # fmt: skip
Owner = Literal["customer", "world", "time"]
Gain = Literal["", "person", "promise", "settled", "left"]
How = Literal["declared", "default", "undeclared", "implicit"]
Assumption = Literal["queues-answer", "recorders-record", "voicemail-becomes-a-case", "dial-status-tells"]

ASSUMPTIONS: Final[Mapping[Assumption, str]] = {
    "queues-answer": "a contact that a queue of an imported flow accepted is answered",
    "recorders-record": "a callback, appointment or voicemail that reports success has recorded its promise",
    "voicemail-becomes-a-case": "a recorded voicemail becomes a case with a promise",
    "dial-status-tells": "the status after a dial says whether a person answered",
}
GOOD: Final = frozenset({"person", "promise", "settled"})

# Targets that are no node of the flow.
STOP: Final = ""  # the contact ends here: well where the edge gains something, cut off where it does not
AGAIN: Final = "(again)"  # the node begins anew, at most `tries` times; then `given-up` is what happens
ENDLESS: Final = "(endless)"  # the contact stays here for ever
UNKNOWN: Final = "(unknown)"  # computed at run time, not given, or hidden by the format: see `Edge.why`

GIVEN_UP: Final = "given-up"
BACK: Final = "back"  # the reason of an end that returns to the flow that called this one
ELSEWHERE: Final = "elsewhere"  # the reason of an end that sends the customer to another channel
ENTITLED: Final = "(entitled)"  # set, like a variable, by whatever verified what the customer is entitled to
DEEPEST: Final = 16  # calls of flows within flows; one more takes the outcome `failed`
_VARIABLE: Final = re.compile(r"\{([A-Za-z_][\w.]*)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """What is said or shown, by language; `{name}` stands for a variable."""

    texts: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()

    def in_language(self, language: str) -> str:
        """The words in a language, or else in the first they are written in."""
        return next((text for code, text in self.texts if code == language), self.texts[0][1] if self.texts else "")


def words_of(texts: Mapping[str, str] | str, language: str = "en") -> Words:
    """Words from a text, or texts by language, with the variables that any of them uses."""
    given = {language: texts} if isinstance(texts, str) else texts
    uses = sorted({name for text in given.values() for name in _VARIABLE.findall(text)})
    return Words(tuple(given.items()), tuple(uses))


@dataclass(frozen=True, slots=True)
class Under:
    """How an edge hangs on an assumption.

    `with`: there is such an edge only while the assumption holds; `without`: only while it is switched off;
    `spared`: it is always there, but no move of the world against the customer while the assumption holds.
    """

    assumption: Assumption
    effect: Literal["with", "without", "spared"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One outcome of a node and where it leads.

    Who owns it: `customer` moves by keys, words, silence; `world` moves at once (errors, full, closed, busy, found or
    not); `time` is the world too, after the customer had their chance to act (answered, waited too long). `gain` is
    what the contact has from then on; with the target `STOP` it ends with that. `sets` names variables that have a
    value from then on. `seconds` is what passes before the outcome is there (a time-out).
    """

    outcome: str
    target: str
    owner: Owner = "world"
    how: How = "declared"
    gain: Gain = ""
    mistake: bool = False  # the customer's: silence, a wrong key, something invalid
    sets: tuple[str, ...] = ()
    seconds: int = 0
    under: Under | None = None
    why: str = ""  # for `UNKNOWN`: what cannot be seen


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a customer may choose at a menu or while waiting; its outcome has the same name."""

    name: str
    words: tuple[str, ...] = ()
    label: Words = Words()


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a decision: its outcome is taken when every variable named has one of the values."""

    name: str
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a flow. `about` is the object of its kind:

    the variable asked for or remembered, opening hours (opening_hours text), the connector looked up in, the queue,
    whom a contact is transferred to, the channel handed over to, the flow gone to, or why the contact ends.
    """

    name: str
    kind: Kind
    edges: tuple[Edge, ...] = ()
    line: int = 1
    words: Words = Words()
    about: str = ""
    choices: tuple[Choice, ...] = ()
    rules: tuple[Rule, ...] = ()
    values: tuple[tuple[str, str], ...] = ()  # of `remember`: what the variables have from then on
    tries: int = 0  # times a node begins anew before it gives up; of `repeat`: times it goes round
    seconds: int = 0  # what its words take; 0: reckoned from their length
    news: tuple[str, ...] = ()  # what a queue tells while waiting: position, estimate, callback
    privileged: bool = False  # a queue for those who are entitled to it
    returns: bool = False  # of `flow`: called, not gone to for good
    restarts: bool = False  # of a queue: what is played starts over, or interrupts itself, at every turn

    def edge(self, outcome: str) -> Edge | None:
        """The edge of an outcome; None where this node has no such outcome."""
        return next((each for each in self.edges if each.outcome == outcome), None)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that somebody accepted, with the reason, until a day. Without a node: anywhere in the file."""

    code: str
    reason: str
    until: date
    node: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an import did not understand, at a node or line."""

    node: str
    sentence: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow: what a contact goes through before and between people."""

    name: str
    start: str
    nodes: Mapping[str, Node]
    title: str = ""
    file: str = ""
    language: str = "en"
    origin: str = "ahadi"  # the format it came from
    channel: str = ""
    given: tuple[str, ...] = ()  # variables that have a value when it begins
    aliases: tuple[str, ...] = ()  # other names it is known by: an identifier, an ARN
    entries: tuple[str, ...] = ()  # further nodes a contact may begin at
    while_waiting: bool = False  # it is what a waiting contact hears, and never ends by itself
    advertised: str = ""  # hours told to the public, as opening_hours text
    accepted: tuple[Accepted, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def starts(self) -> Iterator[str]:
        """The nodes at which a contact may begin."""
        yield self.start
        yield from self.entries


@dataclass(frozen=True, slots=True)
class Book:
    """Flows that know of each other, found by name, file name, identifier or the end of an ARN."""

    flows: tuple[Flow, ...]
    _by_name: dict[str, Flow] = field(default_factory=dict, repr=False, compare=False)

    def find(self, name: str) -> Flow | None:
        """The flow that goes by this name; None where it was not given."""
        if not self._by_name:
            self._by_name.update(_names(self.flows))
        return self._by_name.get(name) or self._by_name.get(name.rsplit("/", 1)[-1])


def _names(flows: Iterable[Flow]) -> dict[str, Flow]:
    """Every name a flow goes by; its own name wins over file names, and those over other names."""
    found: dict[str, Flow] = {}
    flows = tuple(flows)
    for flow in flows:
        found.setdefault(flow.name, flow)
    for flow in flows:
        base = flow.file.rsplit("/", 1)[-1]
        found.setdefault(base, flow)
        found.setdefault(base.split(".", 1)[0], flow)
    for flow in flows:
        for alias in flow.aliases:
            found.setdefault(alias, flow)
            found.setdefault(alias.rsplit("/", 1)[-1], flow)
    return found
