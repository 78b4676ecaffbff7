"""Amazon Connect flows come in: each kind of block, whose outcomes are whose, and what the check then says."""

import pytest

from ahadi.flowlang import Settings
from ahadi.flowlang.formats import format_of, read_any
from ahadi.flowlang.model import BACK, ENDLESS, UNKNOWN
from tests.flowlang.imports import (
    END,
    FLOWS,
    JOIN,
    MENU_ERRORS,
    QUEUES,
    SORRY,
    block,
    codes,
    connect,
    edge_of,
    fails,
    flow_of,
    flows_of,
    found,
    node_of,
    report_of,
    set_queue,
)  # fmt: skip


def codes_only(*files: bytes) -> set[str]:
    return {code for code, _ in codes(report_of(*files))}


# Shapes of files -------------------------------------------------------------------------------------------------


def test_a_bare_flow_and_a_wrapped_one_are_known_by_what_they_hold() -> None:
    assert format_of("x", connect(END)) == "connect"
    wrapped = connect(END, name="Main line")
    assert format_of("x", wrapped) == "connect"
    assert flow_of(wrapped).name == "Main line"
    assert flow_of(connect(END)).name == "f"


def test_a_block_has_the_line_where_its_identifier_stands() -> None:
    data = connect(SORRY, END)
    text = data.decode().splitlines()
    line = node_of(data, "end").line
    assert '"Identifier": "end"' in text[line - 1]


def test_a_block_with_a_long_number_is_called_by_its_type_and_the_numbers_beginning() -> None:
    flow = flow_of(connect(block("0e0f8a3c-6d0c-4d7e-8f6b-0a1b2c3d4e5f", "DisconnectParticipant")))
    assert flow.start == "DisconnectParticipant 0e0f8a3c"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"StartAction": "a", "Actions": []}', "a list of blocks"),
        (b'{"StartAction": "x", "Actions": [{"Identifier": "a", "Type": "Wait"}]}', "names no block"),
        (b'{"StartAction": "a", "Actions": [{"Identifier": "a"}]}', "no `Identifier` or no `Type`"),
        (b'{"Actions": [{"Identifier": "a", "Type": "W"}, {"Identifier": "a", "Type": "W"}], "StartAction": "a"}',
         "its own"),
        (b'{"Name": "StartAction Actions", "Content": "[1]"}', "one JSON object"),
        (b'{"StartAction": 1, "Actions": ', "cannot be read as JSON"),
        (b'{"modules": [], "start": "a"}', "a list of blocks"),
        (b'{"StartAction":1,"Actions":\xff}', "UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_flow_is_refused_with_one_sentence(data: bytes, sentence: str) -> None:
    read = read_any("f.json", data)
    assert not read.flows
    assert [sentence in str(each) for each in read.problems] == [True]


# Kinds of blocks -------------------------------------------------------------------------------------------------


def test_a_message_keeps_its_words_its_language_and_its_pauses() -> None:
    voice = block("voice", "UpdateContactTextToSpeechVoice", "say", TextToSpeechVoice="Vicki")
    ssml = '<speak>Guten Tag, ${NAME}! <break time="10s"/> Ihr Guthaben: $.Attributes.balance.</speak>'
    data = connect(voice, block("say", "MessageParticipant", "end", fails("end"), SSML=ssml), END)
    words = node_of(data, "say").words
    assert words.texts == (("de", "Guten Tag, ‹NAME›! Ihr Guthaben: {Attributes.balance}."),)
    assert words.uses == ("Attributes.balance",)
    assert node_of(data, "say").seconds >= 10
    assert flow_of(data).language == "de"


def test_a_recording_is_named_as_what_is_not_understood() -> None:
    read = read_any(
        "f.json", connect(block("play", "MessageParticipant", "end", PromptId="arn:x/prompt/hello.wav"), END)
    )
    assert [(each.node, "hello.wav" in each.sentence) for each in read.not_understood] == [("play", True)]


def test_keys_belong_to_the_customer_and_errors_to_the_world() -> None:
    menu = block("menu", "GetParticipantInput", "", MENU_ERRORS, {"1": "end", "0": "join"}, Text="0: a person.",
                 InputTimeLimitSeconds="5")  # fmt: skip
    data = connect(menu, JOIN, SORRY, END)
    node = node_of(data, "menu")
    assert node.kind == "menu"
    assert [each.name for each in node.choices] == ["1", "0"]
    assert [(each.outcome, each.owner, each.mistake, each.seconds) for each in node.edges] == [
        ("1", "customer", False, 0), ("0", "customer", False, 0), ("silence", "customer", True, 5),
        ("wrong", "customer", True, 0), ("failed", "world", False, 0),
    ]  # fmt: skip


def test_a_menu_without_a_branch_for_silence_goes_the_way_of_other_errors_or_is_reported() -> None:
    data = connect(block("menu", "GetParticipantInput", "", fails("sorry"), {"1": "end"}), SORRY, END)
    assert edge_of(data, "menu", "silence").target == "sorry"
    assert edge_of(data, "menu", "wrong").how == "undeclared"
    assert "wrong" in found(report_of(data), "AHD007")["menu"].message


def test_what_a_bot_understands_is_the_customers_choice_by_its_words() -> None:
    bot = block("bot", "ConnectParticipantWithLexBot", "", {"NoMatchingCondition": "sorry", "NoMatchingError": "sorry"},
                {"TalkToAgentIntent": "end"}, Text="How can we help?")  # fmt: skip
    node = node_of(connect(bot, SORRY, END), "bot")
    assert node.kind == "menu"
    assert "agent" in node.choices[0].words
    assert edge_of(connect(bot, SORRY, END), "bot", "silence").target == "sorry"


def test_stored_input_is_a_question_that_goes_on_even_when_nothing_was_entered() -> None:
    ask = block("ask", "GetParticipantInput", "say", fails("sorry"), StoreInput="True", Text="Your number?")
    say = block("say", "MessageParticipant", "end", fails("end"), Text="You entered $.StoredCustomerInput.")
    data = connect(ask, say, SORRY, END)
    assert node_of(data, "ask").kind == "ask"
    assert edge_of(data, "ask", "silence").target == "say"
    assert edge_of(data, "ask", "given").sets == ("StoredCustomerInput",)
    assert "say" in found(report_of(data), "AHD009")


def test_a_comparison_of_what_was_entered_is_the_customers_and_any_other_the_worlds() -> None:
    for value, owner in (("$.StoredCustomerInput", "customer"), ("$.External.open", "world"), ("$.Channel", "world")):
        compare = block("compare", "Compare", "", {"NoMatchingCondition": "sorry"}, {"1": "end"}, ComparisonValue=value)
        node = node_of(connect(compare, SORRY, END), "compare")
        assert node.kind == "decide"
        assert {each.owner for each in node.edges} == {owner}


def test_a_loop_counts_as_often_as_it_says() -> None:
    loop = block("loop", "Loop", "", None, {"ContinueLooping": "sorry", "DoneLooping": "end"}, LoopCount="3")
    node = node_of(connect(loop, SORRY, END), "loop")
    assert (node.kind, node.tries) == ("repeat", 3)
    assert [(each.outcome, each.target) for each in node.edges] == [("again", "sorry"), ("done", "end")]


def test_a_loop_that_is_counted_at_run_time_goes_round_as_often_as_can_be_and_is_remarked() -> None:
    loop = block("loop", "Loop", "", None, {"ContinueLooping": "end", "DoneLooping": "end"}, LoopCount="$.Attributes.n")
    read = read_any("f.json", connect(loop, END))
    assert read.flows[0].nodes["loop"].tries == 100
    assert [each.node for each in read.not_understood] == ["loop"]


def test_hours_are_open_or_closed_or_cannot_be_looked_at() -> None:
    hours = block("hours", "CheckHoursOfOperation", "", fails("sorry"), {"True": "end", "False": "sorry"})
    node = node_of(connect(hours, SORRY, END), "hours")
    assert node.kind == "hours"
    assert [(each.outcome, each.target) for each in node.edges] == [
        ("open", "end"), ("closed", "sorry"), ("failed", "sorry"),
    ]  # fmt: skip


def test_staffing_that_is_not_enough_goes_where_the_next_action_says() -> None:
    staff = block("staff", "CheckMetricData", "end", fails("sorry"), MetricType="NumberOfAgentsStaffed")
    staff["Transitions"]["Conditions"] = [
        {"Condition": {"Operator": "NumberGreaterThan", "Operands": ["0"]}, "NextAction": "join"}
    ]
    node = node_of(connect(staff, JOIN, SORRY, END), "staff")
    assert [(each.outcome, each.target, each.owner) for each in node.edges] == [
        ("NumberOfAgentsStaffed > 0", "join", "world"), ("failed", "sorry", "world"), ("otherwise", "end", "world"),
    ]  # fmt: skip


def test_a_number_to_call_back_may_be_no_number() -> None:
    number = block("number", "UpdateContactCallbackNumber", "end", {"InvalidCallbackNumber": "sorry"})
    report = report_of(connect(number, SORRY, END))
    assert "`not dialable`" in found(report, "AHD007")["number"].message


def test_a_queue_that_accepts_a_contact_has_answered_it_by_assumption_and_may_not_in_a_strict_check() -> None:
    data = connect(set_queue("set", "Sales"), JOIN, SORRY, END)
    assert node_of(data, "join").about == "Sales"
    assert edge_of(data, "join", "answered").gain == "person"
    assert edge_of(data, "join", "waits").target == ENDLESS
    assert report_of(data).files[0].assumptions == ("queues-answer",)
    fine = connect(block("join", "TransferContactToQueue", "", fails("call")),
                   block("call", "CreateCallbackContact", "end", fails("end")), END)  # fmt: skip
    assert "AHD003" not in codes_only(fine)
    strict = report_of(fine, settings=Settings(off=frozenset({"queues-answer"})))
    assert found(strict, "AHD003")


def test_a_callbacks_error_is_followed_but_is_no_move_of_the_world() -> None:
    data = connect(block("call", "CreateCallbackContact", "end", fails("end")), END)
    report = report_of(data)
    assert found(report, "AHD001").keys() == {"end"}
    assert not found(report, "AHD003")
    strict = report_of(data, settings=Settings(off=frozenset({"recorders-record"})))
    assert found(strict, "AHD003")


def test_a_third_party_answers_or_is_busy_or_does_not() -> None:
    errors = {"ConnectionTimeLimitExceeded": "sorry", **fails("end")}
    dial = block("dial", "TransferParticipantToThirdParty", "end", errors,
                 ThirdPartyPhoneNumber="+44 20 7946 0000", ThirdPartyConnectionTimeoutSeconds="30")  # fmt: skip
    node = node_of(connect(dial, SORRY, END), "dial")
    assert node.kind == "transfer"
    assert [(each.outcome, each.gain, each.seconds) for each in node.edges] == [
        ("answered", "person", 0), ("no-answer", "", 30), ("failed", "", 0),
    ]  # fmt: skip


def test_waiting_for_an_event_is_the_customers_or_times() -> None:
    wait = block(
        "wait", "Wait", "", fails("end"), {"WaitCompleted": "end", "CustomerReturned": "sorry"}, TimeoutSeconds=90
    )
    node = node_of(connect(wait, SORRY, END), "wait")
    assert [(each.outcome, each.owner, each.seconds) for each in node.edges][:2] == [
        ("WaitCompleted", "time", 90), ("CustomerReturned", "customer", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["UpdateContactRecordingBehavior", "UpdateFlowLoggingBehavior", "CreateTask", "TagContact"]
)
def test_blocks_that_only_set_something_go_on_or_fail(kind: str) -> None:
    node = node_of(connect(block("set", kind, "end", fails("sorry")), SORRY, END), "set")
    assert [(each.outcome, each.target) for each in node.edges] == [("next", "end"), ("failed", "sorry")]


def test_a_block_that_is_not_understood_is_named_with_its_place_and_nothing_is_guessed() -> None:
    data = connect(block("odd", "TeleportParticipant", "end", fails("sorry"), {"Mars": "sorry"}), SORRY, END)
    read = read_any("f.json", data)
    assert [(each.node, "TeleportParticipant" in each.sentence) for each in read.not_understood] == [("odd", True)]
    assert read.not_understood[0].line > 1
    assert [each.target for each in node_of(data, "odd").edges] == ["end", "sorry", "sorry", UNKNOWN]
    assert "odd" in found(report_of(data), "AHD014")


def test_a_branch_to_a_block_that_is_not_there_cannot_be_proved() -> None:
    report = report_of(connect(block("say", "MessageParticipant", "gone", Text="Hello")))
    assert "`gone`, which is not in the file" in found(report, "AHD014")["say"].message


# Variables -------------------------------------------------------------------------------------------------------


def test_words_have_a_value_where_every_way_has_set_it() -> None:
    say = block("say", "MessageParticipant", "end", fails("end"), Text="Hello $.Attributes.name, from $.Queue.Name.")
    for error, missing in (("end", False), ("say", True)):
        name = block("name", "UpdateContactAttributes", "say", fails(error), Attributes={"name": "Amina"})
        assert ("say" in found(report_of(connect(name, say, END)), "AHD009")) == missing


def test_a_look_up_fills_what_comes_from_outside_only_when_it_finds() -> None:
    say = block("say", "MessageParticipant", "end", fails("end"), Text="Your order is $.External.state.")
    look = block(
        "look", "InvokeLambdaFunction", "say", fails("say"), LambdaFunctionARN="arn:aws:lambda:x:1:function:order"
    )
    report = report_of(connect(look, say, END))
    assert "{External.state}" in found(report, "AHD009")["say"].message
    assert node_of(connect(look, say, END), "look").about == "order"


# Readings ---------------------------------------------------------------------------------------------------------


def test_a_look_up_that_fails_and_hangs_up_is_found_with_its_story() -> None:
    look = block("look", "InvokeLambdaFunction", "set", fails("sorry"), LambdaFunctionARN="order")
    calm = {"QueueAtCapacity": "call", "NoMatchingError": "call"}
    flow = connect(
        look, block("set", "UpdateContactTargetQueue", "join", fails("join"), QueueId=QUEUES + "Care"),
        block("join", "TransferContactToQueue", "", calm), block("call", "CreateCallbackContact", "bye", fails("bye")),
        block("bye", "EndFlowExecution"), SORRY, END,
    )  # fmt: skip
    finding = found(report_of(flow), "AHD001")["end"]
    told = " ".join(finding.story.sentences())
    assert "the look-up fails" in told
    assert "Something went wrong." in told


def test_an_apology_followed_by_an_end_is_a_dead_end_and_nobody_is_trapped_there() -> None:
    report = report_of(connect(SORRY, END))
    assert found(report, "AHD001").keys() == {"end"}
    assert not found(report, "AHD002")


def test_words_that_send_the_customer_away_before_an_end_go_elsewhere() -> None:
    away = block("away", "MessageParticipant", "end", fails("end"), Text="We are closed. Please call back tomorrow.")
    assert found(report_of(connect(away, END)), "AHD010").keys() == {"away"}
    again = block(
        "again", "MessageParticipant", "end", fails("end"), Text="Technical difficulties. Please retry your call."
    )
    assert found(report_of(connect(again, END)), "AHD010").keys() == {"again"}


def test_a_menu_whose_silence_ends_the_contact_has_no_way_out() -> None:
    menu = block("menu", "GetParticipantInput", "", MENU_ERRORS, {"1": "join"}, Text="Press 1.")
    assert "silence" in found(report_of(connect(menu, JOIN, SORRY, END)), "AHD006")["menu"].message


def test_a_flow_attribute_with_one_value_is_what_it_says_and_any_other_path_is_computed() -> None:
    attributes = {"next": {"Value": FLOWS + "${F:second:F}"}}
    first = connect(
        block("set", "UpdateFlowAttributes", "go", fails("go"), FlowAttributes=attributes),
        block("go", "TransferToFlow", "", fails("end"), ContactFlowId="$.FlowAttributes.next"), END, name="first",
    )  # fmt: skip
    second = connect(block("bye", "DisconnectParticipant"), name="second")
    assert ("AHD001", "bye") in codes(report_of(first, second))
    assert "the flow `second` was not given" in found(report_of(first), "AHD014")["go: second"].message
    dynamic = connect(block("go", "TransferToFlow", "", fails("end"), ContactFlowId="$.Attributes.next"), END)
    assert "computed at run time" in found(report_of(dynamic), "AHD014")["go"].message


def test_a_flow_is_found_by_the_end_of_its_arn() -> None:
    go = block("go", "TransferToFlow", "", fails("end"), ContactFlowId=FLOWS + "77aa")
    second = b'{"Arn": "arn:aws:connect:x/contact-flow/77aa", "Name": "n", "Content": ' + connect(END) + b"}"
    flows, _ = flows_of(("a.json", connect(go, END)), ("b.json", second))
    assert flows[1].name == "n"
    assert not found(report_of(connect(go, END), second), "AHD014")


def test_a_module_is_called_and_comes_back_where_it_is_given() -> None:
    main = connect(
        block("call", "InvokeFlowModule", "join", fails("sorry"), FlowModuleId="arn:x/flow-module/greet"),
        JOIN,
        SORRY,
        END,
    )
    greet = connect(block("hi", "MessageParticipant", "back", fails("back"), Text="Hello"),
                    block("back", "EndFlowModuleExecution"), name="greet")  # fmt: skip
    flows, _ = flows_of(("main.json", main), ("greet.json", greet))
    assert flows[0].nodes["call: greet"].returns
    assert flows[1].nodes["back"].about == BACK
    assert not found(report_of(main, greet), "AHD014")


def test_a_module_that_is_not_given_cannot_be_proved_and_what_follows_is_still_looked_at() -> None:
    main = connect(block("call", "InvokeFlowModule", "sorry", fails("sorry"), FlowModuleId="greet"), SORRY, END)
    report = report_of(main)
    assert "the flow `greet` was not given" in found(report, "AHD014")["call"].message
    assert found(report, "AHD001").keys() == {"end"}
