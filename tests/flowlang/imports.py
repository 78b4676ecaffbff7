"""Small files in the shape of other formats, for tests: written here, block by block."""

import json
from datetime import date
from typing import Any

from ahadi.flowlang import Book, Finding, Report, check
from ahadi.flowlang.formats import Read, read_together
from ahadi.flowlang.model import Edge, Flow, Node
from ahadi.flowlang.settings import Settings

TODAY = date(2026, 11, 22)
QUEUES = "arn:aws:connect:eu-west-2:1:instance/i/queue/"
FLOWS = "arn:aws:connect:eu-west-2:1:instance/i/contact-flow/"

Json = dict[str, Any]


def block(
    name: str, kind: str, to: str = "", errors: dict[str, str] | None = None, when: dict[str, str] | None = None,
    /, **parameters: Any
) -> Json:  # fmt: skip
    """An action of the flow language of Amazon Connect."""
    ways: Json = {"NextAction": to} if to else {}
    ways["Errors"] = [{"ErrorType": kind, "NextAction": end} for kind, end in (errors or {}).items()]
    ways["Conditions"] = [
        {"Condition": {"Operator": "Equals", "Operands": [value]}, "NextAction": end}
        for value, end in (when or {}).items()
    ]
    return {"Identifier": name, "Type": kind, "Parameters": parameters, "Transitions": ways}


def fails(to: str) -> dict[str, str]:
    return {"NoMatchingError": to}


def connect(*blocks: Json, name: str = "", kind: str = "") -> bytes:
    """A flow of Amazon Connect, which begins at its first block; wrapped where it has a name or kind."""
    flow = {"Version": "2019-10-30", "StartAction": blocks[0]["Identifier"], "Metadata": {}, "Actions": list(blocks)}
    if name or kind:
        return json.dumps({"Name": name, "Type": kind or "CONTACT_FLOW", "Content": json.dumps(flow)}).encode()
    return json.dumps(flow, indent=1).encode()


def module(
    name: str, kind: str, branches: dict[str, str], target: str = "", parameters: list[Json] | None = None
) -> Json:
    """A module of the older export; a branch `=1` is taken at the value 1."""
    listed = [
        {"condition": "Evaluate", "conditionType": "Equals", "conditionValue": each[1:], "transition": to}
        if each.startswith("=") else {"condition": each, "transition": to}
        for each, to in branches.items()
    ]  # fmt: skip
    made: Json = {"id": name, "type": kind, "branches": listed, "parameters": parameters or [], "metadata": {}}
    return made | ({"target": target} if target else {})


def older(*modules: Json, name: str = "older", kind: str = "contactFlow") -> bytes:
    flow = {
        "modules": list(modules),
        "version": "1",
        "type": kind,
        "start": modules[0]["id"],
        "metadata": {"name": name},
    }
    return json.dumps(flow).encode()


def parameter(name: str, value: str, **more: Any) -> Json:
    return {"name": name, "value": value, **more}


# Blocks that many tests use

END = block("end", "DisconnectParticipant")
SORRY = block("sorry", "MessageParticipant", "end", fails("end"), Text="Something went wrong.")
FULL = {"QueueAtCapacity": "sorry", "NoMatchingError": "sorry"}
JOIN = block("join", "TransferContactToQueue", "end", FULL)
MENU_ERRORS = {"InputTimeLimitExceeded": "sorry", "NoMatchingCondition": "sorry", "NoMatchingError": "sorry"}


def set_queue(name: str, queue: str, to: str = "join") -> Json:
    return block(name, "UpdateContactTargetQueue", to, fails("sorry"), QueueId=QUEUES + queue)


def hold(name: str, text: str, to: str = "", **parameters: object) -> Json:
    when = {"MessagesInterrupted": to} if to else None
    return block(name, "MessageParticipantIteratively", "", fails("end"), when, Messages=[{"Text": text}], **parameters)


# What came of it --------------------------------------------------------------------------------------------------


def flows_of(*files: tuple[str, bytes]) -> tuple[tuple[Flow, ...], dict[str, Read]]:
    flows, reads = read_together(files)
    assert not [str(each) for read in reads.values() for each in read.problems]
    return flows, dict(reads)


def flow_of(data: bytes) -> Flow:
    (flow,), _ = flows_of(("f.json", data))
    return flow


def node_of(data: bytes, name: str) -> Node:
    return flow_of(data).nodes[name]


def edge_of(data: bytes, node: str, outcome: str) -> Edge:
    found = node_of(data, node).edge(outcome)
    assert found is not None, [each.outcome for each in node_of(data, node).edges]
    return found


def report_of(*files: bytes, settings: Settings | None = None) -> Report:
    flows, _ = flows_of(*((f"f{number}.json", data) for number, data in enumerate(files)))
    return check(Book(flows), TODAY, settings or Settings())


def found(report: Report, code: str) -> dict[str, Finding]:
    return {each.node: each for each in report.findings if each.code == code}


def codes(report: Report) -> set[tuple[str, str]]:
    return {(each.code, each.node) for each in report.findings}


# Twilio Studio ----------------------------------------------------------------------------------------------------


def state(
    name: str, kind: str, events: dict[str, str], matches: dict[str, str] | None = None, /, **properties: Any
) -> Json:
    """A widget of Twilio Studio; an event to nothing has no `next`. `reads` is what a split looks at."""
    listed: list[Json] = [{"event": event, "next": to} if to else {"event": event} for event, to in events.items()]
    reads = properties.pop("reads", "")
    for value, to in (matches or {}).items():
        condition = {"friendly_name": value, "arguments": [reads], "type": "equal_to", "value": value}
        listed.append({"event": "match", "next": to, "conditions": [condition]})
    return {
        "name": name,
        "type": kind,
        "transitions": listed,
        "properties": ({"input": reads} if reads else {}) | properties,
    }


def studio(*states: Json, begins: str = "incomingCall", **wrapper: Any) -> bytes:
    """A flow of Twilio Studio, whose trigger leads to its first state."""
    trigger = state("Trigger", "trigger", {"incomingMessage": "", "incomingRequest": "", begins: states[0]["name"]})
    flow = {"description": "test", "states": [trigger, *states], "initial_state": "Trigger", "flags": {}}
    return json.dumps({**wrapper, "definition": flow} if wrapper else flow, indent=1).encode()
