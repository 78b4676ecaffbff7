"""A contact becomes a customer, a case, a holder and a promise; or joins what is there."""

from datetime import timedelta
from typing import Any

import pytest

from ahadi import cases, customers, intake, promises, routing
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden, NotFound
from ahadi.cases import Case, Deed, Holder
from ahadi.intake import Contacting
from ahadi.platform.database import Actor, Database, Work
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation

NEEMA: dict[str, Any] = {"name": "Neema", "phone": "+254712345678", "email": "neema@example.org"}


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def take(database: Database, **changes: Any) -> intake.Taken:
    values: dict[str, Any] = {"channel": "phone", "text": "The lights went out", "subject": "No power"} | NEEMA
    async with database.work(system()) as work:
        return await intake.take_contact(work, ORGANISATION, Contacting(**(values | changes)))


async def templates(database: Database, case: Case) -> list[str]:
    async with database.read(system()) as work:
        rows = await work.rows(
            "select template from message where case_id = %(id)s and direction = 'out' order by at, id", {"id": case.id}
        )
    return [row["template"] for row in rows]


async def resolve(database: Database, case: Case) -> None:
    async with database.work(system()) as work:
        held = await cases.get_case(work, case.id)
        await cases.resolve_case(work, case.id, keep={p.id: Deed("note") for p in held.open_promises})


async def test_a_first_contact_opens_a_case_with_a_holder_and_a_promise_and_the_customer_is_told(
    database: Database, house: House, clock: FixedClock
) -> None:
    taken = await take(database)
    assert not taken.repeat
    assert taken.case.holder == Holder(department=house.care)
    assert taken.case.next_promise and taken.case.next_promise.due_at > clock.now()
    assert await templates(database, taken.case) == ["received"]
    async with database.read(system()) as work:
        row = await work.row("select state, channel, failure, missing from message where direction = 'out'")
    assert row == {"state": "queued", "channel": "email", "failure": None, "missing": None}, "there is no SMS gateway"


async def test_the_same_customer_about_the_same_reason_joins_the_open_case(database: Database, house: House) -> None:
    first = await take(database, reason="outage")
    again = await take(database, channel="email", reason="outage")
    assert again.repeat and again.case.id == first.case.id and again.case.contacts == 2
    assert await templates(database, first.case) == ["received", "joined_repeat"]


async def test_a_missing_reason_matches_the_only_open_case(database: Database, house: House) -> None:
    first = await take(database, reason="outage")
    assert (await take(database)).case.id == first.case.id


async def test_another_reason_opens_a_case_beside_it(database: Database, house: House) -> None:
    first = await take(database, reason="outage")
    second = await take(database, reason="bill")
    assert second.case.id != first.case.id and second.case.linked_to == first.case.id
    third = await take(database)
    assert third.case.id not in (first.case.id, second.case.id), "two are open: a missing reason matches neither"


async def test_a_case_resolved_within_a_week_is_opened_again(
    database: Database, house: House, clock: FixedClock
) -> None:
    first = await take(database, reason="outage")
    await resolve(database, first.case)
    clock.advance(timedelta(days=6))
    again = await take(database, reason="outage")
    assert again.case.id == first.case.id and again.case.state == "open" and again.case.next_promise
    assert await templates(database, first.case) == ["received", "reopened"]
    await resolve(database, again.case)
    clock.advance(timedelta(days=8))
    assert (await take(database, reason="outage")).case.id != first.case.id


async def test_the_third_contact_about_one_thing_goes_to_the_manager(
    database: Database, house: House, clock: FixedClock
) -> None:
    for _ in range(2):
        taken = await take(database, reason="outage")
        assert not taken.case.escalated
        clock.advance(timedelta(hours=1))
    third = await take(database, reason="outage")
    assert third.case.escalated and third.case.priority == "high"
    assert Holder(person=house.dalila) in [p.owner for p in third.case.open_promises]
    clock.advance(timedelta(hours=1))
    fourth = await take(database, reason="outage")
    assert len(fourth.case.open_promises) == len(third.case.open_promises), "the manager is asked once"


async def test_the_third_contact_reaches_the_manager_though_the_case_was_escalated_to_another_before(
    database: Database, house: House
) -> None:
    first = await take(database, reason="outage")
    async with database.work(system()) as work:
        await cases.escalate_case(work, first.case.id, house.juma, "broken-promise")
    await take(database, reason="outage")
    third = await take(database, reason="outage")
    assert Holder(person=house.dalila) in [p.owner for p in third.case.open_promises]


async def test_contacts_long_apart_are_not_escalated(database: Database, house: House, clock: FixedClock) -> None:
    for _ in range(3):
        taken = await take(database, reason="outage")
        clock.advance(timedelta(days=10))
    assert not taken.case.escalated


async def test_an_automatic_contact_is_kept_and_answered_by_nobody(database: Database, house: House) -> None:
    first = await take(database, reason="outage")
    await take(database, channel="email", automatic=True)
    async with database.read(system()) as work:
        case = await cases.get_case(work, first.case.id)
    assert case.contacts == 1 and await templates(database, case) == ["received"]


async def test_a_contact_taken_in_under_the_same_key_changes_nothing(database: Database, house: House) -> None:
    first = await take(database, source_key="mail:1")
    again = await take(database, source_key="mail:1")
    assert (again.contact_id, again.case.id, again.case.contacts) == (first.contact_id, first.case.id, 1)


async def test_somebody_without_any_address_is_still_taken_in(database: Database, house: House) -> None:
    taken = await take(database, name=None, phone=None, email=None)
    assert taken.customer.name is None and taken.case.next_promise
    assert await templates(database, taken.case) == ["received"]


async def test_rules_send_a_request_to_its_department_with_its_promise(
    database: Database, house: House, clock: FixedClock
) -> None:
    rows = [
        {
            "name": "sparks",
            "when": {"words": ["sparks"]},
            "then": {
                "department": "network",
                "priority": "urgent",
                "promise": {"kind": "visit", "within": "2h elapsed", "text": "A crew comes to you"},
            },
        }
    ]
    async with database.work(system()) as work:
        assert await routing.put_rules(work, ORGANISATION, rows) == 1
        assert await routing.put_rules(work, ORGANISATION, rows) is None
    taken = await take(database, text="There are SPARKS at the pole")
    promise = taken.case.next_promise
    assert taken.case.holder == Holder(department=house.network) and taken.case.priority == "urgent"
    assert promise and promise.kind == "visit" and promise.due_at == clock.now() + timedelta(hours=2)
    assert (await take(database, **{**NEEMA, "phone": "+254711111111", "email": None})).case.priority == "normal"


async def test_the_key_a_caller_pressed_gives_nothing_that_is_not_owed(database: Database, house: House) -> None:
    rows = [{"name": "gold", "when": {"tier": "gold"}, "then": {"department": "network", "priority": "urgent"}}]
    async with database.work(system()) as work:
        await routing.put_rules(work, ORGANISATION, rows)
    pressed = await take(database, attributes={"tier": "gold", "key": "9"}, reason="one")
    assert pressed.case.priority == "normal"
    async with database.work(system()) as work:
        await customers.verify_entitlement(
            work, ORGANISATION, pressed.customer.id, tier="gold", verified_by="contract-4711"
        )
    owed = await take(database, reason="two")
    assert owed.case.priority == "urgent" and owed.case.holder == Holder(department=house.network)


async def test_a_split_off_part_is_a_case_of_its_own(database: Database, house: House) -> None:
    first = await take(database, reason="outage")
    second = await take(database, reason="outage", text="and my bill is wrong")
    async with database.work(system()) as work:
        old, new = await intake.split_case(work, first.case.reference, [second.contact_id], "Wrong bill", "bill")
    assert new.linked_to == old.id and new.reason == "bill" and new.next_promise
    async with database.read(system()) as work:
        moved = await work.value("select case_id from contact where id = %(id)s", {"id": second.contact_id})
    assert moved == new.id


async def free(work: Work, person: Any) -> None:
    await work.execute("update person set presence = 'available' where id = %(id)s", {"id": person})


async def test_who_asks_for_a_manager_gets_an_offer_to_one_who_is_free(database: Database, house: House) -> None:
    taken = await take(database)
    async with database.work(system()) as work:
        await free(work, house.dalila)
    async with database.work(system()) as work:
        line = await intake.ask_for(work, taken.case.reference, "manager")
    assert line.offer and line.offer.person_id == house.dalila
    assert line.promise.kind == "callback" and line.promise.owner == Holder(person=house.dalila)
    assert "direct_line" in await templates(database, taken.case)


async def test_who_asks_at_night_gets_a_dated_callback_never_a_refusal(
    database: Database, house: House, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=13))  # 23:00 in Nairobi: Juma is at home
    taken = await take(database)
    async with database.work(system()) as work:
        line = await intake.ask_for(work, taken.case.reference, "specialist", department="network")
    assert line.offer is None
    assert line.promise.kind == "callback" and line.promise.owner == Holder(person=house.juma)
    assert line.promise.due_at >= clock.now() + timedelta(hours=9)
    assert await promises.watch_until_quiet(database) == 0


async def test_intake_is_refused_without_the_permission_and_for_strangers(database: Database, house: House) -> None:
    contacting = Contacting(channel="web", text="hello")
    reader = Actor("token", ORGANISATION, {ORGANISATION: frozenset({"case.read"})})
    async with database.work(reader) as work:
        with pytest.raises(Forbidden):
            await intake.take_contact(work, ORGANISATION, contacting)
    stranger = Actor("token", ORGANISATION, {OTHER_ORGANISATION: frozenset({"*"})})
    async with database.work(stranger) as work:
        with pytest.raises(NotFound):
            await intake.take_contact(work, ORGANISATION, contacting)
