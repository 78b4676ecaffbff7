"""The board: what is true now of promises, queues and people, for those who look after them."""

from ahadi.board.actions import WEEK, read_board
from ahadi.board.gathering import (
    CHATS_LATELY,
    PROMISES,
    PersonNow,
    chats_behind,
    contacts_behind,
    people_behind,
    promises_behind,
)
from ahadi.board.model import STANDS, About, Board, Figure, Place, Risk, figures, stand
from ahadi.board.scope import Scope, scope_of
from ahadi.board.usual import FEWEST_WEEKS, WEEKS, unusual

__all__ = [
    "CHATS_LATELY",
    "FEWEST_WEEKS",
    "PROMISES",
    "STANDS",
    "WEEK",
    "WEEKS",
    "About",
    "Board",
    "Figure",
    "PersonNow",
    "Place",
    "Risk",
    "Scope",
    "chats_behind",
    "contacts_behind",
    "figures",
    "people_behind",
    "promises_behind",
    "read_board",
    "scope_of",
    "stand",
    "unusual",
]
