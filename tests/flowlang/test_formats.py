"""Files of every format come in by one door."""

from hypothesis import given
from hypothesis import strategies as st

from ahadi.flowlang.formats import format_of, read_any, read_together

OURS = b"""
flow: hello
start: bye
nodes:
  bye: {end: done}
"""


def test_a_file_of_ours_is_known_by_what_it_holds() -> None:
    assert format_of("anything.yaml", OURS) == "ahadi"
    read = read_any("anything.yaml", OURS)
    assert [flow.name for flow in read.flows] == ["hello"]
    assert not read.problems


def test_a_file_in_no_known_format_gives_a_sentence() -> None:
    read = read_any("letter.txt", b"Dear madam, dear sir")
    assert not read.flows
    assert "no flow in a format that is known here" in str(read.problems[0])


def test_a_file_that_is_not_well_formed_gives_its_problems_with_lines() -> None:
    read = read_any("broken.flow.yaml", b"flow: x\nstart: a\nnodes: [}")
    assert not read.flows
    assert read.problems[0].line == 3


def test_files_that_belong_together_are_read_together() -> None:
    flows, reads = read_together([("a.flow.yaml", OURS), ("b.txt", b"?")])
    assert [flow.name for flow in flows] == ["hello"]
    assert reads["b.txt"].problems


@given(st.text(max_size=20), st.binary(max_size=300))
def test_any_bytes_give_flows_or_a_sentence(name: str, data: bytes) -> None:
    read = read_any(name, data)
    assert bool(read.flows) != bool(read.problems)
