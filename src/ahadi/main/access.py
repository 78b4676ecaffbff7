"""What `ahadi user` and `ahadi token` do."""

from collections.abc import Sequence
from uuid import UUID

from ahadi.base.errors import SetupError
from ahadi.directory import invitations, sign_in_store, tokens
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


async def invited(installation: Installation, organisation: str, email: str, name: str, roles: Sequence[str]) -> str:
    """A one-time link by which the person comes in and chooses a password."""
    organisation_id = await _organisation(installation, organisation)
    async with installation.database.work(Actor.system([organisation_id])) as work:
        done = await invitations.invite(work, organisation_id, email, name, roles)
    return f"{installation.settings.links_from()}/welcome/{done.link}"


async def anybody(installation: Installation) -> bool:
    """Whether there is a person who could sign in."""
    async with installation.database.read(Actor.system([])) as work:
        return await sign_in_store.anybody(work)
