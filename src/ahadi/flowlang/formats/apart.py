"""Files whose flows have the same names are kept apart: what a file calls by a name of its own is its own."""

from collections.abc import Mapping
from dataclasses import replace

from ahadi.flowlang.model import Flow, Node


def kept_apart(_files: Mapping[str, bytes], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """The flows; a name that a file before has already gets the file's beside it, also where the file calls it."""
    taken: dict[str, str] = {}
    renamed: dict[str, dict[str, str]] = {}
    for flow in flows:
        if taken.setdefault(flow.name, flow.file) != flow.file:
            renamed.setdefault(flow.file, {})[flow.name] = f"{flow.name} ({flow.file})"
    return tuple(_renamed(flow, renamed[flow.file]) if flow.file in renamed else flow for flow in flows)


def _renamed(flow: Flow, names: Mapping[str, str]) -> Flow:
    nodes: dict[str, Node] = {
        name: replace(node, about=names[node.about]) if node.kind == "flow" and node.about in names else node
        for name, node in flow.nodes.items()
    }
    if flow.name not in names:
        return replace(flow, nodes=nodes)
    return replace(flow, name=names[flow.name], nodes=nodes, aliases=(*flow.aliases, flow.name))
