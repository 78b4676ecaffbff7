"""`ahadi import` and `ahadi export` as a person runs them, and as a machine kills them."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg.rows import tuple_row

from ahadi.intake.import_row import RowReader
from ahadi.platform.database import Database
from ahadi.platform.database.embedded import Connections
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation
from tests.intake.imports import MAP, a_file, a_map, a_row, rejects_of

PATIENCE = 120  # seconds after which a test gives up
AHADI = [sys.executable, "-c", "from ahadi.main.cli import app; app()"]
ROWS = [a_row(number) for number in range(600)]
ROWS[10]["queue"], ROWS[350]["opened"], ROWS[590]["number"] = "Nowhere", "never", "T00003"


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system(OTHER_ORGANISATION)) as work:
        await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    map_file = tmp_path / "old-map.yaml"
    map_file.write_text(MAP, encoding="utf-8")
    return a_file(tmp_path / "old.csv", ROWS), map_file


def started(urls: Connections, *arguments: str | Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AHADI_")}
    settings = {
        "AHADI_DATABASE_URL": urls.app,
        "AHADI_SECRET_KEY": "a key for tests that is long enough, and no secret",
    }
    return subprocess.Popen(
        [*AHADI, *map(str, arguments)],
        env=kept | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ahadi(urls: Connections, *arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """What a command said, on standard output and standard error."""
    process = started(urls, *arguments)
    said, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, told
    return said, told


@contextmanager
def held_up_at(urls: Connections, row: dict[str, str]) -> Iterator[None]:
    """Whoever wants to take this row waits until the block ends."""
    key = RowReader(a_map(), cast(Any, None), cast(Any, None)).key(row)
    with psycopg.connect(urls.superuser) as other:
        other.execute(
            "insert into import_row (organisation_id, source, key, case_id) values (%s, 'old-desk', %s, %s)",
            [ORGANISATION, key, ORGANISATION],
        )
        yield
        other.rollback()


def taken(urls: Connections, organisation: Any) -> list[tuple[Any, ...]]:
    """Every case of an organisation, with whatever was imported of it; but for what is new each time."""
    with psycopg.connect(urls.superuser, row_factory=tuple_row) as connection:
        return connection.execute(
            "select t.subject, t.fields ->> 'old_number', c.state, c.opened_at, c.resolved_at, d.slug, c.channel,"
            " coalesce(u.name, '–'), p.state, p.kind, m.body, count(*)"
            " from cases c join case_text t on t.case_id = c.id join department d on d.id = c.holder_department"
            " join customer u on u.id = c.customer_id join promise p on p.case_id = c.id"
            " join message n on n.case_id = c.id join message_text m on m.message_id = n.id"
            " where c.organisation_id = %s group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 order by 1, 2",
            [organisation],
        ).fetchall()


def test_killed_half_way_and_run_again_it_ends_the_same(
    fresh_database: Connections, house: House, files: tuple[Path, Path]
) -> None:
    path, map_file = files
    command = ("import", path, "--map", map_file, "--organisation", "power")
    with held_up_at(fresh_database, ROWS[450]):
        process = started(fresh_database, *command)
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        assert said == ["Importing old.csv: 200 of 600\n", "Importing old.csv: 400 of 600\n"]
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
        assert len(taken(fresh_database, ORGANISATION)) == 398, "whole batches, without the rejected rows"
    assert not path.with_name("old.csv.rejects.csv").exists()

    said_again, _ = ahadi(fresh_database, *command, "--json")
    done = json.loads(said_again)
    assert (done["accepted"], done["already"], done["rejected"]) == (199, 398, 3)
    assert [row["number"] for row in rejects_of(Path(done["rejects"]))] == ["T00010", "T00350", "T00003"]

    ahadi(fresh_database, *command[:-1], "net", "--rejects", path.with_name("net.csv"))
    assert taken(fresh_database, ORGANISATION) == taken(fresh_database, OTHER_ORGANISATION)
    assert rejects_of(Path(done["rejects"])) == rejects_of(path.with_name("net.csv"))
    with psycopg.connect(fresh_database.superuser, row_factory=tuple_row) as connection:
        runs = connection.execute(
            "select accepted, rejected, finished_at is not null from import_run where organisation_id = %s",
            [ORGANISATION],
        ).fetchall()
        untrue = connection.execute(
            "select count(*) from cases c where c.state = 'open' and not exists (select from promise p"
            " where p.case_id = c.id and p.state = 'open' and p.id = c.next_promise_id)"
        ).fetchone()
    assert runs == [(597, 3, True)] and untrue == (0,)


def test_what_was_done_is_told_to_people_and_programs(
    fresh_database: Connections, house: House, files: tuple[Path, Path]
) -> None:
    path, map_file = files
    command = ("import", path, "--map", map_file, "--organisation", "power")
    said, told = ahadi(fresh_database, *command)
    assert said.splitlines() == [
        "597 of 600 rows became cases; 0 were there already.",
        f"3 were not taken; {path}.rejects.csv holds them with the reasons.",
    ]
    assert "Importing old.csv: 600 of 600" in told
    said, _ = ahadi(fresh_database, *command, "--json")
    assert json.loads(said) == {
        "rows": 600,
        "accepted": 0,
        "already": 597,
        "rejected": 3,
        "rejects": f"{path}.rejects.csv",
    }


def test_an_export_is_written_and_told_of(fresh_database: Connections, house: House, tmp_path: Path) -> None:
    out = tmp_path / "all.zip"
    said, _ = ahadi(fresh_database, "export", "--organisation", "power", "--out", out)
    assert said.startswith(f"{out} holds ") and said.endswith(" records and 0 files.\n")
    said, _ = ahadi(fresh_database, "export", "--organisation", "power", "--out", tmp_path / "all.jsonl", "--json")
    assert json.loads(said)["counts"]["departments"] == 2
    with zipfile.ZipFile(out) as archive:
        assert len(archive.read("departments.jsonl").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "{file}", "--map", "{map}"], "Say with --organisation which organisation"),
        (["import", "{file}", "--map", "{map}", "--organisation", "gas"], "There is no organisation gas"),
        (["import", "{file}.none", "--map", "{map}", "--organisation", "power"], "There is no file"),
        (["import", "{file}", "--map", "{map}.none", "--organisation", "power"], "There is no map"),
        (["import", "{file}", "--map", "{file}", "--organisation", "power"], "cannot be used"),
        (["import", "{map}", "--map", "{map}", "--organisation", "power"], "ends in neither .csv nor .jsonl"),
        (["import", "{folder}", "--map", "{map}", "--organisation", "power"], "is no file"),
        (["import", "{latin}", "--map", "{map}", "--organisation", "power"], "is not written in UTF-8"),
        (["import", "{file}", "--map", "{latin}", "--organisation", "power"], "is no UTF-8 text"),
        (["export", "--organisation", "power", "--out", "{file}"], "says no format"),
        (["export", "--organisation", "gas"], "There is no organisation gas"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_without_a_trace(
    fresh_database: Connections, house: House, files: tuple[Path, Path], arguments: list[str], said: str
) -> None:
    path, map_file = files
    latin = path.with_name("latin.csv")
    latin.write_bytes("name\nZoë\n".encode("latin-1"))
    names = {"file": path, "map": map_file, "folder": path.parent, "latin": latin}
    out, told = ahadi(fresh_database, *(each.format(**names) for each in arguments), code=1)
    assert said in told and "Traceback" not in told and out == ""


BROKEN = {
    "empty.csv": (b"", "is empty; its first line names the columns."),
    "other.csv": (b"number,opened\n1,2026-03-02\n", "has no column `about`, which the map names for text;"),
    "quote.csv": (b'number,opened\n1,2\n2,"never closed\n', "A quote opened on line 3 of "),
}  # fmt: skip


def test_a_file_that_cannot_be_imported_is_one_sentence_and_nothing_is_taken(
    fresh_database: Connections, house: House, files: tuple[Path, Path]
) -> None:
    path, map_file = files
    for name, (written, said) in BROKEN.items():
        broken = path.with_name(name)
        broken.write_bytes(written)
        out, told = ahadi(fresh_database, "import", broken, "--map", map_file, "--organisation", "power", code=1)
        assert said in told and len(told.splitlines()) == 1 and out == "", told
        assert not broken.with_name(f"{name}.rejects.csv").exists()
    assert taken(fresh_database, ORGANISATION) == []


def test_a_broken_row_is_rejected_with_its_line_and_the_rows_around_it_are_taken(
    fresh_database: Connections, house: House, files: tuple[Path, Path]
) -> None:
    path, map_file = files
    good = [a_row(number, words="no power") for number in range(1, 5)]
    bad = [a_row(8, words="x" * 300_000), a_row(9, queue="Gone", words="")]
    lines = a_file(path.with_name("rows.csv"), [*good, *bad]).read_text(encoding="utf-8")
    more = ['"T7"x,no,csv', "too,few", ""]
    broken = path.with_name("broken.csv")
    broken.write_text("\ufeff" + lines + "\r\n".join(more), encoding="utf-8", newline="")
    said, _ = ahadi(fresh_database, "import", broken, "--map", map_file, "--organisation", "power", "--json")
    done = json.loads(said)
    assert (done["accepted"], done["rejected"]) == (4, 4), said
    assert [(row["rejected_line"], row["rejected_because"]) for row in rejects_of(Path(done["rejects"]))] == [
        ("6", "The text has 300021 characters; at most 200000 are taken."),
        ("7", 'Department `Gone` is not known; say under `departments` which it is, or `"*"`.'),
        ("8", "It cannot be read as CSV: ',' expected after '\"'."),
        ("9", "It has 2 cells, and there are 9 columns."),
    ]

    objects = [json.dumps(a_row(number)) for number in (1, 7)]
    as_json = path.with_name("rows.jsonl")
    as_json.write_text("\n".join([objects[0], '{"number": "T8", oops', "[]", objects[1]]), encoding="utf-8")
    said, _ = ahadi(fresh_database, "import", as_json, "--map", map_file, "--organisation", "power", "--json")
    done = json.loads(said)
    assert (done["accepted"], done["already"], done["rejected"]) == (1, 1, 2), said
    assert [(row["rejected_line"], row["rejected_because"]) for row in rejects_of(Path(done["rejects"]))] == [
        ("2", "It is no JSON."),
        ("3", "It is no JSON object."),
    ]
