"""The directory: organisations, departments, people, their hours and shifts; and who may do what."""

from ahadi.directory.coverage import DAYS_AHEAD, Uncovered
from ahadi.directory.expression import public_holidays
from ahadi.directory.hours import Hours, NeverOpen
from ahadi.directory.model import (
    Bookings,
    Capacity,
    Department,
    Membership,
    Organisation,
    Person,
    Presence,
    PromiseDefault,
    Reason,
    Settings,
)
from ahadi.directory.people_actions import deactivate_person, set_presence
from ahadi.directory.permissions import Permission, Role, permissions_of
from ahadi.directory.proposal import Proposal, called_for, on_call_spans, piece_of
from ahadi.directory.rota import Piece, Rota, Shift
from ahadi.directory.rota_actions import ABSENCES, absence_of, end_absence, mark_absent
from ahadi.directory.rota_changes import (
    keep_proposal,
    propose_absence,
    propose_copy,
    propose_handing,
    propose_move,
    propose_off,
    propose_pattern,
    propose_pattern_end,
    propose_shift,
)
from ahadi.directory.setup import Change, Problem, Setup, SetupRefused, diff_setups
from ahadi.directory.setup_file import examine_setup, read_setup
from ahadi.directory.snapshot import Directory, ask_ahead, directory_at, read_directory
from ahadi.directory.store import (
    VERSION_OF_CASE,
    all_organisations,
    get_organisation,
    organisation_names,
    presences_among,
    presences_of,
    raise_version,
)
from ahadi.directory.within import Within

__all__ = [
    "ABSENCES",
    "DAYS_AHEAD",
    "VERSION_OF_CASE",
    "Bookings",
    "Capacity",
    "Change",
    "Department",
    "Directory",
    "Hours",
    "Membership",
    "NeverOpen",
    "Organisation",
    "Permission",
    "Person",
    "Piece",
    "Presence",
    "Problem",
    "PromiseDefault",
    "Proposal",
    "Reason",
    "Role",
    "Rota",
    "Settings",
    "Setup",
    "SetupRefused",
    "Shift",
    "Uncovered",
    "Within",
    "absence_of",
    "all_organisations",
    "ask_ahead",
    "called_for",
    "deactivate_person",
    "diff_setups",
    "directory_at",
    "end_absence",
    "examine_setup",
    "get_organisation",
    "keep_proposal",
    "mark_absent",
    "on_call_spans",
    "organisation_names",
    "permissions_of",
    "piece_of",
    "presences_among",
    "presences_of",
    "propose_absence",
    "propose_copy",
    "propose_handing",
    "propose_move",
    "propose_off",
    "propose_pattern",
    "propose_pattern_end",
    "propose_shift",
    "public_holidays",
    "raise_version",
    "read_directory",
    "read_setup",
    "set_presence",
]
