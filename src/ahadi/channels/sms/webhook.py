"""What the gateway sends us: messages of customers and delivery receipts, taken only when they are signed."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from standardwebhooks import Webhook

from ahadi.base.errors import Invalid, NotSignedIn, TooLarge
from ahadi.channels.ports import DeliveryReceipt, DeliveryState, Received
from ahadi.channels.sms.pointers import find, find_text
from ahadi.channels.sms.settings import WebhookSettings

MOST_BYTES = 1_000_000
MOST_EVENTS = 1_000
_CHANNEL = "sms"


class WebhookNotSigned(NotSignedIn):
    """The signature is missing, wrong or too old; nothing was read."""

    code = "webhook-not-signed"


class WebhookUnreadable(Invalid):
    """It is signed, and not in the form the settings say."""

    code = "webhook-unreadable"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one webhook brought, in order. `unread` are events that are neither message nor receipt, for a person."""

    events: tuple[Received | DeliveryReceipt, ...]
    unread: tuple[Any, ...] = ()


def read_webhook(settings: WebhookSettings, headers: Mapping[str, str], body: bytes, real_now: datetime) -> Delivery:
    """The events of one delivery; whoever takes them must take each `provider_id` once.

    A delivery may come again, so a message without an id of its own gets one that is the same each time.
    Raises WebhookNotSigned, WebhookUnreadable, or TooLarge beyond a million bytes or a thousand events.
    """
    if len(body) > MOST_BYTES:
        raise TooLarge(f"This is longer than {MOST_BYTES:,} bytes; send fewer events at once.")
    lowered = {name.lower(): value for name, value in headers.items()}
    _check_signature(settings, lowered, body, real_now)
    document = _document(lowered.get("content-type", ""), body)
    events = find(document, settings.items) if settings.items else [document]
    if not isinstance(events, list):
        raise WebhookUnreadable(f"There is no list of events at {settings.items}; check items in the settings.")
    if len(events) > MOST_EVENTS:
        raise TooLarge(f"These are more than {MOST_EVENTS:,} events; send fewer at once.")
    delivery = lowered.get("webhook-id") or hashlib.sha256(body).hexdigest()
    read: list[Received | DeliveryReceipt] = []
    unread = []
    for place, event in enumerate(events):
        if settings.kind and find_text(event, settings.kind) in settings.ignored_kinds:
            continue
        one = _event(settings, event, f"{delivery}/{place}")
        if one is None:
            unread.append(event)
        else:
            read.append(one)
    return Delivery(tuple(read), tuple(unread))


def _check_signature(settings: WebhookSettings, headers: Mapping[str, str], body: bytes, real_now: datetime) -> None:
    refused = WebhookNotSigned("The signature of this webhook is missing, wrong or too old; check the shared secret.")
    standard = settings.signature == "standard-webhooks"
    timestamp_header = "webhook-timestamp" if standard else settings.timestamp_header.lower()
    timestamp = headers.get(timestamp_header, "") if timestamp_header else ""
    if timestamp_header and not _fresh(timestamp, real_now, settings.tolerance_seconds):
        raise refused
    secrets = [secret.get_secret_value() for secret in (settings.secret, settings.previous_secret) if secret]
    given = _given(settings, headers)
    for secret in secrets:
        expected = (
            _standard_signature(secret, headers.get("webhook-id", ""), timestamp, body)
            if standard
            else hmac.new(
                secret.encode(), f"{timestamp}.".encode() + body if timestamp_header else body, hashlib.sha256
            ).digest()
        )
        if any(hmac.compare_digest(expected, each) for each in given):
            return
    raise refused


def _fresh(timestamp: str, real_now: datetime, tolerance_seconds: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(int(timestamp) - real_now.timestamp()) <= tolerance_seconds


def _given(settings: WebhookSettings, headers: Mapping[str, str]) -> list[bytes]:
    """The signatures in the headers, decoded; those that cannot be are left out."""
    if settings.signature == "standard-webhooks":
        words = [word.removeprefix("v1,") for word in headers.get("webhook-signature", "").split() if word[:3] == "v1,"]
        encoding = "base64"
    else:
        value = headers.get(settings.signature_header.lower(), "").strip()
        words = [value.removeprefix(settings.signature_prefix)] if value.startswith(settings.signature_prefix) else []
        encoding = settings.signature_encoding
    found = []
    for word in words[:10]:
        try:
            found.append(bytes.fromhex(word) if encoding == "hex" else base64.b64decode(word, validate=True))
        except (ValueError, binascii.Error):
            continue
    return [each for each in found if len(each) == hashlib.sha256().digest_size]


def _standard_signature(secret: str, delivery: str, timestamp: str, body: bytes) -> bytes:
    """The signature the library makes; empty, which fits nothing, for a body that is no text or has no id."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return b""
    if not delivery:
        return b""
    signed = Webhook(secret).sign(delivery, datetime.fromtimestamp(int(timestamp), UTC), text)
    return base64.b64decode(signed.removeprefix("v1,"))


def _document(content_type: str, body: bytes) -> Any:
    if content_type.split(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
        except ValueError as problem:
            raise WebhookUnreadable("The form cannot be read; it must be UTF-8 with at most 200 fields.") from problem
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise WebhookUnreadable("The body is no JSON.") from problem


def _event(settings: WebhookSettings, event: Any, otherwise: str) -> Received | DeliveryReceipt | None:
    kind, state = find_text(event, settings.kind), find_text(event, settings.state)
    at = _moment(find_text(event, settings.at))
    states = settings.delivered_states | settings.failed_states | settings.other_states
    if kind in settings.receipt_kinds if settings.kind else state in states:
        provider_id = find_text(event, settings.receipt_id)
        if not provider_id or not state:
            return None
        return DeliveryReceipt(_CHANNEL, provider_id[:200], _state(settings, state), state[:40], at)
    text = find(event, settings.text)
    sender = find_text(event, settings.sender)
    if (settings.kind and kind not in settings.message_kinds) or not isinstance(text, str) or not sender:
        return None
    return Received(
        channel=_CHANNEL,
        provider_id=find_text(event, settings.message_id)[:200] or otherwise,
        sender=_number(sender),
        to=_number(find_text(event, settings.to)),
        text=text.replace("\x00", ""),  # which PostgreSQL cannot keep, and nobody can type
        at=at,
    )


def _state(settings: WebhookSettings, state: str) -> DeliveryState:
    if state in settings.delivered_states:
        return "delivered"
    return "failed" if state in settings.failed_states else "on-its-way"


def _number(text: str) -> str:
    """A number in E.164 where it is one (gateways leave the + out, and a form turns it into a space)."""
    digits = text.strip().removeprefix("+")
    return f"+{digits}" if digits.isascii() and digits.isdigit() and 7 < len(digits) <= 15 else text.strip()[:200]


def _moment(text: str) -> datetime | None:
    """A time as gateways write it, None where it cannot be read; without an offset it is taken as UTC."""
    try:
        if re.fullmatch(r"[0-9]{9,14}(?:\.[0-9]+)?", text):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
