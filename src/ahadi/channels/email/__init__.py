"""The e-mail channel: mail read, answered, sent, and taken in by SMTP, LMTP and IMAP."""

from ahadi.channels.email.adapter import EmailChannel, build
from ahadi.channels.email.attachments import attachment, clean_name, media_type, within
from ahadi.channels.email.compose import OutgoingMail, compose
from ahadi.channels.email.guards import Verdict, is_loop, may_answer
from ahadi.channels.email.html import REMOTE_IMAGE
from ahadi.channels.email.inbox import Account, Fetched, MailboxState, PollResult, next_poll, poll_once
from ahadi.channels.email.mail import (
    Address,
    Attachment,
    Authentication,
    Automatic,
    AutomaticKind,
    Bounce,
    BouncedRecipient,
    Check,
    Forwarded,
    Limits,
    Mail,
    Spam,
)
from ahadi.channels.email.manifest import MANIFEST
from ahadi.channels.email.parse import parse_mail
from ahadi.channels.email.server import MailServer
from ahadi.channels.email.session import DeliveryResult, Envelope, ServerLimits
from ahadi.channels.email.settings import EmailSettings
from ahadi.channels.email.thread import (
    Claims,
    Signed,
    Verify,
    anchor,
    claims,
    header_of,
    message_id,
    references,
    subject_with,
    verifier,
)

__all__ = [
    "MANIFEST",
    "REMOTE_IMAGE",
    "Account",
    "Address",
    "Attachment",
    "Authentication",
    "Automatic",
    "AutomaticKind",
    "Bounce",
    "BouncedRecipient",
    "Check",
    "Claims",
    "DeliveryResult",
    "EmailChannel",
    "EmailSettings",
    "Envelope",
    "Fetched",
    "Forwarded",
    "Limits",
    "Mail",
    "MailServer",
    "MailboxState",
    "OutgoingMail",
    "PollResult",
    "ServerLimits",
    "Signed",
    "Spam",
    "Verdict",
    "Verify",
    "anchor",
    "attachment",
    "build",
    "claims",
    "clean_name",
    "compose",
    "header_of",
    "is_loop",
    "may_answer",
    "media_type",
    "message_id",
    "next_poll",
    "parse_mail",
    "poll_once",
    "references",
    "subject_with",
    "verifier",
    "within",
]
