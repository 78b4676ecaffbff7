"""Intake: a contact becomes a customer, a case, a holder and a promise."""

from ahadi.intake.actions import Taken, escalate, manager_of, split_case, take_contact
from ahadi.intake.direct_line import DirectLine, Wish, ask_for
from ahadi.intake.model import Contacting, Join, Open, Placing, Reopen, place

__all__ = [
    "Contacting",
    "DirectLine",
    "Join",
    "Open",
    "Placing",
    "Reopen",
    "Taken",
    "Wish",
    "ask_for",
    "escalate",
    "manager_of",
    "place",
    "split_case",
    "take_contact",
]
