"""The SQL of one person's words: messages from and to them, and the notes of their cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ahadi.contacts.model import Message, MessageState
from ahadi.contacts.store import MESSAGE_COLUMNS, MESSAGE_FROM
from ahadi.contacts.words_store import forget_words
from ahadi.platform.database import Work

_THEIRS = (
    " where m.organisation_id = %(organisation_id)s and (m.customer_id = any(%(customer_ids)s)"
    " or (m.customer_id is null and m.case_id = any(%(case_ids)s)))"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A message of a person, as it stands."""

    id: UUID
    case_id: UUID | None
    state: MessageState


async def words_of_customers(
    work: Work, organisation_id: UUID, customer_ids: Sequence[UUID], case_ids: Sequence[UUID] = ()
) -> list[Message]:
    """Every message from and to a person, and the notes of these cases of theirs, oldest first."""
    return await work.all(
        Message,
        f"select {MESSAGE_COLUMNS}{MESSAGE_FROM}{_THEIRS} order by m.at, m.id",
        {"organisation_id": organisation_id, "customer_ids": list(customer_ids), "case_ids": list(case_ids)},
    )


async def lock_messages(
    work: Work, organisation_id: UUID, customer_ids: Sequence[UUID], case_ids: Sequence[UUID]
) -> list[Held]:
    """The same messages without their words, locked in the order of their ids."""
    return await work.all(
        Held,
        f"select m.id, m.case_id, m.state from message m{_THEIRS} order by m.id for update",
        {"organisation_id": organisation_id, "customer_ids": list(customer_ids), "case_ids": list(case_ids)},
    )


async def lock_messages_of_cases(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[Held]:
    """The messages of these cases that still have words, locked in the order of their ids."""
    return await work.all(
        Held,
        "select m.id, m.case_id, m.state from message m join message_text t on t.organisation_id = m.organisation_id"
        " and t.message_id = m.id where m.organisation_id = %(organisation_id)s and m.case_id = any(%(case_ids)s)"
        " and t.body <> '' order by m.id for update of m",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )


async def messages_with_files(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> list[UUID]:
    """Of the messages of these cases, those with files."""
    rows = await work.rows(
        "select distinct m.id from message m join attachment a on a.organisation_id = m.organisation_id"
        " and a.message_id = m.id where m.organisation_id = %(organisation_id)s and m.case_id = any(%(case_ids)s)",
        {"organisation_id": organisation_id, "case_ids": list(case_ids)},
    )
    return [row["id"] for row in rows]


async def give_up_sending(work: Work, organisation_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Whoever is sending these writes no outcome any more; a person is told that nobody knows it."""
    await work.execute(
        "update message set state = 'uncertain', failure = 'erased', attempts = attempts + 1, leased_until = null"
        " where organisation_id = %(organisation_id)s and id = any(%(ids)s)",
        {"organisation_id": organisation_id, "ids": list(message_ids)},
    )


async def forget_files(work: Work, organisation_id: UUID, message_ids: Sequence[UUID]) -> int:
    """Forget the files of these messages unless another message has them too; how many attachments there were."""
    params = {"organisation_id": organisation_id, "ids": list(message_ids)}
    files = await work.rows(
        "delete from attachment where organisation_id = %(organisation_id)s and message_id = any(%(ids)s)"
        " returning file_id",
        params,
    )
    await work.execute(
        "delete from file f where f.organisation_id = %(organisation_id)s and f.id = any(%(files)s)"
        " and not exists (select from attachment a where a.organisation_id = f.organisation_id and a.file_id = f.id)",
        {"organisation_id": organisation_id, "files": [row["file_id"] for row in files]},
    )
    return len(files)


async def erase(work: Work, organisation_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Empty these messages of their words, and forget their files unless another message has them too."""
    params = {"organisation_id": organisation_id, "ids": list(message_ids)}
    await forget_files(work, organisation_id, message_ids)
    await forget_words(work, organisation_id, message_ids)
    await work.execute(
        "update message_text set subject = null, body = '', html = null, sender = null, recipient = null,"
        " headers = '{}' where organisation_id = %(organisation_id)s and message_id = any(%(ids)s)",
        params,
    )
