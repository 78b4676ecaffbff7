"""A change of the rota is told of before it is made: what it leaves open, and whose promises lose their person."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi import rota
from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.cases import Holder
from ahadi.directory import (
    Directory,
    Piece,
    propose_absence,
    propose_copy,
    propose_move,
    propose_off,
    propose_pattern,
    propose_pattern_end,
    propose_shift,
    read_directory,
)
from ahadi.directory.model import ShiftCut
from ahadi.directory.rota import Rota
from ahadi.directory.spans import minus
from ahadi.platform.database import Work
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation
from tests.directory.values import BERLIN, NAIROBI, extra, local, nairobi, named, pattern
from tests.directory.values import ORGANISATION as VALUES

WED_8, WED_17 = nairobi(2026, 11, 25, 8), nairobi(2026, 11, 25, 17)
SAT_8, SAT_12 = nairobi(2026, 11, 28, 8), nairobi(2026, 11, 28, 12)


@pytest.fixture
async def work(work_as: Any) -> Work:
    made: Work = await work_as(system())
    return made


@pytest.fixture
async def house(work: Work) -> House:
    return await an_organisation(work, ORGANISATION)


async def piece(work: Work, person: UUID, at: datetime) -> Piece:
    directory = await read_directory(work, ORGANISATION)
    [found] = directory.rota.pieces(person, at, at + timedelta(minutes=1))
    return found


def works(directory: Directory, person: UUID, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    return [(each.start, each.end) for each in directory.rota.shifts(person, start, end)]


async def day_of(work: Work, person: UUID, day: int) -> list[tuple[datetime, datetime]]:
    directory = await read_directory(work, ORGANISATION)
    return works(directory, person, nairobi(2026, 11, day), nairobi(2026, 11, day) + timedelta(days=1))


# One day of a pattern -------------------------------------------------------------------------------------------


async def test_one_day_of_a_pattern_is_moved_and_the_others_stay(work: Work, house: House) -> None:
    shift = await piece(work, house.asha, WED_8)
    later = timedelta(hours=2)
    proposal = await propose_move(work, ORGANISATION, shift.source_id, shift.start, WED_8 + later, WED_17 + later)
    assert await rota.keep(work, proposal)
    assert await day_of(work, house.asha, 25) == [(WED_8 + later, WED_17 + later)]
    thursday = timedelta(days=1)
    assert await day_of(work, house.asha, 26) == [(WED_8 + thursday, WED_17 + thursday)]


async def test_a_shift_moved_again_stays_one_shift(work: Work, house: House) -> None:
    shift = await piece(work, house.asha, WED_8)
    await rota.keep(work, await propose_move(work, ORGANISATION, shift.source_id, shift.start, SAT_8, SAT_12))
    single = await piece(work, house.asha, SAT_8)
    assert single.single
    longer = SAT_12 + timedelta(hours=1)
    await rota.keep(work, await propose_move(work, ORGANISATION, single.source_id, None, SAT_8, longer))
    assert await day_of(work, house.asha, 28) == [(SAT_8, longer)]
    assert (await piece(work, house.asha, SAT_8)).source_id == single.source_id
    assert await day_of(work, house.asha, 25) == []


async def test_a_shift_goes_to_a_colleague_of_its_department_alone(work: Work, house: House) -> None:
    shift = await piece(work, house.chege, nairobi(2026, 11, 28, 20))
    move = await propose_move(work, ORGANISATION, shift.source_id, shift.start, shift.start, shift.end, house.asha)
    await rota.keep(work, move)
    assert (await piece(work, house.asha, nairobi(2026, 11, 28, 20))).department_id == house.care
    with pytest.raises(Invalid):
        single = await piece(work, house.asha, nairobi(2026, 11, 28, 20))
        await propose_move(work, ORGANISATION, single.source_id, None, shift.start, shift.end, house.juma)


async def test_a_shift_somebody_else_moved_meanwhile_is_not_found(work: Work, house: House) -> None:
    shift = await piece(work, house.asha, WED_8)
    await rota.keep(work, await propose_off(work, ORGANISATION, shift.source_id, shift.start))
    assert await day_of(work, house.asha, 25) == []
    with pytest.raises(NotFound):
        await propose_off(work, ORGANISATION, shift.source_id, shift.start)


async def test_a_single_shift_over_another_is_refused(work: Work, house: House) -> None:
    await rota.keep(work, await propose_shift(work, ORGANISATION, house.asha, SAT_8, SAT_12, house.care))
    with pytest.raises(Conflict):
        await propose_shift(work, ORGANISATION, house.asha, SAT_8 + timedelta(hours=1), SAT_12, house.care)


async def test_what_is_where_it_was_is_no_change(work: Work, house: House) -> None:
    shift = await piece(work, house.asha, WED_8)
    same = await propose_move(work, ORGANISATION, shift.source_id, shift.start, WED_8, WED_17)
    assert not same.changes and not await rota.keep(work, same)


# Shifts that come again -----------------------------------------------------------------------------------------


async def pattern_id(work: Work, person: UUID) -> UUID:
    [found] = [each for each in (await read_directory(work, ORGANISATION)).patterns if each.person_id == person]
    return found.id


async def test_shifts_that_come_again_are_changed_from_a_day_on_and_stay_before(work: Work, house: House) -> None:
    """Thursdays in the afternoon from 3 December: Thursday 26 November and Wednesday 2 December are as they were."""
    former = await pattern_id(work, house.asha)
    proposal = await propose_pattern(
        work, ORGANISATION, house.asha, "Th 13:00-18:00", None, date(2026, 12, 3), instead_of=former
    )
    assert await rota.keep(work, proposal)
    directory = await read_directory(work, ORGANISATION)
    found = works(directory, house.asha, nairobi(2026, 11, 30), nairobi(2026, 12, 12))
    assert found == [
        *((nairobi(2026, *day, 8), nairobi(2026, *day, 17)) for day in ((11, 30), (12, 1), (12, 2))),
        *((nairobi(2026, 12, day, 13), nairobi(2026, 12, day, 18)) for day in (3, 10)),
    ]
    assert await pattern_id_at(work, house.asha, nairobi(2026, 12, 1, 9)) == former


async def pattern_id_at(work: Work, person: UUID, at: datetime) -> UUID:
    return (await piece(work, person, at)).source_id


async def test_shifts_that_would_have_begun_later_are_replaced_whole(work: Work, house: House) -> None:
    first = await propose_pattern(work, ORGANISATION, house.dalila, "Sa 08:00-12:00", "care", date(2026, 12, 5))
    await rota.keep(work, first)
    later = await pattern_id(work, house.dalila)
    second = await propose_pattern(
        work, ORGANISATION, house.dalila, "Su 08:00-12:00", None, date(2026, 12, 1), instead_of=later
    )
    await rota.keep(work, second, knowingly=True)
    directory = await read_directory(work, ORGANISATION)
    assert works(directory, house.dalila, nairobi(2026, 11, 24), nairobi(2026, 12, 7)) == [
        (nairobi(2026, 12, 6, 8), nairobi(2026, 12, 6, 12))
    ]


async def test_the_end_of_shifts_is_told_of_for_four_weeks(work: Work, house: House) -> None:
    """Juma alone works for the network: without his days after Friday 27 November nobody can be reached."""
    own = await pattern_id(work, house.juma)
    proposal = await propose_pattern_end(work, ORGANISATION, own, date(2026, 11, 27))
    uncovered = proposal.uncovered(work.now)
    assert {each.department for each in uncovered} == {"network"}
    assert uncovered[0].start == nairobi(2026, 11, 30, 8)
    assert uncovered[-1].end <= work.now + timedelta(days=28)
    with pytest.raises(rota.RotaCosts):
        await rota.keep(work, proposal)
    assert await rota.keep(work, proposal, knowingly=True)
    assert await day_of(work, house.juma, 27) == [(nairobi(2026, 11, 27, 8), nairobi(2026, 11, 27, 17))]
    assert await day_of(work, house.juma, 30) == []


async def test_more_shifts_cost_nothing(work: Work, house: House) -> None:
    more = await propose_pattern(work, ORGANISATION, house.dalila, "Mo-Su 17:00-08:00", "care", date(2026, 11, 24))
    assert not await rota.costs_of(work, more)


@pytest.mark.parametrize(
    ("hours", "department", "last"),
    [("whenever", None, None), ("Mo-Fr 08:00-17:00", "network", None), ("Mo 08:00-12:00", None, date(2026, 11, 1))],
)
async def test_shifts_that_cannot_be_are_refused(
    work: Work, house: House, hours: str, department: str | None, last: date | None
) -> None:
    with pytest.raises(Invalid):
        await propose_pattern(work, ORGANISATION, house.asha, hours, department, date(2026, 11, 24), last)


async def test_shifts_somebody_else_removed_meanwhile_are_not_found(work: Work, house: House) -> None:
    with pytest.raises(NotFound):
        await propose_pattern_end(work, ORGANISATION, house.asha, date(2026, 11, 24))


# What it costs --------------------------------------------------------------------------------------------------


async def test_an_hour_left_without_anybody_is_told_and_kept_only_knowingly(work: Work, house: House) -> None:
    shift = await piece(work, house.juma, WED_8)
    proposal = await propose_off(work, ORGANISATION, shift.source_id, shift.start)
    costs = await rota.costs_of(work, proposal)
    assert [(each.department, each.start, each.end) for each in costs.uncovered] == [("network", WED_8, WED_17)]
    with pytest.raises(rota.RotaCosts):
        await rota.keep(work, proposal)
    assert await day_of(work, house.juma, 25) == [(WED_8, WED_17)]
    assert await rota.keep(work, proposal, knowingly=True)
    assert await day_of(work, house.juma, 25) == []


async def test_hours_that_were_open_before_are_not_laid_to_the_change(work: Work, house: House) -> None:
    """The network has nobody at night; moving its one shift by an hour leaves one hour open, and mends another."""
    shift = await piece(work, house.juma, WED_8)
    hour = timedelta(hours=1)
    proposal = await propose_move(work, ORGANISATION, shift.source_id, shift.start, WED_8 + hour, WED_17 + hour)
    assert [(each.start, each.end) for each in proposal.uncovered(work.now)] == [(WED_8, WED_8 + hour)]


async def test_a_promise_that_falls_due_in_the_time_given_up_is_told(work: Work, house: House) -> None:
    holder = Holder(person=house.asha)
    due = nairobi(2026, 11, 25, 12)
    case = await a_case(work, ORGANISATION, holder=holder, promise=promised(work.now, owner=holder, due_at=due))
    shift = await piece(work, house.asha, WED_8)
    off = await propose_off(work, ORGANISATION, shift.source_id, shift.start)
    [orphan] = (await rota.costs_of(work, off)).orphans
    assert (orphan.what, orphan.reference, orphan.at, orphan.person) == ("promise", case.reference, due, house.asha)
    shorter = await propose_move(work, ORGANISATION, shift.source_id, shift.start, WED_8, due + timedelta(hours=1))
    assert not await rota.costs_of(work, shorter)


async def test_the_past_costs_nothing(work: Work, house: House) -> None:
    monday = nairobi(2026, 11, 23, 8)
    shift = await piece(work, house.juma, monday)
    assert not await rota.costs_of(work, await propose_off(work, ORGANISATION, shift.source_id, shift.start))


async def test_an_absence_is_told_of_like_a_shift_less(work: Work, house: House) -> None:
    away = await propose_absence(work, ORGANISATION, house.juma, WED_8, WED_8 + timedelta(hours=2), "sick")
    assert [(each.start, each.end) for each in away.uncovered(work.now)] == [(WED_8, WED_8 + timedelta(hours=2))]


# The week once more ---------------------------------------------------------------------------------------------


async def test_a_copied_week_has_its_single_shifts_and_its_gaps_once(work: Work, house: House) -> None:
    shift = await piece(work, house.asha, WED_8)
    await rota.keep(work, await propose_move(work, ORGANISATION, shift.source_id, shift.start, SAT_8, SAT_12))
    for expected in ((1, 0), (0, 1)):  # the second time it is there already
        proposal, *counted = await propose_copy(work, ORGANISATION, house.care, nairobi(2026, 11, 23), NAIROBI)
        assert tuple(counted) == expected
        await rota.keep(work, proposal)
    directory, week = await read_directory(work, ORGANISATION), timedelta(days=7)
    assert works(directory, house.asha, SAT_8 + week, SAT_12 + week) == [(SAT_8 + week, SAT_12 + week)]
    assert works(directory, house.asha, WED_8 + week, WED_17 + week) == []
    assert works(directory, house.ben, WED_8 + week, WED_17 + week) == [(WED_8 + week, WED_17 + week)]


def test_a_week_copied_over_a_change_of_the_clock_keeps_the_time_on_the_wall() -> None:
    from zoneinfo import ZoneInfo

    from ahadi.directory.proposal import _later

    before = local(BERLIN, 2026, 10, 21, 9)
    assert _later(before, ZoneInfo(BERLIN)) == local(BERLIN, 2026, 10, 28, 9) == before + timedelta(days=7, hours=1)


# The rota itself ------------------------------------------------------------------------------------------------

HOURS = st.integers(min_value=0, max_value=14 * 24)


@given(HOURS, st.integers(min_value=1, max_value=72))
def test_a_cut_takes_out_of_a_pattern_just_its_own_time(begin: int, length: int) -> None:
    start, end = nairobi(2026, 11, 16), nairobi(2026, 12, 7)
    since = nairobi(2026, 11, 18) + timedelta(hours=begin)
    cut = ShiftCut(
        organisation_id=VALUES,
        id=named("cut"),
        person_id=named("asha"),
        department_id=None,
        starts_at=since,
        ends_at=since + timedelta(hours=length),
    )
    patterns = [pattern("asha", "Mo-Fr 08:00-17:00"), pattern("asha", "Sa 10:00-12:00", "care")]
    saturdays = Rota([patterns[1]], (), (), zone=NAIROBI, country="KE")
    whole = Rota(patterns, (), (), zone=NAIROBI, country="KE")
    with_cut = Rota(patterns, (), (), zone=NAIROBI, country="KE", cuts=[cut])

    def spans(each: Rota) -> list[tuple[datetime, datetime]]:
        return [(shift.start, shift.end) for shift in each.shifts(named("asha"), start, end)]

    left = minus(spans(whole), minus([(cut.starts_at, cut.ends_at)], spans(saturdays)))
    assert spans(with_cut) == left
    for hour in range(0, 21 * 24, 5):
        at = start + timedelta(hours=hour)
        assert bool(with_cut.on_shift([named("asha")], at)) == any(s <= at < e for s, e in left)


def test_a_shift_over_midnight_is_one_piece_on_both_days() -> None:
    night = Rota([pattern("asha", "Mo-Su 22:00-06:00")], (), (), zone=NAIROBI, country="KE")
    for day in (24, 25):
        pieces = night.pieces(named("asha"), nairobi(2026, 11, day), nairobi(2026, 11, day + 1))
        assert (nairobi(2026, 11, 24, 22), nairobi(2026, 11, 25, 6)) in [(p.start, p.end) for p in pieces]
    single = Rota((), [extra("asha", SAT_8, SAT_12)], (), zone=NAIROBI, country="KE")
    [found] = single.pieces(named("asha"), SAT_8 + timedelta(hours=1), SAT_8 + timedelta(hours=2))
    assert (found.start, found.end, found.single) == (SAT_8, SAT_12, True)


def test_a_day_on_which_the_clock_is_put_back_has_its_shift_by_the_wall() -> None:
    berlin = Rota([pattern("asha", "Su 01:00-09:00")], (), (), zone=BERLIN, country="DE")
    [found] = berlin.pieces(named("asha"), local(BERLIN, 2026, 10, 25), local(BERLIN, 2026, 10, 26))
    assert found.end - found.start == timedelta(hours=9) and found.start == datetime(2026, 10, 24, 23, tzinfo=UTC)
