"""What is looked at before a message leaves: the rules of its channel, its links, consent, and the hour.

A finding that stops holds the message for a person; one that warns is shown and stops nothing.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from ahadi.contacts.placeholders import leftover_placeholders, leftover_placeholders_in_html
from ahadi.contacts.quiet import may_send_at
from ahadi.contacts.segments import SmsSize, sms_size

Severity = Literal["stop", "warn"]
Purpose = Literal["own-case", "survey", "marketing"]
ConsentState = Literal["given", "refused", "unknown"]
LinkCheck = Callable[[str], bool | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not right. `code` is stable and free of personal data; `sentence` says what to do."""

    code: str
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it would leave."""

    channel: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    purpose: Purpose = "own-case"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether this customer may be written to on this channel.

    `consent` is for anything but their own case; `unsubscribed` is their word that nothing more is to come this way
    (a STOP, an unsubscribe); `blocked` is ours, for an address that bounces or is barred.
    """

    consent: ConsentState = "unknown"
    unsubscribed: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """Which links may go out: those `issued` for this message, and any `https` link on `hosts`, compared exactly.

    An issued link is made from the installation's own address, whatever that is: in a trial it may be plain HTTP.

    `alive` says whether a link leads somewhere: None for one it does not know. A missing check is itself a finding,
    for a link nobody looked at may be dead.
    """

    issued: Collection[str] = ()
    hosts: Collection[str] = ()
    alive: LinkCheck | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as a screen shows it before it is sent."""

    draft: Draft
    findings: tuple[Finding, ...]
    sms: SmsSize | None
    may_be_sent: bool
    not_before: datetime


def preview(draft: Draft, findings: Sequence[Finding], not_before: datetime) -> Preview:
    """Everything a person wants to see before sending. `not_before` comes from `may_send_at`."""
    return Preview(
        draft=draft,
        findings=tuple(findings),
        sms=sms_size(draft.text) if draft.channel == "sms" else None,
        may_be_sent=not stops(findings),
        not_before=not_before,
    )


def stops(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == "stop" for finding in findings)


def check_message(
    draft: Draft, reach: Reach | None = None, links: Links | None = None, *, most_segments: int = 2
) -> list[Finding]:
    """Everything found in a message, the stopping findings first. The hour is a matter of `may_send_at`."""
    findings = [*_check_parts(draft), *check_reach(draft.channel, draft.purpose, reach or Reach())]
    if draft.channel == "sms":
        findings += _check_sms(draft.text, links or Links(), most_segments)
    return sorted(findings, key=lambda finding: finding.severity == "warn")


def _check_parts(draft: Draft) -> list[Finding]:
    findings = []
    if not draft.to.strip():
        findings.append(Finding("no-recipient", "stop", "There is no address to send this to; add one."))
    if not draft.text.strip():
        findings.append(Finding("empty", "stop", "The message is empty; write what the customer should read."))
    if draft.channel == "email" and not draft.subject.strip():
        findings.append(Finding("no-subject", "stop", "An e-mail needs a subject; write one."))
    holes = leftover_placeholders(draft.subject) + leftover_placeholders(draft.text)
    if draft.html:
        holes += leftover_placeholders_in_html(draft.html)
    findings += [
        Finding("placeholder", "stop", f"{hole!r} looks like a placeholder that was not filled; put it right.")
        for hole in dict.fromkeys(holes)
    ]
    return findings


def check_reach(channel: str, purpose: Purpose, reach: Reach) -> list[Finding]:
    """Whether the customer may be reached this way for this purpose.

    About their own case they may, unless they or we closed the channel; for anything else they must have agreed.
    """
    if reach.blocked:
        return [Finding("blocked", "stop", f"This address is blocked for {channel}; use another channel.")]
    if reach.unsubscribed:
        return [
            Finding("unsubscribed", "stop", f"The customer wants no more messages by {channel}; use another channel.")
        ]
    if purpose != "own-case" and reach.consent != "given":
        why = "refused" if reach.consent == "refused" else "did not agree to"
        return [Finding("no-consent", "stop", f"The customer {why} {purpose} messages by {channel}; leave them out.")]
    return []


_HASHTAG = re.compile(r"(?<![\w&/#＃])[#＃]\w*[^\W\d_]\w*")


def _check_sms(text: str, links: Links, most_segments: int) -> list[Finding]:
    findings = []
    size = sms_size(text)
    if size.segments > most_segments:
        findings.append(
            Finding(
                "sms-too-long",
                "stop",
                f"This takes {size.segments} SMS segments and {most_segments} are allowed; make it shorter.",
            )
        )
    elif size.segments > 1:
        findings.append(Finding("sms-segments", "warn", f"This takes {size.segments} SMS segments."))
    if size.costly and size.segments > 1:
        named = " ".join(size.costly[:5])
        sentence = f"Without {named} the message would fit into fewer segments; write it with plain letters."
        findings.append(Finding("sms-costly-characters", "warn", sentence))
    found = links_in(text)
    bare = text
    for link in found:
        bare = bare.replace(link, " ")
    findings += [
        Finding("sms-hashtag", "stop", f"An SMS has no hashtags; write {tag!r} without the sign.")
        for tag in dict.fromkeys(_HASHTAG.findall(bare))
    ]
    for link in found:
        findings += check_link(link, links)
    return findings


# Endings that make a link of a bare name. Those that are English words too ("me", "in", "live") need a path after them.
_ENDINGS = (
    "com|net|org|info|biz|io|ly|gl|app|dev|xyz|africa|co\\.[a-z]{2}|ke|tz|ug|rw|za|ng|gh|uk|eu|fr|ru|cn|example|test"
)
_NAME = r"(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,5}"
_LINK = re.compile(
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"]*"  # with a scheme, whichever
    r"|(?<![\w@.-])www\.[^\s<>\"]+"  # without one, as phones make links of it all the same
    rf"|{_NAME}[a-z]{{2,24}}(?::\d+)?/[^\s<>\"]*"
    rf"|{_NAME}(?:{_ENDINGS})(?![\w.@-]*[\w@])"
)
_HOST = re.compile(r"(?i)(?!-)(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}")


def links_in(text: str) -> list[str]:
    """What a phone would turn into a link, with and without `https://`, in order and without repeats.

    Marks that end a sentence are not part of it, nor a bracket that was opened before it.
    """
    found = []
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,;:!?'’”»*")
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(".,;:!?")
        found.append(link)
    return list(dict.fromkeys(found))


def check_link(link: str, links: Links) -> list[Finding]:
    """What is wrong with one link of an SMS; the first reason only."""
    issued = link in links.issued
    host = _host_of_a_well_formed(link, issued=issued)
    if host is None:
        return [Finding("link-malformed", "stop", f"{link} is not a whole https link; write it out or remove it.")]
    if not issued and host not in {allowed.lower() for allowed in links.hosts}:
        return [Finding("link-foreign", "stop", f"{link} is not a link of ours; an SMS carries only links we issued.")]
    if links.alive is None:
        return [Finding("link-unchecked", "stop", f"Nobody checked where {link} leads; it may be dead.")]
    alive = links.alive(link)
    if alive:
        return []
    if alive is None:
        return [Finding("link-unchecked", "stop", f"It is not known whether {link} leads anywhere; check it.")]
    return [Finding("link-dead", "stop", f"{link} leads nowhere; put in one that works.")]


def _host_of_a_well_formed(link: str, *, issued: bool) -> str | None:
    try:
        parts = urlsplit(link)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    plain = link.isascii() and not re.search(r"%(?![0-9A-Fa-f]{2})|[\\^`{}|<>\"]", link)
    if not host or not plain or parts.username is not None or parts.password is not None:
        return None
    if issued:
        return host.lower() if parts.scheme in ("http", "https") else None
    return host.lower() if parts.scheme == "https" and _HOST.fullmatch(host) else None


__all__ = [
    "ConsentState",
    "Draft",
    "Finding",
    "LinkCheck",
    "Links",
    "Preview",
    "Purpose",
    "Reach",
    "Severity",
    "SmsSize",
    "check_link",
    "check_message",
    "check_reach",
    "links_in",
    "may_send_at",
    "preview",
    "sms_size",
    "stops",
]
