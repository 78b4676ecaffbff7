"""What the check says of a table is held against zen-engine itself, on tables and requests that nobody thought of."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.routing import Request, Table, Then, check_rules
from tests.routing.builders import (
    CARE,
    COLUMNS,
    KNOWN,
    REASONS,
    TIERS,
    a_request,
    a_tier,
    requests,
    rules,
    tables_of_rules,
)

# Columns that look alike in one respect or depend on one another, each small enough for rows to meet often.
WORLDS = [
    ("words",),
    ("words", "tier"),
    ("place",),
    ("attributes",),
    ("reason", "tier"),
    ("language", "channel"),
    ("day", "hour"),
    ("repeat",),
    COLUMNS,
]


@pytest.mark.parametrize("columns", WORLDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_every_row_either_takes_its_example_or_is_named_and_never_wins(columns: tuple[str, ...], data: Any) -> None:
    table = data.draw(tables_of_rules(columns))
    check, compiled = check_rules(table, KNOWN), Table(table, CARE)
    dead = {row.rule_id for row in check.dead}
    assert not check.undecided
    for rule, example in zip(table, check.examples, strict=True):
        assert (example is None) is (rule.id in dead)
        assert example is None or compiled.decide(example).rule_id == rule.id
    asked = data.draw(st.lists(requests(), max_size=12))
    assert dead.isdisjoint(compiled.decide(request).rule_id for request in asked)


@pytest.mark.parametrize("columns", WORLDS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_either_an_example_is_matched_by_no_row_or_every_request_is_matched(
    columns: tuple[str, ...], data: Any
) -> None:
    table = data.draw(tables_of_rules(columns))
    check, compiled = check_rules(table, KNOWN), Table(table, CARE)
    assert check.covers_all is (not check.uncovered)
    assert all(compiled.decide(uncovered.example).rule_id is None for uncovered in check.uncovered)
    if check.covers_all:
        asked = data.draw(st.lists(requests(), max_size=12))
        assert all(compiled.decide(request).rule_id is not None for request in asked)


@pytest.mark.parametrize("columns", WORLDS)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_the_rows_named_with_a_dead_row_suffice_and_none_of_them_is_idle(columns: tuple[str, ...], data: Any) -> None:
    table = data.draw(tables_of_rules(columns))
    for row in check_rules(table, KNOWN).dead:
        blamed = [table[number - 1] for number in row.because]
        for spared in (None, *blamed):
            check = check_rules([*(rule for rule in blamed if rule is not spared), table[row.row - 1]], KNOWN)
            assert (row.rule_id in {other.rule_id for other in check.dead}) is (spared is None)


def every_request(texts: list[str]) -> list[Request]:
    """All requests of a world small enough to go through: three columns and some words."""
    return [
        a_request(reason=reason, tier=a_tier(tier) if tier else None, repeat=repeat, text=text)
        for reason, tier, repeat, text in product((*REASONS, None), (*TIERS, None), range(5), texts)
    ]


SMALL_WORLD = st.fixed_dictionaries(
    {},
    optional={
        "reason": st.sampled_from(["outage", ["invoice", "none"], {"not": "meter"}]),
        "tier": st.sampled_from(["gold", {"not": "gold"}, "none"]),
        "repeat": st.sampled_from([0, ">=2", "1-3", "<3"]),
        "words": st.sampled_from([["fire"], ["fire alarm"], ["alarm", "fire"], ["al*"]]),
    },
)
SMALL_TEXTS = ["", "fire", "alarm", "fire alarm", "alarm fire", "also", "also fire", "fire alarm also"]


@settings(deadline=None, max_examples=40)
@given(st.lists(SMALL_WORLD, min_size=1, max_size=5))
def test_going_through_every_request_of_a_small_world_finds_the_same(whens: list[dict[str, Any]]) -> None:
    table = rules(*({"when": when} for when in whens))
    check, compiled = check_rules(table, KNOWN), Table(table, Then(department="care"))
    winners = {compiled.decide(request).rule_id for request in every_request(SMALL_TEXTS)}
    # The check also knows requests by phone or at noon; no row here looks at that, so it makes no difference.
    assert {row.rule_id for row in check.dead} == {rule.id for rule in table} - winners
    assert check.covers_all is (None not in winners)


@pytest.mark.parametrize("work", [0, 1, 5, 40])
def test_a_check_short_of_work_says_that_it_cannot_tell_and_guesses_nothing(work: int) -> None:
    table = rules(*({"when": {"attributes": {f"a{n % 7}": "x", f"a{n % 5}": {"not": "y"}}}} for n in range(30)))
    short, whole = check_rules(table, KNOWN, work=work), check_rules(table, KNOWN)
    assert short.undecided
    assert set(short.dead) <= set(whole.dead)
    assert short.covers_all in (None, whole.covers_all)
    undecided = {each.row for each in short.undecided}
    for number, example in enumerate(short.examples, start=1):
        assert (example is None) is (number in undecided or number in {row.row for row in whole.dead})
