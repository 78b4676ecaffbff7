"""Everything of an organisation as one file, from one moment, without the secrets; never more of it in memory at once
than a few records.
"""

import base64
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol
from uuid import UUID

import orjson

from ahadi.base.clock import iso
from ahadi.base.errors import Invalid
from ahadi.directory import Organisation, get_organisation
from ahadi.intake import export_store
from ahadi.platform.database import Actor, Database

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: how many records of each kind, and how many files with their bytes."""

    path: Path
    counts: dict[str, int]
    files: int


class _Book(Protocol):
    """Where an export is written, kind after kind."""

    def begin(self, kind: str) -> None: ...
    def add(self, record: str) -> None: ...
    def piece(self, file_id: UUID, position: int, data: bytes) -> None: ...
    def end(self, summary: bytes) -> None: ...
    def close(self) -> None: ...


async def export_organisation(
    database: Database, organisation_id: UUID, path: Path, *, report: Callable[[int, int], None] = lambda *_: None
) -> Exported:
    """Write everything of an organisation to a new file: a zip of JSON Lines, or one file of them (`.jsonl`).

    `report` is told how many kinds of how many are written. The file is whole when it is there at all, and readable
    by its owner only. Raises Invalid when there is a file already or its name says no format.
    """
    with _new_file(path) as book:
        async with database.work(Actor.system([organisation_id])) as work:
            work.permit(organisation_id, "export")
            organisation = await get_organisation(work, organisation_id)
            assert organisation is not None
            made_at = iso(work.real_now)
            work.record("organisation.exported", organisation_id)
        counts, files = await _write(database, organisation_id, book, report)
        book.end(_summary(organisation, made_at, counts, files))
    return Exported(path, counts, files)


@contextmanager
def _new_file(path: Path) -> Iterator[_Book]:
    """A book to write in; its file takes its name when the block ends well, and is gone when it does not."""
    if path.suffix.lower() not in (".zip", ".jsonl"):
        raise Invalid(f"{path} says no format; end its name in .zip or .jsonl.")
    if path.exists():
        raise Invalid(f"{path} is there already; name another file with --out.")
    if not path.absolute().parent.is_dir():
        raise Invalid(f"There is no folder {path.parent}; make it, or name another file with --out.")
    part = path.with_name(path.name + ".part")
    # For its owner's eyes: these are customers' words.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            book: _Book = _Zip(file) if path.suffix.lower() == ".zip" else _Lines(file)
            try:
                yield book
            finally:
                book.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


async def _write(
    database: Database, organisation_id: UUID, book: _Book, report: Callable[[int, int], None]
) -> tuple[dict[str, int], int]:
    counts: dict[str, int] = {}
    files = 0
    async with export_store.snapshot(database, organisation_id) as connection:
        for done, kind in enumerate(export_store.KINDS):
            report(done, len(export_store.KINDS) + 1)
            book.begin(kind.name)
            counts[kind.name] = 0
            async for record in export_store.records(connection, organisation_id, kind):
                book.add(record)
                counts[kind.name] += 1
        async for file_id, position, data in export_store.chunks(connection, organisation_id):
            files += position == 0
            book.piece(file_id, position, data)
    report(len(export_store.KINDS) + 1, len(export_store.KINDS) + 1)
    return counts, files


def _summary(organisation: Organisation, made_at: str, counts: dict[str, int], files: int) -> bytes:
    return orjson.dumps(
        {
            "format": FORMAT,
            "organisation": organisation.slug,
            "made_at": made_at,
            "counts": counts,
            "files": files,
        },
        option=orjson.OPT_INDENT_2,
    )


class _Zip:
    """A zip: `cases.jsonl` and so on, a record on each line; the bytes of each file under `files/`; `export.json`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._entry: IO[bytes] | None = None

    def begin(self, kind: str) -> None:
        self._open(f"{kind}.jsonl")

    def add(self, record: str) -> None:
        assert self._entry is not None
        self._entry.write(record.encode() + b"\n")

    def piece(self, file_id: UUID, position: int, data: bytes) -> None:
        entry = self._open(f"files/{file_id}") if position == 0 else self._entry
        assert entry is not None
        entry.write(data)

    def end(self, summary: bytes) -> None:
        self._open("export.json").write(summary + b"\n")

    def close(self) -> None:
        self._close()
        self._archive.close()

    def _open(self, name: str) -> IO[bytes]:
        self._close()
        self._entry = self._archive.open(name, "w", force_zip64=True)
        return self._entry

    def _close(self) -> None:
        if self._entry is not None:
            self._entry.close()


class _Lines:
    """One file: on each line `{"kind": …, "record": …}`; pieces of files in base64; the summary comes last."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._kind = file, ""

    def begin(self, kind: str) -> None:
        self._kind = kind

    def add(self, record: str) -> None:
        self._line(self._kind, record.encode())

    def piece(self, file_id: UUID, position: int, data: bytes) -> None:
        held = {"file_id": file_id, "position": position, "data": base64.b64encode(data).decode()}
        self._line("file_pieces", orjson.dumps(held))

    def end(self, summary: bytes) -> None:
        self._line("export", orjson.dumps(orjson.loads(summary)))

    def close(self) -> None:
        pass

    def _line(self, kind: str, record: bytes) -> None:
        self._file.write(b'{"kind":"%s","record":%s}\n' % (kind.encode(), record))
