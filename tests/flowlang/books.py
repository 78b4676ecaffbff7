"""Small flows at random: every kind, every kind of outcome, loops that are counted and not, flows within flows."""

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from ahadi.flowlang.model import (
    AGAIN,
    ENDLESS,
    GIVEN_UP,
    STOP,
    UNKNOWN,
    Book,
    Choice,
    Edge,
    Flow,
    Kind,
    Node,
    Under,
    words_of,
)  # fmt: skip
from ahadi.flowlang.outcomes import OUTCOMES

KINDS: tuple[Kind, ...] = (
    "say", "say", "menu", "menu", "ask", "hours", "decide", "look-up", "identify", "queue", "callback", "transfer",
    "repeat", "repeat", "remember", "end", "end", "flow", "voicemail",
)  # fmt: skip
VARIABLES = ("name", "number")


def _target(random: Random, names: list[str], *, again: bool) -> str:
    odd = random.random()
    if again and odd < 0.12:
        return AGAIN
    if odd < 0.16:
        return STOP
    if odd < 0.18:
        return random.choice((ENDLESS, UNKNOWN))
    return random.choice(names)


def _edge(random: Random, names: list[str], outcome: str, *, again: bool = True) -> Edge:
    target = _target(random, names, again=again)
    gain = random.choice(("", "", "", "person", "promise", "left")) if target != AGAIN else ""
    sets = tuple(each for each in VARIABLES if random.random() < 0.3)
    owner = random.choice(("customer", "world", "world", "time"))
    mistake = owner == "customer" and random.random() < 0.4
    seconds = random.choice((0, 0, 7))
    under = Under("queues-answer", random.choice(("with", "without", "spared"))) if random.random() < 0.12 else None
    return Edge(outcome, target, owner, gain=gain, mistake=mistake, sets=sets, seconds=seconds, under=under)


def _fixed(random: Random, names: list[str], outcome: str) -> Edge:
    """An edge that is taken whatever is assumed, and does not begin its node anew."""
    return replace(_edge(random, names, outcome, again=False), under=None)


def _node(random: Random, name: str, kind: Kind, names: list[str], flows: list[str]) -> Node:
    words = words_of(random.choice(("", "", "Hello", "Hello {name}, this is told at some length", "It is {number}")))
    if not words.in_language("en"):
        words = words_of({})
    if kind == "end":
        return Node(name, kind, words=words, about=random.choice(("done", "", "back", "back:odd")))
    if kind == "flow":
        edges = [_fixed(random, names, each) for each in ("next", "odd", "failed") if random.random() < 0.9]
        return Node(name, kind, tuple(edges), about=random.choice(flows), returns=random.random() < 0.7, words=words)
    if kind == "repeat":
        edges = [_fixed(random, names, each) for each in ("again", "done")]
        return Node(name, kind, tuple(edges), tries=random.randrange(3))
    outcomes = [each.name for each in OUTCOMES[kind] if each.name != GIVEN_UP and random.random() < 0.8]
    choices: tuple[Choice, ...] = ()
    if kind in ("menu", "queue"):
        choices = tuple(Choice(each, ("agent",) if each == "2" else ()) for each in "012" if random.random() < 0.5)
        outcomes = [*(each.name for each in choices), *outcomes]
    if kind == "decide":
        outcomes += ["rule"]
    edges = [_edge(random, names, each) for each in outcomes] or [_edge(random, names, "next")]
    if any(edge.target == AGAIN for edge in edges):
        edges.append(_fixed(random, names, GIVEN_UP))
    return Node(name, kind, tuple(edges), words=words, choices=choices, tries=random.randrange(3))


def _flow(random: Random, name: str, flows: list[str]) -> Flow:
    names = [f"{name}{number}" for number in range(random.randrange(1, 7))]
    nodes = {each: _node(random, each, random.choice(KINDS), names, flows) for each in names}
    given = tuple(each for each in VARIABLES if random.random() < 0.2)
    return Flow(name, names[0], nodes, given=given, file=f"{name}.flow.yaml")


def book_of(random: Random) -> Book:
    """A book of one to three flows, whose nodes lead anywhere."""
    flows = ["a", "b", "c"][: random.choice((1, 1, 2, 3))]
    return Book(tuple(_flow(random, each, [*flows, "not-given"]) for each in flows))


def books() -> st.SearchStrategy[Book]:
    """Books at random, each from a number."""
    return st.integers(0, 2**40).map(lambda number: book_of(Random(number)))
