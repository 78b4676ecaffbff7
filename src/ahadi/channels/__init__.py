"""The ways customers reach us and we reach them: one port, one folder per adapter."""

from ahadi.channels.fake import FakeChannel
from ahadi.channels.ports import (
    Attachment,
    Channel,
    DeliveryReceipt,
    Manifest,
    Outgoing,
    Received,
    Refused,
    SendOutcome,
    Sent,
    Surroundings,
    TryAgain,
    Uncertain,
)

__all__ = [
    "Attachment",
    "Channel",
    "DeliveryReceipt",
    "FakeChannel",
    "Manifest",
    "Outgoing",
    "Received",
    "Refused",
    "SendOutcome",
    "Sent",
    "Surroundings",
    "TryAgain",
    "Uncertain",
]
