"""The rota at work: changes told of before they are made, absences asked for, shifts swapped, calendars fetched."""

from ahadi.rota.changes import Costs, RotaCosts, costs_of, keep
from ahadi.rota.feeds import calendar_by, feed_made_at, make_feed, revoke_feed
from ahadi.rota.leave import ask_leave, settle_leave, withdraw_leave
from ahadi.rota.model import LeaveRequest, Swap
from ahadi.rota.store import leave_asked, leave_of, swaps_of, swaps_open
from ahadi.rota.swaps import accept_swap, decline_swap, may_accept, offer_swap, settle_swap, withdraw_swap

__all__ = [
    "Costs",
    "LeaveRequest",
    "RotaCosts",
    "Swap",
    "accept_swap",
    "ask_leave",
    "calendar_by",
    "costs_of",
    "decline_swap",
    "feed_made_at",
    "keep",
    "leave_asked",
    "leave_of",
    "make_feed",
    "may_accept",
    "offer_swap",
    "revoke_feed",
    "settle_leave",
    "settle_swap",
    "swaps_of",
    "swaps_open",
    "withdraw_leave",
    "withdraw_swap",
]
