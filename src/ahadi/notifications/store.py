"""The SQL of notifications. Choices, browsers and mails are a person's, in no organisation: each statement names them.
What was told of an organisation's notices is that organisation's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

import orjson

from ahadi.notifications.model import About, Browser, Choices, Digest, Quiet, Way
from ahadi.platform.database import Work

# Choices ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chosen:
    person_id: UUID
    ways: dict[About, list[Way]]
    urgent: list[About]
    digest: Digest
    morning: time
    quiet_from: time | None
    quiet_until: time | None
    zone: str

    def choices(self) -> Choices:
        quiet = Quiet(self.quiet_from, self.quiet_until) if self.quiet_from and self.quiet_until else None
        return Choices(
            {about: frozenset(ways) for about, ways in self.ways.items()},
            frozenset(self.urgent),
            self.digest,
            self.morning,
            quiet,
            self.zone,
        )


async def choices_of(work: Work, people: Sequence[UUID]) -> dict[UUID, Choices]:
    """What people chose; those who never did are left out."""
    rows = await work.all(
        _Chosen,
        "select person_id, ways, urgent, digest, morning, quiet_from, quiet_until, zone from notification_choice"
        " where person_id = any(%(people)s)",
        {"people": list(people)},
    )
    return {each.person_id: each.choices() for each in rows}


async def put_choices(work: Work, person_id: UUID, choices: Choices) -> None:
    quiet = choices.quiet
    await work.execute(
        "insert into notification_choice (person_id, ways, urgent, digest, morning, quiet_from, quiet_until, zone,"
        " changed_at) values (%(person)s, %(ways)s, %(urgent)s, %(digest)s, %(morning)s, %(from)s, %(until)s,"
        " %(zone)s, %(now)s) on conflict (person_id) do update set ways = excluded.ways, urgent = excluded.urgent,"
        " digest = excluded.digest, morning = excluded.morning, quiet_from = excluded.quiet_from,"
        " quiet_until = excluded.quiet_until, zone = excluded.zone, changed_at = excluded.changed_at",
        {
            "person": person_id,
            "ways": orjson.dumps({about: sorted(ways) for about, ways in choices.ways.items() if ways}).decode(),
            "urgent": sorted(choices.urgent),
            "digest": choices.digest,
            "morning": choices.morning,
            "from": quiet.start if quiet else None,
            "until": quiet.end if quiet else None,
            "zone": choices.zone,
            "now": work.real_now,
        },
    )


# Browsers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A browser with what is needed to reach it, sealed."""

    id: UUID
    person_id: UUID
    sealed: bytes
    own_key: str
    not_before: datetime | None


# A browser hears as long as the sign-in it was added in was not ended; that one ran out changes nothing.
_IN_FORCE = (
    "from push_subscription b left join session s on s.id = b.session_id"
    " where b.person_id = %(person)s and s.revoked_at is null"
)


async def put_browser(
    work: Work, id_: UUID, person_id: UUID, session_id: UUID | None, endpoint_hash: bytes, kept: Kept, agent: str
) -> UUID:
    """Keep a browser; whoever else heard in it hears there no more. Its id."""
    found: UUID = await work.value(
        "insert into push_subscription (id, person_id, session_id, endpoint_hash, sealed, own_key, agent, made_at)"
        " values (%(id)s, %(person)s, %(session)s, %(hash)s, %(sealed)s, %(own_key)s, %(agent)s, %(now)s)"
        " on conflict (endpoint_hash) do update set person_id = excluded.person_id, session_id = excluded.session_id,"
        " sealed = excluded.sealed, own_key = excluded.own_key, agent = excluded.agent, not_before = null returning id",
        {
            "id": id_,
            "person": person_id,
            "session": session_id,
            "hash": endpoint_hash,
            "sealed": kept.sealed,
            "own_key": kept.own_key,
            "agent": agent,
            "now": work.real_now,
        },
    )
    return found


async def browsers_of(work: Work, person_id: UUID) -> list[Browser]:
    """The browsers somebody hears in, the newest first."""
    return await work.all(
        Browser,
        f"select b.id, b.session_id, b.endpoint_hash, b.agent, b.made_at, b.heard_at {_IN_FORCE}"
        " order by b.made_at desc, b.id desc",
        {"person": person_id},
    )


async def browsers_by_person(work: Work, people: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The browsers of several people."""
    rows = await work.rows(
        "select b.id, b.person_id from push_subscription b left join session s on s.id = b.session_id"
        " where b.person_id = any(%(people)s) and s.revoked_at is null order by b.id",
        {"people": list(people)},
    )
    found: dict[UUID, list[UUID]] = {}
    for each in rows:
        found.setdefault(each["person_id"], []).append(each["id"])
    return found


async def get_browser(work: Work, person_id: UUID, browser_id: UUID) -> Kept | None:
    return await work.one(
        Kept,
        f"select b.id, b.person_id, b.sealed, b.own_key, b.not_before {_IN_FORCE} and b.id = %(id)s",
        {"person": person_id, "id": browser_id},
    )


async def drop_browser(work: Work, person_id: UUID, browser_id: UUID) -> bool:
    gone = await work.value(
        "delete from push_subscription where person_id = %(person)s and id = %(id)s returning id",
        {"person": person_id, "id": browser_id},
    )
    return gone is not None


async def drop_oldest_browsers(work: Work, person_id: UUID, most: int) -> None:
    """Keep the newest so many of a person's browsers."""
    await work.execute(
        "delete from push_subscription where id in (select id from push_subscription where person_id = %(person)s"
        " order by made_at desc, id desc offset %(most)s)",
        {"person": person_id, "most": most},
    )


async def drop_browser_at(work: Work, person_id: UUID, endpoint_hash: bytes) -> bool:
    """Drop the browser at an address, where it is this person's."""
    gone = await work.value(
        "delete from push_subscription where person_id = %(person)s and endpoint_hash = %(hash)s returning id",
        {"person": person_id, "hash": endpoint_hash},
    )
    return gone is not None


async def note_heard(work: Work, browser_id: UUID) -> None:
    await work.execute(
        "update push_subscription set heard_at = %(now)s, not_before = null where id = %(id)s",
        {"id": browser_id, "now": work.real_now},
    )


async def wait_for(work: Work, browser_id: UUID, until: datetime) -> None:
    """Its push service asked us to wait."""
    await work.execute(
        "update push_subscription set not_before = %(until)s where id = %(id)s", {"id": browser_id, "until": until}
    )


# What is told ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notification:
    """A notice on its way, with what it tells."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    about: About
    way: Way
    state: str
    made_at: datetime
    kind: str
    seen: bool
    reference: str
    at: datetime


_TOLD = (
    "select n.organisation_id, n.id, n.person_id, n.about, n.way, n.state, n.made_at, o.kind,"
    " o.seen_at is not null as seen, coalesce(c.reference, '') as reference, o.at from notification n"
    " join notice o on o.organisation_id = n.organisation_id and o.id = n.notice_id"
    " left join cases c on c.organisation_id = o.organisation_id and c.id = o.case_id"
)


def put_notification(
    work: Work,
    organisation_id: UUID,
    id_: UUID,
    notice_id: UUID,
    person_id: UUID,
    about: About,
    way: Way,
    due_at: datetime,
) -> None:
    """Have a person told of a notice by one way."""
    row: dict[str, Any] = {
        "organisation_id": organisation_id,
        "id": id_,
        "notice_id": notice_id,
        "person_id": person_id,
        "about": about,
        "way": way,
        "state": "waiting",
        "due_at": due_at,
        "made_at": work.real_now,
    }
    work.put("notification", row, conflict="(organisation_id, notice_id, way) do nothing")


async def get_notification(work: Work, organisation_id: UUID, id_: UUID) -> Notification | None:
    return await work.one(
        Notification,
        f"{_TOLD} where n.organisation_id = %(organisation)s and n.id = %(id)s",
        {"organisation": organisation_id, "id": id_},
    )


async def settle(work: Work, organisation_id: UUID, ids: Sequence[UUID], state: str, why: str | None = None) -> None:
    """Say what became of notifications that wait or are in a mail."""
    await work.execute(
        "update notification set state = %(state)s, why = %(why)s, settled_at = %(now)s"
        " where organisation_id = %(organisation)s and id = any(%(ids)s) and state in ('waiting', 'gathered')",
        {"organisation": organisation_id, "ids": list(ids), "state": state, "why": why, "now": work.real_now},
    )


async def people_to_mail(work: Work, organisations: Sequence[UUID], limit: int) -> list[UUID]:
    """People for whom something is due by mail."""
    rows = await work.rows(
        "select person_id, min(due_at) from notification where organisation_id = any(%(organisations)s)"
        " and state = 'waiting' and way <> 'push' and due_at <= %(now)s group by 1 order by 2 limit %(limit)s",
        {"organisations": list(organisations), "now": work.real_now, "limit": limit},
    )
    return [each["person_id"] for each in rows]


async def lock_due(work: Work, organisations: Sequence[UUID], person_id: UUID) -> list[Notification]:
    """What is due by mail for a person, each for whoever asks first; the oldest first."""
    return await work.all(
        Notification,
        f"{_TOLD} where n.organisation_id = any(%(organisations)s) and n.person_id = %(person)s"
        " and n.state = 'waiting' and n.way <> 'push' and n.due_at <= %(now)s order by o.at, n.id"
        " for update of n skip locked",
        {"organisations": list(organisations), "person": person_id, "now": work.real_now},
    )


async def put_off(work: Work, organisation_id: UUID, ids: Sequence[UUID], until: datetime) -> None:
    await work.execute(
        "update notification set due_at = %(until)s where organisation_id = %(organisation)s and id = any(%(ids)s)",
        {"organisation": organisation_id, "ids": list(ids), "until": until},
    )


# Mails -----------------------------------------------------------------------------------------------------------


async def gather(work: Work, mail_id: UUID, person_id: UUID, found: Sequence[Notification]) -> None:
    """Put notifications into one mail."""
    await work.execute(
        "insert into notice_mail (id, person_id, state, made_at) values (%(id)s, %(person)s, 'waiting', %(now)s)",
        {"id": mail_id, "person": person_id, "now": work.real_now},
    )
    await work.execute(
        "update notification set state = 'gathered', mail_id = %(mail)s where organisation_id = any(%(organisations)s)"
        " and id = any(%(ids)s)",
        {
            "mail": mail_id,
            "organisations": list({each.organisation_id for each in found}),
            "ids": [each.id for each in found],
        },
    )


async def in_mail(work: Work, organisations: Sequence[UUID], mail_id: UUID) -> list[Notification]:
    return await work.all(
        Notification,
        f"{_TOLD} where n.organisation_id = any(%(organisations)s) and n.mail_id = %(mail)s and n.state = 'gathered'"
        " order by o.at, n.id",
        {"organisations": list(organisations), "mail": mail_id},
    )


@dataclass(frozen=True, slots=True)
class Mail:
    id: UUID
    person_id: UUID
    state: str


async def lock_mail(work: Work, mail_id: UUID) -> Mail | None:
    return await work.one(
        Mail, "select id, person_id, state from notice_mail where id = %(id)s for update", {"id": mail_id}
    )


async def set_mail(work: Work, mail_id: UUID, state: str) -> None:
    await work.execute(
        "update notice_mail set state = %(state)s,"
        " settled_at = case when %(state)s in ('waiting', 'sending') then null else %(now)s::timestamptz end"
        " where id = %(id)s",
        {"id": mail_id, "state": state, "now": work.real_now},
    )


async def forget_old(work: Work, organisations: Sequence[UUID], before: datetime) -> None:
    """Drop what was settled before a moment."""
    await work.execute(
        "delete from notification where organisation_id = any(%(organisations)s) and settled_at < %(before)s",
        {"organisations": list(organisations), "before": before},
    )


async def forget_old_mails(work: Work, before: datetime) -> None:
    """Drop mails settled before a moment, once what they told of is gone."""
    await work.execute(
        "delete from notice_mail m where settled_at < %(before)s"
        " and not exists (select from notification n where n.mail_id = m.id)",
        {"before": before},
    )
