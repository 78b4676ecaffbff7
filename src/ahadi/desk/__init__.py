"""The desk: what helps people at work and is no fact of a case: macros, drafts, who is there, what they chose."""

from ahadi.desk.actions import (
    at_desk,
    be_here,
    choose_after_sending,
    drop_draft,
    keep_draft,
    leave,
)
from ahadi.desk.macros import delete_macro, get_macro, macros_of, preview_macro, run_macro, save_macro
from ahadi.desk.model import AFTER_SENDING, HERE_FOR, MODES, AfterSending, AtDesk, Deeds, Here, Macro, Mode, NoSuchMacro
from ahadi.desk.personal_data import drafts_about, erase_drafts
from ahadi.desk.store import forget_old

__all__ = [
    "AFTER_SENDING",
    "HERE_FOR",
    "MODES",
    "AfterSending",
    "AtDesk",
    "Deeds",
    "Here",
    "Macro",
    "Mode",
    "NoSuchMacro",
    "at_desk",
    "be_here",
    "choose_after_sending",
    "delete_macro",
    "drafts_about",
    "drop_draft",
    "erase_drafts",
    "forget_old",
    "get_macro",
    "keep_draft",
    "leave",
    "macros_of",
    "preview_macro",
    "run_macro",
    "save_macro",
]
