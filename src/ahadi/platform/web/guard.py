"""The outermost layer of every request: who is really calling, what a browser may do with the answer, how much is
taken, and what is written down of it. Pure ASGI; the little it does is done for every request.
"""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ahadi.platform.logs import frames_of, log_request, request_id
from ahadi.platform.settings import Settings
from ahadi.platform.web.problems import Problem, render_problem
from ahadi.platform.web.proxies import Proxies

log = structlog.get_logger("ahadi.web")
DIGEST = "ahadi.digest"
FORWARDED = "ahadi.forwarded"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_GONE = 499  # as proxies write down a caller who did not wait
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " manifest-src 'self'; media-src 'self'"
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the guard goes by. `origins` are the addresses our own pages come from, such as `https://desk.example`;
    `home` is the one that is told to people."""

    home: str
    origins: frozenset[str]
    cookie: str
    https: bool
    proxies: Proxies
    most_bytes: int = 30_000_000
    most_json_bytes: int = 2_000_000

    @staticmethod
    def of(settings: Settings) -> "Policy":
        """The policy that follows from the settings; the Host header never has a say."""
        own = urlsplit(settings.links_from())
        home = f"{own.scheme}://{own.netloc}"
        origins = {home}
        if not settings.public_url:
            origins |= {f"http://{name}:{settings.port}" for name in LOOPBACK_NAMES}
        https = own.scheme == "https"
        cookie = "__Host-ahadi" if https else "ahadi"
        return Policy(home, frozenset(origins), cookie, https, Proxies(settings.trusted_proxies))


Observe = Callable[[str, str, int, float], None]


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, policy: Policy, observe: Observe | None = None) -> None:
        self._app = app
        self._policy = policy
        self._observe = observe
        self._cookie = policy.cookie.encode() + b"="
        headers = {
            "content-security-policy": CONTENT_SECURITY_POLICY,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), payment=(), usb=()",
            "cache-control": "no-store",
        }
        if policy.https:
            headers["strict-transport-security"] = "max-age=31536000"
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            given[name] = given[name] + b"," + value if name in given else value
        self._who(scope, given)
        own_id = os.urandom(8).hex()
        mark = request_id.set(own_id)
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [each for each in self._headers if each[0] not in present]
                headers.append((b"x-request-id", own_id.encode()))
                message["headers"] = headers
            await send(message)

        try:
            refusal = self._refusal(scope, given)
            if refusal is not None:
                await self._answer(scope, receive, send_guarded, refusal)
            else:
                await self._app(scope, self._measured(scope, given, receive), send_guarded)
        except ClientDisconnect:
            status = status or _GONE  # whoever asked went away before they had said it all: nobody's mistake
        except Exception as problem:
            self._report(problem, own_id)
            if status:
                raise
            await self._answer(scope, receive, send_guarded, _unforeseen(own_id))
        finally:
            self._write_down(scope, status, time.perf_counter() - began)
            request_id.reset(mark)

    def _who(self, scope: Scope, given: dict[bytes, bytes]) -> None:
        """Put the real client and scheme into the scope, as listed proxies report them."""
        forwarded_for = given.get(b"x-forwarded-for")
        scope[FORWARDED] = forwarded_for is not None or b"forwarded" in given
        peer = scope["client"][0] if scope.get("client") else None
        if not self._policy.proxies or not self._policy.proxies.trusts(peer):
            return
        if forwarded_for is not None:
            client = self._policy.proxies.client(peer, forwarded_for.decode("latin-1"))
            scope["client"] = (client, 0) if client else None
        proto = given.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip()
        if proto in (b"http", b"https"):
            scope["scheme"] = proto.decode()

    def _refusal(self, scope: Scope, given: dict[bytes, bytes]) -> Problem | None:
        length = given.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._limit(given):
            return _too_large(self._limit(given))
        if scope["method"] not in _SAFE and not self._from_here(scope, given):
            return Problem(
                "other-origin",
                403,
                f"This did not come from a page of {self._policy.home}, where Ahadi is; open that and try again.",
            )
        return None

    def _from_here(self, scope: Scope, given: dict[bytes, bytes]) -> bool:
        """Whether a request that a browser signs by itself (with a cookie), or that signs in, came from our pages."""
        if b"authorization" in given:
            return True  # a browser does not add this by itself
        signing_in = "sign-in" in scope["path"]
        if not signing_in and self._cookie not in given.get(b"cookie", b""):
            return True
        site, origin = given.get(b"sec-fetch-site"), given.get(b"origin")
        if site is not None:
            return site in (b"same-origin", b"none")
        if origin is not None:
            return origin.decode("latin-1") in self._policy.origins
        return b"cookie" not in given  # no browser: one that carries our cookie says where it comes from

    def _limit(self, given: dict[bytes, bytes]) -> int:
        is_json = b"json" in given.get(b"content-type", b"json")
        return self._policy.most_json_bytes if is_json else self._policy.most_bytes

    def _measured(self, scope: Scope, given: dict[bytes, bytes], receive: Receive) -> Receive:
        """`receive` that stops a body growing past the limit, and digests it where a key asks for that."""
        if scope["method"] in _SAFE:
            return receive
        limit, taken = self._limit(given), 0
        may_have_key = b"idempotency-key" in given or b"form" in given.get(b"content-type", b"")
        digest = hashlib.sha256() if may_have_key else None
        if digest is not None:
            scope[DIGEST] = digest

        async def receive_measured() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                body = message.get("body", b"")
                taken += len(body)
                if taken > limit:
                    raise HTTPException(413)
                if digest is not None:
                    digest.update(body)
            return message

        return receive_measured

    async def _answer(self, scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
        await render_problem(Request(scope, receive), problem)(scope, receive, send)

    def _report(self, problem: Exception, incident: str) -> None:
        log.error("request.unforeseen", incident=incident, error=type(problem).__qualname__, frames=frames_of(problem))
        log.debug("request.unforeseen.message", incident=incident, message=str(problem))

    def _write_down(self, scope: Scope, status: int, seconds: float) -> None:
        """One line per request: the route's pattern, because an address may carry a secret or a name."""
        route = scope.get("route")
        pattern = getattr(route, "path", None) or "(none)"
        method = scope["method"]
        if self._observe is not None:
            self._observe(method, pattern, status, seconds)
        if pattern in _QUIET:
            return
        client = scope["client"][0] if scope.get("client") else None
        log_request(method, pattern, status, seconds, client)


def _too_large(limit: int) -> Problem:
    return Problem(
        "content-too-large", 413, f"The request is larger than the {limit:,} bytes taken at once; send less."
    )


def _unforeseen(incident: str) -> Problem:
    return Problem(
        "unforeseen",
        500,
        f"Something went wrong on our side; try again, and if it stays give the administrator the incident {incident}.",
        {"incident": incident},
    )


def client_address(request: Request) -> str:
    """The address the request really came from, `unknown` over a socket without one."""
    return request.client.host if request.client else "unknown"


def is_direct_from_loopback(request: Request) -> bool:
    """Whether the caller is a program on this machine, with no proxy in between."""
    if request.scope.get(FORWARDED, True) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def policy_of(request: Request) -> Policy:
    """The policy of the installation that answers."""
    policy: Policy = request.app.state.policy
    return policy
