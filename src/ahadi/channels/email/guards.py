"""Whether a machine may answer: the rules of RFC 3834, so that two machines never talk to each other without end."""

from dataclasses import dataclass
from typing import Literal

from ahadi.channels.email.mail import Address, AutomaticKind, Mail

Reason = Literal[
    "allowed", "bounce", "null-sender", "automatic", "list", "loop", "own-address", "no-address", "spam", "too-many"
]

MOST_HOPS = 3
MOST_SERVERS = 100
"""More Received fields than any honest way needs (RFC 5321, 6.3)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """May an automatic answer go out? `to` is the only address it may go to: never Reply-To, which a stranger can
    point at a victim. `sentence` says why, for the journal's reader; it carries no personal data."""

    allowed: bool
    reason: Reason
    sentence: str
    to: Address | None = None


def is_loop(mail: Mail, installation: str) -> bool:
    """Whether this mail is our own come back, or has been answered by machines too often, or goes in circles."""
    ours = bool(installation) and mail.installation == installation
    return ours or mail.hops >= MOST_HOPS or mail.received > MOST_SERVERS


def may_answer(
    mail: Mail,
    recent_to_sender: int,
    *,
    installation: str,
    own_addresses: frozenset[str] = frozenset(),
    most: int = 3,
) -> Verdict:
    """Whether an automatic reply may be sent to this mail.

    `recent_to_sender` counts automatic replies that went to this sender within the caller's window (a day serves
    well), over all cases; at `most` no more are sent. `own_addresses` are all addresses we receive mail at.
    """
    kind = mail.automatic.kind if mail.automatic else None
    own = {each.casefold() for each in own_addresses}
    if mail.bounce is not None or kind in (AutomaticKind.BOUNCE, AutomaticKind.COMPLAINT, AutomaticKind.RECEIPT):
        return _no("bounce", "It is a report about a mail, not a mail from a person.")
    if mail.return_path == "":
        return _no("null-sender", "It has the null sender, which no automatic mail may answer (RFC 3834, section 2).")
    if is_loop(mail, installation):
        return _no("loop", "It is our own mail come back, or machines have answered each other already.")
    if kind in (AutomaticKind.LIST, AutomaticKind.BULK):
        return _no("list", "It came over a mailing list or to many at once.")
    if kind is not None:
        return _no("automatic", "A machine sent it, or it asks that no machine answers.")
    if not mail.sender.address:
        return _no("no-address", "It has no sender that can be answered.")
    if mail.sender.key in own or (mail.return_path or "").casefold() in own:
        return _no("own-address", "It comes from one of our own addresses.")
    if mail.spam is not None and mail.spam.flagged:
        return _no("spam", "The filter in front of us holds it for spam; an answer would only confirm the address.")
    if recent_to_sender >= most:
        return _no("too-many", f"The sender has had {recent_to_sender} automatic answers lately and gets no more.")
    return Verdict(True, "allowed", "A person wrote it and may have an automatic answer.", mail.sender)


def _no(reason: Reason, sentence: str) -> Verdict:
    return Verdict(False, reason, sentence)
