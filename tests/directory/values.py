"""Small people, departments and shifts for tests."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from ahadi.directory.model import (
    Absence,
    Department,
    ExtraShift,
    Membership,
    OnCallEntry,
    PromiseDefault,
    ShiftPattern,
)
from ahadi.directory.permissions import Role
from ahadi.directory.rota import Rota
from ahadi.directory.within import Within

NAIROBI, BERLIN = "Africa/Nairobi", "Europe/Berlin"
ORGANISATION = UUID(int=1)


def named(name: str) -> UUID:
    """The id of whoever or whatever is called so."""
    return uuid5(ORGANISATION, name)


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    """A moment by the clock on the wall of a place, in UTC."""
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


def nairobi(*parts: int) -> datetime:
    return local(NAIROBI, *parts)


def pattern(
    person: str, hours: str, department: str | None = None, since: date | None = None, until: date | None = None
) -> ShiftPattern:
    return ShiftPattern(
        organisation_id=ORGANISATION,
        id=named(f"{person} {hours} {department} {since}"),
        person_id=named(person),
        department_id=named(department) if department else None,
        hours=hours,
        valid_from=since,
        valid_until=until,
    )


def extra(person: str, start: datetime, end: datetime, department: str | None = None) -> ExtraShift:
    return ExtraShift(
        organisation_id=ORGANISATION,
        id=named(f"{person} {start}"),
        person_id=named(person),
        department_id=named(department) if department else None,
        starts_at=start,
        ends_at=end,
    )


def absence(person: str, start: datetime, end: datetime) -> Absence:
    return Absence(
        organisation_id=ORGANISATION,
        id=named(f"{person} away {start}"),
        person_id=named(person),
        starts_at=start,
        ends_at=end,
    )


def rota(
    patterns: Iterable[ShiftPattern] = (),
    extras: Iterable[ExtraShift] = (),
    absences: Iterable[Absence] = (),
    zone: str = NAIROBI,
    country: str = "KE",
) -> Rota:
    return Rota(patterns, extras, absences, zone=zone, country=country)


def department(name: str, hours: str, *, active: bool = True) -> Department:
    return Department(
        organisation_id=ORGANISATION,
        id=named(name),
        slug=name,
        names={"en": name},
        hours=hours,
        phone=None,
        email=None,
        manager_id=None,
        promise=PromiseDefault("update", Within(4, "h")),
        position=0,
        active=active,
    )


def membership(person: str, *departments: str, active: bool = True) -> Membership:
    return Membership(
        organisation_id=ORGANISATION,
        person_id=named(person),
        roles=frozenset({Role.AGENT}),
        departments=frozenset(map(named, departments)),
        skills=frozenset(),
        languages=frozenset({"en"}),
        active=active,
    )


def on_call(person: str, department: str | None, position: int = 1) -> OnCallEntry:
    return OnCallEntry(
        organisation_id=ORGANISATION,
        department_id=named(department) if department else None,
        position=position,
        person_id=named(person),
    )
