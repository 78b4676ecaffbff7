"""Telling the customer of a booking: when, in their zone and language, and as an entry for their calendar."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import cases
from ahadi.cases import Case, Promised
from ahadi.contacts import Enclosure, Value, may_send_at
from ahadi.customers import Customer
from ahadi.directory import Directory
from ahadi.platform.database import Work
from ahadi.promises.booking_store import Booking
from ahadi.promises.invitation import Entry, invitation

_WORDS = {
    "en": {"callback": "{name} calls you", "visit": "{name} visits you", "about": "About your request {reference}."},
    "sw": {
        "callback": "{name} watakupigia simu",
        "visit": "{name} watakutembelea",
        "about": "Kuhusu ombi lako {reference}.",
    },
}
_TOO_LATE = timedelta(minutes=10)
_STEP = timedelta(minutes=15)


def zone_of(directory: Directory, customer: Customer) -> str:
    """The zone whose clock the customer reads."""
    return customer.zone or directory.organisation.zone


def remind_at(directory: Directory, customer: Customer, starts_at: datetime, now: datetime) -> datetime | None:
    """When to remind: so long before as the organisation set, outside the customer's quiet hours, never too late.

    Where their quiet hours leave no time between, before those begin. None when that is past, or not wanted.
    """
    lead = timedelta(minutes=directory.organisation.settings.bookings.remind)
    if not lead:
        return None
    zone = ZoneInfo(zone_of(directory, customer))
    quiet = customer.quiet_from, customer.quiet_until
    wished = starts_at - lead
    at = may_send_at(wished, *quiet, zone)
    if at <= max(wished, starts_at - _TOO_LATE):
        return at if at > now else None
    while wished > now and may_send_at(wished, *quiet, zone) != wished:
        wished -= _STEP
    return wished if wished > now else None


async def phone_to_call(work: Work, case: Case, customer: Customer) -> str | None:
    """The number to call about a case: the one given for it, else the customer's."""
    texts = await cases.texts_of(work, case.organisation_id, [case.id])
    given = texts[case.id].fields.get("callback_phone") if case.id in texts else None
    known = customer.reach("phone")
    return str(given) if given else known.shown if known else None


async def tell_of(
    work: Work,
    directory: Directory,
    case: Case,
    customer: Customer,
    booking: Booking,
    slug: str,
    promised: Promised | None,
    *,
    last: tuple[str, datetime] | None = None,
    extra: Mapping[str, Any] | None = None,
    cancelled: bool = False,
    about: UUID | None = None,
) -> UUID | None:
    """Tell of a booking by the template `slug`, once for each promise it is about; the message's id."""
    place = zone_of(directory, customer).rpartition("/")[2].replace("_", " ")
    values: dict[str, Value] = {
        "booking.starts": booking.starts_at,
        "booking.ends": booking.ends_at,
        "booking.place": place,
        "callback.phone": await phone_to_call(work, case, customer),
        **(extra or {}),
    }
    said = (promised.kind, promised.text, promised.due_at) if promised else None
    return await cases.tell_customer(
        work,
        directory,
        case,
        slug,
        about=about or booking.promise_id,
        promise=said,
        last=last,
        extra=values,
        customer=customer,
        enclosed=(calendar_file(work, directory, case, customer, booking, cancelled=cancelled),),
    )


def calendar_file(
    work: Work, directory: Directory, case: Case, customer: Customer, booking: Booking, *, cancelled: bool = False
) -> Enclosure:
    """The booking for the customer's calendar."""
    language = customer.language or case.language
    words = _WORDS.get(language, _WORDS["en"])
    settings = directory.organisation.settings
    email = customer.reach("email")
    remind = timedelta(minutes=settings.bookings.remind)
    return invitation(
        Entry(
            id=booking.id,
            sequence=booking.sequence,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            stamped_at=work.now,
            summary=words[booking.kind].format(name=directory.organisation.name),
            description=words["about"].format(reference=case.reference),
            host=work.house.mail_domain,
            organiser=settings.sender_name or directory.organisation.name,
            sender=settings.sender_address,
            attendee=email.shown if email else "",
            remind=remind or None,
        ),
        cancelled=cancelled,
    )


def on_their_page(customer: Customer) -> Customer:
    """The customer as somebody who can only be told on their own page."""
    return replace(customer, identities=())


def without_phone(customer: Customer) -> Customer:
    """The customer as somebody who cannot be told by telephone: its number is wrong."""
    return replace(customer, identities=tuple(each for each in customer.identities if each.kind != "phone"))
