"""What the pages of administration say: done deeds, scopes, states."""

from collections.abc import Callable, Sequence

from babel import Locale

from ahadi.directory import Directory
from ahadi.screens.reader import _, present

__all__ = [
    "aside_reason",
    "day_name",
    "delivery_state",
    "department_choices",
    "first_step",
    "kept_name",
    "manager_choices",
    "name_shown_choices",
    "role_choices",
    "scope_name",
    "security_choices",
    "work_kind",
]

# Told once, after something was done.
SETTINGS_DONE: dict[str, Callable[[], str]] = {
    "token-made": lambda: _("The token is made."),
    "token-revoked": lambda: _("The token is revoked; whoever has it is out."),
    "webhook-added": lambda: _("The webhook is added."),
    "webhook-tested": lambda: _("A test is on its way; how it went is among the deliveries."),
    "webhook-secret": lambda: _("The webhook has a new secret."),
    "webhook-removed": lambda: _("The webhook is removed."),
    "webhook-on": lambda: _("The webhook is on again."),
    "webhook-off": lambda: _("The webhook is off; nothing is sent to it."),
    "webhook-retried": lambda: _("It is sent again."),
    "organisation-changed": lambda: _("It is changed, and counts from now on."),
    "chat-changed": lambda: _("It is changed, and counts from now on."),
    "offers-changed": lambda: _("It is changed, and counts from now on."),
    "bookings-changed": lambda: _("It is changed, and counts from now on."),
    "mailbox-added": lambda: _("The mailbox opens, and is read from now on."),
    "mailbox-retired": lambda: _("The mailbox is read no more."),
    "mail-released": lambda: _("The mail becomes a case."),
    "mail-dropped": lambda: _("The mail is dropped; that it came stays on record."),
    "sender-blocked": lambda: _("What this sender writes is put aside from now on."),
    "sender-unblocked": lambda: _("Mail of this sender is taken again."),
    "retention-changed": lambda: _("It is changed; what has had its time goes within minutes."),
    "sms-set": lambda: _("Text messages go through this gateway now."),
    "sms-removed": lambda: _("The gateway is removed; text messages wait."),
}


def manager_choices(directory: Directory) -> list[tuple[str, str]]:
    """The people who may be the organisation's manager."""
    found = [
        directory.people[id_]
        for id_, each in directory.memberships.items()
        if each.active and "manager" in each.roles and id_ in directory.people
    ]
    return [("", "–"), *sorted(((each.slug, each.name) for each in found), key=lambda each: each[1])]


def department_choices(directory: Directory) -> list[tuple[str, str]]:
    """The departments in use, by short name."""
    found = [each for each in directory.departments.values() if each.active]
    return [(each.slug, each.name(present().language)) for each in sorted(found, key=lambda each: each.position)]


def name_shown_choices(kinds: Sequence[str]) -> list[tuple[str, str]]:
    """What customers may see of whoever answers a chat."""
    words = {
        "first": _("Their first name"),
        "full": _("Their whole name"),
        "organisation": _("Only the organisation's name"),
    }
    return [(each, words.get(each, each)) for each in kinds]


def work_kind(kind: str) -> str:
    """A kind of work, as much of it as somebody has at once."""
    return {"call": _("Calls"), "chat": _("Chats"), "case": _("Cases")}.get(kind, kind)


def security_choices(kinds: Sequence[str]) -> list[tuple[str, str]]:
    """How a connection to a mail server is protected."""
    words = {
        "tls": _("TLS (usual, port 993)"),
        "starttls": _("STARTTLS (port 143)"),
        "plain": _("Nothing; this machine only"),
    }
    return [(each, words.get(each, each)) for each in kinds]


def first_step(step: str) -> str:
    """A step of the first run."""
    return {
        "organisation": _("Organisation"),
        "department": _("Department"),
        "people": _("Colleagues"),
        "mail": _("How customers reach you"),
        "case": _("First case"),
    }[step]


def day_name(day: str) -> str:
    """A day of the week, by the two letters of opening hours."""
    number = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su").index(day)
    return str(Locale.parse(present().language).days["stand-alone"]["abbreviated"][number])


def role_choices(roles: Sequence[str]) -> list[tuple[str, str]]:
    """The roles somebody may have, for a choice."""
    words = {
        "agent": _("Agent: answers customers"),
        "specialist": _("Specialist: fixes"),
        "manager": _("Manager: decides"),
        "supervisor": _("Supervisor: oversees"),
        "administrator": _("Administrator: sets things up"),
    }
    return [(each, words.get(each, each)) for each in roles]


def kept_name(what: str) -> str:
    """A kind of words that is kept for a time."""
    return {
        "attachments": _("Files of messages"),
        "messages": _("Words of messages and notes"),
        "cases": _("Words of the case and of its promises"),
        "mail": _("Mail put aside and decided"),
    }[what]


def aside_reason(why: str) -> str:
    """Why a mail was put aside."""
    return {
        "blocked": _("the sender is blocked"),
        "spam": _("looks like spam"),
        "loop": _("a machine that answers itself"),
        "bounce": _("a report of a mail nobody sent"),
    }.get(why, why.replace("-", " "))


def delivery_state(state: str) -> str:
    """What became of a message to a program."""
    return {"waiting": _("Under way"), "delivered": _("Delivered"), "failed": _("Failed")}.get(state, state)


def scope_name(scope: str) -> str:
    """What a permission lets somebody do."""
    return {
        "all": _("Everything"),
        "case.read": _("Read cases"),
        "case.work": _("Work cases: reply, note, promise, hand over"),
        "case.resolve": _("Resolve and reopen cases"),
        "case.decide": _("Take managers' decisions"),
        "promise.settle": _("Keep, renew and withdraw promises"),
        "contact.create": _("Take contacts in"),
        "customer.read": _("Read customers"),
        "customer.edit": _("Change and merge customers"),
        "customer.erase": _("Erase customers"),
        "customer.export": _("Export customers"),
        "rules.read": _("Read rules"),
        "rules.edit": _("Draft and try rules"),
        "rules.publish": _("Publish rules"),
        "directory.read": _("Read the directory"),
        "directory.edit": _("Change departments, hours and reasons"),
        "rota.edit": _("Keep the rota"),
        "people.act-as": _("Act in another's name for a while"),
        "people.edit": _("Invite people and change their roles"),
        "presence.own": _("Set one's own presence"),
        "presence.others": _("Set others' presence"),
        "templates.edit": _("Change templates"),
        "messages.settle": _("Settle messages that wait"),
        "reports.read": _("Read reports"),
        "audit.read": _("Read the audit"),
        "settings.edit": _("Change settings"),
        "tokens.edit": _("Make and revoke tokens"),
        "webhooks.edit": _("Add and remove webhooks"),
        "import": _("Import"),
        "export": _("Export"),
    }.get(scope, scope)
