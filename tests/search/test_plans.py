"""Among many messages and cases a search reads indexes, and finds what reading everything would."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ahadi import contacts
from ahadi.base.clock import FixedClock
from ahadi.cases import CaseSearch, find_cases
from ahadi.platform.clock import BusinessClock
from ahadi.platform.database import Database
from ahadi.platform.database.embedded import Connections
from tests.cases.builders import ORGANISATION, system
from tests.conftest import copied
from tests.customers.test_plans import explained, nodes

OTHER = UUID(int=77)
CASES, EACH = 4_000, 5
# Of the words of a message: `often` stands in every other one, `usual` in one of a hundred, `seldom1`… in one of 2,000,
# `once17` in the seventeenth alone, and no two begin alike except the many `rare…`, of which each message holds one.
SAYS = """
    concat_ws(' ', 'said', case when mod(n, 2) = 0 then 'often' end, case when mod(n, 100) = 3 then 'usual' end,
        case when mod(n, 400) = 3 then 'together' end, 'seldom' || mod(n, 2000), 'once' || n,
        'rare' || md5(n::text))"""
FILL = f"""
set session_replication_role = replica;
insert into cases (organisation_id, id, reference, customer_id, state, holder_department, held_since, channel, language,
        opened_at, changed_at, next_promise_id)
    select o.id, lpad(to_hex(c), 32, '0')::uuid, 'CC-' || o.id || c, o.id, 'open', o.id, at, 'web', 'en', at, at,
        lpad(to_hex(c), 32, '0')::uuid
    from unnest(%(organisations)s::uuid[]) o (id), generate_series(1, {CASES}) c,
        lateral (select timestamptz '2026-01-01' + c * interval '10 minutes' as at) a;
insert into case_text (organisation_id, case_id, subject, folded)
    select o.id, lpad(to_hex(n), 32, '0')::uuid, 'subject', {SAYS}
    from unnest(%(organisations)s::uuid[]) o (id), generate_series(1, {CASES}) n;
insert into promise (organisation_id, id, case_id, kind, state, owner_department, due_at, made_at)
    select organisation_id, id, id, 'update', 'open', organisation_id, changed_at, changed_at from cases;
insert into message (organisation_id, id, case_id, direction, channel, author_kind, at, state)
    select o.id, lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex((n + {EACH} - 1) / {EACH}), 32, '0')::uuid, 'note', 'web',
        'system', timestamptz '2026-01-01' + n * interval '2 minutes', 'noted'
    from unnest(%(organisations)s::uuid[]) o (id), generate_series(1, {CASES * EACH}) n;
insert into message_text (organisation_id, message_id, body) select organisation_id, id, 'body' from message;
insert into message_words (organisation_id, message_id, at, words)
    select m.organisation_id, m.id, m.at, array_to_tsvector(string_to_array({SAYS} || ' ' || o.id, ' '))
    from unnest(%(organisations)s::uuid[]) o (id), generate_series(1, {CASES * EACH}) n, message m
    where m.organisation_id = o.id and m.id = lpad(to_hex(n), 32, '0')::uuid order by n;
"""


@pytest.fixture(scope="module")
def filled(server: Connections, template: str) -> Iterator[Connections]:
    """One database for all these tests, which only read."""
    with copied(server, template) as urls:
        with psycopg.connect(urls.superuser, autocommit=True, cursor_factory=psycopg.ClientCursor) as admin:
            admin.execute(FILL, {"organisations": [ORGANISATION, OTHER]})
            for table in ("cases", "case_text", "promise", "message", "message_text", "message_words"):
                admin.execute(f"vacuum analyze {table}")
        yield urls


@pytest.fixture
async def many(filled: Connections, clock: FixedClock) -> AsyncIterator[Database]:
    opened = Database(filled.app, BusinessClock("system", clock), connections=1)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


def read_by(plans: list[dict[str, Any]]) -> set[str]:
    """The indexes that these plans read."""
    return {node["Index Name"] for plan in plans for node in nodes(plan) if "Index Name" in node}


async def newest(many: Database, *groups: list[str], limit: int = 20) -> tuple[list[int], bool, set[str]]:
    """The numbers of the messages that are found, whether there may be more, and the indexes that were read."""
    async with many.work(system()) as work:
        plans = explained(work)
        found = await contacts.find_messages(work, ORGANISATION, groups, limit)
    about_words = [plan for plan in plans if any(n.get("Relation Name") == "message_words" for n in nodes(plan))]
    return [each.message_id.int for each in found.newest], found.more, read_by(about_words[1:])


def last_of_each_case(numbers: range | list[int], limit: int = 20) -> list[int]:
    """Of messages by number, newest first, the first of each case, as far as one looks."""
    seen: dict[int, int] = {}
    for number in sorted(numbers, reverse=True)[: limit * 4]:
        seen.setdefault((number + EACH - 1) // EACH, number)
    return list(seen.values())[:limit]


async def test_frequent_words_are_found_along_the_newest_messages(many: Database) -> None:
    found, more, read = await newest(many, ["often"])
    assert found == last_of_each_case(range(2, CASES * EACH + 1, 2)) and more
    assert "message_words_newest" in read and "message_words_found" not in read
    found, more, _ = await newest(many, ["rar"], ["sai"])
    assert found == last_of_each_case(range(1, CASES * EACH + 1)) and more


async def test_usual_words_are_found_by_their_index_among_those_of_the_last_while(many: Database) -> None:
    found, more, read = await newest(many, ["usu", "nothing"], limit=5)
    assert found == last_of_each_case(range(3, CASES * EACH + 1, 100), 5) and more
    assert {"message_words_found", "message_words_when"} <= read


async def test_rare_words_are_found_by_their_index_however_old(many: Database) -> None:
    found, more, read = await newest(many, ["seldom17"], ["often", "said"])
    wanted = [n for n in range(1, CASES * EACH + 1) if f"seldom{n % 2000}".startswith("seldom17")]
    assert (found, more) == (last_of_each_case(wanted), True)
    found, more, read = await newest(many, ["once17"], ["seldom17"], limit=300)
    assert sorted(found, reverse=True) == found and found[-1] == 17 and not more
    assert "message_words_found" in read
    assert (await newest(many, ["once19999"], ["usual"]))[:2] == ([], False)


async def test_words_that_never_go_together_are_found_nowhere(many: Database) -> None:
    assert (await newest(many, ["often"], ["usual"]))[:2] == ([], False)


@pytest.mark.parametrize(("word", "every", "first"), [("often", 2, 2), ("usual", 100, 3), ("seldom33", 2_000, 33)])
async def test_subjects_are_found_as_they_would_be_by_reading_all(
    many: Database, word: str, every: int, first: int
) -> None:
    wanted = CaseSearch(words=[[word]], state="open", limit=30)
    async with many.work(system()) as work:
        plans = explained(work)
        found = await find_cases(work, ORGANISATION, wanted)
    numbers = sorted(range(first, CASES + 1, every), reverse=True)
    if word == "seldom33":
        numbers = sorted((n for n in range(1, CASES + 1) if str(n % 2000).startswith("33")), reverse=True)
    assert [row["id"].int for row in found] == numbers[:30]
    assert ("case_words" in read_by(plans[-1:])) == (word != "often")


async def test_what_falls_due_is_read_by_what_falls_due(many: Database) -> None:
    async with many.work(system()) as work:
        plans = explained(work)
        wanted = CaseSearch(state="open", due_before=datetime(2026, 1, 1, 0, 45, tzinfo=UTC))
        assert len(await find_cases(work, ORGANISATION, wanted)) == 4
    assert "promise_due" in read_by(plans)


async def test_who_opened_lately_is_found_without_passing_over_all_that_changed_before(many: Database) -> None:
    since = datetime(2026, 1, 28, tzinfo=UTC)
    async with many.work(system()) as work:
        plans = explained(work)
        found = await find_cases(work, ORGANISATION, CaseSearch(opened_since=since, state="open"))
    assert found and min(row["opened_at"] for row in found) >= since
    conditions = [node["Index Cond"] for node in nodes(plans[-1]) if node.get("Index Name", "").startswith("cases_")]
    assert any("changed_at >=" in each for each in conditions)
