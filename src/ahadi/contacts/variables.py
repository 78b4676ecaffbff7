"""The variables a template may use: the catalogue, what counts as filled, and the form a value takes in a text."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line

Kind = Literal["text", "clause", "name", "words", "moment", "reference", "link", "phone", "code"]
Value = str | datetime | None


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable templates may use.

    `words` are the customer's own and go out quoted, never in a subject; a `clause` goes out without its final full
    stop, so that it fits into a sentence. An `optional` one may be asked for with
    `{% if … is filled %}`; every other one must always have a value.
    """

    name: str
    meaning: str
    kind: Kind
    sample: str | datetime
    optional: bool = False


_DUE = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)

VARIABLES: Mapping[str, Variable] = {
    each.name: each
    for each in (
        Variable("customer.name", "The customer's name", "name", "Amina Otieno"),
        Variable("customer.greeting", "A greeting that is right with and without a name", "name", "Hello Amina Otieno"),
        Variable("case.reference", "The case's spoken reference", "reference", "PW-K7MQ2XC"),
        Variable("case.subject", "What the customer asked, in their own words", "words", "No power since the morning"),
        Variable(
            "case.status_link", "The customer's page, where the case stands", "link", "https://help.example/c/7Kq2Xw9d"
        ),
        Variable("case.outcome", "What was done", "clause", "the fuse at pole 41 was replaced"),
        Variable("promise.kind", "update, callback, visit or fix: for conditions only", "code", "update"),
        Variable("promise.text", "What we promise, in words", "clause", "we will tell you when the power is back"),
        Variable("promise.due", "When the promise is due", "moment", _DUE),
        Variable("last.promise_text", "What the promise before this one said", "clause", "a crew will visit you"),
        Variable("last.promise_due", "When the promise before this one was due", "moment", _DUE.replace(hour=7)),
        Variable("holder.name", "The person who has the case", "name", "Joseph Mwangi", optional=True),
        Variable("holder.department", "The department that has the case", "text", "Network Repairs"),
        Variable("direct.name", "The specialist or manager on the direct line", "name", "Grace Njeri", optional=True),
        Variable("direct.role", "What they are, in words", "text", "manager of Billing"),
        Variable("callback.phone", "The number we will call", "phone", "+254 712 345678"),
        Variable("callback.tries", "How often we have tried to call", "text", "2"),
        Variable("booking.starts", "When the booked call or visit begins", "moment", _DUE.replace(hour=6, minute=0)),
        Variable("booking.ends", "When it is over at the latest", "moment", _DUE.replace(hour=6, minute=15)),
        Variable("booking.place", "Whose clock these times are, by its city", "text", "Nairobi"),
        Variable("organisation.name", "The organisation", "text", "Power"),
        Variable("organisation.phone", "The organisation's own number", "phone", "0700 123456", optional=True),
        Variable("agent.name", "The agent who writes", "name", "Peter Kamau", optional=True),
        Variable("reason", "Why something changed, in words for the customer", "clause", "rain", optional=True),
    )
}


def sample_values() -> dict[str, Value]:
    """A value for every variable, for previews before there is a real customer."""
    return {variable.name: variable.sample for variable in VARIABLES.values()}


def variable_names() -> list[str]:
    """Every variable a template may mention."""
    return sorted(VARIABLES)


_LINK = re.compile(r"https?://[^\s\"'<>{}|\\^`]+")
_LOOKS_LIKE_A_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*")
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that show nothing


def filled(variable: Variable, value: Value) -> bool:
    """Whether a value says something: not None, not only white space or invisible characters, of the right kind.

    Raises Invalid for what is neither text nor moment.
    """
    if value is None:
        return False
    if isinstance(value, datetime):
        return variable.kind == "moment"
    if not isinstance(value, str):
        raise Invalid(f"{variable.name} is neither a text nor a moment.", variable=variable.name)
    if not any(unicodedata.category(c)[0] not in "ZC" and c not in _FILLERS for c in value):
        return False
    return variable.kind != "link" or (len(value) <= 500 and _LINK.fullmatch(value.strip()) is not None)


def quoted(text: str, limit: int = 200) -> str:
    """A customer's own words as they may be sent back: one line, without links or marks that look like a placeholder.

    Anyone can open a case in anyone's name, so what they typed must not become an advertisement in our message.
    """
    line = one_line(_LOOKS_LIKE_A_LINK.sub("…", text), limit)
    return line.translate(str.maketrans("{}<>[]", "()()()"))


_NO_NAME = {
    "customer",
    "client",
    "firstname",
    "lastname",
    "name",
    "none",
    "unknown",
    "anonymous",
    "test",
    "user",
    "nan",
}
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['’ʼ-]|\.?\s)*\.?")
_GREETINGS = {"en": "Hello", "sw": "Habari"}


def greeting(name: str | None, language: str) -> str:
    """`Hello Amina Otieno`, or `Hello` where there is no name one could say: a number, an address, a placeholder."""
    hello = _GREETINGS.get(language.replace("_", "-").split("-")[0].lower(), _GREETINGS["en"])
    said = one_line(unicodedata.normalize("NFC", name or ""), 61)
    bare = "".join(c for c in said if unicodedata.category(c)[0] != "M")
    believable = (
        len(said) <= 60
        and len(said.split()) <= 6
        and _NAME.fullmatch(bare)
        and _NO_NAME.isdisjoint(said.casefold().split())
    )
    return f"{hello} {said}" if believable else hello


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Babel's locale of a language tag such as `sw` or `en-KE`; English where there is none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


class Moment:
    """A time as a customer reads it, in their language and zone: `Tuesday 24 November, 14:30`."""

    __slots__ = ("_at", "_locale")

    def __init__(self, at: datetime, locale: Locale, zone: tzinfo) -> None:
        self._at = at.astimezone(zone)
        self._locale = locale

    def __str__(self) -> str:
        if self._locale.language in ("en", "sw"):
            day = format_datetime(self._at, "EEEE d MMMM", locale=self._locale)
        else:
            day = format_date(self._at, "full", locale=self._locale)
        return f"{day}, {self.time()}"

    def date(self) -> str:
        """`24 November 2026`"""
        if self._locale.language in ("en", "sw"):
            return format_datetime(self._at, "d MMMM y", locale=self._locale)
        return format_date(self._at, "long", locale=self._locale)

    def day(self) -> str:
        """`Tuesday`"""
        return format_datetime(self._at, "EEEE", locale=self._locale)

    def time(self) -> str:
        """`14:30`: with 24 hours in every language, so that morning and evening are never mistaken."""
        return format_datetime(self._at, "HH:mm", locale=self._locale)


def shown(variable: Variable, value: Value, locale: Locale, zone: tzinfo) -> str | Moment | None:
    """The form a filled value takes in a text; None for one that is not filled. Raises Invalid for a wrong kind."""
    if not filled(variable, value) or value is None:
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Invalid(f"{variable.name} has no time zone; give it with an offset.", variable=variable.name)
        try:
            return Moment(value, locale, zone)
        except OverflowError as problem:
            raise Invalid(f"{variable.name} is too far away to be written.", variable=variable.name) from problem
    if variable.kind == "moment":
        raise Invalid(f"{variable.name} is a text; give it as a moment.", variable=variable.name)
    if variable.kind == "words":
        return quoted(value)
    if variable.kind == "clause":
        return one_line(value, 1_000).rstrip(" .;,:") or None
    if variable.kind == "text":
        return "\n".join(one_line(line, 2_000) for line in value.strip().splitlines())
    return one_line(value, 500)
