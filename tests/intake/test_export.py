"""Everything of an organisation in one file: all of it, nothing of others, and no secret."""

import base64
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import tuple_row

from ahadi import intake
from ahadi.base.errors import Invalid
from ahadi.contacts import Attached
from ahadi.intake import Contacting, export_store
from ahadi.platform.database import Actor, Database
from ahadi.platform.database.embedded import Connections
from ahadi.platform.files import keep_file
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation

PICTURE = bytes(range(256)) * 2400  # three pieces
SECRET = b"\x01a secret\x02"

# A row in each table that taking contacts in fills none in. `o` and `p` are an organisation and one of its people.
REST: tuple[LiteralString, ...] = (
    "insert into absence select o, gen_random_uuid(), p, '2026-12-01', '2026-12-02' from them",
    "insert into shift select o, gen_random_uuid(), p, null, '2026-12-01', '2026-12-02' from them",
    "insert into shift_cut select o, gen_random_uuid(), p, null, '2026-12-01', '2026-12-02' from them",
    "insert into leave_request (organisation_id, id, person_id, starts_at, ends_at, kind, state, made_at)"
    " select o, gen_random_uuid(), p, '2026-12-01', '2026-12-02', 'leave', 'asked', '2026-11-01' from them",
    "insert into swap (organisation_id, id, person_id, starts_at, ends_at, state, made_at)"
    " select o, gen_random_uuid(), p, '2026-12-01', '2026-12-02', 'offered', '2026-11-01' from them",
    "insert into reason (organisation_id, slug, names) select o, 'outage', '{\"en\": \"Outage\"}' from them",
    "insert into rule_table (organisation_id, version, id, state, rows, made_at)"
    " select o, 1, gen_random_uuid(), 'draft', '[]', '2026-11-01' from them",
    "insert into rule_draft (organisation_id, base, revision, rows, changed_at) select o, 0, 1, '[]', '2026-11-01'"
    " from them",
    "insert into template (organisation_id, slug, channel, language, version, body, made_at)"
    " select o, 'received', 'sms', 'en', 1, 'Hello', '2026-11-01' from them",
    "insert into retention (organisation_id, what, days) select o, 'mail', 30 from them",
    "insert into mail_address select 'help@' || o || '.example', o from them",
    "insert into mailbox (organisation_id, id, address, settings)"
    " select o, gen_random_uuid(), 'help@power.example', %(secret)s from them",
    "insert into channel_setting select o, 'sms', %(secret)s, '2026-11-01' from them",
    "insert into blocked_sender select o, 'noise@example.org', null, '2026-11-01' from them",
    "insert into token (id, hash, organisation_id, name, scopes, made_at)"
    " select gen_random_uuid(), %(secret)s || o::text::bytea, o, 'desk', '{all}', '2026-11-01' from them",
    "insert into sign_in_provider select o, 'Company', 'https://id.example', 'desk', %(secret)s, '{power.example}',"
    " false, 'agent', '2026-11-01' from them",
    "insert into sign_in_link select o, 'https://id.example', 'subject', p, '2026-11-01', '2026-11-01' from them",
    "insert into acting select o, gen_random_uuid(), p, (select min(id::text)::uuid from person where id <> p),"
    " 'to help', '2026-11-01', '2026-11-02' from them",
    "insert into webhook select o, o, 'https://example.org/hear', %(secret)s, '{}', true, '2026-11-01' from them",
    "insert into webhook_delivery (organisation_id, id, webhook_id, journal_seq, kind, state, made_at)"
    " select o, gen_random_uuid(), o, 1, 'case.opened', 'waiting', '2026-11-01' from them",
    "insert into consent select organisation_id, id, 'sms', true, 'form', '2026-11-01' from customer",
    "insert into entitlement select organisation_id, id, id, 'gold', 'crm', '2026-11-01' from customer",
    "insert into customer_merge select organisation_id, min(id::text)::uuid, min(id::text)::uuid, max(id::text)::uuid,"
    " '2026-11-01' from customer group by 1",
    "insert into likely_duplicate select organisation_id, min(id::text)::uuid, max(id::text)::uuid, '2026-11-01'"
    " from customer group by 1",
    "insert into notice (organisation_id, id, person_id, kind, case_id, at)"
    " select o, gen_random_uuid(), p, 'given', c.id, '2026-11-01' from them join cases c on c.organisation_id = o",
    "insert into notification (organisation_id, id, notice_id, person_id, about, way, state, due_at, made_at) select"
    " organisation_id, gen_random_uuid(), id, person_id, 'passed', 'mail', 'sent', at, at from notice",
    "insert into offer (organisation_id, id, case_id, person_id, purpose, state, made_at, expires_at) select o,"
    " gen_random_uuid(), c.id, p, 'route', 'offered', '2026-11-01', '2026-11-01'"
    " from them join cases c on c.organisation_id = o",
    "insert into logo select o, '\\x89504e47', 1, 1, 'd', null, '2026-11-01' from them",
    "insert into offer_setting (organisation_id, changed_at) select o, '2026-11-01' from them",
    "insert into offer_text select organisation_id, id, 'busy with ' || organisation_id from offer",
    "insert into offer_round (organisation_id, case_id, number, held_since, began_at) select organisation_id, id, 1,"
    " '2026-11-01', '2026-11-01' from cases",
    "insert into wrap_up (organisation_id, id, offer_id, case_id, person_id, began_at, ends_at) select organisation_id,"
    " gen_random_uuid(), id, case_id, person_id, '2026-11-01', '2026-11-01' from offer",
    "insert into chat (organisation_id, id, token_hash, language, made_at, expires_at, visitor_at, last) select o, o,"
    " %(secret)s, 'en', '2026-11-01', '2026-12-01', '2026-11-01', 1 from them",
    "insert into chat_event select organisation_id, organisation_id, 1, min(id::text)::uuid, 'm1', '2026-11-01'"
    " from message group by organisation_id",
    "insert into booking (organisation_id, id, case_id, promise_id, kind, wish, seat, starts_at, ends_at, made_at)"
    " select organisation_id, gen_random_uuid(), case_id, id, 'callback', 'department', case_id, '2026-12-01',"
    " '2026-12-02', '2026-11-01' from promise",
    "insert into call_attempt (organisation_id, id, case_id, promise_id, number, outcome, at) select organisation_id,"
    " gen_random_uuid(), case_id, id, 1, 'busy', '2026-11-01' from promise",
    "insert into canned_reply select o, 'hello', 'en', 'Hello', null, '2026-11-01' from them",
    "insert into macro (organisation_id, id, name, note, changed_at)"
    " select o, gen_random_uuid(), 'Look', 'Looked', '2026-11-01' from them",
    "insert into draft select organisation_id, id, id, 'note', 'half', '2026-11-01' from cases",
    "insert into saved_view (organisation_id, id, person_id, name, query, made_at)"
    " select o, gen_random_uuid(), p, 'Mine', 'holder:me', '2026-11-01' from them",
    "insert into mail_thread select organisation_id, '\\x01', id, id from cases on conflict do nothing",
    "insert into automatic_reply select o, '\\x02', '2026-11-01', gen_random_uuid() from them",
    "insert into quarantine (organisation_id, id, why, at) select o, gen_random_uuid(), 'spam', '2026-11-01' from them",
    "insert into import_run select o, gen_random_uuid(), 'old.csv', '\\x03', '2026-11-01' from them",
    "insert into import_row select organisation_id, 'old', id::text, id from cases",
    "insert into journal_follower select o, 'webhooks', '1:1:' from them",
    "insert into job (id, kind, organisation_id, args, due, made_at)"
    " select gen_random_uuid(), 'webhooks.deliver', o, '{}', '2026-11-01', '2026-11-01' from them",
)
THEM: LiteralString = (
    "with them as (select organisation_id as o, min(person_id::text)::uuid as p from membership group by 1) "
)


@pytest.fixture
async def house(database: Database, fresh_database: Connections) -> House:
    """Two organisations with something in every table."""
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
    async with database.work(system(OTHER_ORGANISATION)) as work:
        await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
    for organisation in (ORGANISATION, OTHER_ORGANISATION):
        for number, name in enumerate(("Neema", "Juma")):
            async with database.work(Actor.system([organisation])) as work:
                file = await keep_file(work, organisation, PICTURE, "image/png")
                await intake.take_contact(
                    work,
                    organisation,
                    Contacting(
                        channel="phone",
                        text=f"It is dark.\nSays {name} of {organisation}",
                        name=name,
                        phone=f"+25471234567{number}",
                        attachments=(Attached(file, "picture.png"),),
                    ),
                )
    with psycopg.connect(fresh_database.superuser) as admin:
        for statement in REST:
            head, _, rest = statement.partition(" select ")
            admin.execute(f"{head} {THEM} select {rest}", {"secret": SECRET})
    return house


def counted(superuser: str) -> dict[str, int]:
    """How many rows of the organisation each table has that has organisations' rows."""
    with psycopg.connect(superuser, row_factory=tuple_row) as admin:
        tables = admin.execute(
            "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'organisation_id'"
        ).fetchall()
        return {
            name: admin.execute(f"select count(*) from {name} where organisation_id = %s", [ORGANISATION]).fetchall()[
                0
            ][0]
            for (name,) in tables
        }


async def exported(database: Database, path: Path) -> dict[str, list[dict[str, Any]]]:
    """What an export holds, by kind."""
    await intake.export_organisation(database, ORGANISATION, path)
    if path.suffix == ".jsonl":
        found: dict[str, list[dict[str, Any]]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            found.setdefault(one["kind"], []).append(one["record"])
        return found
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".jsonl"): [json.loads(line) for line in archive.read(name).splitlines()]
            for name in archive.namelist()
            if name.endswith(".jsonl")
        }


@pytest.mark.parametrize("name", ["power.zip", "power.jsonl"])
async def test_every_row_of_the_organisation_is_in_it(
    database: Database, fresh_database: Connections, house: House, tmp_path: Path, name: str
) -> None:
    found = await exported(database, tmp_path / name)
    apart = {export_store.PIECES, *export_store.NOT_WRITTEN}
    there = {table: rows for table, rows in counted(fresh_database.superuser).items() if table not in apart}
    assert not [table for table, rows in there.items() if not rows], "these tables have nothing to be compared"
    tables = {kind.table: kind.name for kind in export_store.KINDS}
    assert set(there) <= set(tables), "say in export_store how these are exported"
    assert {table: len(found[tables[table]]) for table in there} == there
    assert [one["slug"] for one in found["organisation"]] == ["power"]
    assert {one["name"] for one in found["people"]} == {"Asha", "Ben", "Chege", "Juma", "Dalila"}


async def test_the_bytes_of_files_are_in_it(database: Database, house: House, tmp_path: Path) -> None:
    found = await exported(database, tmp_path / "power.zip")
    with zipfile.ZipFile(tmp_path / "power.zip") as archive:
        assert [archive.read(f"files/{one['id']}") for one in found["files"]] == [PICTURE, PICTURE]
        summary = json.loads(archive.read("export.json"))
    assert (summary["organisation"], summary["files"]) == ("power", 2)
    assert summary["counts"] == {kind.name: len(found[kind.name]) for kind in export_store.KINDS}
    lines = await exported(database, tmp_path / "power.jsonl")
    pieces = {one["id"]: b"" for one in lines["files"]}
    for piece in lines["file_pieces"]:
        pieces[piece["file_id"]] += base64.b64decode(piece["data"])
    assert set(pieces.values()) == {PICTURE}


@pytest.mark.parametrize("name", ["power.zip", "power.jsonl"])
async def test_nothing_of_others_and_no_secret_is_in_it(
    database: Database, house: House, tmp_path: Path, name: str
) -> None:
    found = await exported(database, tmp_path / name)
    written = json.dumps(found)
    assert str(OTHER_ORGANISATION) not in written and str(ORGANISATION) in written
    assert SECRET.hex() not in written and "a secret" not in written
    held = {column for records in found.values() for record in records for column in record}
    assert not held & {"secret", "password_hash", "totp_secret"}
    assert [sorted(one) for one in found["tokens"]] == [
        ["expires_at", "id", "made_at", "made_by", "name", "organisation_id", "revoked_at", "scopes", "used_at"]
    ]


async def test_no_column_of_bytes_is_in_it_that_was_not_thought_of(
    fresh_database: Connections, database: Database
) -> None:
    public = {
        "file.sha256",
        "mail_thread.hash",
        "automatic_reply.hash",
        "import_run.fingerprint",
        "logo.data",
    }  # a logo is on every page
    with psycopg.connect(fresh_database.superuser, row_factory=tuple_row) as admin:
        held = admin.execute(
            "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.atttypid = 'bytea'::regtype"
        ).fetchall()
    left_out = {kind.table: kind.left_out for kind in export_store.KINDS}
    shown = {f"{table}.{column}" for table, column in held if table in left_out and column not in left_out[table]}
    assert shown == public


async def test_it_is_of_one_moment(
    database: Database, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, late = export_store.records, Counter[str]()

    async def slowly(connection: Any, organisation_id: Any, kind: Any) -> Any:
        if kind.name == "promises":
            async with database.work(system()) as work:
                contacting = Contacting(channel="phone", text="Late", phone="+254700000009")
                await intake.take_contact(work, ORGANISATION, contacting)
                late["taken"] += 1
        async for record in whole(connection, organisation_id, kind):
            yield record

    monkeypatch.setattr(export_store, "records", slowly)
    found = await exported(database, tmp_path / "power.zip")
    assert late["taken"] == 1
    assert len(found["cases"]) == len(found["promises"]) == len(found["case_texts"]) == 2


async def test_it_is_for_its_owner_s_eyes_and_whole_or_not_there(
    database: Database, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "power.zip"
    await exported(database, path)
    assert path.stat().st_mode & 0o777 == 0o600

    async def failing(connection: Any, organisation_id: Any) -> Any:
        raise RuntimeError("the disk is full")
        yield

    monkeypatch.setattr(export_store, "chunks", failing)
    for name in ("other.zip", "other.jsonl"):
        with pytest.raises(RuntimeError):
            await exported(database, tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == ["power.zip"]


async def test_it_is_journalled(database: Database, house: House, tmp_path: Path) -> None:
    found = await exported(database, tmp_path / "power.zip")
    assert found["journal"][-1]["kind"] == "organisation.exported"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("power.tar", "says no format"), ("there.zip", "is there already"), ("nowhere/power.zip", "no folder")],
)
async def test_a_name_that_will_not_do_is_refused(
    database: Database, house: House, tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "there.zip").touch()
    with pytest.raises(Invalid, match=sentence):
        await intake.export_organisation(database, ORGANISATION, tmp_path / name)
