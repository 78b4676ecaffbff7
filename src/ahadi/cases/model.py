"""A case with its promises: what may happen to it, decided purely.

Every change is a list of events. `decide_…` functions refuse or return events; `evolve` applies one. The same
`evolve` rebuilds a case from its journal, so what is stored is what the journal says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from ahadi.base.clock import iso
from ahadi.cases.errors import (
    CaseAlreadyOpen,
    CaseAlreadyResolved,
    DueInThePast,
    NoSuchPromise,
    PromiseAlreadySettled,
    PromiseLapsed,
    PromiseNotDue,
    PromisesStillOpen,
)
from ahadi.cases.events import (
    CaseEscalated,
    CaseHeld,
    CaseMerged,
    CaseOpened,
    CaseReclassified,
    CaseReopened,
    CaseResolved,
    CaseTagged,
    ContactJoined,
    Event,
    Holder,
    Priority,
    PromiseBroken,
    PromiseHandedOver,
    PromiseKept,
    PromiseKind,
    PromiseMade,
    PromiseReminded,
    PromiseRenewed,
    PromiseWarned,
    PromiseWithdrawn,
)

CaseState = Literal["open", "resolved"]
PromiseState = Literal["open", "kept", "renewed", "broken", "withdrawn"]
DEEDS = ("contact", "message", "work", "visit", "note")


@dataclass(frozen=True, slots=True)
class Promise:
    """A dated commitment to the customer. `level` says how far up the chain a recovery promise has come."""

    id: UUID
    case_id: UUID
    kind: PromiseKind
    state: PromiseState
    owner: Holder
    due_at: datetime
    made_at: datetime
    level: int = 0
    recovers: UUID | None = None
    renews: UUID | None = None
    successor: UUID | None = None
    reminded_at: datetime | None = None
    warned_at: datetime | None = None
    settled_at: datetime | None = None
    deed_kind: str | None = None
    deed_id: UUID | None = None
    told: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Something a customer needs done. `promises` are the open ones, and those settled since it was read."""

    organisation_id: UUID
    id: UUID
    reference: str
    customer_id: UUID
    reason: str | None
    state: CaseState
    holder: Holder
    held_since: datetime
    department_id: UUID | None
    priority: Priority
    channel: str
    language: str
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None
    contacts: int = 1
    escalated: bool = False
    rule_id: str | None = None
    linked_to: UUID | None = None
    merged_into: UUID | None = None
    tags: tuple[str, ...] = ()
    promises: tuple[Promise, ...] = field(default=())

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        """The open promises, earliest due first."""
        return tuple(sorted((p for p in self.promises if p.state == "open"), key=lambda p: (p.due_at, p.id)))

    @property
    def next_promise(self) -> Promise | None:
        """The open promise that is due first; none once resolved."""
        return self.open_promises[0] if self.open_promises else None

    def promise(self, promise_id: UUID) -> Promise:
        """The open promise with this id; raises when it is settled or not of this case."""
        for each in self.promises:
            if each.id == promise_id:
                if each.state != "open":
                    raise PromiseAlreadySettled(each.id, each.state)
                return each
        raise NoSuchPromise(promise_id)


@dataclass(frozen=True, slots=True)
class NewPromise:
    """A promise about to be made. `due_at` is business time, UTC."""

    id: UUID
    kind: PromiseKind
    owner: Holder
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to keep a promise: a contact, a message sent, a work item done, a visit, or a noted act."""

    kind: Literal["contact", "message", "work", "visit", "note"]
    id: UUID | None = None


# Deciding ----------------------------------------------------------------------------------------------------


def _must_be_open(case: Case) -> None:
    if case.state != "open":
        raise CaseAlreadyResolved(case.reference)


def _made(promise: NewPromise, now: datetime, *, level: int = 0, **links: UUID) -> PromiseMade:
    if promise.due_at <= now:
        raise DueInThePast(promise.due_at, now)
    return PromiseMade(promise.id, promise.kind, promise.owner, promise.due_at, level=level, **links)


def _in_time(promise: Promise, now: datetime) -> Promise:
    if promise.due_at < now:
        raise PromiseLapsed(promise.id, promise.due_at)
    return promise


def _unless_last(case: Case, settled: Promise, following: NewPromise | None, now: datetime) -> list[Event]:
    """An open case keeps an open promise: when its last is settled, another is made with it."""
    if len(case.open_promises) > 1 or following is None:
        return []
    return [_made(following, now)]


def decide_promise(case: Case, promise: NewPromise, now: datetime) -> list[Event]:
    """Promise something more."""
    _must_be_open(case)
    return [_made(promise, now)]


def decide_keep(case: Case, promise_id: UUID, deed: Deed, following: NewPromise, now: datetime) -> list[Event]:
    """The deed was done in time. `following` is made when this was the last open promise of an open case."""
    promise = _in_time(case.promise(promise_id), now)
    return [
        *_unless_last(case, promise, following, now),
        PromiseKept(promise.id, deed.kind, deed.id),
    ]


def decide_renew(case: Case, promise_id: UUID, renewed: NewPromise, told: UUID, now: datetime) -> list[Event]:
    """Another time is promised before the first lapses; `told` is the message that tells the customer."""
    promise = _in_time(case.promise(promise_id), now)
    return [
        _made(renewed, now, level=promise.level, renews=promise.id),
        PromiseRenewed(promise.id, renewed.id, told),
    ]


def decide_break(case: Case, promise_id: UUID, recovery: NewPromise, now: datetime) -> list[Event]:
    """The clock found the promise overdue: it is broken and leaves a recovery promise, one level up."""
    promise = case.promise(promise_id)
    if promise.due_at >= now:
        raise PromiseNotDue(promise.id, promise.due_at)
    return [
        _made(recovery, now, level=promise.level + 1, recovers=promise.id),
        PromiseBroken(promise.id, recovery.id),
    ]


def decide_withdraw(case: Case, promise_id: UUID, reason: str, following: NewPromise, now: datetime) -> list[Event]:
    """The promise is taken back, with a reason."""
    promise = _in_time(case.promise(promise_id), now)
    return [*_unless_last(case, promise, following, now), PromiseWithdrawn(promise.id, reason)]


def decide_hand_over(case: Case, promise_id: UUID, owner: Holder, why: str | None = None) -> list[Event]:
    """Somebody else owns the promise from now on."""
    promise = case.promise(promise_id)
    return [] if promise.owner == owner else [PromiseHandedOver(promise.id, owner, why)]


def decide_hold(case: Case, holder: Holder, department_id: UUID | None, why: str) -> list[Event]:
    """Somebody else has the case; promises owned by the former holder go along."""
    _must_be_open(case)
    if case.holder == holder and case.department_id == department_id:
        return []
    passed = [p for p in case.open_promises if p.owner == case.holder and p.owner != holder]
    return [CaseHeld(holder, department_id, why), *(PromiseHandedOver(p.id, holder) for p in passed)]


def decide_resolve(
    case: Case, resolution: str, keep: Mapping[UUID, Deed], withdraw: Mapping[UUID, str], now: datetime
) -> list[Event]:
    """The case is done. Every open promise is kept by a deed or withdrawn with a reason, or this is refused."""
    _must_be_open(case)
    for each in (*keep, *withdraw):
        case.promise(each)
    left = [p for p in case.open_promises if p.id not in keep and p.id not in withdraw]
    if left:
        raise PromisesStillOpen([(p.id, p.kind, iso(p.due_at)) for p in left])
    events: list[Event] = [CaseResolved(resolution)]
    for promise in case.open_promises:
        _in_time(promise, now)
        if promise.id in keep:
            deed = keep[promise.id]
            events.append(PromiseKept(promise.id, deed.kind, deed.id))
        else:
            events.append(PromiseWithdrawn(promise.id, withdraw[promise.id]))
    return events


def decide_reopen(case: Case, holder: Holder, promise: NewPromise, now: datetime) -> list[Event]:
    """The case was not done after all; somebody holds it again and an update is promised."""
    if case.state == "open":
        raise CaseAlreadyOpen(case.reference)
    return [CaseReopened(holder), _made(promise, now)]


def decide_merge(case: Case, into: Case, moved: Sequence[NewPromise], now: datetime) -> tuple[list[Event], list[Event]]:
    """The same matter twice: this case ends, and its open promises are made anew on the other one.

    Returns the events of this case and those of the other. A promise due already stays the clock's to break first.
    """
    _must_be_open(case)
    _must_be_open(into)
    gone: list[Event] = [CaseMerged(into.id)]
    for promise in case.open_promises:
        _in_time(promise, now)
        gone.append(PromiseWithdrawn(promise.id, "merged"))
    return gone, [*(_made(each, now) for each in moved), ContactJoined(None, case.contacts)]


# Applying ----------------------------------------------------------------------------------------------------


def evolve(case: Case | None, event: Event, at: datetime, *, organisation_id: UUID, case_id: UUID) -> Case:
    """The case after the event. `at` is the business time of its journal row."""
    if case is None:
        if not isinstance(event, CaseOpened):
            raise ValueError(f"the first event of case {case_id} is {type(event).__name__}, not CaseOpened")
        return _opened(event, at, organisation_id, case_id)
    return replace(_apply(case, event, at), changed_at=at)


def _opened(event: CaseOpened, at: datetime, organisation_id: UUID, case_id: UUID) -> Case:
    return Case(
        organisation_id=organisation_id,
        id=case_id,
        reference=event.reference,
        customer_id=event.customer_id,
        reason=event.reason,
        state="open",
        holder=event.holder,
        held_since=at,
        department_id=event.department_id,
        priority=event.priority,
        channel=event.channel,
        language=event.language,
        opened_at=event.opened_at or at,
        changed_at=at,
        rule_id=event.rule_id,
        linked_to=event.linked_to,
        tags=event.tags,
    )


def _apply(case: Case, event: Event, at: datetime) -> Case:
    match event:
        case CaseHeld(holder, department_id, _):
            return replace(case, holder=holder, department_id=department_id, held_since=at)
        case CaseResolved(resolution, resolved_at):
            return replace(case, state="resolved", resolved_at=resolved_at or at, resolution=resolution)
        case CaseReopened(holder):
            return replace(case, state="open", resolved_at=None, resolution=None, holder=holder, held_since=at)
        case CaseMerged(into):
            return replace(case, state="resolved", resolved_at=at, resolution="merged", merged_into=into)
        case CaseReclassified(reason, priority):
            return replace(case, reason=reason, priority=priority)
        case CaseTagged(tags):
            return replace(case, tags=tags)
        case CaseEscalated():
            return replace(case, escalated=True)
        case ContactJoined(_, count):
            return replace(case, contacts=case.contacts + count)
        case PromiseMade():
            return replace(case, promises=(*case.promises, _new_promise(case, event, at)))
        case CaseOpened():
            raise ValueError(f"case {case.reference} was opened already")
        case _:
            return replace(case, promises=tuple(_settle(p, event, at) for p in case.promises))


def _new_promise(case: Case, event: PromiseMade, at: datetime) -> Promise:
    return Promise(
        id=event.promise_id,
        case_id=case.id,
        kind=event.promise_kind,
        state="open",
        owner=event.owner,
        due_at=event.due_at,
        made_at=at,
        level=event.level,
        recovers=event.recovers,
        renews=event.renews,
    )


def _settle(promise: Promise, event: Event, at: datetime) -> Promise:
    match event:
        case PromiseKept(promise_id, deed_kind, deed_id) if promise_id == promise.id:
            return replace(promise, state="kept", settled_at=at, deed_kind=deed_kind, deed_id=deed_id)
        case PromiseRenewed(promise_id, successor, told) if promise_id == promise.id:
            return replace(promise, state="renewed", settled_at=at, successor=successor, told=told)
        case PromiseBroken(promise_id, successor) if promise_id == promise.id:
            return replace(promise, state="broken", settled_at=at, successor=successor)
        case PromiseWithdrawn(promise_id, reason) if promise_id == promise.id:
            return replace(promise, state="withdrawn", settled_at=at, reason=reason)
        case PromiseHandedOver(promise_id, owner) if promise_id == promise.id:
            return replace(promise, owner=owner, reminded_at=None)
        case PromiseReminded(promise_id) if promise_id == promise.id:
            return replace(promise, reminded_at=at)
        case PromiseWarned(promise_id) if promise_id == promise.id:
            return replace(promise, warned_at=at)
        case _:
            return promise


def apply_all(case: Case | None, events: Iterable[Event], at: datetime, organisation_id: UUID, case_id: UUID) -> Case:
    """The case after several events of one moment."""
    for event in events:
        case = evolve(case, event, at, organisation_id=organisation_id, case_id=case_id)
    assert case is not None
    return case
