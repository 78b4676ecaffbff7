"""Backup into one file and restore elsewhere: everything, with rows behind policies, or nothing and a sentence."""

import hashlib
import json
import os
import subprocess
import zipfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ahadi import __version__
from ahadi.base.clock import FixedClock
from ahadi.base.errors import SetupError
from ahadi.platform.database.backup import DUMP, MANIFEST, backup, read_manifest, restore, restored
from ahadi.platform.database.binaries import programs
from ahadi.platform.database.embedded import Connections
from ahadi.platform.database.migrate import migrate
from tests.platform.database.tenants import asks, runs

SCHEMA = """
create table journal (organisation_id int, seq bigint generated always as identity,
    xid xid8 not null default pg_current_xact_id(), words text collate "C", primary key (organisation_id, seq));
create index journal_by_xid on journal (organisation_id, xid);
alter table journal enable row level security;
alter table journal force row level security;
create policy organisations on journal using (organisation_id = current_setting('ahadi.one', true)::int);
create table journal_epoch (singleton boolean primary key default true check (singleton), epoch integer not null);
insert into journal_epoch (epoch) values (1);
create table cases (id int primary key, state text, next_id int,
    next_state text generated always as (case when state = 'open' then 'open' end) stored);
create table promises (id int, case_id int, state text, unique (case_id, id, state));
alter table cases add foreign key (id, next_id, next_state) references promises (case_id, id, state)
    deferrable initially deferred;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_base.sql").write_text(SCHEMA)
    return tmp_path / "migrations"


@pytest.fixture
def lived(empty: Connections, folder: Path) -> Connections:
    """A database in which something happened, in two organisations."""
    migrate(empty.owner, folder=folder)
    for organisation in (1, 2):
        runs(
            make_conninfo(empty.app, options=f"-c ahadi.one={organisation}"),
            f"insert into journal (organisation_id, words) select {organisation}, 'wörd ' || n || E'\\n\\t\\\\' from"
            " generate_series(1, 1000) n",
        )
    runs(empty.app, "insert into promises values (1, 1, 'open'); insert into cases values (1, 'open', 1)")
    return empty


@pytest.fixture
def file(lived: Connections, tmp_path: Path) -> Path:
    backup(lived.superuser, tmp_path / "one.ahadi")
    return tmp_path / "one.ahadi"


def everything(database: Connections) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, but transaction ids and epochs, which a restore renews."""
    with psycopg.connect(database.superuser) as connection:
        return {
            "journal": connection.execute("select organisation_id, seq, words from journal order by 1, 2").fetchall(),
            "cases": connection.execute("select * from cases").fetchall(),
            "promises": connection.execute("select * from promises").fetchall(),
            "migration": connection.execute("select name, applied_at from migration").fetchall(),
        }


def test_a_restore_elsewhere_has_every_row_of_every_organisation(
    file: Path, lived: Connections, another: Connections, folder: Path
) -> None:
    restore(file, another.owner, folder=folder)
    assert migrate(another.owner, folder=folder) == []
    assert everything(another) == everything(lived)
    assert len(everything(another)["journal"]) == 2000


def test_what_was_restored_belongs_to_the_owner_and_is_guarded_as_before(
    file: Path, another: Connections, folder: Path
) -> None:
    restore(file, another.owner, folder=folder)
    migrate(another.owner, folder=folder)
    assert asks(
        another.owner, "select string_agg(distinct tableowner, ',') from pg_tables where schemaname = 'public'"
    ) == ("ahadi_owner")
    assert asks(another.app, "select count(*) from journal") == 0
    assert asks(make_conninfo(another.app, options="-c ahadi.one=2"), "select count(*) from journal") == 1000


def test_after_a_restore_every_journal_row_is_long_committed_and_new_ones_are_new(
    file: Path, another: Connections, folder: Path
) -> None:
    restore(file, another.owner, folder=folder)
    assert asks(another.superuser, "select string_agg(distinct xid::text, ',') from journal") == "3"
    assert asks(another.superuser, "select bool_and(pg_visible_in_snapshot(xid, pg_current_snapshot())) from journal")
    runs(another.superuser, "insert into journal (organisation_id) values (3)")
    assert asks(another.superuser, "select xid > '3'::xid8 and seq = 2001 from journal where organisation_id = 3")


def test_cursors_made_before_a_restore_are_told_apart(file: Path, another: Connections, folder: Path) -> None:
    restore(file, another.owner, folder=folder)
    epochs = [asks(another.owner, "select epoch from journal_epoch")]
    with psycopg.connect(another.owner, autocommit=True) as connection:
        for _ in range(50):
            restored(connection)
            epochs.append(asks(another.owner, "select epoch from journal_epoch"))
    assert len(set(epochs)) > 45  # two restores of one backup differ too
    assert 1 not in epochs
    assert all(later != earlier for earlier, later in pairwise(epochs))


def test_a_database_without_a_journal_is_backed_up_and_restored(
    empty: Connections, another: Connections, tmp_path: Path
) -> None:
    runs(empty.owner, "create table plain (n int); insert into plain values (3)")
    backup(empty.superuser, tmp_path / "plain.ahadi")
    restore(tmp_path / "plain.ahadi", another.owner, folder=tmp_path)
    assert asks(another.owner, "select n from plain") == 3


def test_the_manifest_says_what_the_backup_is_and_that_the_key_is_not_in_it(lived: Connections, tmp_path: Path) -> None:
    at = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    seen: list[int] = []
    made = backup(lived.superuser, tmp_path / "one.ahadi", clock=FixedClock(at), progress=seen.append)
    assert read_manifest(tmp_path / "one.ahadi") == made
    assert (made.version, made.made_at, made.migrations) == (__version__, "2026-11-24T07:00:00Z", ["0001_base"])
    assert "secret key is not in this file" in made.note
    with zipfile.ZipFile(tmp_path / "one.ahadi") as archive:
        assert archive.namelist() == [DUMP, MANIFEST]
        dump = archive.read(DUMP)
    assert (made.sha256, made.bytes, seen[-1]) == (hashlib.sha256(dump).hexdigest(), len(dump), len(dump))


def test_a_backup_is_for_its_owner_s_eyes_and_replaces_the_one_before(lived: Connections, tmp_path: Path) -> None:
    target = tmp_path / "one.ahadi"
    target.write_text("the one before")
    backup(lived.superuser, target)
    assert read_manifest(target).migrations == ["0001_base"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["one.ahadi"]


def test_a_role_that_policies_bind_is_refused_because_rows_would_be_missing(lived: Connections, tmp_path: Path) -> None:
    for dsn in (lived.owner, lived.app):
        with pytest.raises(
            SetupError, match="cannot see past row-level security, so rows would be missing: back up as"
        ):
            backup(dsn, tmp_path / "one.ahadi")
    assert not (tmp_path / "one.ahadi").exists()


def test_a_role_that_bypasses_policies_and_reads_everything_can_back_up(
    lived: Connections, another: Connections, tmp_path: Path, folder: Path
) -> None:
    runs(lived.superuser, "create role keeper login bypassrls password 'a b''c'; grant pg_read_all_data to keeper")
    try:
        backup(make_conninfo(lived.app, user="keeper", password="a b'c"), tmp_path / "one.ahadi")
    finally:
        runs(lived.superuser, "drop role keeper")
    restore(tmp_path / "one.ahadi", another.owner, folder=folder)
    assert everything(another) == everything(lived)


def test_a_backup_that_fails_leaves_the_one_before_alone(lived: Connections, tmp_path: Path) -> None:
    target = tmp_path / "one.ahadi"
    target.write_text("the one before")
    runs(lived.superuser, "create role blind login bypassrls; grant select on migration to blind")
    try:
        with pytest.raises(SetupError, match=r"The backup failed: pg_dump: error: .*permission denied"):
            backup(make_conninfo(lived.app, user="blind"), target)
    finally:
        runs(lived.superuser, "drop owned by blind; drop role blind")
    assert target.read_text() == "the one before"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["one.ahadi"]


def test_a_place_that_cannot_be_written_is_named(lived: Connections, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "one.ahadi"
    with pytest.raises(SetupError) as raised:
        backup(lived.superuser, target)
    assert raised.value.sentence == f"The backup {target} could not be written: No such file or directory."


def test_only_an_empty_database_is_restored_into(file: Path, another: Connections, folder: Path) -> None:
    runs(another.owner, "create table mine (n int)")
    with pytest.raises(SetupError, match=r"The database is not empty \(it has mine\): restore into a new one"):
        restore(file, another.owner, folder=folder)


def test_a_backup_of_a_newer_version_is_refused(file: Path, another: Connections, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"made by a newer version of Ahadi \(this one does not know 0001_base"):
        restore(file, another.owner, folder=tmp_path)
    assert is_empty(another)


def test_a_backup_that_needs_an_extension_says_so(
    lived: Connections, another: Connections, tmp_path: Path, folder: Path
) -> None:
    runs(lived.owner, "create table meaning (v vector)")
    backup(lived.superuser, tmp_path / "one.ahadi")
    runs(another.superuser, "drop extension vector")
    with pytest.raises(SetupError, match="The database lacks the extension vector: have a superuser create it first"):
        restore(tmp_path / "one.ahadi", another.owner, folder=folder)
    runs(another.superuser, "create extension vector")
    restore(tmp_path / "one.ahadi", another.owner, folder=folder)


def is_empty(database: Connections) -> bool:
    return bool(asks(database.owner, "select count(*) = 0 from pg_tables where schemaname = 'public'"))


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def foreign(file: Path) -> None:
    file.write_text("Dear diary")


def empty_file(file: Path) -> None:
    file.write_bytes(b"")


def another_archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letters.txt", "dear")


def one_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)


def another_dump(file: Path) -> None:
    """Whole as an archive, and not what the manifest vouches for."""
    manifest = zipfile.ZipFile(file).read(MANIFEST)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(DUMP, b"PGDMP")
        archive.writestr(MANIFEST, manifest)


def later_format(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(MANIFEST)) | {"format": 2, "version": "9.0"}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(DUMP, b"")
        archive.writestr(MANIFEST, json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (cut_short, "{} is not a whole backup of Ahadi: it is damaged, cut short, or something else."),
        (foreign, "{} is not a whole backup of Ahadi: it is damaged, cut short, or something else."),
        (empty_file, "{} is not a whole backup of Ahadi: it is damaged, cut short, or something else."),
        (one_bit, "{} is not a whole backup of Ahadi: it is damaged, cut short, or something else."),
        (another_archive, "{} is not a backup of Ahadi."),
        (another_dump, "{} is damaged: its checksum is not the one in its manifest; use another backup."),
        (later_format, "{} was made by Ahadi 9.0: restore it with that version."),
        (Path.unlink, "The backup {} cannot be read: No such file or directory."),
    ],
)
def test_what_is_no_good_backup_is_refused_in_a_sentence_and_changes_nothing(
    file: Path, another: Connections, folder: Path, spoil: Any, sentence: str
) -> None:
    spoil(file)
    with pytest.raises(SetupError) as raised:
        restore(file, another.owner, folder=folder)
    assert raised.value.sentence == sentence.format(file)
    assert is_empty(another)


def test_a_restore_that_fails_half_way_changes_nothing_and_says_why(
    lived: Connections, another: Connections, tmp_path: Path, folder: Path
) -> None:
    runs(lived.owner, "create function f() returns int language sql as 'select 1'")
    runs(lived.superuser, "alter function f() leakproof")  # what an owner may not do
    backup(lived.superuser, tmp_path / "one.ahadi")
    with pytest.raises(SetupError, match=r"The restore failed and changed nothing: .*ERROR: .*leakproof function"):
        restore(tmp_path / "one.ahadi", another.owner, folder=folder)
    assert is_empty(another)


def test_a_dump_that_cannot_be_read_changes_nothing(file: Path, another: Connections, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest, dump = json.loads(archive.read(MANIFEST)), archive.read(DUMP)
    broken = dump[: len(dump) * 3 // 4]
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(DUMP, broken)
        archive.writestr(MANIFEST, json.dumps(manifest | {"sha256": hashlib.sha256(broken).hexdigest()}))
    with pytest.raises(SetupError, match="The restore failed and changed nothing: "):
        restore(file, another.owner, folder=folder)
    assert is_empty(another)


def test_this_version_s_own_schema_is_restored_to_the_same(
    server: Connections, another: Connections, tmp_path: Path
) -> None:
    manifest = backup(server.superuser, tmp_path / "own.ahadi")
    restore(tmp_path / "own.ahadi", another.owner)
    assert migrate(another.owner) == []
    assert plain_schema(another) == plain_schema(server)
    assert manifest.migrations


def plain_schema(database: Connections) -> list[str]:
    """The schema in SQL, without what differs from one dump to the next."""
    command = [programs() / "pg_dump", "--schema-only", "--schema=public", f"--dbname={database.superuser}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(line for line in text.splitlines() if not line.startswith(("\\", "--")))


def test_where_a_role_is_missing_the_rows_are_restored_and_rights_are_left_to_migrate(
    lived: Connections, another: Connections, tmp_path: Path, folder: Path
) -> None:
    runs(lived.superuser, "create role reporter; grant select on journal to reporter")
    try:
        assert "reporter" in backup(lived.superuser, tmp_path / "one.ahadi").roles
    finally:
        runs(lived.superuser, "drop owned by reporter; drop role reporter")
    restore(tmp_path / "one.ahadi", another.owner, folder=folder)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        runs(another.app, "select from journal")
    migrate(another.owner, folder=folder)
    assert asks(make_conninfo(another.app, options="-c ahadi.one=2"), "select count(*) from journal") == 1000
