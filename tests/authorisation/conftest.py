"""One installation for a whole file of tests, with everybody in it who may call."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ahadi.base.clock import FixedClock
from ahadi.main.http import create_app
from ahadi.main.wiring import install
from ahadi.platform.settings import Settings
from tests.authorisation.world import build
from tests.conftest import NOON, copied


@pytest.fixture(scope="module")
async def world(server: Any, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """A client, the installation it calls, and everybody and everything in it."""
    folder: Path = tmp_path_factory.mktemp("authorisation")
    with copied(server, template) as urls:
        secret = "a key for tests that is long enough, and no secret"
        settings = Settings(data=folder, secret_key=secret, clock="manual")  # so that its address is there as well
        installation = install(settings, urls.app, real=FixedClock(NOON))
        app = create_app(installation)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as client:
                yield client, installation, await build(app, installation)
