"""A draft tried on real cases, and the rules that people keep correcting."""

from uuid import UUID, uuid4

import pytest

from ahadi.routing import Corrected, Past, Reroute, Shift, corrected_rules, try_rules
from tests.routing.builders import a_request, a_table


def past(department: str, rule: str | None, **given: object) -> Past:
    return Past(uuid4(), a_request(**given), department, rule)


DRAFT = a_table(
    {"name": "outage", "when": {"reason": "outage"}, "then": {"department": "network"}},
    {"name": "money", "when": {"reason": "invoice"}, "then": {"department": "billing"}},
    {"name": "never asked", "when": {"reason": "meter"}, "then": {"department": "network"}},
)


def test_a_trial_shows_the_cases_that_would_have_gone_elsewhere_than_they_really_did() -> None:
    stays = past("network", "old-outage", reason="outage")
    moves = past("care", "old-rest", reason="invoice")
    trial = try_rules(DRAFT, [stays, moves])
    assert (trial.tried, trial.same) == (2, 1)
    assert [(each.past, each.decision.then.department, each.decision.rule_id) for each in trial.elsewhere] == [
        (moves, "billing", "money")
    ]


def test_a_draft_is_held_against_where_people_left_a_case_not_where_the_old_rules_sent_it() -> None:
    corrected_by_people = past("billing", "old-outage", reason="invoice")
    assert not try_rules(DRAFT, [corrected_by_people]).elsewhere


def test_shifts_count_the_cases_from_rule_to_rule_the_most_first() -> None:
    cases = [past("care", "rest", reason="invoice") for _ in range(2)]
    cases += [past("network", "rest", reason="invoice"), past("network", "old", reason="outage")]
    cases += [past("billing", None) for _ in range(3)]
    assert try_rules(DRAFT, cases).shifts == (
        Shift(None, "billing", None, "care", 3),
        Shift("rest", "care", "money", "billing", 2),
        Shift("rest", "network", "money", "billing", 1),
    )


def test_a_trial_counts_what_each_row_would_have_taken_and_what_none_would() -> None:
    trial = try_rules(DRAFT, [past("network", None, reason="outage"), past("care", None), past("care", None)])
    assert trial.taken == (("outage", 1), ("money", 0), ("never-asked", 0))
    assert trial.uncovered == 2


def test_a_trial_on_no_cases_finds_nothing() -> None:
    trial = try_rules(DRAFT, [])
    assert (trial.tried, trial.same, trial.elsewhere, trial.shifts) == (0, 0, (), ())


def moved(rule: str | None, to: str, case: UUID | None = None, decided: str = "care") -> Reroute:
    return Reroute(case or uuid4(), rule, decided, to)


def test_the_rules_that_people_correct_most_come_first_with_where_to() -> None:
    reroutes = [moved("a", "network"), moved("a", "billing"), moved("a", "network"), moved("b", "billing")]
    reroutes += [moved("b", "billing"), moved("once", "network")]
    assert corrected_rules(reroutes, {"a": 100, "b": 2, "once": 1}) == (
        Corrected("a", 100, 3, (("network", 2), ("billing", 1))),
        Corrected("b", 2, 2, (("billing", 2),)),
    )


def test_of_two_rules_corrected_as_often_the_one_that_is_wrong_more_often_comes_first() -> None:
    reroutes = [moved(rule, "network") for rule in ("a", "b", "a", "b")]
    report = corrected_rules(reroutes, {"a": 100, "b": 4})
    assert [(each.rule_id, each.share) for each in report] == [("b", 0.5), ("a", 0.02)]


def test_a_case_counts_once_by_where_it_was_left() -> None:
    case = uuid4()
    there_and_on = [moved("a", "network", case), moved("a", "billing", case)]
    assert corrected_rules(there_and_on, {"a": 1}, at_least=1) == (Corrected("a", 1, 1, (("billing", 1),)),)
    there_and_back = [moved("a", "network", case), moved("a", "care", case)]
    assert corrected_rules(there_and_back, {"a": 1}, at_least=1) == ()


def test_cases_that_no_rule_covered_are_reported_too() -> None:
    report = corrected_rules([moved(None, "network"), moved(None, "network")], {None: 5})
    assert report == (Corrected(None, 5, 2, (("network", 2),)),)
    assert report[0].share == pytest.approx(0.4)
