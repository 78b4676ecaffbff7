"""What happens to a case: the events, and how they stand in the journal.

Facts are identifiers, codes, numbers and times; a person's words and name never are among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

PromiseKind = Literal["update", "callback", "visit", "fix"]
Priority = Literal["low", "normal", "high", "urgent"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a case or owns a promise: exactly one of a person and a department."""

    person: UUID | None = None
    department: UUID | None = None

    def __post_init__(self) -> None:
        if (self.person is None) == (self.department is None):
            raise ValueError("a holder is either a person or a department")


@dataclass(frozen=True, slots=True)
class CaseOpened:
    kind: ClassVar[str] = "case.opened"
    reference: str
    customer_id: UUID
    holder: Holder
    channel: str
    language: str
    reason: str | None = None
    department_id: UUID | None = None
    priority: Priority = "normal"
    rule_id: str | None = None
    linked_to: UUID | None = None
    tags: tuple[str, ...] = ()
    opened_at: datetime | None = None  # when it came to another system first; otherwise the row's own time


@dataclass(frozen=True, slots=True)
class CaseHeld:
    kind: ClassVar[str] = "case.held"
    holder: Holder
    department_id: UUID | None
    why: str  # a code: routed, assigned, taken, rerouted, shift-end, absent, escalated, direct-line


@dataclass(frozen=True, slots=True)
class CaseResolved:
    kind: ClassVar[str] = "case.resolved"
    resolution: str
    resolved_at: datetime | None = None  # when another system resolved it; otherwise the row's own time


@dataclass(frozen=True, slots=True)
class CaseReopened:
    kind: ClassVar[str] = "case.reopened"
    holder: Holder


@dataclass(frozen=True, slots=True)
class CaseMerged:
    kind: ClassVar[str] = "case.merged"
    into: UUID


@dataclass(frozen=True, slots=True)
class CaseReclassified:
    kind: ClassVar[str] = "case.reclassified"
    reason: str | None
    priority: Priority


@dataclass(frozen=True, slots=True)
class CaseTagged:
    kind: ClassVar[str] = "case.tagged"
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseEscalated:
    kind: ClassVar[str] = "case.escalated"
    person: UUID | None
    why: str  # a code: repeat, broken-promise, asked


@dataclass(frozen=True, slots=True)
class ContactJoined:
    kind: ClassVar[str] = "case.contact_joined"
    contact_id: UUID | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class PromiseMade:
    kind: ClassVar[str] = "promise.made"
    promise_id: UUID
    promise_kind: PromiseKind
    owner: Holder
    due_at: datetime
    level: int = 0
    recovers: UUID | None = None
    renews: UUID | None = None


@dataclass(frozen=True, slots=True)
class PromiseKept:
    kind: ClassVar[str] = "promise.kept"
    promise_id: UUID
    deed_kind: str
    deed_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PromiseRenewed:
    kind: ClassVar[str] = "promise.renewed"
    promise_id: UUID
    successor: UUID
    told: UUID


@dataclass(frozen=True, slots=True)
class PromiseBroken:
    kind: ClassVar[str] = "promise.broken"
    promise_id: UUID
    successor: UUID


@dataclass(frozen=True, slots=True)
class PromiseWithdrawn:
    kind: ClassVar[str] = "promise.withdrawn"
    promise_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class PromiseHandedOver:
    kind: ClassVar[str] = "promise.handed_over"
    promise_id: UUID
    owner: Holder
    why: str | None = None  # a code: shift-end, absent, deactivated; None when it went along with its case


@dataclass(frozen=True, slots=True)
class PromiseReminded:
    kind: ClassVar[str] = "promise.reminded"
    promise_id: UUID


@dataclass(frozen=True, slots=True)
class PromiseWarned:
    kind: ClassVar[str] = "promise.warned"
    promise_id: UUID
    told: UUID


Event = (
    CaseOpened
    | CaseHeld
    | CaseResolved
    | CaseReopened
    | CaseMerged
    | CaseReclassified
    | CaseTagged
    | CaseEscalated
    | ContactJoined
    | PromiseMade
    | PromiseKept
    | PromiseRenewed
    | PromiseBroken
    | PromiseWithdrawn
    | PromiseHandedOver
    | PromiseReminded
    | PromiseWarned
)

_TYPES: dict[str, type[Any]] = {each.kind: each for each in Event.__args__}
_IDS = {"promise_id", "customer_id", "department_id", "linked_to", "into", "person", "contact_id", "recovers"}
_IDS |= {"renews", "deed_id", "successor", "told"}
_TIMES = {"due_at", "opened_at", "resolved_at"}


def to_facts(event: Event) -> dict[str, Any]:
    """The event as journal facts, without fields that say nothing."""
    return {each.name: value for each in fields(event) if (value := getattr(event, each.name)) is not None}


def from_facts(kind: str, facts: Mapping[str, Any]) -> Event | None:
    """The event that a journal row tells; None for kinds that do not change a case."""
    type_ = _TYPES.get(kind)
    if type_ is None:
        return None
    known = {each.name for each in fields(type_)}
    missing = {each.name: None for each in fields(type_) if each.name in _IDS | {"reason"} and each.name not in facts}
    event: Event = type_(**missing, **{name: _value(name, value) for name, value in facts.items() if name in known})
    return event


def _value(name: str, value: Any) -> Any:
    if name in _IDS:
        return UUID(value)
    if name in _TIMES:
        return datetime.fromisoformat(value)
    if name in ("holder", "owner"):
        return Holder(*(UUID(value[part]) if value.get(part) else None for part in ("person", "department")))
    return tuple(value) if name == "tags" else value


def subject_of(event: Event) -> UUID | None:
    """The promise or contact an event is about, beside its case."""
    subject: UUID | None = getattr(event, "promise_id", None) or getattr(event, "contact_id", None)
    return subject
