"""What people change of an organisation: departments, reasons, settings, people, the rota."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from ahadi import cases
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Holder
from ahadi.directory import Permission, Presence, Role, actions, permissions_of, read_directory, sign_in_store, store
from ahadi.directory import people_actions as people
from ahadi.directory import rota_actions as rota
from ahadi.directory.actions import DepartmentChange, OrganisationChange
from ahadi.directory.people_actions import PersonChange
from ahadi.directory.snapshot import Directory
from ahadi.platform.database import Actor, Database, Work
from ahadi.promises import watch_until_quiet
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation

Deed = Callable[[Work, House], Awaitable[Any]]


def person(id_: UUID, *roles: Role, organisations: tuple[UUID, ...] = (ORGANISATION,)) -> Actor:
    held = frozenset[str](permissions_of(roles))
    return Actor("person", id_, dict.fromkeys(organisations, held))


async def told(work: Work) -> list[tuple[str, Any, dict[str, Any]]]:
    """What the journal was told in this work, and the version it left the directory at."""
    rows = await work.rows("select kind, subject_id, facts from journal order by seq")
    return [(row["kind"], row["subject_id"], row["facts"]) for row in rows]


@pytest.fixture
async def work(work_as: Any) -> Work:
    made: Work = await work_as(system())
    return made


@pytest.fixture
async def house(work: Work) -> House:
    return await an_organisation(work, ORGANISATION)


async def now_is(work: Work) -> Directory:
    return await read_directory(work, ORGANISATION)


# Departments ----------------------------------------------------------------------------------------------------


async def test_a_department_is_added_last_with_what_the_organisation_promises(work: Work, house: House) -> None:
    before = (await now_is(work)).organisation.version
    change = DepartmentChange(names="Meters", hours="Mo-Fr 08:00-16:00", phone="020 555 0109", mail=["M@power.example"])
    made = await actions.create_department(work, ORGANISATION, "meters", change)
    directory = await now_is(work)
    assert list(directory.departments)[-1] == made.id and directory.organisation.version > before
    assert directory.department("meters") == made
    assert (made.phone, made.email) == ("+254205550109", "m@power.example")
    assert made.promise == directory.organisation.settings.promise("update")
    assert await told(work) == [("department.created", made.id, {})]
    with pytest.raises(Conflict, match="already"):
        await actions.create_department(work, ORGANISATION, "meters", change)


async def test_a_department_changes_in_what_is_named_and_in_nothing_else(work: Work, house: House) -> None:
    change = DepartmentChange(hours="Mo-Su 07:00-19:00", manager=str(house.dalila))
    await actions.change_department(work, ORGANISATION, "care", change)
    care = (await now_is(work)).department("care")
    assert (care.hours, care.manager_id, care.phone) == ("Mo-Su 07:00-19:00", house.dalila, "+254 700 000001")
    assert await told(work) == [("department.changed", house.care, {"fields": ["hours", "manager_id"]})]


async def test_a_change_that_changes_nothing_leaves_no_trace(work: Work, house: House) -> None:
    await actions.change_department(work, ORGANISATION, "care", DepartmentChange(hours="24/7"))
    await people.change_person(work, ORGANISATION, house.asha, PersonChange(roles=["agent"]))
    await actions.change_organisation(work, ORGANISATION, OrganisationChange(name="Power"))
    assert await told(work) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (DepartmentChange(hours="Mo-Fr 9am"), "cannot be read"),
        (DepartmentChange(hours="2020 Jan 01 08:00-12:00"), "open"),
        (DepartmentChange(names={"sw": "Huduma"}), "needs a name in en"),
        (DepartmentChange(names={"en": "Care", "fr": "Soin"}), "does not speak fr"),
        (DepartmentChange(phone="12"), "no phone number"),
        (DepartmentChange(mail=["nobody"]), "no e-mail address"),
        (DepartmentChange(manager="zawadi"), "Nobody here"),
    ],
)
async def test_what_a_department_cannot_be_is_refused(
    work: Work, house: House, change: DepartmentChange, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        await actions.change_department(work, ORGANISATION, "care", change)


async def test_an_address_takes_mail_for_one_department_alone(work_as: Any, house: House) -> None:
    work = await work_as(system(ORGANISATION, OTHER_ORGANISATION))
    await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    change = DepartmentChange(mail=["care@power.example", "help@power.example"])
    await actions.change_department(work, ORGANISATION, "care", change)
    assert (await now_is(work)).department("care").email == "care@power.example"
    with pytest.raises(Conflict, match=r"help@power.example takes mail for somebody else") as refused:
        await actions.change_department(work, ORGANISATION, "network", DepartmentChange(mail=["help@power.example"]))
    with pytest.raises(Conflict) as far:
        await actions.change_department(work, OTHER_ORGANISATION, "care", DepartmentChange(mail=["help@power.example"]))
    assert far.value.sentence == refused.value.sentence, "and whose it is in another organisation is not told"
    await actions.change_department(work, ORGANISATION, "care", DepartmentChange(mail=["care@power.example"]))
    await actions.change_department(work, ORGANISATION, "network", DepartmentChange(mail=["help@power.example"]))


async def test_a_retired_department_takes_nothing_more_until_it_is_restored(work: Work, house: House) -> None:
    await actions.change_department(work, ORGANISATION, "network", DepartmentChange(mail=["n@power.example"]))
    await actions.retire_department(work, ORGANISATION, "network")
    assert not (await now_is(work)).department("network").active
    with pytest.raises(Conflict, match="retired"):
        await actions.put_reason(work, ORGANISATION, "slow", "Slow", "network")
    with pytest.raises(Conflict, match="retired"):
        await people.change_person(work, ORGANISATION, house.asha, PersonChange(departments=["network"]))
    await actions.restore_department(work, ORGANISATION, "network")
    assert (await now_is(work)).department("network").active
    assert [kind for kind, *_ in await told(work)][-2:] == ["department.retired", "department.restored"]


async def test_the_department_of_whatever_no_rule_names_cannot_be_retired(work: Work, house: House) -> None:
    with pytest.raises(Conflict, match="choose another"):
        await actions.retire_department(work, ORGANISATION, "care")


# Reasons and settings -------------------------------------------------------------------------------------------


async def test_a_reason_is_added_changed_and_offered_no_more(work: Work, house: House) -> None:
    settings = (await now_is(work)).organisation.settings
    fix = actions.promise_read("fix", "6h", settings)
    await actions.put_reason(work, ORGANISATION, "outage", {"en": "No power", "sw": "Umeme"}, "network", fix)
    await actions.put_reason(work, ORGANISATION, "outage", {"en": "No power", "sw": "Umeme"}, "network", fix)
    assert (await now_is(work)).reasons["outage"].department_id == house.network
    await actions.put_reason(work, ORGANISATION, "outage", "No electricity")
    assert (await now_is(work)).reasons["outage"].promise is None
    await actions.retire_reason(work, ORGANISATION, "outage")
    assert not (await now_is(work)).reasons["outage"].active
    kinds = [(kind, facts) for kind, _, facts in await told(work)]
    assert kinds == [(f"reason.{each}", {"reason": "outage"}) for each in ("created", "changed", "retired")]
    with pytest.raises(NotFound):
        await actions.retire_reason(work, ORGANISATION, "nothing")


async def test_settings_change_one_by_one_and_others_keep_what_they_stored_there(work: Work, house: House) -> None:
    await work.execute("""update organisation set settings = settings || '{"elsewhere": 7}'""")
    change = OrganisationChange(
        name="Mto",
        settings={"reopen_days": 3, "phone": "020 555 0100"},
        brand={"colour": "#112233", "signature": {"en": "Yours"}},
        promises={"callback": "30m"},
        skills={"meters": {"en": "Meters"}},
    )
    await actions.change_organisation(work, ORGANISATION, change)
    await actions.change_organisation(work, ORGANISATION, OrganisationChange(promises={"fix": "1d"}))
    organisation = (await now_is(work)).organisation
    settings = organisation.settings
    assert (organisation.name, settings.reopen_days, settings.repeat_days) == ("Mto", 3, 14)
    assert settings.phone == "+254205550100" and settings.sender_address == "help@power.example"
    assert settings.brand.colour == "#112233" and settings.brand.signature == {"en": "Yours"}
    assert {kind: str(within) for kind, within in settings.promises.items()} == {"callback": "30m", "fix": "1d"}
    assert await work.value("select settings->>'elsewhere' from organisation") == "7"
    assert (await told(work))[0] == (
        "organisation.changed",
        ORGANISATION,
        {"fields": ["name", "settings"]},
    )


async def test_whoever_answers_in_the_end_must_be_a_manager_who_works_here(work: Work, house: House) -> None:
    with pytest.raises(Conflict, match="role manager"):
        await actions.change_organisation(work, ORGANISATION, OrganisationChange(manager=str(house.asha)))
    await people.change_person(work, ORGANISATION, house.asha, PersonChange(roles=["agent", "manager"]))
    await actions.change_organisation(work, ORGANISATION, OrganisationChange(manager=str(house.asha)))
    with pytest.raises(Conflict, match="make somebody else that first"):
        await people.change_person(work, ORGANISATION, house.asha, PersonChange(roles=["agent"]))
    with pytest.raises(Conflict, match="make somebody else that first"):
        await people.deactivate_person(work, ORGANISATION, house.asha)


# People ---------------------------------------------------------------------------------------------------------


async def test_what_somebody_does_is_given_whole(work: Work, house: House) -> None:
    await actions.change_organisation(work, ORGANISATION, OrganisationChange(skills={"meters": "Meters"}))
    change = PersonChange(roles=["supervisor", "agent"], departments=["network"], skills=["meters"], languages=["sw"])
    await people.change_person(work, ORGANISATION, house.asha, change)
    membership = (await now_is(work)).memberships[house.asha]
    assert membership.roles == {Role.AGENT, Role.SUPERVISOR} and membership.departments == {house.network}
    assert membership.skills == {"meters"} and membership.languages == {"sw"}
    kind, subject, facts = (await told(work))[-1]
    assert (kind, subject) == ("person.changed", house.asha)
    assert facts == {"fields": ["roles", "departments", "skills", "languages"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (PersonChange(roles=["king"]), "no role king"),
        (PersonChange(roles=[]), "has a role"),
        (PersonChange(skills=["flying"]), "no skill"),
        (PersonChange(languages=["fr"]), "no language"),
        (PersonChange(languages=[]), "at least one language"),
        (PersonChange(departments=["moon"]), "no department"),
        (PersonChange(language="fr"), "no language"),
    ],
)
async def test_what_somebody_cannot_be_is_refused(work: Work, house: House, change: PersonChange, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        await people.change_person(work, ORGANISATION, house.asha, change)


async def test_the_name_of_somebody_who_serves_others_too_is_not_one_administrator_s_to_change(
    work_as: Any, house: House
) -> None:
    work = await work_as(system(ORGANISATION, OTHER_ORGANISATION))
    await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    await work.execute(
        "insert into membership (organisation_id, person_id, roles) values (%(o)s, %(p)s, '{agent}')",
        {"o": OTHER_ORGANISATION, "p": house.asha},
    )
    admin = await work_as(person(uuid4(), Role.ADMINISTRATOR))
    await people.change_person(admin, ORGANISATION, house.ben, PersonChange(name="Benson"))
    assert (await read_directory(admin, ORGANISATION)).people[house.ben].name == "Benson"
    with pytest.raises(Forbidden, match="other organisations"):
        await people.change_person(admin, ORGANISATION, house.asha, PersonChange(name="Ash"))
    both = await work_as(person(uuid4(), Role.ADMINISTRATOR, organisations=(ORGANISATION, OTHER_ORGANISATION)))
    await people.change_person(both, ORGANISATION, house.asha, PersonChange(name="Ash"))


async def test_who_is_deactivated_is_signed_out_everywhere_at_once_and_keeps_their_roles_for_later(
    work: Work, house: House, now: datetime
) -> None:
    session = sign_in_store.Session(uuid7(), house.asha, now, now, now + timedelta(hours=1), None, None)
    await sign_in_store.add_session(work, session, b"hash")
    await sign_in_store.add_link(work, b"link", house.asha, "reset", now + timedelta(hours=1))
    await people.deactivate_person(work, ORGANISATION, house.asha)
    assert await sign_in_store.sessions_in_force(work, house.asha) == []
    assert await sign_in_store.link_in_force(work, b"link") is None
    assert not (await now_is(work)).serves(house.asha)
    await people.deactivate_person(work, ORGANISATION, house.asha)
    await people.reactivate_person(work, ORGANISATION, house.asha)
    assert (await now_is(work)).serves(house.asha)
    assert [kind for kind, *_ in await told(work)] == ["person.deactivated", "person.reactivated"]


async def test_nobody_deactivates_themselves(work_as: Any, house: House) -> None:
    asha = await work_as(person(house.asha, Role.ADMINISTRATOR))
    with pytest.raises(Conflict, match="yourself"):
        await people.deactivate_person(asha, ORGANISATION, house.asha)


# Presence -------------------------------------------------------------------------------------------------------


async def test_everybody_sets_their_own_presence_and_supervisors_that_of_others(work_as: Any, house: House) -> None:
    asha = await work_as(person(house.asha, Role.AGENT))
    await people.set_presence(asha, ORGANISATION, "me", Presence.AVAILABLE)
    await people.set_presence(asha, ORGANISATION, house.asha, Presence.AVAILABLE)
    with pytest.raises(Forbidden):
        await people.set_presence(asha, ORGANISATION, house.ben, Presence.OFFLINE)
    supervisor = await work_as(person(house.ben, Role.SUPERVISOR))
    await people.set_presence(supervisor, ORGANISATION, str(house.asha), Presence.BREAK)
    assert (await store.presences_of(supervisor, ORGANISATION))[house.asha] is Presence.BREAK
    rows = await supervisor.rows("select kind, actor_id, facts from journal order by seq")
    assert [(row["kind"], row["actor_id"], row["facts"]) for row in rows] == [
        ("presence.set", house.asha, {"presence": "available"}),
        ("presence.set", house.ben, {"presence": "break"}),
    ]


async def test_presence_is_in_the_journal_of_every_organisation_the_person_serves(work_as: Any, house: House) -> None:
    work = await work_as(system(ORGANISATION, OTHER_ORGANISATION))
    other = await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    await work.execute(
        "insert into membership (organisation_id, person_id, roles) values (%(o)s, %(p)s, '{agent}')",
        {"o": OTHER_ORGANISATION, "p": house.asha},
    )
    supervisor = await work_as(person(house.ben, Role.SUPERVISOR))
    await people.set_presence(supervisor, ORGANISATION, house.asha, Presence.BREAK)
    assert await supervisor.rows("select * from membership where person_id = %(id)s", {"id": other.juma}) == []
    work = await work_as(system(ORGANISATION, OTHER_ORGANISATION))
    rows = await work.rows("select organisation_id from journal where kind = 'presence.set'")
    assert {row["organisation_id"] for row in rows} == {ORGANISATION, OTHER_ORGANISATION}


# The rota -------------------------------------------------------------------------------------------------------


async def test_shifts_are_planned_by_pattern_or_singly_and_taken_off_again(
    work: Work, house: House, now: datetime
) -> None:
    pattern = await rota.add_pattern(
        work, ORGANISATION, house.dalila, "Sa 08:00-12:00", "care", valid_from=date(2026, 11, 1)
    )
    start = datetime(2026, 11, 29, 6, tzinfo=UTC)
    single = await rota.add_shift(work, ORGANISATION, house.dalila, start, start + timedelta(hours=4))
    directory = await now_is(work)
    worked = directory.rota.shifts(house.dalila, now, now + timedelta(days=7))
    assert [(each.start, each.end) for each in worked] == [
        (datetime(2026, 11, 28, 5, tzinfo=UTC), datetime(2026, 11, 28, 9, tzinfo=UTC)),
        (start, start + timedelta(hours=4)),
    ]
    await rota.remove_shift(work, ORGANISATION, pattern.id)
    await rota.remove_shift(work, ORGANISATION, single.id)
    assert (await now_is(work)).rota.shifts(house.dalila, now, now + timedelta(days=7)) == []
    kinds = [kind for kind, *_ in await told(work)]
    assert kinds == ["shift.pattern_added", "shift.added", "shift.pattern_removed", "shift.removed"]
    with pytest.raises(NotFound):
        await rota.remove_shift(work, ORGANISATION, single.id)


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        (lambda w, h: rota.add_pattern(w, ORGANISATION, h.asha, "Mo 9am"), Invalid),
        (lambda w, h: rota.add_pattern(w, ORGANISATION, h.asha, "24/7", "network"), Invalid),
        (lambda w, h: rota.add_shift(w, ORGANISATION, h.asha, w.now, w.now), Invalid),
        (lambda w, h: rota.add_shift(w, ORGANISATION, h.asha, w.now, w.now + timedelta(hours=25)), Invalid),
        (lambda w, h: rota.mark_absent(w, ORGANISATION, h.asha, None, w.now), Invalid),
        (lambda w, h: rota.mark_absent(w, ORGANISATION, h.asha, None, w.now + timedelta(days=1), "bored"), Invalid),
        (lambda w, h: rota.mark_absent(w, ORGANISATION, uuid4(), None, w.now + timedelta(days=1)), Invalid),
        (lambda w, h: rota.end_absence(w, ORGANISATION, uuid4()), NotFound),
        (lambda w, h: rota.put_chain(w, ORGANISATION, "moon", []), NotFound),
    ],
)
async def test_what_the_rota_cannot_hold_is_refused(work: Work, house: House, deed: Deed, error: type) -> None:
    with pytest.raises(error):
        await deed(work, house)


async def test_two_single_shifts_of_somebody_never_overlap(work: Work, house: House) -> None:
    start = work.now + timedelta(days=1)
    await rota.add_shift(work, ORGANISATION, house.asha, start, start + timedelta(hours=4))
    with pytest.raises(Conflict):
        await rota.add_shift(work, ORGANISATION, house.asha, start + timedelta(hours=3), start + timedelta(hours=5))
    await rota.add_shift(work, ORGANISATION, house.asha, start + timedelta(hours=4), start + timedelta(hours=5))


async def test_an_absence_ends_early_or_never_was(work: Work, house: House, now: datetime) -> None:
    begun = await rota.mark_absent(work, ORGANISATION, house.asha, now - timedelta(hours=1), now + timedelta(hours=5))
    later = await rota.mark_absent(
        work, ORGANISATION, house.ben, now + timedelta(days=2), now + timedelta(days=3), "leave"
    )
    assert (await now_is(work)).rota.is_absent(house.asha, now)
    left = await rota.end_absence(work, ORGANISATION, begun.id)
    assert left and left.ends_at == now
    assert await rota.end_absence(work, ORGANISATION, later.id) is None
    directory = await now_is(work)
    assert not directory.rota.is_absent(house.asha, now) and [each.id for each in directory.absences] == [begun.id]
    with pytest.raises(Conflict):
        await rota.end_absence(work, ORGANISATION, begun.id)


async def test_who_is_called_is_said_in_order_for_a_department_or_for_all(work: Work, house: House) -> None:
    await rota.put_chain(work, ORGANISATION, "care", [house.ben, house.asha])
    await rota.put_chain(work, ORGANISATION, "care", [house.ben, house.asha])
    await rota.put_chain(work, ORGANISATION, None, [house.asha])
    chain = (await now_is(work)).chain(house.care)
    assert chain == (house.ben, house.asha, house.dalila)
    assert await told(work) == [
        ("on_call.changed", house.care, {"people": list(map(str, [house.ben, house.asha]))}),
        ("on_call.changed", None, {"people": list(map(str, [house.asha]))}),
    ]


# Who may, and what follows --------------------------------------------------------------------------------------

DEEDS: list[tuple[Permission, Deed]] = [
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.create_department(w, h.id, "new", DepartmentChange())),
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.change_department(w, h.id, h.care, DepartmentChange())),
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.retire_department(w, h.id, h.network)),
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.restore_department(w, h.id, h.network)),
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.put_reason(w, h.id, "slow", "Slow")),
    (Permission.DIRECTORY_EDIT, lambda w, h: actions.retire_reason(w, h.id, "slow")),
    (Permission.SETTINGS_EDIT, lambda w, h: actions.change_organisation(w, h.id, OrganisationChange())),
    (Permission.PEOPLE_EDIT, lambda w, h: people.change_person(w, h.id, h.ben, PersonChange())),
    (Permission.PEOPLE_EDIT, lambda w, h: people.deactivate_person(w, h.id, h.ben)),
    (Permission.PEOPLE_EDIT, lambda w, h: people.reactivate_person(w, h.id, h.ben)),
    (Permission.ROTA_EDIT, lambda w, h: rota.add_pattern(w, h.id, h.ben, "24/7")),
    (Permission.ROTA_EDIT, lambda w, h: rota.add_shift(w, h.id, h.ben, w.now, w.now)),
    (Permission.ROTA_EDIT, lambda w, h: rota.remove_shift(w, h.id, h.ben)),
    (Permission.ROTA_EDIT, lambda w, h: rota.mark_absent(w, h.id, h.ben, None, w.now + timedelta(days=1))),
    (Permission.ROTA_EDIT, lambda w, h: rota.end_absence(w, h.id, h.ben)),
    (Permission.ROTA_EDIT, lambda w, h: rota.put_chain(w, h.id, None, [])),
]


@pytest.mark.parametrize(("permission", "deed"), DEEDS)
async def test_each_needs_its_permission_in_that_organisation(
    work_as: Any, house: House, permission: Permission, deed: Deed
) -> None:
    everything_else = frozenset(set(Permission) - {permission})
    without = await work_as(Actor("person", house.dalila, {ORGANISATION: everything_else}))
    with pytest.raises(Forbidden, match=permission):
        await deed(without, house)
    elsewhere = await work_as(Actor("person", house.dalila, {OTHER_ORGANISATION: frozenset({"*"})}))
    with pytest.raises(NotFound):
        await deed(elsewhere, house)


@pytest.mark.parametrize("how", ["absent", "deactivated"])
async def test_what_somebody_promised_passes_to_a_colleague_when_they_are_away_or_gone(
    database: Database, clock: FixedClock, how: str
) -> None:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
        held = Holder(person=house.asha)
        case = await a_case(work, holder=held, department_id=house.care, promise=promised(work.now, 3, held))
    async with database.work(system()) as work:
        if how == "absent":
            await rota.mark_absent(work, ORGANISATION, house.asha, None, work.now + timedelta(days=1), "sick")
        else:
            await people.deactivate_person(work, ORGANISATION, house.asha)
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        after = await cases.get_case(work, case.id)
    assert after.next_promise and after.next_promise.owner == Holder(person=house.ben)


async def test_changes_at_once_come_one_after_the_other(database: Database) -> None:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
    people_ = [house.asha, house.ben, house.chege, house.dalila]

    async def put(person_id: UUID) -> None:
        async with database.work(system()) as work:
            await rota.put_chain(work, ORGANISATION, "care", [person_id])

    await asyncio.gather(*map(put, people_))
    async with database.read(system()) as work:
        chain = [each for each in (await now_is(work)).on_call if each.department_id == house.care]
    assert len(chain) == 1 and chain[0].person_id in people_
