"""The check of flows: every possible run of a book, looked at in time linear in its size."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from typing import Final

from ahadi.flowlang import ends, far, plain, said, way
from ahadi.flowlang.findings import Checked, Finding, Report
from ahadi.flowlang.game import play
from ahadi.flowlang.graph import Graph, compile_book
from ahadi.flowlang.ground import Ground
from ahadi.flowlang.hours import Cover, untrue
from ahadi.flowlang.model import Book, Flow
from ahadi.flowlang.settings import Settings

DEFAULTS: Final = Settings()


def check(book: Book, today: date, settings: Settings = DEFAULTS, cover: Cover | None = None) -> Report:
    """Everything that can go wrong in these flows. `today` decides which accepted findings still are.

    AHD008 needs to know the rota: `cover` says when it is open and who is there in the coming weeks.
    """
    ground = Ground(graph := compiled(book, settings.held()), play(graph), settings)
    ends.dead_ends(ground)
    ends.trapped(ground)
    ends.cannot_insist(ground)
    far.far_away(ground)
    way.circles(ground)
    way.no_way_out(ground)
    plain.unhandled(ground)
    assigned = said.Assigned(ground)
    said.unfilled(ground, assigned)
    said.elsewhere(ground)
    said.unearned(ground, assigned)
    plain.unreachable(ground)
    plain.holding(ground)
    plain.unprovable(ground)
    if cover is not None:
        untrue(ground, cover)
    order = {id(flow): number for number, flow in enumerate(book.flows)}
    ranked = sorted(
        ground.findings.items(), key=lambda each: (order[id(graph.nodes[each[0][1]][0])], each[1].line, each[1].code)
    )
    findings = tuple(_accepted(graph.nodes[at][0], found, today) for (_, at), found in ranked)
    return Report(_files(book, settings.held()), findings, _proved(ground, findings))


def compiled(book: Book, held: AbstractSet[str]) -> Graph:
    """The graph of a book, begun at every flow that no other one leads to, and at those nothing led to after all."""
    entries = entries_of(book)
    while True:
        graph = compile_book(book, entries, held)
        reached = {id(graph.nodes[at][0]) for at in set(graph.node_of)}
        missed = [flow for flow in book.flows if id(flow) not in reached]
        if not missed:
            return graph
        entries = [*entries, *missed]


def entries_of(book: Book) -> list[Flow]:
    """The flows at which a contact may begin: those that no other leads to; where all are led to, as few as will do."""
    leads = {id(flow): _leads_to(book, flow) for flow in book.flows}
    inner = {id(to) for flow in book.flows for to in leads[id(flow)] if to is not flow}
    entries = [flow for flow in book.flows if id(flow) not in inner]
    seen = set(map(id, entries))
    queue = list(entries)
    rest = iter(book.flows)
    while True:
        for flow in queue:
            for to in leads[id(flow)]:
                if id(to) not in seen:
                    seen.add(id(to))
                    queue.append(to)
        left = next((flow for flow in rest if id(flow) not in seen), None)
        if left is None:
            return entries
        seen.add(id(left))
        entries.append(left)
        queue = [left]


def _leads_to(book: Book, flow: Flow) -> list[Flow]:
    found = (book.find(node.about) for node in flow.nodes.values() if node.kind == "flow")
    return [each for each in found if each is not None]


def _accepted(flow: Flow, found: Finding, today: date) -> Finding:
    for each in flow.accepted:
        if each.code == found.code and each.node in ("", found.node):
            if each.until >= today:
                return replace(found, accepted=each.reason)
            return replace(found, message=f"{found.message} (It was accepted until {each.until}, which has passed.)")
    return found


def _files(book: Book, held: AbstractSet[str]) -> tuple[Checked, ...]:
    by_file: dict[str, list[Flow]] = {}
    for flow in book.flows:
        by_file.setdefault(flow.file, []).append(flow)
    return tuple(
        Checked(
            file,
            tuple(flow.name for flow in flows),
            sum(len(flow.nodes) for flow in flows),
            flows[0].origin,
            tuple(sorted(_rests_on(flows) & held)),
            tuple(remark for flow in flows for remark in flow.remarks),
        )
        for file, flows in by_file.items()
    )


def _rests_on(flows: Iterable[Flow]) -> set[str]:
    return {
        edge.under.assumption
        for flow in flows
        for node in flow.nodes.values()
        for edge in node.edges
        if edge.under is not None
    }


def _proved(ground: Ground, findings: Sequence[Finding]) -> tuple[str, ...]:
    """The flows that can be entered in which every run ends well, and whose customer can always insist."""
    against = {"AHD001", "AHD002", "AHD003", "AHD005", "AHD014"}
    spoilt = {each.flow for each in findings if each.code in against}
    if spoilt and len({flow.name for flow, _ in ground.graph.nodes}) > 1:
        spoilt |= _leading_to(ground.graph, spoilt)
    begun = [ground.graph.nodes[ground.graph.node_of[start]][0].name for start in ground.graph.starts]
    return tuple(dict.fromkeys(name for name in begun if name not in spoilt))


def _leading_to(graph: Graph, spoilt: AbstractSet[str]) -> set[str]:
    """The flows from which one of these can be come to."""
    leads: dict[str, set[str]] = {}
    for place, at in enumerate(graph.node_of):
        flow = graph.nodes[at][0].name
        for edge in range(graph.first[place], graph.first[place + 1]):
            if graph.dst[edge] >= 0:
                other = graph.nodes[graph.node_of[graph.dst[edge]]][0].name
                if other != flow:
                    leads.setdefault(other, set()).add(flow)
    found, queue = set(spoilt), list(spoilt)
    for name in queue:
        for before in leads.get(name, ()):
            if before not in found:
                found.add(before)
                queue.append(before)
    return found
