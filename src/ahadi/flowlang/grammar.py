"""What may be written in a flow file: the keys of a flow, of each kind of node, and of where an outcome leads.

The reader and the published schema are both made from these tables.
"""

from collections.abc import Mapping
from typing import Final, Literal

from ahadi.flowlang.model import Kind
from ahadi.flowlang.outcomes import OUTCOMES

Form = Literal[
    "text", "words", "number", "truth", "texts", "names", "choices", "rules", "values", "target", "news", "day",
]  # fmt: skip

# The value written beside the kind itself: `menu: For a person press 0`.
OBJECT: Final[Mapping[Kind, tuple[Form, str]]] = {
    "say": ("words", "what is said or shown"),
    "menu": ("words", "what is said or shown before the customer chooses"),
    "ask": ("words", "the question; the answer goes into the variable `into`"),
    "hours": ("text", "opening hours, as opening_hours text"),
    "decide": ("rules", "rules by name, each with `when` and `to`; the first that applies is taken"),
    "look-up": ("text", "the connector that is asked"),
    "identify": ("words", "how the customer is asked to show who they are"),
    "queue": ("text", "the queue"),
    "callback": ("words", "how a call back is offered"),
    "appointment": ("words", "how an appointment is offered"),
    "voicemail": ("words", "how the customer is asked for a message"),
    "transfer": ("text", "to whom"),
    "hand-over": ("text", "the channel in which the conversation goes on, with all that was said"),
    "flow": ("text", "the other flow; with `next` it comes back, without it is gone to for good"),
    "repeat": ("number", "how often `again` is taken before `done`"),
    "remember": ("values", "variables and the values they have from then on"),
    "end": ("text", "why the contact ends; `back` returns to the calling flow, `elsewhere` sends to another channel"),
}
EXTRA: Final[Mapping[Kind, Mapping[str, tuple[Form, str]]]] = {
    "menu": {"choices": ("choices", "what the customer may choose, by key or short name")},
    "ask": {"into": ("text", "the variable that the answer goes into")},
    "look-up": {
        "sets": ("names", "variables that have a value when something is found"),
        "entitles": ("truth", "whether what is found shows that the customer is entitled to privileged queues"),
        "time-out": ("number", "seconds until the look-up has taken too long"),
    },
    "identify": {"sets": ("names", "variables that have a value once the customer is verified")},
    "queue": {
        "say": ("words", "what is said or shown when the contact is queued"),
        "choices": ("choices", "what the customer may choose while waiting"),
        "news": ("news", "what the customer is told while waiting"),
        "privileged": ("truth", "whether only customers with a verified entitlement may be here"),
        "longest": ("number", "seconds until nobody has answered in time"),
    },
    "transfer": {
        "say": ("words", "what is said or shown before"),
        "longest": ("number", "seconds until nobody has answered"),
    },
    "hand-over": {"say": ("words", "what is said or shown before")},
    "end": {"say": ("words", "the last words")},
}
COMMON: Final[Mapping[str, tuple[Form, str]]] = {
    "seconds": ("number", "what the words take; without it this is reckoned from their length"),
    "tries": ("number", "how often this begins anew by `again` before `given-up`; 2 where nothing is said"),
}
TARGET: Final[Mapping[str, tuple[Form, str]]] = {
    "to": (
        "text",
        "a node, `again` (this one anew), `case` (it ends as a case with a promise), or `leave` (the customer goes)",
    ),
    "settled": ("truth", "the customer says by this that the matter is settled"),
    "leaves": ("truth", "the customer says by this that they want nothing more"),
    "at-most": ("number", "how often this may be taken in a row; after that `then` is"),
    "then": ("text", "the node after `at-most` times"),
}
CHOICE: Final[Mapping[str, tuple[Form, str]]] = {
    **TARGET,
    "words": ("texts", "words that mean this choice"),
    "label": ("words", "what a button says"),
}
RULE: Final[Mapping[str, tuple[Form, str]]] = {
    **TARGET,
    "when": ("values", "variables, each with the value or values it must have"),
}
FLOW: Final[Mapping[str, tuple[Form, str]]] = {
    "flow": ("text", "its short name"),
    "title": ("text", "what people call it"),
    "language": ("text", "the language its words are in where none is named"),
    "start": ("text", "the node it begins at"),
    "otherwise": ("text", "the node that undeclared outcomes lead to; without it a case with a promise is made"),
    "given": ("names", "variables that have a value when it begins"),
    "channel": ("text", "the channel it is meant for"),
    "advertised": ("text", "the hours that the public is told, as opening_hours text"),
    "aliases": ("texts", "other names it is known by"),
}
NEWS: Final = ("position", "estimate", "callback")
MOST_NUMBER: Final = 100_000
DEFAULT_TRIES: Final = 2
AGAIN_WORD: Final = "again"
LEAVE_WORD: Final = "leave"
CASE_WORD: Final = "case"


def outcome_names(kind: Kind) -> list[str]:
    """The outcomes of a kind that a flow file may say something about."""
    names = [each.name for each in OUTCOMES[kind]]
    return (
        names if not names or kind in ("say", "remember", "repeat", "flow", "hours", "decide") else [*names, "given-up"]
    )
