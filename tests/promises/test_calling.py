"""Calling back: each attempt is recorded, the next one promised, and nobody who was not reached is dropped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ahadi import cases, promises
from ahadi.base.clock import FixedClock
from ahadi.base.errors import Invalid
from ahadi.cases import Case, Holder
from ahadi.directory import Bookings
from ahadi.platform.database import Database
from ahadi.promises import Attempted, Booking, Outcome
from ahadi.promises.booking_store import calls_owed
from ahadi.promises.calling import OUTCOMES, wait_after
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House
from tests.promises.test_bookings import MORNING, a_request, booked, calendar_of, house, told

__all__ = ["house"]
HOUR = timedelta(hours=1)


async def attempt(database: Database, promise: Any, outcome: Outcome, note: str = "") -> Attempted:
    async with database.work(system()) as work:
        return await promises.note_attempt(work, promise, outcome, note)


async def a_call(database: Database, clock: FixedClock, house: House) -> tuple[Case, Booking]:
    """A booked call whose time has come."""
    case = await a_request(database, house)
    booking = await booked(database, case)
    clock.set(MORNING)
    return case, booking


async def set_bookings(database: Database, json: str) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "update organisation set settings = settings || jsonb_build_object('bookings', %(b)s::jsonb),"
            " version = version + 1 where id = %(o)s",
            {"o": ORGANISATION, "b": json},
        )


@pytest.mark.parametrize(
    ("number", "outcome", "minutes"),
    [(1, "no-answer", 30), (2, "busy", 120), (3, "voicemail", 1440), (4, "no-answer", None), (1, "wrong-number", None)],
)
def test_the_wait_before_the_next_attempt_is_as_the_organisation_set(
    number: int, outcome: Outcome, minutes: int | None
) -> None:
    assert wait_after(number, outcome, Bookings()) == (timedelta(minutes=minutes) if minutes else None)


async def test_who_answers_has_their_promise_kept_by_the_call(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, booking = await a_call(database, clock, house)
    done = await attempt(database, booking.promise_id, "answered", "The meter is replaced on Monday.")
    async with database.read(system()) as work:
        all_ = {each.id: each for each in await cases.all_promises(work, ORGANISATION, case.id)}
        spoken = await work.value("select channel from contact where id = %(id)s", {
            "id": all_[booking.promise_id].deed_id,
        })  # fmt: skip
    kept = all_[booking.promise_id]
    assert (kept.state, kept.deed_kind, spoken) == ("kept", "contact", "phone")
    assert done.case.open_promises


async def test_nobody_answers_and_the_next_call_is_promised_for_a_time_that_can_be_kept(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, booking = await a_call(database, clock, house)
    done = await attempt(database, booking.promise_id, "no-answer")
    assert done.promise and done.promise.due_at == MORNING + timedelta(minutes=45)
    async with database.read(system()) as work:
        all_ = {each.id: each for each in await cases.all_promises(work, ORGANISATION, case.id)}
        (moved,) = await promises.bookings_of(work, ORGANISATION, case.id)
        (mail,) = await told(work, case, "callback_tried")
        calendar, _ = await calendar_of(work, mail)
    old = all_[booking.promise_id]
    assert (old.state, old.successor, old.told) == ("renewed", done.promise.id, mail.id)
    assert (moved.id, moved.starts_at) == (booking.id, MORNING + timedelta(minutes=30))
    assert calendar.walk("VEVENT")[0]["SEQUENCE"] == 1
    assert mail.state == "queued" and "09:30" in mail.body


async def test_whoever_is_called_before_the_time_they_booked_keeps_that_time(database: Database, house: House) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    done = await attempt(database, booking.promise_id, "no-answer")
    assert done.promise and done.promise.due_at == booking.ends_at


async def test_a_retry_that_would_fall_into_the_night_waits_for_the_next_shift(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await a_request(database, house)
    wanted = promises.Wanted(wish="person", person=str(house.asha))
    booking = await booked(database, case, datetime(2026, 11, 25, 13, 30, tzinfo=UTC), wanted)  # 16:30, until 17:00
    clock.set(booking.starts_at)
    done = await attempt(database, booking.promise_id, "busy")
    assert done.promise
    assert done.promise.owner == Holder(person=house.asha)
    assert done.promise.due_at == datetime(2026, 11, 26, 5, 15, tzinfo=UTC)


async def test_after_the_last_attempt_a_person_promises_another_way_and_the_customer_is_told(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, booking = await a_call(database, clock, house)
    promise = booking.promise_id
    for number in (1, 2, 3):
        done = await attempt(database, promise, "no-answer")
        assert done.number == number and done.promise and done.promise.kind == "callback"
        promise = done.promise.id
        clock.set(done.promise.due_at - timedelta(minutes=5))
    last = await attempt(database, promise, "no-answer")
    assert last.promise and (last.promise.kind, last.promise.owner) == ("update", Holder(person=house.dalila))
    assert last.number == 4 and last.promise in last.case.open_promises
    async with database.read(system()) as work:
        withdrawn = next(p for p in await cases.all_promises(work, ORGANISATION, case.id) if p.id == promise)
        (mail,) = await told(work, case, "callback_given_up")
        assert await promises.bookings_of(work, ORGANISATION, case.id) == []
        attempts = await work.rows("select number, outcome from call_attempt order by number")
        journal = await work.rows("select facts from journal where kind = 'call.attempted' order by seq")
        notices = await promises.notices_of(work, house.dalila, 10)
    assert (withdrawn.state, withdrawn.reason) == ("withdrawn", "not-reached")
    assert mail.state == "queued" and "attempts: 4" in mail.body
    assert [row["number"] for row in attempts] == [1, 2, 3, 4]
    assert [row["facts"]["number"] for row in journal] == [1, 2, 3, 4]
    assert [each.kind for each in notices] == ["unreached"]


async def test_a_wrong_number_is_not_tried_again_nor_written_to(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, booking = await a_call(database, clock, house)
    async with database.work(system()) as work:
        await work.execute("delete from identity where kind = 'email'")
    done = await attempt(database, booking.promise_id, "wrong-number")
    assert done.promise and done.promise.kind == "update"
    async with database.read(system()) as work:
        (notice,) = await told(work, case, "callback_given_up")
    assert notice.channel == "web"


async def test_where_only_the_last_attempt_is_told_the_others_stand_on_the_customer_s_page(
    database: Database, clock: FixedClock, house: House
) -> None:
    await set_bookings(database, '{"tell": "last", "retries": [30]}')
    case, booking = await a_call(database, clock, house)
    done = await attempt(database, booking.promise_id, "busy")
    assert done.promise
    await attempt(database, done.promise.id, "busy")
    async with database.read(system()) as work:
        (quiet,) = await told(work, case, "callback_tried")
        (loud,) = await told(work, case, "callback_given_up")
    assert (quiet.channel, loud.channel) == ("web", "email")


async def test_a_call_that_was_promised_without_a_time_gets_one_when_nobody_answers(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await a_request(database, house)
    async with database.work(system()) as work:
        _, owed = await promises.make_promise(work, case.reference, "callback", clock.now() + HOUR, owner="care")
    done = await attempt(database, owed.id, "voicemail", "Left our number.")
    async with database.read(system()) as work:
        (booking,) = await promises.bookings_of(work, ORGANISATION, case.id)
    assert done.promise and booking.promise_id == done.promise.id
    assert booking.starts_at == clock.now() + HOUR / 2 and booking.department_id == house.care


async def test_the_list_is_in_due_order_with_what_was_tried(
    database: Database, clock: FixedClock, house: House
) -> None:
    first, booking = await a_call(database, clock, house)
    other = await a_request(database, house, "baraka")
    await booked(database, other, MORNING + HOUR)
    await attempt(database, booking.promise_id, "no-answer")
    async with database.read(system()) as work:
        rows = await calls_owed(work, [ORGANISATION])
        of_network = await calls_owed(work, [ORGANISATION], departments=[house.network])
    assert [(row["case_id"], row["attempts"], row["last_outcome"]) for row in rows] == [
        (first.id, 1, "no-answer"), (other.id, None, None),
    ]  # fmt: skip
    assert of_network == []


async def test_only_calls_are_attempted(database: Database, house: House) -> None:
    case = await a_request(database, house)
    with pytest.raises(Invalid, match="no call back"):
        await attempt(database, case.open_promises[0].id, OUTCOMES[1])


async def test_moving_to_another_time_begins_the_attempts_anew(
    database: Database, clock: FixedClock, house: House
) -> None:
    _, booking = await a_call(database, clock, house)
    await attempt(database, booking.promise_id, "no-answer")
    async with database.work(system()) as work:
        _, moved = await promises.move_booking(work, booking.id, MORNING + 3 * HOUR)
    assert (await attempt(database, moved.promise_id, "no-answer")).number == 1
