"""Signed references: how a mail says which case it belongs to, so that nobody else can say it.

Every mail we send about a case has a Message-ID `<{token}.{message}@{domain}>`, and its References begin with the
case's *anchor* of the same form, because some relays write Message-IDs anew. Mail programs copy both into a reply.
The token carries the organisation and the case with an HMAC-SHA256, cut to 128 bits, over them and the message, so it
is checked without a database and cannot be made without the key. Subjects also carry the spoken reference in square
brackets, for people; it is guessable and stands on every letter, so it **never joins a case by itself**.

The contract with intake: a signed claim says *this mail answers one we sent about that case*. Such mails are forwarded
and quoted, so whoever has one could pass it on. Before a mail joins a case, intake also checks that its sender is the
case's customer or takes part in it (and, where results exist, that the domain vouches for the address). A claim by
somebody else, a reference in a subject, or an unsigned Message-ID opens a case of its own, which an agent may merge.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.ids import find_references
from ahadi.channels.email.charsets import line
from ahadi.channels.email.mail import Mail

_MAC_BYTES = 16
_FORM = re.compile(r"([a-z2-7]{77})\.([0-9a-f]{32})@\S+")
_PURPOSE = b"ahadi mail thread 1\x00"  # keeps these signatures apart from any other use of the same key
_PREFIXES = re.compile(r"^((re|aw|sv|vs|antw|rif|res|fw|fwd|wg|tr|rv|enc|doorst)(\[\d+\])?\s*[:：]\s*)+", re.I)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token proves: we sent this message about this case of this organisation."""

    organisation: UUID
    case: UUID
    message: UUID


Verify = Callable[[str], Signed | None]
"""Takes a message id without brackets; None unless its signature holds."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a mail claims. `signed` are proved, nearest first; `references_in_subject` prove nothing; `bounced` is the
    mail of ours that a delivery report is about, None for reports about mails that were never ours."""

    signed: tuple[Signed, ...]
    references_in_subject: tuple[str, ...]
    bounced: Signed | None = None


def message_id(keys: Sequence[bytes], signed: Signed, domain: str) -> str:
    """The Message-ID, without brackets, of a message about a case; the same each time. The first key signs."""
    packed = signed.organisation.bytes + signed.case.bytes
    token = base64.b32encode(packed + _mac(keys[0], signed)).decode().rstrip("=").lower()
    return f"{token}.{signed.message.hex}@{domain}"


def anchor(keys: Sequence[bytes], organisation: UUID, case: UUID, domain: str) -> str:
    """The id that begins the References of every mail about this case; it names no mail that was ever sent."""
    return message_id(keys, Signed(organisation, case, case), domain)


def verifier(keys: Sequence[bytes]) -> Verify:
    """A check that accepts what any of these keys signed: the one in use, and older ones for as long as they serve."""

    def verify(identifier: str) -> Signed | None:
        # Letter case carries nothing here, and some gateways change it.
        match = _FORM.fullmatch(identifier.lower())
        if not match:
            return None
        packed = base64.b32decode(match[1].upper() + "===")
        signed = Signed(UUID(bytes=packed[:16]), UUID(bytes=packed[16:32]), UUID(hex=match[2]))
        matches = [hmac.compare_digest(_mac(key, signed), packed[32:]) for key in keys]
        return signed if any(matches) else None

    return verify


def _mac(key: bytes, signed: Signed) -> bytes:
    if len(key) < 32:
        raise ValueError("a key for signing references needs at least 32 bytes")
    what = _PURPOSE + signed.organisation.bytes + signed.case.bytes + signed.message.bytes
    return hmac.digest(key, what, hashlib.sha256)[:_MAC_BYTES]


def claims(mail: Mail, verify: Verify) -> Claims:
    """What this mail claims to belong to; see the contract above before believing it."""
    nearest_first = (*mail.in_reply_to, *reversed(mail.references))
    proved = (verify(identifier) for identifier in dict.fromkeys(nearest_first))
    bounced = verify(mail.bounce.original_message_id) if mail.bounce else None
    return Claims(
        tuple(signed for signed in proved if signed),
        tuple(find_references(mail.subject)),
        bounced,
    )


def references(
    case_anchor: str, answered: Mail | None = None, earlier: Iterable[str] = (), most: int = 20
) -> list[str]:
    """The References of a mail about a case: its anchor, what the answered mail referred to, and that mail."""
    chain = [*earlier, *(answered.references if answered else ()), answered.message_id if answered else ""]
    known = dict.fromkeys(each for each in chain if each and each != case_anchor)
    return [case_anchor, *list(known)[1 - most :]]


def header_of(keys: Sequence[bytes], signed: Signed, domain: str, answers: Sequence[str] = ()) -> dict[str, str]:
    """Message-ID, In-Reply-To and References of a message about a case, for `Outgoing.headers`.

    `answers` are the ids of the customer's mails it answers, the latest last.
    """
    chain = references(anchor(keys, signed.organisation, signed.case, domain), earlier=answers)
    header = {"Message-ID": f"<{message_id(keys, signed, domain)}>", "References": " ".join(f"<{e}>" for e in chain)}
    return header | ({"In-Reply-To": f"<{answers[-1]}>"} if answers else {})


def subject_with(reference: str, subject: str) -> str:
    """The subject with the spoken reference visible at its end, once, and at most one `Re:` before it."""
    bare = subject.replace(f"[{reference}]", " ")
    prefixes = _PREFIXES.match(bare)
    words = line(bare[prefixes.end() :] if prefixes else bare, 200)
    return line(f"{'Re: ' if prefixes else ''}{words} [{reference}]")
