"""What a mail is once it was read: plain values. Every text is sound UTF-8 without control characters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as written. `address` is empty where none could be made out; its domain is in lower case."""

    name: str = ""
    address: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def key(self) -> str:
        """The form for comparing: no mail system in use tells local parts apart by case (RFC 5321, 2.4, allows it)."""
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail.

    `name` is safe to show and to save under. `media_type` is what the bytes bear out, so it may be sent to a browser
    as a download; anything that could run there (HTML, SVG, XML, scripts) is `application/octet-stream`.
    `declared_type` is the sender's claim, for people only. `size` is in bytes; where `left_out` says why the file
    was not kept, `data` is empty and `size` is what it would have been. `content_id` is what `cid:` in HTML refers to.
    """

    name: str
    media_type: str
    data: bytes
    declared_type: str = ""
    content_id: str = ""
    inline: bool = False
    size: int = 0
    left_out: str = ""


class AutomaticKind(StrEnum):
    """Why a mail is held to come from a machine."""

    BOUNCE = "bounce"
    NULL_SENDER = "null-sender"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"
    OUT_OF_OFFICE = "out-of-office"
    REPLIED = "auto-replied"
    GENERATED = "auto-generated"
    LIST = "list"
    BULK = "bulk"
    SUPPRESSED = "suppressed"
    NO_REPLY = "no-reply"


@dataclass(frozen=True, slots=True)
class Automatic:
    """The mail was made by a machine, or asks that no machine answers; `evidence` is the field that says so."""

    kind: AutomaticKind
    evidence: str


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One recipient of a delivery report (RFC 3464, 2.3): `action` is failed, delayed, delivered, relayed, expanded
    or empty; `status` is an enhanced code such as 5.1.1; `diagnostic` the receiving server's own words."""

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report about a mail sent earlier. A stranger can write one: believe it only for a signed original."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str = ""

    @property
    def permanent(self) -> bool:
        """Whether some recipient can never be reached: failed with a 5.x.x status."""
        return any(each.action == "failed" and each.status.startswith("5") for each in self.recipients)

    @property
    def failed(self) -> bool:
        """Whether the mail did not arrive somewhere; a delay is no failure yet. Unreadable reports count as failed."""
        return not self.recipients or any(each.action in ("failed", "") for each in self.recipients)


@dataclass(frozen=True, slots=True)
class Check:
    """A result word of RFC 8601, 2.7 (pass, fail, softfail, neutral, none, temperror, permerror …), and for whom."""

    result: str = "none"
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What our own mail server found out about the sender. `server` is empty where no trusted field was found."""

    server: str = ""
    spf: Check = Check()
    dkim: tuple[Check, ...] = ()
    dmarc: Check = Check()

    def vouches_for(self, address: Address) -> bool:
        """Whether the domain of this address was proved: DMARC passed for it, or an aligned DKIM or SPF result.

        A DMARC failure outweighs the rest. Alignment (RFC 7489, 3.1) is relaxed one way only: a signature by
        `example.org` proves `mail.example.org`, never the other way round.
        """
        domain = address.domain
        if not domain:
            return False
        if self.dmarc.domain == domain and self.dmarc.result in ("pass", "fail"):
            return self.dmarc.result == "pass"
        return any(
            check.result == "pass" and "." in check.domain and (domain == check.domain or _below(domain, check.domain))
            for check in (*self.dkim, self.spf)
        )


def _below(domain: str, parent: str) -> bool:
    return domain.endswith("." + parent)


@dataclass(frozen=True, slots=True)
class Spam:
    """The verdict of a filter in front of us."""

    flagged: bool
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail inside a mail (message/rfc822). `source` holds the whole of it as a file."""

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    message_id: str
    subject: str
    date: datetime | None
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    source: Attachment


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, read. Message ids stand without their angle brackets; what was not given is empty, never missing.

    `sender` is the From field, `return_path` the envelope's sender (None: unknown, empty: the null sender).
    `text` is plain, made from the HTML where no plain part came; `html` is cleaned and safe to show inside a page;
    `reply_text` is the new words alone, without what is quoted from before. `delivered_to` are the mailboxes the
    receiving server noted. `installation` and `hops` are the marks of `compose`, `received` counts the servers passed.
    `blocked_images` counts pictures that would have been fetched from elsewhere. `defects` are sentences for people
    about what could not be read as it stands.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    return_path: str | None
    delivered_to: tuple[str, ...]
    subject: str
    date: datetime | None
    text: str
    html: str
    reply_text: str
    attachments: tuple[Attachment, ...] = ()
    forwarded: tuple[Forwarded, ...] = ()
    automatic: Automatic | None = None
    bounce: Bounce | None = None
    authentication: Authentication = Authentication()
    spam: Spam | None = None
    installation: str = ""
    hops: int = 0
    received: int = 0
    blocked_images: int = 0
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one mail is read. Sizes are bytes, `text` and `html` characters.

    What lies beyond is left out with a sentence in `Attachment.left_out` or `Mail.defects`, never silently.
    """

    parts: int = 400
    nesting: int = 60
    attachment: int = 25 * 1024 * 1024
    attachments: int = 100
    attachments_together: int = 50 * 1024 * 1024
    text: int = 500_000
    html: int = 1_000_000
    header: int = 512 * 1024
    addresses: int = 200
    references: int = 100
    forwarded: int = 20
