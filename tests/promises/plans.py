"""A directory made of values: departments, people and their shifts, without a database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.directory import (
    Bookings,
    Capacity,
    Department,
    Directory,
    Membership,
    Organisation,
    Person,
    PromiseDefault,
    Role,
    Settings,
    Within,
)
from ahadi.directory.model import Absence, ShiftPattern

HOME = UUID(int=1)
CARE = UUID(int=2)


def somebody(number: int) -> UUID:
    return UUID(int=100 + number)


def a_directory(
    shifts: Mapping[int, str],
    *,
    zone: str = "Africa/Nairobi",
    country: str = "KE",
    hours: str = "24/7",
    capacity: Capacity | None = None,
    absences: Sequence[tuple[int, datetime, datetime]] = (),
    roles: Mapping[int, str] | None = None,
) -> Directory:
    """One department, care, with people by number on the shifts given (opening hours; empty for none)."""
    capacity = capacity or Capacity()
    organisation = Organisation(
        id=HOME, slug="power", name="Power", prefix="PW", zone=zone, country=country, subdivision=None,
        languages=("en", "sw"), manager_id=None, default_department_id=CARE,
        settings=Settings(bookings=Bookings(usual=capacity)), version=1,
    )  # fmt: skip
    care = Department(
        organisation_id=HOME, id=CARE, slug="care", names={"en": "Care"}, hours=hours, phone=None, email=None,
        manager_id=None, promise=PromiseDefault("update", Within(8, "h")), position=0, active=True,
    )  # fmt: skip
    people = {
        somebody(n): Person(
            id=somebody(n), slug=f"p{n}", name=f"Person {n}", email=f"p{n}@x.example", language="en", active=True
        )
        for n in shifts
    }
    members = {
        somebody(n): Membership(
            organisation_id=HOME, person_id=somebody(n), roles=frozenset({Role((roles or {}).get(n, "agent"))}),
            departments=frozenset({CARE}), skills=frozenset(), languages=frozenset({"en"}), active=True,
        )
        for n in shifts
    }  # fmt: skip
    patterns = tuple(
        ShiftPattern(
            organisation_id=HOME, id=uuid7(), person_id=somebody(n), department_id=None, hours=worked,
            valid_from=None, valid_until=None,
        )
        for n, worked in shifts.items()
        if worked
    )  # fmt: skip
    away = tuple(
        Absence(organisation_id=HOME, id=uuid7(), person_id=somebody(n), starts_at=start, ends_at=end)
        for n, start, end in absences
    )
    return Directory(
        organisation=organisation, people=people, memberships=members, departments={CARE: care}, reasons={},
        patterns=patterns, extra_shifts=(), absences=away, on_call=(),
    )  # fmt: skip
