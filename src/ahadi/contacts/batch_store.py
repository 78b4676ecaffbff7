"""The SQL of batches: the messages of one batch, told by their intents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.contacts.model import MessageState
from ahadi.platform.database import Work

WAITS = "batch-waits"  # why a complete message is held: others of its batch are not complete yet


@dataclass(frozen=True, slots=True)
class InBatch:
    """One message of a batch as it stands."""

    id: UUID
    case_id: UUID | None
    customer_id: UUID
    channel: str
    state: MessageState
    failure: str | None
    missing: list[str] | None

    @property
    def unresolved(self) -> bool:
        """Whether a person must see to it, so that the others wait."""
        return self.state == "held" and self.failure != WAITS

    @property
    def waits(self) -> bool:
        return self.state == "held" and self.failure == WAITS


async def messages_of_batch(work: Work, organisation_id: UUID, batch_id: UUID, *, lock: bool = False) -> list[InBatch]:
    """Every message of a batch, in the order in which they were written; locked in that order where asked."""
    return await work.all(
        InBatch,
        "select id, case_id, customer_id, channel, state, failure, missing from message"
        " where organisation_id = %(organisation_id)s and intent >= %(first)s and intent < %(beyond)s order by id"
        + (" for update" if lock else ""),
        {"organisation_id": organisation_id, "first": f"batch:{batch_id}:", "beyond": f"batch:{batch_id};"},
    )


async def wait_with_batch(work: Work, organisation_id: UUID, message_id: UUID) -> None:
    """A message is complete now and waits for the others of its batch."""
    await work.execute(
        "update message set state = 'held', failure = %(waits)s, missing = null, retry_at = null"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": message_id, "waits": WAITS},
    )


async def release(work: Work, organisation_id: UUID, ids: Sequence[UUID], not_before: Sequence[datetime]) -> None:
    """Let messages go, each at its time."""
    await work.many(
        "update message set state = 'queued', failure = null, missing = null, not_before = %(not_before)s,"
        " retry_at = %(real)s where organisation_id = %(organisation_id)s and id = %(id)s",
        [
            {"organisation_id": organisation_id, "id": id_, "not_before": at, "real": work.real_now}
            for id_, at in zip(ids, not_before, strict=True)
        ],
    )
