"""`ahadi doctor` on a healthy installation, and on ones where one thing is wrong."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from typer.testing import CliRunner

from ahadi import cases
from ahadi.base.clock import Clock, FixedClock, SystemClock
from ahadi.base.ids import uuid7
from ahadi.cases import Deed, Holder
from ahadi.directory import rota_actions
from ahadi.main import doctor
from ahadi.main.commands import app as command_line
from ahadi.main.doctor_model import Finding, is_healthy
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Database
from ahadi.platform.settings import Settings
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation


@pytest.fixture
def clock() -> FixedClock:
    """Now: the doctor compares our clock with the database server's."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, smtp_url="smtp://127.0.0.1:2525")


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """Two organisations, in which somebody can always be reached; a case of the first has been through a lot."""
    for organisation, prefix, slug in ((OTHER_ORGANISATION, "NT", "net"), (ORGANISATION, "PW", "power")):
        async with database.work(system(organisation)) as work:
            house = await an_organisation(work, organisation, prefix, slug)
            for department in ("care", "network"):
                await rota_actions.put_chain(work, organisation, department, [house.dalila])
            await a_case(work, organisation, holder=Holder(person=house.asha), prefix=prefix)
    async with database.work(system()) as work:
        await worked(work, house)
    yield house


async def worked(work: Any, house: House) -> None:
    """A case that was promised, held by another, renewed, kept, resolved and opened again, with two promises."""
    asha, ben = Holder(person=house.asha), Holder(person=house.ben)
    case = await a_case(work, holder=asha, department_id=house.care, promise=promised(work.now, 4, asha), tags=("a",))
    case, visit = await cases.make_promise(work, case.reference, promised(work.now, 6, asha, kind="visit"))
    case = await cases.hold_case(work, case.reference, ben, house.care)
    case = await cases.keep_promise(work, visit.id, Deed("visit"), "mended", promised(work.now, 20, ben))
    assert case.next_promise
    case = await cases.renew_promise(work, case.next_promise.id, promised(work.now, 9, ben), uuid7(), "late parts")
    case = await cases.resolve_case(work, case.reference, keep={p.id: Deed("note") for p in case.open_promises})
    await cases.reopen_case(work, case.reference, ben, promised(work.now, 5, ben))
    await cases.make_promise(work, case.reference, promised(work.now, 7, ben, kind="callback"))


async def examined(
    database: Database, settings: Settings, *, url: str | None = None, real: Clock | None = None, **more: Any
) -> dict[str, Finding]:
    """What the doctor finds, by check."""
    own = Database(url or database.url, BusinessClock(settings.clock, real or SystemClock()))
    return {each.check: each for each in await doctor.examine(settings, own, **more)}


def states(found: dict[str, Finding]) -> dict[str, str]:
    """Only what is not as it should be."""
    return {check: each.state for check, each in found.items() if each.state != "ok"}


async def test_all_is_well_where_all_is_well(database: Database, settings: Settings, house: House) -> None:
    found = await examined(database, settings)
    assert states(found) == {} and is_healthy(list(found.values()))
    assert found["journal"].sentence == "3 cases and 7 promises are what the journal says."
    assert len(found) == 16


async def test_an_empty_installation_is_healthy(database: Database, settings: Settings) -> None:
    assert states(await examined(database, settings)) == {}


A_CASE: LiteralString = "id = (select id from cases where reference like 'PW%' order by id limit 1)"
WRONG: list[tuple[LiteralString, str, str, str]] = [
    # the journal against the tables
    (f"update cases set priority = 'urgent' where {A_CASE}", "journal", "bad", "(priority)"),
    (f"update cases set held_since = held_since - interval '1 s' where {A_CASE}", "journal", "bad", "(held_since)"),
    ("update promise set level = 3 where kind = 'visit'", "journal", "bad", " level"),
    ("update promise set due_at = due_at + interval '1 s' where kind = 'visit'", "journal", "bad", " due_at"),
    (
        "update cases c set next_promise_id = (select id from promise p where p.case_id = c.id and p.state = 'open'"
        " order by due_at desc limit 1) where reference like 'PW%'",
        "journal",
        "bad",
        "next promise is not the earliest",
    ),
    ("delete from journal where kind = 'promise.renewed'", "journal", "bad", " state"),
    ("delete from journal where kind = 'case.opened'", "journal", "bad", "journal cannot be read"),
    ("delete from journal where case_id is not null", "journal", "bad", "journal is empty"),
    (
        "insert into journal overriding system value select organisation_id, 10000, pg_current_xact_id(), id, at,"
        " recorded_at, kind, gen_random_uuid(), null, actor_kind, null, null, facts from journal"
        " where kind = 'case.opened' limit 1",
        "journal",
        "bad",
        "of case ",
    ),
    # conserved
    (
        "insert into contact (organisation_id, id, channel, direction, customer_id, case_id, started_at)"
        " select organisation_id, gen_random_uuid(), 'web', 'in', id, gen_random_uuid(), made_at from customer limit 1",
        "conserved",
        "bad",
        "1 contacts without a case",
    ),
    (
        "insert into import_row select organisation_id, 'old', '1', gen_random_uuid() from customer limit 1",
        "conserved",
        "bad",
        "1 imported rows without their case",
    ),
    (
        "insert into quarantine (organisation_id, id, why, at) select organisation_id, gen_random_uuid(), 'spam',"
        " made_at from customer limit 1",
        "conserved",
        "attention",
        "1 put aside wait for a person",
    ),
    # acting in another's name
    (
        "update journal set behind_id = gen_random_uuid() where seq = (select min(seq) from journal)",
        "acting",
        "bad",
        "1 rows of the journal name somebody who acted in another's name without leave",
    ),
    # what waits
    (
        "insert into job (id, kind, args, due, dead, made_at) select gen_random_uuid(), 'mail.fetch', '{}', made_at,"
        " true, made_at from customer limit 1",
        "jobs",
        "bad",
        "1 mail.fetch",
    ),
    (
        "insert into job (id, kind, args, due, made_at) select gen_random_uuid(), 'mail.fetch', '{}',"
        " made_at - interval '1 hour', made_at from customer limit 1",
        "jobs",
        "attention",
        "1 jobs are late, the oldest 60 minutes",
    ),
    (
        "insert into mailbox (organisation_id, id, address, settings, failed_since) select organisation_id,"
        " gen_random_uuid(), 'help@power.example', '', made_at - interval '3 hours' from customer limit 1",
        "mail",
        "bad",
        "help@power.example (for 3 hours)",
    ),
    ("delete from on_call where department_id is not null", "coverage", "attention", "nobody can be reached"),
    # the database
    ("create table loose (organisation_id uuid)", "tables", "bad", "does not guard loose"),
    ("alter table cases drop constraint next_is_an_open_promise", "constraints", "bad", "next_is_an_open_promise"),
    (
        "alter table reason add constraint odd check (slug <> 'odd') not valid",
        "constraints",
        "bad",
        "Not in force: reason.odd",
    ),
    (
        "alter function pg_catalog.ts_match_vq(tsvector, tsquery) not leakproof",
        "search",
        "attention",
        "leakproof",
    ),
]


@pytest.mark.parametrize(("sql", "check", "state", "says"), WRONG)
async def test_what_is_wrong_is_told_by_its_check(
    database: Database,
    settings: Settings,
    house: House,
    fresh_database: Any,
    sql: LiteralString,
    check: str,
    state: str,
    says: str,
) -> None:
    with psycopg.connect(fresh_database.superuser, autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")
        superuser.execute(sql)
    found = await examined(database, settings)
    assert (found[check].state, says in found[check].sentence) == (state, True), found[check].sentence
    assert is_healthy(list(found.values())) is (state == "attention")
    assert not [
        each for each, other in states(found).items() if other == "bad" and each != check and check != "promises"
    ]


@pytest.mark.parametrize("state", ["held", "failed", "uncertain", "queued"])
async def test_messages_that_wait_are_counted_with_the_oldest(
    database: Database, settings: Settings, house: House, state: str
) -> None:
    async with database.work(system()) as work:
        for hours in (1, 5):
            await work.execute(
                "insert into message (organisation_id, id, direction, channel, author_kind, at, state)"
                " values (%(o)s, %(id)s, 'out', 'email', 'system', %(at)s, %(state)s)",
                {"o": ORGANISATION, "id": uuid7(), "at": work.now - timedelta(hours=hours), "state": state},
            )
    found = await examined(database, replace(settings, smtp_url=""))
    check = "outbox" if state == "queued" else "messages"
    assert states(found) == {check: "attention"}
    assert "5 hours" in found[check].sentence
    assert (("2 mails wait" if state == "queued" else f"2 {state}") in found[check].sentence) is True


async def test_messages_that_cannot_leave_are_counted_by_channel_each_with_what_is_missing(
    database: Database, settings: Settings, house: House
) -> None:
    async with database.work(system()) as work:
        for channel in ("sms", "sms", "sms", "email"):
            await work.execute(
                "insert into message (organisation_id, id, direction, channel, author_kind, at, state)"
                " values (%(o)s, %(id)s, 'out', %(channel)s, 'system', %(at)s, 'queued')",
                {"o": ORGANISATION, "id": uuid7(), "channel": channel, "at": work.now - timedelta(hours=5)},
            )
    told = (await examined(database, replace(settings, smtp_url="")))["outbox"].sentence
    assert "3 SMS wait, the oldest 5 hours: no gateway is set" in told and "sms-gateway.md" in told
    assert "1 mail waits, the oldest 5 hours: no mail server is set; set AHADI_SMTP_URL" in told
    async with database.work(system()) as work:
        await work.execute(
            "insert into channel_setting (organisation_id, channel, settings, changed_at)"
            " values (%(o)s, 'sms', 'x', %(now)s)",
            {"o": ORGANISATION, "now": work.now},
        )
    told = (await examined(database, settings))["outbox"].sentence
    assert "no gateway" not in told and "AHADI_SMTP_URL" not in told and told.count("a worker runs") == 2


async def test_every_case_is_looked_at_whatever_the_size_of_a_batch(
    database: Database, settings: Settings, house: House
) -> None:
    async with database.work(system()) as work:
        for _ in range(4):
            await a_case(work, holder=Holder(person=house.asha))
    seen: list[tuple[int, int]] = []
    found = await examined(database, settings, batch=2, progress=lambda done, of: seen.append((done, of)))
    assert found["journal"].facts["cases"] == 7
    assert seen[-1] == (7, 7) and seen == sorted(seen)


async def test_a_database_that_lacks_a_migration_is_told_so_and_looked_at_no_further(
    database: Database, settings: Settings, fresh_database: Any
) -> None:
    with psycopg.connect(fresh_database.owner, autocommit=True) as owner:
        owner.execute("delete from migration where name = (select max(name) from migration)")
    found = await examined(database, settings)
    assert states(found) == {"migrations": "bad"} and len(found) == 1
    assert "run `ahadi migrate`" in found["migrations"].sentence


async def test_a_role_that_no_policy_binds_is_told_so(
    database: Database, settings: Settings, fresh_database: Any
) -> None:
    found = await examined(database, settings, url=fresh_database.superuser)
    assert states(found) == {"role": "bad"} and "superuser" in found["role"].sentence


async def test_clocks_that_differ_are_told_apart_from_a_trial_clock_that_is_meant_to(
    database: Database, settings: Settings, clock: FixedClock
) -> None:
    slow = FixedClock(SystemClock().now() - timedelta(seconds=20))
    assert states(await examined(database, settings, real=slow)) == {"clock": "attention"}
    wrong = FixedClock(SystemClock().now() + timedelta(hours=1))
    assert states(await examined(database, settings, real=wrong)) == {"clock": "bad"}
    trial = BusinessClock("manual", SystemClock())
    async with database.connection() as connection:
        await trial.set(connection, clock.now() + timedelta(days=3))
    manual = await examined(database, replace(settings, clock="manual"))
    assert states(manual) == {} and "(manual), 3 days off" in manual["clock"].sentence
    assert states(await examined(database, settings)) == {"clock": "attention"}


async def test_promises_that_nobody_breaks_tell_of_a_watch_that_does_not_run(
    database: Database, settings: Settings, house: House, clock: FixedClock
) -> None:
    async with database.connection() as connection:
        await BusinessClock("manual", SystemClock()).set(connection, clock.now() + timedelta(hours=6, minutes=4))
    found = await examined(database, replace(settings, clock="manual"))
    assert states(found) == {"promises": "attention"}
    assert "3 promises fell due and nobody has broken them, the oldest 2 hours ago" in found["promises"].sentence


async def test_a_disk_that_fills_up_is_told_before_it_is_full(database: Database, settings: Settings) -> None:
    for free, state in ((1 << 30, "attention"), (100 << 20, "bad")):
        found = await examined(database, settings, disk=lambda _, free=free: (1 << 40, 0, free))
        assert states(found) == {"disk": state}


# The command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(fresh_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AHADI_DATABASE_URL", fresh_database.app)
    return lambda *words: CliRunner().invoke(command_line, ["doctor", "--data", str(tmp_path), *words])


def test_the_command_ends_with_0_where_nothing_is_bad(run: Any) -> None:
    done = run()
    assert done.exit_code == 0
    assert [line.split()[1] for line in done.stdout.splitlines()][:3] == ["migrations", "role", "tables"]


def test_the_command_ends_with_1_where_something_is_and_says_what_to_a_program(run: Any, fresh_database: Any) -> None:
    with psycopg.connect(fresh_database.owner, autocommit=True) as owner:
        owner.execute("create table loose (organisation_id uuid)")
        owner.execute("grant select on loose to ahadi_app")
    done = run("--json")
    said = json.loads(done.stdout)
    assert done.exit_code == 1 and said["healthy"] is False
    [bad] = [each for each in said["findings"] if each["state"] == "bad"]
    assert (bad["check"], bad["facts"]) == ("tables", {"unprotected": ["loose"]})


def test_where_there_is_no_ahadi_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHADI_DATABASE_URL", raising=False)
    done = CliRunner().invoke(command_line, ["doctor", "--data", str(tmp_path / "nothing")])
    assert done.exit_code == 1 and not (tmp_path / "nothing").exists()
