"""Stories in words: a path through the graph told as what a customer would live through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.findings import Story, Told
from ahadi.flowlang.game import Play
from ahadi.flowlang.graph import Graph
from ahadi.flowlang.model import ENDLESS, STOP, UNKNOWN, Edge, Flow, Node
from ahadi.flowlang.moments import a_moment
from ahadi.flowlang.outcomes import outcome
from ahadi.flowlang.step import ENTERS, GOES, RETURNS

_CUT: Final = "The line is cut: the contact is over, with no person and no promise."


@dataclass(frozen=True, slots=True)
class Path:
    """Edges one after another, how it ends in words, and the number of the step from which on it repeats for ever."""

    edges: Sequence[int]
    close: str = ""
    back_to: int = -1


def path_to(play_: Play, place: int) -> list[int]:
    """The edges by which a place is first reached with nothing gained."""
    return path_back(play_.came, play_.src, place)


def path_back(came: Sequence[int] | Mapping[int, int], src: Sequence[int], place: int) -> list[int]:
    """The edges that lead to a place, from where the search began."""
    edges = []
    while (edge := came[place]) >= 0:
        edges.append(edge)
        place = src[edge]
    edges.reverse()
    return edges


def story(graph: Graph, src: Sequence[int], path: Callable[[], Path]) -> Story:
    """The story of the edges that a function gives when it is asked, one after another."""

    def tell() -> tuple[tuple[Told, ...], str, int]:
        found = path()
        return tuple(_told(graph, src[edge], edge) for edge in found.edges), found.close, found.back_to

    return Story(tell)


def ending(graph: Graph, place: int, edge: int = -1) -> str:
    """How a contact ends that ends at a place, or by an edge of it."""
    if edge >= 0:
        target = graph.edge_of[edge].target
        if target == ENDLESS:
            return "There the customer stays, and nothing more happens."
        if target == UNKNOWN:
            return "What comes then cannot be seen."
        return _CUT if target == STOP else ""
    flow, node = graph.nodes[graph.node_of[place]]
    words = node.words.in_language(flow.language)
    last = f" after “{one_line(words, 80)}”" if words else ""
    return f"The contact ends at `{node.name}`{last}, with no person and no promise."


def _told(graph: Graph, place: int, edge: int) -> Told:
    flow, node = graph.nodes[graph.node_of[place]]
    given, times = graph.said[edge]
    return Told(flow.name, node.name, given, times, sentence(flow, node, graph.edge_of[edge], given, times))


def sentence(flow: Flow, node: Node, edge: Edge, given: str, times: int = 1) -> str:
    """One step of a story in words."""
    if node.kind == "say" and given == "next" and node.words.texts:
        said = _where(flow, node)
        return said if said[-2:-1] in ".!?…" else f"{said}."
    return f"{_where(flow, node)}: {_what(flow, node, edge, given)}{_often(times)}."


def _where(flow: Flow, node: Node) -> str:
    words = node.words.in_language(flow.language)
    return f"`{node.name}` says “{one_line(words, 80)}”" if words else f"`{node.name}`"


def _often(times: int) -> str:
    return "" if times == 1 else " twice" if times == 2 else f" {times} times"


def _what(flow: Flow, node: Node, edge: Edge, given: str) -> str:
    if given == ENTERS:
        return f"goes to the flow `{node.about}`" if edge.target != UNKNOWN else edge.why or "goes out of sight"
    if given == RETURNS:
        return "back to the flow before"
    if given == GOES:
        return "once more" if edge.outcome == "again" else "often enough"
    chosen = next((each for each in node.choices if each.name == given), None)
    if chosen is not None:
        label = chosen.label.in_language(flow.language)
        return f"the customer chooses {chosen.name}" + (f" ({one_line(label, 40)})" if label else "")
    if node.kind == "hours" and given in ("open", "closed"):
        moment = a_moment(node.about, is_open=given == "open")
        side = "inside" if given == "open" else "outside"
        hours = f" ({one_line(node.about, 60)})" if node.about else ""
        return f"{f'on {moment} ' if moment else ''}it is {side} the hours{hours}"
    if node.kind == "decide":
        return "no rule applies" if given == "otherwise" else f"the rule “{given}” applies"
    known = outcome(node.kind, given)
    if known is not None:
        return known.meaning
    return f"the customer comes to “{given}”" if edge.owner == "customer" else f"“{given}” happens"
