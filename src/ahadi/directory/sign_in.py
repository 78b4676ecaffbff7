"""Sign-in: who asks, and the ways a person becomes known. Everything here goes by real time.

Signing in is not one transaction: an attempt is counted whatever comes of it, and no connection is held while a
password is compared. So these functions take the database, and make their own work.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from ahadi.base.errors import Invalid, NotSignedIn
from ahadi.base.ids import uuid7
from ahadi.base.text import fold, one_line
from ahadi.directory import sign_in_store as store
from ahadi.directory import token_store
from ahadi.directory.permissions import ALL, Permission, permissions_of
from ahadi.directory.sign_in_store import Held, Membership, Session
from ahadi.platform.database import Actor, Database, Standing, Work
from ahadi.platform.security import (
    Keyring,
    check_new_password,
    hash_password,
    hash_secret,
    new_secret,
    password_fits,
    totp_step,
)
from ahadi.platform.throttle import Limit, count_attempt, forgive

log = structlog.get_logger(__name__)
Purpose = Literal["invitation", "reset", "sign-in"]
LINK_LASTS: dict[str, timedelta] = {
    "invitation": timedelta(days=7),
    "reset": timedelta(hours=1),
    "sign-in": timedelta(hours=1),
}
SESSION_LASTS_AT_MOST = timedelta(days=30)
_EVERYTHING: frozenset[str] = frozenset(Permission)
_NOBODY = UUID(int=0)
_EXTEND_EVERY = timedelta(minutes=1)
_NO_TOKEN = "This token is not known, was revoked or has expired; use another."  # noqa: S105 - a sentence
_MOST_KNOWN = 10_000
_known: dict[bytes, tuple[Actor, datetime]] = {}  # by the hash of the token, with when it was asked for
_NOTED_EVERY = timedelta(minutes=5)

HERE = Limit("sign-in", 10, timedelta(minutes=15))
_PERSON = Limit("sign-in-person", 100, timedelta(hours=1))
_ADDRESS = Limit("sign-in-address", 200, timedelta(minutes=15))
_LINK = Limit("link-address", 50, timedelta(minutes=15))
_RESET = Limit("reset", 3, timedelta(hours=1))
_RESET_ADDRESS = Limit("reset-address", 20, timedelta(hours=1))


class SignInRefused(NotSignedIn):
    """Name or proof is wrong; which of them is not told."""

    code = "sign-in-refused"


class CodeNeeded(NotSignedIn):
    """The password is right; the authenticator's code is missing."""

    code = "code-needed"


class LinkUsedUp(NotSignedIn):
    """A one-time link that was used, has expired, or never was."""

    code = "link-used-up"


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody signs in from: the client's address and what the browser calls itself."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `secret` is shown to the browser once, and kept as a hash."""

    secret: str
    session: Session
    name: str


# Who asks -------------------------------------------------------------------------------------------------------


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


async def actor_with_session(database: Database, secret: str, lasts: timedelta) -> Actor:
    """The signed-in person with the permissions of their roles; using a session keeps it alive for `lasts`.

    Raises NotSignedIn when the session has ended or the person was deactivated.
    """
    now = database.clock.real.now()
    async with database.connection() as connection:
        found = await store.session_in_force(connection, hash_secret(secret), now)
        if found is None:
            raise NotSignedIn("Your sign-in has ended; sign in again.")
        session, memberships = found
        if now - session.seen_at >= _EXTEND_EVERY:
            ends = min(now + lasts, session.made_at + SESSION_LASTS_AT_MOST)
            await store.extend_session(connection, session.id, now, ends)
    return _person(session.person_id, memberships, session.id)


def _person(person_id: UUID, memberships: list[Membership], session_id: UUID | None = None) -> Actor:
    grants = {each.organisation_id: permissions_of(each.roles) for each in memberships}
    return Actor("person", person_id, grants, session_id=session_id)


async def may_listen_no_more(
    database: Database, organisation_id: UUID, actors: Sequence[Actor], permission: str
) -> list[Actor]:
    """Those of the actors whose token or session has ended, or who lost the permission in the organisation."""
    tokens = [each.id for each in actors if each.kind == "token" and each.id]
    sessions = [each.session_id for each in actors if each.session_id]
    async with database.read(Actor.system([organisation_id])) as work:
        in_force = await token_store.tokens_in_force(work, tokens) if tokens else set()
        roles = await store.roles_by_session(work, organisation_id, sessions) if sessions else {}

    def may(actor: Actor) -> bool:
        if actor.kind == "token":
            return actor.id in in_force
        return actor.session_id is not None and permission in permissions_of(roles.get(actor.session_id, ()))

    return [each for each in actors if not may(each)]


# Signing in -----------------------------------------------------------------------------------------------------


async def sign_in(
    database: Database,
    keyring: Keyring,
    email: str,
    password: str,
    code: str | None,
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> SignedIn:
    """Sign in by password, and by the authenticator's code where one is set up.

    `replaces` is the secret of the session the browser had; it ends. Raises SignInRefused, CodeNeeded or TooMany.
    """
    email = fold(email)
    here = f"{email} {where.address}"
    await count_attempt(database, {HERE: here, _PERSON: email, _ADDRESS: where.address})
    async with database.read(Actor.system([])) as work:
        held = await store.held_by_email(work, email)
        memberships = await store.memberships(work, held.person_id if held else _NOBODY)
    fits, renewed = await password_fits(password, held.password_hash if held else None)
    if held is None or not fits or not held.active:
        log.warning("sign_in.refused", person=str(held.person_id) if held else None, address=where.address)
        raise SignInRefused("The e-mail address or the password is wrong; try again, or ask for a new password.")
    async with database.work(_person(held.person_id, memberships)) as work:
        await check_code(work, keyring, held, code)
        if renewed:
            await store.put_password(work, held.person_id, renewed)
        await forgive(work, HERE, here)
        return await begin_session(work, held, memberships, where, lasts, "password", replaces)


async def check_code(work: Work, keyring: Keyring, held: Held, code: str | None) -> None:
    if held.totp_secret is None or held.totp_confirmed_at is None:
        return
    if not code:
        raise CodeNeeded("Enter the code your authenticator app shows.")
    step = totp_step(keyring.decrypt(held.totp_secret), code, work.real_now, after=held.totp_last_step)
    if step is None or not await store.take_totp_step(work, held.person_id, step):
        raise SignInRefused("The code is wrong or was used before; wait for the next one and try again.")


async def begin_session(
    work: Work,
    held: Held,
    memberships: list[Membership],
    where: Where,
    lasts: timedelta,
    how: str,
    replaces: str | None,
) -> SignedIn:
    if replaces:
        await store.end_session_with_hash(work, hash_secret(replaces))
    secret, now = new_secret("ahs"), work.real_now
    session = Session(uuid7(), held.person_id, now, now, now + lasts, where.address, one_line(where.agent))
    await store.add_session(work, session, hash_secret(secret))
    tell_organisations(work, held.person_id, memberships, "person.signed_in", session_id=str(session.id), how=how)
    return SignedIn(secret, session, held.name)


def tell_organisations(work: Work, person_id: UUID, memberships: list[Membership], kind: str, **facts: Any) -> None:
    """Tell every organisation the person serves: each may audit its own people."""
    for each in memberships:
        work.record(kind, each.organisation_id, subject_id=person_id, **facts)


async def sign_in_to_demo(
    database: Database, slug: str, where: Where, lasts: timedelta, *, replaces: str | None = None
) -> SignedIn:
    """Sign in by one click. The caller has seen to it that this is a demo on a loopback address."""
    async with database.read(Actor.system([])) as work:
        held = await store.held_by_slug(work, slug)
        memberships = await store.memberships(work, held.person_id) if held else []
    if held is None or not held.active:
        raise SignInRefused("There is nobody of that name in the demo.")
    async with database.work(_person(held.person_id, memberships)) as work:
        return await begin_session(work, held, memberships, where, lasts, "demo", replaces)


async def sign_out(database: Database, secret: str) -> None:
    """End the session; harmless when it has ended."""
    async with database.work(Actor.system([])) as work:
        await store.end_session_with_hash(work, hash_secret(secret))


# One-time links -------------------------------------------------------------------------------------------------


async def make_link(work: Work, person_id: UUID, purpose: Purpose) -> str:
    """A new one-time link's secret for the person; it is shown or mailed once and kept as a hash."""
    secret = new_secret("ahl")
    await store.add_link(work, hash_secret(secret), person_id, purpose, work.real_now + LINK_LASTS[purpose])
    return secret


async def link_purpose(database: Database, secret: str, where: Where) -> Purpose:
    """What a link is for, without using it up; raises LinkUsedUp."""
    await count_attempt(database, {_LINK: where.address})
    async with database.read(Actor.system([])) as work:
        found = await store.link_in_force(work, hash_secret(secret))
    if found is None:
        raise _used_up()
    purpose: Purpose = found[1]  # type: ignore[assignment]  # the table holds no other
    return purpose


def _used_up() -> LinkUsedUp:
    return LinkUsedUp("This link was used before or has expired; ask for a new one.")


async def sign_in_by_link(
    database: Database,
    keyring: Keyring,
    secret: str,
    password: str | None,
    code: str | None,
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> SignedIn:
    """Use a one-time link: invitations and resets set a password, and every other session ends.

    An authenticator that is set up is asked for too: who reads somebody's mail does not have it. Raises LinkUsedUp,
    CodeNeeded, SignInRefused, Invalid or PasswordTooWeak; the link can then still be used.
    """
    hashed = hash_secret(secret)
    await count_attempt(database, {_LINK: where.address})
    async with database.read(Actor.system([])) as work:
        found = await store.link_in_force(work, hashed)
        held = await store.held_by_person(work, found[0]) if found else None
        memberships = await store.memberships(work, held.person_id) if held else []
    if found is None or held is None or not held.active:
        raise _used_up()
    sets_password = found[1] != "sign-in"
    if sets_password and not password:
        raise Invalid("Choose a password to go with the link.")
    new_hash = None
    if sets_password and password:
        check_new_password(password, about=(held.name, held.email))
        new_hash = await hash_password(password)
    async with database.work(_person(held.person_id, memberships)) as work:
        if not await store.use_link(work, hashed):
            raise _used_up()
        await check_code(work, keyring, held, code)
        if new_hash:
            await replace_password(work, held.person_id, memberships, new_hash)
        return await begin_session(work, held, memberships, where, lasts, "link", replaces)


async def replace_password(work: Work, person_id: UUID, memberships: list[Membership], password_hash: str) -> None:
    await store.put_password(work, person_id, password_hash)
    await store.end_sessions(work, person_id)
    await store.end_links(work, person_id)
    tell_organisations(work, person_id, memberships, "person.password_changed")


async def ask_for_reset(database: Database, keyring: Keyring, email: str, where: Where) -> None:
    """Mail the person a link to a new password. Nobody learns whether the address is known."""
    email = fold(email)
    await count_attempt(database, {_RESET: email, _RESET_ADDRESS: where.address})
    async with database.work(Actor.system([])) as work:
        # Known or not, the same is written now; the job looks the address up.
        work.enqueue("directory.mail_reset", sealed=keyring.encrypt(email).decode())


def mail_link(work: Work, person_id: UUID, purpose: Purpose) -> None:
    """Have a one-time link mailed to the person; it is made when the mail is."""
    work.enqueue("directory.mail_link", person_id=str(person_id), purpose=purpose)
