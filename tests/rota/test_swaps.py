"""Swaps from the offer to a manager's word, absences asked for, and who is told."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ahadi import rota
from ahadi.base.errors import Conflict, Forbidden, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Permission, Role, permissions_of, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.promises import notices_of
from tests.cases.builders import ORGANISATION, OTHER_ORGANISATION, system
from tests.directory.builders import House, a_person, an_organisation
from tests.directory.values import nairobi

SAT_17 = nairobi(2026, 11, 28, 17)
SUN_8 = nairobi(2026, 11, 29, 8)
WED_8, WED_17 = nairobi(2026, 11, 25, 8), nairobi(2026, 11, 25, 17)


def person(id_: UUID, *roles: Role, organisation: UUID = ORGANISATION) -> Actor:
    return Actor("person", id_, {organisation: frozenset[str](permissions_of(roles or (Role.AGENT,)))})


@pytest.fixture
async def house(work_as: Any) -> House:
    return await an_organisation(await work_as(system()), ORGANISATION)


async def shift_of(work: Work, who: UUID, at: datetime) -> tuple[UUID, datetime]:
    [piece] = (await read_directory(work, ORGANISATION)).rota.pieces(who, at, at + timedelta(minutes=1))
    return piece.source_id, piece.start


async def offered(work_as: Any, house: House, **changes: Any) -> rota.Swap:
    """Chege offers the night of Saturday."""
    work: Work = await work_as(person(house.chege))
    source, at = await shift_of(work, house.chege, SAT_17)
    return await rota.offer_swap(work, ORGANISATION, source, at, **changes)


async def told(work_as: Any, who: UUID) -> list[str]:
    work: Work = await work_as(person(who))
    return [each.kind for each in await notices_of(work, who, 20)]


async def on(work: Work, who: UUID, at: datetime) -> bool:
    return bool((await read_directory(work, ORGANISATION)).rota.on_shift([who], at))


async def test_a_shift_offered_to_anyone_is_taken_at_once_where_nothing_is_left_behind(
    work_as: Any, house: House
) -> None:
    swap = await offered(work_as, house)
    assert await told(work_as, house.asha) == await told(work_as, house.ben) == ["swap:offered"]
    work: Work = await work_as(person(house.asha))
    done = await rota.accept_swap(work, ORGANISATION, swap.id)
    assert done.state == "done"
    assert await on(work, house.asha, SAT_17) and not await on(work, house.chege, SAT_17)
    assert await on(work, house.chege, SAT_17 + timedelta(days=1))
    assert await told(work_as, house.chege) == ["swap:done"]
    kinds = {row["kind"] for row in await work.rows("select kind from journal")}
    assert {"swap.offered", "swap.done", "shift.handed_over"} <= kinds
    ben: Work = await work_as(person(house.ben))
    with pytest.raises(Conflict):
        await rota.accept_swap(ben, ORGANISATION, swap.id)


async def test_a_part_of_a_shift_is_given_and_the_rest_stays(work_as: Any, house: House) -> None:
    four = SAT_17 + timedelta(hours=4)
    swap = await offered(work_as, house, ends_at=four, to=house.ben)
    work: Work = await work_as(person(house.ben))
    await rota.accept_swap(work, ORGANISATION, swap.id)
    assert await on(work, house.ben, SAT_17) and not await on(work, house.ben, four)
    assert await on(work, house.chege, four) and not await on(work, house.chege, SAT_17)


async def test_a_department_that_wants_it_has_a_manager_say_yes(work_as: Any, house: House) -> None:
    setting: Work = await work_as(system())
    await setting.execute("update department set swaps_approved = true where id = %(id)s", {"id": house.care})
    swap = await offered(work_as, house)
    work: Work = await work_as(person(house.asha))
    waiting = await rota.accept_swap(work, ORGANISATION, swap.id)
    assert waiting.state == "accepted" and not await on(work, house.asha, SAT_17)
    assert "swap:waits" in await told(work_as, house.dalila)
    with pytest.raises(Forbidden):
        await rota.settle_swap(work, ORGANISATION, swap.id, approve=True)
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    assert (await rota.settle_swap(manager, ORGANISATION, swap.id, approve=True)).state == "done"
    assert await on(manager, house.asha, SAT_17)
    assert "swap:done" in await told(work_as, house.asha) and "swap:done" in await told(work_as, house.chege)


async def a_swap_that_leaves_repairs_alone(work_as: Any, house: House) -> rota.Swap:
    """Neema serves care and network with one shift on Saturday; Asha, of care alone, would take it."""
    work: Work = await work_as(system())
    neema = uuid7()
    await a_person(work, house, neema, "neema", house.care, None)
    await work.execute(
        "insert into department_member (organisation_id, department_id, person_id) values (%(o)s, %(d)s, %(p)s)",
        {"o": ORGANISATION, "d": house.network, "p": neema},
    )
    await work.execute(
        "insert into shift (organisation_id, id, person_id, starts_at, ends_at) values (%(o)s, %(id)s, %(p)s,"
        " %(from)s, %(until)s)",
        {"o": ORGANISATION, "id": uuid7(), "p": neema, "from": SAT_17, "until": SUN_8},
    )
    work = await work_as(person(neema))
    source, at = await shift_of(work, neema, SAT_17)
    swap = await rota.offer_swap(work, ORGANISATION, source, at, to=house.asha)
    work = await work_as(person(house.asha))
    return await rota.accept_swap(work, ORGANISATION, swap.id)


async def test_a_swap_that_leaves_an_open_hour_waits_and_is_refused_unless_a_manager_knows(
    work_as: Any, house: House
) -> None:
    swap = await a_swap_that_leaves_repairs_alone(work_as, house)
    assert swap.state == "accepted"
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    with pytest.raises(rota.RotaCosts) as refused:
        await rota.settle_swap(manager, ORGANISATION, swap.id, approve=True)
    assert [each.department for each in refused.value.costs.uncovered] == ["network"]
    assert not await on(manager, house.asha, SAT_17)
    known = await rota.settle_swap(manager, ORGANISATION, swap.id, approve=True, knowingly=True)
    assert known.state == "done" and await on(manager, house.asha, SAT_17)


async def test_a_refused_swap_leaves_the_week_as_it_is(work_as: Any, house: House) -> None:
    swap = await a_swap_that_leaves_repairs_alone(work_as, house)
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    assert (await rota.settle_swap(manager, ORGANISATION, swap.id, approve=False)).state == "refused"
    assert await on(manager, swap.person_id, SAT_17) and not await on(manager, house.asha, SAT_17)
    with pytest.raises(Conflict):
        await rota.settle_swap(manager, ORGANISATION, swap.id, approve=True)


async def test_who_works_then_or_is_not_of_the_department_cannot_take_it(work_as: Any, house: House) -> None:
    work: Work = await work_as(person(house.asha))
    source, at = await shift_of(work, house.asha, WED_8)
    swap = await rota.offer_swap(work, ORGANISATION, source, at)
    ben: Work = await work_as(person(house.ben))
    with pytest.raises(Conflict):
        await rota.accept_swap(ben, ORGANISATION, swap.id)
    juma: Work = await work_as(person(house.juma))
    with pytest.raises(NotFound):
        await rota.accept_swap(juma, ORGANISATION, swap.id)
    with pytest.raises(NotFound):
        await rota.accept_swap(work, ORGANISATION, swap.id)


async def test_nobody_offers_what_is_not_theirs_or_has_begun(work_as: Any, house: House) -> None:
    work: Work = await work_as(person(house.ben))
    source, at = await shift_of(work, house.asha, WED_8)
    with pytest.raises(NotFound):
        await rota.offer_swap(work, ORGANISATION, source, at)
    own, today = await shift_of(work, house.ben, work.now)
    with pytest.raises(Conflict):
        await rota.offer_swap(work, ORGANISATION, own, today)
    own, at = await shift_of(work, house.ben, WED_8)
    with pytest.raises(Invalid):
        await rota.offer_swap(work, ORGANISATION, own, at, starts_at=WED_8, ends_at=WED_17 + timedelta(hours=1))
    with pytest.raises(Invalid):
        await rota.offer_swap(work, ORGANISATION, own, at, to=house.juma)


async def test_an_offer_is_declined_by_whom_it_is_for_and_withdrawn_by_its_giver(work_as: Any, house: House) -> None:
    swap = await offered(work_as, house, to=house.asha)
    ben: Work = await work_as(person(house.ben))
    with pytest.raises(NotFound):
        await rota.decline_swap(ben, ORGANISATION, swap.id)
    asha: Work = await work_as(person(house.asha))
    assert (await rota.decline_swap(asha, ORGANISATION, swap.id)).state == "declined"
    assert "swap:declined" in await told(work_as, house.chege)
    again = await offered(work_as, house, to=house.asha)
    with pytest.raises(NotFound):
        await rota.withdraw_swap(asha, ORGANISATION, again.id)
    chege: Work = await work_as(person(house.chege))
    assert (await rota.withdraw_swap(chege, ORGANISATION, again.id)).state == "withdrawn"


async def test_a_stranger_finds_no_swap(work_as: Any, house: House) -> None:
    swap = await offered(work_as, house)
    stranger: Work = await work_as(person(house.asha, organisation=OTHER_ORGANISATION))
    with pytest.raises(NotFound):
        await rota.accept_swap(stranger, ORGANISATION, swap.id)


# Absences asked for ---------------------------------------------------------------------------------------------


async def test_an_absence_is_asked_for_approved_and_stands_on_the_rota(work_as: Any, house: House) -> None:
    asha: Work = await work_as(person(house.asha))
    request = await rota.ask_leave(asha, ORGANISATION, WED_8, WED_17)
    assert not (await read_directory(asha, ORGANISATION)).rota.is_absent(house.asha, WED_8)
    assert await told(work_as, house.dalila) == ["leave:asked"]
    with pytest.raises(Conflict):
        await rota.ask_leave(asha, ORGANISATION, WED_8, WED_17)
    with pytest.raises(Forbidden):
        await rota.settle_leave(asha, ORGANISATION, request.id, approve=True)
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    await rota.settle_leave(manager, ORGANISATION, request.id, approve=True)
    assert (await read_directory(manager, ORGANISATION)).rota.is_absent(house.asha, WED_8)
    assert await told(work_as, house.asha) == ["leave:approved"]


async def test_an_absence_that_leaves_an_hour_open_is_approved_only_knowingly(work_as: Any, house: House) -> None:
    juma: Work = await work_as(person(house.juma))
    request = await rota.ask_leave(juma, ORGANISATION, WED_8, WED_17, "training")
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    with pytest.raises(rota.RotaCosts):
        await rota.settle_leave(manager, ORGANISATION, request.id, approve=True)
    await rota.settle_leave(manager, ORGANISATION, request.id, approve=True, knowingly=True)
    assert (await rota.leave_of(manager, [ORGANISATION], house.juma))[0].state == "approved"


async def test_a_request_is_declined_or_taken_back_once(work_as: Any, house: House) -> None:
    asha: Work = await work_as(person(house.asha))
    request = await rota.ask_leave(asha, ORGANISATION, WED_8, WED_17)
    ben: Work = await work_as(person(house.ben))
    with pytest.raises(NotFound):
        await rota.withdraw_leave(ben, ORGANISATION, request.id)
    await rota.withdraw_leave(asha, ORGANISATION, request.id)
    manager: Work = await work_as(person(house.dalila, Role.MANAGER))
    with pytest.raises(Conflict):
        await rota.settle_leave(manager, ORGANISATION, request.id, approve=False)


def test_everybody_asks_and_who_keeps_the_rota_answers() -> None:
    for role in Role:
        assert Permission.ROTA_OWN in permissions_of([role])
    assert Permission.ROTA_EDIT not in permissions_of([Role.AGENT, Role.SPECIALIST])
