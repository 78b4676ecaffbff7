"""Flows of Architect for tests: read, checked, and asked where things lead."""

from datetime import date

from ahadi.flowlang import Book, Flow, Report, check
from ahadi.flowlang.formats.genesys import flows_of
from ahadi.flowlang.settings import Settings

TODAY = date(2026, 11, 22)

TASK = """
inboundCall:
  name: Care
  defaultLanguage: en-us
  startUpRef: ./tasks/task[main]
  settingsErrorHandling:
    errorHandling: {HANDLING}
    preHandlingAudio:
      tts: Sorry, something went wrong.
  variables:
    - stringVariable: {name: Flow.Name, initialValue: {noValue: true}}
    - stringVariable: {name: Flow.Typed, initialValue: {noValue: true}}
  tasks:
    - task:
        name: Main
        refId: main
        actions:
ACTIONS
    - task:
        name: Other
        refId: other
        actions:
          - endTask: {name: End, outputPath: {name: Late}}
"""
QUEUE = "- transferToAcd: {name: Queue, targetQueue: {lit: {name: Support}}}"
END = "- disconnect: {name: Disconnect}"


def task(actions: str, handling: str = "{disconnect: {none: true}}") -> tuple[Flow, ...]:
    lines = "\n".join(f"          {line}" for line in actions.strip("\n").splitlines())
    return flows_of("care.yaml", TASK.replace("ACTIONS", lines).replace("{HANDLING}", handling))


def to(flow: Flow, name: str, outcome: str) -> str:
    edge = flow.nodes[name].edge(outcome)
    assert edge is not None, [each.outcome for each in flow.nodes[name].edges]
    return edge.target


def report_of(flows: tuple[Flow, ...], settings: Settings | None = None) -> Report:
    return check(Book(flows), TODAY, settings or Settings())


def codes(flows: tuple[Flow, ...], name: str = "") -> set[str]:
    return {each.code for each in report_of(flows).findings if name in ("", each.node)}
