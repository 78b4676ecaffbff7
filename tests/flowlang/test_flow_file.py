"""Flow files: what is read, what is refused and with which line, and what stands for what is not said."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.flowlang import FlowRefused, read_flow
from ahadi.flowlang.formats import read_any
from ahadi.flowlang.model import AGAIN, ENTITLED, STOP

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/flows"
SMALL = """\
flow: small
start: menu
nodes:
  menu:
    menu: For a person press 0
    choices:
      0: people
  people:
    queue: people
    answered: bye
  bye:
    end: done
"""


def refused(text: str) -> list[str]:
    with pytest.raises(FlowRefused) as caught:
        read_flow(text, "a.flow.yaml")
    return [str(each) for each in caught.value.problems]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.flow.yaml")), ids=lambda path: path.name)
def test_every_example_is_read(path: Path) -> None:
    flow = read_flow(path.read_text(encoding="utf-8"), path.name)
    assert flow.start in flow.nodes


def test_every_outcome_exists_declared_or_not() -> None:
    flow = read_flow(SMALL)
    assert [edge.outcome for edge in flow.nodes["menu"].edges] == ["0", "silence", "wrong", "failed", "given-up"]
    assert {edge.outcome: edge.owner for edge in flow.nodes["people"].edges} == {
        "answered": "time",
        "too-long": "time",
        "full": "world",
        "nobody": "world",
        "failed": "world",
    }


def test_what_is_not_declared_is_never_a_cut_line() -> None:
    flow = read_flow(SMALL)
    silent = [edge for node in flow.nodes.values() for edge in node.edges if edge.how == "default"]
    assert silent
    assert all(edge.target == AGAIN or edge.gain == "promise" for edge in silent)
    other = read_flow(SMALL.replace("start: menu", "start: menu\notherwise: people"))
    assert {edge.target for edge in other.nodes["people"].edges if edge.how == "default"} == {"people"}


def test_a_key_and_a_number_need_no_quotes() -> None:
    assert read_flow(SMALL).nodes["menu"].choices[0].name == "0"


def test_a_flow_may_be_written_as_json() -> None:
    nodes = '{"b": {"menu": "x", "tries": 1, "choices": {"1": "c"}}, "c": {"end": "x"}}'
    text = f'{{"flow": "a", "start": "b", "nodes": {nodes}}}'
    flow = read_flow(text)
    assert flow.nodes["b"].tries == 1
    assert flow.nodes["b"].edges[0].target == "c"


def test_lines_are_those_of_the_file() -> None:
    assert {name: node.line for name, node in read_flow(SMALL).nodes.items()} == {"menu": 4, "people": 8, "bye": 11}


def test_an_edge_that_may_be_taken_so_often_becomes_a_loop_that_counts() -> None:
    flow = read_flow(SMALL.replace("0: people", "0: {to: people, at-most: 3, then: bye}"))
    loop = flow.nodes["menu / 0"]
    assert (loop.kind, loop.tries) == ("repeat", 3)
    assert [edge.target for edge in loop.edges] == ["people", "bye"]
    assert flow.nodes["menu"].edges[0].target == "menu / 0"


def test_the_customer_alone_leaves_and_says_that_a_matter_is_settled() -> None:
    flow = read_flow(SMALL.replace("0: people", "0: {to: bye, settled: true}\n      9: leave"))
    assert [(edge.gain, edge.target) for edge in flow.nodes["menu"].edges[:2]] == [("settled", "bye"), ("left", STOP)]
    assert refused(SMALL.replace("answered: bye", "full: leave")) == [
        "line 10: `full` of `people` is not the customer's, who alone may leave; end with a node `end`."
    ]


def test_a_decision_on_what_the_customer_typed_is_the_customers() -> None:
    text = """\
flow: a
start: number
given: [tier]
nodes:
  number: {ask: Which?, into: which, given: by-number}
  by-number: {decide: {one: {when: {which: [1, one]}, to: by-tier}}, otherwise: bye}
  by-tier: {decide: {gold: {when: {tier: gold}, to: bye}}, otherwise: bye}
  bye: {end: done}
"""
    nodes = read_flow(text).nodes
    assert {edge.owner for edge in nodes["by-number"].edges} == {"customer"}
    assert {edge.owner for edge in nodes["by-tier"].edges} == {"world"}


def test_whoever_verifies_a_customer_entitles_them() -> None:
    text = SMALL.replace(
        "menu:\n    menu: For a person press 0\n    choices:\n      0: people", "menu:\n    identify: Who?"
    )
    assert ENTITLED in next(edge for edge in read_flow(text).nodes["menu"].edges if edge.outcome == "verified").sets


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("0: people", "0: nobody"), "line 7: `0` of `menu` leads to `nobody`, and there is no such node."),
        (("answered", "answred"), "line 10: the node `people` has no `answred`; did you mean `answered`?"),
        (("start: menu", "start: here"), "line 2: `start` leads to `here`, and there is no such node."),
        (("queue: people", "say: a\n    menu: b\n    ask: c"), "line 9: the node `people` has both"),
        (("end: done", "ends: done"), "line 12: the node `bye` has no kind"),
        (("flow: small", "flow: &a small"), "line 1: anchors and aliases"),
        (("flow: small", "flow: small\nflow: twice"), "line 2: `flow` is written twice; keep one."),
        (("0: people", "0: people\n      0: bye"), "line 8: `0` is written twice; keep one."),
        (("answered: bye", "given-up: bye"), "line 10: nothing of `people` leads to `again`, so it never gives up."),
        (("answered: bye", "tries: many"), "line 10: `tries` of `people` must be a whole number"),
        (("  bye:", "  b{y}e:"), "line 11: `b{y}e` cannot be the name of a node"),
        (("end: done", "end: [done"), "line 13: this cannot be read as YAML"),
        (("end: done", "end: done\n---\nflow: b"), "line 13: there is a second document"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(change: tuple[str, str], problem: str) -> None:
    assert any(each.startswith(problem) for each in refused(SMALL.replace(*change))), refused(SMALL.replace(*change))


def test_everything_wrong_is_told_at_once() -> None:
    assert len(refused(SMALL.replace("0: people", "0: nobody").replace("start: menu", "start: here"))) == 2


# Hostile files ---------------------------------------------------------------------------------------------------

BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(20))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b"- " * 50_000,
        b"a:\n" + b" " * 3 + b"- " * 2_000,
        BOMB.encode(),
        b"x" * 1_000_001,
        b"{" + b" " * 9_999_999,
        b"x" * 10_000_001,
        b'{"flow": ' + b"9" * 5_000 + b"}",
        b"? [a, b]\n: c",
        b"!!python/object:os.system x",
        b"%YAML 9.9\n---\na: b",
        b"flow: a\nstart: a\nnodes: {a: {repeat: 99999999999}}",
    ],
    ids=lambda data: f"{len(data)} bytes, {data[:8]!r}",
)
def test_a_hostile_file_is_refused_with_a_sentence(data: bytes) -> None:
    read = read_any("hostile.flow.yaml", data)
    assert not read.flows
    assert read.problems
    assert "\n" not in str(read.problems[0])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_flow_or_a_sentence(data: bytes) -> None:
    read = read_any("any.flow.yaml", data)
    assert bool(read.flows) != bool(read.problems)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a", "b", "again", "leave", "case", ""])
)
KEYS = st.sampled_from(
    ["flow", "start", "nodes", "a", "b", "say", "menu", "choices", "to", "decide", "when", "next", "queue", "sets",
     "ask", "accept", "code", "until", "words", "tries", "repeat", "again", "remember", "returns", "end", "at-most"]
)  # fmt: skip
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(KEYS, ANYTHING, max_size=4), ANYTHING, st.dictionaries(st.sampled_from("ab"), ANYTHING, max_size=2)
)
def test_any_json_is_a_flow_or_a_sentence(top: dict[str, object], node: object, nodes: dict[str, object]) -> None:
    import json

    given_ = top | {"flow": "x", "start": "a", "nodes": nodes | {"a": node}}
    try:
        read_flow(json.dumps(given_))
    except FlowRefused as error:
        assert error.problems
