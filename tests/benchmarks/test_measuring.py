"""What is measured is what is said: families of processes, rounds taken in turn, goals held or not."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import peers
from benchmarks.figures import Figure, Goal, show, write
from benchmarks.load import Measured, alternately
from benchmarks.processes import family, processor_seconds, proportional_set_size

BUSY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print(child.pid, flush=True)
child.wait()
"""


def test_a_family_is_a_process_with_its_descendants_and_their_processor_time_and_memory() -> None:
    parent = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    try:
        assert {parent.pid, child} <= family(parent.pid)
        assert child not in family(child + 1_000_000)
        before = processor_seconds(parent.pid)
        while processor_seconds(parent.pid) <= before:
            pass
        assert proportional_set_size([parent.pid]) > proportional_set_size([child]) > 1
        assert proportional_set_size([parent.pid, child]) == pytest.approx(proportional_set_size([parent.pid]), rel=0.2)
    finally:
        subprocess.run(["kill", str(child)], check=True)
        parent.wait()
        parent.stdout.close()


def measured(rate: float) -> Measured:
    return Measured(rate, p50_ms=1, p99_ms=2, failed=0, server_ms=0.5, database_ms=0.25)


def test_rounds_are_taken_in_turn_the_first_is_thrown_away_and_the_middle_counts() -> None:
    order: list[str] = []
    rates = {"ours": iter([1.0, 30.0, 10.0, 20.0]), "floor": iter([1000.0, 5.0, 5.0, 5.0])}

    def contender(name: str) -> Measured:
        order.append(name)
        return measured(next(rates[name]))

    found = alternately({name: lambda name=name: contender(name) for name in rates}, rounds=3)  # type: ignore[misc]
    assert order == ["ours", "floor"] * 4
    assert (found["ours"].rate, found["floor"].rate) == (20, 5)
    assert found["ours"].processor_ms == 0.75


TOUCH = Figure("touch", 2000, "/s", ("floor", 3000), Goal("≥", 0.5))
MEMORY = Figure("memory", 300, "MiB", goal=Goal("≤", 250))
PLAIN = Figure("processor time", 0.5, "ms")


def test_a_goal_is_held_by_the_ratio_where_there_is_one_and_by_the_value_where_there_is_none() -> None:
    assert (TOUCH.held, MEMORY.held, PLAIN.held) == (True, False, None)


def test_the_file_says_what_the_table_says(tmp_path: Path) -> None:
    write([TOUCH, MEMORY, PLAIN], tmp_path / "latest.json")
    rows = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))
    assert rows[0] == {
        "name": "touch", "value": 2000, "unit": "/s", "against": "floor: 3000 /s", "ratio": 0.6667, "goal": "≥ 0.5",
        "held": True,
    }  # fmt: skip
    screen = io.StringIO()
    show([TOUCH, MEMORY, PLAIN], Console(file=screen, width=120))
    lines = screen.getvalue().splitlines()
    assert lines[1].split() == ["touch", "2000", "/s", "floor:", "3000", "/s", "0.6667", "≥", "0.5", "held"]
    assert lines[2].split()[-2:] == ["not", "held"]


def test_without_the_peers_scripts_there_is_no_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHADI_PEERS", raising=False)
    assert peers.scripts() is None


def test_a_peer_is_started_used_and_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "peers"
    script.write_text(
        '#!/bin/sh\necho "$@" >> "$PEERS_HOME/orders"\necho progress\necho \'{"url": "http://x", "n": 1}\'\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("AHADI_PEERS", str(tmp_path))
    monkeypatch.delenv("PEERS_HOME", raising=False)
    with peers.running("rt5", cases=1000, scratch=tmp_path / "scratch") as peer:
        assert (peer.url, peer.facts["n"]) == ("http://x", 1)
    assert (tmp_path / "scratch/orders").read_text() == "start rt5 --cases 1000\nstop rt5\n"
