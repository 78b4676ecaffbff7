"""Cases and promises on a real database: what the actions write, and what the database itself refuses."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from ahadi import cases
from ahadi.base.errors import Forbidden
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Deed, Holder, NoSuchCase, NoSuchPromise
from ahadi.platform import journal
from ahadi.platform.database import Actor, Work, set_organisations
from tests.cases.builders import ASHA, BEN, CARE, ORGANISATION, OTHER_ORGANISATION, a_case, promised, system

NOTE = Deed("note")


async def settle_constraints(work: Work) -> None:
    """What a commit would check now."""
    await work.flush()
    await work.execute("set constraints all immediate")
    await work.execute("set constraints all deferred")


async def rebuilt(work: Work, case: Case) -> Case:
    await work.flush()
    again = None
    for row in await journal.of_case(work, case.organisation_id, case.id):
        event = cases.from_facts(row.kind, row.facts)
        if event is not None:
            again = cases.evolve(again, event, row.at, organisation_id=case.organisation_id, case_id=case.id)
    assert again is not None
    return again


async def test_an_opened_case_has_a_holder_a_promise_and_a_reference_with_its_prefix(work_as: Any) -> None:
    work = await work_as(system())
    case = await a_case(work)
    await settle_constraints(work)
    read = await cases.get_case(work, case.reference)
    assert read == case
    assert case.reference.startswith("PW-") and read.next_promise and read.holder == Holder(person=ASHA)
    assert (await cases.texts_of(work, ORGANISATION, [case.id]))[case.id].subject == "No power since last night"


async def test_a_reference_may_be_typed_as_it_was_heard(work_as: Any) -> None:
    work = await work_as(system())
    case = await a_case(work)
    assert (await cases.get_case(work, case.reference.lower().replace("-", " "))).id == case.id
    with pytest.raises(NoSuchCase):
        await cases.get_case(work, "nonsense")


async def test_the_whole_life_of_a_case_is_rebuilt_from_its_journal(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    case = await a_case(work, tags=("storm",))
    case, visit = await cases.make_promise(work, case.reference, promised(now, 2, kind="visit"))
    case = await cases.hold_case(work, case.reference, Holder(person=BEN), CARE)
    case = await cases.keep_promise(work, visit.id, NOTE, "replaced the fuse", promised(now, 20))
    first = case.next_promise
    assert first
    case = await cases.renew_promise(work, first.id, promised(now, 9), uuid7(), "parts are late")
    await work.flush()
    work = await work_as(system(), now + timedelta(hours=10))
    locked = await cases.lock_case(work, case.reference)
    assert locked.next_promise
    case = await cases.break_promise(work, locked, locked.next_promise.id, promised(work.now, 1, Holder(person=ASHA)))
    left = case.open_promises
    case = await cases.resolve_case(work, case.reference, keep={p.id: NOTE for p in left})
    case = await cases.reopen_case(work, case.reference, Holder(department=CARE), promised(work.now, 3))
    await settle_constraints(work)
    stored = await cases.get_case(work, case.reference)
    everything = {p.id: p for p in await cases.all_promises(work, ORGANISATION, case.id)}
    again = await rebuilt(work, case)
    assert again.open_promises == stored.open_promises
    assert {p.id: p for p in again.promises} == everything
    for name in ("state", "holder", "held_since", "department_id", "tags", "resolved_at", "contacts", "changed_at"):
        assert getattr(again, name) == getattr(stored, name), name


async def test_the_database_refuses_an_open_case_without_an_open_promise(work_as: Any) -> None:
    work = await work_as(system())
    case = await a_case(work)
    await settle_constraints(work)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        async with work.connection.transaction():
            await work.execute(
                "update promise set state = 'withdrawn', settled_at = made_at, reason = 'x' where case_id = %(id)s",
                {"id": case.id},
            )
            await work.execute("set constraints all immediate")


@pytest.mark.parametrize(
    "change",
    [
        "update cases set holder_person = null where id = %(id)s",
        "update cases set holder_department = gen_random_uuid() where id = %(id)s",
        "update cases set next_promise_id = null where id = %(id)s",
        "update cases set state = 'resolved' where id = %(id)s",
        "update promise set state = 'kept', settled_at = due_at where case_id = %(id)s",
        "update promise set state = 'renewed', settled_at = made_at where case_id = %(id)s",
        "update promise set state = 'broken', settled_at = made_at, successor = id where case_id = %(id)s",
        "update promise set owner_person = null where case_id = %(id)s",
    ],
)
async def test_the_database_refuses_what_breaks_an_invariant(work_as: Any, change: str) -> None:
    work = await work_as(system())
    case = await a_case(work)
    with pytest.raises(psycopg.errors.IntegrityError):
        async with work.connection.transaction():
            await work.execute(change, {"id": case.id})
            await work.execute("set constraints all immediate")


async def test_only_the_clock_breaks_a_promise(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    case = await a_case(work)
    assert case.next_promise
    person = await work_as(Actor("person", ASHA, {ORGANISATION: frozenset({"*"})}), now + timedelta(days=1))
    with pytest.raises(Forbidden):
        await cases.break_promise(person, case, case.next_promise.id, promised(person.now, 1))


async def test_a_person_of_another_organisation_finds_nothing(work_as: Any) -> None:
    work = await work_as(system())
    case = await a_case(work)
    assert case.next_promise
    await work.flush()
    stranger = await work_as(Actor("person", BEN, {OTHER_ORGANISATION: frozenset({"*"})}))
    with pytest.raises(NoSuchCase):
        await cases.get_case(stranger, case.reference)
    with pytest.raises(NoSuchPromise):
        await cases.keep_promise(stranger, case.next_promise.id, NOTE, None, promised(stranger.now))
    assert await cases.list_cases(stranger, [ORGANISATION], cases.CaseFilter()) == []
    await set_organisations(stranger.connection, [])
    assert await stranger.value("select count(*) from cases") == 0


async def test_reading_is_not_enough_to_work_on_a_case(work_as: Any) -> None:
    case = await a_case(await work_as(system()))
    reader = await work_as(Actor("person", BEN, {ORGANISATION: frozenset({"case.read"})}))
    assert (await cases.get_case(reader, case.reference)).id == case.id
    with pytest.raises(Forbidden):
        await cases.hold_case(reader, case.reference, Holder(person=BEN), None)


async def test_open_promises_are_listed_earliest_due_first_and_paged(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    for hours in (5, 1, 3, 2, 4):
        await a_case(work, promise=promised(now, hours))
    wanted = cases.PromiseFilter(state="open", limit=2)
    seen: list[Any] = []
    while rows := await cases.list_promises(work, [ORGANISATION], wanted):
        seen += rows
        wanted = cases.PromiseFilter(state="open", limit=2, after=(rows[-1]["due_at"], rows[-1]["id"]))
    assert [row["due_at"] for row in seen] == [now + timedelta(hours=h) for h in (1, 2, 3, 4, 5)]
    soon = cases.PromiseFilter(state="open", due_before=now + timedelta(hours=3))
    assert len(await cases.list_promises(work, [ORGANISATION], soon)) == 2


async def test_cases_are_found_by_the_beginning_of_a_word(work_as: Any) -> None:
    work = await work_as(system())
    case = await a_case(work, subject="Dîner électrique d'été")
    found = await cases.list_cases(work, [ORGANISATION], cases.CaseFilter(words=("electr", "diner")))
    assert [row["id"] for row in found] == [case.id]
    assert not await cases.list_cases(work, [ORGANISATION], cases.CaseFilter(words=("gas",)))


async def test_merging_two_cases_keeps_every_promise(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    one, two = await a_case(work), await a_case(work)
    merged = await cases.merge_cases(work, one.reference, two.reference)
    await settle_constraints(work)
    assert merged.contacts == 2 and len(merged.open_promises) == 2
    ended = await cases.get_case(work, one.reference)
    assert ended.state == "resolved" and ended.merged_into == two.id
    texts = await cases.promise_texts(work, ORGANISATION, [p.id for p in merged.open_promises])
    assert {t.text for t in texts.values()} == {"We will tell you where it stands."}


async def test_the_journal_holds_no_words(work_as: Any, now: Any) -> None:
    work = await work_as(system())
    case = await a_case(work, fields={"meter": "Secret-4711"})
    assert case.next_promise
    await cases.set_fields(work, case.reference, {"phone": "+254700000001"})
    await cases.withdraw_promise(work, case.next_promise.id, "mistake", "Neema said so", promised(now))
    await work.flush()
    rows = await journal.of_case(work, ORGANISATION, case.id)
    told = " ".join(str(row.facts) for row in rows)
    assert len(rows) >= 5
    for word in ("power", "Secret", "+2547", "Neema", "stands"):
        assert word not in told
