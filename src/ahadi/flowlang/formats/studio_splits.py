"""Splits of Twilio Studio: menus, where what was gathered is split at once, and decisions of the world."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from ahadi.flowlang.formats.base import scalar
from ahadi.flowlang.formats.making import Names, plain_name
from ahadi.flowlang.formats.studio_states import ANSWERED, UNANSWERED, Event, State, widget_variable
from ahadi.flowlang.model import Choice, Edge, Under

# What an event of a widget gathers, by which a split may go on.
_GATHERED: Final = {"keypress": "Digits", "speech": "SpeechResult", "incomingMessage": "inbound.Body"}
_SIGNS: Final = {
    "equal_to": "", "matches_any_of": "", "contains": "", "starts_with": "", "not_equal_to": "not ",
    "does_not_match_any_of": "not ", "does_not_contain": "without ", "does_not_start_with": "not beginning with ",
    "greater_than": "> ", "less_than": "< ", "is_blank": "nothing", "is_not_blank": "something",
}  # fmt: skip
_PLAIN: Final = frozenset({"equal_to", "matches_any_of", "contains", "starts_with"})
_TELLS: Final = Under("dial-status-tells", "with")
_HIDES: Final = Under("dial-status-tells", "without")


def menu_of(
    state: State, event: Event, states: Mapping[str, State], reads: Mapping[str, AbstractSet[str]]
) -> State | None:
    """The split that looks at nothing but what this event of a widget gathered; None where there is none."""
    split = states.get(event.next or "")
    if split is None or split.type != "split-based-on" or event.name not in _GATHERED:
        return None
    wanted = widget_variable(state.name) + _GATHERED[event.name]
    return split if reads[split.name] == {wanted} else None


def matches(split: State) -> Iterator[tuple[str, tuple[str, ...], Event]]:
    """The matches of a split: a name for each, the words that mean it, and the event."""
    for event in split.events:
        if event.name == "match":
            names, words = [], []
            for condition in event.conditions:
                kind, value = scalar(condition.get("type")), scalar(condition.get("value"))
                values = [each.strip() for each in value.split(",")] if kind == "matches_any_of" else [value.strip()]
                if kind in _PLAIN:
                    words += [each for each in values if each]
                named = values[0] if kind in _PLAIN else f"{_SIGNS.get(kind, kind + ' ')}{value}"
                names.append(named.strip() or scalar(condition.get("friendly_name")).strip() or "match")
            yield plain_name(" and ".join(names) or "match"), tuple(words), event


def choices_of(split: State, names: Names) -> Iterator[tuple[Choice, Event]]:
    """The choices that a split gives at a menu."""
    for name, words, event in matches(split):
        own = names.once(name)
        yield Choice(own, tuple(dict.fromkeys(word for word in words if word != own))), event


def told_by_status(split: State, edges: list[tuple[Edge, str | None]]) -> Iterator[tuple[Edge, str | None]]:
    """The edges of a split by the status of a dial: where that says so, a person has answered."""
    asked = {word for _, words, _ in matches(split) for word in words}
    values = {name: set(words) for name, words, _ in matches(split)}
    for edge, to in edges:
        match = values.get(edge.outcome, set())
        answered = bool(match) and match <= ANSWERED if edge.outcome != "noMatch" else asked >= UNANSWERED
        if answered:
            yield Edge(edge.outcome, edge.target, edge.owner, edge.how, "person", under=_TELLS), to
            yield Edge(f"{edge.outcome} and nobody", edge.target, edge.owner, edge.how, under=_HIDES), to
        else:
            yield edge, to
