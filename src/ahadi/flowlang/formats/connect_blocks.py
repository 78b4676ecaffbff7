"""Blocks of Amazon Connect flows, as the flow language (2019-10-30) and as the older export of modules write them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ahadi.flowlang.formats.base import scalar

ANY_ERROR: Final = "NoMatchingError"
NO_MATCH: Final = "NoMatchingCondition"
TIME_OUT: Final = "InputTimeLimitExceeded"
AT_CAPACITY: Final = "QueueAtCapacity"


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a block: the next action, a condition with its operator and values, or an error by its type."""

    what: Literal["next", "if", "error"]
    name: str
    to: str
    operator: str = ""


@dataclass(slots=True)
class Block:
    """A block: its type in the flow language, what is written in the file, parameters, ways out, names to be shown."""

    identifier: str
    type: str
    written: str
    params: Mapping[str, Any]
    ways: list[Way]
    shown: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # ways that an older export should have and has not

    @property
    def next(self) -> str | None:
        """The identifier of the next action."""
        return next((way.to for way in self.ways if way.what == "next"), None)

    def conditions(self) -> Iterator[Way]:
        """The ways that hang on a value."""
        return (way for way in self.ways if way.what == "if")

    def errors(self) -> Iterator[Way]:
        """The ways of errors."""
        return (way for way in self.ways if way.what == "error")

    def error(self, name: str) -> str | None:
        """Where an error leads."""
        return next((way.to for way in self.errors() if way.name == name), None)

    def when(self, value: str) -> str | None:
        """Where a value leads."""
        return next((way.to for way in self.conditions() if way.name == value), None)

    def text(self, *keys: str) -> str:
        """The first of these parameters that is a text with something in it."""
        for key in keys:
            value = self.params.get(key)
            if isinstance(value, str) and value.strip():
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return ""

    def number(self, *keys: str) -> int:
        """The first of these parameters that is a whole number; 0 without one."""
        text = self.text(*keys).strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def block_of(action: Mapping[str, Any], shown: Mapping[str, Any]) -> Block | None:
    """A block of the flow language; None where it has no identifier or type."""
    identifier, kind = action.get("Identifier"), action.get("Type")
    if not isinstance(identifier, str) or not identifier or not isinstance(kind, str) or not kind:
        return None
    ways = list(_ways(_dict(action.get("Transitions"))))
    return Block(identifier, kind, kind, _dict(action.get("Parameters")), ways, dict(_shown(_dict(shown))))


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _ways(transitions: Mapping[str, Any]) -> Iterator[Way]:
    if isinstance(to := transitions.get("NextAction"), str) and to:
        yield Way("next", "", to)
    for each in _list(transitions.get("Conditions")):
        condition = _dict(_dict(each).get("Condition"))
        if isinstance(to := _dict(each).get("NextAction"), str) and to:
            operands = [scalar(value) for value in _list(condition.get("Operands"))]
            yield Way("if", ", ".join(operands), to, scalar(condition.get("Operator")) or "Equals")
    for each in _list(transitions.get("Errors")):
        if isinstance(to := _dict(each).get("NextAction"), str) and to:
            yield Way("error", scalar(_dict(each).get("ErrorType")) or ANY_ERROR, to)


def _shown(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that the designer shows for what parameters point to."""
    for key, value in _dict(metadata.get("parameters")).items():
        if isinstance(name := _dict(value).get("displayName"), str) and name:
            yield key, name
        for inner, each in value.items() if isinstance(value, dict) else ():
            if isinstance(name := _dict(each).get("displayName"), str) and name:
                yield f"{key}.{inner}", name
    for key, name in (("queue", "QueueId"), ("ContactFlow", "ContactFlowId")):
        if isinstance(text := _dict(metadata.get(key)).get("text"), str) and text:
            yield name, text


# The older export -----------------------------------------------------------------------------------------------

_TYPES: Final[Mapping[str, str]] = {
    "PlayPrompt": "MessageParticipant", "GetUserInput": "GetParticipantInput", "StoreUserInput": "GetParticipantInput",
    "CheckAttribute": "Compare", "SetAttributes": "UpdateContactAttributes", "SetQueue": "UpdateContactTargetQueue",
    "LoopPrompts": "MessageParticipantIteratively", "InvokeExternalResource": "InvokeLambdaFunction",
    "CheckStaffing": "CheckMetricData", "CheckQueueStatus": "CheckMetricData", "GetQueueMetrics": "GetMetricData",
    "SetEventHook": "UpdateContactEventHooks", "SetLoggingBehavior": "UpdateFlowLoggingBehavior",
    "SetRecordingBehavior": "UpdateContactRecordingBehavior", "SetVoice": "UpdateContactTextToSpeechVoice",
    "SetCallBackNumber": "UpdateContactCallbackNumber", "SetCallbackNumber": "UpdateContactCallbackNumber",
    "ChangeRoutingPriority": "UpdateContactRoutingBehavior", "SetRoutingPriority": "UpdateContactRoutingBehavior",
    "SetHoldFlow": "UpdateContactEventHooks", "SetWhisperFlow": "UpdateContactEventHooks",
    "SetCustomerQueueFlow": "UpdateContactEventHooks", "SetDisconnectFlow": "UpdateContactEventHooks",
    "Disconnect": "DisconnectParticipant", "Resume": "EndFlowExecution", "CreateCallback": "CreateCallbackContact",
    "Distribute": "DistributeByPercentage", "StartMediaStreaming": "UpdateContactMediaStreamingBehavior",
    "StopMediaStreaming": "UpdateContactMediaStreamingBehavior", "InvokeModule": "InvokeFlowModule",
}  # fmt: skip
_TRANSFERS: Final = {
    "Queue": "TransferContactToQueue", "Flow": "TransferToFlow", "PhoneNumber": "TransferParticipantToThirdParty",
    "Agent": "TransferContactToAgent",
}  # fmt: skip
_ERRORS: Final = {
    "Error": ANY_ERROR, "NoMatch": NO_MATCH, "AtCapacity": AT_CAPACITY, "InvalidNumber": "InvalidCallbackNumber",
    "NotDialable": "CallbackNumberNotDialable", "CallFailure": "CallFailed", "CallFailed": "CallFailed",
    "ConnectionFailed": "CallFailed", "Timeout": TIME_OUT,
}  # fmt: skip
_CONDITIONS: Final = {
    "True": "True", "False": "False", "Looping": "ContinueLooping", "Complete": "DoneLooping",
}  # fmt: skip
# The branches that a module of the older export has; one that is not written is an outcome nobody spoke of.
_BRANCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "PlayPrompt": ("Success",), "GetUserInput": ("Timeout", "NoMatch", "Error"), "StoreUserInput": ("Success", "Error"),
    "CheckAttribute": ("NoMatch",), "SetAttributes": ("Success", "Error"), "SetQueue": ("Success", "Error"),
    "Loop": ("Looping", "Complete"), "LoopPrompts": ("Error",), "InvokeExternalResource": ("Success", "Error"),
    "CheckStaffing": ("True", "False", "Error"), "CheckHoursOfOperation": ("True", "False", "Error"),
    "CreateCallback": ("Success", "Error"), "SetEventHook": ("Success", "Error"),
}  # fmt: skip
_NAMESPACES: Final = {
    "User Defined": "Attributes.", "External": "External.", "Lex": "Lex.", "System": "", "Metrics": "Metrics.",
    "Loop": "Loop.", "Customer": "Customer.",
}  # fmt: skip
_SYSTEM: Final = {
    "Stored customer input": "StoredCustomerInput", "Customer Number": "CustomerEndpoint.Address",
    "Dialed Number": "SystemEndpoint.Address", "Queue name": "Queue.Name", "Channel": "Channel",
}  # fmt: skip


def block_of_module(module: Mapping[str, Any]) -> Block | None:
    """A block of the older export; None where it has no id or type."""
    identifier, written = module.get("id"), module.get("type")
    if not isinstance(identifier, str) or not identifier or not isinstance(written, str) or not written:
        return None
    target = scalar(module.get("target"))
    kind = _TYPES.get(written, written)
    if written == "Transfer":
        kind = _TRANSFERS.get(target, f"Transfer to {target}")
    if written == "GetUserInput" and target == "Lex":
        kind = "ConnectParticipantWithLexBot"
    branches = [_dict(each) for each in _list(module.get("branches"))]
    ways = [way for each in branches if (way := _way(written, each)) is not None]
    params, shown = _params(written, _list(module.get("parameters")))
    have = {scalar(each.get("condition")) for each in branches if each.get("transition")}
    missing = tuple(each for each in _BRANCHES.get(written, ()) if each not in have)
    return Block(identifier, kind, written, params, ways, shown | dict(_shown(_dict(module.get("metadata")))), missing)


def _way(written: str, branch: Mapping[str, Any]) -> Way | None:
    condition, to = branch.get("condition"), branch.get("transition")
    if not isinstance(to, str) or not to or not isinstance(condition, str):
        return None
    if condition == "Success":
        return Way("next", "", to)
    if condition == "Timeout" and written == "LoopPrompts":
        return Way("if", "MessagesInterrupted", to, "Equals")
    if condition in _CONDITIONS:
        return Way("if", _CONDITIONS[condition], to, "Equals")
    if condition == "Evaluate":
        return Way("if", scalar(branch.get("conditionValue")), to, scalar(branch.get("conditionType")) or "Equals")
    return Way("error", _ERRORS.get(condition, condition), to)


def _params(written: str, listed: list[Any]) -> tuple[dict[str, Any], dict[str, str]]:
    params: dict[str, Any] = {}
    shown: dict[str, str] = {}
    attributes: dict[str, str] = {}
    messages: list[dict[str, str]] = []
    for each in listed:
        name, value, space = _dict(each).get("name"), _dict(each).get("value"), scalar(_dict(each).get("namespace"))
        if not isinstance(name, str) or not isinstance(value, str | int):
            continue
        text = path(space, str(value)) if space else str(value)
        if name == "Attribute" and isinstance(key := _dict(each).get("key"), str):
            attributes[key] = text
        if name in ("Text", "AudioPrompt"):
            resource = scalar(_dict(each).get("resourceName"))
            messages.append({"Text": text} if name == "Text" else {"PromptId": resource or text})
        params.setdefault(_KEYS.get(name, name), text)
        if isinstance(called := _dict(each).get("resourceName"), str) and called:
            shown.setdefault(_KEYS.get(name, name), called)
    if written == "SetAttributes":
        params["Attributes"] = attributes
    if written == "CheckAttribute":
        params["ComparisonValue"] = path(str(params.get("Namespace", "")), str(params.get("Attribute", "")))
    if written == "StoreUserInput":
        params["StoreInput"] = "True"
    if written == "LoopPrompts":
        params["Messages"] = messages
    if written == "SetEventHook":
        hook = str(params.get("Type", ""))
        params["EventHooks"] = {hook: str(params.get("ContactFlowId", ""))}
        shown[f"EventHooks.{hook}"] = shown.get("ContactFlowId", "")
    return params, shown


_KEYS: Final = {
    "Queue": "QueueId", "AudioPrompt": "PromptId", "Timeout": "InputTimeLimitSeconds",
    "FunctionArn": "LambdaFunctionARN",
    "Voice": "TextToSpeechVoice", "GlobalVoice": "TextToSpeechVoice", "InterruptFrequency": "InterruptFrequencySeconds",
    "PhoneNumber": "ThirdPartyPhoneNumber",
}  # fmt: skip


def path(namespace: str, name: str) -> str:
    """The path of an attribute that the older export gives by its namespace and name."""
    known = _SYSTEM.get(name, name.replace(" ", "_")) if namespace == "System" else name
    return f"$.{_NAMESPACES.get(namespace, namespace.replace(' ', '_') + '.')}{known}"
