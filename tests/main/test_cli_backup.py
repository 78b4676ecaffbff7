"""`ahadi backup` and `ahadi restore`: everything comes back somewhere else, and compares."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from ahadi.platform.database.embedded import EmbeddedServer

SETUP = Path(__file__).parents[2] / "src" / "ahadi" / "main" / "demo" / "clinic.yaml"


def ahadi(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("ahadi")), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def everything(data: Path) -> dict[str, list[str]]:
    """Every row of every table as text, but for what belongs to one life of a database."""
    with EmbeddedServer(data) as connections, psycopg.connect(connections.superuser) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select tablename from pg_tables where schemaname = 'public' and tablename not in"
                " ('journal_epoch', 'mark', 'throttle') and tablename not like '%%yoyo%%' order by 1"
            )
        ]
        found = {}
        for name in names:
            rows = connection.execute(f"select to_jsonb(t) - 'xid' from {name} t")  # type: ignore[arg-type]
            found[name] = sorted(json.dumps(row, sort_keys=True) for (row,) in rows)
        return found


def test_what_was_backed_up_is_there_again_in_another_place(tmp_path: Path) -> None:
    first, second, file = tmp_path / "one", tmp_path / "two", tmp_path / "all.backup"
    assert ahadi("apply", SETUP, "--data", first).returncode == 0
    made = ahadi("backup", file, "--data", first, "--json")
    assert made.returncode == 0 and json.loads(made.stdout)["migrations"]
    restored = ahadi("restore", file, "--data", second)
    assert restored.returncode == 0, restored.stderr
    before = everything(first)
    assert before["organisation"] and before["journal"]
    assert everything(second) == before
    again = ahadi("restore", file, "--data", second)
    assert again.returncode == 1 and len(again.stderr.strip().splitlines()) == 1


def test_a_file_that_is_no_backup_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "not.backup"
    file.write_bytes(b"hello")
    refused = ahadi("restore", file, "--data", tmp_path / "data")
    assert refused.returncode == 1 and "backup" in refused.stderr and "Traceback" not in refused.stderr
