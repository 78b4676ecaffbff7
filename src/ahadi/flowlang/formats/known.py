"""By what the files of each format are known: light, as it is asked of every file."""

import re
from typing import Final

# The kinds of flows of Genesys Architect: the first key of a file.
KINDS: Final = (
    "inboundCall", "inqueueCall", "inQueueCall", "outboundCall", "secureCall", "inboundShortMessage", "inboundMessage",
    "inboundChat", "inboundEmail", "inqueueShortMessage", "inqueueEmail", "inqueueMessage", "inQueueShortMessage",
    "inQueueEmail", "inQueueMessage", "commonModule", "workflow", "workitem", "voicemail", "bot", "digitalBot",
    "surveyInvite", "voiceSurvey",
)  # fmt: skip
_ROOT: Final = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?(" + "|".join(KINDS).encode() + rb")[\"']?[ \t]*:", re.MULTILINE)
_AS_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"(?:" + "|".join(KINDS).encode() + rb")\"\s*:")
_EXTENSIONS: Final = re.compile(rb"^[ \t]*(exten|same)[ \t]*=>?", re.MULTILINE)
_SECTION: Final = re.compile(rb"^[ \t]*\[[^\]\r\n]+\]", re.MULTILINE)
_OBJECT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_CONF: Final = re.compile(r"\.conf([.\w-]*)$")


def is_genesys(name: str, data: bytes) -> bool:
    """Whether a file is a flow of Architect: YAML, or the same as JSON, whose first key is a kind of flow."""
    if not name.lower().endswith((".yaml", ".yml", ".json")):
        return False
    return _AS_JSON.match(data[:4_000]) is not None or _ROOT.search(data[:100_000]) is not None


def is_dialplan(name: str, data: bytes) -> bool:
    """Whether a file is a dialplan: `extensions*.conf`, or another `.conf` that has extensions."""
    base = name.rsplit("/", 1)[-1].lower()
    if _CONF.search(base) is None:
        return False
    return base.startswith("extensions") or _EXTENSIONS.search(data[:400_000]) is not None


def is_queues(name: str, data: bytes) -> bool:
    """Whether a file tells of queues: `queues*.conf`."""
    base = name.rsplit("/", 1)[-1].lower()
    return _CONF.search(base) is not None and base.startswith("queues") and _SECTION.search(data[:400_000]) is not None


def is_connect(_name: str, data: bytes) -> bool:
    """Whether a file is a flow of Amazon Connect: the flow language, bare or wrapped, or the older export."""
    if _OBJECT.match(data[:4_000]) is None:
        return False
    modern = b"StartAction" in data and b"Actions" in data
    return modern or (b'"modules"' in data and b'"start"' in data)


def is_studio(_name: str, data: bytes) -> bool:
    """Whether a file is a flow of Twilio Studio."""
    return _OBJECT.match(data[:4_000]) is not None and b"initial_state" in data and b"states" in data
