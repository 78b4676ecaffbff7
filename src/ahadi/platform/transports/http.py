"""The guarded way out over HTTP, for webhooks, gateways and links: nothing inside is reached by a stranger's address.

Every address is checked when it is connected to, after its name was looked up, at every redirect, and the checked
address itself is connected to, so that a name that answers differently the second time gains nothing. The name stays
in the Host header and in TLS. Time and size are bounded over the whole exchange, redirects included.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from ahadi.base.errors import Forbidden, Invalid, TooLarge
from ahadi.platform.transports.addresses import Guard

Resolve = Callable[[str, int], Awaitable[list[str]]]

_EXCHANGE = "ahadi.exchange"
_KEPT_ACROSS_ORIGINS = {"accept", "accept-encoding", "host", "user-agent"}


class AddressRefused(Forbidden, httpx.ConnectError):
    """The address leads inside and is not on the list; nothing was sent."""

    code = "address-refused"


class RedirectRefused(Invalid, httpx.RequestError):
    """The receiver answered with a redirect that is not followed."""

    code = "redirect-refused"


class AnswerTooLarge(TooLarge, httpx.ReadError):
    """The answer is longer than is taken. The receiver did get the request."""

    code = "answer-too-large"


def guarded_client(
    guard: Guard | None = None,
    *,
    connect_seconds: float = 5.0,
    read_seconds: float = 10.0,
    total_seconds: float = 20.0,
    most_bytes: int = 1_000_000,
    resolve: Resolve | None = None,
    tls: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """A client for addresses that people outside may have chosen. Redirects are followed only where a call asks.

    Errors are httpx's: `ConnectError`, `ConnectTimeout` and `PoolTimeout` mean that nothing was sent; any other
    `TransportError` that the receiver may have the request. The machine's proxy settings are not used: a proxy
    would look names up on its own.
    """
    return httpx.AsyncClient(
        transport=GuardedTransport(
            guard or Guard(),
            total_seconds=total_seconds,
            most_bytes=most_bytes,
            resolve=resolve or resolve_by_system,
            tls=tls or httpx.create_ssl_context(),
        ),
        timeout=httpx.Timeout(read_seconds, connect=connect_seconds, pool=connect_seconds),
        max_redirects=5,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "Ahadi"},
    )


async def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses of a host in the order the system prefers."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(slots=True)
class _Exchange:
    """What a request and the redirects that follow from it share."""

    deadline: float
    origin: tuple[str, str, int | None]
    sent: bool = False

    async def trace(self, event: str, _info: Any) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = True

    def too_late(self) -> httpx.TimeoutException:
        sentence = "The receiver took too long."
        return httpx.ReadTimeout(sentence) if self.sent else httpx.ConnectTimeout(sentence)


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's transport over a connection pool whose every connection the guard has permitted."""

    def __init__(
        self, guard: Guard, *, total_seconds: float, most_bytes: int, resolve: Resolve, tls: ssl.SSLContext
    ) -> None:
        self._total_seconds = total_seconds
        self._most_bytes = most_bytes
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(guard, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange, redirected = self._exchange(request)
        request.headers["accept-encoding"] = "identity"  # so that no small answer unpacks into a huge one
        core = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={**request.extensions, "trace": exchange.trace},
        )
        try:
            with _errors_of_httpx():
                async with asyncio.timeout_at(exchange.deadline):
                    answer = await self._pool.handle_async_request(core)
        except TimeoutError as problem:
            raise exchange.too_late() from problem
        except AddressRefused as refusal:
            if redirected:
                raise RedirectRefused(f"The receiver redirects to another address. {refusal.sentence}") from refusal
            raise
        assert not isinstance(answer.stream, Iterable)
        stream = _BoundedStream(answer.stream, exchange, self._most_bytes)
        await self._check_headers(answer, stream)
        return httpx.Response(
            status_code=answer.status,
            # The client is shared: a cookie from one receiver must not travel with another organisation's request.
            headers=[(name, value) for name, value in answer.headers if name.lower() != b"set-cookie"],
            stream=stream,
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    def _exchange(self, request: httpx.Request) -> tuple[_Exchange, bool]:
        """The exchange this request belongs to, and whether a redirect made it. Raises RedirectRefused."""
        origin = (request.url.scheme, request.url.host, request.url.port)
        known = request.extensions.get(_EXCHANGE)
        if not isinstance(known, _Exchange):
            exchange = _Exchange(asyncio.get_running_loop().time() + self._total_seconds, origin)
            request.extensions[_EXCHANGE] = exchange  # httpx copies extensions into the request of a redirect
            return exchange, False
        if origin[0] != known.origin[0]:
            raise RedirectRefused(
                f"The receiver redirects from {known.origin[0]} to {origin[0]}; give its new address."
            )
        if origin != known.origin:
            if request.method not in ("GET", "HEAD"):
                raise RedirectRefused("The receiver redirects to another host; give its new address.")
            for name in set(request.headers) - _KEPT_ACROSS_ORIGINS:
                del request.headers[name]  # keys and signatures are for the first host only
        return known, True

    async def _check_headers(self, answer: httpcore.Response, stream: "_BoundedStream") -> None:
        headers = {name.lower(): value for name, value in answer.headers}
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._most_bytes:
            await stream.aclose()
            raise _too_large(self._most_bytes)
        if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
            await stream.aclose()
            raise httpx.RemoteProtocolError("The receiver compressed its answer although it was asked not to.")


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: Any, exchange: _Exchange, most_bytes: int) -> None:
        self._stream = stream
        self._exchange = exchange
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most_bytes
        parts = aiter(self._stream)
        while True:
            try:
                with _errors_of_httpx():
                    async with asyncio.timeout_at(self._exchange.deadline):
                        part = await anext(parts)
            except StopAsyncIteration:
                return
            except TimeoutError as problem:
                raise self._exchange.too_late() from problem
            left -= len(part)
            if left < 0:
                raise _too_large(self._most_bytes)
            yield part

    async def aclose(self) -> None:
        with _errors_of_httpx():
            await self._stream.aclose()


def _too_large(most_bytes: int) -> AnswerTooLarge:
    return AnswerTooLarge(f"The receiver's answer is longer than {most_bytes:,} bytes.")


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Looks a name up once, and connects to an address of the answer that the guard permits."""

    def __init__(self, guard: Guard, resolve: Resolve) -> None:
        self._guard = guard
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._permitted(host, port)
        except TimeoutError as problem:
            raise httpcore.ConnectTimeout(f"The name {host} was not found in time.") from problem
        each_timeout = None if timeout is None else timeout / len(addresses)
        trouble: Exception = httpcore.ConnectError("nothing was tried")
        for address in addresses:
            try:
                stream = await self._inner.connect_tcp(address, port, each_timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                trouble = problem
                continue
            reached = stream.get_extra_info("server_addr")[0]
            if self._guard.objection(reached, port):
                await stream.aclose()
                raise _refusal(host, "inside")
            return stream
        raise trouble

    async def connect_unix_socket(self, *_args: Any, **_kwargs: Any) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("Sockets of this machine are not reached over HTTP.")

    async def _permitted(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as problem:
            raise httpcore.ConnectError(f"The name {host} is not known.") from problem
        permitted = [address for address in addresses if self._guard.objection(address, port) is None]
        if not permitted:
            if not addresses:
                raise httpcore.ConnectError(f"The name {host} has no address.")
            raise _refusal(host, self._guard.objection(addresses[0], port) or "inside")
        return permitted


def _refusal(host: str, kind: str) -> AddressRefused:
    # The address itself stays out of the sentence: it would tell a stranger how the network inside is laid out.
    return AddressRefused(
        f"{host} is not a public address ({kind}); an administrator can permit it with AHADI_OUTGOING_ALLOW."
    )


_SAME_NAME: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
)


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Callers know httpx; the pool's own errors become the ones of the same name."""
    try:
        yield
    except tuple(core for core, _ in _SAME_NAME) as problem:
        theirs = next(theirs for core, theirs in _SAME_NAME if isinstance(problem, core))
        raise theirs(str(problem)) from problem
