"""A person's own password, authenticator, passkeys and sessions. Changing what one signs in with asks for the password
again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from ahadi.base.errors import Forbidden, Invalid, NotFound
from ahadi.directory import passkey_store, passkeys, session_store
from ahadi.directory import sign_in_store as store
from ahadi.directory.devices import Where
from ahadi.directory.passkey_store import Passkey
from ahadi.directory.passkeys import RelyingParty
from ahadi.directory.sign_in import (
    HERE,
    SignedIn,
    SignInRefused,
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

_FRESH: Final = timedelta(minutes=10)
_ONLY_PEOPLE = "Only a person who is signed in may do this; a token cannot."


class TheirsAlone(Forbidden):
    """What a person signs in with is nobody's to see or change who acts in their name, or is only vouched for."""

    code = "theirs-alone"


async def shown_person(work: Work) -> Held:
    """What is held of the actor, for them to see: raises Forbidden for a program, TheirsAlone for somebody else."""
    if work.actor.person_id is None:
        raise Forbidden(_ONLY_PEOPLE)
    if work.actor.behind is not None:
        raise TheirsAlone("You act in another's name; what they sign in with is theirs alone.")
    held = await store.held_by_person(work, work.actor.person_id)
    if held is None:
        raise Forbidden(_ONLY_PEOPLE)
    return held


async def own_person(work: Work) -> Held:
    """What is held of the actor, for them to change: raises as `shown_person`, and TheirsAlone for a session that one
    of several organisations vouches for."""
    held, actor = await shown_person(work), work.actor
    confined = await session_store.confined_to(work, actor.session_id)
    if confined and [each.organisation_id for each in await store.memberships(work, held.person_id)] != [confined]:
        raise TheirsAlone(
            "You signed in by one organisation's single sign-on and serve others too; sign in otherwise to change this."
        )
    return held


async def confirm_oneself(database: Database, actor: Actor, password: str, where: Where) -> Held:
    """What is held of the actor, once they have shown their password again; raises SignInRefused or TooMany.

    Whoever has none must have signed in within the last minutes.
    """
    async with database.read(actor) as work:
        held = await own_person(work)
        began = await session_store.made_at(work, actor.session_id)
        now = work.real_now
    if held.password_hash is None:
        if began is None or now - began > _FRESH:
            raise SignInRefused("You signed in a while ago; sign out and in again, then do this at once.")
        return held
    here = f"{held.email} {where.address}"
    await count_attempt(database, {HERE: here})
    fits, _ = await password_fits(password, held.password_hash)
    if not fits:
        raise SignInRefused("The password is wrong; try again.")
    async with database.work(actor) as work:
        await forgive(work, HERE, here)
    return held


async def change_password(
    database: Database, actor: Actor, old: str, new: str, where: Where, lasts: timedelta
) -> SignedIn:
    """Change one's password: every session ends, and the present one is renewed."""
    held = await confirm_oneself(database, actor, old, where)
    check_new_password(new, about=(held.name, held.email))
    new_hash = await hash_password(new)
    async with database.work(actor) as work:
        memberships = [Membership(each, ()) for each in actor.grants]
        await replace_password(work, held.person_id, memberships, new_hash)
        goes_on = await session_store.device_of(work, actor.session_id)
        confined = await session_store.confined_to(work, actor.session_id)
        return await begin_session(
            work, held, memberships, where, lasts, "password", None, goes_on=goes_on, confined_to=confined
        )


async def start_totp(
    database: Database, keyring: Keyring, actor: Actor, password: str, where: Where
) -> tuple[str, str]:
    """A new authenticator's secret and its `otpauth:` address. It counts once a code of it was entered."""
    held = await confirm_oneself(database, actor, password, where)
    if held.totp_confirmed_at is not None:
        raise Invalid("An authenticator is set up already; remove it first.")
    secret = new_totp_secret()
    async with database.work(actor) as work:
        await store.put_totp_secret(work, held.person_id, keyring.encrypt(secret))
    return secret, totp_address(secret, held.email, "Ahadi")


async def confirm_totp(database: Database, keyring: Keyring, actor: Actor, code: str, where: Where) -> None:
    """Put the new authenticator in force by one of its codes."""
    await count_attempt(database, {HERE: f"{actor.person_id} {where.address}"})
    async with database.work(actor) as work:
        held = await own_person(work)
        if held.totp_secret is None:
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
    held = await confirm_oneself(database, actor, password, where)
    if held.totp_confirmed_at is None:
        raise Invalid("No authenticator is set up.")
    async with database.work(actor) as work:
        await check_code(work, keyring, held, code)
        await store.put_totp_secret(work, held.person_id, None)
        tell_organisations(work, held.person_id, [Membership(each, ()) for each in actor.grants], "person.totp_removed")


# Passkeys -------------------------------------------------------------------------------------------------------


async def start_passkey(
    database: Database, actor: Actor, party: RelyingParty, password: str, where: Where
) -> dict[str, Any]:
    """Begin adding a passkey: what the browser needs to make one. Asks for the password, so that a browser left
    unlocked gives nobody a way in that lasts."""
    held = await confirm_oneself(database, actor, password, where)
    async with database.work(actor) as work:
        return await passkeys.ask_for_new(work, held, party)


async def add_passkey(
    database: Database, actor: Actor, party: RelyingParty, name: str, answer: Mapping[str, Any]
) -> Passkey:
    """Keep the passkey the browser made; it must have been begun by the same person."""
    async with database.read(actor) as work:
        held = await own_person(work)
    return await passkeys.add(database, actor, held.person_id, party, name, answer)


async def remove_passkey(database: Database, actor: Actor, passkey_id: UUID, password: str, where: Where) -> None:
    """Do without one of one's passkeys; whoever holds it cannot sign in by it from now on."""
    held = await confirm_oneself(database, actor, password, where)
    async with database.work(actor) as work:
        if not await passkey_store.remove_passkey(work, held.person_id, passkey_id):
            raise NotFound("There is no such passkey, or it was removed already.")
        for each in actor.grants:
            work.record("person.passkey_removed", each, subject_id=held.person_id, passkey_id=str(passkey_id))


# Sessions -------------------------------------------------------------------------------------------------------


async def end_session(work: Work, session_id: UUID) -> None:
    """End one of one's own sessions."""
    await own_person(work)
    if work.actor.person_id is None or not await store.end_session(work, work.actor.person_id, session_id):
        raise NotFound("There is no such session, or it has ended.")
    for each in work.actor.grants:
        work.record("person.session_ended", each, subject_id=work.actor.person_id, session_id=str(session_id))
