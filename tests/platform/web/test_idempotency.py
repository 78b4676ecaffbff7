"""One key, one deed, one answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import Response

from ahadi.base.errors import Conflict
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import Keyring
from ahadi.platform.web import PUBLIC, Guard, Policy, install_problems, perform
from ahadi.platform.web.idempotency import KEPT_FOR, forget_old_answers

ORGANISATION = UUID(int=7)
KEYRING = Keyring(["a key for tests that is long enough, and no secret"])


class Note(BaseModel):
    text: str


class Notebook:
    """An application with one write endpoint whose deed is counted, recorded, and can be held up or made to fail."""

    def __init__(self, database: Database) -> None:
        self.deeds = 0
        self.failing = False
        self.held: asyncio.Event | None = None
        self.begun = asyncio.Event()
        app = FastAPI()
        app.state.database, app.state.keyring = database, KEYRING
        app.add_middleware(Guard, policy=Policy.of(database_settings()))
        install_problems(app)

        async def deed(work: Work) -> dict[str, Any]:
            self.deeds += 1
            self.begun.set()
            if self.held is not None:
                await self.held.wait()
            work.record("note.taken", ORGANISATION)
            if self.failing:
                raise Conflict("Not now; try again.")
            return {"number": self.deeds, "at": work.now}

        @app.post("/notes/{page}", dependencies=[PUBLIC])
        async def notes(request: Request, page: int, body: Note) -> Response:
            del page, body
            actor = Actor("token", UUID(request.headers["x-actor"]), {ORGANISATION: frozenset({"*"})})
            return await perform(request, actor, deed, status=201)

        @app.post("/forms", dependencies=[PUBLIC])
        async def forms(request: Request) -> Response:
            async with request.form() as form:
                key = str(form.get("key") or "") or None
            return await perform(request, Actor.system([ORGANISATION]), deed, key=key)

        self.app: FastAPI = app


def database_settings() -> Any:
    from ahadi.platform.settings import Settings

    return Settings()


@pytest.fixture
def notebook(database: Database) -> Notebook:
    return Notebook(database)


Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def post(notebook: Notebook) -> AsyncIterator[Post]:
    me = str(uuid4())

    async with httpx.AsyncClient(transport=httpx.ASGITransport(notebook.app), base_url="http://t") as client:

        async def send(
            key: str | None = None, text: str = "hello", path: str = "/notes/1", actor: str = me
        ) -> httpx.Response:
            headers = {"x-actor": actor} | ({"Idempotency-Key": key} if key else {})
            return await client.post(path, json={"text": text}, headers=headers)

        yield send


async def taken(database: Database) -> int:
    async with database.read(Actor.system([ORGANISATION])) as work:
        count: int = await work.value("select count(*) from journal where kind = 'note.taken'")
    return count


async def test_the_same_key_gets_the_same_answer_and_the_deed_is_done_once(
    post: Post, notebook: Notebook, database: Database
) -> None:
    first, again = await post("k1"), await post("k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert notebook.deeds == await taken(database) == 1


async def test_without_a_key_every_request_is_a_deed(post: Post, notebook: Notebook) -> None:
    await post()
    await post()
    assert notebook.deeds == 2


@pytest.mark.parametrize("other", [{"text": "another"}, {"path": "/notes/2"}, {"path": "/notes/1?x=1"}])
async def test_the_same_key_with_another_request_is_refused(post: Post, other: dict[str, str]) -> None:
    await post("k1")
    refused = await post("k1", **other)
    assert refused.status_code == 422 and refused.json()["code"] == "idempotency-key-reused"


async def test_keys_of_different_actors_have_nothing_to_do_with_each_other(post: Post, notebook: Notebook) -> None:
    await post("k1")
    other = await post("k1", actor=str(uuid4()))
    assert other.json()["number"] == notebook.deeds == 2


async def test_a_deed_that_failed_leaves_no_claim_and_can_be_done_under_the_same_key(
    post: Post, notebook: Notebook, database: Database
) -> None:
    notebook.failing = True
    assert (await post("k1")).status_code == 409
    assert await taken(database) == 0
    notebook.failing = False
    done = await post("k1")
    assert done.status_code == 201 and "idempotent-replayed" not in done.headers
    assert await taken(database) == 1


async def test_of_two_at_once_the_second_waits_for_the_first_and_gets_its_answer(
    post: Post, notebook: Notebook, database: Database
) -> None:
    notebook.held = asyncio.Event()
    first = asyncio.create_task(post("k1"))
    await notebook.begun.wait()
    second = asyncio.create_task(post("k1"))
    while not await waiting_for_a_lock(database):
        await asyncio.sleep(0)
    assert not second.done()
    notebook.held.set()
    answers = [await first, await second]
    assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true"]
    assert answers[0].content == answers[1].content
    assert notebook.deeds == 1


async def test_when_the_first_of_two_fails_the_second_does_the_deed(
    post: Post, notebook: Notebook, database: Database
) -> None:
    notebook.held, notebook.failing = asyncio.Event(), True
    first = asyncio.create_task(post("k1"))
    await notebook.begun.wait()
    second = asyncio.create_task(post("k1"))
    while not await waiting_for_a_lock(database):
        await asyncio.sleep(0)
    notebook.held.set()
    assert (await first).status_code == 409
    assert (await second).status_code == 409
    assert notebook.deeds == 2 and await taken(database) == 0


async def waiting_for_a_lock(database: Database) -> bool:
    async with database.connection() as connection:
        row = await (
            await connection.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
        ).fetchone()
    assert row is not None
    return bool(row[0])


async def test_what_is_kept_of_an_answer_is_encrypted(post: Post, notebook: Notebook, database: Database) -> None:
    first, again = await post("k1"), await post("k1")
    assert first.content == again.content and notebook.deeds == 1
    async with database.connection() as connection:
        row = await (await connection.execute("select body from idempotency")).fetchone()
    assert row is not None and b"number" not in row[0]


async def test_a_form_that_was_read_as_a_stream_is_recognised_too(notebook: Notebook) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(notebook.app), base_url="http://t") as client:
        headers = {"Idempotency-Key": "k1"}
        first = await client.post("/forms", data={"a": "1"}, headers=headers)
        again = await client.post("/forms", data={"a": "1"}, headers=headers)
        other = await client.post("/forms", data={"a": "2"}, headers=headers)
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422


async def test_a_form_may_carry_its_key_itself(notebook: Notebook) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(notebook.app), base_url="http://t") as client:
        first = await client.post("/forms", data={"a": "1", "key": "k1"})
        again = await client.post("/forms", data={"a": "1", "key": "k1"})
        files = [await client.post("/forms", data={"key": "k2"}, files={"f": b"x" * 100_000}) for _ in range(2)]
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    assert [each.status_code for each in files] == [200, 422]  # its boundary differs, so it is another request


async def test_a_key_must_have_a_sensible_length(post: Post) -> None:
    assert (await post("k" * 255)).status_code == 201
    assert (await post("k" * 256)).status_code == 422


async def test_kept_answers_are_forgotten_after_two_days(post: Post, notebook: Notebook, database: Database) -> None:
    await post("k1")
    async with database.work(Actor.system([])) as work:
        await forget_old_answers(work, work.real_now - KEPT_FOR)
    await post("k1")
    assert notebook.deeds == 1
    async with database.work(Actor.system([])) as work:
        await forget_old_answers(work, work.real_now + KEPT_FOR)
    await post("k1")
    assert notebook.deeds == 2


async def test_a_deed_that_lost_a_deadlock_is_done_afresh(database: Database) -> None:
    import psycopg

    tried = 0

    async def deed(work: Work) -> dict[str, int]:
        nonlocal tried
        tried += 1
        work.record("note.taken", ORGANISATION)
        if tried == 1:
            raise psycopg.errors.DeadlockDetected("deadlock detected")
        return {"tried": tried}

    app = FastAPI()
    app.state.database = database

    @app.post("/", dependencies=[PUBLIC])
    async def do(request: Request) -> Response:
        return await perform(request, Actor.system([ORGANISATION]), deed)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        assert (await client.post("/")).json() == {"tried": 2}
    assert await taken(database) == 1
