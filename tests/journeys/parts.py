"""The real parts of a journey: an installation as processes of its own, a mail sink, mail handed in, an SMS gateway."""

import asyncio
import ctypes
import json
import os
import re
import signal
import smtplib
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

AHADI = [sys.executable, "-c", "from ahadi.main.cli import app; app()"]
PATIENCE = 120.0  # seconds of real time after which a journey gives up; nothing takes that long
DOMAIN = "ahadi.test"
AS_SENT = policy.SMTP.clone(max_line_length=0)  # Python folds a long Message-ID into what is none


# Mail that leaves --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mail:
    """A mail as its receiver's server got it."""

    to: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def sender(self) -> str:
        return str(self.message["From"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        """The address of the customer's own page in it."""
        found = re.search(r"https?://\S+/c/\S+", self.text)
        assert found, self.text
        return found[0].rstrip(".")


class Sink:
    """The mail server of the whole world: keeps what it is handed."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self._came = asyncio.Condition()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        async with self._came:
            self.mails += [Mail(to, message) for to in envelope.rcpt_tos]
            self._came.notify_all()
        return "250 taken"

    def to(self, address: str) -> list[Mail]:
        """What this address got so far, in order."""
        return [each for each in self.mails if each.to == address]

    async def mail(self, to: str, *saying: str, subject: str = "") -> Mail:
        """The newest mail to somebody that says all of this; waits for it."""

        def found() -> Mail | None:
            fit = (
                each
                for each in reversed(self.to(to))
                if subject in each.subject and all(words in each.text for words in saying)
            )
            return next(fit, None)

        async with self._came:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._came.wait_for(lambda: found() is not None)
            except TimeoutError:
                got = [f"{each.subject}\n{each.text}" for each in self.to(to)]
                raise AssertionError(f"no mail to {to} says {saying} {subject!r}; they got {got}") from None
        mail = found()
        assert mail is not None
        return mail


@asynccontextmanager
async def a_sink() -> AsyncIterator[tuple[Sink, int]]:
    """A mail server on loopback, and its port."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="world.test", loop=loop), "127.0.0.1", 0)
    try:
        yield sink, server.sockets[0].getsockname()[1]
    finally:
        server.close()


# Mail that comes ---------------------------------------------------------------------------------------------


def a_mail(sender: str, to: str, subject: str, text: str, **headers: str) -> EmailMessage:
    """A mail as a person's mail program writes it; header names have `_` for `-`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    named = f"{abs(hash((sender, to, subject, text, tuple(headers.items()))))}@{sender.rpartition('@')[2].rstrip('>')}"
    for name, value in {"Message_ID": f"<{named}>", "Date": "Tue, 24 Nov 2026 10:00:00 +0300", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


# The installation --------------------------------------------------------------------------------------------


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end_with_the_tests() -> None:
    """Tell the kernel to stop this process when the tests are killed, so that nothing is left behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG


@dataclass
class Installation:
    """`ahadi run`, and everything around it."""

    data: Path
    environment: dict[str, str]
    smtp_port: int
    lmtp_path: Path
    address: str = ""
    process: asyncio.subprocess.Process | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    async def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with (self.data.parent / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *AHADI, "run", "--data", str(self.data), "--port", self.address.rpartition(":")[2] or "0",
                env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=log, start_new_session=True,
                preexec_fn=_end_with_the_tests,
            )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = (await self.process.stdout.readline()).decode().split()
        assert said[:1] == ["ready"], f"it said {said}; {(self.data.parent / 'log').read_text()[-2000:]}"
        self.address = said[1]

    async def stop(self) -> int:
        """Stop it as a person would; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            await self.process.communicate()
            return await self.process.wait()

    async def ahadi(self, *arguments: str) -> str:
        """Run a command on it; what it prints."""
        code, printed, complained = await self.command(*arguments)
        assert code == 0, f"ahadi {' '.join(arguments)}: {complained or printed}"
        return printed

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command on it; its exit code, what it printed, and what it said beside."""
        process = await asyncio.create_subprocess_exec(
            *AHADI, *arguments, "--data", str(self.data),
            env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            printed, complained = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode(), complained.decode()

    async def token(self, organisation: str, scopes: str = "all") -> str:
        """A token of the organisation, made on the command line."""
        printed = await self.ahadi("token", "create", "--organisation", organisation, "--scopes", scopes, "--json")
        secret: str = json.loads(printed)["token"]
        return secret

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, headers=headers, timeout=PATIENCE)

    async def hand_in(self, mail: EmailMessage | bytes, to: str, sender: str | None = None) -> None:
        """Deliver a mail by SMTP, as the organisation's mail server does; returns once it is accepted."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=AS_SENT)
        envelope_from = sender if sender is not None else _address(str(message_from_bytes(raw)["From"]))
        await aiosmtplib.send(
            raw, sender=envelope_from, recipients=[to], hostname="127.0.0.1", port=self.smtp_port, timeout=PATIENCE
        )

    async def hand_in_by_lmtp(self, mail: EmailMessage, to: str) -> None:
        """Deliver a mail by LMTP over a socket on this machine (RFC 2033)."""
        raw, sender = mail.as_bytes(policy=AS_SENT), _address(str(mail["From"]))

        def deliver() -> None:
            with smtplib.LMTP(str(self.lmtp_path)) as server:
                assert server.sendmail(sender, [to], raw) == {}

        await asyncio.to_thread(deliver)


def _address(mailbox: str) -> str:
    found = re.search(r"<([^>]*)>", mailbox)
    return found[1] if found else mailbox


@asynccontextmanager
async def an_installation(sink_port: int, **settings: str) -> AsyncIterator[Installation]:
    """A fresh installation, running; stopped and gone afterwards."""
    with _folder() as folder:
        lmtp, smtp = folder / "lmtp", a_free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AHADI_")}
        environment = kept | {
            "AHADI_CLOCK": "manual",
            "AHADI_SMTP_URL": f"smtp://127.0.0.1:{sink_port}",
            "AHADI_MAIL_LISTEN": f"127.0.0.1:{smtp}",
            "AHADI_LMTP_LISTEN": f"unix:{lmtp}",
            "AHADI_MAIL_DOMAIN": DOMAIN,
            "AHADI_OUTGOING_ALLOW": "127.0.0.1",
            "AHADI_WATCH_SECONDS": "0.4",
            "AHADI_WEB_PROCESSES": "2",  # so that what is shared is really shared
            "AHADI_MAIL_TRUSTED_AUTHSERV_IDS": "mx.test",
            **settings,
        }
        installation = Installation(folder / "data", environment, smtp, lmtp)
        await installation.start()
        try:
            yield installation
        finally:
            await installation.stop()


class _folder(tempfile.TemporaryDirectory[str]):  # noqa: N801
    def __enter__(self) -> Path:  # type: ignore[override]
        return Path(super().__enter__())


async def eventually(look: Callable[[], Any], what: str = "it") -> Any:
    """What `look` (a coroutine function) finds, once it finds something."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await look()
                if found:
                    return found
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen") from None


def numbers() -> Iterator[int]:
    return iter(range(1, 1_000_000))
