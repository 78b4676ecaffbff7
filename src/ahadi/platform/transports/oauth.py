"""Access tokens for mailboxes that want XOAUTH2 instead of a password (RFC 6749; Google's and Microsoft's servers)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from ahadi.base.clock import Clock
from ahadi.base.errors import AhadiError, Unavailable

_EARLY = timedelta(minutes=2)  # a token is renewed this long before it ends, so that none ends during a session


class Token(Protocol):
    """Gives an access token; `fresh` asks for a new one because the last was refused."""

    async def __call__(self, *, fresh: bool = False) -> str: ...


class TokenRefused(AhadiError):
    """The sign-in service gives no token any more: a person must allow access again."""

    code = "token-refused"
    status = 502


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """An application registered with the mailbox's provider.

    With a `refresh_token` it acts for the person who allowed it (section 6); without one, for itself (section 4.4).
    """

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""


class RefreshedToken:
    """A token that is renewed before it ends. `remember` is told the new refresh token where the service changes it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: OAuthSettings,
        clock: Clock,
        remember: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._remember = remember
        self._refresh = settings.refresh_token
        self._token = ""
        self._ends: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, *, fresh: bool = False) -> str:
        """Raises TokenRefused when a person must act and Unavailable when trying again may help."""
        async with self._one_at_a_time:
            if fresh or self._ends is None or self._clock.now() >= self._ends - _EARLY:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        form = {"client_id": self._settings.client_id}
        if self._refresh:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh}
        else:
            form |= {"grant_type": "client_credentials"}
        if self._settings.client_secret:
            form["client_secret"] = self._settings.client_secret
        if self._settings.scope:
            form["scope"] = self._settings.scope
        asked = self._clock.now()
        try:
            answer = await self._client.post(self._settings.token_url, data=form)
            given = answer.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable(
                "The service that gives tokens for the mailbox did not answer; it is tried again."
            ) from None
        if answer.status_code >= 500 or not isinstance(given, dict):
            raise Unavailable(
                f"The service that gives tokens for the mailbox answered {answer.status_code}; it is tried again."
            )
        token, seconds = given.get("access_token"), given.get("expires_in", 3600)
        if answer.status_code != 200 or not isinstance(token, str) or not token:
            reason = str(given.get("error", answer.status_code))[:60]
            raise TokenRefused(f"The mailbox's provider gives no token ({reason}); allow access to the mailbox again.")
        self._token = token
        self._ends = asked + timedelta(seconds=min(float(seconds), 86_400.0) if _is_number(seconds) else 3600.0)
        changed = given.get("refresh_token")
        if self._refresh and isinstance(changed, str) and changed and changed != self._refresh:
            self._refresh = changed
            if self._remember:
                await self._remember(changed)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and value.isascii() and value.isdigit())
