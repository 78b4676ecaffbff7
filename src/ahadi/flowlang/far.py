"""AHD004 far from a person: the longest way of a customer who never errs until a person or a promise is offered."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from ahadi.flowlang.arrays import components, is_cycle, on_cycles
from ahadi.flowlang.graph import GAINS, LEAVES, MISTAKE, ROUND
from ahadi.flowlang.ground import Ground
from ahadi.flowlang.model import Flow, Node
from ahadi.flowlang.outcomes import OFFERS, QUESTIONS
from ahadi.flowlang.tell import Path, path_back, story

ENDLESSLY: Final = float("inf")
_BARRED: Final = MISTAKE | GAINS | LEAVES | ROUND


def far_away(ground: Ground) -> None:
    """AHD004: the worst run of a customer who never errs passes too many menus, or takes too many seconds."""
    way = Way(ground)
    for what, weights, limit in (
        ("menus and questions", way.questions, ground.settings.menus),
        ("seconds", way.seconds, ground.settings.seconds),
    ):
        total, before = way.longest(weights)
        for place in way.worst(total, before):
            if total[place] > limit:
                _tell_far(ground, way, place, total[place], what, limit, before)


def _tell_far(
    ground: Ground, way: "Way", place: int, most: float, what: str, limit: int, before: Sequence[int]
) -> None:
    if most == ENDLESSLY:
        message = f"A customer who never errs can be kept for ever before a person or promise is offered ({what})."
        told = ground.story_to(place, close="And so on, without limit.")
    else:
        message = f"In the worst case {most:g} {what} come before a person or promise is offered; the limit is {limit}."
        path = partial(way.path, place, before, f"So far {most:g} {what}.")
        told = story(ground.graph, ground.play.src, path)
    ground.add("AHD004", ground.graph.node_of[place], message, told)


class Way:
    """Runs of a customer who never errs, up to where a person or a promise is offered.

    `questions` and `seconds` are what each place adds; `waits` what passes before an outcome of a place is there.
    Places on cycles are taken together (`parts`): whatever adds up there does so without limit.
    """

    def __init__(self, ground: Ground) -> None:
        graph, play = ground.graph, ground.play
        self._graph, self._came, self._src = graph, play.came, play.src
        count = len(graph.node_of)
        nodes = [_counts(*each, ground.settings.characters_a_second) for each in graph.nodes]
        self.questions, self.seconds = [0] * count, [0] * count
        self.waits: dict[int, list[tuple[int, int]]] = {}
        self.first, self.to = [0], list[int]()  # edges of the way, in the form of the graph's
        first, dst, flag, reached = graph.first, graph.dst, graph.flag, play.came
        for place, at in enumerate(graph.node_of):
            open_, questions, words = nodes[at]
            if open_ and reached[place] > -2:
                self.questions[place], self.seconds[place] = questions, words
                for edge in range(first[place], first[place + 1]):
                    if dst[edge] >= 0 and not flag[edge] & _BARRED:
                        self.to.append(dst[edge])
            self.first.append(len(self.to))
        self._wait()
        self.starts = [each for each in graph.starts if not graph.nodes[graph.node_of[each]][0].while_waiting]
        self.order, left = on_cycles(self.first, self.to)
        self.parts = list(reversed(components(self.first, self.to, left)))

    def _wait(self) -> None:
        """Time-outs, and what is said again through no fault of the customer."""
        graph = self._graph
        again = [edge for edge, (_, times) in enumerate(graph.said) if times > 1 and not graph.flag[edge] & MISTAKE]
        replays: dict[int, int] = {}
        for edge in again:
            place = self._src[edge]
            if graph.node(place).kind not in OFFERS:
                once = graph.wait.get(edge, 0) + self.seconds[place]
                replays[place] = max(replays.get(place, 0), once * (graph.said[edge][1] - 1))
        for place, seconds in replays.items():
            self.seconds[place] += seconds
        for edge, seconds in graph.wait.items():
            place = self._src[edge]
            if not graph.flag[edge] & MISTAKE and graph.node(place).kind not in OFFERS:
                gone = graph.dst[edge] < 0 or graph.flag[edge] & (GAINS | LEAVES)
                self.waits.setdefault(place, []).append((-1 if gone else graph.dst[edge], seconds))

    def longest(self, weights: Sequence[int]) -> tuple[list[float], list[int]]:
        """For each place the most that adds up on a way to it, itself and what is waited for there included.

        It is -1 where there is no such way. Also the place before it on that way (-1 at the start).
        """
        timed = weights is self.seconds
        total: list[float] = [-1] * len(weights)
        before = [-1] * len(weights)
        for start in self.starts:
            total[start] = 0
        for place in self.order:
            if total[place] >= 0:
                total[place] += weights[place]
                self._spread(place, total, before, timed=timed)
        for part in self.parts:
            self._part(part, weights, total, before, timed=timed)
        for place, waits in self.waits.items() if timed else ():
            ends = [seconds for to, seconds in waits if to < 0]
            if ends and total[place] >= 0:
                total[place] += max(ends)
        return total, before

    def _spread(self, place: int, total: list[float], before: list[int], *, timed: bool) -> None:
        here = total[place]
        for to in self.to[self.first[place] : self.first[place + 1]]:
            if here > total[to]:
                total[to] = here
                before[to] = place
        for to, seconds in self.waits.get(place, ()) if timed else ():
            if to >= 0 and here + seconds > total[to]:
                total[to] = here + seconds
                before[to] = place

    def _part(
        self, part: Sequence[int], weights: Sequence[int], total: list[float], before: list[int], *, timed: bool
    ) -> None:
        entered = max(part, key=total.__getitem__)
        if total[entered] < 0:
            return
        if not is_cycle(part, self.first, self.to):
            total[entered] += weights[entered]
            self._spread(entered, total, before, timed=timed)
            return
        inside = set(part)
        waits = timed and any(to in inside for place in part for to, _ in self.waits.get(place, ()))
        value = ENDLESSLY if waits or any(weights[each] for each in part) else total[entered]
        queue, seen = [entered], {entered}
        for place in queue:
            for to in self.to[self.first[place] : self.first[place + 1]]:
                if to in inside and to not in seen:
                    seen.add(to)
                    before[to] = place
                    queue.append(to)
        for each in part:
            total[each] = value
        for each in part:
            self._spread(each, total, before, timed=timed)

    def worst(self, total: Sequence[float], before: Sequence[int]) -> list[int]:
        """For each beginning the place where the most has added up."""
        root: dict[int, int] = {}
        best: dict[int, int] = {}
        for place, value in enumerate(total):
            if value >= 0:
                start = self._root(place, before, root)
                if value > total[best.setdefault(start, place)]:
                    best[start] = place
        return list(best.values())

    def _root(self, place: int, before: Sequence[int], root: dict[int, int]) -> int:
        walked = []
        while place not in root and before[place] >= 0:
            walked.append(place)
            place = before[place]
        found = root.setdefault(place, place)
        root.update(dict.fromkeys(walked, found))
        return found

    def path(self, place: int, before: Sequence[int], close: str) -> Path:
        """The edges of the longest way to a place."""
        edges = []
        while (last := before[place]) >= 0:
            edges.append(self._edge(last, place))
            place = last
        return Path([*path_back(self._came, self._src, place), *reversed(edges)], close)

    def _edge(self, place: int, to: int) -> int:
        graph = self._graph
        edges = range(graph.first[place], graph.first[place + 1])
        between = [each for each in edges if graph.dst[each] == to and not graph.flag[each] & _BARRED]
        return max(between, key=lambda each: graph.wait.get(each, 0))


def _counts(flow: Flow, node: Node, characters_a_second: int) -> tuple[bool, int, int]:
    """Whether a way goes on from a node, and what it adds: questions, and seconds of words (whole ones, rounded up)."""
    if node.kind in OFFERS or flow.while_waiting:
        return False, 0, 0
    seconds = node.seconds
    if not seconds and node.words.texts:
        seconds = -(-max(len(text) for _, text in node.words.texts) // characters_a_second)
    return True, int(node.kind in QUESTIONS), seconds
