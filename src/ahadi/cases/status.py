"""Reading what a touch is composed of: one statement, whatever the size of the installation."""

from typing import Any
from uuid import UUID

from ahadi.base.text import one_line
from ahadi.cases import actions, touch, touch_store
from ahadi.cases.errors import NoSuchCase
from ahadi.cases.events import Holder
from ahadi.cases.model import Case
from ahadi.cases.touch import Audience, Known, Reach, Touch
from ahadi.cases.touch_store import Seen
from ahadi.directory import Directory, directory_at
from ahadi.platform.database import Work


async def touch_case(
    work: Work, reference: str | UUID, language: str | None = None, audience: Audience = "staff"
) -> Touch:
    """Where a case stands, in `language` or the customer's own; for customers only what they may see.

    Raises NoSuchCase for any case the actor may not see.
    """
    return (await case_with_touch(work, reference, language, audience))[1]


async def case_with_touch(
    work: Work, reference: str | UUID, language: str | None = None, audience: Audience = "staff"
) -> tuple[Case, Touch]:
    """As `touch_case`, and the case itself, whose open promises are known as far as a touch tells of them."""
    seen = await touch_store.see(work, actions.canonical(reference))
    if seen is None or (work.actor.case_id and work.actor.case_id != seen.case.id):
        raise NoSuchCase(one_line(str(reference), 40))
    work.permit(seen.case.organisation_id, "case.read" if audience == "staff" else "case.own")
    directory = await directory_at(work, seen.case.organisation_id, seen.version)
    spoken = language or seen.language or seen.case.language
    next_promise = seen.case.next_promise
    last = seen.last_words
    known = Known(
        case=seen.case,
        subject=seen.subject,
        promises=seen.promises,
        texts=seen.texts,
        journal=seen.steps,
        last_words=(last[0], last[1], last[2], one_line(last[3], 400)) if last else None,
        holder=reach_of(directory, seen.case.holder, seen.case.department_id, spoken, audience),
        owner=_name(directory, next_promise.owner, spoken) if next_promise else "",
        names=_names(directory, seen, spoken),
        customer=seen.customer,
        reason=_reason(directory, seen.case.reason, spoken),
        zone=directory.organisation.zone,
    )
    return seen.case, touch.compose(known, work.now, spoken, audience)


def reach_of(
    directory: Directory, holder: Holder, department_id: UUID | None, language: str, audience: Audience
) -> Reach:
    """A holder with the ways to reach them. Customers get the department's number, never a person's address."""
    department = directory.departments.get(holder.department or department_id or UUID(int=0))
    phone = (department.phone if department else None) or directory.organisation.settings.phone or None
    email = department.email if department else None
    if holder.person is None:
        name = department.name(language) if department else ""
        return Reach("department", name, name or None, phone, email)
    person = directory.people.get(holder.person)
    name = person.name if person else "–"
    own = person.email if person and audience == "staff" else email
    return Reach("person", name, department.name(language) if department else None, phone, own)


def _name(directory: Directory, holder: Holder, language: str) -> str:
    return directory.name_of(holder.person or holder.department, language)


def _reason(directory: Directory, reason: str | None, language: str) -> str | None:
    known = directory.reasons.get(reason or "")
    return known.name(language) if known else reason


def _names(directory: Directory, seen: Seen, language: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for row in seen.steps:
        holder: Any = row.facts.get("holder") or row.facts.get("owner")
        id_ = (holder.get("person") or holder.get("department")) if isinstance(holder, dict) else None
        if id_ and id_ not in named:
            named[id_] = directory.name_of(UUID(id_), language)
    return named
