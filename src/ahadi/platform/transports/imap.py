"""A mailbox opened by IMAP (RFC 9051), for one reader at a time.

`imapclient` does the talking, in a thread of the session's own: it is the one client that was found to do STARTTLS,
to answer a refused token, and to survive dropped connections. Every wait is bounded, and closing ends it at once.
"""

import asyncio
import contextlib
import imaplib
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Self, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from ahadi.base.errors import AhadiError, SetupError, Unavailable
from ahadi.platform.transports.oauth import Token

# At debug level it writes whole mails, customers' words and all.
logging.getLogger("imapclient").setLevel(logging.WARNING)

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A hosted mailbox: a password, or a token for XOAUTH2. Times are seconds; `plain` is for loopback only."""

    host: str
    user: str
    password: str = field(default="", repr=False)
    token: Token | None = None
    port: int = 993
    security: Literal["tls", "starttls", "plain"] = "tls"
    connect_seconds: float = 20.0
    read_seconds: float = 60.0
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.security == "plain" and self.host not in _LOOPBACK:
            raise SetupError(f"The mailbox at {self.host} would be read in the clear; use TLS (993) or STARTTLS (143).")


class MailboxUnavailable(Unavailable):
    """The mailbox cannot be read now; trying again may help."""

    code = "mailbox-unavailable"


class MailboxRefused(AhadiError):
    """The mailbox lets us in no more, or has no such folder: a person must act."""

    code = "mailbox-refused"
    status = 502


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as it was opened: UIDs mean something only together with `uid_validity` (RFC 9051, 2.3.1.1)."""

    uid_validity: int
    uid_next: int


class Mailbox:
    """A signed-in session. Use it as `async with await Mailbox.open(settings) as mailbox`."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imap")
        self._client: Any = None
        self._closed = False

    @classmethod
    async def open(cls, settings: ImapSettings) -> Self:
        """Connect and sign in; a refused token is renewed once. Raises MailboxUnavailable or MailboxRefused."""
        for fresh in (False, True):
            mailbox = cls(settings)
            try:
                await mailbox._run(mailbox._connect)
                secret = await settings.token(fresh=fresh) if settings.token else settings.password
                await mailbox._run(partial(mailbox._sign_in, secret))
            except LoginError:
                await mailbox.close()
                if settings.token is None or fresh:
                    raise MailboxRefused(
                        f"The mail server {settings.host} refuses the sign-in of {settings.user}; "
                        + (
                            "allow access to the mailbox again."
                            if settings.token
                            else "check the name and the password."
                        )
                    ) from None
            except BaseException:
                await mailbox.close()
                raise
            else:
                return mailbox
        raise AssertionError("the second attempt returns or raises")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def select(self, folder: str) -> Selected:
        """Open a folder for reading and marking. Raises MailboxRefused when there is none of that name."""

        def select() -> Selected:
            if not self._client.folder_exists(folder):
                raise MailboxRefused(f"The mailbox of {self._settings.user} has no folder {folder!r}; check its name.")
            answer = self._client.select_folder(folder)
            return Selected(int(answer.get(b"UIDVALIDITY", 0)), int(answer.get(b"UIDNEXT", 0)))

        return await self._run(select)

    async def uids_after(self, uid: int) -> list[int]:
        """The UIDs above this one, ascending."""
        # `n:*` always names the last message too, even where its UID is below n (RFC 9051, 6.4.4).
        found = await self._run(lambda: self._client.search(["UID", f"{uid + 1}:*"]))
        return sorted(each for each in found if each > uid)

    async def unseen(self) -> list[int]:
        """The UIDs nobody has read, ascending."""
        return sorted(await self._run(lambda: self._client.search(["UNSEEN"])))

    async def fetch(self, uid: int, most_bytes: int) -> tuple[bytes, int] | None:
        """A mail, at most that many bytes of it, and its whole size; None when it is gone. It does not become read."""

        def fetch() -> tuple[bytes, int] | None:
            sizes = self._client.fetch([uid], [b"RFC822.SIZE"])
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
            if uid not in sizes:
                return None
            # Some servers state sizes that are a little off, so a mail within the limit is asked for whole.
            part = b"BODY.PEEK[]" if size <= most_bytes else b"BODY.PEEK[]<0.%d>" % most_bytes
            answer = self._client.fetch([uid], [part]).get(uid, {})
            body = next((value for name, value in answer.items() if name.startswith(b"BODY[]")), None)
            return (bytes(body), size) if isinstance(body, bytes) else None

        return await self._run(fetch)

    async def mark_seen(self, uids: Sequence[int]) -> None:
        await self._run(lambda: self._client.add_flags(list(uids), [b"\\Seen"], silent=True))

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move into a folder, which is made where there is none (RFC 6851; copied and removed without that)."""

        def move() -> None:
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
            if self._client.has_capability("MOVE"):
                self._client.move(list(uids), folder)
                return
            self._client.copy(list(uids), folder)
            self._client.add_flags(list(uids), [b"\\Seen", b"\\Deleted"], silent=True)
            if self._client.has_capability("UIDPLUS"):  # without it others' deletions would be carried out as well
                self._client.uid_expunge(list(uids))

        await self._run(move)

    async def close(self) -> None:
        """Say goodbye where the connection stands, and end it at once where it does not. Never raises."""
        client, self._client, self._closed = self._client, None, True
        if client is not None:
            for last_words in (client.logout, client.shutdown):
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._thread, last_words), 5.0)
                _cut(client)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _connect(self) -> None:
        settings = self._settings
        self._client = IMAPClient(
            settings.host,
            port=settings.port,
            ssl=settings.security == "tls",
            ssl_context=settings.tls,
            timeout=SocketTimeout(settings.connect_seconds, settings.read_seconds),
        )
        if self._closed:  # given up while the connection was being made
            self._client.shutdown()
        elif settings.security == "starttls":
            self._client.starttls(settings.tls)

    def _sign_in(self, secret: str) -> None:
        if self._settings.token is None:
            self._client.login(self._settings.user, secret)
        else:
            self._client.oauth2_login(self._settings.user, secret)

    async def _run(self, work: Callable[[], T]) -> T:
        """Do something in the session's thread. When the caller is cancelled the connection is cut, so it ends too."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except asyncio.CancelledError:
            if self._client is not None:
                _cut(self._client)
            raise
        except (AhadiError, LoginError):
            raise
        except ssl.SSLCertVerificationError:
            raise MailboxUnavailable(
                f"The certificate of the mail server {self._settings.host} is not trusted; nothing was sent to it."
            ) from None
        except (imaplib.IMAP4.error, OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MailboxUnavailable(
                f"The mail server {self._settings.host} cannot be read ({type(error).__name__}); it is tried again."
            ) from None


def _cut(client: Any) -> None:
    """End the connection under a thread that may be reading from it; the socket itself is closed in that thread."""
    with contextlib.suppress(Exception):
        # The plain socket's own shutdown wakes the reader, with or without TLS on top.
        socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)
