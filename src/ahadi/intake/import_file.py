"""Files that are imported, read row by row, and the file of rows that were not taken."""

import codecs
import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line
from ahadi.intake.import_map import FileFormat, ImportMap

LARGEST_CELL: Final = 16 * 1024 * 1024  # characters
REJECTED: Final = ("rejected_line", "rejected_because")  # the columns that come first in a file of rejects
_LINE_OF_JSON: Final = ("rejected_json",)  # the column of a file of rejects that holds a line of JSON Lines
_FORMATS: Final[Mapping[str, FileFormat]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_NUMBER: Final = re.compile(r"[-+]?[0-9 ().,/:]+")
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of the file: the line it begins on, its cells by column, and what stands there.

    Where it cannot be read as a row at all there are no cells, and `problem` says why.
    """

    line: int
    cells: Mapping[str, str]
    written: Sequence[str]
    problem: str | None = None


class ImportFile:
    """A file to be imported. Raises Invalid when it cannot be one; `columns` are those of its header (CSV only).

    A file of rejects is read as it was written, whatever the map says of the file that they are from.
    """

    def __init__(self, path: Path, map_: ImportMap) -> None:
        self.path, self.map = path, map_
        if not path.exists():
            raise Invalid(f"There is no file {path}.")
        if not path.is_file():
            raise Invalid(f"{path} is no file; name one file of rows.")
        again = _is_rejects(path)
        wanted = "csv" if again else map_.format or _FORMATS.get(path.suffix.lower())
        if wanted is None:
            raise Invalid(f"{path} ends in neither .csv nor .jsonl; say in the map which `format` it has.")
        self.format: FileFormat = wanted
        self.encoding = "utf-8-sig" if again else map_.encoding
        self.delimiter = "," if again else map_.delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
        self.columns: tuple[str, ...] = ()
        if wanted == "csv":
            csv.field_size_limit(LARGEST_CELL)

    def examine(self) -> int:
        """Read the whole file once, before anything is taken from it; how many rows it has.

        Raises Invalid when it is empty, is in another encoding, or lacks a column that the map names.
        """
        self._check_encoding()
        seen: set[str] = set()
        count = 0
        for row in self.rows():
            count += 1
            seen.update(row.cells)
        if self.format == "jsonl" and not count:
            raise Invalid(f"{self.path} is empty; it needs a JSON object on each line.")
        known = seen if self.format == "jsonl" or self.columns == _LINE_OF_JSON else set(self.columns)
        for column, what in self.map.needed.items():
            if column not in known:
                named = ", ".join(self.columns or sorted(seen)) or "none at all"
                raise Invalid(
                    f"{self.path} has no column `{column}`, which the map names for {what};"
                    f" its columns are {one_line(named, 400)}."
                )
        return count

    def rows(self) -> Iterator[FileRow]:
        """Every row, in order. Blank lines are none."""
        return self._csv_rows() if self.format == "csv" else self._json_rows()

    def _check_encoding(self) -> None:
        """Decode all of it. A text in another encoding would go wrong half-way, or silently."""
        encoding = self.encoding
        decoder, line = codecs.getincrementaldecoder(encoding)(), 1
        with self.path.open("rb") as file:
            while True:
                chunk = file.read(_CHUNK)
                try:
                    line += decoder.decode(chunk, final=not chunk).count("\n")
                except UnicodeError as problem:
                    if isinstance(problem, UnicodeDecodeError):
                        line += problem.object[: problem.start].count(b"\n")
                    shown = "UTF-8" if encoding == "utf-8-sig" else encoding
                    raise Invalid(
                        f"{self.path} is not written in {shown} (line {line}); say its `encoding` in the map, such as"
                        " cp1252."
                    ) from problem
                if not chunk:
                    return

    # CSV (RFC 4180) ------------------------------------------------------------------------------------------

    def _csv_rows(self) -> Iterator[FileRow]:
        with self.path.open(encoding=self.encoding, newline="") as text:
            lines = _Lines(text)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            header = self._header(reader)
            again = tuple(header[:2]) == REJECTED
            self.columns = tuple(header[2:] if again else header)
            while True:
                start = reader.line_num + 1
                lines.taken.clear()
                try:
                    cells = next(reader, None)
                except csv.Error as problem:
                    yield self._unreadable(start, lines, problem)
                    continue
                if cells is None:
                    return
                if cells:
                    yield self._csv_row(start, [_unquoted(each) for each in cells[2:]] if again else cells)

    def _header(self, reader: Iterator[list[str]]) -> list[str]:
        try:
            header = [" ".join(name.split()) for name in next(reader, [])]
        except csv.Error as problem:
            raise Invalid(
                f"The first line of {self.path} cannot be read as the names of columns: {problem}."
            ) from problem
        if not any(header):
            raise Invalid(f"{self.path} is empty; its first line names the columns.")
        twice = next((name for name in header if header.count(name) > 1), None)
        if twice is not None:
            raise Invalid(f"{self.path} has two columns `{twice}`; rename one of them.")
        return header

    def _csv_row(self, line: int, cells: list[str]) -> FileRow:
        if len(cells) != len(self.columns):
            problem = f"it has {len(cells)} cells, and there are {len(self.columns)} columns."
            return FileRow(line, {}, cells, problem)
        if self.columns == _LINE_OF_JSON:
            return _json_row(line, cells[0])
        return FileRow(line, dict(zip(self.columns, cells, strict=True)), cells)

    def _unreadable(self, line: int, lines: "_Lines", problem: csv.Error) -> FileRow:
        if "unexpected end" in str(problem):
            raise Invalid(f"A quote opened on line {line} of {self.path} is never closed; mend that line.") from problem
        return FileRow(line, {}, ["".join(lines.taken).rstrip("\r\n")], f"it cannot be read as CSV: {problem}.")

    # JSON Lines ----------------------------------------------------------------------------------------------

    def _json_rows(self) -> Iterator[FileRow]:
        with self.path.open(encoding=self.encoding, newline="\n") as text:
            for line, written in enumerate(text, 1):
                bare = written.strip()
                if not bare:
                    continue
                yield _json_row(line, bare)


def _json_row(line: int, written: str) -> FileRow:
    try:
        # Numbers stay as they are written: a long one is a key, not an amount.
        value = json.loads(written, parse_int=str, parse_float=str, parse_constant=str)
        if isinstance(value, dict):
            return FileRow(line, dict(_flat(value)), [written])
    except (ValueError, RecursionError):
        return FileRow(line, {}, [written], "it is no JSON.")
    return FileRow(line, {}, [written], "it is no JSON object.")


class _Lines:
    """The lines of a text, and those read since `taken` was last emptied."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.taken.append(line)
        return line


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The values of an object by their names; those of objects inside it as `outer.inner`."""
    for name, each in value.items():
        column = " ".join(f"{before}{name}".split())
        if isinstance(each, dict):
            yield from _flat(each, f"{column}.")
        elif isinstance(each, str):
            yield column, each
        elif each is None:
            yield column, ""
        else:
            yield column, json.dumps(each, ensure_ascii=False)


# What was not taken ------------------------------------------------------------------------------------------


def safe_cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe comes first. Numbers stay as they are."""
    return f"'{value}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else value


def _unquoted(cell: str) -> str:
    """What `safe_cell` was given."""
    return cell[1:] if cell[:1] == "'" and safe_cell(cell[1:]) == cell else cell


class Rejects:
    """The file of rows that were not taken, with the reasons: whole when it is there at all.

    It is written beside its place and moved there by `finish`; where nothing was rejected there is none.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.count = path, 0
        self._columns = columns or _LINE_OF_JSON
        self._part = path.with_name(path.name + ".part")
        self._file: IO[str] | None = None
        self._writer: Any = None
        if path.exists() and not _is_rejects(path):
            raise Invalid(f"{path} is there already and is no file of rejects; name another with --rejects.")

    def add(self, row: FileRow, reason: str) -> None:
        """Write a row down with the reason, a sentence."""
        if self._file is None:
            # For its owner's eyes: these are customers' words.
            handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*REJECTED, *self._columns])
        cells = [safe_cell(each.replace("\0", "\ufffd")) for each in row.written]
        self._writer.writerow([row.line, reason[:1].upper() + reason[1:], *cells])
        self.count += 1

    def finish(self) -> Path | None:
        """Put the file in its place; None where nothing was rejected, and then an earlier one is gone."""
        if self._file is None:
            for left in (self.path, self._part):  # of an earlier run; the second where it was killed
                left.unlink(missing_ok=True)
            return None
        self._file.close()
        self._part.replace(self.path)
        return self.path

    def abandon(self) -> None:
        """Leave nothing half-written behind."""
        if self._file is not None and not self._file.closed:
            self._file.close()
            with suppress(OSError):
                self._part.unlink()


def _is_rejects(path: Path) -> bool:
    with suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8-sig") as file:
        return file.readline(200).startswith(",".join(REJECTED))
    return False
