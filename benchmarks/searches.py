"""Search among much: a mix of what people type, each query told apart."""

import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import httpx
import psycopg

from ahadi.platform.database.embedded import EmbeddedServer
from benchmarks.extent import PORTS, PROCESSES, Extent, Say
from benchmarks.figures import Figure, Goal
from benchmarks.findable import FREQUENT, Findable, findable, rare, vocabulary
from benchmarks.installation import running
from benchmarks.load import used

CALLERS = 4
SLOWEST = Goal("≤", 1000)
Typed = tuple[str, str]  # the kind of query, and what is typed


def search(extent: Extent, say: Say) -> list[Figure]:
    """How long four people who search all the time wait, over all kinds of queries alike."""
    data = extent.scratch / f"findable-{extent.found_cases}"
    ours = findable(data, extent.found_cases, port=PORTS["found"], say=say)
    messages, references = _there(ours)
    mix = list(islice(queries(references), extent.queries * len(KINDS)))
    say(f"Searching {extent.found_cases:,} cases and {messages:,} messages …")
    settings = {"WEB_PROCESSES": str(PROCESSES)}
    with running(ours.data, PORTS["found"], "run", "--only", "web", settings=settings) as server:
        asyncio.run(_asked(server.url, ours, mix[: 2 * len(KINDS)]))  # connections open, caches fill
        before = used(server)
        taken = asyncio.run(_asked(server.url, ours, mix))
        web, database = ((late - early) * 1000 / len(mix) for early, late in zip(before, used(server), strict=True))
    all_of_them = [each for found in taken.values() for each in found]
    among = f"search among {extent.found_cases:,} cases, {messages:,} messages"
    return [
        Figure(f"{among}, p95", _p95(all_of_them), "ms", goal=SLOWEST),
        Figure(f"{among}, median", statistics.median(all_of_them), "ms"),
        Figure("search, processor time of the web processes", web, "ms"),
        Figure("search, processor time of the database", database, "ms"),
        *(Figure(f"search, {kind}, p95", _p95(found), "ms") for kind, found in taken.items()),
    ]


def queries(references: list[str]) -> Iterator[Typed]:
    """What people type, one kind after the other, without end; the same every time."""
    drawn = random.Random(7)
    words, rares = vocabulary(), list(islice(rare(), 40_000))
    usual = words[200:2_000]
    while True:
        word = drawn.choice(usual)
        slip = drawn.randrange(1, len(word))
        yield "common word", f"state:all {drawn.choice(FREQUENT)}"
        yield "usual word", word
        yield "rare word", f"state:all {drawn.choice(rares)}"
        yield "mistyped word", word[:slip] + word[slip + 1 :]
        yield "two words", f"state:all {drawn.choice(FREQUENT)} {drawn.choice(usual)}"
        yield "phrase", f'state:all "{drawn.choice(usual)} {drawn.choice(FREQUENT)}"'
        yield "filters alone", drawn.choice(FILTERED)
        yield "filters and a word", f"{drawn.choice(FILTERED)} {drawn.choice(usual)}"
        yield "reference", drawn.choice(references)


FILTERED = ("department:desk promise:due<2h", "state:all reason:outage", "holder:desk", "opened:<1d", "channel:web")
KINDS = (
    "common word", "usual word", "rare word", "mistyped word", "two words", "phrase", "filters alone",
    "filters and a word", "reference",
)  # fmt: skip


def _there(ours: Findable) -> tuple[int, list[str]]:
    """How many messages there are, and some references."""
    with EmbeddedServer(ours.data) as addresses, psycopg.connect(addresses.superuser) as connection:
        count = connection.execute("select count(*) from message").fetchone()
        found = connection.execute("select reference from cases order by hashtext(reference) limit 500").fetchall()
    assert count is not None
    return int(str(count[0])), [str(reference) for (reference,) in found]


async def _asked(url: str, ours: Findable, mix: list[Typed]) -> dict[str, list[float]]:
    """Ask everything, by several callers at once; the milliseconds of each, by kind."""
    waiting = iter(mix)
    taken: dict[str, list[float]] = defaultdict(list)
    async with httpx.AsyncClient(base_url=url, headers=ours.headers, timeout=120) as client:

        async def call() -> None:
            for kind, typed in waiting:
                began = time.perf_counter()
                (await client.get("/api/search", params={"q": typed})).raise_for_status()
                taken[kind].append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(call() for _ in range(CALLERS)))
    return taken


def _p95(found: list[float]) -> float:
    return statistics.quantiles(found, n=20)[18] if len(found) > 1 else found[0]
