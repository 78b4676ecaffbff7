"""What waits for a person is settled by one; what an agent wrote can be taken back; receivers say what became of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from ahadi import contacts, customers
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden, Invalid
from ahadi.base.ids import uuid7
from ahadi.channels import Refused, Uncertain
from ahadi.contacts import Message, MessageRefused, MessageSettled, NoSuchMessage, send_due
from ahadi.contacts.settling import Decision
from ahadi.platform.database import Actor, Database
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.contacts.builders import gateway, journalled, message, written
from tests.directory.builders import an_organisation

HERE = [ORGANISATION]
ASHA = uuid7()


@pytest.fixture(autouse=True)
async def house(database: Database) -> Any:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def settle(database: Database, id_: UUID, decision: Decision, **words: str) -> Message:
    async with database.work(system()) as work:
        await contacts.settle_message(work, id_, decision, **words)
    return await message(database, id_)


# Held --------------------------------------------------------------------------------------------------------


async def test_a_held_message_is_never_sent_until_a_person_wrote_what_was_missing(database: Database) -> None:
    channel, post = gateway()
    id_ = await written(database, body="received", missing=("customer.name",))
    assert await send_due(database, HERE, post) == 0
    with pytest.raises(Invalid, match=r"customer\.name"):
        await settle(database, id_, "send")
    with pytest.raises(Invalid, match="name"):
        await settle(database, id_, "send", body="Dear {insert name here}, thank you.")
    mended = await settle(database, id_, "send", body="Hello Neema, we are on our way.")
    assert (mended.state, mended.missing, mended.failure) == ("queued", None, None)
    await send_due(database, HERE, post)
    assert [each.text for each in channel.arrived] == ["Hello Neema, we are on our way."]
    assert await journalled(database, id_) == ["message.held", "message.queued", "message.sent"]


async def test_what_a_check_stopped_is_not_sent_as_it_is(database: Database) -> None:
    id_ = await written(database, body="Power is back #blessed", failure="sms-hashtag")
    with pytest.raises(MessageRefused, match="hashtag"):
        await settle(database, id_, "send")
    assert (await settle(database, id_, "send", body="Power is back")).state == "queued"


async def test_a_customer_who_wants_no_more_messages_this_way_gets_none_by_a_persons_decision_either(
    database: Database,
) -> None:
    id_ = await written(database, body="received", missing=("customer.name",))
    customer = (await message(database, id_)).customer_id
    assert customer
    async with database.work(system()) as work:
        await customers.set_consent(work, ORGANISATION, customer, channel="sms", granted=False, source="sms-stop")
    with pytest.raises(MessageRefused, match="no more messages"):
        await settle(database, id_, "send", body="Hello Neema")


async def test_a_link_of_our_own_may_stand_in_mended_words_and_no_other(database: Database) -> None:
    id_ = await written(database, missing=("reason",))
    with pytest.raises(MessageRefused, match="link"):
        await settle(database, id_, "send", body="See https://evil.example/c/1")
    assert (await settle(database, id_, "send", body="See http://127.0.0.1:8123/c/abc")).state == "queued"


async def test_a_held_message_can_be_cancelled_and_then_nothing_is_left_to_decide(database: Database) -> None:
    id_ = await written(database, missing=("reason",))
    assert (await settle(database, id_, "cancel")).state == "cancelled"
    with pytest.raises(MessageSettled):
        await settle(database, id_, "send", body="after all")


async def test_a_mended_message_of_ours_still_waits_for_the_end_of_the_customers_night(
    database: Database, clock: FixedClock
) -> None:
    from datetime import time

    channel, post = gateway()
    id_ = await written(database, missing=("reason",), automatic=True)
    customer = (await message(database, id_)).customer_id
    assert customer
    async with database.work(system()) as work:
        await customers.set_preferences(
            work, ORGANISATION, customer, quiet_from=time(21), quiet_until=time(7), zone="Africa/Nairobi"
        )
    clock.advance(timedelta(hours=13))  # 23:00 in Nairobi
    await settle(database, id_, "send", body="The power is back.")
    assert await send_due(database, HERE, post) == 0
    clock.advance(timedelta(hours=8))
    assert await send_due(database, HERE, post) == 1 and len(channel.arrived) == 1


# Failed and uncertain ----------------------------------------------------------------------------------------


async def test_a_message_that_failed_is_sent_again_when_a_person_says_so(database: Database) -> None:
    channel, post = gateway(Refused("No credit.", code="credit"))
    id_ = await written(database)
    await send_due(database, HERE, post)
    assert (await settle(database, id_, "send")).state == "queued"
    await send_due(database, HERE, post)
    assert (await message(database, id_)).state == "sent" and len(channel.arrived) == 1


async def test_a_person_settles_what_is_uncertain_it_was_sent_or_goes_again_or_not(database: Database) -> None:
    channel, post = gateway(*[Uncertain("Lost.")] * 3)
    first, second, third = [await written(database) for _ in range(3)]
    await send_due(database, HERE, post)
    assert (await settle(database, first, "sent")).state == "sent"
    assert (await settle(database, second, "cancel")).state == "cancelled"
    assert (await settle(database, third, "send")).state == "queued"
    await send_due(database, HERE, post)
    assert [each.id for each in channel.attempts].count(third) == 2
    assert [each.id for each in channel.attempts].count(first) == 1


async def test_only_what_is_uncertain_can_be_said_to_have_been_sent(database: Database) -> None:
    id_ = await written(database, missing=("reason",))
    with pytest.raises(Invalid, match="uncertain"):
        await settle(database, id_, "sent")


async def test_what_waits_is_listed_newest_first_and_what_does_not_is_left_out(database: Database) -> None:
    held = await written(database, missing=("reason",))
    await written(database)
    doubtful = await written(database)
    async with database.work(system()) as work:
        await work.execute("update message set state = 'uncertain' where id = %(id)s", {"id": doubtful})
        assert [each.id for each in await contacts.messages_to_settle(work, HERE, None, 10)] == [doubtful, held]


async def test_settling_needs_the_permission_and_strangers_see_no_message(database: Database) -> None:
    id_ = await written(database, missing=("reason",))
    agent = Actor("person", ASHA, {ORGANISATION: frozenset({"case.work"})})
    async with database.work(agent) as work:
        with pytest.raises(Forbidden):
            await contacts.settle_message(work, id_, "cancel")
    stranger = Actor("person", ASHA, {OTHER_ORGANISATION: frozenset({"*"})})
    async with database.work(stranger) as work:
        with pytest.raises(NoSuchMessage):
            await contacts.settle_message(work, id_, "cancel")


# Taken back --------------------------------------------------------------------------------------------------


async def reply_of(database: Database, person: UUID, now: Any) -> UUID:
    actor = Actor("person", person, {ORGANISATION: frozenset({"case.work"})})
    base = await written(database)
    customer = (await message(database, base)).customer_id
    async with database.work(actor) as work:
        writing = contacts.Writing(
            "email", None, customer, "neema@example.org", "Sorry, wrong window", f"reply:{uuid7()}",  # type: ignore[arg-type]
            subject="Your request", not_before=now + timedelta(seconds=10),
        )  # fmt: skip
        await contacts.write(work, ORGANISATION, writing)
    return writing.id


async def test_a_reply_is_taken_back_by_who_wrote_it_while_it_is_still_here(
    database: Database, clock: FixedClock
) -> None:
    id_ = await reply_of(database, ASHA, clock.now())
    asha = Actor("person", ASHA, {ORGANISATION: frozenset({"case.work"})})
    async with database.work(asha) as work:
        await contacts.take_back(work, id_)
    assert (await message(database, id_)).state == "cancelled"
    async with database.work(asha) as work:
        with pytest.raises(MessageSettled):
            await contacts.take_back(work, id_)


async def test_nobody_takes_back_the_words_of_another(database: Database, clock: FixedClock) -> None:
    id_ = await reply_of(database, ASHA, clock.now())
    ben = Actor("person", uuid7(), {ORGANISATION: frozenset({"case.work"})})
    async with database.work(ben) as work:
        with pytest.raises(NoSuchMessage):
            await contacts.take_back(work, id_)


async def test_what_was_sent_cannot_be_taken_back(database: Database, clock: FixedClock) -> None:
    id_ = await reply_of(database, ASHA, clock.now())
    async with database.work(system()) as work:
        await work.execute("update message set state = 'sent' where id = %(id)s", {"id": id_})
    asha = Actor("person", ASHA, {ORGANISATION: frozenset({"case.work"})})
    async with database.work(asha) as work:
        with pytest.raises(MessageSettled):
            await contacts.take_back(work, id_)


# Receipts ----------------------------------------------------------------------------------------------------


async def receipt(database: Database, provider_id: str, arrived: bool, code: str = "") -> bool:
    async with database.work(system()) as work:
        return await contacts.note_receipt(work, ORGANISATION, "sms", provider_id, arrived, code)


async def test_a_receipt_says_that_a_message_arrived_once(database: Database) -> None:
    _, post = gateway()
    id_ = await written(database)
    await send_due(database, HERE, post)
    assert await receipt(database, "fake-1", True) and await receipt(database, "fake-1", True)
    assert (await message(database, id_)).delivered_at
    assert (await journalled(database, id_)).count("message.delivered") == 1


async def test_a_receipt_of_failure_brings_the_message_before_a_person(database: Database) -> None:
    _, post = gateway()
    id_ = await written(database)
    await send_due(database, HERE, post)
    await receipt(database, "fake-1", False, "undelivered")
    failed = await message(database, id_)
    assert (failed.state, failed.failure) == ("failed", "undelivered")


async def test_a_receipt_for_nothing_of_ours_is_told_so(database: Database) -> None:
    assert not await receipt(database, "who-knows", True)
