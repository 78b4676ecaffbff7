"""What people ask of one another on the rota: an absence, or that a colleague works a time of theirs. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from ahadi.directory import Directory

LeaveState = Literal["asked", "approved", "declined", "withdrawn"]
SwapState = Literal["offered", "accepted", "done", "declined", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRequest:
    """An absence that somebody asks for. Times are UTC."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: str
    state: LeaveState
    made_at: datetime
    settled_at: datetime | None = None
    settled_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A time of a person's shift, offered to a colleague, or to anyone (`to_person` None) of the department.

    offered → accepted (waits for a manager) → done or refused; or at once from offered to done. The named colleague
    may decline it, its giver withdraw it.
    """

    organisation_id: UUID
    id: UUID
    person_id: UUID
    to_person: UUID | None
    department_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    state: SwapState
    made_at: datetime
    taken_by: UUID | None = None
    taken_at: datetime | None = None
    settled_at: datetime | None = None
    settled_by: UUID | None = None


def approvers(directory: Directory, person: UUID) -> list[UUID]:
    """Who is told that something of a person waits for a manager: the managers of their departments, else of the
    organisation; not the person."""
    membership = directory.memberships.get(person)
    held = [directory.departments[each] for each in sorted(membership.departments)] if membership else []
    managers = [each.manager_id for each in held if each.active and each.manager_id]
    managers = [each for each in managers if directory.serves(each) and each != person]
    if not managers and directory.organisation.manager_id:
        managers = [directory.organisation.manager_id]
    return [each for each in dict.fromkeys(managers) if directory.serves(each) and each != person]


def colleagues(directory: Directory, person: UUID, department: UUID | None) -> list[UUID]:
    """Who could work a shift instead: the others of its department, or of any of the person's where it is for none."""
    membership = directory.memberships.get(person)
    own = membership.departments if membership else frozenset()
    of = own if department is None else frozenset({department})
    return sorted({each for id_ in of for each in directory.members(id_)} - {person})
