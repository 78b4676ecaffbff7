"""A map is read whole or refused with every problem at its line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.text import fold
from ahadi.intake import ImportMap, MapRefused, read_map
from ahadi.intake.import_map import Table

SMALLEST = "source: old-desk\n"


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(MapRefused) as refused:
        read_map(text)
    return [(each.line, each.sentence) for each in refused.value.problems]


def test_the_smallest_map_says_only_where_rows_are_from() -> None:
    map_ = read_map(SMALLEST)
    assert (map_.source, map_.key, map_.format, map_.zone, map_.times) == ("old-desk", (), None, None, ("iso",))
    assert (map_.encoding, map_.delimiter) == ("utf-8-sig", None)
    assert map_.tables == {}


def test_every_key_is_read() -> None:
    map_ = read_map(
        """
        organisation: power
        source: old-desk
        format: jsonl
        encoding: latin1
        delimiter: ";"
        zone: Africa/Nairobi
        times: [iso, "%d/%m/%Y %H:%M"]
        key: [office, number]
        subject: title
        text: [title, story]
        reason: kind
        reasons: {Blackout: outage}
        department: team
        departments: {"Net*": network, "*": care}
        channel: via
        channels: {Tel: phone, "": web}
        language: tongue
        languages: {Kiswahili: sw}
        opened: from
        closed: [until, changed]
        status: state
        statuses: {Erledigt: resolved, "*": open}
        customer: {name: who, phone: [mobile, phone], email: mail, handle: handle}
        attributes: {meter: meter_no}
        """
    )
    assert (map_.organisation, map_.format, map_.encoding, map_.delimiter) == ("power", "jsonl", "iso8859-1", ";")
    assert map_.times == ("iso", "%d/%m/%Y %H:%M") and map_.key == ("office", "number")
    assert map_.columns["closed"] == ("until", "changed") and map_.person["phone"] == ("mobile", "phone")
    assert map_.attributes == {"meter": "meter_no"}
    assert map_.needed["office"] == "key" and map_.needed["mail"] == "email of customer"
    assert map_.needed["meter_no"] == "attribute meter"
    assert map_.table("statuses").meaning("erledigt") == "resolved"
    assert map_.table("channels").meaning("  ") == "web"


def test_attributes_may_keep_the_names_of_their_columns() -> None:
    assert read_map(SMALLEST + "attributes: [place, meter]").attributes == {"place": "place", "meter": "meter"}


def test_usual_status_words_need_no_table() -> None:
    map_ = read_map(SMALLEST + "status: s\nclosed: c\nopened: o")
    meanings = {word: map_.table("statuses").meaning(word) for word in ("NEW", " in  progress", "Closed", "Huh")}
    assert meanings == {"NEW": "open", " in  progress": "open", "Closed": "resolved", "Huh": None}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[]", 1, "must begin with `source:`"),
        ("", 1, "must begin with `source:`"),
        ("source: a\n  b: c: d", 2, "cannot be read as YAML"),
        ("zone: Africa/Nairobi", 1, "the file needs `source`"),
        (SMALLEST + "departmnt: a", 2, "did you mean `department`?"),
        (SMALLEST + "key: 7", 2, "must be text; put it in quotes"),
        (SMALLEST + "zone: Nairobi", 2, "is no time zone"),
        (SMALLEST + "encoding: klingon", 2, "is no encoding"),
        (SMALLEST + "encoding: base64", 2, "is no encoding"),
        (SMALLEST + 'delimiter: ";;"', 2, "must be one character"),
        (SMALLEST + "format: xml", 2, "names `xml`, which is no format"),
        (SMALLEST + "times: yesterday", 2, "is no format of times"),
        (SMALLEST + "customer: {tel: a}", 2, "has no `tel`"),
        (SMALLEST + "channels: {Tel: telephone}", 2, "which is no channel"),
        (SMALLEST + "closed: c\nstatuses: {Zu: closed}", 3, "which is no state;"),
        (SMALLEST + "departments: care", 2, "write departments as"),
        (SMALLEST + "reasons: {Blackout: a, BLACKOUT : b}", 2, "twice"),
        (SMALLEST + "status: s", 1, "say with `closed`"),
        (SMALLEST + "attributes: [" + ", ".join(f"a{n}" for n in range(51)) + "]", 2, "at most 50"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, said: str) -> None:
    found = problems(text)
    assert any(number == line and said in sentence for number, sentence in found), found


def test_all_problems_are_told_at_once() -> None:
    found = problems("zone: Nowhere\nencoding: klingon\nkeys: a\n")
    assert [line for line, _ in found] == [1, 1, 2, 3]


def test_words_are_found_whatever_their_case_accents_and_spaces() -> None:
    table = Table.of({"Élec  Nord": "a", "Élec*": "b", "* Queue": "c", "*": "d"})
    asked = ("elec nord", "ÉLEC  NORD", "Elec Sud", "Night queue", "Anything", "")
    assert [table.meaning(word) for word in asked] == ["a", "a", "b", "c", "d", "d"]
    assert table.meanings == ["a", "b", "c", "d"]


def test_a_pattern_means_only_its_star() -> None:
    table = Table.of({"A.B [x]*": "a"})
    assert table.meaning("A.B [x] rest") == "a"
    assert table.meaning("AxB x rest") is None


@given(st.dictionaries(st.text(max_size=8).filter(lambda word: "*" not in word), st.text(min_size=1), max_size=6))
def test_every_word_of_a_table_means_what_it_says(entries: dict[str, str]) -> None:
    folded: dict[str, str] = {fold(word): meaning for word, meaning in entries.items()}
    table = Table.of(entries)
    assert all(table.meaning(word) == folded[fold(word)] for word in entries)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=4), st.text())
def test_whatever_stands_behind_a_key_is_read_or_refused(value: Any, key: str) -> None:
    import io

    from ruamel.yaml import YAML

    for name in ("key", "customer", "departments", "times", "attributes", "encoding", "delimiter"):
        stream = io.StringIO()
        YAML(typ="safe", pure=True).dump(
            {"source": "a", name: {key: value} if name == "departments" else value}, stream
        )
        try:
            assert isinstance(read_map(stream.getvalue()), ImportMap)
        except MapRefused as refused:
            assert refused.problems
