"""Where a contact belongs, decided purely: the case it joins, the one it reopens, or a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from ahadi.base.ids import uuid7
from ahadi.cases import Case
from ahadi.contacts import Attached

Channel = Literal["phone", "email", "web", "chat", "sms"]


@dataclass(frozen=True, slots=True)
class Contacting:
    """Somebody gets in touch. `thread` is the case that a verified thread or signed reference names.

    `source_key` is the sender's own name for this contact: it is taken in once. An `automatic` contact (an
    out-of-office answer) is kept with its case, answered by nobody and counted as no repeat. `tier` is never here:
    what customers are owed comes from verified entitlements only. `customer` is whom a signed link names, and then
    nobody is looked for by what was said. `apart` says that they read answers where they write and nobody verified who
    they are (a chat): then only a thread names a case, never what was said.
    """

    channel: Channel
    text: str
    subject: str = ""
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    handle: str | None = None
    language: str | None = None
    reason: str | None = None
    place: str | None = None
    department: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    thread: UUID | None = None
    customer: UUID | None = None
    source_key: str | None = None
    automatic: bool = False
    apart: bool = False
    answer: bool = True  # whether a machine may tell the customer that it arrived
    html: str | None = None
    sender: str | None = None
    recipient: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attached, ...] = ()
    id: UUID = field(default_factory=uuid7)
    message_id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True, slots=True)
class Join:
    """The contact belongs to an open case."""

    case: Case


@dataclass(frozen=True, slots=True)
class Reopen:
    """The contact is about a case that was resolved not long ago."""

    case: Case


@dataclass(frozen=True, slots=True)
class Open:
    """A new case; `beside` is another open case of the same customer."""

    beside: UUID | None = None


Placing = Join | Reopen | Open


def place(
    contacting: Contacting, known: Sequence[Case], thread: Case | None, reopen_within: timedelta, now: datetime
) -> Placing:
    """Where a contact belongs.

    On its thread or signed reference; else with the same customer's open case about the same reason, where a missing
    reason matches the only open case; else it reopens what was resolved within `reopen_within`; else it is new.
    `known` are the customer's open and lately resolved cases, newest first; one who comes `apart` joins none of them.
    """
    lately = [each for each in known if each.resolved_at is not None and now - each.resolved_at <= reopen_within]
    opened = [each for each in known if each.state == "open"]
    if thread is not None:
        if thread.state == "open":
            return Join(thread)
        if thread.resolved_at is not None and now - thread.resolved_at <= reopen_within:
            return Reopen(thread)
        return Open(thread.id)
    if contacting.apart:
        return Open(opened[0].id if opened else None)
    found = _same_matter(contacting.reason, opened)
    if found is not None:
        return Join(found)
    again = None if opened and contacting.reason is None else _same_matter(contacting.reason, lately)
    if again is not None:
        return Reopen(again)
    return Open(opened[0].id if opened else None)


def _same_matter(reason: str | None, known: Sequence[Case]) -> Case | None:
    if reason is None:
        return known[0] if len(known) == 1 else None
    return next((each for each in known if each.reason == reason), None)


def is_escalated(contacts_in_window: int, threshold: int) -> bool:
    """Whether this contact about one thing is the one that goes to the manager: the `threshold`-th in the window."""
    return threshold > 0 and contacts_in_window >= threshold
