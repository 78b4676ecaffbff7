"""Mail taken in: a verified thread joins its case, everything else is a case of its own, and nothing is dropped.

A mail joins a case on a signed reference (or on the Message-ID of an earlier mail) only when it also comes from
somebody who takes part in that case. A reference typed into a subject joins nothing: anybody may know it.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from ahadi import cases, contacts, customers
from ahadi.base.errors import AhadiError, Invalid
from ahadi.channels.email import AutomaticKind, DeliveryResult, Envelope, Mail, claims, is_loop, may_answer, parse_mail
from ahadi.channels.email import verifier as verifier_of
from ahadi.contacts import Attached
from ahadi.directory import read_directory
from ahadi.intake import actions, mail_store
from ahadi.intake.mail_store import MailAddress
from ahadi.intake.model import Contacting
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.files import keep_file
from ahadi.platform.settings import Settings

THREADS = "mail threads"  # the purpose of the keys that sign Message-IDs
_A_DAY = timedelta(days=1)
_PUT_ASIDE = {
    AutomaticKind.OUT_OF_OFFICE,
    AutomaticKind.REPLIED,
    AutomaticKind.RECEIPT,
    AutomaticKind.NULL_SENDER,
    AutomaticKind.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class MailTaken:
    """What became of a mail: the case it is in, or why it was put aside."""

    case_id: UUID | None
    put_aside: str | None = None


class MailIntake:
    """Takes mail in for every organisation of an installation."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        names = settings.mail_trusted_authserv_ids.split(",")
        self._trusted = frozenset(name.strip().lower() for name in names if name.strip())

    async def receives(self, address: str) -> bool:
        """Whether we take mail at this address."""
        return await self._owner(address) is not None

    async def _owner(self, address: str) -> MailAddress | None:
        async with self._database.read(Actor.system([])) as work:
            return await mail_store.owner_of(work, address.strip().lower())

    async def deliver(self, envelope: Envelope) -> DeliveryResult:
        """Take a mail for each organisation it is addressed to; returns after the commits."""
        owners: dict[UUID, MailAddress] = {}
        unknown: dict[str, str] = {}
        for recipient in envelope.recipients:
            owner = await self._owner(recipient)
            if owner is None:
                unknown[recipient] = "There is no such address here."
            else:
                owners.setdefault(owner.organisation_id, owner)
        for owner in owners.values():
            await self.take(envelope.raw, owner, envelope.sender)
        return DeliveryResult(refused=unknown, id=hashlib.sha256(envelope.raw).hexdigest()[:12])

    async def take(
        self,
        raw: bytes,
        owner: MailAddress,
        envelope_from: str | None = None,
        *,
        released: bool = False,
        cut: bool = False,
    ) -> MailTaken:
        """Take one mail for one organisation, in one transaction.

        `released` passes what was put aside before; `cut` says that this is only the beginning of a mail too large.
        """
        mail = await asyncio.to_thread(
            parse_mail,
            raw,
            trusted_authserv_ids=self._trusted,
            envelope_from=envelope_from,
            spam_filter_in_front=self._settings.mail_spam_filter,
        )
        async with self._database.work(Actor.system([owner.organisation_id])) as work:
            taking = _Taking(work, self._settings, owner, mail, raw, released, cut)
            return await taking.run()


class _Taking:
    """One mail, one organisation, one transaction."""

    def __init__(
        self, work: Work, settings: Settings, owner: MailAddress, mail: Mail, raw: bytes, released: bool, cut: bool
    ) -> None:
        self.work, self.settings, self.owner, self.mail = work, settings, owner, mail
        self.raw, self.released, self.cut = raw, released, cut
        self.organisation = owner.organisation_id
        self.source_key = source_key(mail, raw)

    async def run(self) -> MailTaken:
        work, mail = self.work, self.mail
        before = await contacts.contact_by_source(work, self.organisation, self.source_key)
        if before is not None:
            return MailTaken(before[1])
        if not self.released and await mail_store.was_put_aside(work, self.organisation, self.source_key):
            return MailTaken(None, "before")
        why = None if self.released else await self._reason_to_put_aside()
        if why is not None:
            return await self._put_aside(why)
        if mail.bounce is not None:
            return await self._bounced()
        thread = await self._thread()
        kind = mail.automatic.kind if mail.automatic else None
        if kind in _PUT_ASIDE and thread is None and not self.released:
            return await self._put_aside("automatic")
        return await self._take(thread)

    async def _reason_to_put_aside(self) -> str | None:
        mail = self.mail
        if is_loop(mail, self.settings.mail_domain):
            return "loop"
        if mail.sender.key in await mail_store.addresses_of(self.work, self.organisation):
            return "own-address"
        if mail.sender.address and await mail_store.is_blocked(self.work, self.organisation, mail.sender.key):
            return "blocked"
        return "spam" if mail.spam is not None and mail.spam.flagged else None

    async def _put_aside(self, why: str) -> MailTaken:
        file_id = await keep_file(self.work, self.organisation, self.raw, "message/rfc822")
        id_ = await mail_store.put_aside(self.work, self.organisation, self.source_key, why, file_id)
        self.work.record("mail.put_aside", self.organisation, subject_id=id_, why=why)
        return MailTaken(None, why)

    # Threads -------------------------------------------------------------------------------------------------

    async def _thread(self) -> UUID | None:
        """The case this mail belongs to: named by a signed reference or an earlier mail, and its sender takes part."""
        mail = self.mail
        if self._is_forged():
            return None
        claimed = claims(mail, verifier_of(self.work.house.keys.keys(THREADS)))
        named = [each.case for each in claimed.signed if each.organisation == self.organisation]
        hashes = [hash_of(each) for each in (*mail.in_reply_to, *mail.references)]
        if hashes and mail.authentication.vouches_for(mail.sender):
            # An id of an earlier mail is no secret: it counts only where our server proved the sender's domain.
            named += [case for case, _ in await contacts.threads_of(self.work, self.organisation, hashes)]
        for case_id in dict.fromkeys(named):
            if await self._takes_part(case_id):
                return case_id
        return None

    def _is_forged(self) -> bool:
        """Whether our own mail server found that the sender's domain disowns the mail (RFC 7489)."""
        checks = self.mail.authentication
        return bool(checks.server) and checks.dmarc.result == "fail"

    async def _takes_part(self, case_id: UUID) -> bool:
        """Whether the sender is the case's customer, by an address they are known by."""
        try:
            case = await cases.get_case(self.work, case_id)
        except AhadiError:
            return False
        customer = await customers.get_customer(self.work, self.organisation, case.customer_id)
        known = {each.value for each in customer.identities if each.kind == "email"}
        try:
            return customers.email_identity(self.mail.sender.address).value in known
        except Invalid:
            return False

    # Bounces -------------------------------------------------------------------------------------------------

    async def _bounced(self) -> MailTaken:
        """A report about a mail of ours marks that message as failed; anything else is put aside."""
        signed = claims(self.mail, verifier_of(self.work.house.keys.keys(THREADS))).bounced
        report = self.mail.bounce
        if signed is None or report is None or signed.organisation != self.organisation:
            return await self._put_aside("bounce")
        if report.failed:
            code = "bounced" if report.permanent else "bounced-for-now"
            await contacts.mark_bounced(self.work, signed.message, code)
        taken = await self._put_aside("bounce-of-ours")
        return MailTaken(signed.case, taken.put_aside)

    # Taking in -----------------------------------------------------------------------------------------------

    async def _take(self, thread: UUID | None) -> MailTaken:
        mail, work = self.mail, self.work
        verdict = may_answer(
            mail,
            await mail_store.answers_since(work, self.organisation, mail.sender.key, work.real_now - _A_DAY),
            installation=self.settings.mail_domain,
            own_addresses=await mail_store.addresses_of(work, self.organisation),
        )
        directory = await read_directory(work, self.organisation)
        department = directory.departments.get(self.owner.department_id or UUID(int=0))
        contacting = Contacting(
            channel="email",
            text=(mail.reply_text if thread else mail.text) or mail.text or "–",
            subject=mail.subject,
            name=mail.sender.name or None,
            email=mail.sender.address or None,
            department=department.slug if department and thread is None else None,
            thread=thread,
            source_key=self.source_key,
            automatic=mail.automatic is not None,
            answer=verdict.allowed,
            html=mail.html or None,
            sender=mail.sender.address or None,
            recipient=self.owner.address,
            headers=self._headers(),
            attachments=await self._attachments(),
        )
        taken = await self._or_without_identity(contacting)
        if mail.message_id:
            own = [hash_of(mail.message_id)]
            contacts.remember_thread(work, self.organisation, own, taken.case.id, contacting.message_id)
        if verdict.allowed and not contacting.automatic:
            await mail_store.count_answer(work, self.organisation, mail.sender.key)
        return MailTaken(taken.case.id)

    async def _or_without_identity(self, contacting: Contacting) -> actions.Taken:
        """An address that nobody can have, or that our mail server saw forged, is nobody's: from somebody unknown."""
        try:
            customers.email_identity(contacting.email or "")
            known = not self._is_forged()
        except Invalid:
            known = False
        if not known:
            contacting = replace(contacting, email=None, name=None, answer=False)
        return await actions.take_contact(self.work, self.organisation, contacting)

    def _headers(self) -> dict[str, Any]:
        mail = self.mail
        checks = mail.authentication
        return {
            "message_id": mail.message_id,
            "in_reply_to": list(mail.in_reply_to),
            "references": list(mail.references)[-20:],
            "to": [each.address for each in mail.to],
            "cc": [each.address for each in mail.cc],
            "reply_to": [each.address for each in mail.reply_to],
            "date": mail.date,
            "authentication": {
                "server": checks.server,
                "spf": checks.spf.result,
                "dkim": [{"result": each.result, "domain": each.domain} for each in checks.dkim],
                "dmarc": checks.dmarc.result,
                "vouched": checks.vouches_for(mail.sender),
            },
            "automatic": mail.automatic.kind.value if mail.automatic else None,
            "blocked_images": mail.blocked_images,
            "defects": [*mail.defects, *(["Only its beginning was read: it is too large."] if self.cut else [])],
            "forwarded": [
                {"from": each.sender.address, "subject": each.subject, "date": each.date} for each in mail.forwarded
            ],
        }

    async def _attachments(self) -> tuple[Attached, ...]:
        files: Sequence[Any] = [*self.mail.attachments, *(each.source for each in self.mail.forwarded)]
        return tuple(
            [
                Attached(
                    await keep_file(self.work, self.organisation, each.data, each.media_type),
                    each.name,
                    each.content_id or None,
                )
                for each in files
                if not each.left_out
            ]
        )


def source_key(mail: Mail, raw: bytes) -> str:
    """The name under which a mail is taken once: its Message-ID, sender and words; without an id, all of it."""
    if not mail.message_id:
        return f"mail:{hashlib.sha256(raw).hexdigest()}"
    said = "\n".join((mail.message_id, mail.sender.key, mail.subject, mail.text))
    return f"mail:{hashlib.sha256(said.encode(errors='replace')).hexdigest()}"


def hash_of(message_id: str) -> bytes:
    """A Message-ID as it is kept: it may name a person."""
    return hashlib.sha256(message_id.encode(errors="replace")).digest()
