"""The compiled table: the first row that matches decides, and what no row takes goes to the fall-back."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.routing import NO_RULE, Count, Decision, Request, Rule, Table, TableDoesNotCompile, Tables
from ahadi.routing.model import RULES_FAILED, When
from ahadi.routing.table import Evaluate
from tests.routing.builders import CARE, a_request, a_table, a_tier, requests, rules, tables_of_rules, which

ROW = "row-1"


def test_the_first_row_that_matches_decides() -> None:
    table = a_table({"when": {"reason": "outage"}}, {"when": {"channel": "phone"}}, {})
    assert which(table, reason="outage") == "row-1"
    assert which(table, reason="invoice") == "row-2"
    assert which(table, reason="invoice", channel="web") == "row-3"


def test_what_no_row_covers_goes_to_the_fall_back_and_says_so() -> None:
    table = a_table({"when": {"reason": "outage"}})
    assert table.decide(a_request(reason="invoice")) == Decision(CARE, None, NO_RULE)
    assert Table((), CARE).decide(a_request()) == Decision(CARE, None, NO_RULE)


def test_a_decision_carries_everything_that_the_row_says() -> None:
    then = {
        "department": "network", "skill": "linesman", "priority": "urgent",
        "promise": {"kind": "visit", "within": "4h", "text": "We'll be there \"today\"."},
    }  # fmt: skip
    rule = rules({"then": then})[0]
    assert Table((rule,), CARE).decide(a_request()) == Decision(rule.then, rule.id, rule.name)


@pytest.mark.parametrize(
    ("cells", "takes", "leaves"),
    [
        ({"reason": ["outage", "none"]}, [{"reason": "Outage"}, {}], [{"reason": "meter"}]),
        ({"reason": {"not": "outage"}}, [{"reason": "meter"}, {}], [{"reason": "outage"}]),
        ({"reason": {"not": ["outage", "none"]}}, [{"reason": "meter"}], [{"reason": "outage"}, {}]),
        ({"tier": "gold"}, [{"tier": a_tier("GOLD")}], [{"tier": a_tier("silver")}, {}]),
        ({"tier": {"not": "none"}}, [{"tier": a_tier("silver")}], [{}]),
        ({"channel": ["phone", "chat"]}, [{"channel": "chat"}], [{"channel": "sms"}]),
        ({"language": "sw"}, [{"language": "sw-KE"}], [{"language": "en"}, {}]),
        ({"day": "Mo-Fr"}, [{"at": ("Fr", "23:59")}], [{"at": ("Sa", "00:00")}, {"at": ("PH", "10:00")}]),
        (
            {"hour": "18:00-06:00"},
            [{"at": ("Tu", "18:00")}, {"at": ("Tu", "05:59")}],
            [{"at": ("Tu", "06:00")}, {"at": ("Tu", "17:59")}],
        ),
        (
            {"hour": "18:00-06:00", "day": "Mo"},
            [{"at": ("Mo", "02:00")}, {"at": ("Mo", "20:00")}],
            [{"at": ("Tu", "02:00")}],
        ),
        ({"repeat": ">=3"}, [{"repeat": 3}, {"repeat": 9}], [{"repeat": 2}, {}]),
        ({"repeat": "1-2"}, [{"repeat": 1}, {"repeat": 2}], [{}, {"repeat": 3}]),
        ({"repeat": 0}, [{}], [{"repeat": 1}]),
        ({"place": "Nairobi*"}, [{"place": "NAIROBI West"}], [{"place": "South Nairobi"}, {}]),
        ({"place": "Thika"}, [{"place": " thika "}], [{"place": "Thika Road"}]),
        ({"place": {"not": ["Nairobi*", "Thika"]}}, [{"place": "Thika Road"}, {}], [{"place": "Nairobi West"}]),
        (
            {"attributes": {"Meter No": "pre*", "zone": 7}},
            [{"attributes": {"meter no": "Prepaid", "Zone": "7"}}, {"attributes": {"METER  no": "pre", "zone": 7.0}}],
            [{"attributes": {"meter no": "prepaid"}}, {}],
        ),
        ({"attributes": {"vip": True}}, [{"attributes": {"vip": True}}], [{"attributes": {"vip": False}}, {}]),
        ({"attributes": {"vip": "none"}}, [{}, {"attributes": {"vip": None}}], [{"attributes": {"vip": True}}]),
    ],
)  # fmt: skip
def test_a_row_takes_what_its_cells_say(
    cells: dict[str, Any], takes: list[dict[str, Any]], leaves: list[dict[str, Any]]
) -> None:
    table = a_table({"when": cells})
    assert [which(table, **given) for given in takes] == [ROW] * len(takes)
    assert [which(table, **given) for given in leaves] == [None] * len(leaves)


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("sparks", "There are SPARKS!", True),
        ("sparks", "Sparkset", False),
        ("spark*", "sparking wire", True),
        ("spark*", "a re-spark", True),
        ("spark*", "respark", False),
        ("*lipa*", "Nimelipa jana", True),
        ("*lipa", "nimelipa", True),
        ("*lipa", "nimelipana", False),
        ("no power", "we have no  POWER\nat home", True),
        ("no power", "no more power", False),
        ("don't", "I don't know", True),
        ("prépayé", "compteur prepaye", True),
        ("fire", "", False),
        ("fire", "x" * 30_000 + " fire", False),
    ],
)
def test_words_match_as_whole_words_however_they_are_written(phrase: str, text: str, said: bool) -> None:
    assert (which(a_table({"when": {"words": [phrase]}}), text=text) == ROW) is said


def test_of_several_words_one_is_enough() -> None:
    table = a_table({"when": {"words": ["fire", "no power"]}})
    assert which(table, text="There is no power") == ROW
    assert which(table, text="a FIRE") == ROW
    assert which(table, text="no, the power is back") is None


@given(
    tables_of_rules(most=3),
    st.builds(
        a_request,
        reason=st.text(),
        language=st.text(),
        place=st.text(),
        text=st.text(),
        attributes=st.dictionaries(st.text(), st.text() | st.none() | st.booleans() | st.floats() | st.integers()),
    ),
)
@settings(deadline=None)
def test_no_request_whatever_is_in_it_is_left_undecided(table: tuple[Rule, ...], request: Request) -> None:
    decision = Table(table, CARE).decide(request)
    assert decision.rule_name != RULES_FAILED
    assert decision.then in {rule.then for rule in table} | {CARE}


@given(tables_of_rules(most=4), requests())
@settings(deadline=None)
def test_a_row_alone_takes_what_it_wins_among_others(table: tuple[Rule, ...], request: Request) -> None:
    winner = Table(table, CARE).decide(request).rule_id
    alone = [Table((rule,), CARE).decide(request).rule_id for rule in table]
    assert winner == next((rule for rule in alone if rule is not None), None)


def compiled_by_a_broken_engine(model: str) -> Evaluate:
    """It compiles, and then fails at every request."""

    def evaluate(context: dict[str, Any]) -> Mapping[str, Any]:
        raise RuntimeError("out of order")

    return evaluate


def test_should_the_engine_fail_the_request_still_goes_to_the_fall_back() -> None:
    table = Table(rules({}), CARE, compiled_by_a_broken_engine)
    assert table.decide(a_request()) == Decision(CARE, None, RULES_FAILED)


def test_a_cell_the_engine_cannot_parse_is_refused_and_not_skipped() -> None:
    broken = Rule("odd", "odd", When(repeat=Count(cast(int, "("))), CARE)
    with pytest.raises(TableDoesNotCompile, match="Row 2 of the rules cannot be run, column “repeat”"):
        Table((*rules({}), broken), CARE)


def test_compiled_tables_are_kept_by_version_the_recently_used_ones_longest() -> None:
    tables = Tables(keep=2)
    first, second, third = (uuid4() for _ in range(3))
    table = a_table({})
    assert tables.get(first) is None
    assert tables.put(first, table) is table
    tables.put(second, a_table({}))
    assert tables.get(first) is table
    tables.put(third, a_table({}))
    assert tables.get(second) is None
    assert tables.get(first) is table
