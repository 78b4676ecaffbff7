"""Mails that tell people what was done with their access: a sign-in with a new browser, a passkey, acting in their
name. What they say is read when they are sent, so that no job holds a person's data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from ahadi.base.text import browser_name
from ahadi.channels.ports import Channel, Outgoing, Sent, TryAgain
from ahadi.directory import acting_store, device_store, passkey_store
from ahadi.directory import sign_in_store as store
from ahadi.directory.sign_in_store import Held
from ahadi.directory.store import get_organisation
from ahadi.platform.database import Database, Work
from ahadi.platform.jobs import Handler, Job, finish, put_back

log = structlog.get_logger(__name__)
NOTICE: Final = "directory.mail_notice"

# Subject and text by what happened and language.
_TEXTS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("new-device", "en"): (
        "A sign-in to Ahadi with a new browser",
        "Hello {name},\n\nsomebody signed in to Ahadi as you with a browser that was not known yet.\n\n"
        "Browser: {browser}\nAddress: {address}\nTime: {at}\n\n"
        "If it was you, there is nothing to do. If not, end that session and change your password at once:\n\n{link}\n",
    ),
    ("new-device", "sw"): (
        "Kuingia kwenye Ahadi kwa kivinjari kipya",
        "Habari {name},\n\nmtu ameingia kwenye Ahadi kwa jina lako akitumia kivinjari ambacho hakikujulikana.\n\n"
        "Kivinjari: {browser}\nAnwani: {address}\nMuda: {at}\n\n"
        "Kama ni wewe, hakuna la kufanya. Kama si wewe, maliza kikao hicho na ubadilishe nenosiri mara moja:\n\n"
        "{link}\n",
    ),
    ("new-passkey", "en"): (
        "A passkey was added to your access to Ahadi",
        "Hello {name},\n\nthe passkey “{passkey}” was added to your access on {at}; whoever holds it can sign in as"
        " you.\n\nIf it was not you, remove it and change your password at once:\n\n{link}\n",
    ),
    ("new-passkey", "sw"): (
        "Ufunguo wa siri umeongezwa kwenye ufikiaji wako wa Ahadi",
        "Habari {name},\n\nufunguo wa siri “{passkey}” umeongezwa kwenye ufikiaji wako {at}; aliye nao anaweza kuingia"
        " kwa jina lako.\n\nKama si wewe, uondoe na ubadilishe nenosiri mara moja:\n\n{link}\n",
    ),
    ("second-step", "en"): (
        "Your second step to sign in to Ahadi was taken away",
        "Hello {name},\n\nan administrator took your authenticator and passkeys from your access, and signed you out"
        " everywhere. Your password lets you in; set up a second step again:\n\n{link}\n\nIf you did not ask for this,"
        " tell your manager at once.\n",
    ),
    ("second-step", "sw"): (
        "Hatua yako ya pili ya kuingia kwenye Ahadi imeondolewa",
        "Habari {name},\n\nmsimamizi ameondoa programu yako ya uthibitishaji na funguo zako za siri, na amekutoa kila"
        " mahali. Nenosiri lako linakuingiza; weka hatua ya pili tena:\n\n{link}\n\nKama hukuomba hili, mwambie meneja"
        " wako mara moja.\n",
    ),
    ("acting", "en"): (
        "Somebody acted in your name in Ahadi",
        "Hello {name},\n\n{actor} of {organisation} acted in your name, from {began} to {ended}.\n\nThe reason given:"
        " {reason}\n\nThe journal names {actor} beside you in everything that was done. If you have questions,"
        " ask them, or your manager.\n\n{link}\n",
    ),
    ("acting", "sw"): (
        "Mtu ametenda kwa jina lako kwenye Ahadi",
        "Habari {name},\n\n{actor} wa {organisation} ametenda kwa jina lako, kuanzia {began} hadi {ended}.\n\nSababu"
        " iliyotolewa: {reason}\n\nKumbukumbu zinamtaja {actor} pamoja nawe katika kila kilichofanyika. Ukiwa na"
        " maswali, muulize, au meneja wako.\n\n{link}\n",
    ),
    ("passkey", "en"): (
        "A passkey of yours may have been copied",
        "Hello {name},\n\nyour passkey “{passkey}” was used in a way that tells of a copy. It was refused, and signs"
        " nobody in any more. Remove it and add a new one:\n\n{link}\n",
    ),
    ("passkey", "sw"): (
        "Huenda ufunguo wako wa siri umenakiliwa",
        "Habari {name},\n\nufunguo wako wa siri “{passkey}” umetumika kwa namna inayoonyesha kuwa kuna nakala."
        " Umekataliwa, na haumwingizi mtu tena. Uondoe na uongeze mpya:\n\n{link}\n",
    ),
}


def mailing_notices(channel: Channel | None, public_url: str) -> dict[str, Handler]:
    """The handler of the jobs that mail notices. Without mail nothing is sent: the person's own page tells the same."""

    async def mail_notice(job: Job, database: Database) -> None:
        async with database.read(job.actor()) as work:
            held = await store.held_by_person(work, UUID(job.args["person_id"]))
            facts = await _facts(work, job, UUID(job.args["id"])) if held else None
        if channel is not None and held is not None and held.active and facts is not None:
            outcome = await channel.send(_mail(job, held, facts, f"{public_url}/me"))
            if isinstance(outcome, TryAgain):
                await put_back(database, job, outcome.sentence, after=outcome.after)
                return
            if not isinstance(outcome, Sent):
                log.warning("notice_mail.not_sent", person=str(held.person_id), code=outcome.code)
        async with database.work(job.actor()) as work:
            await finish(work, job)

    return {NOTICE: mail_notice}


async def _facts(work: Work, job: Job, id_: UUID) -> dict[str, str] | None:
    """What there is to tell; None where it is gone."""
    about = job.args["about"]
    if about == "acting" and job.organisation_id:
        acting = await acting_store.acting(work, job.organisation_id, id_)
        actor = await store.held_by_person(work, acting.actor_id) if acting else None
        organisation = await get_organisation(work, job.organisation_id)
        if acting is None or actor is None or organisation is None:
            return None
        return {
            "actor": actor.name,
            "organisation": organisation.name,
            "reason": acting.reason,
            "began": said(acting.began_at, organisation.zone),
            "ended": said(acting.ended_at or acting.ends_at, organisation.zone),
        }
    if about == "second-step":
        return {}
    if about == "new-device":
        device = await device_store.device(work, id_)
        if device is None:
            return None
        return {"browser": browser_name(device.agent), "address": device.address or "–", "at": said(device.made_at)}
    passkey = await passkey_store.passkey(work, id_)
    return {"passkey": passkey.name, "at": said(passkey.made_at)} if passkey else None


def said(at: datetime, zone: str = "UTC") -> str:
    """A moment with its place, for a reader whose clock we do not know."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def _mail(job: Job, held: Held, facts: Mapping[str, str], link: str) -> Outgoing:
    about = job.args["about"]
    subject, text = _TEXTS.get((about, held.language)) or _TEXTS[(about, "en")]
    return Outgoing(
        id=job.id,
        idempotency_key=str(job.id),
        to=held.email,
        subject=subject,
        text=text.format(name=held.name, link=link, **facts),
        headers={"Auto-Submitted": "auto-generated", "Content-Language": held.language},
    )
