"""The SQL of webhooks: who wants to hear what, how far the journal was read for them, and what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of a program that wants to hear of journal rows; no `kinds` stand for all of them."""

    organisation_id: UUID
    id: UUID
    url: str
    secret: bytes  # encrypted
    kinds: list[str]
    active: bool
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One journal row on its way to one webhook. `state` is `waiting`, `delivered` or `failed`."""

    id: UUID
    webhook_id: UUID
    journal_seq: int
    kind: str
    state: str
    attempts: int
    status: int | None
    error: str | None
    made_at: datetime
    settled_at: datetime | None


_WEBHOOK = "organisation_id, id, url, secret, kinds, active, made_at"
_DELIVERY = "id, webhook_id, journal_seq, kind, state, attempts, status, error, made_at, settled_at"


async def add(work: Work, webhook: Webhook) -> None:
    await work.execute(
        f"insert into webhook ({_WEBHOOK}) values (%(organisation_id)s, %(id)s, %(url)s, %(secret)s, %(kinds)s,"
        " %(active)s, %(made_at)s)",
        {
            "organisation_id": webhook.organisation_id,
            "id": webhook.id,
            "url": webhook.url,
            "secret": webhook.secret,
            "kinds": webhook.kinds,
            "active": webhook.active,
            "made_at": webhook.made_at,
        },
    )


async def change(work: Work, webhook: Webhook) -> None:
    await work.execute(
        "update webhook set url = %(url)s, secret = %(secret)s, kinds = %(kinds)s, active = %(active)s"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "organisation_id": webhook.organisation_id,
            "id": webhook.id,
            "url": webhook.url,
            "secret": webhook.secret,
            "kinds": webhook.kinds,
            "active": webhook.active,
        },
    )


async def remove(work: Work, organisation_id: UUID, webhook_id: UUID) -> None:
    await work.execute(
        "delete from webhook where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": webhook_id},
    )


async def find(work: Work, organisation_id: UUID, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
    return await work.one(
        Webhook,
        f"select {_WEBHOOK} from webhook where organisation_id = %(organisation_id)s and id = %(id)s"
        + (" for update" if lock else ""),
        {"organisation_id": organisation_id, "id": webhook_id},
    )


async def listed(work: Work, organisation_id: UUID, after: UUID | None, limit: int) -> list[Webhook]:
    """An organisation's webhooks, the newest first."""
    return await work.all(
        Webhook,
        f"select {_WEBHOOK} from webhook where organisation_id = %(organisation_id)s"
        " and (%(after)s::uuid is null or id < %(after)s) order by id desc limit %(limit)s",
        {"organisation_id": organisation_id, "after": after, "limit": limit},
    )


async def active(work: Work, organisation_id: UUID) -> list[Webhook]:
    return await work.all(
        Webhook,
        f"select {_WEBHOOK} from webhook where organisation_id = %(organisation_id)s and active",
        {"organisation_id": organisation_id},
    )


# Whose journal is read ------------------------------------------------------------------------------------------


async def followed(work: Work, organisations: Sequence[UUID]) -> list[UUID]:
    """Those of the organisations that have an active webhook."""
    rows = await work.rows(
        "select distinct organisation_id from webhook where organisation_id = any(%(organisations)s) and active",
        {"organisations": list(organisations)},
    )
    return [each["organisation_id"] for each in rows]


# Deliveries -----------------------------------------------------------------------------------------------------


async def add_delivery(work: Work, organisation_id: UUID, delivery: Delivery) -> bool:
    """Note what is to be sent; false when it was noted before."""
    added = await work.value(
        "insert into webhook_delivery (organisation_id, id, webhook_id, journal_seq, kind, state, made_at) values"
        " (%(organisation_id)s, %(id)s, %(webhook_id)s, %(journal_seq)s, %(kind)s, 'waiting', %(made_at)s)"
        " on conflict (organisation_id, webhook_id, journal_seq) do nothing returning true",
        {
            "organisation_id": organisation_id,
            "id": delivery.id,
            "webhook_id": delivery.webhook_id,
            "journal_seq": delivery.journal_seq,
            "kind": delivery.kind,
            "made_at": delivery.made_at,
        },
    )
    return bool(added)


async def find_delivery(work: Work, organisation_id: UUID, delivery_id: UUID) -> Delivery | None:
    return await work.one(
        Delivery,
        f"select {_DELIVERY} from webhook_delivery where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": delivery_id},
    )


async def deliveries(
    work: Work, organisation_id: UUID, webhook_id: UUID, after: UUID | None, limit: int
) -> list[Delivery]:
    """What was sent to a webhook, the newest first."""
    return await work.all(
        Delivery,
        f"select {_DELIVERY} from webhook_delivery where organisation_id = %(organisation_id)s"
        " and webhook_id = %(webhook_id)s and (%(after)s::uuid is null or id < %(after)s)"
        " order by id desc limit %(limit)s",
        {"organisation_id": organisation_id, "webhook_id": webhook_id, "after": after, "limit": limit},
    )


async def latest_deliveries(work: Work, organisation_id: UUID, each: int) -> list[Delivery]:
    """The last so many of every webhook, the newest first."""
    return await work.all(
        Delivery,
        f"select d.* from webhook w cross join lateral (select {_DELIVERY} from webhook_delivery"
        " where organisation_id = w.organisation_id and webhook_id = w.id order by id desc limit %(each)s) d"
        " where w.organisation_id = %(organisation_id)s order by d.id desc",
        {"organisation_id": organisation_id, "each": each},
    )


async def note_attempt(
    work: Work, organisation_id: UUID, delivery_id: UUID, state: str, status: int | None, error: str | None
) -> None:
    """Note how an attempt went; a settled delivery says when."""
    await work.execute(
        "update webhook_delivery set attempts = attempts + 1, state = %(state)s, status = %(status)s,"
        " error = %(error)s, settled_at = case when %(state)s <> 'waiting' then %(now)s end"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {
            "organisation_id": organisation_id,
            "id": delivery_id,
            "state": state,
            "status": status,
            "error": error,
            "now": work.real_now,
        },
    )


async def wait_again(work: Work, organisation_id: UUID, delivery_id: UUID) -> None:
    await work.execute(
        "update webhook_delivery set state = 'waiting', settled_at = null"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": delivery_id},
    )


async def forget_deliveries(work: Work, organisations: Sequence[UUID], before: datetime) -> None:
    """Drop what was settled before a moment of real time."""
    await work.execute(
        "delete from webhook_delivery where organisation_id = any(%(organisations)s) and settled_at < %(before)s",
        {"organisations": list(organisations), "before": before},
    )
