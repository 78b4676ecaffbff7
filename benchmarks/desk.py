"""The desk under work: fifty people with their sessions and streams open, moving from page to page while contacts come
in.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from ahadi.base.clock import SystemClock
from ahadi.base.ids import uuid7
from ahadi.platform.database.embedded import EmbeddedServer
from ahadi.platform.security import hash_secret, new_secret
from benchmarks.live import Listeners
from benchmarks.load import Server
from benchmarks.prepare import Prepared
from benchmarks.record import intake

PEOPLE = 50
HELD = 40  # cases that each of them holds
_PERSON = "bench-desk-"


@dataclass(frozen=True, slots=True)
class Staffed:
    """Files for the load: a Cookie header a person, and the paths of cases that are held."""

    cookies: Path
    cases: Path

    def everybody(self) -> list[str]:
        return self.cookies.read_text().split("\n")[:-1]


def staffed(ours: Prepared) -> Staffed:
    """Fifty agents who are signed in and hold cases, in an installation that has its cases already."""
    made = Staffed(ours.data.with_suffix(".cookies"), ours.data.with_suffix(".held"))
    with EmbeddedServer(ours.data) as addresses, psycopg.connect(addresses.superuser, autocommit=True) as connection:
        row = connection.execute("select id from organisation where slug = 'bench'").fetchone()
        desk = connection.execute("select id from department where slug = 'desk'").fetchone()
        assert row is not None
        assert desk is not None
        known = connection.execute("select id from person where slug like %s order by slug", (f"{_PERSON}%",))
        people = [each for (each,) in known.fetchall()] or _hire(connection, row[0], desk[0])
        made.cookies.write_text("".join(f"ahadi={_sign_in(connection, each)}\n" for each in people))
        found = connection.execute(
            "select reference from cases where holder_person = any(%s) and state = 'open'", (people,)
        )
        made.cases.write_text("".join(f"/cases/{reference}\n" for (reference,) in found))
    return made


def _hire(connection: psycopg.Connection[tuple[object, ...]], organisation: UUID, desk: UUID) -> list[UUID]:
    """Fifty agents of the service desk, each with cases and their promises; the others are the department's."""
    people = [uuid7() for _ in range(PEOPLE)]
    with connection.transaction():
        for number, person in enumerate(people):
            values = {"org": organisation, "desk": desk, "id": person, "shift": uuid7(), "now": SystemClock().now()}
            values |= {"slug": f"{_PERSON}{number:02}", "name": f"Agent {number:02}", "at": f"a{number}@bench.example"}
            for statement in (
                "insert into person (id, slug, name, email, presence, made_at)"
                " values (%(id)s, %(slug)s, %(name)s, %(at)s, 'available', %(now)s)",
                "insert into membership (organisation_id, person_id, roles, languages)"
                " values (%(org)s, %(id)s, '{agent}', '{en}')",
                "insert into department_member (organisation_id, department_id, person_id)"
                " values (%(org)s, %(desk)s, %(id)s)",
                "insert into shift_pattern (organisation_id, id, person_id, hours)"
                " values (%(org)s, %(shift)s, %(id)s, '24/7')",
            ):
                connection.execute(statement, values)
        connection.execute("set local session_replication_role = replica")
        held = {"people": people, "desk": desk, "each": HELD, "all": HELD * PEOPLE}
        connection.execute(
            "create temp table held on commit drop as select c.organisation_id, c.id, (%(people)s::uuid[])[1 + (n - 1)"
            " / %(each)s] as person from (select organisation_id, id, row_number() over (order by hashtext(reference))"
            "::integer as n from cases where state = 'open') c where n <= %(all)s",
            held,
        )
        connection.execute(
            "update cases c set holder_person = h.person, holder_department = case when h.person is null then"
            " %(desk)s::uuid end from cases o left join held h using (organisation_id, id) where o.id = c.id"
            " and o.organisation_id = c.organisation_id and c.state = 'open'",
            held,
        )
        connection.execute(
            "update promise p set owner_person = c.holder_person, owner_department = c.holder_department from cases c"
            " where c.organisation_id = p.organisation_id and c.id = p.case_id and p.state = 'open'"
        )
        connection.execute("update organisation set version = version + 1")
    connection.execute("vacuum analyze")
    return people


def _sign_in(connection: psycopg.Connection[tuple[object, ...]], person: UUID) -> str:
    """A session, as signing in makes one; its secret."""
    secret, now = new_secret("ahs"), SystemClock().now()
    connection.execute(
        "insert into session (id, hash, person_id, made_at, seen_at, expires_at)"
        " values (%(id)s, %(hash)s, %(person)s, %(now)s, %(now)s, %(ends)s)",
        {"id": uuid7(), "hash": hash_secret(secret), "person": person, "now": now, "ends": now + timedelta(hours=12)},
    )
    return secret


@contextmanager
def at_work(server: Server, ours: Prepared, people: Staffed) -> Iterator[None]:
    """Meanwhile everybody's page listens, one of them moves to another page each second, and each second a contact
    comes in, of which every listener hears."""
    ends = threading.Event()
    problems: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_work(server, ours, people, ends))
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(3)
    try:
        yield
    finally:
        ends.set()
        thread.join(60)
    if problems:
        raise RuntimeError("Those at work were stopped.") from problems[0]


async def _work(server: Server, ours: Prepared, people: Staffed, ends: threading.Event) -> None:
    cookies, cases = people.everybody(), people.cases.read_text().split()
    listening = [Listeners() for _ in cookies]
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        try:
            for cookie, each in zip(cookies, listening, strict=True):
                await each.open(f"{server.url}/live", {"Cookie": cookie}, 1)
            number = 0
            while not ends.is_set():
                number += 1
                body = intake(f"d{time.time_ns()}")
                (await client.post("/api/contacts", json=body, headers=ours.headers)).raise_for_status()
                cookie = cookies[number % len(cookies)]
                path = cases[number % len(cases)]
                (await client.get(path, headers={"Cookie": cookie})).raise_for_status()
                await asyncio.sleep(1)
        finally:
            for each in listening:
                each.close()
