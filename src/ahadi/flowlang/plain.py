"""AHD007 unhandled outcome, AHD012 unreachable, AHD013 holding without news, AHD014 cannot prove."""

from ahadi.flowlang.findings import NO_STORY
from ahadi.flowlang.graph import CUSTOMER
from ahadi.flowlang.ground import Ground
from ahadi.flowlang.model import AGAIN, STOP, Edge, Flow, Node


def unhandled(ground: Ground) -> None:
    """AHD007: outcomes that a flow does not say anything about; what happens instead is told."""
    graph = ground.graph
    for at, (flow, node) in enumerate(graph.nodes):
        silent = [edge for edge in node.edges if edge.how in ("default", "undeclared")]
        if silent:
            told = ", ".join(f"`{edge.outcome}` ({_instead(flow, node, edge)})" for edge in silent)
            word = "outcome" if len(silent) == 1 else "outcomes"
            place = ground.first_places().get(at, -1)
            story = ground.story_to(place) if place >= 0 else NO_STORY
            ground.add("AHD007", at, f"Nothing is said about the {word} {told}.", story)


def _instead(flow: Flow, node: Node, edge: Edge) -> str:
    if edge.target == AGAIN:
        return f"asked again, {node.tries} times at most"
    if edge.target == STOP:
        return "a case with a promise is made" if edge.gain == "promise" else "the contact is cut off"
    return f"goes to `{edge.target}`"


def unreachable(ground: Ground) -> None:
    """AHD012: nodes of the flows under check that no run reaches."""
    graph = ground.graph
    reached = set(graph.node_of)
    begun = {id(graph.nodes[at][0]) for at in reached}
    for at, (flow, node) in enumerate(graph.nodes):
        if at not in reached and id(flow) in begun:
            ground.add("AHD012", at, f"No run reaches `{node.name}`.", NO_STORY)


def holding(ground: Ground) -> None:
    """AHD013: waiting with no position, estimate, callback or way out; or with what is played starting over."""
    graph = ground.graph
    for at, place in ground.first_places().items():
        node = graph.nodes[at][1]
        if node.kind != "queue" and not node.restarts:
            continue
        way_out = any(graph.flag[edge] & CUSTOMER for edge in ground.edges(place))
        if node.kind == "queue" and not (node.news or way_out):
            message = (
                "Waiting here, the customer is told no position or estimate, and is offered no callback or way out."
            )
            ground.add("AHD013", at, message, ground.story_to(place))
        elif node.restarts:
            message = "What is played while waiting starts over, or interrupts itself, at every turn."
            ground.add("AHD013", at, message, ground.story_to(place))


def unprovable(ground: Ground) -> None:
    """AHD014: what cannot be seen from the files given: said, never guessed."""
    graph = ground.graph
    for place, why in graph.unseen:
        told = ground.story_to(place, close="What comes then cannot be seen.")
        ground.add("AHD014", graph.node_of[place], f"This cannot be proved: {why}.", told)
    for at in graph.loose:
        message = "This cannot be proved exactly: the loops that go round together here are too many to be counted."
        ground.add("AHD014", at, message, NO_STORY)
