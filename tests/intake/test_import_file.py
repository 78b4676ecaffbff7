"""Files are read as they are written; what cannot be read is told in one sentence, whole or row by row."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.directory import Directory, Organisation, Settings
from ahadi.intake.import_file import LARGEST_CELL, FileRow, ImportFile, Rejects, safe_cell
from ahadi.intake.import_map import read_map
from ahadi.intake.import_row import ImportedRow, Rejected, RowReader
from tests.directory.values import ORGANISATION, department, named
from tests.intake.imports import COLUMNS, MAP, NOTHING_GIVEN, a_map, a_row

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
PLAIN = "source: old-desk\n"


def a_text(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding, errors="surrogatepass"))
    return path


def rows_of(path: Path, map_: str = PLAIN) -> list[FileRow]:
    file = ImportFile(path, read_map(map_))
    rows = list(file.rows())
    assert file.examine() == len(rows)
    return rows


def the_directory() -> Directory:
    organisation = Organisation(
        id=ORGANISATION,
        slug="power",
        name="Power",
        prefix="PW",
        zone="Africa/Nairobi",
        country="KE",
        subdivision=None,
        languages=("en", "sw"),
        manager_id=None,
        default_department_id=None,
        settings=Settings(),
        version=1,
    )
    here = [department("care", "24/7"), department("network", "24/7"), department("gone", "24/7", active=False)]
    return Directory(organisation, {}, {}, {each.id: each for each in here}, {}, (), (), (), ())


def read(changes: str = "", text: str = MAP, **cells: str) -> ImportedRow:
    """What a row with these cells says, by the map with these changes."""
    return RowReader(a_map(changes, text), the_directory(), NOW).read(2, {**a_row(1), **cells})


def refusal(changes: str = "", text: str = MAP, **cells: str) -> str:
    with pytest.raises(Rejected) as rejected:
        read(changes, text, **cells)
    return str(rejected.value)


# CSV -----------------------------------------------------------------------------------------------------------


def test_rows_have_the_line_on_which_they_begin(tmp_path: Path) -> None:
    path = a_text(tmp_path / "a.csv", 'a,b\r\n1,"two\r\nlines"\r\n\r\n3,4')
    assert [(row.line, dict(row.cells)) for row in rows_of(path)] == [
        (2, {"a": "1", "b": "two\r\nlines"}),
        (5, {"a": "3", "b": "4"}),
    ]


def test_a_byte_order_mark_tabs_and_other_encodings_are_read(tmp_path: Path) -> None:
    marked = a_text(tmp_path / "a.csv", "\ufeffname,b\nZoë,2\n")
    assert rows_of(marked)[0].cells["name"] == "Zoë"
    tabs = a_text(tmp_path / "a.tsv", "name\tb\nZoë, Ann\t2\n")
    assert rows_of(tabs)[0].cells["name"] == "Zoë, Ann"
    old = a_text(tmp_path / "old.csv", "name;b\nZoë;2\n", "cp1252")
    assert rows_of(old, PLAIN + 'encoding: cp1252\ndelimiter: ";"')[0].cells["name"] == "Zoë"
    wide = a_text(tmp_path / "wide.csv", "name,b\nZoë,2\n", "utf-16")
    assert rows_of(wide, PLAIN + "encoding: utf-16")[0].cells["name"] == "Zoë"


def test_a_row_with_too_few_or_too_many_cells_is_a_problem_of_its_own(tmp_path: Path) -> None:
    rows = rows_of(a_text(tmp_path / "a.csv", "a,b\n1\n1,2,3\n1,2\n"))
    assert [row.problem for row in rows] == [
        "it has 1 cells, and there are 2 columns.",
        "it has 3 cells, and there are 2 columns.",
        None,
    ]
    assert rows[1].written == ["1", "2", "3"]


def test_a_row_that_is_no_csv_is_a_problem_of_its_own(tmp_path: Path) -> None:
    rows = rows_of(a_text(tmp_path / "a.csv", 'a,b\n"x"y,2\n1,2\n'))
    assert rows[0].problem and "cannot be read as CSV" in rows[0].problem and rows[0].written == ['"x"y,2']
    assert rows[1].cells == {"a": "1", "b": "2"}


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    [row] = rows_of(a_text(tmp_path / "a.csv", f"a,b\n{'x' * 1_000_000},2\n"))
    assert len(row.cells["a"]) == 1_000_000


def test_a_cell_beyond_all_measure_is_a_problem_of_its_row(tmp_path: Path) -> None:
    [row] = rows_of(a_text(tmp_path / "a.csv", f"a,b\n{'x' * (LARGEST_CELL + 1)},2\n"))
    assert row.problem and "field larger than field limit" in row.problem


@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2).filter(any), max_size=6))
def test_whatever_was_written_is_read_back(tmp_path_factory: Any, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["a", "b"], *rows])
    assert [list(row.cells.values()) for row in rows_of(path)] == rows


# JSON Lines ----------------------------------------------------------------------------------------------------


def test_objects_are_read_with_what_is_inside_them(tmp_path: Path) -> None:
    one = {"id": 12345678901234567890, "by": {"phone": "07", "at": None}, "tags": ["a", "b"], "ok": True, "n": 1.50}
    path = a_text(tmp_path / "a.jsonl", json.dumps(one).replace("1.5", "1.50") + "\n\n7\n{oops\n" + '{"id": "x"}')
    rows = rows_of(path)
    assert rows[0].cells == {
        "id": "12345678901234567890",
        "by.phone": "07",
        "by.at": "",
        "tags": '["a", "b"]',
        "ok": "true",
        "n": "1.50",
    }
    assert [(row.line, row.problem) for row in rows[1:]] == [
        (3, "it is no JSON object."),
        (4, "it is no JSON."),
        (5, None),
    ]


def test_json_nested_without_end_is_no_row(tmp_path: Path) -> None:
    deep = '{"a":' * 20_000 + "1" + "}" * 20_000
    [row] = rows_of(a_text(tmp_path / "a.jsonl", deep))
    assert row.problem == "it is no JSON."


# Files that cannot be imported ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "map_", "said"),
    [
        ("a.csv", "", "", "is empty; its first line names the columns"),
        ("a.csv", "\n", "", "is empty"),
        ("a.jsonl", "\n", "", "is empty; it needs a JSON object on each line"),
        ("a.xls", "a,b\n", "", "ends in neither .csv nor .jsonl"),
        ("a.csv", "a,b,a\n", "", "has two columns `a`"),
        ("a.csv", "a,b\n1,2\n", "key: c", "has no column `c`, which the map names for key; its columns are a, b"),
        ("a.jsonl", '{"a": 1}\n', "key: c", "has no column `c`"),
        ("a.csv", 'a,b\n1,2\n3,"never\nclosed\n', "", "A quote opened on line 3 of .* is never closed"),
        ("a.csv", '"a\n', "", "cannot be read as the names of columns"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_sentence(
    tmp_path: Path, name: str, text: str, map_: str, said: str
) -> None:
    path = a_text(tmp_path / name, text)
    with pytest.raises(Invalid, match=said) as refused:
        ImportFile(path, read_map(PLAIN + map_)).examine()
    assert "\n" not in refused.value.sentence


def test_another_encoding_is_told_with_the_line_and_the_way_out(tmp_path: Path) -> None:
    path = a_text(tmp_path / "a.csv", "a,b\n1,2\nZoë,3\n", "latin-1")
    with pytest.raises(Invalid, match=r"not written in UTF-8 \(line 3\); say its `encoding` in the map"):
        ImportFile(path, read_map(PLAIN)).examine()
    wide = a_text(tmp_path / "wide.csv", "a,b\n", "utf-16")
    with pytest.raises(Invalid, match="not written in UTF-8"):
        ImportFile(wide, read_map(PLAIN)).examine()


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no file"):
        ImportFile(tmp_path / "none.csv", read_map(PLAIN))
    with pytest.raises(Invalid, match="is no file"):
        ImportFile(tmp_path, read_map(PLAIN))


# What a row says -----------------------------------------------------------------------------------------------


def test_times_without_an_offset_are_of_the_zone_of_the_map_or_the_organisation() -> None:
    assert read(opened="2026-03-02 08:00", status="Open").opened_at == datetime(2026, 3, 2, 5, tzinfo=UTC)
    berlin = read("zone: Europe/Berlin", opened="2026-03-02 08:00", status="Open")
    assert berlin.opened_at == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert read("zone:", opened="2026-03-02T08:00:00-03:00", status="Open").opened_at == datetime(
        2026, 3, 2, 11, tzinfo=UTC
    )


def test_times_are_read_in_the_forms_that_the_map_gives() -> None:
    forms = 'times: ["%d/%m/%Y %H:%M", iso]'
    assert read(forms, opened="02/03/2026 08:00", status="Open").opened_at == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert read(forms, opened="2026-03-02", status="Open").opened_at == datetime(2026, 3, 1, 21, tzinfo=UTC)
    assert "no time in the form" in refusal(opened="02/03/2026 08:00")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "`opened` is empty; it says when the row was opened"),
        ("0000-00-00 00:00", "is no time"),
        ("0001-01-01T00:00+14:00", "is no time"),
        ("9999-12-31T23:59-14:00", "is no time"),
        ("1899-12-30", "lies before 1970"),
        ("2185-01-01", "lies ahead: it is 2026-11-24T07:00:00Z now"),
        ("x" * 5000, "is no time"),
    ],
)
def test_an_absurd_time_is_refused_with_a_reason(written: str, said: str) -> None:
    reason = refusal(opened=written)
    assert said in reason and len(reason) < 200


def test_an_end_before_the_beginning_and_a_closed_row_without_an_end_are_refused() -> None:
    assert "it was closed at 2026-03-01T21:00:00Z, before it was opened" in refusal(
        closed="2026-03-02", opened="2026-03-03"
    )
    assert refusal(closed="") == "`closed` is empty; it says when the row was closed."
    assert "does not say with `opened`" in refusal("opened:")


def test_without_status_words_a_row_is_resolved_when_it_has_an_end() -> None:
    assert read("status:", closed="").resolved_at is None
    assert read("status:").resolved_at == read().resolved_at is not None
    assert read(status="open", closed="2026-03-09").resolved_at is None, "what the status says holds"
    assert refusal(status="Lost") == "status `Lost` is not known; say under `statuses` what it means."


def test_departments_are_found_by_table_short_name_or_name() -> None:
    assert read(queue="NETWORK NORTH").department_id == named("network")
    assert read("departments:", queue="Network").department_id == named("network")
    assert "department `gone` is not known" in refusal("departments:", queue="gone")
    assert "an empty department is not known" in refusal(queue="")
    assert read('departments: {"*": care}', queue="").department_id == named("care")
    assert read("department:\ndepartments:").department_id is None, "the rules decide"


def test_the_map_is_refused_where_it_names_what_is_not_there() -> None:
    with pytest.raises(Invalid, match="`gone`, which power does not have; it has care, network"):
        RowReader(a_map('departments: {"*": gone}'), the_directory(), NOW).check()


def test_channels_reasons_and_languages_are_read_by_their_tables() -> None:
    channels = "channel: queue\nchannels: {Tel*: phone}\ndepartment:\ndepartments:"
    assert read(channels, queue="Telefon").channel == "phone"
    assert read(channels, queue="SMS").channel == "sms"
    assert "channel `Pigeon` is not known" in refusal(channels, queue="Pigeon")
    assert read("channels:").channel == "web"
    assert read("reason: about", about="No  Power!").reason == "no-power"
    assert read("reason: about\nreasons: {No power: outage}", about="no POWER").reason == "outage"
    assert read("language: about", about="sw-KE").language == "sw"
    assert read("language: about", about="").language == "en"
    assert "language `Klingon` is not known" in refusal("language: about", about="Klingon")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"phone": "12"}, "This is not a telephone number"),
        ({"caller": "x" * 201}, "name is longer than 200"),
        ({"words": "x" * 1_000_000}, "the text has 1000021 characters; at most 200000 are taken"),
        ({"words": "a\0b"}, "`words` holds a NUL character; take it out"),
        ({"number": ""}, "`number`, which the row is known by, is empty"),
        ({"words": "half \ud83d"}, "`words` holds half a character"),
        ({"number": "x" * 2001}, "the attribute old_number has 2001 characters"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused_with_a_reason(cells: dict[str, str], said: str) -> None:
    assert said in refusal(**cells)


def test_subject_and_text_stand_for_one_another_and_for_nothing() -> None:
    assert (read(about="").subject, read("text:").text) == (
        "It went off during supper, and has not come back.",
        "No power in block 1",
    )
    nothing = read("key:\nopened:\nclosed:\nstatus:\ndepartment:\ndepartments:", **NOTHING_GIVEN)
    assert (nothing.subject, nothing.text) == ("–", "–")


def test_the_key_is_a_digest_of_the_key_columns_or_of_the_whole_row() -> None:
    assert read().key == read(about="Something else").key != read(number="T2").key
    assert read("key:").key != read("key:", about="Something else").key
    assert read("key: [number, queue]").key != read("key: [queue, number]").key
    reordered = dict(reversed(a_row(1).items()))
    reader = RowReader(a_map("key:"), the_directory(), NOW)
    assert reader.key(reordered) == reader.key(a_row(1))


@given(
    st.fixed_dictionaries(
        dict.fromkeys(COLUMNS, st.text(max_size=30) | st.sampled_from(["Open", "Care Queue", "2026-03-02"]))
    )
)
def test_any_row_at_all_is_read_or_rejected_with_a_sentence(cells: dict[str, str]) -> None:
    reader = RowReader(a_map(), the_directory(), NOW)
    try:
        read = reader.read(2, cells)
    except Rejected as problem:
        assert str(problem).endswith(".")
    else:
        assert read.subject and read.text and "\0" not in read.text


# Rejects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["=1+1", "+SUM(A1)", "-2+3", "@now", "\t=1", "＝1", "'=1", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Neema", "-122.38", "+254 712 345678", "2026-03-02", "it's = fine", "O'Neill"])
def test_other_cells_and_numbers_stay_as_they_are(cell: str) -> None:
    assert safe_cell(cell) == cell


def test_what_a_killed_run_left_half_written_goes_when_nothing_is_rejected_any_more(tmp_path: Path) -> None:
    killed = Rejects(tmp_path / "a.rejects.csv", ["a"])
    killed.add(FileRow(2, {}, ["Zoë"]), "because.")
    assert [each.name for each in tmp_path.iterdir()] == ["a.rejects.csv.part"]
    assert Rejects(tmp_path / "a.rejects.csv", ["a"]).finish() is None
    assert list(tmp_path.iterdir()) == []
    killed.abandon()


def test_rejects_are_read_as_they_were_written_whatever_their_file_was_like(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "a.rejects.csv", ["name", "b"])
    rejects.add(FileRow(7, {}, ["Zoë", "1;2"]), "because.")
    path = rejects.finish()
    assert path is not None
    [row] = rows_of(path, PLAIN + 'encoding: cp1252\ndelimiter: ";"\nkey: name')
    assert row.cells == {"name": "Zoë", "b": "1;2"}
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert rows_of(path)[0].cells == row.cells, "a spreadsheet that saved it left its mark"


def test_rejected_lines_of_json_are_mended_in_their_own_file(tmp_path: Path) -> None:
    source = ImportFile(a_text(tmp_path / "a.jsonl", '{"a": 1}\n{"a": 2, oops\n'), read_map(PLAIN))
    rejects = Rejects(tmp_path / "a.jsonl.rejects.csv", source.columns)
    for row in source.rows():
        rejects.add(row, row.problem or "because.")
    path = rejects.finish()
    assert path is not None
    path.write_text(path.read_text(encoding="utf-8").replace(", oops", "}"), encoding="utf-8")
    assert [(row.cells, row.problem) for row in rows_of(path, PLAIN + "format: jsonl\nkey: a")] == [
        ({"a": "1"}, None),
        ({"a": "2"}, None),
    ]


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12), min_size=2, max_size=2
    )
)
def test_rejects_are_read_back_as_they_were(tmp_path_factory: Any, cells: list[str]) -> None:
    folder = tmp_path_factory.mktemp("rejects")
    rejects = Rejects(folder / "a.rejects.csv", ["a", "b"])
    rejects.add(FileRow(7, {}, cells), "because.")
    path = rejects.finish()
    assert path is not None and path.stat().st_mode & 0o777 == 0o600
    [row] = rows_of(path)
    assert list(row.cells.values()) == cells
    assert [each.name for each in folder.iterdir()] == ["a.rejects.csv"]
