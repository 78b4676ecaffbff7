"""The parts of the installation an endpoint may reach, as the composition put them on the application."""

from fastapi import Request

from ahadi.platform.database import Database
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
