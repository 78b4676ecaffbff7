"""AHD009 unfilled words, AHD010 go elsewhere, AHD011 unearned privilege."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from ahadi.base.text import fold
from ahadi.flowlang.findings import Story
from ahadi.flowlang.graph import GAINS, LEAVES, Graph
from ahadi.flowlang.ground import Ground, ends_badly, is_cut
from ahadi.flowlang.model import ELSEWHERE, ENTITLED, Flow, Node
from ahadi.flowlang.tell import Path, ending, path_back, story

_AWAY: Final = "The customer is sent to another channel, and the conversation is not handed over."


class Assigned:
    """Which variables surely have a value at each place: those that every way to it sets (must-assign data flow).

    Sets of variables are the bits of a number; only those matter that something asks for.
    """

    def __init__(self, ground: Ground) -> None:
        graph = ground.graph
        self.ground = ground
        self.bit: dict[str, int] = {}
        for at in dict.fromkeys(graph.node_of):
            node = graph.nodes[at][1]
            for name in node.words.uses:
                self.bit.setdefault(name, 1 << len(self.bit))
            if is_privileged(ground, node):
                self.bit.setdefault(ENTITLED, 1 << len(self.bit))
        self._paths: dict[str, list[int]] = {}
        self.surely = self._solve() if self.bit else []

    def _solve(self) -> list[int]:
        """Places in order, which is enough where there are no cycles; then those that changed, until none does."""
        graph = self.ground.graph
        first, dst = graph.first, graph.dst
        surely = [(1 << len(self.bit)) - 1] * len(graph.node_of)
        for start in graph.starts:
            surely[start] &= self._bits(graph.nodes[graph.node_of[start]][0].given)
        sets = self._edges()
        order, left = self.ground.in_order()
        queue = [*order, *left]
        while queue:
            changed: dict[int, None] = {}
            for place in queue:
                here = surely[place]
                changed.pop(place, None)
                for edge in range(first[place], first[place + 1]):
                    to = dst[edge]
                    if to >= 0:
                        there = surely[to] & ((here | sets[edge]) if edge in sets else here)
                        if there != surely[to]:
                            surely[to] = there
                            changed[to] = None
            queue = list(changed)
        return surely

    def _edges(self) -> dict[int, int]:
        return {
            edge: bits
            for edge, each in enumerate(self.ground.graph.edge_of)
            if each.sets and (bits := self._bits(each.sets))
        }

    def _bits(self, names: Sequence[str]) -> int:
        found = 0
        for name in names:
            found |= self.bit.get(name, 0)
        return found

    def story_without(self, name: str, place: int, close: str) -> Story:
        """How a contact comes to a place without the variable having been set."""
        graph, src = self.ground.graph, self.ground.play.src

        def path() -> Path:
            if name not in self._paths:
                self._paths[name] = _unset(graph, name)
            return Path(path_back(self._paths[name], src, place), close)

        return story(graph, src, path)


def _unset(graph: Graph, name: str) -> list[int]:
    came = [-2] * len(graph.node_of)
    queue = [start for start in graph.starts if name not in graph.nodes[graph.node_of[start]][0].given]
    for start in queue:
        came[start] = -1
    for place in queue:
        for edge in range(graph.first[place], graph.first[place + 1]):
            to = graph.dst[edge]
            if to >= 0 and came[to] == -2 and name not in graph.edge_of[edge].sets:
                came[to] = edge
                queue.append(to)
    return came


def unfilled(ground: Ground, assigned: Assigned) -> None:
    """AHD009: words may be said or shown with a variable that has no value."""
    graph = ground.graph
    for place, surely in enumerate(assigned.surely):
        at = graph.node_of[place]
        node = graph.nodes[at][1]
        missing = [name for name in node.words.uses if not surely & assigned.bit[name]]
        if missing and ("AHD009", at) not in ground.findings:
            names = ", ".join(f"{{{name}}}" for name in missing)
            told = assigned.story_without(missing[0], place, f"Now `{node.name}` has no value for {{{missing[0]}}}.")
            ground.add("AHD009", at, f"These words may be said without a value for {names}.", told)


def unearned(ground: Ground, assigned: Assigned) -> None:
    """AHD011: a privileged queue that may be reached without a verified entitlement."""
    graph = ground.graph
    for place, surely in enumerate(assigned.surely):
        at = graph.node_of[place]
        node = graph.nodes[at][1]
        if (
            is_privileged(ground, node)
            and not surely & assigned.bit[ENTITLED]
            and ("AHD011", at) not in ground.findings
        ):
            told = assigned.story_without(ENTITLED, place, f"So anybody can come to the queue `{node.about}`.")
            message = f"The privileged queue `{node.about}` can be reached without a verified entitlement."
            ground.add("AHD011", at, message, told)


def is_privileged(ground: Ground, node: Node) -> bool:
    """Whether this is a queue for the entitled: marked so, or so named."""
    if node.kind != "queue":
        return False
    if node.privileged:
        return True
    named = set(re.findall(r"[a-z]+", fold(node.about or node.name)))
    return any(word in named for word in ground.settings.privileged)


def elsewhere(ground: Ground) -> None:
    """AHD010: a contact ends by sending the customer to another channel, with nothing handed over."""
    graph, play = ground.graph, ground.play
    for place in play.order:
        at = graph.node_of[place]
        flow, node = graph.nodes[at]
        if ends_badly(flow, node):
            if node.about == ELSEWHERE or sends_away(ground.settings.go_elsewhere, flow, node):
                ground.add("AHD010", at, _AWAY, ground.story_to(place, close=ending(graph, place)))
            continue
        if not node.words.texts:
            continue
        for edge in ground.edges(place):
            to, gained = graph.dst[edge], graph.flag[edge] & (GAINS | LEAVES)
            if is_cut(graph.flag[edge], to) or (to >= 0 and not gained and _silent_end(ground, to)):
                if sends_away(ground.settings.go_elsewhere, flow, node):
                    close = ending(graph, place, edge) or ending(graph, to)
                    ground.add("AHD010", at, _AWAY, ground.story_to(place, edge, close=close))
                break


def _silent_end(ground: Ground, place: int) -> bool:
    flow, node = ground.graph.nodes[ground.graph.node_of[place]]
    return ends_badly(flow, node) and not node.words.texts


def sends_away(patterns: Mapping[str, tuple[str, ...]], flow: Flow, node: Node) -> bool:
    """Whether the words of a node tell the customer to call, write or visit."""
    for language, text in node.words.texts:
        known = patterns.get(language.split("-")[0].lower(), ()) or patterns.get("en", ())
        if known and _any_of(known).search(_plain(text)):
            return True
    return False


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w+]+", fold(text)))


@lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))
