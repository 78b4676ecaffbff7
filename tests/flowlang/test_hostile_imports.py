"""Whatever a file holds, reading it gives flows or one sentence: never a trace, and never a hang."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.flowlang import Book, Finding, Input, Position, begin, check, step
from ahadi.flowlang.formats import read_any, read_together
from tests.flowlang.imports import TODAY, block, connect, module, older, state, studio

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6) | NAMES
KEYS = st.sampled_from([
    "Identifier", "Type", "Transitions", "Parameters", "NextAction", "Conditions", "Errors", "Condition", "Operands",
    "ErrorType", "name", "type", "transitions", "properties", "event", "next", "conditions", "arguments", "value",
    "modules", "branches", "parameters", "transition", "Text", "LoopCount", "ComparisonValue", "input", "say", "key",
    "EventHooks", "Messages", "variables",
])  # fmt: skip
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
                    max_leaves=12)  # fmt: skip
ACTIONS = st.sampled_from([
    "MessageParticipant", "GetParticipantInput", "ConnectParticipantWithLexBot", "Compare", "Loop", "Wait",
    "CheckHoursOfOperation", "InvokeLambdaFunction", "TransferContactToQueue", "CreateCallbackContact",
    "TransferToFlow",
    "InvokeFlowModule", "TransferParticipantToThirdParty", "MessageParticipantIteratively", "DisconnectParticipant",
    "EndFlowExecution", "EndFlowModuleExecution", "UpdateContactTargetQueue", "UpdateContactEventHooks",
    "UpdateContactAttributes", "UpdateFlowAttributes", "CheckMetricData", "Whatever",
])  # fmt: skip
WIDGETS = st.sampled_from([
    "split-based-on", "gather-input-on-call", "send-and-wait-for-reply", "send-to-flex", "connect-call-to", "say-play",
    "record-voicemail", "run-subflow", "run-function", "set-variables", "trigger", "add-twiml-redirect", "whatever",
])  # fmt: skip
EVENTS = st.sampled_from(["match", "noMatch", "keypress", "speech", "timeout", "callCompleted", "hangup", "success",
                          "incomingMessage", "incomingCall", "incomingParent", "completed", "x"])  # fmt: skip
READS = st.sampled_from(["{{widgets.a.Digits}}", "{{widgets.b.DialCallStatus}}", "{{flow.variables.x}}", "{{", ""])


ERRORS = st.sampled_from(["NoMatchingError", "NoMatchingCondition", "QueueAtCapacity", "InputTimeLimitExceeded", "Odd"])
VALUES = st.sampled_from(["1", "True", "ContinueLooping", "MessagesInterrupted", "wrong"])
PARAMETERS = st.sampled_from([
    "Text", "QueueId", "LoopCount", "ComparisonValue", "StoreInput", "Attributes", "FlowAttributes", "EventHooks",
    "Messages", "ContactFlowId", "FlowModuleId",
])  # fmt: skip
PROPERTIES = st.sampled_from(["say", "body", "workflow", "waitUrl", "flow_sid", "variables", "timeout", "loop", "to"])
some = settings(deadline=None, max_examples=60)


@st.composite
def actions(draw: st.DrawFn) -> bytes:
    """Flows of Amazon Connect whose blocks lead anywhere, with parameters of any shape."""
    made = []
    for name in "abcd":
        errors, values = draw(st.dictionaries(ERRORS, NAMES)), draw(st.dictionaries(VALUES, NAMES))
        each = block(name, draw(ACTIONS), draw(NAMES | st.just("")), errors, values)
        each["Parameters"] = draw(st.dictionaries(PARAMETERS, JSON, max_size=4))
        made.append(each)
    return connect(*made, name="a", kind=draw(st.sampled_from(["CONTACT_FLOW", "CUSTOMER_QUEUE", "AGENT_HOLD"])))


@st.composite
def widgets(draw: st.DrawFn) -> bytes:
    """Flows of Twilio Studio whose widgets lead anywhere, with properties of any shape."""
    made = []
    for name in "abcd":
        events = draw(st.dictionaries(EVENTS, NAMES | st.just(""), max_size=4))
        matches = draw(st.dictionaries(st.sampled_from(["1", "completed", "busy", "0"]), NAMES, max_size=3))
        each = state(name, draw(WIDGETS), events, matches, reads=draw(READS))
        each["properties"] |= draw(st.dictionaries(PROPERTIES, JSON, max_size=4))
        made.append(each)
    return studio(*made, begins=draw(EVENTS))


@some
@given(actions() | widgets())
def test_any_flow_of_known_blocks_is_read_and_checked(data: bytes) -> None:
    flows, reads = read_together([("a.json", data)])
    assert not reads["a.json"].problems
    for flow in flows:
        assert all(edge.target in flow.nodes or edge.target in ("", "(endless)", "(unknown)")
                   for node in flow.nodes.values() for edge in node.edges)  # fmt: skip
    book = Book(flows)
    for finding in check(book, TODAY).findings:
        assert finding.message
        if finding.code == "AHD001":
            assert replayed(book, finding).ended_badly


def replayed(book: Book, finding: Finding) -> Position:
    """Where a contact is that lives through a story in the runtime."""
    steps = finding.story.steps()
    flow, node = (steps[0].flow, steps[0].node) if steps else (finding.flow, finding.node)
    begun = book.find(flow)
    assert begun is not None
    position, _ = begin(book, flow, dict.fromkeys(begun.given, "x"), node)
    for each in steps:
        for _ in range(each.times):
            assert (position.flow, position.node) == (each.flow, each.node)
            position, _ = step(book, position, Input(each.outcome, "x"))
    return position


@some
@given(JSON, st.sampled_from(["Actions", "states", "modules"]), JSON)
def test_any_json_gives_flows_or_sentences(inner: Any, key: str, start: Any) -> None:
    given_ = {key: inner, "StartAction": start, "start": start, "initial_state": start}
    read = read_any("f.json", json.dumps(given_).encode())
    assert bool(read.flows) != bool(read.problems)


@pytest.mark.parametrize(
    "head", ['{"StartAction": "a", "Actions": ', '{"initial_state": "a", "states": ', '{"start": "a", "modules": ']
)
@pytest.mark.parametrize("depth", [500, 950, 100_000])
def test_deep_nesting_gives_a_sentence(head: str, depth: int) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        read = read_any("f.json", f"{head}{opened * depth}1{closed * depth}}}".encode())
        assert not read.flows
        assert len(read.problems) == 1


@pytest.mark.parametrize("depth", range(900, 1000, 9))
def test_values_nested_as_deeply_as_json_may_be_are_no_trace(depth: int) -> None:
    value = "[" * depth + "]" * depth
    action = '{"Identifier": "a", "Type": "UpdateContactAttributes", "Parameters": {"Attributes": {"k": VALUE}}}'
    widget = '{"name": "a", "type": "set-variables", "properties": {"variables": [{"key": "k", "value": VALUE}]}}'
    actions, states = (f"[{each.replace('VALUE', value)}]" for each in (action, widget))
    for text in (f'{{"StartAction": "a", "Actions": {actions}}}', f'{{"initial_state": "a", "states": {states}}}'):
        read = read_any("f.json", text.encode())
        assert bool(read.flows) != bool(read.problems)


def test_ten_megabytes_give_a_sentence() -> None:
    read = read_any("f.json", b'{"StartAction": "a", "Actions": [' + b" " * 10_000_000)
    assert "longer than" in str(read.problems[0])


def test_thousands_of_queues_before_one_transfer_do_not_multiply_the_flow() -> None:
    size = 2_000
    chain = [block(f"n{at}", "UpdateContactTargetQueue", f"say{at % 50}", {"NoMatchingError": f"n{(at * 7) % size}"},
                   QueueId=f"queue/{at}") for at in range(size)]  # fmt: skip
    says = [block(f"say{at}", "MessageParticipant", f"say{at + 1}" if at < 49 else "join") for at in range(50)]
    data = connect(*chain, *says, block("join", "TransferContactToQueue", "n0"))
    (flow,) = read_any("f.json", data).flows
    assert len(flow.nodes) < 5 * size


def test_a_key_written_twice_among_very_many_gives_a_sentence() -> None:
    pairs = ",".join(f'"{number}":1' for number in range(200_000))
    read = read_any("f.json", f'{{"StartAction": "a", "Actions": {{{pairs},"7":1}}}}'.encode())
    assert "`7` is written twice" in str(read.problems[0])


def test_modules_that_lead_to_each_other_for_ever_are_read() -> None:
    data = older(module("a", "PlayPrompt", {"Success": "b"}), module("b", "PlayPrompt", {"Success": "a"}))
    assert read_any("f.json", data).flows
