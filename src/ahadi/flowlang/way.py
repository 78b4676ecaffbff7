"""AHD004 far from a person, AHD005 going in circles, AHD006 no way out of a menu."""

from collections.abc import Sequence
from typing import Final

from ahadi.base.text import fold
from ahadi.flowlang.arrays import components, is_cycle, on_cycles
from ahadi.flowlang.graph import CUSTOMER, GAINS, LEAVES, MISTAKE, ROUND
from ahadi.flowlang.ground import Ground, ends_badly, is_cut
from ahadi.flowlang.model import Flow, Node
from ahadi.flowlang.outcomes import OFFERS, QUESTIONS
from ahadi.flowlang.tell import ending, path_back, story

ENDLESSLY: Final = float("inf")
_TRIED: Final = {"silence": "silence", "wrong": "a wrong key"}


# AHD004 ---------------------------------------------------------------------------------------------------------


def far_away(ground: Ground) -> None:
    """AHD004: the worst run of a customer who never errs passes too many menus, or takes too many seconds."""
    way = Way(ground)
    for what, weights, limit in (
        ("menus and questions", way.questions, ground.settings.menus),
        ("seconds", way.seconds, ground.settings.seconds),
    ):
        total, came = way.longest(weights)
        for place in way.worst(total, came):
            if total[place] > limit:
                _tell_far(ground, place, total[place], what, limit, came)


def _tell_far(ground: Ground, place: int, most: float, what: str, limit: int, came: Sequence[int]) -> None:
    at = ground.graph.node_of[place]
    if most == ENDLESSLY:
        message = f"A customer who never errs can be kept for ever before a person or promise is offered ({what})."
        edges = path_back(ground.play.came, ground.play.src, place)
    else:
        message = (
            f"In the worst case {most:g} {what} come before a person or promise is offered; {limit} are the limit."
        )
        edges = path_back(came, ground.play.src, place)
    close = f"So far {most:g} {what}." if most != ENDLESSLY else "And so on, without limit."
    ground.add("AHD004", at, message, story(ground.graph, ground.play.src, edges, close))


class Way:
    """Runs of a customer who never errs, up to where a person or a promise is offered."""

    def __init__(self, ground: Ground) -> None:
        graph = ground.graph
        self.ground = ground
        count = len(graph.node_of)
        kinds = [node.kind for _, node in graph.nodes]
        self.waiting = [flow.while_waiting for flow, _ in graph.nodes]
        self.out: list[list[int]] = [[] for _ in range(count)]
        rate = ground.settings.characters_a_second
        self.questions = [0] * count
        self.seconds = [0] * count
        barred = MISTAKE | GAINS | LEAVES
        flag, dst = graph.flag, graph.dst
        for place in ground.play.order:
            at = graph.node_of[place]
            if kinds[at] in OFFERS or self.waiting[at]:
                continue
            self.out[place] = [e for e in ground.edges(place) if dst[e] >= 0 and not flag[e] & barred]
            self.questions[place] = 1 if kinds[at] in QUESTIONS else 0
            self.seconds[place] = self._with_replays(place, spoken(*graph.nodes[at], rate))
        self.last = self._lasts()
        self.starts = [each for each in graph.starts if not self.waiting[graph.node_of[each]]]
        self.successors = [[dst[edge] for edge in edges] for edges in self.out]
        self.reached = self._reached()
        self.order, left = on_cycles(self.successors)
        self.parts = list(reversed(components(self.successors, left)))

    def _with_replays(self, place: int, words: int) -> int:
        """Seconds that the words of a place take, said again as often as can be without the customer's fault."""
        graph, most = self.ground.graph, 0
        for edge in self.ground.edges(place):
            times = graph.said[edge][1]
            if times > 1 and not graph.flag[edge] & MISTAKE:
                most = max(most, (graph.wait.get(edge, 0) + words) * (times - 1))
        return words + most

    def _lasts(self) -> dict[int, int]:
        """Where a way may end: the most seconds until the outcome that ends it is there."""
        graph, found = self.ground.graph, dict[int, int]()
        for edge in graph.wait:
            place = self.ground.play.src[edge]
            kind = graph.node(place).kind
            ends = graph.dst[edge] < 0 or graph.flag[edge] & (GAINS | LEAVES)
            if ends and not graph.flag[edge] & MISTAKE and kind not in OFFERS:
                found[place] = max(found.get(place, 0), self._wait(edge))
        return found

    def _reached(self) -> bytearray:
        seen = bytearray(len(self.out))
        queue = list(self.starts)
        for place in queue:
            seen[place] = 1
        for place in queue:
            for to in self.successors[place]:
                if not seen[to]:
                    seen[to] = 1
                    queue.append(to)
        return seen

    def longest(self, weights: Sequence[int]) -> tuple[list[float], list[int]]:
        """For each place the most that adds up on a way to it, itself and what is waited for there included.

        Also the edge by which that way comes.
        """
        timed = weights is self.seconds
        total: list[float] = [-ENDLESSLY] * len(weights)
        came = [-2] * len(weights)
        for start in self.starts:
            total[start], came[start] = 0, -1
        for place in self.order:
            if self.reached[place]:
                total[place] += weights[place]
                self._spread(place, total, came, timed=timed)
        for part in self.parts:
            self._part(part, weights, total, came, timed=timed)
        for place, last in self.last.items() if timed else ():
            total[place] += last
        return total, came

    def _part(
        self, part: Sequence[int], weights: Sequence[int], total: list[float], came: list[int], *, timed: bool
    ) -> None:
        if not self.reached[part[0]]:
            return
        if not is_cycle(part, self.successors):
            total[part[0]] += weights[part[0]]
            self._spread(part[0], total, came, timed=timed)
            return
        inside = set(part)
        heavy = any(weights[each] for each in part) or (
            timed and any(self._wait(e) for each in part for e in self.out[each] if self.ground.graph.dst[e] in inside)
        )
        entered = max(part, key=lambda each: total[each])
        value = ENDLESSLY if heavy else total[entered]
        self._within(entered, inside, came)
        for each in part:
            total[each] = value
        for each in part:
            self._spread(each, total, came, timed=timed)

    def _within(self, entered: int, inside: set[int], came: list[int]) -> None:
        """Ways through a part from where it was entered."""
        queue, seen = [entered], {entered}
        for place in queue:
            for edge in self.out[place]:
                to = self.ground.graph.dst[edge]
                if to in inside and to not in seen:
                    seen.add(to)
                    came[to] = edge
                    queue.append(to)

    def _spread(self, place: int, total: list[float], came: list[int], *, timed: bool) -> None:
        here = total[place]
        dst = self.ground.graph.dst
        for edge in self.out[place]:
            value = here + self._wait(edge) if timed else here
            to = dst[edge]
            if value > total[to]:
                total[to], came[to] = value, edge

    def worst(self, total: Sequence[float], came: Sequence[int]) -> list[int]:
        """For each beginning the place where the most has added up."""
        root: dict[int, int] = {}
        best: dict[int, int] = {}
        for place in (*self.order, *(each for part in self.parts for each in self._from_outside(part, came))):
            if came[place] == -2:
                continue
            root[place] = place if came[place] == -1 else root.get(self.ground.play.src[came[place]], place)
            if total[place] > total[best.setdefault(root[place], place)]:
                best[root[place]] = place
        return list(best.values())

    def _from_outside(self, part: Sequence[int], came: Sequence[int]) -> list[int]:
        """The places of a part, each after the one it was reached from."""
        src, inside = self.ground.play.src, set(part)
        found = [each for each in part if came[each] < 0 or src[came[each]] not in inside]
        known = set(found)
        for place in found:
            for edge in self.out[place]:
                to = self.ground.graph.dst[edge]
                if to in inside and to not in known and came[to] == edge:
                    known.add(to)
                    found.append(to)
        return found

    def _wait(self, edge: int) -> int:
        """Seconds until an outcome is there."""
        return self.ground.graph.wait.get(edge, 0)


def spoken(flow: Flow, node: Node, characters_a_second: int) -> int:
    """Seconds that a node's words take, whole ones, rounded up."""
    if node.seconds or not node.words.texts:
        return node.seconds
    longest = max(len(text) for _, text in node.words.texts)
    return -(-longest // characters_a_second)


# AHD005 ---------------------------------------------------------------------------------------------------------


def circles(ground: Ground) -> None:
    """AHD005: a loop without a counter, that does not pass through a queue."""
    graph, flag, dst = ground.graph, ground.graph.flag, ground.graph.dst
    hold = [node.kind == "queue" or flow.while_waiting for flow, node in graph.nodes]
    successors: list[list[int]] = [[] for _ in graph.node_of]
    for edge, place in enumerate(ground.play.src):
        to = dst[edge]
        if to >= 0 and not flag[edge] & (LEAVES | ROUND) and not hold[graph.node_of[place]]:
            successors[place].append(to)
    _, left = on_cycles(successors)
    if not left:
        return
    order, came = ground.whole()
    rank = {place: number for number, place in enumerate(order)}
    for part in components(successors, left):
        if not is_cycle(part, successors):
            continue
        first = min(part, key=rank.__getitem__)
        before = path_back(came, ground.play.src, first)
        round_ = _around(ground, first, set(part))
        close = "And so on: nothing counts how often."
        told = story(graph, ground.play.src, [*before, *round_], close, back_to=len(before))
        names = dict.fromkeys(f"`{graph.node(ground.play.src[edge]).name}`" for edge in round_)
        message = f"This can go round without limit: {', '.join(names)}."
        ground.add("AHD005", graph.node_of[first], message, told)


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
    last: dict[int, int] = {}
    for place in ground.play.order:
        at = graph.node_of[place]
        flow, node = graph.nodes[at]
        if node.kind != "menu" or flow.while_waiting:
            continue
        lost: dict[str, list[int]] = {}
        for tried, edge in _attempts(ground, place, flow, node):
            if (edges := _straight_out(ground, edge, last)) is not None:
                lost[tried] = edges
        if lost:
            tried, edges = next(iter(lost.items()))
            close = ending(graph, ground.play.src[edges[-1]], edges[-1]) or ending(graph, graph.dst[edges[-1]])
            message = f"What leads straight to an end, not toward a person or a promise: {', '.join(lost)}."
            ground.add("AHD006", at, message, ground.story_to(place, *edges, close=close))


def _attempts(ground: Ground, place: int, flow: Flow, node: Node) -> list[tuple[str, int]]:
    """What a customer in need tries at a menu, and the edge each takes."""
    by_outcome: dict[str, int] = {}
    for edge in ground.edges(place):
        by_outcome.setdefault(ground.graph.said[edge][0], edge)
    person = {fold(word) for language in (flow.language, "en") for word in ground.settings.person.get(language, ())}
    wrong = by_outcome.get("wrong")
    words = next((each.name for each in node.choices if person & {fold(word) for word in each.words}), "")
    tried = [("0", by_outcome.get("0", wrong)), ("“agent”", by_outcome.get(words, wrong))]
    tried += [
        (_TRIED.get(name, f"“{name}”"), edge)
        for name, edge in by_outcome.items()
        if ground.graph.flag[edge] & MISTAKE and ground.graph.flag[edge] & CUSTOMER
    ]
    return [(name, edge) for name, edge in tried if edge is not None]


def _straight_out(ground: Ground, edge: int, last: dict[int, int]) -> list[int] | None:
    """The edges from an attempt to an end, where nothing but words and counting lies between; None elsewhere."""
    graph = ground.graph
    menu, given = graph.node_of[ground.play.src[edge]], graph.said[edge][0]
    edges = [edge]
    seen: set[int] = set()
    while True:
        edge = edges[-1]
        to = graph.dst[edge]
        if graph.flag[edge] & (GAINS | LEAVES):
            return None
        if to < 0:
            return edges if is_cut(graph.flag[edge], to) else None
        if to in seen:
            return None
        seen.add(to)
        at = graph.node_of[to]
        flow, node = graph.nodes[at]
        if ends_badly(flow, node):
            return edges
        following = _one_way(ground, to, node, menu=menu == at, given=given, last=last)
        if following is None:
            return None
        edges.append(following)


def _one_way(ground: Ground, place: int, node: Node, *, menu: bool, given: str, last: dict[int, int]) -> int | None:
    """The edge that is taken from a place where nobody decides anything, or at the same menu again by the same try."""
    graph = ground.graph
    if menu:
        return next((each for each in ground.edges(place) if graph.said[each][0] == given), None)
    if node.kind not in ("say", "remember", "repeat", "flow", "end"):
        return None
    if place not in last:
        edges = ground.edges(place)
        last[place] = (edges[-1] if node.kind == "repeat" else edges[0]) if edges else -1
    return last[place] if last[place] >= 0 else None
