"""The SQL of the outbox: messages claimed under a lease, sent, and settled."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ahadi.contacts.model import Message, MessageState
from ahadi.contacts.store import MESSAGE_COLUMNS, MESSAGE_FROM
from ahadi.platform.database import Work


async def claim_to_send(
    work: Work, organisations: Sequence[UUID], channels: Sequence[str], lease: timedelta, limit: int
) -> list[Message]:
    """Take messages whose time has come; each is `sending` under a lease until its outcome is written."""
    ids = await work.rows(
        "with due as (select m.organisation_id, m.id from message m where m.organisation_id = any(%(organisations)s)"
        " and m.state = 'queued' and m.not_before <= %(now)s"
        " and coalesce(m.retry_at, %(real)s) <= %(real)s and m.channel = any(%(channels)s)"
        " order by m.not_before limit %(limit)s for update skip locked)"
        " update message m set state = 'sending', attempts = attempts + 1, leased_until = %(until)s"
        " from due where m.organisation_id = due.organisation_id and m.id = due.id returning m.id",
        {
            "organisations": list(organisations),
            "channels": list(channels),
            "now": work.now,
            "real": work.real_now,
            "until": work.real_now + lease,
            "limit": limit,
        },
    )
    return await work.all(
        Message,
        f"select {MESSAGE_COLUMNS}{MESSAGE_FROM} where m.organisation_id = any(%(organisations)s)"
        " and m.id = any(%(ids)s) order by m.not_before, m.id",
        {"organisations": list(organisations), "ids": [row["id"] for row in ids]},
    )


async def abandoned(work: Work, organisations: Sequence[UUID]) -> list[Message]:
    """Messages whose sender fell silent while sending: nobody knows whether they went out."""
    return await work.all(
        Message,
        f"select {MESSAGE_COLUMNS}{MESSAGE_FROM} where m.organisation_id = any(%(organisations)s)"
        " and m.state = 'sending' and m.leased_until < %(real)s"
        " limit 100 for update of m skip locked",
        {"organisations": list(organisations), "real": work.real_now},
    )


async def settle(
    work: Work,
    message: Message,
    state: MessageState,
    *,
    provider_id: str | None = None,
    failure: str | None = None,
    retry_at: datetime | None = None,
    not_before: datetime | None = None,
    only_attempt: int | None = None,
) -> bool:
    """Write what became of a message; False when another process has taken it over meanwhile."""
    written = await work.value(
        "update message set state = %(state)s, provider_id = coalesce(%(provider_id)s, provider_id),"
        " failure = %(failure)s, retry_at = %(retry_at)s, leased_until = null,"
        " not_before = coalesce(%(not_before)s, not_before),"
        " sent_at = case when %(state)s = 'sent' then %(now)s else sent_at end,"
        " missing = case when %(state)s = 'held' then missing end"
        " where organisation_id = %(organisation_id)s and id = %(id)s"
        + (" and state = 'sending' and attempts = %(attempt)s" if only_attempt is not None else "")
        + " returning true",
        {
            "organisation_id": message.organisation_id,
            "id": message.id,
            "state": state,
            "provider_id": provider_id,
            "failure": failure,
            "retry_at": retry_at,
            "not_before": not_before,
            "now": work.now,
            "attempt": only_attempt,
        },
    )
    return bool(written)


async def message_of_provider(work: Work, organisation_id: UUID, channel: str, provider_id: str) -> UUID | None:
    """The message that its receiver calls so; of several the newest."""
    found: UUID | None = await work.value(
        "select id from message where organisation_id = %(organisation_id)s and channel = %(channel)s"
        " and provider_id = %(provider_id)s order by id desc limit 1",
        {"organisation_id": organisation_id, "channel": channel, "provider_id": provider_id},
    )
    return found


async def mark_delivered(work: Work, message: Message) -> None:
    """It arrived, whatever was thought of it before."""
    await work.execute(
        "update message set state = 'sent', delivered_at = %(now)s, sent_at = coalesce(sent_at, %(now)s),"
        " failure = null, retry_at = null, leased_until = null"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": message.organisation_id, "id": message.id, "now": work.now},
    )


async def replace_words(work: Work, message: Message, subject: str | None, body: str, html: str | None) -> None:
    await work.execute(
        "update message_text set subject = %(subject)s, body = %(body)s, html = %(html)s"
        " where organisation_id = %(organisation_id)s and message_id = %(id)s",
        {
            "organisation_id": message.organisation_id,
            "id": message.id,
            "subject": subject,
            "body": body,
            "html": html,
        },
    )


async def thread_of(work: Work, message: Message) -> tuple[str | None, list[str]]:
    """The reference of a message's case, and the Message-IDs of the customer's latest mails about it, newest last."""
    if message.case_id is None:
        return None, []
    params = {"organisation_id": message.organisation_id, "case_id": message.case_id}
    reference: str | None = await work.value(
        "select reference from cases where organisation_id = %(organisation_id)s and id = %(case_id)s", params
    )
    rows = await work.rows(
        "select t.headers ->> 'message_id' as message_id from message m join message_text t"
        " on t.organisation_id = m.organisation_id and t.message_id = m.id"
        " where m.organisation_id = %(organisation_id)s and m.case_id = %(case_id)s and m.direction = 'in'"
        " and m.channel = 'email' order by m.at desc limit 5",
        params,
    )
    return reference, [row["message_id"] for row in reversed(rows) if row["message_id"]]
