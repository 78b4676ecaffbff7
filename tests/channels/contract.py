"""What every outgoing channel keeps to, the fake and the real ones alike.

An adapter's test makes a class that inherits from `ChannelContract` and gives it a `receiver` fixture: the other end,
which can be told what to do with the next message and knows what really arrived.
"""

import asyncio
from typing import Protocol

from ahadi.base.ids import uuid7
from ahadi.channels import Channel, Outgoing, Refused, Sent, TryAgain, Uncertain


class Receiver(Protocol):
    """The other end of a channel, under a test's control. Each order holds for the next message only."""

    @property
    def channel(self) -> Channel: ...

    @property
    def address(self) -> str: ...

    def refuse(self) -> None:
        """Say that the address can never be reached."""

    def be_busy(self) -> None:
        """Say that it should be tried later."""

    def lose_the_answer(self) -> None:
        """Take the message and break the connection before a word of answer."""

    def arrived(self) -> list[str]:
        """The texts of the messages that arrived, each as often as a person would see it."""
        ...


def a_message(to: str, text: str = "We have your request.") -> Outgoing:
    made = uuid7()
    return Outgoing(id=made, idempotency_key=f"message-{made}", to=to, text=text, subject="Your request")


class ChannelContract:
    async def test_a_message_that_is_taken_is_sent_and_arrives_once(self, receiver: Receiver) -> None:
        outcome = await receiver.channel.send(a_message(receiver.address, "The line is repaired."))
        assert isinstance(outcome, Sent)
        assert [text.strip() for text in receiver.arrived()] == ["The line is repaired."]

    async def test_an_address_that_can_never_be_reached_is_refused_for_good(self, receiver: Receiver) -> None:
        receiver.refuse()
        outcome = await receiver.channel.send(a_message(receiver.address))
        assert isinstance(outcome, Refused)
        assert outcome.permanent
        assert outcome.sentence.endswith(".")
        assert receiver.arrived() == []

    async def test_a_receiver_that_is_busy_is_tried_again(self, receiver: Receiver) -> None:
        receiver.be_busy()
        outcome = await receiver.channel.send(a_message(receiver.address))
        assert isinstance(outcome, TryAgain)
        assert outcome.sentence.endswith(".")
        assert receiver.arrived() == []

    async def test_a_lost_answer_is_uncertain_unless_the_receiver_honours_the_key(self, receiver: Receiver) -> None:
        receiver.lose_the_answer()
        outcome = await receiver.channel.send(a_message(receiver.address))
        assert isinstance(outcome, TryAgain if receiver.channel.honours_idempotency else Uncertain)
        assert outcome.sentence.endswith(".")

    async def test_what_may_be_tried_again_never_arrives_twice(self, receiver: Receiver) -> None:
        message = a_message(receiver.address)
        receiver.lose_the_answer()
        outcome = await receiver.channel.send(message)
        if isinstance(outcome, TryAgain):
            assert isinstance(await receiver.channel.send(message), Sent)
        assert len(receiver.arrived()) == 1

    async def test_trouble_with_one_message_leaves_the_next_one_alone(self, receiver: Receiver) -> None:
        for trouble in (receiver.refuse, receiver.be_busy, receiver.lose_the_answer):
            trouble()
            await receiver.channel.send(a_message(receiver.address, "troubled"))
            assert isinstance(await receiver.channel.send(a_message(receiver.address, "fine")), Sent)
        assert [text.strip() for text in receiver.arrived()].count("fine") == 3

    async def test_many_messages_at_once_all_arrive(self, receiver: Receiver) -> None:
        messages = [a_message(receiver.address, f"number {n}") for n in range(20)]
        outcomes = await asyncio.gather(*(receiver.channel.send(message) for message in messages))
        assert all(isinstance(outcome, Sent) for outcome in outcomes)
        assert sorted(text.strip() for text in receiver.arrived()) == sorted(message.text for message in messages)

    async def test_the_words_of_an_outcome_carry_no_words_of_the_message(self, receiver: Receiver) -> None:
        for trouble in (receiver.refuse, receiver.be_busy, receiver.lose_the_answer):
            trouble()
            outcome = await receiver.channel.send(a_message(receiver.address, "a very private matter"))
            assert not isinstance(outcome, Sent)
            assert "private" not in outcome.sentence + outcome.code
