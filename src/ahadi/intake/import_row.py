"""What a row of an import means: a case as another system had it, or the reason why it cannot be one. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import customers
from ahadi.base.clock import iso
from ahadi.base.errors import Invalid
from ahadi.base.text import fold, one_line, slug
from ahadi.customers import CHANNELS
from ahadi.directory import Directory
from ahadi.intake.import_map import ISO, ImportMap
from ahadi.intake.model import Channel

LONGEST_TEXT: Final = 200_000  # characters of a message
_LONGEST_ATTRIBUTE: Final = 2_000
_LONGEST_NAME: Final = 200
_OLDEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
Cells = Mapping[str, str]


class Rejected(Exception):
    """A row that is not taken, and why; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """A row that can be taken. `department_id` is None where the rules decide; times are UTC.

    `key` is a digest: what a row is known by elsewhere may be a person's number or address.
    """

    line: int
    key: str
    channel: Channel
    person: Mapping[str, str]
    subject: str
    text: str
    reason: str | None
    department_id: UUID | None
    language: str
    opened_at: datetime | None
    resolved_at: datetime | None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RowReader:
    """Reads rows by a map, for one organisation. `now` is business time: nothing happened after it."""

    map: ImportMap
    directory: Directory
    now: datetime

    def check(self) -> None:
        """Raises Invalid when the map speaks of what the organisation does not have."""
        organisation = self.directory.organisation
        if not self._departments:
            raise Invalid(f"{organisation.slug} has no department yet; make one with `ahadi apply SETUP.yaml`.")
        for meaning in self.map.table("departments").meanings:
            if meaning not in self._slugs:
                known = ", ".join(sorted(self._slugs))
                raise Invalid(
                    f"The map sends rows to the department `{meaning}`, which {organisation.slug} does not have;"
                    f" it has {known}."
                )

    def read(self, line: int, cells: Cells) -> ImportedRow:
        """What a row says. Raises Rejected."""
        opened = self._time(cells, "opened")
        resolved = self._resolved(cells, opened)
        text = self._joined(cells, "text", "\n\n")
        subject = self._joined(cells, "subject", " – ")
        if len(text) > LONGEST_TEXT:
            raise Rejected(f"the text has {len(text)} characters; at most {LONGEST_TEXT} are taken.")
        return ImportedRow(
            line=line,
            key=self.key(cells),
            channel=self._channel(cells),
            person=self._person(cells),
            subject=one_line(subject) or one_line(text, 120) or "–",
            text=text or subject or "–",
            reason=self._reason(cells),
            department_id=self._department(cells),
            language=self._language(cells),
            opened_at=opened,
            resolved_at=resolved,
            attributes=self._attributes(cells),
        )

    def key(self, cells: Cells) -> str:
        """What the row is known by: its key, or all that it says. Raises Rejected when it has none."""
        if not self.map.key:
            said = "\0".join(f"{column}\0{cells[column]}" for column in sorted(cells))
            return _digest(f"all\0{said}")
        parts = [self._cell(cells, column).strip() for column in self.map.key]
        if not any(parts):
            raise Rejected(f"`{self.map.key[0]}`, which the row is known by, is empty.")
        return _digest("\0".join(["key", *parts]))

    # Cells ---------------------------------------------------------------------------------------------------

    def _cell(self, cells: Cells, column: str) -> str:
        value = cells.get(column, "")
        if "\0" in value:
            raise Rejected(f"`{column}` holds a NUL character; take it out.")
        try:
            value.encode()
        except UnicodeEncodeError as problem:
            raise Rejected(f"`{column}` holds half a character; mend it.") from problem
        return value

    def _first(self, cells: Cells, columns: Sequence[str]) -> str:
        return next((value for column in columns if (value := self._cell(cells, column).strip())), "")

    def _of(self, cells: Cells, what: str) -> str:
        return self._first(cells, self.map.columns.get(what, ()))

    def _joined(self, cells: Cells, what: str, between: str) -> str:
        parts = (self._cell(cells, column).strip() for column in self.map.columns.get(what, ()))
        return between.join(dict.fromkeys(part for part in parts if part))

    def _short(self, value: str, what: str) -> str:
        """A value as it stands in a sentence that a person reads."""
        return f"{what} `{one_line(value, 60)}`" if value else f"an empty {what}"

    # What happened when --------------------------------------------------------------------------------------

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.map.zone or self.directory.organisation.zone)

    def _time(self, cells: Cells, what: str) -> datetime | None:
        """A moment in UTC; None where no column is named. Raises Rejected."""
        columns = self.map.columns.get(what)
        if columns is None:
            return None
        written = self._first(cells, columns)
        if not written:
            raise Rejected(f"`{columns[0]}` is empty; it says when the row was {what}.")
        moment = self._parsed(written)
        if moment is None:
            raise Rejected(f"{self._short(written, what)} is no time in the form that the map gives.")
        if moment < _OLDEST:
            raise Rejected(f"{self._short(written, what)} lies before 1970.")
        if moment > self.now:
            raise Rejected(f"{self._short(written, what)} lies ahead: it is {iso(self.now)} now.")
        return moment

    def _parsed(self, written: str) -> datetime | None:
        for form in self.map.times:
            try:
                moment = datetime.fromisoformat(written) if form == ISO else datetime.strptime(written, form)  # noqa: DTZ007
                return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)
            except (ValueError, OverflowError):
                continue
        return None

    def _resolved(self, cells: Cells, opened: datetime | None) -> datetime | None:
        """When the row was resolved; None while it is open. Raises Rejected."""
        if "statuses" in self.map.tables:
            word = self._of(cells, "status")
            state = self.map.table("statuses").meaning(word)
            if state is None:
                raise Rejected(f"{self._short(word, 'status')} is not known; say under `statuses` what it means.")
            if state == "open":
                return None
        elif not self._of(cells, "closed"):
            return None
        resolved = self._time(cells, "closed")
        if resolved is not None and opened is not None and resolved < opened:
            raise Rejected(f"it was closed at {iso(resolved)}, before it was opened at {iso(opened)}.")
        if opened is None and resolved is not None:
            raise Rejected("it was closed, and the map does not say with `opened` when it was opened.")
        return resolved

    # Who and where -------------------------------------------------------------------------------------------

    def _person(self, cells: Cells) -> dict[str, str]:
        """What the customer is known by. Raises Rejected for what nobody can be known by."""
        found = {part: self._first(cells, columns) for part, columns in self.map.person.items()}
        found = {part: value for part, value in found.items() if value}
        if len(found.get("name", "")) > _LONGEST_NAME:
            raise Rejected(f"the customer's name is longer than {_LONGEST_NAME} characters.")
        try:
            if "phone" in found:
                customers.phone_identity(found["phone"], self.directory.organisation.country)
            if "email" in found:
                customers.email_identity(found["email"])
            if "handle" in found:
                customers.handle_identity(found["handle"])
        except Invalid as problem:
            raise Rejected(problem.sentence) from problem
        return found | ({"language": self._language(cells)} if self._of(cells, "language") else {})

    def _channel(self, cells: Cells) -> Channel:
        word, table = self._of(cells, "channel"), self.map.table("channels")
        meaning = table.meaning(word) or (word.lower() if word.lower() in CHANNELS else None)
        if meaning is None and "channel" not in self.map.columns:
            meaning = "web"
        if meaning is None:
            raise Rejected(f'{self._short(word, "channel")} is not known; say under `channels` what it is, or `"*"`.')
        return cast(Channel, meaning)

    def _reason(self, cells: Cells) -> str | None:
        word = self._of(cells, "reason")
        return slug(self.map.table("reasons").meaning(word) or word)[:60].strip("-") or None

    def _language(self, cells: Cells) -> str:
        word = self._of(cells, "language")
        meaning = self.map.table("languages").meaning(word) or word
        if not meaning:
            return self.directory.organisation.language
        code = meaning.replace("_", "-").split("-")[0].lower()
        if not _LANGUAGE.fullmatch(code):
            raise Rejected(f"{self._short(word, 'language')} is not known; say under `languages` which code it has.")
        return code

    @cached_property
    def _slugs(self) -> dict[str, UUID]:
        return {each.slug: each.id for each in self.directory.departments.values() if each.active}

    @cached_property
    def _departments(self) -> dict[str, UUID]:
        """Active departments by what they may be called: short name, and name in every language."""
        named = {
            fold(name): each.id
            for each in self.directory.departments.values()
            if each.active
            for name in each.names.values()
        }
        return named | self._slugs

    def _department(self, cells: Cells) -> UUID | None:
        if "department" not in self.map.columns and "departments" not in self.map.tables:
            return None
        word = self._of(cells, "department")
        meaning = self.map.table("departments").meaning(word)
        found = self._slugs.get(meaning) if meaning else self._departments.get(fold(word))
        if found is None:
            raise Rejected(
                f'{self._short(word, "department")} is not known; say under `departments` which it is, or `"*"`.'
            )
        return found

    def _attributes(self, cells: Cells) -> dict[str, str]:
        found = {name: self._cell(cells, column).strip() for name, column in self.map.attributes.items()}
        for name, value in found.items():
            if len(value) > _LONGEST_ATTRIBUTE:
                raise Rejected(f"the attribute {name} has {len(value)} characters; at most {_LONGEST_ATTRIBUTE} fit.")
        return {name: value for name, value in found.items() if value}


def _digest(said: str) -> str:
    return hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=20).hexdigest()
