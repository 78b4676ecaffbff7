"""Who contacts us: decided from the identities that came with the contact and the people who hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ahadi.customers.identities import Given, IdentityKind
from ahadi.customers.model import Customer, Identity

# The identity a channel itself delivers, which its network or mail server saw, comes before what was typed in.
_FIRST: dict[str, tuple[IdentityKind, ...]] = {
    "phone": ("phone", "handle", "email"),
    "sms": ("phone", "handle", "email"),
    "email": ("email", "handle", "phone"),
    "chat": ("handle", "email", "phone"),
    "web": ("handle", "email", "phone"),
}
_USUAL: tuple[IdentityKind, ...] = ("phone", "email", "handle")


@dataclass(frozen=True, slots=True)
class Recognised:
    """The customer a contact is from.

    `by` is the identity that told, None for somebody new; while its `verified_at` is None anybody could have claimed
    it. `known_as` is the record that holds it: contacts and cases stored under `known_as` come apart again when a
    merge is undone. Where `created` is true it is the new customer's only record.
    """

    customer: Customer
    created: bool
    known_as: UUID
    by: Identity | None


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody was recognised: `add` are identities to add to that record, `others` people who may be the same."""

    customer: Customer
    by: Identity
    add: tuple[Given, ...] = ()
    others: tuple[Customer, ...] = field(default=())


def recognition(given: Sequence[Given], found: Sequence[Customer], channel: str | None) -> Known | None:
    """Which of the people found is meant; None when nobody was.

    The channel's own identity decides. What is new is added only where everything known points to one person;
    otherwise the others are named as likely duplicates and nothing is joined.
    """
    held = {(each.kind, each.value): (person, each) for person in found for each in person.identities}
    order = _FIRST.get(channel or "", _USUAL)
    known = [
        held[each.kind, each.value]
        for each in sorted(given, key=lambda each: order.index(each.kind))
        if _in(each, held)
    ]
    if not known:
        return None
    customer, by = known[0]
    others = tuple({person.id: person for person, _ in known if person.id != customer.id}.values())
    new = () if others else tuple(each for each in given if not _in(each, held))
    return Known(customer, by, new, others)


def _in(given: Given, held: dict[tuple[IdentityKind, str], tuple[Customer, Identity]]) -> bool:
    return (given.kind, given.value) in held
