"""How long words are kept: what has had its time goes, in small batches; what happened stays, and what is open."""

from datetime import timedelta
from uuid import UUID

import pytest

from ahadi import cases, intake
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden, Invalid
from ahadi.contacts import Attached
from ahadi.intake import Contacting, retention
from ahadi.platform import journal
from ahadi.platform.database import Actor, Database
from ahadi.platform.files import keep_file
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House, an_organisation

FOR_EVER: dict[str, int | None] = dict.fromkeys(retention.WHATS)


@pytest.fixture(autouse=True)
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def a_case(database: Database, number: int = 1, *, resolved: bool = True) -> UUID:
    """A case with a message and a file, resolved now where it is not left open."""
    async with database.work(system()) as work:
        file_id = await keep_file(work, ORGANISATION, f"picture {number}".encode(), "image/png")
        contacting = Contacting(
            channel="email",
            text="The marmalade sparks",
            subject=f"Marmalade {number}",
            email=f"n{number}@example.org",
            attachments=(Attached(file_id, "meter.png"),),
        )
        case = (await intake.take_contact(work, ORGANISATION, contacting)).case
        if resolved:
            withdrawn = {each.id: "done" for each in case.open_promises}
            await cases.resolve_case(work, case.id, withdraw=withdrawn)
    return case.id


async def choose(database: Database, **days: int | None) -> None:
    async with database.work(system()) as work:
        await retention.change_retention(work, ORGANISATION, FOR_EVER | days)


async def all_let_go(database: Database) -> None:
    while await retention.let_go(database, [ORGANISATION]):
        pass


async def left(database: Database) -> dict[str, int]:
    async with database.read(system()) as work:
        return {
            "files": await work.value("select count(*) from file"),
            "messages": await work.value(
                "select count(*) from message_text t join message m on m.id = t.message_id"
                " where t.body <> '' and m.direction = 'in'"
            ),
            "cases": await work.value("select count(*) from case_text where subject <> 'erased'"),
        }


async def test_each_kind_of_words_goes_after_its_own_days(database: Database, clock: FixedClock) -> None:
    await a_case(database)
    await choose(database, attachments=10, messages=20, cases=30)
    for days, files, messages, texts in ((9, 1, 1, 1), (2, 0, 1, 1), (10, 0, 0, 1), (10, 0, 0, 0)):
        clock.advance(timedelta(days=days))
        await all_let_go(database)
        assert await left(database) == {"files": files, "messages": messages, "cases": texts}


async def test_an_open_case_keeps_everything_and_so_does_who_chose_for_ever(
    database: Database, clock: FixedClock
) -> None:
    await a_case(database, 1, resolved=False)
    await choose(database, attachments=1, messages=1, cases=1)
    clock.advance(timedelta(days=400))
    await all_let_go(database)
    assert await left(database) == {"files": 1, "messages": 1, "cases": 1}
    await a_case(database, 2)
    await choose(database)
    clock.advance(timedelta(days=400))
    await all_let_go(database)
    assert (await left(database))["cases"] == 2


async def test_the_count_before_is_what_goes_and_nothing_goes_by_counting(
    database: Database, clock: FixedClock
) -> None:
    for number in range(3):
        await a_case(database, number)
    clock.advance(timedelta(days=5))
    await a_case(database, 9)
    wanted = FOR_EVER | {"attachments": 4, "messages": 4, "cases": 4}
    async with database.read(system()) as work:
        counted = await retention.would_go(work, ORGANISATION, wanted)
        assert await retention.would_go(work, ORGANISATION, FOR_EVER) == dict.fromkeys(retention.WHATS, 0)
    assert (counted["attachments"], counted["cases"], counted["mail"]) == (3, 3, 0)
    before = await left(database)
    assert before == {"files": 4, "messages": 4, "cases": 4}
    await choose(database, **wanted)
    await all_let_go(database)
    assert await left(database) == {"files": 1, "messages": 1, "cases": 1}


async def test_small_batches_come_to_the_end_and_are_journalled_without_words(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    for number in range(5):
        await a_case(database, number)
    await choose(database, cases=1)
    clock.advance(timedelta(days=2))
    assert await retention.let_go(database, [ORGANISATION]) == 2, "a batch at a time"
    await all_let_go(database)
    assert (await left(database))["cases"] == 0
    async with database.read(system()) as work:
        rows, _next = await journal.since(work, ORGANISATION, await journal.beginning(work), 1_000)
    applied = [each.facts for each in rows if each.kind == "retention.applied"]
    assert [each["count"] for each in applied] == [2, 2, 1]
    assert "Marmalade" not in str([each.facts for each in rows])


async def test_only_who_may_change_settings_chooses_and_only_what_makes_sense(database: Database) -> None:
    agent = Actor("person", UUID(int=5), {ORGANISATION: frozenset({"case.work"})})
    async with database.work(agent) as work:
        with pytest.raises(Forbidden):
            await retention.change_retention(work, ORGANISATION, {"cases": 5})
    async with database.work(system()) as work:
        for wrong in ({"cases": 0}, {"cases": 40_000}, {"promises": 5}):
            with pytest.raises(Invalid):
                await retention.change_retention(work, ORGANISATION, wrong)
