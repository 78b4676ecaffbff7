"""To whom work is offered: each demand, each step of the order, and what holds whoever there is."""

import string
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.routing.matching import Candidate, Decision, Kind, Piece, decide, leaves_too_soon, refusal

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
ROOM: dict[Kind, int] = {"call": 1, "chat": 3, "case": 5}


def who(number: int) -> UUID:
    return UUID(int=number)


def a_piece(**changes: Any) -> Piece:
    return Piece(**({"kind": "case", "language": "en", "handling": timedelta(minutes=15)} | changes))


def somebody(number: int, **changes: Any) -> Candidate:
    usual: dict[str, Any] = {"languages": frozenset({"en"}), "capacity": ROOM}
    return Candidate(person_id=who(number), **(usual | changes))


def told(decision: Decision) -> dict[int, tuple[str | None, str]]:
    return {each.person_id.int: (each.refused or each.preferred, each.fact) for each in decision.verdicts}


@pytest.mark.parametrize(
    ("changes", "why", "fact"),
    [
        ({"skills": frozenset()}, "skill", "meters"),
        ({"languages": frozenset({"sw"})}, "language", "en"),
        ({"presence": "busy"}, "presence", "busy"),
        ({"presence": "wrap-up"}, "presence", "wrap-up"),
        ({"presence": "break"}, "presence", "break"),
        ({"presence": "offline"}, "presence", "offline"),
        ({"absent": True}, "absent", ""),
        ({"on_shift": False}, "off-shift", ""),
        ({"load": {"case": 5}}, "full", "5/5"),
        ({"capacity": {"chat": 3}}, "no-room", "case"),
        ({"leaves_at": NOW + timedelta(minutes=14)}, "leaves", "2026-11-24T07:14:00+00:00"),
    ],
)
def test_each_demand_is_a_reason_of_its_own(changes: dict[str, Any], why: str, fact: str) -> None:
    piece = a_piece(skills=frozenset({"meters"}))
    decision = decide(piece, [somebody(1, **({"skills": frozenset({"meters"})} | changes))], NOW)
    assert decision.chosen is None and told(decision) == {1: (why, fact)}


def test_a_chat_does_not_fill_the_room_for_cases() -> None:
    assert decide(a_piece(), [somebody(1, load={"chat": 3, "call": 1})], NOW).chosen == who(1)


def test_work_that_just_fits_before_the_shift_ends_is_offered() -> None:
    assert decide(a_piece(), [somebody(1, leaves_at=NOW + timedelta(minutes=15))], NOW).chosen == who(1)


def test_work_that_passes_on_goes_to_who_leaves_only_where_nobody_stays() -> None:
    leaver = somebody(1, leaves_at=NOW + timedelta(minutes=5))
    piece = a_piece(passes_on=True)
    assert decide(piece, [leaver], NOW).chosen == who(1)
    busier = somebody(2, load={"case": 4})
    decision = decide(piece, [leaver, busier], NOW)
    assert decision.chosen == who(2) and told(decision) == {2: ("stays", ""), 1: ("stays", "")}


AN_HOUR_AGO, A_MINUTE_AGO = NOW - timedelta(hours=1), NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("first", "second", "step"),
    [
        # Whoever handled this customer last, though they have more to do.
        (somebody(7, load={"case": 4}, free_since=A_MINUTE_AGO), somebody(1), "last-handler"),
        # The smaller share of one's own capacity, not the smaller number.
        (somebody(2, load={"case": 2}, capacity={"case": 10}), somebody(1, load={"case": 2}), "least-loaded"),
        # Who has been free longest; who never had anything, before everybody.
        (somebody(2, free_since=AN_HOUR_AGO), somebody(1, free_since=A_MINUTE_AGO), "longest-idle"),
        (somebody(2), somebody(1, free_since=AN_HOUR_AGO), "longest-idle"),
        (somebody(1, free_since=AN_HOUR_AGO), somebody(2, free_since=AN_HOUR_AGO), "first-by-id"),
    ],
)
def test_each_step_of_the_order_decides_where_those_before_it_are_equal(
    first: Candidate, second: Candidate, step: str
) -> None:
    piece = a_piece(last_handler=who(7))
    for order in ([first, second], [second, first]):
        decision = decide(piece, order, NOW)
        assert decision.chosen == first.person_id
        assert [each.preferred for each in decision.verdicts] == [step, step]


def test_who_handed_it_to_the_department_is_not_offered_it_back() -> None:
    decision = decide(a_piece(given_by=who(1), last_handler=who(1)), [somebody(1), somebody(2)], NOW)
    assert decision.chosen == who(2) and told(decision)[1] == ("handed-back", "")


@pytest.mark.parametrize(
    ("others", "exhausted"),
    [
        ([], True),
        ([somebody(2, presence="busy")], False),
        ([somebody(2, presence="break")], False),
        ([somebody(2, load={"case": 5})], False),
        ([somebody(2, presence="offline")], True),
        ([somebody(2, on_shift=False)], True),
        ([somebody(2, languages=frozenset())], True),
    ],
)
def test_nobody_is_left_when_who_might_still_come_was_asked(others: list[Candidate], exhausted: bool) -> None:
    decision = decide(a_piece(asked=frozenset({who(1)})), [somebody(1), *others], NOW)
    assert decision.chosen is None and decision.exhausted is exhausted


def test_where_nobody_was_asked_nobody_is_left_out() -> None:
    assert not decide(a_piece(), [], NOW).exhausted


# Whoever there is -----------------------------------------------------------------------------------------------

WORDS = st.frozensets(st.sampled_from(string.ascii_lowercase[:3]), max_size=2)
NUMBERS = st.integers(1, 8)
MOMENTS = st.integers(-120, 120).map(lambda minutes: NOW + timedelta(minutes=minutes))
AMOUNTS = st.dictionaries(st.sampled_from(("call", "chat", "case")), st.integers(0, 4))

pieces = st.builds(
    Piece,
    kind=st.sampled_from(("call", "chat", "case")),
    language=st.sampled_from(("en", "sw")),
    handling=st.integers(1, 60).map(lambda minutes: timedelta(minutes=minutes)),
    skills=WORDS,
    asked=st.frozensets(NUMBERS.map(who), max_size=3),
    given_by=st.none() | NUMBERS.map(who),
    last_handler=st.none() | NUMBERS.map(who),
    passes_on=st.booleans(),
)
people = st.lists(
    st.builds(
        Candidate,
        person_id=NUMBERS.map(who),
        skills=WORDS.map(lambda words: words | {"a"}),
        languages=st.frozensets(st.sampled_from(("en", "sw")), min_size=1),
        presence=st.sampled_from(("available", "available", "available", "busy", "offline")),
        on_shift=st.sampled_from((True, True, False)),
        absent=st.sampled_from((False, False, True)),
        leaves_at=st.none() | MOMENTS,
        load=AMOUNTS,
        capacity=AMOUNTS,
        free_since=st.none() | MOMENTS,
    ),
    max_size=8,
    unique_by=lambda each: each.person_id,
)


@given(pieces, people)
def test_whoever_is_chosen_meets_every_demand(piece: Piece, candidates: list[Candidate]) -> None:
    chosen = decide(piece, candidates, NOW).chosen
    if chosen is None:
        return
    one = next(each for each in candidates if each.person_id == chosen)
    assert one.load.get(piece.kind, 0) < one.capacity[piece.kind], "never beyond capacity"
    assert chosen not in piece.asked and chosen != piece.given_by, "never twice in a round"
    assert piece.skills <= one.skills and piece.language in one.languages
    assert one.presence == "available" and one.on_shift and not one.absent
    assert piece.passes_on or not leaves_too_soon(piece, one, NOW)


@given(pieces, people)
def test_if_anybody_may_be_offered_it_somebody_is_and_everybody_has_a_verdict(
    piece: Piece, candidates: list[Candidate]
) -> None:
    decision = decide(piece, candidates, NOW)
    able = [each for each in candidates if refusal(piece, each, NOW) is None]
    assert (decision.chosen is not None) == bool(able)
    assert sorted(each.person_id for each in decision.verdicts) == sorted(each.person_id for each in candidates)
    assert all((each.refused is None) != (each.preferred is None) for each in decision.verdicts)


@given(pieces, people, st.randoms(use_true_random=False))
def test_neither_the_order_they_come_in_nor_who_may_not_have_it_changes_the_choice(
    piece: Piece, candidates: list[Candidate], chance: Any
) -> None:
    chosen = decide(piece, candidates, NOW).chosen
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert decide(piece, shuffled, NOW).chosen == chosen
    for each in candidates:
        if refusal(piece, each, NOW) is not None:
            rest = [other for other in candidates if other is not each]
            assert decide(piece, rest, NOW).chosen == chosen


@given(pieces, people)
def test_a_round_ends_without_asking_anybody_twice(piece: Piece, candidates: list[Candidate]) -> None:
    """Each declines in turn: the round goes through everybody who may have it, and then to nobody."""
    able = {each.person_id for each in candidates if refusal(piece, each, NOW) is None}
    asked: list[UUID] = []
    while (chosen := decide(replace(piece, asked=piece.asked | frozenset(asked)), candidates, NOW).chosen) is not None:
        assert chosen not in asked
        asked.append(chosen)
    assert set(asked) == able


@given(st.integers(1, 6), st.integers(1, 5))
def test_among_equals_work_that_is_done_at_once_goes_round_evenly(many: int, rounds: int) -> None:
    offered: Counter[int] = Counter()
    free: dict[int, datetime | None] = dict.fromkeys(range(1, many + 1))
    for number in range(many * rounds):
        at = NOW + timedelta(minutes=number)
        candidates = [somebody(each, free_since=since) for each, since in free.items()]
        chosen = decide(a_piece(), candidates, at).chosen
        assert chosen is not None
        offered[chosen.int] += 1
        free[chosen.int] = at
    assert set(offered.values()) == {rounds}


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 40))
def test_among_equals_nobody_has_two_while_somebody_has_none(capacities: list[int], many: int) -> None:
    """Work that stays: shares of capacity fill evenly, and no room is left while work waits."""
    load = dict.fromkeys(range(1, len(capacities) + 1), 0)
    for _ in range(many):
        candidates = [
            somebody(each, load={"case": has}, capacity={"case": capacities[each - 1]}) for each, has in load.items()
        ]
        chosen = decide(a_piece(), candidates, NOW).chosen
        if chosen is None:
            break
        load[chosen.int] += 1
        assert not (max(load.values()) > 1 and min(load.values()) == 0)
    assert sum(load.values()) == min(many, sum(capacities))
