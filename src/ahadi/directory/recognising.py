"""Who asks: a token's actor, a session's person, or somebody who acts in another's name. All by real time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncConnection

from ahadi.base.errors import Conflict, NotSignedIn
from ahadi.directory import session_store, token_store
from ahadi.directory.permissions import (
    ALL,
    WITHHELD_FROM_ACTING,
    Permission,
    may_act_as,
    permissions_of,
)
from ahadi.directory.session_store import Seen
from ahadi.directory.sign_in_store import Membership
from ahadi.platform.database import Actor, Database, Standing
from ahadi.platform.security import hash_secret

SESSION_LASTS_AT_MOST = timedelta(days=30)
_EVERYTHING: frozenset[str] = frozenset(Permission)
_EXTEND_EVERY = timedelta(minutes=1)
_NO_TOKEN = "This token is not known, was revoked or has expired; use another."  # noqa: S105 - a sentence
_MOST_KNOWN = 10_000
_known: dict[bytes, tuple[Actor, datetime]] = {}  # by the hash of the token, with when it was asked for
_NOTED_EVERY = timedelta(minutes=5)


class ActingEnded(Conflict):
    """Somebody wanted to do something in another's name after their time for that was over; nothing was done."""

    code = "acting-ended"


async def actor_with_token(database: Database, secret: str) -> Actor:
    """The token's actor, with its scopes as grants; raises NotSignedIn when it is not in force."""
    hashed, now = hash_secret(secret), database.clock.real.now()
    async with database.connection() as connection:
        token = await token_store.token_in_force(connection, hashed, now)
        if token is None:
            raise NotSignedIn(_NO_TOKEN)
        if token.used_at is None or now - token.used_at >= _NOTED_EVERY:
            await token_store.note_use(connection, token.id, now)
    scopes = _EVERYTHING if ALL in token.scopes else frozenset(token.scopes)
    actor = Actor("token", token.id, {token.organisation_id: scopes})
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[hashed] = actor, now
    return actor


def actor_with_known_token(database: Database, secret: str) -> Actor | None:
    """The actor of a token that was in force before, which the work it begins must ask again; None for another.

    Of a token nothing changes but whether it is in force. Now and then it is asked anew, which notes its use.
    """
    hashed, now = hash_secret(secret), database.clock.real.now()
    known, asked_at = _known.get(hashed, (None, now))
    if known is None or now - asked_at >= _NOTED_EVERY:
        return None
    params = {"token_hash": hashed, "token_now": now}
    return replace(known, standing=Standing(token_store.IN_FORCE, params, _NO_TOKEN))


async def actor_with_session(database: Database, secret: str, lasts: timedelta, *, safe: bool = False) -> Actor:
    """The signed-in person with the permissions of their roles; using a session keeps it alive for `lasts`.

    `safe` says that the request changes nothing: then whoever acted in another's name and whose time for that is over
    is themselves again. Raises NotSignedIn when the session has ended or the person was deactivated, ActingEnded for
    a change in the name of somebody they may not act as any more.
    """
    now = database.clock.real.now()
    async with database.connection() as connection:
        found = await session_store.session_in_force(connection, hash_secret(secret), now)
        if found is None:
            raise NotSignedIn("Your sign-in has ended; sign in again.")
        session, memberships = found
        if now - session.seen_at >= _EXTEND_EVERY:
            ends = min(now + lasts, session.made_at + SESSION_LASTS_AT_MOST)
            await session_store.extend_session(connection, session.id, now, ends)
        if session.acts_as and await _acts(connection, session, memberships, now):
            grants = {each.organisation_id: permissions_of(each.roles) - WITHHELD_FROM_ACTING for each in memberships}
            return Actor("person", session.acts_as, grants, behind=session.person_id, session_id=session.id)
        if session.acts_as:
            if not safe:
                raise ActingEnded(
                    "Your time to act in another's name is over, so nothing was done; open the page again as yourself."
                )
            await session_store.stop_acting(connection, session.id)
            if session.acts_until and session.acts_until > now:  # it was cut short: what was read was not their own
                return await actor_with_session(database, secret, lasts, safe=True)
    return as_person(session.person_id, memberships, session.id)


async def _acts(
    connection: AsyncConnection[object], session: Seen, memberships: list[Membership], now: datetime
) -> bool:
    """Whether the session's person still may act in the name they took: both may have changed roles since."""
    if session.acts_until is None or session.acts_until <= now or session.acts_in is None or not memberships:
        return False
    own = await session_store.roles_in(connection, session.person_id, session.acts_in)
    return may_act_as(own, memberships[0].roles)


def as_person(person_id: UUID, memberships: Sequence[Membership], session_id: UUID | None = None) -> Actor:
    """A person with what their roles give them."""
    grants = {each.organisation_id: permissions_of(each.roles) for each in memberships}
    return Actor("person", person_id, grants, session_id=session_id)


async def may_listen_no_more(
    database: Database, organisation_id: UUID, actors: Sequence[Actor], permission: str
) -> list[Actor]:
    """Those of the actors whose token or session has ended, who lost the permission in the organisation, or whose
    session is somebody else's now."""
    tokens = [each.id for each in actors if each.kind == "token" and each.id]
    sessions = [each.session_id for each in actors if each.session_id]
    async with database.read(Actor.system([organisation_id])) as work:
        in_force = await token_store.tokens_in_force(work, tokens) if tokens else set()
        present = await session_store.roles_by_session(work, organisation_id, sessions) if sessions else {}

    def may(actor: Actor) -> bool:
        if actor.kind == "token":
            return actor.id in in_force
        person_id, roles = present.get(actor.session_id or UUID(int=0), (None, []))
        return person_id == actor.id and permission in permissions_of(roles)

    return [each for each in actors if not may(each)]
