"""Telling the customer of a case what happened to it: the values that the templates speak of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import contacts, customers
from ahadi.cases import actions, links, store
from ahadi.cases.model import Case, Promise
from ahadi.contacts import Attached, Enclosure, Rendered, Reply, Telling, Unfilled, Value, greeting
from ahadi.customers import Customer
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work


async def tell_customer(
    work: Work,
    directory: Directory,
    case: Case,
    slug: str,
    *,
    about: UUID,
    promise: tuple[str, str, datetime] | None = None,
    last: tuple[str, datetime] | None = None,
    extra: dict[str, Value] | None = None,
    customer: Customer | None = None,
    channel: str | None = None,
    fresh: bool = False,
    enclosed: tuple[Enclosure, ...] = (),
) -> UUID | None:
    """Queue a message by the template `slug`; once for each thing it is `about`. Its id, or None if told before.

    `promise` (kind, text, due) defaults to the case's next one; `last` is the (text, due) it takes the place of.
    `channel` is the one the customer used just now; that of their first contact where they used none. `fresh` says that
    what it is about was made in this transaction; `enclosed` goes along with a mail.
    """
    inside = work.as_installation(case.organisation_id)
    customer = customer or await customers.get_customer(inside, case.organisation_id, case.customer_id)
    if customer.erased_at is not None:
        return None
    if promise is None and case.next_promise is not None:
        promise = await _words_of(work, case, case.next_promise)
    language = customer.language or case.language
    values = await values_of(work, directory, case, customer, language)
    if promise is not None:
        values |= {"promise.kind": promise[0], "promise.text": promise[1], "promise.due": promise[2]}
    if last is not None:
        values |= {"last.promise_text": last[0], "last.promise_due": last[1]}
    settings = directory.organisation.settings
    return await contacts.tell(
        work,
        case.organisation_id,
        Telling(
            slug=slug,
            case_id=case.id,
            customer=customer,
            channel=channel or case.channel,
            language=language,
            zone=directory.organisation.zone,
            intent=f"{slug}:{about}",
            values=values | (extra or {}),
            sender=settings.sender_address,
            fresh=fresh,
            enclosed=enclosed,
        ),
    )


async def _words_of(work: Work, case: Case, promise: Promise) -> tuple[str, str, datetime]:
    texts = await store.promise_texts(work, case.organisation_id, [promise.id])
    return promise.kind, texts[promise.id].text if promise.id in texts else "", promise.due_at


async def values_of_promise(work: Work, case: Case, promise: Promise) -> dict[str, Value]:
    """What templates may say of a promise."""
    kind, text, due_at = await _words_of(work, case, promise)
    return {"promise.kind": kind, "promise.text": text, "promise.due": due_at}


async def values_of(
    work: Work, directory: Directory, case: Case, customer: Customer, language: str
) -> dict[str, Value]:
    """What templates may say of a case and its customer."""
    organisation = directory.organisation
    texts = await store.texts_of(work, case.organisation_id, [case.id])
    department = directory.departments.get(case.holder.department or case.department_id or organisation.id)
    person = directory.people.get(case.holder.person or organisation.id)
    return {
        "customer.name": customer.name,
        "customer.greeting": greeting(customer.name, language),
        "case.reference": case.reference,
        "case.subject": texts[case.id].subject if case.id in texts else None,
        "case.status_link": await links.customer_link(work, case),
        "holder.name": person.name if person else None,
        "holder.department": department.name(language) if department else organisation.name,
        "organisation.name": organisation.name,
        "organisation.phone": organisation.settings.phone or None,
    }


async def fill_for_case(work: Work, case: Case, bodies: Sequence[str]) -> list[Rendered | Unfilled]:
    """Words that were kept ready, each filled for this case and its customer, or what they miss."""
    if not bodies:
        return []
    customer, values = await values_for(work, case)
    language = customer.language or case.language
    directory = await read_directory(work, case.organisation_id)
    zone = ZoneInfo(customer.zone or directory.organisation.zone)
    return [contacts.fill_words(each, values, language, zone) for each in bodies]


async def values_for(work: Work, case: Case, language: str | None = None) -> tuple[Customer, dict[str, Value]]:
    """The customer of a case, and everything that words to them may say of it now; in their language or another."""
    directory = await read_directory(work, case.organisation_id)
    inside = work.as_installation(case.organisation_id)
    customer = await customers.get_customer(inside, case.organisation_id, case.customer_id)
    values = await values_of(work, directory, case, customer, language or customer.language or case.language)
    if case.next_promise is not None:
        values |= await values_of_promise(work, case, case.next_promise)
    writer = directory.people.get(work.actor.person_id or case.id)
    values["agent.name"] = writer.name if writer else None
    return customer, values


def undo_seconds(work: Work, message_id: UUID) -> int:
    """For how long a reply that this work wrote may be taken back, in real time whatever the clock is set to."""
    seconds: int = work.kept.get(("undo seconds", message_id), 0)
    return seconds


async def reply_to_customer(
    work: Work,
    reference: str,
    text: str,
    subject: str = "",
    channel: str | None = None,
    attachments: tuple[Attached, ...] = (),
) -> UUID:
    """Write to the customer of a case; the message's id. Raises MessageRefused naming what must be put right."""
    case = await actions.lock_case(work, reference)
    directory = await read_directory(work, case.organisation_id)
    inside = work.as_installation(case.organisation_id)
    customer = await customers.get_customer(inside, case.organisation_id, case.customer_id)
    written = Reply(
        case_id=case.id,
        reference=case.reference,
        customer=customer,
        channel=channel or case.channel,
        text=text,
        subject=subject,
        sender=directory.organisation.settings.sender_address,
        attachments=attachments,
        links=(await links.customer_link(work, case),),
        undo=timedelta(seconds=directory.organisation.settings.undo_seconds),
    )
    message_id = await contacts.reply(work, case.organisation_id, written)
    work.kept["undo seconds", message_id] = directory.organisation.settings.undo_seconds
    return message_id
