"""Canned replies and macros: words kept ready are whole or not used, and a macro is done all of it or not at all."""

from collections.abc import AsyncIterator

import pytest

from ahadi import cases, contacts, customers, desk
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.cases import Holder
from ahadi.contacts import MessageRefused, Unfilled
from ahadi.desk import Deeds, Macro, NoSuchMacro
from ahadi.directory import Within
from ahadi.platform.database import Database
from tests.screens.builders import MORNING, Call, Centre, a_centre, contact

CALL = Call(0, "move", "power", "email", "Faith Chebet", "faith@mail.example", None, "Moving house", "I move.")


@pytest.fixture
async def centre(database: Database, clock: FixedClock) -> AsyncIterator[Centre]:
    clock.set(MORNING)
    made = await a_centre(database)
    made.cases["move"] = (await contact(database, made, CALL)).case.reference
    yield made


def macro(centre: Centre, deeds: Deeds, name: str = "Moving") -> Macro:
    return Macro(centre.organisations["power"], uuid7(), name, deeds)


async def saved(database: Database, centre: Centre, made: Macro) -> Macro:
    async with database.work(centre.actor("grace")) as work:
        await desk.save_macro(work, made)
    return made


EVERYTHING = Deeds(
    reply="{{ customer.greeting }}, the form for {{ case.reference }} is on its way.",
    note="Asked for the moving form.",
    promise="update",
    within=Within(4, "h"),
    promise_text="we will tell you that the form has arrived",
)


async def test_a_macro_does_all_its_deeds_in_one_transaction(database: Database, centre: Centre) -> None:
    billing = Holder(department=centre.departments["billing"])
    made = await saved(database, centre, macro(centre, Deeds(**_fields(EVERYTHING), to=billing)))
    async with database.work(centre.actor("amina")) as work:
        case, sent = await desk.run_macro(work, centre.cases["move"], made.id)
    assert case.holder == billing
    async with database.read(centre.actor("amina")) as work:
        said = await contacts.messages_of(work, case.organisation_id, case.id)
        promised = await cases.promise_texts(work, case.organisation_id, [each.id for each in case.open_promises])
    [reply] = [each for each in said if each.id == sent]
    assert reply.body == f"Hello Faith Chebet, the form for {case.reference} is on its way."
    assert "Asked for the moving form." in [each.body for each in said if each.direction == "note"]
    assert "we will tell you that the form has arrived" in [each.text for each in promised.values()]


def _fields(deeds: Deeds) -> dict[str, object]:
    return {name: getattr(deeds, name) for name in ("reply", "note", "promise", "within", "promise_text")}


async def test_a_macro_whose_words_miss_something_does_nothing_at_all(database: Database, centre: Centre) -> None:
    made = await saved(database, centre, macro(centre, Deeds(reply="{{ case.outcome }}", note="Told them.")))
    before = await messages(database, centre)
    with pytest.raises(MessageRefused, match=r"case\.outcome"):
        async with database.work(centre.actor("amina")) as work:
            await desk.run_macro(work, centre.cases["move"], made.id)
    assert await messages(database, centre) == before


async def messages(database: Database, centre: Centre) -> int:
    async with database.read(centre.everything) as work:
        case = await cases.get_case(work, centre.cases["move"])
        return len(await contacts.messages_of(work, case.organisation_id, case.id))


@pytest.mark.parametrize(
    ("deeds", "sentence"),
    [
        (Deeds(), "at least one thing"),
        (Deeds(promise="update"), "within what time"),
        (Deeds(reply="Dear {{ customer.nmae }}"), "Line 1"),
    ],
)
async def test_a_macro_that_could_not_be_done_is_not_kept(
    database: Database, centre: Centre, deeds: Deeds, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await saved(database, centre, macro(centre, deeds))


async def test_two_macros_never_have_one_name_and_agents_keep_none(database: Database, centre: Centre) -> None:
    first = await saved(database, centre, macro(centre, Deeds(note="one")))
    with pytest.raises(Conflict):
        await saved(database, centre, macro(centre, Deeds(note="two")))
    with pytest.raises(Forbidden):
        async with database.work(centre.actor("amina")) as work:
            await desk.delete_macro(work, first.id)


async def test_a_macro_is_of_its_own_organisation_alone(database: Database, centre: Centre) -> None:
    theirs = Macro(centre.organisations["net"], uuid7(), "Theirs", Deeds(note="one"))
    await saved(database, centre, theirs)
    with pytest.raises(NoSuchMacro):
        async with database.work(centre.actor("amina")) as work:
            await desk.run_macro(work, centre.cases["move"], theirs.id)
    with pytest.raises(NoSuchMacro):
        async with database.work(centre.actor("brian")) as work:
            await desk.get_macro(work, theirs.id)


async def test_canned_replies_are_checked_when_kept_and_filled_when_used(database: Database, centre: Centre) -> None:
    power = centre.organisations["power"]
    async with database.work(centre.actor("grace")) as work:
        with pytest.raises(Invalid, match="Line 1"):
            await contacts.save_canned(work, power, "wrong", "en", "Hello {{ nobody }}")
        with pytest.raises(Invalid, match="small letters"):
            await contacts.save_canned(work, power, "On The Way", "en", "Hello.")
        await contacts.save_canned(work, power, "who", "en", "It is with {{ holder.department }}. {{ agent.name }}")
        await contacts.save_canned(work, power, "who", "en", "{{ agent.name }}: it is with {{ holder.department }}.")
        await contacts.save_canned(work, power, "done", "en", "Done: {{ case.outcome }}")
    async with database.read(centre.actor("amina")) as work:
        kept = await contacts.canned_replies(work, power)
        case = await cases.get_case(work, centre.cases["move"])
        filled = await cases.fill_for_case(work, case, [each.body for each in kept])
    assert [(each.slug, each.language) for each in kept] == [("done", "en"), ("who", "en")]
    missing, whole = filled
    assert isinstance(missing, Unfilled) and missing.missing == ("case.outcome",)
    assert not isinstance(whole, Unfilled) and whole.text == "Amina Otieno: it is with Customer Care."
    async with database.work(centre.actor("grace")) as work:
        await contacts.delete_canned(work, power, "who", "en")
        with pytest.raises(NotFound):
            await contacts.delete_canned(work, power, "who", "en")


async def test_drafts_are_one_person_s_own_and_go_with_the_customer_s_words(database: Database, centre: Centre) -> None:
    async with database.work(centre.actor("amina")) as work:
        case = await cases.get_case(work, centre.cases["move"])
        await desk.keep_draft(work, case, "reply", "The form is")
        await desk.keep_draft(work, case, "note", "She")
        await desk.keep_draft(work, case, "note", "  ")
        assert (await desk.at_desk(work, case)).drafts == {"reply": "The form is"}
    async with database.read(centre.actor("brian")) as work:
        assert (await desk.at_desk(work, case)).drafts == {}
    async with database.work(centre.actor("naomi")) as work:
        held = await customers.export_customer(
            work, case.organisation_id, case.customer_id, [customers.Holder("d", desk.drafts_about, desk.erase_drafts)]
        )
        assert [each["text"] for each in held["d"]] == ["The form is"]
        await desk.erase_drafts(work, case.organisation_id, [case.customer_id])
    async with database.read(centre.actor("amina")) as work:
        assert (await desk.at_desk(work, case)).drafts == {}


async def test_who_has_a_case_open_is_forgotten_when_nothing_is_heard_of_them(
    database: Database, clock: FixedClock, centre: Centre
) -> None:
    async with database.work(centre.actor("brian")) as work:
        case = await cases.get_case(work, centre.cases["move"])
        await desk.be_here(work, case, writing=True)
    async with database.work(centre.actor("amina")) as work:
        await desk.be_here(work, case, writing=False)
        [brian] = (await desk.at_desk(work, case)).others
        assert (brian.person_id, brian.writing) == (centre.people["brian"], True)
    clock.advance(desk.HERE_FOR)
    async with database.read(centre.actor("amina")) as work:
        assert (await desk.at_desk(work, case)).others == []
