"""One whole person is handed out and erased: whatever way their words came in, none of them is left anywhere."""

import base64
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from ahadi import cases, contacts, customers, intake
from ahadi.base.errors import Forbidden, NotFound
from ahadi.contacts import Attached, Writing
from ahadi.intake import Contacting, mail_store
from ahadi.intake.mail import MailIntake
from ahadi.intake.mail_store import MailAddress
from ahadi.platform import journal
from ahadi.platform.database import Actor, Database
from ahadi.platform.database.embedded import Connections
from ahadi.platform.files import keep_file
from ahadi.platform.settings import Settings
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, an_organisation
from tests.intake.imports import a_file, a_map, a_row, imported
from tests.main.builders import bearer

# Words that occur in nothing but what one person said, wrote and is known by; and what was written about them.
MARKS = (
    "zawadi", "quartz", "712345678", "nakurutown", "gorilla", "plumber", "tortoise", "walrus", "pelican", "ocelot",
    "badger", "lantern", "marmalade", "cinnamon", "porcupine", "harmonica",
)  # fmt: skip
PICTURE = b"\x89PNG\r\n\x1a\n a badger with a lantern"
ZAWADI = {"name": "Zawadi Quartz", "phone": "0712 345 678", "email": "Zawadi.Quartz@example.org"}
OTHER = {"name": "Peter Otieno", "phone": "0733 111 222", "email": "peter@example.org"}
OWNER = MailAddress("help@power.example", ORGANISATION, None)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        house = await an_organisation(work, ORGANISATION)
        await work.execute(
            "insert into mail_address (address, organisation_id) values ('help@power.example', %(org)s)",
            {"org": ORGANISATION},
        )
    return house


@pytest.fixture
async def http(client: httpx.AsyncClient, database: Database, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do everything in the organisation."""
    client.headers.update(await bearer(database, ORGANISATION))
    yield client


async def done(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def everything_of(http: httpx.AsyncClient, database: Database, tmp_path: Any) -> tuple[UUID, str]:
    """One person's words come in by every way there is; the person, and the reference of a case that is open."""
    opened = await done(
        await http.post(
            "/api/contacts",
            json={
                "organisation": "power",
                "channel": "phone",
                "from": ZAWADI,
                "subject": "The tortoise tripped the meter",
                "text": "Says Zawadi: the walrus sparks",
                "attributes": {"pet": "gorilla"},
            },
            headers={"Idempotency-Key": "once"},
        )
    )
    reference, person = opened["case"]["reference"], UUID(opened["customer"]["id"])
    case = f"/api/cases/{reference}"
    await done(
        await http.patch(f"/api/customers/{person}", json={"place": "Nakurutown", "attributes": {"is": "plumber"}})
    )
    await done(await http.patch(case, json={"fields": {"told": "pelican"}}))
    await done(await http.post(f"{case}/notes", json={"text": "Zawadi owns an ocelot"}))
    await done(await http.post(f"{case}/messages", json={"text": "Dear Zawadi, feed the ocelot", "channel": "email"}))
    due = {"due_at": "2026-11-25T09:00:00Z"}
    told = {"channel": "email", "text": "Later, dear Zawadi"}
    made = await done(
        await http.post(f"{case}/promises", json={"kind": "visit", "text": "We look at Zawadi's marmalade", **due})
    )
    renewed = {"due_at": "2026-11-26T09:00:00Z", "reason": "the marmalade is out", "told": told}
    await done(await http.post(f"/api/promises/{made['promise']['id']}/renew", json=renewed))
    other = await done(await http.post(f"{case}/promises", json={"kind": "fix", "text": "cinnamon for Zawadi", **due}))
    await done(await http.post(f"/api/promises/{other['promise']['id']}/withdraw", json={"reason": "no cinnamon left"}))
    await by_mail(database)
    path = a_file(tmp_path / "old.csv", [a_row(1, caller="Zawadi", phone="0712345678", words="a porcupine, years ago")])
    await imported(database, path, a_map("key: phone\nattributes: [caller]"))
    await with_a_picture(database)
    await waiting_to_leave(database, person, UUID(opened["case"]["id"]))
    return person, reference


async def by_mail(database: Database) -> None:
    """Zawadi writes a mail that is taken, and, once she is blocked, one that is put aside."""
    mails = MailIntake(database, Settings(mail_domain="power.example"))
    head = "From: Zawadi Quartz <Zawadi.Quartz@Example.org>\r\nTo: help@power.example\r\n"
    taken = (
        f"{head}Subject: harmonica\r\nMessage-ID: <zawadi.1@example.org>\r\nCc: gorilla@example.org\r\n\r\nHello\r\n"
    )
    aside = f"{head}Subject: lantern\r\nMessage-ID: <zawadi.2@example.org>\r\n\r\nwalrus\r\n"
    await mails.take(taken.encode(), OWNER, "zawadi.quartz@example.org")
    async with database.work(system()) as work:
        await mail_store.block(work, ORGANISATION, "zawadi.quartz@example.org")
    put = await mails.take(aside.encode(), OWNER, "zawadi.quartz@example.org")
    assert put.put_aside == "blocked"


async def with_a_picture(database: Database) -> None:
    async with database.work(system()) as work:
        file = await keep_file(work, ORGANISATION, PICTURE, "image/png")
        contacting = Contacting(
            channel="email", text="See the badger", attachments=(Attached(file, "badger.png"),), **ZAWADI
        )
        await intake.take_contact(work, ORGANISATION, contacting)


async def waiting_to_leave(database: Database, person: UUID, case_id: UUID) -> None:
    """A message that is held, and one that is on its way."""
    async with database.work(system()) as work:
        for intent, missing in (("one", ("customer.name",)), ("two", ())):
            writing = Writing("email", case_id, person, "zawadi.quartz@example.org", "Zawadi!", intent, missing=missing)
            await contacts.write(work, ORGANISATION, writing)
        await work.execute(
            "update message set state = 'sending', attempts = 1, leased_until = %(now)s where intent = 'two'",
            {"now": work.real_now},
        )


def everywhere(superuser: str, marks: tuple[str, ...] = MARKS) -> set[tuple[str, str]]:
    """Tables in which one of the words stands, in text, JSON or bytes, with the word; sequences and catalogues too."""
    found = set()
    with psycopg.connect(superuser, row_factory=tuple_row) as admin:
        tables = admin.execute(
            "select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace"
            " and c.relkind in ('r', 'p', 'm')"
        ).fetchall()
        for (table,) in tables:
            columns = admin.execute(
                "select attname, atttypid = 'bytea'::regtype from pg_attribute where attrelid = %s::regclass"
                " and attnum > 0 and not attisdropped",
                [table],
            ).fetchall()
            for column, is_bytes in columns:
                shown = f"encode({column}, 'escape')" if is_bytes else f"{column}::text"
                for (value,) in admin.execute(f"select lower({shown}) from {table} where {column} is not null"):
                    found |= {(f"{table}.{column}", mark) for mark in marks if mark in value}
    return found


async def erased(http: httpx.AsyncClient, person: UUID) -> Any:
    return await done(await http.post(f"/api/customers/{person}/erase"))


# Erasing -----------------------------------------------------------------------------------------------------


async def test_after_an_erasure_no_table_holds_a_word_of_the_person(
    http: httpx.AsyncClient, database: Database, fresh_database: Connections, tmp_path: Any
) -> None:
    person, _ = await everything_of(http, database, tmp_path)
    before = everywhere(fresh_database.superuser)
    assert {mark for _, mark in before} == set(MARKS), "every word was there to be erased"
    assert {"message_text.body", "case_text.subject", "case_text.fields", "promise_text.text", "promise_text.note"} <= {
        place for place, _ in before
    }
    shown = await erased(http, person)
    assert shown["erased_at"] and shown["name"] is None
    assert everywhere(fresh_database.superuser) == set()


async def test_an_open_case_goes_on_with_its_holder_and_its_promise(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    person, reference = await everything_of(http, database, tmp_path)
    before = await done(await http.get(f"/api/cases/{reference}"))
    await erased(http, person)
    after = await done(await http.get(f"/api/cases/{reference}"))
    assert after["case"]["subject"] == "erased" and after["case"]["fields"] == {}
    assert after["case"]["holder"] == before["case"]["holder"]
    assert (after["promise"]["id"], after["promise"]["due_at"]) == (
        before["promise"]["id"],
        before["promise"]["due_at"],
    )
    assert after["promise"]["text"] == "erased"
    touch = await done(await http.get(f"/api/cases/{reference}/touch"))
    assert touch["subject"] == "erased"
    kept = await http.post(
        f"/api/promises/{after['promise']['id']}/keep", json={"deed": {"kind": "note", "note": "Done"}}
    )
    assert kept.status_code == 200, kept.text
    found = await done(await http.get("/api/cases", params={"q": reference}))
    assert [each["reference"] for each in found["items"]] == [reference]
    assert (await done(await http.get("/api/cases", params={"q": "tortoise"})))["items"] == []


async def test_what_waited_to_be_sent_is_not_sent_and_what_was_on_its_way_is_for_a_person_to_settle(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    person, _ = await everything_of(http, database, tmp_path)
    await erased(http, person)
    async with database.read(system()) as work:
        rows = await work.rows("select state, intent from message where direction = 'out'")
    assert {row["state"] for row in rows if row["intent"] != "two"} == {"cancelled"}
    assert [row["state"] for row in rows if row["intent"] == "two"] == ["uncertain"]


async def test_the_journal_tells_of_the_erasure_and_still_rebuilds_the_cases(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    person, reference = await everything_of(http, database, tmp_path)
    await erased(http, person)
    async with database.read(system()) as work:
        case = await cases.get_case(work, reference)
        rows = await journal.of_case(work, ORGANISATION, case.id)
        rebuilt = None
        for row in rows:
            event = cases.from_facts(row.kind, row.facts)
            if event is not None:
                rebuilt = cases.evolve(rebuilt, event, row.at, organisation_id=ORGANISATION, case_id=case.id)
        assert rebuilt is not None and rebuilt.open_promises == case.open_promises
        kinds = {row["kind"] for row in await work.rows("select kind from journal")}
    assert "case.erased" in {row.kind for row in rows}
    assert {"customer.erased", "messages.erased", "mail.erased"} <= kinds


async def test_what_others_said_and_who_they_are_stays(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    async with database.work(system()) as work:
        theirs = Contacting(channel="phone", text="My fridge is warm", subject="Fridge", **OTHER)
        taken = await intake.take_contact(work, ORGANISATION, theirs)
        await contacts.note(work, ORGANISATION, taken.case.id, "Call Peter before noon")
    person, _ = await everything_of(http, database, tmp_path)
    await erased(http, person)
    async with database.read(system()) as work:
        customer = await customers.get_customer(work, ORGANISATION, taken.customer.id)
        messages = await contacts.messages_of(work, ORGANISATION, taken.case.id)
        text = (await cases.texts_of(work, ORGANISATION, [taken.case.id]))[taken.case.id]
        [blocked] = await mail_store.blocked_in(work, ORGANISATION)
        assert await mail_store.is_blocked(work, ORGANISATION, "zawadi.quartz@example.org"), "blocked, and unnamed"
    assert customer.name == "Peter Otieno" and text.subject == "Fridge"
    assert {"My fridge is warm", "Call Peter before noon"} <= {message.body for message in messages}
    assert blocked.startswith("erased:")


async def test_a_file_that_another_message_has_too_stays_with_it(
    http: httpx.AsyncClient, database: Database, house: House
) -> None:
    async with database.work(system()) as work:
        file = await keep_file(work, ORGANISATION, PICTURE, "image/png")
        shared = (Attached(file, "map.png"),)
        hers = Contacting(channel="email", text="Look", attachments=shared, email="zawadi@example.org")
        his = Contacting(channel="email", text="Look", attachments=shared, email="peter@example.org")
        taken = await intake.take_contact(work, ORGANISATION, hers)
        await intake.take_contact(work, ORGANISATION, his)
    await erased(http, taken.customer.id)
    async with database.read(system()) as work:
        assert await work.value("select count(*) from file") == await work.value("select count(*) from attachment") == 1


async def test_which_phrases_of_the_rules_a_person_said_is_forgotten(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        taken = await intake.take_contact(work, ORGANISATION, Contacting(channel="phone", text="It sparks", **ZAWADI))
        await work.execute('update routing_fact set request = request || \'{"heard": ["spark*"]}\'')
        await intake.erase_person(work, ORGANISATION, taken.customer.id)
        [fact] = await work.rows("select case_id, request from routing_fact")
    assert fact["case_id"] == taken.case.id and fact["request"]["heard"] == []
    assert fact["request"]["channel"] == "phone", "the decision itself can still be judged"


async def test_the_same_person_coming_again_is_somebody_new(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    person, reference = await everything_of(http, database, tmp_path)
    await erased(http, person)
    async with database.work(system()) as work:
        again = await intake.take_contact(work, ORGANISATION, Contacting(channel="phone", text="Hello", **ZAWADI))
    assert again.customer.id != person and again.case.reference != reference and not again.repeat


async def test_erasing_again_erases_what_was_written_since(
    http: httpx.AsyncClient, database: Database, fresh_database: Connections, tmp_path: Any
) -> None:
    person, reference = await everything_of(http, database, tmp_path)
    await erased(http, person)
    await done(await http.post(f"/api/cases/{reference}/notes", json={"text": "It was Zawadi with the walrus"}))
    assert everywhere(fresh_database.superuser) != set()
    await erased(http, person)
    assert everywhere(fresh_database.superuser) == set()


async def test_a_person_merged_from_two_records_is_erased_and_handed_out_whole(
    database: Database, house: House, fresh_database: Connections
) -> None:
    async with database.work(system()) as work:
        one = await intake.take_contact(
            work, ORGANISATION, Contacting(channel="phone", text="walrus", phone="0712345678")
        )
        two = await intake.take_contact(
            work, ORGANISATION, Contacting(channel="email", text="tortoise", email="quartz@example.org", name="Zawadi")
        )
        await customers.merge_customers(work, ORGANISATION, one.customer.id, two.customer.id)
        whole = await intake.export_person(work, ORGANISATION, two.customer.id)
        assert {each["body"] for each in whole["messages"] if each["direction"] == "in"} == {"walrus", "tortoise"}
        assert len(whole["cases"]) == 2
        await intake.erase_person(work, ORGANISATION, two.customer.id)
    assert everywhere(fresh_database.superuser) == set()


# Any words at all ----------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=60)


@given(name=WORDS, subject=WORDS, text=WORDS, note=WORDS, field=WORDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_words_they_were_they_are_gone(
    work_as: Any, name: str, subject: str, text: str, note: str, field: str
) -> None:
    work = await work_as(system(OTHER_ORGANISATION))
    async with work.connection.transaction(force_rollback=True):
        await an_organisation(work, OTHER_ORGANISATION, "NT", "net")
        mark = "⟦mark⟧"
        contacting = Contacting(
            channel="web",
            name=f"{name}{mark}",
            subject=f"{subject}{mark}",
            text=f"{text}{mark}",
            attributes={"field": f"{field}{mark}"},
        )
        taken = await intake.take_contact(work, OTHER_ORGANISATION, contacting)
        await contacts.note(work, OTHER_ORGANISATION, taken.case.id, f"{note}{mark}")
        await work.flush()
        assert mark in await everything_written(work)
        await intake.erase_person(work, OTHER_ORGANISATION, taken.customer.id)
        await work.flush()
        assert mark not in await everything_written(work)


async def everything_written(work: Any) -> str:
    """All text of the organisation's tables, as the application sees it."""
    tables = await work.rows(
        "select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'organisation_id'"
    )
    rows = [await work.rows(f"select t::text as row from {table['name']} t") for table in tables]
    return "\n".join(row["row"] for held in rows for row in held)


# Handing out -----------------------------------------------------------------------------------------------------


async def test_an_export_holds_every_word_of_the_person_and_nothing_of_others(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    async with database.work(system()) as work:
        await intake.take_contact(work, ORGANISATION, Contacting(channel="phone", text="My fridge is warm", **OTHER))
    person, reference = await everything_of(http, database, tmp_path)
    whole = await done(await http.post(f"/api/customers/{person}/export"))
    mails = [base64.b64decode(each["data"]).decode() for each in whole["mail_put_aside"]]
    files = [base64.b64decode(file["data"]) for message in whole["messages"] for file in message["files"]]
    written = (orjson.dumps(whole).decode() + "".join(mails)).lower()
    assert [mark for mark in MARKS if mark not in written] == []
    assert files == [PICTURE] and len(mails) == 1
    assert "peter" not in written and "fridge" not in written
    assert {each["reference"] for each in whole["cases"]} >= {reference}
    [opened] = [each for each in whole["cases"] if each["reference"] == reference]
    assert {each["state"] for each in opened["promises"]} == {"open", "renewed", "withdrawn"}
    assert {each["direction"] for each in whole["messages"]} == {"in", "out", "note"}


async def test_an_export_of_somebody_erased_holds_no_words(
    http: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    person, _ = await everything_of(http, database, tmp_path)
    await erased(http, person)
    whole = await done(await http.post(f"/api/customers/{person}/export"))
    written = orjson.dumps(whole).decode().lower()
    assert [mark for mark in MARKS if mark in written] == []
    assert whole["cases"] and whole["messages"], "what happened is still known"


# Who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "permission"), [("export_person", "customer.export"), ("erase_person", "customer.erase")]
)
async def test_only_who_may_hands_out_or_erases_a_person(work_as: Any, act: str, permission: str) -> None:
    work = await work_as(system())
    known = await customers.recognise(work, ORGANISATION, name="Zawadi", country="KE")
    agent = Actor("person", known.known_as, {ORGANISATION: frozenset({"customer.read", "customer.edit", "case.work"})})
    with pytest.raises(Forbidden):
        await getattr(intake, act)(await work_as(agent), ORGANISATION, known.known_as)
    stranger = Actor("person", known.known_as, {OTHER_ORGANISATION: frozenset({permission})})
    with pytest.raises(NotFound):
        await getattr(intake, act)(await work_as(stranger), ORGANISATION, known.known_as)
    officer = Actor("person", known.known_as, {ORGANISATION: frozenset({permission})})
    await getattr(intake, act)(await work_as(officer), ORGANISATION, known.known_as)
