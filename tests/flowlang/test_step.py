"""What happens next: one contact through a flow, step by step."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.flowlang import Book, Do, Ended, Input, Position, Said, begin, read_flow, step
from ahadi.flowlang.keeping import kept, restored
from ahadi.flowlang.step import ENTERS, GOES, LEAVES, RETURNS, ContactOver, NoSuchOutcome, decided, heard
from tests.flowlang.books import book_of
from tests.flowlang.brute import inputs

WATER = Path(__file__).resolve().parents[2] / "examples/flows/water.flow.yaml"
BOOK = Book((read_flow(WATER.read_text(encoding="utf-8"), WATER.name),))


def through(book: Book, *outcomes: str | Input, flow: str = "") -> tuple[Position, list[object]]:
    """A contact through these outcomes; every effect there was."""
    position, effects = begin(book, flow or book.flows[0].name)
    said: list[object] = [*effects]
    for each in outcomes:
        position, effects = step(book, position, Input(each) if isinstance(each, str) else each)
        said += effects
    return position, said


def test_a_contact_begins_by_what_is_said_first() -> None:
    position, effects = begin(BOOK, "water")
    assert position == Position("water", "welcome")
    said, do = effects
    assert isinstance(said, Said)
    assert dict(said.texts)["sw"] == "Karibu Safi Water. Hujambo."
    assert isinstance(do, Do)
    assert do.node.kind == "say"


def test_a_person_who_answers_is_gained_and_kept_to_the_end() -> None:
    position, effects = through(BOOK, "next", "open", "0", "answered")
    assert (position.node, position.gain, position.over) == ("goodbye", "person", "end")
    assert effects[-1] == Ended("end", "person", "done")
    assert not position.ended_badly


def test_silence_is_asked_again_as_often_as_said_and_then_given_up() -> None:
    position, _ = through(BOOK, "next", "open", "silence", "wrong")
    assert (position.node, position.tries) == ("menu", 2)
    position, _ = step(BOOK, position, Input("silence"))
    assert (position.node, position.tries) == ("people", 0)


def test_what_is_found_fills_the_words() -> None:
    found = Input("found", values=(("balance", "1200"),))
    _, effects = through(BOOK, "next", "open", "2", Input("given", "77"), found)
    said = effects[-2]
    assert isinstance(said, Said)
    assert dict(said.texts)["en"].startswith("You owe 1200 shillings.")
    assert said.missing == ()


def test_words_whose_variable_has_no_value_say_so() -> None:
    book = Book((read_flow("flow: a\nstart: b\nnodes: {b: {say: 'Hello {name}', next: c}, c: {end: done}}"),))
    said = begin(book, "a")[1][0]
    assert isinstance(said, Said)
    assert said.missing == ("name",)
    said = begin(book, "a", {"name": "Asha"})[1][0]
    assert isinstance(said, Said)
    assert dict(said.texts) == {"en": "Hello Asha"}


def test_the_customer_may_leave_anywhere_and_that_is_no_bad_end() -> None:
    position, _ = through(BOOK, "next", "open", LEAVES)
    assert (position.over, position.gain, position.ended_badly) == ("left", "left", False)


def test_a_contact_that_ended_goes_nowhere() -> None:
    position, _ = through(BOOK, "next", LEAVES)
    with pytest.raises(ContactOver):
        step(BOOK, position, Input("next"))


@pytest.mark.parametrize("outcome", ["answered", "given-up", "", "(goes)"])
def test_an_outcome_that_a_node_cannot_come_to_is_refused(outcome: str) -> None:
    position, _ = through(BOOK, "next", "open")
    with pytest.raises(NoSuchOutcome):
        step(BOOK, position, Input(outcome))


LOOP = """\
flow: loop
start: again
nodes:
  again: {repeat: 2, again: hello, done: bye}
  hello: {say: Hello, next: again}
  bye: {end: done}
"""


def test_a_loop_goes_round_so_often_and_counts_anew_afterwards() -> None:
    book = Book((read_flow(LOOP.replace("bye: {end", "bye: {say: x, next: again}\n  done: {end")),))
    position, _ = through(book, GOES, "next", GOES, "next")
    assert position.counts == (("again", 2),)
    position, _ = step(book, position, Input(GOES))
    assert (position.node, position.counts) == ("bye", ())


OUTER = """\
flow: outer
start: call
nodes:
  call: {flow: inner, next: bye, odd: sorry}
  bye: {end: done}
  sorry: {end: sorry}
"""
INNER = """\
flow: inner
start: menu
nodes:
  menu: {menu: Which?, choices: {1: ok, 2: not-ok}}
  ok: {end: back}
  not-ok: {end: "back:odd"}
"""


@pytest.mark.parametrize(("key", "node"), [("1", "bye"), ("2", "sorry")])
def test_a_flow_that_was_called_hands_back_its_outcome(key: str, node: str) -> None:
    book = Book((read_flow(OUTER), read_flow(INNER)))
    position, _ = through(book, ENTERS, key)
    assert len(position.stack) == 1
    position, _ = step(book, position, Input(RETURNS))
    assert (position.flow, position.node, position.stack) == ("outer", node, ())


def test_a_flow_that_was_not_given_is_not_guessed() -> None:
    position, _ = through(Book((read_flow(OUTER),)), ENTERS)
    assert position.over == "unknown"


def test_what_a_customer_says_or_presses_is_understood() -> None:
    menu = BOOK.flows[0].nodes["menu"]
    said = {
        "1": "1",
        " LEAK ": "1",
        "I want to talk to a person": "0",
        "bill or leak": "wrong",
        "": "silence",
        "8": "wrong",
    }
    assert {text: heard(menu, text) for text in said} == said


def test_the_first_rule_that_applies_decides() -> None:
    text = """\
flow: a
start: which
nodes:
  which: {decide: {north: {when: {city: [Arusha, Moshi]}, to: b}, vip: {when: {tier: gold, city: Dodoma}, to: b}}}
  b: {end: done}
"""
    node = read_flow(text).nodes["which"]
    assert decided(node, {"city": "moshi"}) == "north"
    assert decided(node, {"city": "Dodoma", "tier": "gold"}) == "vip"
    assert decided(node, {"city": "Dodoma"}) == "otherwise"


# Keeping ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_position_that_was_kept_is_the_same(seed: int, way: int) -> None:
    book, random = book_of(Random(seed)), Random(way)
    position, _ = begin(book, "a", {"name": "Asha"})
    for _ in range(20):
        assert restored(json.loads(json.dumps(kept(position)))) == position
        moves = [] if position.over else [given for _, given in inputs(_node(book, position))]
        if not moves:
            break
        position, _ = step(book, position, random.choice(moves))


def _node(book: Book, position: Position) -> object:
    flow = book.find(position.flow)
    assert flow is not None
    return flow.nodes[position.node]


@pytest.mark.parametrize(
    "values", [{}, {"flow": "a", "node": "b", "over": "x"}, {"flow": "a", "node": "b", "tries": "x"}]
)
def test_what_is_no_position_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        restored(values)
