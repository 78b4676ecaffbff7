"""What is measured, and against what: each function gives the figures of one comparison."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import uvloop

from ahadi.platform.database.embedded import EmbeddedServer
from benchmarks import desk_pages, peers, searches
from benchmarks.extent import CALLERS, JSON, PORTS, PROCESSES, Extent, Say, one_round
from benchmarks.figures import Figure, Goal
from benchmarks.installation import database_head, running, serving
from benchmarks.live import Listeners
from benchmarks.load import Request, Server, alternately
from benchmarks.peers import Peer
from benchmarks.prepare import Prepared, prepared
from benchmarks.processes import proportional_set_size
from benchmarks.record import WORDS, intake, write_floor


def cases(extent: Extent, say: Say) -> list[Figure]:
    """Touch and intake, against the floor and, where there are scripts for them, the best peers."""
    ours = prepared(extent.scratch / f"cases-{extent.cases}", extent.cases, port=PORTS["ours"], say=say)
    web = {"WEB_PROCESSES": str(PROCESSES)}
    with (
        running(ours.data, PORTS["ours"], "run", "--only", "web", settings=web) as server,
        _floor(ours) as floor,
    ):
        touch = Request("/api/cases/{choice}/touch", headers=ours.headers, choices=ours.references)
        take = Request("/api/contacts", "POST", {**ours.headers, **JSON}, json.dumps(intake("{n}")))
        contenders = {"ours": server, "floor": floor}
        return [
            *_compared(extent, say, "touch", contenders, touch, "rt5", _read_ticket, Goal("≥", 0.5), Goal("≥", 20)),
            *_compared(
                extent, say, "intake", contenders, take, "django-helpdesk", _create_ticket, Goal("≥", 0.4), Goal("≥", 5)
            ),
        ]


def _compared(
    extent: Extent,
    say: Say,
    name: str,
    contenders: Mapping[str, Server],
    request: Request,
    peer: str,
    ask_peer: Callable[[Peer, Extent], Request],
    goal: Goal,
    peer_goal: Goal,
) -> list[Figure]:
    say(f"Measuring {name} …")
    rounds = {each: one_round(server, request, extent) for each, server in contenders.items()}
    with ExitStack() as stack:
        if peers.scripts():
            there = stack.enter_context(peers.running(peer, cases=extent.peer_cases, scratch=extent.scratch / "peers"))
            rounds[peer] = one_round(Server(there.url), ask_peer(there, extent), extent)
        found = alternately(rounds, rounds=extent.rounds)
    ours, floor = found["ours"], found["floor"]
    figures = [
        Figure(f"{name}, {CALLERS} callers", ours.rate, "/s", ("floor", floor.rate), goal),
        Figure(f"{name}, processor time a request", ours.processor_ms, "ms", ("floor", floor.processor_ms)),
        Figure(f"{name}, of that the database", ours.database_ms, "ms", ("floor", floor.database_ms)),
        Figure(f"{name}, p99", ours.p99_ms, "ms", ("floor", floor.p99_ms)),
    ]
    if peer in found:
        against = (f"{peer}, {extent.peer_cases:,} cases", found[peer].rate)
        figures.insert(1, Figure(f"{name}, {CALLERS} callers", ours.rate, "/s", against, peer_goal))
    return figures


def _read_ticket(peer: Peer, extent: Extent) -> Request:
    """Request Tracker's REST 2 read, by sixteen agents who are signed in."""
    choices, callers = extent.scratch / "rt5.tickets", extent.scratch / "rt5.agents"
    choices.write_text("".join(f"{1000 + number}\n" for number in range(1, extent.peer_cases + 1)))
    callers.write_text("".join(f"{each}\n" for each in peers.sessions(peer, CALLERS)))
    return Request("/REST/2.0/ticket/{choice}", headers={"Cookie": "{caller}"}, choices=choices, callers=callers)


def _create_ticket(peer: Peer, extent: Extent) -> Request:
    """django-helpdesk's create by API."""
    body = {"queue": 1, "title": "Half the street is dark", "description": WORDS, "priority": 3}
    return Request(
        "/api/tickets/",
        "POST",
        {"Authorization": f"Token {peer.facts['token']}", **JSON},
        json.dumps({**body, "submitter_email": "caller{n}@customers.example"}),
    )


@contextmanager
def _floor(ours: Prepared) -> Iterator[Server]:
    """The floor on the same database, with the code that was written from our own requests."""
    code = ours.data.with_suffix(".floor")
    with EmbeddedServer(ours.data) as addresses:
        references = ours.references.read_text().split()
        write_floor(
            ours.data, addresses.app, ours.token, references, code, iter(range(int(time.time() * 1000), 10**15))
        )
        environment = {
            "FLOOR_DATABASE_URL": addresses.app,
            "FLOOR_DATA": str(ours.data),
            "FLOOR_CODE": str(code),
            "FLOOR_TOKEN": ours.token,
        }
        with _bare("cases", PROCESSES, ours.data.with_suffix(".floor.log"), environment) as server:
            yield Server(server.url, server.pid, database_head(ours.data))


@contextmanager
def _bare(kind: str, processes: int, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    command = [sys.executable, "-m", "benchmarks.floor", kind, str(PORTS["floor"]), str(processes)]
    url = f"http://127.0.0.1:{PORTS['floor']}"
    with serving(command, url, log, {**os.environ, **environment}) as pid:
        yield Server(url, pid)


def scale(extent: Extent, say: Say) -> list[Figure]:
    """Processor time of a touch among many cases, against few."""
    few = prepared(extent.scratch / f"cases-{extent.cases}", extent.cases, port=PORTS["ours"], say=say)
    many = prepared(extent.scratch / f"cases-{extent.large}", extent.large, port=PORTS["large"], say=say)
    say("Measuring a touch among many cases …")
    with ExitStack() as stack:
        rounds = {}
        for each, port in ((few, PORTS["ours"]), (many, PORTS["large"])):
            settings = {"WEB_PROCESSES": str(PROCESSES)}
            server = stack.enter_context(running(each.data, port, "run", "--only", "web", settings=settings))
            touch = Request("/api/cases/{choice}/touch", headers=each.headers, choices=each.references)
            rounds[str(each.cases)] = one_round(server, touch, extent)
        found = alternately(rounds, rounds=extent.rounds)
    large, small = found[str(many.cases)], found[str(few.cases)]
    against = f"among {few.cases:,}"
    name = f"touch among {many.cases:,} cases"
    return [
        Figure(f"{name}, processor time", large.processor_ms, "ms", (against, small.processor_ms), Goal("≤", 1.5)),
        Figure(f"{name}, of that the database", large.database_ms, "ms", (against, small.database_ms)),
        Figure(f"{name}, {CALLERS} callers", large.rate, "/s", (against, small.rate)),
    ]


def live(extent: Extent, say: Say) -> list[Figure]:
    """How soon a contact that is taken in reaches all who listen, against a bare broadcast of as many bytes."""
    ours = prepared(extent.scratch / f"cases-{extent.cases}", extent.cases, port=PORTS["ours"], say=say)
    say(f"Measuring {extent.listeners:,} live streams …")
    with (
        running(ours.data, PORTS["ours"], "run", "--only", "web", settings={"WEB_PROCESSES": "1"}) as server,
        _bare("live", 1, ours.data.with_suffix(".live.log"), {}) as bare,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        delays = runner.run(_delays(ours, server, bare, extent))
    p99 = {name: statistics.quantiles(found, n=100)[98] * 1000 for name, found in delays.items()}
    middle = {name: statistics.median(found) * 1000 for name, found in delays.items()}
    name = f"{extent.listeners:,} live streams hear of an intake"
    return [
        Figure(f"{name}, p99", p99["ours"], "ms", ("bare broadcast", p99["bare"]), Goal("≤", 5)),
        Figure(f"{name}, median", middle["ours"], "ms", ("bare broadcast", middle["bare"])),
    ]


async def _delays(ours: Prepared, server: Server, bare: Server, extent: Extent) -> dict[str, list[float]]:
    listeners = {"ours": Listeners(), "bare": Listeners()}
    delays: dict[str, list[float]] = {"ours": [], "bare": []}
    numbers = iter(range(int(time.time() * 1000), 10**15))
    async with httpx.AsyncClient(headers=ours.headers, timeout=60) as client:

        async def take_in() -> None:
            body = intake(str(next(numbers)))
            (await client.post(f"{server.url}/api/contacts", json=body)).raise_for_status()

        async def say_as_much() -> None:
            said = b"data: " + b"x" * max(1, listeners["ours"].size - 8) + b"\n\n"
            (await client.post(f"{bare.url}/", content=said)).raise_for_status()

        changes = {"ours": take_in, "bare": say_as_much}
        try:
            await listeners["ours"].open(f"{server.url}/api/live", ours.headers, extent.listeners)
            await listeners["bare"].open(f"{bare.url}/", {}, extent.listeners)
            for number in range(extent.changes + 1):
                for name, change in changes.items():
                    await asyncio.sleep(1)  # the stragglers of the change before
                    found = await listeners[name].delays(change)
                    if number:
                        delays[name] += found
        finally:
            for each in listeners.values():
                each.close()
    return delays


def memory(extent: Extent, say: Say) -> list[Figure]:
    """What the demo takes when it stands still, its database included."""
    data = extent.scratch / "demo"
    say(f"Measuring the memory of the demo, for {extent.settling:g} s …")
    with running(data, PORTS["ours"], "demo", "--still") as server:
        time.sleep(extent.settling)
        assert server.pid
        assert server.database
        all_of_it = proportional_set_size([server.pid, server.database])
        database = proportional_set_size([server.database])
    return [
        Figure("memory of demo --still", all_of_it, "MiB", goal=Goal("≤", 250)),
        Figure("memory of demo --still, of that the database", database, "MiB"),
    ]


ALL = {
    "cases": cases,
    "scale": scale,
    "desk": desk_pages.desk,
    "search": searches.search,
    "live": live,
    "memory": memory,
}
