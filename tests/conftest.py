"""What every test may ask for: a real PostgreSQL, work that is rolled back, or an installation of its own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from ahadi.base.clock import FixedClock
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor, Database, Work, set_organisations
from ahadi.platform.database.embedded import Connections, EmbeddedServer
from ahadi.platform.database.migrate import migrate
from ahadi.platform.house import House
from ahadi.platform.security import Keyring
from ahadi.platform.settings import Settings

hypothesis_settings.register_profile("no stopwatch", deadline=None)  # no test hangs on how fast the machine is
hypothesis_settings.load_profile("no stopwatch")

HOUSE = House(Keyring(["a key for tests that is long enough, and no secret"]))

# A Tuesday morning in Nairobi (UTC+3), 10:00 there.
NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def server() -> Iterator[Connections]:
    """A PostgreSQL of this test run's own, migrated."""
    folder = Path(tempfile.mkdtemp(prefix="ahadi-test-"))
    embedded = EmbeddedServer(folder, durable=False)
    try:
        connections = embedded.start()
        migrate(connections.owner)
        yield connections
    finally:
        embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def now() -> datetime:
    """A Tuesday, 10:00 in Nairobi."""
    return NOON


@pytest.fixture
async def connection(server: Connections) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection as the application's role, in a transaction that is rolled back."""
    async with (
        await psycopg.AsyncConnection.connect(server.app, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


@pytest.fixture
def work_as(connection: psycopg.AsyncConnection[Any], now: datetime) -> Callable[..., Any]:
    """`await work_as(actor, at=…)`: work on the rolled-back transaction, for any actor and moment."""

    made: list[Work] = []

    async def make(actor: Actor, at: datetime = now) -> Work:
        for work in made:
            await work.flush()
        await set_organisations(connection, actor.organisations)
        made.append(Work(connection, actor, at, at, HOUSE))
        return made[-1]

    return make


@pytest.fixture(scope="session")
def template(server: Connections) -> str:
    """The name of the migrated database, to be copied."""
    return psycopg.conninfo.conninfo_to_dict(server.owner)["dbname"]


@contextmanager
def copied(server: Connections, template: str) -> Iterator[Connections]:
    """A copy of the migrated database, dropped afterwards."""
    name = f"t_{uuid4().hex}"
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy owner ahadi_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield Connections(
        *(psycopg.conninfo.make_conninfo(url, dbname=name) for url in (server.owner, server.app, server.superuser))
    )
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def fresh_database(server: Connections, template: str) -> Iterator[Connections]:
    """A database of this test's own, for what must commit."""
    with copied(server, template) as urls:
        yield urls


@pytest.fixture
def clock(now: datetime) -> FixedClock:
    return FixedClock(now)


@pytest.fixture
async def database(fresh_database: Connections, clock: FixedClock) -> AsyncIterator[Database]:
    """A pool on a database of this test's own; business and real time are `clock`."""
    opened = Database(fresh_database.app, BusinessClock("system", clock), house=HOUSE, connections=6)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def installation(fresh_database: Connections, clock: FixedClock, tmp_path: Path) -> Any:
    """An installation of this test's own, as a web process has it; change its settings by `dataclasses.replace`."""
    from ahadi.main.wiring import install

    settings = Settings(data=tmp_path, secret_key="a key for tests that is long enough, and no secret")
    return install(settings, fresh_database.app, real=clock)


@pytest.fixture
async def app(installation: Any) -> AsyncIterator[Any]:
    """The web application, running in this process."""
    from ahadi.main.http import create_app

    application = create_app(installation)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web application, calling from this machine."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as opened:
        yield opened
