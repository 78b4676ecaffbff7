"""Flows to a book in which every flow has a name of its own."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ahadi.flowlang.model import Book, Flow

MOST_BYTES: Final = 10_000_000  # of a file that is read


def bind(flows: Iterable[Flow]) -> Book:
    """A book of flows. One whose name is taken gets its file's beside it, so that every position names one flow."""
    named: dict[str, Flow] = {}
    for flow in flows:
        name, number = flow.name, 2
        while name in named:
            name = f"{flow.name} ({flow.file})" if number == 2 else f"{flow.name} ({flow.file}, {number})"
            number += 1
        named[name] = flow if name == flow.name else replace(flow, name=name, aliases=(*flow.aliases, flow.name))
    return Book(tuple(named.values()))
