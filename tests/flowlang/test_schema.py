"""The published schema: it is the one made from the tables, and it says of files what the reader says."""

import json
import runpy
from pathlib import Path

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from ahadi.flowlang import FlowRefused, read_flow
from ahadi.flowlang.grammar import COMMON, EXTRA, FLOW, OBJECT
from ahadi.flowlang.outcomes import OUTCOMES
from ahadi.flowlang.schema import flow_schema

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs/reference/flow.schema.json"


def test_the_published_schema_is_made_from_the_tables_of_the_reader() -> None:
    assert runpy.run_path(str(ROOT / "scripts/reference"))["schema"]() == PUBLISHED.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "examples/flows").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    jsonschema_rs.validator_for(flow_schema()).validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "node",
    [
        {"say": "Hello", "next": "b"},
        {"say": {"en": "Hello", "sw": "Hujambo"}, "nxt": "b"},
        {"menu": "x", "choices": {"1": {"to": "b", "words": ["w"], "settled": True}}},
        {"menu": "x", "choices": {"1": {"words": ["w"]}}},
        {"queue": "q", "news": ["position"]},
        {"queue": "q", "news": ["music"]},
        {"repeat": 3, "again": "b", "done": "b"},
        {"repeat": "often", "again": "b"},
        {"decide": {"r": {"when": {"x": "1"}, "to": "b"}}},
        {"decide": {"r": {"to": "b"}}},
        {"flow": "other", "next": "b", "odd": "b"},
        {"ask": "x", "menu": "y"},
        {},
    ],
    ids=str,
)
def test_the_schema_refuses_what_the_reader_refuses(node: object) -> None:
    file = {"flow": "f", "start": "a", "nodes": {"a": node, "b": {"end": "done"}}}
    try:
        read_flow(json.dumps(file))
        read = True
    except FlowRefused:
        read = False
    assert jsonschema_rs.validator_for(flow_schema()).is_valid(file) == read


def test_the_page_names_every_kind_outcome_and_key() -> None:
    page = (ROOT / "docs/reference/flows.md").read_text(encoding="utf-8")
    names = {*OBJECT, *FLOW, *COMMON, *(each.name for found in OUTCOMES.values() for each in found)}
    names |= {key for extra in EXTRA.values() for key in extra}
    assert not {name for name in names if name not in page}
