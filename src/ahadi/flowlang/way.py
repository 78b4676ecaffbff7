"""AHD005 going in circles, AHD006 no way out of a menu."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final

from ahadi.base.text import fold
from ahadi.flowlang.arrays import components, is_cycle, on_cycles
from ahadi.flowlang.graph import CUSTOMER, GAINS, LEAVES, MISTAKE, ROUND
from ahadi.flowlang.ground import Ground, ends_badly, is_cut
from ahadi.flowlang.model import Node
from ahadi.flowlang.tell import Path, ending, path_back, story

_TRIED: Final = {"silence": "silence", "wrong": "a wrong key"}


# AHD005 ---------------------------------------------------------------------------------------------------------


def circles(ground: Ground) -> None:
    """AHD005: a loop without a counter, that does not pass through a queue."""
    graph, flag, dst = ground.graph, ground.graph.flag, ground.graph.dst
    _, left = ground.in_order()
    if not left:
        return
    free = [node.kind != "queue" and not flow.while_waiting for flow, node in graph.nodes]
    src, node_of = ground.play.src, graph.node_of
    kept = [
        to if to >= 0 and not flag[edge] & (LEAVES | ROUND) and free[node_of[src[edge]]] else -1
        for edge, to in enumerate(dst)
    ]
    _, left = on_cycles(graph.first, kept)
    order, came = ground.whole()
    rank = {place: number for number, place in enumerate(order)}
    for part in components(graph.first, kept, left):
        if not is_cycle(part, graph.first, kept):
            continue
        first = min(part, key=rank.__getitem__)
        inside = set(part)
        round_ = _around(ground, first, inside)
        names = dict.fromkeys(f"`{graph.node(ground.play.src[edge]).name}`" for edge in round_)
        shown = [*list(names)[:6], f"… {len(names)} in all"] if len(names) > 6 else names
        message = f"This can go round without limit: {', '.join(shown)}."
        told = story(graph, ground.play.src, partial(_for_ever, came, ground.play.src, first, round_))
        ground.add("AHD005", graph.node_of[first], message, told)


def _for_ever(came: Sequence[int], src: Sequence[int], first: int, round_: Sequence[int]) -> Path:
    before = path_back(came, src, first)
    return Path([*before, *round_], "And so on: nothing counts how often.", back_to=len(before))


def _around(ground: Ground, first: int, inside: set[int]) -> list[int]:
    """The edges of a shortest way round, from a place back to it."""
    graph = ground.graph
    came: dict[int, int] = {first: -1}
    queue = [first]
    for place in queue:
        for edge in ground.edges(place):
            to = graph.dst[edge]
            if to == first and not graph.flag[edge] & (LEAVES | ROUND):
                return [*path_back(came, ground.play.src, place), edge]
            if to in inside and to not in came and not graph.flag[edge] & (LEAVES | ROUND):
                came[to] = edge
                queue.append(to)
    return []


# AHD006 ---------------------------------------------------------------------------------------------------------


def no_way_out(ground: Ground) -> None:
    """AHD006: 0, a word for a person, silence or a wrong key leads straight to an end, or to replays that then end."""
    graph = ground.graph
    lost_from = _Straight(ground)
    person: dict[str, AbstractSet[str]] = {}
    for place in ground.play.order:
        at = graph.node_of[place]
        flow, node = graph.nodes[at]
        if node.kind != "menu" or flow.while_waiting:
            continue
        if flow.language not in person:
            person[flow.language] = _asking(ground, flow.language)
        attempts = _attempts(ground, place, person[flow.language], node)
        lost = {tried: edge for tried, edge in attempts if lost_from.ends(edge)}
        if lost:
            message = f"What leads straight to an end, not toward a person or a promise: {', '.join(lost)}."
            told = story(graph, ground.play.src, partial(lost_from.path, place, next(iter(lost.values()))))
            ground.add("AHD006", at, message, told)


def _asking(ground: Ground, language: str) -> AbstractSet[str]:
    """The words that ask for a person, in a language and in English."""
    return {fold(word) for each in (language, "en") for word in ground.settings.person.get(each, ())}


def _attempts(ground: Ground, place: int, person: AbstractSet[str], node: Node) -> list[tuple[str, int]]:
    """What a customer in need tries at a menu, and the edge each takes."""
    by_outcome: dict[str, int] = {}
    for edge in ground.edges(place):
        by_outcome.setdefault(ground.graph.said[edge][0], edge)
    wrong = by_outcome.get("wrong")
    words = next((each.name for each in node.choices if person & {fold(word) for word in each.words}), "")
    tried = [("0", by_outcome.get("0", wrong)), ("“agent”", by_outcome.get(words, wrong))]
    tried += [
        (_TRIED.get(name, f"“{name}”"), edge)
        for name, edge in by_outcome.items()
        if ground.graph.flag[edge] & MISTAKE and ground.graph.flag[edge] & CUSTOMER
    ]
    return [(name, edge) for name, edge in tried if edge is not None]


class _Straight:
    """Where a contact gets to when nobody decides anything: through words, counting, and flows within flows."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._known: dict[int, int] = {}  # where a place leads straight to: a place where somebody decides, or -1, -2

    def ends(self, edge: int) -> bool:
        """Whether an attempt, made again wherever the same menu comes again, leads straight to a bad end."""
        graph = self.ground.graph
        menu, given = graph.node_of[self.ground.play.src[edge]], graph.said[edge][0]
        seen: set[int] = set()
        while True:
            to = self._after(edge)
            if to == -1:
                return True
            if to < 0 or graph.node_of[to] != menu or to in seen:
                return False
            seen.add(to)
            found = self._same(to, given)
            if found < 0:
                return False
            edge = found

    def path(self, place: int, edge: int) -> Path:
        """The edges to the end that an attempt at a menu leads straight to."""
        graph, play = self.ground.graph, self.ground.play
        menu, given = graph.node_of[place], graph.said[edge][0]
        edges = [*path_back(play.came, play.src, place), edge]
        while (to := graph.dst[edges[-1]]) >= 0 and not ends_badly(*graph.nodes[graph.node_of[to]]):
            edges.append(self._same(to, given) if graph.node_of[to] == menu else self._onward(to))
        return Path(edges, ending(graph, play.src[edges[-1]], edges[-1]) or ending(graph, to))

    def _same(self, place: int, given: str) -> int:
        return next((each for each in self.ground.edges(place) if self.ground.graph.said[each][0] == given), -1)

    def _after(self, edge: int) -> int:
        """Where an edge leads straight to: -1 is a bad end, -2 anything else that is no place."""
        graph = self.ground.graph
        walked: list[int] = []
        on_it: set[int] = set()
        while True:
            to = graph.dst[edge]
            if graph.flag[edge] & (GAINS | LEAVES):
                found = -2
            elif to < 0:
                found = -1 if is_cut(graph.flag[edge], to) else -2
            elif to in self._known:
                found = self._known[to]
            elif to in on_it:
                found = -2
            elif ends_badly(*graph.nodes[graph.node_of[to]]):
                found = -1
            elif (onward := self._onward(to)) >= 0:
                walked.append(to)
                on_it.add(to)
                edge = onward
                continue
            else:
                found = to
            break
        self._known.update(dict.fromkeys(walked, found))
        return found

    def _onward(self, place: int) -> int:
        """The edge that is taken from a place where nobody decides anything; -1 where somebody does."""
        node = self.ground.graph.node(place)
        if node.kind not in ("say", "remember", "repeat", "flow", "end"):
            return -1
        edges = self.ground.edges(place)
        return (edges[-1] if node.kind == "repeat" else edges[0]) if edges else -1
