"""What the embedded server refuses, and the one sentence that says what to do; as root and not."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.database.conftest import Start
from tests.platform.database.tenants import ROOT, Who, asks, pid_of, runs


def may_mount() -> bool:
    """Whether small disks can be made here: as root, where the machine lets root."""
    with tempfile.TemporaryDirectory() as folder:
        if not ROOT or subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


MAY_MOUNT = may_mount()


@pytest.fixture
def disk(place: Path, who: Who) -> Iterator[Path]:
    """A disk of 120 MB of the user's own."""
    folder = place / "disk"
    folder.mkdir()
    options = f"size=120m,mode=700,uid={who.number},gid={who.number}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill the disk but for some bytes; the file that does it."""
    free = os.statvfs(folder)
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leave)
    return filler


if MAY_MOUNT:

    @pytest.mark.parametrize("leave", [0, 1_000_000, 20_000_000])
    def test_a_full_disk_is_named_and_the_next_start_makes_the_database(disk: Path, start: Start, leave: int) -> None:
        filler = fill(disk, leave)
        sentence = start(disk / "data").refused()
        assert sentence == f"The disk that holds {disk / 'data'} is full: free some space and start again."
        filler.unlink()
        assert asks(start(disk / "data").ready().app, "select 1") == 1

    def test_a_disk_that_became_full_is_named_and_nothing_is_lost(disk: Path, start: Start) -> None:
        data = disk / "data"
        first = start(data)
        runs(first.ready().owner, "create table kept (n int); insert into kept values (7)")
        first.leave()
        filler = fill(disk)
        assert start(data).refused() == f"The disk that holds {data} is full: free some space and start again."
        filler.unlink()
        assert asks(start(data).ready().owner, "select n from kept") == 7

    def test_a_disk_that_becomes_full_while_serving_is_named_and_served_again_once_it_has_space(
        disk: Path, start: Start
    ) -> None:
        tenant = start(disk / "data")
        connections = tenant.ready()
        runs(connections.owner, "create table kept (n int); insert into kept values (7)")
        filler = fill(disk)
        pid = pid_of(disk / "data")
        assert pid
        os.kill(pid, signal.SIGKILL)
        tenant.hears("is full: free some space")
        filler.unlink()
        tenant.hears("The database is back.")
        assert asks(connections.owner, "select n from kept") == 7


def test_a_limit_on_the_size_of_files_is_named(start: Start, new: Path) -> None:
    sentence = start(new, "--largest-file", "1000000").refused()
    assert sentence == f"A limit on the size of files was met in {new}: raise it (ulimit -f) and start again."
    assert asks(start(new).ready().app, "select 1") == 1


def test_a_folder_that_may_not_be_written_is_named(start: Start, place: Path, who: Who) -> None:
    closed = Path("/sys") if who.number == 0 else place / "closed"  # nothing of the kind stops root
    if who.number:
        closed.mkdir(mode=0o555)
    sentence = start(closed / "data").refused()
    assert sentence == (
        f"Ahadi may not write in {closed / 'data'}: give it to the user who runs Ahadi, or choose another with --data."
    )


def test_a_file_where_the_folder_should_be_is_named(start: Start, new: Path) -> None:
    new.write_text("")
    assert start(new).refused() == f"{new} is not a folder: choose another with --data."


@pytest.mark.parametrize(
    ("version", "what"),
    [
        ("19", "newer than the 18 of this Ahadi: start the newer Ahadi"),
        ("17", "older than the 18 of this Ahadi: make a"),
    ],
)
def test_a_database_of_another_postgresql_is_left_alone(
    start: Start, data: Path, who: Who, version: str, what: str
) -> None:
    tenant = start(data)
    tenant.ready()
    tenant.leave()
    (data / "pg" / "PG_VERSION").write_text(f"{version}\n")
    sentence = start(data).refused()
    assert sentence.startswith(f"The database in {data / 'pg'} was made by PostgreSQL {version}, {what}")
    (data / "pg" / "PG_VERSION").write_text("18\n")
    assert asks(start(data).ready().app, "select 1") == 1


def test_something_else_in_the_place_of_the_database_is_left_alone(start: Start, new: Path, who: Who) -> None:
    (new / "pg").mkdir(parents=True)
    (new / "pg" / "letters.txt").write_text("dear")
    for path in (new, new / "pg"):
        os.chown(path, who.number, who.number)
    sentence = start(new).refused()
    assert sentence == f"{new / 'pg'} is not a database: move it away, or choose another data folder with --data."
    assert (new / "pg" / "letters.txt").read_text() == "dear"


def test_a_damaged_database_is_described_in_the_words_of_postgresql(start: Start, data: Path) -> None:
    tenant = start(data)
    tenant.ready()
    tenant.leave()
    (data / "pg" / "global" / "pg_control").write_bytes(b"")
    sentence = start(data).refused()
    assert sentence.startswith(f"The database in {data} does not run; {data / 'pg.log'} may say why. Its last words: ")
    assert "pg_control" in sentence
