"""Customers are listed by newest change and searched by the beginnings of words."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ahadi import customers
from ahadi.base.ids import uuid7
from tests.customers.builders import ORGANISATION, a_customer, system


async def test_pages_follow_one_another_by_newest_change_without_gap_or_repeat(work_as: Any, now: datetime) -> None:
    made = []
    for number in range(7):  # in pairs of the same moment
        work = await work_as(system(), at=now + timedelta(minutes=number // 2))
        made.append((await a_customer(work, name=f"Maria {number}")).id)
    seen: list[Any] = []
    after = None
    while page := await customers.find_customers(work, ORGANISATION, text="maria", after=after, limit=3):
        seen += [each.id for each in page]
        after = (page[-1].changed_at, page[-1].id)
    assert seen == made[::-1]
    later = await work_as(system(), at=now + timedelta(hours=1))
    await customers.update_customer(later, ORGANISATION, made[0], place="Nakuru")
    assert (await customers.find_customers(later, ORGANISATION, limit=1))[0].id == made[0], "what changed comes first"


@pytest.mark.parametrize(
    "text",
    [
        "wanj",
        "WANJIKŨ mar",
        "0712 345",
        "712345678",
        "+254712",
        "2345678",
        "maria.w@exam",
        "mariaw",
        "telegram:ma",
        "007",
    ],
)
async def test_a_customer_is_found_by_the_beginning_of_any_word(work_as: Any, text: str) -> None:
    work = await work_as(system())
    made = await a_customer(
        work, name="María Wanjikũ 007", phone="0712 345 678", email="maria.w@example.org", handle="telegram:@maria"
    )
    await a_customer(work, name="Peter Otieno", phone="0733 111 222", email="peter@elsewhere.example")
    assert [each.id for each in await customers.find_customers(work, ORGANISATION, text=text)] == [made.id]


@pytest.mark.parametrize("text", ["aria", "maria otieno", "@", "', :*", "\0", "\ud800", "!" * 5000])
async def test_what_fits_nobody_finds_nobody(work_as: Any, text: str) -> None:
    work = await work_as(system())
    await a_customer(work, name="Maria Wanjiku")
    await a_customer(work, name="Peter Otieno")
    assert await customers.find_customers(work, ORGANISATION, text=text) == []


async def test_many_customers_are_read_by_the_ids_asked_for(work_as: Any) -> None:
    work = await work_as(system())
    kept, merged, third = [await a_customer(work) for _ in range(3)]
    await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    found = await customers.get_customers(work, ORGANISATION, [merged.id, third.id, uuid7()])
    assert {asked: each.id for asked, each in found.items()} == {merged.id: kept.id, third.id: third.id}
    assert await customers.get_customers(work, ORGANISATION, []) == {}
