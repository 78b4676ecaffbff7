"""The cursor misses nothing and repeats nothing, whatever the order of commits."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.platform import journal
from ahadi.platform.database import Actor, Database
from ahadi.platform.journal import Cursor, is_seen
from tests.platform.journals import ORGANISATION, OTHER, writers

WRITERS = 4
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "write", "commit", "rollback"]), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("read"), st.integers(1, 3)),
    ),
    max_size=40,
)


async def read_on(database: Database, cursor: Cursor, limit: int) -> tuple[list[str], Cursor]:
    async with database.read(Actor.system([ORGANISATION])) as work:
        rows, after = await journal.since(work, ORGANISATION, Cursor.parse(str(cursor)), limit)
    return [row.kind for row in rows], after


async def read_all(database: Database, cursor: Cursor, limit: int) -> tuple[list[str], Cursor]:
    seen: list[str] = []
    while True:
        kinds, cursor = await read_on(database, cursor, limit)
        seen += kinds
        if cursor.upto is None:
            return seen, cursor


async def now(database: Database) -> Cursor:
    async with database.read(Actor.system([])) as work:
        return await journal.head(work)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_every_committed_row_is_read_once_however_transactions_interleave(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    pending: dict[int, list[str]] = {}
    committed: list[str] = []
    seen: list[str] = []
    cursor = await now(database)
    async with writers(database, WRITERS) as pens:
        for number, (what, which) in enumerate(steps):
            if what == "write":
                await pens[which].write(f"row.{number}")
                pending.setdefault(which, []).append(f"row.{number}")
            elif what == "commit":
                await pens[which].commit()
                committed += pending.pop(which, [])
            elif what == "rollback":
                await pens[which].rollback()
                pending.pop(which, None)
            else:
                kinds, cursor = await read_on(database, cursor, which)
                seen += kinds
                assert set(seen) <= set(committed)
        last, _ = await read_all(database, cursor, 2)
    assert sorted(seen + last) == sorted(committed)


async def test_a_row_with_a_lower_number_that_commits_later_still_comes(database: Database) -> None:
    cursor = await now(database)
    async with writers(database, 2) as (slow, quick):
        await slow.write("slow")
        await quick.write("quick")
        await quick.commit()
        kinds, cursor = await read_all(database, cursor, 10)
        assert kinds == ["quick"]
        await slow.commit()
        kinds, cursor = await read_all(database, cursor, 10)
        assert kinds == ["slow"]
        assert (await read_all(database, cursor, 10))[0] == []


async def test_a_reader_of_one_organisation_never_sees_another_s_rows(database: Database) -> None:
    cursor = await now(database)
    async with writers(database, 1) as (pen,):
        await pen.write("ours")
        await pen.write("theirs", OTHER)
        await pen.commit()
    assert (await read_all(database, cursor, 10))[0] == ["ours"]


async def test_the_beginning_is_before_everything(database: Database) -> None:
    async with writers(database, 1) as (pen,):
        for number in range(5):
            await pen.write(f"row.{number}")
        await pen.commit()
    async with database.read(Actor.system([ORGANISATION])) as work:
        start = await journal.beginning(work)
    assert (await read_all(database, start, 2))[0] == [f"row.{number}" for number in range(5)]


async def test_a_cursor_from_before_a_restore_is_refused(database: Database) -> None:
    cursor = await now(database)
    with pytest.raises(Invalid, match="restored"):
        await read_on(database, Cursor(cursor.epoch + 1, cursor.seen), 10)


@pytest.mark.parametrize("text", ["", "x", "MXw=", "MXwxOjI6fDE6Mjo", "MXwyOjE6", "MXwxOjI6LTE", "MXwxOjI6JzstLQ"])
def test_a_cursor_that_was_not_made_here_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Cursor.parse(text)


def test_a_snapshot_says_which_transactions_it_saw() -> None:
    assert is_seen(9, "10:15:12,13")
    assert is_seen(11, "10:15:12,13")
    assert not is_seen(12, "10:15:12,13")
    assert not is_seen(15, "10:15:")
