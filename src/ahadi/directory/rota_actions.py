"""What people change of the rota: shifts that come again, single shifts, absences, and who is called."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import rota_store
from ahadi.directory.changing import changed, department_named, in_use, known, people_named, to_change
from ahadi.directory.model import Absence, ExtraShift, ShiftPattern
from ahadi.directory.permissions import Permission
from ahadi.directory.snapshot import Directory
from ahadi.platform.database import Work

ABSENCES: Final = ("absent", "leave", "sick", "training")
LONGEST_SHIFT: Final = timedelta(hours=24)
LONGEST_ABSENCE: Final = timedelta(days=3 * 366)


async def add_pattern(
    work: Work,
    organisation_id: UUID,
    person: str | UUID,
    hours: str,
    department: str | UUID | None = None,
    *,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> ShiftPattern:
    """Give somebody shifts that come again, as opening hours such as `Mo-Fr 08:00-16:00`; both days included."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    pattern = pattern_of(directory, person, hours, department, valid_from, valid_until)
    await rota_store.add_patterns(work, [pattern])
    await changed(work, organisation_id, "shift.pattern_added", pattern.person_id, pattern=pattern.id)
    return pattern


def pattern_of(
    directory: Directory,
    person: str | UUID,
    hours: str,
    department: str | UUID | None,
    valid_from: date | None,
    valid_until: date | None,
) -> ShiftPattern:
    """Shifts that come again. Raises Invalid for hours that cannot be read, and for an end before the beginning."""
    [person_id] = people_named(directory, [person])
    directory.organisation.hours(hours)
    if valid_from and valid_until and valid_until < valid_from:
        raise Invalid("These shifts end before they begin; choose a later last day.")
    return ShiftPattern(
        organisation_id=directory.organisation.id,
        id=uuid7(),
        person_id=person_id,
        department_id=worked_for(directory, person_id, department),
        hours=hours,
        valid_from=valid_from,
        valid_until=valid_until,
    )


async def add_shift(
    work: Work,
    organisation_id: UUID,
    person: str | UUID,
    starts_at: datetime,
    ends_at: datetime,
    department: str | UUID | None = None,
) -> ExtraShift:
    """Give somebody one shift outside their patterns. Raises Conflict when they have one in that time already."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    [person_id] = people_named(directory, [person])
    start, end = utc(starts_at), utc(ends_at)
    if not timedelta(0) < end - start <= LONGEST_SHIFT:
        raise Invalid("A shift ends after it begins, and within a day.")
    if any(e.person_id == person_id and e.starts_at < end and start < e.ends_at for e in directory.extra_shifts):
        raise Conflict("They have a single shift in that time already; remove that one first.")
    shift = ExtraShift(
        organisation_id=organisation_id,
        id=uuid7(),
        person_id=person_id,
        department_id=worked_for(directory, person_id, department),
        starts_at=start,
        ends_at=end,
    )
    await rota_store.add_shift(work, shift)
    await changed(work, organisation_id, "shift.added", person_id, shift=shift.id, starts_at=start, ends_at=end)
    return shift


def worked_for(directory: Directory, person_id: UUID, department: str | UUID | None) -> UUID | None:
    """The department of a shift, or None for all of the person's. Raises Invalid where they are no member."""
    if department is None:
        return None
    found = in_use(directory.department(department))
    if found.id not in directory.memberships[person_id].departments:
        raise Invalid(f"They are no member of {found.slug}; make them one, or name no department.")
    return found.id


async def remove_shift(work: Work, organisation_id: UUID, shift_id: UUID) -> None:
    """Take a pattern or a single shift off the rota. Raises NotFound."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    for pattern in directory.patterns:
        if pattern.id == shift_id:
            await rota_store.remove_patterns(work, organisation_id, [shift_id])
            return await changed(work, organisation_id, "shift.pattern_removed", pattern.person_id, pattern=shift_id)
    for shift in directory.extra_shifts:
        if shift.id == shift_id:
            await rota_store.remove_shift(work, organisation_id, shift_id)
            return await changed(work, organisation_id, "shift.removed", shift.person_id, shift=shift_id)
    raise NotFound("There is no such shift in this organisation.")


# Absences -------------------------------------------------------------------------------------------------------


async def mark_absent(
    work: Work,
    organisation_id: UUID,
    person: str | UUID,
    starts_at: datetime | None,
    ends_at: datetime,
    kind: str = "absent",
) -> Absence:
    """Say that somebody cannot be reached from a moment, or from now, until another.

    What they promised for that time is passed on by the watch, within seconds when it begins now.
    """
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    [person_id] = people_named(directory, [person])
    absence = absence_of(work, organisation_id, person_id, starts_at, ends_at, kind)
    await rota_store.add_absences(work, [absence])
    told = {"absence": absence.id, "starts_at": absence.starts_at, "ends_at": absence.ends_at}
    await changed(work, organisation_id, "absence.added", person_id, **told)
    return absence


def absence_of(
    work: Work, organisation_id: UUID, person_id: UUID, starts_at: datetime | None, ends_at: datetime, kind: str
) -> Absence:
    """An absence as it may be entered or asked for. Raises Invalid."""
    known([kind], ABSENCES, "kind of absence")
    start, end = utc(starts_at or work.now), utc(ends_at)
    if not timedelta(0) < end - start <= LONGEST_ABSENCE:
        raise Invalid("An absence ends after it begins, and within three years; deactivate who is gone for ever.")
    if end <= work.now:
        raise Invalid("That absence is over already.")
    return Absence(
        organisation_id=organisation_id, id=uuid7(), person_id=person_id, starts_at=start, ends_at=end, kind=kind
    )


async def end_absence(
    work: Work, organisation_id: UUID, absence_id: UUID, ends_at: datetime | None = None
) -> Absence | None:
    """Somebody is back at a moment, or now; None is left of an absence that would not have begun by then.

    Raises NotFound, and Conflict for one that is over.
    """
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    absence = next((each for each in directory.absences if each.id == absence_id), None)
    if absence is None:
        raise NotFound("There is no such absence in this organisation.")
    end = max(utc(ends_at), work.now) if ends_at else work.now
    if absence.ends_at <= work.now:
        raise Conflict("That absence is over already.")
    if end >= absence.ends_at:
        raise Invalid("That is not before the absence ends anyway; to make it longer, mark a further one.")
    await rota_store.end_absence(work, organisation_id, absence_id, end)
    await changed(work, organisation_id, "absence.ended", absence.person_id, absence=absence_id, ends_at=end)
    if absence.starts_at >= end:
        return None
    return Absence(
        organisation_id=organisation_id,
        id=absence_id,
        person_id=absence.person_id,
        starts_at=absence.starts_at,
        ends_at=end,
        kind=absence.kind,
    )


# On call --------------------------------------------------------------------------------------------------------


async def put_chain(
    work: Work, organisation_id: UUID, department: str | UUID | None, people: Sequence[str | UUID]
) -> tuple[UUID, ...]:
    """Say who is called, in this order, when nobody of a department is on shift; without one, when its chain ends."""
    directory = await to_change(work, organisation_id, Permission.ROTA_EDIT)
    department_id = in_use(department_named(directory, department)).id if department is not None else None
    wanted = people_named(directory, people)
    entries = sorted(directory.on_call, key=lambda each: each.position)
    if wanted != [each.person_id for each in entries if each.department_id == department_id]:
        await rota_store.put_chain(work, organisation_id, department_id, wanted)
        await changed(work, organisation_id, "on_call.changed", department_id, people=wanted)
    return tuple(wanted)
