"""The parts of a mail gathered: its words as text and HTML, its files, the mails inside it."""

import binascii
import re
from dataclasses import dataclass, field

from ahadi.channels.email import html as markup
from ahadi.channels.email.attachments import attachment, within
from ahadi.channels.email.charsets import decode, known, line, sound
from ahadi.channels.email.headers import Fields, Part, addresses, date, message_ids, parameters
from ahadi.channels.email.mail import Address, Attachment, Forwarded, Limits

_SIGNED_CONTENT = {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}
_DEEPEST_FORWARD = 4  # a mail in a mail in a mail …: each level is written out whole once more


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a mail's words, in one form or both."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Gathered:
    """What was found in a part and everything below it."""

    segments: list[Segment] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    forwarded: list[Forwarded] = field(default_factory=list)
    reports: list[Part] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def take(self, other: "Gathered") -> None:
        self.segments += other.segments
        self.take_files(other)

    def take_files(self, other: "Gathered") -> None:
        self.attachments += other.attachments
        self.forwarded += other.forwarded
        self.reports += other.reports
        self.defects += other.defects


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a mail: plain and cleaned, and how many pictures from elsewhere were blocked."""

    text: str
    html: str
    blocked_images: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: how deep, inside how many mails, in a report, at the very beginning."""

    depth: int = 0
    mails: int = 0
    report: bool = False
    first: bool = True


def gather(part: Part, limits: Limits, place: Place = Place()) -> Gathered:
    """Everything in this part; what nests deeper than the limits say is kept as a file."""
    fields = Fields(part)
    kind = line(part.get_content_type(), 100).lower()
    payload = part.get_payload()
    inner = [each for each in payload if isinstance(each, Part)] if isinstance(payload, list) else []
    gathered = Gathered()
    if inner and (place.depth >= limits.nesting or place.mails > _DEEPEST_FORWARD):
        gathered.defects.append("Part of this mail is nested too deeply to be shown; it is kept as an attachment.")
        gathered.attachments.append(_file(fields, kind, _whole(inner), limits))
        return gathered
    if kind.startswith("multipart/") and isinstance(payload, list):
        return _multipart(kind, inner, limits, place)
    if kind.startswith("message/") and inner:
        if place.report or kind in ("message/delivery-status", "message/global-delivery-status"):
            gathered.reports.append(part)
        elif kind in ("message/rfc822", "message/global"):
            _take_forwarded(gathered, inner[0], limits, place)
        else:
            gathered.attachments.append(_file(fields, kind, _whole(inner), limits))
        return gathered
    if place.report and kind in ("text/rfc822-headers", "message/global-headers"):
        gathered.reports.append(part)
        return gathered
    data = _bytes(part)
    if _is_words(kind, fields, first=place.first):
        _take_words(gathered, fields, kind, data, limits)
    else:
        if kind in _SIGNED_CONTENT:
            gathered.defects.append("Part of this mail is encrypted or sealed; it is kept as an attachment.")
        gathered.attachments.append(_file(fields, kind, data, limits))
    return gathered


def _multipart(kind: str, children: list[Part], limits: Limits, place: Place) -> Gathered:
    gathered = Gathered()
    found = []
    for number, child in enumerate(children):
        first = place.first and number == 0
        found.append(gather(child, limits, Place(place.depth + 1, place.mails, kind == "multipart/report", first)))
        gathered.take_files(found[-1])
    if kind == "multipart/alternative":
        # The same words several times, best last (RFC 2046, 5.1.4): the plain form and the best HTML.
        plain = next((each for each in found if any(s.text.strip() and not s.html for s in each.segments)), None)
        rich = next((each for each in reversed(found) if any(s.html for s in each.segments)), None)
        text = "\n".join(s.text for s in plain.segments if s.text) if plain else ""
        html = "\n".join(s.html or markup.from_text(s.text) for s in rich.segments) if rich else ""
        gathered.segments.append(Segment(text, html))
    else:
        gathered.segments = [segment for each in found for segment in each.segments]
    return gathered


def _is_words(kind: str, fields: Fields, *, first: bool) -> bool:
    if kind not in ("text/plain", "text/html", "application/xhtml+xml"):
        # A multipart that could not be taken apart stands as it came, so that its words are not lost.
        return kind.startswith("multipart/")
    disposition, named = _naming(fields)
    return disposition != "attachment" and (first or not named)


def _naming(fields: Fields) -> tuple[str, str]:
    disposition, its = parameters(fields.first("content-disposition"))
    named = its.get("filename") or its.get("name")
    return disposition, named or parameters(fields.first("content-type"))[1].get("name", "")


def _take_words(gathered: Gathered, fields: Fields, kind: str, data: bytes, limits: Limits) -> None:
    _, its = parameters(fields.first("content-type"))
    charset = its.get("charset", "")
    if kind in ("text/html", "application/xhtml+xml"):
        html = decode(data, charset if known(charset) else _charset_inside(data))
        if len(html) > limits.html:
            gathered.attachments.append(_file(fields, kind, data, limits))
            gathered.defects.append("The mail's text is too long to be shown whole; all of it is attached.")
        gathered.segments.append(Segment(html=sound(html[: limits.html])))
        return
    text = sound(decode(data, charset))
    if its.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=its.get("delsp", "").lower() == "yes")
    if len(text) > limits.text:
        gathered.attachments.append(_file(fields, kind, data, limits))
        gathered.defects.append("The mail's text is too long to be shown whole; all of it is attached.")
    gathered.segments.append(Segment(text=text[: limits.text]))


def _charset_inside(data: bytes) -> str:
    found = re.search(rb"<meta[^<>]{0,200}charset=[\"']?([A-Za-z0-9_.:-]{2,40})", data[:4096], re.I)
    return found[1].decode() if found else ""


def unflow(text: str, *, delete_space: bool) -> str:
    """Text in format=flowed as its paragraphs (RFC 3676, section 4.2), quotations marked `> ` once a level."""
    out: list[str] = []
    open_depth = -1  # the quotation depth of a paragraph that goes on, -1 where none does
    for written in text.split("\n"):
        depth = len(written) - len(written.lstrip(">"))
        words = written[depth:].removeprefix(" ")
        signature = words == "-- "
        if open_depth == depth and not signature:
            out[-1] += words
        else:
            out.append("> " * depth + words)
        flowed = words.endswith(" ") and not signature
        if flowed and delete_space:
            out[-1] = out[-1][:-1]
        open_depth = depth if flowed else -1
    return "\n".join(each if each == "-- " else each.rstrip() for each in out)


def words_of(gathered: Gathered, limits: Limits) -> Words:
    """The words of all segments together, each form made from the other where it is missing."""
    texts, htmls, blocked = [], [], 0
    has_html = any(segment.html for segment in gathered.segments)
    for segment in gathered.segments:
        cleaned = markup.clean(segment.html) if segment.html else markup.Cleaned("")
        blocked += cleaned.blocked_images
        tangled = bool(segment.html) and not cleaned.html
        text = segment.text if segment.text.strip() or not segment.html else ""
        text = text or (markup.without_tags(segment.html) if tangled else markup.to_text(cleaned.html, limits.text))
        texts.append(text.strip("\n"))
        if has_html:
            htmls.append(cleaned.html or markup.from_text(text))
    text = sound("\n\n".join(each for each in texts if each.strip()))
    return Words(text[: limits.text], "\n".join(htmls).strip(), blocked)


def _take_forwarded(gathered: Gathered, inner: Part, limits: Limits, place: Place) -> None:
    fields = Fields(inner)
    inside = gather(inner, limits, Place(place.depth + 1, place.mails + 1))
    words = words_of(inside, limits)
    subject = fields.words("subject")
    source = attachment(
        _serialised(inner), "message/rfc822", f"{subject or 'mail'}.eml", "", inline=False, limits=limits
    )
    sender = addresses(fields.every("from"), 1)
    gathered.forwarded.append(
        Forwarded(
            sender[0] if sender else Address(),
            addresses(fields.every("to"), limits.addresses),
            addresses(fields.every("cc"), limits.addresses),
            next(iter(message_ids(fields.every("message-id"), 1)), ""),
            subject,
            date(fields.first("date")),
            words.text,
            words.html,
            within(inside.attachments, limits),
            source,
        )
    )
    gathered.forwarded += inside.forwarded
    gathered.defects += inside.defects


def _file(fields: Fields, kind: str, data: bytes, limits: Limits) -> Attachment:
    disposition, name = _naming(fields)
    content_id = fields.words("content-id").strip("<> ")
    inline = disposition != "attachment" and (disposition == "inline" or bool(content_id))
    return attachment(data, kind, name, line(content_id, 200), inline=inline, limits=limits)


def _bytes(part: Part) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AssertionError, binascii.Error):
        data = None
    if isinstance(data, bytes):
        return data
    payload = part.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _whole(inner: list[Part]) -> bytes:
    return b"\n".join(_serialised(each) for each in inner)


def _serialised(part: Part) -> bytes:
    try:
        return part.as_bytes()
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return b""  # what cannot be written back is in the mail's own source
