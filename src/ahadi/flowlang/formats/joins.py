"""What can be settled only when all files of a book are there: which flow is called, and what a waiting customer hears.

A file alone does not say whether the flow that it calls is given too. So it is read as if it were not, and this takes
away what was unseen where it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.making import Names
from ahadi.flowlang.model import UNKNOWN, Book, Edge, Flow, Node

_CALLS: Final = "(calls)"
_HOOKED: Final = "(customers wait in)"
_COMPUTED: Final = "(customers wait in, computed)"
_MOST_HOOKS: Final = 20  # flows that customers of one queue may hear, said one by one
_HIDDEN: Final = "something else"


def calls(node: Node, named: str, why: str = "") -> tuple[Node, Edge]:
    """A node that calls a flow and goes on when it comes back; the edge says that the flow cannot be seen."""
    why = f"the flow `{one_line(named, 60)}` was not given" if named else why
    marked = replace(node, values=((_CALLS, named),)) if named else node
    return marked, Edge(_HIDDEN, UNKNOWN, how="implicit", why=why)


def hooked(named: str, computed: bool) -> tuple[str, str]:
    """The mark on a node that says which flow customers hear in queues from there on."""
    return (_COMPUTED if computed else _HOOKED, named)


def join_flows(_files: Mapping[str, bytes], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """The flows, with those that others call, or that customers wait in, connected to them."""
    book = Book(flows)
    hooks = _hooks(book)
    return tuple(_joined(flow, book, hooks[id(flow)]) for flow in flows)


def _hooks(book: Book) -> dict[int, dict[tuple[str, str], None]]:
    """For each flow what customers may hear in its queues: as it sets that itself, or those that lead to it."""
    found: dict[int, dict[tuple[str, str], None]] = {id(flow): {} for flow in book.flows}
    leads: dict[int, list[int]] = {id(flow): [] for flow in book.flows}
    for flow in book.flows:
        for node in flow.nodes.values():
            found[id(flow)] |= {each: None for each in node.values if each[0] in (_HOOKED, _COMPUTED)}
            names = [node.about] if node.kind == "flow" else [named for what, named in node.values if what == _CALLS]
            leads[id(flow)] += [id(each) for name in names if (each := book.find(name)) is not None]
    todo = list(found)
    for number in todo:
        for to in leads[number]:
            if found[number].keys() - found[to].keys():
                found[to] |= found[number]
                todo.append(to)
    return found


def _joined(flow: Flow, book: Book, hooks: Iterable[tuple[str, str]]) -> Flow:
    changed: dict[str, Node] = {}
    names: Names | None = None
    for node in flow.nodes.values():
        for what, named in node.values:
            if what == _CALLS and book.find(named) is not None:
                if names is None:
                    names = Names()
                    for name in flow.nodes:
                        names.once(name)
                node, called = _called(node, named, names)
                changed[called.name] = called
                changed[node.name] = node
        if node.kind == "queue" and not node.news and flow.origin == "connect" and not flow.while_waiting and hooks:
            changed[node.name] = _waiting(node, book, hooks)
    return replace(flow, nodes={**flow.nodes, **changed}) if changed else flow


def _waiting(node: Node, book: Book, hooks: Iterable[tuple[str, str]]) -> Node:
    """A queue in which customers hear other flows: those tell, or do not tell, them something."""
    edges = list(node.edges)
    for what, named in islice(hooks, _MOST_HOOKS):
        if what == _COMPUTED or book.find(named) is None:
            shown = one_line(named, 60)
            why = f"what the customer hears while waiting is the flow `{shown}`, which "
            why += "is computed at run time" if what == _COMPUTED else "was not given"
            edges.append(Edge(f"waits in {shown}", UNKNOWN, "time", "implicit", why=why))
    return replace(node, edges=tuple(edges), news=("in another flow",))


def _called(node: Node, named: str, names: Names) -> tuple[Node, Node]:
    """The node, whose first edge leads to the call, and the call, which comes back to where that edge led."""
    inner = names.once(f"{node.name}: {named}")
    goes_on = replace(node.edges[0], outcome="next", sets=())
    failed = tuple(edge for edge in node.edges[1:] if edge.outcome == "failed")
    others = tuple(edge for edge in node.edges[1:] if edge.outcome not in ("failed", _HIDDEN))
    call = Node(inner, "flow", (goes_on, *failed, *others), node.line, about=named, returns=True)
    return replace(node, edges=(Edge("next", inner), *failed)), call
