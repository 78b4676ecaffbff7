"""Setup files applied to a real database: created, changed, applied again, refused."""

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from ahadi.base.clock import FixedClock
from ahadi.contacts import template_store
from ahadi.directory import change_store, get_organisation, read_directory, read_setup, sign_in_store
from ahadi.directory.model import Department
from ahadi.directory.setup import SetupRefused
from ahadi.directory.snapshot import Directory
from ahadi.directory.store import raise_version
from ahadi.main.apply import apply_setup, apply_text
from ahadi.platform.database import Actor, Database
from ahadi.routing import store as routing_store
from tests.directory.setups import FILE, changed

EXAMPLE = Path(__file__).resolve().parents[2] / "docs/reference/setup-example.yaml"
DEMO = [resources.files("ahadi.main").joinpath(f"demo/{name}.yaml") for name in ("power", "net", "clinic")]


async def directory_of(database: Database, slug: str) -> Directory:
    async with database.read(Actor.system([])) as work:
        organisation = await get_organisation(work, slug)
    assert organisation
    async with database.read(Actor.system([organisation.id])) as work:
        return await read_directory(work, organisation.id)


async def journalled(database: Database, slug: str) -> list[tuple[str, dict[str, Any]]]:
    organisation = (await directory_of(database, slug)).organisation.id
    async with database.read(Actor.system([organisation])) as work:
        rows = await work.rows(
            "select kind, facts from journal where organisation_id = %(id)s order by seq", {"id": organisation}
        )
    return [(row["kind"], row["facts"]) for row in rows]


async def test_a_new_organisation_is_all_that_the_file_says(database: Database) -> None:
    done = await apply_text(database, FILE)
    assert done.changes[0] == "organisation `power` added" and "rules `power` added" in done.changes
    directory = await directory_of(database, "power")
    assert directory.organisation.name == "Mto Power" and directory.organisation.prefix == "PW"
    care, repairs = directory.department("care"), directory.department("repairs")
    assert (care.email, care.hours) == ("care@mtopower.example", "Mo-Su 06:00-22:00")
    assert directory.organisation.default_department_id == care.id
    amina, naomi = directory.person("amina"), directory.person("naomi")
    assert directory.organisation.manager_id == naomi.id
    assert directory.memberships[amina.id].departments == {care.id}
    assert directory.chain(repairs.id)[0] == directory.person("joseph").id
    assert [each.hours for each in directory.patterns if each.person_id == amina.id] == ["Mo-Fr 06:00-14:00"]
    assert directory.reasons["outage"].department_id == repairs.id
    async with database.read(Actor.system([directory.organisation.id])) as work:
        assert await change_store.addresses_of(work, directory.organisation.id) == {
            "help@mtopower.example": None,
            "care@mtopower.example": care.id,
            "hello@mtopower.example": care.id,
        }
        assert await routing_store.published_version(work, directory.organisation.id) == 1
        [template] = await template_store.templates_in_force(work, directory.organisation.id)
        assert (template.slug, template.channel, template.language) == ("received", "sms", "en")


async def test_applying_it_again_changes_nothing_and_writes_no_journal_row(database: Database) -> None:
    await apply_text(database, FILE)
    before = await journalled(database, "power")
    version = (await directory_of(database, "power")).organisation.version
    again = await apply_text(database, FILE)
    assert (again.changes, again.newcomers, again.lines()) == ((), (), ["nothing to change"])
    assert await journalled(database, "power") == before
    assert (await directory_of(database, "power")).organisation.version == version


@pytest.mark.parametrize("again", [False, True])
async def test_the_demo_s_and_the_documentation_s_files_can_be_applied(
    database: Database, now: Any, again: bool
) -> None:
    if again:
        for file in DEMO:
            assert await apply_setup(database, read_setup(file.read_text(encoding="utf-8"), now))
    for file in DEMO:
        assert bool(await apply_setup(database, read_setup(file.read_text(encoding="utf-8"), now))) is not again
    assert await apply_setup(database, read_setup(EXAMPLE.read_text(encoding="utf-8"), now))
    assert not await apply_setup(database, read_setup(EXAMPLE.read_text(encoding="utf-8"), now))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("name: Mto Power", "name: Mto Umeme", "organisation `power` changed: name"),
        ("mail: [help@", "mail: [hello-all@mtopower.example, help@", "organisation `power` changed: addresses"),
        ("Mo-Su 06:00-22:00", "Mo-Su 07:00-21:00", "department `care` changed: hours"),
        ("mail: [care@", "mail: [new@mtopower.example, care@", "department `care` changed: addresses"),
        ("on_call: [joseph, naomi]", "on_call: [naomi]", "department `repairs` changed: on call"),
        ("roles: [agent]", "roles: [agent, supervisor]", "person `amina` changed: roles"),
        ("amina@daraja.example", "amina.o@daraja.example", "person `amina` changed: email"),
        ("Mo-Fr 06:00-14:00", "Mo-Fr 07:00-15:00", "person `amina` changed: shifts"),
        ("within: 6h", "within: 8h", "reason `outage` changed: promise"),
        ("priority: high", "priority: urgent", "rules `power` changed: rows"),
        ("we have your request", "we have got your request", "template `received/sms/en` changed: body"),
    ],
)
async def test_one_change_is_one_line_and_only_that_is_done(database: Database, old: str, new: str, line: str) -> None:
    await apply_text(database, FILE)
    rows = len(await journalled(database, "power"))
    file = changed(old, new)
    assert (await apply_text(database, file)).changes == (line,)
    assert len(await journalled(database, "power")) > rows
    assert (await apply_text(database, file)).changes == ()


async def test_the_journal_tells_what_changed_without_anybody_s_words(database: Database) -> None:
    await apply_text(database, FILE)
    await apply_text(database, changed("Mo-Fr 06:00-14:00", "Mo-Fr 07:00-15:00"))
    told = await journalled(database, "power")
    assert told[-1] == ("person.changed", {"fields": ["shifts"]})
    assert not any(word in str(told) for word in ("Amina", "daraja.example", "mtopower", "Mto"))


async def test_departments_reasons_templates_and_rules_that_are_gone_are_retired_and_can_come_back(
    database: Database,
) -> None:
    await apply_text(database, FILE)
    head, _, _ = FILE.partition("reasons:")
    smaller = head.replace("departments: [repairs]", "departments: [care]").split("  repairs:\n")
    smaller_file = smaller[0] + "people:" + smaller[1].partition("people:")[2]
    done = await apply_text(database, smaller_file)
    retired = {"department `repairs` retired", "reason `outage` retired", "template `received/sms/en` retired"}
    assert retired | {"rules `power` changed: rows"} <= set(done.changes)
    directory = await directory_of(database, "power")
    assert not directory.department("repairs").active and not directory.reasons["outage"].active
    async with database.read(Actor.system([directory.organisation.id])) as work:
        assert not await template_store.templates_in_force(work, directory.organisation.id)
    assert (await apply_text(database, smaller_file)).changes == ()
    back = await apply_text(database, FILE)
    assert "department `repairs` added" in back.changes
    assert (await directory_of(database, "power")).department("repairs").id == directory.department("repairs").id


async def test_people_who_are_not_in_the_file_and_their_memberships_are_left_alone(database: Database) -> None:
    await apply_text(database, FILE)
    directory = await directory_of(database, "power")
    without = FILE.replace(FILE[FILE.index("  amina:") : FILE.index("  joseph:")], "")
    assert (await apply_text(database, without)).changes == ()
    assert directory.person("amina").id in (await directory_of(database, "power")).members(
        directory.department("care").id
    )


async def test_somebody_retired_in_the_file_is_signed_out_at_once(database: Database, clock: FixedClock) -> None:
    await apply_text(database, FILE)
    amina = (await directory_of(database, "power")).person("amina").id
    session = sign_in_store.Session(amina, amina, clock.now(), clock.now(), clock.now().replace(year=2027), None, None)
    async with database.work(Actor.system([])) as work:
        await sign_in_store.add_session(work, session, b"hash")
    await apply_text(database, changed("roles: [agent]", "roles: [agent]\n    active: false"))
    async with database.work(Actor.system([])) as work:
        assert await sign_in_store.sessions_in_force(work, amina) == []
    assert not (await directory_of(database, "power")).serves(amina)


async def test_absences_are_added_and_never_taken_away(database: Database) -> None:
    away = "shifts: [Mo-Fr 06:00-14:00]\n    absences: [{from: 2026-12-21, until: 2026-12-24, kind: leave}]"
    await apply_text(database, changed("shifts: [Mo-Fr 06:00-14:00]", away))
    assert (await apply_text(database, FILE)).changes == ()
    directory = await directory_of(database, "power")
    assert [(each.person_id, each.kind) for each in directory.absences] == [(directory.person("amina").id, "leave")]


async def test_newcomers_are_told_how_they_come_in_and_known_people_are_not(database: Database) -> None:
    done = await apply_text(database, FILE)
    assert ("amina@daraja.example", ("agent",)) in done.newcomers
    assert "  ahadi user add amina@daraja.example --organisation power --role agent" in done.lines()
    other = FILE.replace("slug: power", "slug: net").replace("reference: PW", "reference: NT")
    other = other.replace("mtopower.example]", "net.example]").replace("mtopower.example,", "net.example,")
    assert (await apply_text(database, other)).newcomers == ()


async def test_everything_that_is_wrong_is_told_at_its_line_and_nothing_is_changed(database: Database) -> None:
    wrong = FILE
    for old, new in (
        ("zone: Africa/Nairobi", "zone: Afrika/Nairobi"),
        ("then: {department: repairs, priority: high}", "then: {department: repair}"),
        ("{{ case.reference }}", "{{ case.referense }}"),
    ):
        wrong = wrong.replace(old, new)
    with pytest.raises(SetupRefused) as refused:
        await apply_text(database, wrong)
    lines = wrong.splitlines()
    places = [lines[each.line - 1] for each in refused.value.problems]
    assert [each.line for each in refused.value.problems] == sorted(each.line for each in refused.value.problems)
    assert "Afrika" in places[0] and "- name: Outage" in places[1] and "referense" in places[2]
    async with database.read(Actor.system([])) as work:
        assert await get_organisation(work, "power") is None


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("zone: Africa", "zone: Africa", "reference: PW", "references of `power` begin with `PW`"),
        ("reference: PW", "reference: OT", "mail: [help@", "takes mail for `power` already"),
        ("reference: PW", "reference: OT", "mail: [care@", "takes mail for `power` already"),
        ("email: amina@daraja", "email: another@daraja", "  amina:", "`amina` is somebody else"),
        ("  amina:", "  amina-o:", "email: amina@", "is `amina` in this installation"),
    ],
)
async def test_what_another_organisation_has_is_refused_at_its_line(
    database: Database, old: str, new: str, place: str, says: str
) -> None:
    await apply_text(database, FILE)
    other = FILE.replace("slug: power", "slug: other").replace(old, new)
    with pytest.raises(SetupRefused) as refused:
        await apply_text(database, other)
    lines = other.splitlines()
    assert any(says in each.sentence and place in lines[each.line - 1] for each in refused.value.problems)


async def test_references_keep_the_letters_customers_know(database: Database) -> None:
    await apply_text(database, FILE)
    with pytest.raises(SetupRefused, match="begin with `PW`, and customers know them"):
        await apply_text(database, changed("reference: PW", "reference: MP"))


async def test_what_is_rolled_back_is_not_remembered(database: Database) -> None:
    """A directory read in a transaction that fails must not be taken for what is there afterwards."""
    await apply_text(database, FILE)
    before = await directory_of(database, "power")
    organisation = before.organisation.id
    with pytest.raises(RuntimeError):
        async with database.work(Actor.system([organisation])) as work:
            await change_store.put_department(work, _renamed(before, "Lost"))
            await raise_version(work, organisation)
            assert (await read_directory(work, organisation)).department("care").name("en") == "Lost"
            raise RuntimeError("no")
    async with database.work(Actor.system([organisation])) as work:
        await change_store.put_department(work, _renamed(before, "Kept"))
        await raise_version(work, organisation)
    assert (await directory_of(database, "power")).department("care").name("en") == "Kept"


def _renamed(directory: Directory, name: str) -> Department:
    return replace(directory.department("care"), names={"en": name})
