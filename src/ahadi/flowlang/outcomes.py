"""What may come of each kind of node: every outcome that the customer or the world can produce, and who owns it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ahadi.flowlang.model import AGAIN, GIVEN_UP, Gain, Kind, Owner


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of a kind of node. `default` is where it leads when a flow does not say: "" is the flow's own."""

    name: str
    owner: Owner
    meaning: str  # told in stories, after the node's name
    gain: Gain = ""
    mistake: bool = False
    default: str = ""
    sets: bool = False  # the node's variables have a value afterwards
    needed: bool = True  # exists whether or not it is declared


_SILENT: Final = Outcome("silence", "customer", "the customer says nothing", mistake=True, default=AGAIN)
_WRONG: Final = Outcome("wrong", "customer", "the customer chooses something that is not offered", mistake=True,
                        default=AGAIN)  # fmt: skip
_INVALID: Final = Outcome("wrong", "customer", "what the customer gives is not valid", mistake=True, default=AGAIN)
_GIVEN_UP: Final = Outcome(GIVEN_UP, "customer", "it is not asked again", mistake=True)
_FAILED: Final = Outcome("failed", "world", "it fails")
_NEXT: Final = Outcome("next", "world", "it goes on")
_DECLINED: Final = Outcome("declined", "customer", "the customer does not want that")

OUTCOMES: Final[Mapping[Kind, tuple[Outcome, ...]]] = {
    "say": (_NEXT,),
    "remember": (_NEXT,),
    "menu": (_SILENT, _WRONG, _FAILED, _GIVEN_UP),
    "ask": (
        Outcome("given", "customer", "the customer answers", sets=True),
        _SILENT, _INVALID, _FAILED, _GIVEN_UP,
    ),
    "hours": (Outcome("open", "world", "it is open"), Outcome("closed", "world", "it is closed")),
    "decide": (Outcome("otherwise", "world", "no rule applies"),),
    "look-up": (
        Outcome("found", "world", "something is found", sets=True),
        Outcome("not-found", "world", "nothing is found"),
        Outcome("failed", "world", "the look-up fails"),
        Outcome("timed-out", "world", "the look-up takes too long"),
        _GIVEN_UP,
    ),
    "identify": (
        Outcome("verified", "customer", "the customer shows who they are", sets=True),
        Outcome("not-verified", "customer", "the customer cannot show who they are", mistake=True, default=AGAIN),
        _SILENT, _FAILED, _GIVEN_UP,
    ),
    "queue": (
        Outcome("answered", "time", "a person answers", gain="person"),
        Outcome("too-long", "time", "nobody answers in time"),
        Outcome("full", "world", "the queue is full"),
        Outcome("nobody", "world", "nobody is there to answer"),
        Outcome("failed", "world", "the queue cannot be reached"),
    ),
    "callback": (
        Outcome("booked", "customer", "the customer books a call back", gain="promise"),
        _DECLINED, _SILENT, _INVALID, _GIVEN_UP,
    ),
    "appointment": (
        Outcome("booked", "customer", "the customer books an appointment", gain="promise"),
        Outcome("none-free", "world", "no appointment is free"),
        _DECLINED, _SILENT, _INVALID, _GIVEN_UP,
    ),
    "voicemail": (
        Outcome("recorded", "customer", "the customer leaves a message, which becomes a case", gain="promise"),
        _SILENT, _GIVEN_UP,
    ),
    "transfer": (
        Outcome("answered", "world", "a person answers", gain="person"),
        Outcome("busy", "world", "the line is busy"),
        Outcome("no-answer", "world", "nobody answers"),
        Outcome("failed", "world", "the transfer fails"),
        _GIVEN_UP,
    ),
    "hand-over": (
        Outcome("taken", "world", "a person takes the conversation over there", gain="person"),
        Outcome("failed", "world", "nobody takes it over"),
        _DECLINED, _GIVEN_UP,
    ),
    "flow": (_NEXT, Outcome("failed", "world", "flows call each other too deeply")),
    "repeat": (
        Outcome("again", "world", "once more"),
        Outcome("done", "world", "often enough"),
    ),
    "end": (),
}  # fmt: skip

# Kinds at which a person or a promise is offered; until then a customer is on the way.
OFFERS: Final = frozenset({"queue", "callback", "appointment", "voicemail", "transfer", "hand-over"})
QUESTIONS: Final = frozenset({"menu", "ask", "identify"})


def outcome(kind: Kind, name: str) -> Outcome | None:
    """An outcome that a kind of node has by itself; None for choices, rules and whatever a format adds."""
    return next((each for each in OUTCOMES[kind] if each.name == name), None)
