"""Mailing one-time links to people. The link is made when the mail is, so that no secret waits anywhere."""

from collections.abc import Mapping
from uuid import UUID

import structlog

from ahadi.base.errors import Unavailable
from ahadi.channels.ports import Channel, Outgoing, Sent, TryAgain
from ahadi.directory import sign_in_store as store
from ahadi.directory.sign_in import LINK_LASTS, Purpose, make_link
from ahadi.directory.sign_in_store import Held
from ahadi.platform.database import Database
from ahadi.platform.jobs import Handler, Job, finish, put_back
from ahadi.platform.security import Keyring

log = structlog.get_logger(__name__)

# Subject and text by purpose and language; `{hours}` until the link expires.
_TEXTS: Mapping[tuple[Purpose, str], tuple[str, str]] = {
    ("invitation", "en"): (
        "Your access to Ahadi",
        "Hello {name},\n\nyou have been given access to Ahadi. Choose your password here within {hours} hours:\n\n"
        "{link}\n\nThe link works once. If you did not expect this, ignore it.\n",
    ),
    ("invitation", "sw"): (
        "Ufikiaji wako wa Ahadi",
        "Habari {name},\n\numepewa ruhusa ya kutumia Ahadi. Chagua nenosiri lako hapa ndani ya saa {hours}:\n\n"
        "{link}\n\nKiungo hiki kinafanya kazi mara moja tu. Kama hukutarajia ujumbe huu, upuuze.\n",
    ),
    ("reset", "en"): (
        "A new password for Ahadi",
        "Hello {name},\n\nyou, or somebody in your name, asked for a new password. Choose it here within {hours} hours:"
        "\n\n{link}\n\nThe link works once. If it was not you, ignore this; your password stays as it is.\n",
    ),
    ("reset", "sw"): (
        "Nenosiri jipya la Ahadi",
        "Habari {name},\n\nwewe, au mtu kwa jina lako, ameomba nenosiri jipya. Lichague hapa ndani ya saa {hours}:\n\n"
        "{link}\n\nKiungo hiki kinafanya kazi mara moja tu. Kama si wewe, puuza; nenosiri lako halitabadilika.\n",
    ),
}


def mailing_links(channel: Channel | None, keyring: Keyring, public_url: str) -> dict[str, Handler]:
    """The handlers of the jobs that mail links; without a channel they fail, visibly, until mail is configured."""

    async def mail_link(job: Job, database: Database) -> None:
        async with database.read(job.actor()) as work:
            held = await store.held_by_person(work, UUID(job.args["person_id"]))
        await _mail(job, database, held, job.args["purpose"])

    async def mail_reset(job: Job, database: Database) -> None:
        async with database.read(job.actor()) as work:
            held = await store.held_by_email(work, keyring.decrypt(job.args["sealed"].encode()))
        await _mail(job, database, held, "reset")

    async def _mail(job: Job, database: Database, held: Held | None, purpose: Purpose) -> None:
        if held is not None and held.active:
            if channel is None:
                raise Unavailable("No mail can be sent: set AHADI_SMTP_URL.")
            async with database.work(job.actor()) as work:
                secret = await make_link(work, held.person_id, purpose)
            message = link_mail(job.id, held, purpose, f"{public_url}/welcome/{secret}")
            outcome = await channel.send(message)
            if isinstance(outcome, TryAgain):
                await put_back(database, job, outcome.sentence, after=outcome.after)
                return
            if not isinstance(outcome, Sent):
                log.warning("link_mail.not_sent", person=str(held.person_id), code=outcome.code)
        async with database.work(job.actor()) as work:
            await finish(work, job)

    return {"directory.mail_link": mail_link, "directory.mail_reset": mail_reset}


def link_mail(identifier: UUID, held: Held, purpose: Purpose, link: str) -> Outgoing:
    """The mail that carries a link, in the person's language where we have it."""
    wording: Purpose = "reset" if purpose == "reset" else "invitation"
    subject, text = _TEXTS.get((wording, held.language)) or _TEXTS[(wording, "en")]
    hours = int(LINK_LASTS[purpose].total_seconds() // 3600)
    return Outgoing(
        id=identifier,
        idempotency_key=str(identifier),
        to=held.email,
        subject=subject,
        text=text.format(name=held.name, hours=hours, link=link),
        headers={"Auto-Submitted": "auto-generated", "Content-Language": held.language},
    )
