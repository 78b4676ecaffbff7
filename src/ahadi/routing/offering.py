"""How an organisation offers work: what it chose, read and checked. Pure values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.directory import Directory, Permission, permissions_of
from ahadi.routing.matching import KINDS, Kind

Names = Mapping[str, str]
CAPACITY: Final[Mapping[Kind, int]] = MappingProxyType({"call": 1, "chat": 3, "case": 5})
DECLINING: Final[Mapping[str, Names]] = MappingProxyType(
    {
        "busy": {"en": "I am in the middle of something", "sw": "Niko katikati ya kazi nyingine"},
        "other-skill": {"en": "Somebody else knows this better", "sw": "Mwenzangu analijua hili vizuri zaidi"},
        "known-to-me": {"en": "I know this customer privately", "sw": "Namfahamu mteja huyu binafsi"},
        "leaving": {"en": "I am about to leave", "sw": "Ninakaribia kuondoka"},
        "other": {"en": "Another reason", "sw": "Sababu nyingine"},
    }
)
DISPOSITIONS: Final[Mapping[str, Names]] = MappingProxyType(
    {
        "solved": {"en": "Solved", "sw": "Limetatuliwa"},
        "passed-on": {"en": "Passed on to who can solve it", "sw": "Limepelekwa kwa anayeweza kulitatua"},
        "not-reached": {"en": "The customer could not be reached", "sw": "Mteja hakupatikana"},
        "no-matter": {"en": "There was nothing to do", "sw": "Hakukuwa na la kufanya"},
    }
)
_MINUTES: Final = (1, 24 * 60)


@dataclass(frozen=True, slots=True)
class DepartmentOffers:
    """How one department has its work. Without `offer` its people pull, as they did.

    `minutes` is how long its work usually takes. `passes_on`: work may be begun by somebody whose shift ends before,
    who passes it on with the notes.
    """

    offer: bool = False
    minutes: int | None = None
    passes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """What an organisation chose. Minutes are business time; names are by language.

    `people` and `reasons` differ from the rest by short name: a person's own capacity, and how long work about a
    reason takes. `away_after` offers missed in a row, somebody is put on a break (0: never). After `ask_again_minutes`
    a case that nobody took goes round once more.
    """

    answer_minutes: int = 5
    handling_minutes: int = 15
    affinity_days: int = 30
    away_after: int = 3
    ask_again_minutes: int = 60
    wrap_up_minutes: int = 2
    capacity: Mapping[Kind, int] = field(default_factory=lambda: CAPACITY)
    people: Mapping[str, Mapping[Kind, int]] = field(default_factory=dict)
    departments: Mapping[str, DepartmentOffers] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    declining: Mapping[str, Names] = field(default_factory=lambda: DECLINING)
    dispositions: Mapping[str, Names] = field(default_factory=lambda: DISPOSITIONS)

    @property
    def answer_within(self) -> timedelta:
        return timedelta(minutes=self.answer_minutes)

    def offers(self, department: str) -> bool:
        """Whether a department's work is offered."""
        return self.departments.get(department, DepartmentOffers()).offer

    def capacity_of(self, person: str) -> Mapping[Kind, int]:
        """How much of each kind somebody takes at once."""
        return {**CAPACITY, **self.capacity, **self.people.get(person, {})}

    def handling(self, department: str, reason: str | None) -> timedelta:
        """How long work may take: as said of its reason, else of the department, else of the organisation."""
        minutes = self.reasons.get(reason or "") or self.departments.get(department, DepartmentOffers()).minutes
        return timedelta(minutes=minutes or self.handling_minutes)

    def plain(self) -> dict[str, Any]:
        """As it is stored and shown."""
        plain = {name: getattr(self, name) for name in Offering.__dataclass_fields__}
        plain["departments"] = {slug: asdict(each) for slug, each in self.departments.items()}
        for name in ("capacity", "people", "reasons", "declining", "dispositions"):
            plain[name] = {key: dict(each) if isinstance(each, Mapping) else each for key, each in plain[name].items()}
        plain["capacity"] = {**CAPACITY, **self.capacity}
        return plain


def offering_from(stored: Mapping[str, Any]) -> Offering:
    """What was stored; what was not said is as usual."""
    known = {name: value for name, value in stored.items() if name in Offering.__dataclass_fields__}
    if "departments" in known:
        known["departments"] = {slug: DepartmentOffers(**each) for slug, each in known["departments"].items()}
    return Offering(**known)


def checked(offering: Offering, directory: Directory) -> Offering:
    """The same, when every name in it is one of the organisation's. Raises Invalid saying what is wrong."""
    slugs = {each.slug for each in directory.departments.values()}
    people = {each.slug for each in directory.people.values()}
    for named, there, what in (
        (offering.departments, slugs, "department"),
        (offering.people, people, "person"),
        (offering.reasons, set(directory.reasons), "reason"),
    ):
        unknown = sorted(set(named) - there)
        if unknown:
            raise Invalid(f"There is no {what} {unknown[0]!r} here; name one by its short name.", unknown=unknown)
    for minutes in (*offering.reasons.values(), *(each.minutes or 1 for each in offering.departments.values())):
        if not _MINUTES[0] <= minutes <= _MINUTES[1]:
            raise Invalid("Work takes between a minute and a day.", minutes=minutes)
    capacities = (offering.capacity, *offering.people.values())
    if any(kind not in KINDS or not 0 <= most <= 100 for each in capacities for kind, most in each.items()):
        raise Invalid(f"A capacity is a number from 0 to 100 for each of {', '.join(KINDS)}.")
    for codes in (offering.declining, offering.dispositions):
        for code, names in codes.items():
            if not 0 < len(code) <= 40 or not names or any(not 0 < len(name) <= 80 for name in names.values()):
                raise Invalid(f"The code {code!r} needs a name of at most 80 characters in some language.", code=code)
    if not offering.declining:
        raise Invalid("Whoever declines says why; name at least one reason.")
    return offering


def kind_of(channel: str, *, live: bool = False) -> Kind:
    """What a case is to the person who works it: a chat is one, a call only while the customer is on the line.

    A case that came by telephone and waits for its department is worked by calling back, and counts as a case.
    """
    return "chat" if channel == "chat" else "call" if live and channel == "phone" else "case"


def served(directory: Directory, department_id: UUID) -> tuple[UUID, ...]:
    """Who may be offered a department's work: its members who work cases, and its manager. Active people only."""
    department = directory.departments[department_id]
    people = [*directory.members(department_id), *([department.manager_id] if department.manager_id else [])]
    return tuple(dict.fromkeys(each for each in people if directory.serves(each) and _works(directory, each)))


def _works(directory: Directory, person_id: UUID) -> bool:
    return Permission.CASE_WORK in permissions_of(directory.memberships[person_id].roles)
