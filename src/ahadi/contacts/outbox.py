"""The outbox: messages whose time has come are claimed, sent by their channel, and settled by what it answered.

A message is sent once. Where the process that sent it fell silent before it could write the outcome, the message is
tried again only when the channel honours idempotency keys; otherwise it is `uncertain`, and a person settles it.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from ahadi.channels.ports import Attachment, Refused, SendOutcome, Sent, TryAgain, Uncertain
from ahadi.contacts import outbox_store, store
from ahadi.contacts.model import MAX_SEND_ATTEMPTS, Message, wait_before_retry
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.files import read_file

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=3)
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message with what a channel needs beside it: its case's reference, files, and the mails it answers."""

    message: Message
    reference: str | None
    attachments: tuple[Attachment, ...]
    answers: tuple[str, ...]


class Post(Protocol):
    """All channels of an installation, behind one door."""

    async def channels(self, organisations: Collection[UUID]) -> Sequence[str]:
        """Channels that can send now; messages of others wait."""
        ...

    async def honours_idempotency(self, message: Message) -> bool: ...

    async def send(self, parcel: Parcel) -> SendOutcome: ...


async def send_due(database: Database, organisations: Sequence[UUID], post: Post, limit: int = 50) -> int:
    """Send what is due for these organisations; how many messages were taken up."""
    actor = Actor.system(organisations)
    channels = await post.channels(organisations)
    if not channels:
        return 0
    async with database.work(actor) as work:
        claimed = await outbox_store.claim_to_send(work, organisations, channels, LEASE, limit)
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(message: Message) -> None:
        async with room:
            await _send(database, post, message)

    async with asyncio.TaskGroup() as group:
        for message in claimed:
            group.create_task(one(message))
    return len(claimed)


async def _send(database: Database, post: Post, message: Message) -> None:
    outcome: SendOutcome
    try:
        async with database.read(Actor.system([message.organisation_id])) as work:
            parcel = await _parcel(work, message)
        outcome = await post.send(parcel)
    except Exception as problem:
        # Nobody knows how far it came: a person looks, and nothing is sent twice.
        log.exception("outbox.send_failed", message=str(message.id), error=type(problem).__name__)
        outcome = Uncertain("The channel failed while sending.", "channel-failed")
    async with database.work(Actor.system([message.organisation_id])) as work:
        await _settle(work, message, outcome)


async def _parcel(work: Work, message: Message) -> Parcel:
    files = await store.attachments_of(work, message.organisation_id, [message.id])
    attachments = [
        Attachment(
            row["name"],
            row["media_type"],
            await read_file(work, message.organisation_id, row["file_id"]),
            row["content_id"] or "",
        )
        for row in files
    ]
    reference, answers = await outbox_store.thread_of(work, message)
    return Parcel(message, reference, tuple(attachments), tuple(answers))


async def _settle(work: Work, message: Message, outcome: SendOutcome) -> None:
    """Write the outcome, if this attempt is still ours to settle."""
    ours = message.attempts
    match outcome:
        case Sent(provider_id):
            written = await outbox_store.settle(
                work, message, "sent", provider_id=provider_id or None, only_attempt=ours
            )
            state = "sent"
        case TryAgain(_, after, code) if message.attempts < MAX_SEND_ATTEMPTS:
            again = work.real_now + max(after or timedelta(0), wait_before_retry(message.attempts))
            written = await outbox_store.settle(
                work, message, "queued", failure=code, retry_at=again, only_attempt=ours
            )
            state = "postponed"
        case TryAgain(_, _, code) | Refused(_, _, code):
            written = await outbox_store.settle(work, message, "failed", failure=code, only_attempt=ours)
            state = "failed"
        case Uncertain(_, code):
            written = await outbox_store.settle(work, message, "uncertain", failure=code, only_attempt=ours)
            state = "uncertain"
    if written:
        _record(work, message, state)


def _record(work: Work, message: Message, state: str) -> None:
    work.record(
        f"message.{state}",
        message.organisation_id,
        case_id=message.case_id,
        subject_id=message.id,
        channel=message.channel,
        template=message.template,
    )


async def settle_abandoned(database: Database, organisations: Sequence[UUID], post: Post) -> int:
    """Messages whose sender fell silent: queued again where that cannot send twice, else `uncertain`."""
    async with database.work(Actor.system(organisations)) as work:
        silent = await outbox_store.abandoned(work, organisations)
        for message in silent:
            safe = await post.honours_idempotency(message)
            await outbox_store.settle(work, message, "queued" if safe else "uncertain", failure="sender-silent")
            _record(work, message, "postponed" if safe else "uncertain")
    return len(silent)
