"""Twilio Studio flows come in: each type of widget, whose events are whose, and what the check then says."""

import pytest

from ahadi.flowlang import Settings
from ahadi.flowlang.formats import format_of, read_any
from ahadi.flowlang.model import BACK, ENDLESS, ENTITLED, STOP, UNKNOWN
from tests.flowlang.imports import (
    Json,
    codes,
    edge_of,
    flow_of,
    flows_of,
    found,
    node_of,
    report_of,
    state,
    studio,
)  # fmt: skip

QUEUE = state(
    "queue", "enqueue-call", {"callComplete": "", "failedToEnqueue": "", "callFailure": ""}, queue_name="Care"
)
MAIL = state("mail", "record-voicemail", {"recordingComplete": "", "noAudio": "", "hangup": ""})
BYE = state("bye", "say-play", {"audioComplete": ""}, say="Goodbye.", language="en-GB")


def gather(name: str, keypress: str, timeout: str = "", **properties: object) -> Json:
    return state(name, "gather-input-on-call", {"keypress": keypress, "speech": keypress, "timeout": timeout},
                 say="Press 1.", timeout=5, **properties)  # fmt: skip


def menu(keys: dict[str, str], other: str, timeout: str = "") -> tuple[Json, Json]:
    """A gathering and the split of its digits."""
    ask = state("ask", "gather-input-on-call", {"keypress": "keys", "timeout": timeout, "speech": "bye"},
                say="Press a key.", timeout=5)  # fmt: skip
    return ask, state("keys", "split-based-on", {"noMatch": other}, keys, reads="{{widgets.ask.Digits}}")


# Shapes of files -------------------------------------------------------------------------------------------------


def test_a_definition_is_known_by_what_it_holds_bare_or_in_an_answer_of_the_api() -> None:
    assert format_of("x", studio(BYE)) == "studio"
    wrapped = studio(BYE, sid="FW1", friendly_name="Main line")
    assert format_of("x", wrapped) == "studio"
    assert (flow_of(wrapped).name, flow_of(wrapped).aliases) == ("Main line", ("FW1",))
    assert flow_of(studio(BYE)).name == "f"


def test_a_widget_has_the_line_where_its_name_stands() -> None:
    text = studio(QUEUE, BYE).decode().splitlines()
    assert '"bye"' in text[node_of(studio(QUEUE, BYE), "bye").line - 1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"states": [], "initial_state": "a"}', "a list of widgets"),
        (b'{"states": [{"name": "a", "type": "trigger"}], "initial_state": "b"}', "names no state"),
        (b'{"states": [{"name": "a"}], "initial_state": "a"}', "no `name` or no `type`"),
        (b'{"states": [{"name": "a", "type": "x"}, {"name": "a", "type": "x"}], "initial_state": "a"}', "its own"),
        (b'{"definition": 7, "x": "states initial_state"}', "one JSON object"),
        (b'{"states": [}, "initial_state"', "cannot be read as JSON"),
    ],
)
def test_a_file_that_is_no_flow_is_refused_with_one_sentence(data: bytes, sentence: str) -> None:
    read = read_any("f.json", data)
    assert not read.flows
    assert [sentence in str(each) for each in read.problems] == [True]


# Types of widgets -------------------------------------------------------------------------------------------------


def test_a_flow_begins_at_what_its_trigger_is_wired_to() -> None:
    flow = flow_of(studio(BYE))
    assert [(each.outcome, each.target) for each in flow.nodes[flow.start].edges] == [("incomingCall", "bye")]
    assert not found(report_of(studio(QUEUE)), "AHD012")


def test_words_keep_their_language_their_variables_and_every_text_of_a_choice() -> None:
    text = "Hello {{ flow.variables.name | default: 'friend' }} of {{trigger.call.From}}. "
    text += "{% if x %}One{% else %}Two{% endif %} {{widgets.w.parsed.n}}"
    node = node_of(studio(state("say", "say-play", {"audioComplete": ""}, say=text, voice="Polly.Vicki")), "say")
    assert node.words.texts == (("de", "Hello friend of {trigger.call.From}. One Two {widgets.w.parsed.n}"),)
    assert set(node.words.uses) == {"trigger.call.From", "widgets.w.parsed.n"}


def test_an_event_without_next_ends_the_contact_and_is_not_handled() -> None:
    report = report_of(studio(BYE))
    assert {("AHD001", "bye"), ("AHD007", "bye")} <= codes(report)
    assert not found(report, "AHD002")


def test_a_gathering_and_the_split_of_its_digits_are_one_menu() -> None:
    data = studio(*menu({"1": "queue", "0": "queue"}, "bye", "ask"), QUEUE, BYE)
    node = node_of(data, "ask")
    assert node.kind == "menu"
    assert [(each.outcome, each.owner, each.target, each.mistake) for each in node.edges] == [
        ("1", "customer", "queue", False), ("0", "customer", "queue", False), ("wrong", "customer", "bye", True),
        ("silence", "customer", "ask", True), ("speech", "customer", "bye", False),
    ]  # fmt: skip
    assert "keys" not in flow_of(data).nodes
    assert node.edge("silence").seconds == 5  # type: ignore[union-attr]


def test_a_menu_whose_wrong_keys_end_the_contact_has_no_way_out_and_one_that_repeats_for_ever_goes_in_circles() -> None:
    report = report_of(studio(*menu({"1": "queue"}, "bye", "ask"), QUEUE, BYE))
    assert "a wrong key" in found(report, "AHD006")["ask"].message
    assert "ask" in found(report, "AHD005")


def test_a_split_that_something_else_leads_to_stays_and_belongs_to_the_customer() -> None:
    ask, keys = menu({"1": "queue"}, "bye", "keys")
    node = node_of(studio(ask, keys, QUEUE, BYE), "keys")
    assert {each.owner for each in node.edges} == {"customer"}


def test_a_reply_is_a_menu_of_words() -> None:
    events = {"incomingMessage": "keys", "timeout": "bye", "deliveryFailure": "bye"}
    ask = state("ask", "send-and-wait-for-reply", events, body="Sales or support?", timeout="3600")  # fmt: skip
    keys = state("keys", "split-based-on", {"noMatch": "ask"}, {"sales": "queue"}, reads="{{widgets.ask.inbound.Body}}")
    node = node_of(studio(ask, keys, QUEUE, BYE, begins="incomingMessage"), "ask")
    assert node.kind == "menu"
    assert [(each.outcome, each.owner) for each in node.edges] == [
        ("sales", "customer"), ("wrong", "customer"), ("silence", "customer"), ("deliveryFailure", "world"),
    ]  # fmt: skip


def test_a_question_that_is_not_split_fills_its_variable() -> None:
    ask = gather("ask", "say", "say")
    say = state("say", "say-play", {"audioComplete": ""}, say="You pressed {{widgets.ask.Digits}}.")
    assert edge_of(studio(ask, say), "ask", "keypress").sets == ("widgets.ask.Digits",)
    assert edge_of(studio(ask, say), "ask", "speech").sets == ()
    assert "say" in found(report_of(studio(ask, say)), "AHD009")


def test_variables_that_are_set_have_a_value() -> None:
    say = state("say", "say-play", {"audioComplete": ""}, say="Hello {{flow.variables.name}}.")
    remember = state("set", "set-variables", {"next": "say"}, variables=[{"key": "name", "value": "Amina"}])
    assert not found(report_of(studio(remember, say)), "AHD009")
    assert "say" in found(report_of(studio(say)), "AHD009")


@pytest.mark.parametrize(("kind", "fail"), [("run-function", "fail"), ("make-http-request", "failed")])
def test_a_look_up_that_fails_and_hangs_up_is_found_with_its_story(kind: str, fail: str) -> None:
    look = state("look", kind, {"success": "mail", fail: "bye"}, url="https://example.org/find?x=1")
    report = report_of(studio(look, MAIL, BYE))
    told = found(report, "AHD001")["bye"].story.sentences()
    assert told[1] == "`look`: the look-up fails."
    assert "Goodbye." in told[2]
    assert node_of(studio(look, MAIL, BYE), "look").about == "find"


def test_a_queue_that_accepts_a_call_has_answered_it_by_assumption() -> None:
    data = studio(QUEUE)
    assert edge_of(data, "queue", "callComplete").gain == "person"
    assert edge_of(data, "queue", "waits").target == ENDLESS
    assert "callComplete" not in found(report_of(data), "AHD007")["queue"].message
    calm = state("queue", "send-to-flex", {"callComplete": "", "failedToEnqueue": "mail", "callFailure": "mail"})
    quiet = {**MAIL, "transitions": [*MAIL["transitions"][:1], {"event": "noAudio", "next": "mail"}]}
    assert not found(report_of(studio(calm, quiet)), "AHD003")
    strict = Settings(off=frozenset({"queues-answer"}))
    assert found(report_of(studio(calm, quiet), settings=strict), "AHD003")


def test_waiting_is_without_news_unless_an_address_hides_what_is_told() -> None:
    assert "queue" in found(report_of(studio(QUEUE)), "AHD013")
    hidden = state(
        "queue", "send-to-flex", {"callComplete": ""}, waitUrl="https://${DOMAIN}/wait", workflow="${VIP_SID}"
    )
    report = report_of(studio(hidden))
    assert "queue" not in found(report, "AHD013")
    assert "https://DOMAIN/wait" in found(report, "AHD014")["queue"].message
    assert "queue" in found(report, "AHD011")


def test_who_a_function_knows_may_go_to_a_privileged_queue() -> None:
    look = state("look", "run-function", {"success": "tier", "fail": "queue"})
    tier = state("tier", "split-based-on", {"noMatch": "queue"}, {"gold": "vip"}, reads="{{widgets.look.parsed.tier}}")
    vip = state("vip", "enqueue-call", {"callComplete": ""}, queue_name="VIP")
    data = studio(look, tier, vip, QUEUE)
    assert edge_of(data, "tier", "gold").sets == (ENTITLED,)
    assert not found(report_of(data), "AHD011")


def test_a_voicemail_is_a_promise_by_assumption() -> None:
    data = studio(MAIL)
    assert edge_of(data, "mail", "recorded").gain == "promise"
    assert edge_of(data, "mail", "hangup").gain == "left"
    assert not found(report_of(data), "AHD003")
    assert found(report_of(data, settings=Settings(off=frozenset({"voicemail-becomes-a-case"}))), "AHD003")


def test_a_dial_tells_who_answered_only_to_a_split_that_looks_at_its_status() -> None:
    dial = state("dial", "connect-call-to", {"callCompleted": "after", "hangup": ""}, to="+44 20 7946 0000")
    after = state(
        "after", "split-based-on", {"noMatch": "mail"}, {"completed": "bye"}, reads="{{widgets.dial.DialCallStatus}}"
    )
    told = studio(dial, after, MAIL, BYE)
    assert edge_of(told, "after", "completed").gain == "person"
    assert not found(report_of(told), "AHD001").keys() & {"bye"}
    strict = report_of(told, settings=Settings(off=frozenset({"dial-status-tells"})))
    assert "bye" in found(strict, "AHD001")
    untold = studio({**dial, "transitions": [{"event": "callCompleted"}]})
    assert [(each.outcome, each.gain) for each in node_of(untold, "dial").edges] == [
        ("answered", "person"), ("callCompleted and nobody", ""),
    ]  # fmt: skip
    assert "dial" in found(report_of(untold), "AHD001")


def test_when_every_unanswered_status_is_named_the_rest_is_answered() -> None:
    dial = state("dial", "connect-call-to", {"callCompleted": "after"})
    rest = dict.fromkeys(("busy", "no-answer", "failed"), "mail")
    after = state("after", "split-based-on", {"noMatch": ""}, rest, reads="{{widgets.dial.DialCallStatus}}")
    assert edge_of(studio(dial, after, MAIL), "after", "noMatch").gain == "person"


def test_a_subflow_is_called_and_comes_back_where_it_is_given() -> None:
    main = studio(state("sub", "run-subflow", {"completed": "queue", "failed": "queue"}, flow_sid="FW2"), QUEUE)
    sub = studio(BYE, begins="incomingParent", sid="FW2", friendly_name="greeting")
    report = report_of(main, sub)
    assert not found(report, "AHD014")
    assert "bye" not in found(report, "AHD001")
    flows, _ = flows_of(("sub.json", sub))
    assert [node.about for node in flows[0].nodes.values() if node.kind == "end"] == [BACK]
    assert "the flow `FW2` was not given" in found(report_of(main), "AHD014")["sub"].message
    assert "queue" in found(report_of(main), "AHD001")


def test_a_flow_that_is_begun_by_contacts_and_called_too_is_looked_at_both_ways() -> None:
    parent = b'"event": "incomingParent", "next": "bye"'
    data = studio(BYE).replace(b'"event": "incomingRequest"', parent)
    assert parent in data
    flows, _ = flows_of(("line.json", data))
    assert [flow.name for flow in flows] == ["line", "line / begun by contacts"]
    assert [flow.nodes["bye"].edges[0].target for flow in flows] == ["back to the calling flow", STOP]


def test_a_call_that_reaches_nobody_has_no_customer_to_be_cut_off() -> None:
    call = state("call", "make-outgoing-call-v2", {"answered": "queue", "busy": "", "noAnswer": "", "failed": ""})
    report = report_of(studio(call, QUEUE, begins="incomingRequest"))
    assert "call" not in found(report, "AHD001")


@pytest.mark.parametrize("kind", ["add-twiml-redirect", "send-to-auto-pilot", "connect-virtual-agent-v2"])
def test_widgets_that_leave_the_flow_cannot_be_proved(kind: str) -> None:
    out = state("out", kind, {"return": "bye", "sessionEnded": "bye"}, url="https://example.org")
    assert "is not in the file" in found(report_of(studio(out, BYE)), "AHD014")["out"].message


def test_a_widget_that_is_not_understood_is_named_with_its_place_and_nothing_is_guessed() -> None:
    data = studio(state("odd", "teleport", {"arrived": "bye", "lost": ""}), BYE)
    read = read_any("f.json", data)
    assert [(each.node, "`teleport`" in each.sentence, each.line > 1) for each in read.not_understood] == [
        ("odd", True, True)
    ]
    assert [each.target for each in node_of(data, "odd").edges] == ["bye", STOP, UNKNOWN]
    assert "odd" in found(report_of(data), "AHD014")


def test_a_recording_is_named_as_what_is_not_understood() -> None:
    play = state("play", "say-play", {"audioComplete": ""}, play="https://example.org/hello.mp3")
    assert "`hello.mp3`" in read_any("f.json", studio(play)).not_understood[0].sentence


def test_payments_are_taken_or_given_up() -> None:
    pay = state("pay", "capture-payments", {"success": "bye", "maxFailedAttempts": "queue", "providerError": "queue"})
    assert [(each.outcome, each.owner) for each in node_of(studio(pay, QUEUE, BYE), "pay").edges] == [
        ("success", "customer"), ("maxFailedAttempts", "customer"), ("providerError", "world"),
    ]  # fmt: skip


def test_words_that_send_the_customer_away_before_an_end_go_elsewhere() -> None:
    closed = state("closed", "say-play", {"audioComplete": ""}, say="We are closed. Please call back later.")
    assert "closed" in found(report_of(studio(closed)), "AHD010")
