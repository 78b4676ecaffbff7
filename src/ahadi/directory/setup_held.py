"""What an installation holds of an organisation, said as a setup file would say it; and where two would clash. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ahadi.directory.model import Person
from ahadi.directory.setup import (
    Setup,
    SetupAbsence,
    SetupDepartment,
    SetupOrganisation,
    SetupPerson,
    SetupReason,
    SetupShift,
)
from ahadi.directory.snapshot import Directory


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a setup cannot be applied beside what there is: the keys that lead to the place in the file, and why."""

    path: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a setup's names the installation has already. `addresses` gives each one's organisation."""

    prefix_of: str | None
    addresses: Mapping[str, tuple[UUID, str]]
    people: Sequence[Person]


def canonical(setup: Setup) -> Setup:
    """The same with addresses in the order in which they are held: the first of a department is its own."""
    return replace(
        setup,
        organisation=replace(setup.organisation, addresses=tuple(sorted(setup.organisation.addresses))),
        departments=tuple(
            replace(each, addresses=(*each.addresses[:1], *sorted(each.addresses[1:]))) for each in setup.departments
        ),
    )


def clashes(setup: Setup, taken: Taken, held: Directory | None) -> list[Clash]:
    """Names that another organisation or person has: prefix, mail addresses, short names of people."""
    organisation = setup.organisation
    found: list[Clash] = []
    if held is not None and held.organisation.prefix != organisation.prefix:
        was = held.organisation.prefix
        sentence = f"references of `{organisation.slug}` begin with `{was}`, and customers know them; keep `{was}`."
        found.append(Clash(("organisation", "reference"), sentence))
    elif taken.prefix_of not in (None, organisation.slug):
        sentence = f"references of `{taken.prefix_of}` begin with `{organisation.prefix}`; choose other letters."
        found.append(Clash(("organisation", "reference"), sentence))
    places: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(("organisation", "mail"), organisation.addresses)]
    places += [(("departments", each.slug, "mail"), each.addresses) for each in setup.departments]
    for path, addresses in places:
        for address in addresses:
            whose = taken.addresses.get(address)
            if whose is not None and (held is None or whose[0] != held.organisation.id):
                found.append(Clash(path, f"{address} takes mail for `{whose[1]}` already; use another address."))
    return found + _people(setup, taken.people, held)


def _people(setup: Setup, people: Sequence[Person], held: Directory | None) -> list[Clash]:
    by_slug = {each.slug: each for each in people}
    by_email = {each.email: each for each in people}
    found: list[Clash] = []
    for each in setup.people:
        path = ("people", each.slug)
        same = by_email.get(each.email)
        named = by_slug.get(each.slug)
        if same is not None and same.slug != each.slug:
            sentence = f"{each.email} is `{same.slug}` in this installation; call them `{same.slug}` here too."
            found.append(Clash((*path, "email"), sentence))
        elif same is None and named is not None and (held is None or named.id not in held.memberships):
            sentence = f"`{each.slug}` is somebody else in this installation, with another address; use another name."
            found.append(Clash(path, sentence))
    return found


def setup_of(directory: Directory, addresses: Mapping[str, UUID | None], wanted: Setup) -> Setup:
    """The organisation as it is, without rules and templates. Members that `wanted` does not mention are left out."""
    slugs = {each.id: each.slug for each in directory.departments.values()}
    names = {each.id: each.slug for each in directory.people.values()}
    active = [each for each in directory.departments.values() if each.active]
    mentioned = {each.slug for each in wanted.people}
    return Setup(
        organisation=_organisation(directory, addresses, slugs, names),
        departments=tuple(
            SetupDepartment(
                slug=each.slug,
                names=each.names,
                hours=each.hours,
                phone=each.phone,
                addresses=_department_addresses(each.email, each.id, addresses),
                manager=names.get(each.manager_id) if each.manager_id else None,
                members=frozenset(
                    names[person]
                    for person, membership in directory.memberships.items()
                    if each.id in membership.departments and names[person] in mentioned
                ),
                on_call=_chain(directory, each.id, names),
                promise=each.promise,
            )
            for each in active
        ),
        people=tuple(_person(directory, each, slugs) for each in directory.people.values()),
        reasons=tuple(
            SetupReason(
                slug=each.slug,
                names=each.names,
                department=slugs.get(each.department_id) if each.department_id else None,
                promise=each.promise,
            )
            for each in directory.reasons.values()
            if each.active
        ),
    )


def _organisation(
    directory: Directory, addresses: Mapping[str, UUID | None], slugs: Mapping[UUID, str], names: Mapping[UUID, str]
) -> SetupOrganisation:
    held = directory.organisation
    return SetupOrganisation(
        slug=held.slug,
        name=held.name,
        prefix=held.prefix,
        zone=held.zone,
        country=held.country,
        subdivision=held.subdivision,
        languages=held.languages,
        manager=names.get(held.manager_id, "") if held.manager_id else "",
        default_department=slugs.get(held.default_department_id, "") if held.default_department_id else "",
        addresses=tuple(sorted(each for each, department in addresses.items() if department is None)),
        on_call=_chain(directory, None, names),
        settings=held.settings,
    )


def _department_addresses(email: str | None, id_: UUID, addresses: Mapping[str, UUID | None]) -> tuple[str, ...]:
    theirs = {each for each, department in addresses.items() if department == id_}
    return (*((email,) if email in theirs else ()), *sorted(theirs - {email}))


def _chain(directory: Directory, department_id: UUID | None, names: Mapping[UUID, str]) -> tuple[str, ...]:
    entries = sorted(directory.on_call, key=lambda each: each.position)
    return tuple(names[each.person_id] for each in entries if each.department_id == department_id)


def _person(directory: Directory, person: Person, slugs: Mapping[UUID, str]) -> SetupPerson:
    membership = directory.memberships[person.id]
    return SetupPerson(
        slug=person.slug,
        name=person.name,
        email=person.email,
        language=person.language,
        roles=membership.roles,
        skills=membership.skills,
        languages=membership.languages,
        shifts=frozenset(
            SetupShift(
                hours=each.hours,
                department=slugs[each.department_id] if each.department_id else None,
                since=each.valid_from,
                until=each.valid_until,
            )
            for each in directory.patterns
            if each.person_id == person.id
        ),
        absences=frozenset(
            SetupAbsence(start=each.starts_at, end=each.ends_at, kind=each.kind)
            for each in directory.absences
            if each.person_id == person.id
        ),
        active=person.active and membership.active,
    )
