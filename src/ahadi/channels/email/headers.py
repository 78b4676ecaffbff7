"""Header fields, read from the raw bytes.

The standard library's structured header parser raises on hostile fields and takes minutes over some, so fields are
read raw (the `compat32` policy) and taken apart here: in linear time, without recursion, without errors.
"""

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import Message
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from itertools import islice
from typing import Any

from ahadi.channels.email.charsets import decode, line
from ahadi.channels.email.mail import Address

Part = Message

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_ID = re.compile(r"<\s*([^<>\s]{1,990})\s*>")
_LONGEST, _MOST_FIELDS = 64 * 1024, 2000


class Fields:
    """The header of a part: every field's text, by name without regard to case, in order."""

    def __init__(self, part: Part) -> None:
        self.all: list[tuple[str, str]] = []
        self._by_name: dict[str, list[str]] = {}
        for name, value in islice(part.raw_items(), _MOST_FIELDS):
            text = _text(str(value))
            self.all.append((str(name).lower(), text))
            self._by_name.setdefault(str(name).lower(), []).append(text)

    def first(self, name: str) -> str:
        """The topmost field of this name as written (encoded words and all), empty when there is none."""
        return next(iter(self._by_name.get(name, ())), "")

    def every(self, name: str) -> list[str]:
        return self._by_name.get(name, [])

    def words(self, name: str) -> str:
        """The topmost field of this name for people: decoded, on one line."""
        return line(words(self.first(name)))

    def __contains__(self, name: object) -> bool:
        return name in self._by_name


def _text(value: str) -> str:
    raw = value[:_LONGEST].encode("utf-8", "surrogateescape")
    return decode(raw).replace("\r", "").replace("\n", "").replace("\x00", "")  # unfolded (RFC 5322, 2.2.3)


def words(value: str) -> str:
    """The text with its encoded words (RFC 2047) decoded.

    Neighbouring words of one charset are joined before decoding, since many senders cut through a character.
    """
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        its_charset = match[1].partition("*")[0].lower()
        if pending and (between.strip() or its_charset != charset):
            out.append(decode(pending, charset))
            pending = b""
        if between.strip() or not charset:
            out.append(between)
        pending, charset, at = pending + _bytes(match[2], match[3]), its_charset, match.end()
    if pending:
        out.append(decode(pending, charset))
    out.append(value[at:])
    return "".join(out)


def _bytes(encoding: str, text: str) -> bytes:
    plain = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(plain.replace(b" ", b"_"), header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", plain)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """A field such as Content-Type: its value in lower case, and its parameters (RFC 2045, RFC 2231) decoded."""
    carrier: Part = Message()
    # A section number beyond any sense makes the standard library give up on the whole field.
    sensible = re.sub(r";[^=;\"]*\*\d{4,}\*?\s*=[^;]*", "", value[:8192])
    carrier["Content-Type"] = sensible.replace("\n", " ").replace("\r", " ")
    found: dict[str, str] = {}
    try:
        listed: list[tuple[str, Any]] = list(carrier.get_params(failobj=[], unquote=True))
        for name, given in listed[1:]:
            key = line(name.rstrip("*"), 60).lower()
            if key not in found or isinstance(given, tuple):  # the RFC 2231 form says it better than the plain one
                found[key] = decode_parameter(given)
    except (ValueError, LookupError, TypeError, IndexError):
        pass  # a parameter that cannot be read is one that was not given
    return line(value.partition(";")[0], 200).lower(), found


def decode_parameter(given: Any) -> str:
    """A parameter's text: RFC 2231 as the standard says, encoded words as many senders write them."""
    if isinstance(given, tuple):
        charset, _, text = given
        raw = str(text or "").encode("latin-1", "replace")
        return line(decode(raw, str(charset or "")))
    return line(words(collapse_rfc2231_value(given)))


def message_ids(values: Iterable[str], limit: int) -> tuple[str, ...]:
    """The message ids in some fields, without brackets, in order, once each. Of too many, the last are kept
    (they are the nearest) with the first (the beginning of the thread)."""
    found: dict[str, None] = {}
    for value in values:
        ids = _ID.findall(value) or [word.strip("<>") for word in value.split() if "@" in word]
        found.update(
            dict.fromkeys(identifier for each in ids if (identifier := line(each, 990)) and " " not in identifier)
        )
    listed = list(found)
    return tuple(listed if len(listed) <= limit else [listed[0], *listed[1 - limit :]])


def date(value: str) -> datetime | None:
    """The moment in UTC, None when it cannot be made out. Without a zone it is taken as UTC (RFC 5322, 3.3: -0000)."""
    try:
        moment = parsedate_to_datetime(line(value, 100))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def addresses(values: Iterable[str], limit: int) -> tuple[Address, ...]:
    """The mailboxes of some address fields (RFC 5322, 3.4), at most `limit`. What cannot be read has no address.

    Encoded words are decoded after the list was cut at its commas, so that none of them can smuggle in a mailbox.
    """
    found: list[Address] = []
    for value in values:
        for phrase, inside, comment in _mailboxes(value):
            if len(found) == limit:
                return tuple(found)
            name = _unquoted(line(words(phrase if inside else comment), 200))
            written = inside[0] if len(inside) == 1 else "" if inside else phrase
            address = mailbox(written)
            if address or name or phrase.strip():
                found.append(Address(name if address else _unquoted(line(words(phrase), 200)), address))
    return tuple(found)


def _unquoted(name: str) -> str:
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" else name


def mailbox(text: str) -> str:
    """One bare address with its domain in lower case, empty when it is none or cannot be told for certain."""
    text = text.strip()
    if text.startswith("@"):  # an obsolete source route: @relay,@relay:local@domain
        text = text.rpartition(":")[2]
    local, at, domain = text.rpartition("@")
    quoted = len(local) > 2 and local[0] == local[-1] == '"'
    if not at or not local or not domain or len(text) > 320 or line(text, 320) != text:
        return ""
    if not re.fullmatch(r"[^\s@<>()\[\]:;,\\\"]+(?:\.[^\s@<>()\[\]:;,\\\"]+)*\.?|\[[0-9A-Fa-f.:IPv]+\]", domain):
        return ""
    if not quoted and re.search(r"[\s@<>()\[\]:;,\\\"]", local):
        return ""
    return f"{local}@{domain.rstrip('.').lower()}"


def _mailboxes(value: str) -> list[tuple[str, list[str], str]]:
    """Cut an address list: for each mailbox its words outside, what stands in angle brackets, its comments."""
    found: list[tuple[str, list[str], str]] = []
    phrase: list[str] = []
    inside: list[list[str]] = []
    comment: list[str] = []
    depth, quoted, angle, escaped = 0, False, False, False

    def finish() -> None:
        if phrase or inside:
            found.append(("".join(phrase), ["".join(each) for each in inside], "".join(comment)))
        phrase.clear()
        inside.clear()
        comment.clear()

    for character in value[:_LONGEST]:
        special = not escaped and not quoted and not (depth and character not in "()")
        escaped, was_escaped = False, escaped
        if character == "\\" and (quoted or depth) and not was_escaped:
            escaped = True
        elif character == '"' and not was_escaped and not depth:
            quoted = not quoted
        elif special and character in "()" and not angle:
            depth = max(0, depth + (1 if character == "(" else -1))
            continue
        elif special and character == "<" and not angle:
            angle = True
            inside.append([])
            continue
        elif special and character == ">":
            angle = False
            continue
        elif special and character == ":" and not angle:
            phrase.clear()  # a group's name
            continue
        elif special and character in ",;" and not angle:
            finish()
            continue
        if not escaped:
            (comment if depth else inside[-1] if angle else phrase).append(character)
    finish()
    if quoted or depth:  # something was opened and never closed: read it as if it had not been opened
        return _mailboxes(value[:_LONGEST].replace('"', "").replace("(", ""))
    return found
