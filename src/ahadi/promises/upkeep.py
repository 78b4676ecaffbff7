"""What happens to a booking when its promise is settled otherwise than by moving or cancelling the booking."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ahadi.cases import Case, Promised
from ahadi.contacts import Enclosure
from ahadi.customers import Customer
from ahadi.directory import Directory
from ahadi.platform.database import Work
from ahadi.promises import booking_store as store
from ahadi.promises.booking_store import Booking
from ahadi.promises.telling import calendar_file, remind_at


async def end_bookings(work: Work, organisation_id: UUID, promises: Sequence[UUID]) -> list[Booking]:
    """The bookings of settled promises no longer stand: their time is free, nobody is reminded. Those that ended."""
    found = await store.bookings_of_promises(work, organisation_id, promises) if promises else []
    for each in found:
        await store.update_booking(work, replace(each, ended_at=work.now, remind_at=None))
    return found


async def follow(
    work: Work, directory: Directory, customer: Customer, promise_id: UUID, renewed: Promised
) -> Booking | None:
    """A booking whose promise is renewed by hand goes to the new time, whoever has room: an agent agreed on it."""
    found = await store.bookings_of_promises(work, directory.organisation.id, [promise_id])
    if not found:
        return None
    starts_at = renewed.due_at - found[0].length
    return replace(
        found[0],
        promise_id=renewed.id,
        starts_at=starts_at,
        ends_at=renewed.due_at,
        sequence=found[0].sequence + 1,
        remind_at=remind_at(directory, customer, starts_at, work.now),
    )


def calendar_ends(
    work: Work, directory: Directory, case: Case, customer: Customer, ended: Iterable[Booking]
) -> tuple[Enclosure, ...]:
    """What takes bookings that lie ahead out of the customer's calendar."""
    return tuple(
        calendar_file(work, directory, case, customer, replace(each, sequence=each.sequence + 1), cancelled=True)
        for each in ended
        if _ahead(each, work.now)
    )


def _ahead(booking: Booking, now: datetime) -> bool:
    return booking.starts_at > now
