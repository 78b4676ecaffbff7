"""Amazon Connect flows: the flow language (version 2019-10-30), bare or wrapped, and the older export of modules."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import Read, read_of, refused, text_of
from ahadi.flowlang.formats.connect_blocks import Block, block_of, block_of_module
from ahadi.flowlang.formats.connect_nodes import Importing
from ahadi.flowlang.formats.making import Line, lines_of, readable
from ahadi.flowlang.formats.queues import by_queue
from ahadi.flowlang.model import Flow, Node
from ahadi.flowlang.reading import load_json

# Flows that run beside a person or a wait: their end is not the contact's.
BESIDE: Final = frozenset(
    {"customerqueue", "customerhold", "customerwhisper", "agenthold", "agentwhisper", "outboundwhisper"}
)
_WAITS: Final = frozenset({"MessageParticipantIteratively", "DequeueContactAndTransferToQueue"})


def read_connect(file: str, data: bytes) -> Read:
    """The flow of a file. Raises `FlowRefused`."""
    text = text_of(file, data)
    given = load_json(text, file)
    wrapper: Mapping[str, Any] = given if isinstance(given, dict) else {}
    inner: object = wrapper
    if isinstance(content := wrapper.get("Content"), str):
        inner = load_json(content, file)
    elif isinstance(content, dict):
        inner = content
    elif isinstance(nested := wrapper.get("ContactFlow"), dict) and isinstance(nested.get("Content"), str):
        wrapper, inner = nested, load_json(nested["Content"], file)
    if not isinstance(inner, dict):
        raise refused(file, "the flow in `Content` must be one JSON object.")
    modern = "Actions" in inner
    blocks = list(_modern(inner, file) if modern else _older(inner, file))
    start = inner.get("StartAction" if modern else "start")
    known = {block.identifier for block in blocks}
    if len(known) < len(blocks):
        twice = Counter(block.identifier for block in blocks).most_common(1)[0][0]
        raise refused(file, f"two blocks have the identifier `{one_line(twice, 60)}`; each needs its own.")
    if not isinstance(start, str) or start not in known:
        where = "StartAction" if modern else "start"
        raise refused(file, f"`{where}` names no block of the file, so it cannot be seen where the flow begins.")
    line = lines_of(text, "Identifier" if modern else "id")
    return read_of((_flow(file, wrapper, inner, blocks, start, line),))


def _modern(inner: Mapping[str, Any], file: str) -> Iterator[Block]:
    metadata = inner.get("Metadata")
    shown = metadata.get("ActionMetadata") if isinstance(metadata, dict) else None
    for action in _listed(inner.get("Actions"), file, "Actions"):
        identifier = action.get("Identifier")
        names = shown.get(identifier) if isinstance(shown, dict) and isinstance(identifier, str) else None
        made = block_of(action, names if isinstance(names, dict) else {})
        if made is None:
            raise refused(file, "an action has no `Identifier` or no `Type`.")
        yield made


def _older(inner: Mapping[str, Any], file: str) -> Iterator[Block]:
    for module in _listed(inner.get("modules"), file, "modules"):
        made = block_of_module(module)
        if made is None:
            raise refused(file, "a module has no `id` or no `type`.")
        yield made


def _listed(value: object, file: str, key: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise refused(file, f"`{key}` must be a list of blocks, with one at least.")
    return value


def _flow(file: str, wrapper: Mapping[str, Any], inner: Mapping[str, Any], blocks: list[Block], start: str,
          line: Line) -> Flow:  # fmt: skip
    metadata = inner.get("Metadata") or inner.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    base = file.rsplit("/", 1)[-1].split(".", 1)[0]
    name = next((each for each in (wrapper.get("Name"), metadata.get("name")) if isinstance(each, str) and each), base)
    kind = _kind(wrapper, inner, metadata, blocks)
    work = Importing(blocks, line, beside=kind in BESIDE, customer=not kind.startswith("agent"), start=start)
    for block in blocks:
        work.making.known[block.identifier] = work.making.names.once(readable(block.identifier, block.written))
    for block in blocks:
        work.make(block)
    nodes: Mapping[str, Node] = by_queue(work.making.nodes, work.making.known[start], work.queues)
    aliases = [wrapper.get(key) for key in ("Arn", "Id")] + [metadata.get("id")]
    return Flow(
        name=one_line(name, 100),
        start=work.making.known[start],
        nodes=work.told_while_waiting(nodes),
        title=one_line(name, 100),
        file=file,
        language=work.language,
        origin="connect",
        given=tuple(sorted(work.given())),
        aliases=tuple(each for each in aliases if isinstance(each, str) and each),
        while_waiting=kind in BESIDE,
        remarks=tuple(work.making.remarks),
    )


def _kind(
    wrapper: Mapping[str, Any], inner: Mapping[str, Any], metadata: Mapping[str, Any], blocks: list[Block]
) -> str:
    """The kind of flow, as the file says, or as only that kind may hold what it holds."""
    for written in (wrapper.get("Type"), inner.get("type"), metadata.get("type")):
        if isinstance(written, str) and written:
            return re.sub(r"[^a-z]", "", written.lower())
    return "customerqueue" if any(block.type in _WAITS for block in blocks) else "contactflow"
