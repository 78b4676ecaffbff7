"""Backup into one file and restore from it. Synchronous, for the command line.

A backup is a zip archive with two members, stored as they are: `database.dump`, in pg_dump's custom format, and after
it `manifest.json`, which tells what the dump is and its checksum. It holds everything in the database and nothing
else: **the secret key is not in it**. Keep the key apart (`secret.key` in the data folder, or `AHADI_SECRET_KEY`):
without it what is stored encrypted cannot be read, and links already sent stop working.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, LiteralString

from psycopg import Connection
from psycopg.rows import tuple_row

from ahadi import __version__
from ahadi.base.clock import Clock, SystemClock, iso
from ahadi.base.errors import SetupError
from ahadi.platform.database.binaries import programs
from ahadi.platform.database.clients import Program, tool
from ahadi.platform.database.migrate import MIGRATIONS, applied, available, connected, refuse_newer, schema_change, told

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
PIECE = 1024 * 1024
Progress = Callable[[int], None]
NOTE = "The secret key is not in this file: keep it apart, or encrypted values and sent links are lost."

# Extensions whose types columns have; a dump without them could not be loaded where they are missing.
_EXTENSIONS_USED: LiteralString = """
select distinct e.extname from pg_attribute a
  join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'm') and not a.attisdropped
  join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = a.atttypid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid
 order by 1
"""

# Roles to which rights were given. Where one of them is missing, a restore leaves all rights to `migrate`.
_ROLES: LiteralString = """
select distinct r.rolname
  from (select aclexplode(relacl) as acl, relnamespace as place from pg_class
        union all select aclexplode(proacl), pronamespace from pg_proc) held
  join pg_roles r on r.oid = (acl).grantee
 where place::regnamespace::text not in ('pg_catalog', 'information_schema')
 order by 1
"""

# After a restore: transaction ids of another cluster mean nothing here, so every journal row counts as long
# committed, and cursors made before are told apart by a new epoch. Any other number will do, but two restores of one
# backup must differ, therefore by chance.
RESTORED = b"""
do $$ begin
    if to_regclass('public.journal') is not null then
        alter table public.journal alter column xid type xid8 using '3'::xid8;
    end if;
    if to_regclass('public.journal_epoch') is not null then
        insert into public.journal_epoch (epoch) values (1) on conflict (singleton) do nothing;
        update public.journal_epoch
           set epoch = 1 + ((epoch::bigint + floor(random() * 2000000000)::bigint) % 2000000001)::integer;
    end if;
end $$;
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is: made when (UTC), by which version, of which migrations, and the dump's checksum and bytes."""

    format: int
    version: str
    made_at: str
    migrations: list[str]
    extensions: list[str]
    roles: list[str]
    sha256: str
    bytes: int
    note: str = NOTE


def backup(dsn: str, target: Path, *, clock: Clock | None = None, progress: Progress = lambda done: None) -> Manifest:
    """Write everything in the database to one file, which appears whole or not at all; an older one is replaced.

    The role must see past row-level security, or rows would be missing: on the embedded server the superuser, on
    another a superuser or a role with BYPASSRLS and pg_read_all_data. The owner of forced tables cannot. The secret
    key is not in the file. `progress` is told the bytes written so far. Raises SetupError.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with connected(dsn) as connection, told("The backup failed"), _replacing(draft, target) as file:
            _require_sight(connection)
            connection.execute("set idle_in_transaction_session_timeout = 0")
            connection.execute("begin isolation level repeatable read read only")
            names = applied(connection)
            extensions, roles = _names(connection, _EXTENSIONS_USED), _names(connection, _ROLES)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                with archive.open(DUMP, "w", force_zip64=True) as member:
                    checksum, size = _dump(connection, dsn, member, progress)
                made_at = iso((clock or SystemClock()).now())
                manifest = Manifest(FORMAT, __version__, made_at, names, extensions, roles, checksum, size)
                archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2) + "\n")
    except OSError as problem:
        raise SetupError(f"The backup {target} could not be written: {problem.strerror or problem}.") from problem
    return manifest


def restore(
    source: Path, owner_dsn: str, *, folder: Path = MIGRATIONS, progress: Progress = lambda done: None
) -> Manifest:
    """Put a backup into an empty database, all of it or nothing, and make its journal good for a new life.

    To be run as the role that is to own the tables; rights and newer migrations follow with `migrate`. `folder` holds
    the migrations of this version; `progress` is told how many of `manifest.bytes` were read. The secret key is not
    in the backup: put it back by hand. Only restore what you trust: a backup can run anything the owner may. Raises
    SetupError when the file is damaged, foreign or of a newer version, or the database holds anything.
    """
    with _opened(source) as archive:
        manifest = _verified(source, archive)
        refuse_newer(manifest.migrations, available(folder))
        with schema_change(owner_dsn) as connection:
            _require_empty(connection)
            there = _names(connection, "select extname from pg_extension")
            if lacking := [name for name in manifest.extensions if name not in there]:
                raise SetupError(f"The database lacks the extension {lacking[0]}: have a superuser create it first.")
            with archive.open(DUMP) as member:
                rights = set(manifest.roles) <= set(_names(connection, "select rolname from pg_roles"))
                _load(connection, owner_dsn, member, progress, rights=rights)
    return manifest


def restored(connection: Connection[Any]) -> None:
    """Make the journal of a database that came from another cluster good for this one. Part of every `restore`.

    Old transaction ids become the oldest, and a new cursor epoch begins; where those tables do not exist, nothing.
    """
    connection.execute(RESTORED)


def read_manifest(source: Path) -> Manifest:
    """What a backup says it is, its checksum not yet compared. Raises SetupError."""
    with _opened(source) as archive:
        return _manifest(source, archive)


# Making ------------------------------------------------------------------------------------------------------


@contextmanager
def _replacing(draft: Path, target: Path) -> Iterator[IO[bytes]]:
    """A file that becomes `target` when the block ends well, safe from a power cut, and vanishes when it does not."""
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        parent = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)
    finally:
        draft.unlink(missing_ok=True)


def _dump(connection: Connection[Any], dsn: str, member: IO[bytes], progress: Progress) -> tuple[str, int]:
    """Let pg_dump write what the open transaction sees into the archive; checksum and number of bytes."""
    command = [
        tool("pg_dump", connection), "--format=custom", "--no-owner", "--exclude-extension=*",
        "--no-publications", "--no-subscriptions", f"--snapshot={_value(connection, 'select pg_export_snapshot()')}",
    ]  # fmt: skip
    checksum, size = hashlib.sha256(), 0
    with Program.running(command, dsn, stdout=subprocess.PIPE) as pg_dump:
        assert pg_dump.process.stdout is not None
        while piece := pg_dump.process.stdout.read(PIECE):
            member.write(piece)
            checksum.update(piece)
            size += len(piece)
            progress(size)
    pg_dump.check("The backup failed")
    return checksum.hexdigest(), size


def _require_sight(connection: Connection[Any]) -> None:
    if not _value(connection, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"):
        role = _value(connection, "select current_user")
        raise SetupError(
            f"The role {role} cannot see past row-level security, so rows would be missing: back up as a superuser,"
            " or as a role with BYPASSRLS that was granted pg_read_all_data."
        )


# Reading back ------------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except zipfile.BadZipFile as problem:
        raise SetupError(
            f"{source} is not a whole backup of Ahadi: it is damaged, cut short, or something else."
        ) from problem
    except OSError as problem:
        raise SetupError(f"The backup {source} cannot be read: {problem.strerror or problem}.") from problem


def _manifest(source: Path, archive: zipfile.ZipFile) -> Manifest:
    if not {DUMP, MANIFEST} <= set(archive.namelist()) or archive.getinfo(MANIFEST).file_size > PIECE:
        raise SetupError(f"{source} is not a backup of Ahadi.")
    try:
        manifest = Manifest(**json.loads(archive.read(MANIFEST)))
    except (ValueError, TypeError) as problem:
        raise SetupError(f"{source} was made by another version of Ahadi: restore it with that version.") from problem
    if manifest.format != FORMAT:
        raise SetupError(f"{source} was made by Ahadi {manifest.version}: restore it with that version.")
    return manifest


def _verified(source: Path, archive: zipfile.ZipFile) -> Manifest:
    manifest = _manifest(source, archive)
    checksum = hashlib.sha256()
    with archive.open(DUMP) as member:
        while piece := member.read(PIECE):
            checksum.update(piece)
    if checksum.hexdigest() != manifest.sha256:
        raise SetupError(f"{source} is damaged: its checksum is not the one in its manifest; use another backup.")
    return manifest


def _require_empty(connection: Connection[Any]) -> None:
    found = _value(
        connection,
        "select min(c.oid::regclass::text) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        " and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
    )
    if found:
        raise SetupError(f"The database is not empty (it has {found}): restore into a new one, such as another --data.")


def _load(connection: Connection[Any], dsn: str, member: IO[bytes], progress: Progress, *, rights: bool) -> None:
    """Turn the dump into SQL and run it, with what must follow, as one transaction."""
    command = [tool("psql", connection), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    reader = [str(programs() / "pg_restore"), "--file=-", "--no-owner", *(() if rights else ("--no-privileges",))]
    with (
        Program.running(command, dsn, stdin=subprocess.PIPE) as psql,
        Program.running(reader, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as pg_restore,
    ):
        feeder = threading.Thread(target=_feed, args=(member, pg_restore.process.stdin, progress), daemon=True)
        feeder.start()
        script, sink = pg_restore.process.stdout, psql.process.stdin
        assert script is not None
        assert sink is not None
        try:
            sink.write(b"begin;\n")
            head = script.read(PIECE)
            if connection.info.server_version < 170000:  # a setting those servers do not know
                head = head.replace(b"SET transaction_timeout = 0;\n", b"", 1)
            sink.write(head)
            shutil.copyfileobj(script, sink, PIECE)
            if pg_restore.process.wait() == 0:  # else psql is left without an end, and undoes all
                sink.write(RESTORED + b"commit;\n")
            sink.flush()
        except BrokenPipeError:  # psql ended early; its words say why
            pg_restore.process.kill()
        feeder.join()
    for program in (psql, pg_restore):
        program.check("The restore failed and changed nothing")


def _feed(member: IO[bytes], sink: IO[bytes], progress: Progress) -> None:
    done = 0
    with contextlib.suppress(BrokenPipeError), sink:
        while piece := member.read(PIECE):
            sink.write(piece)
            done += len(piece)
            progress(done)


def _value(connection: Connection[Any], query: LiteralString) -> Any:
    row = connection.cursor(row_factory=tuple_row).execute(query).fetchone()
    return row[0] if row else None


def _names(connection: Connection[Any], query: LiteralString) -> list[str]:
    return [name for (name,) in connection.cursor(row_factory=tuple_row).execute(query).fetchall()]
