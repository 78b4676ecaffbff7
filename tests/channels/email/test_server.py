"""The servers that take mail in, spoken to by real clients and by hostile ones."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ahadi.channels.email import DeliveryResult, Envelope, MailServer, ServerLimits
from tests.channels.email.mails import mail
from tests.platform.transports.certificates import Authority

CARE = "care@power.example"
LETTER = mail("The lamp is dark.\r\n")


class House:
    """What stands behind the server: keeps what it is given, or does as it is told."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []
        self.result = DeliveryResult(id="case-1")
        self.fails: Exception | None = None
        self.begun = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.lookups_fail = False

    async def deliver(self, envelope: Envelope) -> DeliveryResult:
        self.begun.set()
        await self.may_finish.wait()
        if self.fails:
            raise self.fails
        self.kept.append(envelope)
        return self.result

    async def recipients(self, address: str) -> bool:
        if self.lookups_fail:
            raise RuntimeError("no database")
        return address.endswith("@power.example") and not address.startswith("nobody")

    @asynccontextmanager
    async def server(self, **how: object) -> AsyncIterator[MailServer]:
        async with MailServer(self.deliver, self.recipients, **how) as server:  # type: ignore[arg-type]
            yield server


@pytest.fixture
async def house() -> House:
    return House()


class Line:
    """A raw connection: what is written goes out as it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: bytes | str) -> str:
        """Send lines, each with CRLF; the answer to the last one. Answers before it are skipped."""
        answer = ""
        for each in lines:
            self.send((each.encode() if isinstance(each, str) else each) + b"\r\n")
            answer = await self.answer()
        return answer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        await self._writer.drain()

    async def answer(self) -> str:
        lines = []
        while True:
            line = (await self._reader.readline()).decode()
            lines.append(line.strip())
            if len(line) < 4 or line[3] != "-":
                return "\n".join(lines)

    async def ended(self) -> bool:
        return await self._reader.read(1) == b""

    def hang_up(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def line_to(server: MailServer) -> AsyncIterator[Line]:
    if server.path:
        reader, writer = await asyncio.open_unix_connection(str(server.path))
    else:
        reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def ready_for_data(line: Line, hello: str = "EHLO client.example", to: str = CARE) -> None:
    await line.answer()
    await line.say(hello, "MAIL FROM:<jane@customer.example>", f"RCPT TO:<{to}>")
    assert (await line.say("DATA")).startswith("354")


async def with_smtplib(server: MailServer, talk: Callable[[smtplib.SMTP], object]) -> object:
    def run() -> object:
        with smtplib.SMTP(server.host, server.port, timeout=20) as client:
            return talk(client)

    return await asyncio.to_thread(run)


async def test_a_mail_is_taken_when_it_was_delivered_and_only_then(house: House) -> None:
    house.may_finish.clear()
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        answering = asyncio.create_task(line.answer())
        await asyncio.sleep(0)
        assert not answering.done() and house.kept == []
        house.may_finish.set()
        assert await answering == "250 2.0.0 Taken as case-1"
    assert house.kept[0].raw == LETTER + b"\r\n"


async def test_a_usual_client_hands_a_mail_over(house: House) -> None:
    async with house.server() as server:
        refused = await with_smtplib(
            server, lambda client: client.sendmail("jane@customer.example", [CARE, "net@power.example"], LETTER)
        )
    assert refused == {}
    (envelope,) = house.kept
    assert envelope.sender == "jane@customer.example"
    assert envelope.recipients == (CARE, "net@power.example")
    assert envelope.raw == LETTER
    assert envelope.protocol == "smtp" and envelope.peer == "127.0.0.1" and envelope.hello


async def test_what_the_server_offers_is_said(house: House) -> None:
    async with house.server(limits=ServerLimits(mail=12345)) as server, line_to(server) as line:
        assert (await line.answer()).startswith("220 ")
        offered = await line.say("EHLO client.example")
    for each in ("SIZE 12345", "8BITMIME", "SMTPUTF8", "PIPELINING"):
        assert each in offered
    assert "AUTH" not in offered and "STARTTLS" not in offered


async def test_the_null_sender_is_taken(house: House) -> None:
    async with house.server() as server:
        await with_smtplib(server, lambda client: client.sendmail("", [CARE], LETTER))
    assert house.kept[0].sender == ""


async def test_an_unknown_recipient_is_refused_when_it_is_named(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x", "MAIL FROM:<jane@customer.example>")
        assert (await line.say("RCPT TO:<nobody@power.example>")).startswith("550 5.1.1")
        assert (await line.say("RCPT TO:<x@elsewhere.example>")).startswith("550 5.1.1")
        assert (await line.say("DATA")).startswith("503")
        assert (await line.say(f"RCPT TO:<{CARE}>")).startswith("250")


async def test_a_recipient_that_cannot_be_looked_up_is_asked_for_again_later(house: House) -> None:
    house.lookups_fail = True
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x", "MAIL FROM:<jane@customer.example>")
        assert (await line.say(f"RCPT TO:<{CARE}>")).startswith("451")


@pytest.mark.parametrize("address", ["<a@b@c>", "<no-domain>", "<@>", "a@b.example>", "<\udc80@x>"])
async def test_addresses_that_are_none_are_refused(house: House, address: str) -> None:
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x")
        written = b"MAIL FROM:" + address.encode("utf-8", "surrogateescape")
        assert (await line.say(written))[0] == "5"
        await line.say("MAIL FROM:<jane@customer.example>")
        written = b"RCPT TO:" + address.encode("utf-8", "surrogateescape")
        assert (await line.say(written))[0] == "5"


async def test_a_failed_delivery_is_tried_again_later_and_the_next_one_is_not_harmed(house: House) -> None:
    house.fails = RuntimeError("the database is gone, and here is jane@customer.example")
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        answer = await line.say(LETTER + b"\r\n.")
        assert answer.startswith("451 4.3.0") and "jane" not in answer and "database" not in answer
        house.fails = None
        assert (await line.say("MAIL FROM:<jane@customer.example>", f"RCPT TO:<{CARE}>", "DATA")).startswith("354")
        assert (await line.say(LETTER + b"\r\n.")).startswith("250")
    assert len(house.kept) == 1


async def test_a_mail_too_large_is_refused_before_and_after_it_is_sent(house: House) -> None:
    async with house.server(limits=ServerLimits(mail=1000)) as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x")
        assert (await line.say("MAIL FROM:<jane@customer.example> SIZE=1001")).startswith("552")
        await line.say("MAIL FROM:<jane@customer.example> SIZE=10", f"RCPT TO:<{CARE}>", "DATA")
        assert (await line.say(*[b"x" * 98 + b"\r\n" + b"y" * 900 + b"\r\n."])).startswith("552 5.3.4")
        assert (await line.say("NOOP")).startswith("250")
    assert house.kept == []


async def test_a_mail_of_just_the_allowed_size_is_taken(house: House) -> None:
    async with house.server(limits=ServerLimits(mail=1000)) as server, line_to(server) as line:
        await ready_for_data(line)
        assert (await line.say(b"x" * 998 + b"\r\n.")).startswith("250")
    assert len(house.kept[0].raw) == 1000


async def test_too_many_recipients_are_asked_for_in_another_mail(house: House) -> None:
    async with house.server(limits=ServerLimits(recipients=2)) as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<a@power.example>", "RCPT TO:<b@power.example>")
        assert (await line.say("RCPT TO:<c@power.example>")).startswith("452")
        await line.say("DATA")
        assert (await line.say(LETTER + b"\r\n.")).startswith("250")
    assert len(house.kept[0].recipients) == 2


async def test_a_line_without_end_is_refused_and_not_kept_in_memory(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        for _ in range(100):
            line.send(b"x" * 100_000)
            await line.drain()
        line.send(b"\r\n.\r\n")
        assert (await line.answer()).startswith("500 5.6.0")
        assert (await line.say("NOOP")).startswith("250")
    assert house.kept == []


async def test_a_dot_after_an_endless_line_does_not_end_the_mail(house: House) -> None:
    """A piece of a line that happens to read as the end is no end (RFC 5321, 4.1.1.4)."""
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        line.send(b"x" * (64 * 1024 * 3) + b".\r\nMAIL FROM:<evil@x.example>\r\n")
        assert (await line.say(".")).startswith("500 5.6.0")


@pytest.mark.parametrize(
    "ending", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\r", b"\r\n.\n", b"\r\n.\x00\r\n", b"\r\n .\r\n"]
)
async def test_no_second_mail_can_be_smuggled_in_behind_a_false_end(house: House, ending: bytes) -> None:
    hidden = b"MAIL FROM:<boss@power.example>\r\nRCPT TO:<care@power.example>\r\nDATA\r\nevil\r\n"
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        assert (await line.say(b"Subject: x\r\n\r\nwords" + ending + hidden + b".")).startswith("250")
    assert len(house.kept) == 1
    assert house.kept[0].sender == "jane@customer.example"


async def test_dots_that_were_doubled_are_single_again(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        await line.say(b"..\r\n...three\r\n. \r\nx\r\n..\r\n.")
    assert house.kept[0].raw == b".\r\n..three\r\n \r\nx\r\n.\r\n"


async def test_addresses_and_words_outside_ascii_are_taken(house: House) -> None:
    raw = mail("Taa 灯", From="Jäne <jäne@müller.example>")
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x")
        answer = await line.say("MAIL FROM:<jäne@müller.example> BODY=8BITMIME SMTPUTF8")
        assert answer.startswith("250")
        await line.say("RCPT TO:<hilfe-ü@power.example>", "DATA", raw + b"\r\n.")
    (envelope,) = house.kept
    assert envelope.sender == "jäne@müller.example" and envelope.recipients == ("hilfe-ü@power.example",)
    assert envelope.smtputf8 and "灯".encode() in envelope.raw


async def test_commands_sent_all_at_once_are_answered_each(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        await line.say("EHLO x")
        line.send(f"MAIL FROM:<a@b.example>\r\nRCPT TO:<{CARE}>\r\nRCPT TO:<nobody@power.example>\r\nDATA\r\n".encode())
        assert [(await line.answer())[:3] for _ in range(4)] == ["250", "250", "550", "354"]
        line.send(LETTER + b"\r\n.\r\nQUIT\r\n")
        assert [(await line.answer())[:3] for _ in range(2)] == ["250", "221"]
        assert await line.ended()


async def test_nonsense_is_answered_and_ends_in_a_goodbye(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        assert (await line.say(b"\xff\xfe\x00"))[0] == "5"
        assert (await line.say("x" * 100_000)).startswith("500")
        for _ in range(10):
            answer = await line.say("BLA")
            if answer.startswith("502"):
                break
        assert await line.ended()


async def test_a_client_that_never_stops_asking_is_told_to_go(house: House) -> None:
    async with house.server() as server, line_to(server) as line:
        await line.answer()
        answers = [await line.say("NOOP") for _ in range(101)]
        assert answers[-1].startswith("421")
        assert await line.ended()


async def test_a_silent_client_is_cut_off(house: House) -> None:
    async with house.server(limits=ServerLimits(idle=0.05)) as server, line_to(server) as line:
        await line.answer()
        assert await line.ended()


async def test_a_mail_that_comes_too_slowly_is_put_off(house: House) -> None:
    async with house.server(limits=ServerLimits(data=0.05)) as server, line_to(server) as line:
        await ready_for_data(line)
        line.send(b"Subject: slow\r\n")
        assert (await line.answer()).startswith("421 4.4.2")
        assert await line.ended()
    assert house.kept == []


async def test_a_delivery_that_takes_longer_than_a_client_may_idle_is_still_answered(house: House) -> None:
    house.may_finish.clear()
    async with house.server(limits=ServerLimits(idle=0.05)) as server, line_to(server) as line:
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        await asyncio.sleep(0.2)
        house.may_finish.set()
        assert (await line.answer()).startswith("250")


async def test_more_connections_than_there_is_room_for_are_put_off(house: House) -> None:
    limits = ServerLimits(connections=3, connections_from_one=2)
    async with house.server(limits=limits) as server, line_to(server) as one, line_to(server) as two:
        assert (await one.answer()).startswith("220") and (await two.answer()).startswith("220")
        async with line_to(server) as three:
            assert (await three.answer()).startswith("421")
            assert await three.ended()
        await one.say("QUIT")
        assert await one.ended()
        async with line_to(server) as four:
            assert (await four.answer()).startswith("220")


async def test_a_client_that_hangs_up_in_the_middle_leaves_nothing_behind(house: House) -> None:
    async with house.server() as server:
        async with line_to(server) as line:
            await ready_for_data(line)
            line.send(b"Subject: half\r\n\r\nwor")
            await line.drain()
            line.hang_up()
        async with line_to(server) as line:
            await ready_for_data(line)
            assert (await line.say(LETTER + b"\r\n.")).startswith("250")
    assert len(house.kept) == 1


async def test_a_client_that_hangs_up_during_delivery_does_not_cut_it_short(house: House) -> None:
    house.may_finish.clear()
    async with house.server() as server, line_to(server) as line:
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        line.hang_up()
        async with line_to(server) as other:
            await other.answer()
            house.may_finish.set()
            assert (await other.say("NOOP")).startswith("250")
    assert len(house.kept) == 1


async def test_closing_waits_for_a_delivery_and_its_answer(house: House) -> None:
    house.may_finish.clear()
    server = MailServer(house.deliver, house.recipients)
    await server.start()
    async with line_to(server) as line, line_to(server) as idle:
        await idle.answer()
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        closing = asyncio.create_task(server.close())
        assert (await idle.answer()).startswith("421")
        assert await idle.ended()
        assert not closing.done()
        house.may_finish.set()
        assert (await line.answer()).startswith("250")
        assert (await line.answer()).startswith("421")
        await closing
    assert len(house.kept) == 1
    with pytest.raises(OSError):
        await asyncio.open_connection(server.host, server.port)


async def test_closing_waits_for_a_delivery_whose_client_hung_up(house: House) -> None:
    house.may_finish.clear()
    server = MailServer(house.deliver, house.recipients)
    await server.start()
    async with line_to(server) as line:
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        line.hang_up()
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    house.may_finish.set()
    await closing
    assert len(house.kept) == 1


async def test_closing_gives_up_on_a_delivery_that_never_ends_without_answering_it(house: House) -> None:
    house.may_finish.clear()
    server = MailServer(house.deliver, house.recipients, limits=ServerLimits(closing=0.05))
    await server.start()
    async with line_to(server) as line:
        await ready_for_data(line)
        line.send(LETTER + b"\r\n.\r\n")
        await house.begun.wait()
        await server.close()
        with suppress(ConnectionError):
            assert await line.ended()
    assert house.kept == []


async def test_many_clients_at_once_are_all_served(house: House) -> None:
    async with house.server() as server:
        await asyncio.gather(
            *(with_smtplib(server, lambda client: client.sendmail("a@b.example", [CARE], LETTER)) for _ in range(20))
        )
    assert len(house.kept) == 20


async def test_a_result_that_differs_by_recipient_has_one_answer_in_smtp(house: House) -> None:
    cases = [
        (DeliveryResult(refused={CARE: "No."}), "250"),
        (DeliveryResult(refused={CARE: "No.", "b@power.example": "No."}), "550 5.7.1 No."),
        (DeliveryResult(later={CARE: "Not now."}), "451 4.3.0 Not now."),
        (DeliveryResult(refused={"b@power.example": "No."}, later={CARE: "Not now."}), "451"),
        (DeliveryResult(id="a\r\n550 injected"), "250 2.0.0 Taken as a 550 injected"),
    ]
    async with house.server() as server:
        for result, expected in cases:
            house.result = result
            async with line_to(server) as line:
                await line.answer()
                await line.say("EHLO x", "MAIL FROM:<a@b.example>", f"RCPT TO:<{CARE}>", "RCPT TO:<b@power.example>")
                await line.say("DATA")
                assert (await line.say(LETTER + b"\r\n.")).startswith(expected)


class TestLmtp:
    async def test_each_recipient_has_an_answer_of_its_own(self, house: House) -> None:
        house.result = DeliveryResult(refused={"b@power.example": "Not here."}, later={"c@power.example": "Later."})
        async with house.server(protocol="lmtp") as server, line_to(server) as line:
            await line.answer()
            await line.say("LHLO x", "MAIL FROM:<a@b.example>", f"RCPT TO:<{CARE}>")
            await line.say("RCPT TO:<b@power.example>", "RCPT TO:<c@power.example>", "DATA")
            line.send(LETTER + b"\r\n.\r\n")
            answers = [await line.answer() for _ in range(3)]
        assert [each[:9] for each in answers] == ["250 2.0.0", "550 5.7.1", "451 4.3.0"]
        assert house.kept[0].protocol == "lmtp"

    async def test_a_failed_delivery_is_said_to_each(self, house: House) -> None:
        house.fails = RuntimeError("gone")
        async with house.server(protocol="lmtp") as server, line_to(server) as line:
            await line.answer()
            await line.say(
                "LHLO x", "MAIL FROM:<a@b.example>", f"RCPT TO:<{CARE}>", "RCPT TO:<b@power.example>", "DATA"
            )
            line.send(LETTER + b"\r\n.\r\n")
            assert [(await line.answer())[:3] for _ in range(2)] == ["451", "451"]

    async def test_smtp_is_not_spoken(self, house: House) -> None:
        async with house.server(protocol="lmtp") as server, line_to(server) as line:
            await line.answer()
            assert (await line.say("EHLO x")).startswith("500")
            assert (await line.say("HELO x")).startswith("500")

    async def test_a_usual_client_speaks_it_over_a_unix_socket(self, house: House, tmp_path: Path) -> None:
        async with house.server(protocol="lmtp", path=tmp_path / "lmtp") as server:

            def talk() -> None:
                with smtplib.LMTP(str(server.path)) as client:
                    client.sendmail("jane@customer.example", [CARE], LETTER)

            await asyncio.to_thread(talk)
            assert (tmp_path / "lmtp").stat().st_mode & 0o007 == 0
        assert house.kept[0].raw == LETTER
        assert not (tmp_path / "lmtp").exists()


async def test_an_encrypted_conversation_carries_a_mail(house: House) -> None:
    authority = Authority()
    async with house.server(tls=authority.server()) as server:

        def talk(client: smtplib.SMTP) -> None:
            client.starttls(context=authority.client())
            client.sendmail("jane@customer.example", [CARE], LETTER)

        await with_smtplib(server, talk)
    assert house.kept[0].raw == LETTER


async def test_what_was_said_in_the_clear_before_encryption_does_not_count(house: House) -> None:
    """CVE-2011-0411: commands slipped in behind STARTTLS by somebody on the way."""
    authority = Authority()

    def talk(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.recv(1000)
            plain.sendall(b"EHLO x\r\n")
            plain.recv(1000)
            plain.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
            plain.recv(1000)
            with authority.client().wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"RCPT TO:<care@power.example>\r\n")
                return secure.recv(1000)

    async with house.server(tls=authority.server()) as server:
        with suppress(ssl.SSLError, ConnectionError):
            assert (await asyncio.to_thread(talk, server.port)).startswith(b"503")


async def test_a_port_that_is_taken_is_said_to_be(house: House) -> None:
    async with house.server() as server:
        with pytest.raises(OSError, match="in use"):
            await MailServer(house.deliver, house.recipients, port=server.port).start()


async def test_a_unix_socket_that_answers_is_not_taken_over_and_a_dead_one_is(house: House, tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    async with house.server(protocol="lmtp", path=path) as first:
        second = MailServer(house.deliver, house.recipients, protocol="lmtp", path=path)
        with pytest.raises(OSError, match="already"):
            await second.start()
        await second.close()
        async with line_to(first) as line:
            assert (await line.answer()).startswith("220")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with house.server(protocol="lmtp", path=path) as third, line_to(third) as line:
        assert (await line.answer()).startswith("220")


async def test_a_server_that_was_closed_can_be_started_again(house: House) -> None:
    server = MailServer(house.deliver, house.recipients)
    for _ in range(2):
        async with server, line_to(server) as line:
            await ready_for_data(line)
            assert (await line.say(LETTER + b"\r\n.")).startswith("250")
