"""An outgoing mail as bytes: the same bytes for the same mail, and nothing in it that can break out of its field."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from typing import Literal
from urllib.parse import quote

from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.channels.email.attachments import clean_name
from ahadi.channels.email.charsets import line, sound
from ahadi.channels.email.headers import mailbox
from ahadi.channels.email.mail import Address, Attachment

_LINE_END = "\r\n"
_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@\[\]:-]{3,900}")
_TYPE = re.compile(
    r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,90}(; (?:method|charset|component)=[A-Za-z0-9-]{1,40}){0,3}"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to be sent. Message ids stand without brackets; `date` is aware.

    `automatic` is empty for what a person wrote, `auto-replied` for an automatic answer to a mail, `auto-generated` for
    other automatic mail (RFC 3834, 5). `installation` marks the mail as ours and `hop` counts automatic answers:
    one more than the mail it answers had. `language` is a BCP 47 tag. HTML comes from our own templates and refers to
    attachments that have a `content_id` by `cid:`.
    """

    message_id: str
    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    date: datetime
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    automatic: Literal["", "auto-generated", "auto-replied"] = ""
    installation: str = ""
    hop: int = 0
    language: str = ""


def compose(mail: OutgoingMail) -> bytes:
    """The mail with CRLF line ends, in 7-bit ASCII but for addresses that are not (RFC 6532).

    The same value gives the same bytes, so a retry is the same mail. Raises `Invalid` for an address or id that
    cannot be written; words of any kind are made harmless instead.
    """
    if not mail.to and not mail.cc:
        raise Invalid("A mail needs at least one recipient.")
    own_id = _ids([mail.message_id])
    if not own_id:
        raise Invalid(f"{line(mail.message_id, 80)!r} is no message id.")
    fields = [
        _field("From", [_mailbox(mail.sender)]),
        _field("To", _mailboxes(mail.to)) if mail.to else "",
        _field("Cc", _mailboxes(mail.cc)) if mail.cc else "",
        _field("Reply-To", _mailboxes(mail.reply_to)) if mail.reply_to else "",
        _words("Subject", mail.subject),
        _field("Date", [format_datetime(utc(mail.date))]),
        _field("Message-ID", own_id),
        _field("In-Reply-To", answered) if (answered := _ids(mail.in_reply_to)) else "",
        _field("References", chain) if (chain := _ids(mail.references)) else "",
    ]
    if mail.automatic:
        fields.append(f"Auto-Submitted: {mail.automatic}")
        fields.append("X-Auto-Response-Suppress: OOF, AutoReply, RN, NRN")
    if mail.installation:
        fields.append(_words("X-Ahadi-Installation", mail.installation))
        fields.append(f"X-Ahadi-Hop: {int(mail.hop)}")
    if mail.language:
        if not _LANGUAGE.fullmatch(mail.language):
            raise Invalid(f"{line(mail.language, 40)!r} is no language tag; write one such as en or sw-KE.")
        fields.append(f"Content-Language: {mail.language}")
    fields.append("MIME-Version: 1.0")
    header = "\r\n".join(field for field in fields if field).encode()
    return header + b"\r\n" + _Body(mail).encoded()


def _words(name: str, text: str) -> str:
    text = line(text)
    if text.isascii() and "=?" not in text:
        return _field(name, text.split(" "))
    return f"{name}: {Header(text, 'utf-8', header_name=name).encode(linesep=_LINE_END)}"


def _field(name: str, items: Sequence[str]) -> str:
    """A field folded between its items (RFC 5322, 2.2.3)."""
    written, length = f"{name}:", len(name) + 1
    for number, item in enumerate(items):
        if number and length + 1 + len(item) > 76:
            written, length = f"{written}{_LINE_END}", 0
        written, length = f"{written} {item}", length + 1 + len(item.rpartition("\n")[2])
    return written


def _ids(identifiers: Sequence[str]) -> list[str]:
    # Those of others are left out where they cannot be written: what they sent must not keep us from answering.
    return [f"<{each}>" for each in identifiers if _ID.fullmatch(each) and "@" in each]


def _mailboxes(addresses: Sequence[Address]) -> list[str]:
    written = [_mailbox(each) for each in addresses]
    return [each + ("," if number < len(written) - 1 else "") for number, each in enumerate(written)]


def _mailbox(address: Address) -> str:
    bare = wire_address(address.address)
    name = line(address.name, 200)
    if not name:
        return f"<{bare}>"
    if _PLAIN_PHRASE.fullmatch(name) and "=?" not in name:
        return f"{name} <{bare}>"
    if name.isascii() and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{bare}>'
    return f"{Header(name, 'utf-8', maxlinelen=60).encode(linesep=_LINE_END)} <{bare}>"


def wire_address(address: str) -> str:
    """The address as servers exchange it: the domain in ASCII (IDNA), the local part as it is."""
    sound_one = mailbox(address)
    if not sound_one:
        raise Invalid("The mail cannot be sent: one of its addresses is not a mail address.")
    local, _, domain = sound_one.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        raise Invalid("The mail cannot be sent: the domain of one of its addresses cannot exist.") from None


class _Body:
    """The content: text, with HTML beside it where there is some, then the attachments."""

    def __init__(self, mail: OutgoingMail) -> None:
        self._mail = mail
        self._levels = 0

    def encoded(self) -> bytes:
        mail = self._mail
        inline = [each for each in mail.attachments if each.content_id and mail.html]
        content = self._text("plain", mail.text)
        if mail.html:
            rich = self._text("html", mail.html)
            if inline:
                rich = self._multipart("related", [rich, *map(self._file, inline)])
            content = self._multipart("alternative", [content, rich])
        files = [self._file(each) for each in mail.attachments if each not in inline]
        return self._multipart("mixed", [content, *files]) if files else content

    def _text(self, kind: str, text: str) -> bytes:
        # One newline at the end; `istext` keeps line ends as they are and protects spaces before them.
        lines = sound(text).rstrip("\n") + "\n"
        coded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True).replace(b"\r\n", b"\n")
        head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        return head.encode() + coded.replace(b"\n", b"\r\n")

    def _file(self, file: Attachment) -> bytes:
        kind = file.media_type if _TYPE.fullmatch(file.media_type) else "application/octet-stream"
        name = clean_name(file.name)
        simple = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
        named = f'filename="{simple}"' + ("" if simple == name else f";\r\n filename*=UTF-8''{quote(name, safe='')}")
        shown = "inline" if file.content_id else "attachment"
        content_id = re.sub(r"[^A-Za-z0-9._@+-]", "", file.content_id)
        fields = [
            f"Content-Type: {kind}",
            "Content-Transfer-Encoding: base64",
            f"Content-Disposition: {shown};\r\n {named}",
        ]
        if content_id:
            fields.append(f"Content-ID: <{content_id}>")
        coded = base64.encodebytes(file.data).replace(b"\n", b"\r\n")
        return "\r\n".join(fields).encode() + b"\r\n\r\n" + coded

    def _multipart(self, kind: str, parts: list[bytes]) -> bytes:
        self._levels += 1
        seed = f"{self._mail.message_id} {self._levels}".encode()
        # `=_` occurs in no quoted-printable and no base64 text, so no content can end a part.
        boundary = f"=_{hashlib.sha256(seed).hexdigest()[:32]}".encode()
        head = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
        return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary
