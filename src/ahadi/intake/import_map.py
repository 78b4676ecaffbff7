"""The map of an import: which columns of a file mean what, read from a YAML file with every problem at its line."""

import codecs
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid
from ahadi.base.text import fold
from ahadi.customers import CHANNELS
from ahadi.directory import Problem
from ahadi.directory.setup_place import Place, load

FileFormat = Literal["csv", "jsonl"]
ISO: Final = "iso"
_PERSON: Final = ("name", "phone", "email", "handle")
_COLUMNS: Final = ("subject", "text", "reason", "department", "channel", "language", "opened", "closed", "status")
_TABLES: Final = ("reasons", "departments", "channels", "languages", "statuses")
_TOP: Final = (
    "organisation", "source", "format", "encoding", "delimiter", "zone", "times", "key", "customer", "attributes",
    *_COLUMNS, *_TABLES,
)  # fmt: skip
_MEANINGS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "channels": ("channel", CHANNELS),
    "statuses": ("state", ("open", "resolved")),
}
_USUAL_WORDS: Final = {
    "open": ("open", "new", "pending", "in progress", "reopened", "waiting"),
    "resolved": ("resolved", "closed", "done", "completed", "solved"),
}
_MOST_COLUMNS: Final = 50


class MapRefused(Invalid):
    """A map that cannot be used; `problems` holds every reason, sorted by line."""

    code = "map-refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        more = len(self.problems) - 1
        sentence = f"The map cannot be used: {self.problems[0]}" + (f" ({more} more.)" if more else "")
        super().__init__(sentence, problems=[{"line": p.line, "sentence": p.sentence} for p in self.problems])


@dataclass(frozen=True, slots=True)
class Table:
    """What words of the file mean here. Accents, case and spaces do not matter.

    A word with a `*` in it is a pattern; whole words come first, then patterns in the order they are written.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()

    @staticmethod
    def of(entries: Mapping[str, str]) -> "Table":
        """A table as it is written."""
        patterns = [
            (re.compile(".*".join(map(re.escape, fold(word).split("*"))), re.DOTALL), meaning)
            for word, meaning in entries.items()
            if "*" in word
        ]
        return Table({fold(word): meaning for word, meaning in entries.items() if "*" not in word}, tuple(patterns))

    @property
    def meanings(self) -> list[str]:
        """Everything that a word may mean, each once."""
        return list(dict.fromkeys([*self.words.values(), *(meaning for _, meaning in self.patterns)]))

    def meaning(self, word: str) -> str | None:
        """What a word means; None when the table does not say."""
        folded = fold(word)
        if folded in self.words:
            return self.words[folded]
        return next((meaning for pattern, meaning in self.patterns if pattern.fullmatch(folded)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMap:
    """How a file is read. Of several columns `subject` and `text` take all, everything else the first with a value.

    `source` names the system the file is from: a row's key is unique within it. `zone` is that of times without an
    offset. An empty `key` means that a row is known by all its cells.
    """

    source: str
    fingerprint: bytes
    organisation: str | None = None
    format: FileFormat | None = None
    encoding: str = "utf-8-sig"
    delimiter: str | None = None
    zone: str | None = None
    times: tuple[str, ...] = (ISO,)
    key: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    person: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        return self.tables.get(name, _NOTHING)

    @property
    def needed(self) -> dict[str, str]:
        """Every column the file must have, and what for."""
        named = {"key": self.key, **self.columns, **{f"{part} of customer": each for part, each in self.person.items()}}
        found = {column: what for what, columns in named.items() for column in columns}
        return found | {column: f"attribute {name}" for name, column in self.attributes.items() if column not in found}


_NOTHING: Final = Table()


def read_map(text: str) -> ImportMap:
    """The map that a file holds. Raises MapRefused with every problem."""
    root, problems = load(text, "source")
    if root is None:
        raise MapRefused(problems)
    root.keys(*_TOP)
    source, tables, times = root.needed("source"), _tables(root), _times(root.part("times"))
    person, attributes = root.part("customer"), root.part("attributes")
    wanted = root.part("format")
    map_ = ImportMap(
        source=(source.text(60) if source else None) or "",
        fingerprint=hashlib.sha256(text.encode()).digest(),
        organisation=_text(root.part("organisation")),
        format=cast(FileFormat, wanted.one_of(("csv", "jsonl"), "format")) if wanted else None,
        encoding=_encoding(root.part("encoding")),
        delimiter=_delimiter(root.part("delimiter")),
        zone=_zone(root.part("zone")),
        times=times,
        key=_columns(root.part("key")),
        columns={name: found for name in _COLUMNS if (found := _columns(root.part(name)))},
        person=_person(person) if person else {},
        attributes=_attributes(attributes) if attributes else {},
        tables=tables,
    )
    if "statuses" in tables and "closed" not in map_.columns:
        root.refuse("say with `closed` which column tells when a row was resolved, since `status` tells that it was.")
    if problems:
        raise MapRefused(problems)
    return map_


# Its parts ---------------------------------------------------------------------------------------------------


def _text(place: Place | None) -> str | None:
    return place.text() if place else None


def _columns(place: Place | None) -> tuple[str, ...]:
    """The columns named: one, or a list."""
    if place is None:
        return ()
    return tuple(dict.fromkeys(name for each in place.items() if (name := each.text())))


def _person(place: Place) -> dict[str, tuple[str, ...]]:
    if not place.keys(*_PERSON):
        return {}
    return {part: found for part in _PERSON if (found := _columns(place.part(part)))}


def _attributes(place: Place) -> dict[str, str]:
    """Attributes by name: a list of columns that keep their names, or `name: column`."""
    if not isinstance(place.value, Mapping):
        found = {name: name for name in _columns(place)}
    else:
        parts = {str(name): place.part(name) for name in place.value}
        found = {name[:60]: column for name, part in parts.items() if part and (column := part.text())}
    if len(found) > _MOST_COLUMNS:
        place.refuse(f"{place.what} names {len(found)} columns; at most {_MOST_COLUMNS} are kept with a case.")
    return found


def _tables(root: Place) -> dict[str, Table]:
    tables = {name: _table(place, name) for name in _TABLES if (place := root.part(name))}
    if root.part("status") and "statuses" not in tables:
        tables["statuses"] = Table({word: state for state, words in _USUAL_WORDS.items() for word in words})
    return tables


def _table(place: Place, name: str) -> Table:
    """`word: meaning` lines; `"*"` stands for every other word, an empty word for an empty cell."""
    if not isinstance(place.value, Mapping):
        place.refuse(f"write {name} as `word of the file: meaning` lines.")
        return _NOTHING
    noun, known = _MEANINGS.get(name, ("", ()))
    entries: dict[str, str] = {}
    for word in place.value:
        part = place.part(word)
        meaning = (part.one_of(known, noun) if known else part.text(60)) if part else None
        if meaning is None:
            continue
        if fold(str(word)) in map(fold, entries):
            place.refuse(f"{name} says `{word}` twice; accents, case and spaces do not matter.")
        entries[str(word)] = meaning
    return Table.of(entries)


def _times(place: Place | None) -> tuple[str, ...]:
    """How times are written: `iso`, or formats such as `%d/%m/%Y %H:%M`."""
    found = []
    for each in place.items() if place else ():
        written = each.text(60)
        if written and written != ISO and not _is_format(written):
            each.refuse(f"`{written}` is no format of times; write one such as `%d/%m/%Y %H:%M`, or `iso`.")
        elif written:
            found.append(written)
    return tuple(found) or (ISO,)


def _is_format(written: str) -> bool:
    sample = datetime(2026, 11, 24, 7, 30)  # noqa: DTZ001 (its date and time are all that counts)
    try:
        return datetime.strptime(sample.strftime(written), written).date() == sample.date()  # noqa: DTZ007
    except ValueError:
        return False


def _encoding(place: Place | None) -> str:
    name = place.text(40) if place else None
    if place is None or name is None:
        return "utf-8-sig"
    try:
        "".encode(name)
        plain = codecs.lookup(name).name
    except LookupError:
        place.refuse(f"`{name}` is no encoding; write one such as utf-8, cp1252 or iso-8859-1.")
        return "utf-8-sig"
    return "utf-8-sig" if plain == "utf-8" else plain


def _delimiter(place: Place | None) -> str | None:
    if place is None:
        return None
    if not isinstance(place.value, str) or len(place.value) != 1 or place.value in '"\r\n':
        place.refuse('the delimiter must be one character, such as ";" or "\\t".')
        return None
    return place.value


def _zone(place: Place | None) -> str | None:
    name = place.text(60) if place else None
    if place is None or name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        place.refuse(f"`{name}` is no time zone; write one such as Africa/Nairobi.")
        return None
    return name
