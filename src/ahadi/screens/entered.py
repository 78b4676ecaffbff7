"""What somebody entered into a form: read with limits, and kept so that nothing they typed is lost."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request

from ahadi.base.errors import Invalid
from ahadi.screens.reader import later, zone_named


@dataclass(frozen=True, slots=True)
class EnteredFile:
    """A file that a form brought: its name and type as they were said."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Entered:
    """The fields of a form. `once` is the form's own key, so that sending it twice does it once."""

    values: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[EnteredFile, ...] = ()

    @property
    def digest(self) -> bytes:
        """What was entered, whatever way it was sent: a browser parts files otherwise each time."""
        content = hashlib.sha256(repr(sorted(self.several.items())).encode())
        for each in self.files:
            content.update(repr((each.name, hashlib.sha256(each.data).digest())).encode())
        return content.digest()

    def get(self, name: str, otherwise: str = "") -> str:
        """A field as it was typed, for showing it again."""
        return self.values.get(name, otherwise)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may come several times."""
        return self.several.get(name, ())

    def text(self, name: str, *, most: int = 5_000) -> str:
        """A field without the spaces around it. Raises Invalid when it is too long."""
        value = self.values.get(name, "").replace("\r\n", "\n").strip()
        if len(value) > most:
            raise Invalid(later("This is too long; shorten it."), field=name)
        return value

    def required(self, name: str, sentence: str, *, most: int = 5_000) -> str:
        """A field that must be filled. Raises Invalid with the sentence."""
        value = self.text(name, most=most)
        if not value:
            raise Invalid(sentence, field=name)
        return value

    def one_of(self, name: str, allowed: tuple[str, ...], sentence: str) -> str:
        value = self.text(name, most=60)
        if value not in allowed:
            raise Invalid(sentence, field=name)
        return value

    def id(self, name: str) -> UUID | None:
        """An identifier, or None when the field is empty. Raises Invalid."""
        value = self.text(name, most=40)
        try:
            return UUID(value) if value else None
        except ValueError as problem:
            raise Invalid(later("One of the choices is not known here; open the page again."), field=name) from problem

    def ids(self, name: str) -> list[UUID]:
        try:
            return [UUID(each) for each in self.several.get(name, ())[:200]]
        except ValueError as problem:
            raise Invalid(later("One of the choices is not known here; open the page again."), field=name) from problem

    def moment(self, name: str, sentence: str) -> datetime:
        """A time typed on the clock that the form was shown in (its field `zone`), in UTC. Raises Invalid."""
        try:
            here = datetime.fromisoformat(self.text(name, most=40))
        except ValueError as problem:
            raise Invalid(sentence, field=name) from problem
        zone = zone_named(self.values.get("zone")) or UTC
        return (here if here.tzinfo else here.replace(tzinfo=zone)).astimezone(UTC)

    @property
    def once(self) -> str | None:
        return self.values.get("once", "")[:64] or None


async def entered_in(request: Request, *, most_files: int = 0) -> Entered:
    """What a form sent, and its files where it may send some. An empty choice of files is none."""
    await request.body()  # kept, so that it can be digested for the form's key
    values: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    files: list[EnteredFile] = []
    async with request.form(max_files=most_files, max_fields=500) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                values.setdefault(name, value)
                several[name] = (*several.get(name, ()), value)
            elif value.filename:
                files.append(EnteredFile(value.filename, value.content_type or "", await value.read()))
    return Entered(values, several, tuple(files))
