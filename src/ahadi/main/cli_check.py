"""`ahadi check`: every possible run of flows, without a server or a database."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ahadi.base.clock import SystemClock
from ahadi.base.errors import Invalid
from ahadi.flowlang import Flow, FlowRefused, Settings, check, read_settings
from ahadi.flowlang.files import MOST_BYTES, bind
from ahadi.flowlang.formats import begin_at, read_together
from ahadi.flowlang.model import ASSUMPTIONS
from ahadi.flowlang.reading import Problem
from ahadi.flowlang.report import Result, as_json, as_junit, as_sarif, as_text

_FORMS = {"json": as_json, "sarif": as_sarif, "junit": as_junit, "text": as_text}


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ahadi check",
        description="Check that flows leave no customer in a dead end.",
        epilog="Exit code 0: nothing as severe as --fail-on; 1: something; 2: a file could not be read.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="flow files; those that lead to each other go together"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="for a program to read")
    form.add_argument("--sarif", dest="form", action="store_const", const="sarif", help="SARIF 2.1.0, for code review")
    form.add_argument("--junit", dest="form", action="store_const", const="junit", help="JUnit XML, for a build")
    parser.add_argument("--fail-on", choices=("error", "warning"), default="error", help="what makes the exit code 1")
    parser.add_argument(
        "--entry", action="append", default=[], metavar="CONTEXT", help="where calls begin in a dialplan: in, or in,s,1"
    )
    parser.add_argument("--strict", action="store_true", help="assume nothing about imported flows")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="severities, limits and words, as JSON")
    return parser


def run(arguments: Sequence[str]) -> int:
    """Check the files that are named, print the report, and give the exit code."""
    asked = _arguments().parse_args(arguments)
    flows, refused = _read([Path(each) for each in asked.files], asked.entry)
    report = check(bind(flows), SystemClock().now().date(), _settings(asked.settings, strict=asked.strict))
    known = {each.file for each in flows} | {each.file for each in refused}
    others = [each for each in dict.fromkeys(map(_name, asked.files)) if each not in known]
    result = Result(report, refused, others)
    out = sys.stdout.buffer if hasattr(sys.stdout, "buffer") else None
    text = _FORMS[asked.form or "text"](result).rstrip("\n") + "\n"
    if out is None:
        sys.stdout.write(text)
    else:  # whatever the terminal's encoding is, a report is UTF-8
        out.write(text.encode("utf-8", "replace"))
        out.flush()
    return result.exit_code(asked.fail_on)


def _settings(file: Path | None, *, strict: bool) -> Settings:
    try:
        chosen = read_settings(file.read_text(encoding="utf-8"), str(file)) if file is not None else Settings()
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is no UTF-8 text; save it as UTF-8.") from error
    return replace(chosen, off=frozenset(ASSUMPTIONS)) if strict else chosen


def _read(files: Sequence[Path], entries: Sequence[str]) -> tuple[list[Flow], list[FlowRefused]]:
    """The flows of all files, read together, and what was wrong with those that could not be read."""
    given: dict[str, bytes] = {}
    refused: list[FlowRefused] = []
    for path in dict.fromkeys(files):
        name = _name(path)
        try:
            with path.open("rb") as file:
                given[name] = file.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            refused.append(FlowRefused(name, [Problem(1, f"{reason.lower()}.")]))
    flows, reads = read_together(given.items())
    refused += [FlowRefused(name, list(read.problems)) for name, read in reads.items() if read.problems]
    return list(begin_at(given, flows, entries)), refused


def _name(path: str | Path) -> str:
    return os.fsencode(Path(path)).decode("utf-8", "replace")
