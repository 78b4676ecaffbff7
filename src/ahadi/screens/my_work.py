"""What is on somebody's desk, in the one order that makes sense: what is offered now, what they promised by when it
is due, the conversations in which a customer waits for their answer, then the other cases they hold.

Each section is an entry here and a template of its name in `templates/work/`; a new one needs no more than these two.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.cases import CaseFilter, Holder, PromiseFilter
from ahadi.platform.database import Work
from ahadi.screens.frame import Frame
from ahadi.screens.offered import offers_now

_MOST = 15

Rows = Sequence[Mapping[str, Any]]
Gather = Callable[[Work, Frame, UUID, Mapping[str, Rows]], Awaitable[Rows]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the column. `gather` is given the person, and what stands above."""

    name: str
    gather: Gather


@dataclass(frozen=True, slots=True)
class MyWork:
    """The rows of each section by its name, and the subjects of the cases they are about."""

    sections: Mapping[str, Rows]
    subjects: Mapping[UUID, str]

    @property
    def is_empty(self) -> bool:
        return not any(self.sections.values())

    def references(self) -> list[str]:
        """The cases as they stand, each once."""
        return list(dict.fromkeys(row["reference"] for rows in self.sections.values() for row in rows))

    def after(self, reference: str) -> str | None:
        """The case that comes next, from the top again behind the last; None where there is no other."""
        others = self.references()
        at = others.index(reference) + 1 if reference in others else 0
        return next((each for each in [*others[at:], *others[:at]] if each != reference), None)


async def _offered(work: Work, _frame: Frame, person: UUID, _above: Mapping[str, Rows]) -> Rows:
    """What is put before the person now, and what they have to say about work they finished."""
    return await offers_now(work, person)


async def _promised(work: Work, frame: Frame, person: UUID, _above: Mapping[str, Rows]) -> Rows:
    wanted = PromiseFilter(state="open", owner=Holder(person=person), limit=_MOST)
    return await cases.list_promises(work, frame.actor.organisations, wanted)


async def _waiting(work: Work, frame: Frame, person: UUID, _above: Mapping[str, Rows]) -> Rows:
    """Whoever wrote, in a chat or by mail or SMS, and was not answered by a person yet; the longest wait first."""
    return await cases.list_waiting(work, frame.actor.organisations, person, _MOST)


async def _held(work: Work, frame: Frame, person: UUID, above: Mapping[str, Rows]) -> Rows:
    """Cases the person holds and that do not stand above already, the next promise first, whoever keeps it."""
    shown = {row["case_id"] for rows in above.values() for row in rows}
    wanted = CaseFilter(state="open", holder=Holder(person=person), limit=_MOST + len(shown))
    found = await cases.list_cases(work, frame.actor.organisations, wanted)
    rows = [{**each, "case_id": each["id"]} for each in found if each["id"] not in shown]
    return sorted(rows, key=_next_due)[:_MOST]


def _next_due(row: Mapping[str, Any]) -> tuple[bool, datetime]:
    due: datetime | None = row["promise_due_at"]
    return (due is None, due or row["changed_at"])


SECTIONS: tuple[Section, ...] = (
    Section("offers", _offered),
    Section("promises", _promised),
    Section("waiting", _waiting),
    Section("cases", _held),
)


async def my_work(work: Work, frame: Frame) -> MyWork:
    """Everything in the column, for whoever acts; nothing for a program."""
    if frame.actor.person_id is None:
        return MyWork({each.name: () for each in SECTIONS}, {})
    sections: dict[str, Rows] = {}
    for each in SECTIONS:
        sections[each.name] = await each.gather(work, frame, frame.actor.person_id, sections)
    return MyWork(sections, await subjects_of(work, [row for rows in sections.values() for row in rows]))


async def subjects_of(work: Work, rows: Rows) -> dict[UUID, str]:
    """The subjects of the cases that rows name, by case."""
    by_organisation: dict[UUID, list[UUID]] = {}
    for row in rows:
        by_organisation.setdefault(row["organisation_id"], []).append(row["case_id"])
    found: dict[UUID, str] = {}
    for organisation_id, ids in by_organisation.items():
        found |= {id_: text.subject for id_, text in (await cases.texts_of(work, organisation_id, ids)).items()}
    return found
