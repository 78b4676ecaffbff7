"""What the pages of the desk ask of the database: the same whatever there is to show, in few round trips."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from ahadi import cases, contacts, desk, promises
from ahadi.base.clock import FixedClock
from ahadi.main.wiring import Installation
from ahadi.platform.database import Database
from tests.authorisation.world import session
from tests.screens.builders import NOW, Call, Centre, a_centre, a_morning, contact

MOST_WAITS = {"/cases/{outage}": 10, "/cases?holder=me": 8}
MOST_STATEMENTS = {"/cases/{outage}": 26, "/cases?holder=me": 16}


@dataclass
class Asked:
    """How many statements were sent, and how often somebody waited for what had been sent until then."""

    statements: int = 0
    waits: int = 0
    unanswered: bool = False


_watching: ContextVar[Asked | None] = ContextVar("watching", default=None)  # not what runs in the background


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """What is asked while the block runs."""
    asked = Asked()
    execute = psycopg.AsyncCursor.execute

    async def executed(self: Any, *args: Any, **options: Any) -> Any:
        found = await execute(self, *args, **options)
        if counted := _watching.get():
            counted.statements += 1
            counted.unanswered = True
        return found

    def fetched(fetch: Any) -> Any:
        async def fetching(self: Any, *args: Any) -> Any:
            rows = await fetch(self, *args)
            if counted := _watching.get():
                counted.waits += counted.unanswered
                counted.unanswered = False
            return rows

        return fetching

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", executed)
        for name in ("fetchone", "fetchall"):
            patch.setattr(psycopg.AsyncCursor, name, fetched(getattr(psycopg.AsyncCursor, name)))
        mark = _watching.set(asked)
        yield asked
        _watching.reset(mark)


@pytest.fixture
async def centre(installation: Installation, app: Any, clock: FixedClock) -> Centre:
    clock.set(NOW)
    return await a_morning(installation.database, clock, await a_centre(installation.database))


async def much_more(database: Database, clock: FixedClock, centre: Centre) -> None:
    """The case has a long story, its customer other cases, and a double; who looks at it holds and promised a lot."""
    amina, reference = str(centre.people["amina"]), centre.cases["outage"]
    async with database.work(centre.actor("amina")) as work:
        await promises.hold_case(work, reference, amina, None)
        case = await cases.get_case(work, reference)
        for number in range(12):
            await contacts.note(work, case.organisation_id, case.id, f"Note {number}")
            await cases.reply_to_customer(work, reference, f"We look into it, {number}.")
            due = NOW + timedelta(hours=2 + number)
            await promises.make_promise(work, reference, "update", due, f"We tell you more, {number}.", amina)
        await desk.keep_draft(work, case, "reply", "The crew is")
    for number in range(6):
        call = Call(90, f"more {number}", "power", "email", "Neema Mwende", f"neema.mwende{number}@mail.example",
                    "bill", f"Another matter, {number}", "It is about something else.")  # fmt: skip
        taken = await contact(database, centre, call)
        async with database.work(centre.actor("amina")) as work:
            await promises.hold_case(work, taken.case.reference, amina, None)
    clock.set(NOW + timedelta(minutes=1))


@pytest.mark.parametrize("address", MOST_WAITS)
async def test_a_page_asks_as_much_of_a_long_story_as_of_a_short_one(
    client: httpx.AsyncClient,
    app: Any,
    installation: Installation,
    centre: Centre,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    amina, page = await session(app, "amina"), address.format(outage=centre.cases["outage"])

    async def look() -> tuple[Asked, str]:
        for _ in range(2):  # so that the directory is known, and no statement is new
            with watched(monkeypatch) as asked:
                answer = await client.get(page, headers=amina)
            assert answer.status_code == 200, answer.text
        return asked, answer.text

    short, brief = await look()
    await much_more(installation.database, clock, centre)
    long, full = await look()
    assert len(full) > len(brief) + 5_000
    assert long.statements <= MOST_STATEMENTS[address]
    assert long.waits <= MOST_WAITS[address]
    assert abs(long.statements - short.statements) <= 2, "what was empty before is looked at: no more than that"
