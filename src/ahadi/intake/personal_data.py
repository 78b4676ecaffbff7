"""One whole person: everything we hold of them handed out, or erased for good, over every part of Ahadi.

An erasure leaves what happened and when, with identifiers only. Open cases go on: their promises still have to be
kept, and whoever holds them sees that the words are gone.
"""

import base64
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi import cases, contacts, customers, desk, routing
from ahadi.base.clock import iso
from ahadi.contacts import Message
from ahadi.customers import Customer, Holder
from ahadi.intake import personal_store
from ahadi.platform.database import Work
from ahadi.platform.files import read_file


async def export_person(work: Work, organisation_id: UUID, customer_id: UUID) -> dict[str, Any]:
    """Everything held of one person as plain JSON values: who they are, their cases, messages and files. Journalled.

    Raises NotFound, Forbidden.
    """
    return await customers.export_customer(work, organisation_id, customer_id, PERSONAL_DATA)


async def erase_person(work: Work, organisation_id: UUID, customer_id: UUID) -> Customer:
    """Erase one person: names, identities, and every word of theirs and about them. Journalled; cannot be undone.

    What waits to be sent to them is cancelled. Locks the person, their cases and their messages. Raises NotFound,
    Forbidden.
    """
    return await customers.erase_customer(work, organisation_id, customer_id, PERSONAL_DATA)


# Cases -------------------------------------------------------------------------------------------------------


async def _erase_cases(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    erased = await cases.erase_cases(work, organisation_id, ids)
    await routing.forget_heard(work, organisation_id, erased)


# Messages ----------------------------------------------------------------------------------------------------


async def _messages(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    theirs = await cases.ids_of_cases(work, organisation_id, ids)
    messages = await contacts.words_of_customers(work, organisation_id, ids, theirs)
    files: dict[UUID, list[dict[str, Any]]] = {}
    for row in await contacts.attachments_of(work, organisation_id, [each.id for each in messages]):
        data = await read_file(work, organisation_id, row["file_id"])
        held = {"name": row["name"], "media_type": row["media_type"], "data": base64.b64encode(data).decode()}
        files.setdefault(row["message_id"], []).append(held)
    return [_message(each) | {"files": files.get(each.id, [])} for each in messages]


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "case": str(message.case_id) if message.case_id else None,
        "direction": message.direction,
        "channel": message.channel,
        "at": iso(message.at),
        "state": message.state,
        "subject": message.subject,
        "body": message.body,
        "html": message.html,
        "sender": message.sender,
        "recipient": message.recipient,
        "headers": message.headers,
    }


async def _erase_messages(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    theirs = await cases.ids_of_cases(work, organisation_id, ids)
    count = await contacts.erase_words(work, organisation_id, ids, theirs)
    work.record("messages.erased", organisation_id, subject_id=ids[0], messages=count)


# Mail put aside ----------------------------------------------------------------------------------------------


async def _addresses(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[str]:
    """Every e-mail address the person is known by, as it is compared and as it was written."""
    people = await customers.get_customers(work, organisation_id, ids)
    known = [each for person in people.values() for each in person.identities if each.kind == "email"]
    return list(dict.fromkeys(form for each in known for form in (each.value, each.shown)))


async def _put_aside(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    addresses = await _addresses(work, organisation_id, ids)
    if not addresses:
        return []
    found = await personal_store.mail_put_aside(work, organisation_id, addresses)
    return [
        {
            "id": str(each["id"]),
            "why": each["why"],
            "at": iso(each["at"]),
            "data": base64.b64encode(await read_file(work, organisation_id, each["raw_file"])).decode(),
        }
        for each in found
    ]


async def _erase_put_aside(work: Work, organisation_id: UUID, ids: Sequence[UUID]) -> None:
    addresses = await _addresses(work, organisation_id, ids)
    if not addresses:
        return
    found = await personal_store.mail_put_aside(work, organisation_id, addresses)
    await personal_store.drop_mail(
        work, organisation_id, [each["id"] for each in found], [each["raw_file"] for each in found]
    )
    for each in found:
        work.record("mail.erased", organisation_id, subject_id=each["id"])
    await personal_store.forget_blocked(work, organisation_id, addresses)


# Erased in this order, while it is still known who the person is.
PERSONAL_DATA = (
    Holder("mail_put_aside", _put_aside, _erase_put_aside),
    Holder("drafts", desk.drafts_about, desk.erase_drafts),
    Holder("messages", _messages, _erase_messages),
    Holder("cases", cases.cases_of_person, _erase_cases),
)
