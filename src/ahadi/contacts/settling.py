"""What becomes of messages after they were written: decided by a person, taken back, or told of by the receiver."""

from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import customers
from ahadi.base.errors import Invalid
from ahadi.contacts import batch_store, outbox_store, store
from ahadi.contacts.checks import Draft, Links, Reach, check_message, links_in
from ahadi.contacts.model import TO_SETTLE, Message, MessageSettled, NoSuchMessage
from ahadi.contacts.placeholders import leftover_placeholders
from ahadi.contacts.quiet import may_send_at
from ahadi.contacts.telling import PAGE, MessageRefused
from ahadi.customers import Customer
from ahadi.directory import read_directory
from ahadi.platform.database import Work

Decision = Literal["send", "sent", "cancel"]


async def settle_message(
    work: Work, message_id: UUID, decision: Decision, *, subject: str | None = None, body: str | None = None
) -> Message:
    """A person decides about a held, failed or uncertain message: send it (with mended words), it was sent, or cancel.

    One of a batch waits, mended, until all of its batch are. Locks the message, and first its batch. Raises
    MessageSettled when nothing waits, Invalid when the mended words still hold an unfilled place, MessageRefused when
    a check stops them.
    """
    batch_id = _batch_of(await _found(work, message_id))
    if batch_id is not None:
        organisation_id = (await _found(work, message_id)).organisation_id
        await batch_store.messages_of_batch(work, organisation_id, batch_id, lock=True)
    message = await _found(work, message_id, lock=True)
    work.permit(message.organisation_id, "messages.settle")
    _must_wait(message, decision)
    if decision == "send":
        await _mend(work, message, subject or message.subject, body)
    if decision == "send" and batch_id is not None:
        await batch_store.wait_with_batch(work, message.organisation_id, message.id)
        work.record("message.mended", message.organisation_id, case_id=message.case_id, subject_id=message.id)
    else:
        await _write(work, message, decision)
    if batch_id is not None:
        await _release(work, message.organisation_id, batch_id)
    return message


async def take_back(work: Work, message_id: UUID) -> Message:
    """Take back a reply of one's own that has not gone out yet. Raises NoSuchMessage, MessageSettled."""
    message = await _found(work, message_id, lock=True)
    work.permit(message.organisation_id, "case.work")
    if message.author_id is None or message.author_id != work.actor.id:
        raise NoSuchMessage("There is no such message of yours.")
    if message.state != "queued":
        raise MessageSettled(f"This message is {message.state} already; it cannot be taken back.", state=message.state)
    await _write(work, message, "cancel")
    return message


async def _found(work: Work, message_id: UUID, *, lock: bool = False) -> Message:
    message = await store.get_message(work, message_id, lock=lock)
    if message is None:
        raise NoSuchMessage("There is no such message that you may see.")
    return message


def _batch_of(message: Message) -> UUID | None:
    kind, _, rest = (message.intent or "").partition(":")
    return UUID(rest.partition(":")[0]) if kind == "batch" else None


def _must_wait(message: Message, decision: Decision) -> None:
    undo = message.state == "queued" and decision == "cancel"
    if message.state not in TO_SETTLE and not undo:
        raise MessageSettled(f"This message is {message.state}; nothing is left to decide.", state=message.state)
    if decision == "sent" and message.state != "uncertain":
        raise Invalid("Only a message whose outcome is uncertain can be marked as sent.")


async def _mend(work: Work, message: Message, subject: str | None, body: str | None) -> None:
    """Put the mended words in the place of those that could not go, once nothing stands against them."""
    words = body if body is not None else message.body
    left = leftover_placeholders(f"{subject or ''}\n{words}")
    if left or (message.missing and body is None):
        named = ", ".join(left or message.missing or ())
        raise Invalid(f"The message still has nothing to say for {named}; write its words before it is sent.")
    customer = await _customer(work, message)
    refused = customer is not None and customer.consents_to(message.channel) is False
    own = [link for link in links_in(words) if link.startswith(f"{work.house.public_url}/")]
    draft = Draft(message.channel, message.recipient or "", words, subject or "")
    found = check_message(draft, Reach(unsubscribed=refused), Links(issued=own, alive=lambda link: link in own))
    wrong = [each for each in found if each.severity == "stop"]
    if wrong:
        raise MessageRefused(wrong[0].sentence, findings=[{"code": f.code, "sentence": f.sentence} for f in wrong])
    await outbox_store.replace_words(work, message, subject, words, None if body else message.html)


async def _customer(work: Work, message: Message) -> Customer | None:
    if message.customer_id is None:
        return None
    inside = work.as_installation(message.organisation_id)
    return await customers.get_customer(inside, message.organisation_id, message.customer_id)


async def _write(work: Work, message: Message, decision: Decision) -> None:
    states: dict[Decision, Literal["queued", "sent", "cancelled"]] = {
        "send": "queued",
        "sent": "sent",
        "cancel": "cancelled",
    }
    state = states[decision]
    not_before = None
    if decision == "send" and message.automatic:
        customer = await _customer(work, message)
        directory = await read_directory(work, message.organisation_id)
        not_before = _quiet_until(work, message.channel, customer, directory.organisation.zone)
    await outbox_store.settle(work, message, state, retry_at=work.real_now, not_before=not_before)
    work.record(f"message.{state}", message.organisation_id, case_id=message.case_id, subject_id=message.id)


def _quiet_until(work: Work, channel: str, customer: Customer | None, zone: str) -> datetime:
    """When a message nobody waits for may go: it may have been written in another part of the customer's day."""
    if customer is None or channel == PAGE:
        return work.now
    return may_send_at(work.now, customer.quiet_from, customer.quiet_until, ZoneInfo(customer.zone or zone))


async def _release(work: Work, organisation_id: UUID, batch_id: UUID) -> None:
    """Once every message of a batch is complete or cancelled, those that waited go."""
    messages = await batch_store.messages_of_batch(work, organisation_id, batch_id)
    waiting = [each for each in messages if each.waits]
    if not waiting or any(each.unresolved for each in messages):
        return
    directory = await read_directory(work, organisation_id)
    people = await customers.get_customers(work, organisation_id, [each.customer_id for each in waiting])
    zone = directory.organisation.zone
    times = [_quiet_until(work, each.channel, people.get(each.customer_id), zone) for each in waiting]
    await batch_store.release(work, organisation_id, [each.id for each in waiting], times)
    for each in waiting:
        work.record("message.queued", organisation_id, case_id=each.case_id, subject_id=each.id, channel=each.channel)


# What receivers say afterwards -------------------------------------------------------------------------------


async def mark_bounced(work: Work, message_id: UUID, code: str) -> None:
    """A delivery report says that a message did not arrive: it is `failed`, and a person sees it."""
    message = await store.get_message(work, message_id, lock=True)
    if message is None or message.direction != "out" or message.state == "failed":
        return
    await outbox_store.settle(work, message, "failed", failure=code)
    work.record("message.failed", message.organisation_id, case_id=message.case_id, subject_id=message.id, failure=code)


async def note_receipt(
    work: Work, organisation_id: UUID, channel: str, provider_id: str, arrived: bool, code: str
) -> bool:
    """The receiver says what became of a message it had taken; False when it names none that we sent.

    One that arrived is `sent`, also where that had been uncertain; one that did not is `failed`, and a person sees it.
    """
    message_id = await outbox_store.message_of_provider(work, organisation_id, channel, provider_id)
    if message_id is None:
        return False
    if not arrived:
        await mark_bounced(work, message_id, code or "not-delivered")
        return True
    message = await _found(work, message_id, lock=True)
    if message.delivered_at is None:
        await outbox_store.mark_delivered(work, message)
        work.record("message.delivered", organisation_id, case_id=message.case_id, subject_id=message.id)
    return True
