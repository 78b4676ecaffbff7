"""The pages of the desk: the server's time for one while fifty people work, and beside the peers' ticket pages."""

from collections.abc import Callable
from contextlib import ExitStack

import httpx

from benchmarks import peers
from benchmarks.desk import PEOPLE, Staffed, at_work, staffed
from benchmarks.extent import CALLERS, PORTS, PROCESSES, Extent, Say, one_round
from benchmarks.figures import Figure, Goal
from benchmarks.installation import running
from benchmarks.load import Measured, Request, Server, alternately
from benchmarks.prepare import prepared

_PACKED = {"Accept-Encoding": "gzip"}
# The best peer first; each shows a ticket to an agent who is signed in.
_TICKETS = {
    "django-helpdesk": ("/tickets/{choice}/", Goal("≥", 10)),
    "redmine": ("/issues/{choice}", None),
    "rt5": ("/Ticket/Display.html?id={choice}", None),
}


def desk(extent: Extent, say: Say) -> list[Figure]:
    """Server time of the page of a case and of my work, with fifty people at work; then as many as there can be."""
    data = extent.scratch / f"desk-{extent.desk_cases}"
    ours = prepared(data, extent.desk_cases, port=PORTS["ours"], say=say)
    people = staffed(ours)
    pages = {"page of a case": "{choice}", "my work": "/cases?holder=me"}
    figures = []
    with running(
        ours.data, PORTS["ours"], "run", "--only", "web", settings={"WEB_PROCESSES": str(PROCESSES)}
    ) as server:
        say(f"Measuring the desk with {PEOPLE} people at work …")
        requests = {name: _page(target, people) for name, target in pages.items()}
        with at_work(server, ours, people):
            rounds = {name: one_round(server, each, extent, callers=1) for name, each in requests.items()}
            found = alternately(rounds, rounds=extent.rounds)
        for name, each in found.items():
            told = f"{name}, {extent.desk_cases:,} cases, {PEOPLE} people at work"
            figures.append(Figure(f"{told}, p50", each.p50_ms, "ms", goal=Goal("≤", 25)))
        figures += _beside_peers(extent, say, server, requests["page of a case"])
        figures += _weights(server, people)
    return figures


def _page(target: str, people: Staffed) -> Request:
    headers = {"Cookie": "{caller}", **_PACKED}
    return Request(target, headers=headers, choices=people.cases, callers=people.cookies)


def _beside_peers(extent: Extent, say: Say, server: Server, request: Request) -> list[Figure]:
    """Requests a second at sixteen callers, each peer in turn with us."""
    figures = []
    alone = alternately({"ours": one_round(server, request, extent)}, rounds=extent.rounds)["ours"]
    figures.append(Figure("page of a case, processor time", alone.processor_ms, "ms"))
    figures.append(Figure("page of a case, of that the database", alone.database_ms, "ms"))
    for name, (target, goal) in _TICKETS.items() if peers.scripts() else ():
        say(f"Measuring the page of a case beside {name} …")
        try:
            with ExitStack() as stack:
                there = stack.enter_context(
                    peers.running(name, cases=extent.peer_cases, scratch=extent.scratch / "peers")
                )
                rounds: dict[str, Callable[[], Measured]] = {
                    "ours": one_round(server, request, extent),
                    name: one_round(Server(there.url), _ticket(there, target, extent), extent),
                }
                found = alternately(rounds, rounds=extent.rounds)
        except RuntimeError as problem:
            say(f"{name} could not be measured: {problem}")
            continue
        against = (f"{name}, {extent.peer_cases:,} cases", found[name].rate)
        figures.append(Figure(f"page of a case, {CALLERS} callers", found["ours"].rate, "/s", against, goal))
    if len(figures) == 2:
        figures.append(Figure(f"page of a case, {CALLERS} callers", alone.rate, "/s"))
    return figures


def _ticket(peer: peers.Peer, target: str, extent: Extent) -> Request:
    """The agent's page of a ticket of a peer, drawn at random, by agents who are signed in."""
    choices, callers = extent.scratch / f"{peer.name}.tickets", extent.scratch / f"{peer.name}.agents"
    first = 1001 if peer.name == "rt5" else 1
    choices.write_text("".join(f"{first + number}\n" for number in range(extent.peer_cases)))
    callers.write_text("".join(f"{each}\n" for each in peers.sessions(peer, CALLERS)))
    return Request(target, headers={"Cookie": "{caller}", **_PACKED}, choices=choices, callers=callers)


def _weights(server: Server, people: Staffed) -> list[Figure]:
    """What a page of a case weighs as it travels, and what a live change of it does."""
    cookie, path = people.everybody()[0], people.cases.read_text().split()[0]
    headers = {"Cookie": cookie, **_PACKED}
    parts = {"HX-Request": "true", "X-Live": "1"}
    with httpx.Client(base_url=server.url) as client:
        return [
            Figure(f"{name}, compressed", _bytes_of(client, path, {**headers, **more}) / 1000, "kB", goal=Goal("≤", 30))
            for name, more in (("page of a case", {}), ("page of a case, live change", parts))
        ]


def _bytes_of(client: httpx.Client, path: str, headers: dict[str, str]) -> int:
    with client.stream("GET", path, headers=headers) as answer:
        answer.raise_for_status()
        return sum(len(each) for each in answer.iter_raw())
