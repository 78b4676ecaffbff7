"""AHD001 dead end, AHD002 trapped, AHD003 cannot insist."""

from collections.abc import Iterator
from functools import partial

from ahadi.flowlang.game import Play, wins
from ahadi.flowlang.graph import CUSTOMER, LEAVES, MISTAKE, SPARED, TIME, Graph
from ahadi.flowlang.ground import Ground, ends_badly, is_cut
from ahadi.flowlang.tell import Path, ending, path_back, path_to, story


def dead_ends(ground: Ground) -> None:
    """AHD001: some run ends without a good end although the customer stayed. Errors of every kind are followed."""
    graph, play = ground.graph, ground.play
    dst, flag = graph.dst, graph.flag
    for place in play.order:
        at = graph.node_of[place]
        flow, node = graph.nodes[at]
        if ends_badly(flow, node):
            ground.add("AHD001", at, _no_good(node.about), ground.story_to(place, close=ending(graph, place)))
            continue
        cuts = [edge for edge in ground.edges(place) if dst[edge] == -1 and is_cut(flag[edge], dst[edge])]
        if cuts:
            names = ", ".join(f"`{name}`" for name in dict.fromkeys(graph.said[edge][0] for edge in cuts))
            told = ground.story_to(place, cuts[0], close=ending(graph, place, cuts[0]))
            at = graph.returned_to.get(cuts[0], at)
            ground.add("AHD001", at, f"After {names} the contact is cut off, with no person and no promise.", told)


def _no_good(reason: str) -> str:
    why = f" (“{reason}”)" if reason else ""
    return f"A contact can end here{why} although the customer stayed, with no person and no promise."


def trapped(ground: Ground) -> None:
    """AHD002: the customer still acts or waits, and no run from there reaches a good end."""
    graph, play = ground.graph, ground.play
    owned = ground.owned()
    for place in play.order:
        if play.hopeful[place] or not ground.acts_or_waits(owned[place]):
            continue
        at = graph.node_of[place]
        flow, node = graph.nodes[at]
        if not flow.while_waiting:
            close = f"From `{node.name}` on, nothing the customer or the world does leads to a person or a promise."
            told = ground.story_to(place, close=close)
            ground.add("AHD002", at, "From here no run reaches a person or a promise.", told)


def cannot_insist(ground: Ground) -> None:
    """AHD003: at the entry, or where the customer acts, they cannot force a good end; once for each entry."""
    graph, play = ground.graph, ground.play
    told_of: set[int] = set()
    root = list(range(len(graph.node_of)))
    owned = ground.owned()
    for place in play.order:
        edge = play.came[place]
        if edge >= 0:
            root[place] = root[play.src[edge]]
        judged = edge == -1 or ground.acts(owned[place])
        at = graph.node_of[place]
        if play.insists[place] or not judged or root[place] in told_of or graph.nodes[at][0].while_waiting:
            continue
        told_of.add(root[place])
        start = "From the beginning" if edge == -1 else "Once here"
        message = f"{start}, the customer cannot force a person or a promise: the world has an answer to everything."
        ground.add("AHD003", at, message, story(graph, play.src, partial(world_wins, graph, play, place)))


# The world's winning strategy ------------------------------------------------------------------------------------


def world_wins(graph: Graph, play: Play, place: int) -> Path:
    """How the world keeps a customer, who plays as well as possible, from a good end: to the nearest bad end, or round.

    The customer goes where there is hope as long as they can, and makes mistakes only where nothing else is left.
    """
    before = path_to(play, place)
    for effort in (2, 1, 0):
        if (found := _to_the_end(graph, play, place, effort)) is not None:
            edges, close = found
            return Path([*before, *edges], close)
    walked: list[int] = []
    at, seen = place, {place: 0}
    while True:
        edge = min(_losing(graph, play, at, 0), key=lambda each: graph.flag[each] & MISTAKE, default=-1)
        if edge < 0:
            return Path([*before, *walked], "Nothing more can happen there.")
        walked.append(edge)
        at = graph.dst[edge]
        if at in seen:
            close = "And so on, without end: no person and no promise ever comes."
            return Path([*before, *walked], close, back_to=len(before) + seen[at])
        seen[at] = len(walked)


def _losing(graph: Graph, play: Play, place: int, effort: int) -> Iterator[int]:
    """The edges that a world that wins, and a customer who plays against it, may take from a lost place.

    With an effort of 1 the customer makes no mistakes, with 2 they also choose nothing that is hopeless.
    """
    edges = range(graph.first[place], graph.first[place + 1])
    flag = graph.flag
    resigned = not any(flag[edge] & CUSTOMER and _good(graph, play, edge) for edge in edges)
    for edge in edges:
        bits = flag[edge]
        if bits & (SPARED | LEAVES) or _good(graph, play, edge) or (effort and bits & MISTAKE):
            continue
        if effort == 2 and bits & CUSTOMER and not (graph.dst[edge] >= 0 and play.hopeful[graph.dst[edge]]):
            continue
        if resigned or not bits & (CUSTOMER | TIME):
            yield edge


def _good(graph: Graph, play: Play, edge: int) -> bool:
    to = graph.dst[edge]
    return wins(graph, edge) or (to >= 0 and bool(play.insists[to]))


def _to_the_end(graph: Graph, play: Play, begin: int, effort: int) -> tuple[list[int], str] | None:
    came: dict[int, int] = {begin: -1}
    order = [begin]
    for place in order:
        if ends_badly(*graph.nodes[graph.node_of[place]]):
            return path_back(came, play.src, place), ending(graph, place)
        for edge in _losing(graph, play, place, effort):
            to = graph.dst[edge]
            if to < 0:
                return [*path_back(came, play.src, place), edge], ending(graph, place, edge)
            if to not in came:
                came[to] = edge
                order.append(to)
    return None
