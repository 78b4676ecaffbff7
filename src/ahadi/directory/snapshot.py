"""An organisation's whole directory at one moment: read once, kept until something in it changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid, NotFound
from ahadi.directory import store
from ahadi.directory.coverage import Claim, Uncovered, uncovered
from ahadi.directory.expression import public_holidays
from ahadi.directory.hours import Hours
from ahadi.directory.model import (
    Absence,
    Department,
    ExtraShift,
    Membership,
    OnCallEntry,
    Organisation,
    Person,
    PromiseDefault,
    Reason,
    ShiftCut,
    ShiftPattern,
)
from ahadi.directory.rota import Rota
from ahadi.directory.within import Within
from ahadi.platform.database import Answer, Work


@dataclass(frozen=True)
class Directory:
    """Everything an organisation says of itself. Immutable; presence is not in it, as it changes all the time."""

    organisation: Organisation
    people: Mapping[UUID, Person]
    memberships: Mapping[UUID, Membership]
    departments: Mapping[UUID, Department]
    reasons: Mapping[str, Reason]
    patterns: tuple[ShiftPattern, ...]
    extra_shifts: tuple[ExtraShift, ...]
    absences: tuple[Absence, ...]
    on_call: tuple[OnCallEntry, ...]
    cuts: tuple[ShiftCut, ...] = ()

    def person(self, key: str | UUID) -> Person:
        """A person of this organisation by id or slug. Raises Invalid naming what was not found."""
        for each in self.people.values():
            if key in (each.id, each.slug) or str(each.id) == key:
                return each
        raise Invalid(f"Nobody here is called {key!r}; name a person by id or short name.", person=str(key))

    def department(self, key: str | UUID) -> Department:
        """A department by id or slug. Raises Invalid naming what was not found."""
        for each in self.departments.values():
            if key in (each.id, each.slug) or str(each.id) == key:
                return each
        raise Invalid(f"There is no department {key!r}; name one by id or short name.", department=str(key))

    def serves(self, person_id: UUID | None) -> bool:
        """Whether somebody is active and works for this organisation."""
        person, membership = self.people.get(person_id or _NOBODY), self.memberships.get(person_id or _NOBODY)
        return bool(person and person.active and membership and membership.active)

    def members(self, department_id: UUID) -> tuple[UUID, ...]:
        """Active people of a department."""
        held = (m.person_id for m in self.memberships.values() if department_id in m.departments)
        return tuple(sorted(each for each in held if self.serves(each)))

    def chain(self, department_id: UUID | None) -> tuple[UUID, ...]:
        """Who answers for a department, in order: its on-call chain and manager, then the organisation's.

        Active people only, each once; empty only where nobody at all is left.
        """
        entries = sorted(self.on_call, key=lambda each: each.position)
        department = self.departments.get(department_id or _NOBODY)
        people = [each.person_id for each in entries if department_id and each.department_id == department_id]
        people += [department.manager_id] if department and department.manager_id else []
        people += [each.person_id for each in entries if each.department_id is None]
        people += [self.organisation.manager_id] if self.organisation.manager_id else []
        return tuple(dict.fromkeys(each for each in people if self.serves(each)))

    def works_shifts(self, person_id: UUID) -> bool:
        """Whether the rota says anything of a person."""
        return any(each.person_id == person_id for each in self.patterns) or any(
            each.person_id == person_id for each in self.extra_shifts
        )

    @cached_property
    def rota(self) -> Rota:
        """Everybody's shifts."""
        place = self.organisation
        return Rota(
            self.patterns,
            self.extra_shifts,
            self.absences,
            zone=place.zone,
            country=place.country,
            subdivision=place.subdivision,
            cuts=self.cuts,
        )

    def uncovered(self, start: datetime, end: datetime) -> list[Uncovered]:
        """Every time in which a department says it is open and nobody can be reached; see `coverage.uncovered`."""
        claims = [Claim(each, self.hours_of(each.id)) for each in self.departments.values()]
        active = [each for each in self.people if self.serves(each)]
        return uncovered(claims, self.rota, self.memberships, self.on_call, active, start, end)

    @cached_property
    def _hours(self) -> dict[str, Hours]:
        return {}

    def hours_of(self, department_id: UUID | None) -> Hours:
        """When a department is open; always, where there is none."""
        department = self.departments.get(department_id or _NOBODY)
        expression = department.hours if department else "24/7"
        if expression not in self._hours:
            self._hours[expression] = self.organisation.hours(expression)
        return self._hours[expression]

    def is_public_holiday(self, at: datetime) -> bool:
        """Whether it is a public holiday at the organisation's place."""
        place = self.organisation
        day = at.astimezone(ZoneInfo(place.zone)).date()
        return day in public_holidays(place.country, place.subdivision, day.year)

    def default_promise(self, department_id: UUID | None, reason: str | None = None) -> PromiseDefault:
        """What is promised first: as the reason says, else the department, else the organisation's update."""
        known = self.reasons.get(reason or "")
        if known and known.promise:
            return known.promise
        department = self.departments.get(department_id or _NOBODY)
        return department.promise if department else self.organisation.settings.promise("update")

    def due(self, within: Within, department_id: UUID | None, at: datetime) -> datetime:
        """When something promised `within` that time by a department falls due."""
        return within.due(at, self.hours_of(department_id))

    def name_of(self, id_: UUID | None, language: str = "en") -> str:
        """A person's or department's name; empty when unknown."""
        person, department = self.people.get(id_ or _NOBODY), self.departments.get(id_ or _NOBODY)
        return person.name if person else department.name(language) if department else ""


_NOBODY = UUID(int=0)
_kept: dict[UUID, Directory] = {}


async def directory_at(work: Work, organisation_id: UUID, version: int) -> Directory:
    """The directory in a version that was read along with something else; asks nothing when it is kept."""
    kept = _kept.get(organisation_id)
    if kept is not None and kept.organisation.version == version and organisation_id in work.actor.grants:
        return kept
    return await read_directory(work, organisation_id)


async def read_directory(work: Work, organisation_id: UUID) -> Directory:
    """The directory of an organisation among the actor's: kept in memory, read anew when its version grew.

    One short look-up when nothing changed. Raises NotFound for an organisation that is not the actor's.
    """
    if organisation_id not in work.actor.grants:
        raise NotFound("There is no such organisation, or you have no access to it.")
    read: Directory | None = work.kept.get(("directory", organisation_id))
    if read is not None:
        return read
    kept = _kept.get(organisation_id)
    if kept is None or kept.organisation.version != await _version(work, organisation_id):
        organisation = await store.get_organisation(work, organisation_id)
        if organisation is None:
            raise NotFound("There is no such organisation, or you have no access to it.")
        kept = _kept[organisation_id] = await _load(work, organisation)
    work.kept["directory", organisation_id] = kept
    return kept


async def ask_ahead(work: Work) -> None:
    """Send what `read_directory` asks along with what was just asked, where the actor has one organisation."""
    if len(work.actor.grants) == 1:
        organisation_id = next(iter(work.actor.grants))
        work.kept["version", organisation_id] = await store.ask_version(work, organisation_id)


async def _version(work: Work, organisation_id: UUID) -> int | None:
    asked: Answer[store.Version] | None = work.kept.pop(("version", organisation_id), None)
    found = await (asked or await store.ask_version(work, organisation_id)).one()
    return found.version if found else None


async def _load(work: Work, organisation: Organisation) -> Directory:
    id_ = organisation.id
    return Directory(
        organisation=organisation,
        people={each.id: each for each in await store.people_of(work, id_)},
        memberships={each.person_id: each for each in await store.memberships_of(work, id_)},
        departments={each.id: each for each in await store.departments_of(work, id_)},
        reasons={each.slug: each for each in await store.reasons_of(work, id_)},
        patterns=tuple(await store.patterns_of(work, id_)),
        extra_shifts=tuple(await store.extra_shifts_of(work, id_)),
        absences=tuple(await store.absences_of(work, id_)),
        on_call=tuple(await store.on_call_of(work, id_)),
        cuts=tuple(await store.cuts_of(work, id_)),
    )
