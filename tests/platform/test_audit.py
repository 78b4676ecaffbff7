"""The audit: the journal as people look through it, and taken out as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import Forbidden
from ahadi.base.ids import uuid7
from ahadi.platform import audit
from ahadi.platform.audit import safe_cell
from ahadi.platform.audit_store import AuditFilter, statement
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.database.embedded import Connections
from ahadi.platform.journal import JournalRow

ORGANISATION, OTHER = UUID(int=7), UUID(int=8)
AMINA, BRIAN, CASE, WEBHOOK = UUID(int=11), UUID(int=12), UUID(int=21), UUID(int=31)
SYSTEM = Actor.system([ORGANISATION])
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def by(person: UUID, organisation_id: UUID = ORGANISATION) -> Actor:
    return Actor("person", person, {organisation_id: frozenset({"*"})})


async def happen(database: Database, actor: Actor, kind: str, at: datetime, **more: UUID) -> None:
    async with database.work(actor) as work:
        work.now = at
        work.record(kind, actor.organisations[0], **more)  # type: ignore[arg-type]


async def look(database: Database, **wanted: object) -> list[JournalRow]:
    async with database.read(SYSTEM) as work:
        return await audit.steps(work, ORGANISATION, AuditFilter(**wanted))  # type: ignore[arg-type]


async def a_day(database: Database) -> None:
    hour = timedelta(hours=1)
    await happen(database, by(AMINA), "promise.kept", BEGINNING, case_id=CASE)
    await happen(database, by(BRIAN), "token.created", BEGINNING + hour)
    await happen(database, by(AMINA), "webhook.added", BEGINNING + 2 * hour, subject_id=WEBHOOK)
    await happen(database, SYSTEM, "promise.broken", BEGINNING + 3 * hour, case_id=CASE)
    await happen(database, by(AMINA, OTHER), "token.revoked", BEGINNING + 4 * hour)


async def test_what_was_done_is_found_by_who_what_when_and_to_what(database: Database) -> None:
    await a_day(database)
    assert [each.kind for each in await look(database)] == [
        "promise.broken", "webhook.added", "token.created", "promise.kept",
    ]  # fmt: skip
    assert [each.kind for each in await look(database, actor_id=AMINA)] == ["webhook.added", "promise.kept"]
    assert [each.kind for each in await look(database, kinds=("promise.kept", "token.created"))] == [
        "token.created", "promise.kept",
    ]  # fmt: skip
    assert [each.kind for each in await look(database, case_id=CASE, kinds=("promise.broken",))] == ["promise.broken"]
    assert [each.kind for each in await look(database, subject_id=WEBHOOK)] == ["webhook.added"]
    one = timedelta(hours=1)
    found = await look(database, since=BEGINNING + one, until=BEGINNING + 3 * one)
    assert [each.kind for each in found] == ["webhook.added", "token.created"]


async def test_pages_follow_each_other_without_gap_or_repeat_though_times_are_the_same(database: Database) -> None:
    for number in range(11):
        await happen(database, by(AMINA), f"thing.n{number}", BEGINNING)
    seen: list[int] = []
    after = None
    while rows := await look(database, after=after, limit=4):
        seen += [each.seq for each in rows]
        after = rows[-1].at, rows[-1].seq
    assert len(seen) == 11 and seen == sorted(seen, reverse=True)


async def test_only_who_may_audit_reads_it(database: Database) -> None:
    actor = Actor("person", AMINA, {ORGANISATION: frozenset({"case.read"})})
    async with database.read(actor) as work:
        with pytest.raises(Forbidden):
            await audit.steps(work, ORGANISATION, AuditFilter())


async def test_a_file_of_it_holds_every_row_in_batches_and_no_formula(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    await a_day(database)
    parts = audit.written(
        database, SYSTEM, ORGANISATION, AuditFilter(), ["What", "Evil"], lambda row: [row.kind, "=HYPERLINK(1)"]
    )
    rows = list(csv.reader(io.StringIO("".join([each.decode() async for each in parts]))))
    assert rows[0] == ["What", "Evil"]
    assert [each[0] for each in rows[1:]] == ["promise.broken", "webhook.added", "token.created", "promise.kept"]
    assert {each[1] for each in rows[1:]} == {"'=HYPERLINK(1)"}


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text).lstrip(" ")[:1] not in set("=+-@\t\r\n") and safe_cell(text).removeprefix("'") in (
        text, text.removeprefix("'"),
    )  # fmt: skip


LOOKS = {
    "journal_by_time": AuditFilter(),
    "journal_by_actor": AuditFilter(actor_id=AMINA),
    "journal_by_kind": AuditFilter(kinds=("token.created", "token.revoked")),
    "journal_by_case": AuditFilter(case_id=CASE),
    "journal_by_subject": AuditFilter(subject_id=WEBHOOK),
}


@pytest.mark.parametrize("index", LOOKS)
async def test_a_page_of_a_large_journal_is_read_by_an_index(
    database: Database, fresh_database: Connections, index: str
) -> None:
    async with database.work(SYSTEM) as work:
        await many(work, 20_000)
    with psycopg.connect(fresh_database.superuser, autocommit=True) as admin:
        admin.execute("vacuum analyze journal")
    async with database.read(SYSTEM) as work:
        sql, params = statement(ORGANISATION, LOOKS[index])
        plan = await work.value(f"explain (format json) {sql}", params)
    text = str(plan)
    assert index in text, text
    assert "Seq Scan" not in text and ("Sort" not in text or index in ("journal_by_kind", "journal_by_case")), text


async def many(work: Work, rows: int) -> None:
    """A journal of a large organisation, in which what is looked for is rare."""
    await work.execute(
        "insert into journal (organisation_id, id, at, recorded_at, kind, case_id, subject_id, actor_kind, actor_id,"
        " facts) select %(o)s, gen_random_uuid(), %(at)s::timestamptz + n * interval '1 minute', %(at)s,"
        " case when n %% 1000 = 0 then 'token.created' else 'promise.kept' end,"
        " case when n %% 1000 = 0 then null else ('00000000-0000-0000-0000-' || lpad((n / 7)::text, 12, '0'))::uuid"
        " end, case when n %% 5000 = 0 then %(w)s::uuid else gen_random_uuid() end, 'person',"
        " case when n %% 50 = 0 then %(a)s::uuid else ('00000000-0000-0000-0001-' || lpad((n %% 40)::text, 12, '0'))"
        "::uuid end, '{}' from generate_series(1, %(rows)s) n",
        {"o": ORGANISATION, "at": BEGINNING, "a": AMINA, "w": WEBHOOK, "rows": rows, "id": uuid7()},
    )
