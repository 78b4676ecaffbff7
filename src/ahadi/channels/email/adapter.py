"""The port of every channel, kept by mail: a message is composed and handed to the mail server."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from ahadi.base.clock import Clock
from ahadi.base.errors import Invalid
from ahadi.channels import ports
from ahadi.channels.email.charsets import line
from ahadi.channels.email.compose import OutgoingMail, compose, wire_address
from ahadi.channels.email.headers import addresses, message_ids
from ahadi.channels.email.mail import Address, Attachment
from ahadi.channels.email.settings import EmailSettings
from ahadi.platform.transports import smtp
from ahadi.platform.transports.oauth import OAuthSettings, RefreshedToken


def build(settings: EmailSettings, surroundings: ports.Surroundings) -> "EmailChannel":
    """The channel of these settings; tokens are fetched over the HTTP client it is handed."""
    server = smtp.settings_from_url(settings.url.get_secret_value(), hello=settings.domain)
    # Shorter than SMTP would allow, so that the outcome is known while the message is still ours (the outbox's lease).
    server = replace(server, connect_seconds=15.0, command_seconds=30.0, answer_seconds=90.0)
    if settings.oauth:
        given = settings.oauth
        oauth = OAuthSettings(
            given.token_url,
            given.client_id,
            given.client_secret.get_secret_value(),
            given.refresh_token.get_secret_value(),
            given.scope,
        )
        server = replace(server, token=RefreshedToken(surroundings.http, oauth, surroundings.clock))
    return EmailChannel(settings, server, surroundings.clock)


class EmailChannel:
    """Sends mail through one server.

    `Outgoing.headers` may hold `Message-ID` (from `thread.message_id`; made of the message's id otherwise),
    `In-Reply-To`, `References`, `Cc`, `Reply-To`, `Auto-Submitted`, `X-Ahadi-Hop` and `Content-Language`; others are
    not written. The Date is the moment in the message's UUIDv7, so that a message sent again is the same mail, byte
    for byte.
    """

    def __init__(self, settings: EmailSettings, server: smtp.SmtpSettings, clock: Clock) -> None:
        self._settings = settings
        self._server = server
        self._clock = clock

    @property
    def name(self) -> str:
        return "email"

    @property
    def honours_idempotency(self) -> bool:
        return False  # SMTP has no such thing (RFC 1047 tells why)

    async def send(self, message: ports.Outgoing) -> ports.SendOutcome:
        to = addresses([message.to], 2)
        if len(to) != 1 or not to[0].address or line(message.to) != message.to.strip():
            return ports.Refused("This is no mail address.", permanent=True, code="no-address")
        try:
            mail = self._mail(message, to)
            raw = compose(mail)
            recipients = [wire_address(each.address) for each in (*mail.to, *mail.cc)]
        except Invalid as error:
            return ports.Refused(error.sentence, permanent=False, code="cannot-be-written")
        sender = self._settings.return_path or wire_address(mail.sender.address)
        return _outcome(await smtp.send(raw, sender, recipients, self._server), mail.message_id)

    def _mail(self, message: ports.Outgoing, to: tuple[Address, ...]) -> OutgoingMail:
        headers = {name.lower(): value for name, value in message.headers.items()}
        sender = addresses([message.sender or self._settings.sender], 1)
        identifiers = message_ids([headers.get("message-id", "")], 1)
        return OutgoingMail(
            message_id=identifiers[0] if identifiers else f"{message.id.hex}@{self._settings.domain}",
            sender=sender[0] if sender else Address(),
            to=to,
            cc=addresses([headers.get("cc", "")], 50),
            reply_to=addresses([headers.get("reply-to", "")], 5),
            subject=message.subject,
            text=message.text,
            html=message.html,
            date=self._date(message),
            attachments=tuple(_attachment(each) for each in message.attachments),
            in_reply_to=message_ids([headers.get("in-reply-to", "")], 5),
            references=message_ids([headers.get("references", "")], 50),
            automatic=_automatic(headers.get("auto-submitted", "")),
            installation=self._settings.installation,
            hop=_hop(headers),
            language=headers.get("content-language", ""),
        )

    def _date(self, message: ports.Outgoing) -> datetime:
        if message.id.version != 7:
            return self._clock.now()
        return datetime.fromtimestamp((message.id.int >> 80) / 1000, UTC)


def _automatic(written: str) -> Literal["", "auto-generated", "auto-replied"]:
    return "auto-generated" if written == "auto-generated" else "auto-replied" if written == "auto-replied" else ""


def _hop(headers: Mapping[str, str]) -> int:
    written = headers.get("x-ahadi-hop", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 0


def _attachment(given: ports.Attachment) -> Attachment:
    return Attachment(given.name, given.media_type, given.content, content_id=given.content_id, size=len(given.content))


def _outcome(sent: smtp.SendOutcome, message_id: str) -> ports.SendOutcome:
    code = "-".join(each for each in ("smtp", sent.stage, sent.enhanced or str(sent.code or "")) if each)
    match sent.state:
        case "sent":
            return ports.Sent(provider_id=message_id)
        case "refused":
            return ports.Refused(sent.sentence, permanent=_never_reachable(sent), code=code)
        case "again":
            return ports.TryAgain(sent.sentence, code=code)
        case "uncertain":
            return ports.Uncertain(sent.sentence, code=code)


def _never_reachable(sent: smtp.SendOutcome) -> bool:
    """Whether the refusal is about the address itself (RFC 3463, 3.2 and 3.3), not about us or the words."""
    if sent.stage != "recipient":
        return False
    if sent.enhanced:
        return sent.enhanced.startswith("5.1.") or sent.enhanced == "5.2.1"
    return sent.code in (550, 551, 553)
