"""Contacts: interactions with customers, their messages, and the templates and checks of what we send."""

from ahadi.contacts.actions import note, place_contacts, settle_message, take_in, took_place, write
from ahadi.contacts.model import (
    TO_SETTLE,
    Attached,
    Incoming,
    Message,
    MessageSettled,
    NoSuchMessage,
    Writing,
)
from ahadi.contacts.outbox import Parcel, Post, send_due, settle_abandoned
from ahadi.contacts.store import (
    LastWords,
    ask_last_words,
    attachments_of,
    contact_by_source,
    contacts_of,
    erase_words,
    get_message,
    messages_of,
    messages_to_settle,
    remember_thread,
    threads_of,
    words_of_customers,
)
from ahadi.contacts.telling import PAGE, Telling, tell, way_to
from ahadi.contacts.variables import Value, greeting

__all__ = [
    "PAGE",
    "TO_SETTLE",
    "Attached",
    "Incoming",
    "LastWords",
    "Message",
    "MessageSettled",
    "NoSuchMessage",
    "Parcel",
    "Post",
    "Telling",
    "Value",
    "Writing",
    "ask_last_words",
    "attachments_of",
    "contact_by_source",
    "contacts_of",
    "erase_words",
    "get_message",
    "greeting",
    "messages_of",
    "messages_to_settle",
    "note",
    "place_contacts",
    "remember_thread",
    "send_due",
    "settle_abandoned",
    "settle_message",
    "take_in",
    "tell",
    "threads_of",
    "took_place",
    "way_to",
    "words_of_customers",
    "write",
]
