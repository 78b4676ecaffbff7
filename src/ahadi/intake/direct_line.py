"""The direct line: somebody asks for a department, a specialist, or a manager who can decide.

It becomes an offer to that person now, or a dated callback in their own name; never a "not possible".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from ahadi import cases, promises
from ahadi.base.errors import Invalid
from ahadi.cases import Case, Holder, Promise, Promised
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.promises import due_within
from ahadi.routing import offers
from ahadi.routing.offer_store import Offer
from ahadi.routing.offering import kind_of

Wish = Literal["department", "specialist", "manager"]
_ROLES = {
    "en": {"specialist": "specialist of {department}", "manager": "manager of {department}"},
    "sw": {"specialist": "mtaalamu wa {department}", "manager": "meneja wa {department}"},
}


@dataclass(frozen=True, slots=True)
class DirectLine:
    """What became of the wish: the case, the promise the customer has now, and an offer if somebody is free."""

    case: Case
    promise: Promise
    offer: Offer | None


async def ask_for(
    work: Work, reference: str | UUID, wish: Wish, *, department: str | None = None, person: str | None = None
) -> DirectLine:
    """Ask for a department, a specialist or a manager about a case; also the customer may, from their own page."""
    case = await _case(work, reference)
    inside = work.as_installation(case.organisation_id)
    case = await cases.lock_case(inside, case.id)
    if case.state != "open":
        case = await promises.reopen_case(inside, case.reference)
    directory = await read_directory(inside, case.organisation_id)
    wanted = directory.department(department).id if department else case.department_id
    work.record(
        "direct_line.asked",
        case.organisation_id,
        case_id=case.id,
        wish=wish,
        department=wanted,
        reference=case.reference,
    )
    if wish == "department":
        if department is None:
            raise Invalid("Say which department is wanted.")
        return await _to_department(inside, directory, case, directory.department(department).id)
    people = (directory.person(person).id,) if person else offers.able(directory, wanted, wish, inside)
    if not people:
        chain = directory.chain(wanted)
        if not chain:
            return await _to_department(inside, directory, case, wanted or _any_department(directory))
        people = chain
    return await _to_person(inside, directory, case, wish, people)


async def _case(work: Work, reference: str | UUID) -> Case:
    if work.actor.kind == "customer":
        return await cases.own_case(work, reference)
    case = await cases.get_case(work, reference)
    work.permit(case.organisation_id, "case.work")
    return case


def _any_department(directory: Directory) -> UUID:
    default = directory.organisation.default_department_id
    return default or next(iter(directory.departments))


async def _to_department(work: Work, directory: Directory, case: Case, department: UUID) -> DirectLine:
    case = await cases.hold_case(work, case.id, Holder(department=department), department, "direct-line")
    within = directory.organisation.settings.promise("callback").within
    due_at = due_within(directory, within, department, work.now)
    text = cases.promise_text("callback", case.language)
    case, made = await cases.make_promise(
        work, case.id, Promised("callback", Holder(department=department), due_at, text)
    )
    said = (made.kind, text, made.due_at)
    await cases.tell_customer(work, directory, case, "handed_over", about=made.id, promise=said)
    return DirectLine(case, made, None)


async def _to_person(work: Work, directory: Directory, case: Case, wish: Wish, people: tuple[UUID, ...]) -> DirectLine:
    free = await offers.free_now(work, directory, people, kind_of(case.channel, live=True))
    person = free or people[0]
    due_at = _callback_due(directory, case, person, work.now, now=free is not None)
    name = directory.name_of(person)
    text = cases.promise_text("direct", case.language, name=name)
    case, made = await cases.make_promise(work, case.id, Promised("callback", Holder(person=person), due_at, text))
    offer = await offers.offer_case(work, case, person, "direct-line") if free else None
    await promises.notify(work, case.organisation_id, person, "direct-line", case.id, made.id)
    department = directory.name_of(case.department_id, case.language) or directory.organisation.name
    role = _ROLES.get(case.language, _ROLES["en"])[wish].format(department=department)
    await cases.tell_customer(
        work,
        directory,
        case,
        "direct_line",
        about=made.id,
        promise=(made.kind, text, made.due_at),
        extra={"direct.name": name, "direct.role": role},
    )
    return DirectLine(case, made, offer)


def _callback_due(directory: Directory, case: Case, person: UUID, at: datetime, *, now: bool) -> datetime:
    """Within the usual time when they are here; else an hour into their next shift."""
    within = directory.organisation.settings.promise("callback").within
    usual = due_within(directory, within, case.department_id, at)
    shift = directory.rota.current_or_next_shift(person, at)
    if now or shift is None or shift.start <= at:
        return usual
    return max(usual, shift.start + timedelta(hours=1))
