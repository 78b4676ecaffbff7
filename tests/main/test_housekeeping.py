"""What nobody asks for any more is dropped, and a worker gives signs of life."""

import asyncio
from datetime import timedelta

import httpx

from ahadi.base.clock import FixedClock
from ahadi.main.housekeeping import keep_beating, tidy
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.main.builders import bearer, organisation, sign_in, somebody

TABLES = ("idempotency", "throttle", "session", "one_time_link", "webhook_delivery")


async def counted(installation: Installation, organisation_id: object) -> dict[str, int]:
    async with installation.database.read(Actor.system([organisation_id])) as work:  # type: ignore[list-item]
        return {each: await work.value(f"select count(*) from {each}") for each in TABLES}


async def test_what_has_had_its_time_is_dropped_and_nothing_else(
    client: httpx.AsyncClient, installation: Installation, clock: FixedClock
) -> None:
    power = await organisation(installation.database, "power")
    person = await somebody(installation.database, "amina", [power])
    headers = await bearer(installation.database, power, days=700)
    await sign_in(client, person, "a wrong guess at it")
    await sign_in(client, person)
    client.cookies.clear()
    hook = {"url": "https://hear.example/in"}
    made = await client.post("/api/webhooks", json=hook, headers=headers | {"Idempotency-Key": "k"})
    assert made.status_code == 201, made.text
    async with installation.database.work(Actor.system([power])) as work:
        await work.execute(
            "insert into one_time_link (hash, person_id, purpose, made_at, expires_at)"
            " values ('x', %(person)s, 'reset', %(now)s, %(now)s)",
            {"person": person.id, "now": work.real_now},
        )
        await work.execute(
            "insert into webhook_delivery"
            " (organisation_id, id, webhook_id, journal_seq, kind, state, made_at, settled_at)"
            " select organisation_id, id, id, 1, 'x', 'delivered', %(now)s, %(now)s from webhook",
            {"now": work.real_now},
        )
    before = await counted(installation, power)
    assert all(before.values())
    await tidy(installation.database)
    assert await counted(installation, power) == before
    clock.advance(timedelta(days=61))
    await tidy(installation.database)
    assert await counted(installation, power) == dict.fromkeys(TABLES, 0)


async def test_a_silent_worker_is_told_by_readiness_and_metrics(
    client: httpx.AsyncClient, installation: Installation, clock: FixedClock
) -> None:
    assert (await client.get("/readyz")).json()["worker_silent_seconds"] is None
    beating = asyncio.create_task(keep_beating(installation.database, every=3600))
    while (await client.get("/readyz")).json()["worker_silent_seconds"] is None:
        await asyncio.sleep(0)
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    clock.advance(timedelta(seconds=90))
    ready = await client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["worker_silent_seconds"] == 90
    assert "ahadi_worker_silent_seconds 90.0" in (await client.get("/metrics")).text
