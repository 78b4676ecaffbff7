"""Bytes into text, whatever they claim to be. Nothing here raises."""

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

# What senders write and what they mean; browsers do the same (WHATWG Encoding Standard, 4.2).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_ALIASES = {
    "iso-8859-8-i": "iso8859-8",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "cp-850": "cp850",
}
# Python knows encodings that are no charsets of mail (idna, punycode, unicode_escape …); only these families are used.
_FAMILIES = re.compile(
    r"(ascii|utf-(7|8(-sig)?|16(-[lb]e)?|32(-[lb]e)?)|iso8859-\d+|iso2022_\w+|cp\d+|gb2312|gbk|gb18030|hz|big5(hkscs)?"
    r"|euc_\w+|shift_jis\w*|koi8-\w|mac-\w+|tis-620|ptcp154|kz1048|johab|hp-roman8)"
)
_SAMPLE = 64 * 1024
_UNSOUND = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")


@lru_cache(maxsize=512)
def known(charset: str) -> str:
    """Python's name of the charset that is meant, empty when there is no such charset."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if len(name) > 60 or not name.isascii():
        return ""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return found if _FAMILIES.fullmatch(found) else ""


def decode(data: bytes, charset: str = "") -> str:
    """The text of some bytes: UTF-8 where they are that, else the declared charset, else the likeliest one."""
    declared = known(charset)
    if declared.startswith(("utf-16", "utf-32")) and data.isascii() and b"\0" not in data:
        declared = ""  # a label on text that is plainly something else
    meant = _MEANT.get(declared, declared)
    for candidate in (meant, "utf-8-sig") if _trusted(declared, data) else ("utf-8-sig", meant):
        if candidate:
            try:
                return data.decode(candidate)
            except ValueError:
                continue
    return data.decode(_likeliest(data) if declared in ("", "ascii", "utf-8") else meant, "replace")


def _trusted(declared: str, data: bytes) -> bool:
    """Whether the label is believed before UTF-8 is tried."""
    if declared.startswith(("utf-16", "utf-32", "utf-7", "iso2022", "hz")):
        return True  # in these, text looks like ASCII or UTF-8 and is neither
    if declared in ("", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-8"):
        return False  # what programs write when they know nothing
    # A few characters of another charset can be valid UTF-8 by chance, many cannot.
    return sum(byte & 0xC0 == 0xC0 for byte in data[:_SAMPLE]) < 6


def _likeliest(data: bytes) -> str:
    # UTF-8 with a few broken places stays UTF-8; short texts say too little for statistics.
    sample = data[:_SAMPLE]
    loose = sample.decode("utf-8", "ignore")
    high, kept = sum(byte > 127 for byte in sample), sum(len(c.encode()) for c in loose if ord(c) > 127)
    if high and kept >= 0.9 * high:
        return "utf-8"
    best = from_bytes(sample).best() if len(sample) >= 64 else None
    found = known(best.encoding) if best else ""
    return _MEANT.get(found, found) or "cp1252"


def sound(text: str) -> str:
    """The text without what no reader should meet and no database takes: NUL and other control characters, lone
    surrogates, and marks that turn the direction of writing around. Line ends become `\\n`."""
    return _UNSOUND.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str, limit: int = 500) -> str:
    """The same on one line, with single spaces and at most `limit` characters."""
    return " ".join(sound(text[: limit * 4]).split())[:limit].rstrip()
