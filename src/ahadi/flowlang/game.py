"""Who can force what: the runs on which nothing is gained yet, and from where the customer can insist on a good end.

The game, at each place: first the world may take one of its own outcomes (an error, a full queue), or let things go on.
Then the customer may take one of theirs, or wait for time to take one. So the customer can insist at a place when they
can after every outcome of the world, and after some outcome of their own or, where time moves at all, after each of
time's. Solved exactly by the attractor of the good ends: each edge is looked at once (Grädel, Thomas, Wilke (eds.),
Automata, Logics, and Infinite Games, 2002, ch. 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ahadi.flowlang.arrays import predecessors, sources
from ahadi.flowlang.graph import CUSTOMER, GAINS, LEAVES, SPARED, TIME, UNSEEN, Graph

_GAINED = GAINS | LEAVES


@dataclass(slots=True)
class Play:
    """What was worked out of a graph; everything is by the number of a place or edge.

    `order` holds the places that a contact without person or promise comes to, nearest first; `came` the edge by which
    each was first reached (-1 at the start, -2 where none does).
    """

    graph: Graph
    src: list[int]
    into_first: list[int]
    into: list[int]
    order: list[int]
    came: list[int]
    hopeful: bytearray  # some run from here reaches a good end
    insists: bytearray  # the customer can force one


def play(graph: Graph) -> Play:
    """Everything about ends: what is reached with nothing gained, what may end well, and what can be made to."""
    src = sources(graph.first)
    into_first, into = predecessors(graph.first, graph.dst)
    order, came = breadth(graph, graph.starts)
    found = Play(graph, src, into_first, into, order, came, bytearray(), bytearray())
    found.hopeful = _hopeful(found)
    found.insists = _insists(found)
    return found


def breadth(graph: Graph, begin: Sequence[int], without: int = _GAINED) -> tuple[list[int], list[int]]:
    """The places reached from some, nearest first, over edges with none of these flags; and the edge to each."""
    came = [-2] * len(graph.node_of)
    order = []
    for place in begin:
        if came[place] == -2:
            came[place] = -1
            order.append(place)
    first, dst, flag = graph.first, graph.dst, graph.flag
    for place in order:
        for edge in range(first[place], first[place + 1]):
            to = dst[edge]
            if to >= 0 and came[to] == -2 and not flag[edge] & without:
                came[to] = edge
                order.append(to)
    return order, came


def wins(graph: Graph, edge: int) -> bool:
    """Whether an edge is a good end by itself, or leads where nobody can see: no finding rests on a guess."""
    bits = graph.flag[edge]
    return bool(bits & GAINS) or (graph.dst[edge] == UNSEEN and not bits & LEAVES)


def _hopeful(found: Play) -> bytearray:
    graph, src, into, into_first = found.graph, found.src, found.into, found.into_first
    flag, dst = graph.flag, graph.dst
    hopeful = bytearray(len(graph.node_of))
    queue = []
    for edge in range(len(dst)):
        if (flag[edge] & GAINS or dst[edge] == UNSEEN) and wins(graph, edge) and not hopeful[src[edge]]:
            hopeful[src[edge]] = 1
            queue.append(src[edge])
    for place in queue:
        for at in range(into_first[place], into_first[place + 1]):
            edge = into[at]
            if not hopeful[src[edge]] and not flag[edge] & _GAINED:
                hopeful[src[edge]] = 1
                queue.append(src[edge])
    return hopeful


def _insists(found: Play) -> bytearray:
    graph, src, into, into_first = found.graph, found.src, found.into, found.into_first
    flag, dst = graph.flag, graph.dst
    count = len(graph.node_of)
    world = [0] * count  # outcomes of the world that are not good yet
    time = [0] * count
    late = bytearray(count)  # 1: the customer or time has a move; 2: the customer has one that is good
    moves = bytearray(count)
    for edge in range(len(dst)):
        bits, place = flag[edge], src[edge]
        if bits & CUSTOMER:
            late[place] |= 1
        elif bits & TIME:
            late[place] |= 1
            time[place] += 1
        elif not bits & SPARED:
            world[place] += 1
        moves[place] |= bits & TIME
    insists = bytearray(count)

    good = [edge for edge in range(len(dst)) if (flag[edge] & GAINS or dst[edge] == UNSEEN) and wins(graph, edge)]
    while good:
        won: list[int] = []
        for edge in good:
            bits, place = flag[edge], src[edge]
            if bits & CUSTOMER:
                late[place] |= 2
            elif bits & TIME:
                time[place] -= 1
            elif bits & SPARED:
                continue
            else:
                world[place] -= 1
            if insists[place] or world[place]:
                continue
            if not late[place] or late[place] & 2 or (moves[place] and not time[place]):
                insists[place] = 1
                won.append(place)
        good = [
            into[at]
            for place in won
            for at in range(into_first[place], into_first[place + 1])
            if not flag[into[at]] & _GAINED
        ]
    return insists
