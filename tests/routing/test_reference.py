"""The page on rules shows rules that work."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ahadi.routing import Known, check_rows, read_rules

PAGE = (Path(__file__).parents[2] / "docs/reference/rules.md").read_text(encoding="utf-8")
ORGANISATION = Known(
    departments=frozenset({"care", "repairs", "meters"}),
    people={"grace": frozenset({"care"})},
    skills={"network": frozenset({"repairs"})},
    reasons=frozenset({"outage", "bill"}),
    tiers=frozenset({"business"}),
)
COLUMNS = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
CELLS = [(column, cell) for column, cells in COLUMNS for cell in re.findall(r"`([^`]+)`", cells)]


def test_the_example_reads_and_every_row_of_it_has_work_to_do() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    _, check = check_rows(YAML().load(example[1])["rules"], ORGANISATION)
    assert (check.problems, check.dead, check.covers_all) == ((), (), True)


def test_the_page_shows_a_cell_of_every_column() -> None:
    assert {column for column, _ in CELLS} == {
        "reason", "tier", "channel", "language", "day", "hour", "repeat", "attributes", "place", "words",
    }  # fmt: skip


@pytest.mark.parametrize(("column", "cell"), CELLS)
def test_every_cell_shown_can_be_written_so(column: str, cell: str) -> None:
    when = YAML().load(f"{{{column}: {cell}}}")
    reading = read_rules([{"name": "shown", "when": when, "then": {"department": "care"}}])
    assert not reading.problems


def test_every_time_span_shown_can_be_written_so() -> None:
    shown = re.findall(r"`(\d[^`]*)`", PAGE.split("| `within` |")[1].split("##")[0])
    assert len(shown) == 6
    for within in shown:
        then = {"department": "care", "promise": {"kind": "fix", "within": within}}
        assert not read_rules([{"name": "shown", "then": then}]).problems
