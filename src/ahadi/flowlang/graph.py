"""A book of flows as one graph of numbers: every place a contact can be, with what it counts and who called.

A place is a node together with the calls that will be returned to and the loops counted so far. Counting is made exact
by unrolling: a loop's count matters only while a contact stays in the strongly connected part of the flow that holds
the loop, so it is kept there alone (decision 27). Nodes that begin anew (`again`) need no unrolling: whoever owns the
outcome can come to it as often as it takes, so it leads where giving up leads.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from ahadi.flowlang.arrays import components, on_cycles
from ahadi.flowlang.model import (
    AGAIN,
    DEEPEST,
    ENDLESS,
    GIVEN_UP,
    GOOD,
    STOP,
    UNKNOWN,
    Book,
    Edge,
    Flow,
    Node,
)  # fmt: skip
from ahadi.flowlang.step import ENTERS, GOES, RETURNS, returned, returns

CUSTOMER, TIME, MISTAKE, SPARED, GAINS, LEAVES, ROUND = 1, 2, 4, 8, 16, 32, 64
OUT: Final = {STOP: -1, ENDLESS: -2, UNKNOWN: -3}
SPARE_COUNTS: Final = 50_000  # places for counting, beyond a few times the nodes
SPARE_CALLS: Final = 50_000  # and those for flows within flows
UNSEEN: Final = OUT[UNKNOWN]
_NEVER: Final = Edge("done", STOP)
_CUT_OFF: Final = Edge(GIVEN_UP, STOP)
_OWNED: Final = {"customer": CUSTOMER, "time": TIME, "world": 0}
Counts = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Graph:
    """Places by number: `node_of` gives each its node; edges in `first`/`dst` form with `flag`, `edge_of` and `said`.

    `said` is what was handed to `step` for an edge: the outcome, and how often in a row.
    """

    nodes: list[tuple[Flow, Node]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    node_of: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=lambda: [0])
    dst: list[int] = field(default_factory=list)
    flag: list[int] = field(default_factory=list)
    edge_of: list[Edge] = field(default_factory=list)
    said: list[tuple[str, int]] = field(default_factory=list)
    unseen: list[tuple[int, str]] = field(default_factory=list)  # place, and what cannot be followed from there
    wait: dict[int, int] = field(default_factory=dict)  # seconds until an edge's outcome is there, where any
    returned_to: dict[int, int] = field(default_factory=dict)  # for an edge that returns, the node that had called
    loose: AbstractSet[int] = frozenset()  # loops (by node) that are too many together to be counted

    def node(self, place: int) -> Node:
        """The node of a place."""
        return self.nodes[self.node_of[place]][1]


def compile_book(book: Book, entries: Iterable[Flow], held: AbstractSet[str]) -> Graph:
    """Every place that a contact can come to from the beginnings of these flows, while these assumptions hold."""
    return _Compiler(book, held).run(entries)


def _gains(edge: Edge) -> int:
    return (GAINS if edge.gain in GOOD else LEAVES) if edge.gain else 0


class _Compiler:
    """The work of `compile_book`: places are numbered as they are found."""

    def __init__(self, book: Book, held: AbstractSet[str]) -> None:
        self._book, self._held = book, held
        self._graph = Graph()
        self._index: dict[int, dict[str, int]] = {}
        for flow in book.flows:
            base = len(self._graph.nodes)
            self._graph.nodes += [(flow, node) for node in flow.nodes.values()]
            self._index[id(flow)] = {name: base + at for at, name in enumerate(flow.nodes)}
        self._part, self._loose = _loops(self._graph.nodes, self._index)
        self._graph.loose = self._loose
        self._most = 8 * len(self._graph.nodes) + SPARE_CALLS
        self._once: dict[str, tuple[str, int]] = {}  # what is said of an outcome that comes once
        self._layers: dict[tuple[int, Counts], dict[int, int]] = {}
        self._keys: list[tuple[int, int, Counts]] = []
        # Calls: the calling context, the calling node, what it counted, and how deep this is.
        self._calls: list[tuple[int, int, Counts, int]] = [(-1, -1, (), 0)]
        self._call_numbers: dict[tuple[int, int, Counts], int] = {}

    def run(self, entries: Iterable[Flow]) -> Graph:
        graph = self._graph
        for flow in entries:
            for start in flow.starts():
                graph.starts.append(self._place(0, self._index[id(flow)][start], ()))
        done = 0
        while done < len(self._keys):
            self._leave(done, *self._keys[done])
            graph.first.append(len(graph.dst))
            done += 1
        return graph

    # Places -----------------------------------------------------------------------------------------------------

    def _place(self, call: int, node: int, counts: Counts) -> int:
        """The number of a place. Counts of loops in another part than the node's are forgotten."""
        if counts:
            here = self._part[node]
            if len(counts) > 1:
                counts = tuple(each for each in counts if self._part[each[0]] == here)
            elif self._part[counts[0][0]] != here:
                counts = ()
        return self._number(self._layer(call, counts), call, node, counts)

    def _layer(self, call: int, counts: Counts) -> dict[int, int]:
        """The places by node that share a call and counts."""
        found = self._layers.get((call, counts))
        return self._layers.setdefault((call, counts), {}) if found is None else found

    def _number(self, layer: dict[int, int], call: int, node: int, counts: Counts) -> int:
        found = layer.get(node)
        if found is None:
            found = layer[node] = len(self._keys)
            self._keys.append((call, node, counts))
            self._graph.node_of.append(node)
        return found

    def _leave(self, place: int, call: int, at: int, counts: Counts) -> None:
        """The edges of a place."""
        flow, node = self._graph.nodes[at]
        kind = node.kind
        if kind == "repeat":
            self._repeat(flow, node, call, at, counts)
        elif kind == "flow":
            self._enter(place, flow, node, call, at, counts)
        elif kind == "end":
            if returns(node):
                self._return(place, node, call)
        else:
            self._usual(place, flow, node, call, counts)

    def _usual(self, place: int, flow: Flow, node: Node, call: int, counts: Counts) -> None:
        """The edges of a place whose node does nothing by itself."""
        graph, index, once, part = self._graph, self._index[id(flow)], self._once, self._part
        layer, outside = self._layer(call, counts), self._layer(call, ())
        own = part[graph.node_of[place]] if counts else 0
        last: Edge | None = None
        for edge in node.edges:
            if edge.outcome == GIVEN_UP or (edge.under is not None and self._absent(edge)):
                continue
            leads = edge
            if edge.target == AGAIN:
                leads = last = last or node.edge(GIVEN_UP) or _CUT_OFF
            at = index.get(leads.target, -1)
            if at < 0:
                to = self._out(place, leads)
            elif counts and part[at] == own:
                known = layer.get(at)
                to = self._number(layer, call, at, counts) if known is None else known
            else:
                known = outside.get(at)
                to = self._number(outside, call, at, ()) if known is None else known
            flag = _OWNED[edge.owner]
            if edge.mistake:
                flag |= MISTAKE
            if leads.gain:
                flag |= _gains(leads)
            if edge.under is not None and edge.under.effect == "spared" and edge.under.assumption in self._held:
                flag |= SPARED
            if edge.seconds:
                graph.wait[len(graph.dst)] = edge.seconds
            graph.dst.append(to)
            graph.flag.append(flag)
            graph.edge_of.append(leads)
            if leads is edge:
                said = once.get(edge.outcome)
                graph.said.append(said or once.setdefault(edge.outcome, (edge.outcome, 1)))
            else:
                graph.said.append((edge.outcome, node.tries + 1))

    def _out(self, place: int, edge: Edge) -> int:
        to = OUT.get(edge.target, UNSEEN)
        if to == UNSEEN:
            self._graph.unseen.append((place, edge.why or f"`{edge.outcome}` leads to `{edge.target}`"))
        return to

    def _absent(self, edge: Edge) -> bool:
        under = edge.under
        if under is None or under.effect == "spared":
            return False
        return (under.effect == "with") != (under.assumption in self._held)

    def _add(self, to: int, flag: int, edge: Edge, said: tuple[str, int]) -> None:
        graph = self._graph
        graph.dst.append(to)
        graph.flag.append(flag)
        graph.edge_of.append(edge)
        graph.said.append(said)

    # What nobody chooses ----------------------------------------------------------------------------------------

    def _repeat(self, flow: Flow, node: Node, call: int, at: int, counts: Counts) -> None:
        so_far = dict(counts).get(at, 0)
        loose = at in self._loose
        others = tuple(each for each in counts if each[0] != at)
        if so_far < node.tries:
            more = others if loose else tuple(sorted((*others, (at, so_far + 1))))
            self._go(flow, node.edge("again") or _NEVER, call, more, ROUND if loose else 0)
        if so_far >= node.tries or loose:
            self._go(flow, node.edge("done") or _NEVER, call, others, 0)

    def _go(self, flow: Flow, edge: Edge, call: int, counts: Counts, flag: int) -> None:
        index = self._index[id(flow)]
        here = len(self._graph.first) - 1
        to = self._place(call, index[edge.target], counts) if edge.target in index else self._out(here, edge)
        self._add(to, flag | _gains(edge), edge, (GOES, 1))

    def _enter(self, place: int, flow: Flow, node: Node, call: int, at: int, counts: Counts) -> None:
        entered = self._book.find(node.about)
        if entered is None:
            self._unseen(place, f"the flow `{node.about}` was not given")
            return
        begins = self._index[id(entered)][entered.start]
        edge = Edge(ENTERS, entered.start)
        if not node.returns:
            self._add(self._place(call, begins, ()), 0, edge, (ENTERS, 1))
        elif self._calls[call][3] >= DEEPEST:
            failed = node.edge("failed") or Edge("failed", STOP)
            self._go(flow, failed, call, counts, 0)
            self._graph.said[-1] = (ENTERS, 1)
        elif len(self._keys) > self._most:
            self._unseen(place, "flows call each other in too many ways to be followed")
        else:
            key = (call, at, counts)
            inner = self._call_numbers.get(key)
            if inner is None:
                inner = self._call_numbers[key] = len(self._calls)
                self._calls.append((*key, self._calls[call][3] + 1))
            self._add(self._place(inner, begins, ()), 0, edge, (ENTERS, 1))

    def _return(self, place: int, node: Node, call: int) -> None:
        if not call:
            self._unseen(place, "it returns to a flow that was not given")
            return
        caller, at, counts, _ = self._calls[call]
        flow, calling = self._graph.nodes[at]
        edge = calling.edge(returned(node)) or calling.edge("next") or Edge("next", STOP)
        self._go(flow, edge, caller, counts, 0)
        self._graph.said[-1] = (RETURNS, 1)
        self._graph.returned_to[len(self._graph.dst) - 1] = at

    def _unseen(self, place: int, why: str) -> None:
        self._graph.unseen.append((place, why))
        self._add(UNSEEN, 0, Edge(ENTERS, UNKNOWN, why=why), (ENTERS, 1))


def _loops(
    nodes: Sequence[tuple[Flow, Node]], index: Mapping[int, Mapping[str, int]]
) -> tuple[list[int], AbstractSet[int]]:
    """For each node the part of its flow whose counts matter there, and the loops too many together to be counted.

    Loops that share a part multiply: while all places together stay within a few times the nodes they are unrolled,
    and beyond that taken to go on or to end at any turn, which the check says.
    """
    loops = [at for at, (_, node) in enumerate(nodes) if node.kind == "repeat"]
    if not loops:
        return [], frozenset()
    first, dst = [0], []
    for flow, node in nodes:
        own = index[id(flow)]
        dst += [own.get(edge.target, -1) for edge in node.edges]
        first.append(len(dst))
    part = [-1 - at for at in range(len(nodes))]
    _, left = on_cycles(first, dst)
    sizes: dict[int, int] = {}
    for number, members in enumerate(components(first, dst, left)):
        sizes[number] = len(members)
        for each in members:
            part[each] = number
    spare = 4 * len(nodes) + SPARE_COUNTS
    loose: set[int] = set()
    together: dict[int, list[int]] = {}
    for at in loops:
        together.setdefault(part[at], []).append(at)
    for number, members in sorted(together.items(), key=lambda each: len(each[1])):
        size = sizes.get(number, 1)
        for at in members:
            size *= nodes[at][1].tries + 1
            if size > spare:
                loose.update(members)
                break
        else:
            spare -= size
    return part, loose
