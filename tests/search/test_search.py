"""One line of text finds cases, customers, messages and people, though it may be mistyped."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from ahadi import cases, contacts, customers, search
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Forbidden, Invalid, NotFound
from ahadi.cases import Holder
from ahadi.directory import Permission
from ahadi.intake import personal_data
from ahadi.platform import jobs
from ahadi.platform.database import Actor, Database, Work
from ahadi.search import actions
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation

OTHER = UUID(int=77)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def learn(database: Database, *organisations: UUID) -> None:
    async def everyone() -> list[UUID]:
        return list(organisations or [ORGANISATION])

    await search.follower(database, everyone).once()


async def found(database: Database, typed: str, actor: Actor | None = None, **how: Any) -> search.Found:
    async with database.read(actor or system()) as work:
        return await search.search(work, search.parse(typed), **how)


async def subjects(database: Database, typed: str, actor: Actor | None = None) -> list[str]:
    return [row["subject"] for row in (await found(database, typed, actor)).cases]


async def a_known_case(work: Work, house: House, subject: str, **more: Any) -> cases.Case:
    holder = more.pop("holder", Holder(person=house.asha))
    due = promised(work.now, more.pop("hours", 4), holder)
    more = {"department_id": house.care, **more}
    return await a_case(work, ORGANISATION, holder=holder, promise=due, subject=subject, **more)


async def test_a_case_is_found_by_its_subject_its_messages_and_its_customer(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        dark = await a_known_case(work, house, "Street is dark")
        await a_known_case(work, house, "Meter reading")
        await contacts.note(work, ORGANISATION, dark.id, "The transformer at pole 41 hums.")
        await customers.update_customer(work, ORGANISATION, dark.customer_id, name="Wanjiku Odhiambo")
    await learn(database)
    for typed in ("dark", "DÁRK street", "transf", "pole 41", "wanjiku", "odhiambo"):
        assert await subjects(database, typed) == ["Street is dark"], typed
    assert await subjects(database, "dark meter") == []
    said = (await found(database, "transformer")).said[dark.id]
    assert said.body == "The transformer at pole 41 hums."
    assert [each.name for each in (await found(database, "wanj")).customers] == ["Wanjiku Odhiambo"]
    assert [each.name for each in (await found(database, "asha")).people] == ["Asha"]


async def test_what_was_mistyped_is_taken_for_the_nearest_words(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        case = await a_known_case(work, house, "Street is dark")
        await contacts.note(work, ORGANISATION, case.id, "The transformer hums.")
    await learn(database)
    for typed in ("trasnformer", "transfomer", "tranzformer", "transformerr"):
        looked = await found(database, f"{typed} hums")
        assert looked.corrected == {typed: ["transformer"]}
        assert [row["subject"] for row in looked.cases] == ["Street is dark"]
    assert (await found(database, "street")).corrected == {}
    assert not (await found(database, "zzyzx")).cases


async def test_filters_narrow_what_is_found(database: Database, clock: FixedClock, house: House) -> None:
    async with database.work(system()) as work:
        await a_known_case(work, house, "Soon", hours=1)
        await a_known_case(work, house, "Later", hours=30, holder=Holder(person=house.ben), reason="outage")
        await a_known_case(work, house, "Network", holder=Holder(department=house.network), channel="sms")
    asha = Actor("person", house.asha, {ORGANISATION: frozenset({Permission.CASE_READ})})
    assert await subjects(database, "holder:me", asha) == ["Soon"]
    assert await subjects(database, "holder:ben") == ["Later"]
    assert await subjects(database, "holder:network") == ["Network"]
    assert await subjects(database, "promise:due<2h") == ["Soon"]
    assert await subjects(database, "channel:sms") == ["Network"]
    assert await subjects(database, "holder:nobody") == []
    assert await subjects(database, "opened:>1d") == []
    clock.advance(timedelta(hours=2))
    assert await subjects(database, "promise:overdue") == ["Soon"]
    assert await subjects(database, "opened:<3h state:all holder:asha holder:ben") == ["Later", "Soon"]


async def test_a_whole_reference_finds_its_case_alone_whatever_its_state(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        closed = await a_known_case(work, house, "Street is dark")
        other = await a_known_case(work, house, f"The same as {closed.reference}")
        await cases.resolve_case(
            work, closed.reference, keep={each.id: cases.Deed("note") for each in closed.open_promises}
        )
    await learn(database)
    for typed in (closed.reference, closed.reference.lower().replace("-", " ")):
        [row] = (await found(database, typed)).cases
        assert (row["reference"], row["state"]) == (closed.reference, "resolved")
    assert await subjects(database, f"{closed.reference} opened:<1d") == [f"The same as {closed.reference}"]
    assert await subjects(database, f"{closed.reference} same") == [f"The same as {closed.reference}"]
    assert await subjects(database, other.reference[:-2]) == [f"The same as {closed.reference}"]


async def test_a_search_that_stopped_at_the_newest_messages_says_so(
    database: Database, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.work(system()) as work:
        for number in range(3):
            case = await a_known_case(work, house, f"Case {number}")
            await contacts.note(work, ORGANISATION, case.id, "The transformer hums.")
    await learn(database)
    assert not (await found(database, "transformer")).older_messages
    monkeypatch.setattr(actions, "_MESSAGES", 2)
    looked = await found(database, "transformer")
    assert looked.older_messages and len(looked.cases) == len(looked.said) == 2


async def test_pages_follow_one_another(database: Database, clock: FixedClock, house: House) -> None:
    async with database.work(system()) as work:
        made = [await a_known_case(work, house, f"Meter {number}") for number in range(5)]
    seen: list[UUID] = []
    after = None
    while page := (await found(database, "meter", after=after, limit=2)).cases:
        seen += [row["id"] for row in page]
        after = (page[-1]["changed_at"], page[-1]["id"])
    assert sorted(seen) == sorted(each.id for each in made) and len(seen) == 5


async def test_nobody_finds_what_belongs_to_another_organisation(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        case = await a_known_case(work, house, "Street is dark")
        await contacts.note(work, ORGANISATION, case.id, "The transformer hums.")
    async with database.work(Actor.system([OTHER])) as work:
        await an_organisation(work, OTHER, prefix="NT", slug="net")
    await learn(database, ORGANISATION, OTHER)
    stranger = Actor.system([OTHER])
    for typed in ("dark", "transformer", "trasnformer", "asha"):
        looked = await found(database, typed, stranger)
        assert not looked.cases and not looked.customers and not looked.said and not looked.corrected, typed
    no_reader = Actor("token", None, {ORGANISATION: frozenset({Permission.CONTACT_CREATE})})
    assert not (await found(database, "dark", no_reader)).cases


async def test_who_is_forgotten_leaves_no_word_behind(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        case = await a_known_case(work, house, "Quetzalcoatlus nest on my roof")
        other = await a_known_case(work, house, "My roof leaks")
        await customers.update_customer(work, ORGANISATION, case.customer_id, name="Xylophanes Wanjiku")
        await contacts.note(work, ORGANISATION, case.id, "Sphenodontidae too.")
        assert other.customer_id != case.customer_id
    await learn(database)
    assert (await found(database, "quetzalcoatlux")).corrected
    async with database.work(system()) as work:
        await personal_data.erase_person(work, ORGANISATION, case.customer_id)
    await learn(database)
    while await jobs.run_due(database, {search.FORGET: search.forget}, timedelta(minutes=1)):
        continue
    async with database.read(system()) as work:
        kept = {row["word"] for row in await work.rows("select word from vocabulary")}
        near = await work.value("select count(*) from vocabulary_near where word = any(%(w)s)", {"w": ["xylophanes"]})
        assert await work.value("select count(*) from message_words where words @@ 'sphenodontidae'::tsquery") == 0
    assert {"roof", "leaks"} <= kept and not kept & {"quetzalcoatlus", "xylophanes", "wanjiku", "sphenodontidae"}
    assert near == 0 and not (await found(database, "quetzalcoatlux")).corrected


async def test_the_index_is_made_once_and_goes_on_where_it_stopped(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        case = await a_known_case(work, house, "Street is dark")
        await contacts.note(work, ORGANISATION, case.id, "First")
    await learn(database)
    async with database.work(system()) as work:
        await contacts.note(work, ORGANISATION, case.id, "Second")
    await learn(database)
    await learn(database)
    assert await subjects(database, "first") == await subjects(database, "second") == ["Street is dark"]
    async with database.read(system()) as work:
        assert await work.value("select count(*) = count(distinct message_id) from message_words")


# Saved views ------------------------------------------------------------------------------------------------------


async def test_views_are_kept_by_people_and_shared_when_they_say_so(
    work_as: Callable[..., Any], house_in: House
) -> None:
    asha = Actor("person", house_in.asha, {ORGANISATION: frozenset({Permission.CASE_READ})})
    ben = Actor("person", house_in.ben, {ORGANISATION: frozenset({Permission.CASE_READ})})
    work = await work_as(asha)
    mine = await search.save_view(work, ORGANISATION, "  Mine,\n soon ", "holder:me promise:due<2h")
    assert mine.name == "Mine, soon"
    assert [each.name for each in await search.views(work)] == ["Mine, soon"]
    with pytest.raises(Invalid):
        await search.save_view(work, ORGANISATION, " \n", "")
    work = await work_as(ben)
    assert await search.views(work) == []
    with pytest.raises(NotFound):
        await search.change_view(work, mine.id, name="Ben's")
    work = await work_as(asha)
    await search.change_view(work, mine.id, shared=True)
    work = await work_as(ben)
    assert [each.name for each in await search.views(work)] == ["Mine, soon"]
    with pytest.raises(Forbidden):
        await search.remove_view(work, mine.id)
    work = await work_as(asha)
    await search.remove_view(work, mine.id)
    assert await search.views(work) == []


@pytest.fixture
async def house_in(work_as: Callable[..., Any]) -> House:
    return await an_organisation(await work_as(system()), ORGANISATION)
