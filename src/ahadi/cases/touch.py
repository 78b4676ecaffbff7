"""One touch: where a case stands, who holds it, what happens next, how fresh each fact is, and words to say.

Composed purely from what was read; `for_customer` is the part that the customer's own page may show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ahadi.cases import words
from ahadi.cases.model import Case, Promise
from ahadi.cases.store import PromiseText
from ahadi.cases.touch_store import StepRow

Audience = Literal["staff", "customer"]

# Journal kinds that are steps a customer may hear of; all others stay inside.
_STEPS_FOR_CUSTOMERS = {
    "case.opened",
    "case.held",
    "case.resolved",
    "case.reopened",
    "case.contact_joined",
    "promise.made",
    "promise.kept",
    "promise.renewed",
    "promise.broken",
    "message.sent",
}
_STEPS_FOR_STAFF = _STEPS_FOR_CUSTOMERS | {
    "promise.withdrawn",
    "promise.handed_over",
    "case.escalated",
    "case.merged",
    "case.reclassified",
    "case.split",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """A holder as people know it. A person's own address is never told to customers; their department's is."""

    kind: Literal["person", "department"]
    name: str
    department: str | None
    phone: str | None
    email: str | None
    on_shift: bool | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known, and since when (business time); `age_seconds` is how long ago that was."""

    at: datetime
    age_seconds: int


@dataclass(frozen=True, slots=True)
class HolderFact(Fact):
    holder: Reach


@dataclass(frozen=True, slots=True)
class PromiseFact(Fact):
    """The next promise. `at` is when it was made; `seconds_left` is negative once it is overdue."""

    id: UUID
    kind: str
    text: str
    due_at: datetime
    seconds_left: int
    owner: str


@dataclass(frozen=True, slots=True)
class Step(Fact):
    """Something that was done."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Spoken(Fact):
    """The last words that went to the customer."""

    channel: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the promises made so far."""

    open: int
    kept: int
    renewed: int
    broken: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Touch:
    """Everything somebody who is asked needs, at one look. Times are business time in UTC."""

    reference: str
    state: str
    subject: str
    reason: str | None
    channel: str
    opened_at: datetime
    changed_at: datetime
    now: datetime
    holder: HolderFact
    promise: PromiseFact | None
    steps: tuple[Step, ...]
    last_words: Spoken | None
    promises: Tally
    contacts: int
    words: str
    language: str
    priority: str | None
    escalated: bool | None
    tags: tuple[str, ...] | None
    customer: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a touch is composed of."""

    case: Case
    subject: str
    promises: Sequence[Promise]
    texts: dict[UUID, PromiseText]
    journal: Sequence[StepRow]
    last_words: tuple[datetime, str, str, str] | None  # at, channel, state, text
    holder: Reach
    owner: str
    names: dict[str, str]  # of people and departments, by their ids as facts have them
    customer: str | None
    reason: str | None
    zone: str


def compose(known: Known, now: datetime, language: str, audience: Audience = "staff") -> Touch:
    """The touch for staff, or the part of it that the customer may see: no priority, tags or inner steps."""
    case, staff = known.case, audience == "staff"
    promise = _promise(known, now)
    holder = HolderFact(case.held_since, _age(case.held_since, now), known.holder)
    return Touch(
        reference=case.reference,
        state=case.state,
        subject=known.subject,
        reason=known.reason,
        channel=case.channel,
        opened_at=case.opened_at,
        changed_at=case.changed_at,
        now=now,
        holder=holder,
        promise=promise,
        steps=_steps(known, now, language, _STEPS_FOR_STAFF if staff else _STEPS_FOR_CUSTOMERS),
        last_words=_spoken(known, now),
        promises=tally(known.promises),
        contacts=case.contacts,
        words=_words(known, promise, now, language),
        language=language,
        priority=case.priority if staff else None,
        escalated=case.escalated if staff else None,
        tags=case.tags if staff else None,
        customer=known.customer,
    )


def tally(promises: Sequence[Promise]) -> Tally:
    """How many promises are in each state."""
    states = [each.state for each in promises]
    return Tally(*(states.count(state) for state in ("open", "kept", "renewed", "broken", "withdrawn")))


def _age(at: datetime, now: datetime) -> int:
    return max(0, int((now - at).total_seconds()))


def _promise(known: Known, now: datetime) -> PromiseFact | None:
    promise = min((p for p in known.promises if p.state == "open"), key=lambda p: (p.due_at, p.id), default=None)
    if promise is None:
        return None
    text = known.texts.get(promise.id)
    left = int((promise.due_at - now).total_seconds())
    made = promise.made_at
    words_ = text.text if text else ""
    return PromiseFact(made, _age(made, now), promise.id, promise.kind, words_, promise.due_at, left, known.owner)


def _steps(known: Known, now: datetime, language: str, shown: set[str]) -> tuple[Step, ...]:
    kinds = {str(each.id): each.kind for each in known.promises}
    steps = []
    for row in known.journal:
        if row.kind in shown:
            text = words.step(row.kind, _details(row, kinds, known), language)
            steps.append(Step(row.at, _age(row.at, now), row.kind, text))
    return tuple(steps)


def _details(row: StepRow, kinds: Mapping[str, str], known: Known) -> dict[str, str]:
    holder = row.facts.get("holder") or row.facts.get("owner") or {}
    held_by = holder.get("person") or holder.get("department") if isinstance(holder, dict) else None
    promise = row.facts.get("promise_id")
    return {
        "name": known.names.get(held_by, "") if held_by else "",
        "promise": kinds.get(promise, "update") if promise else "update",
        "channel": str(row.facts.get("channel", "")),
    }


def _spoken(known: Known, now: datetime) -> Spoken | None:
    if known.last_words is None:
        return None
    at, channel, state, text = known.last_words
    return Spoken(at, _age(at, now), channel, state, text)


def _words(known: Known, promise: PromiseFact | None, now: datetime, language: str) -> str:
    done = [p for p in known.promises if p.state == "broken"]
    return words.to_say(
        language=language,
        zone=known.zone,
        now=now,
        reference=known.case.reference,
        subject=known.subject,
        resolved_at=known.case.resolved_at,
        holder=known.holder.name,
        department=known.holder.department,
        promise=(promise.kind, promise.text, promise.due_at) if promise else None,
        broken=len(done),
        contacts=known.case.contacts,
    )
