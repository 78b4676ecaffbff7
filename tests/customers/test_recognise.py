"""Who contacts us: found by phone, e-mail or handle, or made."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from ahadi import customers
from ahadi.base.errors import Invalid, NotFound
from ahadi.customers import recognise
from ahadi.platform.database import Database, Work
from tests.customers.builders import ORGANISATION, OTHER, a_contact, somebody, system


@pytest.fixture
async def work(work_as: Any) -> AsyncIterator[Work]:
    yield await work_as(system())


async def kinds(work: Work) -> list[str]:
    return [row["kind"] for row in await work.rows("select kind from journal order by seq")]


def count_statements(work: Work) -> list[object]:
    """A list that grows with every statement sent."""
    sent: list[object] = []

    class Counting(psycopg.AsyncCursor[Any]):
        async def execute(self, query: Any, *args: Any, **kwargs: Any) -> "Counting":
            sent.append(query)
            return await super().execute(query, *args, **kwargs)

    work.connection.cursor_factory = Counting
    return sent


async def test_somebody_unknown_becomes_a_customer_with_everything_they_gave(work: Work) -> None:
    made = await a_contact(
        work,
        name=" Maria  Wanjiku ",
        phone="0712 345 678",
        email="Maria@Example.org",
        handle="telegram:@MariaW",
        language="sw",
    )
    assert made.created and made.by is None and made.known_as == made.customer.id
    assert (made.customer.name, made.customer.language) == ("Maria Wanjiku", "sw")
    assert {each.value for each in made.customer.identities} == {
        "+254712345678",
        "maria@example.org",
        "telegram:mariaw",
    }
    assert all(each.verified_at is None for each in made.customer.identities)
    assert await customers.get_customer(work, ORGANISATION, made.customer.id) == made.customer


@pytest.mark.parametrize(
    "said",
    [
        {"phone": "+254 712 345678"},
        {"phone": "0712345678", "channel": "sms"},
        {"email": "MARIA@EXAMPLE.ORG", "channel": "email"},
        {"handle": "telegram:mariaw", "channel": "chat"},
    ],
)
async def test_a_customer_is_recognised_by_any_identity_however_it_is_written(work: Work, said: Any) -> None:
    made = await a_contact(work, phone="0712 345 678", email="maria@example.org", handle="telegram:@MariaW")
    known = await a_contact(work, **said)
    assert not known.created
    assert known.customer == made.customer
    assert known.by in made.customer.identities
    assert await kinds(work) == ["customer.created"]


async def test_somebody_known_and_somebody_new_cost_one_statement(work: Work) -> None:
    sent = count_statements(work)
    await a_contact(work, email="maria@example.org")
    assert len(sent) == 1
    await a_contact(work, phone="0712 345 679", email="peter@example.org")
    assert len(sent) == 4, "what was recorded first; of several identities one may be taken: a savepoint before"
    await work.flush()
    sent.clear()
    await a_contact(work, email="maria@example.org")
    assert len(sent) == 1


async def test_a_new_address_is_added_unverified_to_the_customer_whose_number_is_known(work: Work) -> None:
    made = await a_contact(work, name="Maria", phone="0712 345 678")
    known = await a_contact(work, name="M. Wanjiku", phone="0712 345 678", email="maria@example.org", channel="phone")
    assert not known.created and known.customer.id == made.customer.id
    assert [(each.kind, each.verified_at) for each in known.customer.identities] == [("phone", None), ("email", None)]
    assert known.customer.name == "Maria", "a name known is not changed by what a contact says"
    assert (await a_contact(work, email="maria@example.org")).customer.id == made.customer.id
    assert await kinds(work) == ["customer.created", "identity.added"]


async def test_identities_of_two_customers_are_left_alone_and_the_two_are_noted(work: Work) -> None:
    maria = await a_contact(work, phone="0712 345 678")
    peter = await a_contact(work, email="peter@example.org")
    both = {"phone": "0712 345 678", "email": "peter@example.org", "handle": "telegram:new"}
    assert (await a_contact(work, channel="phone", **both)).customer == maria.customer
    assert (await a_contact(work, channel="email", **both)).customer == peter.customer
    assert (await a_contact(work, handle="telegram:new")).created, "what is new is added to neither"
    [noticed] = await customers.noticed_duplicates(work, ORGANISATION)
    assert {noticed.customer.id, noticed.suggestion.customer.id} == {maria.customer.id, peter.customer.id}
    assert (await kinds(work)).count("duplicate.noticed") == 1, "noted once"


async def test_a_name_and_language_fill_what_was_empty(work: Work) -> None:
    made = await a_contact(work, phone="0712 345 678")
    assert made.customer.name is None
    known = await a_contact(work, phone="0712 345 678", name="Maria", language="sw")
    assert (known.customer.name, known.customer.language) == ("Maria", "sw")
    assert [each.id for each in await customers.find_customers(work, ORGANISATION, text="maria")] == [made.customer.id]
    again = await a_contact(work, phone="0712 345 678", name="Mary", language="en")
    assert (again.customer.name, again.customer.language) == ("Maria", "sw")
    assert await kinds(work) == ["customer.created", "customer.changed"]


async def test_with_no_identity_every_contact_is_a_new_unnamed_customer(work: Work) -> None:
    one, other = await a_contact(work), await a_contact(work, name="")
    assert one.created and other.created and one.customer.id != other.customer.id
    assert one.customer.name is None


async def test_a_merged_customer_is_recognised_as_the_one_it_goes_under(work: Work) -> None:
    kept = await a_contact(work, phone="0712 345 678", name="Maria")
    merged = await a_contact(work, email="maria@example.org")
    await customers.merge_customers(work, ORGANISATION, kept.customer.id, merged.customer.id)
    known = await a_contact(work, email="maria@example.org", handle="telegram:maria")
    assert known.customer.id == kept.customer.id and known.customer.name == "Maria"
    assert known.known_as == merged.customer.id, "what is stored under it comes apart again"
    [merge] = await customers.merges_of(work, ORGANISATION, kept.customer.id)
    await customers.unmerge_customers(work, ORGANISATION, merge.id)
    assert (await a_contact(work, handle="telegram:maria")).customer.id == merged.customer.id


@pytest.mark.parametrize("rubbish", [{"phone": "12"}, {"email": "maria"}, {"handle": "maria"}])
async def test_an_identity_that_cannot_be_one_is_refused(work: Work, rubbish: Any) -> None:
    with pytest.raises(Invalid):
        await a_contact(work, **rubbish)


async def test_another_organisation_has_its_own_customers(work_as: Any) -> None:
    work = await work_as(system(ORGANISATION, OTHER))
    here = await a_contact(work, phone="0712 345 678")
    there = await a_contact(work, OTHER, phone="0712 345 678")
    assert there.created and there.customer.id != here.customer.id
    with pytest.raises(NotFound):
        await recognise(await work_as(somebody("*")), OTHER, phone="0712 345 678", country="KE")


async def test_two_contacts_of_one_new_customer_at_once_make_one_customer(database: Database) -> None:
    """The second waits for the first, whichever of the identities they share."""
    said: list[dict[str, str]] = [
        {"phone": "0712 345 678", "channel": "phone"},
        {"phone": "0712 345 678", "email": "maria@example.org", "channel": "email"},
        {"email": "maria@example.org", "phone": "0712 345 678", "channel": "phone"},
        {"phone": "0712 345 678", "handle": "telegram:maria", "channel": "chat"},
    ]

    async def contact(number: int) -> Any:
        async with database.work(system()) as work:
            return await a_contact(work, **said[number % len(said)])

    met = await asyncio.gather(*(contact(number) for number in range(24)))
    assert len({each.customer.id for each in met}) == 1
    assert sum(each.created for each in met) == 1
    async with database.read(system()) as work:
        assert len(await customers.find_customers(work, ORGANISATION)) == 1
        assert await work.value("select count(*) from journal where kind = 'customer.created'") == 1
        [known] = await customers.find_customers(work, ORGANISATION, text="mari")
    assert {each.value for each in known.identities} == {"+254712345678", "maria@example.org", "telegram:maria"}


async def test_what_somebody_else_takes_meanwhile_is_read_again(database: Database) -> None:
    """Held up half-way between looking and writing, a contact still ends with the one customer there is."""
    async with database.work(system()) as first:
        made = await a_contact(first, phone="0712 345 678")

        async def second() -> Any:
            async with database.work(system()) as work:
                return await a_contact(work, phone="0712 345 678", email="maria@example.org", channel="email")

        waiting = asyncio.create_task(second())
        while not await first.value("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0)
    known = await waiting
    assert not known.created and known.customer.id == made.customer.id
    assert known.customer.reach("email") is not None


async def test_an_erased_customer_who_comes_again_is_a_new_one(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    made = await a_contact(work, phone="0712 345 678")
    await customers.erase_customer(work, ORGANISATION, made.customer.id)
    later = await work_as(system(), at=now + timedelta(days=1))
    again = await a_contact(later, phone="0712 345 678")
    assert again.created and again.customer.id != made.customer.id
