"""Identifiers: UUIDv7 for rows, spoken references for people."""

import os
import re
import threading
import time
from uuid import UUID

# Letters and digits that cannot be mistaken for one another when read aloud or scribbled:
# no 0/O, 1/I/L, 5/S, 8/B, U/V, and no A or E, so that no word is spelled by chance.
ALPHABET = "234679CDFGHJKMNPQRTVWXYZ"
_BODY = 6
_STEP, _START = 86_028_121, 104_395_301  # primes, so the step shares no factor with 24
_REFERENCE = re.compile(rf"([A-Z][A-Z0-9]{{1,5}})-([{ALPHABET}]{{{_BODY + 1}}})")

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A new time-ordered identifier (RFC 9562, section 5.7), strictly increasing within one process.

    The 12 bits after the milliseconds carry the fraction of the millisecond (method 3 of section 6.2),
    so identifiers made one after the other sort in that order.
    """
    global _last
    with _lock:
        stamp = (time.time_ns() << 12) // 1_000_000  # milliseconds with 12 bits of fraction
        stamp = _last = max(stamp, _last + 1)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    return UUID(int=(milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random)


def check_character(text: str) -> str:
    """The check character of a reference's prefix and body.

    A pure system in the manner of ISO 7064 (modulus 37, radix 2): every single wrong character and every swap
    of two characters changes it. Empty where the sum has no letter of its own.
    """
    total = 0
    for character in text:
        total = (total * 2 + int(character, 36)) % 37
    return ALPHABET[total] if total < len(ALPHABET) else ""


def reference_of(prefix: str, number: int) -> str | None:
    """The spoken reference of a numbered case, such as `PW-K7MQ2XC`: prefix, six characters, a check character.

    Numbers are spread over all bodies by an affine permutation, so neighbours look nothing alike and none comes
    twice below 24 to the 6th. None for the third of numbers whose check sum has no letter: take the next number.
    """
    spread = (number * _STEP + _START) % len(ALPHABET) ** _BODY
    body = ""
    for _ in range(_BODY):
        spread, digit = divmod(spread, len(ALPHABET))
        body += ALPHABET[digit]
    check = check_character(prefix + body)
    return f"{prefix}-{body}{check}" if check else None


def parse_reference(text: str) -> str | None:
    """The canonical form of a reference as a person may type it, or None when it cannot be one.

    Case, spaces and hyphens do not matter; the check character must fit.
    """
    squeezed = re.sub(r"[\s\-‐-―.]+", "", text).upper()
    if not 2 + _BODY + 1 <= len(squeezed) <= 6 + _BODY + 1:
        return None
    prefix, rest = squeezed[: -_BODY - 1], squeezed[-_BODY - 1 :]
    canonical = f"{prefix}-{rest}"
    if not _REFERENCE.fullmatch(canonical) or check_character(prefix + rest[:-1]) != rest[-1]:
        return None
    return canonical


def find_references(text: str) -> list[str]:
    """Every well-formed reference written in a text, canonical, in order, without repeats."""
    found = (parse_reference(match) for match in re.findall(r"\b[A-Za-z][A-Za-z0-9]{1,5}-[A-Za-z0-9]{7}\b", text))
    return list(dict.fromkeys(reference for reference in found if reference))
