"""What this folder says of itself, for whoever wires channels together."""

from ahadi.channels.email.adapter import build
from ahadi.channels.email.settings import EmailSettings
from ahadi.channels.ports import Manifest

MANIFEST = Manifest(
    name="email",
    title="E-mail through a mail server",
    documentation="docs/reference/mail.md",
    settings=EmailSettings,
    build=build,
)
