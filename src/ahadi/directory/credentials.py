"""A person's own password, authenticator and sessions. Changing the first two asks for the password again."""

from datetime import timedelta
from uuid import UUID

from ahadi.base.errors import Forbidden, Invalid, NotFound
from ahadi.directory import sign_in_store as store
from ahadi.directory.sign_in import (
    HERE,
    SignedIn,
    SignInRefused,
    Where,
    begin_session,
    check_code,
    replace_password,
    tell_organisations,
)
from ahadi.directory.sign_in_store import Held, Membership
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import (
    Keyring,
    check_new_password,
    hash_password,
    new_totp_secret,
    password_fits,
    totp_address,
    totp_step,
)
from ahadi.platform.throttle import count_attempt, forgive

_ONLY_PEOPLE = "Only a person who is signed in may do this; a token cannot."


async def confirm_password(database: Database, actor: Actor, password: str, where: Where) -> Held:
    """What is held of the actor, once they have shown their password again; raises SignInRefused or TooMany."""
    if actor.person_id is None:
        raise Forbidden(_ONLY_PEOPLE)
    async with database.read(actor) as work:
        held = await store.held_by_person(work, actor.person_id)
    here = f"{held.email if held else ''} {where.address}"
    await count_attempt(database, {HERE: here})
    fits, _ = await password_fits(password, held.password_hash if held else None)
    if held is None or not fits:
        raise SignInRefused("The password is wrong; try again.")
    async with database.work(actor) as work:
        await forgive(work, HERE, here)
    return held


async def change_password(
    database: Database, actor: Actor, old: str, new: str, where: Where, lasts: timedelta
) -> SignedIn:
    """Change one's password: every session ends, and the present one is renewed."""
    held = await confirm_password(database, actor, old, where)
    check_new_password(new, about=(held.name, held.email))
    new_hash = await hash_password(new)
    async with database.work(actor) as work:
        memberships = [Membership(each, ()) for each in actor.grants]
        await replace_password(work, held.person_id, memberships, new_hash)
        return await begin_session(work, held, memberships, where, lasts, "password", None)


async def start_totp(
    database: Database, keyring: Keyring, actor: Actor, password: str, where: Where
) -> tuple[str, str]:
    """A new authenticator's secret and its `otpauth:` address. It counts once a code of it was entered."""
    held = await confirm_password(database, actor, password, where)
    if held.totp_confirmed_at is not None:
        raise Invalid("An authenticator is set up already; remove it first.")
    secret = new_totp_secret()
    async with database.work(actor) as work:
        await store.put_totp_secret(work, held.person_id, keyring.encrypt(secret))
    return secret, totp_address(secret, held.email, "Ahadi")


async def confirm_totp(database: Database, keyring: Keyring, actor: Actor, code: str, where: Where) -> None:
    """Put the new authenticator in force by one of its codes."""
    if actor.person_id is None:
        raise Forbidden(_ONLY_PEOPLE)
    await count_attempt(database, {HERE: f"{actor.person_id} {where.address}"})
    async with database.work(actor) as work:
        held = await store.held_by_person(work, actor.person_id)
        if held is None or held.totp_secret is None:
            raise Invalid("Begin by asking for a new authenticator.")
        step = totp_step(keyring.decrypt(held.totp_secret), code, work.real_now, after=held.totp_last_step)
        if step is None or not await store.take_totp_step(work, held.person_id, step):
            raise Invalid("The code is wrong; check the clock of your device and enter the next one.")
        await forgive(work, HERE, f"{actor.person_id} {where.address}")
        tell_organisations(
            work, held.person_id, [Membership(each, ()) for each in actor.grants], "person.totp_confirmed"
        )


async def remove_totp(
    database: Database, keyring: Keyring, actor: Actor, password: str, code: str, where: Where
) -> None:
    """Do without the authenticator; its code is needed a last time."""
    held = await confirm_password(database, actor, password, where)
    async with database.work(actor) as work:
        await check_code(work, keyring, held, code)
        await store.put_totp_secret(work, held.person_id, None)
        tell_organisations(work, held.person_id, [Membership(each, ()) for each in actor.grants], "person.totp_removed")


async def end_session(work: Work, session_id: UUID) -> None:
    """End one of one's own sessions."""
    if work.actor.person_id is None or not await store.end_session(work, work.actor.person_id, session_id):
        raise NotFound("There is no such session, or it has ended.")
    for each in work.actor.grants:
        work.record("person.session_ended", each, subject_id=work.actor.person_id, session_id=str(session_id))
