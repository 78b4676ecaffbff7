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
                "/words",
                "list",
                lambda: _("Words kept ready"),
                lambda: _("Canned replies and macros."),
                (_P.TEMPLATES_EDIT,),
            ),
        ),
    ),
    Group(
        lambda: _("The house"),
        (
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
