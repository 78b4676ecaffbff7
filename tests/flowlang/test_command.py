"""`ahadi check`: what it prints, in each form, and how it ends."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WATER, BANK = ROOT / "examples/flows/water.flow.yaml", ROOT / "examples/flows/bank.flow.yaml"
AHADI = [sys.executable, "-c", "from ahadi.main.cli import app; app()", "check"]


def ahadi_check(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AHADI, *words], capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_flow_without_dead_ends_is_said_to_be_proved() -> None:
    done = ahadi_check(WATER)
    assert done.returncode == 0, done.stderr
    assert "Proved: in water" in done.stdout


def test_a_flow_with_dead_ends_is_told_with_stories() -> None:
    done = ahadi_check(BANK)
    assert done.returncode == 1
    assert "error AHD001 dead end, at `goodbye`, line 68" in done.stdout
    assert "the customer says nothing 3 times" in done.stdout


def test_json_has_files_and_findings_with_stories() -> None:
    told = json.loads(ahadi_check("--json", WATER, BANK).stdout)
    assert [Path(each["file"]).name for each in told["files"]] == ["water.flow.yaml", "bank.flow.yaml"]
    assert {"code", "severity", "file", "node", "message", "story"} <= set(told["findings"][0])
    assert {each["code"] for each in told["findings"]} == {
        "AHD001", "AHD003", "AHD005", "AHD006", "AHD007", "AHD009", "AHD010", "AHD011", "AHD012", "AHD013"
    }  # fmt: skip
    assert all(isinstance(line, str) for each in told["findings"] for line in each["story"])


def test_sarif_names_every_rule_it_uses_and_tells_stories_as_code_flows() -> None:
    told = json.loads(ahadi_check("--sarif", BANK).stdout)
    (run,) = told["runs"]
    assert told["version"] == "2.1.0"
    rules = {each["id"] for each in run["tool"]["driver"]["rules"]}
    assert len(rules) == 14
    assert {each["ruleId"] for each in run["results"]} <= rules
    dead = next(each for each in run["results"] if each["ruleId"] == "AHD001")
    assert dead["locations"][0]["physicalLocation"]["region"]["startLine"] == 68
    assert len(dead["codeFlows"][0]["threadFlows"][0]["locations"]) == 3


def test_junit_fails_a_case_for_each_code_with_errors() -> None:
    suite = ET.fromstring(ahadi_check("--junit", BANK).stdout)[0]
    failed = {case.get("name", "").split()[0] for case in suite if case.find("failure") is not None}
    assert failed == {"AHD001", "AHD003", "AHD005", "AHD006", "AHD009", "AHD010", "AHD011"}
    assert suite.get("failures") == "7"


def test_a_file_that_cannot_be_read_is_exit_code_2_and_the_others_are_checked(tmp_path: Path) -> None:
    bad = tmp_path / "bad.flow.yaml"
    bad.write_text("flow: a\nnodes: {a: {ends: x}}\n")
    done = ahadi_check("--json", bad, tmp_path / "none", BANK)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert [each["error"][0]["line"] for each in told["files"] if "error" in each] == [1, 1]
    assert told["findings"]


def test_warnings_fail_where_that_is_asked(tmp_path: Path) -> None:
    flow = tmp_path / "a.flow.yaml"
    flow.write_text("flow: a\nstart: a\nnodes: {a: {callback: When?, booked: b, given-up: case}, b: {end: done}}\n")
    assert ahadi_check(flow).returncode == 0
    assert ahadi_check(flow, "--fail-on", "warning").returncode == 1


def test_settings_change_severities_and_limits(tmp_path: Path) -> None:
    chosen = tmp_path / "settings.json"
    chosen.write_text(json.dumps({"menus": 0, "severities": {"AHD004": "error"}}))
    done = ahadi_check(WATER, "--settings", chosen)
    assert done.returncode == 1
    assert "error AHD004" in done.stdout
    chosen.write_text('{"menu": 0}')
    done = ahadi_check(WATER, "--settings", chosen)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{chosen} has no `menu`; known are")


@pytest.mark.parametrize("until", ["2999-01-01", "2020-01-01"])
def test_an_accepted_finding_counts_until_its_day(tmp_path: Path, until: str) -> None:
    flow = tmp_path / "a.flow.yaml"
    flow.write_text(
        "flow: a\nstart: a\nnodes: {a: {say: Bye, next: b}, b: {end: done}}\n"
        + "".join(f"{'accept:' if n == 0 else ''}\n  - {{code: {code}, reason: a test, until: {until}}}"
                  for n, code in enumerate(("AHD001", "AHD003")))
    )  # fmt: skip
    done = ahadi_check(flow)
    assert done.returncode == (0 if until > "2026" else 1)
    assert ("Accepted: a test" in done.stdout) == (until > "2026")
    assert ("which has passed" in done.stdout) == (until < "2026")
    assert "Proved" not in done.stdout


def test_the_command_loads_neither_server_nor_database() -> None:
    listed = "import sys; sys.argv = ['ahadi', 'check', sys.argv[1]]\ntry:\n from ahadi.main.cli import app; app()\n"
    listed += "finally:\n print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listed, WATER], capture_output=True, text=True, check=False)
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "ahadi" in loaded
    assert not loaded & {"psycopg", "fastapi", "starlette", "uvicorn", "pydantic", "asyncio", "typer", "rich"}
