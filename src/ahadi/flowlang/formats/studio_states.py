"""States of Twilio Studio flows, and what the events of each type of widget mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ahadi.flowlang.formats.texts import liquid_variables, variable
from ahadi.flowlang.model import Gain, Kind, Owner


@dataclass(frozen=True, slots=True)
class Event:
    """A transition: its event, the state it leads to, and the conditions it hangs on."""

    name: str
    next: str | None
    conditions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """A widget of a flow."""

    name: str
    type: str
    events: tuple[Event, ...]
    properties: Mapping[str, Any]

    def event(self, name: str) -> Event | None:
        """The first transition of an event."""
        return next((each for each in self.events if each.name == name), None)

    def text(self, *keys: str) -> str:
        """The first of these properties that is a text or number with something in it."""
        for key in keys:
            value = self.properties.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value)
        return ""

    def number(self, key: str) -> int:
        """A property that is a whole number; 0 without one."""
        text = self.text(key).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0

    def reads(self) -> set[str]:
        """The variables that a split looks at."""
        texts = [self.text("input")]
        for event in self.events:
            for condition in event.conditions:
                arguments = condition.get("arguments")
                texts += [each for each in arguments if isinstance(each, str)] if isinstance(arguments, list) else []
        return {name for text in texts for name in liquid_variables(text)}


def state_of(given: Mapping[str, Any]) -> State | None:
    """A state; None where it has no name or type."""
    name, kind, properties = given.get("name"), given.get("type"), given.get("properties")
    if not isinstance(name, str) or not name or not isinstance(kind, str) or not kind:
        return None
    return State(
        name, kind, tuple(_events(given.get("transitions"))), properties if isinstance(properties, dict) else {}
    )


def _events(listed: object) -> Iterator[Event]:
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(name := each.get("event"), str) and name:
            to, conditions = each.get("next"), each.get("conditions")
            kept = tuple(one for one in conditions if isinstance(one, dict)) if isinstance(conditions, list) else ()
            yield Event(name, to if isinstance(to, str) and to else None, kept)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event of a widget means. `fills`: what the widget found has a value afterwards."""

    outcome: str = ""
    owner: Owner = "world"
    gain: Gain = ""
    mistake: bool = False
    fills: bool = False


_DONE: Final = Meaning(fills=True)
_FAILS: Final = Meaning()
_LEFT: Final = Meaning(owner="customer", gain="left")
_GIVEN: Final = Meaning(owner="customer", fills=True)
_SILENT: Final = Meaning("silence", "customer", mistake=True)

# For each type of widget: the kind of node, and its events; those of `OPTIONAL` need not be there.
WIDGETS: Final[Mapping[str, tuple[Kind, Mapping[str, Meaning]]]] = {
    "say-play": ("say", {"audioComplete": _DONE}),
    "send-message": ("say", {"sent": _DONE, "failed": _FAILS}),
    "set-variables": ("remember", {"next": _DONE}),
    "run-function": ("look-up", {"success": Meaning("found", fills=True), "fail": Meaning("failed")}),
    "make-http-request": ("look-up", {"success": Meaning("found", fills=True), "failed": _FAILS}),
    "call-recording": ("say", {"success": _DONE, "failed": _FAILS}),
    "record-call": ("say", {"success": _DONE, "failed": _FAILS}),
    "fork-stream": ("say", {"next": _DONE}),
    "gather-input-on-call": ("ask", {"keypress": _GIVEN, "speech": _GIVEN, "timeout": _SILENT}),
    "send-and-wait-for-reply": ("ask", {"incomingMessage": _GIVEN, "timeout": _SILENT, "deliveryFailure": _FAILS}),
    "send-to-flex": (
        "queue",
        {"callComplete": Meaning(owner="time", gain="person"), "failedToEnqueue": _FAILS, "callFailure": _FAILS},
    ),
    "enqueue-call": (
        "queue",
        {"callComplete": Meaning(owner="time", gain="person"), "failedToEnqueue": _FAILS, "callFailure": _FAILS},
    ),
    "connect-call-to": ("transfer", {"callCompleted": _DONE, "hangup": _LEFT}),
    "record-voicemail": ("voicemail", {"recordingComplete": _GIVEN, "noAudio": _SILENT, "hangup": _LEFT}),
    "run-subflow": ("say", {"completed": _DONE, "failed": _FAILS}),
    "make-outgoing-call": ("say", {"answered": _DONE, "busy": _LEFT, "noAnswer": _LEFT, "failed": _LEFT}),
    "make-outgoing-call-v2": ("say", {"answered": _DONE, "busy": _LEFT, "noAnswer": _LEFT, "failed": _LEFT}),
    "capture-payments": (
        "ask",
        {"success": _GIVEN, "maxFailedAttempts": Meaning(owner="customer", mistake=True), "providerError": _FAILS,
         "payInterrupted": Meaning(owner="customer", mistake=True), "hangup": _LEFT, "validationError": _FAILS},
    ),
    "add-twiml-redirect": ("say", {"return": _DONE, "timeout": _FAILS, "fail": _FAILS}),
    "send-to-auto-pilot": ("say", {"sessionEnded": _DONE, "failure": _FAILS, "timeout": _FAILS}),
    "connect-virtual-agent": ("say", {"return": _DONE, "hangup": _LEFT}),
    "connect-virtual-agent-v2": ("say", {"return": _DONE, "hangup": _LEFT}),
}  # fmt: skip
OPTIONAL: Final = frozenset({"hangup", "validationError", "payInterrupted"})
# Widgets that leave the flow for something that the file does not hold.
OUTSIDE: Final[Mapping[str, str]] = {
    "add-twiml-redirect": "what happens at the address it goes to is not in the file",
    "send-to-auto-pilot": "what the assistant says and asks is not in the file",
    "connect-virtual-agent": "what the virtual agent says and asks is not in the file",
    "connect-virtual-agent-v2": "what the virtual agent says and asks is not in the file",
}
ANSWERED: Final = frozenset({"completed", "answered"})
UNANSWERED: Final = frozenset({"busy", "no-answer", "failed"})
TYPED: Final = (".Digits", ".SpeechResult", ".inbound.Body", "trigger.message.Body", "trigger.conversation.Body")


def widget_variable(name: str) -> str:
    """The beginning of the variables of a widget."""
    return f"widgets.{variable(name.replace('.', '_'))}."
