"""The list of calls to make: the next due first, each with its number and words to say. Two statements a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi import cases, customers
from ahadi.cases import Holder
from ahadi.customers import Customer
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work
from ahadi.promises.booking_store import calls_owed


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is promised. `starts_at` is when it was booked for; `attempts` count those in vain so far."""

    organisation_id: UUID
    promise_id: UUID
    booking_id: UUID | None
    case_id: UUID
    reference: str
    subject: str
    customer_id: UUID
    customer_name: str | None
    phone: str | None
    language: str
    starts_at: datetime | None
    due_at: datetime
    owner: Holder
    on_shift: bool
    say: str
    attempts: int
    last_outcome: str | None
    last_at: datetime | None


async def calls_to_make(
    work: Work,
    organisations: Sequence[UUID],
    *,
    people: Sequence[UUID] | None = None,
    departments: Sequence[UUID] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Call]:
    """Calls of these people and departments together (or all, where neither is named), the next due first.

    `on_shift` says whether somebody who can make it works at that time.
    """
    for each in organisations:
        work.permit(each, "case.read")
    rows = await calls_owed(work, organisations, people=people, departments=departments, after=after, limit=limit)
    known: dict[UUID, Customer] = {}
    directories = {}
    for organisation in sorted({row["organisation_id"] for row in rows}):
        theirs = {row["customer_id"] for row in rows if row["organisation_id"] == organisation}
        known |= await customers.get_customers(work, organisation, theirs)
        directories[organisation] = await read_directory(work, organisation)
    return [_call(row, directories[row["organisation_id"]], known.get(row["customer_id"]), work.now) for row in rows]


def _call(row: Mapping[str, Any], directory: Directory, customer: Customer | None, now: datetime) -> Call:
    phone = customer.reach("phone") if customer else None
    given = (row["fields"] or {}).get("callback_phone")
    return Call(
        organisation_id=row["organisation_id"],
        promise_id=row["id"],
        booking_id=row["booking_id"],
        case_id=row["case_id"],
        reference=row["reference"],
        subject=row["subject"] or "",
        customer_id=row["customer_id"],
        customer_name=customer.name if customer else None,
        phone=str(given) if given else phone.shown if phone else None,
        language=(customer.language if customer else None) or row["language"],
        starts_at=row["starts_at"],
        due_at=row["due_at"],
        owner=Holder(row["owner_person"], row["owner_department"]),
        on_shift=_somebody(row, directory),
        say=_say(row, directory, customer, now),
        attempts=row["attempts"] or 0,
        last_outcome=row["last_outcome"],
        last_at=row["last_at"],
    )


def _somebody(row: Mapping[str, Any], directory: Directory) -> bool:
    """Whether somebody works then: who owns it, or anybody of the department; who has no shifts is always there."""
    at = row["starts_at"] or row["due_at"]
    person = row["owner_person"]
    if person:
        return not directory.works_shifts(person) or bool(directory.rota.on_shift([person], at))
    department = row["owner_department"]
    return bool(directory.rota.on_shift(directory.members(department), at, department))


def _say(row: Mapping[str, Any], directory: Directory, customer: Customer | None, now: datetime) -> str:
    """The words of the touch, in the customer's language and on their clock."""
    language = (customer.language if customer else None) or row["language"]
    holder = directory.name_of(row["holder_person"] or row["holder_department"], language)
    return cases.to_say(
        language=language,
        zone=(customer.zone if customer else None) or directory.organisation.zone,
        now=now,
        reference=row["reference"],
        subject=row["subject"] or "",
        resolved_at=None,
        holder=holder or directory.organisation.name,
        department=directory.name_of(row["department_id"], language) or None,
        promise=("callback", row["text"] or "", row["due_at"]),
        broken=row["broken"],
        contacts=row["contacts"],
    )
