"""The directory: organisations, departments, people, their hours and shifts; and who may do what."""

from ahadi.directory.hours import Hours, NeverOpen
from ahadi.directory.model import (
    Department,
    Membership,
    Organisation,
    Person,
    Presence,
    PromiseDefault,
    Reason,
    Settings,
)
from ahadi.directory.permissions import Permission, Role, permissions_of
from ahadi.directory.snapshot import Directory, read_directory
from ahadi.directory.store import all_organisations, get_organisation, presences_of
from ahadi.directory.within import Within

__all__ = [
    "Department",
    "Directory",
    "Hours",
    "Membership",
    "NeverOpen",
    "Organisation",
    "Permission",
    "Person",
    "Presence",
    "PromiseDefault",
    "Reason",
    "Role",
    "Settings",
    "Within",
    "all_organisations",
    "get_organisation",
    "permissions_of",
    "presences_of",
    "read_directory",
]
