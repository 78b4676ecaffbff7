"""Passkeys (WebAuthn Level 3): who is asked by which address, and whether what a browser shows is what was asked.

A passkey is bound to one address, so the address comes from the configuration and never from the request. The
authenticator must have verified its user, so that a passkey is two factors in one. Challenges are kept here, work
once, and expire by real time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from ahadi.base.errors import Conflict, NotSignedIn
from ahadi.base.ids import uuid7
from ahadi.base.later import later
from ahadi.base.text import one_line
from ahadi.directory import attempt_store
from ahadi.directory import passkey_store as store
from ahadi.directory.passkey_store import Passkey
from ahadi.directory.sign_in_store import Held, memberships
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import hash_secret

if TYPE_CHECKING:
    import webauthn
    import webauthn.helpers as parts
    import webauthn.helpers.structs as wanted
else:
    webauthn, parts, wanted = later("webauthn"), later("webauthn.helpers"), later("webauthn.helpers.structs")

log = structlog.get_logger(__name__)
LASTS: Final = timedelta(minutes=10)
MOST: Final = 20  # passkeys of one person
_LONGEST: Final = 20_000  # characters of an answer


class PasskeysNotHere(Conflict):
    """Passkeys cannot work at the address by which the installation is reached."""

    code = "passkeys-not-here"


class PasskeyRefused(NotSignedIn):
    """What the browser showed is not what was asked of it."""

    code = "passkey-refused"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks for a passkey: the name it is bound to, and the one address it is shown at."""

    id: str
    origin: str


def relying_party(home: str) -> RelyingParty:
    """The relying party of the installation at this address.

    On this machine it is `localhost`, whatever number the machine listens on. Raises PasskeysNotHere for an address
    that browsers give no passkey for.
    """
    parts = urlsplit(home)
    host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    if _is_loopback(host):
        return RelyingParty("localhost", f"{parts.scheme}://localhost{port}")
    if _is_number(host) or "." not in host:
        raise PasskeysNotHere(
            f"Passkeys need a domain name, and {host} is none: set AHADI_PUBLIC_URL to an address such as"
            " https://desk.example.org."
        )
    if parts.scheme != "https":
        raise PasskeysNotHere(f"Passkeys need https: set AHADI_PUBLIC_URL to https://{host}.")
    return RelyingParty(host, f"https://{host}{port}")


def must_be_at(party: RelyingParty, origin: str | None) -> None:
    """Raises PasskeysNotHere for a page at another address: its browser would refuse, and say less about why."""
    if origin is not None and origin != party.origin:
        raise PasskeysNotHere(f"Passkeys work at {party.origin} only; open Ahadi there.", origin=party.origin)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ip_address(host).is_loopback)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_copy(was: int, now: int) -> bool:
    """Whether a count tells of a second authenticator with the same key (WebAuthn, section 6.1.1): it did not grow.

    An authenticator that does not count always says 0.
    """
    return (was > 0 or now > 0) and now <= was


# Registering ----------------------------------------------------------------------------------------------------


async def ask_for_new(work: Work, held: Held, party: RelyingParty) -> dict[str, Any]:
    """What a browser needs to make a passkey for the person (`PublicKeyCredentialCreationOptionsJSON`)."""
    present = await store.passkeys(work, held.person_id)
    if len(present) >= MOST:
        raise Conflict(f"You have {MOST} passkeys; remove one first.")
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Ahadi",
        user_id=held.person_id.bytes,
        user_name=held.email,
        user_display_name=held.name,
        timeout=int(LASTS.total_seconds() * 1000),
        authenticator_selection=wanted.AuthenticatorSelectionCriteria(
            resident_key=wanted.ResidentKeyRequirement.REQUIRED,
            user_verification=wanted.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[wanted.PublicKeyCredentialDescriptor(each.credential_id) for each in present],
    )
    await attempt_store.add_attempt(
        work, hash_secret(options.challenge.hex()), "new-passkey", LASTS, person_id=held.person_id
    )
    return parts.options_to_json_dict(options)


async def add(
    database: Database, actor: Actor, person_id: UUID, party: RelyingParty, name: str, answer: Mapping[str, Any]
) -> Passkey:
    """Keep the passkey a browser made. Raises PasskeyRefused when it is not what was asked for."""
    challenge = await _take(database, answer, "new-passkey", person_id)
    try:
        made = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as problem:  # the library's own errors, and whatever a malformed answer makes it stumble over
        raise _refusal(problem) from problem
    async with database.work(actor) as work:
        passkey = Passkey(
            uuid7(),
            person_id,
            made.credential_id,
            made.credential_public_key,
            made.sign_count,
            one_line(name, 60) or "Passkey",
            made.credential_backed_up,
            work.real_now,
            None,
            None,
        )
        if not await store.add_passkey(work, passkey):
            raise Conflict("This passkey is kept already.")
        work.enqueue("directory.mail_notice", about="new-passkey", person_id=str(person_id), id=str(passkey.id))
        for each in actor.grants:
            work.record("person.passkey_added", each, subject_id=person_id, passkey_id=str(passkey.id))
    return passkey


# Signing in -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey that was shown and fits; what is left is to note its use."""

    passkey: Passkey
    sign_count: int
    backed_up: bool


async def ask(work: Work, party: RelyingParty) -> dict[str, Any]:
    """What a browser needs to show one of its passkeys (`PublicKeyCredentialRequestOptionsJSON`), whoever it is."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        timeout=int(LASTS.total_seconds() * 1000),
        user_verification=wanted.UserVerificationRequirement.REQUIRED,
    )
    await attempt_store.add_attempt(work, hash_secret(options.challenge.hex()), "passkey", LASTS)
    return parts.options_to_json_dict(options)


async def shown(database: Database, party: RelyingParty, answer: Mapping[str, Any]) -> Shown:
    """The passkey a browser shows. Its challenge is used up whatever comes of it. Raises PasskeyRefused."""
    challenge = await _take(database, answer, "passkey", None)
    try:
        credential_id = parts.base64url_to_bytes(str(answer["id"]))
        handle = answer["response"].get("userHandle")
        owner = UUID(bytes=parts.base64url_to_bytes(handle)) if handle else None
    except (KeyError, ValueError, TypeError, AttributeError) as problem:
        raise _refusal(problem) from problem
    async with database.read(Actor.system([])) as work:
        passkey = await store.passkey_with(work, credential_id)
    if passkey is None or passkey.person_id != owner:
        raise PasskeyRefused("This passkey is not known here; sign in another way.")
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # whether it grew is decided by `is_copy`, which tells the person
            require_user_verification=True,
        )
    except Exception as problem:  # as above
        raise _refusal(problem) from problem
    if passkey.doubted_at is not None or is_copy(passkey.sign_count, verified.new_sign_count):
        await _doubt(database, passkey)
        raise PasskeyRefused("This passkey may have been copied, so it is refused; sign in another way and remove it.")
    return Shown(passkey, verified.new_sign_count, verified.credential_backed_up)


async def use(work: Work, shown: Shown) -> None:
    """Note the use, in the transaction that signs in; of two requests with one count only one succeeds."""
    passkey = shown.passkey
    if not await store.use_passkey(work, passkey.id, passkey.sign_count, shown.sign_count, shown.backed_up):
        raise PasskeyRefused("This passkey was used at the same moment elsewhere; try again.")


async def _doubt(database: Database, passkey: Passkey) -> None:
    """Put a passkey of which a copy showed itself out of use, and tell the person."""
    async with database.read(Actor.system([])) as work:
        served = [each.organisation_id for each in await memberships(work, passkey.person_id)]
    async with database.work(Actor.system(served)) as work:
        if not await store.doubt_passkey(work, passkey.id):
            return
        log.warning("passkey.doubted", person=str(passkey.person_id), passkey=str(passkey.id))
        work.enqueue("directory.mail_notice", about="passkey", person_id=str(passkey.person_id), id=str(passkey.id))
        for each in served:
            work.record("person.passkey_doubted", each, subject_id=passkey.person_id, passkey_id=str(passkey.id))


async def _take(database: Database, answer: Mapping[str, Any], kind: str, person_id: UUID | None) -> bytes:
    """Use up the challenge an answer is to. What the answer says of itself is only looked up, and believed later."""
    try:
        if len(json.dumps(answer)) > _LONGEST:
            raise ValueError
        said = parts.base64url_to_bytes(answer["response"]["clientDataJSON"])
        challenge = parts.parse_client_data_json(said).challenge
    except Exception as problem:  # as above
        raise _refusal(problem) from problem
    async with database.work(Actor.system([])) as work:
        attempt = await attempt_store.take_attempt(work, hash_secret(challenge.hex()), kind)
    if attempt is None or attempt.person_id != person_id:
        raise PasskeyRefused("This was asked too long ago, or was answered before; try again.")
    return challenge


def _refusal(problem: Exception) -> PasskeyRefused:
    log.warning("passkey.refused", error=type(problem).__name__, why=one_line(str(problem), 120))
    return PasskeyRefused("The passkey does not fit; try again, or sign in another way.")
