"""Rows as people write them: what each cell means, and what they are told when it cannot be read."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ahadi.routing import Choice, Count, Rule, When, read_rules, written_rule
from ahadi.routing.rows import written_then, written_when
from tests.routing.builders import conditions, rules


def when(**cells: Any) -> When:
    return rules({"when": cells})[0].when


def sentence_for(**row: Any) -> str:
    """What is said of a row that cannot be read."""
    reading = read_rules([{"name": "a row", "then": {"department": "care"}} | row])
    assert not reading.rules
    assert len(reading.problems) == 1, [str(problem) for problem in reading.problems]
    return str(reading.problems[0])


def test_a_row_reads_as_people_write_it_in_yaml() -> None:
    document = YAML().load("""
      rules:
        - name: outage at night
          when: {reason: outage, channel: [phone, chat], hour: "18:00-06:00", day: Mo-Fr, language: sw, tier: gold,
                 place: "Nairobi*", repeat: ">=3", words: [sparks, Fire], attributes: {meter: prepaid}}
          then: {department: network, person: asha, priority: high,
                 promise: {kind: visit, within: 4h, text: We come to you today.}}
        - name: everything else
          then: {department: care, promise: {kind: update, within: 1d elapsed}}
    """)
    reading = read_rules(document["rules"])
    assert not reading.problems
    night, rest = reading.rules
    assert night.id == "outage-at-night"
    assert night.when.hours == ((0, 360), (1080, 1440))
    assert night.when.words == ("sparks", "fire")
    assert night.when.attributes == (("meter", Choice(("prepaid",))),)
    assert night.then.promise is not None
    assert str(night.then.promise.within) == "4h"
    assert rest.when == When()
    assert rest.then.promise is not None
    assert (rest.then.priority, rest.then.promise.within.elapsed) == ("normal", True)


@given(conditions())
@settings(deadline=None)
def test_what_is_written_back_reads_the_same(cells: dict[str, Any]) -> None:
    rule = rules({"when": cells})[0]
    assert read_rules([written_rule(rule)]).rules == (rule,)


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        ({"channel": {"not": ["email", "sms"]}}, {"channel": ["phone", "web", "chat"]}),
        ({"reason": {"not": "outage"}}, {"reason": {"not": "outage"}}),
        ({"reason": ["Outage", "outage"]}, {"reason": "outage"}),
        ({"tier": "none"}, {"tier": "none"}),
        ({"day": ["Mo-We", "Fr,PH"]}, {"day": ["Mo-We", "Fr", "PH"]}),
        ({"day": "Fr-Mo"}, {"day": ["Mo", "Fr-Su"]}),
        ({"day": {"not": "PH"}}, {"day": "Mo-Su"}),
        ({"hour": ["18:00-24:00", "00:00-06:00"]}, {"hour": "18:00-06:00"}),
        ({"hour": "9:00-12:00, 11:00–13:30"}, {"hour": "09:00-13:30"}),
        ({"hour": {"not": "08:00-17:00"}}, {"hour": "17:00-08:00"}),
        ({"hour": "00:00-24:00"}, {"hour": "00:00-24:00"}),
        ({"repeat": ">2"}, {"repeat": ">=3"}),
        ({"repeat": "<=1"}, {"repeat": "0-1"}),
        ({"repeat": 2}, {"repeat": 2}),
        ({"words": "Spark*"}, {"words": ["spark*"]}),
        ({"words": ["*lipa*", "Hakuna umeme"]}, {"words": ["*lipa*", "hakuna umeme"]}),
        ({"attributes": {"Meter No": True}}, {"attributes": {"meter no": "true"}}),
        ({"place": ["Nairobi*", "none"]}, {"place": ["nairobi*", "none"]}),
    ],
)
def test_cells_have_one_shortest_way_to_be_written(cells: dict[str, Any], written: dict[str, Any]) -> None:
    assert written_when(when(**cells)) == written


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"reason": ""}, "row 1, reason: the cell is empty; leave it out to match anything, or write “none” for not"),
        ({"reason": None}, "row 1, reason: the cell is empty"),
        ({"reason": []}, "row 1, reason: the cell is empty"),
        ({"reason": "out*"}, "row 1, reason: “out*” cannot be used here: a `*` stands in place, words and attributes"),
        ({"reason": {"but": "outage"}}, "row 1, reason: write one value, a list of values, or `{not: …}` around them"),
        ({"reason": [["outage"]]}, "row 1, reason: write one value, a list of values"),
        ({"channel": "fax"}, "row 1, channel: “fax” is no channel; use phone, email, web, chat, sms"),
        ({"channel": "none"}, "row 1, channel: “none” is no channel"),
        ({"channel": {"not": ["phone", "email", "web", "chat", "sms"]}}, "row 1, channel: this row can never match"),
        ({"language": "en-GB"}, "row 1, language: “en-gb” is no language; write its code, such as en or sw"),
        ({"day": "Mon"}, "row 1, day: “Mon” is no day; use Mo, Tu, We, Th, Fr, Sa, Su, Mo-Fr, or PH"),
        ({"day": "Mo-PH"}, "row 1, day: “Mo-PH” is no day"),
        ({"hour": "18-06"}, "row 1, hour: “18-06” is no span of hours; write 08:00-17:00, or 18:00-06:00 through"),
        ({"hour": "10:00-10:00"}, "row 1, hour: “10:00-10:00” is no span of hours"),
        ({"hour": "10:00-24:01"}, "row 1, hour: “10:00-24:01” is no span of hours"),
        ({"hour": "10:60-11:00"}, "row 1, hour: “10:60-11:00” is no span of hours"),
        ({"hour": {"not": "00:00-24:00"}}, "row 1, hour: this row can never match: it leaves no hour of the day"),
        ({"repeat": "<0"}, "row 1, repeat: this row can never match: no count is “<0”"),
        ({"repeat": "3-1"}, "row 1, repeat: this row can never match: no count is “3-1”"),
        ({"repeat": "often"}, "row 1, repeat: “often” is no count; write 2, “>=3”, “<2” or “1-3”"),
        ({"repeat": True}, "row 1, repeat: “True” is no count"),
        ({"place": "*"}, "row 1, place: “*” alone matches anything; leave the column out, or write `{not: none}`"),
        ({"place": "*west"}, "row 1, place: “*west” cannot be used here: a `*` stands at the end only"),
        ({"place": "O'Brien's \"West\""}, "has both kinds of quotation marks; use one kind"),
        ({"words": "*"}, "row 1, words: “*” is no word or phrase; a `*` can stand at its beginning or end"),
        ({"words": "sp*rk"}, "row 1, words: “sp*rk” is no word or phrase"),
        ({"words": "!?"}, "row 1, words: “!?” is no word or phrase"),
        ({"attributes": "prepaid"}, "row 1, attributes: write attributes as `{name: value}`"),
        ({"attributes": {"meter": ""}}, "row 1, attributes: meter: the cell is empty"),
        ({"attributes": {"it's": "x"}}, "row 1, attributes: “it's” cannot be an attribute's name"),
        ({"chanel": "phone"}, "row 1, when: there is no “chanel” here; did you mean `channel`?"),
        ({"zzz": 1}, "row 1, when: there is no “zzz” here; use reason, tier, channel"),
    ],
)
def test_a_condition_that_cannot_be_read_is_named_with_what_to_write(cells: dict[str, Any], problem: str) -> None:
    assert problem in sentence_for(when=cells)


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        ({}, "row 1, department: write the short name of one"),
        ("care", "row 1, then: say where these requests go"),
        ({"department": "care", "person": "asha", "skill": "linesman"}, "row 1, person: name a person or a skill, not"),
        ({"department": "care", "person": None}, "row 1, person: write the short name of one"),
        ({"department": "care", "priority": "asap"}, "row 1, priority: “asap” is no priority; use one of low, normal"),
        ({"department": "care", "promise": "4h"}, "row 1, promise: write a promise as `{kind: update, within: 4h}`"),
        ({"department": "care", "promise": {"kind": "update"}}, "row 1, promise: write a promise as"),
        (
            {"department": "care", "promise": {"kind": "hope", "within": "4h"}},
            "“hope” is no kind of promise; use update",
        ),
        (
            {"department": "care", "promise": {"kind": "fix", "within": "soon"}},
            "`soon` is no length of time; write",
        ),
        (
            {"department": "care", "promise": {"kind": "fix", "within": "0h"}},
            "`0h` must be more than nothing",
        ),
        (
            {"department": "care", "promise": {"kind": "fix", "within": "400d"}},
            "`400d` must be more than nothing",
        ),
        (
            {"department": "care", "promise": {"kind": "fix", "within": "4h", "text": "Dear {name}"}},
            "the text of a promise is said as it stands; write it without { and }",
        ),
    ],
)
def test_an_outcome_that_cannot_be_read_is_named_with_what_to_write(then: Any, problem: str) -> None:
    assert problem in sentence_for(then=then)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30m", "30m"), ("90 minutes", "90m"), ("4h", "4h"), ("4 hours elapsed", "4h elapsed"), ("2d", "2d"),
        ("2 business days", "2d"), ("1 day elapsed", "1d elapsed"), ("4 Business Hours", "4h"),
    ],
)  # fmt: skip
def test_time_spans_are_business_time_unless_they_say_elapsed(written: str, meant: str) -> None:
    rule = rules({"then": {"department": "care", "promise": {"kind": "update", "within": written}}})[0]
    assert written_then(rule.then)["promise"]["within"] == meant


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("care", "row 1: a row is written with `name`, `when` and `then`"),
        ({"then": {"department": "care"}}, "row 1, name: give the row a name"),
        ({"name": "a", "then": {"department": "care"}, "when": "phone"}, "row 1, when: write the conditions as"),
        ({"name": "a", "id": "A b", "then": {"department": "care"}}, "row 1, id: “A b” is no id; use small letters"),
        ({"name": "a", "then": {"department": "care"}, "if": {}}, "row 1: there is no “if” here"),
    ],
)
def test_a_row_of_another_shape_is_named(row: Any, problem: str) -> None:
    reading = read_rules([row])
    assert any(problem in str(found) for found in reading.problems)


def test_rules_that_are_no_list_are_refused_whole() -> None:
    assert [str(problem) for problem in read_rules({"name": "x"}).problems] == [
        "the rules: write the rules as a list of rows, each with `name`, `when` and `then`"
    ]


def test_every_problem_of_every_row_is_named_at_once_with_its_line() -> None:
    document = YAML().load(
        "rules:\n"
        "  - name: good\n"
        "    then: {department: care}\n"
        "  - name: bad\n"
        "    when:\n"
        "      channel: fax\n"
        "      day: Mon\n"
        "    then: {department: care, priority: asap}\n"
    )
    reading = read_rules(document["rules"])
    assert [rule.name for rule in reading.rules] == ["good"]
    assert [(found.row, found.column, found.line) for found in reading.problems] == [
        (2, "channel", 6),
        (2, "day", 7),
        (2, "priority", 4),
    ]


def test_two_rows_of_one_name_are_told_apart_by_an_id_or_refused() -> None:
    row = {"name": "Billing", "then": {"department": "care"}}
    assert "row 2, name: row 1 has the same name or id" in str(read_rules([row, row]).problems[0])
    assert [rule.id for rule in read_rules([row, {**row, "id": "billing-2"}]).rules] == ["billing", "billing-2"]


def test_a_name_without_latin_letters_still_gets_an_id_of_its_own() -> None:
    named = [{"name": name, "then": {"department": "care"}} for name in ("انقطاع", "停電")]
    first, second = read_rules(named).rules
    assert first.id.startswith("row-") and second.id.startswith("row-") and first.id != second.id
    assert read_rules([written_rule(first)]).rules == (first,)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), _nested := lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["name", "when", "then", "reason", "hour", "day", "words", "not", "department", "promise", "within", "repeat"]
    ), inner, max_size=4)
), max_leaves=12))  # fmt: skip
@settings(deadline=None)
def test_nothing_that_can_be_written_breaks_the_reader(anything: Any) -> None:
    reading = read_rules([anything])
    assert len(reading.rules) == 1 or reading.problems
    assert all(isinstance(rule, Rule) for rule in reading.rules)


def test_a_count_says_from_how_many_to_how_many() -> None:
    assert when(repeat="1-3").repeat == Count(1, 3)
    assert when(repeat="<2").repeat == Count(0, 1)
    assert when(repeat="=2").repeat == Count(2, 2)
