"""Mail taken in by SMTP and LMTP (RFC 5321, RFC 2033). `250` means that `deliver` has returned, which commits."""

import asyncio
import contextlib
import errno
import ssl
from pathlib import Path
from typing import Any, Self

from ahadi.channels.email.session import Deliver, LmtpSession, Protocol, Reception, Recipients, ServerLimits, Session

_DEFAULT_LIMITS = ServerLimits()


class MailServer:
    """An SMTP or LMTP server. `async with MailServer(…)`, or `start` and `close`.

    It binds loopback unless told otherwise: a mail server in front is meant to hand mail on to it. `path` is a Unix
    socket instead of `host` and `port`; port 0 lets the system choose, and `port` then says which.
    """

    def __init__(
        self,
        deliver: Deliver,
        recipients: Recipients,
        *,
        protocol: Protocol = "smtp",
        host: str = "127.0.0.1",
        port: int = 0,
        path: Path | None = None,
        hostname: str = "localhost",
        tls: ssl.SSLContext | None = None,
        limits: ServerLimits = _DEFAULT_LIMITS,
    ) -> None:
        self.host = host
        self.port = port
        self.path = path
        self._reception = Reception(deliver, recipients, protocol, hostname, tls, limits)
        self._server: asyncio.Server | None = None
        self._socket = 0  # the inode of our Unix socket

    async def start(self) -> None:
        """Begin to listen. Raises OSError (EADDRINUSE) when somebody listens there already."""
        loop = asyncio.get_running_loop()
        self._reception.closing = False

        def session() -> Session:
            return (LmtpSession if self._reception.protocol == "lmtp" else Session)(self._reception, loop)

        if self.path is not None:
            await _must_be_free(self.path)
            self._server = await loop.create_unix_server(session, str(self.path))
            self.path.chmod(0o660)
            self._socket = self.path.stat().st_ino
        else:
            self._server = await loop.create_server(session, self.host, self.port, reuse_address=True)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take no more mail, finish what is being delivered and answer it, then end. Idle clients are told 421.

        Deliveries still unfinished after `limits.closing` seconds are cancelled: they were not answered, so their
        senders come again.
        """
        self._reception.closing = True
        if self._server is not None:
            self._server.close()
        for each in list(self._reception.sessions):
            each.close_when_idle()
        connections = {each.finished for each in self._reception.sessions}
        unfinished: set[asyncio.Future[Any]] = connections | self._reception.deliveries
        if unfinished:
            await asyncio.wait(unfinished, timeout=self._reception.limits.closing)
        for each in list(self._reception.sessions):
            each.abort()
        for delivery in list(self._reception.deliveries):
            delivery.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        if self.path is not None and self.path.exists() and self.path.stat().st_ino == self._socket:
            self.path.unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _must_be_free(path: Path) -> None:
    """A socket left behind by a process that died may be taken over, one that answers may not."""
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    raise OSError(errno.EADDRINUSE, f"somebody listens at {path} already")
