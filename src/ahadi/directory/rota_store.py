"""The SQL that changes shifts, absences and on-call chains."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.directory.model import Absence, ExtraShift, ShiftCut, ShiftPattern
from ahadi.platform.database import Work


async def add_patterns(work: Work, patterns: Sequence[ShiftPattern]) -> None:
    """Shifts that come again."""
    await work.many(
        "insert into shift_pattern (organisation_id, id, person_id, department_id, hours, valid_from, valid_until)"
        " values (%(organisation_id)s, %(id)s, %(person_id)s, %(department_id)s, %(hours)s, %(valid_from)s,"
        " %(valid_until)s)",
        [
            {
                "organisation_id": each.organisation_id,
                "id": each.id,
                "person_id": each.person_id,
                "department_id": each.department_id,
                "hours": each.hours,
                "valid_from": each.valid_from,
                "valid_until": each.valid_until,
            }
            for each in patterns
        ],
    )


async def remove_patterns(work: Work, organisation_id: UUID, pattern_ids: Sequence[UUID]) -> None:
    """Patterns are what will be, so nothing of the past is lost with one: what was worked is in the journal."""
    await work.execute(
        "delete from shift_pattern where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(pattern_ids)},
    )


async def add_shift(work: Work, shift: ExtraShift) -> None:
    """One shift outside the patterns."""
    await work.execute(
        "insert into shift (organisation_id, id, person_id, department_id, starts_at, ends_at) values"
        " (%(organisation_id)s, %(id)s, %(person_id)s, %(department_id)s, %(starts_at)s, %(ends_at)s)",
        {
            "organisation_id": shift.organisation_id,
            "id": shift.id,
            "person_id": shift.person_id,
            "department_id": shift.department_id,
            "starts_at": shift.starts_at,
            "ends_at": shift.ends_at,
        },
    )


async def remove_shift(work: Work, organisation_id: UUID, shift_id: UUID) -> None:
    await work.execute(
        "delete from shift where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": shift_id},
    )


async def add_cuts(work: Work, cuts: Sequence[ShiftCut]) -> None:
    """Times in which patterns do not hold."""
    for each in cuts:
        work.put("shift_cut", {name: getattr(each, name) for name in ShiftCut.__dataclass_fields__})


async def remove_cuts(work: Work, organisation_id: UUID, cut_ids: Sequence[UUID]) -> None:
    await work.execute(
        "delete from shift_cut where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(cut_ids)},
    )


async def add_shifts(work: Work, shifts: Sequence[ExtraShift]) -> None:
    """Shifts outside the patterns."""
    for each in shifts:
        work.put("shift", {name: getattr(each, name) for name in ExtraShift.__dataclass_fields__})


async def remove_shifts(work: Work, organisation_id: UUID, shift_ids: Sequence[UUID]) -> None:
    await work.execute(
        "delete from shift where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(shift_ids)},
    )


async def add_absences(work: Work, absences: Sequence[Absence]) -> None:
    """Times in which somebody cannot be reached."""
    await work.many(
        "insert into absence (organisation_id, id, person_id, starts_at, ends_at, kind) values"
        " (%(organisation_id)s, %(id)s, %(person_id)s, %(starts_at)s, %(ends_at)s, %(kind)s)",
        [
            {
                "organisation_id": each.organisation_id,
                "id": each.id,
                "person_id": each.person_id,
                "starts_at": each.starts_at,
                "ends_at": each.ends_at,
                "kind": each.kind,
            }
            for each in absences
        ],
    )


async def end_absence(work: Work, organisation_id: UUID, absence_id: UUID, ends_at: datetime) -> None:
    """An absence ends earlier, or never was: one that has not begun by then is removed."""
    where = {"organisation_id": organisation_id, "id": absence_id, "ends_at": ends_at}
    await work.execute(
        "delete from absence where organisation_id = %(organisation_id)s and id = %(id)s and starts_at >= %(ends_at)s",
        where,
    )
    await work.execute(
        "update absence set ends_at = %(ends_at)s where organisation_id = %(organisation_id)s and id = %(id)s"
        " and ends_at > %(ends_at)s",
        where,
    )


async def put_chain(work: Work, organisation_id: UUID, department_id: UUID | None, people: Sequence[UUID]) -> None:
    """Who is called, in this order, for a department; without one, for the organisation."""
    await work.execute(
        "delete from on_call where organisation_id = %(organisation_id)s"
        " and department_id is not distinct from %(department_id)s",
        {"organisation_id": organisation_id, "department_id": department_id},
    )
    await work.many(
        "insert into on_call (organisation_id, id, department_id, position, person_id) values (%(organisation_id)s,"
        " %(id)s, %(department_id)s, %(position)s, %(person_id)s)",
        [
            {
                "organisation_id": organisation_id,
                "id": uuid7(),
                "department_id": department_id,
                "position": position,
                "person_id": person_id,
            }
            for position, person_id in enumerate(people, 1)
        ],
    )
