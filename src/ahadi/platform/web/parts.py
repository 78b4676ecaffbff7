"""The parts of the installation an endpoint may reach, as the composition put them on the application."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request

from ahadi.base.errors import NotFound
from ahadi.platform.database import Database, Work
from ahadi.platform.live import Hub
from ahadi.platform.security import Keyring
from ahadi.platform.settings import Settings


def database_of(request: Request) -> Database:
    """The pool of connections; `database_of(request).read(actor)` for reading, `perform` for everything else."""
    database: Database = request.app.state.database
    return database


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def keyring_of(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


FindOrganisation = Callable[[Work, str], Awaitable[UUID | None]]


async def organisation_of(request: Request, work: Work, named: str | None) -> UUID:
    """The organisation a caller names by slug or id, or the only one they are granted.

    Raises NotFound when they have nothing to do with it, or when several are granted and none is named.
    """
    granted = work.actor.organisations
    if named is None:
        if len(granted) == 1:
            return granted[0]
        raise NotFound("Say which organisation is meant, by organisation=.")
    find: FindOrganisation = request.app.state.find_organisation
    found = await find(work, named)
    if found is None or found not in granted:
        raise NotFound("There is no such organisation, or you have no access to it.")
    return found
