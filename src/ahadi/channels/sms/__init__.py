"""The SMS channel: any gateway that takes JSON or a form over HTTP, told by settings alone."""

from ahadi.channels.sms.adapter import SmsChannel, build
from ahadi.channels.sms.manifest import MANIFEST
from ahadi.channels.sms.settings import SmsSettings, WebhookSettings
from ahadi.channels.sms.webhook import Delivery, WebhookNotSigned, WebhookUnreadable, read_webhook

__all__ = [
    "MANIFEST",
    "Delivery",
    "SmsChannel",
    "SmsSettings",
    "WebhookNotSigned",
    "WebhookSettings",
    "WebhookUnreadable",
    "build",
    "read_webhook",
]
