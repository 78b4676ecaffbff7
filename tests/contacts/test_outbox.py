"""A message is sent once; where nobody knows whether it was, a person decides."""

import asyncio
from datetime import timedelta

import pytest

from ahadi import cases, contacts
from ahadi.base.clock import FixedClock
from ahadi.channels import Refused, SendOutcome, TryAgain, Uncertain
from ahadi.contacts import Parcel, Writing, send_due, settle_abandoned
from ahadi.contacts.model import MAX_SEND_ATTEMPTS, wait_before_retry
from ahadi.contacts.outbox import LEASE
from ahadi.customers import recognise
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Database
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, a_case, a_customer, system
from tests.conftest import HOUSE
from tests.contacts.builders import FakePost, gateway, journalled, message, written
from tests.directory.builders import an_organisation

HERE = [ORGANISATION]
MINUTE = timedelta(minutes=1)


class CrashedHere(BaseException):
    """The process dies: nothing after this line runs."""


class CrashingPost(FakePost):
    """Hands the message over and dies before it hears what came of it."""

    async def send(self, parcel: Parcel) -> SendOutcome:
        await super().send(parcel)
        raise CrashedHere


async def crash_while_sending(database: Database, post: FakePost) -> None:
    with pytest.raises(BaseExceptionGroup) as died:
        await send_due(database, HERE, CrashingPost(*post._channels.values()))
    assert died.group_contains(CrashedHere)


# Sent once ---------------------------------------------------------------------------------------------------


async def test_a_message_is_sent_once_and_then_is_sent(database: Database) -> None:
    channel, post = gateway()
    id_ = await written(database)
    assert await send_due(database, HERE, post) == 1
    assert await send_due(database, HERE, post) == 0
    sent = await message(database, id_)
    assert (sent.state, sent.provider_id, sent.attempts) == ("sent", "fake-1", 1) and sent.sent_at
    assert [(each.to, each.text) for each in channel.arrived] == [("+254712345678", "The power is back.")]
    assert await journalled(database, id_) == ["message.queued", "message.sent"]


async def test_one_message_is_written_for_one_intent(database: Database) -> None:
    channel, post = gateway()
    first = await written(database, intent="received:1")
    async with database.work(system()) as work:
        again = Writing("sms", None, await a_customer(work), "+254712345678", "Again", "received:1")
        assert not await contacts.write(work, ORGANISATION, again)
    await send_due(database, HERE, post)
    assert [each.id for each in channel.arrived] == [first]


async def test_two_workers_at_once_send_each_message_once(database: Database) -> None:
    channel, post = gateway()
    for _ in range(20):
        await written(database)
    taken = await asyncio.gather(*(send_due(database, HERE, post, limit=7) for _ in range(4)))
    while await send_due(database, HERE, post):
        pass
    assert sum(taken) <= 20 and len(channel.attempts) == len(channel.arrived) == 20


async def test_a_message_waits_for_its_time_in_the_customers_day(database: Database, clock: FixedClock) -> None:
    channel, post = gateway()
    await written(database, not_before=clock.now() + timedelta(hours=2))
    assert await send_due(database, HERE, post) == 0
    clock.advance(timedelta(hours=2))
    assert await send_due(database, HERE, post) == 1 and len(channel.arrived) == 1


async def test_a_message_of_a_channel_nobody_set_up_waits(database: Database) -> None:
    _, post = gateway()
    id_ = await written(database, channel="email", recipient="neema@example.org", subject="Power")
    assert await send_due(database, HERE, post) == 0
    assert (await message(database, id_)).state == "queued"


async def test_messages_of_other_organisations_are_left_alone(database: Database) -> None:
    channel, post = gateway()
    await written(database)
    assert await send_due(database, [OTHER_ORGANISATION], post) == 0 and not channel.attempts


# What the channel answers ------------------------------------------------------------------------------------


async def test_what_is_refused_fails_and_a_person_sees_why(database: Database) -> None:
    _, post = gateway(Refused("No such number.", code="no-number"))
    id_ = await written(database)
    await send_due(database, HERE, post)
    failed = await message(database, id_)
    assert (failed.state, failed.failure) == ("failed", "no-number")
    assert await send_due(database, HERE, post) == 0, "the same again would be refused again"
    assert await journalled(database, id_) == ["message.queued", "message.failed"]


async def test_try_again_waits_longer_each_time(database: Database, clock: FixedClock) -> None:
    channel, post = gateway(*[TryAgain("Busy.", code="busy")] * 3)
    id_ = await written(database)
    waited = []
    for attempt in range(1, 4):
        assert await send_due(database, HERE, post) == 1
        assert (await message(database, id_)).state == "queued"
        wait = wait_before_retry(attempt)
        clock.advance(wait - timedelta(seconds=1))
        assert await send_due(database, HERE, post) == 0, "not a second too early"
        clock.advance(timedelta(seconds=1))
        waited.append(wait)
    assert waited == [timedelta(seconds=30), MINUTE, 2 * MINUTE]
    await send_due(database, HERE, post)
    assert (await message(database, id_)).state == "sent" and len(channel.arrived) == 1


async def test_a_receiver_that_says_when_is_listened_to(database: Database, clock: FixedClock) -> None:
    _, post = gateway(TryAgain("Busy.", after=timedelta(hours=1)))
    await written(database)
    await send_due(database, HERE, post)
    clock.advance(timedelta(minutes=59))
    assert await send_due(database, HERE, post) == 0
    clock.advance(MINUTE)
    assert await send_due(database, HERE, post) == 1


async def test_patience_ends_and_a_person_sees_it(database: Database, clock: FixedClock) -> None:
    channel, post = gateway(*[TryAgain("Busy.", code="busy")] * MAX_SEND_ATTEMPTS)
    id_ = await written(database)
    for _ in range(MAX_SEND_ATTEMPTS):
        await send_due(database, HERE, post)
        clock.advance(timedelta(hours=2))
    assert await send_due(database, HERE, post) == 0
    failed = await message(database, id_)
    assert (failed.state, failed.failure, failed.attempts) == ("failed", "busy", MAX_SEND_ATTEMPTS)
    assert not channel.arrived


async def test_what_may_have_arrived_is_uncertain_and_not_sent_again(database: Database, clock: FixedClock) -> None:
    channel, post = gateway(Uncertain("The answer was lost.", "answer-lost"))
    id_ = await written(database)
    await send_due(database, HERE, post)
    clock.advance(timedelta(days=1))
    assert await send_due(database, HERE, post) == 0 and await settle_abandoned(database, HERE, post) == 0
    doubtful = await message(database, id_)
    assert (doubtful.state, doubtful.failure) == ("uncertain", "answer-lost")
    assert len(channel.arrived) == 1, "it had arrived"


async def test_a_lost_answer_is_made_good_where_the_receiver_takes_a_key_once(
    database: Database, clock: FixedClock
) -> None:
    channel, post = gateway(Uncertain("The answer was lost."), honours_idempotency=True)
    id_ = await written(database)
    await send_due(database, HERE, post)
    clock.advance(MINUTE)
    await send_due(database, HERE, post)
    assert (await message(database, id_)).state == "sent"
    assert len(channel.attempts) == 2 and len(channel.arrived) == 1


async def test_a_channel_that_fails_in_an_unforeseen_way_leaves_it_to_a_person(database: Database) -> None:
    class Broken(FakePost):
        async def send(self, parcel: Parcel) -> SendOutcome:
            raise RuntimeError("unforeseen")

    id_ = await written(database)
    await send_due(database, HERE, Broken(*gateway()[1]._channels.values()))
    assert ((await message(database, id_)).state, (await message(database, id_)).failure) == (
        "uncertain",
        "channel-failed",
    )


# Crashes -----------------------------------------------------------------------------------------------------


async def test_after_a_crash_a_message_of_unknown_outcome_is_uncertain_and_shown(
    database: Database, clock: FixedClock
) -> None:
    channel, post = gateway()
    id_ = await written(database)
    await crash_while_sending(database, post)
    assert (await message(database, id_)).state == "sending"
    assert await settle_abandoned(database, HERE, post) == 0, "its sender may yet be at work"
    clock.advance(LEASE + timedelta(seconds=1))
    assert await settle_abandoned(database, HERE, post) == 1
    doubtful = await message(database, id_)
    assert (doubtful.state, doubtful.failure) == ("uncertain", "sender-silent")
    assert await send_due(database, HERE, post) == 0 and len(channel.arrived) == 1
    assert (await journalled(database, id_))[-1] == "message.uncertain"


async def test_after_a_crash_it_is_sent_again_only_where_the_receiver_honours_the_key(
    database: Database, clock: FixedClock
) -> None:
    channel, post = gateway(honours_idempotency=True)
    id_ = await written(database)
    await crash_while_sending(database, post)
    clock.advance(LEASE + timedelta(seconds=1))
    await settle_abandoned(database, HERE, post)
    assert await send_due(database, HERE, post) == 1
    assert (await message(database, id_)).state == "sent"
    assert len(channel.attempts) == 2 and len(channel.arrived) == 1
    assert {each.idempotency_key for each in channel.attempts} == {str(id_)}


async def test_a_sender_that_comes_back_late_changes_nothing(database: Database, clock: FixedClock) -> None:
    """It froze while sending; meanwhile its message was found uncertain and settled by a person."""
    channel, post = gateway()
    came, go_on = asyncio.Event(), asyncio.Event()

    class Frozen(FakePost):
        async def send(self, parcel: Parcel) -> SendOutcome:
            came.set()
            await go_on.wait()
            return await super().send(parcel)

    id_ = await written(database)
    frozen = asyncio.create_task(send_due(database, HERE, Frozen(channel)))
    await came.wait()
    clock.advance(LEASE + timedelta(seconds=1))
    await settle_abandoned(database, HERE, post)
    go_on.set()
    await frozen
    assert (await message(database, id_)).state == "uncertain"
    assert await journalled(database, id_) == ["message.queued", "message.uncertain"]


async def test_what_can_still_be_taken_back_waits_for_real_seconds_whatever_the_business_clock_does(
    database: Database, clock: FixedClock
) -> None:
    """A demo's business time runs fast, and a trial's is set: neither may take the undo away."""
    _channel, post = gateway()
    moved = Database(database.url, BusinessClock("manual", clock), house=HOUSE)
    await moved.open()
    try:
        async with moved.connection() as connection:
            await moved.clock.set(connection, clock.now() + timedelta(days=2))
        async with moved.work(system()) as work:
            await an_organisation(work, ORGANISATION)
            known = await recognise(work, ORGANISATION, phone="+254712345678", name="Neema", country="KE")
            case = await a_case(work, customer_id=known.customer.id, channel="sms")
            await cases.reply_to_customer(work, case.reference, "The power is back.", channel="sms")
        assert await send_due(moved, HERE, post) == 0
        clock.advance(timedelta(seconds=30))
        assert await send_due(moved, HERE, post) == 1
    finally:
        await moved.close()
