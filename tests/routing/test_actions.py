"""Rules as an organisation keeps them: drafted, checked, tried on real cases, published, rolled back, corrected."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from ahadi import intake, promises, routing
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict, Forbidden, NotFound
from ahadi.cases import Holder
from ahadi.intake import Contacting
from ahadi.platform.database import Actor, Database
from ahadi.routing import RulesInvalid, actions
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation
from tests.main.builders import bearer

OUTAGE = {"name": "Outage", "when": {"reason": "outage"}, "then": {"department": "network", "priority": "urgent"}}
MONEY = {"name": "Money", "when": {"words": ["bill*"]}, "then": {"department": "care"}}


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def draft(database: Database, *rows: dict[str, Any]) -> int:
    async with database.work(system()) as work:
        return (await routing.draft_rules(work, ORGANISATION, rows))[0]


async def publish(database: Database, *rows: dict[str, Any]) -> int:
    version = await draft(database, *rows)
    async with database.work(system()) as work:
        await routing.publish_rules(work, ORGANISATION, version)
    return version


async def take(database: Database, number: int, **changes: Any) -> intake.Taken:
    """A contact of a customer of their own."""
    values: dict[str, Any] = {"channel": "phone", "text": "The lights went out", "phone": f"+2547123456{number:02}"}
    async with database.work(system()) as work:
        return await intake.take_contact(work, ORGANISATION, Contacting(**(values | changes)))


async def move(database: Database, taken: intake.Taken, by: UUID, department: str) -> None:
    """A person finds that the case belongs elsewhere."""
    person = Actor("person", by, {ORGANISATION: frozenset({"case.work", "customer.read"})})
    async with database.work(person) as work:
        await promises.hold_case(work, taken.case.reference, None, department)


async def states(database: Database) -> dict[int, str]:
    async with database.read(system()) as work:
        rows = await work.rows("select version, state from rule_table")
    return {row["version"]: row["state"] for row in rows}


async def kinds(database: Database) -> list[str]:
    async with database.read(system()) as work:
        rows = await work.rows("select kind from journal where kind like 'rules.%%' order by seq", {})
    return [row["kind"] for row in rows]


# Drafts ------------------------------------------------------------------------------------------------------


async def test_a_draft_changes_nothing_until_it_is_published(database: Database, house: House) -> None:
    version = await draft(database, OUTAGE)
    assert (await take(database, 1, reason="outage")).case.holder == Holder(department=house.care)
    async with database.work(system()) as work:
        await routing.publish_rules(work, ORGANISATION, version)
    assert (await take(database, 2, reason="outage")).case.holder == Holder(department=house.network)
    assert await kinds(database) == ["rules.drafted", "rules.published"]


async def test_a_draft_is_answered_with_rows_that_never_match_and_requests_nobody_takes(
    database: Database, house: House
) -> None:
    again = OUTAGE | {"name": "Outage again"}
    async with database.work(system()) as work:
        version, check = await routing.draft_rules(work, ORGANISATION, [OUTAGE, again])
    assert [each.rule_id for each in check.dead] == ["outage-again"]
    assert check.uncovered, "whatever is no outage"
    async with database.read(system()) as work:
        assert await actions.check_version(work, ORGANISATION, version) == check


async def test_rows_that_cannot_be_read_are_refused_with_row_and_sentence(database: Database, house: House) -> None:
    with pytest.raises(RulesInvalid) as refused:
        await draft(database, OUTAGE, {"name": "Wrong", "when": {"channel": "pigeon"}, "then": {"department": "care"}})
    assert "Row 2" in refused.value.sentence and refused.value.fields["problems"]
    assert await states(database) == {}, "nothing was kept"


async def test_rules_that_name_nobody_there_are_not_put_in_force(database: Database, house: House) -> None:
    version = await draft(database, OUTAGE | {"then": {"department": "treasury"}})
    async with database.work(system()) as work:
        with pytest.raises(RulesInvalid, match="treasury"):
            await routing.publish_rules(work, ORGANISATION, version)
    assert await states(database) == {version: "draft"}


async def test_a_department_that_closed_takes_nothing_though_a_rule_names_it(database: Database, house: House) -> None:
    await publish(database, OUTAGE)
    async with database.work(system()) as work:
        await work.execute("update department set active = false where id = %(id)s", {"id": house.network})
        await work.execute("update organisation set version = version + 1 where id = %(id)s", {"id": ORGANISATION})
    taken = await take(database, 1, reason="outage")
    assert taken.case.holder == Holder(department=house.care) and taken.case.department_id == house.care


async def test_what_no_rule_covers_goes_to_the_department_that_answers_for_its_reason(
    database: Database, house: House
) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "insert into reason (organisation_id, slug, names, department_id) values (%(o)s, 'outage', '{}', %(d)s)",
            {"o": ORGANISATION, "d": house.network},
        )
        await work.execute("update organisation set version = version + 1 where id = %(id)s", {"id": ORGANISATION})
    assert (await take(database, 1, reason="outage")).case.holder == Holder(department=house.network)
    assert (await take(database, 2, reason="bill")).case.holder == Holder(department=house.care)
    await publish(database, {"name": "All", "then": {"department": "care"}})
    assert (await take(database, 3, reason="outage")).case.holder == Holder(department=house.care)


# Trials ------------------------------------------------------------------------------------------------------


async def test_a_draft_is_tried_on_the_last_cases_and_shows_which_would_have_gone_elsewhere(
    database: Database, house: House, clock: FixedClock
) -> None:
    for number in range(4):
        await take(database, number, reason="outage" if number % 2 else "bill")
        clock.advance(timedelta(minutes=1))
    version = await draft(database, OUTAGE)
    async with database.read(system()) as work:
        trial = await actions.try_version(work, ORGANISATION, version, 100)
        last_two = await actions.try_version(work, ORGANISATION, version, 2)
    assert (trial.tried, trial.same, trial.uncovered) == (4, 2, 2)
    assert {each.decision.then.department for each in trial.elsewhere} == {"network"}
    assert (last_two.tried, last_two.same) == (2, 1)


async def test_a_trial_hears_the_words_that_rules_listen_for_though_no_words_were_kept(
    database: Database, house: House
) -> None:
    await publish(database, {"name": "Sparks", "when": {"words": ["sparks"]}, "then": {"department": "network"}})
    await take(database, 1, text="Neema sees SPARKS at pole 41")
    version = await draft(database, {"name": "S", "when": {"words": ["sparks"]}, "then": {"department": "care"}})
    async with database.read(system()) as work:
        trial = await actions.try_version(work, ORGANISATION, version, 10)
        kept = await work.value("select request::text from routing_fact")
    assert [each.decision.rule_id for each in trial.elsewhere] == ["s"]
    assert "neema" not in kept.lower() and "41" not in kept


# In force, and back ------------------------------------------------------------------------------------------


async def test_one_version_is_in_force_and_the_one_before_comes_back_by_rolling_back(
    database: Database, house: House
) -> None:
    first, second = await publish(database, OUTAGE), await publish(database, MONEY)
    assert await states(database) == {first: "retired", second: "published"}
    async with database.work(system()) as work:
        assert await routing.roll_back(work, ORGANISATION) == first
    assert await states(database) == {first: "published", second: "retired"}
    assert (await take(database, 1, reason="outage")).case.rule_id == "outage"
    assert (await kinds(database))[-1] == "rules.rolled_back"


async def test_there_is_nothing_to_go_back_to_before_the_first_rules(database: Database, house: House) -> None:
    await publish(database, OUTAGE)
    async with database.work(system()) as work:
        with pytest.raises(Conflict):
            await routing.roll_back(work, ORGANISATION)


async def test_rules_in_force_are_not_published_again(database: Database, house: House) -> None:
    version = await publish(database, OUTAGE)
    async with database.work(system()) as work:
        with pytest.raises(Conflict):
            await routing.publish_rules(work, ORGANISATION, version)


async def test_a_version_opens_in_editors_of_decision_tables_and_comes_back_as_it_was(
    database: Database, house: House
) -> None:
    version = await draft(database, OUTAGE, MONEY)
    async with database.read(system()) as work:
        document = await actions.jdm_of(work, ORGANISATION, version)
        held = await actions.get_rules(work, ORGANISATION, version)
    assert routing.read_rules(routing.rows_of_jdm(document)).rules == routing.read_rules(held.rows).rules


# Corrections -------------------------------------------------------------------------------------------------


async def test_a_rule_that_people_keep_correcting_is_reported_with_where_they_put_the_cases(
    database: Database, house: House
) -> None:
    await publish(database, OUTAGE)
    for number in range(3):
        await move(database, await take(database, number, reason="outage"), house.asha, "care")
    await take(database, 4, reason="outage")
    async with database.read(system()) as work:
        found = await actions.corrections(work, ORGANISATION, 100)
    assert [(each.rule_id, each.decided, each.moved, each.to) for each in found] == [("outage", 4, 3, (("care", 3),))]


async def test_a_department_the_customer_chose_is_no_decision_of_the_rules(database: Database, house: House) -> None:
    await publish(database, OUTAGE)
    for number in range(3):
        taken = await take(database, number, department="network", text="I want the people who can fix it")
        assert taken.case.holder == Holder(department=house.network)
        await move(database, taken, house.asha, "care")
    async with database.read(system()) as work:
        assert await actions.corrections(work, ORGANISATION, 100) == ()
        trial = await actions.try_version(work, ORGANISATION, 1, 100)
    assert trial.tried == 0, "and no draft would have sent them elsewhere"


# Who may -----------------------------------------------------------------------------------------------------


async def test_rules_are_drafted_read_and_published_by_those_who_may_and_hidden_from_strangers(
    database: Database, house: House
) -> None:
    version = await draft(database, OUTAGE)
    reader = Actor("token", ORGANISATION, {ORGANISATION: frozenset({"rules.read"})})
    async with database.work(reader) as work:
        assert (await actions.get_rules(work, ORGANISATION, version)).state == "draft"
        with pytest.raises(Forbidden):
            await routing.draft_rules(work, ORGANISATION, [OUTAGE])
        with pytest.raises(Forbidden):
            await routing.publish_rules(work, ORGANISATION, version)
        with pytest.raises(NotFound):
            await actions.get_rules(work, ORGANISATION, version + 1)
    stranger = Actor("token", ORGANISATION, {OTHER_ORGANISATION: frozenset({"*"})})
    async with database.work(stranger) as work:
        with pytest.raises(NotFound):
            await actions.get_rules(work, ORGANISATION, version)


async def test_over_http_rules_are_drafted_checked_tried_published_and_rolled_back(
    app: Any, client: httpx.AsyncClient, installation: Any
) -> None:
    async with installation.database.work(system()) as work:
        await an_organisation(work, ORGANISATION)
    headers = await bearer(installation.database, ORGANISATION)
    made = await client.post("/api/rules", json={"rows": [OUTAGE], "note": "first"}, headers=headers)
    assert made.status_code == 201 and made.json()["version"] == 1
    assert (await client.get("/api/rules/1/check", headers=headers)).json()["problems"] == []
    assert (await client.get("/api/rules/1/trial", headers=headers)).json()["tried"] == 0
    document = (await client.get("/api/rules/1/jdm", headers=headers)).json()
    assert [node["type"] for node in document["nodes"]].count("decisionTableNode") == 1
    assert (await client.post("/api/rules/1/publish", headers=headers)).json() == {"version": 1, "state": "published"}
    assert (await client.post("/api/rules/rollback", headers=headers)).status_code == 409
    await client.post("/api/rules", json={"rows": [MONEY]}, headers=headers)
    await client.post("/api/rules/2/publish", headers=headers)
    assert (await client.post("/api/rules/rollback", headers=headers)).json()["version"] == 1
    history = (await client.get("/api/rules", headers=headers)).json()
    assert [(each["version"], each["state"]) for each in history["items"]] == [(2, "retired"), (1, "published")]
    assert (await client.get("/api/rules/9/jdm", headers=headers)).status_code == 404
