"""How nodes of a dialplan are made: their edges to what follows, and the arguments of applications."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ahadi.flowlang.formats.asterisk_lines import arguments
from ahadi.flowlang.formats.asterisk_places import Place, Places
from ahadi.flowlang.model import Edge, Kind, Node, Owner, Words

NO_WORDS: Final = Words()


def node_at(
    place: Place, kind: Kind, edges: Iterable[Edge] = (), words: Words = NO_WORDS, about: str = "", seconds: int = 0,
) -> Node:  # fmt: skip
    """A node of a place."""
    return Node(place.name, kind, tuple(edges), place.step.line, words, about, seconds=seconds)


def next_edge(places: Places, place: Place, outcome: str = "next", owner: Owner = "world") -> Edge:
    """The edge to what follows a place."""
    to = places.onward(place)
    return Edge(outcome, to, owner, how="declared" if to else "implicit")


def edge_after(
    places: Places, place: Place, outcome: str, known: Mapping[str, str], owner: Owner = "world", **more: Any
) -> Edge:
    """The edge to what follows a place once variables are known by what came of it."""
    to = places.onward(place, known)
    return Edge(outcome, to, owner, how="declared" if to else "implicit", **more)


def given_to(place: Place) -> list[str]:
    """The arguments of a place's application."""
    return arguments(place.step.args) if place.step.args else []


def argument(given: list[str], number: int) -> str:
    """One argument; empty where it is not there."""
    return given[number] if number < len(given) else ""


def seconds_of(text: str, otherwise: int) -> int:
    """Seconds that are written, whole ones, rounded up; of something computed what is usual."""
    if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text.strip()):
        return math.ceil(float(text))
    return otherwise
