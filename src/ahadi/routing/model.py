"""The records of routing: what a request is, what a row of rules says, and what is decided. Pure values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid
from ahadi.base.text import fold, words
from ahadi.cases import Priority, PromiseKind
from ahadi.directory import Within

Channel = Literal["phone", "email", "web", "chat", "sms"]
Day = Literal["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH"]

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
DAYS: Final[tuple[Day, ...]] = get_args(Day)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
PROMISE_KINDS: Final[tuple[PromiseKind, ...]] = get_args(PromiseKind)
MINUTES_A_DAY: Final = 24 * 60

# How a person writes "not known" in a row; such values are compared as the empty text.
NOT_KNOWN: Final = "none"
NO_RULE: Final = "no rule covered this"
RULES_FAILED: Final = "the rules could not be run"

# A mail may be a megabyte long; what decides where it goes is said at its beginning.
_TEXT_READ = 20_000
# A letter that no rule of a living organisation is written with.
_UNUSED: Final = "\N{EGYPTIAN HIEROGLYPH A001}"


class RulesInvalid(Invalid):
    """The rules cannot be used as they are written; `problems` lists every reason with its row."""

    code = "rules-invalid"


class Entitlement(Protocol):
    """What a customer is owed according to the organisation's own records, as the customers package keeps it."""

    @property
    def id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID: ...
    @property
    def tier(self) -> str: ...
    @property
    def verified_at(self) -> datetime | None: ...
    @property
    def expires_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Tier:
    """A customer's tier with the entitlement that proves it.

    It cannot be built from a text, so that nothing a caller says or presses ever becomes a tier:
    `verified_tier` is the only way to one.
    """

    name: str
    entitlement_id: UUID

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a tier comes from a verified entitlement only: call verified_tier")


def verified_tier(entitlement: Entitlement | None, *, customer_id: UUID, now: datetime) -> Tier | None:
    """The tier that this customer is entitled to at business time `now`, or None when nothing proves one.

    An entitlement of somebody else, one nobody verified, one verified later than `now` and one that has run out
    all give None: the request is then routed like that of any other customer.
    """
    if entitlement is None or entitlement.customer_id != customer_id:
        return None
    if entitlement.verified_at is None or entitlement.verified_at > now:
        return None
    if entitlement.expires_at is not None and entitlement.expires_at <= now:
        return None
    tier = object.__new__(Tier)
    object.__setattr__(tier, "name", normal(entitlement.tier))
    object.__setattr__(tier, "entitlement_id", entitlement.id)
    return tier if tier.name else None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request came in, on the organisation's own clock: the day, and the minute of it (0 to 1439).

    On a public holiday the day is `PH` and not its weekday, so that `Mo-Fr` means working days.
    """

    day: Day
    minute: int

    def __post_init__(self) -> None:
        if self.day not in DAYS or not 0 <= self.minute < MINUTES_A_DAY:
            raise ValueError(f"{self.day} minute {self.minute} is no moment of a day")

    @classmethod
    def of(cls, at: datetime, zone: ZoneInfo, *, public_holiday: bool = False) -> "Moment":
        """The moment that `at` (an aware time) is in `zone`."""
        local = at.astimezone(zone)
        return cls("PH" if public_holiday else DAYS[local.weekday()], local.hour * 60 + local.minute)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything a rule may look at. None or empty means not known.

    `repeat` counts how often the customer has come back about the same thing: 0 on the first contact.
    The customer's words, place and attributes stay out of `repr`, and so out of logs.
    """

    channel: Channel
    moment: Moment
    reason: str | None = None
    language: str | None = None
    tier: Tier | None = None
    repeat: int = 0
    place: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.channel not in CHANNELS:
            raise ValueError(f"{self.channel!r} is not a channel; use one of {', '.join(CHANNELS)}")
        if self.tier is not None and not isinstance(self.tier, Tier):
            raise TypeError("a tier comes from a verified entitlement only: call verified_tier")
        if self.repeat < 0:
            raise ValueError("repeat counts from 0, the first contact")


@dataclass(frozen=True, slots=True)
class FirstPromise:
    """What the customer is promised first. An empty `text` leaves the wording to the organisation's template."""

    kind: PromiseKind
    within: Within
    text: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these values, or with `negated` anything but these. The empty value means not known.

    In columns that allow it (place and attributes) a value that ends in `*` stands for all that begin so.
    """

    values: tuple[str, ...]
    negated: bool = False

    def takes(self, value: str) -> bool:
        """Whether a value in its normal form is one of those meant."""
        listed = any(
            value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted for wanted in self.values
        )
        return listed is not self.negated


@dataclass(frozen=True, slots=True)
class Count:
    """From `least` to `most` times, both included; without `most`, any number from `least`."""

    least: int
    most: int | None = None

    def takes(self, number: int) -> bool:
        return number >= self.least and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The conditions of a row, all of which must hold. One that is None or empty holds for every request.

    `hours` are half-open spans of minutes of the day, in order and apart. `words` are phrases in folded words of
    which one must be said; a `*` at either end lets the outer word go on.
    """

    reason: Choice | None = None
    tier: Choice | None = None
    channel: Choice | None = None
    language: Choice | None = None
    day: Choice | None = None
    hours: tuple[tuple[int, int], ...] = ()
    repeat: Count | None = None
    attributes: tuple[tuple[str, Choice], ...] = ()
    place: Choice | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """Where a request goes: a department, and in it perhaps a person or anyone with a skill.

    Without a `promise`, the organisation's own default for the reason is made.
    """

    department: str
    person: str | None = None
    skill: str | None = None
    priority: Priority = "normal"
    promise: FirstPromise | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `id` stays the same from version to version, so that reports can follow the rule."""

    id: str
    name: str
    when: When
    then: Then


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a request goes, and the rule that says so; `rule_id` is None when no rule covered it."""

    then: Then
    rule_id: str | None
    rule_name: str


def normal(value: object) -> str:
    """A value in the form that conditions compare: folded, and empty when nothing is known."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        # Half a surrogate pair, as broken mail may hold, is not text to any engine or database.
        text = "" if value is None else fold(str(value).encode(errors="replace").decode())
    return "" if text == NOT_KNOWN else text


def normal_language(tag: str | None) -> str:
    """The primary language of a BCP 47 tag: `sw-KE` is `sw`."""
    return normal(tag).replace("_", "-").split("-")[0]


def spoken(text: str) -> str:
    """The folded words of a text with a space around each: what the needles of `needle` are looked for in."""
    return f" {' '.join(words(text[:_TEXT_READ]))} "


def needle(phrase: str) -> str:
    """What to look for in a `spoken` text, so that a phrase is found as whole words but for its `*` ends."""
    inner = phrase.strip("*")
    return f"{'' if phrase.startswith('*') else ' '}{inner}{'' if phrase.endswith('*') else ' '}"


def saying(phrases: Iterable[str], unused: str = _UNUSED) -> str:
    """A text that says these phrases and nothing but what they imply; `unused` is a letter that is in no phrase."""
    said = (
        f"{unused * phrase.startswith('*')}{phrase.strip('*')}{unused * phrase.endswith('*')}" for phrase in phrases
    )
    return f" {unused} ".join(said)
