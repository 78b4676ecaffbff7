"""The example of docs/how-to/import.md, on rows of the shape that it was written for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ahadi import intake
from ahadi.customers import CHANNELS
from ahadi.directory import get_organisation
from ahadi.intake import ImportProgress, import_map, import_row
from ahadi.intake.import_file import LARGEST_CELL
from ahadi.main.apply import apply_text
from ahadi.platform.database import Actor, Database
from tests.intake.imports import a_file, rejects_of

DOCS = Path(__file__).parents[2] / "docs"
MAP = (DOCS / "reference/examples/sf311-map.yaml").read_text(encoding="utf-8")
SETUP = (DOCS / "reference/examples/sf311-setup.yaml").read_text(encoding="utf-8")
COLUMNS = (
    "unique_key", "created_date", "closed_date", "resolution_action_updated_date", "status", "status_notes",
    "agency_name", "category", "complaint_type", "descriptor", "incident_address", "supervisor_district",
    "neighborhood", "location", "source", "media_url", "latitude", "longitude", "police_district",
)  # fmt: skip
SHAPE: Mapping[str, str] = {
    **dict.fromkeys(COLUMNS, ""),
    "created_date": "2016-07-13 15:11:07+00:00",
    "resolution_action_updated_date": "2016-07-15 08:00:00+00:00",
    "status": "Open",
    "category": "Lights",
    "complaint_type": "Light out",
    "descriptor": "Light out on pole 7",
    "incident_address": "7 Example Street",
    "source": "Phone",
    "latitude": "0.0",
}
CLOSED = {"status": "Closed", "closed_date": "2016-07-14 12:13:22+00:00"}
ROWS: tuple[Mapping[str, str], ...] = (
    {"agency_name": "PUC Sewer Ops", "status_notes": "Crew sent.\nGate was\tlocked."},
    {"agency_name": "PUC - Water - G", **CLOSED},
    {"agency_name": "311 Service Request Queue - G", "source": "Twitter"},
    {"agency_name": "DPW Ops Queue", **CLOSED, "closed_date": ""},
    {"agency_name": "RPD NSA Queue", "source": "Integrated Agency"},
    {"agency_name": "MUNI Work Queue", "complaint_type": "MUNI - Conduct of driver", "source": "Mobile/Open311"},
    {"agency_name": "Office of Lost Umbrellas", "complaint_type": ""},
    {"agency_name": "DPW Ops Queue", **CLOSED, "closed_date": "2016-07-13 15:11:06+00:00"},
    {"agency_name": "DPW Ops Queue", **CLOSED, "closed_date": "", "resolution_action_updated_date": ""},
    {"agency_name": "DPW Ops Queue", "status": "Mislaid"},
    {"agency_name": "DPW Ops Queue", "created_date": "07/13/2016"},
)
REASONS = (
    "It was closed at 2016-07-13T15:11:06Z, before it was opened at 2016-07-13T15:11:07Z.",
    "`closed_date` is empty; it says when the row was closed.",
    "Status `Mislaid` is not known; say under `statuses` what it means.",
    "Opened `07/13/2016` is no time in the form that the map gives.",
)


@dataclass
class Trial:
    """The example organisation with these rows in it."""

    database: Database
    organisation_id: UUID
    path: Path

    async def again(self) -> ImportProgress:
        return await intake.import_file(self.database, self.organisation_id, self.path, intake.read_map(MAP))

    async def rows(self, sql: Any) -> list[dict[str, Any]]:
        async with self.database.read(Actor.system([self.organisation_id])) as work:
            return await work.rows(sql)


@pytest.fixture
async def trial(database: Database, tmp_path: Path) -> Trial:
    await apply_text(database, SETUP)
    async with database.read(Actor.system([])) as work:
        organisation = await get_organisation(work, "sf311")
    assert organisation is not None
    rows = [{**SHAPE, **row, "unique_key": str(number)} for number, row in enumerate(ROWS, 1)]
    return Trial(database, organisation.id, a_file(tmp_path / "requests.csv", rows, COLUMNS))


async def test_each_row_is_a_case_where_it_belongs_or_a_reject_with_its_reason(trial: Trial) -> None:
    done = await trial.again()
    assert (done.rows, done.accepted, done.rejected) == (len(ROWS), 7, 4)
    assert [row["rejected_because"] for row in rejects_of(done.rejects)] == list(REASONS)
    found = await trial.rows(
        "select t.fields ->> 'city_number' as number, d.slug, c.state, c.channel, c.reason, p.kind, p.state as promise"
        " from cases c join case_text t on t.case_id = c.id join department d on d.id = c.holder_department"
        " join promise p on p.case_id = c.id order by t.fields ->> 'city_number'"
    )
    assert [tuple(row.values()) for row in found] == [
        ("1", "sewer", "open", "phone", "light-out", "fix", "open"),
        ("2", "water", "resolved", "phone", "light-out", "update", "withdrawn"),
        ("3", "desk", "open", "chat", "light-out", "update", "open"),
        ("4", "works", "resolved", "phone", "light-out", "visit", "withdrawn"),
        ("5", "parks", "open", "web", "light-out", "update", "open"),
        ("6", "transit", "open", "web", "muni", "update", "open"),
        ("7", "city", "open", "phone", None, "update", "open"),
    ]
    [unkept] = await trial.rows(
        "select count(*) as cases from cases c where c.state = 'open' and not exists (select from promise p"
        " where p.case_id = c.id and p.id = c.next_promise_id and p.state = 'open')"
    )
    assert unkept == {"cases": 0}


async def test_what_was_said_and_where_is_kept_and_nobody_is_told(trial: Trial) -> None:
    await trial.again()
    [first] = await trial.rows(
        "select t.subject, m.body, t.fields from case_text t join message n on n.case_id = t.case_id"
        " join message_text m on m.message_id = n.id where t.fields ->> 'city_number' = '1'"
    )
    assert first == {
        "subject": "Lights – Light out on pole 7",
        "body": "Lights\n\nLight out\n\nLight out on pole 7\n\n7 Example Street\n\nCrew sent.\nGate was\tlocked.",
        "fields": {"city_number": "1", "address": "7 Example Street"},
    }
    assert await trial.rows("select 1 from message where direction <> 'in'") == []
    assert await trial.rows("select 1 from job") == await trial.rows("select 1 from notice") == []
    assert await trial.rows("select 1 from cases where escalated or contacts <> 1") == []


async def test_a_second_run_changes_nothing(trial: Trial) -> None:
    await trial.again()
    before = await trial.rows("select max(seq) as last, count(*) as entries from journal")
    again = await trial.again()
    assert (again.accepted, again.already, again.rejected) == (0, 7, 4)
    assert await trial.rows("select max(seq) as last, count(*) as entries from journal") == before


def test_the_page_shows_the_map_and_the_words_of_the_program() -> None:
    page = (DOCS / "how-to/import.md").read_text(encoding="utf-8")
    assert set(intake.read_map(MAP).needed) <= set(COLUMNS)
    for told in (*REASONS[1:3], "rejected_line", "rejected_because", "sf311-map.yaml", "sf311-setup.yaml"):
        assert told in page, told


def test_the_reference_names_every_key_and_every_bound() -> None:
    page = (DOCS / "reference/import-map.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+)`", page))
    assert {*import_map._TOP, *import_map._PERSON, *CHANNELS} <= named
    for word in (word for words in import_map._USUAL_WORDS.values() for word in words):
        assert word in page, word
    for bound in (import_row.LONGEST_TEXT, import_row._LONGEST_ATTRIBUTE, LARGEST_CELL):
        assert f"{bound:,}" in page, bound
