"""The e-mail channel keeps what every channel keeps, and sends the mail it was given."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest
from pydantic import ValidationError

from ahadi.base.clock import FixedClock
from ahadi.base.ids import uuid7
from ahadi.channels import Attachment, Channel, Outgoing, Refused, Sent, Surroundings, TryAgain, Uncertain
from ahadi.channels.email import MANIFEST, EmailSettings, Mail, Signed, claims, header_of, verifier
from tests.channels.contract import ChannelContract, a_message
from tests.channels.email.mails import PDF, read
from tests.platform.transports.scripted_smtp import ScriptedServer

KEY = b"k" * 32
CLOCK = FixedClock(datetime(2026, 11, 24, 7, tzinfo=UTC))


class MailReceiver:
    """A mail server that does as it is told with the next mail."""

    address = "Jane Wanjiru <jane@customer.example>"

    def __init__(self, server: ScriptedServer, channel: Channel) -> None:
        self.server = server
        self.channel = channel

    def refuse(self) -> None:
        self.server.answers["RCPT"] = ["550 5.1.1 no such mailbox"]

    def be_busy(self) -> None:
        self.server.answers["RCPT"] = ["450 4.2.2 mailbox is full"]

    def lose_the_answer(self) -> None:
        self.server.answers["END"] = [""]

    def arrived(self) -> list[str]:
        return [each.text for each in self.mails]

    @property
    def mails(self) -> list[Mail]:
        return [read(each) for each in self.server.mails]


@pytest.fixture
async def receiver() -> AsyncIterator[MailReceiver]:
    async with ScriptedServer().running() as server, httpx.AsyncClient() as http:
        settings = EmailSettings.model_validate(
            {
                "url": f"smtp://127.0.0.1:{server.port}",
                "sender": "Power care <care@power.example>",
                "domain": "power.example",
                "installation": "nairobi-1",
            }
        )
        yield MailReceiver(server, MANIFEST.build(settings, Surroundings(http, CLOCK)))


class TestTheContract(ChannelContract):
    pass


async def test_a_message_arrives_as_the_mail_it_was_meant_to_be(receiver: MailReceiver) -> None:
    signed = Signed(uuid7(), uuid7(), uuid7())
    header = header_of([KEY], signed, "power.example", ["one@customer.example"])
    message = Outgoing(
        id=signed.message,
        idempotency_key="k",
        to=receiver.address,
        text="Habari Jane.",
        html="<p>Habari Jane.</p>",
        sender="Net care <care@net.example>",
        subject="Your lamp [PW-K7MQ2XC]",
        headers=header
        | {"Auto-Submitted": "auto-replied", "X-Ahadi-Hop": "1", "Cc": "o@customer.example", "Bcc": "no@x"},
        attachments=(Attachment("bill.pdf", "application/pdf", PDF),),
    )
    assert await receiver.channel.send(message) == Sent(provider_id=header["Message-ID"].strip("<>"))
    (got,) = receiver.mails
    assert got.sender.address == "care@net.example"
    assert [each.address for each in (*got.to, *got.cc)] == ["jane@customer.example", "o@customer.example"]
    assert got.in_reply_to == ("one@customer.example",)
    assert (got.installation, got.hops) == ("nairobi-1", 1)
    assert got.automatic is not None
    assert [each.data for each in got.attachments] == [PDF]
    assert verifier([KEY])(got.message_id) == signed
    assert claims(got, verifier([KEY])).signed == (Signed(signed.organisation, signed.case, signed.case),)
    assert b"Bcc" not in receiver.server.mails[0]
    assert receiver.server.said[1].startswith("MAIL FROM:<care@net.example>")
    assert receiver.server.said[2:4] == ["RCPT TO:<jane@customer.example>", "RCPT TO:<o@customer.example>"]


async def test_a_message_sent_again_is_the_same_mail_byte_for_byte(receiver: MailReceiver) -> None:
    message = a_message(receiver.address)
    await receiver.channel.send(message)
    CLOCK.set(datetime(2026, 11, 25, tzinfo=UTC))
    await receiver.channel.send(message)
    first, again = receiver.server.mails
    assert first == again
    assert f"Message-ID: <{message.id.hex}@power.example>".encode() in first


async def test_a_mail_is_dated_by_its_message(receiver: MailReceiver) -> None:
    message = a_message(receiver.address)
    await receiver.channel.send(message)
    written = receiver.mails[0].date
    assert written is not None
    assert int(written.timestamp()) == (message.id.int >> 80) // 1000
    assert parsedate_to_datetime(written.strftime("%a, %d %b %Y %H:%M:%S %z")) == written


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@b.example, c@d.example", "+254712345678", "a@b.example\r\nBcc: c@d.example"]
)
async def test_what_is_no_single_address_is_refused_for_good(receiver: MailReceiver, to: str) -> None:
    outcome = await receiver.channel.send(a_message(to))
    assert isinstance(outcome, Refused) and outcome.permanent
    assert receiver.server.mails == []


async def test_an_attempt_to_slip_in_a_field_is_harmless(receiver: MailReceiver) -> None:
    message = Outgoing(
        id=uuid7(),
        idempotency_key="k",
        to=receiver.address,
        text="x",
        subject="a\r\nBcc: evil@x.example",
        headers={
            "References": "<a@b>\r\nBcc: <evil@x.example>",
            "In-Reply-To": "x\r\nBcc: y",
            "X-Ahadi-Hop": "1\r\nBcc: y",
        },
    )
    assert isinstance(await receiver.channel.send(message), Sent)
    assert b"\r\nBcc" not in receiver.server.mails[0]


@pytest.mark.parametrize(
    ("answers", "permanent", "code"),
    [
        ({"RCPT": "550 5.1.1 no such mailbox"}, True, "smtp-recipient-5.1.1"),
        ({"RCPT": "550 no such mailbox"}, True, "smtp-recipient-550"),
        ({"RCPT": "550 5.7.1 not from you"}, False, "smtp-recipient-5.7.1"),
        ({"RCPT": "552 5.2.2 mailbox full"}, False, "smtp-recipient-5.2.2"),
        ({"MAIL": "550 5.7.60 not as this sender"}, False, "smtp-sender-5.7.60"),
        ({"END": "554 5.7.1 looks like spam"}, False, "smtp-content-5.7.1"),
    ],
)
async def test_only_a_refused_address_is_unreachable_for_good(
    receiver: MailReceiver, answers: dict[str, str | list[str]], permanent: bool, code: str
) -> None:
    receiver.server.answers = answers
    outcome = await receiver.channel.send(a_message(receiver.address))
    assert isinstance(outcome, Refused)
    assert (outcome.permanent, outcome.code) == (permanent, code)
    assert "jane" not in outcome.sentence


async def test_every_kind_of_trouble_has_a_code_that_can_be_counted(receiver: MailReceiver) -> None:
    receiver.server.answers = {"DATA": "451 4.3.2 busy"}
    assert (await receiver.channel.send(a_message(receiver.address))) == TryAgain(
        "The mail server put the mail off for later (451 4.3.2).", code="smtp-content-4.3.2"
    )
    receiver.server.answers = {"END": ""}
    outcome = await receiver.channel.send(a_message(receiver.address))
    assert isinstance(outcome, Uncertain) and outcome.code == "smtp-content"


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "mail.power.example"},
        {"url": "smtp://care:s3cret@relay?tls=none"},
        {"sender": "nobody"},
        {"sender": "a@b.example, c@d.example"},
        {"domain": "power example"},
        {"domain": "x\r\ny"},
        {"return_path": "nobody"},
        {"unknown": 1},
        {"oauth": {"token_url": "http://id.example", "client_id": "c"}},
        {"oauth": {"token_url": "https://id.example", "client_id": "c"}},  # no user in the address
    ],
)
def test_settings_that_cannot_work_are_refused_when_they_are_saved(changes: dict[str, object]) -> None:
    good = {"url": "smtps://mail.power.example", "sender": "care@power.example", "domain": "power.example"}
    EmailSettings.model_validate(good)
    with pytest.raises(ValidationError) as refused:
        EmailSettings.model_validate(good | changes)
    assert "s3cret" not in str(refused.value)


def test_settings_with_tokens_make_a_channel() -> None:
    settings = EmailSettings.model_validate(
        {
            "url": "smtp://care%40power.example@smtp.power.example",
            "sender": "care@power.example",
            "domain": "power.example",
            "oauth": {"token_url": "https://id.example/token", "client_id": "c", "refresh_token": "r3fresh"},
        }
    )
    assert "r3fresh" not in repr(settings)
    channel = MANIFEST.build(settings, Surroundings(httpx.AsyncClient(), CLOCK))
    assert channel.name == "email" and not channel.honours_idempotency
