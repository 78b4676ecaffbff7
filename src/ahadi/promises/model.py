"""What the watch decides, purely: who takes a promise over, when to warn, and what recovers a broken one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from ahadi.cases import Case, Holder, Promise, Promised, promise_text, when
from ahadi.directory import Directory, NeverOpen, Within

RECOVERY = (Within(1, "h"), Within(2, "h"), Within(4, "h"), Within(8, "h"), Within(2, "d"), Within(5, "d"))
"""How soon a recovery promise is due at each level: ever later, so that a dead end does not flood its last owner."""

Passing = Literal["shift-end", "absent", "deactivated"]


def reminder_at(promise: Promise) -> datetime:
    """When the owner is reminded: after three quarters of the time; an hour before at most, five minutes at least."""
    lead = (promise.due_at - promise.made_at) / 4
    return promise.due_at - max(min(lead, timedelta(hours=1)), timedelta(minutes=5))


def warning_at(promise: Promise) -> datetime:
    """When the customer is told that it may lapse: after nine tenths of the time; 15 to 2 minutes before."""
    lead = (promise.due_at - promise.made_at) / 10
    return promise.due_at - max(min(lead, timedelta(minutes=15)), timedelta(minutes=2))


LONGEST_LEAD = timedelta(hours=1)
"""No reminder or warning comes earlier than this before its promise is due."""


def due_within(directory: Directory, within: Within, department_id: UUID | None, now: datetime) -> datetime:
    """When something promised within a time is due; by any clock where the department never opens."""
    try:
        return directory.due(within, department_id, now)
    except NeverOpen:
        return Within(within.amount, within.unit, elapsed=True).due(now, directory.hours_of(None))


def following(directory: Directory, case: Case, now: datetime, key: str = "update") -> Promised:
    """The promise made when an open case would have none left: an update, by its holder."""
    within = directory.organisation.settings.promise("update").within
    due = due_within(directory, within, case.department_id, now)
    return Promised("update", case.holder, due, promise_text(key, case.language))


def recovery(directory: Directory, case: Case, broken: Promise, now: datetime) -> Promised:
    """What a broken promise leaves: the same kind, owned by the next in the chain, at growing intervals.

    The chain ends with the organisation's manager, who then keeps it. Where nobody at all is left, the department
    (or whoever had it) owns it: never nobody.
    """
    level = broken.level + 1
    chain = [each for each in directory.chain(case.department_id) if level > 1 or each != broken.owner.person]
    person = chain[min(level, len(chain)) - 1] if chain else None
    owner = Holder(person=person) if person else _fallback(directory, case, broken.owner)
    within = RECOVERY[min(level, len(RECOVERY)) - 1]
    due = due_within(directory, within, case.department_id, now)
    name = directory.name_of(owner.person or owner.department, case.language) or directory.organisation.name
    words = promise_text("recovery", case.language, name=name)
    return Promised(broken.kind, owner, due, words)


def _fallback(directory: Directory, case: Case, owner: Holder) -> Holder:
    department = case.department_id or directory.organisation.default_department_id
    return Holder(department=department) if department else owner


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who cannot keep promises due before `until` (their next shift; None: not in sight)."""

    person: UUID
    why: Passing
    until: datetime | None


def leaving(directory: Directory, owners: Iterable[UUID], now: datetime) -> list[Leaving]:
    """Of the people who own something: those off shift, absent or gone, and when they are back.

    Somebody who never works shifts here (a manager, say) is only leaving when absent or gone.
    """
    gone = []
    for person in owners:
        if not directory.serves(person):
            gone.append(Leaving(person, "deactivated", None))
        elif directory.rota.is_absent(person, now):
            gone.append(Leaving(person, "absent", directory.rota.next_shift_start(person, now)))
        elif directory.works_shifts(person):
            shift = directory.rota.current_or_next_shift(person, now)
            if shift is None or shift.start > now:
                gone.append(Leaving(person, "shift-end", shift.start if shift else None))
    return gone


def successor(
    directory: Directory,
    case: Case,
    leaver: Leaving,
    now: datetime,
    *,
    level: int = 0,
    load: Mapping[UUID, int] | None = None,
    available: Iterable[UUID] = (),
) -> Holder | None:
    """Who takes over: a colleague on shift with the right skill, else the on-call chain; never nobody.

    The right skill is the case's department and, among those, its language; of several, whoever is available and
    owns least. A recovery promise (`level` above 0) stays among those who answer for the department. None leaves it
    with its owner: somebody on call keeps what nobody on shift can take.
    """
    department = case.department_id or directory.organisation.default_department_id
    chain = [each for each in directory.chain(department) if each != leaver.person]
    people = chain if level else directory.members(department) if department else ()
    on_shift = [p for p in directory.rota.on_shift(people, now) if p != leaver.person]
    speakers = [p for p in on_shift if _speaks(directory, p, case.language)]
    ready, owned = set(available), load or {}
    best = min(speakers or on_shift, key=lambda p: (p not in ready, owned.get(p, 0), p), default=None)
    if best is None and leaver.why == "shift-end" and leaver.person in directory.chain(department):
        return None
    if best is None:
        awake = directory.rota.on_shift(chain, now)
        reachable = [p for p in chain if not directory.rota.is_absent(p, now)]
        best = next(iter(awake or reachable or chain), None)
    if best is not None:
        return Holder(person=best)
    return Holder(department=department) if department else None


def passes_on(directory: Directory, case: Case, promise: Promise, now: datetime) -> bool:
    """Whether, as the rota stands, a promise will pass to somebody else because its owner is not there when it is due.

    Somebody on call keeps it where nobody is on shift when they leave.
    """
    person, rota = promise.owner.person, directory.rota
    if person is None or not directory.serves(person):
        return person is not None
    if rota.is_absent(person, promise.due_at):
        return True
    if not directory.works_shifts(person) or rota.on_shift([person], promise.due_at):
        return False
    shift = rota.current_or_next_shift(person, now)
    leaves = shift.end if shift and shift.start <= now else now
    return successor(directory, case, Leaving(person, "shift-end", None), leaves, level=promise.level) is not None


def _speaks(directory: Directory, person: UUID, language: str) -> bool:
    membership = directory.memberships.get(person)
    return membership is not None and language in membership.languages


def said(moment: datetime, now: datetime, directory: Directory, language: str) -> str:
    """A moment as people say it, in the organisation's zone."""
    return when(moment, now, directory.organisation.zone, language)
