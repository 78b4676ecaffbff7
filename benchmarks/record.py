"""What the application does with the database for a touch and an intake, recorded and written as the floor's code."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from ahadi.main.http import create_app
from ahadi.main.wiring import install
from ahadi.platform.settings import read_settings
from benchmarks.floor import NUMBER, flattened
from benchmarks.floor_code import Recording, write
from benchmarks.tape import taping

WARM = 6  # requests before the tape runs: caches are filled and statements prepared, as they are under load
TRIES = 20  # until two recordings took the same steps

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def intake(number: str) -> dict[str, Any]:
    """A contact of somebody new, as the API takes it. `number` may be `{n}`, which request.lua fills."""
    return {
        "organisation": "bench",
        "channel": "web",
        "from": {"name": f"Caller {number}", "email": f"caller{number}@customers.example"},
        "subject": "Half the street is dark",
        "text": WORDS,
        "reason": "outage",
    }


# 360 bytes, as in the peers' events.
WORDS = (
    "Since about seven this evening there is no light in our half of the street, from the chemist to the corner. The"
    " other side has power. The transformer by the chemist made a loud noise and there was smoke, which has stopped. My"
    " mother needs her machine at night, so please tell me when somebody comes and whether we should find another place"
    " for her to sleep, thank you."
)


def write_floor(
    data: Path, database_url: str, token: str, references: Sequence[str], folder: Path, series: Iterator[int]
) -> None:
    """Write touch.py and intake.py into a folder, from requests made here and now on the application itself.

    Raises Unexplained when what it does cannot be told from two requests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_write(data, database_url, token, references, folder, series))


async def _write(
    data: Path, database_url: str, token: str, references: Sequence[str], folder: Path, series: Iterator[int]
) -> None:
    touched = itertools.cycle(references)
    async with _application(data, database_url, token) as (client, numbers):

        async def touch() -> Recording:
            reference = next(touched)
            return await _recorded({"reference": reference}, client.get(f"/api/cases/{reference}/touch"))

        async def take_in() -> Recording:
            body = intake(str(next(series)))
            before = list(numbers)
            recording = await _recorded(flattened(body), client.post("/api/contacts", json=body))
            spent = before[: len(before) - len(numbers)]
            return replace(recording, asked={**recording.asked, NUMBER: spent[-1] if spent else None})

        for name, once in (("touch", touch), ("intake", take_in)):
            for _ in range(WARM):
                await once()
            (folder / f"{name}.py").write_text(write(*await _alike(once)), encoding="utf-8")


async def _alike(once: Callable[[], Awaitable[Recording]]) -> tuple[Recording, Recording]:
    """Two recordings with equally many steps, and no more of them than any other (one in many draws numbers)."""
    found = [await once() for _ in range(TRIES)]
    shortest = min(len(each.tape.steps) for each in found)
    first, second, *_ = [each for each in found if len(each.tape.steps) == shortest]
    return first, second


async def _recorded(asked: Mapping[str, Any], request: Awaitable[httpx.Response]) -> Recording:
    now = datetime.now(UTC)
    with taping() as tape:
        response = await request
    if not response.is_success:
        raise RuntimeError(f"{response.request.method} {response.request.url} failed: {response.text}")
    return Recording(asked, now, tape)


@asynccontextmanager
async def _application(
    data: Path, database_url: str, token: str
) -> AsyncIterator[tuple[httpx.AsyncClient, Sequence[int]]]:
    """The application in this process: a client of it, and the numbers it has drawn and not used yet."""
    installation = install(read_settings({"AHADI_DATA": str(data)}), database_url)
    application = create_app(installation)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="http://127.0.0.1",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):
        yield client, installation.database.numbers
