"""The only SQL of contacts, messages and templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.contacts.model import Attached, Incoming, Message, MessageState, Writing
from ahadi.platform.database import Work

MESSAGE_COLUMNS = (
    "m.organisation_id, m.id, m.contact_id, m.case_id, m.customer_id, m.direction, m.channel, m.author_kind,"
    " m.author_id, m.at, m.state, m.intent, m.template, m.automatic, m.not_before, m.attempts, m.sent_at,"
    " m.delivered_at, m.provider_id, m.failure, m.missing, t.subject, t.body, t.html, t.sender, t.recipient, t.headers"
)
MESSAGE_FROM = " from message m join message_text t on t.organisation_id = m.organisation_id and t.message_id = m.id"


# Writing -----------------------------------------------------------------------------------------------------


async def insert_contact(
    work: Work, organisation_id: UUID, incoming: Incoming, case_id: UUID | None, direction: str = "in"
) -> bool:
    """Write a contact; False when its source key was taken in before."""
    row = {
        "organisation_id": organisation_id,
        "id": incoming.id,
        "channel": incoming.channel,
        "direction": direction,
        "customer_id": incoming.customer_id,
        "case_id": case_id,
        "automatic": incoming.automatic,
        "started_at": incoming.at or work.now,
    }
    if incoming.source_key is None:
        work.put("contact", row)
        return True
    written = await work.value(
        "insert into contact (organisation_id, id, channel, direction, customer_id, case_id, source_key, automatic,"
        " started_at) values (%(organisation_id)s, %(id)s, %(channel)s, %(direction)s, %(customer_id)s, %(case_id)s,"
        " %(source_key)s, %(automatic)s, %(started_at)s)"
        " on conflict (organisation_id, source_key) do nothing returning true",
        {**row, "source_key": incoming.source_key},
    )
    return bool(written)


@dataclass(frozen=True, slots=True)
class Row:
    """A message row about to be written."""

    id: UUID
    contact_id: UUID | None
    case_id: UUID | None
    customer_id: UUID | None
    direction: str
    channel: str
    state: MessageState
    body: str
    at: datetime | None = None
    subject: str | None = None
    html: str | None = None
    sender: str | None = None
    recipient: str | None = None
    intent: str | None = None
    template: str | None = None
    automatic: bool = False
    not_before: datetime | None = None
    held_until: datetime | None = None  # real time
    failure: str | None = None
    missing: tuple[str, ...] = ()
    headers: Any = None
    attachments: tuple[Attached, ...] = ()
    fresh: bool = False  # nothing with its intent can stand yet


async def insert_message(work: Work, organisation_id: UUID, row: Row) -> bool:
    """Write a message with its words; False when one with its intent stands already."""
    written = {
        "organisation_id": organisation_id,
        "id": row.id,
        "contact_id": row.contact_id,
        "case_id": row.case_id,
        "customer_id": row.customer_id,
        "direction": row.direction,
        "channel": row.channel,
        "author_kind": "customer" if row.direction == "in" else work.actor.kind,
        "author_id": row.customer_id if row.direction == "in" else work.actor.id,
        "at": row.at or work.now,
        "state": row.state,
        "intent": row.intent,
        "template": row.template,
        "automatic": row.automatic,
        "not_before": row.not_before or row.at or work.now,
        "retry_at": row.held_until,
        "failure": row.failure,
        "missing": list(row.missing) or None,
    }
    if row.intent is None or row.fresh:
        work.put("message", written)
    elif not await work.value(_INSERT_UNLESS_SAID, written):
        return False
    work.put(
        "message_text",
        {
            "organisation_id": organisation_id,
            "message_id": row.id,
            "subject": row.subject,
            "body": row.body,
            "html": row.html,
            "sender": row.sender,
            "recipient": row.recipient,
            "headers": row.headers or {},
        },
    )
    for position, each in enumerate(row.attachments):
        work.put(
            "attachment",
            {
                "organisation_id": organisation_id,
                "message_id": row.id,
                "position": position,
                "file_id": each.file_id,
                "name": each.name,
                "content_id": each.content_id,
            },
        )
    return True


_INSERT_UNLESS_SAID = (
    "insert into message (organisation_id, id, contact_id, case_id, customer_id, direction, channel, author_kind,"
    " author_id, at, state, intent, template, automatic, not_before, retry_at, failure, missing)"
    " values (%(organisation_id)s, %(id)s, %(contact_id)s, %(case_id)s, %(customer_id)s, %(direction)s, %(channel)s,"
    " %(author_kind)s, %(author_id)s, %(at)s, %(state)s, %(intent)s, %(template)s, %(automatic)s, %(not_before)s,"
    " %(retry_at)s, %(failure)s, %(missing)s) on conflict (organisation_id, intent) do nothing returning true"
)


def row_of_incoming(incoming: Incoming, case_id: UUID | None) -> Row:
    return Row(
        id=incoming.message_id,
        contact_id=incoming.id,
        case_id=case_id,
        customer_id=incoming.customer_id,
        direction="in",
        channel=incoming.channel,
        state="received",
        body=incoming.body,
        at=incoming.at,
        subject=incoming.subject,
        html=incoming.html,
        sender=incoming.sender,
        recipient=incoming.recipient,
        automatic=incoming.automatic,
        headers=dict(incoming.headers),
        attachments=incoming.attachments,
    )


def row_of_writing(writing: Writing) -> Row:
    return Row(
        id=writing.id,
        contact_id=None,
        case_id=writing.case_id,
        customer_id=writing.customer_id,
        direction="out",
        channel=writing.channel,
        state=writing.state,
        body=writing.body,
        subject=writing.subject,
        html=writing.html,
        sender=writing.sender,
        recipient=writing.recipient,
        intent=writing.intent,
        template=writing.template,
        automatic=writing.automatic,
        not_before=writing.not_before,
        held_until=writing.held_until,
        failure=writing.failure,
        missing=writing.missing,
        headers=dict(writing.headers),
        attachments=writing.attachments,
        fresh=writing.fresh,
    )


async def place_contact(work: Work, organisation_id: UUID, contact_ids: Sequence[UUID], case_id: UUID) -> None:
    """Put contacts with their messages under a case."""
    params = {"organisation_id": organisation_id, "ids": list(contact_ids), "case_id": case_id}
    await work.execute(
        "update contact set case_id = %(case_id)s where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        params,
    )
    await work.execute(
        "update message set case_id = %(case_id)s where organisation_id = %(organisation_id)s"
        " and contact_id = any(%(ids)s)",
        params,
    )


async def hold_source(work: Work, organisation_id: UUID, source_key: str) -> None:
    """Wait until nobody else takes in a contact under this source key; held until the end of the transaction."""
    await work.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"{organisation_id} {source_key}"}
    )


async def contact_by_source(work: Work, organisation_id: UUID, source_key: str) -> tuple[UUID, UUID | None] | None:
    """The contact taken in under a source key, and its case."""
    row = await work.row(
        "select id, case_id from contact where organisation_id = %(organisation_id)s and source_key = %(source_key)s",
        {"organisation_id": organisation_id, "source_key": source_key},
    )
    return (row["id"], row["case_id"]) if row else None


async def contacts_of(work: Work, organisation_id: UUID, case_id: UUID) -> list[UUID]:
    """The contacts of a case, oldest first."""
    rows = await work.rows(
        "select id from contact where organisation_id = %(organisation_id)s and case_id = %(case_id)s"
        " order by started_at, id",
        {"organisation_id": organisation_id, "case_id": case_id},
    )
    return [row["id"] for row in rows]


# Reading -----------------------------------------------------------------------------------------------------


async def get_message(work: Work, message_id: UUID, *, lock: bool = False) -> Message | None:
    return await work.one(
        Message,
        f"select {MESSAGE_COLUMNS}{MESSAGE_FROM} where m.organisation_id = any(%(organisations)s) and m.id = %(id)s"
        + (" for update of m" if lock else ""),
        {"organisations": list(work.actor.organisations), "id": message_id},
    )


async def messages_of(work: Work, organisation_id: UUID, case_id: UUID, limit: int = 200) -> list[Message]:
    """A case's messages, oldest first; the newest `limit` of them."""
    return await work.all(
        Message,
        f"select * from (select {MESSAGE_COLUMNS}{MESSAGE_FROM} where m.organisation_id = %(organisation_id)s"
        " and m.case_id = %(case_id)s order by m.at desc, m.id desc limit %(limit)s) newest order by at, id",
        {"organisation_id": organisation_id, "case_id": case_id, "limit": limit},
    )


LAST_WORDS_OF_CASE = (
    "select json_build_array(m.at, m.channel, m.state, left(w.body, 1000)) from message m join message_text w"
    " on w.organisation_id = m.organisation_id and w.message_id = m.id where m.organisation_id = c.organisation_id"
    " and m.case_id = c.id and m.direction = 'out' and m.state in ('queued', 'sending', 'sent', 'uncertain')"
    " order by m.at desc, m.id desc limit 1"
)
"""When, how and what the customer of a case `c` was told last: part of the statement behind a touch."""


async def attachments_of(work: Work, organisation_id: UUID, message_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return await work.rows(
        "select a.message_id, a.position, a.file_id, a.name, a.content_id, f.media_type, f.size from attachment a"
        " join file f on f.organisation_id = a.organisation_id and f.id = a.file_id"
        " where a.organisation_id = %(organisation_id)s and a.message_id = any(%(message_ids)s)"
        " order by a.message_id, a.position",
        {"organisation_id": organisation_id, "message_ids": list(message_ids)},
    )


async def attachments_of_case(work: Work, organisation_id: UUID, case_id: UUID) -> list[dict[str, Any]]:
    """What is attached to the messages of a case."""
    return await work.rows(
        "select a.message_id, a.position, a.file_id, a.name, a.content_id, f.media_type, f.size from message m"
        " join attachment a on a.organisation_id = m.organisation_id and a.message_id = m.id"
        " join file f on f.organisation_id = a.organisation_id and f.id = a.file_id"
        " where m.organisation_id = %(organisation_id)s and m.case_id = %(case_id)s"
        " order by a.message_id, a.position",
        {"organisation_id": organisation_id, "case_id": case_id},
    )


async def messages_to_settle(
    work: Work, organisations: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
) -> list[Message]:
    """Messages that wait for a person (held, failed, uncertain), newest first; not those that wait for their batch."""
    return await work.all(
        Message,
        f"select {MESSAGE_COLUMNS}{MESSAGE_FROM} where m.organisation_id = any(%(organisations)s)"
        " and m.state in ('held', 'failed', 'uncertain') and m.failure is distinct from 'batch-waits'"
        + (" and (m.at, m.id) < (%(at)s, %(id)s)" if after else "")
        + " order by m.at desc, m.id desc limit %(limit)s",
        {
            "organisations": list(organisations),
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )


async def count_to_settle(work: Work, organisations: Sequence[UUID], most: int) -> int:
    """How many messages wait for a person, as `messages_to_settle` lists them, counted up to `most`."""
    counted: int = await work.value(
        "select count(*) from unnest(%(organisations)s::uuid[]) as o (id) cross join lateral (select from message m"
        " where m.organisation_id = o.id and m.state in ('held', 'failed', 'uncertain')"
        " and m.failure is distinct from 'batch-waits' order by m.at desc limit %(most)s) waiting",
        {"organisations": list(organisations), "most": most},
    )
    return counted


# Mail threads ------------------------------------------------------------------------------------------------


def remember_thread(
    work: Work, organisation_id: UUID, hashes: Sequence[bytes], case_id: UUID, message_id: UUID
) -> None:
    for each in hashes:
        row = {"organisation_id": organisation_id, "hash": each, "case_id": case_id, "message_id": message_id}
        work.put("mail_thread", row, conflict="(organisation_id, hash) do nothing")


async def threads_of(work: Work, organisation_id: UUID, hashes: Sequence[bytes]) -> list[tuple[UUID, UUID]]:
    """Cases and messages that Message-IDs (hashed) belong to."""
    rows = await work.rows(
        "select distinct case_id, message_id from mail_thread where organisation_id = %(organisation_id)s"
        " and hash = any(%(hashes)s)",
        {"organisation_id": organisation_id, "hashes": list(hashes)},
    )
    return [(row["case_id"], row["message_id"]) for row in rows]
