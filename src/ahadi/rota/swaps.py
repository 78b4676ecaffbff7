"""Swaps: a person offers a time of their shift to a colleague or to anyone, who takes it.

A swap is made at once where the department wants no manager's word and nothing is left behind; else it waits for a
manager, who makes an hour without anybody knowingly or not at all.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Directory, Permission, Proposal, piece_of, propose_handing, read_directory
from ahadi.platform.database import Work
from ahadi.promises import notify
from ahadi.rota import store
from ahadi.rota.changes import costs_of, keep
from ahadi.rota.leave import oneself
from ahadi.rota.model import Swap, SwapState, approvers, colleagues


async def offer_swap(
    work: Work,
    organisation_id: UUID,
    source_id: UUID,
    at: datetime | None = None,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    to: str | UUID | None = None,
) -> Swap:
    """Offer a shift of one's own, or a time of it, to a colleague, or to anyone of its department; they are told.

    Raises NotFound for a shift that is not one's own, Invalid, Conflict.
    """
    person = oneself(work, organisation_id)
    directory = await read_directory(work, organisation_id)
    piece = piece_of(directory, source_id, at)
    if piece.person_id != person:
        raise NotFound("There is no such shift of yours.")
    start, end = utc(starts_at or piece.start), utc(ends_at or piece.end)
    if not piece.start <= start < end <= piece.end:
        raise Invalid("Offer a time within your shift.")
    if start <= work.now:
        raise Conflict("That shift has begun; ask your manager to change it.")
    able = colleagues(directory, person, piece.department_id)
    wanted = directory.person(to).id if to else None
    if wanted is not None and wanted not in able:
        raise Invalid("They cannot work that shift; choose a colleague of its department.")
    for each in await store.swaps_open(work, [organisation_id], work.now):
        if each.person_id == person and each.starts_at < end and start < each.ends_at:
            raise Conflict("You have offered that time already; withdraw that offer first.")
    swap = Swap(
        organisation_id=organisation_id,
        id=uuid7(),
        person_id=person,
        to_person=wanted,
        department_id=piece.department_id,
        starts_at=start,
        ends_at=end,
        state="offered",
        made_at=work.now,
    )
    store.insert_swap(work, swap)
    _record(work, swap)
    for colleague in [wanted] if wanted else able:
        await _tell(work, swap, colleague, "swap:offered", person)
    return swap


def may_accept(directory: Directory, swap: Swap, person: UUID, now: datetime) -> bool:
    """Whether somebody could take an offered swap now: it is for them, and they neither work nor are away then."""
    return (
        swap.state == "offered"
        and swap.starts_at > now
        and swap.to_person in (None, person)
        and person in colleagues(directory, swap.person_id, swap.department_id)
        and _is_free(directory, swap, person)
    )


def _is_free(directory: Directory, swap: Swap, person: UUID) -> bool:
    pieces = directory.rota.pieces(person, swap.starts_at, swap.ends_at)
    away = any(start < swap.ends_at and swap.starts_at < end for start, end in directory.rota.absences(person))
    return not pieces and not away


async def _found(work: Work, organisation_id: UUID, swap_id: UUID, states: tuple[SwapState, ...]) -> Swap:
    swap = await store.get_swap(work, organisation_id, swap_id)
    if swap is None:
        raise NotFound("There is no such swap in this organisation.")
    if swap.state not in states:
        raise Conflict("That swap was settled already, perhaps by a colleague just now.")
    if swap.starts_at <= work.now:
        raise Conflict("That shift has begun; nobody can take it over any more.")
    return swap


async def accept_swap(work: Work, organisation_id: UUID, swap_id: UUID) -> Swap:
    """Take a colleague's shift. It is made so at once, or waits for a manager where the department wants that, or where
    something would be left behind. Raises NotFound, Conflict."""
    person = oneself(work, organisation_id)
    proposed = work.as_installation(organisation_id)
    swap = await _found(work, organisation_id, swap_id, ("offered",))
    directory = await read_directory(work, organisation_id)
    able = colleagues(directory, swap.person_id, swap.department_id)
    if swap.to_person not in (None, person) or person not in able:
        raise NotFound("There is no such swap for you.")
    if not _is_free(directory, swap, person):
        raise Conflict("You work or are away in that time already.")
    taken = replace(swap, state="accepted", taken_by=person, taken_at=work.now)
    proposal = await _proposed(proposed, taken)
    department = directory.departments.get(swap.department_id) if swap.department_id else None
    wanted = department.swaps_approved if department else _any_approves(directory, swap.person_id)
    if wanted or await costs_of(proposed, proposal):
        await _keep(work, taken)
        for manager in approvers(directory, person):
            await _tell(work, taken, manager, "swap:waits", person)
        await _tell(work, taken, swap.person_id, "swap:accepted", person)
        return taken
    await keep(proposed, proposal)
    done = replace(taken, state="done", settled_at=work.now)
    await _keep(work, done)
    await _tell(work, done, swap.person_id, "swap:done", person)
    return done


def _any_approves(directory: Directory, person: UUID) -> bool:
    """Whether a shift for no department in particular is for one that wants a manager's word."""
    return any(directory.departments[each].swaps_approved for each in directory.memberships[person].departments)


async def _proposed(work: Work, swap: Swap) -> Proposal:
    assert swap.taken_by is not None
    return await propose_handing(
        work, swap.organisation_id, swap.person_id, swap.taken_by, swap.department_id, swap.starts_at, swap.ends_at
    )


async def settle_swap(
    work: Work, organisation_id: UUID, swap_id: UUID, *, approve: bool, knowingly: bool = False
) -> Swap:
    """A manager's word on a swap that waits: it is made so, or refused; both people are told.

    Raises NotFound, Conflict, and RotaCosts for one that leaves something behind, unless `knowingly`.
    """
    work.permit(organisation_id, Permission.ROTA_EDIT)
    swap = await _found(work, organisation_id, swap_id, ("accepted",))
    if approve:
        await keep(work, await _proposed(work, swap), knowingly=knowingly)
    settled = replace(
        swap, state="done" if approve else "refused", settled_at=work.now, settled_by=work.actor.person_id
    )
    await _keep(work, settled)
    for person in (swap.person_id, swap.taken_by):
        if person and person != work.actor.person_id:
            await _tell(work, settled, person, f"swap:{settled.state}", work.actor.person_id)
    return settled


async def decline_swap(work: Work, organisation_id: UUID, swap_id: UUID) -> Swap:
    """Say no to a shift that was offered to oneself. Raises NotFound, Conflict."""
    person = oneself(work, organisation_id)
    swap = await _found(work, organisation_id, swap_id, ("offered",))
    if swap.to_person != person:
        raise NotFound("There is no such swap for you.")
    declined = replace(swap, state="declined", settled_at=work.now, settled_by=person)
    await _keep(work, declined)
    await _tell(work, declined, swap.person_id, "swap:declined", person)
    return declined


async def withdraw_swap(work: Work, organisation_id: UUID, swap_id: UUID) -> Swap:
    """Take an offer back before it is done. Raises NotFound for another's, Conflict."""
    person = oneself(work, organisation_id)
    swap = await _found(work, organisation_id, swap_id, ("offered", "accepted"))
    if swap.person_id != person:
        raise NotFound("There is no such swap of yours.")
    withdrawn = replace(swap, state="withdrawn", settled_at=work.now, settled_by=person)
    await _keep(work, withdrawn)
    if told := swap.taken_by or swap.to_person:
        await _tell(work, withdrawn, told, "swap:withdrawn", person)
    return withdrawn


async def _keep(work: Work, swap: Swap) -> None:
    await store.update_swap(work, swap)
    _record(work, swap)


def _record(work: Work, swap: Swap) -> None:
    work.record(
        f"swap.{swap.state}",
        swap.organisation_id,
        subject_id=swap.id,
        person=swap.person_id,
        to=swap.taken_by or swap.to_person,
        starts_at=swap.starts_at,
        ends_at=swap.ends_at,
    )


async def _tell(work: Work, swap: Swap, person: UUID, kind: str, other: UUID | None) -> None:
    await notify(work, swap.organisation_id, person, kind, None, other=other, subject=swap.id)
