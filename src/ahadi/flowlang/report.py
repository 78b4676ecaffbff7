"""A report of a check for people and for programs: text, JSON, SARIF 2.1.0, JUnit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from ahadi.base.text import one_line
from ahadi.flowlang.findings import SEVERITIES, TITLES, Finding, Report, Severity
from ahadi.flowlang.model import ASSUMPTIONS
from ahadi.flowlang.reading import FlowRefused

_WORDS: Final[Mapping[Severity, tuple[str, str]]] = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "note": ("note", "notes"),
}
_RANK: Final[Mapping[Severity, int]] = {"error": 2, "warning": 1, "note": 0}


@dataclass(frozen=True, slots=True)
class Result:
    """What a check of files came to: the report, the files that could not be read, and those that hold no flow."""

    report: Report
    refused: Sequence[FlowRefused] = ()
    others: Sequence[str] = ()

    def exit_code(self, fail_on: Severity = "error") -> int:
        """2 where a file could not be read, 1 where something not accepted is as severe as that, else 0."""
        if self.refused:
            return 2
        worst = self.report.worst()
        return int(worst is not None and _RANK[worst] >= _RANK[fail_on])


# For people ------------------------------------------------------------------------------------------------------


def as_text(result: Result) -> str:
    """The report for people: file by file, each finding with its story, and what is proved."""
    lines: list[str] = []
    for refused in result.refused:
        lines += [
            f"{_clean(refused.file)} could not be read:",
            *(f"  {_clean(str(each))}" for each in refused.problems),
        ]
        lines.append("")
    lines += [line for name in result.others for line in (f"{_clean(name)}: read, no flow of its own", "")]
    for checked in result.report.files:
        count = f"{checked.nodes} node{'s' if checked.nodes != 1 else ''}"
        lines.append(f"{_clean(checked.file)}: {_clean(', '.join(checked.flows))} ({count}, {checked.origin})")
        for each in checked.remarks:
            at = f" at `{_clean(each.node)}`" if each.node else ""
            lines.append(f"  not understood{at}: {_clean(each.sentence)}")
        for finding in result.report.findings:
            if finding.file == checked.file:
                lines += ["", *_finding(finding)]
        assumed = [f"  assumed, {name}: {ASSUMPTIONS[name]}" for name in ASSUMPTIONS if name in checked.assumptions]
        lines += [*assumed, ""] if assumed else [""]
    return "\n".join([*lines, *_verdict(result), ""])


def _finding(finding: Finding) -> list[str]:
    at = f"`{_clean(finding.node)}`, line {finding.line}"
    lines = [f"  {finding.severity} {finding.code} {finding.title}, at {at}", f"    {_clean(finding.message)}"]
    if finding.accepted:
        return [*lines, f"    Accepted: {_clean(finding.accepted)}"]
    return [*lines, *(f"      {number}. {_clean(told)}" for number, told in enumerate(finding.story.sentences(), 1))]


def _verdict(result: Result) -> list[str]:
    counts = dict.fromkeys(_WORDS, 0)
    accepted = 0
    for finding in result.report.findings:
        if finding.accepted:
            accepted += 1
        else:
            counts[finding.severity] += 1
    told = [f"{count} {_WORDS[each][count != 1]}" for each, count in counts.items() if count]
    told += [f"{accepted} accepted"] if accepted else []
    told += [f"{len(result.refused)} not read"] if result.refused else []
    proved = [
        f"Proved: in {_clean(each)}, whatever happens, a customer who stays reaches a person or a promise."
        for each in result.report.proved
    ]
    return [", ".join(told) + "." if told else "Nothing was found.", *proved]


def _clean(text: str) -> str:
    return one_line(text, 600)


# For programs ----------------------------------------------------------------------------------------------------


def as_json(result: Result) -> str:
    """The report as JSON: `files` and `findings`, each with its story in words and as steps to be replayed."""
    files: list[dict[str, Any]] = [
        {
            "file": each.file,
            "flows": list(each.flows),
            "nodes": each.nodes,
            "format": each.origin,
            "assumptions": list(each.assumptions),
            "not_understood": [{"node": one.node, "line": one.line, "message": one.sentence} for one in each.remarks],
        }
        for each in result.report.files
    ]
    files += [
        {"file": each.file, "error": [{"line": one.line, "message": one.sentence} for one in each.problems]}
        for each in result.refused
    ]
    files += [{"file": each, "flows": [], "nodes": 0} for each in result.others]
    findings = [_as_json(each) for each in result.report.findings]
    return json.dumps({"files": files, "findings": findings, "proved": list(result.report.proved)}, ensure_ascii=False)


def _as_json(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "flow": finding.flow,
        "node": finding.node,
        "line": finding.line,
        "message": finding.message,
        "story": finding.story.sentences(),
        "steps": [
            {"flow": each.flow, "node": each.node, "outcome": each.outcome, "times": each.times}
            for each in finding.story.steps()
        ],
    }
    return told | ({"accepted": finding.accepted} if finding.accepted else {})


def as_sarif(result: Result) -> str:
    """The report as SARIF 2.1.0 (OASIS, 2020); a story is a code flow, an accepted finding a suppression."""
    rules = [
        {"id": code, "name": _name(title), "shortDescription": {"text": title},
         "defaultConfiguration": {"level": SEVERITIES[code]}}
        for code, title in TITLES.items()
    ]  # fmt: skip
    notices = [
        {"level": "error", "message": {"text": str(one)}, "locations": [_location(each.file, one.line)]}
        for each in result.refused
        for one in each.problems
    ]
    run = {
        "tool": {"driver": {"name": "Ahadi", "rules": rules}},
        "invocations": [{"executionSuccessful": not result.refused, "toolExecutionNotifications": notices}],
        "results": [_as_sarif(each) for each in result.report.findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False)


def _as_sarif(finding: Finding) -> dict[str, Any]:
    location = _location(finding.file, finding.line, finding.flow, finding.node)
    told: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [location],
    }
    if steps := finding.story.sentences():
        flows = [{"location": _location(finding.file, finding.line) | {"message": {"text": each}}} for each in steps]
        told["codeFlows"] = [{"threadFlows": [{"locations": flows}]}]
    if finding.accepted:
        told["suppressions"] = [{"kind": "inSource", "justification": finding.accepted}]
    return told


def _location(file: str, line: int, flow: str = "", node: str = "") -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": max(line, 1)}}
    }
    if node:
        place["logicalLocations"] = [{"name": node, "fullyQualifiedName": f"{flow}/{node}"}]
    return place


def _uri(file: str) -> str:
    kept = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")
    name = file.replace("\\", "/").encode("utf-8", "surrogateescape")
    return "".join(chr(each) if each in kept else f"%{each:02X}" for each in name)


def _name(title: str) -> str:
    return "".join(word.capitalize() for word in title.split())


def as_junit(result: Result) -> str:
    """The report as JUnit XML: a suite for each file, a case for each code, failed by errors that nobody accepted."""
    suites = [_suite(each.file, [one for one in result.report.findings if one.file == each.file])
              for each in result.report.files]  # fmt: skip
    for refused in result.refused:
        text = "\n".join(map(str, refused.problems))
        error = f'<error message="not read">{_xml(text)}</error>'
        case = f'<testcase name="read" classname="{_xml(refused.file)}">{error}</testcase>'
        suites.append(f'<testsuite name="{_xml(refused.file)}" tests="1" failures="0" errors="1">{case}</testsuite>')
    return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>' + "".join(suites) + "</testsuites>\n"


def _suite(file: str, findings: Sequence[Finding]) -> str:
    cases, failed = [], 0
    for code, title in TITLES.items():
        own = [each for each in findings if each.code == code]
        bad = [each for each in own if each.severity == "error" and not each.accepted]
        failed += bool(bad)
        inner = f'<failure message="{_xml(bad[0].message)}">{_xml(_told(bad))}</failure>' if bad else ""
        rest = [each for each in own if each not in bad]
        inner += f"<system-out>{_xml(_told(rest))}</system-out>" if rest else ""
        cases.append(f'<testcase name="{code} {title}" classname="{_xml(file)}">{inner}</testcase>')
    name = f'name="{_xml(file)}" tests="{len(TITLES)}" failures="{failed}" errors="0"'
    return f"<testsuite {name}>{''.join(cases)}</testsuite>"


def _told(findings: Sequence[Finding]) -> str:
    return "\n".join(line for each in findings for line in _finding(each))


def _xml(text: str) -> str:
    return escape("".join(each if each.isprintable() or each == "\n" else " " for each in text), quote=True)
