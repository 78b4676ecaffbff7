"""All channels of an installation behind one door: mail, each organisation's own adapters, the customer's page."""

from collections.abc import Collection, Sequence
from uuid import UUID

import orjson
from pydantic import SecretStr, ValidationError

from ahadi.base.errors import Unavailable
from ahadi.channels import sms
from ahadi.channels.email import EmailSettings, Signed, anchor, message_id, subject_with
from ahadi.channels.email import build as build_email
from ahadi.channels.ports import Channel, Outgoing, Refused, SendOutcome, Sent, Surroundings, TryAgain
from ahadi.contacts import Message, Parcel
from ahadi.contacts.channel_store import channel_settings, configured_channels
from ahadi.intake.mail import THREADS
from ahadi.platform.database import Actor, Database
from ahadi.platform.security import Keyring
from ahadi.platform.settings import Settings

_SHOWN = ("web", "chat")  # a message on the customer's own page is there as soon as it is written
_OF_THE_DEMO = ("email", "sms")  # in the demo nobody is really written to: such messages count as sent


class InstalledPost:
    """Hands each message to its channel. Adapters are built once and built anew when their settings change."""

    def __init__(self, database: Database, settings: Settings, keyring: Keyring, surroundings: Surroundings) -> None:
        self._database, self._settings, self._keyring = database, settings, keyring
        self._surroundings = surroundings
        self._email = self._mail() if settings.smtp_url else None
        self._shown = (*_SHOWN, *_OF_THE_DEMO) if settings.demo and not settings.smtp_url else _SHOWN
        self._built: dict[tuple[UUID, str], tuple[bytes, Channel]] = {}

    def _mail(self) -> Channel:
        configured = EmailSettings(
            url=SecretStr(self._settings.smtp_url),
            sender=f"Ahadi <no-reply@{self._settings.mail_domain}>",
            domain=self._settings.mail_domain,
            installation=self._settings.mail_domain,
            return_path="",
            oauth=None,
        )
        return build_email(configured, self._surroundings)

    @property
    def mail(self) -> Channel | None:
        """The installation's own mail, None while none is set up."""
        return self._email

    async def channels(self, organisations: Collection[UUID]) -> Sequence[str]:
        """What can be sent now; messages of other channels wait."""
        async with self._database.read(Actor.system(list(organisations))) as work:
            own = await configured_channels(work)
        email = ["email"] if self._email else []
        return list(dict.fromkeys([*self._shown, *email, *sorted(own - {"email"})]))

    async def honours_idempotency(self, message: Message) -> bool:
        if message.channel in self._shown:
            return True
        channel = await self._channel(message)
        return channel is not None and channel.honours_idempotency

    async def send(self, parcel: Parcel) -> SendOutcome:
        message = parcel.message
        if message.channel in self._shown:
            return Sent()
        try:
            channel = await self._channel(message)
        except Unavailable as problem:  # before anything has left
            return TryAgain(problem.sentence, code=problem.code)
        if channel is None:
            return Refused("No adapter is set up for this channel.", permanent=False, code="no-adapter")
        return await channel.send(self._outgoing(parcel))

    async def _channel(self, message: Message) -> Channel | None:
        if message.channel == "email":
            return self._email
        organisation = message.organisation_id
        async with self._database.read(Actor.system([organisation])) as work:
            stored = await channel_settings(work, organisation, message.channel)
        if stored is None or message.channel != "sms":
            return None
        built = self._built.get((organisation, message.channel))
        if built is None or built[0] != stored:
            try:
                configured = sms.SmsSettings.model_validate(orjson.loads(self._keyring.decrypt(stored)))
            except ValidationError:
                return None
            built = stored, sms.build(configured, self._surroundings)
            self._built[organisation, message.channel] = built
        return built[1]

    def _outgoing(self, parcel: Parcel) -> Outgoing:
        message = parcel.message
        headers = self._thread(parcel) if message.channel == "email" else {}
        subject = message.subject or ""
        return Outgoing(
            id=message.id,
            idempotency_key=str(message.id),
            to=message.recipient or "",
            sender=message.sender or "",
            subject=subject_with(parcel.reference, subject) if parcel.reference and subject else subject,
            text=message.body,
            html=message.html or "",
            headers=headers,
            attachments=parcel.attachments,
        )

    def _thread(self, parcel: Parcel) -> dict[str, str]:
        """Signed identity and references of a mail about a case, so that only an answer to it can join the case."""
        message, domain = parcel.message, self._settings.mail_domain
        headers = {"Auto-Submitted": "auto-generated"} if message.automatic else {}
        if message.case_id is None:
            return headers
        keys = self._keyring.keys(THREADS)
        first = anchor(keys, message.organisation_id, message.case_id, domain)
        own = message_id(keys, Signed(message.organisation_id, message.case_id, message.id), domain)
        headers["Message-ID"] = f"<{own}>"
        headers["References"] = " ".join(f"<{each}>" for each in (first, *parcel.answers))
        if parcel.answers:
            headers["In-Reply-To"] = f"<{parcel.answers[-1]}>"
        return headers
