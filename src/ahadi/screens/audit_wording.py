"""What each kind of step in the journal is called, by the areas it belongs to."""

from collections.abc import Callable, Mapping
from functools import cache

from ahadi.screens.reader import _

__all__ = ["area_choices", "step_name"]

Words = Callable[[], str]

AREAS: Mapping[str, tuple[Words, Mapping[str, Words]]] = {
    "cases": (
        lambda: _("Cases"),
        {
            "case.opened": lambda: _("Case opened"),
            "case.held": lambda: _("Case handed over"),
            "case.resolved": lambda: _("Case resolved"),
            "case.reopened": lambda: _("Case opened again"),
            "case.merged": lambda: _("Case merged into another"),
            "case.split": lambda: _("Part of a case split off"),
            "case.reclassified": lambda: _("Case sorted anew"),
            "case.tagged": lambda: _("Case tagged"),
            "case.fields_set": lambda: _("Fields of a case set"),
            "case.escalated": lambda: _("Case brought before a manager"),
            "case.contact_joined": lambda: _("Contact joined a case"),
            "case.link_revoked": lambda: _("Links to a customer's page revoked"),
            "case.erased": lambda: _("Words of a case erased"),
            "direct_line.asked": lambda: _("Somebody who decides was asked for"),
            "macro.run": lambda: _("Macro run"),
            "notice.given": lambda: _("Notice given"),
            "notice.seen": lambda: _("Notice seen"),
        },
    ),
    "promises": (
        lambda: _("Promises, calls and visits"),
        {
            "promise.made": lambda: _("Promise made"),
            "promise.kept": lambda: _("Promise kept"),
            "promise.renewed": lambda: _("Promise renewed"),
            "promise.broken": lambda: _("Promise broken"),
            "promise.withdrawn": lambda: _("Promise withdrawn"),
            "promise.handed_over": lambda: _("Promise passed to a colleague"),
            "promise.reminded": lambda: _("Keeper of a promise reminded"),
            "promise.warned": lambda: _("Customer told that it may take longer"),
            "booking.made": lambda: _("Booking made"),
            "booking.moved": lambda: _("Booking moved"),
            "booking.cancelled": lambda: _("Booking cancelled"),
            "booking.carried": lambda: _("Booking carried to another case"),
            "booking.reminded": lambda: _("Customer reminded of a booking"),
            "call.attempted": lambda: _("Call attempted"),
        },
    ),
    "offers": (
        lambda: _("Offers of work"),
        {
            "offer.made": lambda: _("Offer made"),
            "offer.accepted": lambda: _("Offer accepted"),
            "offer.declined": lambda: _("Offer declined"),
            "offer.expired": lambda: _("Offer not answered"),
            "offer.withdrawn": lambda: _("Offer withdrawn"),
            "offer.finished": lambda: _("Offered work finished"),
            "offer.passed_on": lambda: _("Offered work passed on"),
            "offer.missed_in_a_row": lambda: _("Several offers missed"),
            "offer.nobody_left": lambda: _("Nobody left to offer to"),
            "wrap_up.began": lambda: _("Wrap-up began"),
            "wrap_up.disposed": lambda: _("Outcome of work said"),
            "wrap_up.ended": lambda: _("Wrap-up ended"),
        },
    ),
    "messages": (
        lambda: _("Contacts and messages"),
        {
            "contact.received": lambda: _("Contact taken in"),
            "contact.made": lambda: _("Contact made"),
            "contact.placed": lambda: _("Contact joined to a case"),
            "message.received": lambda: _("Message received"),
            "message.queued": lambda: _("Message written"),
            "message.noted": lambda: _("Note written"),
            "message.held": lambda: _("Message held for a person"),
            "message.mended": lambda: _("Message put right"),
            "message.sent": lambda: _("Message sent"),
            "message.delivered": lambda: _("Message delivered"),
            "message.failed": lambda: _("Message failed"),
            "message.uncertain": lambda: _("Message may not have arrived"),
            "message.cancelled": lambda: _("Message taken back"),
            "messages.erased": lambda: _("Words of messages erased"),
            "batch.written": lambda: _("Many messages written at once"),
            "receipt.unknown": lambda: _("Receipt for an unknown message"),
            "chat.ended": lambda: _("Chat ended"),
            "chat.went_on": lambda: _("Chat goes on by mail"),
            "mail.put_aside": lambda: _("Mail put aside"),
            "mail.settled": lambda: _("Mail put aside was decided"),
            "mail.erased": lambda: _("Mail put aside was erased"),
            "sender.blocked": lambda: _("Sender blocked"),
            "sender.unblocked": lambda: _("Sender unblocked"),
        },
    ),
    "customers": (
        lambda: _("Customers"),
        {
            "customer.created": lambda: _("Customer added"),
            "customer.changed": lambda: _("Customer changed"),
            "customer.merged": lambda: _("Customers merged"),
            "customer.unmerged": lambda: _("Customers taken apart"),
            "customer.exported": lambda: _("Customer's data handed out"),
            "customer.erased": lambda: _("Customer erased"),
            "consent.changed": lambda: _("Consent changed"),
            "identity.added": lambda: _("Address or number added"),
            "identity.removed": lambda: _("Address or number removed"),
            "identity.verified": lambda: _("Address or number verified"),
            "entitlement.verified": lambda: _("Entitlement verified"),
            "entitlement.ended": lambda: _("Entitlement ended"),
            "duplicate.noticed": lambda: _("Likely duplicate noticed"),
            "duplicate.dismissed": lambda: _("Likely duplicate dismissed"),
        },
    ),
    "people": (
        lambda: _("People and sign-in"),
        {
            "person.added": lambda: _("Person added"),
            "person.invited": lambda: _("Person invited"),
            "person.changed": lambda: _("Person's roles or departments changed"),
            "person.deactivated": lambda: _("Person deactivated"),
            "person.reactivated": lambda: _("Person active again"),
            "person.signed_in": lambda: _("Signed in"),
            "person.session_ended": lambda: _("Session ended"),
            "person.password_changed": lambda: _("Password changed"),
            "person.totp_confirmed": lambda: _("Authenticator set up"),
            "person.totp_removed": lambda: _("Authenticator removed"),
            "person.came_in": lambda: _("Came in by single sign-on"),
            "person.linked": lambda: _("Single sign-on linked to a person"),
            "person.passkey_added": lambda: _("Passkey added"),
            "person.passkey_removed": lambda: _("Passkey removed"),
            "person.passkey_doubted": lambda: _("Passkey doubted: it may have been copied"),
            "person.device_forgotten": lambda: _("Device remembered no more"),
            "person.acting_began": lambda: _("Began to act in another's name"),
            "person.acting_ended": lambda: _("Ended acting in another's name"),
            "sign_in.provider_set": lambda: _("Identity provider set up"),
            "sign_in.provider_removed": lambda: _("Identity provider removed"),
            "presence.set": lambda: _("Presence set"),
        },
    ),
    "directory": (
        lambda: _("Organisation, departments, rota"),
        {
            "organisation.created": lambda: _("Organisation made"),
            "organisation.changed": lambda: _("Settings of the organisation changed"),
            "organisation.exported": lambda: _("Whole organisation exported"),
            "department.created": lambda: _("Department added"),
            "department.changed": lambda: _("Department changed"),
            "department.retired": lambda: _("Department retired"),
            "department.restored": lambda: _("Department back in use"),
            "reason.created": lambda: _("Reason added"),
            "reason.changed": lambda: _("Reason changed"),
            "reason.retired": lambda: _("Reason retired"),
            "on_call.changed": lambda: _("On-call chain changed"),
            "shift.added": lambda: _("Shift added"),
            "shift.removed": lambda: _("Shift removed"),
            "shift.pattern_added": lambda: _("Shifts that come again added"),
            "shift.pattern_changed": lambda: _("Shifts that come again changed"),
            "shift.pattern_removed": lambda: _("Shifts that come again removed"),
            "absence.added": lambda: _("Absence added"),
            "absence.ended": lambda: _("Absence ended"),
            "leave.asked": lambda: _("Absence asked for"),
            "leave.approved": lambda: _("Absence granted"),
            "leave.declined": lambda: _("Absence refused"),
            "leave.withdrawn": lambda: _("Request for absence withdrawn"),
            "swap.offered": lambda: _("Swap of shifts offered"),
            "swap.accepted": lambda: _("Swap of shifts taken"),
            "swap.done": lambda: _("Swap of shifts agreed"),
            "swap.declined": lambda: _("Swap of shifts declined"),
            "swap.refused": lambda: _("Swap of shifts refused"),
            "swap.withdrawn": lambda: _("Swap of shifts withdrawn"),
            "calendar.made": lambda: _("Calendar address made"),
            "calendar.revoked": lambda: _("Calendar address revoked"),
            "offers.settings_changed": lambda: _("Settings of offers changed"),
            "first_run.begun": lambda: _("First run begun"),
            "first_run.step": lambda: _("Step of the first run taken"),
            "first_run.finished": lambda: _("First run finished"),
        },
    ),
    "words": (
        lambda: _("Rules and words"),
        {
            "rules.drafted": lambda: _("Rules drafted"),
            "rules.published": lambda: _("Rules published"),
            "rules.rolled_back": lambda: _("Rules rolled back"),
            "template.saved": lambda: _("Template saved"),
            "template.retired": lambda: _("Template retired"),
            "canned.saved": lambda: _("Canned reply saved"),
            "canned.deleted": lambda: _("Canned reply deleted"),
            "macro.saved": lambda: _("Macro saved"),
            "macro.deleted": lambda: _("Macro deleted"),
            "view.saved": lambda: _("View saved"),
            "view.changed": lambda: _("View changed"),
            "view.removed": lambda: _("View removed"),
        },
    ),
    "programs": (
        lambda: _("Programs and data"),
        {
            "token.created": lambda: _("Token made"),
            "token.revoked": lambda: _("Token revoked"),
            "webhook.added": lambda: _("Webhook added"),
            "webhook.changed": lambda: _("Webhook changed"),
            "webhook.removed": lambda: _("Webhook removed"),
            "webhook.secret_renewed": lambda: _("Webhook given a new secret"),
            "webhook.tested": lambda: _("Webhook tested"),
            "webhook.retried": lambda: _("Message to a webhook sent again"),
            "webhook.gone": lambda: _("Webhook switched off, its receiver is gone"),
            "mailbox.added": lambda: _("Mailbox added"),
            "mailbox.retired": lambda: _("Mailbox read no more"),
            "mailbox.token_renewed": lambda: _("Mailbox's token renewed"),
            "channel.set": lambda: _("Gateway set up"),
            "channel.removed": lambda: _("Gateway removed"),
            "import.started": lambda: _("Import started"),
            "import.finished": lambda: _("Import finished"),
            "retention.changed": lambda: _("How long words are kept changed"),
            "retention.applied": lambda: _("Old words let go"),
            "audit.exported": lambda: _("Audit exported"),
        },
    ),
}


@cache
def kinds() -> Mapping[str, Words]:
    """Every kind of step that has words."""
    return {kind: words for _title, known in AREAS.values() for kind, words in known.items()}


def step_name(kind: str) -> str:
    """What a kind of step is called; one without words of its own, by its code."""
    words = kinds().get(kind)
    return words() if words else kind.replace(".", " ").replace("_", " ").capitalize()


def area_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Areas with their kinds, for a choice: an area as a whole stands first in it."""
    return [
        (
            title(),
            [
                (f"area:{area}", _("All of it: %(area)s") % {"area": title()}),
                *sorted(((kind, words()) for kind, words in known.items()), key=lambda each: each[1]),
            ],
        )
        for area, (title, known) in AREAS.items()
    ]
