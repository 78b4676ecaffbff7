"""Booking calls and visits on a real database: promised, moved, cancelled, reminded, and never the last place twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from ahadi import cases, contacts, promises
from ahadi.base.clock import FixedClock
from ahadi.base.ids import uuid7
from ahadi.cases import Case, Holder
from ahadi.customers import recognise
from ahadi.platform import journal
from ahadi.platform.database import Database, Work
from ahadi.platform.files import read_file
from ahadi.promises import Booking, SlotTaken, Wanted, watch_until_quiet
from tests.cases.builders import ORGANISATION, a_case, promised, system
from tests.directory.builders import House, an_organisation

MORNING = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)  # 09:00 in Nairobi on the next day
CARE = Wanted(department="care")


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        return await an_organisation(work, ORGANISATION)


async def a_request(database: Database, house: House, name: str = "neema") -> Case:
    async with database.work(system()) as work:
        known = await recognise(
            work, ORGANISATION, phone="+254712345678", email=f"{name}@mail.example", name="Neema Wanjiru", country="KE"
        )
        held = Holder(person=house.asha)
        return await a_case(
            work, customer_id=known.customer.id, holder=held, department_id=house.care, channel="email",
            promise=promised(work.now, 40, held),
        )  # fmt: skip


async def booked(database: Database, case: Case, at: datetime = MORNING, wanted: Wanted = CARE) -> Booking:
    async with database.work(system()) as work:
        return (await promises.book(work, case.reference, wanted, at))[1]


async def told(work: Work, case: Case, template: str) -> list[contacts.Message]:
    messages = await contacts.messages_of(work, ORGANISATION, case.id)
    return [each for each in messages if each.template == template]


async def calendar_of(work: Work, message: contacts.Message) -> Any:
    (row,) = await contacts.attachments_of(work, ORGANISATION, [message.id])
    return Calendar.from_ical(await read_file(work, ORGANISATION, row["file_id"])), row["media_type"]


async def free(database: Database, at: datetime, wanted: Wanted = CARE) -> int:
    """How many places there are at just that time."""
    async with database.read(system()) as work:
        found = await promises.free_slots(work, ORGANISATION, wanted, at, at + timedelta(minutes=15))
    return next((each.places for each in found.slots if each.starts_at == at), 0)


async def test_a_booked_call_is_a_promise_of_the_department_and_takes_one_place(
    database: Database, clock: FixedClock, house: House
) -> None:
    clock.set(datetime(2026, 11, 24, 20, 0, tzinfo=UTC))  # 23:00 in Nairobi: booking has no opening hours
    case = await a_request(database, house)
    assert await free(database, MORNING) == 2
    booking = await booked(database, case)
    assert await free(database, MORNING) == 1
    async with database.read(system()) as work:
        case = await cases.get_case(work, case.id)
    call = case.promise(booking.promise_id)
    assert (call.kind, call.owner, call.due_at) == (
        "callback", Holder(department=house.care), MORNING + timedelta(minutes=15),
    )  # fmt: skip
    assert booking.seat in (house.asha, house.ben)


async def test_the_customer_is_told_in_their_zone_with_an_entry_for_their_calendar(
    database: Database, house: House
) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    async with database.read(system()) as work:
        (mail,) = await told(work, case, "appointment_booked")
        calendar, media_type = await calendar_of(work, mail)
    assert "Wednesday 25 November, 09:00 to 09:15 (Nairobi time)" in mail.body
    assert "+254712345678" in mail.body.replace(" ", "")
    assert media_type == "text/calendar; method=REQUEST; charset=utf-8"
    (event,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST" and str(event["UID"]) == f"{booking.id}@localhost"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (booking.starts_at, booking.ends_at)
    assert event["SEQUENCE"] == 0 and str(event["STATUS"]) == "CONFIRMED"
    assert (
        str(event["ATTENDEE"]) == "mailto:neema@mail.example" and str(event["ORGANIZER"]) == "mailto:help@power.example"
    )


async def test_moving_renews_the_promise_gives_the_place_back_and_raises_the_sequence(
    database: Database, house: House
) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    later = MORNING + timedelta(hours=2)
    async with database.work(system()) as work:
        _, moved = await promises.move_booking(work, booking.id, later)
    assert await free(database, MORNING) == 2 and await free(database, later) == 1
    async with database.read(system()) as work:
        all_ = {each.id: each for each in await cases.all_promises(work, ORGANISATION, case.id)}
        old, new = all_[booking.promise_id], all_[moved.promise_id]
        (mail,) = await told(work, case, "appointment_moved")
        calendar, _ = await calendar_of(work, mail)
    assert (old.state, old.successor, old.told) == ("renewed", new.id, mail.id)
    assert new.due_at == later + timedelta(minutes=15)
    (event,) = calendar.walk("VEVENT")
    assert (str(event["UID"]), event["SEQUENCE"]) == (f"{booking.id}@localhost", 1)


async def test_a_booking_may_be_moved_into_time_that_is_only_its_own(database: Database, house: House) -> None:
    case = await a_request(database, house)
    long = Wanted(department="care", length=60)
    booking = await booked(database, case, wanted=long)
    async with database.work(system()) as work:
        _, moved = await promises.move_booking(work, booking.id, MORNING + timedelta(minutes=15))
    assert moved.starts_at == MORNING + timedelta(minutes=15)


async def test_cancelling_withdraws_the_promise_frees_the_place_and_the_case_goes_on(
    database: Database, house: House
) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    async with database.work(system()) as work:
        after, _ = await promises.cancel_booking(work, booking.id)
    assert await free(database, MORNING) == 2 and after.open_promises
    async with database.read(system()) as work:
        (mail,) = await told(work, case, "appointment_cancelled")
        calendar, media_type = await calendar_of(work, mail)
        assert await promises.bookings_of(work, ORGANISATION, case.id) == []
    assert mail.state == "queued" and "method=CANCEL" in media_type and calendar["METHOD"] == "CANCEL"
    (event,) = calendar.walk("VEVENT")
    assert event["SEQUENCE"] == 1 and str(event["STATUS"]) == "CANCELLED"


async def test_of_two_who_want_the_last_place_one_gets_it_and_the_other_is_told_the_next(
    database: Database, house: House
) -> None:
    wanted = Wanted(wish="person", person=str(house.asha))
    requests = [await a_request(database, house, name) for name in ("neema", "baraka")]
    outcomes = await asyncio.gather(
        *(booked(database, each, wanted=wanted) for each in requests), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Booking", "SlotTaken"]
    refused = next(each for each in outcomes if isinstance(each, SlotTaken))
    assert refused.fields["next"][0] == "2026-11-25T06:15:00Z" and len(refused.fields["next"]) == 5


async def test_many_at_once_never_get_more_than_there_is(database: Database, house: House) -> None:
    requests = [await a_request(database, house, f"c{n}") for n in range(5)]
    outcomes = await asyncio.gather(*(booked(database, each) for each in requests), return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["Booking"] * 2 + ["SlotTaken"] * 3


async def test_what_nobody_can_keep_is_refused(database: Database, house: House) -> None:
    case = await a_request(database, house)
    network = Wanted(department="network")
    with pytest.raises(SlotTaken):
        await booked(database, case, MORNING + timedelta(hours=12), network)
    with pytest.raises(SlotTaken):
        await booked(database, case, MORNING + timedelta(days=40), network)
    with pytest.raises(SlotTaken):
        await booked(database, case, MORNING + timedelta(minutes=7))


async def test_a_manager_who_is_booked_owns_the_promise_in_person(database: Database, house: House) -> None:
    async with database.work(system()) as work:
        await work.execute(
            "insert into shift_pattern (organisation_id, id, person_id, hours) values (%(o)s, %(id)s, %(p)s, '24/7')",
            {"o": ORGANISATION, "id": uuid7(), "p": house.dalila},
        )
        await work.execute("update organisation set version = version + 1 where id = %(o)s", {"o": ORGANISATION})
    case = await a_request(database, house)
    booking = await booked(database, case, wanted=Wanted(wish="manager", department="care"))
    async with database.read(system()) as work:
        case = await cases.get_case(work, case.id)
    assert case.promise(booking.promise_id).owner == Holder(person=house.dalila)


async def test_a_call_that_was_owed_anyway_is_the_one_that_is_booked(database: Database, house: House) -> None:
    case = await a_request(database, house)
    async with database.work(system()) as work:
        _, owed = await promises.make_promise(work, case.reference, "callback", MORNING)
    booking = await booked(database, case, MORNING + timedelta(hours=1))
    async with database.read(system()) as work:
        all_ = {each.id: each for each in await cases.all_promises(work, ORGANISATION, case.id)}
    assert (all_[owed.id].state, all_[owed.id].successor) == ("renewed", booking.promise_id)


async def test_the_customer_is_reminded_once_before_it_and_not_of_what_was_cancelled(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, other = await a_request(database, house), await a_request(database, house)
    await booked(database, case)
    gone = await booked(database, other)
    async with database.work(system()) as work:
        await promises.cancel_booking(work, gone.id)
    clock.set(MORNING - timedelta(hours=2, minutes=1))
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        assert await told(work, case, "appointment_reminder") == []
    clock.advance(timedelta(minutes=1))
    await watch_until_quiet(database)
    await watch_until_quiet(database)
    async with database.read(system()) as work:
        assert len(await told(work, case, "appointment_reminder")) == 1
        assert await told(work, other, "appointment_reminder") == []


async def test_a_reminder_that_would_wake_somebody_comes_before_their_quiet_hours(
    database: Database, clock: FixedClock, house: House
) -> None:
    case = await a_request(database, house)
    async with database.work(system()) as work:
        await work.execute(
            "update customer set quiet_from = '21:00', quiet_until = '08:55' where id = %(id)s",
            {"id": case.customer_id},
        )
    booking = await booked(database, case)
    assert booking.remind_at == datetime(2026, 11, 24, 17, 45, tzinfo=UTC)  # 20:45 in Nairobi, the evening before


async def test_a_promise_renewed_by_hand_takes_its_booking_along(database: Database, house: House) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    due_at = MORNING + timedelta(hours=3, minutes=15)
    async with database.work(system()) as work:
        await promises.renew_promise(work, booking.promise_id, due_at, None, None)
    async with database.read(system()) as work:
        (moved,) = await promises.bookings_of(work, ORGANISATION, case.id)
        (mail,) = await told(work, case, "appointment_moved")
    assert (moved.id, moved.starts_at, moved.sequence) == (booking.id, MORNING + timedelta(hours=3), 1)
    assert mail.state == "queued" and await free(database, MORNING) == 2


@pytest.mark.parametrize("how", ["kept", "withdrawn", "resolved", "broken"])
async def test_however_its_promise_ends_a_booking_takes_no_time_any_more(
    database: Database, clock: FixedClock, house: House, how: str
) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case)
    async with database.work(system()) as work:
        if how == "kept":
            await promises.keep_promise(work, booking.promise_id, "note", "done")
        elif how == "withdrawn":
            await promises.withdraw_promise(work, booking.promise_id, "not needed")
        elif how == "resolved":
            others = [each.id for each in case.open_promises]
            await promises.resolve_case(work, case.reference, withdraw=[booking.promise_id, *others])
    if how == "broken":
        clock.set(MORNING + timedelta(minutes=16))
        await watch_until_quiet(database)
    async with database.read(system()) as work:
        ended = await work.value("select ended_at from booking where id = %(id)s", {"id": booking.id})
        if how in ("withdrawn", "resolved"):
            (mail,) = await told(work, case, "resolved" if how == "resolved" else "appointment_cancelled")
            assert (await calendar_of(work, mail))[0]["METHOD"] == "CANCEL"
    assert ended is not None


async def test_a_visit_is_booked_on_a_resolved_case_which_is_opened_again(database: Database, house: House) -> None:
    case = await a_request(database, house)
    async with database.work(system()) as work:
        await promises.resolve_case(work, case.reference, withdraw=[each.id for each in case.open_promises])
    visit = Wanted(kind="visit", department="network")
    booking = await booked(database, case, wanted=visit)
    assert booking.ends_at - booking.starts_at == timedelta(hours=1)
    async with database.read(system()) as work:
        assert (await cases.get_case(work, case.id)).state == "open"


async def test_the_journal_tells_of_bookings_by_ids_alone(database: Database, house: House) -> None:
    case = await a_request(database, house)
    booking = await booked(database, case, wanted=Wanted(department="care", phone="0733 999888"))
    async with database.read(system()) as work:
        rows = await work.rows("select kind, facts::text from journal where case_id = %(id)s", {"id": case.id})
        (mail,) = await told(work, case, "appointment_booked")
    assert any(row["kind"] == "booking.made" and str(booking.seat) in row["facts"] for row in rows)
    assert not any("733999888" in row["facts"] for row in rows)
    assert "733999888" in mail.body


async def test_a_case_that_goes_on_in_another_takes_its_booked_times_along(
    database: Database, clock: FixedClock, house: House
) -> None:
    case, other = await a_request(database, house), await a_request(database, house)
    booking = await booked(database, case)
    async with database.work(system()) as work:
        merged = await promises.merge_cases(work, case.reference, other.reference)
    async with database.read(system()) as work:
        (carried,) = await promises.bookings_of(work, ORGANISATION, merged.id)
        assert await promises.bookings_of(work, ORGANISATION, case.id) == []
        kinds = [row.kind for row in await journal.of_case(work, ORGANISATION, merged.id)]
    assert (carried.id, carried.starts_at) == (booking.id, MORNING)
    assert merged.promise(carried.promise_id).state == "open" and "booking.carried" in kinds
    assert await free(database, MORNING) == 1, "its place stays taken"
    async with database.work(system()) as work:
        moved = (await promises.move_booking(work, booking.id, MORNING + timedelta(hours=1)))[1]
    assert moved.case_id == merged.id
