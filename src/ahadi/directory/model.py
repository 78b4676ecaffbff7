"""The records of the directory: organisations, departments, people and what they do there. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal, get_args
from uuid import UUID

from ahadi.directory.hours import Hours
from ahadi.directory.permissions import Permission as Permission
from ahadi.directory.permissions import Role
from ahadi.directory.permissions import permissions_of as permissions_of
from ahadi.directory.within import Within

NameShown = Literal["first", "full", "organisation"]
NAMES_SHOWN: Final[tuple[NameShown, ...]] = get_args(NameShown)
PromiseKind = Literal["update", "callback", "visit", "fix"]
PROMISE_KINDS: Final[tuple[PromiseKind, ...]] = get_args(PromiseKind)

Names = Mapping[str, str]
"""What something is called, by language code."""


class Presence(StrEnum):
    """Whether a person takes contacts now. It is the same for all organisations a person serves."""

    AVAILABLE = "available"
    BUSY = "busy"
    WRAP_UP = "wrap-up"
    BREAK = "break"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class PromiseDefault:
    """What is promised first where no rule says otherwise."""

    kind: PromiseKind
    within: Within


@dataclass(frozen=True, slots=True)
class Brand:
    """How an organisation signs and looks on its customers' page. `colour` is `#rrggbb`; `signature` by language."""

    colour: str = "#1f5f8b"
    signature: Names = field(default_factory=dict)
    website: str = ""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Where an organisation's chat may stand, and who is said to answer in it.

    `origins` are the sites whose pages may show it (`https://www.power.example`); our own may always.
    """

    origins: tuple[str, ...] = ()
    name: NameShown = "first"


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much of a department's people may be booked: so many bookings begun by one person within an hour, and so
    much of the time they work on a day, in per cent."""

    per_hour: int = 4
    share: int = 50

    @property
    def step(self) -> int:
        """Bookings begin every so many minutes."""
        return 15 if self.per_hour <= 4 else 10 if self.per_hour <= 6 else 5

    @property
    def call(self) -> int:
        """How many minutes a call takes where nobody says otherwise."""
        return max(60 // self.per_hour, 5)


@dataclass(frozen=True, slots=True)
class Bookings:
    """How calls and visits are booked. In minutes but for `ahead`, which is days.

    Nothing is booked sooner than `notice`. A visit takes `visit`, the customer is reminded `remind` before (0: not at
    all). A call that reached nobody is tried again after each of `retries`, and the customer told after `each` or only
    after the `last`. `departments` are those that differ from `usual`, by short name.
    """

    notice: int = 15
    ahead: int = 14
    visit: int = 60
    remind: int = 120
    retries: tuple[int, ...] = (30, 120, 1440)
    tell: Literal["each", "last"] = "each"
    usual: Capacity = field(default_factory=Capacity)
    departments: Mapping[str, Capacity] = field(default_factory=dict)

    def of(self, slug: str | None) -> Capacity:
        """The capacity of a department's people."""
        return self.departments.get(slug or "", self.usual)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an organisation chose. Days are days of the calendar.

    A case resolved at most `reopen_days` ago is reopened by a contact about the same. The `repeat_threshold`-th
    contact about one thing within `repeat_days` is escalated to the manager. A reply may be taken back for
    `undo_seconds` (0: not at all). Messages come from `sender_name` at
    `sender_address`. `promises` are the defaults by kind, `tiers` the entitlements that exist.
    """

    reopen_days: int = 7
    repeat_days: int = 14
    repeat_threshold: int = 3
    undo_seconds: int = 10
    sender_name: str = ""
    sender_address: str = ""
    phone: str = ""
    brand: Brand = field(default_factory=Brand)
    chat: ChatSettings = field(default_factory=ChatSettings)
    promises: Mapping[PromiseKind, Within] = field(default_factory=dict)
    skills: Mapping[str, Names] = field(default_factory=dict)
    tiers: Mapping[str, Names] = field(default_factory=dict)
    bookings: Bookings = field(default_factory=Bookings)

    def promise(self, kind: PromiseKind) -> PromiseDefault:
        """The promise of a kind as this organisation makes it."""
        return PromiseDefault(kind, self.promises.get(kind, USUAL[kind]))


USUAL: Final[Mapping[PromiseKind, Within]] = {
    "update": Within(8, "h"),
    "callback": Within(1, "h"),
    "visit": Within(2, "d"),
    "fix": Within(3, "d"),
}
"""How soon each kind of promise falls due where an organisation says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A company whose customers are served. The first of its `languages` is its own."""

    id: UUID
    slug: str
    name: str
    prefix: str
    zone: str
    country: str
    subdivision: str | None
    languages: tuple[str, ...]
    manager_id: UUID | None
    default_department_id: UUID | None
    settings: Settings
    version: int

    @property
    def language(self) -> str:
        return self.languages[0]

    def hours(self, expression: str) -> Hours:
        """Opening hours at this organisation's place. Raises `Invalid`."""
        return Hours.parse(expression, self.zone, self.country, self.subdivision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department of an organisation; `hours` are in the organisation's own zone."""

    organisation_id: UUID
    id: UUID
    slug: str
    names: Names
    hours: str
    phone: str | None
    email: str | None
    manager_id: UUID | None
    promise: PromiseDefault
    position: int
    active: bool
    swaps_approved: bool = False  # whether a shift given to a colleague waits for a manager's word

    def name(self, language: str) -> str:
        return called(self.names, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who works here, known to the whole installation by one folded e-mail address."""

    id: UUID
    slug: str
    name: str
    email: str
    language: str
    active: bool
    presence: Presence = Presence.OFFLINE
    presence_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a person does for one organisation."""

    organisation_id: UUID
    person_id: UUID
    roles: frozenset[Role]
    departments: frozenset[UUID]
    skills: frozenset[str]
    languages: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPattern:
    """Shifts that come again, as opening hours; from `valid_from` until `valid_until`, both days included."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    department_id: UUID | None
    hours: str
    valid_from: date | None
    valid_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraShift:
    """One shift outside the pattern, in UTC."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    department_id: UUID | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftCut:
    """A time in UTC in which a person's patterns for a department, or those for none, do not hold.

    A shift that comes again is moved on one day by cutting it there and adding a single one.
    """

    organisation_id: UUID
    id: UUID
    person_id: UUID
    department_id: UUID | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time in UTC in which a person cannot be reached, whatever the rota says."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: str = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallEntry:
    """A place in a chain: of a department, or without one of the organisation."""

    organisation_id: UUID
    department_id: UUID | None
    position: int
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What customers get in touch about, the department that answers for it, and what is promised first."""

    organisation_id: UUID
    slug: str
    names: Names
    department_id: UUID | None
    promise: PromiseDefault | None
    active: bool

    def name(self, language: str) -> str:
        return called(self.names, language)


def called(names: Names, language: str, others: Sequence[str] = ("en",)) -> str:
    """A name in a language, or else in the first of `others` that has one, or in any."""
    for wanted in (language, *others):
        if wanted in names:
            return names[wanted]
    return next(iter(names.values()), "")
