"""One connection of a mail server: aiosmtpd speaks the protocol, what it costs is bounded here.

Its DATA is replaced, because it keeps endless lines in memory and lets a slow delivery run into the idle time-out.
Deliveries run apart from their connection: a client that hangs up, or our own closing, never cuts one short.
"""

import asyncio
import contextlib
import logging
import ssl
import traceback
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import structlog
from aiosmtpd import smtp as aiosmtpd

from ahadi.channels.email.charsets import line
from ahadi.channels.email.headers import mailbox

# aiosmtpd writes every command, with its addresses, at level INFO.
logging.getLogger("mail.log").setLevel(logging.ERROR)
_log = structlog.get_logger(__name__)

Protocol = Literal["smtp", "lmtp"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail as it was handed to us. `sender` is empty for the null sender; `raw` has CRLF line ends as received."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    protocol: Protocol
    peer: str = ""
    hello: str = ""
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a mail, by recipient: `refused` for good or put off until `later`, each with a sentence for the
    sender; all others are taken, durably. `id` is shown in the answer, so that a mail can be traced."""

    refused: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


Deliver = Callable[[Envelope], Awaitable[DeliveryResult]]
"""Takes a mail for good: returns after the commit. Raising says that nothing was kept; the sender tries again.
The same mail may come again (an answer was lost), so it is taken by Message-ID and content once only."""

Recipients = Callable[[str], Awaitable[bool]]
"""Whether we receive mail for this address."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one client may cost. Sizes are bytes, times seconds (RFC 5321, 4.5.3, asks for at least these time-outs)."""

    mail: int = 25 * 1024 * 1024
    line: int = 64 * 1024
    recipients: int = 100
    connections: int = 200
    connections_from_one: int = 50
    commands: int = 5_000
    idle: float = 300.0
    data: float = 1800.0
    closing: float = 30.0


@dataclass(slots=True)
class Reception:
    """What the connections of one server share."""

    deliver: Deliver
    recipients: Recipients
    protocol: Protocol
    hostname: str
    tls: ssl.SSLContext | None
    limits: ServerLimits
    sessions: "set[Session]" = field(default_factory=set)
    deliveries: set[asyncio.Task[DeliveryResult]] = field(default_factory=set)
    closing: bool = False

    def has_room(self, peer: str) -> bool:
        """Whether the connections there are, the newest among them, may all be served."""
        if len(self.sessions) > self.limits.connections:
            return False
        from_one = Counter(each.peer for each in self.sessions)[peer]
        return not peer or from_one <= self.limits.connections_from_one


class _Hooks:
    """What aiosmtpd asks for at each step."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def handle_EHLO(  # noqa: N802
        self, _: Any, session: Any, __: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [each for each in responses if not each.startswith("250-AUTH")]  # nobody signs in here
        return [*offered[:-1], "250-PIPELINING", offered[-1]]

    async def handle_MAIL(self, _: Any, __: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        bare = "" if address in ("", "<>") else mailbox(address)
        if address not in ("", "<>") and not bare:
            return "553 5.1.7 The sender is not a mail address"
        envelope.mail_from = bare or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender noted"

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if len(envelope.rcpt_tos) >= self._reception.limits.recipients:
            return "452 4.5.3 Too many recipients; send the rest in another mail"
        bare = mailbox(address)
        if not bare:
            return "553 5.1.3 The recipient is not a mail address"
        try:
            known = await self._reception.recipients(bare)
        except Exception as error:
            _log.error("mail.recipient_not_looked_up", **_where(error))
            return "451 4.3.0 The recipient cannot be looked up now; try again"
        if not known:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(bare)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient noted"

    async def handle_VRFY(self, *_: Any) -> str:  # noqa: N802
        return "252 2.1.5 Send the mail and it will be seen"

    async def handle_exception(self, error: Exception) -> str:
        _log.error("mail.session_failed", **_where(error))
        return "451 4.3.0 Something failed here; try again"


_LONGEST_COMMAND = 2048  # bytes; RFC 5321, 4.5.3.1.4, and room for SMTPUTF8 addresses and parameters


class _Refused(Exception):
    """The mail was read to its end and is not taken; the answer says why."""


class Session(aiosmtpd.SMTP):
    """One connection."""

    line_length_limit = 64 * 1024  # what the reader holds at most of a line; longer ones are refused in `smtp_DATA`

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        self.reception = reception
        self.peer = ""
        self.finished: asyncio.Future[None] = loop.create_future()
        self._busy = False
        # A table of its own for each connection: aiosmtpd shares one and grows it with every EHLO.
        self.command_size_limits = defaultdict(lambda: _LONGEST_COMMAND)
        super().__init__(
            _Hooks(reception),
            data_size_limit=reception.limits.mail,
            enable_SMTPUTF8=True,
            hostname=reception.hostname,
            ident="Ahadi",
            tls_context=reception.tls,
            timeout=reception.limits.idle,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit={"*": reception.limits.commands, "NOOP": 100, "HELP": 10, "VRFY": 10},
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        again = self in self.reception.sessions  # after STARTTLS
        if not again:
            address = transport.get_extra_info("peername")
            self.peer = str(address[0]) if isinstance(address, tuple) else ""
            self.reception.sessions.add(self)
            if self.reception.closing or not self.reception.has_room(self.peer):
                self.reception.sessions.discard(self)
                self._turn_away(transport)
                return
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that went away is no trouble of ours
            await super()._handle_client()

    def _turn_away(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(b"421 4.3.2 Too many connections; try again later\r\n")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.session is not None:
            super().connection_lost(error)
        self.reception.sessions.discard(self)
        if not self.finished.done():
            self.finished.set_result(None)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self.session is not None else False

    def close_when_idle(self) -> None:
        if not self._busy:
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            cast(asyncio.Transport, self.transport).write(b"421 4.3.2 This server is closing; try again later\r\n")
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Say first whom it is for" if self.envelope.mail_from else "503 5.5.1 MAIL first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes no words")
            return
        await self.push("354 End the mail with a dot on a line of its own")
        try:
            raw = await asyncio.wait_for(self._read_mail(), self.reception.limits.data)
        except TimeoutError:
            await self.push("421 4.4.2 The mail took too long; try again")
            self._writer.close()
            return
        except _Refused as refusal:
            self._set_post_data_state()  # type: ignore[no-untyped-call]
            await self.push(str(refusal))
            return
        await self._take(raw)

    async def _read_mail(self) -> bytes:
        """The mail up to the lone dot, without the dots that were put before dots (RFC 5321, 4.5.2).

        Only CR LF ends a line, so that nobody can hide a second mail behind other line ends. What is too much is read
        to its end and dropped as it comes.
        """
        limits = self.reception.limits
        kept: list[bytes] = []
        size, too_much, too_long, begins = 0, False, False, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
                whole = True
            except asyncio.LimitOverrunError as error:
                piece, whole = await self._reader.read(error.consumed), False
            self._reset_timeout()
            if begins and piece == b".\r\n":
                break
            size += len(piece)
            too_much = too_much or size > limits.mail
            too_long = too_long or not whole or len(piece) > limits.line
            if too_much or too_long:
                kept.clear()
            else:
                kept.append(piece[1:] if begins and piece.startswith(b".") else piece)
            begins = whole
        if too_much:
            raise _Refused(f"552 5.3.4 The mail is larger than {limits.mail} bytes")
        if too_long:
            raise _Refused(f"500 5.6.0 A line of the mail is longer than {limits.line} bytes")
        return b"".join(kept)

    async def _take(self, raw: bytes) -> None:
        assert self.envelope is not None
        assert self.session is not None
        envelope = Envelope(
            "" if self.envelope.mail_from == "<>" else str(self.envelope.mail_from),
            tuple(self.envelope.rcpt_tos),
            raw,
            self.reception.protocol,
            self.peer,
            line(str(self.session.host_name or ""), 255),
            bool(self.envelope.smtp_utf8),
        )
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        self._busy = True
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        try:
            answers = await self._deliver(envelope)
            await self.push("\r\n".join(answers))
        finally:
            self._busy = False
        if self.reception.closing:
            self._say_goodbye()
        else:
            self._reset_timeout()

    async def _deliver(self, envelope: Envelope) -> list[str]:
        delivery = asyncio.create_task(self._delivery(envelope))
        self.reception.deliveries.add(delivery)
        delivery.add_done_callback(self.reception.deliveries.discard)
        try:
            return self.answers(envelope, await asyncio.shield(delivery))
        except Exception as error:
            _log.error("mail.not_taken_in", **_where(error))
            return ["451 4.3.0 The mail could not be kept now; try again"] * self.answer_count(envelope)

    async def _delivery(self, envelope: Envelope) -> DeliveryResult:
        return await self.reception.deliver(envelope)

    def answer_count(self, envelope: Envelope) -> int:
        return 1

    def answers(self, envelope: Envelope, result: DeliveryResult) -> list[str]:
        """One answer for the whole mail. Put off for one is put off for all, since the mail is known when it comes
        again; refused for some is taken, since those for whom it was taken have it."""
        if result.later:
            return [f"451 4.3.0 {_sentence(next(iter(result.later.values())))}"]
        if all(each in result.refused for each in envelope.recipients):
            return [f"550 5.7.1 {_sentence(result.refused[envelope.recipients[0]])}"]
        return [_taken(result)]


class LmtpSession(Session):
    """LMTP: greeted with LHLO, and an answer to the mail for each recipient (RFC 2033, 4)."""

    show_smtp_greeting = False

    @aiosmtpd.syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP; say LHLO")

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        await self.push("500 5.5.1 This is LMTP; say LHLO")

    def answer_count(self, envelope: Envelope) -> int:
        return len(envelope.recipients)

    def answers(self, envelope: Envelope, result: DeliveryResult) -> list[str]:
        written = []
        for recipient in envelope.recipients:
            if recipient in result.refused:
                written.append(f"550 5.7.1 {_sentence(result.refused[recipient])}")
            elif recipient in result.later:
                written.append(f"451 4.3.0 {_sentence(result.later[recipient])}")
            else:
                written.append(_taken(result))
        return written


def _where(error: Exception) -> dict[str, str]:
    """What may be written about an error: its kind and its place, never its words, which may be a customer's."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "at": at}


def _taken(result: DeliveryResult) -> str:
    return f"250 2.0.0 Taken{' as ' + _sentence(result.id) if result.id else ''}"


def _sentence(text: str) -> str:
    """Words that fit into an answer: one line of ASCII, since not every client reads more (RFC 5321, 4.2)."""
    return line(text, 300).encode("ascii", "replace").decode()
