"""`ahadi apply` as a person or a program runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ahadi.main.commands import app as command_line
from tests.directory.setups import FILE, changed

Apply = Callable[..., Result]


@pytest.fixture
def apply(fresh_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apply:
    monkeypatch.setenv("AHADI_DATABASE_URL", fresh_database.app)

    def run(text: str, *words: str) -> Result:
        file = tmp_path / "setup.yaml"
        file.write_text(text, encoding="utf-8")
        return CliRunner().invoke(command_line, ["apply", str(file), "--data", str(tmp_path), *words])

    return run


def test_it_prints_what_it_changed_and_then_that_there_is_nothing_to_change(apply: Apply) -> None:
    first = apply(FILE)
    assert first.exit_code == 0, first.output
    lines = first.stdout.splitlines()
    assert lines[0] == "organisation `power` added" and "person `amina` added" in lines
    assert "  ahadi user add amina@daraja.example --organisation power --role agent" in lines
    assert apply(FILE).stdout == "nothing to change\n"
    assert apply(changed("Mto Power", "Mto")).stdout == "organisation `power` changed: name\n"


def test_it_refuses_with_every_line_and_sentence(apply: Apply) -> None:
    wrong = changed("Africa/Nairobi", "Afrika/Nairobi").replace("24/7", "all day")
    done = apply(wrong)
    assert done.exit_code == 1 and done.stdout == ""
    told = done.stderr.splitlines()
    assert told[0].endswith("was not applied, and nothing was changed:")
    assert [line.split(":")[0] for line in told[1:]] == ["line 5", "line 22"]


def test_a_program_reads_it_as_json(apply: Apply) -> None:
    made = json.loads(apply(FILE, "--json").stdout)
    assert made["changes"][0] == "organisation `power` added" and made["remarks"] == []
    assert {"email": "amina@daraja.example", "roles": ["agent"]} in made["newcomers"]
    refused = apply(changed("Africa/Nairobi", "Afrika/Nairobi"), "--json")
    assert refused.exit_code == 1
    assert [each["line"] for each in json.loads(refused.stdout)["problems"]] == [5]


def test_rules_that_leave_something_open_are_applied_with_a_remark(apply: Apply) -> None:
    text = changed("  - name: Everything else\n    then: {department: care}\n", "")
    done = apply(text)
    assert done.exit_code == 0 and "rules `power` added" in done.stdout
    assert done.stderr.startswith("Rules: ")


def test_a_file_that_is_not_there_or_no_text_is_told_in_one_sentence(apply: Apply, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    for name, says in (("missing.yaml", "missing.yaml"), ("latin.yaml", "save it as UTF-8")):
        done = CliRunner().invoke(command_line, ["apply", str(tmp_path / name), "--data", str(tmp_path)])
        assert done.exit_code == 1 and says in str(done.exception) + done.output
