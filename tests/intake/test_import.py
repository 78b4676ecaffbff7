"""Rows of another system become cases: each once, whole, and without disturbing anybody."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ahadi import cases, contacts, customers
from ahadi.base.clock import FixedClock
from ahadi.base.errors import AhadiError, Invalid
from ahadi.intake import importing
from ahadi.platform import journal
from ahadi.platform.database import Database
from ahadi.platform.database.embedded import Connections
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation
from tests.intake.imports import a_file, a_map, a_row, everything, imported, rejects_of


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def rows_of(database: Database, sql: Any, **params: Any) -> list[dict[str, Any]]:
    async with database.read(system()) as work:
        return await work.rows(sql, {"organisation_id": ORGANISATION, **params})


async def the_case(database: Database) -> cases.Case:
    """The only case there is."""
    [row] = await rows_of(database, "select id from cases")
    async with database.read(system()) as work:
        return await cases.get_case(work, row["id"])


# What a row becomes ------------------------------------------------------------------------------------------


async def test_an_open_row_becomes_a_case_with_a_holder_and_a_promise_from_now(
    database: Database, house: House, clock: FixedClock, tmp_path: Path
) -> None:
    done = await imported(database, a_file(tmp_path / "old.csv", [a_row(3)]))
    assert (done.rows, done.accepted, done.already, done.rejected, done.rejects) == (1, 1, 0, 0, None)
    case = await the_case(database)
    assert (case.state, case.channel, case.contacts, case.escalated) == ("open", "phone", 1, False)
    assert case.holder == cases.Holder(department=house.care)
    assert case.opened_at == datetime(2026, 3, 2, 8, tzinfo=UTC), "11:00 in Nairobi"
    assert case.next_promise and case.next_promise.due_at > clock.now()
    assert case.next_promise.owner == case.holder
    async with database.read(system()) as work:
        text = (await cases.texts_of(work, ORGANISATION, [case.id]))[case.id]
        [message] = await contacts.messages_of(work, ORGANISATION, case.id)
        customer = await customers.get_customer(work, ORGANISATION, case.customer_id)
    assert (text.subject, text.fields) == ("No power in block 3", {"old_number": "T00003"})
    assert message.body == "No power in block 3\n\nIt went off during supper,\nand has not come back."
    assert (message.at, message.direction, message.state) == (case.opened_at, "in", "received")
    assert (customer.name, [each.value for each in customer.identities]) == ("Caller 3", ["+254700000003"])


async def test_a_closed_row_becomes_a_case_that_was_resolved_when_it_was(
    database: Database, house: House, tmp_path: Path
) -> None:
    await imported(database, a_file(tmp_path / "old.csv", [a_row(4)]))
    case = await the_case(database)
    assert case.state == "resolved" and case.resolved_at == case.opened_at + timedelta(hours=5)
    [promise] = await rows_of(database, "select state, reason from promise")
    assert promise == {"state": "withdrawn", "reason": "imported"}


async def test_rows_of_one_caller_are_one_customer_and_rows_without_one_are_each_somebody_unnamed(
    database: Database, house: House, tmp_path: Path
) -> None:
    same = [a_row(number, caller="Neema", phone="0712 345 678") for number in (1, 2)]
    nobody = [a_row(number, caller="", phone="") for number in (3, 4)]
    await imported(database, a_file(tmp_path / "old.csv", same + nobody))
    found = await rows_of(database, "select customer_id, count(*) as cases from cases group by 1 order by 2")
    assert [row["cases"] for row in found] == [1, 1, 2]
    assert [row["name"] for row in await rows_of(database, "select name from customer order by name")] == [
        "Neema",
        None,
        None,
    ]


async def test_without_a_department_in_the_map_the_rules_decide(
    database: Database, house: House, tmp_path: Path
) -> None:
    await imported(database, a_file(tmp_path / "old.csv", [a_row(4)]), a_map("department:\ndepartments:"))
    assert (await the_case(database)).department_id == house.care, "what no rule covers goes to the default department"


async def test_nothing_is_sent_nobody_is_notified_and_nothing_counts_as_a_repeat(
    database: Database, house: House, clock: FixedClock, tmp_path: Path
) -> None:
    rows = [a_row(number, caller="Neema", phone="0712 345 678", status="Open") for number in range(1, 9)]
    await imported(database, a_file(tmp_path / "old.csv", rows))
    assert await rows_of(database, "select 1 from message where direction <> 'in'") == []
    for table in ("notice", "offer", "job", "routing_fact"):
        assert await rows_of(database, f"select 1 from {table}") == [], table
    [found] = await rows_of(database, "select bool_or(escalated) as escalated, max(contacts) as most from cases")
    assert found == {"escalated": False, "most": 1}
    async with database.read(system()) as work:
        fortnight = clock.now() - timedelta(days=14)
        for row in await work.rows("select id from cases"):
            assert await cases.recent_contacts_of(work, ORGANISATION, row["id"], fortnight) == 0


# The whole ---------------------------------------------------------------------------------------------------


async def test_every_row_is_a_case_or_a_reject_and_the_journal_rebuilds_every_case(
    database: Database, house: House, tmp_path: Path
) -> None:
    rows = [a_row(number) for number in range(450)]
    rows[7]["queue"], rows[300]["opened"] = "Nowhere", "yesterday"
    done = await imported(database, a_file(tmp_path / "old.csv", rows))
    assert (done.accepted, done.rejected) == (448, 2)
    assert [each["number"] for each in rejects_of(done.rejects)] == ["T00007", "T00300"]
    async with database.read(system()) as work:
        held = await work.rows("select id, state from cases")
        assert Counter(row["state"] for row in held) == {"open": 149, "resolved": 299}
        for row in held:
            case = None
            for entry in await journal.of_case(work, ORGANISATION, row["id"]):
                event = cases.from_facts(entry.kind, entry.facts)
                if event is not None:
                    case = cases.evolve(case, event, entry.at, organisation_id=ORGANISATION, case_id=row["id"])
            stored = await cases.get_case(work, row["id"])
            promises = await cases.all_promises(work, ORGANISATION, row["id"])
            assert case == replace(stored, promises=tuple(promises))
            assert (stored.state == "open") == bool(stored.open_promises)
    kinds = {row["kind"] for row in await rows_of(database, "select distinct kind from journal")}
    assert {"import.started", "import.finished"} <= kinds


async def test_importing_again_changes_nothing_at_all(
    database: Database, fresh_database: Connections, house: House, clock: FixedClock, tmp_path: Path
) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(number) for number in range(230)] + [a_row(500, opened="never")])
    first = await imported(database, path)
    before, rejected = everything(fresh_database.superuser), rejects_of(first.rejects)
    clock.advance(timedelta(days=1))
    again = await imported(database, path)
    assert (again.accepted, again.already, again.rejected) == (0, 230, 1)
    assert everything(fresh_database.superuser) == before
    assert rejects_of(again.rejects) == rejected


async def test_a_longer_file_adds_what_is_new(database: Database, house: House, tmp_path: Path) -> None:
    await imported(database, a_file(tmp_path / "old.csv", [a_row(number) for number in range(10)]))
    done = await imported(database, a_file(tmp_path / "old.csv", [a_row(number) for number in range(13)]))
    assert (done.accepted, done.already) == (3, 10)
    runs = await rows_of(database, "select accepted, finished_at is not null as finished from import_run order by id")
    assert runs == [{"accepted": 10, "finished": True}, {"accepted": 3, "finished": True}]


async def test_without_a_key_a_row_is_known_by_all_it_says(database: Database, house: House, tmp_path: Path) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(1), a_row(2), a_row(1)])
    done = await imported(database, path, a_map("key:"))
    assert (done.accepted, done.rejected) == (2, 1)
    assert rejects_of(done.rejects)[0]["rejected_because"].startswith("Line 2 of the file has the same key")
    assert (await imported(database, path, a_map("key:"))).already == 2


async def test_the_same_key_of_another_source_is_another_row(database: Database, house: House, tmp_path: Path) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(1)])
    await imported(database, path)
    assert (await imported(database, path, a_map("source: older-desk"))).accepted == 1


async def test_what_a_row_is_known_by_is_kept_as_a_digest(database: Database, house: House, tmp_path: Path) -> None:
    await imported(database, a_file(tmp_path / "old.csv", [a_row(1, number="neema@example.org")]), a_map("attributes:"))
    [row] = await rows_of(database, "select key from import_row")
    assert "neema" not in row["key"]


async def test_an_organisation_s_import_is_its_own(database: Database, house: House, tmp_path: Path) -> None:
    async with database.work(system(OTHER_ORGANISATION)) as work:
        await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    path = a_file(tmp_path / "old.csv", [a_row(1)])
    await imported(database, path)
    done = await importing.import_file(database, OTHER_ORGANISATION, path, a_map())
    assert done.accepted == 1


# What cannot be taken ----------------------------------------------------------------------------------------


async def test_a_row_the_database_does_not_take_spoils_no_other(
    database: Database, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = importing.import_rows

    async def refusing(work: Any, organisation_id: Any, source: str, rows: Any) -> int:
        taken = await whole(work, organisation_id, source, rows)
        if any("block 7" in row.subject for row in rows):
            await work.value("select 1 / 0")
        return taken

    monkeypatch.setattr(importing, "import_rows", refusing)
    done = await imported(database, a_file(tmp_path / "old.csv", [a_row(number) for number in range(9)]))
    assert (done.accepted, done.rejected) == (8, 1)
    [reject] = rejects_of(done.rejects)
    assert reject["number"] == "T00007"
    assert reject["rejected_because"] == "The database does not take it: division by zero."
    assert len(await rows_of(database, "select 1 from cases")) == 8
    assert len(await rows_of(database, "select 1 from customer")) == 8


async def test_a_failure_of_ours_is_no_row_s_fault_and_leaves_whole_batches(
    database: Database, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(number) for number in range(210)])
    whole = importing.import_rows

    async def failing(work: Any, organisation_id: Any, source: str, rows: Any) -> int:
        if len(rows) < importing.BATCH:
            raise RuntimeError("the machine is on fire")
        return await whole(work, organisation_id, source, rows)

    with monkeypatch.context() as patched:
        patched.setattr(importing, "import_rows", failing)
        with pytest.raises(RuntimeError):
            await imported(database, path)
    assert len(await rows_of(database, "select 1 from cases")) == importing.BATCH
    assert [each.name for each in tmp_path.iterdir()] == ["old.csv"], "no half-written file of rejects"
    assert (await imported(database, path)).accepted == 10
    [run] = await rows_of(database, "select accepted, rejected, finished_at is not null as finished from import_run")
    assert run == {"accepted": 210, "rejected": 0, "finished": True}


async def test_rejects_mended_in_their_own_file_are_taken_from_it(
    database: Database, house: House, tmp_path: Path
) -> None:
    rows = [a_row(1), a_row(2, queue="Nowhere", about="=1+1 is what it showed")]
    done = await imported(database, a_file(tmp_path / "old.csv", rows))
    assert done.rejects is not None
    written = done.rejects.read_text(encoding="utf-8")
    assert "'=1+1 is what it showed" in written, "no formula for a spreadsheet"
    done.rejects.write_text(written.replace("Nowhere", "Network South"), encoding="utf-8")
    assert (await imported(database, done.rejects)).accepted == 1
    subjects = {row["subject"] for row in await rows_of(database, "select subject from case_text")}
    assert "=1+1 is what it showed" in subjects


async def test_when_nothing_is_rejected_any_more_the_old_file_of_rejects_goes(
    database: Database, house: House, tmp_path: Path
) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(1, queue="Nowhere")])
    first = await imported(database, path)
    assert first.rejects is not None and first.rejects.exists()
    again = await imported(database, path, a_map('departments: {"*": care}'))
    assert again.accepted == 1 and not first.rejects.exists()


async def test_a_file_that_is_there_already_is_not_written_over_by_rejects(
    database: Database, house: House, tmp_path: Path
) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(1, queue="Nowhere")])
    with pytest.raises(Invalid, match="is no file of rejects"):
        await imported(database, path, rejects=path)
    assert len(path.read_text().splitlines()) > 1


async def test_a_department_the_organisation_does_not_have_refuses_the_map(
    database: Database, house: House, tmp_path: Path
) -> None:
    path = a_file(tmp_path / "old.csv", [a_row(1)])
    with pytest.raises(AhadiError, match="`sewers`, which power does not have; it has care, network"):
        await imported(database, path, a_map('departments: {"*": sewers}'))
    assert await rows_of(database, "select 1 from cases") == []


async def test_progress_is_told_after_every_batch(database: Database, house: House, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = a_file(tmp_path / "old.csv", [a_row(number) for number in range(450)])
    await imported(database, path, report=lambda progress: told.append((progress.done, progress.rows)))
    assert told == [(200, 450), (400, 450), (450, 450)]
