"""Contacts and messages as values: what came in, what goes out, and what may become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from ahadi.base.errors import Conflict, NotFound
from ahadi.base.ids import uuid7

Channel = Literal["phone", "email", "web", "chat", "sms"]
Direction = Literal["in", "out", "note"]
MessageState = Literal["received", "noted", "held", "queued", "sending", "sent", "failed", "uncertain", "cancelled"]
TO_SETTLE: tuple[MessageState, ...] = ("held", "failed", "uncertain")


class NoSuchMessage(NotFound):
    code = "no-such-message"


class MessageSettled(Conflict):
    code = "message-settled"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message: its cleaned name and where its bytes are kept."""

    file_id: UUID
    name: str
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file made for a message, such as an entry for a calendar; it is kept only where the message can carry it."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A contact that came in, with its message. `source_key` is the sender's own name for it, taken once.

    `at` is business time. `headers` keeps what mail said beside its words (cc, authentication results …).
    """

    channel: Channel
    customer_id: UUID
    body: str
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    recipient: str | None = None
    source_key: str | None = None
    automatic: bool = False
    headers: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attached, ...] = ()
    at: datetime | None = None
    id: UUID = field(default_factory=uuid7)
    message_id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True, slots=True)
class Writing:
    """A message to a customer, ready to go. `intent` says what it is for: one message goes out per intent.

    `missing` names variables without a value, `failure` a code for another reason why a person must look first:
    with either the message is held. `fresh` says that what it is about was made in this transaction, so that nothing
    can have been said of it.
    """

    channel: str
    case_id: UUID | None
    customer_id: UUID
    recipient: str
    body: str
    intent: str
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    template: str | None = None
    automatic: bool = False
    not_before: datetime | None = None
    held_until: datetime | None = None  # real time: until then it can be taken back
    missing: tuple[str, ...] = ()
    failure: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attached, ...] = ()
    fresh: bool = False
    id: UUID = field(default_factory=uuid7)

    @property
    def state(self) -> MessageState:
        return "held" if self.missing or self.failure else "queued"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands: words, direction, and what became of it. Times are business time, UTC."""

    organisation_id: UUID
    id: UUID
    contact_id: UUID | None
    case_id: UUID | None
    customer_id: UUID | None
    direction: Direction
    channel: str
    author_kind: str
    author_id: UUID | None
    at: datetime
    state: MessageState
    intent: str | None
    template: str | None
    automatic: bool
    not_before: datetime | None
    attempts: int
    sent_at: datetime | None
    delivered_at: datetime | None
    provider_id: str | None
    failure: str | None
    missing: list[str] | None
    subject: str | None
    body: str
    html: str | None
    sender: str | None
    recipient: str | None
    headers: dict[str, Any]


def wait_before_retry(attempts: int) -> timedelta:
    """How long to wait before sending again: 30 seconds, doubling to 2 hours (RFC 5321, 4.5.4.1 asks for patience)."""
    doublings: int = 2 ** min(max(attempts, 1) - 1, 12)
    return min(timedelta(seconds=30) * doublings, timedelta(hours=2))


MAX_SEND_ATTEMPTS = 12
