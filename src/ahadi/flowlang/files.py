"""Files of any format to flows: who reads which, and a book in which every flow has a name of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ahadi.flowlang.file import read_flow
from ahadi.flowlang.model import Book, Flow
from ahadi.flowlang.reading import FlowRefused, Problem

MOST_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Format:
    """A format: whether a text, with its file's name, is of it, and how its flows are read (`FlowRefused` if not)."""

    name: str
    recognises: Callable[[str, str], bool]
    read: Callable[[str, str], Sequence[Flow]]


# Asked in this order; Ahadi's own comes last and says what is wrong with a file that nobody knows.
FORMATS: Final[tuple[Format, ...]] = (
    Format("ahadi", lambda text, file: True, lambda text, file: (read_flow(text, file),)),
)


def read_flows(data: bytes, file: str, formats: Iterable[Format] = FORMATS) -> tuple[Flow, ...]:
    """The flows in a file. Raises `FlowRefused` with sentences and lines where it is none, or too long, or no text."""
    if len(data) > MOST_BYTES:
        raise FlowRefused(file, [Problem(1, f"the file is larger than {MOST_BYTES:,} bytes; split the flow.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FlowRefused(file, [Problem(line, "this is no UTF-8 text; save it as UTF-8.")]) from error
    for each in formats:
        if each.recognises(text, file):
            return tuple(each.read(text, file))
    raise FlowRefused(file, [Problem(1, "this is no flow in a format that is known.")])


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
