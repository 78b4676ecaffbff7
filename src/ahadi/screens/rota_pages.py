"""The rota: a department's week, and one's own shifts, absences, swaps and calendar."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import rota
from ahadi.base.errors import AhadiError
from ahadi.base.ids import uuid7
from ahadi.directory import Department, Directory, Permission, called_for, on_call_spans
from ahadi.directory.spans import minus
from ahadi.platform.database import Actor
from ahadi.platform.web import Router, database_of, needs, organisation_of
from ahadi.rota import Swap
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import screens_of
from ahadi.screens.rota_week import monday_of, week_of

router = Router(include_in_schema=False)
AHEAD = timedelta(days=14)


def place_of(frame: Frame, organisation: UUID | None, department: str | None) -> tuple[Directory, Department | None]:
    """The organisation and department that a page is about: as named, else where the reader belongs, else the first."""
    person = frame.actor.person_id
    there = [organisation] if organisation else sorted(frame.directories, key=lambda o: o not in frame.departments)
    directory = frame.directories[there[0]]
    open_ones = [each for each in directory.departments.values() if each.active]
    if department:
        return directory, directory.department(department)
    membership = directory.memberships.get(person) if person else None
    own = membership.departments if membership else frozenset()
    return directory, min(open_ones, key=lambda each: (each.id not in own, each.position), default=None)


def day_named(text: str | None, frame: Frame) -> date:
    """A day written `2026-11-24`; today on the reader's clock for anything else."""
    try:
        found = date.fromisoformat(text or "")
        if 1971 < found.year < 2199:
            return found
    except ValueError:
        pass
    return frame.reader.local(frame.reader.now).date()


@router.get("/rota")
async def get_rota(
    request: Request,
    organisation: str | None = None,
    department: str | None = None,
    week: str | None = None,
    actor: Actor = needs(Permission.DIRECTORY_READ),
) -> Response:
    """A department's week: who works when, who is away, who is called, and what nobody covers."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        named = await organisation_of(request, work, organisation) if organisation else None
        directory, found = place_of(frame, named, department)
        here = directory.organisation.id
        frame = frame.at(here)
        edits = frame.may(Permission.ROTA_EDIT, here)
        asked = await rota.leave_asked(work, [here]) if edits else []
        swaps = await rota.swaps_open(work, [here], work.now)
        now = work.now
    monday = monday_of(day_named(week, frame))
    return screens_of(request).page(
        request,
        frame.reader,
        "rota/week.html",
        frame=frame,
        directory=directory,
        department=found,
        week=week_of(directory, found.id, monday, frame.reader.zone.key, now) if found else None,
        monday=monday,
        this_monday=monday_of(day_named(None, frame)),
        edits=edits,
        me=actor.person_id,
        asked=asked,
        waiting=[each for each in swaps if each.state == "accepted"] if edits else [],
        address=week_address(directory, found, monday),
        step=timedelta(days=7),
        key=uuid7().hex,
    )


def week_address(directory: Directory, department: Department | None, monday: date) -> str:
    """The page of a department's week."""
    part = f"&department={department.slug}" if department else ""
    return f"/rota?organisation={directory.organisation.slug}{part}&week={monday}"


# One's own ------------------------------------------------------------------------------------------------------


@router.get("/rota/mine")
async def get_mine(request: Request, actor: Actor = needs(Permission.ROTA_OWN)) -> Response:
    """One's own shifts of the next two weeks, what one asked for and was offered, and one's calendar."""
    return await mine(request, actor)


async def mine(request: Request, actor: Actor, problem: AhadiError | None = None, feed: str | None = None) -> Response:
    """The page of one's own; `feed` is the address of one's calendar, shown once."""
    person = actor.person_id or UUID(int=0)
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        organisations = list(frame.directories)
        requests = await rota.leave_of(work, organisations, person)
        open_swaps = await rota.swaps_open(work, organisations, work.now)
        own = await rota.swaps_of(work, organisations, person)
        made_at = await rota.feed_made_at(work, person)
        now = work.now
    for_me = [each for each in open_swaps if _is_for_me(frame, each, person, now)]
    return screens_of(request).page(
        request,
        frame.reader,
        "rota/mine.html",
        status=problem.status if problem else 200,
        frame=frame,
        days=_days(frame, person, now),
        requests=requests,
        offered=for_me,
        own=own,
        feed=feed,
        feed_made_at=made_at,
        problem=problem,
        key=uuid7().hex,
    )


def _is_for_me(frame: Frame, swap: Swap, person: UUID, now: datetime) -> bool:
    directory = frame.directories[swap.organisation_id]
    return rota.may_accept(directory, swap, person, now) or (swap.state == "offered" and swap.to_person == person)


def _days(frame: Frame, person: UUID, now: datetime) -> list[tuple[datetime, list[dict[str, Any]]]]:
    """The days on which a person works or is called, with what of each organisation."""
    found: dict[date, list[dict[str, Any]]] = {}
    for id_, directory in frame.directories.items():
        away = directory.rota.absences(person)
        for piece in directory.rota.pieces(person, now, now + AHEAD):
            department = directory.departments.get(piece.department_id) if piece.department_id else None
            row = {
                "organisation_id": id_,
                "department": department,
                "piece": piece,
                "start": piece.start,
                "end": piece.end,
                "away": not minus([(piece.start, piece.end)], away),
                "call": False,
            }
            found.setdefault(frame.reader.local(piece.start).date(), []).append(row)
        for each in directory.departments.values():
            if each.active and person in called_for(directory, each.id):
                for start, end in minus(on_call_spans(directory, each.id, now, now + AHEAD), away):
                    row = {"organisation_id": id_, "department": each, "piece": None, "start": start, "end": end,
                           "away": False, "call": True}  # fmt: skip
                    found.setdefault(frame.reader.local(start).date(), []).append(row)
    return [
        (rows[0]["start"], sorted(rows, key=lambda row: (row["start"], row["call"])))
        for _, rows in sorted(found.items())
    ]
