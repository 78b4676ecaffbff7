"""What the check of a table tells people, in their words."""

from typing import Any

import pytest
from ruamel.yaml import YAML

from ahadi.routing import Known, Table, check_rows, check_rules
from tests.routing.builders import CARE, KNOWN, rules


def check(*whens: dict[str, Any], known: Known = KNOWN) -> Any:
    return check_rules(rules(*({"when": when} for when in whens)), known)


def dead(*whens: dict[str, Any]) -> list[tuple[int, tuple[int, ...]]]:
    return [(row.row, row.because) for row in check(*whens).dead]


def test_a_table_that_ends_with_a_row_for_everything_covers_everything() -> None:
    found = check({"reason": "outage"}, {})
    assert (found.covers_all, found.uncovered, found.dead, found.problems) == (True, (), (), ())
    assert found.may_be_published


@pytest.mark.parametrize(
    "whens",
    [
        [{}, {"reason": "outage"}],
        [{"channel": ["phone", "chat"]}, {"channel": "chat", "reason": "outage"}],
        [{"hour": "18:00-06:00"}, {"hour": "22:00-23:00", "day": "Mo"}],
        [{"repeat": ">=2"}, {"repeat": "3-5"}],
        [{"place": "Nairobi*"}, {"place": ["Nairobi West", "Nairobi E*"]}],
        [{"attributes": {"meter": {"not": "prepaid"}}}, {"attributes": {"meter": ["postpaid", "none"], "zone": "7"}}],
        [{"words": ["fire", "smoke"]}, {"words": ["smoke"]}],
        [{"words": ["fire"]}, {"words": ["fire alarm", "house on fire"]}],
        [{"words": ["spark*"]}, {"words": ["sparks fly", "sparkling*"]}],
        [{"words": ["*lipa*"]}, {"words": ["nimelipa", "kulipa*"]}],
        [{"tier": {"not": "gold"}}, {"tier": "silver"}],
        [{"language": {"not": ["sw", "en"]}}, {"language": "none"}],
    ],
)
def test_a_row_below_a_wider_one_can_never_match(whens: list[dict[str, Any]]) -> None:
    assert dead(*whens) == [(2, (1,))]


@pytest.mark.parametrize(
    "whens",
    [
        [{"reason": "outage"}, {}],
        [{"hour": "18:00-06:00"}, {"hour": "05:59-06:01"}],
        [{"place": "Nairobi West*"}, {"place": "Nairobi*"}],
        [{"place": "Nairobi W*"}, {"place": {"not": "Nairobi West"}}],
        [{"words": ["fire alarm"]}, {"words": ["fire"]}],
        [{"words": ["fire", "alarm"]}, {"words": ["firealarm"]}],
        [{"words": ["spark"]}, {"words": ["spark*"]}],
        [{"words": ["fire"], "reason": "outage"}, {"words": ["fire"]}],
        [{"attributes": {"a": "x"}}, {"attributes": {"b": "x"}}],
        [{"attributes": {"reason": "x"}}, {"reason": "outage"}],
        [{"tier": ["gold", "silver"]}, {"tier": "none"}],
        [{"place": {"not": ["A*", "none"]}}],
        [{"place": "Nairobi"}, {"place": "Nairobi*"}],
    ],
)
def test_a_row_that_still_has_a_request_of_its_own_is_not_called_dead(whens: list[dict[str, Any]]) -> None:
    table = rules(*({"when": when} for when in whens))
    found = check_rules(table, KNOWN)
    assert found.dead == ()
    taken_by = [Table(table, CARE).decide(example).rule_id for example in found.examples if example]
    assert taken_by == [rule.id for rule in table]


def test_several_rows_may_bury_one_together_and_only_those_are_named() -> None:
    whens: list[dict[str, Any]] = [
        {"reason": "meter"},
        {"day": "Mo-Fr", "hour": "06:00-18:00"},
        {"day": ["Sa", "Su", "PH"]},
        {"hour": "18:00-06:00"},
        {"reason": "outage"},
    ]
    found = check(*whens)
    assert dead(*whens) == [(5, (2, 3, 4))]
    assert found.dead[0].sentence == (
        "row 5 “row 5” can never match: row 2 “row 2”, row 3 “row 3” and row 4 “row 4” between them take every request "
        "that it describes"
    )


def test_all_reasons_that_the_organisation_has_make_every_reason() -> None:
    every: list[dict[str, Any]] = [{"reason": ["outage", "invoice", "meter"]}, {"reason": "none"}, {"channel": "phone"}]
    assert dead(*every) == [(3, (1, 2))]
    open_ended = Known(departments=frozenset({"care"}))
    assert not check(*every, known=open_ended).dead


def test_a_row_that_leaves_itself_nothing_is_dead_because_of_nobody_else() -> None:
    found = check({"reason": {"not": ["outage", "invoice", "meter", "none"]}})
    assert [(row.row, row.because) for row in found.dead] == [(1, ())]
    assert found.dead[0].sentence == "row 1 “row 1” can never match: it leaves no reason"


def test_a_public_holiday_is_not_its_weekday_and_is_missed_when_forgotten() -> None:
    (missed,) = check({"day": "Mo-Su"}).uncovered
    assert missed.sentence == "no row covers: a public holiday; for example by phone, a public holiday 12:00"
    assert missed.example.moment.day == "PH"


@pytest.mark.parametrize(
    ("whens", "sentences"),
    [
        ([], ["no row covers: any request at all; for example by phone, Monday 12:00"]),
        (
            [{"reason": "outage"}],
            ["no row covers: any reason but “outage”; for example by phone, Monday 12:00"],
        ),
        (
            [{"channel": "phone"}, {"channel": ["web", "chat", "email"]}],
            ["no row covers: sms; for example by sms, Monday 12:00"],
        ),
        (
            [{"hour": "08:00-17:00"}],
            ["no row covers: 00:00-08:00 or 17:00-24:00; for example by phone, Monday 00:00"],
        ),
        (
            [{"repeat": "<3"}],
            ["no row covers: came back 3 times or more; for example by phone, Monday 12:00, came back 3 times"],
        ),
        (
            [{"repeat": ">=3"}, {"repeat": "0-1"}],
            ["no row covers: came back 2 times; for example by phone, Monday 12:00, came back 2 times"],
        ),
        (
            [{"words": ["fire", "smoke"]}],
            ["no row covers: without “fire” or “smoke”; for example by phone, Monday 12:00"],
        ),
        (
            [{"tier": "none"}, {"tier": "silver"}],
            ["no row covers: tier “gold”; for example by phone, Monday 12:00, tier “gold”"],
        ),
        (
            [{"place": {"not": "Nairobi*"}}],
            ["no row covers: place “nairobi…”; for example by phone, Monday 12:00, place “nairobi”"],
        ),
        (
            [{"attributes": {"meter": ["prepaid", "none"]}}],
            ["no row covers: any other meter; for example by phone, Monday 12:00, meter “anything”"],
        ),
        (
            [{"day": "Mo-Fr"}, {"hour": "06:00-18:00"}],
            [
                "no row covers: Saturday, Sunday or a public holiday; 00:00-06:00 or 18:00-24:00; "
                "for example by phone, Saturday 00:00"
            ],
        ),
    ],
)
def test_requests_that_no_row_covers_are_told_in_words_with_an_example(
    whens: list[dict[str, Any]], sentences: list[str]
) -> None:
    found = check(*whens)
    assert [missed.sentence for missed in found.uncovered] == sentences
    assert (found.covers_all, found.more_uncovered) == (False, False)


def test_ten_examples_are_shown_and_that_there_are_more_is_said() -> None:
    found = check(*({"attributes": {f"a{n}": "x"}, "place": f"p{n}"} for n in range(12)))
    assert len(found.uncovered) == 10
    assert found.more_uncovered


def test_each_row_is_shown_with_a_request_that_it_takes() -> None:
    found = check({"words": ["fire"]}, {"words": ["fire alarm", "smoke"], "reason": "meter"})
    assert [example.text for example in found.examples] == ["fire", "smoke"]
    assert found.examples[1].reason == "meter"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"when": {"reason": "outtage"}}, "row 1, reason: there is no reason “outtage”; did you mean “outage”?"),
        ({"when": {"tier": "platinum"}}, "row 1, tier: there is no tier “platinum”; add it to the organisation first"),
        ({"then": {"department": "netwok"}}, "row 1, department: there is no department “netwok”; did you mean"),
        (
            {"then": {"department": "network", "person": "asa"}},
            "row 1, person: there is no person “asa”; did you mean “asha”?",
        ),
        (
            {"then": {"department": "care", "person": "asha"}},
            "row 1, person: “asha” is not in the department “care”; name one who is",
        ),
        (
            {"then": {"department": "network", "skill": "magic"}},
            "row 1, skill: there is no skill “magic”; add it to the organisation first",
        ),
        (
            {"then": {"department": "care", "skill": "linesman"}},
            "row 1, skill: nobody in “care” has the skill “linesman”; give it to somebody first",
        ),
    ],
)
def test_names_that_the_organisation_does_not_have_are_problems(row: dict[str, Any], problem: str) -> None:
    found = check_rules(rules(row), KNOWN)
    assert problem in str(found.problems[0])
    assert not found.may_be_published
    assert (found.covers_all, found.examples) == (None, ())


def test_rows_that_cannot_be_read_and_names_that_do_not_exist_are_told_together() -> None:
    document = YAML().load(
        "- {name: a, then: {department: nowhere}}\n"
        "- {name: b, when: {channel: fax}, then: {department: care}}\n"
        "- {name: c, then: {department: nobody}}\n"
    )
    reading, found = check_rows(document, KNOWN)
    assert [rule.name for rule in reading.rules] == ["a", "c"]
    assert [(each.row, each.column, each.line) for each in found.problems] == [
        (1, "department", 1),
        (2, "channel", 2),
        (3, "department", 3),
    ]


def test_a_table_of_five_hundred_rows_is_settled() -> None:
    rows: list[dict[str, Any]] = [
        {
            "reason": reason,
            "channel": channel,
            "hour": f"{hour:02}:00-{hour + 2:02}:00",
            "words": [f"w{hour}", "now"],
        }
        for reason in ("outage", "invoice", "meter")
        for channel in ("phone", "email", "web", "chat", "sms")
        for hour in range(0, 24, 2)
        for _ in range(3)
    ]
    found = check(*rows[:499], {})
    assert len(found.examples) == 500
    assert (found.covers_all, found.undecided) == (True, ())
    assert len(found.dead) == sum(1 for n in range(499) if n % 3)
