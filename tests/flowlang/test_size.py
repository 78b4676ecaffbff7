"""Large flows: nothing recurses, work grows with the flow, and what is too much to count is said."""

from datetime import date

import pytest
from hypothesis import given, settings

from ahadi.flowlang import Book, Edge, Flow, Node, check
from ahadi.flowlang import graph as graph_module
from ahadi.flowlang.check import compiled
from ahadi.flowlang.game import play
from ahadi.flowlang.model import AGAIN, GIVEN_UP, STOP
from ahadi.flowlang.settings import Settings
from tests.flowlang.books import books

TODAY = date(2026, 11, 22)
HELD = Settings().held()


def book(*nodes: Node) -> Book:
    return Book((Flow("f", nodes[0].name, {each.name: each for each in nodes}, file="f"),))


def test_a_long_way_is_walked_without_recursion() -> None:
    count = 20_000
    nodes = [Node(f"n{n}", "say", (Edge("next", f"n{n + 1}"),)) for n in range(count)]
    report = check(book(*nodes, Node(f"n{count}", "end")), TODAY)
    by_code = {each.code: each for each in report.findings}
    assert len(by_code["AHD001"].story.steps()) == count


def test_a_large_circle_is_one_finding() -> None:
    count = 5_000
    nodes = [Node(f"n{n}", "say", (Edge("next", f"n{(n + 1) % count}"),)) for n in range(count)]
    report = check(book(*nodes), TODAY)
    assert sorted(each.code for each in report.findings) == ["AHD003", "AHD005"]


@pytest.mark.parametrize("count", [10, 200])
def test_menus_that_are_asked_again_add_no_places(count: int) -> None:
    def menu(number: int) -> Node:
        silence = Edge("silence", AGAIN, "customer", mistake=True)
        on = Edge("1", f"m{(number + 1) % count}", "customer")
        return Node(f"m{number}", "menu", (on, silence, Edge(GIVEN_UP, STOP, gain="promise")), tries=9)

    graph = compiled(book(*map(menu, range(count))), HELD)
    assert len(graph.node_of) == count


def test_loops_apart_add_up_and_do_not_multiply() -> None:
    count = 50
    nodes = []
    for n in range(count):
        nodes.append(Node(f"r{n}", "repeat", (Edge("again", f"s{n}"), Edge("done", f"r{n + 1}")), tries=9))
        nodes.append(Node(f"s{n}", "say", (Edge("next", f"r{n}"),)))
    graph = compiled(book(*nodes, Node(f"r{count}", "end")), HELD)
    assert not graph.loose
    assert len(graph.node_of) <= 20 * count + 1


def test_loops_together_that_are_too_many_to_count_are_said_so() -> None:
    count = 30
    nodes = [
        Node(f"r{n}", "repeat", (Edge("again", "r0"), Edge("done", f"r{(n + 1) % count}")), tries=9)
        for n in range(count)
    ]
    report = check(book(*nodes), TODAY)
    assert {each.code for each in report.findings} >= {"AHD014"}
    assert len(compiled(book(*nodes), HELD).node_of) == count


def test_calls_that_multiply_are_cut_off_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def flow(name: str) -> Flow:
        nodes = [Node(f"{name}4", "end", about="back")]
        for number, to in enumerate("abab"):
            onward = f"{name}{number + 1}"
            edges = (Edge("next", onward), Edge("failed", onward))
            nodes.insert(number, Node(f"{name}{number}", "flow", edges, about=to, returns=True))
        return Flow(name, nodes[0].name, {each.name: each for each in nodes}, file=name)

    monkeypatch.setattr(graph_module, "SPARE_CALLS", 2_000)
    both = Book((flow("a"), flow("b")))
    assert len(compiled(both, HELD).node_of) < 10_000
    assert "AHD014" in {each.code for each in check(both, TODAY).findings}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(books())
def test_loops_that_are_not_counted_are_never_better_for_the_customer(given_book: Book) -> None:
    exact = compiled(given_book, HELD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_module, "SPARE_COUNTS", -(10**9))
        loose = compiled(given_book, HELD)
    assert {loose.node_of[place] for place in range(len(loose.node_of))} >= set(exact.node_of)
    won, lost = play(exact), play(loose)
    for place, other in zip(exact.starts, loose.starts, strict=True):
        assert won.insists[place] or not lost.insists[other]
