"""Absences that people ask for, and managers approve or decline."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ahadi.base.errors import Conflict, Forbidden, NotFound
from ahadi.directory import Permission, absence_of, propose_absence, read_directory
from ahadi.platform.database import Work
from ahadi.promises import notify
from ahadi.rota import store
from ahadi.rota.changes import keep
from ahadi.rota.model import LeaveRequest, LeaveState, approvers


def oneself(work: Work, organisation_id: UUID) -> UUID:
    """The person who acts. Raises Forbidden for a program and for who may not ask."""
    work.permit(organisation_id, Permission.ROTA_OWN)
    if work.actor.person_id is None:
        raise Forbidden("Only a person who is signed in may do this; a token cannot.")
    return work.actor.person_id


async def ask_leave(
    work: Work, organisation_id: UUID, starts_at: datetime, ends_at: datetime, kind: str = "leave"
) -> LeaveRequest:
    """Ask to be away; the managers of one's departments are told. Raises Invalid, and Conflict for the same again."""
    person = oneself(work, organisation_id)
    directory = await read_directory(work, organisation_id)
    wanted = absence_of(work, organisation_id, person, starts_at, ends_at, kind)
    for each in await store.leave_asked(work, [organisation_id], person):
        if each.starts_at < wanted.ends_at and wanted.starts_at < each.ends_at:
            raise Conflict("You have asked to be away in that time already; withdraw that first.")
    request = LeaveRequest(
        organisation_id=organisation_id,
        id=wanted.id,
        person_id=person,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        kind=kind,
        state="asked",
        made_at=work.now,
    )
    store.insert_leave(work, request)
    work.record(
        "leave.asked", organisation_id, subject_id=request.id, person=person, starts_at=starts_at, ends_at=ends_at
    )
    for manager in approvers(directory, person):
        await notify(work, organisation_id, manager, "leave:asked", None, other=person, subject=request.id)
    return request


async def _waiting(work: Work, organisation_id: UUID, request_id: UUID) -> LeaveRequest:
    found = await store.leave_request(work, organisation_id, request_id)
    if found is None:
        raise NotFound("There is no such request in this organisation.")
    if found.state != "asked":
        raise Conflict("That request was answered or withdrawn already.")
    return found


async def settle_leave(
    work: Work, organisation_id: UUID, request_id: UUID, *, approve: bool, knowingly: bool = False
) -> LeaveRequest:
    """Approve an absence, which then stands on the rota, or decline it; whoever asked is told.

    Raises NotFound, Conflict, and RotaCosts for an absence that leaves something behind, unless `knowingly`.
    """
    work.permit(organisation_id, Permission.ROTA_EDIT)
    request = await _waiting(work, organisation_id, request_id)
    if approve:
        proposal = await propose_absence(
            work, organisation_id, request.person_id, request.starts_at, request.ends_at, request.kind
        )
        await keep(work, proposal, knowingly=knowingly)
    return await _end(work, request, "approved" if approve else "declined")


async def withdraw_leave(work: Work, organisation_id: UUID, request_id: UUID) -> LeaveRequest:
    """Take back what one asked for. Raises NotFound for another's, Conflict for one that was answered."""
    person = oneself(work, organisation_id)
    request = await _waiting(work, organisation_id, request_id)
    if request.person_id != person:
        raise NotFound("There is no such request of yours.")
    return await _end(work, request, "withdrawn")


async def _end(work: Work, request: LeaveRequest, state: LeaveState) -> LeaveRequest:
    ended = replace(request, state=state, settled_at=work.now, settled_by=work.actor.person_id)
    await store.settle_leave(work, ended)
    work.record(f"leave.{state}", request.organisation_id, subject_id=request.id, person=request.person_id)
    if work.actor.person_id != request.person_id:
        by = work.actor.person_id
        await notify(
            work, request.organisation_id, request.person_id, f"leave:{state}", None, other=by, subject=request.id
        )
    return ended
