"""Cases taken over from another system: opened there, and perhaps resolved there; with promises from now on.

The journal says what is true here: the case was opened and promised now, `opened_at` and `resolved_at` tell when it
happened elsewhere. So replaying it rebuilds the rows, as for any other case.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.base.ids import reference_of, uuid7
from ahadi.base.text import one_line
from ahadi.cases import model, takeover_store
from ahadi.cases.actions import NewCase, journal, opening, search_words
from ahadi.cases.events import CaseResolved, Event
from ahadi.cases.model import Case
from ahadi.cases.takeover_store import NewText
from ahadi.platform.database import Work

IMPORTED = "imported"  # the resolution, and why the promise of a case that was resolved elsewhere is withdrawn


@dataclass(frozen=True, slots=True)
class Former:
    """A case as another system had it. `new.opened_at` and `resolved_at` are UTC; the latter None while it is open."""

    new: NewCase
    resolved_at: datetime | None = None
    id: UUID = field(default_factory=uuid7)


async def take_over(work: Work, organisation_id: UUID, formers: Sequence[Former]) -> list[Case]:
    """Open cases that another system had, in few round trips; what it resolved is resolved at once. Tells nobody.

    Raises DueInThePast when a promise would not lie ahead, Invalid when a case was resolved before it was opened.
    """
    work.permit(organisation_id, "import")
    references = await _references(work, [each.new.prefix for each in formers])
    taken, texts = [], []
    for former, reference in zip(formers, references, strict=True):
        events = _events(former, reference, work.now, organisation_id)
        case = model.apply_all(None, events, work.now, organisation_id, former.id)
        journal(work, case, events)
        taken.append(case)
        texts.append(_text(case, former.new))
    await takeover_store.insert_cases(work, organisation_id, taken, texts)
    return taken


def _events(former: Former, reference: str, now: datetime, organisation_id: UUID) -> list[Event]:
    opened = opening(former.new, reference)
    empty = model.apply_all(None, [opened], now, organisation_id, former.id)
    made = model.decide_promise(empty, former.new.promise.plain(), now)
    if former.resolved_at is None:
        return [opened, *made]
    if former.resolved_at < empty.opened_at:
        raise Invalid("A case cannot be resolved before it was opened.")
    held = model.apply_all(empty, made, now, organisation_id, former.id)
    promise = former.new.promise.id
    _, *withdrawn = model.decide_resolve(held, IMPORTED, {}, {promise: IMPORTED}, now)
    return [opened, *made, CaseResolved(IMPORTED, utc(former.resolved_at)), *withdrawn]


def _text(case: Case, new: NewCase) -> NewText:
    subject = one_line(new.subject) or "–"
    folded = search_words(f"{case.reference} {subject}")
    return NewText(case.id, subject, new.fields, folded, new.promise.id, new.promise.text)


async def _references(work: Work, prefixes: Sequence[str]) -> list[str]:
    """A reference for each; numbers are asked for in bulk, because one in three has no reference."""
    found: list[str] = []
    while len(found) < len(prefixes):
        numbers = await takeover_store.next_numbers(work, 2 * (len(prefixes) - len(found)))
        for number in numbers:
            reference = reference_of(prefixes[len(found)], number) if len(found) < len(prefixes) else None
            found += [reference] if reference else []
    return found
