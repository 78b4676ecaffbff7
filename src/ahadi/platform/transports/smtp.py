"""One mail to one server by SMTP (RFC 5321), with an outcome that never guesses.

The final dot is written only after everything before it has left our hands. So a connection that dies earlier cannot
have delivered anything, and only one that dies after it, before the answer, leaves us uncertain.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from ahadi.base.errors import AhadiError, SetupError
from ahadi.platform.transports.oauth import Token

Security = Literal["tls", "starttls", "plain"]
State = Literal["sent", "refused", "again", "uncertain"]
Stage = Literal["connection", "sign-in", "sender", "recipient", "content"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CHUNK, _PAUSE = 256 * 1024, 0.005  # bytes; seconds between two looks at whether they have left
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server that takes our mail on. Times are seconds; the answer to the whole mail may take ten minutes
    (RFC 5321, 4.5.3.2.6). `plain` with a password is refused anywhere but on loopback."""

    host: str
    port: int = 587
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    token: Token | None = None
    hello: str = "localhost"
    connect_seconds: float = 20.0
    command_seconds: float = 120.0
    answer_seconds: float = 600.0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.security == "plain" and (self.password or self.token) and self.host not in _LOOPBACK:
            raise SetupError(f"The password for {self.host} would travel in the clear; use smtps:// or STARTTLS.")


def settings_from_url(url: str, hello: str = "localhost") -> SmtpSettings:
    """`smtps://user:password@host:465` (TLS from the start) or `smtp://user:password@host:587` (STARTTLS, required).

    On a loopback host `smtp://` is plain. `?tls=none` allows that elsewhere, without a password;
    `?tls=starttls` asks for STARTTLS on loopback. Raises SetupError, which never repeats the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SetupError(
            "The address of the mail server cannot be read; write smtp://user:password@host:587."
        ) from None
    asked = parse_qs(parts.query).get("tls", [""])[0]
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or asked not in ("", "none", "starttls"):
        raise SetupError("The address of the mail server cannot be read; write smtp://user:password@host:587.")
    security: Security = "starttls"
    if parts.scheme == "smtps":
        security = "tls"
    elif asked == "none" or (parts.hostname in _LOOPBACK and not asked):
        security = "plain"
    return SmtpSettings(
        parts.hostname,
        port or {"tls": 465, "starttls": 587, "plain": 25}[security],
        security,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        hello=hello,
    )


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of a mail.

    `sent`: a server took it on for at least one recipient; those it did not are in `refused`, with its words.
    `refused`: nothing was delivered and the same mail will not be taken. `again`: nothing was delivered, later may do.
    `uncertain`: it was handed over whole and no answer came. `code` is the server's three digits (0: none), `enhanced`
    its RFC 3463 code, `answer` its words (they may name addresses), `sentence` ours (it names nobody).
    """

    state: State
    stage: Stage
    sentence: str
    code: int = 0
    enhanced: str = ""
    answer: str = ""
    refused: tuple[tuple[str, str], ...] = ()


class _Stop(Exception):
    """The conversation ends here, with this outcome."""

    def __init__(self, outcome: SendOutcome) -> None:
        super().__init__(outcome.sentence)
        self.outcome = outcome


async def send(raw: bytes, envelope_from: str, to: Sequence[str], settings: SmtpSettings) -> SendOutcome:
    """Hand a composed mail over. `envelope_from` is empty for the null sender.

    Never raises for trouble outside. Cancelling is passed on: the caller then holds the outcome for unknown.
    """
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.security == "tls",
        start_tls=False,
        timeout=settings.command_seconds,
        local_hostname=settings.hello,
        tls_context=settings.tls,
    )
    try:
        await _open(client, settings)
        refused = await _address(client, raw, envelope_from, to)
        outcome = await _hand_over(client, raw, settings)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError):
            await client.quit(timeout=2.0)
        return _with_refused(outcome, refused)
    except _Stop as stop:
        return stop.outcome
    except (aiosmtplib.SMTPException, OSError, ValueError):  # TimeoutError and TLS errors are OSErrors
        return SendOutcome(
            "again", "connection", "The connection to the mail server broke before the mail was handed over."
        )
    finally:
        client.close()


async def _open(client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
    where = f"{settings.host}:{settings.port}"
    try:
        await client.connect(timeout=settings.connect_seconds)
        await client.ehlo()
        if settings.security == "starttls":
            if not client.supports_extension("starttls"):
                raise _again(f"The mail server {where} offers no encryption (STARTTLS), so nothing was sent to it.")
            await client.starttls()
            await client.ehlo()
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code, error.message, "connection") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        cause = error.__cause__ or error
        why = "its certificate is not trusted" if isinstance(cause, ssl.SSLError) else "it cannot be reached"
        raise _again(f"Nothing was sent: the mail server {where} does not serve us, {why}.") from None
    if settings.token is not None or settings.password:
        await _sign_in(client, settings)


async def _sign_in(client: aiosmtplib.SMTP, settings: SmtpSettings) -> None:
    try:
        if settings.token is None:
            await client.login(settings.user, settings.password)
            return
        try:
            await client.auth_xoauth2(settings.user, await settings.token())
        except aiosmtplib.SMTPAuthenticationError:
            await client.auth_xoauth2(settings.user, await settings.token(fresh=True))
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code, error.message, "sign-in") from None
    except AhadiError as error:  # the token's provider
        state: State = "again" if error.status == 503 else "refused"
        raise _Stop(SendOutcome(state, "sign-in", error.sentence)) from None
    except aiosmtplib.SMTPServerDisconnected:
        raise
    except aiosmtplib.SMTPException:
        raise _Stop(
            SendOutcome("refused", "sign-in", "The mail server offers no way of signing in that we know.")
        ) from None


async def _address(
    client: aiosmtplib.SMTP, raw: bytes, envelope_from: str, to: Sequence[str]
) -> list[tuple[str, _Stop]]:
    """MAIL FROM and RCPT TO; the recipients that were not taken. Stops when none was."""
    options = []
    if client.supports_extension("size"):
        options.append(b"SIZE=%d" % len(raw))
    if not raw.isascii() and client.supports_extension("8bitmime"):
        options.append(b"BODY=8BITMIME")
    if not all(each.isascii() for each in (envelope_from, *to)):
        if not client.supports_extension("smtputf8"):
            raise _Stop(SendOutcome("refused", "recipient", "The mail server takes no addresses outside ASCII."))
        options.append(b"SMTPUTF8")
    code, answer = await client.execute_command(b"MAIL", _path(b"FROM", envelope_from), *options)
    if code != 250:
        raise _answered(code, answer, "content" if code == 552 else "sender")
    refused = []
    for recipient in to:
        code, answer = await client.execute_command(b"RCPT", _path(b"TO", recipient))
        if code not in (250, 251):
            refused.append((recipient, _answered(code, answer, "recipient")))
    if len(refused) == len(to):
        later = [stop for _, stop in refused if stop.outcome.state == "again"]
        raise (later or [stop for _, stop in refused])[0]
    return refused


def _path(word: bytes, address: str) -> bytes:
    if re.search(r"[\x00-\x20<>\x7f]", address) or (word == b"TO" and "@" not in address):
        raise _Stop(SendOutcome("refused", "recipient", "One of the mail's addresses cannot be written in SMTP."))
    return word + b":<" + address.encode() + b">"


async def _hand_over(client: aiosmtplib.SMTP, raw: bytes, settings: SmtpSettings) -> SendOutcome:
    code, answer = await client.execute_command(b"DATA")
    if code != 354:
        raise _answered(code, answer, "content")
    protocol, transport = client.protocol, client.transport
    if protocol is None or transport is None:
        raise aiosmtplib.SMTPServerDisconnected("gone")
    answering = asyncio.create_task(protocol.read_response())
    try:
        # An answer before the dot can only be a refusal, or the connection's end.
        await _write_all(cast(asyncio.WriteTransport, transport), _dotted(raw), answering, settings.command_seconds)
        if answering.done():
            code, answer = answering.result()
            raise _answered(code if code >= 400 else 451, answer, "content")
        protocol.write(b".\r\n")
        try:
            code, answer = await asyncio.wait_for(asyncio.shield(answering), settings.answer_seconds)
        except (aiosmtplib.SMTPException, OSError):  # among them TimeoutError
            sentence = "The mail was handed over whole, and the connection ended before the server answered."
            return SendOutcome("uncertain", "content", sentence)
    finally:
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await answering
    if not 200 <= code < 300:
        raise _answered(code, answer, "content")
    return SendOutcome("sent", "content", "The mail server took the mail on.", code, _enhanced(answer), answer)


def _dotted(raw: bytes) -> bytes:
    """CRLF line ends throughout and a dot before every dot that begins a line (RFC 5321, 4.5.2)."""
    lines = _LINE_ENDS.sub(b"\r\n", raw)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return (b"." + lines if lines.startswith(b".") else lines).replace(b"\r\n.", b"\r\n..")


async def _write_all(
    transport: asyncio.WriteTransport,
    data: bytes,
    answering: "asyncio.Task[aiosmtplib.SMTPResponse]",
    seconds: float,
) -> None:
    """Write until the operating system has taken every byte, the server speaks up, or it stops reading for too long."""
    clock = asyncio.get_running_loop().time
    for at in range(0, len(data), _CHUNK):
        _left(transport)
        transport.write(data[at : at + _CHUNK])
        await asyncio.sleep(0)
        deadline = clock() + seconds
        left = _left(transport)
        while left and not answering.done():
            if clock() > deadline:
                raise aiosmtplib.SMTPServerDisconnected("the server stopped reading")
            await asyncio.sleep(_PAUSE)
            if (now_left := _left(transport)) < left:
                left, deadline = now_left, clock() + seconds
        if answering.done():
            return


def _left(transport: asyncio.WriteTransport) -> int:
    """How many bytes the operating system has not taken yet."""
    if transport.is_closing():
        raise aiosmtplib.SMTPServerDisconnected("the connection broke")
    return transport.get_write_buffer_size()


def _answered(code: int, answer: str, stage: Stage) -> _Stop:
    answer = " ".join(answer.encode("utf-8", "replace").decode().split())[:500]
    enhanced = _enhanced(answer)
    written = f"{code} {enhanced}".strip()
    what = {
        "connection": "the connection",
        "sign-in": "our sign-in",
        "sender": "our sender's address",
        "recipient": "the recipient",
        "content": "the mail",
    }[stage]
    if 500 <= code < 600:
        sentence = f"The mail server refused {what} ({written})."
        return _Stop(SendOutcome("refused", stage, sentence, code, enhanced, answer))
    sentence = f"The mail server put {what} off for later ({written})."
    return _Stop(SendOutcome("again", stage, sentence, code, enhanced, answer))


def _enhanced(answer: str) -> str:
    found = _ENHANCED.search(answer[:40])
    return found[0] if found else ""


def _again(sentence: str) -> _Stop:
    return _Stop(SendOutcome("again", "connection", sentence))


def _with_refused(outcome: SendOutcome, refused: list[tuple[str, _Stop]]) -> SendOutcome:
    if not refused:
        return outcome
    listed = tuple((recipient, f"{stop.outcome.code} {stop.outcome.answer}") for recipient, stop in refused)
    sentence = f"The mail server took the mail on, but not for {len(listed)} of its recipients."
    return SendOutcome(outcome.state, outcome.stage, sentence, outcome.code, outcome.enhanced, outcome.answer, listed)
