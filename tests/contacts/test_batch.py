"""One message to many: to everybody, or to nobody until everybody's is complete."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from ahadi import contacts, customers, intake
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import NoSuchCase
from ahadi.cases.batch import Many, tell_many
from ahadi.contacts import BatchState, messages_to_settle, send_due
from ahadi.contacts.templates import TemplateRefused
from ahadi.intake import Contacting
from ahadi.platform.database import Actor, Database
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.contacts.builders import gateway, journalled, message
from tests.directory.builders import an_organisation
from tests.main.builders import bearer

HERE = [ORGANISATION]
BACK = "{{ customer.name }}, the power is back at {{ customer.place }}."
NAMED = "{{ customer.name }}, the power is back. {{ organisation.name }}"


@pytest.fixture(autouse=True)
async def house(database: Database) -> Any:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def customer(database: Database, number: int, name: str | None = "Neema") -> intake.Taken:
    """A customer with a case of their own; told of it before the batch begins."""
    async with database.work(system()) as work:
        contacting = Contacting(
            channel="sms", text="No power", name=name, phone=f"+2547123456{number:02}", answer=False
        )
        return await intake.take_contact(work, ORGANISATION, contacting)


async def three(database: Database, *names: str | None) -> list[intake.Taken]:
    return [await customer(database, n, name) for n, name in enumerate(names or ("Neema", "Juma", "Asha"))]


async def tell(database: Database, taken: list[intake.Taken], **wanted: Any) -> BatchState:
    async with database.work(system()) as work:
        values = {"id": uuid7(), "body": NAMED, "references": [each.case.reference for each in taken]} | wanted
        return await tell_many(work, ORGANISATION, Many(**values))


async def settle(database: Database, id_: UUID, decision: Any, **words: str) -> None:
    async with database.work(system()) as work:
        await contacts.settle_message(work, id_, decision, **words)


async def states(database: Database, batch: UUID) -> list[str]:
    async with database.read(system()) as work:
        return [each.state for each in (await contacts.batch_state(work, ORGANISATION, batch)).messages]


async def test_complete_messages_go_to_everybody_in_their_own_name(database: Database) -> None:
    channel, post = gateway()
    told = await tell(database, await three(database))
    assert told.sentence == "All 3 messages are complete."
    assert await send_due(database, HERE, post) == 3
    assert sorted(each.text for each in channel.arrived) == [
        "Asha, the power is back. Power",
        "Juma, the power is back. Power",
        "Neema, the power is back. Power",
    ]


async def test_one_missing_value_keeps_everybodys_message_here_and_says_whose(database: Database) -> None:
    channel, post = gateway()
    taken = await three(database, "Neema", None, "Asha")
    told = await tell(database, taken)
    assert await states(database, told.id) == ["held"] * 3
    assert await send_due(database, HERE, post) == 0 and not channel.attempts
    (unresolved,) = told.unresolved
    assert (unresolved.customer_id, unresolved.missing) == (taken[1].customer.id, ["customer.name"])
    assert "None of 3 messages is sent" in told.sentence and taken[1].case.reference in told.sentence
    async with database.read(system()) as work:
        assert [each.id for each in await messages_to_settle(work, HERE, None, 10)] == [unresolved.id], (
            "a person is shown what they must write, and not those that only wait for it"
        )


async def test_when_the_last_one_is_mended_all_of_them_leave(database: Database) -> None:
    channel, post = gateway()
    told = await tell(database, await three(database, None, None, "Asha"))
    first, second = told.unresolved
    await settle(database, first.id, "send", body="The power is back. Power")
    assert await states(database, told.id) == ["held"] * 3, "mended, it waits for the other"
    assert await send_due(database, HERE, post) == 0
    await settle(database, second.id, "send", body="The power is back, dear customer. Power")
    assert await states(database, told.id) == ["queued"] * 3
    await send_due(database, HERE, post)
    assert len(channel.arrived) == 3
    assert await journalled(database, first.id) == [
        "message.held",
        "message.mended",
        "message.queued",
        "message.sent",
    ]


async def test_one_that_cannot_be_mended_is_cancelled_and_the_others_leave(database: Database) -> None:
    told = await tell(database, await three(database, "Neema", None, "Asha"))
    await settle(database, told.unresolved[0].id, "cancel")
    assert sorted(await states(database, told.id)) == ["cancelled", "queued", "queued"]


async def test_what_waits_for_its_batch_is_not_sent_by_a_persons_decision_alone(database: Database) -> None:
    told = await tell(database, await three(database, "Neema", None, "Asha"))
    waiting = next(each for each in told.messages if each.waits)
    await settle(database, waiting.id, "send")
    assert (await message(database, waiting.id)).state == "held"


async def test_a_check_of_the_channel_holds_the_batch_like_a_missing_value(database: Database) -> None:
    told = await tell(database, await three(database), body="Power is back #blessed")
    assert {each.failure for each in told.unresolved} == {"sms-hashtag"} and len(told.unresolved) == 3


async def test_each_customer_has_one_message_of_a_batch_however_often_it_is_asked_for(database: Database) -> None:
    channel, post = gateway()
    taken = await three(database)
    batch = uuid7()
    first = await tell(database, [*taken, taken[0]], id=batch, customers=[taken[1].customer.id])
    again = await tell(database, taken, id=batch)
    assert (first.written, again.written) == (3, 0) and "nothing was written" in again.sentence
    later = await customer(database, 9, "Grace")
    assert (await tell(database, [*taken, later], id=batch)).written == 1
    while await send_due(database, HERE, post):
        pass
    assert len(channel.arrived) == 4


async def test_who_is_added_to_a_batch_that_waits_waits_with_it(database: Database) -> None:
    batch = uuid7()
    await tell(database, await three(database, None), id=batch)
    await tell(database, [await customer(database, 9, "Grace")], id=batch)
    assert await states(database, batch) == ["held", "held"]


async def test_nobody_is_written_to_who_did_not_agree_to_what_is_not_about_their_case(database: Database) -> None:
    told = await tell(database, await three(database, "Neema", "Juma"), purpose="marketing")
    assert {each.failure for each in told.unresolved} == {"no-consent"}


async def test_released_messages_still_wait_for_the_end_of_each_customers_night(
    database: Database, clock: FixedClock
) -> None:
    from datetime import time

    channel, post = gateway()
    taken = await three(database, "Neema", None)
    async with database.work(system()) as work:
        await customers.set_preferences(
            work, ORGANISATION, taken[0].customer.id, quiet_from=time(21), quiet_until=time(7), zone="Africa/Nairobi"
        )
    told = await tell(database, taken)
    clock.advance(timedelta(hours=13))  # 23:00 in Nairobi
    await settle(database, told.unresolved[0].id, "cancel")
    assert await send_due(database, HERE, post) == 0
    clock.advance(timedelta(hours=8))
    assert await send_due(database, HERE, post) == 1 and len(channel.arrived) == 1


async def test_a_template_says_what_is_true_of_each_case(database: Database) -> None:
    channel, post = gateway()
    taken = await three(database, "Neema")
    told = await tell(database, taken, body="", template="received")
    assert not told.unresolved
    await send_due(database, HERE, post)
    assert taken[0].case.reference in channel.arrived[0].text


async def test_a_variable_that_does_not_exist_is_refused_before_anything_is_written(database: Database) -> None:
    with pytest.raises(TemplateRefused, match=r"customer\.place"):
        await tell(database, await three(database), body=BACK)


async def test_only_customers_and_cases_of_the_organisation_are_told(database: Database) -> None:
    with pytest.raises(NoSuchCase):
        await tell(database, [], references=["PW-AAAAAAA"])
    with pytest.raises(NotFound):
        await tell(database, [], customers=[uuid7()])
    agent = Actor("person", uuid7(), {ORGANISATION: frozenset({"case.work", "case.read", "customer.read"})})
    stranger = Actor("token", uuid7(), {OTHER_ORGANISATION: frozenset({"*"})})
    many = Many(uuid7(), body="Hello")
    async with database.work(agent) as work:
        with pytest.raises(Forbidden):
            await tell_many(work, ORGANISATION, many)
    async with database.work(stranger) as work:
        with pytest.raises(NotFound):
            await tell_many(work, ORGANISATION, many)


async def test_over_http_a_batch_is_held_shown_mended_and_leaves(
    app: Any, client: httpx.AsyncClient, installation: Any
) -> None:
    database = installation.database
    taken = await three(database, "Neema", None)
    headers = await bearer(database, ORGANISATION)
    asked = {"body": NAMED, "cases": [each.case.reference for each in taken], "channel": "sms"}
    made = await client.post("/api/messages/batch", json=asked, headers=headers)
    assert made.status_code == 201 and made.json()["states"] == {"held": 2}
    (unresolved,) = made.json()["unresolved"]
    assert unresolved["missing"] == ["customer.name"] and unresolved["customer"] == str(taken[1].customer.id)
    settled = await client.post(
        f"/api/messages/{unresolved['message']}/settle",
        json={"decision": "send", "text": "The power is back."},
        headers=headers,
    )
    assert settled.json()["state"] == "queued"
    shown = await client.get(f"/api/messages/batch/{made.json()['id']}", headers=headers)
    assert (shown.json()["states"], shown.json()["unresolved"]) == ({"queued": 2}, [])
    assert (await client.get(f"/api/messages/batch/{uuid7()}", headers=headers)).status_code == 404
