"""Every run of a book, played out through `step` itself: the judge of the check, knowing nothing of how it works."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ahadi.flowlang.model import GIVEN_UP, GOOD, Book, Edge, Flow, Node
from ahadi.flowlang.outcomes import OFFERS, QUESTIONS
from ahadi.flowlang.step import MECHANICAL, Effect, Input, Position, Said, begin, step

MOST = 6_000


class TooManyRuns(Exception):
    """This book is too large to be played out."""


@dataclass
class Runs:
    """All positions of all runs from the entries, and the moves between them."""

    book: Book
    starts: list[Position] = field(default_factory=list)
    moves: dict[Position, list[tuple[Edge | None, Position]]] = field(default_factory=dict)
    unfilled: set[tuple[str, str]] = field(default_factory=set)
    visited: set[tuple[str, str]] = field(default_factory=set)

    def node(self, position: Position) -> Node:
        return self.flow(position).nodes[position.node]

    def flow(self, position: Position) -> Flow:
        found = self.book.find(position.flow)
        assert found is not None
        return found

    def note(self, position: Position, effects: tuple[Effect, ...]) -> Position:
        if not (position.over == "unknown" or position.over == "stop" or position.over == "endless"):
            self.visited.add((position.flow, position.node))
        for each in effects:
            if isinstance(each, Said) and each.missing:
                self.unfilled.add((position.flow, position.node))
        return position

    def within(self) -> set[Position]:
        """The positions that are come to with nothing gained."""
        seen = set(self.starts)
        queue = list(seen)
        for each in queue:
            for _, to in self.moves[each]:
                if not to.gain and to not in seen:
                    seen.add(to)
                    queue.append(to)
        return seen


def allowed(node: Node) -> list[Edge]:
    """The outcomes there are while every assumption holds."""
    return [each for each in node.edges if each.under is None or each.under.effect != "without"]


def spared(edge: Edge | None) -> bool:
    """Whether the world does not use this against the customer."""
    return edge is not None and edge.under is not None and edge.under.effect == "spared"


def inputs(node: Node) -> Iterator[tuple[Edge | None, Input]]:
    """What may be handed to `step` at a node."""
    if node.kind in MECHANICAL:
        yield None, Input(MECHANICAL[node.kind])
        return
    for edge in allowed(node):
        if edge.outcome != GIVEN_UP:
            yield edge, Input(edge.outcome, "x")


def play_out(book: Book, entries: list[tuple[Flow, str]]) -> Runs:
    runs = Runs(book)
    for flow, entry in entries:
        position, effects = begin(book, flow.name, dict.fromkeys(flow.given, "x"), entry)
        runs.starts.append(runs.note(position, effects))
    queue = list(runs.starts)
    for position in queue:
        if position in runs.moves:
            continue
        runs.moves[position] = []
        if len(runs.moves) > MOST:
            raise TooManyRuns
        if position.over:
            continue
        for edge, given in inputs(runs.node(position)):
            to, effects = step(book, position, given)
            runs.moves[position].append((edge, runs.note(to, effects)))
            queue.append(to)
    return runs


def at(positions: set[Position]) -> set[tuple[str, str]]:
    return {(each.flow, each.node) for each in positions}


def good(position: Position) -> bool:
    return position.gain in GOOD or (position.over in ("unknown", "back") and not position.gain)


def acts(runs: Runs, position: Position, *owners: str) -> bool:
    return not position.over and any(edge is not None and edge.owner in owners for edge, _ in runs.moves[position])


# The findings ----------------------------------------------------------------------------------------------------


def dead_ends(runs: Runs) -> set[tuple[str, str]]:
    return at({each for each in runs.within() if each.over in ("end", "stop") and not each.gain})


def trapped(runs: Runs) -> set[tuple[str, str]]:
    found = set()
    for begin_at in runs.within():
        if not acts(runs, begin_at, "customer", "time"):
            continue
        seen, queue, hope = {begin_at}, [begin_at], False
        for each in queue:
            for _, to in runs.moves[each]:
                hope = hope or good(to)
                if not to.gain and to not in seen:
                    seen.add(to)
                    queue.append(to)
        if not hope:
            found.add(begin_at)
    return at(found)


def insists(runs: Runs) -> dict[Position, bool]:
    """From where a customer can force a good end, worked out round by round until nothing changes."""
    wins = {each: good(each) for each in runs.moves}
    changed = True
    while changed:
        changed = False
        for position, moves in runs.moves.items():
            if wins[position] or position.over or position.gain:
                continue
            early = [wins[to] for edge, to in moves if (edge is None or edge.owner == "world") and not spared(edge)]
            own = [wins[to] for edge, to in moves if edge is not None and edge.owner == "customer"]
            later = [wins[to] for edge, to in moves if edge is not None and edge.owner == "time"]
            late = any(own) or (bool(later) and all(later)) if own or later else bool(early)
            if all(early) and late:
                wins[position] = changed = True
    return wins


def lost(runs: Runs) -> tuple[bool, set[tuple[str, str]]]:
    """Whether some entry is lost, and all places that are judged and lost."""
    wins = insists(runs)
    judged = {each for each in runs.within() if acts(runs, each, "customer") and not wins[each]}
    begun = {each for each in runs.starts if not wins[each]}
    return bool(begun), at(judged | begun)


def farthest(runs: Runs, rate: int) -> tuple[float, float]:
    """The most questions and the most seconds that a customer who never errs meets before anything is offered."""
    return _farthest(runs, rate, 0), _farthest(runs, rate, 1)


def _cost(runs: Runs, position: Position, rate: int, measure: int) -> int:
    node = runs.node(position)
    if position.over in ("stop", "endless", "unknown") or position.gain or node.kind in OFFERS:
        return 0
    if measure == 0:
        return int(node.kind in QUESTIONS and not position.tries)
    return -(-max((len(text) for _, text in node.words.texts), default=0) // rate)


def _farthest(runs: Runs, rate: int, measure: int) -> float:
    def following(position: Position) -> list[tuple[int, Position]]:
        if position.over or position.gain or runs.node(position).kind in OFFERS:
            return []
        found = []
        for edge, to in runs.moves[position]:
            if not (edge is not None and edge.mistake):
                found.append(((edge.seconds if edge is not None and measure else 0), to))
        return found

    # Ways as long as there are positions and one more can only be longer still where they go round.
    best = {each: float(_cost(runs, each, rate, measure)) for each in runs.starts}
    for _ in range(len(runs.moves) + 1):
        following_best = dict(best)
        for position, value in best.items():
            for seconds, to in following(position):
                more = value + seconds + _cost(runs, to, rate, measure)
                if more > following_best.get(to, -1):
                    following_best[to] = more
        if following_best == best:
            return max(best.values())
        best = following_best
    return float("inf")


def no_way_out(runs: Runs) -> set[tuple[str, str]]:
    found = set()
    for position in runs.within():
        if position.over or runs.node(position).kind != "menu" or position.tries:
            continue
        node = runs.node(position)
        names = {each.outcome for each in allowed(node)}
        agent = next((each.name for each in node.choices if {"agent", "person"} & set(each.words)), "wrong")
        tried = {"0" if "0" in names else "wrong", agent}
        tried |= {each.outcome for each in allowed(node) if each.mistake and each.owner == "customer"} - {GIVEN_UP}
        for outcome in tried & names:
            if _straight_out(runs, position, outcome):
                found.add(position)
    return at(found)


def _straight_out(runs: Runs, begin_at: Position, outcome: str) -> bool:
    position, seen = begin_at, set[Position]()
    while position not in seen:
        seen.add(position)
        node = runs.node(position)
        if (position.flow, position.node) == (begin_at.flow, begin_at.node):
            given = Input(outcome, "x")
        elif node.kind in ("say", "remember"):
            if not allowed(node):
                return False
            given = Input(allowed(node)[0].outcome, "x")
        elif node.kind in MECHANICAL:
            given = Input(MECHANICAL[node.kind])
        else:
            return False
        position, _ = step(runs.book, position, given)
        if position.gain or position.over:
            return position.ended_badly
    return False
