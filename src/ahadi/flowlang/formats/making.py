"""What makes nodes of an imported file: names that can be told apart, edges, and remarks."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.arrays import components, on_cycles
from ahadi.flowlang.model import BACK, ENDLESS, STOP, UNKNOWN, Edge, Node, Remark, Under

MOST_NAME: Final = 80
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
# A contact that a queue accepted is answered; without that assumption it may wait for ever.
WAITS_FOR_EVER: Final = Edge("waits", ENDLESS, "time", "implicit", under=Under("queues-answer", "without"))


def plain_name(text: str) -> str:
    """A name without what the flow language keeps for itself."""
    return one_line(re.sub(r"[(){}\[\]]", " ", text), MOST_NAME).strip() or "unnamed"


class Names:
    """Names given out once each."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def once(self, text: str) -> str:
        """The text as a name, with a number behind it where it was given out before."""
        name = plain_name(text)
        while name in self._next:
            self._next[name] += 1
            numbered = f"{name} {self._next[name]}"
            if numbered not in self._next:
                name = numbered
        self._next[name] = 1
        return name


def readable(identifier: str, kind: str) -> str:
    """How a node is called whose identifier may be a long number."""
    return f"{kind} {identifier[:8]}" if _UUID.fullmatch(identifier) else identifier


class Making:
    """A file under import: its nodes' names by identifier, the nodes made, and what was not understood."""

    def __init__(self, *, ends: str = "", returns: bool = False) -> None:
        self.names = Names()
        self.known: dict[str, str] = {}
        self.nodes: dict[str, Node] = {}
        self.remarks: list[Remark] = []
        self.returns = returns  # that goes back to a calling flow, and nothing is left unsaid by it
        self.ends = self.names.once(ends) if ends else ""  # where what leads nowhere goes; without it the line is cut

    def remark(self, node: str, sentence: str, line: int = 1) -> None:
        """Note that something was not understood."""
        self.remarks.append(Remark(node, sentence, line))

    def to(self, edge: Edge, identifier: str | None) -> Edge:
        """The edge leading to the node of an identifier; to nowhere where there is none."""
        if not identifier:
            how = edge.how if edge.gain or self.returns else "undeclared"
            if edge.gain or not self.ends:
                return replace(edge, target=STOP, how=how)
            self.nodes.setdefault(self.ends, Node(self.ends, "end", about=BACK if self.returns else ""))
            return replace(edge, target=self.ends, how=how)
        if identifier in self.known:
            return replace(edge, target=self.known[identifier])
        why = f"`{edge.outcome}` leads to `{one_line(identifier, 40)}`, which is not in the file"
        return replace(edge, target=UNKNOWN, why=why)

    def add(self, node: Node, edges: Iterable[Edge] = ()) -> None:
        """Keep a node, with its outcomes told apart."""
        names = Names()
        told = tuple(replace(edge, outcome=names.once(edge.outcome)) for edge in edges) or node.edges
        self.nodes[node.name] = replace(node, edges=told)


def rounds(nodes: Mapping[str, Node]) -> dict[str, int]:
    """For each node that is on a way round, the number of the part of the flow that goes round together."""
    number = {name: at for at, name in enumerate(nodes)}
    first, dst = [0], []
    for node in nodes.values():
        dst += [number.get(edge.target, -1) for edge in node.edges]
        first.append(len(dst))
    _, left = on_cycles(first, dst)
    names = list(nodes)
    return {names[at]: part for part, members in enumerate(components(first, dst, left)) for at in members}


Line = Callable[[str], int]


def lines_of(text: str, keys: str) -> Line:
    """Where identifiers stand in a file: the line of the first `"key": "identifier"`."""
    found: dict[str, int] = {}
    line, at = 1, 0
    for match in re.finditer(rf'\\?"(?:{keys})\\?"\s*:\s*\\?"([^"\\]{{1,200}})\\?"', text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found.setdefault(match[1], line)
    return lambda identifier: found.get(identifier, 1)
