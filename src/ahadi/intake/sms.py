"""Text messages taken in: each becomes a contact once, receipts tell what became of ours, the rest a person sees.

Somebody who writes STOP (or its like) gets no more text messages. A receipt may overtake the note of what it is
about; it is looked at again before it is given up.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from ahadi import cases, contacts, customers
from ahadi.base.errors import AhadiError, Invalid, Unavailable
from ahadi.base.text import words
from ahadi.channels import DeliveryReceipt, Received
from ahadi.channels.sms import Delivery
from ahadi.directory import read_directory
from ahadi.intake import actions
from ahadi.intake.model import Contacting
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.jobs import Job, finish

log = structlog.get_logger(__name__)
LATE_RECEIPT = "intake.late_receipt"
STOP = frozenset({"stop", "stopall", "unsubscribe", "acha", "simamisha"})
START = frozenset({"start", "unstop", "anza"})
_LOOKS = 4  # how often an unknown message is looked for before its receipt is given up
_SOON = timedelta(seconds=5)
_LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class SmsTaken:
    """What one delivery of a gateway brought."""

    messages: int = 0
    receipts: int = 0
    unread: int = 0


async def take_delivery(database: Database, organisation_id: UUID, delivery: Delivery) -> SmsTaken:
    """Take in what a gateway delivered, each event in a transaction of its own; returns after the commits.

    What cannot be taken becomes a case for a person. Raises Unavailable, and the gateway delivers again: what was
    taken by then is taken once.
    """
    taken: list[Received | DeliveryReceipt] = []
    unread: list[Any] = list(delivery.unread)
    for event in delivery.events:
        try:
            async with database.work(Actor.system([organisation_id])) as work:
                await _take(work, organisation_id, event)
            taken.append(event)
        except Unavailable:
            raise
        except AhadiError as problem:
            log.warning("sms.not_taken", error=problem.code)
            unread.append({name: str(getattr(event, name) or "") for name in event.__dataclass_fields__})
    for each in unread:
        await take_unread(database, organisation_id, each)
    messages = sum(isinstance(each, Received) for each in taken)
    return SmsTaken(messages, len(taken) - messages, len(unread))


async def take_unread(database: Database, organisation_id: UUID, event: Any) -> None:
    """Bring what a gateway sent and nobody could read before a person, once."""
    shown = event if isinstance(event, str) else orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
    digest = hashlib.sha256(shown.encode(errors="replace")).hexdigest()
    contacting = Contacting(
        channel="sms",
        subject="The SMS gateway sent something that could not be read",
        text=shown.replace("\x00", "")[:_LONGEST_SHOWN] or "–",
        source_key=f"sms:unread:{digest}",
        answer=False,
    )

    async with database.work(Actor.system([organisation_id])) as work:
        await actions.take_contact(work, organisation_id, contacting)


async def _take(work: Work, organisation_id: UUID, event: Received | DeliveryReceipt) -> None:
    if isinstance(event, Received):
        await _message(work, organisation_id, event)
    else:
        await _receipt(work, organisation_id, event)


# Messages ----------------------------------------------------------------------------------------------------


async def _message(work: Work, organisation_id: UUID, received: Received) -> None:
    contacting = Contacting(
        channel="sms",
        text=received.text.strip() or "–",
        sender=received.sender,
        recipient=received.to or None,
        source_key=f"sms:{received.provider_id}",
        **await _identity(work, organisation_id, received.sender),
    )
    word = " ".join(words(received.text))
    if word in STOP or word in START:
        await _consent(work, organisation_id, contacting, granted=word in START)
    else:
        await actions.take_contact(work, organisation_id, contacting)


async def _identity(work: Work, organisation_id: UUID, sender: str) -> dict[str, Any]:
    """Whom a sender is: a number, or a name or short code that is nobody's number and takes no answers."""
    directory = await read_directory(work, organisation_id)
    try:
        return {"phone": customers.phone_identity(sender, directory.organisation.country).value}
    except Invalid:
        pass
    try:
        return {"handle": customers.handle_identity(f"sms:{sender}").value, "answer": False}
    except Invalid:
        return {"answer": False}


async def _consent(work: Work, organisation_id: UUID, contacting: Contacting, *, granted: bool) -> None:
    """STOP and START say one thing, which is done: nothing to answer, and no case; kept with one that is open."""
    directory = await read_directory(work, organisation_id)
    known = await customers.recognise(
        work,
        organisation_id,
        channel="sms",
        phone=contacting.phone,
        handle=contacting.handle,
        country=directory.organisation.country,
    )
    if granted and known.customer.consents_to("sms") is not False:
        await actions.take_contact(work, organisation_id, contacting)  # nothing was stopped: it means something else
        return
    if known.customer.consents_to("sms") is not granted:
        source = "sms-start" if granted else "sms-stop"
        await customers.set_consent(
            work, organisation_id, known.customer.id, channel="sms", granted=granted, source=source
        )
    held = await cases.cases_of_customers(work, organisation_id, known.customer.ids, work.now)
    opened = next((each for each in held if each.state == "open"), None)
    if opened is not None:
        kept = Contacting(
            channel="sms",
            text=contacting.text,
            phone=contacting.phone,
            handle=contacting.handle,
            sender=contacting.sender,
            recipient=contacting.recipient,
            source_key=contacting.source_key,
            thread=opened.id,
            automatic=True,
            answer=False,
        )
        await actions.take_contact(work, organisation_id, kept)


# Receipts ----------------------------------------------------------------------------------------------------


async def _receipt(work: Work, organisation_id: UUID, receipt: DeliveryReceipt) -> None:
    if receipt.state == "on-its-way":
        return
    arrived, code = receipt.state == "delivered", _code(receipt.code)
    if not await contacts.note_receipt(work, organisation_id, "sms", receipt.provider_id, arrived, code):
        work.enqueue(
            LATE_RECEIPT,
            organisation_id,
            due=work.real_now + _SOON,
            key=f"{organisation_id}:{receipt.provider_id}:{receipt.state}",
            provider_id=receipt.provider_id,
            arrived=arrived,
            code=code,
        )


def _code(said: str) -> str:
    """The gateway's word for it, as it may be kept with the message."""
    return "-".join(words(said))[:40] or "not-delivered"


async def late_receipt(job: Job, database: Database) -> None:
    """A receipt came before the note of what it is about: look again, and give up when it is none of ours."""
    organisation_id, args = job.organisation_id, job.args
    assert organisation_id is not None
    async with database.work(job.actor()) as work:
        known = await contacts.note_receipt(
            work, organisation_id, "sms", args["provider_id"], args["arrived"], args["code"]
        )
        if not known and job.attempts < _LOOKS:
            raise Unavailable("No message goes by the name in this receipt yet.")
        if not known:
            work.record("receipt.unknown", organisation_id, channel="sms", arrived=args["arrived"])
        await finish(work, job)
