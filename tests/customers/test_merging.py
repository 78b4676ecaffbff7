"""Likely duplicates are suggested; merged customers are one person; un-merged ones are as if they had never been."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from ahadi import customers
from ahadi.base.errors import Conflict, NotFound
from ahadi.base.ids import uuid7
from ahadi.customers import Merge, merge_customers, suggest_duplicates, unmerge_customers
from ahadi.customers.model import groups
from ahadi.platform.database import Work, set_organisations
from tests.customers.builders import ORGANISATION, a_contact, a_customer, system


@pytest.fixture
async def work(work_as: Any) -> AsyncIterator[Work]:
    yield await work_as(system())


async def under(work: Work, ids: list[UUID]) -> dict[UUID, UUID]:
    found = await customers.get_customers(work, ORGANISATION, ids)
    return {each: found[each].id for each in ids}


async def test_two_merged_customers_are_one_person_and_lose_nothing(work: Work) -> None:
    kept = await a_customer(work, name="Maria", phone="0712 345 678")
    merged = await a_customer(work, name="M. Wanjiku", email="maria@example.org", language="sw")
    await merge_customers(work, ORGANISATION, kept.id, merged.id)
    whole = await customers.get_customer(work, ORGANISATION, merged.id)
    assert whole.ids == (kept.id, merged.id)
    assert (whole.id, whole.name, whole.language) == (kept.id, "Maria", "sw"), "what one does not say the other does"
    assert {each.kind for each in whole.identities} == {"phone", "email"}
    assert await customers.same_person(work, ORGANISATION, merged.id) == [kept.id, merged.id]
    assert [each.id for each in await customers.find_customers(work, ORGANISATION, text="wanjiku 0712")] == [kept.id]
    assert [each.id for each in await customers.find_customers(work, ORGANISATION)] == [kept.id]


async def test_undoing_a_merge_gives_both_back_as_they_were(work: Work) -> None:
    kept = await a_customer(work, name="Maria", phone="0712 345 678")
    merged = await a_customer(work, name="M. Wanjiku", email="maria@example.org")
    made = await merge_customers(work, ORGANISATION, kept.id, merged.id)
    await unmerge_customers(work, ORGANISATION, made.id)
    assert await customers.get_customer(work, ORGANISATION, kept.id) == kept
    assert await customers.get_customer(work, ORGANISATION, merged.id) == merged
    assert await customers.merges_of(work, ORGANISATION, kept.id) == []
    assert [each.id for each in await customers.find_customers(work, ORGANISATION, text="wanjiku")] == [merged.id]
    with pytest.raises(Conflict, match="undone already"):
        await unmerge_customers(work, ORGANISATION, made.id)
    again = await merge_customers(work, ORGANISATION, merged.id, kept.id)
    assert (again.kept_id, again.merged_id) == (merged.id, kept.id)


async def test_a_person_cannot_be_merged_with_themselves_or_with_nobody(work: Work) -> None:
    one, other, third = [(await a_customer(work)).id for _ in range(3)]
    await merge_customers(work, ORGANISATION, one, other)
    await merge_customers(work, ORGANISATION, other, third)
    for pair in ((one, one), (other, one), (third, one)):
        with pytest.raises(Conflict, match="one person already"):
            await merge_customers(work, ORGANISATION, *pair)
    with pytest.raises(NotFound):
        await merge_customers(work, ORGANISATION, one, uuid7())
    with pytest.raises(NotFound):
        await unmerge_customers(work, ORGANISATION, uuid7())


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Merges of five customers and undoings of earlier merges, in any order."""
    steps = st.tuples(st.sampled_from(["merge", "merge", "undo"]), st.integers(0, 4), st.integers(0, 4))
    return draw(st.lists(steps, max_size=14))


MOMENT = datetime(2026, 11, 24, tzinfo=UTC)


def told(ids: list[UUID], story: list[tuple[str, int, int]]) -> list[Merge]:
    """The merges of a story; those that would merge a person with itself are refused, as the action does."""
    merges: list[Merge] = []
    for number, (what, one, other) in enumerate(story):
        now = MOMENT + timedelta(minutes=number)
        if what == "merge":
            held = groups(ids, merges)
            if held[ids[one]] != held[ids[other]]:
                merges.append(Merge(uuid7(), ids[one], ids[other], now))
        elif merges:
            which = (one * 5 + other) % len(merges)
            merges[which] = Merge(
                merges[which].id, merges[which].kept_id, merges[which].merged_id, merges[which].at, now
            )
    return merges


@settings(deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_groups_follow_from_the_merges_in_force_alone(story: list[tuple[str, int, int]], random: Any) -> None:
    ids = [uuid7() for _ in range(5)]
    merges = told(ids, story)
    held = groups(ids, merges)
    in_force = [each for each in merges if each.undone_at is None]
    random.shuffle(merges)
    assert groups(ids, in_force) == groups(ids, merges) == held, "undone merges and the order of rows leave no trace"
    assert all(held[top] == top for top in held.values())
    for merge in in_force:
        assert held[merge.kept_id] == held[merge.merged_id]
    # Nobody is together whom no chain of merges joins.
    joined = {each: {each} for each in ids}
    for merge in in_force:
        both = joined[merge.kept_id] | joined[merge.merged_id]
        joined.update(dict.fromkeys(both, both))
    assert all((held[a] == held[b]) == (b in joined[a]) for a in ids for b in ids)


@settings(max_examples=40, deadline=None)
@given(story=stories())
async def test_a_chain_of_merges_undone_in_any_order_comes_out_right(server: Any, story: Any) -> None:
    """The tables agree with the pure rule after every step, and end as if the undone merges had never been."""
    async with (
        await AsyncConnection.connect(server.app, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        await set_organisations(connection, [ORGANISATION])
        work = Work(connection, system(), MOMENT, MOMENT)
        before = [await a_customer(work, name=f"Person {number}") for number in range(5)]
        ids = [each.id for each in before]
        merges: list[Merge] = []
        for number, (what, one, other) in enumerate(story):
            work.now = MOMENT + timedelta(minutes=number)
            if what == "merge":
                try:
                    merges.append(await merge_customers(work, ORGANISATION, ids[one], ids[other]))
                except Conflict:
                    assert groups(ids, merges)[ids[one]] == groups(ids, merges)[ids[other]]
            elif open_ones := [each for each in merges if each.undone_at is None]:
                chosen = open_ones[(one * 5 + other) % len(open_ones)]
                merges[merges.index(chosen)] = await unmerge_customers(work, ORGANISATION, chosen.id)
            assert await under(work, ids) == groups(ids, merges)
        for each in [each for each in merges if each.undone_at is None]:
            await unmerge_customers(work, ORGANISATION, each.id)
        after = await customers.get_customers(work, ORGANISATION, ids)
        assert [after[each].records[0].id for each in ids] == ids
        folded = await work.rows("select id, folded from customer order by id")
        assert [row["folded"] for row in folded] == [f"person {number}" for number in range(5)]


async def test_duplicates_are_suggested_likeliest_first_with_reasons(work: Work) -> None:
    maria = await a_customer(work, name="Maria Wanjiku", phone="0712 345 678", email="maria.wanjiku@example.org")
    number = await a_customer(work, phone="+255 712 345 678", name="Maria")
    mailbox = await a_customer(work, email="mariawanjiku+shop@example.org", name="Wanjiku Maria")
    await a_customer(work, name="Maria Otieno", phone="0733 111 222")
    found = await suggest_duplicates(work, ORGANISATION, maria.id)
    assert [each.customer.id for each in found] == [mailbox.id, number.id]
    assert [reason.code for reason in found[0].reasons] == ["same-mailbox", "same-name"]
    assert all(reason.words for each in found for reason in each.reasons)


async def test_what_was_merged_or_told_apart_is_not_suggested(work: Work) -> None:
    maria = await a_customer(work, phone="0712 345 678")
    peter = await a_customer(work, email="peter@example.org")
    await a_contact(work, phone="0712 345 678", email="peter@example.org")
    [found] = await suggest_duplicates(work, ORGANISATION, peter.id)
    assert (found.customer.id, [each.code for each in found.reasons]) == (maria.id, ["one-contact"])
    await customers.dismiss_duplicate(work, ORGANISATION, maria.id, peter.id)
    assert await suggest_duplicates(work, ORGANISATION, peter.id) == []
    assert await customers.noticed_duplicates(work, ORGANISATION) == []
    await a_contact(work, phone="0712 345 678", email="peter@example.org")
    assert await customers.noticed_duplicates(work, ORGANISATION) == [], "told apart once is told apart"
    made = await merge_customers(work, ORGANISATION, maria.id, peter.id)
    assert await suggest_duplicates(work, ORGANISATION, maria.id) == []
    with pytest.raises(Conflict):
        await customers.dismiss_duplicate(work, ORGANISATION, maria.id, peter.id)
    await unmerge_customers(work, ORGANISATION, made.id)
