"""A desk that really runs: the application behind uvicorn on a database with a morning of work, and a browser."""

import asyncio
import shutil
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from psycopg import sql

from ahadi.base.clock import FixedClock
from ahadi.main.http import create_app
from ahadi.main.wiring import Installation, install
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Database
from ahadi.platform.database.embedded import Connections
from ahadi.platform.house import house_of
from ahadi.platform.security import load_keyring
from ahadi.platform.settings import Settings
from tests.screens.builders import NOW, PASSWORD, Centre, a_centre, a_morning, twins

KEY = "a key for tests that is long enough, and no secret"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=60_000)  # what comes late on a slow machine is late, and not wrong


@dataclass
class Desk:
    """A running application: its address, its clock, a way into its database, and what was built there."""

    url: str
    clock: FixedClock
    database: Database
    installation: Installation
    centre: Centre

    def case(self, called: str) -> str:
        """The address of the page of a case."""
        return f"{self.url}/cases/{self.centre.cases[called]}"


def copy_of(server: Connections, template: str) -> tuple[str, Connections]:
    """A database of one's own, made from another."""
    name = f"t_{uuid4().hex}"
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy owner ahadi_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    urls = (psycopg.conninfo.make_conninfo(url, dbname=name) for url in (server.owner, server.app, server.superuser))
    return name, Connections(*urls)


def drop(server: Connections, name: str) -> None:
    with psycopg.connect(server.superuser, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
async def morning(server: Connections, template: str) -> AsyncIterator[tuple[str, Centre]]:
    """The name of a database with a morning of work in it, to be copied."""
    name, urls = copy_of(server, template)
    clock = FixedClock(NOW)
    settings = Settings(secret_key=KEY)
    database = Database(urls.app, BusinessClock("system", clock), house=house_of(settings, load_keyring(settings)))
    await database.open()
    centre = await a_centre(database)
    await a_morning(database, clock, centre)
    await twins(database, centre)
    await database.close()
    yield name, centre
    drop(server, name)


class Running:
    """uvicorn in a thread of its own."""

    def __init__(self, installation: Installation, listener: socket.socket) -> None:
        config = uvicorn.Config(
            create_app(installation), log_config=None, lifespan="on", timeout_graceful_shutdown=1, server_header=False
        )
        self._server = uvicorn.Server(config)
        self._hub = installation.hub
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[self._listener])

        asyncio.run(serve())

    async def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._hub.close)
        await asyncio.to_thread(self._thread.join)


def listening() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


async def running_desk(server: Connections, template: str, centre: Centre) -> AsyncIterator[Desk]:
    """A desk on a copy of a database."""
    name, urls = copy_of(server, template)
    folder = Path(tempfile.mkdtemp(prefix="ahadi-desk-"))
    listener = listening()
    port = listener.getsockname()[1]
    settings = Settings(data=folder, secret_key=KEY, port=port, demo=True)
    clock = FixedClock(NOW)
    installation = install(settings, urls.app, real=clock)
    database = Database(urls.app, BusinessClock("system", clock), house=installation.database.house, connections=3)
    await database.open()
    running = Running(installation, listener)
    await running.start()
    try:
        yield Desk(f"http://127.0.0.1:{port}", clock, database, installation, centre)
    finally:
        await running.stop()
        await database.close()
        listener.close()
        drop(server, name)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def desk(server: Connections, morning: tuple[str, Centre]) -> AsyncIterator[Desk]:
    """A desk that tests only look at."""
    async for each in running_desk(server, *morning):
        yield each


@pytest.fixture
async def own_desk(server: Connections, morning: tuple[str, Centre]) -> AsyncIterator[Desk]:
    """A desk of the test's own, for what changes something."""
    async for each in running_desk(server, *morning):
        yield each


@pytest.fixture
async def empty_desk(server: Connections, template: str) -> AsyncIterator[Desk]:
    """A desk on its first day: people, and no case."""
    name, urls = copy_of(server, template)
    settings = Settings(secret_key=KEY)
    clock = FixedClock(NOW)
    database = Database(urls.app, BusinessClock("system", clock), house=house_of(settings, load_keyring(settings)))
    await database.open()
    centre = await a_centre(database)
    await database.close()
    try:
        async for each in running_desk(server, name, centre):
            yield each
    finally:
        drop(server, name)


# The browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """`await visit(url, …)`: a page of a new browser, in Nairobi; what went wrong in it fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    async def open_page(url: str, *, width: int = 1440, height: int = 900, **options: Any) -> Page:
        settings = {"timezone_id": "Africa/Nairobi", "locale": "en-GB", "reduced_motion": "reduce"}
        context = await browser.new_context(viewport={"width": width, "height": height}, **(settings | options))
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda message: wrong.append(f"{page.url}: {message.text}") if _is_wrong(message) else None)
        await page.goto(url)
        return page

    yield open_page
    for each in contexts:
        await each.close()
    assert not wrong, wrong


def _is_wrong(message: Any) -> bool:
    """A script that failed or a breach of the content security policy; not an answer of 4xx, which tests ask for."""
    return message.type == "error" and "Failed to load resource" not in message.text


async def sign_in(page: Page, name: str, desk: Desk, at: str = "/cases") -> Page:
    """Sign in as somebody and go somewhere."""
    await page.goto(f"{desk.url}/sign-in?next={at}")
    await page.get_by_label("E-mail address").fill(desk.centre.email(name))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{desk.url}{at}")
    return page
