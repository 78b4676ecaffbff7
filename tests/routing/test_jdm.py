"""The model that zen-engine runs and its public editor opens, and the way back from it."""

import json
from typing import Any

import pytest
import zen
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.routing import NotReadable, Rule, read_rules, rows_of_jdm, to_jdm
from ahadi.routing.jdm import literal
from tests.routing.builders import rules, tables_of_rules


def table_node(model: dict[str, Any]) -> dict[str, Any]:
    return next(node for node in model["nodes"] if node["type"] == "decisionTableNode")


def test_the_model_is_a_graph_of_an_input_a_first_hit_table_and_an_output() -> None:
    model = to_jdm(rules({"when": {"reason": "outage", "hour": "18:00-06:00"}}))
    assert model["contentType"] == "application/vnd.gorules.decision"
    assert [node["type"] for node in model["nodes"]] == ["inputNode", "decisionTableNode", "outputNode"]
    assert all(set(node) == {"id", "type", "name", "position", "content"} for node in model["nodes"])
    request, table, decision = (node["id"] for node in model["nodes"])
    assert [(edge["sourceId"], edge["targetId"]) for edge in model["edges"]] == [(request, table), (table, decision)]
    assert table_node(model)["content"]["hitPolicy"] == "first"


def test_every_row_has_a_cell_for_every_column_and_shows_its_name() -> None:
    content = table_node(to_jdm(rules({"when": {"reason": "outage"}}, {"when": {"words": ["fire"]}})))["content"]
    columns = {column["id"] for column in content["inputs"] + content["outputs"]}
    for number, row in enumerate(content["rules"], start=1):
        assert set(row) == columns | {"_id", "_description"}
        assert row["_description"] == f"row {number}"
    assert [row["reason"] for row in content["rules"]] == ["'outage'", ""]


def test_only_columns_that_some_row_uses_are_in_the_model() -> None:
    content = table_node(to_jdm(rules({"when": {"attributes": {"meter": "prepaid"}}}, {"when": {"day": "PH"}})))[
        "content"
    ]
    assert [column["field"] for column in content["inputs"]] == ["day", "attributes['meter']"]


@given(tables_of_rules())
@settings(deadline=None)
def test_a_model_reads_back_as_the_rules_it_was_made_of(table: tuple[Rule, ...]) -> None:
    model = json.loads(json.dumps(to_jdm(table)))
    assert read_rules(rows_of_jdm(model)).rules == table


@pytest.mark.parametrize(
    ("column", "cell", "written"),
    [
        ("reason", "\"outage\" ,'invoice'", ["outage", "invoice"]),
        ("reason", "not in ['outage', '']", {"not": ["outage", "none"]}),
        ("place", "$ == 'mombasa' or startsWith($, 'nairobi')", ["mombasa", "nairobi*"]),
        ("place", "not startsWith($, 'nairobi') and $ != 'mombasa'", {"not": ["nairobi*", "mombasa"]}),
        ("place", "'$ != x'", ["$ != x"]),
        ("hour", "[480..720), [780..1020)", ["08:00-12:00", "13:00-17:00"]),
        ("repeat", ">= 3", ">=3"),
        ("repeat", "[1..3]", "1-3"),
        ("words", "contains($, ' no power ') or contains($, ' spark')", ["no power", "spark*"]),
    ],
)
def test_a_cell_changed_in_the_editor_is_read(column: str, cell: str, written: Any) -> None:
    model = to_jdm(rules({"when": {"reason": "meter", "place": "x", "hour": "00:00-01:00", "repeat": 1, "words": "x"}}))
    row = table_node(model)["content"]["rules"][0]
    for other in ("reason", "place", "hour", "repeat", "words"):
        row[other] = ""
    row[column] = cell
    assert rows_of_jdm(model)[0]["when"] == {column: written}


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("reason", "startsWith($, lower('OUT'))"), ("reason", "> 3"), ("place", "$ == 'a' and $ == 'b'"),
        ("place", "not startsWith($, 'a') or $ != 'b'"), ("hour", "> 1080"), ("repeat", "3, 4"), ("words", "'fire'"),
        ("reason", "'it's'"),
    ],
)  # fmt: skip
def test_a_cell_that_says_more_than_a_row_can_is_named(column: str, cell: str) -> None:
    model = to_jdm(rules({"when": {"reason": "meter", "place": "x", "hour": "00:00-01:00", "repeat": 1, "words": "x"}}))
    table_node(model)["content"]["rules"][0][column] = cell
    with pytest.raises(NotReadable, match="row 1, column"):
        rows_of_jdm(model)


def test_a_row_added_in_the_editor_is_known_by_its_description() -> None:
    model = to_jdm(rules({"when": {"reason": "meter"}}))
    added = {"_id": "9b2c", "_description": "New one", "reason": "'outage'", "department": "'network'"}
    table_node(model)["content"]["rules"].append(added)
    assert rows_of_jdm(model)[1] == {
        "name": "New one", "when": {"reason": ["outage"]}, "then": {"department": "network"}
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda model: model["nodes"].pop(1), "has 0 decision tables"),
        (lambda model: table_node(model)["content"].update(hitPolicy="collect"), "set its hit policy to first"),
        (
            lambda model: table_node(model)["content"]["inputs"].append({"id": "x", "name": "X", "field": "mood"}),
            "column “mood”: rules have no such column",
        ),
    ],
)
def test_a_model_of_another_shape_is_refused(change: Any, problem: str) -> None:
    model = to_jdm(rules({"when": {"reason": "meter"}}))
    change(model)
    with pytest.raises(NotReadable, match=problem):
        rows_of_jdm(model)


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_any_text_can_stand_in_a_cell(text: str) -> None:
    assert zen.evaluate_expression(literal(text)) == text
