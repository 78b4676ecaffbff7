"""What `ahadi user` and `ahadi token` do."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.errors import SetupError
from ahadi.base.text import fold
from ahadi.directory import first_run, invitations, sign_in_store, tokens
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor


async def _organisation(installation: Installation, named: str) -> UUID:
    async with installation.database.read(Actor.system([])) as work:
        found = await sign_in_store.find_organisation(work, named)
    if found is None:
        raise SetupError(f"There is no organisation {named}; make it with `ahadi apply SETUP.yaml`.")
    return found


async def new_token(installation: Installation, organisation: str, name: str, scopes: Sequence[str], days: int) -> str:
    """The secret of a new token for the organisation."""
    organisation_id = await _organisation(installation, organisation)
    async with installation.database.work(Actor.system([organisation_id])) as work:
        _, secret = await tokens.create_token(work, organisation_id, name, [each.strip() for each in scopes], days)
    return secret


@dataclass(frozen=True, slots=True)
class Added:
    """What `ahadi user add` did: a sentence, and the one-time link by which the person chooses a password."""

    done: str
    link: str


async def invited(installation: Installation, organisation: str, email: str, name: str, roles: Sequence[str]) -> Added:
    """Add a person, or roles to one, and make a link by which they come in."""
    organisation_id = await _organisation(installation, organisation)
    async with installation.database.work(Actor.system([organisation_id])) as work:
        known = await sign_in_store.held_by_email(work, fold(email))
        served = await sign_in_store.memberships(work, known.person_id) if known else []
        had = next((each.roles for each in served if each.organisation_id == organisation_id), None)
        done = await invitations.invite(work, organisation_id, email, name, roles)
    more = sorted(set(roles) - set(had or ()))
    if had is None:
        told = f"{fold(email)} was added to {organisation} as {', '.join(more)}."
    elif more:
        told = f"{fold(email)} was there already and is now also {', '.join(more)}; here is a new link."
    else:
        told = f"{fold(email)} is there already, as {', '.join(sorted(had))}; here is a new link."
    return Added(told, f"{installation.settings.links_from()}/welcome/{done.link}")


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody can sign in yet. `link` begins the first run, where there is no organisation either."""

    link: str | None


async def nobody_yet(installation: Installation, *, begins: bool) -> Nobody | None:
    """What to tell where nobody can sign in; None where somebody can. Where it `begins`, a link is made for that."""
    async with installation.database.read(Actor.system([])) as work:
        if await sign_in_store.anybody(work):
            return None
    secret = await first_run.prepare(installation.database) if begins else None
    return Nobody(f"{installation.settings.links_from()}/first-run/{secret}" if secret else None)
