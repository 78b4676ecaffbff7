"""What a customer is known by, in the one form in which it can be compared; and the words it is searched by."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line, words

IdentityKind = Literal["phone", "email", "handle"]
KINDS: tuple[IdentityKind, ...] = ("phone", "email", "handle")

# RFC 5321 section 4.1.2 (dot-string or quoted string) with the letters RFC 6531 adds; no address literals.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LOCAL = re.compile(rf'{_ATOM}(\.{_ATOM})*|"([^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])+"')
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?")
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TAIL = 7
_LONGEST_WORD = 60
_LONGEST_HANDLE = 200


@dataclass(frozen=True, slots=True)
class Given:
    """An identity as somebody gave it: `value` is compared, `shown` is how it was written."""

    kind: IdentityKind
    value: str
    shown: str


def phone_identity(text: str, country: str) -> Given:
    """A telephone number in E.164; one without a country code is read as dialled in `country` (ISO 3166).

    Only its length is judged, because plans of numbers change faster than libraries. Raises Invalid.
    """
    shown = one_line(text, 60)
    number = _parsed(shown, country)
    if number is None and shown.startswith("00"):  # written for `+` also where another prefix is dialled
        number = _parsed("+" + shown[2:], country)
    if number is None:
        raise Invalid("This is not a telephone number; write it with its country code, such as +254 712 345678.")
    return Given("phone", phonenumbers.format_number(number, PhoneNumberFormat.E164), shown)


def _parsed(text: str, country: str) -> Any:
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def email_identity(text: str) -> Given:
    """An e-mail address folded for comparing: lower case, composed letters, the domain in its ASCII form (IDNA).

    The bare address only, without a name or angle brackets. Nothing that makes two mailboxes one is folded (dots,
    `+tags`): that is only a reason to suspect a duplicate. Raises Invalid.
    """
    shown = text.strip()
    local, at, domain = unicodedata.normalize("NFC", shown).rpartition("@")
    try:
        labels = domain.rstrip(".").encode("idna").decode().casefold().split(".") if domain else []
    except UnicodeError:
        labels = []
    local = local.casefold()
    value = f"{local}@{'.'.join(labels)}"
    fits = (
        at
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
        and _LOCAL.fullmatch(local)
        and len(local.encode(errors="replace")) <= 64
        and len(value.encode(errors="replace")) <= 254
    )
    if not fits:
        raise Invalid("This is not an e-mail address; write it like name@example.org.")
    return Given("email", value, shown)


def handle_identity(text: str) -> Given:
    """A name on a channel, written `channel:handle` (`telegram:@Maria`), folded for comparing. Raises Invalid."""
    shown = one_line(text, _LONGEST_HANDLE + 40)
    channel, _, handle = shown.partition(":")
    channel = channel.strip().casefold()
    handle = unicodedata.normalize("NFC", handle.strip().lstrip("@")).casefold()
    if not _CHANNEL.fullmatch(channel) or not handle or len(handle) > _LONGEST_HANDLE:
        raise Invalid("This is not a handle; write the channel, a colon and the name, such as telegram:maria.")
    return Given("handle", f"{channel}:{handle}", shown)


def identity_of(kind: IdentityKind, text: str, country: str) -> Given:
    """An identity of any kind. Raises Invalid."""
    if kind == "phone":
        return phone_identity(text, country)
    return email_identity(text) if kind == "email" else handle_identity(text)


def national_digits(e164: str) -> str:
    """The digits of an E.164 number without its country code and without leading zeros."""
    return str(phonenumbers.parse(e164).national_number)


def mailbox(email: str) -> str:
    """The letters and digits of the local part, without a `+tag`: `maria.w+shop@…` becomes `mariaw`."""
    return re.sub(r"[\W_]+", "", email.rpartition("@")[0].partition("+")[0])


def search_words(names: Iterable[str | None], identities: Iterable[tuple[IdentityKind, str]]) -> str:
    """The words a customer is found by, folded, each once, parted by single spaces.

    Of a telephone number: all digits, those without the country code, and the last seven. Of an address: its words
    and its mailbox in one piece.
    """
    found = [word for name in names for word in words(name or "")]
    for kind, value in identities:
        if kind == "phone":
            national = national_digits(value)
            found += [value.removeprefix("+"), national, national[-_TAIL:]]
        else:
            found += words(value)
            if kind == "email":
                found.append(mailbox(value))
    return " ".join(dict.fromkeys(word[:_LONGEST_WORD] for word in found if word))


def search_query(text: str) -> str | None:
    """The tsquery for what somebody typed: every word must begin a word of the customer. None when there is no word.

    A telephone number is one word however it is spaced, and with or without its zeros in front.
    """
    if re.search(r"\d", text) and re.fullmatch(r"[\d\s()+./-]+", text):
        asked = ["".join(re.findall(r"\d", text))]
    else:
        asked = words(text)
    terms = [_term(word[:_LONGEST_WORD]) for word in asked[:10]]
    return " & ".join(terms) or None


def _term(word: str) -> str:
    bare = word.lstrip("0")
    if word.isdecimal() and len(bare) > 2 and bare != word:
        return f"('{word}':* | '{bare}':*)"
    return f"'{word}':*"


def likeness_query(name: str | None, identities: Iterable[tuple[IdentityKind, str]]) -> str | None:
    """The tsquery for customers who might be this one: the same name, number, end of number, or mailbox."""
    named = words(name or "")
    terms = ["(" + " & ".join(f"'{word[:_LONGEST_WORD]}'" for word in named) + ")"] if named else []
    for kind, value in identities:
        if kind == "phone":
            national = national_digits(value)
            terms += [f"'{national}'", f"'{national[-_TAIL:]}'"]
        elif kind == "email" and mailbox(value):
            terms.append(f"'{mailbox(value)[:_LONGEST_WORD]}'")
    return " | ".join(dict.fromkeys(terms)) or None
