"""What can truly be promised: shifts less what is promised already."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.base.ids import uuid7
from ahadi.directory import Capacity, Directory
from ahadi.promises.capacity import Plan, Slot, Taken, asked_for
from tests.promises.plans import CARE, a_directory, somebody

NAIROBI, BERLIN = ZoneInfo("Africa/Nairobi"), ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, tzinfo=NAIROBI)
QUARTER = timedelta(minutes=15)
ALL = Capacity(per_hour=4, share=100)


def offered(
    directory: Directory,
    start: datetime = TUESDAY,
    hours: float = 24,
    length: timedelta = QUARTER,
    taken: tuple[Taken, ...] = (),
) -> list[Slot]:
    asked = asked_for(directory, "department", department=CARE)
    end = start + timedelta(hours=hours)
    return Plan.of(directory, start, end, taken).slots(asked, start, end, length)


def clocks(slots: list[Slot], zone: ZoneInfo = NAIROBI) -> list[str]:
    return [f"{each.starts_at.astimezone(zone):%H:%M}" for each in slots]


def booked(hour: float, length: timedelta = QUARTER, seat: int | None = None) -> Taken:
    start = TUESDAY + timedelta(hours=hour)
    return Taken(uuid7(), start, start + length, somebody(seat) if seat is not None else None, CARE)


def test_slots_lie_within_the_shift_from_its_beginning_to_its_end() -> None:
    assert clocks(offered(a_directory({1: "Mo-Fr 08:00-09:00"}, capacity=ALL))) == ["08:00", "08:15", "08:30", "08:45"]


def test_nothing_is_offered_when_nobody_works_or_the_department_is_closed() -> None:
    assert offered(a_directory({1: "Sa 08:00-12:00"})) == []
    assert offered(a_directory({1: ""})) == []
    closed = a_directory({1: "Mo-Fr 08:00-10:00"}, hours="Mo-Fr 09:30-18:00", capacity=ALL)
    assert clocks(offered(closed)) == ["09:30", "09:45"]


def test_an_absence_and_a_public_holiday_take_slots_away() -> None:
    away = [(1, TUESDAY + timedelta(hours=8), TUESDAY + timedelta(hours=8, minutes=30))]
    assert clocks(offered(a_directory({1: "Mo-Fr 08:00-09:00"}, absences=away, capacity=ALL))) == ["08:30", "08:45"]
    jamhuri = datetime(2026, 12, 12, tzinfo=NAIROBI)
    assert offered(a_directory({1: "Mo-Su 08:00-09:00; PH off"}), jamhuri) == []


def test_a_long_visit_needs_one_person_for_the_whole_of_it() -> None:
    apart = a_directory({1: "Mo-Fr 08:00-09:00", 2: "Mo-Fr 09:00-10:00"}, capacity=ALL)
    assert offered(apart, length=timedelta(minutes=90)) == []
    together = a_directory({1: "Mo-Fr 08:00-09:00", 2: "Mo-Fr 08:30-10:00"}, capacity=ALL)
    assert clocks(offered(together, length=timedelta(minutes=90))) == ["08:30"]


def test_a_night_shift_is_offered_over_midnight() -> None:
    night = a_directory({1: "Mo-Su 22:00-02:00"}, capacity=ALL)
    found = clocks(offered(night, TUESDAY + timedelta(hours=20), hours=8, length=timedelta(hours=1)))
    assert found[0] == "22:00" and "23:30" in found and found[-1] == "01:00"


def test_what_is_taken_is_not_offered_again_and_a_second_person_is_one_more_place() -> None:
    one = a_directory({1: "Mo-Fr 08:00-09:00"}, capacity=ALL)
    assert clocks(offered(one, taken=(booked(8.25, seat=1),))) == ["08:00", "08:30", "08:45"]
    two = a_directory({1: "Mo-Fr 08:00-09:00", 2: "Mo-Fr 08:00-09:00"}, capacity=ALL)
    assert [each.places for each in offered(two, taken=(booked(8.25, seat=1),))] == [2, 1, 2, 2]


def test_a_promise_that_names_nobody_takes_somebody_s_time() -> None:
    one = a_directory({1: "Mo-Fr 08:00-09:00"}, capacity=ALL)
    assert clocks(offered(one, taken=(booked(8.25),))) == ["08:00", "08:30", "08:45"]


def test_whoever_fell_ill_leaves_their_bookings_to_a_colleague_whose_time_they_take() -> None:
    away = [(1, TUESDAY, TUESDAY + timedelta(days=1))]
    house = a_directory({1: "Mo-Fr 08:00-09:00", 2: "Mo-Fr 08:00-09:00"}, absences=away, capacity=ALL)
    assert clocks(offered(house, taken=(booked(8, seat=1),))) == ["08:15", "08:30", "08:45"]


def test_one_person_begins_only_so_many_bookings_within_any_hour() -> None:
    house = a_directory({1: "Mo-Fr 08:00-10:00"}, capacity=Capacity(per_hour=2, share=100))
    assert clocks(offered(house, taken=(booked(8, seat=1), booked(8.5, seat=1)))) == [
        "09:00", "09:15", "09:30", "09:45",
    ]  # fmt: skip


def test_no_more_than_the_share_of_a_day_is_booked() -> None:
    house = a_directory({1: "Mo-Fr 08:00-10:00"}, capacity=Capacity(per_hour=4, share=25))
    assert offered(house, taken=(booked(8, seat=1), booked(9, seat=1))) == []
    assert offered(house, taken=(booked(8, seat=1),)) != []


def test_whoever_is_booked_least_is_asked_first() -> None:
    house = a_directory({1: "Mo-Fr 08:00-12:00", 2: "Mo-Fr 08:00-12:00"}, capacity=ALL)
    found = offered(house, taken=(booked(8, seat=1),))
    assert found[-1].people == (somebody(2), somebody(1))


@pytest.mark.parametrize(("day", "count"), [((2026, 3, 28), 12), ((2026, 10, 24), 20), ((2026, 6, 6), 16)])
def test_a_night_on_which_the_clock_is_changed_is_an_hour_shorter_or_longer(
    day: tuple[int, int, int], count: int
) -> None:
    night = a_directory({1: "Mo-Su 23:00-03:00"}, zone="Europe/Berlin", country="DE", capacity=ALL)
    start = datetime(*day, 22, tzinfo=BERLIN)
    found = offered(night, start.astimezone(UTC), hours=7)
    assert len(found) == count
    assert len({each.starts_at for each in found}) == count
    assert all(each.ends_at - each.starts_at == QUARTER for each in found)


def test_managers_and_specialists_are_those_of_the_department_who_work_then() -> None:
    house = a_directory({1: "Mo-Fr 08:00-09:00", 2: "Mo-Fr 08:30-09:00"}, roles={2: "manager"}, capacity=ALL)
    asked = asked_for(house, "manager", department=CARE)
    found = Plan.of(house, TUESDAY, TUESDAY, ()).slots(asked, TUESDAY, TUESDAY + timedelta(days=1), QUARTER)
    assert clocks(found) == ["08:30", "08:45"] and found[0].people == (somebody(2),)
    assert asked_for(house, "specialist", department=CARE).people == ()


# For any rota ----------------------------------------------------------------------------------------------------

HOURS = st.sampled_from([
    "Mo-Su 08:00-10:00", "Mo-Su 09:00-12:00", "Mo-Su 22:00-02:00", "Mo-Su 23:30-04:00", "Mo-Su 00:00-03:30",
    "Mo-Su 09:10-09:50", "24/7", "Mo-Su 08:00-08:45,09:00-11:00",
])  # fmt: skip
PLACES = st.sampled_from([("Africa/Nairobi", "KE"), ("Europe/Berlin", "DE"), ("Asia/Kathmandu", "NP")])
STARTS = st.sampled_from(
    [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)]
)
LENGTHS = st.sampled_from([10, 15, 40, 60, 90]).map(lambda n: timedelta(minutes=n))


@settings(max_examples=60)
@given(
    rota=st.lists(HOURS, min_size=1, max_size=3),
    place=PLACES,
    start=STARTS,
    length=LENGTHS,
    capacity=st.builds(Capacity, st.integers(1, 6), st.integers(10, 100)),
    picks=st.lists(st.integers(0, 1000), min_size=1, max_size=40),
)
def test_booking_whatever_is_offered_never_promises_what_cannot_be_kept(
    rota: list[str],
    place: tuple[str, str],
    start: datetime,
    length: timedelta,
    capacity: Capacity,
    picks: list[int],
) -> None:
    house = a_directory(dict(enumerate(rota)), zone=place[0], country=place[1], capacity=capacity)
    taken: list[Taken] = []
    for pick in picks:
        found = offered(house, start, 30, length, tuple(taken))
        if not found:
            break
        chosen = found[pick % len(found)]
        before = found
        taken.append(Taken(uuid7(), chosen.starts_at, chosen.ends_at, chosen.people[0], CARE))
        assert offered(house, start, 30, length, tuple(taken[:-1])) == before, "what is cancelled is free again"
    shifts = {
        n: house.rota.shifts(somebody(n), start - timedelta(days=2), start + timedelta(days=3))
        for n in range(len(rota))
    }
    for each in taken:
        own = next(n for n in shifts if somebody(n) == each.seat)
        assert any(s.start <= each.starts_at and each.ends_at <= s.end for s in shifts[own])
        of_them = sorted((t for t in taken if t.seat == each.seat), key=lambda t: t.starts_at)
        assert all(a.ends_at <= b.starts_at for a, b in pairwise(of_them))
        within = [t for t in of_them if each.starts_at <= t.starts_at < each.starts_at + timedelta(hours=1)]
        assert len(within) <= capacity.per_hour
    _never_more_than_people(house, taken, shifts)
    _never_more_than_the_share(taken, shifts, capacity, ZoneInfo(place[0]))


def _never_more_than_people(house: Directory, taken: list[Taken], shifts: object) -> None:
    for moment in {each.starts_at for each in taken}:
        under_way = [t for t in taken if t.starts_at <= moment < t.ends_at]
        assert len(under_way) <= len(house.rota.on_shift(house.people, moment))


def _never_more_than_the_share(taken: list[Taken], shifts: object, capacity: Capacity, zone: ZoneInfo) -> None:
    """Counted minute by minute, in another way than the plan counts."""
    minutes: Counter[tuple[object, object]] = Counter()
    worked: Counter[tuple[object, object]] = Counter()
    assert isinstance(shifts, dict)
    for n, held in shifts.items():
        for shift in held:
            at = shift.start
            while at < shift.end:
                worked[somebody(n), at.astimezone(zone).date()] += 1
                at += timedelta(minutes=1)
    for each in taken:
        at = each.starts_at
        while at < each.ends_at:
            minutes[each.seat, at.astimezone(zone).date()] += 1
            at += timedelta(minutes=1)
    assert all(count * 100 <= worked[key] * capacity.share for key, count in minutes.items())
