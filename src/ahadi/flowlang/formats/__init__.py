"""Flows in the formats of others, and our own, read into one kind of record. A file is known by what it holds.

A format is a row of `FORMATS`: its name, whether it recognises a file (by name and bytes), and its reading. What can
only be settled when all files of a book are there (a queue's settings in another file) is done by `JOINS`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Final

from ahadi.flowlang.file import read_flow
from ahadi.flowlang.formats.apart import kept_apart
from ahadi.flowlang.formats.base import Format, Read, read_of, text_of
from ahadi.flowlang.formats.known import is_connect, is_dialplan, is_genesys, is_queues, is_studio
from ahadi.flowlang.model import Flow
from ahadi.flowlang.reading import FlowRefused, Problem

__all__ = ["FORMATS", "Read", "begin_at", "format_of", "read_any", "read_together"]

_OURS: Final = re.compile(rb'^(?:\xef\xbb\xbf)?[ \t]*["\']?flow["\']?[ \t]*:|[{,]\s*"flow"\s*:', re.MULTILINE)


def _is_ours(name: str, data: bytes) -> bool:
    ours = name.lower().endswith((".flow.yaml", ".flow.yml", ".flow.json"))
    return ours or (name.lower().endswith((".yaml", ".yml", ".json")) and _OURS.search(data[:100_000]) is not None)


def _read_ours(name: str, data: bytes) -> Read:
    return read_of((read_flow(text_of(name, data), name),))


def _later(module: str, name: str) -> Callable[[str, bytes], Read]:
    """The reading of a format, whose module is loaded when a file is in it: a command starts faster."""

    def reads(file: str, data: bytes) -> Read:
        found: Callable[[str, bytes], Read] = getattr(import_module(f"{__name__}.{module}"), name)
        return found(file, data)

    return reads


def _with_queues(files: Mapping[str, bytes], flows: tuple[Flow, ...], entries: Iterable[str] = ()) -> tuple[Flow, ...]:
    if not any(flow.origin == "asterisk" for flow in flows):
        return flows
    from ahadi.flowlang.formats.asterisk import with_queues  # noqa: PLC0415 - as `_later`

    return with_queues(files, flows, entries)


def _with_calls(files: Mapping[str, bytes], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    if not any(flow.origin in ("connect", "studio") for flow in flows):
        return flows
    from ahadi.flowlang.formats.joins import join_flows  # noqa: PLC0415 - as `_later`

    return join_flows(files, flows)


# The first that recognises a file reads it.
FORMATS: Final[tuple[Format, ...]] = (
    ("connect", is_connect, _later("connect", "read_connect")),
    ("studio", is_studio, _later("studio", "read_studio")),
    ("genesys", is_genesys, _later("genesys", "read_genesys")),
    ("ahadi", _is_ours, _read_ours),
    ("asterisk", is_dialplan, _later("asterisk", "read_dialplan")),
    ("asterisk queues", is_queues, _later("asterisk", "read_queues")),
)  # fmt: skip

# Given every file by name and every flow read from them, the flows again, with what other files say about them.
Join = Callable[[Mapping[str, bytes], tuple[Flow, ...]], tuple[Flow, ...]]
JOINS: Final[tuple[Join, ...]] = (_with_queues, kept_apart, _with_calls)


def format_of(name: str, data: bytes) -> str:
    """The name of the format that a file is in; empty where none is known."""
    return next((known for known, recognises, _ in FORMATS if recognises(name, data)), "")


def read_any(name: str, data: bytes) -> Read:
    """The flows of a file in any known format; what could not be read is said in `problems`, and never raised."""
    read = _read(name, data)
    return read._replace(flows=_joined({name: data}, read.flows))


def read_together(files: Iterable[tuple[str, bytes]]) -> tuple[tuple[Flow, ...], Mapping[str, Read]]:
    """The flows of files that belong together, and what came of each file by its name."""
    given = dict(files)
    reads = {name: _read(name, data) for name, data in given.items()}
    return _joined(given, tuple(flow for read in reads.values() for flow in read.flows)), reads


def _read(name: str, data: bytes) -> Read:
    for _, recognises, reads in FORMATS:
        if recognises(name, data):
            try:
                return reads(name, data)
            except FlowRefused as error:
                return Read(problems=tuple(error.problems))
    known = ", ".join(format_name for format_name, _, _ in FORMATS)
    return Read(problems=(Problem(1, f"this is no flow in a format that is known here ({known})."),))


def _joined(files: Mapping[str, bytes], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    for join in JOINS:
        flows = join(files, flows)
    return flows


def begin_at(files: Mapping[str, bytes], flows: tuple[Flow, ...], entries: Iterable[str]) -> tuple[Flow, ...]:
    """The flows, where a format leaves open at which places contacts begin (dialplans), begun at these.

    Raises `FlowRefused` where there is no such place.
    """
    named = tuple(entries)
    return _with_queues(files, flows, named) if named else flows
