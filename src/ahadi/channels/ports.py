"""The port of every channel: what it is handed to send, what may come of it, and what it hands in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel

from ahadi.base.clock import Clock


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message. `media_type` is such as `application/pdf`."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, complete and checked, for one recipient.

    `idempotency_key` is the same at every attempt to send this message and differs between messages. `to` and
    `sender` are in the channel's own form: a mailbox (`Name <name@example.org>`) or a number in E.164.
    `headers` are for channels that have them (mail); others ignore what they cannot carry.
    """

    id: UUID
    idempotency_key: str
    to: str
    text: str
    sender: str = ""
    subject: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver said yes. `provider_id` is its name for the message, `at` the time it gave, where it gave any."""

    provider_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver said no, and the same again would be refused again.

    `permanent` says the *address* can never be reached this way (no such number, no such mailbox); otherwise
    something else must be put right by a person (credentials, credit, the words). `code` is short, stable and
    free of personal data, so that it may be stored and counted.
    """

    sentence: str
    permanent: bool = True
    code: str = "refused"


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not sent for certain, or safe to repeat because the receiver honours the idempotency key.

    `after` is what the receiver asked for, None when it did not say.
    """

    sentence: str
    after: timedelta | None = None
    code: str = "try-again"


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Perhaps sent, perhaps not, and repeating could send it twice: a person settles it."""

    sentence: str
    code: str = "uncertain"


SendOutcome = Sent | Refused | TryAgain | Uncertain


class Channel(Protocol):
    """An adapter that sends. Trouble outside is an outcome, never an exception; being cancelled is passed on."""

    @property
    def name(self) -> str:
        """The channel's name as stored with messages: `email`, `sms` …"""
        ...

    @property
    def honours_idempotency(self) -> bool:
        """Whether the receiver takes one idempotency key once only, however often it is sent."""
        ...

    async def send(self, message: Outgoing) -> SendOutcome: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A message a customer sent us. The same `provider_id` may be handed in again and must be taken once."""

    channel: str
    provider_id: str
    sender: str
    to: str
    text: str
    at: datetime | None = None


DeliveryState = Literal["delivered", "failed", "on-its-way"]


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What became of a message the receiver had taken; `code` is the receiver's own word for it."""

    channel: str
    provider_id: str
    state: DeliveryState
    code: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is handed: a guarded HTTP client and the real clock. It makes neither itself."""

    http: httpx.AsyncClient
    clock: Clock


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an adapter's folder says of itself: found under the entry point group `ahadi.channels`.

    `settings` is the schema an administrator fills in; `build` makes the channel from such settings.
    """

    name: str
    title: str
    documentation: str
    settings: type[BaseModel]
    build: Callable[[Any, Surroundings], Channel]
