"""Messages about to go, and a post whose channels are fakes."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from ahadi import contacts
from ahadi.base.ids import uuid7
from ahadi.channels import FakeChannel, Outgoing, SendOutcome
from ahadi.contacts import Message, Parcel, Writing
from ahadi.platform.database import Database
from tests.cases.builders import ORGANISATION, a_customer, system


class FakePost:
    """All channels of an installation, in memory."""

    def __init__(self, *channels: FakeChannel) -> None:
        self._channels = {each.name: each for each in channels}

    async def channels(self, organisations: Collection[UUID]) -> Sequence[str]:
        return list(self._channels)

    async def honours_idempotency(self, message: Message) -> bool:
        return self._channels[message.channel].honours_idempotency

    async def send(self, parcel: Parcel) -> SendOutcome:
        message = parcel.message
        return await self._channels[message.channel].send(
            Outgoing(message.id, str(message.id), message.recipient or "", message.body, subject=message.subject or "")
        )


def gateway(*outcomes: SendOutcome, honours_idempotency: bool = False) -> tuple[FakeChannel, FakePost]:
    """An SMS gateway that will answer like this, and the post with it."""
    channel = FakeChannel("sms", honours_idempotency=honours_idempotency)
    channel.will(*outcomes)
    return channel, FakePost(channel)


async def written(database: Database, **changes: Any) -> UUID:
    """A message to a customer, queued (or held); its id."""
    async with database.work(system()) as work:
        values: dict[str, Any] = {
            "channel": "sms",
            "case_id": None,
            "customer_id": await a_customer(work),
            "recipient": "+254712345678",
            "body": "The power is back.",
            "intent": f"test:{uuid7()}",
        }
        writing = Writing(**(values | changes))
        assert await contacts.write(work, ORGANISATION, writing)
    return writing.id


async def message(database: Database, message_id: UUID) -> Message:
    async with database.read(system()) as work:
        found = await contacts.get_message(work, message_id)
    assert found is not None
    return found


async def journalled(database: Database, message_id: UUID) -> list[str]:
    """What the journal says of a message, in order."""
    async with database.read(system()) as work:
        rows = await work.rows("select kind from journal where subject_id = %(id)s order by seq", {"id": message_id})
    return [row["kind"] for row in rows]
