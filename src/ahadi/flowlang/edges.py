"""Every outcome of a node of a flow file, with where it leads: as declared, or by a default that can be seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ahadi.base.text import one_line
from ahadi.flowlang import grammar
from ahadi.flowlang.model import AGAIN, GIVEN_UP, STOP, Edge, Gain, Node, Owner
from ahadi.flowlang.outcomes import OUTCOMES, Outcome
from ahadi.flowlang.reading import Tree


@dataclass(slots=True)
class Targets:
    """Where edges may lead: the nodes of the file, and the default of the flow. Loops that edges count become nodes."""

    names: frozenset[str]
    otherwise: str
    refuse: Callable[[int, str], None]
    counted: list[Node] = field(default_factory=list)

    def must_be(self, name: str, line: int, what: str) -> str:
        """The name, which must be that of a node."""
        if name not in self.names:
            self.refuse(line, f"{what} leads to `{one_line(name, 40)}`, and there is no such node.")
        return name

    def default(self) -> Edge:
        """What an outcome that the flow does not speak of leads to."""
        if self.otherwise:
            return Edge("", self.otherwise, how="default")
        return Edge("", STOP, how="default", gain="promise")

    def made(self) -> Iterator[Node]:
        """The loops that were made since this was last asked."""
        while self.counted:
            yield self.counted.pop()


def edges_of(node: Node, tree: Tree, targets: Targets, sets: tuple[str, ...], seconds: int, typed: set[str]) -> Node:
    """The node with all its edges: choices or rules first, then the outcomes of its kind."""
    written = tree.pairs or {}
    choices = (written["choices"].pairs or {}) if "choices" in written else {}
    edges = [
        _declared(node, choice.name, choices[choice.name], targets, Outcome(choice.name, "customer", ""))
        for choice in node.choices
        if choice.name in choices
    ]
    decider: Owner = (
        "customer" if node.rules and all(name in typed for rule in node.rules for name, _ in rule.when) else "world"
    )
    for rule in node.rules:
        to = (written[node.kind].pairs or {})[rule.name]
        edges.append(_declared(node, rule.name, to, targets, Outcome(rule.name, decider, "")))
    for each in _outcomes(node, written, decider):
        if each.name in written:
            edge = _declared(node, each.name, written[each.name], targets, each)
        else:
            edge = _default(each, targets)
        late = each.name in ("timed-out", "too-long", "no-answer")
        edges.append(
            replace(edge, sets=sets if each.sets or node.kind == "remember" else (), seconds=seconds if late else 0)
        )
    return _given_up(replace(node, edges=tuple(edges)), written, targets)


def _outcomes(node: Node, written: dict[str, Tree], decider: Owner) -> list[Outcome]:
    """The outcomes of a node; a flow that comes back may hand back further ones."""
    if node.kind == "decide":
        return [replace(each, owner=decider) for each in OUTCOMES["decide"]]
    if node.kind == "flow":
        if not node.returns:
            return []
        known = {*(each.name for each in OUTCOMES["flow"]), "flow", *grammar.COMMON}
        return [*OUTCOMES["flow"], *(Outcome(name, "world", "") for name in written if name not in known)]
    return [each for each in OUTCOMES[node.kind] if each.name != GIVEN_UP]


def _default(each: Outcome, targets: Targets) -> Edge:
    edge = Edge(each.name, AGAIN, how="default") if each.default == AGAIN else targets.default()
    if each.gain:  # a person answers, a promise is recorded: nothing need follow
        edge = Edge(each.name, STOP, gain=each.gain)
    return replace(edge, outcome=each.name, owner=each.owner, mistake=each.mistake)


def _given_up(node: Node, written: dict[str, Tree], targets: Targets) -> Node:
    again = [edge for edge in node.edges if edge.target == AGAIN]
    if GIVEN_UP in written and not again:
        targets.refuse(written[GIVEN_UP].line, f"nothing of `{node.name}` leads to `again`, so it never gives up.")
    if not again:
        return node if node.kind == "repeat" else replace(node, tries=0)
    owner: Owner = again[0].owner
    outcome = Outcome(GIVEN_UP, owner, "", mistake=all(edge.mistake for edge in again))
    if GIVEN_UP in written:
        edge = _declared(node, GIVEN_UP, written[GIVEN_UP], targets, outcome)
        if edge.target == AGAIN:
            targets.refuse(written[GIVEN_UP].line, f"`given-up` of `{node.name}` cannot lead to `again`.")
    else:
        edge = replace(targets.default(), outcome=GIVEN_UP, owner=owner, mistake=outcome.mistake)
    return replace(node, edges=(*node.edges, edge))


def _declared(node: Node, name: str, tree: Tree, targets: Targets, outcome: Outcome) -> Edge:
    what = f"`{name}` of `{node.name}`"
    pairs = tree.pairs if tree.pairs is not None else {"to": tree}
    for key in pairs:
        if key not in grammar.TARGET and key not in ("words", "label", "when"):
            targets.refuse(tree.line, f"{what} has no `{one_line(key, 40)}`; known are {', '.join(grammar.TARGET)}.")
    gain = outcome.gain or _gain(pairs, what, targets, outcome)
    edge = Edge(name, STOP, owner=outcome.owner, gain=gain, mistake=outcome.mistake)
    to = pairs.get("to")
    if to is None or to.text is None:
        targets.refuse(tree.line, f"{what} needs a node to lead to.")
        return edge
    if to.text == grammar.LEAVE_WORD and to.text not in targets.names:
        if outcome.owner != "customer":
            targets.refuse(to.line, f"{what} is not the customer's, who alone may leave; end with a node `end`.")
        return replace(edge, gain="left")
    if to.text == grammar.CASE_WORD and to.text not in targets.names:
        return replace(edge, gain="promise")
    if to.text == grammar.AGAIN_WORD and to.text not in targets.names:
        return replace(edge, target=AGAIN)
    edge = replace(edge, target=targets.must_be(to.text, to.line, what))
    return _at_most(node, edge, pairs, tree, targets) if "at-most" in pairs or "then" in pairs else edge


def _gain(pairs: dict[str, Tree], what: str, targets: Targets, outcome: Outcome) -> Gain:
    said: list[Gain] = []
    both: tuple[tuple[str, Gain], ...] = (("settled", "settled"), ("leaves", "left"))
    for key, gain in both:
        if key in pairs and pairs[key].text == "true":
            said.append(gain)
        elif key in pairs and pairs[key].text != "false":
            targets.refuse(pairs[key].line, f"`{key}` of {what} must be `true` or `false`.")
    if said and (outcome.owner != "customer" or outcome.mistake):
        targets.refuse(
            pairs["to"].line if "to" in pairs else 1, f"{what} is not the customer's choice, who alone can say so."
        )
    return said[0] if said else ""


def _at_most(node: Node, edge: Edge, pairs: dict[str, Tree], tree: Tree, targets: Targets) -> Edge:
    """An edge that may be taken so often becomes one to a loop, which counts."""
    what = f"`{edge.outcome}` of `{node.name}`"
    often = pairs["at-most"].text if "at-most" in pairs else None
    if often is None or not (often.isascii() and often.isdigit() and len(often) < 4):
        targets.refuse(tree.line, f"`at-most` of {what} must be a whole number below 1000.")
        return edge
    then = pairs.get("then")
    after = targets.default()
    if then is not None and then.text is not None:
        after = Edge("", targets.must_be(then.text, then.line, f"`then` of {what}"))
    loop = Node(
        f"{node.name} / {edge.outcome}", "repeat", line=tree.line, tries=int(often),
        edges=(Edge("again", edge.target), replace(after, outcome="done")),
    )  # fmt: skip
    targets.counted.append(loop)
    return replace(edge, target=loop.name)
