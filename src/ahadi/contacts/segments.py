"""How a text travels as SMS: its encoding, and how many segments it is cut into and paid for.

3GPP TS 23.038, section 6.2.1: the 7-bit default alphabet and its extension table, whose characters take two places.
3GPP TS 23.040, section 9.2.3.24: a message alone holds 160 septets (or 70 UCS-2 units), a concatenated part 153
(or 67), because of the six octets that tell the parts' order. Neither an extension character nor a surrogate pair
is ever cut in two.
"""

from dataclasses import dataclass
from typing import Literal

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

Encoding = Literal["gsm-7", "ucs-2"]

_BASIC = frozenset(BASIC)
_EXTENSION = frozenset(EXTENSION)
_ROOM: dict[Encoding, tuple[int, int]] = {"gsm-7": (160, 153), "ucs-2": (70, 67)}  # alone, and as one part of several


@dataclass(frozen=True, slots=True)
class SmsSize:
    """The size of a text as SMS.

    `units` are septets or UCS-2 units, `left` how many still fit into the last segment, and `costly` the characters,
    each once and in order, without which the 7-bit alphabet would do.
    """

    encoding: Encoding
    units: int
    segments: int
    left: int
    costly: str = ""


def sms_size(text: str) -> SmsSize:
    """Encoding, length and segments of a text; an empty text is one empty segment."""
    costly = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENSION))
    if costly:
        encoding: Encoding = "ucs-2"
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    else:
        encoding = "gsm-7"
        widths = [2 if character in _EXTENSION else 1 for character in text]
    units = sum(widths)
    alone, part = _ROOM[encoding]
    if units <= alone:
        return SmsSize(encoding, units, 1, alone - units, costly)
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return SmsSize(encoding, units, segments, part - used, costly)
