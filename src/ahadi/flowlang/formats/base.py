"""What every format shares: what a reading gives, and the bytes of a file as text."""

from collections.abc import Callable
from typing import Final, NamedTuple

from ahadi.flowlang.model import Flow, Remark
from ahadi.flowlang.reading import FlowRefused, Problem

MOST_BYTES: Final = 9_000_000


class Read(NamedTuple):
    """What came of a file: its flows, what was not understood (the flows hold it too), and why it could not be read."""

    flows: tuple[Flow, ...] = ()
    not_understood: tuple[Remark, ...] = ()
    problems: tuple[Problem, ...] = ()


# A format: its name, whether a file (by name and bytes) is in it, and its reading; that may raise `FlowRefused`.
Format = tuple[str, Callable[[str, bytes], bool], Callable[[str, bytes], Read]]


def read_of(flows: tuple[Flow, ...]) -> Read:
    """The reading of a file that was read."""
    return Read(flows, tuple(remark for flow in flows for remark in flow.remarks))


def refused(file: str, sentence: str, line: int = 1) -> FlowRefused:
    """The error of a file that cannot be read: one sentence."""
    return FlowRefused(file, [Problem(line, sentence)])


def text_of(file: str, data: bytes) -> str:
    """The text of a file's bytes. Raises `FlowRefused` where it is too long or no UTF-8."""
    if len(data) > MOST_BYTES:
        raise refused(file, f"the file is longer than {MOST_BYTES:,} bytes; split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refused(file, "this is no text in UTF-8; save the file as UTF-8.", line) from error


def scalar(value: object) -> str:
    """A text, number or truth of a JSON file as text; nothing for what holds others, which may be nested deeply."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
