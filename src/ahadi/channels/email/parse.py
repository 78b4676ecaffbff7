"""`parse_mail`: any bytes into a `Mail`, without an exception.

The MIME structure is read with the standard library, under limits that are checked before it starts (its cost is the
number of lines times the depth of nesting) and while it runs (the number of parts). What goes beyond them is kept
whole as an attachment, with the first of its words. Hostile mails of 25 MB may take seconds: servers parse in a thread.
"""

import re
from email.parser import BytesFeedParser, BytesParser
from email.policy import compat32
from functools import partial

from ahadi.channels.email import authentication, signals
from ahadi.channels.email.attachments import attachment, within
from ahadi.channels.email.bodies import Gathered, Words, gather, words_of
from ahadi.channels.email.charsets import decode, sound
from ahadi.channels.email.headers import Fields, Part, addresses, date, mailbox, message_ids
from ahadi.channels.email.mail import Address, Authentication, Limits, Mail
from ahadi.channels.email.replies import new_words

DEFAULT_LIMITS = Limits()
_MOST_LINES, _MOST_WORK = 1_200_000, 40_000_000  # some seconds of the standard library's parser
_NESTS = re.compile(rb"boundary[\d*]*\s{0,5}=|^content-type:\s{0,5}message/", re.I | re.M)
_OPENING = 20_000


class _TooManyParts(Exception):
    pass


def parse_mail(
    raw: bytes,
    *,
    trusted_authserv_ids: frozenset[str],
    envelope_from: str | None = None,
    spam_filter_in_front: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Mail:
    """Read a mail, whatever the bytes. Never raises.

    `trusted_authserv_ids` name the servers whose Authentication-Results are believed (RFC 8601, section 5); they must
    remove fields that claim their name from incoming mail. `envelope_from` is what MAIL FROM said, empty for the null
    sender; without it the Return-Path field is used. X-Spam fields count only where `spam_filter_in_front`.
    """
    message, defects = _structure(raw, limits)
    if message is None:
        message, gathered = _whole(raw, limits)
    else:
        gathered = gather(message, limits)
    fields = Fields(message)
    words = words_of(gathered, limits)
    return _mail(
        fields,
        gathered,
        words,
        [*defects, *gathered.defects],
        _return_path(fields, envelope_from),
        authentication.read(fields, trusted_authserv_ids),
        limits,
        spam_filter_in_front=spam_filter_in_front,
    )


def _mail(
    fields: Fields,
    gathered: Gathered,
    words: Words,
    defects: list[str],
    return_path: str | None,
    proved: Authentication,
    limits: Limits,
    *,
    spam_filter_in_front: bool,
) -> Mail:
    listed = partial(addresses, limit=limits.addresses)
    sender, single = _sender(fields, return_path)
    if not single:
        defects.append("The mail names more than one sender; the first is shown and none of them is proved.")
    in_reply_to = message_ids(fields.every("in-reply-to"), 10)
    references = message_ids(fields.every("references"), limits.references)
    bounce = signals.bounce(fields, gathered.reports, words.text, sender, return_path)
    return Mail(
        message_id=next(iter(message_ids(fields.every("message-id"), 1)), ""),
        in_reply_to=in_reply_to,
        references=references,
        sender=sender,
        reply_to=listed(fields.every("reply-to")),
        to=listed(fields.every("to")),
        cc=listed(fields.every("cc")),
        return_path=return_path,
        delivered_to=_delivered_to(fields),
        subject=fields.words("subject"),
        date=date(fields.first("date")),
        text=words.text,
        html=words.html,
        reply_text=new_words(words.text, answers=bool(in_reply_to or references)),
        attachments=within(gathered.attachments, limits),
        forwarded=tuple(gathered.forwarded[: limits.forwarded]),
        automatic=signals.automatic(fields, sender, return_path, bounce),
        bounce=bounce,
        authentication=proved if single else Authentication(),
        spam=signals.spam(fields) if spam_filter_in_front else None,
        installation=fields.words("x-ahadi-installation")[:200],
        hops=_number(fields.words("x-ahadi-hop")),
        received=len(fields.every("received")),
        blocked_images=words.blocked_images,
        defects=tuple(dict.fromkeys(defects)),
    )


def _structure(raw: bytes, limits: Limits) -> tuple[Part | None, list[str]]:
    """The parts of the mail, or None with the reason when taking them apart would cost too much."""
    header = _header_length(raw)
    if header > limits.header:
        return None, ["The mail's header is far too long; the mail is kept whole as an attachment."]
    nests = sum(1 for _ in _NESTS.finditer(raw))
    lines = raw.count(b"\n") + raw.count(b"\r")
    work = lines * (10 + min(nests, limits.nesting))
    if nests > limits.nesting * 4 or lines > _MOST_LINES or work > _MOST_WORK:
        return None, ["The mail is nested too deeply to be taken apart; it is kept whole as an attachment."]
    parts = 0

    def counted(**how: object) -> Part:
        nonlocal parts
        parts += 1
        if parts > limits.parts:
            raise _TooManyParts
        return Part(policy=compat32)

    parser = BytesFeedParser(counted, policy=compat32)
    try:
        parser.feed(raw)
        return parser.close(), []
    except _TooManyParts:
        return None, ["The mail has too many parts to be taken apart; it is kept whole as an attachment."]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return None, ["The mail's structure cannot be read; it is kept whole as an attachment."]


def _header_length(raw: bytes) -> int:
    if raw.startswith((b"\n", b"\r\n")):
        return 0
    ends = [at for at in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n"), raw.find(b"\n\r\n")) if at >= 0]
    return min(ends, default=len(raw))


def _whole(raw: bytes, limits: Limits) -> tuple[Part, Gathered]:
    """The mail as one attachment, with its header read and the beginning of its body as text."""
    end = _header_length(raw)
    header = BytesParser(policy=compat32).parsebytes(raw[: min(end, 64 * 1024)] + b"\n\n", headersonly=True)
    gathered = gather(_plain(sound(decode(raw[end : end + _OPENING]))), limits)
    gathered.attachments.append(attachment(raw, "message/rfc822", "mail.eml", "", inline=False, limits=limits))
    return header, gathered


def _plain(text: str) -> Part:
    part = Part(policy=compat32)
    part.set_payload(text.strip().encode("utf-8").decode("ascii", "surrogateescape"))
    return part


def _sender(fields: Fields, return_path: str | None) -> tuple[Address, bool]:
    """Whom the mail says it is from, and whether it names only one (RFC 7489, 6.6.1, distrusts several)."""
    written = fields.every("from")
    listed = addresses(written, 10)
    single = len(written) <= 1 and len({each.key for each in listed if each.address}) <= 1
    for candidates in (listed, addresses(fields.every("sender"), 1)):
        for each in candidates:
            if each.address:
                return each, single
    return Address(listed[0].name if listed else "", mailbox(return_path or "")), single


def _return_path(fields: Fields, envelope_from: str | None) -> str | None:
    written = fields.words("return-path") if envelope_from is None else f"<{envelope_from.strip('<>')}>"
    bare = written.strip("<> ")
    return (mailbox(bare) or None) if bare else "" if written else None


def _delivered_to(fields: Fields) -> tuple[str, ...]:
    found = addresses([v for name in ("delivered-to", "x-original-to", "envelope-to") for v in fields.every(name)], 20)
    return tuple(dict.fromkeys(each.address for each in found if each.address))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
