"""The one way a write endpoint goes: one transaction, and with an `Idempotency-Key` the same answer every time.

The key is claimed in the transaction of the deed. A failed deed leaves no claim behind, so it can be tried again; of
two at once the second waits for the first and gets its answer (draft-ietf-httpapi-idempotency-key-header).
"""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request
from psycopg.errors import DeadlockDetected, SerializationFailure
from starlette.responses import Response

from ahadi.base.errors import Invalid, Unavailable
from ahadi.platform.database import Actor, Answer, Database, Work
from ahadi.platform.security import Keyring
from ahadi.platform.web.answers import encode
from ahadi.platform.web.guard import DIGEST
from ahadi.platform.web.parts import database_of, keyring_of

Done = TypeVar("Done")
KEPT_FOR = timedelta(hours=48)
_NOBODY = UUID(int=0)
_LONGEST_KEY = 255
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: bytes
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Writing:
    status: int
    show: Callable[[Any], Any] | None
    key: str | None
    fingerprint: bytes
    keyring: Keyring | None
    by_key: bool
    ahead: Callable[[Work], Awaitable[None]] | None


class KeyReused(Invalid):
    """The same idempotency key came with another request."""

    code = "idempotency-key-reused"


async def perform(
    request: Request,
    actor: Actor,
    deed: Callable[[Work], Awaitable[Done]],
    *,
    status: int = 200,
    show: Callable[[Done], Any] | None = None,
    private: bool = True,
    key: str | None = None,
    by_key: bool = False,
    ahead: Callable[[Work], Awaitable[None]] | None = None,
) -> Response:
    """Do `deed` as the actor in one transaction and answer, after the commit, with what it returned as JSON.

    `show` turns the outcome into JSON's plain values; status 204 has no body. Where a key asks to keep the answer it
    is kept encrypted, because it may show a secret or a customer's words, unless `private` is false. `key` is an
    idempotency key that came otherwise than in the header (in a form). A deed that lost a deadlock is done afresh.
    `by_key` as in `Database.work`; `ahead` sends what the deed asks first, to be answered along with the key.
    Raises KeyReused when the key was used for another request.
    """
    key = key or request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        raise Invalid(f"The Idempotency-Key must have 1 to {_LONGEST_KEY} characters.")
    fingerprint = await _fingerprint(request) if key is not None else b""
    keyring = keyring_of(request) if private and key is not None else None
    writing = _Writing(status, show, key, fingerprint, keyring, by_key, ahead)
    database = database_of(request)
    for tries_left in reversed(range(_TRIES)):
        try:
            return await _once(database, actor, deed, writing)
        except Unavailable as problem:
            if not tries_left or not isinstance(problem.__cause__, DeadlockDetected | SerializationFailure):
                raise
    raise AssertionError("unreachable")


async def _once(
    database: Database, actor: Actor, deed: Callable[[Work], Awaitable[Done]], writing: _Writing
) -> Response:
    async with database.work(actor, by_key=writing.by_key) as work:
        claim = await _ask_for(work, writing.key, writing.fingerprint) if writing.key is not None else None
        if writing.ahead:
            await writing.ahead(work)
        if claim and (kept := await claim.kept()):
            body = writing.keyring.decrypt(kept.body).encode() if writing.keyring else kept.body
            return _answer(body, kept.status, replayed=True)
        done = await deed(work)
        body = b"" if writing.status == 204 else encode(writing.show(done) if writing.show else done)
        if writing.key is not None:
            held = writing.keyring.encrypt(body.decode()) if writing.keyring else body
            await _keep(work, writing.key, writing.status, held)
    return _answer(body, writing.status)


def _answer(body: bytes, status: int, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(body, status, headers, media_type=None if status == 204 else "application/json")


async def _fingerprint(request: Request) -> bytes:
    """A digest of method, address and body. The guard has seen the body pass, whoever read it."""
    with contextlib.suppress(RuntimeError):  # a form was read as a stream
        await request.body()
    digest = request.scope.get(DIGEST)
    body = digest.digest() if digest is not None else hashlib.sha256(await request.body()).digest()
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + body).digest()


@dataclass(frozen=True, slots=True)
class _Mine:
    mine: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    """A key that was asked for."""

    work: Work
    whose: dict[str, Any]
    fingerprint: bytes
    asked: Answer[_Mine]

    async def kept(self) -> _Kept | None:
        """What is kept under the key when it was taken before; nothing when it is this deed's now."""
        if await self.asked.one():
            return None
        kept = await self.work.one(
            _Kept,
            "select fingerprint, status, body from idempotency where actor_id = %(actor_id)s and key = %(key)s",
            self.whose,
        )
        if kept is None:
            raise Unavailable("The request under this Idempotency-Key was just forgotten; send it again.")
        if kept.fingerprint != self.fingerprint:
            raise KeyReused("This Idempotency-Key was used for another request; use a new key for each request.")
        return kept


async def _ask_for(work: Work, key: str, fingerprint: bytes) -> _Claim:
    """Ask to take the key for this deed."""
    whose = {"actor_id": work.actor.id or _NOBODY, "key": key}
    asked = await work.ask(
        _Mine,
        "insert into idempotency (actor_id, key, fingerprint, made_at)"
        " values (%(actor_id)s, %(key)s, %(fingerprint)s, %(now)s) on conflict do nothing returning true as mine",
        {**whose, "fingerprint": fingerprint, "now": work.real_now},
    )
    return _Claim(work, whose, fingerprint, asked)


async def _keep(work: Work, key: str, status: int, body: bytes) -> None:
    await work.execute(
        "update idempotency set status = %(status)s, body = %(body)s where actor_id = %(actor_id)s and key = %(key)s",
        {"actor_id": work.actor.id or _NOBODY, "key": key, "status": status, "body": body},
    )


async def forget_old_answers(work: Work, before: datetime) -> None:
    """Drop answers kept before a moment of real time."""
    await work.execute("delete from idempotency where made_at < %(before)s", {"before": before})
