"""Reaching the database from the command line: the embedded one is started or adopted, another is checked."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from psycopg.conninfo import conninfo_to_dict

from ahadi.base.errors import SetupError
from ahadi.platform.database.embedded import EmbeddedServer
from ahadi.platform.database.migrate import migrate, pending
from ahadi.platform.settings import Settings

if TYPE_CHECKING:
    from ahadi.main.wiring import Installation

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the database is, for the application's role and for the tables' owner (empty where that is not known)."""

    app: str
    owner: str


def tell(sentence: str) -> None:
    """Say what takes long or went wrong, beside what a program reads."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


@contextmanager
def database_at(settings: Settings, report: Callable[[str], None] = tell) -> Iterator[Addresses]:
    """The database as configured, up while the block runs. Raises SetupError with what to do."""
    if settings.database_url:
        yield Addresses(settings.database_url, settings.owner_database_url)
        return
    with EmbeddedServer(settings.data, report=report) as connections:
        yield Addresses(connections.app, connections.owner)


def bring_up_to_date(addresses: Addresses) -> list[str]:
    """Apply the migrations that are missing, as the tables' owner; their names.

    Raises SetupError when some are missing and the owner's address is not known.
    """
    if addresses.owner:
        return migrate(addresses.owner, _role(addresses.app))
    missing = pending(addresses.app)
    if missing:
        raise SetupError(
            f"The database lacks {len(missing)} migrations: set AHADI_OWNER_DATABASE_URL and run `ahadi migrate`."
        )
    return []


def _role(address: str) -> str:
    role = conninfo_to_dict(address).get("user")
    if not role:
        raise SetupError("AHADI_DATABASE_URL names no role: write postgresql://role@host/database.")
    return str(role)


def with_installation(
    settings: Settings, deed: "Callable[[Installation], Awaitable[Result]]", *, name: str = "command"
) -> Result:
    """Do something with the installation from the command line, whether or not it is running."""
    from ahadi.main.wiring import install, opened

    with database_at(settings) as addresses:
        bring_up_to_date(addresses)

        async def run() -> Result:
            async with opened(install(settings, addresses.app, name=name)) as installation:
                return await deed(installation)

        return asyncio.run(run())
