"""The check against brute force: on small flows at random it says what playing out every run through `step` says."""

import os
from datetime import date

from hypothesis import given, reject, settings

from ahadi.flowlang import Book, Finding, Report, check
from ahadi.flowlang.check import compiled
from ahadi.flowlang.far import Way
from ahadi.flowlang.game import play
from ahadi.flowlang.ground import Ground
from ahadi.flowlang.settings import Settings
from ahadi.flowlang.step import Input, Position, Said, begin, step
from tests.flowlang import brute
from tests.flowlang.books import books

EXAMPLES = int(os.environ.get("AHADI_STATEFUL_EXAMPLES", "0")) or 150
TODAY = date(2026, 11, 22)
many = settings(max_examples=EXAMPLES, deadline=None, derandomize=not os.environ.get("AHADI_STATEFUL_EXAMPLES"))


def played(book: Book) -> tuple[brute.Runs, Report]:
    graph = compiled(book, Settings().held())
    places = [graph.nodes[graph.node_of[start]] for start in graph.starts]
    try:
        runs = brute.play_out(book, [(flow, node.name) for flow, node in places])
    except brute.TooManyRuns:
        reject()
    return runs, check(book, TODAY)


def found(report: Report, code: str) -> set[tuple[str, str]]:
    return {(each.flow, each.node) for each in report.findings if each.code == code}


@many
@given(books())
def test_dead_ends_are_where_some_run_ends_badly(book: Book) -> None:
    runs, report = played(book)
    assert found(report, "AHD001") == brute.dead_ends(runs)


@many
@given(books())
def test_the_customer_is_trapped_where_no_run_leads_to_a_good_end(book: Book) -> None:
    runs, report = played(book)
    assert found(report, "AHD002") == brute.trapped(runs)


@many
@given(books())
def test_a_customer_can_insist_where_the_game_played_round_by_round_is_theirs(book: Book) -> None:
    runs, report = played(book)
    begun, judged = brute.lost(runs)
    told = found(report, "AHD003")
    assert bool(told) == bool(judged)
    assert told <= judged
    if begun:
        assert any(each.message.startswith("From the beginning") for each in report.findings if each.code == "AHD003")


@many
@given(books())
def test_every_place_is_won_or_lost_as_the_game_played_round_by_round_says(book: Book) -> None:
    runs, _ = played(book)
    wins = brute.insists(runs)
    graph = compiled(book, Settings().held())
    solved = play(graph)
    for place, start in zip(graph.starts, runs.starts, strict=True):
        assert bool(solved.insists[place]) == wins[start] or start.over


@many
@given(books())
def test_a_person_is_as_far_away_as_the_longest_run_without_a_mistake(book: Book) -> None:
    runs, _ = played(book)
    graph = compiled(book, Settings().held())
    way = Way(Ground(graph, play(graph), Settings()))
    worst = [max(0, *way.longest(of)[0]) for of in (way.questions, way.seconds)]
    assert tuple(worst) == brute.farthest(runs, Settings().characters_a_second)


@many
@given(books())
def test_a_menu_has_no_way_out_where_trying_again_and_again_only_ends(book: Book) -> None:
    runs, report = played(book)
    assert found(report, "AHD006") == brute.no_way_out(runs)


@many
@given(books())
def test_words_are_unfilled_where_some_run_says_them_so(book: Book) -> None:
    runs, report = played(book)
    assert found(report, "AHD009") == runs.unfilled


@many
@given(books())
def test_nodes_are_unreachable_where_no_run_comes(book: Book) -> None:
    runs, report = played(book)
    every = {(flow.name, node) for flow in book.flows for node in flow.nodes}
    assert found(report, "AHD012") == every - runs.visited


# Stories ---------------------------------------------------------------------------------------------------------


def replayed(book: Book, finding: Finding) -> tuple[Position, list[str]]:
    """The story played in the runtime: every step must be where it says it is. Also the variables that were missing."""
    steps = finding.story.steps()
    flow, node = (steps[0].flow, steps[0].node) if steps else (finding.flow, finding.node)
    begun = book.find(flow)
    assert begun is not None
    position, effects = begin(book, flow, dict.fromkeys(begun.given, "x"), node)
    for each in steps:
        for _ in range(each.times):
            assert (position.flow, position.node) == (each.flow, each.node)
            position, effects = step(book, position, Input(each.outcome, "x"))
    return position, [name for each in effects if isinstance(each, Said) for name in each.missing]


@many
@given(books())
def test_every_story_played_in_the_runtime_ends_as_told(book: Book) -> None:
    for finding in check(book, TODAY).findings:
        position, missing = replayed(book, finding)
        if finding.code in ("AHD001", "AHD006"):
            assert position.ended_badly
        if finding.code == "AHD003":
            assert (
                position.ended_badly
                or finding.story.forever
                or (position.over in ("endless", "") and not position.gain)
            )
        if finding.code == "AHD002":
            assert (position.flow, position.node) == (finding.flow, finding.node)
        if finding.code == "AHD009":
            assert missing
            assert (position.flow, position.node) == (finding.flow, finding.node)
        if finding.story.forever:
            before = finding.story.steps()[finding.story.back_to]
            assert (position.flow, position.node) == (before.flow, before.node)
