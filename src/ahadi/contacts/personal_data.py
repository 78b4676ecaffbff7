"""One person's messages are forgotten: their words and files, also of what was about to be sent."""

from collections.abc import Sequence
from uuid import UUID

from ahadi.contacts import personal_store
from ahadi.contacts.personal_store import Held
from ahadi.contacts.settling import settle_message
from ahadi.platform.database import Work


async def erase_words(
    work: Work, organisation_id: UUID, customer_ids: Sequence[UUID], case_ids: Sequence[UUID] = ()
) -> int:
    """Forget the words and files of every message from and to a person, and the notes of their cases; how many.

    What waits is cancelled first, and what is being sent is left uncertain, so that nothing goes out empty. Who may
    do this is asked by the caller. Locks the messages.
    """
    held = await personal_store.lock_messages(work, organisation_id, customer_ids, case_ids)
    return await _erase(work, organisation_id, held)


async def forget_messages(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> int:
    """Forget the words and files of every message and note of these cases, as `erase_words` does; how many."""
    held = await personal_store.lock_messages_of_cases(work, organisation_id, case_ids)
    return await _erase(work, organisation_id, held)


async def forget_files(work: Work, organisation_id: UUID, case_ids: Sequence[UUID]) -> int:
    """Forget the files of every message of these cases; how many attachments there were."""
    found = await personal_store.messages_with_files(work, organisation_id, case_ids)
    return await personal_store.forget_files(work, organisation_id, found)


async def _erase(work: Work, organisation_id: UUID, held: Sequence[Held]) -> int:
    inside = work.as_installation(organisation_id)
    for message in held:
        if message.state in ("queued", "held", "failed"):
            await settle_message(inside, message.id, "cancel")
    sending = [message for message in held if message.state == "sending"]
    await personal_store.give_up_sending(work, organisation_id, [message.id for message in sending])
    for message in sending:
        work.record("message.uncertain", organisation_id, case_id=message.case_id, subject_id=message.id)
    await personal_store.erase(work, organisation_id, [message.id for message in held])
    return len(held)
