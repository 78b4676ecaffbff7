"""What is to be administered, as cards on one page. A new page of administration adds its line here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ahadi.directory import Permission
from ahadi.screens.frame import Frame
from ahadi.screens.reader import _

_P = Permission


@dataclass(frozen=True, slots=True)
class Card:
    """A way to one page. It is shown to whoever holds one of the permissions in some organisation (none: everybody).

    `title` and `text` are functions, so that each reader is told in their own language.
    """

    address: str
    icon: str
    title: Callable[[], str]
    text: Callable[[], str]
    permissions: Sequence[Permission] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Cards that belong together."""

    title: Callable[[], str]
    cards: Sequence[Card]


GROUPS: Sequence[Group] = (
    Group(
        lambda: _("Work and people"),
        (
            Card(
                "/settings/offers",
                "hand",
                lambda: _("Offers of work"),
                lambda: _("Whose work is offered, for how long, and how much at once."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/settings/bookings",
                "calendar-clock",
                lambda: _("Calls and visits that are booked"),
                lambda: _("How soon, how many, and what follows a call nobody answered."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/directory",
                "users",
                lambda: _("Departments and people"),
                lambda: _("Opening hours, who answers for what, roles and skills, invitations."),
                (_P.DIRECTORY_EDIT, _P.PEOPLE_EDIT, _P.ROTA_EDIT),
            ),
            Card(
                "/rota",
                "calendar",
                lambda: _("Rota"),
                lambda: _("Shifts, absences and swaps, and the hours that nobody covers."),
                (_P.ROTA_EDIT,),
            ),
            Card(
                "/rules",
                "split",
                lambda: _("Rules"),
                lambda: _("Who takes which request, how urgent it is, and what is promised first."),
                (_P.RULES_EDIT,),
            ),
            Card(
                "/templates",
                "message-square",
                lambda: _("Messages to customers"),
                lambda: _("The words of every message by purpose, channel and language."),
                (_P.TEMPLATES_EDIT,),
            ),
            Card(
                "/words",
                "list",
                lambda: _("Words kept ready"),
                lambda: _("Canned replies and macros."),
                (_P.TEMPLATES_EDIT,),
            ),
        ),
    ),
    Group(
        lambda: _("How customers reach us"),
        (
            Card(
                "/settings/mail",
                "mail",
                lambda: _("Mail"),
                lambda: _("Mailboxes that are read, and whether they open."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/settings/mail/aside",
                "shield",
                lambda: _("Blocked senders and mail put aside"),
                lambda: _("Mail that waits for somebody to decide."),
                (_P.MESSAGES_SETTLE,),
            ),
            Card(
                "/settings/sms",
                "phone",
                lambda: _("SMS gateway"),
                lambda: _("The gateway that takes and brings text messages."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/settings/chat",
                "message-square",
                lambda: _("Chat on your site"),
                lambda: _("The line for your pages, and where it may stand."),
                (_P.SETTINGS_EDIT,),
            ),
        ),
    ),
    Group(
        lambda: _("Programs"),
        (
            Card(
                "/settings/tokens",
                "key",
                lambda: _("Tokens"),
                lambda: _("Programs that use the API: what they may do, and for how long."),
                (_P.TOKENS_EDIT,),
            ),
            Card(
                "/settings/webhooks",
                "send",
                lambda: _("Webhooks"),
                lambda: _("Programs that are told what happens, and how that went."),
                (_P.WEBHOOKS_EDIT,),
            ),
        ),
    ),
    Group(
        lambda: _("The house"),
        (
            Card(
                "/settings/organisation",
                "building",
                lambda: _("Organisation"),
                lambda: _("Name, time zone, manager, and how we work."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/settings/portal",
                "globe",
                lambda: _("What customers see"),
                lambda: _("Your name, colour and logo on your form and on the page of each request."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/settings/sign-in",
                "lock",
                lambda: _("Sign-in"),
                lambda: _("Single sign-on by your own identity provider."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/act-as",
                "users",
                lambda: _("Act in another's name"),
                lambda: _("See what a colleague sees, for a short time and with a reason."),
                (_P.PEOPLE_ACT_AS,),
            ),
            Card(
                "/settings/retention",
                "clock",
                lambda: _("How long words are kept"),
                lambda: _("When files, messages and cases that are over lose their words."),
                (_P.SETTINGS_EDIT,),
            ),
            Card(
                "/audit",
                "history",
                lambda: _("Audit"),
                lambda: _("Who did what, when, and to what."),
                (_P.AUDIT_READ,),
            ),
            Card(
                "/board/walls",
                "eye",
                lambda: _("Wallboards"),
                lambda: _("Links for screens on the wall, which need nobody's session."),
                (_P.TOKENS_EDIT,),
            ),
            Card(
                "/components",
                "layout-grid",
                lambda: _("Components"),
                lambda: _("Every part that pages are made of, in every state."),
                (_P.SETTINGS_EDIT,),
            ),
        ),
    ),
)


def cards_for(frame: Frame) -> list[tuple[Group, list[Card]]]:
    """The cards that the reader may open; a group without any is left out."""
    found = [(group, [each for each in group.cards if _may(frame, each)]) for group in GROUPS]
    return [(group, cards) for group, cards in found if cards]


def _may(frame: Frame, card: Card) -> bool:
    return not card.permissions or any(frame.may(each) for each in card.permissions)
