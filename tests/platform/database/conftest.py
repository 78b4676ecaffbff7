"""Data folders of their own, and programs that use them."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ahadi.platform.database.cluster import serves
from ahadi.platform.database.embedded import Connections, EmbeddedServer
from tests.platform.database.tenants import EVERYBODY, Tenant, Who, pid_of

Start = Callable[..., Tenant]


@pytest.fixture(params=EVERYBODY, ids=lambda who: who.name)
def who(request: pytest.FixtureRequest) -> Who:
    """Each user the tests can run as: as root and not."""
    found: Who = request.param
    return found


@pytest.fixture(scope="session")
def everybodys() -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="ahadi-pg-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place(everybodys: Path, who: Who) -> Iterator[Path]:
    """A folder of the user's own; servers left running in it are ended."""
    folder = Path(tempfile.mkdtemp(dir=everybodys))
    if who.uid is not None:
        os.chown(folder, who.uid, who.uid)
    yield folder
    for data in {path.parent for path in folder.rglob("pg/postmaster.pid")}:
        pid = pid_of(data)
        if pid is not None and serves(pid, data / "pg"):
            os.kill(pid, signal.SIGQUIT)
    for lock in folder.rglob("run/server.lock"):  # held by whatever PostgreSQL still runs there
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    shutil.rmtree(folder)


@pytest.fixture
def new(place: Path) -> Path:
    """A data folder that is not there yet."""
    return place / "new"


@pytest.fixture(scope="session")
def made(everybodys: Path) -> Path:
    """A data folder in which the database was made, and nothing runs."""
    with EmbeddedServer(everybodys / "made", durable=False):
        pass
    return everybodys / "made"


@pytest.fixture
def data(place: Path, made: Path, who: Who) -> Path:
    """A data folder of the user's own in which the database was made: quicker than making it."""
    folder = place / "data"
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns("run", "pg.log"))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, who.number, who.number)
    return folder


@pytest.fixture
def start(who: Who, everybodys: Path, place: Path) -> Iterator[Start]:
    """`start(data, *options)`: a program that uses the server there, run as `who`. All end before `place` goes."""
    tenants: list[Tenant] = []

    def started(data: Path, *options: str, who: Who = who, **more: Any) -> Tenant:
        tenants.append(Tenant.start(data, who, everybodys, *options, **more))
        return tenants[-1]

    yield started
    for tenant in tenants:
        tenant.close()


@contextmanager
def new_database(server: Connections) -> Iterator[Connections]:
    """A database with nothing in it, as the embedded server makes it."""
    name = f"t_{uuid4().hex}"
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(SQL("create database {} owner ahadi_owner").format(Identifier(name)))
    made = Connections(*(make_conninfo(dsn, dbname=name) for dsn in (server.owner, server.app, server.superuser)))
    with psycopg.connect(made.superuser, autocommit=True) as admin:
        admin.execute("create extension vector")
    yield made
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@pytest.fixture
def empty(server: Connections) -> Iterator[Connections]:
    """A database of this test's own with nothing in it."""
    with new_database(server) as made:
        yield made


@pytest.fixture
def another(server: Connections) -> Iterator[Connections]:
    """A second one."""
    with new_database(server) as made:
        yield made
