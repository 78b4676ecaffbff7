"""The flow language: records of flows, what happens next, and the proof that nobody is left in a dead end. Pure."""

from ahadi.flowlang.check import check
from ahadi.flowlang.file import read_flow
from ahadi.flowlang.files import bind
from ahadi.flowlang.findings import Finding, Report, Severity, Story, Told
from ahadi.flowlang.hours import Cover, Span
from ahadi.flowlang.keeping import kept, restored
from ahadi.flowlang.model import Book, Edge, Flow, Node
from ahadi.flowlang.reading import FlowRefused
from ahadi.flowlang.settings import Settings, read_settings
from ahadi.flowlang.step import Do, Ended, Input, Position, Said, begin, decided, heard, step

__all__ = [
    "Book", "Cover", "Do", "Edge", "Ended", "Finding", "Flow", "FlowRefused", "Input", "Node", "Position", "Report",
    "Said", "Settings", "Severity", "Span", "Story", "Told", "begin", "bind", "check", "decided", "heard", "kept",
    "read_flow", "read_settings", "restored", "step",
]  # fmt: skip
