"""Telling people away from the page: the jobs that push and mail, and the duty that gathers mails.

A push may be repeated: its topic and tag make the browser show one. A mail may not, so it is marked as being sent
before it is; one that a crash left so is uncertain, and is not sent again: the page tells what it told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import httpx
import orjson
import structlog

from ahadi.base.errors import Unavailable
from ahadi.base.ids import uuid7
from ahadi.channels.ports import Channel, Outgoing, Sent, TryAgain, Uncertain
from ahadi.directory import organisation_names, sign_in_store
from ahadi.directory.sign_in_store import Held
from ahadi.notifications import model, store
from ahadi.notifications.actions import PUSH
from ahadi.notifications.model import Choices, Told
from ahadi.notifications.store import Notification
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.jobs import Handler, Job, finish, put_back
from ahadi.platform.steps import alone
from ahadi.platform.transports import web_push
from ahadi.platform.transports.web_push import Pushed, Subscription

log = structlog.get_logger(__name__)
MAIL = "notifications.mail"
_MOST_ATTEMPTS = 6
_AT_ONCE = 200
_FIRST_WAIT = timedelta(seconds=20)


class Wording(Protocol):
    """The words that people are told in, in their language and on their clock; handed in from the screens."""

    def pushed(self, told: Told | None, language: str) -> tuple[str, str]:
        """Title and text of a push message; of a trial where nothing is told."""
        ...

    def mailed(self, told: Sequence[Told], name: str, language: str, zone: str, home: str) -> tuple[str, str]:
        """Subject and text of a mail."""
        ...


def sending(channel: Channel | None, client: httpx.AsyncClient, wording: Wording) -> Mapping[str, Handler]:
    """The handlers of the jobs that tell people, by a guarded client and the installation's mail."""
    sender = _Sender(channel, client, wording)
    return {PUSH: sender.push, MAIL: sender.mail}


@dataclass(frozen=True, slots=True)
class _Sender:
    channel: Channel | None
    client: httpx.AsyncClient
    wording: Wording

    # Push ----------------------------------------------------------------------------------------------------------

    async def push(self, job: Job, database: Database) -> None:
        """Tell one browser of one notice, if it is still worth telling and may be told now."""
        async with database.read(job.actor()) as work:
            pending = await _pending(work, job)
        if pending.wait:
            await put_back(database, job, "", after=pending.wait, for_ever=True)
            return
        outcome = pending.outcome or await self._push(database, job, pending)
        await _settle_push(database, job, outcome)

    async def _push(self, database: Database, job: Job, pending: "_Pending") -> Pushed:
        subscription, held, found = pending.subscription, pending.held, pending.found
        assert subscription is not None and held is not None
        house, now = database.house, database.clock.real.now()
        key = web_push.own_keys(house.keys).get(pending.own_key)
        if key is None:  # an earlier key that is kept no more
            return Pushed(False, gone=True, code="key-gone")
        about = found.about if found else "other"
        is_public = house.public_url.startswith("https:")
        contact = house.public_url if is_public else f"mailto:postmaster@{house.mail_domain}"
        return await web_push.push(
            self.client,
            subscription,
            self._payload(pending, held.language),
            authorization=web_push.authorization(key, subscription.endpoint, contact, now),
            ttl=model.lasts(about),
            urgency=model.urgency(about),
            topic=(found.id if found else job.id).hex,
            now=now,
        )

    def _payload(self, pending: "_Pending", language: str) -> bytes:
        found = pending.found
        title, text = self.wording.pushed(pending.told, language)
        return orjson.dumps(
            {
                "title": title,
                "body": text,
                "url": _address(found) if found else "/me/notifications",
                "tag": found.id.hex if found else "trial",
                "lang": language,
            }
        )

    # Mail ----------------------------------------------------------------------------------------------------------

    async def mail(self, job: Job, database: Database) -> None:
        """Send one mail with what was gathered for a person."""
        if self.channel is None:
            raise Unavailable("No mail can be sent: set AHADI_SMTP_URL.")
        outgoing = await self._begin(job, database)
        if outgoing is None:
            return
        outcome = await self.channel.send(outgoing)
        organisations = [UUID(each) for each in job.args["organisations"]]
        mail_id = UUID(job.args["mail"])
        if isinstance(outcome, TryAgain):
            async with database.work(Actor.system(organisations)) as work:
                await store.set_mail(work, mail_id, "waiting")
            await put_back(database, job, outcome.sentence, after=outcome.after)
            return
        state = "sent" if isinstance(outcome, Sent) else "uncertain" if isinstance(outcome, Uncertain) else "dropped"
        if state != "sent":
            log.warning("notice_mail.not_sent", mail=str(mail_id), state=state)
        async with database.work(Actor.system(organisations)) as work:
            await _settle_mail(work, organisations, mail_id, state, job)

    async def _begin(self, job: Job, database: Database) -> Outgoing | None:
        """Mark the mail as being sent, committed before it is; None where there is nothing to send any more."""
        organisations = [UUID(each) for each in job.args["organisations"]]
        async with database.work(Actor.system(organisations)) as work:
            mail = await store.lock_mail(work, UUID(job.args["mail"]))
            if mail is None or mail.state not in ("waiting", "sending"):
                await finish(work, job)
                return None
            if mail.state == "sending":  # whoever began did not come back: nobody knows
                await _settle_mail(work, organisations, mail.id, "uncertain", job)
                return None
            held = await sign_in_store.held_by_person(work, mail.person_id)
            found = await _still_worth(work, await store.in_mail(work, organisations, mail.id))
            if held is None or not held.active or not found:
                await _settle_mail(work, organisations, mail.id, "dropped", job)
                return None
            await store.set_mail(work, mail.id, "sending")
            choices = (await store.choices_of(work, [mail.person_id])).get(mail.person_id, Choices())
            told = await _told(work, found)
        return self._letter(mail.id, held, told, choices.zone, database.house.public_url)

    def _letter(self, mail_id: UUID, held: Held, told: Sequence[Told], zone: str, home: str) -> Outgoing:
        subject, text = self.wording.mailed(told, held.name, held.language, zone, home)
        headers = {"Auto-Submitted": "auto-generated", "Content-Language": held.language}
        return Outgoing(mail_id, str(mail_id), held.email, text, subject=subject, headers=headers)


@dataclass(frozen=True, slots=True)
class _Pending:
    """What a push job finds: an outcome already, a wait, or everything to send it with."""

    outcome: Pushed | None = None
    wait: timedelta | None = None
    held: Held | None = None
    subscription: Subscription | None = None
    own_key: str = ""
    found: Notification | None = None
    told: Told | None = None


async def _pending(work: Work, job: Job) -> _Pending:
    person, trial = UUID(job.args["person"]), "notification" not in job.args
    kept = await store.get_browser(work, person, UUID(job.args["browser"]))
    held = await sign_in_store.held_by_person(work, person)
    if kept is None or held is None or not held.active:
        return _Pending(Pushed(False, code="nowhere"))
    found: Notification | None = None
    if not trial:
        assert job.organisation_id is not None
        found = await store.get_notification(work, job.organisation_id, UUID(job.args["notification"]))
        if found is None or not await _still_worth(work, [found]):
            return _Pending(Pushed(False, code="over"))
        choices = (await store.choices_of(work, [person])).get(person, Choices())
        if "push" not in choices.ways_for(found.about):
            return _Pending(Pushed(False, code="unwanted"))
        until = model.told_at(choices, found.about, work.real_now)
        if until > work.real_now:
            return _Pending(wait=until - work.real_now)
    if kept.not_before and kept.not_before > work.real_now:
        return _Pending(wait=kept.not_before - work.real_now)
    sealed = orjson.loads(work.house.keys.decrypt(kept.sealed))
    told = (await _told(work, [found]))[0] if found else None
    return _Pending(None, None, held, Subscription(**sealed), kept.own_key, found, told)


async def _settle_push(database: Database, job: Job, outcome: Pushed) -> None:
    browser, now = UUID(job.args["browser"]), database.clock.real.now()
    final = outcome.accepted or outcome.gone or outcome.code in ("nowhere", "over", "unwanted", "answered-413")
    last = final or job.attempts >= _MOST_ATTEMPTS
    wait = outcome.after or _FIRST_WAIT * 4 ** (min(job.attempts, 6) - 1)
    async with database.work(job.actor()) as work:
        if outcome.accepted:
            await store.note_heard(work, browser)
        elif outcome.gone:
            await store.drop_browser(work, UUID(job.args["person"]), browser)
        elif outcome.after:
            await store.wait_for(work, browser, now + outcome.after)
        if last and "notification" in job.args and job.organisation_id:
            ids = [UUID(job.args["notification"])]
            state, why = ("sent", None) if outcome.accepted else ("dropped", outcome.code)
            await store.settle(work, job.organisation_id, ids, state, why)
        if last:
            await finish(work, job)
    if not last:
        await put_back(database, job, outcome.code, after=wait, for_ever=True)


async def _settle_mail(work: Work, organisations: Sequence[UUID], mail_id: UUID, state: str, job: Job) -> None:
    await store.set_mail(work, mail_id, state)
    for organisation_id in organisations:
        ids = [e.id for e in await store.in_mail(work, [organisation_id], mail_id)]
        sent = state == "sent"
        await store.settle(work, organisation_id, ids, "sent" if sent else "dropped", None if sent else state)
    await finish(work, job)


async def _still_worth(work: Work, found: Sequence[Notification]) -> list[Notification]:
    """Those that were not seen on the page meanwhile, are not over, and are of places where the person still works."""
    if not found:
        return []
    serves = {each.organisation_id for each in await sign_in_store.memberships(work, found[0].person_id)}
    return [each for each in found if each.organisation_id in serves and not _why_not(work, each)]


def _why_not(work: Work, found: Notification) -> str | None:
    if found.seen:
        return "seen"
    over = found.way != "digest" and model.is_over(found.about, found.made_at, work.real_now)
    return "over" if over else None


async def _told(work: Work, found: Sequence[Notification]) -> list[Told]:
    names = await organisation_names(work, {each.organisation_id for each in found})
    return [Told(each.kind, each.reference, names.get(each.organisation_id, ""), each.at) for each in found]


def _address(found: Notification) -> str:
    return f"/cases/{found.reference}" if found.reference else "/notices"


# Gathering -------------------------------------------------------------------------------------------------------


async def gather_mails(database: Database, organisations: Sequence[UUID]) -> int:
    """Put what is due by mail into one mail a person, with a job that sends it; how many mails."""
    async with database.read(Actor.system(organisations)) as work:
        people = await store.people_to_mail(work, organisations, _AT_ONCE)
    return sum([await alone("notifications", each, _gather(database, organisations, each)) for each in people])


async def _gather(database: Database, organisations: Sequence[UUID], person: UUID) -> int:
    async with database.work(Actor.system(organisations)) as work:
        due = await store.lock_due(work, organisations, person)
        choices = (await store.choices_of(work, [person])).get(person, Choices())
        now = work.real_now
        found: list[Notification] = []
        for each in due:
            until = model.told_at(choices, each.about, now)
            if each.way not in choices.ways_for(each.about):
                await store.settle(work, each.organisation_id, [each.id], "dropped", "unwanted")
            elif why := _why_not(work, each):
                await store.settle(work, each.organisation_id, [each.id], "dropped", why)
            elif until > now and each.way == "mail":
                await store.put_off(work, each.organisation_id, [each.id], until)
            elif each.way == "digest" and (quiet := model.quiet_until(choices, now)):
                await store.put_off(work, each.organisation_id, [each.id], quiet)
            else:
                found.append(each)
        if not found:
            return 0
        mail_id = uuid7()
        await store.gather(work, mail_id, person, found)
        work.enqueue(
            MAIL,
            None,
            key=f"{MAIL} {mail_id}",
            mail=str(mail_id),
            organisations=sorted({str(each.organisation_id) for each in found}),
        )
    return 1
