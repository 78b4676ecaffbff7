"""Intake: a contact becomes a customer, a case, a holder and a promise."""

from ahadi.intake.actions import Taken, escalate, manager_of, split_case, take_contact
from ahadi.intake.direct_line import DirectLine, Wish, ask_for
from ahadi.intake.exporting import Exported, export_organisation
from ahadi.intake.import_map import ImportMap, MapRefused, read_map
from ahadi.intake.importing import ImportProgress, import_file
from ahadi.intake.model import Contacting, Join, Open, Placing, Reopen, place
from ahadi.intake.personal_data import PERSONAL_DATA, erase_person, export_person
from ahadi.intake.uploads import FILES, Upload, keep_uploads

__all__ = [
    "FILES",
    "PERSONAL_DATA",
    "Contacting",
    "DirectLine",
    "Exported",
    "ImportMap",
    "ImportProgress",
    "Join",
    "MapRefused",
    "Open",
    "Placing",
    "Reopen",
    "Taken",
    "Upload",
    "Wish",
    "ask_for",
    "erase_person",
    "escalate",
    "export_organisation",
    "export_person",
    "import_file",
    "keep_uploads",
    "manager_of",
    "place",
    "read_map",
    "split_case",
    "take_contact",
]
