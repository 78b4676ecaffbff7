"""Who reads a page: in which language, time zone and colours, and what time it is. Set around each rendering."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.support import NullTranslations
from starlette.requests import Request

from ahadi.screens.languages import SOURCE_LANGUAGE, catalogue, direction, preferred, spoken

THEMES = ("light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE = "ahadi-language", "ahadi-theme", "ahadi-own-zone"
_UTC = ZoneInfo("UTC")
_AREAS = frozenset(
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
)
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """`now` is business time, which every relative time on the page is told from.

    `zone` is the one the reader chose, else that of the organisation the page is about: never the device's own, so
    that the page shows the times that messages and the words to say tell. `country` is the organisation's, too, by its
    two letters. `chosen_language` and `chosen_zone` are
    what the browser was told to keep.
    """

    language: str = SOURCE_LANGUAGE
    zone: ZoneInfo = _UTC
    now: datetime = _EPOCH
    theme: str | None = None
    chosen_language: str | None = None
    chosen_zone: str | None = None
    country: str | None = None

    @property
    def locale(self) -> str:
        """How dates and numbers are written. Babel takes plain `en` for the English of the United States, which alone
        puts the month first: ours is written as elsewhere, except in an organisation there."""
        if self.language != "en":
            return self.language
        return "en_US" if self.country == "US" else "en_GB"

    @property
    def direction(self) -> str:
        return direction(self.language)

    @property
    def words(self) -> NullTranslations:
        return catalogue(self.language)

    def at(
        self, now: datetime, language: str | None = None, zone: str | None = None, country: str | None = None
    ) -> "Reader":
        """The reader at a moment; language and zone count where the browser was not told others."""
        return replace(
            self,
            now=now,
            language=self.chosen_language or spoken(language) or self.language,
        ).placed(zone, country)

    def placed(self, zone: str | None, country: str | None = None) -> "Reader":
        """The reader in a country, and on the clock of a place where they did not choose one."""
        here = replace(self, country=country or self.country)
        return here if self.chosen_zone else here.on_the_clock_of(zone)

    def on_the_clock_of(self, zone: str | None) -> "Reader":
        """The reader on the clock of a place, whatever they chose: for pages that are a customer's."""
        return replace(self, zone=zone_named(zone) or self.zone, chosen_zone=None)

    def local(self, moment: datetime) -> datetime:
        """The moment on the reader's own clock."""
        return moment.astimezone(self.zone)


def zone_named(name: str | None) -> ZoneInfo | None:
    """A time zone by its name, or None for what is none."""
    if not name or len(name) > 60:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def place_of(zone: str) -> str:
    """What people call the clock of a zone: its city."""
    return zone.rpartition("/")[2].replace("_", " ")


@cache
def zones() -> tuple[str, ...]:
    """Every time zone that is named after a place, and UTC."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return ("UTC", *sorted(each for each in available_timezones() if each.partition("/")[0] in areas))


def reader_of(request: Request) -> Reader:
    """What the request alone tells of its reader: chosen language, theme and zone, else what the browser prefers."""
    cookies = request.cookies
    chosen = spoken(cookies.get(LANGUAGE_COOKIE))
    zone = zone_named(cookies.get(ZONE_COOKIE, "").replace("%2F", "/"))
    theme = cookies.get(THEME_COOKIE)
    return Reader(
        language=chosen or preferred(request.headers.get("accept-language", "")),
        zone=zone or _UTC,
        theme=theme if theme in THEMES else None,
        chosen_language=chosen,
        chosen_zone=zone.key if zone else None,
    )


_present: ContextVar[Reader] = ContextVar("reader")
_NOBODY = Reader()


def present() -> Reader:
    """The reader of what is being rendered."""
    return _present.get(_NOBODY)


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Render for this reader; the block must not await."""
    token = _present.set(reader)
    try:
        yield
    finally:
        _present.reset(token)


def _(text: str) -> str:
    """A text of ours in the reader's language. `scripts/messages` finds it by this name.

    One that is not translated is told in English, as an island where the reader's writing runs the other way.
    """
    return known_text(text) or _island(text) if text else ""


def known_text(text: str) -> str | None:
    """A text of ours in the reader's language, None where there is no translation."""
    reader = present()
    if reader.language == SOURCE_LANGUAGE:
        return text
    found: str = reader.words.ugettext(text)
    return None if found == text else found


def _island(text: str) -> str:
    """English as it stands in a page of the reader's (Unicode, UAX 9: isolated from left to right)."""
    return f"\u2066{text}\u2069" if present().direction == "rtl" else text


def later(text: str) -> str:
    """A text as it is, marked for the catalogues: it is translated later, where it is shown."""
    return text


def ngettext(one: str, many: str, number: int) -> str:
    """A counted text in the reader's language."""
    found: str = present().words.ungettext(one, many, number)
    return _island(found) if found in (one, many) else found
