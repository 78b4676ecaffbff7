"""Changes of the rota in two steps: proposed, so that what they cost can be told, and kept.

A proposal is made on the locked directory and kept in the same transaction, so nothing changes in between.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.base.errors import NotFound
from ahadi.directory import proposal as pure
from ahadi.directory import rota_store
from ahadi.directory.changing import changed, in_use, people_named, to_change
from ahadi.directory.model import ShiftPattern
from ahadi.directory.permissions import Permission
from ahadi.directory.proposal import Proposal
from ahadi.directory.rota_actions import absence_of, pattern_of, worked_for
from ahadi.directory.snapshot import Directory
from ahadi.platform.database import Work

Row = TypeVar("Row")


async def propose_shift(
    work: Work,
    organisation_id: UUID,
    person: str | UUID,
    starts_at: datetime,
    ends_at: datetime,
    department: str | UUID | None = None,
) -> Proposal:
    """One more single shift. Locks the directory. Raises Invalid, Conflict."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    [person_id] = people_named(directory, [person])
    department_id = worked_for(directory, person_id, department)
    after = pure.with_shift(directory, person_id, department_id, starts_at, ends_at)
    facts = {"starts_at": utc(starts_at), "ends_at": utc(ends_at)}
    return Proposal(directory, after, "shift.added", person_id, facts)


async def propose_move(
    work: Work,
    organisation_id: UUID,
    source_id: UUID,
    at: datetime | None,
    starts_at: datetime,
    ends_at: datetime,
    person: str | UUID | None = None,
    department: str | UUID | None = None,
) -> Proposal:
    """A shift at another time, of another length, or worked by somebody else; `at` is when one of a pattern began.

    The department stays where none is named. Locks the directory. Raises NotFound, Invalid, Conflict.
    """
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    piece = pure.piece_of(directory, source_id, at)
    person_id = people_named(directory, [person])[0] if person else piece.person_id
    department_id = worked_for(directory, person_id, department or piece.department_id)
    after = pure.moved(directory, piece, person_id, department_id, starts_at, ends_at)
    facts = {"was": piece.person_id, "from": piece.start, "starts_at": utc(starts_at), "ends_at": utc(ends_at)}
    return Proposal(directory, after, "shift.moved", person_id, facts)


async def propose_off(work: Work, organisation_id: UUID, source_id: UUID, at: datetime | None) -> Proposal:
    """One shift less: a single one, or that of a pattern that began `at`. Locks the directory. Raises NotFound."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    piece = pure.piece_of(directory, source_id, at)
    facts = {"starts_at": piece.start, "ends_at": piece.end}
    return Proposal(directory, pure.without(directory, piece), "shift.taken_off", piece.person_id, facts)


async def propose_copy(
    work: Work, organisation_id: UUID, department: str | UUID, start: datetime, zone: str
) -> tuple[Proposal, int, int]:
    """A department's week, beginning at `start`, once more a week later: single shifts, and what was cut out.

    With how many shifts are copied, and how many are not because their people have one there already.
    """
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    found = in_use(directory.department(department))
    end = start + timedelta(days=7)
    after, copied, left = pure.week_copied(directory, directory.members(found.id), start, end, zone)
    facts = {"starts_at": utc(start), "shifts": copied}
    return Proposal(directory, after, "week.copied", found.id, facts), copied, left


async def propose_absence(
    work: Work, organisation_id: UUID, person: str | UUID, starts_at: datetime | None, ends_at: datetime, kind: str
) -> Proposal:
    """Somebody cannot be reached from a moment, or from now, until another. Locks the directory. Raises Invalid."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    [person_id] = people_named(directory, [person])
    absence = absence_of(work, organisation_id, person_id, starts_at, ends_at, kind)
    facts = {"absence": absence.id, "starts_at": absence.starts_at, "ends_at": absence.ends_at}
    return Proposal(directory, pure.absent(directory, absence), "absence.added", person_id, facts)


async def propose_handing(
    work: Work,
    organisation_id: UUID,
    giver: UUID,
    taker: UUID,
    department_id: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
) -> Proposal:
    """A colleague works a time of somebody's shift instead. Locks the directory. Raises Invalid, Conflict."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    people_named(directory, [giver, taker])
    worked_for(directory, taker, department_id)
    after = pure.handed(directory, giver, taker, department_id, starts_at, ends_at)
    facts = {"from": giver, "starts_at": utc(starts_at), "ends_at": utc(ends_at)}
    return Proposal(directory, after, "shift.handed_over", taker, facts)


async def propose_pattern(
    work: Work,
    organisation_id: UUID,
    person: str | UUID,
    hours: str,
    department: str | UUID | None,
    first: date,
    last: date | None = None,
    *,
    instead_of: UUID | None = None,
) -> Proposal:
    """Shifts that come again, as opening hours such as `Mo-Fr 08:00-16:00`; both days included.

    They may take the place of others from their first day on. Locks the directory. Raises NotFound, Invalid.
    """
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    made = pattern_of(directory, person, hours, department, first, last)
    after, kind = directory, "shift.pattern_added"
    if instead_of:
        after = pure.pattern_ended(after, _pattern(directory, instead_of), first - timedelta(days=1))
        kind = "shift.pattern_changed"
    after = replace(after, patterns=(*after.patterns, made))
    return Proposal(directory, after, kind, made.person_id, {"pattern": made.id, "from": first})


async def propose_pattern_end(work: Work, organisation_id: UUID, pattern_id: UUID, last: date) -> Proposal:
    """Shifts that come again do so until a last day, and no longer. Locks the directory. Raises NotFound."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    found = _pattern(directory, pattern_id)
    after = pure.pattern_ended(directory, found, last)
    return Proposal(directory, after, "shift.pattern_removed", found.person_id, {"pattern": pattern_id, "until": last})


def _pattern(directory: Directory, pattern_id: UUID) -> ShiftPattern:
    for each in directory.patterns:
        if each.id == pattern_id:
            return each
    raise NotFound("There is no such shift any more; somebody changed the week meanwhile.")


async def keep_proposal(work: Work, proposal: Proposal) -> bool:
    """Make a proposal so. Call it in the transaction that made the proposal; False when it changes nothing."""
    if not proposal.changes:
        return False
    organisation_id = proposal.before.organisation.id
    work.permit(organisation_id, Permission.ROTA_EDIT)
    gone, made = _apart(proposal.before.extra_shifts, proposal.after.extra_shifts)
    await rota_store.remove_shifts(work, organisation_id, [each.id for each in gone])
    await rota_store.add_shifts(work, made)
    patterns_gone, patterns_made = _apart(proposal.before.patterns, proposal.after.patterns)
    if patterns_gone:
        await rota_store.remove_patterns(work, organisation_id, [each.id for each in patterns_gone])
    if patterns_made:
        await rota_store.add_patterns(work, patterns_made)
    cuts_gone, cuts_made = _apart(proposal.before.cuts, proposal.after.cuts)
    if cuts_gone:
        await rota_store.remove_cuts(work, organisation_id, [each.id for each in cuts_gone])
    await rota_store.add_cuts(work, cuts_made)
    _, absences = _apart(proposal.before.absences, proposal.after.absences)
    await rota_store.add_absences(work, absences)
    await work.flush()
    await changed(work, organisation_id, proposal.kind, proposal.subject, **proposal.facts)
    return True


def _apart(before: tuple[Row, ...], after: tuple[Row, ...]) -> tuple[list[Row], list[Row]]:
    """What is gone, and what was made."""
    return [each for each in before if each not in after], [each for each in after if each not in before]
