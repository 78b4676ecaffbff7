"""Which queue a contact is put into, where one block chooses the queue and another, later, puts the contact into it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ahadi.flowlang.formats.making import Names
from ahadi.flowlang.formats.texts import is_computed
from ahadi.flowlang.model import UNKNOWN, Edge, Node

NOT_SET: Final = "the queue set before"


def by_queue(nodes: Mapping[str, Node], start: str, queues: Mapping[str, str]) -> Mapping[str, Node]:
    """The nodes, those between the choice of a queue and its use once for each queue that comes there.

    `queues` says what the nodes that choose a queue choose; queues to be filled in are those without a name.
    """
    uses = [name for name, node in nodes.items() if node.kind == "queue" and not node.about]
    if not uses:
        return nodes
    live = _live(nodes, uses, queues)
    found = _states(nodes, start, queues, live)
    if found is None:  # too many: every queue that is chosen anywhere is named
        every = " or ".join(sorted(set(queues.values())))
        return {name: _named(node, every) if name in set(uses) else node for name, node in nodes.items()}
    names = Names()
    called: dict[tuple[str, str], str] = {}
    for name in nodes:
        names.once(name)
    for name, queue in found:
        first = (name, "") not in called
        called[name, queue] = name if first else names.once(f"{name} / {queue or NOT_SET}")
        called.setdefault((name, ""), name)
    made: dict[str, Node] = dict(nodes)
    for (name, queue), own in called.items():
        if (name, queue) in found:
            node = replace(nodes[name], name=own, edges=_led(nodes[name], queue, queues, live, called))
            made[own] = _named(node, queue or NOT_SET) if node.kind == "queue" and not node.about else node
    return made


def _live(nodes: Mapping[str, Node], uses: list[str], queues: Mapping[str, str]) -> set[str]:
    """The nodes at which it matters which queue was chosen before."""
    before: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for edge in node.edges:
            if edge.target in nodes and name not in queues:
                before.setdefault(edge.target, []).append(name)
    live, queue = set(uses), list(uses)
    for name in queue:
        for each in before.get(name, ()):
            if each not in live:
                live.add(each)
                queue.append(each)
    return live


def _states(
    nodes: Mapping[str, Node], start: str, queues: Mapping[str, str], live: set[str]
) -> dict[tuple[str, str], None] | None:
    """Every node that is reached, with the queue chosen on the way; None where these are too many."""
    most = 3 * len(nodes) + 1_000
    found: dict[tuple[str, str], None] = {(start, ""): None}
    todo = [(start, "")]
    for name, queue in todo:
        chosen = queues.get(name, queue)
        for edge in nodes[name].edges:
            if edge.target in nodes:
                state = (edge.target, chosen if edge.target in live else "")
                if state not in found:
                    found[state] = None
                    todo.append(state)
                    if len(found) > most:
                        return None
    return found


def _led(
    node: Node, queue: str, queues: Mapping[str, str], live: set[str], called: Mapping[tuple[str, str], str]
) -> tuple[Edge, ...]:
    chosen = queues.get(node.name, queue)
    return tuple(
        replace(edge, target=called.get((edge.target, chosen if edge.target in live else ""), edge.target))
        for edge in node.edges
    )


def _named(node: Node, queue: str) -> Node:
    if not is_computed(queue):
        return replace(node, about=queue)
    why = f"which queue this is, `{queue}`, is computed at run time"
    return replace(node, about=queue, edges=(*node.edges, Edge("another queue", UNKNOWN, "time", "implicit", why=why)))
