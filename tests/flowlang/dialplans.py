"""Dialplans for tests: read, checked, and asked where things lead."""

from datetime import date

from ahadi.flowlang import Book, Flow, Node, Report, check
from ahadi.flowlang.formats.asterisk import flows_of
from ahadi.flowlang.formats.asterisk_queues import queues_of
from ahadi.flowlang.model import ASSUMPTIONS
from ahadi.flowlang.settings import Settings

TODAY = date(2026, 11, 22)


def flows(text: str, queues: str | None = None, entries: tuple[str, ...] = ()) -> tuple[Flow, ...]:
    known = None if queues is None else queues_of(queues, "queues.conf")[0]
    return flows_of("extensions.conf", text, known, entries)


def main(text: str, queues: str | None = None, entries: tuple[str, ...] = ()) -> Flow:
    return flows(text, queues, entries)[0]


def node(flow: Flow, name: str) -> Node:
    return flow.nodes[name]


def to(flow: Flow, name: str, outcome: str) -> str:
    edge = flow.nodes[name].edge(outcome)
    assert edge is not None, [each.outcome for each in flow.nodes[name].edges]
    return edge.target


def checked(text: str, queues: str | None = None, *, strict: bool = False) -> Report:
    settings = Settings(off=frozenset(ASSUMPTIONS)) if strict else Settings()
    return check(Book(flows(text, queues)), TODAY, settings)


def codes(report: Report, name: str = "") -> set[str]:
    return {each.code for each in report.findings if name in ("", each.node)}
