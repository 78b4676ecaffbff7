"""What a person meets on a new machine, and what continuous integration holds against a test that was not run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def command(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what setting up reads, and in `bin` the python3 that the machine has."""
    for name in ("scripts", "requirements", "bin"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "scripts/setup", tmp_path / "scripts/setup")
    for name in ("requirements/run.txt", "requirements/build.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    return tmp_path


def set_up(checkout: Path) -> tuple[int, str, str]:
    path = f"{checkout / 'bin'}:/usr/bin:/bin"
    done = subprocess.run(
        [checkout / "scripts/setup", "run"],
        env={"PATH": path, "PYTHON": "python3", "HOME": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_machine_whose_python_is_too_old_is_told_so_in_one_sentence(checkout: Path) -> None:
    command(checkout / "bin/python3", '[ "$1" = --version ] && echo Python 3.9.2 && exit; exit 1')
    status, _, said = set_up(checkout)
    assert status == 1
    assert said.startswith("Ahadi needs Python 3.11 or later and found Python 3.9.2: ")
    assert len(said.splitlines()) == 1


def test_a_python_without_its_venv_module_is_told_so_in_one_sentence(checkout: Path) -> None:
    command(checkout / "bin/python3", 'case "$*" in *ensurepip*) exit 1 ;; --version) echo Python 3.11.2 ;; esac')
    status, _, said = set_up(checkout)
    assert status == 1
    assert "sudo apt-get install python3-venv" in said
    assert len(said.splitlines()) == 1


def test_an_environment_that_was_cut_off_is_made_anew_and_a_whole_one_is_left_alone(checkout: Path) -> None:
    """The python3 here makes an environment whose pip leaves a mark, and `ahadi`, for each install."""
    pip = 'case "$*" in *install*) echo x >> .venv/installs; touch .venv/bin/ahadi; chmod +x .venv/bin/ahadi ;; esac'
    command(checkout / "pip", pip)
    command(
        checkout / "bin/python3",
        f'[ "$2" = venv ] || exit 0; mkdir -p .venv/bin; cp {checkout}/pip .venv/bin/python;'
        " echo made >> environments; echo VIRTUAL_ENV=$(pwd -P)/.venv > .venv/bin/activate",
    )
    environments, installs = checkout / "environments", checkout / ".venv/installs"

    assert set_up(checkout)[0] == 0
    made = installs.read_text()
    assert set_up(checkout)[:2] == (0, ""), "nothing changed: nothing to do, nothing to say"
    assert installs.read_text() == made
    (checkout / "requirements/run.txt").write_text("# changed\n")
    assert set_up(checkout)[0] == 0
    assert installs.read_text() == made * 2
    assert environments.read_text() == "made\n"

    (checkout / ".venv/.ahadi-unfinished").touch()
    assert set_up(checkout)[0] == 0
    assert environments.read_text() == "made\nmade\n"
    assert installs.read_text() == made


NOT_RUN = """
import pytest

@pytest.mark.skip(reason="no time")
def test_marked(): pass

def test_inside(): pytest.skip("no database")

@pytest.mark.xfail(reason="known", strict=False)
def test_weak(): assert False

def test_good(): pass
"""


@pytest.mark.parametrize(("ci", "ended"), [("true", "2 failed, 1 passed, 1 error"), ("", "1 passed, 2 skipped, 1 xf")])
def test_in_continuous_integration_a_test_that_was_not_run_is_a_failure(tmp_path: Path, ci: str, ended: str) -> None:
    (tmp_path / "test_it.py").write_text(NOT_RUN)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = str(ROOT / "tests/plugins")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no_skips", "-p", "no:schemathesis", "-p", "no:xdist", "-q"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": plugins, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended in done.stdout.splitlines()[-1], done.stdout
