"""Cases that another system had go on here: those still open with a promise, the others as they ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ahadi import cases
from ahadi.base.errors import Forbidden, Invalid
from ahadi.cases import Case, DueInThePast, Former, Holder, NewCase
from ahadi.platform import journal
from ahadi.platform.database import Actor, Work
from tests.cases.builders import ASHA, CARE, ORGANISATION, a_customer, promised, system


async def a_former(work: Work, resolved_after: float | None = None, **changes: Any) -> Former:
    """A case opened thirty days ago; resolved so many hours later."""
    opened = work.now - timedelta(days=30)
    values: dict[str, Any] = {
        "customer_id": await a_customer(work),
        "subject": "Sewer odour",
        "holder": Holder(department=CARE),
        "department_id": CARE,
        "channel": "phone",
        "language": "en",
        "promise": promised(work.now, owner=Holder(department=CARE)),
        "prefix": "PW",
        "opened_at": opened,
    }
    resolved = None if resolved_after is None else opened + timedelta(hours=resolved_after)
    return Former(NewCase(**(values | changes)), resolved)


async def replayed(work: Work, case_id: UUID) -> Case:
    """A case as its journal tells it."""
    case = None
    for row in await journal.of_case(work, ORGANISATION, case_id):
        event = cases.from_facts(row.kind, row.facts)
        if event is not None:
            case = cases.evolve(case, event, row.at, organisation_id=ORGANISATION, case_id=case_id)
    assert case is not None
    return case


async def test_an_open_one_keeps_when_it_was_opened_and_gets_a_promise_from_now(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    [case] = await cases.take_over(work, ORGANISATION, [await a_former(work)])
    await work.execute("set constraints all immediate")
    held = await cases.get_case(work, case.reference)
    assert (held.state, held.opened_at, held.changed_at) == ("open", now - timedelta(days=30), now)
    assert held.holder == Holder(department=CARE)
    assert held.next_promise and held.next_promise.due_at == now + timedelta(hours=4)


async def test_a_resolved_one_is_resolved_when_it_was_and_leaves_no_promise_open(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    [case] = await cases.take_over(work, ORGANISATION, [await a_former(work, resolved_after=5)])
    await work.execute("set constraints all immediate")
    held = await cases.get_case(work, case.reference)
    assert (held.state, held.resolution) == ("resolved", "imported")
    assert held.resolved_at == held.opened_at + timedelta(hours=5)
    assert held.promises == ()
    [promise] = await cases.all_promises(work, ORGANISATION, case.id)
    assert (promise.state, promise.reason, promise.settled_at) == ("withdrawn", "imported", now)


async def test_replaying_the_journal_rebuilds_them(work_as: Any) -> None:
    work = await work_as(system())
    formers = [
        await a_former(work),
        await a_former(work, resolved_after=0),
        await a_former(work, resolved_after=700.25),
    ]
    taken = await cases.take_over(work, ORGANISATION, formers)
    await work.flush()
    for case in taken:
        held = await cases.get_case(work, case.id)
        promises = tuple(await cases.all_promises(work, ORGANISATION, case.id))
        assert await replayed(work, case.id) == replace(held, promises=promises) == case


async def test_many_have_references_of_their_own_and_the_ids_they_were_given(work_as: Any) -> None:
    work = await work_as(system())
    formers = [await a_former(work) for _ in range(40)]
    taken = await cases.take_over(work, ORGANISATION, formers)
    assert [case.id for case in taken] == [former.id for former in formers]
    assert len({case.reference for case in taken}) == 40
    assert await cases.take_over(work, ORGANISATION, []) == []


async def test_they_count_as_no_contact_of_late_and_tell_nobody(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    [case] = await cases.take_over(work, ORGANISATION, [await a_former(work)])
    await work.flush()
    assert await cases.recent_contacts_of(work, ORGANISATION, case.id, now - timedelta(days=14)) == 0
    assert await cases.recent_contacts_of(work, ORGANISATION, case.id, now - timedelta(days=31)) == 1
    assert {entry["kind"] for entry in await work.rows("select kind from journal")} == {"case.opened", "promise.made"}
    assert await work.value("select count(*) from message") == await work.value("select count(*) from notice") == 0


async def test_a_promise_in_the_past_or_an_end_before_the_beginning_is_refused(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    with pytest.raises(DueInThePast):
        await cases.take_over(work, ORGANISATION, [await a_former(work, promise=promised(now, hours=-1))])
    with pytest.raises(Invalid):
        await cases.take_over(work, ORGANISATION, [await a_former(work, resolved_after=-1)])


async def test_only_who_may_import_takes_cases_over(work_as: Any) -> None:
    former = await a_former(await work_as(system()))
    agent = await work_as(Actor("person", ASHA, {ORGANISATION: frozenset({"case.work"})}))
    with pytest.raises(Forbidden):
        await cases.take_over(agent, ORGANISATION, [former])
