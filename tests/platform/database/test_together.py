"""Questions that do not wait for each other are asked together, over one connection."""

import asyncio

import pytest
from psycopg.errors import UndefinedTable

from ahadi.base.errors import NotFound
from ahadi.platform.database import Actor, Database, Together, Work


async def number(work: Work, wanted: int) -> int:
    found: int = await work.value("select %(wanted)s::int", {"wanted": wanted})
    return found


async def test_each_question_has_its_own_answer(database: Database) -> None:
    async with database.read(Actor.system([])) as work, Together() as asked:
        answers = [asked.ask(number(work, each)) for each in range(20)]
    assert [each.result() for each in answers] == list(range(20))


async def test_what_is_asked_is_sent_before_the_first_answer_is_waited_for(database: Database) -> None:
    happened: list[str] = []

    async def noted(work: Work) -> None:
        cursor = await work.execute("select 1")
        happened.append("sent")
        await cursor.fetchone()
        happened.append("answered")

    async with database.read(Actor.system([])) as work, Together() as asked:
        for _ in range(3):
            asked.ask(noted(work))
    assert happened == ["sent"] * 3 + ["answered"] * 3


async def test_the_first_problem_is_raised_once_all_have_ended(database: Database) -> None:
    ended: list[str] = []

    async def missing() -> None:
        raise NotFound("There is nothing here.")

    async def slow(work: Work) -> None:
        await number(work, 1)
        await asyncio.sleep(0)
        ended.append("slow")

    async with database.read(Actor.system([])) as work:
        with pytest.raises(NotFound):
            async with Together() as asked:
                asked.ask(missing())
                asked.ask(slow(work))
        assert ended == ["slow"]
        assert await number(work, 7) == 7, "the connection goes on"


async def test_what_failed_is_told_and_not_what_was_passed_over_for_it(database: Database) -> None:
    with pytest.raises(UndefinedTable):
        async with database.read(Actor.system([])) as work, Together() as asked:
            asked.ask(number(work, 1))
            asked.ask(work.rows("select from nowhere_at_all"))
            asked.ask(number(work, 2))


async def test_a_problem_of_whoever_asks_goes_before_those_of_the_questions(database: Database) -> None:
    async def missing() -> None:
        raise NotFound("There is nothing here.")

    with pytest.raises(KeyError):
        async with Together() as asked:
            asked.ask(missing())
            raise KeyError("mine")
