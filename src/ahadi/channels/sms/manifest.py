"""What this folder says of itself, for whoever wires channels together."""

from ahadi.channels.ports import Manifest
from ahadi.channels.sms.adapter import build
from ahadi.channels.sms.settings import SmsSettings

MANIFEST = Manifest(
    name="sms",
    title="SMS through a gateway over HTTP",
    documentation="docs/how-to/sms-gateway.md",
    settings=SmsSettings,
    build=build,
)
