"""Graphs as lists of numbers, and what is asked of them, each in time linear in nodes and edges and without recursion.

Edges are in `first`/`dst` form: those of node `n` are `dst[first[n]:first[n + 1]]`; a negative `dst` leads out.
"""

from collections.abc import Sequence


def predecessors(first: Sequence[int], dst: Sequence[int]) -> tuple[list[int], list[int]]:
    """The edges into each node, in the same form: where those of each begin, and their numbers."""
    count = len(first) - 1
    begins = [0] * (count + 1)
    for to in dst:
        if to >= 0:
            begins[to + 1] += 1
    total = 0
    for node in range(count + 1):
        total += begins[node]
        begins[node] = total
    place = begins[:-1]
    into = [0] * total
    for edge, to in enumerate(dst):
        if to >= 0:
            into[place[to]] = edge
            place[to] += 1
    return begins, into


def sources(first: Sequence[int]) -> list[int]:
    """The node that each edge leaves."""
    found: list[int] = []
    for node in range(len(first) - 1):
        found += [node] * (first[node + 1] - first[node])
    return found


def on_cycles(first: Sequence[int], dst: Sequence[int]) -> tuple[list[int], list[int]]:
    """Nodes in an order in which each comes after all that lead to it, and the nodes left over.

    Left over are those on cycles and after them: there is none exactly where the graph has no cycle (Kahn 1962).
    """
    into = [0] * (len(first) - 1)
    for to in dst:
        if to >= 0:
            into[to] += 1
    order = [node for node, count in enumerate(into) if not count]
    for node in order:
        for to in dst[first[node] : first[node + 1]]:
            if to >= 0:
                into[to] -= 1
                if not into[to]:
                    order.append(to)
    return order, [node for node, count in enumerate(into) if count]


def components(first: Sequence[int], dst: Sequence[int], among: Sequence[int]) -> list[list[int]]:
    """The strongly connected components among these nodes, each after all that it leads to (Tarjan 1972)."""
    number = dict.fromkeys(among, -1)
    low: dict[int, int] = {}  # of nodes whose component is not complete
    open_ones: list[int] = []
    found: list[list[int]] = []
    counter = 0
    for root in among:
        if number[root] >= 0:
            continue
        path = [root]
        at = [first[root]]
        number[root] = low[root] = counter
        counter += 1
        open_ones.append(root)
        while path:
            node, edge = path[-1], at[-1]
            if edge < first[node + 1]:
                at[-1] += 1
                to = dst[edge]
                known = number.get(to, -2)
                if known == -1:
                    number[to] = low[to] = counter
                    counter += 1
                    open_ones.append(to)
                    path.append(to)
                    at.append(first[to])
                elif to in low and low[to] < low[node]:
                    low[node] = low[to]
                continue
            path.pop()
            at.pop()
            if path and low[node] < low[path[-1]]:
                low[path[-1]] = low[node]
            if low[node] == number[node]:
                found.append(_closed(open_ones, node, low))
    return found


def _closed(open_ones: list[int], root: int, low: dict[int, int]) -> list[int]:
    """The component that ends with this root, taken off the open ones; its nodes have no `low` any more."""
    members = []
    while True:
        node = open_ones.pop()
        low.pop(node)
        members.append(node)
        if node == root:
            return members


def is_cycle(component: Sequence[int], first: Sequence[int], dst: Sequence[int]) -> bool:
    """Whether one can come back to where one was: more than one node, or one that leads to itself."""
    node = component[0]
    return len(component) > 1 or node in dst[first[node] : first[node + 1]]
