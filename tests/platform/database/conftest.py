"""Data folders of their own, and programs that use them."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ahadi.platform.database.cluster import serves
from ahadi.platform.database.embedded import EmbeddedServer
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
