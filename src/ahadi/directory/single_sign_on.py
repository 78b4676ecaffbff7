"""Signing in by an organisation's own provider, which vouches for its people in that organisation and nowhere else.

What is remembered between sending the browser away and its return is kept here, sealed, works once, expires by real
time, and belongs to the browser that was sent.
"""

import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from ahadi.base.errors import Forbidden, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import fold, slug
from ahadi.directory import attempt_store, oidc, provider_store
from ahadi.directory import sign_in_store as store
from ahadi.directory.devices import Where
from ahadi.directory.oidc import Claims, Client, ProviderRefused, Providers
from ahadi.directory.provider_store import Provider
from ahadi.directory.recognising import as_person
from ahadi.directory.sign_in import SignedIn, begin_session
from ahadi.directory.store import raise_version
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import Keyring, hash_secret, new_secret
from ahadi.platform.throttle import Limit, count_attempt

LASTS: Final = timedelta(minutes=10)
_ADDRESS: Final = Limit("single-sign-on", 100, timedelta(minutes=15))


class NotVouchedFor(Forbidden):
    """The provider vouches for somebody, and not for one of the organisation's people."""

    code = "not-vouched-for"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what it must bring back."""

    address: str
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the browser came back with; `held` is the state it was given to keep."""

    held: str | None = field(repr=False)
    state: str | None = field(repr=False)
    code: str | None = field(repr=False)
    issuer: str | None = None
    error: str | None = None


async def every_provider(database: Database) -> list[Provider]:
    """The providers of the installation."""
    async with database.read(Actor.system([])) as work:
        organisations = await store.every_organisation(work)
    async with database.read(Actor.system(organisations)) as work:
        return await provider_store.providers(work)


async def providers_for(database: Database, email: str, where: Where) -> list[Provider]:
    """Those that may vouch for an address; raises NotFound where there is none, whoever the address is."""
    await count_attempt(database, {_ADDRESS: where.address})
    domain = fold(email).rpartition("@")[2]
    found = [each for each in await every_provider(database) if domain in each.domains]
    if not found:
        raise NotFound("No single sign-on is set up for this address; sign in by password or passkey.")
    return found


async def begin(
    database: Database,
    keyring: Keyring,
    providers: Providers,
    organisation_id: UUID,
    redirect: str,
    onward: str,
    where: Where,
) -> Begun:
    """Send a browser to the organisation's provider; `onward` is where it goes in the end."""
    await count_attempt(database, {_ADDRESS: where.address})
    async with database.read(Actor.system([organisation_id])) as work:
        provider = await provider_store.provider_of(work, organisation_id)
    if provider is None:
        raise NotFound("No single sign-on is set up here.")
    metadata = await providers.metadata(provider.issuer)
    state, nonce, verifier = new_secret("ahq"), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    kept = {
        "organisation": str(organisation_id),
        "issuer": provider.issuer,
        "client": provider.client_id,
        "nonce": nonce,
        "verifier": verifier,
        "onward": onward,
    }
    async with database.work(Actor.system([])) as work:
        sealed = keyring.encrypt(json.dumps(kept))
        await attempt_store.add_attempt(work, hash_secret(state), "single-sign-on", LASTS, sealed=sealed)
    address = oidc.authorization_address(metadata, provider.client_id, redirect, state, nonce, verifier)
    return Begun(address, state)


async def finish(
    database: Database,
    keyring: Keyring,
    providers: Providers,
    answered: Answered,
    redirect: str,
    where: Where,
    lasts: timedelta,
    *,
    replaces: str | None = None,
) -> tuple[SignedIn, str]:
    """Sign the browser in that came back, and where it goes. Raises ProviderRefused or NotVouchedFor."""
    await count_attempt(database, {_ADDRESS: where.address})
    kept = await _kept(database, keyring, answered)
    organisation_id = UUID(kept["organisation"])
    async with database.read(Actor.system([organisation_id])) as work:
        provider = await provider_store.provider_of(work, organisation_id)
    if provider is None or (provider.issuer, provider.client_id) != (kept["issuer"], kept["client"]):
        raise ProviderRefused("The single sign-on was changed meanwhile; begin again.")
    oidc.check_issuer_of_answer(await providers.metadata(provider.issuer), answered.issuer)
    if answered.error or not answered.code:
        raise ProviderRefused("The provider did not sign you in; begin again, or sign in another way.")
    secret = keyring.decrypt(provider.secret) if provider.secret else None
    client = Client(provider.issuer, provider.client_id, secret)
    claims = await providers.exchange(client, answered.code, redirect, kept["verifier"], kept["nonce"])
    async with database.work(Actor.system([organisation_id])) as work:
        person_id = await _person(work, provider, claims)
    async with database.read(Actor.system([])) as work:
        held = await store.held_by_person(work, person_id)
        memberships = [
            each for each in await store.memberships(work, person_id) if each.organisation_id == organisation_id
        ]
    if held is None or not held.active or not memberships:
        raise NotVouchedFor("You do not serve this organisation any more; ask an administrator.")
    async with database.work(as_person(person_id, memberships)) as work:
        signed_in = await begin_session(
            work, held, memberships, where, lasts, "single-sign-on", replaces, confined_to=organisation_id
        )
    return signed_in, str(kept["onward"])


async def _kept(database: Database, keyring: Keyring, answered: Answered) -> dict[str, Any]:
    """What was remembered when the browser was sent away; used up by this."""
    refusal = ProviderRefused("This sign-in was begun elsewhere, too long ago, or was used before; begin again.")
    held, state = answered.held or "", answered.state or ""
    if not state or not hmac.compare_digest(held.encode(), state.encode()):
        raise refusal
    async with database.work(Actor.system([])) as work:
        attempt = await attempt_store.take_attempt(work, hash_secret(state), "single-sign-on")
    if attempt is None or attempt.sealed is None:
        raise refusal
    kept: dict[str, Any] = json.loads(keyring.decrypt(attempt.sealed))
    return kept


async def _person(work: Work, provider: Provider, claims: Claims) -> UUID:
    """Who the provider's subject is here: who they were before, else who has the address that it verified."""
    organisation_id, issuer = provider.organisation_id, provider.issuer
    known = await provider_store.person_linked(work, organisation_id, issuer, claims.subject)
    if known is not None:
        return known
    if claims.email is None or claims.email.rpartition("@")[2] not in provider.domains:
        raise NotVouchedFor(
            "Your provider does not vouch for an e-mail address of this organisation; ask an administrator."
        )
    held = await store.held_by_email(work, claims.email)
    serves = await provider_store.serves_still(work, organisation_id, held.person_id) if held else None
    if held is not None and serves:
        person_id = held.person_id
    elif serves is None and provider.makes_people:
        person_id = await _newcomer(work, provider, claims, held.person_id if held else None)
    else:
        raise NotVouchedFor("Nobody here has the e-mail address your provider vouches for; ask to be invited.")
    if not await provider_store.link_person(work, organisation_id, issuer, claims.subject, person_id):
        raise NotVouchedFor("Your provider knew you as somebody else before; ask an administrator.")
    work.record("person.linked", organisation_id, subject_id=person_id, issuer=issuer)
    return person_id


async def _newcomer(work: Work, provider: Provider, claims: Claims, person_id: UUID | None) -> UUID:
    """Let somebody in whom nobody invited, because the organisation's provider makes its people."""
    email = claims.email or ""
    if person_id is None:
        person_id = uuid7()
        name = claims.name or email.partition("@")[0]
        await store.add_person(work, person_id, slug(name) or "person", name, email)
    await store.add_roles(work, provider.organisation_id, person_id, [provider.role])
    await raise_version(work, provider.organisation_id)
    work.record("person.came_in", provider.organisation_id, subject_id=person_id, roles=[provider.role])
    return person_id
