"""Sign-in: the ways a person becomes known. Everything here goes by real time.

Signing in is not one transaction: an attempt is counted whatever comes of it, and no connection is held while a
password is compared. So these functions take the database, and make their own work. Who asks with what came of it:
`recognising`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from ahadi.base.errors import Forbidden, Invalid, NotSignedIn
from ahadi.base.ids import uuid7
from ahadi.base.text import fold, one_line
from ahadi.directory import device_store, passkey_store, passkeys
from ahadi.directory import sign_in_store as store
from ahadi.directory.devices import Where, arrive, device_at
from ahadi.directory.passkeys import RelyingParty, Shown
from ahadi.directory.recognising import as_person
from ahadi.directory.sign_in_store import Held, Membership, Session
from ahadi.platform.database import Actor, Database, Work
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
_NOBODY = UUID(int=0)

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


class SingleSignOnNeeded(Forbidden):
    """Every organisation the person serves wants its people to come in by its own single sign-on."""

    code = "single-sign-on-needed"


class LinkUsedUp(NotSignedIn):
    """A one-time link that was used, has expired, or never was."""

    code = "link-used-up"


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What is shown beside the password: the authenticator's code or a passkey. `remember` asks that this browser is
    not asked for it again for a while."""

    code: str | None = None
    passkey: Mapping[str, Any] | None = None
    party: RelyingParty | None = None
    remember: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `secret` is shown to the browser once, and kept as a hash. So is `device_secret`, by which the
    browser will be known when the person signs in with it again; None where it has that already."""

    secret: str
    session: Session
    name: str
    device_secret: str | None = None


# Signing in -----------------------------------------------------------------------------------------------------


async def sign_in(
    database: Database,
    keyring: Keyring,
    email: str,
    password: str,
    second: SecondStep,
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> SignedIn:
    """Sign in by password, and by a second step where one is set up and this browser is not remembered.

    `replaces` is the secret of the session the browser had; it ends. Raises SignInRefused, CodeNeeded,
    PasskeyRefused, SingleSignOnNeeded or TooMany.
    """
    email = fold(email)
    here = f"{email} {where.address}"
    await count_attempt(database, {HERE: here, _PERSON: email, _ADDRESS: where.address})
    async with database.read(Actor.system([])) as work:
        held = await store.held_by_email(work, email)
        memberships = await store.memberships(work, held.person_id if held else _NOBODY)
        ways = await second_ways(work, held)
        device = await device_at(work, held.person_id, where) if held else None
        remembered = device is not None and device.remembered(work.real_now)
    fits, renewed = await password_fits(password, held.password_hash if held else None)
    if held is None or not fits or not held.active:
        log.warning("sign_in.refused", person=str(held.person_id) if held else None, address=where.address)
        raise SignInRefused("The e-mail address or the password is wrong; try again, or ask for a new password.")
    wanted = () if remembered else ways
    shown = await show_second(database, held, wanted, second)
    async with database.work(as_person(held.person_id, memberships)) as work:
        await take_second(work, keyring, held, wanted, second, shown)
        if renewed:
            await store.put_password(work, held.person_id, renewed)
        await forgive(work, HERE, here)
        remember = second.remember and bool(wanted)
        return await begin_session(work, held, memberships, where, lasts, "password", replaces, remember=remember)


async def second_ways(work: Work, held: Held | None) -> tuple[str, ...]:
    """By what a person can show a second step: `code`, `passkey`; by nothing where none is set up."""
    if held is None:
        return ()
    code = ("code",) if held.totp_secret is not None and held.totp_confirmed_at is not None else ()
    usable = [each for each in await passkey_store.passkeys(work, held.person_id) if each.doubted_at is None]
    return (*code, "passkey") if usable else code


async def show_second(database: Database, held: Held, ways: Sequence[str], second: SecondStep) -> Shown | None:
    """Look at the second step before the transaction that signs in; raises CodeNeeded where it is missing."""
    if not ways:
        return None
    if second.passkey is not None and second.party is not None:
        shown = await passkeys.shown(database, second.party, second.passkey)
        if shown.passkey.person_id != held.person_id:
            raise SignInRefused("This passkey is somebody else's; show one of your own.")
        return shown
    if not second.code:
        raise CodeNeeded(
            "Enter the code your authenticator app shows." if "code" in ways else "Show your passkey as well.",
            ways=list(ways),
        )
    return None


async def take_second(
    work: Work, keyring: Keyring, held: Held, ways: Sequence[str], second: SecondStep, shown: Shown | None
) -> None:
    """Use the second step up in the transaction that signs in."""
    if shown is not None:
        await passkeys.use(work, shown)
    elif ways:
        await check_code(work, keyring, held, second.code)


async def check_code(work: Work, keyring: Keyring, held: Held, code: str | None) -> None:
    if held.totp_secret is None or held.totp_confirmed_at is None:
        raise SignInRefused("You have no authenticator app set up; show your passkey.")
    if not code:
        raise CodeNeeded("Enter the code your authenticator app shows.", ways=["code"])
    step = totp_step(keyring.decrypt(held.totp_secret), code, work.real_now, after=held.totp_last_step)
    if step is None or not await store.take_totp_step(work, held.person_id, step):
        raise SignInRefused("The code is wrong or was used before; wait for the next one and try again.")


async def sign_in_by_passkey(
    database: Database,
    party: RelyingParty,
    answer: Mapping[str, Any],
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> SignedIn:
    """Sign in by a passkey alone: its authenticator verified the person, so it is both steps.

    Raises PasskeyRefused, SingleSignOnNeeded or TooMany.
    """
    await count_attempt(database, {_ADDRESS: where.address})
    shown = await passkeys.shown(database, party, answer)
    async with database.read(Actor.system([])) as work:
        held = await store.held_by_person(work, shown.passkey.person_id)
        memberships = await store.memberships(work, shown.passkey.person_id)
    if held is None or not held.active:
        raise passkeys.PasskeyRefused("This passkey is not known here; sign in another way.")
    async with database.work(as_person(held.person_id, memberships)) as work:
        await passkeys.use(work, shown)
        return await begin_session(work, held, memberships, where, lasts, "passkey", replaces)


async def begin_session(
    work: Work,
    held: Held,
    memberships: Sequence[Membership],
    where: Where,
    lasts: timedelta,
    how: str,
    replaces: str | None,
    *,
    remember: bool = False,
    confined_to: UUID | None = None,
    goes_on: UUID | None = None,
) -> SignedIn:
    """A new session. `goes_on` names the browser where the person is known to be at the one they were at.

    Raises SingleSignOnNeeded where no organisation would admit it.
    """
    if confined_to is None and memberships and all(each.apart for each in memberships):
        raise SingleSignOnNeeded("Your organisation has its people sign in by its own single sign-on; choose that.")
    if replaces:
        await store.end_session_with_hash(work, hash_secret(replaces))
    secret, now, device_id, device_secret, strange = new_secret("ahs"), work.real_now, goes_on, None, False
    if device_id is None:
        device, device_secret, strange = await arrive(work, held.person_id, where, remember=remember)
        device_id = device.id
    session = Session(
        uuid7(), held.person_id, now, now, now + lasts, where.address, one_line(where.agent), device_id, confined_to
    )
    await store.add_session(work, session, hash_secret(secret))
    if strange and how != "demo":
        work.enqueue("directory.mail_notice", about="new-device", person_id=str(held.person_id), id=str(device_id))
    told = [each for each in memberships if _admits(each, confined_to)]
    tell_organisations(work, held.person_id, told, "person.signed_in", session_id=str(session.id), how=how)
    return SignedIn(secret, session, held.name, device_secret)


def _admits(membership: Membership, confined_to: UUID | None) -> bool:
    """Whether the organisation admits a session (as `session_store.ADMITTED` says it of one that is kept)."""
    return confined_to == membership.organisation_id or (confined_to is None and not membership.apart)


def tell_organisations(work: Work, person_id: UUID, memberships: Sequence[Membership], kind: str, **facts: Any) -> None:
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
    async with database.work(as_person(held.person_id, memberships)) as work:
        return await begin_session(work, held, memberships, where, lasts, "demo", replaces)


async def sign_out(database: Database, secret: str) -> UUID | None:
    """End the session; harmless when it has ended. The organisation whose provider had signed it in, if one had."""
    async with database.work(Actor.system([])) as work:
        return await store.end_session_with_hash(work, hash_secret(secret))


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
    second: SecondStep,
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> SignedIn:
    """Use a one-time link: invitations and resets set a password, and every other session ends.

    A second step that is set up is asked for too, on every browser: who reads somebody's mail does not have it.
    Raises LinkUsedUp, CodeNeeded, SignInRefused, PasskeyRefused, Invalid or PasswordTooWeak; the link can then still
    be used.
    """
    hashed = hash_secret(secret)
    await count_attempt(database, {_LINK: where.address})
    async with database.read(Actor.system([])) as work:
        found = await store.link_in_force(work, hashed)
        held = await store.held_by_person(work, found[0]) if found else None
        memberships = await store.memberships(work, held.person_id) if held else []
        ways = await second_ways(work, held)
    if found is None or held is None or not held.active:
        raise _used_up()
    sets_password = found[1] != "sign-in"
    if sets_password and not password:
        raise Invalid("Choose a password to go with the link.")
    new_hash = None
    if sets_password and password:
        check_new_password(password, about=(held.name, held.email))
        new_hash = await hash_password(password)
    shown = await show_second(database, held, ways, second)
    async with database.work(as_person(held.person_id, memberships)) as work:
        if not await store.use_link(work, hashed):
            raise _used_up()
        await take_second(work, keyring, held, ways, second, shown)
        if new_hash:
            await replace_password(work, held.person_id, memberships, new_hash)
        return await begin_session(work, held, memberships, where, lasts, "link", replaces)


async def replace_password(work: Work, person_id: UUID, memberships: Sequence[Membership], password_hash: str) -> None:
    """A new password: every session ends, every link, and no browser is remembered any more."""
    await store.put_password(work, person_id, password_hash)
    await store.end_sessions(work, person_id)
    await store.end_links(work, person_id)
    await device_store.remember_no_device(work, person_id)
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
