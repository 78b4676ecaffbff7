"""What an Amazon Connect flow says about its variables, queues, voices and other flows, looked up in all its blocks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import scalar
from ahadi.flowlang.formats.connect_blocks import Block
from ahadi.flowlang.formats.texts import connect_paths, is_computed, language_of, placeholder, variable
from ahadi.flowlang.model import Owner

# Who fills a part of the variables, when they go on.
_FILLS: Final[Mapping[str, tuple[str, ...]]] = {
    "InvokeLambdaFunction": ("External",), "ConnectParticipantWithLexBot": ("Lex",), "GetMetricData": ("Metrics",),
    "GetParticipantInput": ("StoredCustomerInput",), "GetCustomerProfile": ("Customer",), "GetCase": ("Case",),
    "Loop": ("Loop",), "CheckMetricData": ("Metrics",),
}  # fmt: skip
_FILLED: Final = frozenset(part for parts in _FILLS.values() for part in parts) | {"Attributes", "FlowAttributes"}
MOST_FILLED: Final = 1_000
_LOOKED_UP: Final = ("$.External.", "$.Customer.", "$.Case.")
_TYPED: Final = ("$.StoredCustomerInput", "$.Lex.")


class Uses:
    """The blocks of one flow, asked."""

    def __init__(self, blocks: list[Block], start: str) -> None:
        self._blocks = {block.identifier: block for block in blocks}
        self._used = sorted({name for block in blocks for text in _texts(block) for name in connect_paths(text)})
        self._parts: dict[str, list[str]] = {}
        for name in self._used:
            self._parts.setdefault(name.split(".", 1)[0], []).append(name)
        self._every = tuple(self._used[:MOST_FILLED])
        self._assigned = dict(_assigned(blocks, "UpdateContactAttributes", "Attributes"))
        self._flow = dict(_assigned(blocks, "UpdateFlowAttributes", "FlowAttributes"))
        self._languages = _languages(self._blocks, start)
        voices = (_voice(block) for block in blocks)
        self.language = next((voice for voice in voices if voice), "en")

    def language_at(self, identifier: str) -> str:
        """The language of the voice that speaks at a block."""
        return self._languages.get(identifier) or self.language

    # Variables --------------------------------------------------------------------------------------------------

    def everything(self) -> tuple[str, ...]:
        """Every variable that words name, which what cannot be seen may fill."""
        return self._every

    def system(self) -> set[str]:
        """The variables in words that have a value from the beginning: the number called, the channel …"""
        return {name for name in self._used if name.split(".", 1)[0] not in _FILLED}

    def sets(self, block: Block) -> tuple[str, ...]:
        """The variables that have a value once a block has gone on."""
        filled = [name for part in _FILLS.get(block.type, ()) for name in self._parts.get(part, ())]
        for key, what in (("Attributes", "UpdateContactAttributes"), ("FlowAttributes", "UpdateFlowAttributes")):
            if block.type == what:
                filled += [f"{key}.{variable(name)}" for name in _dict(block.params.get(key))]
        return tuple(filled)

    def owner(self, subject: str) -> Owner:
        """Who decides what a comparison comes to: the customer, where it is about what they typed or said."""
        values = self._assigned.get(subject, {subject})
        return "customer" if all(value.startswith(_TYPED) for value in values) else "world"

    def is_looked_up(self, subject: str) -> bool:
        """Whether what is compared was found by a look-up, and is not a key or claim of the customer."""
        values = self._assigned.get(subject, {subject})
        return bool(values) and all(value.startswith(_LOOKED_UP) for value in values)

    # Queues and flows -------------------------------------------------------------------------------------------

    def _constant(self, value: str) -> str:
        """The value, where it is a flow attribute that is given one value only, and by this flow."""
        values = self._flow.get(value, set())
        return next(iter(values)) if len(values) == 1 else value

    def _name(self, block: Block, key: str, value: str) -> tuple[str, bool]:
        """How what a parameter points to is called, and whether that is computed at run time."""
        value = self._constant(value)
        if is_computed(value):
            return value, True
        return block.shown.get(key) or one_line(placeholder(value).rsplit("/", 1)[-1], 100), False

    def queue(self, block: Block) -> str:
        """The queue that a block chooses."""
        agent = block.text("AgentId")
        named, _ = self._name(block, "QueueId", block.text("QueueId"))
        return f"the queue of {self._name(block, 'AgentId', agent)[0]}" if agent else named

    def flow(self, block: Block) -> tuple[str, bool]:
        """The flow that a block goes to or calls, and whether that is computed at run time."""
        key = "FlowModuleId" if block.type == "InvokeFlowModule" else "ContactFlowId"
        value = block.text(key)
        return self._name(block, key, value) if value else ("not written", True)

    def waiting_flows(self, block: Block) -> Iterator[tuple[str, bool]]:
        """The flow that a customer in a queue hears from this block on, and whether it is computed at run time."""
        hook = _dict(block.params.get("EventHooks")).get("CustomerQueue")
        if isinstance(hook, str) and hook:
            yield self._name(block, "EventHooks.CustomerQueue", hook)

    def news(self) -> tuple[str, ...]:
        """What a customer who hears this flow while waiting is told or offered."""
        names = " ".join(self._used).lower()
        told = [what for what, signs in (("position", ("position",)), ("estimate", ("metrics", "wait", "estimate")))
                if any(sign in names for sign in signs)]  # fmt: skip
        types = {block.type for block in self._blocks.values()}
        if "CreateCallbackContact" in types:
            told.append("callback")
        if types & {"GetParticipantInput", "ConnectParticipantWithLexBot"}:
            told.append("a choice")
        return tuple(told)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(block: Block) -> Iterator[str]:
    messages = block.params.get("Messages")
    for each in (block.params, *(messages if isinstance(messages, list) else ())):
        for key in ("Text", "SSML"):
            if isinstance(text := _dict(each).get(key), str):
                yield text


def _assigned(blocks: list[Block], what: str, key: str) -> Iterator[tuple[str, set[str]]]:
    """Every path that blocks of a type assign, with all the values it is given."""
    found: dict[str, set[str]] = {}
    for block in blocks:
        if block.type == what:
            for name, value in _dict(block.params.get(key)).items():
                given = _dict(value).get("Value") if isinstance(value, dict) else value
                found.setdefault(f"$.{key}.{name}", set()).add(scalar(given))
    yield from found.items()


def _voice(block: Block) -> str:
    if block.type == "UpdateContactTextToSpeechVoice":
        return language_of(block.text("TextToSpeechVoice"))
    return language_of(block.text("LanguageCode")) if block.type == "UpdateContactData" else ""


def _languages(blocks: Mapping[str, Block], start: str) -> dict[str, str]:
    """The language spoken at each block, on the nearest way to it."""
    found = {start: ""}
    queue = [start]
    for identifier in queue:
        block = blocks[identifier]
        spoken = _voice(block) or found[identifier]
        for way in block.ways:
            if way.to in blocks and way.to not in found:
                found[way.to] = spoken
                queue.append(way.to)
    return found
