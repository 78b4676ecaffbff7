"""The web application: what anybody may ask it, the clock of trials, the live stream and the journal."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from ahadi.base.errors import AhadiError
from ahadi.main.http import create_app
from ahadi.main.wiring import Installation
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Actor
from ahadi.platform.web import streams
from tests.main.builders import bearer, organisation, sign_in, somebody

OURS = {"Sec-Fetch-Site": "same-origin"}


async def happen(installation: Installation, organisation_id: UUID, *kinds: str) -> None:
    for kind in kinds:
        async with installation.database.work(Actor.system([organisation_id])) as work:
            work.record(kind, organisation_id)


async def test_health_and_readiness_answer_anybody(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"ok": True}
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["ready"] is True and ready.json()["migrations_pending"] == []
    assert (await client.head("/healthz")).status_code == 200


async def test_without_the_database_we_are_alive_and_not_ready(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    await installation.database.close()
    assert (await client.get("/healthz")).status_code == 200
    ready = await client.get("/readyz")
    assert ready.status_code == 503 and ready.json()["ready"] is False


async def test_a_pending_migration_makes_us_not_ready(client: httpx.AsyncClient, fresh_database: Any) -> None:
    import psycopg

    with psycopg.connect(fresh_database.owner, autocommit=True) as owner:
        owner.execute("delete from migration where name = (select max(name) from migration)")
    ready = await client.get("/readyz")
    assert ready.status_code == 503 and len(ready.json()["migrations_pending"]) == 1


async def test_metrics_are_for_this_machine_or_for_whoever_may_audit(
    app: Any, client: httpx.AsyncClient, installation: Installation
) -> None:
    power = await organisation(installation.database, "power")
    here = await client.get("/metrics")
    assert here.status_code == 200 and "ahadi_jobs_waiting 0.0" in here.text
    transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as elsewhere:
        assert (await elsewhere.get("/metrics")).status_code == 401
        reader = await bearer(installation.database, power, ["case.read"])
        assert (await elsewhere.get("/metrics", headers=reader)).status_code == 403
        auditor = await bearer(installation.database, power, ["audit.read"])
        assert (await elsewhere.get("/metrics", headers=auditor)).status_code == 200
    forwarded = await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.9"})
    assert forwarded.status_code == 401


async def test_metrics_count_requests_by_the_pattern_of_their_address(client: httpx.AsyncClient) -> None:
    await client.get("/api/problems/conflict")
    text = (await client.get("/metrics")).text
    assert 'route="/api/problems/{code}"' in text


async def test_every_problem_s_type_leads_to_what_it_means(client: httpx.AsyncClient) -> None:
    def codes(kind: type[AhadiError]) -> set[str]:
        return {kind.code}.union(*map(codes, kind.__subclasses__()))

    for code in codes(AhadiError):
        answer = await client.get(f"/api/problems/{code}")
        assert answer.status_code == 200 and answer.json()["meaning"], code
    assert (await client.get("/api/problems/no-such")).status_code == 404


async def test_the_api_describes_itself_and_shows_no_page_that_runs_scripts(client: httpx.AsyncClient) -> None:
    described = (await client.get("/api/openapi.json")).json()
    assert described["info"]["title"] == "Ahadi" and "/api/live" in described["paths"]
    for path in ("/docs", "/redoc"):
        assert (await client.get(path)).status_code == 404


async def test_static_files_have_addresses_that_may_be_kept(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    address = installation.statics.url("vendor/htmx.org/htmx.min.js")
    answer = await client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert (await client.get("/static/x/../../../wiring.py")).status_code == 404


# The clock of trials --------------------------------------------------------------------------------------------


@asynccontextmanager
async def with_clock(installation: Installation, **change: Any) -> AsyncIterator[httpx.AsyncClient]:
    installation.database.clock = BusinessClock("manual", installation.database.clock.real)
    manual = replace(installation, settings=replace(installation.settings, clock="manual"), **change)
    app = create_app(manual)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


async def test_the_clock_of_a_trial_moves_forward_and_what_fell_due_has_happened_before_the_answer(
    installation: Installation,
) -> None:
    settled = []

    async def settle() -> None:
        async with installation.database.read(Actor.system([])) as work:
            settled.append(work.now)

    async with with_clock(installation, settle=settle) as client:
        power = await organisation(installation.database, "power")
        headers = await bearer(installation.database, power)
        moved = await client.post("/api/clock", json={"now": "2026-12-01T09:00:00+03:00"}, headers=headers)
        assert moved.status_code == 200, moved.text
        assert moved.json() == {"now": "2026-12-01T06:00:00Z"}
        assert [each.isoformat() for each in settled] == ["2026-12-01T06:00:00+00:00"]
        back = await client.post("/api/clock", json={"now": "2026-11-30T00:00:00Z"}, headers=headers)
        assert back.status_code == 409
        vague = await client.post("/api/clock", json={"now": "2026-12-02T00:00:00"}, headers=headers)
        assert vague.status_code == 422
        weak = await bearer(installation.database, power, ["case.read"])
        assert (await client.post("/api/clock", json={"now": "2027-01-01T00:00:00Z"}, headers=weak)).status_code == 403


async def test_outside_trials_there_is_no_such_address(client: httpx.AsyncClient, installation: Installation) -> None:
    headers = await bearer(installation.database, await organisation(installation.database, "power"))
    answer = await client.post("/api/clock", json={"now": "2027-01-01T00:00:00Z"}, headers=headers)
    assert answer.status_code == 404


# The journal ----------------------------------------------------------------------------------------------------


async def test_the_journal_is_read_page_by_page_and_followed_by_its_cursor(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    power, net = await organisation(installation.database, "power"), await organisation(installation.database, "net")
    await happen(installation, power, "a.one", "a.two", "a.three")
    await happen(installation, net, "b.one")
    headers = await bearer(installation.database, power, ["audit.read"])
    first = (await client.get("/api/journal?limit=2", headers=headers)).json()
    second = (await client.get(f"/api/journal?limit=2&after={first['next']}", headers=headers)).json()
    kinds = [each["kind"] for each in first["items"] + second["items"]]
    assert kinds == ["a.one", "a.two", "a.three"] and second["next"] is None
    await happen(installation, power, "a.four")
    third = (await client.get(f"/api/journal?after={second['cursor']}", headers=headers)).json()
    assert [each["kind"] for each in third["items"]] == ["a.four"]
    other = await client.get("/api/journal?organisation=net", headers=headers)
    assert other.status_code == 404


# The live stream, through a real server --------------------------------------------------------------------------


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=3))
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    app.state.hub.close()
    server.should_exit = True
    await running


def _no_signals() -> AbstractContextManager[None]:
    return nullcontext()


Lines = AsyncIterator[str]


async def until(lines: Lines, wanted: Callable[[str], bool]) -> list[str]:
    """The lines up to the first that is wanted."""
    seen = []
    async for line in lines:
        seen.append(line)
        if wanted(line):
            return seen
    return seen


async def test_a_program_hears_what_happens_and_resumes_where_it_left(installation: Installation) -> None:
    async with served(create_app(installation)) as address, httpx.AsyncClient(base_url=address) as client:
        power = await organisation(installation.database, "power")
        headers = await bearer(installation.database, power, ["case.read"])
        async with client.stream("GET", "/api/live", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = aiter(stream.aiter_lines())
            hello = await until(lines, lambda line: line == "event: hello")
            await happen(installation, power, "promise.kept")
            heard = await until(lines, lambda line: line.startswith("id: "))
            assert any('"kind":"promise.kept"' in line for line in heard)
        cursor = heard[-1].removeprefix("id: ")
        await happen(installation, power, "promise.made")
        for query, more in ((f"?after={cursor}", {}), ("?after=stale", {"Last-Event-ID": cursor})):
            async with client.stream("GET", f"/api/live{query}", headers=headers | more) as stream:
                heard = await until(aiter(stream.aiter_lines()), lambda line: "promise.made" in line)
                assert not any("promise.kept" in line for line in heard)
        assert any(line.startswith("id: ") for line in hello)


async def test_nobody_listens_without_permission_or_to_another_organisation(installation: Installation) -> None:
    async with served(create_app(installation)) as address, httpx.AsyncClient(base_url=address) as client:
        power = await organisation(installation.database, "power")
        await organisation(installation.database, "net")
        reader = await bearer(installation.database, power, ["case.read"])
        auditor = await bearer(installation.database, power, ["audit.read"])
        assert (await client.get("/api/live")).status_code == 401
        assert (await client.get("/api/live", headers=auditor)).status_code == 403
        assert (await client.get("/api/live?organisation=net", headers=reader)).status_code == 404
        assert (await client.get("/api/live?after=nonsense", headers=reader)).status_code == 422


@pytest.mark.parametrize("how", ["token revoked", "session ended", "role lost", "person deactivated"])
async def test_a_listener_who_lost_the_right_hears_no_more(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY", 0.05)
    async with served(create_app(installation)) as address, httpx.AsyncClient(base_url=address) as client:
        power = await organisation(installation.database, "power")
        person = await somebody(installation.database, "amina", [power])
        headers = {}
        if how == "token revoked":
            headers = await bearer(installation.database, power, ["case.read"])
        else:
            await sign_in(client, person)
        async with client.stream("GET", "/api/live", headers=headers) as stream:
            lines = aiter(stream.aiter_lines())
            await until(lines, lambda line: line == "event: hello")
            async with installation.database.work(Actor.system([power])) as work:
                await work.execute(
                    {
                        "token revoked": "update token set revoked_at = made_at",
                        "session ended": "update session set revoked_at = made_at",
                        "role lost": "update membership set roles = '{administrators}'",
                        "person deactivated": "update person set active = false",
                    }[how]
                )
            await until(lines, lambda _: False)  # ends by itself


async def test_streams_end_when_the_server_stops(installation: Installation) -> None:
    app = create_app(installation)
    async with httpx.AsyncClient() as client:
        async with served(app) as address:
            power = await organisation(installation.database, "power")
            headers = await bearer(installation.database, power, ["case.read"])
            context = client.stream("GET", f"{address}/api/live", headers=headers)
            stream = await context.__aenter__()
            lines = aiter(stream.aiter_lines())
            await until(lines, lambda line: line == "event: hello")
        await until(lines, lambda _: False)
        await context.__aexit__(None, None, None)


def test_a_start_loads_nothing_that_few_processes_have_use_for_and_works_out_no_route() -> None:
    script = (
        "import sys; from ahadi.main import children; from ahadi.main.wiring import ROUTERS;"
        "late = {'icalendar', 'webauthn', 'authlib.oidc.core', 'joserfc.jwt', 'OpenSSL', 'ahadi.main.demo.load'};"
        "assert not late & set(sys.modules), late & set(sys.modules);"
        "assert not [each for one in ROUTERS for each in one.routes if 'dependant' in vars(each)]"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stderr=None)
