"""A message to many customers, about their cases or not: who they are, and what may be said to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ahadi import contacts, customers
from ahadi.base.errors import NotFound
from ahadi.cases import actions, links, telling
from ahadi.cases.errors import NoSuchCase
from ahadi.contacts import Addressee, BatchState, ToMany, Value, greeting
from ahadi.contacts.checks import Purpose
from ahadi.customers import Customer
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Many:
    """Whom to tell what. `said` are values that are the same for everybody, such as the `reason`."""

    id: UUID
    customers: Sequence[UUID] = ()
    references: Sequence[str] = ()
    template: str | None = None
    subject: str = ""
    body: str = ""
    channel: str | None = None
    purpose: Purpose = "own-case"
    said: Mapping[str, str] = field(default_factory=dict)


async def tell_many(work: Work, organisation_id: UUID, many: Many) -> BatchState:
    """Send one message to many customers, or to none while one of theirs is not complete.

    Raises NoSuchCase, NotFound for anybody who is not of this organisation.
    """
    work.permit(organisation_id, "messages.settle")
    directory = await read_directory(work, organisation_id)
    addressees = [await _about(work, directory, each, many) for each in many.references]
    work.permit(organisation_id, "customer.read")
    people = await customers.get_customers(work, organisation_id, many.customers)
    if strange := [each for each in many.customers if each not in people]:
        raise NotFound("There is no such customer, or you have no access to it.", customer=strange[0])
    addressees += [_of_customer(directory, each, many) for each in people.values()]
    return await contacts.write_batch(
        work,
        organisation_id,
        ToMany(
            id=many.id,
            addressees=addressees,
            zone=directory.organisation.zone,
            slug=many.template,
            subject=many.subject,
            body=many.body,
            sender=directory.organisation.settings.sender_address,
            purpose=many.purpose,
        ),
    )


async def _about(work: Work, directory: Directory, reference: str, many: Many) -> Addressee:
    """The customer of a case, and what may be said of it."""
    case = await actions.get_case(work, reference)
    if case.organisation_id != directory.organisation.id:
        raise NoSuchCase(reference)
    customer = await customers.get_customer(work, case.organisation_id, case.customer_id)
    language = customer.language or case.language
    values: dict[str, Value] = await telling.values_of(work, directory, case, customer, language)
    if case.next_promise is not None:
        values |= await telling.values_of_promise(work, case, case.next_promise)
    used = many.channel or case.channel
    return Addressee(
        customer=customer,
        case_id=case.id,
        used=used,
        language=language,
        values={**values, **many.said},
        label=f"{customer.name or '–'} ({case.reference})",
        links=(await links.customer_link(work, case),),
    )


def _of_customer(directory: Directory, customer: Customer, many: Many) -> Addressee:
    language = customer.language or directory.organisation.language
    values: dict[str, Value] = {
        "customer.name": customer.name,
        "customer.greeting": greeting(customer.name, language),
        "organisation.name": directory.organisation.name,
        "organisation.phone": directory.organisation.settings.phone or None,
    }
    label = customer.name or str(customer.id)
    return Addressee(customer, None, many.channel or "email", language, {**values, **many.said}, label)
