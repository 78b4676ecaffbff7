"""Promises at work: what people do with them, and the watch that reminds, warns, breaks and passes them on."""

from ahadi.promises.actions import (
    Told,
    hold_case,
    keep_promise,
    make_promise,
    merge_cases,
    named,
    owner_named,
    renew_promise,
    reopen_case,
    resolve_case,
    withdraw_promise,
)
from ahadi.promises.booking_store import Booking, bookings_of
from ahadi.promises.bookings import (
    NoSuchBooking,
    SlotTaken,
    Times,
    Wanted,
    book,
    cancel_booking,
    free_slots,
    get_booking,
    move_booking,
)
from ahadi.promises.calling import OUTCOMES, Attempted, Outcome, note_attempt
from ahadi.promises.calls import Call, calls_to_make
from ahadi.promises.capacity import Slot
from ahadi.promises.model import due_within, following, leaving, passes_on, recovery, successor
from ahadi.promises.orphan_store import Orphan, orphans_of
from ahadi.promises.store import Notice, count_unseen, mark_seen, notices_of, notify
from ahadi.promises.telling import calendar_file, phone_to_call
from ahadi.promises.watch import oldest_overdue, watch_once, watch_until_quiet

__all__ = [
    "OUTCOMES",
    "Attempted",
    "Booking",
    "Call",
    "NoSuchBooking",
    "Notice",
    "Orphan",
    "Outcome",
    "Slot",
    "SlotTaken",
    "Times",
    "Told",
    "Wanted",
    "book",
    "bookings_of",
    "calendar_file",
    "calls_to_make",
    "cancel_booking",
    "count_unseen",
    "due_within",
    "following",
    "free_slots",
    "get_booking",
    "hold_case",
    "keep_promise",
    "leaving",
    "make_promise",
    "mark_seen",
    "merge_cases",
    "move_booking",
    "named",
    "note_attempt",
    "notices_of",
    "notify",
    "oldest_overdue",
    "orphans_of",
    "owner_named",
    "passes_on",
    "phone_to_call",
    "recovery",
    "renew_promise",
    "reopen_case",
    "resolve_case",
    "successor",
    "watch_once",
    "watch_until_quiet",
    "withdraw_promise",
]
