"""The direct line at work: a case is put before one person, who takes it or leaves it to the next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from ahadi import intake
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict, Forbidden, NotFound
from ahadi.cases import Case, Deed, Holder, get_case, resolve_case
from ahadi.intake import Contacting
from ahadi.platform.database import Actor, Database
from ahadi.routing import offer_store, offers
from ahadi.routing.offer_store import Offer
from ahadi.routing.offering import Offering
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, a_person, an_organisation
from tests.main.builders import bearer


@pytest.fixture
async def house(database: Database) -> House:
    return await furnished(database)


async def furnished(database: Database) -> House:
    """Dalila and Grace decide for care; both are free."""
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
        await a_person(work, house, GRACE, "grace", house.care, None, roles="{manager}")
    await presence(database, "available", house.dalila, GRACE)
    return house


ANSWER_WITHIN = Offering().answer_within
GRACE = UUID("00000000-0000-7000-8000-0000000000ce")


async def presence(database: Database, word: str, *people: UUID) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "update person set presence = %(word)s where id = any(%(people)s)", {"word": word, "people": list(people)}
        )


async def asked(database: Database) -> intake.DirectLine:
    """A customer asks for a manager."""
    async with database.work(system()) as work:
        contacting = Contacting(channel="phone", text="I want the manager", phone="+254712345678")
        taken = await intake.take_contact(work, ORGANISATION, contacting)
    async with database.work(system()) as work:
        return await intake.ask_for(work, taken.case.reference, "manager")


def person(id_: UUID, *permissions: str) -> Actor:
    return Actor("person", id_, {ORGANISATION: frozenset({"case.work", "customer.read", *permissions})})


async def offered(database: Database, case: Case) -> list[Offer]:
    async with database.read(system()) as work:
        return await offer_store.offers_of_case(work, ORGANISATION, case.id)


async def case_now(database: Database, case: Case) -> Case:
    async with database.read(system()) as work:
        return await get_case(work, case.id)


async def told(database: Database, case: Case) -> list[str]:
    async with database.read(system()) as work:
        rows = await work.rows(
            "select template from message where case_id = %(id)s and direction = 'out' order by at, id", {"id": case.id}
        )
    return [row["template"] for row in rows]


async def test_who_accepts_has_the_case_and_the_customer_is_told(database: Database, house: House) -> None:
    line = await asked(database)
    assert line.offer
    async with database.work(person(house.dalila)) as work:
        held = await offers.accept_offer(work, line.offer.id)
    assert held.holder == Holder(person=house.dalila) and held.department_id == house.care
    assert [each.state for each in await offered(database, held)] == ["accepted"]
    assert (await told(database, held))[-1] == "handed_over"


async def test_the_callback_promised_in_person_stands_while_the_offer_is_open(database: Database, house: House) -> None:
    line = await asked(database)
    assert line.promise.kind == "callback" and line.promise.owner == Holder(person=house.dalila)
    assert line.offer and line.offer.expires_at == line.offer.made_at + ANSWER_WITHIN


async def test_who_declines_leaves_it_to_the_next_who_is_free(database: Database, house: House) -> None:
    line = await asked(database)
    assert line.offer
    async with database.work(person(house.dalila)) as work:
        await offers.decline_offer(work, line.offer.id, "busy")
    first, second = await offered(database, line.case)
    assert (first.state, first.reason, second.state, second.person_id) == (
        "declined",
        "busy",
        "offered",
        GRACE,
    )
    async with database.read(person(GRACE)) as work:
        assert [each.id for each in await offer_store.offers_to(work, GRACE)] == [second.id]


async def test_an_offer_nobody_answers_goes_to_the_next_and_nobody_is_asked_twice(
    database: Database, house: House, clock: FixedClock
) -> None:
    line = await asked(database)
    clock.advance(ANSWER_WITHIN)
    assert await offers.expire_offers(database, [ORGANISATION]) == 0, "it stands to its last second"
    clock.advance(timedelta(seconds=1))
    assert await offers.expire_offers(database, [ORGANISATION]) == 1
    assert [(each.person_id, each.state) for each in await offered(database, line.case)] == [
        (house.dalila, "expired"),
        (GRACE, "offered"),
    ]
    clock.advance(ANSWER_WITHIN + timedelta(seconds=1))
    assert await offers.expire_offers(database, [ORGANISATION]) == 1
    assert len(await offered(database, line.case)) == 2, "both were asked; the dated callback stands"
    case = await case_now(database, line.case)
    assert line.promise.id in [each.id for each in case.open_promises]


async def test_when_nobody_is_free_the_dated_callback_is_the_answer(database: Database, house: House) -> None:
    await presence(database, "busy", house.dalila, GRACE)
    line = await asked(database)
    assert line.offer is None and line.promise.owner == Holder(person=house.dalila)


async def test_an_offer_is_answered_once(database: Database, house: House) -> None:
    line = await asked(database)
    assert line.offer
    async with database.work(person(house.dalila)) as work:
        await offers.accept_offer(work, line.offer.id)
    async with database.work(person(house.dalila)) as work:
        with pytest.raises(Conflict):
            await offers.decline_offer(work, line.offer.id, "leaving")


async def test_a_case_settled_meanwhile_is_offered_to_nobody_else(
    database: Database, house: House, clock: FixedClock
) -> None:
    line = await asked(database)
    async with database.work(system()) as work:
        keep = {each.id: Deed("note") for each in (await get_case(work, line.case.id)).open_promises}
        await resolve_case(work, line.case.id, keep=keep)
    clock.advance(ANSWER_WITHIN + timedelta(seconds=1))
    assert await offers.expire_offers(database, [ORGANISATION]) == 1
    assert len(await offered(database, line.case)) == 1


async def test_only_who_was_asked_or_who_steers_the_presence_of_others_may_answer(
    database: Database, house: House
) -> None:
    line = await asked(database)
    assert line.offer
    async with database.work(person(house.asha)) as work:
        with pytest.raises(Forbidden):
            await offers.accept_offer(work, line.offer.id)
    stranger = Actor("person", house.dalila, {OTHER_ORGANISATION: frozenset({"*"})})
    async with database.work(stranger) as work:
        with pytest.raises(NotFound):
            await offers.accept_offer(work, line.offer.id)
    async with database.work(person(house.asha, "presence.others")) as work:
        await offers.decline_offer(work, line.offer.id, "busy")


async def test_over_http_an_offer_is_made_and_declined(app: Any, client: httpx.AsyncClient, installation: Any) -> None:
    await furnished(installation.database)
    headers = await bearer(installation.database, ORGANISATION)
    contact = {"channel": "phone", "from": {"phone": "+254712345678"}, "text": "I want the manager"}
    reference = (await client.post("/api/contacts", json=contact, headers=headers)).json()["case"]["reference"]
    line = await client.post(f"/api/cases/{reference}/direct-line", json={"wish": "manager"}, headers=headers)
    assert line.status_code == 201 and line.json()["promise"]["kind"] == "callback"
    offer = line.json()["offer"]["id"]
    declined = await client.post(f"/api/offers/{offer}/decline", json={"reason": "busy"}, headers=headers)
    assert declined.status_code == 204
    again = await client.post(f"/api/offers/{offer}/accept", headers=headers)
    assert again.status_code == 409
