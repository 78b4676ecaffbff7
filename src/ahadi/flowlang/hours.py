"""AHD008 hours that are not true: open hours against the rota of the coming weeks.

Which moments opening_hours text means, and who is there, is worked out elsewhere and handed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ahadi.flowlang.ground import Ground
from ahadi.flowlang.model import Node
from ahadi.flowlang.moments import WEEKDAYS


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time from `begin` until before `end`, with zones, to be told as they are."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Cover:
    """The coming weeks: when each hours text is open, and when somebody is there to answer for each queue."""

    open: Mapping[str, Sequence[Span]]
    staffed: Mapping[str, Sequence[Span]]


def uncovered(wanted: Iterable[Span], had: Iterable[Span]) -> list[Span]:
    """What of the first times none of the second covers, in order and joined."""
    left: list[Span] = []
    covers = _joined(had)
    at = 0
    for span in _joined(wanted):
        begin = span.begin
        while at < len(covers) and covers[at].end <= begin:
            at += 1
        here = at
        while here < len(covers) and covers[here].begin < span.end:
            if begin < covers[here].begin:
                left.append(Span(begin, covers[here].begin))
            begin = max(begin, covers[here].end)
            here += 1
        if begin < span.end:
            left.append(Span(begin, span.end))
    return left


def _joined(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for span in sorted(each for each in spans if each.begin < each.end):
        if found and span.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def untrue(ground: Ground, cover: Cover) -> None:
    """AHD008: it is open, by the flow or as the public is told, and nobody is there for any queue it leads to.

    Where a queue is led to that the rota says nothing of, nothing is found.
    """
    graph = ground.graph
    for at, place in ground.first_places().items():
        node = graph.nodes[at][1]
        if node.kind == "hours" and node.about in cover.open:
            ways = [graph.dst[each] for each in ground.edges(place) if graph.said[each][0] == "open"]
            _tell(ground, at, place, node.about, cover, [each for each in ways if each >= 0], "Open by this flow")
    for start in graph.starts:
        advertised = graph.nodes[graph.node_of[start]][0].advertised
        if advertised in cover.open:
            _tell(ground, graph.node_of[start], start, advertised, cover, [start], "Open as the public is told")


def _tell(ground: Ground, at: int, place: int, hours: str, cover: Cover, ways: Sequence[int], what: str) -> None:
    queues = _queues(ground, ways)
    if not queues or any(name not in cover.staffed for name in queues):
        return
    left = uncovered(cover.open[hours], [span for name in queues for span in cover.staffed[name]])
    if left:
        minutes = sum((each.end - each.begin for each in left), timedelta()) // timedelta(minutes=1)
        first = f"{WEEKDAYS[left[0].begin.weekday()]} {left[0].begin:%Y-%m-%d %H:%M} until {left[0].end:%H:%M}"
        message = f"{what}, with nobody to answer: {minutes} minutes, the first on {first}."
        ground.add("AHD008", at, message, ground.story_to(place))


def _queues(ground: Ground, ways: Sequence[int]) -> list[str]:
    """The queues that can be come to from some places, by name."""
    graph = ground.graph
    seen, queue, found = set(ways), list(ways), dict[str, None]()
    for place in queue:
        node: Node = graph.node(place)
        if node.kind == "queue":
            found[node.about or node.name] = None
        for edge in ground.edges(place):
            to = graph.dst[edge]
            if to >= 0 and to not in seen:
                seen.add(to)
                queue.append(to)
    return list(found)
