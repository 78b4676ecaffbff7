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

from ahadi.base.errors import AhadiError, Unavailable
from ahadi.channels.ports import Attachment, Refused, SendOutcome, Sent, TryAgain, Uncertain
from ahadi.contacts import outbox_store, store
from ahadi.contacts.model import MAX_SEND_ATTEMPTS, Message, wait_before_retry
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.files import read_file

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=3)
_AT_ONCE = 8
_FINISH_WITHIN = 4.0  # seconds
_SETTLE_AGAIN_AFTER = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 20.0)  # seconds; together well within the lease


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
    """Send what is due for these organisations, at most `limit`; how many messages were taken up.

    Cancelled, it takes up nothing more and gives what is on its way a few seconds to be settled.
    """
    channels = await post.channels(organisations)
    if not channels:
        return 0
    round_ = _Round(database, organisations, channels, post, limit)
    try:
        await round_.run()
    except asyncio.CancelledError:
        await round_.finish()
        raise
    round_.tell()
    return round_.taken


class _Round:
    """Senders side by side, each claiming one message at a time: a crash leaves no more in doubt than were on their
    way, and a slow receiver keeps nobody waiting."""

    def __init__(
        self, database: Database, organisations: Sequence[UUID], channels: Sequence[str], post: Post, limit: int
    ) -> None:
        self._database, self._organisations, self._channels, self._post = database, organisations, channels, post
        self._room = limit
        self._senders: list[asyncio.Task[None]] = []
        self.taken = 0

    async def run(self) -> None:
        self._call_in()
        while busy := [each for each in self._senders if not each.done()]:
            await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)

    def _call_in(self) -> None:
        if len(self._senders) < _AT_ONCE:
            self._senders.append(asyncio.create_task(self._send_one_by_one()))

    async def _send_one_by_one(self) -> None:
        while self._room > 0:
            self._room -= 1
            async with self._database.work(Actor.system(self._organisations)) as work:
                claimed = await outbox_store.claim_to_send(work, self._organisations, self._channels, LEASE, 1)
            if not claimed:
                return
            self.taken += 1
            self._call_in()  # where one was due there may be more
            await _send(self._database, self._post, claimed[0])

    async def finish(self) -> None:
        self._room = 0
        if busy := [each for each in self._senders if not each.done()]:
            await asyncio.wait(busy, timeout=_FINISH_WITHIN)
        for each in self._senders:
            each.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    def tell(self) -> None:
        """Raise what went wrong, now that nobody is interrupted by it."""
        problems = [problem for each in self._senders if (problem := each.exception())]
        if any(not isinstance(each, AhadiError) for each in problems):
            raise BaseExceptionGroup("sending failed", problems)
        if problems:
            raise problems[0]


async def _send(database: Database, post: Post, message: Message) -> None:
    outcome = await _handed_over(database, post, message)
    for wait in _SETTLE_AGAIN_AFTER:
        try:
            await _settle_in_a_work(database, message, outcome)
            return
        except Unavailable:  # a database that comes back must still hear of it
            await asyncio.sleep(wait)
    await _settle_in_a_work(database, message, outcome)


async def _handed_over(database: Database, post: Post, message: Message) -> SendOutcome:
    try:
        async with database.read(Actor.system([message.organisation_id])) as work:
            parcel = await _parcel(work, message)
    except Exception as problem:
        log.warning("outbox.not_read", message=str(message.id), error=type(problem).__name__)
        return TryAgain("The message could not be read.", code="not-read")  # so nothing of it has left
    try:
        return await post.send(parcel)
    except Exception as problem:
        # Nobody knows how far it came: a person looks, and nothing is sent twice.
        log.exception("outbox.send_failed", message=str(message.id), error=type(problem).__name__)
        return Uncertain("The channel failed while sending.", "channel-failed")


async def _settle_in_a_work(database: Database, message: Message, outcome: SendOutcome) -> None:
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
