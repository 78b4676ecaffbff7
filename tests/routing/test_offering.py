"""Work that waits in a department is put before people: who, in which order, never twice, never too much."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from ahadi import intake, promises, routing
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict, Forbidden, Invalid
from ahadi.cases import Case, Deed, Holder, get_case, hold_case, resolve_case
from ahadi.directory import Role, permissions_of, raise_version, read_directory
from ahadi.intake import Contacting
from ahadi.main.duties import Heard, keep_offering, watch
from ahadi.platform.database import Actor, Database
from ahadi.routing import explaining, matching_store, offer_actions, offer_store, offers, wrap_up_store, wrap_ups
from ahadi.routing.offer_duty import offer_waiting
from ahadi.routing.offer_store import Offer
from ahadi.routing.offering import Offering, served
from ahadi.routing.scene import read_scene
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House, a_person, an_organisation
from tests.main.builders import bearer

CARE = {"departments": {"care": {"offer": True}}}
ANSWER_WITHIN = Offering().answer_within


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def chosen(database: Database, **changes: Any) -> None:
    """What the organisation chose: care's work is offered."""
    async with database.work(system()) as work:
        await offer_actions.change_offering(work, ORGANISATION, CARE | changes)


async def presence(database: Database, word: str, *people: UUID) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "update person set presence = %(word)s, presence_since = %(now)s where id = any(%(people)s)",
            {"word": word, "people": list(people), "now": work.now},
        )


async def a_contact(database: Database, number: int = 1, **changes: Any) -> Case:
    values: dict[str, Any] = {"channel": "email", "text": "It is dark", "email": f"customer{number}@example.org"}
    async with database.work(system()) as work:
        return (await intake.take_contact(work, ORGANISATION, Contacting(**(values | changes)))).case


async def look(database: Database) -> int:
    return await offer_waiting(database, [ORGANISATION])


async def offered(database: Database, case: Case) -> list[Offer]:
    async with database.read(system()) as work:
        return await offer_store.offers_of_case(work, ORGANISATION, case.id)


async def asked(database: Database, case: Case) -> list[tuple[UUID, str]]:
    return [(each.person_id, each.state) for each in await offered(database, case)]


def person(id_: UUID, role: str = "agent") -> Actor:
    return Actor("person", id_, {ORGANISATION: frozenset(map(str, permissions_of([role])))})


async def presence_of(database: Database, id_: UUID) -> str:
    async with database.read(system()) as work:
        return str(await work.value("select presence from person where id = %(id)s", {"id": id_}))


async def told(database: Database, kind: str) -> list[UUID]:
    async with database.read(system()) as work:
        rows = await work.rows("select person_id from notice where kind = %(kind)s", {"kind": kind})
    return [row["person_id"] for row in rows]


# Whose work is offered ------------------------------------------------------------------------------------------


async def test_a_department_that_chose_nothing_pulls_as_before(database: Database, house: House) -> None:
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    assert await look(database) == 0 and await offered(database, case) == []


async def test_what_waits_is_put_before_somebody_who_may_have_it(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.asha, house.chege, house.juma)
    case = await a_contact(database)
    assert await look(database) == 1
    [offer] = await offered(database, case)
    assert (offer.person_id, offer.state, offer.purpose, offer.kind) == (house.asha, "offered", "route", "case")
    assert offer.expires_at == offer.made_at + ANSWER_WITHIN
    why = {each.person_id: (each.refused or each.preferred) for each in explaining.verdicts_of(offer)}
    assert why == {
        house.asha: "only-one",
        house.ben: "presence",
        house.chege: "off-shift",  # Juma is of another department and was not considered
        house.dalila: "presence",
    }
    assert await look(database) == 0, "it stands; nobody else is asked meanwhile"


async def test_a_manager_of_the_department_is_offered_work_like_anyone(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.dalila)
    case = await a_contact(database)
    await look(database)
    assert await asked(database, case) == [(house.dalila, "offered")]


async def test_nothing_is_offered_while_the_department_is_closed(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database)
    async with database.work(system()) as work:
        await work.execute("update department set hours = 'Mo-Su 12:00-14:00' where slug = 'care'")
        await raise_version(work, ORGANISATION)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    assert await look(database) == 0
    clock.advance(timedelta(hours=2, minutes=1))
    assert await look(database) == 1 and len(await offered(database, case)) == 1


async def test_the_most_urgent_is_offered_first_then_what_was_promised_earliest(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database, capacity={"call": 1, "chat": 1, "case": 1})
    first, second, third = [await a_contact(database, number) for number in range(3)]
    async with database.work(system()) as work:
        await work.execute("update cases set priority = 'urgent' where id = %(id)s", {"id": third.id})
        await work.execute(
            "update promise set due_at = due_at - interval '1 hour' where case_id = %(id)s", {"id": second.id}
        )
    await presence(database, "available", house.asha, house.ben)
    assert await look(database) == 2
    assert len(await offered(database, third)) == len(await offered(database, second)) == 1
    assert await offered(database, first) == [], "both have as much as they take"


async def test_a_rule_that_asks_for_a_skill_has_it_offered_to_who_has_it(database: Database, house: House) -> None:
    await chosen(database)
    async with database.work(system()) as work:
        await work.execute(
            'update organisation set settings = settings || \'{"skills": {"meters": {"en": "Meters"}}}\''
        )
        await work.execute("update membership set skills = '{meters}' where person_id = %(ben)s", {"ben": house.ben})
        rules = [{"name": "Meter", "when": {}, "then": {"department": "care", "skill": "meters"}}]
        await routing.put_rules(work, ORGANISATION, rules)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    assert case.holder == Holder(department=house.care), "asked, and not simply given it"
    assert await look(database) == 0, "Asha lacks the skill"
    await presence(database, "available", house.ben)
    await look(database)
    assert await asked(database, case) == [(house.ben, "offered")]


async def test_who_served_the_customer_last_is_asked_first(database: Database, house: House) -> None:
    await chosen(database)
    earlier = await a_contact(database, 1, reason=None)
    async with database.work(system()) as work:
        await hold_case(work, earlier.id, Holder(person=house.ben), house.care)
        keep = {each.id: Deed("note") for each in (await get_case(work, earlier.id)).open_promises}
        await resolve_case(work, earlier.id, keep=keep)
        await work.execute("update cases set resolved_at = resolved_at - interval '20 days'")
    await presence(database, "available", house.asha, house.ben)
    case = await a_contact(database, 1)
    assert case.id != earlier.id
    await look(database)
    assert await asked(database, case) == [(house.ben, "offered")]


async def test_nobody_is_offered_work_that_outlasts_their_shift(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database, departments={"care": {"offer": True, "minutes": 30}})
    await presence(database, "available", house.asha)
    clock.advance(timedelta(hours=6, minutes=31))  # 16:31, of a shift that ends at 17:00
    case = await a_contact(database)
    assert await look(database) == 0
    async with database.read(person(house.dalila, "manager")) as work:
        found = await explaining.explain(work, case.reference)
    says = {each.person_id: explaining.sentence(each, "Africa/Nairobi") for each in found.verdicts}
    assert found.waits is None and says[house.asha] == "not offered: shift ends 17:00"
    await chosen(database, departments={"care": {"offer": True, "minutes": 30, "passes_on": True}})
    assert await look(database) == 1 and await asked(database, case) == [(house.asha, "offered")]


# Answering ------------------------------------------------------------------------------------------------------


async def test_who_accepts_has_the_case_with_its_promise_and_the_customer_is_told(
    database: Database, house: House
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await look(database)
    [offer] = await offered(database, case)
    async with database.work(person(house.asha)) as work:
        held = await offers.accept_offer(work, offer.id)
    assert held.holder == Holder(person=house.asha) and held.department_id == house.care
    assert all(each.owner == Holder(person=house.asha) for each in held.open_promises)
    async with database.read(system()) as work:
        rows = await work.rows("select template from message where case_id = %(id)s and direction = 'out'"
                               " order by at, id", {"id": case.id})  # fmt: skip
    assert rows[-1]["template"] == "handed_over"


async def test_declined_it_goes_to_the_next_and_never_twice_to_the_same(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.asha, house.ben)
    case = await a_contact(database)
    for _ in range(3):
        await look(database)
        for each in await offered(database, case):
            if each.state == "offered":
                async with database.work(person(each.person_id)) as work:
                    await offers.decline_offer(work, each.id, "busy", "My hands are full")
    assert Counter(await asked(database, case)) == {(house.asha, "declined"): 1, (house.ben, "declined"): 1}


async def test_when_nobody_is_left_it_stays_with_the_department_and_a_supervisor_is_told_once(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database)
    grace = UUID("00000000-0000-7000-8000-0000000000ce")
    async with database.work(system()) as work:
        await a_person(work, house, grace, "grace", house.care, None, roles="{supervisor}")
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await decline_all(database, case)
    for _ in range(3):
        await look(database)
    assert await told(database, "nobody-takes") == [grace]
    async with database.read(system()) as work:
        now = await get_case(work, case.id)
    assert now.holder == Holder(department=house.care) and now.state == "open"
    # Whoever comes later is asked all the same; and after an hour everybody is asked once more, without more noise.
    await presence(database, "available", house.ben)
    await decline_all(database, case)
    assert await asked(database, case) == [(house.asha, "declined"), (house.ben, "declined")]
    clock.advance(timedelta(minutes=61))
    await decline_all(database, case)
    await decline_all(database, case)
    assert Counter(who for who, _ in await asked(database, case)) == {house.asha: 2, house.ben: 2}
    assert await told(database, "nobody-takes") == [grace]


async def decline_all(database: Database, case: Case) -> None:
    await look(database)
    for each in await offered(database, case):
        if each.state == "offered":
            async with database.work(person(each.person_id)) as work:
                await offers.decline_offer(work, each.id, "other")
    await look(database)


async def test_a_reason_must_be_one_of_the_organisations_own(database: Database, house: House) -> None:
    await chosen(database, declining={"lunch": {"en": "Lunch"}})
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await look(database)
    [offer] = await offered(database, case)
    async with database.work(person(house.asha)) as work:
        with pytest.raises(Invalid, match="lunch"):
            await offers.decline_offer(work, offer.id, "busy")
        with pytest.raises(Forbidden):
            await offers.decline_offer(replace(work, actor=person(house.ben)), offer.id, "lunch")


async def test_what_was_said_in_declining_is_in_no_journal_and_is_erased_with_the_person(
    database: Database, house: House
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await look(database)
    [offer] = await offered(database, case)
    async with database.work(person(house.asha)) as work:
        await offers.decline_offer(work, offer.id, "known-to-me", "Neema is my cousin")
    async with database.work(system()) as work:
        assert not await work.value("select count(*) from journal where facts::text like '%%cousin%%'")
        assert (await offer_store.words_of(work, ORGANISATION, [offer.id])) == {offer.id: "Neema is my cousin"}
        await intake.erase_person(work, ORGANISATION, case.customer_id)
    async with database.read(system()) as work:
        assert await offer_store.words_of(work, ORGANISATION, [offer.id]) == {}


async def test_unanswered_it_goes_to_the_next_and_who_lets_too_many_pass_is_on_a_break(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database, away_after=2)
    await presence(database, "available", house.asha)
    cases = [await a_contact(database, number) for number in range(2)]
    assert await look(database) == 2
    clock.advance(ANSWER_WITHIN + timedelta(seconds=1))
    assert await offers.expire_offers(database, [ORGANISATION], limit=1) == 1
    assert await presence_of(database, house.asha) == "available", "once is nothing"
    assert await offers.expire_offers(database, [ORGANISATION]) == 1
    assert await presence_of(database, house.asha) == "break"
    assert await told(database, "set-away") == [house.asha]
    await presence(database, "available", house.ben)
    await look(database)
    assert [(await asked(database, each))[-1] for each in cases] == [(house.ben, "offered")] * 2


async def test_what_somebody_takes_by_hand_is_withdrawn_from_whoever_was_asked(
    database: Database, house: House
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await look(database)
    async with database.work(person(house.ben)) as work:
        await promises.hold_case(work, case.reference, str(house.ben), None)
    [offer] = await offered(database, case)
    async with database.work(person(house.asha)) as work:
        with pytest.raises(Conflict):
            await offers.accept_offer(work, offer.id)
    assert await offers.expire_offers(database, [ORGANISATION]) == 1
    assert await asked(database, case) == [(house.asha, "withdrawn")]


async def test_who_hands_a_case_to_the_department_does_not_get_it_back(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    async with database.work(person(house.asha)) as work:
        await promises.hold_case(work, case.reference, str(house.asha), None)
    async with database.work(person(house.asha)) as work:
        await promises.hold_case(work, case.reference, None, "care")
    await look(database)
    await look(database)
    assert await offered(database, case) == []
    await presence(database, "available", house.ben)
    await look(database)
    assert await asked(database, case) == [(house.ben, "offered")]


# Two at once ----------------------------------------------------------------------------------------------------


async def test_workers_at_the_same_time_offer_nothing_twice_and_nobody_too_much(
    database: Database, house: House
) -> None:
    await chosen(database, capacity={"call": 1, "chat": 1, "case": 3})
    await presence(database, "available", house.asha, house.ben)
    cases = [await a_contact(database, number) for number in range(9)]
    await asyncio.gather(*(look(database) for _ in range(5)))
    standing = [each for case in cases for each in await offered(database, case)]
    assert Counter(each.person_id for each in standing) == {house.asha: 3, house.ben: 3}
    assert len({each.case_id for each in standing}) == len(standing)


async def test_somebody_who_serves_two_organisations_has_one_pair_of_hands(database: Database, house: House) -> None:
    other = UUID("00000000-0000-7000-8000-0000000000f9")
    async with database.work(system(other)) as work:
        second = await an_organisation(work, other, "NT", "net")
        values: Mapping[str, Any] = {"o": other, "p": house.asha, "d": second.care}
        await work.execute(
            "insert into membership (organisation_id, person_id, roles, languages)"
            " values (%(o)s, %(p)s, '{agent}', '{en}')", values)  # fmt: skip
        await work.execute(
            "insert into department_member (organisation_id, department_id, person_id) values (%(o)s, %(d)s, %(p)s)",
            values,
        )
        await offer_actions.change_offering(work, other, CARE | {"capacity": {"case": 2}})
        for number in range(3):
            contacting = Contacting(channel="email", text="Slow", email=f"net{number}@example.org")
            await intake.take_contact(work, other, contacting)
    await chosen(database, capacity={"case": 2})
    for number in range(3):
        await a_contact(database, number)
    await presence(database, "available", house.asha)
    await asyncio.gather(*(offer_waiting(database, [ORGANISATION, other]) for _ in range(3)))
    async with database.read(system(ORGANISATION, other)) as work:
        standing = await offer_store.standing_offers(work, [ORGANISATION, other], 50)
    assert [each.person_id for each in standing] == [house.asha] * 2


# After the work -------------------------------------------------------------------------------------------------


async def accepted(database: Database, who: UUID, number: int = 1) -> Case:
    case = await a_contact(database, number)
    await look(database)
    offer = (await offered(database, case))[-1]
    assert offer.person_id == who
    async with database.work(person(who)) as work:
        return await offers.accept_offer(work, offer.id)


async def resolved(database: Database, case: Case, who: UUID) -> None:
    async with database.work(person(who)) as work:
        keep = [each.id for each in (await get_case(work, case.id)).open_promises]
        await promises.resolve_case(work, case.reference, keep=keep)
    await wrap_ups.keep_wrap_ups(database, [ORGANISATION])


async def owed(database: Database, who: UUID) -> list[wrap_up_store.WrapUp]:
    async with database.read(person(who)) as work:
        return await wrap_up_store.wrap_ups_of(work, who)


async def test_after_the_work_nothing_is_offered_until_it_is_said_what_it_came_to(
    database: Database, house: House
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    await resolved(database, await accepted(database, house.asha), house.asha)
    assert await presence_of(database, house.asha) == "wrap-up"
    case = await a_contact(database, 2)
    assert await look(database) == 0
    [wrap_up] = await owed(database, house.asha)
    async with database.work(person(house.asha)) as work:
        with pytest.raises(Invalid):
            await wrap_ups.end_wrap_up(work, wrap_up.id, "something")
    async with database.work(person(house.asha)) as work:
        ended = await wrap_ups.end_wrap_up(work, wrap_up.id, "solved")
    assert ended.disposition == "solved" and ended.ended_at is not None
    assert await presence_of(database, house.asha) == "available" and await owed(database, house.asha) == []
    async with database.read(system()) as work:
        facts = await work.value("select facts from journal where kind = 'wrap_up.disposed'")
    assert facts["disposition"] == "solved"
    assert await look(database) == 1 and await asked(database, case) == [(house.asha, "offered")]


async def test_a_wrap_up_ends_by_itself_and_the_word_is_still_owed(
    database: Database, house: House, clock: FixedClock
) -> None:
    await chosen(database, wrap_up_minutes=3)
    await presence(database, "available", house.asha)
    await resolved(database, await accepted(database, house.asha), house.asha)
    clock.advance(timedelta(minutes=3))
    await watch(database)
    assert await presence_of(database, house.asha) == "available"
    [wrap_up] = await owed(database, house.asha)
    assert wrap_up.ended_at is not None and wrap_up.disposition is None
    async with database.work(person(house.asha)) as work:
        await wrap_ups.end_wrap_up(work, wrap_up.id, "solved")
        with pytest.raises(Conflict):
            await wrap_ups.end_wrap_up(work, wrap_up.id, "solved")


async def test_who_says_they_are_back_ends_the_wrap_up_and_is_left_alone(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    await resolved(database, await accepted(database, house.asha), house.asha)
    await presence(database, "break", house.asha)
    await watch(database)
    [wrap_up] = await owed(database, house.asha)
    assert wrap_up.ended_at is not None and await presence_of(database, house.asha) == "break"


async def test_handing_a_case_over_ends_the_work_too_but_having_it_taken_owes_no_word(
    database: Database, house: House
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    mine, taken = await accepted(database, house.asha), await accepted(database, house.asha, 2)
    async with database.work(person(house.dalila, "manager")) as work:
        await promises.hold_case(work, taken.reference, str(house.juma), None)
    await wrap_ups.keep_wrap_ups(database, [ORGANISATION])
    assert await owed(database, house.asha) == [] and await presence_of(database, house.asha) == "available"
    async with database.work(person(house.asha)) as work:
        await promises.hold_case(work, mine.reference, None, "network")
    await wrap_ups.keep_wrap_ups(database, [ORGANISATION])
    assert [each.case_id for each in await owed(database, house.asha)] == [mine.id]
    assert await presence_of(database, house.asha) == "wrap-up"


# Over HTTP ------------------------------------------------------------------------------------------------------


async def test_over_http_it_is_chosen_explained_and_answered(
    app: Any, client: httpx.AsyncClient, installation: Any
) -> None:
    database = installation.database
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
    headers = await bearer(database, ORGANISATION)
    usual = (await client.get("/api/offers/settings", headers=headers)).json()
    assert usual["departments"] == {} and usual["capacity"] == {"call": 1, "chat": 3, "case": 5}
    wrong = await client.patch("/api/offers/settings", json={"departments": {"nowhere": {}}}, headers=headers)
    assert wrong.status_code == 422 and "nowhere" in wrong.json()["detail"]
    changed = await client.patch(
        "/api/offers/settings", json=CARE | {"people": {"asha-" + house.asha.hex[-6:]: {"case": 2}}}, headers=headers
    )
    assert changed.status_code == 200 and changed.json()["departments"]["care"]["offer"] is True
    await presence(database, "available", house.asha)
    case = await a_contact(database)
    await look(database)
    assert (await client.get("/api/offers", headers=headers)).json()["items"] == [], "a program is offered nothing"
    [offer] = (await client.get("/api/offers?whose=all", headers=headers)).json()["items"]
    assert (offer["case"], offer["person"], offer["round"]) == (str(case.id), str(house.asha), 1)
    why = (await client.get(f"/api/offers/explain?case={case.reference}", headers=headers)).json()
    assert why["waits"] == "offered"
    assert why["offers"][0]["considered"][0] == {
        "person": str(house.asha),
        "name": "Asha",
        "chosen": True,
        "refused": None,
        "preferred": "only-one",
        "fact": "",
        "says": "offered: nobody else could be offered it",
    }
    declined = await client.post(
        f"/api/offers/{offer['id']}/decline", json={"reason": "busy", "words": "Later"}, headers=headers
    )
    assert declined.status_code == 204
    why = (await client.get(f"/api/offers/explain?case={case.id}", headers=headers)).json()
    assert (
        why["offers"][0]["words"] == "Later" and why["now"][0]["says"] == "not offered: was asked in this round already"
    )


def test_supervisors_and_managers_may_ask_why_and_agents_may_not() -> None:
    asking = {role for role in Role if "reports.read" in permissions_of([role])}
    assert asking == {Role.MANAGER, Role.SUPERVISOR, Role.ADMINISTRATOR}


# At once --------------------------------------------------------------------------------------------------------


async def test_what_comes_is_offered_at_once_and_not_at_the_next_look(database: Database, house: House) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    heard = Heard()
    database.on_commit.append(heard.hear)

    async def organisations() -> list[UUID]:
        return [ORGANISATION]

    offering = asyncio.create_task(keep_offering(database, organisations, heard))
    try:
        case = await a_contact(database)
        while not await offered(database, case):
            await asyncio.sleep(0.01)
    finally:
        offering.cancel()
    assert await asked(database, case) == [(house.asha, "offered")]


async def test_one_case_that_cannot_be_offered_keeps_no_other_back(
    database: Database, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chosen(database)
    await presence(database, "available", house.asha)
    first, second = await a_contact(database, 1), await a_contact(database, 2)

    async def broken(work: Any, organisation_id: UUID, case_id: UUID) -> Any:
        if case_id == first.id:
            raise RuntimeError("this row is broken")
        return await waiting_one(work, organisation_id, case_id)

    waiting_one = matching_store.waiting_one
    monkeypatch.setattr(matching_store, "waiting_one", broken)
    assert await look(database) == 1
    assert await offered(database, first) == [] and await asked(database, second) == [(house.asha, "offered")]


async def test_who_is_asked_for_on_the_telephone_is_not_asked_about_two_calls_at_once(
    database: Database, house: House
) -> None:
    await presence(database, "available", house.dalila)
    lines = []
    for number in range(2):
        case = await a_contact(database, channel="phone", email=None, phone=f"+25471234567{number}")
        async with database.work(system()) as work:
            lines.append(await intake.ask_for(work, case.reference, "manager"))
    assert lines[0].offer is not None and lines[0].offer.kind == "call"
    assert lines[1].offer is None and lines[1].promise.kind == "callback", "a dated call is promised instead"


async def test_planning_finds_what_deciding_finds_however_much_is_alike(database: Database, house: House) -> None:
    """The plan leaves out who could not have such work, and asks the rota once; the outcome is the same."""
    await chosen(database)
    await presence(database, "available", house.asha, house.ben)
    for number in range(4):
        await a_contact(database, number, language="sw" if number % 2 else "en")
    async with database.read(system()) as work:
        directory = await read_directory(work, ORGANISATION)
        waiting = await matching_store.waiting(work, ORGANISATION, [house.care], 0, 10)
        offering = await offer_actions.get_offering(work, ORGANISATION)
        scene = await read_scene(work, directory, offering, served(directory, house.care), waiting)
    assert len(waiting) == 4
    for each in waiting:
        planned, decided = scene.plan(each), scene.decide(each)
        assert planned.chosen == decided.chosen == (None if each.language == "sw" else planned.chosen)
        if planned.chosen is not None:
            scene.took(planned.chosen, "case")
    assert {person: load.get("case", 0) for person, load in scene.loads.items() if load} == {
        house.asha: 1,
        house.ben: 1,
    }
