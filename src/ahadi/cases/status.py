"""Reading what a touch is composed of: three round trips, whatever the size of the installation."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi.base.text import one_line
from ahadi.cases import actions, store, touch
from ahadi.cases.events import Holder
from ahadi.cases.model import Case
from ahadi.cases.store import PromiseText, promise_from
from ahadi.cases.touch import Audience, Known, Reach, Touch
from ahadi.contacts import ask_last_words
from ahadi.customers import ask_glance
from ahadi.directory import Directory, read_directory
from ahadi.platform import journal
from ahadi.platform.database import Work
from ahadi.platform.journal import JournalRow

_STEPS = 60  # the newest rows of a case's journal that a touch looks at


async def touch_case(work: Work, reference: str | UUID, language: str | None = None) -> Touch:
    """Where a case stands, for staff: in `language`, or the customer's own. Raises NoSuchCase."""
    case = await actions.get_case(work, reference)
    return await compose_touch(work, case, language, "staff")


async def compose_touch(work: Work, case: Case, language: str | None, audience: Audience) -> Touch:
    """The touch of a case that was read already."""
    directory = await read_directory(work, case.organisation_id)
    organisation = case.organisation_id
    asked_text = await store.ask_text(work, organisation, case.id)
    asked_promises = await store.ask_promises(work, organisation, case.id)
    asked_journal = await journal.ask_of_case(work, organisation, case.id, _STEPS)
    asked_words = await ask_last_words(work, organisation, case.id)
    asked_customer = await ask_glance(work, organisation, case.customer_id)
    text, promise_rows = await asked_text.one(), await asked_promises.all()
    rows, last, customer = await asked_journal.all(), await asked_words.one(), await asked_customer.one()
    spoken = language or (customer.language if customer and customer.language else case.language)
    texts = {row["id"]: PromiseText(row["id"], row.pop("text") or "", row.pop("note")) for row in promise_rows}
    promises = [promise_from(row) for row in promise_rows]
    next_promise = case.next_promise
    known = Known(
        case=case,
        subject=text.subject if text else "",
        promises=promises,
        texts=texts,
        journal=rows[::-1],
        last_words=(last.at, last.channel, last.state, one_line(last.body, 400)) if last else None,
        holder=reach_of(directory, case.holder, case.department_id, spoken, audience),
        owner=_name(directory, next_promise.owner, spoken) if next_promise else "",
        names=_names(directory, rows, spoken),
        customer=customer.name if customer else None,
        reason=_reason(directory, case.reason, spoken),
        zone=directory.organisation.zone,
    )
    return touch.compose(known, work.now, spoken, audience)


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


def _names(directory: Directory, rows: Sequence[JournalRow], language: str) -> dict[UUID, str]:
    named: dict[UUID, str] = {}
    for row in rows:
        holder: Any = row.facts.get("holder") or row.facts.get("owner")
        id_ = (holder.get("person") or holder.get("department")) if isinstance(holder, dict) else None
        if id_:
            named[UUID(id_)] = directory.name_of(UUID(id_), language)
    return named
