"""Promises at work: what people do with them, and the watch that reminds, warns, breaks and passes them on."""

from ahadi.promises.actions import (
    Told,
    hold_case,
    keep_promise,
    make_promise,
    named,
    owner_named,
    renew_promise,
    reopen_case,
    resolve_case,
    withdraw_promise,
)
from ahadi.promises.model import due_within, following, leaving, passes_on, recovery, successor
from ahadi.promises.store import Notice, mark_seen, notices_of, notify
from ahadi.promises.watch import oldest_overdue, watch_once, watch_until_quiet

__all__ = [
    "Notice",
    "Told",
    "due_within",
    "following",
    "hold_case",
    "keep_promise",
    "leaving",
    "make_promise",
    "mark_seen",
    "named",
    "notices_of",
    "notify",
    "oldest_overdue",
    "owner_named",
    "passes_on",
    "recovery",
    "renew_promise",
    "reopen_case",
    "resolve_case",
    "successor",
    "watch_once",
    "watch_until_quiet",
    "withdraw_promise",
]
