"""What is on somebody's desk, in the one order that makes sense: what is offered now, what they promised by when it
is due, the conversations in which a customer waits for their answer, then the other cases they hold.

Each section is an entry here and a template of its name in `templates/work/`; a new one needs no more than these two.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.cases import CaseFilter, Holder, PromiseFilter
from ahadi.platform.database import Together, Work
from ahadi.screens.offered import offers_now

_MOST = 15

Rows = Sequence[Mapping[str, Any]]
Gather = Callable[[Work, UUID], Coroutine[Any, Any, Rows]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the column, with how its rows are found for a person."""

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


async def _promised(work: Work, person: UUID) -> Rows:
    wanted = PromiseFilter(state="open", owner=Holder(person=person), limit=_MOST)
    return await cases.list_promises(work, work.actor.organisations, wanted)


async def _waiting(work: Work, person: UUID) -> Rows:
    """Whoever wrote, in a chat or by mail or SMS, and was not answered by a person yet; the longest wait first."""
    return await cases.list_waiting(work, work.actor.organisations, person, _MOST)


async def _held(work: Work, person: UUID, shown: Set[UUID]) -> Rows:
    """Cases the person holds and that are not shown already, the next promise first, whoever keeps it."""
    wanted = CaseFilter(state="open", holder=Holder(person=person), limit=_MOST + len(shown))
    found = await cases.list_cases(work, work.actor.organisations, wanted)
    rows = [{**each, "case_id": each["id"]} for each in found if each["id"] not in shown]
    return sorted(rows, key=_next_due)[:_MOST]


def _next_due(row: Mapping[str, Any]) -> tuple[bool, datetime]:
    due: datetime | None = row["promise_due_at"]
    return (due is None, due or row["changed_at"])


# What is asked for together; below it stands, as `cases`, what else the person holds.
SECTIONS: tuple[Section, ...] = (
    Section("offers", offers_now),  # and what they have to say about work they finished
    Section("promises", _promised),
    Section("waiting", _waiting),
)
_REST = "cases"


async def my_work(work: Work) -> MyWork:
    """Everything in the column, for whoever acts; nothing for a program."""
    person = work.actor.person_id
    if person is None:
        return MyWork(dict.fromkeys((*(section.name for section in SECTIONS), _REST), ()), {})
    async with Together() as asked:
        found = [(each.name, asked.ask(each.gather(work, person))) for each in SECTIONS]
    sections = {name: rows.result() for name, rows in found}
    above = [row for rows in sections.values() for row in rows]
    async with Together() as asked:
        held = asked.ask(_held(work, person, {row["case_id"] for row in above}))
        subjects = asked.ask(subjects_of(work, above))
    return MyWork({**sections, _REST: held.result()}, subjects.result())


async def subjects_of(work: Work, rows: Rows) -> dict[UUID, str]:
    """The subjects of the cases that rows name, by case; asked for where the rows do not say."""
    found: dict[UUID, str] = {row["case_id"]: row["subject"] or "" for row in rows if "subject" in row}
    unsaid: dict[UUID, list[UUID]] = {}
    for row in rows:
        if row["case_id"] not in found:
            unsaid.setdefault(row["organisation_id"], []).append(row["case_id"])
    for organisation_id, ids in unsaid.items():
        found |= {id_: text.subject for id_, text in (await cases.texts_of(work, organisation_id, ids)).items()}
    return found
