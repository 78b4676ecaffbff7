"""The watch on a real database: it breaks, warns, reminds, and passes on what somebody cannot keep."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ahadi import cases, promises
from ahadi.base.clock import FixedClock
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder
from ahadi.directory import read_directory
from ahadi.platform.database import Actor, Database, Work
from ahadi.promises import watch_once, watch_until_quiet
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def opened(database: Database, house: House, hours: float = 4, **changes: Any) -> Case:
    async with database.work(system()) as work:
        held = Holder(person=house.asha)
        values: dict[str, Any] = {"holder": held, "department_id": house.care}
        return await a_case(work, **(values | {"promise": promised(work.now, hours, held)} | changes))


async def now_is(database: Database, case: Case) -> Case:
    async with database.read(system()) as work:
        return await cases.get_case(work, case.id)


async def notices(database: Database, person: Any) -> list[str]:
    async with database.read(Actor("person", person, {ORGANISATION: frozenset({"*"})})) as work:
        return [each.kind for each in await promises.notices_of(work, person, 50)]


async def messages(work: Work, case: Case) -> list[str | None]:
    rows = await work.rows("select template from message where case_id = %(id)s order by at, id", {"id": case.id})
    return [row["template"] for row in rows]


async def test_a_promise_that_lapses_is_broken_and_leaves_one_that_the_next_in_the_chain_owns(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await opened(database, house, hours=1)
    assert await watch_once(database) == 0
    clock.advance(timedelta(hours=1, seconds=1))
    assert await watch_until_quiet(database)
    after = await now_is(database, case)
    async with database.read(system()) as work:
        all_ = await cases.all_promises(work, ORGANISATION, case.id)
        told = await messages(work, case)
    broken, recovery = all_
    assert broken.state == "broken" and broken.successor == recovery.id
    assert recovery.owner == Holder(person=house.dalila) and recovery.level == 1
    assert after.next_promise == recovery and after.escalated
    assert told == ["promise_broken"]
    assert "recovery" in await notices(database, house.dalila)
    assert "broken" in await notices(database, house.asha)


async def test_recovery_promises_come_at_growing_intervals_and_end_with_the_manager(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await opened(database, house, hours=1)
    waits = []
    for _ in range(6):
        promise = (await now_is(database, case)).next_promise
        assert promise
        clock.set(promise.due_at + timedelta(seconds=1))
        await watch_until_quiet(database)
        recovery = (await now_is(database, case)).next_promise
        assert recovery and recovery.recovers == promise.id
        assert recovery.owner == Holder(person=house.dalila)
        waits.append(recovery.due_at - recovery.made_at)
    assert waits == sorted(waits) and waits[0] < waits[-1]


async def test_the_owner_is_reminded_and_the_customer_warned_once_before_a_lapse(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await opened(database, house, hours=4)
    clock.advance(timedelta(hours=3, minutes=1))
    await watch_until_quiet(database)
    assert await notices(database, house.asha) == ["due-soon"]
    async with database.read(system()) as work:
        assert await messages(work, case) == []
    clock.advance(timedelta(minutes=50))
    await watch_until_quiet(database)
    clock.advance(timedelta(minutes=1))
    assert await watch_until_quiet(database) == 0
    async with database.read(system()) as work:
        assert await messages(work, case) == ["promise_at_risk"]
    assert await notices(database, house.asha) == ["due-soon"]


async def test_at_shift_end_a_promise_due_before_the_next_shift_passes_to_a_colleague_on_shift(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await opened(database, house, hours=10)  # due at 20:00, Asha leaves at 17:00
    clock.advance(timedelta(hours=6, minutes=59))
    await watch_until_quiet(database)
    assert (await now_is(database, case)).open_promises[0].owner == Holder(person=house.asha)
    clock.advance(timedelta(minutes=1))
    await watch_until_quiet(database)
    assert (await now_is(database, case)).open_promises[0].owner == Holder(person=house.chege)
    assert "handed-over:shift-end" in await notices(database, house.asha)
    assert "taken-over:shift-end" in await notices(database, house.chege)
    assert await watch_until_quiet(database) == 0


async def test_a_promise_due_in_the_next_shift_stays(database: Database, clock: FixedClock, house: House) -> None:
    case = await opened(database, house, hours=24)
    clock.advance(timedelta(hours=8))
    assert await watch_until_quiet(database) == 0
    assert (await now_is(database, case)).open_promises[0].owner == Holder(person=house.asha)


async def test_where_nobody_is_on_shift_the_on_call_chain_takes_over_and_keeps_it(
    database: Database, clock: FixedClock, house: House
) -> None:
    held = Holder(person=house.juma)
    case = await opened(
        database, house, holder=held, department_id=house.network, promise=promised(clock.now(), 12, held)
    )
    clock.advance(timedelta(hours=7))
    await watch_until_quiet(database)
    assert (await now_is(database, case)).open_promises[0].owner == Holder(person=house.dalila)
    assert await watch_until_quiet(database) == 0


async def test_it_is_told_beforehand_whether_a_promise_will_pass_on(
    database: Database, clock: FixedClock, house: House
) -> None:
    """As the watch then does: somebody on call with nobody on shift keeps what others would pass on."""
    async with database.work(system()) as work:
        await work.execute("update on_call set person_id = %(juma)s", {"juma": house.juma})
    for person, department, hours in (
        (house.asha, house.care, 3),  # on shift
        (house.asha, house.care, 10),  # off shift, Chege is there
        (house.asha, house.care, 24),  # back again
        (house.juma, house.network, 10),  # off shift, on call, nobody there
        (house.dalila, house.care, 10),  # works no shifts
    ):
        held = Holder(person=person)
        due = promised(clock.now(), hours, held)
        case = await opened(database, house, holder=held, department_id=department, promise=due)
        async with database.read(system()) as work:
            directory = await read_directory(work, ORGANISATION)
            told = promises.passes_on(directory, case, case.open_promises[0], clock.now())
        assert told == ((person, hours) == (house.asha, 10))
    clock.advance(timedelta(hours=7))
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        rows = await work.rows("select owner_person from promise where state = 'open' order by made_at, id")
    assert [row["owner_person"] for row in rows][:4] == [house.chege, house.asha, house.juma, house.dalila]


@pytest.mark.parametrize("how", ["absent", "deactivated"])
async def test_who_is_absent_or_gone_owns_nothing_that_is_due_meanwhile(
    database: Database, clock: FixedClock, house: House, how: str
) -> None:
    case = await opened(database, house, hours=3)
    async with database.work(system()) as work:
        if how == "absent":
            await work.execute(
                "insert into absence (organisation_id, id, person_id, starts_at, ends_at)"
                " values (%(org)s, %(id)s, %(person)s, %(now)s, %(until)s)",
                {
                    "org": ORGANISATION,
                    "id": uuid7(),
                    "person": house.asha,
                    "now": work.now,
                    "until": work.now + timedelta(days=2),
                },
            )
        else:
            await work.execute("update person set active = false where id = %(id)s", {"id": house.asha})
        await work.execute("update organisation set version = version + 1 where id = %(id)s", {"id": ORGANISATION})
    await watch_until_quiet(database)
    after = await now_is(database, case)
    assert after.open_promises[0].owner == Holder(person=house.ben)
    if how == "deactivated":
        assert after.holder == Holder(person=house.ben)


async def test_a_kept_promise_is_left_alone_by_the_watch(database: Database, clock: FixedClock, house: House) -> None:
    case = await opened(database, house, hours=1)
    assert case.next_promise
    async with database.work(Actor("person", house.asha, {ORGANISATION: frozenset({"*"})})) as work:
        after = await promises.keep_promise(work, case.next_promise.id, "contact", "called Neema, fuse replaced")
    assert after.next_promise and after.next_promise.due_at > clock.now() + timedelta(hours=1)
    clock.advance(timedelta(hours=1, minutes=1))
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        states = [p.state for p in await cases.all_promises(work, ORGANISATION, case.id)]
    assert states == ["kept", "open"]


async def test_renewing_in_time_tells_the_customer_first(database: Database, clock: FixedClock, house: House) -> None:
    case = await opened(database, house, hours=1)
    assert case.next_promise
    until = datetime.fromisoformat("2026-11-24T15:00:00+00:00")
    async with database.work(Actor("person", house.asha, {ORGANISATION: frozenset({"*"})})) as work:
        _, renewed = await promises.renew_promise(work, case.next_promise.id, until, "the parts are late", None)
    clock.advance(timedelta(hours=2))
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        all_ = await cases.all_promises(work, ORGANISATION, case.id)
        assert [(p.state, p.id) for p in all_] == [("renewed", case.next_promise.id), ("open", renewed.id)]
        assert await messages(work, case) == ["promise_renewed"]
        assert all_[0].told is not None
