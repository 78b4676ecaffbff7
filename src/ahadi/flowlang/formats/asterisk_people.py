"""Where a dialplan leads to people and promises: `Dial`, `Queue`, `VoiceMail`."""

import re
from dataclasses import replace

from ahadi.base.text import one_line
from ahadi.flowlang.formats.asterisk_making import argument, edge_after, given_to, next_edge, node_at, seconds_of
from ahadi.flowlang.formats.asterisk_places import Place, Places, Queue, variables
from ahadi.flowlang.model import ENDLESS, STOP, UNKNOWN, Choice, Edge, Node, Under


def dial(places: Places, place: Place) -> Node:
    """The node of `dial`."""
    given = given_to(place)
    options = re.sub(r"\([^()]*\)", "", argument(given, 2))
    goes_on = places.onward(place, {"DIALSTATUS": "ANSWER"}) if "g" in options else STOP
    edges = [
        Edge("answered", goes_on, gain="person"),
        Edge("answered by a machine", STOP, how="implicit", under=Under("dial-status-tells", "without")),
        edge_after(places, place, "busy", {"DIALSTATUS": "BUSY"}),
        edge_after(places, place, "no-answer", {"DIALSTATUS": "NOANSWER"}, seconds=seconds_of(argument(given, 1), 0)),
        edge_after(places, place, "failed", {"DIALSTATUS": "CHANUNAVAIL"}),
    ]
    congested = edge_after(places, place, "congestion", {"DIALSTATUS": "CONGESTION"})
    if congested.target != edges[-1].target:
        edges.append(congested)
    if not argument(given, 1):
        edges.append(Edge("rings without end", ENDLESS))
    return node_at(place, "transfer", edges, about=variables(places.shared, one_line(argument(given, 0), 60)))


def queue(places: Places, place: Place) -> Node:
    """The node of `queue`."""
    given = given_to(place)
    name, options = argument(given, 0), re.sub(r"\([^()]*\)", "", argument(given, 1))
    queues = places.shared.queues
    queue = queues.get(name) if queues is not None else None
    if queues is not None and queue is None and "$" not in name:
        places.remark(place, f"the queue `{one_line(name, 40)}` is not in queues.conf.")
    longest = seconds_of(argument(given, 4), 0)
    edges = [
        Edge("answered", places.onward(place) if "c" in options else STOP, "time", gain="person"),
        Edge("nobody answers", ENDLESS, "time", under=Under("queues-answer", "without")),
    ]
    if argument(given, 4) or "n" in options:
        edges.append(edge_after(places, place, "too-long", {"QUEUESTATUS": "TIMEOUT"}, "time", seconds=longest))
    if queue is None or queue.limited:
        edges.append(edge_after(places, place, "full", {"QUEUESTATUS": "FULL"}))
    if queue is None or queue.empty:
        edges.append(edge_after(places, place, "nobody", {"QUEUESTATUS": "JOINEMPTY"}))
    if queue is None:
        edges.append(next_edge(places, place, "failed"))
        why = f"what the customer hears while waiting in `{one_line(name, 40)}` is in queues.conf, and was not given"
        edges.append(Edge("waits elsewhere", UNKNOWN, "time", "implicit", why=why))
    choices, keys = _ways_out(places, queue)
    news = queue.news if queue is not None else ("unseen",)
    node = node_at(place, "queue", (*edges, *keys), about=variables(places.shared, name))
    return replace(node, news=news, choices=choices)


def _ways_out(places: Places, queue: Queue | None) -> tuple[tuple[Choice, ...], tuple[Edge, ...]]:
    """The single keys by which a waiting customer goes to an extension of the queue's `context`."""
    if queue is None or not queue.exit or queue.exit not in places.shared.plan.contexts:
        return (), ()
    choices, edges = places.keys(queue.exit)
    return choices, tuple(each for each in edges if not each.mistake)


def voicemail(places: Places, place: Place) -> Node:
    """The node of `voicemail`."""
    to = places.onward(place, {"VMSTATUS": "SUCCESS"})
    edges = [
        Edge("recorded", to, "customer", gain="promise", under=Under("voicemail-becomes-a-case", "with")),
        Edge("recorded, and nothing more", to, "customer", under=Under("voicemail-becomes-a-case", "without")),
        edge_after(places, place, "silence", {"VMSTATUS": "FAILED"}, "customer", mistake=True),
        Edge("failed", STOP, how="implicit", under=Under("recorders-record", "spared")),
    ]
    for key, number in (("0", "o"), ("*", "a")):
        if target := places.at(place.context, number, 1):
            edges.append(Edge(key, target, "customer"))
    choices = tuple(Choice(each.outcome) for each in edges if each.outcome in ("0", "*"))
    node = node_at(
        place, "voicemail", edges, about=variables(places.shared, one_line(argument(given_to(place), 0), 60))
    )
    return replace(node, choices=choices)
