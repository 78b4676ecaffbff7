"""Contacts and messages: taking in, writing out, noting."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from ahadi.base.errors import Invalid
from ahadi.base.ids import uuid7
from ahadi.contacts import store
from ahadi.contacts.model import Incoming, Writing
from ahadi.platform.database import Work


async def take_in(work: Work, organisation_id: UUID, incoming: Incoming, case_id: UUID | None = None) -> bool:
    """Write a contact with its message. False, and nothing written, when its source key was taken in before."""
    work.permit(organisation_id, "contact.create")
    if not await store.insert_contact(work, organisation_id, incoming, case_id):
        return False
    await store.insert_message(work, organisation_id, store.row_of_incoming(incoming, case_id))
    work.record(
        "contact.received",
        organisation_id,
        case_id=case_id,
        subject_id=incoming.id,
        channel=incoming.channel,
        automatic=incoming.automatic,
        message_id=incoming.message_id,
    )
    return True


async def write(work: Work, organisation_id: UUID, writing: Writing) -> bool:
    """Queue (or hold) a message to a customer. False when its intent has a message already."""
    work.permit(organisation_id, "case.work")
    if not await store.insert_message(work, organisation_id, store.row_of_writing(writing)):
        return False
    work.record(
        f"message.{writing.state}",
        organisation_id,
        case_id=writing.case_id,
        subject_id=writing.id,
        channel=writing.channel,
        template=writing.template,
        failure=writing.failure,
        missing=list(writing.missing) or None,
    )
    return True


async def note(work: Work, organisation_id: UUID, case_id: UUID, text: str) -> UUID:
    """An inner note on a case; customers never see it."""
    work.permit(organisation_id, "case.work")
    if not text.strip():
        raise Invalid("The note is empty; write what colleagues should know.")
    id_ = uuid7()
    row = store.Row(id_, None, case_id, None, "note", "web", "noted", text.strip())
    await store.insert_message(work, organisation_id, row)
    work.record("message.noted", organisation_id, case_id=case_id, subject_id=id_)
    return id_


async def took_place(
    work: Work, organisation_id: UUID, case_id: UUID, customer_id: UUID, channel: Literal["phone"], text: str
) -> UUID:
    """A conversation that an agent had with the customer (a call made): an outgoing contact with its summary."""
    work.permit(organisation_id, "case.work")
    contact = Incoming(channel=channel, customer_id=customer_id, body=text)
    await store.insert_contact(work, organisation_id, contact, case_id, "out")
    row = store.Row(contact.message_id, contact.id, case_id, customer_id, "note", channel, "noted", text)
    await store.insert_message(work, organisation_id, row)
    work.record("contact.made", organisation_id, case_id=case_id, subject_id=contact.id, channel=channel)
    return contact.id


async def place_contacts(work: Work, organisation_id: UUID, contact_ids: Sequence[UUID], case_id: UUID) -> None:
    """Put contacts and their messages under a case (when taken in, and when a case is split or merged)."""
    work.permit(organisation_id, "contact.create")
    await store.place_contact(work, organisation_id, contact_ids, case_id)
    for each in contact_ids:
        work.record("contact.placed", organisation_id, case_id=case_id, subject_id=each)
