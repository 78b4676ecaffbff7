"""Contacts: interactions with customers, their messages, and the templates and checks of what we send."""

from ahadi.contacts.actions import note, place_contacts, take_in, took_place, write
from ahadi.contacts.batch import Addressee, BatchState, ToMany, batch_state, write_batch
from ahadi.contacts.canned import canned_replies, check_words, delete_canned, fill_words, save_canned
from ahadi.contacts.canned_store import CannedReply
from ahadi.contacts.chat_store import Chat, WaitingChat, chats_waiting, open_chat_of_case
from ahadi.contacts.checks import Finding, Reach
from ahadi.contacts.default_templates import LANGUAGES as TEMPLATE_LANGUAGES
from ahadi.contacts.default_templates import SAME_WORDS, STEPS, DefaultTemplate, default_template
from ahadi.contacts.model import (
    TO_SETTLE,
    Attached,
    Enclosure,
    Incoming,
    Message,
    MessageSettled,
    NoSuchMessage,
    Writing,
)
from ahadi.contacts.outbox import Parcel, Post, send_due, settle_abandoned
from ahadi.contacts.personal_data import erase_words, forget_files, forget_messages
from ahadi.contacts.personal_store import words_of_customers
from ahadi.contacts.previewing import Addressed, Shown, show_words
from ahadi.contacts.quiet import may_send_at
from ahadi.contacts.settling import mark_bounced, note_receipt, settle_message, take_back
from ahadi.contacts.store import (
    LAST_WORDS_OF_CASE,
    attachments_of,
    attachments_of_case,
    contact_by_source,
    contacts_of,
    count_to_settle,
    get_message,
    hold_source,
    messages_of,
    messages_to_settle,
    remember_thread,
    threads_of,
)
from ahadi.contacts.telling import PAGE, MessageRefused, Reply, Telling, reply, tell, way_open, way_to
from ahadi.contacts.template_actions import (
    TemplateChanged,
    history_of,
    retire_template,
    save_template,
    templates_of,
)
from ahadi.contacts.template_language import Problem
from ahadi.contacts.template_store import TemplateRow
from ahadi.contacts.templates import Rendered, TemplateRefused, Unfilled
from ahadi.contacts.variables import VARIABLES, Value, greeting, variable_names
from ahadi.contacts.words_store import FoundMessage, FoundMessages, find_messages, index_messages, still_said

__all__ = [
    "LAST_WORDS_OF_CASE",
    "PAGE",
    "SAME_WORDS",
    "STEPS",
    "TEMPLATE_LANGUAGES",
    "TO_SETTLE",
    "VARIABLES",
    "Addressed",
    "Addressee",
    "Attached",
    "BatchState",
    "CannedReply",
    "Chat",
    "DefaultTemplate",
    "Enclosure",
    "Finding",
    "FoundMessage",
    "FoundMessages",
    "Incoming",
    "Message",
    "MessageRefused",
    "MessageSettled",
    "NoSuchMessage",
    "Parcel",
    "Post",
    "Problem",
    "Reach",
    "Rendered",
    "Reply",
    "Shown",
    "Telling",
    "TemplateChanged",
    "TemplateRefused",
    "TemplateRow",
    "ToMany",
    "Unfilled",
    "Value",
    "WaitingChat",
    "Writing",
    "attachments_of",
    "attachments_of_case",
    "batch_state",
    "canned_replies",
    "chats_waiting",
    "check_words",
    "contact_by_source",
    "contacts_of",
    "count_to_settle",
    "default_template",
    "delete_canned",
    "erase_words",
    "fill_words",
    "find_messages",
    "forget_files",
    "forget_messages",
    "get_message",
    "greeting",
    "history_of",
    "hold_source",
    "index_messages",
    "mark_bounced",
    "may_send_at",
    "messages_of",
    "messages_to_settle",
    "note",
    "note_receipt",
    "open_chat_of_case",
    "place_contacts",
    "remember_thread",
    "reply",
    "retire_template",
    "save_canned",
    "save_template",
    "send_due",
    "settle_abandoned",
    "settle_message",
    "show_words",
    "still_said",
    "take_back",
    "take_in",
    "tell",
    "templates_of",
    "threads_of",
    "took_place",
    "variable_names",
    "way_open",
    "way_to",
    "words_of_customers",
    "write",
    "write_batch",
]
