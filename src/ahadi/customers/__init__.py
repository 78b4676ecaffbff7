"""Customers: recognised by phone, e-mail and handle; their preferences, consent and tier; merged and un-merged."""

from ahadi.customers.actions import (
    CustomerErased,
    find_customers,
    get_customer,
    get_customers,
    organisation_of,
    recognise,
    same_person,
    tier_of,
)
from ahadi.customers.changes import (
    IdentityTaken,
    add_identity,
    end_entitlement,
    remove_identity,
    set_consent,
    set_preferences,
    update_customer,
    verify_entitlement,
    verify_identity,
)
from ahadi.customers.glance_store import GLANCE_OF_CASE, hold_still
from ahadi.customers.identities import Given, IdentityKind, email_identity, handle_identity, phone_identity
from ahadi.customers.likeness import LIKELY, Likeness, Reason, likeness
from ahadi.customers.merging import (
    Suggestion,
    dismiss_duplicate,
    likely_duplicates,
    merge_customers,
    merges_of,
    noticed_duplicates,
    suggest_duplicates,
    unmerge_customers,
)
from ahadi.customers.model import CHANNELS, Channel, Consent, Customer, Identity, Merge, Preferences, Profile, Record
from ahadi.customers.personal_data import Holder, erase_customer, export_customer
from ahadi.customers.recognition import Recognised
from ahadi.customers.store import still_a_name

__all__ = [
    "CHANNELS",
    "GLANCE_OF_CASE",
    "LIKELY",
    "Channel",
    "Consent",
    "Customer",
    "CustomerErased",
    "Given",
    "Holder",
    "Identity",
    "IdentityKind",
    "IdentityTaken",
    "Likeness",
    "Merge",
    "Preferences",
    "Profile",
    "Reason",
    "Recognised",
    "Record",
    "Suggestion",
    "add_identity",
    "dismiss_duplicate",
    "email_identity",
    "end_entitlement",
    "erase_customer",
    "export_customer",
    "find_customers",
    "get_customer",
    "get_customers",
    "handle_identity",
    "hold_still",
    "likely_duplicates",
    "likeness",
    "merge_customers",
    "merges_of",
    "noticed_duplicates",
    "organisation_of",
    "phone_identity",
    "recognise",
    "remove_identity",
    "same_person",
    "set_consent",
    "set_preferences",
    "still_a_name",
    "suggest_duplicates",
    "tier_of",
    "unmerge_customers",
    "update_customer",
    "verify_entitlement",
    "verify_identity",
]
