"""Mail that was put aside: what it is, for a person who decides, and what they decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.base.errors import NotFound
from ahadi.base.text import one_line
from ahadi.channels.email import parse_mail
from ahadi.directory import Permission
from ahadi.intake import mail_store
from ahadi.intake.mail import MailIntake
from ahadi.intake.mail_store import MailAddress, Quarantined
from ahadi.platform.database import Database, Work
from ahadi.platform.files import read_file
from ahadi.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Aside:
    """A mail that waits for a decision, with who sent it and what it says it is about."""

    mail: Quarantined
    sender: str
    subject: str


@dataclass(frozen=True, slots=True)
class Released:
    """A mail that is to become a case after all, once the decision is committed."""

    organisation_id: UUID
    raw: bytes


async def put_aside_mails(work: Work, organisation_id: UUID, limit: int) -> list[Aside]:
    """The mails of the organisation that wait, the newest first."""
    work.permit(organisation_id, Permission.MESSAGES_SETTLE)
    found = await mail_store.put_aside_in(work, [organisation_id], None, limit)
    heads = await mail_store.heads_of(work, organisation_id, [each.raw_file for each in found if each.raw_file])
    return [_told(each, heads.get(each.raw_file) if each.raw_file else None) for each in found]


def _told(mail: Quarantined, head: bytes | None) -> Aside:
    parsed = parse_mail(head, trusted_authserv_ids=frozenset()) if head else None
    sender = parsed.sender.address if parsed else ""
    return Aside(mail, one_line(sender, 254), one_line(parsed.subject if parsed else "", 200))


async def settle_put_aside(work: Work, id_: UUID, *, release: bool) -> Released | None:
    """Decide about a mail; what is released is taken in by `take_released` after the commit. Raises NotFound."""
    found = await mail_store.get_put_aside(work, id_)
    if found is None or found.settled_at is not None:
        raise NotFound("There is no such mail waiting.")
    work.permit(found.organisation_id, Permission.MESSAGES_SETTLE)
    raw = None
    if release and found.raw_file is not None:
        raw = Released(found.organisation_id, await read_file(work, found.organisation_id, found.raw_file))
    decision = "release" if release else "drop"
    await mail_store.settle_put_aside(work, found, "released" if release else "dropped")
    work.record("mail.settled", found.organisation_id, subject_id=id_, decision=decision)
    return raw


async def take_released(database: Database, settings: Settings, released: Sequence[Released]) -> None:
    """Take in what was released. A mail is taken once, so that a repeated call changes nothing."""
    intake = MailIntake(database, settings)
    for each in released:
        await intake.take(each.raw, MailAddress("", each.organisation_id, None), released=True)


async def block_sender(work: Work, organisation_id: UUID, name: str) -> None:
    """Put aside whatever this address, or @domain, writes from now on."""
    work.permit(organisation_id, Permission.MESSAGES_SETTLE)
    await mail_store.block(work, organisation_id, name)
    work.record("sender.blocked", organisation_id)


async def unblock_sender(work: Work, organisation_id: UUID, name: str) -> None:
    """Take this sender's mail again. Raises NotFound."""
    work.permit(organisation_id, Permission.MESSAGES_SETTLE)
    if not await mail_store.unblock(work, organisation_id, name):
        raise NotFound("This sender is not blocked.")
    work.record("sender.unblocked", organisation_id)
