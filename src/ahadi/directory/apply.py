"""Making an organisation what a setup file says it is: created or changed, in the transaction that is handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from ahadi.base.errors import Conflict
from ahadi.base.ids import uuid7
from ahadi.directory import change_store, rota_store, sign_in_store, store
from ahadi.directory.model import (
    Absence,
    Department,
    Membership,
    Organisation,
    Person,
    Reason,
    ShiftPattern,
)
from ahadi.directory.permissions import Permission
from ahadi.directory.setup import Change, Setup, SetupDepartment, SetupPerson, SetupReason, SetupShift, diff_setups
from ahadi.directory.setup_held import Clash, Taken, canonical, clashes, setup_of
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a setup. `newcomers` are the short names of people who were not in the installation before."""

    changes: tuple[Change, ...]
    newcomers: tuple[str, ...]


async def find_clashes(work: Work, setup: Setup) -> list[Clash]:
    """What of a setup another organisation or person of this installation has already."""
    organisation = await store.get_organisation(work, setup.organisation.slug)
    held = await read_directory(work, organisation.id) if organisation else None
    return clashes(setup, await _taken(work, setup), held)


async def _taken(work: Work, setup: Setup) -> Taken:
    addresses = [*setup.organisation.addresses, *(each for d in setup.departments for each in d.addresses)]
    return Taken(
        prefix_of=await change_store.organisation_with_prefix(work, setup.organisation.prefix),
        addresses=await change_store.owners_of_addresses(work, addresses),
        people=await change_store.people_called(
            work, [each.slug for each in setup.people], [each.email for each in setup.people]
        ),
    )


async def apply_directory(work: Work, organisation_id: UUID, setup: Setup) -> Applied:
    """Create or change the organisation, but for its rules and templates.

    Nothing is written where nothing differs. Raises Conflict for a setup that clashes with what there is: ask
    `find_clashes` first.
    """
    work.permit(organisation_id, Permission.SETTINGS_EDIT)
    await change_store.lock_organisation(work, organisation_id)
    await change_store.lock_setups(work)
    there = await store.get_organisation(work, setup.organisation.slug)
    if there is not None and there.id != organisation_id:
        raise Conflict("Somebody else made this organisation just now; apply the file again.")
    held = await read_directory(work, organisation_id) if there else None
    wanted = canonical(setup)
    taken = await _taken(work, wanted)
    found = clashes(wanted, taken, held)
    if found:
        raise Conflict(found[0].sentence)
    addresses = await change_store.addresses_of(work, organisation_id)
    current = setup_of(held, addresses, wanted) if held else None
    plain = replace(wanted, rules=(), templates=())
    changes = diff_setups(current, plain)
    known = {each.email for each in taken.people} | {each.slug for each in taken.people}
    newcomers = tuple(each.slug for each in wanted.people if each.email not in known and each.slug not in known)
    if changes:
        await _Application(work, organisation_id, plain, held, _ids_of(held, plain, taken)).apply(changes)
    return Applied(tuple(changes), newcomers)


@dataclass(frozen=True, slots=True)
class _Ids:
    """The identifiers of everybody and everything a setup names; new ones for what is new."""

    people: Mapping[str, UUID]
    departments: Mapping[str, UUID]


def _ids_of(held: Directory | None, wanted: Setup, taken: Taken) -> _Ids:
    people = {each.slug: each.id for each in taken.people}
    departments = {each.slug: each.id for each in held.departments.values()} if held else {}
    return _Ids(
        people={each.slug: people.get(each.slug) or uuid7() for each in wanted.people},
        departments={each.slug: departments.get(each.slug) or uuid7() for each in wanted.departments},
    )


@dataclass(frozen=True, slots=True)
class _Application:
    """One application of differences, in the order that references between rows ask for."""

    work: Work
    organisation_id: UUID
    wanted: Setup
    held: Directory | None
    ids: _Ids

    async def apply(self, changes: list[Change]) -> None:
        by_kind: dict[str, list[Change]] = {}
        for each in changes:
            by_kind.setdefault(each.kind, []).append(each)
        people = {each.slug: each for each in self.wanted.people}
        departments = {each.slug: each for each in self.wanted.departments}
        reasons = {each.slug: each for each in self.wanted.reasons}
        for change in by_kind.get("person", []):
            await self._person(people[change.slug])
        for change in by_kind.get("organisation", []):
            await self._organisation(change)
        for change in by_kind.get("person", []):
            await self._membership(people[change.slug], change)
        for change in by_kind.get("department", []):
            if change.action == "retire":
                await self._retire_department(change.slug)
            else:
                await self._department(departments[change.slug], change)
        for change in by_kind.get("person", []):
            await self._shifts(people[change.slug], change)
        await self._shared(by_kind)
        for change in by_kind.get("reason", []):
            await self._reason(reasons.get(change.slug), change)
        await store.raise_version(self.work, self.organisation_id)

    async def _organisation(self, change: Change) -> None:
        wanted = self.wanted.organisation
        await change_store.put_organisation(
            self.work,
            Organisation(
                id=self.organisation_id,
                slug=wanted.slug,
                name=wanted.name,
                prefix=wanted.prefix,
                zone=wanted.zone,
                country=wanted.country,
                subdivision=wanted.subdivision,
                languages=wanted.languages,
                manager_id=self.ids.people[wanted.manager],
                default_department_id=self.ids.departments[wanted.default_department],
                settings=wanted.settings,
                version=0,
            ),
        )
        if change.action == "add":
            self.work.record("organisation.created", self.organisation_id, subject_id=self.organisation_id)
        else:
            self._changed("organisation.changed", self.organisation_id, change)

    # People ------------------------------------------------------------------------------------------------------

    async def _person(self, wanted: SetupPerson) -> None:
        id_ = self.ids.people[wanted.slug]
        person = Person(
            id=id_,
            slug=wanted.slug,
            name=wanted.name,
            email=wanted.email,
            language=wanted.language,
            active=wanted.active,
        )
        await change_store.put_person(self.work, person)

    async def _membership(self, wanted: SetupPerson, change: Change) -> None:
        id_ = self.ids.people[wanted.slug]
        await change_store.put_membership(
            self.work,
            Membership(
                organisation_id=self.organisation_id,
                person_id=id_,
                roles=wanted.roles,
                departments=frozenset(),
                skills=wanted.skills,
                languages=wanted.languages,
                active=wanted.active,
            ),
        )
        if change.action == "add":
            self.work.record("person.added", self.organisation_id, subject_id=id_, roles=sorted(wanted.roles))
        else:
            self._changed("person.changed", id_, change)
        if not wanted.active and "active" in change.after:
            await sign_in_store.end_sessions(self.work, id_)
            self.work.record("person.deactivated", self.organisation_id, subject_id=id_)

    async def _shifts(self, wanted: SetupPerson, change: Change) -> None:
        id_ = self.ids.people[wanted.slug]
        held = [each for each in self.held.patterns if each.person_id == id_] if self.held else []
        slugs = {v: k for k, v in self.ids.departments.items()}
        have = {
            SetupShift(
                hours=each.hours,
                department=slugs.get(each.department_id, "") if each.department_id else None,
                since=each.valid_from,
                until=each.valid_until,
            ): each.id
            for each in held
        }
        if change.action == "add" or "shifts" in change.after:
            gone = {each.id for each in held} - {have[each] for each in wanted.shifts if each in have}
            await rota_store.remove_patterns(self.work, self.organisation_id, sorted(gone))
            await rota_store.add_patterns(
                self.work, [self._pattern(id_, each) for each in wanted.shifts if each not in have]
            )
        before = change.before.get("absences", frozenset())
        if change.action == "add" or "absences" in change.after:
            absences = [
                Absence(
                    organisation_id=self.organisation_id,
                    id=uuid7(),
                    person_id=id_,
                    starts_at=each.start,
                    ends_at=each.end,
                    kind=each.kind,
                )
                for each in sorted(wanted.absences - before, key=lambda each: each.start)
            ]
            await rota_store.add_absences(self.work, absences)

    def _pattern(self, person_id: UUID, shift: SetupShift) -> ShiftPattern:
        return ShiftPattern(
            organisation_id=self.organisation_id,
            id=uuid7(),
            person_id=person_id,
            department_id=self.ids.departments[shift.department] if shift.department else None,
            hours=shift.hours,
            valid_from=shift.since,
            valid_until=shift.until,
        )

    # Departments and reasons -------------------------------------------------------------------------------------

    async def _department(self, wanted: SetupDepartment, change: Change) -> None:
        id_ = self.ids.departments[wanted.slug]
        await change_store.put_department(
            self.work,
            Department(
                organisation_id=self.organisation_id,
                id=id_,
                slug=wanted.slug,
                names=wanted.names,
                hours=wanted.hours,
                phone=wanted.phone,
                email=wanted.addresses[0] if wanted.addresses else None,
                manager_id=self.ids.people[wanted.manager] if wanted.manager else None,
                promise=wanted.promise,
                position=self.wanted.departments.index(wanted),
                active=True,
            ),
        )
        members = {self.ids.people[each] for each in wanted.members}
        mentioned = set(self.ids.people.values())
        held = self.held.memberships.items() if self.held else ()
        there = {person for person, each in held if id_ in each.departments and person in mentioned}
        await change_store.put_members(
            self.work, self.organisation_id, id_, added=sorted(members - there), removed=sorted(there - members)
        )
        if change.action == "add":
            self.work.record("department.created", self.organisation_id, subject_id=id_)
        else:
            self._changed("department.changed", id_, change)

    async def _retire_department(self, slug: str) -> None:
        assert self.held is not None
        department = self.held.department(slug)
        await change_store.put_department(self.work, replace(department, active=False))
        self.work.record("department.retired", self.organisation_id, subject_id=department.id)

    async def _shared(self, changes: Mapping[str, list[Change]]) -> None:
        """What departments and the organisation share: chains, mail addresses, their order."""
        if not changes.get("department") and not changes.get("organisation"):
            return
        chains: dict[UUID | None, tuple[str, ...]] = {None: self.wanted.organisation.on_call}
        chains |= {self.ids.departments[each.slug]: each.on_call for each in self.wanted.departments}
        for department_id, people in chains.items():
            await rota_store.put_chain(
                self.work, self.organisation_id, department_id, [self.ids.people[each] for each in people]
            )
        addresses: dict[str, UUID | None] = dict.fromkeys(self.wanted.organisation.addresses)
        for each in self.wanted.departments:
            addresses |= dict.fromkeys(each.addresses, self.ids.departments[each.slug])
        await change_store.put_addresses(self.work, self.organisation_id, addresses)
        positions = {self.ids.departments[each.slug]: n for n, each in enumerate(self.wanted.departments)}
        await change_store.put_positions(self.work, self.organisation_id, positions)

    async def _reason(self, wanted: SetupReason | None, change: Change) -> None:
        if wanted is None:
            assert self.held is not None
            await change_store.put_reason(self.work, replace(self.held.reasons[change.slug], active=False))
            self.work.record("reason.retired", self.organisation_id, reason=change.slug)
            return
        await change_store.put_reason(
            self.work,
            Reason(
                organisation_id=self.organisation_id,
                slug=wanted.slug,
                names=wanted.names,
                department_id=self.ids.departments[wanted.department] if wanted.department else None,
                promise=wanted.promise,
                active=True,
            ),
        )
        kind = "reason.created" if change.action == "add" else "reason.changed"
        self.work.record(kind, self.organisation_id, reason=change.slug, fields=sorted(change.after))

    def _changed(self, kind: str, subject_id: UUID, change: Change) -> None:
        self.work.record(kind, self.organisation_id, subject_id=subject_id, fields=sorted(change.after))
