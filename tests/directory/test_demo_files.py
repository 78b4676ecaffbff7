"""The demo's organisations: whole, staffed at every open hour, and served in part by the same people."""

from datetime import UTC, datetime, timedelta
from importlib import resources
from uuid import UUID, uuid5

import pytest

from ahadi import routing
from ahadi.directory.coverage import Claim, Uncovered, uncovered
from ahadi.directory.hours import Hours
from ahadi.directory.model import Absence, Department, Membership, OnCallEntry, ShiftPattern
from ahadi.directory.permissions import Role
from ahadi.directory.rota import Rota
from ahadi.directory.setup import Setup
from ahadi.directory.setup_file import read_setup
from ahadi.main.demo.load import morning_of

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
DEMO = ("power", "net", "clinic")
SETUPS = {
    name: read_setup(resources.files("ahadi.main").joinpath(f"demo/{name}.yaml").read_text(encoding="utf-8"), NOW)
    for name in DEMO
}
ORGANISATION = UUID(int=1)


def known(name: str) -> UUID:
    return uuid5(ORGANISATION, name)


def findings(setup: Setup, start: datetime) -> list[Uncovered]:
    """Every hour of the fourteen days from `start` in which nobody can be reached."""
    place = setup.organisation
    patterns = [
        ShiftPattern(
            organisation_id=ORGANISATION,
            id=known(f"{person.slug} {shift.hours}"),
            person_id=known(person.slug),
            department_id=known(shift.department) if shift.department else None,
            hours=shift.hours,
            valid_from=shift.since,
            valid_until=shift.until,
        )
        for person in setup.people
        for shift in person.shifts
    ]
    absences = [
        Absence(
            organisation_id=ORGANISATION,
            id=known(f"{person.slug} {absence.start}"),
            person_id=known(person.slug),
            starts_at=absence.start,
            ends_at=absence.end,
        )
        for person in setup.people
        for absence in person.absences
    ]
    memberships = {
        known(person.slug): Membership(
            organisation_id=ORGANISATION,
            person_id=known(person.slug),
            roles=person.roles,
            departments=frozenset(known(each.slug) for each in setup.departments if person.slug in each.members),
            skills=person.skills,
            languages=person.languages,
            active=person.active,
        )
        for person in setup.people
    }
    chains = [
        OnCallEntry(
            organisation_id=ORGANISATION, department_id=known(each.slug), position=position, person_id=known(slug)
        )
        for each in setup.departments
        for position, slug in enumerate(each.on_call)
    ]
    departments = [
        Department(
            organisation_id=ORGANISATION,
            id=known(each.slug),
            slug=each.slug,
            names=each.names,
            hours=each.hours,
            phone=each.phone,
            email=None,
            manager_id=None,
            promise=each.promise,
            position=position,
            active=True,
        )
        for position, each in enumerate(setup.departments)
    ]
    rota = Rota(patterns, [], absences, zone=place.zone, country=place.country, subdivision=place.subdivision)
    claims = [
        Claim(each, Hours.parse(each.hours, place.zone, place.country, place.subdivision)) for each in departments
    ]
    return uncovered(claims, rota, memberships, chains, memberships, start, start + timedelta(days=14))


@pytest.mark.parametrize("name", DEMO)
@pytest.mark.parametrize("week", range(0, 52, 2))
def test_somebody_can_be_reached_at_every_open_hour_of_the_year(name: str, week: int) -> None:
    assert findings(SETUPS[name], NOW + timedelta(weeks=week)) == []


@pytest.mark.parametrize("name", DEMO)
def test_its_rules_use_what_it_has_match_what_they_say_and_cover_every_request(name: str) -> None:
    setup = SETUPS[name]
    belongs = {
        person.slug: frozenset(each.slug for each in setup.departments if person.slug in each.members)
        for person in setup.people
    }
    skills: dict[str, frozenset[str]] = {
        skill: frozenset(
            department for each in setup.people if skill in each.skills for department in belongs[each.slug]
        )
        for skill in setup.organisation.settings.skills
    }
    _, check = routing.check_rows(
        setup.rules_source,
        routing.Known(
            departments=frozenset(each.slug for each in setup.departments),
            people=belongs,
            skills=skills,
            reasons=frozenset(each.slug for each in setup.reasons),
            tiers=frozenset(setup.organisation.settings.tiers),
        ),
    )
    assert (check.problems, check.dead, check.covers_all) == ((), (), True)


@pytest.mark.parametrize("name", DEMO)
def test_it_is_as_large_as_a_demo_should_be_and_speaks_two_languages(name: str) -> None:
    setup = SETUPS[name]
    assert setup.organisation.slug == name
    assert 2 <= len(setup.departments) <= 4
    assert set(setup.organisation.languages) == {"en", "sw"}
    assert len(setup.reasons) >= 5
    assert all(set(each.names) == {"en", "sw"} for each in (*setup.departments, *setup.reasons))
    held = frozenset[Role]().union(*(person.roles for person in setup.people))
    assert held == set(Role)


def test_references_of_the_three_cannot_be_mistaken_for_one_another() -> None:
    assert len({setup.organisation.prefix for setup in SETUPS.values()}) == 3


def test_one_address_takes_mail_for_one_organisation() -> None:
    taken = [
        address
        for setup in SETUPS.values()
        for address in (
            *setup.organisation.addresses,
            *(each for department in setup.departments for each in department.addresses),
        )
    ]
    assert len(taken) == len(set(taken))


def test_agents_serve_several_organisations_under_one_name_in_the_same_shifts() -> None:
    seen: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for setup in SETUPS.values():
        for person in setup.people:
            shifts = frozenset(shift.hours for shift in person.shifts)
            seen.setdefault(person.email, []).append((person.slug, person.name, shifts))
    assert all(len(set(told)) == 1 for told in seen.values())
    assert sum(len(told) >= 2 for told in seen.values()) >= 6
    assert 18 <= len(seen) <= 22
    slugs = [told[0][0] for told in seen.values()]
    assert len(slugs) == len(set(slugs)), "short names of people are unique in an installation"


def test_the_agent_offered_first_serves_all_three_reads_english_and_is_on_shift_when_the_day_begins() -> None:
    agents = [{each.slug: each for each in setup.people if Role.AGENT in each.roles} for setup in SETUPS.values()]
    first = min(set.intersection(*map(set, agents)))
    day = morning_of(NOW)
    for (name, setup), people in zip(SETUPS.items(), agents, strict=True):
        place = setup.organisation
        hours = [Hours.parse(each.hours, place.zone, place.country) for each in people[first].shifts]
        assert people[first].language == "en", name
        assert any(each.is_open(day) for each in hours), name
