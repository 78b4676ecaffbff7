"""What every rule of the check works on: the graph, what was worked out of it, and where findings are gathered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ahadi.flowlang.arrays import on_cycles
from ahadi.flowlang.findings import SEVERITIES, Finding, Severity, Story
from ahadi.flowlang.game import Play, breadth
from ahadi.flowlang.graph import CUSTOMER, GAINS, LEAVES, TIME, Graph
from ahadi.flowlang.model import Flow, Node
from ahadi.flowlang.settings import Settings
from ahadi.flowlang.step import returns
from ahadi.flowlang.tell import Path, path_back, story


@dataclass(slots=True)
class Ground:
    """The graph of a book under check. Findings are kept once for each code and node: the first, which is nearest."""

    graph: Graph
    play: Play
    settings: Settings
    findings: dict[tuple[str, int], Finding] = field(default_factory=dict)
    _whole: tuple[list[int], list[int]] | None = None
    _first: dict[int, int] | None = None
    _ordered: tuple[list[int], list[int]] | None = None

    def add(self, code: str, node: int, message: str, told: Story) -> None:
        """Note a finding at a node (by number), unless there is one of that code already."""
        if (code, node) in self.findings:
            return
        flow, at = self.graph.nodes[node]
        found = Finding(code, self.severity(code), flow.file, flow.name, at.name, at.line, message, told)
        self.findings[code, node] = found

    def severity(self, code: str) -> Severity:
        """How severe a finding is here: as the language has it, or raised or lowered by the settings."""
        severities: Mapping[str, Severity] = self.settings.severities
        return severities.get(code, SEVERITIES[code])

    def story_to(self, place: int, *more: int, close: str = "") -> Story:
        """How a contact comes to a place, with nothing gained where that can be, and goes on by these edges."""

        def path() -> Path:
            came = self.play.came if self.play.came[place] > -2 else self.whole()[1]
            return Path([*path_back(came, self.play.src, place), *more], close)

        return story(self.graph, self.play.src, path)

    def edges(self, place: int) -> range:
        """The numbers of a place's edges."""
        return range(self.graph.first[place], self.graph.first[place + 1])

    def whole(self) -> tuple[list[int], list[int]]:
        """All places, nearest first, and the edge to each, whatever is gained on the way."""
        if self._whole is None:
            self._whole = breadth(self.graph, self.graph.starts, without=0)
        return self._whole

    def in_order(self) -> tuple[list[int], list[int]]:
        """All places, each after those that lead to it; and those on cycles and after."""
        if self._ordered is None:
            self._ordered = on_cycles(self.graph.first, self.graph.dst)
        return self._ordered

    def first_places(self) -> dict[int, int]:
        """For each node that is reached, the nearest place of it."""
        if self._first is None:
            found: dict[int, int] = {}
            for place in (*self.play.order, *self.whole()[0]):
                found.setdefault(self.graph.node_of[place], place)
            self._first = found
        return self._first

    def owned(self) -> list[int]:
        """For each place the flags of all its edges together."""
        graph = self.graph
        found = [0] * len(graph.node_of)
        for edge, place in enumerate(self.play.src):
            found[place] |= graph.flag[edge]
        return found

    def acts(self, flags: int) -> bool:
        """Whether these flags, of a place's edges, say that the customer acts there."""
        return bool(flags & CUSTOMER)

    def acts_or_waits(self, flags: int) -> bool:
        """Whether these flags, of a place's edges, say that the customer acts or waits there."""
        return bool(flags & (CUSTOMER | TIME))


def ends_badly(flow: Flow, node: Node) -> bool:
    """Whether a contact that comes to this node with nothing gained ends badly there."""
    return node.kind == "end" and not returns(node) and not flow.while_waiting


def is_cut(flag: int, to: int) -> bool:
    """Whether an edge is the end of a contact with nothing gained."""
    return to == -1 and not flag & (GAINS | LEAVES)
