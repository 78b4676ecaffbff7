import pytest

from ahadi.channels import FakeChannel, Refused, Sent, TryAgain, Uncertain
from tests.channels.contract import ChannelContract, a_message


class FakeReceiver:
    def __init__(self, *, honours_idempotency: bool) -> None:
        self.channel = FakeChannel(honours_idempotency=honours_idempotency)
        self.address = "anyone"

    def refuse(self) -> None:
        self.channel.will(Refused("There is no such address.", permanent=True))

    def be_busy(self) -> None:
        self.channel.will(TryAgain("The receiver is busy."))

    def lose_the_answer(self) -> None:
        self.channel.will(Uncertain("The answer was lost."))

    def arrived(self) -> list[str]:
        return [message.text for message in self.channel.arrived]


class TestAFakeThatHonoursNoKey(ChannelContract):
    @pytest.fixture
    def receiver(self) -> FakeReceiver:
        return FakeReceiver(honours_idempotency=False)


class TestAFakeThatHonoursTheKey(ChannelContract):
    @pytest.fixture
    def receiver(self) -> FakeReceiver:
        return FakeReceiver(honours_idempotency=True)


async def test_the_fake_keeps_every_attempt_even_those_that_did_not_arrive() -> None:
    channel = FakeChannel()
    channel.will(TryAgain("The receiver is busy."))
    message = a_message("anyone")
    await channel.send(message)
    assert isinstance(await channel.send(message), Sent)
    assert channel.attempts == [message, message]
    assert channel.arrived == [message]
