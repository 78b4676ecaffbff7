"""Flows of Genesys Architect read as flows: what each construct becomes, and what the check then says."""

from ahadi.flowlang import Book, check
from ahadi.flowlang.formats.genesys import flows_of
from ahadi.flowlang.model import BACK, ENDLESS, STOP, UNKNOWN
from tests.flowlang.architect import END, QUEUE, TODAY, codes, report_of, task, to

# Actions ----------------------------------------------------------------------------------------------------------


def test_actions_follow_one_another_and_a_task_that_ends_hangs_up() -> None:
    flow = task("- playAudio: {name: Hello, audio: {tts: Good day}}\n- playAudio: {name: Bye, audio: {tts: Bye}}")[0]
    assert (flow.start, to(flow, "Main", "next")) == ("Main", "Main: Hello")
    assert to(flow, "Main: Hello", "next") == "Main: Bye"
    assert to(flow, "Main: Bye", "next") == STOP
    assert flow.nodes["Main: Hello"].words.in_language("en-us") == "Good day"


def test_the_paths_of_a_decision_come_together_again() -> None:
    flow = task(f"""
- decision:
    name: Open
    condition: {{exp: Call.Ani == "1"}}
    outputs:
      "yes": {{actions: [{{playAudio: {{name: Yes, audio: {{tts: y}}}}}}]}}
{QUEUE}
""")[0]
    assert to(flow, "Main: Open", 'Call.Ani == "1"') == "Main: Yes"
    assert to(flow, "Main: Yes", "next") == "Main: Queue"
    assert to(flow, "Main: Open", "otherwise") == "Main: Queue"
    assert to(flow, "Main: Open", "error") == "(error handling)"


def test_a_switch_takes_the_first_case_that_holds() -> None:
    flow = task(f"""
- switch:
    name: Which
    evaluate:
      firstTrue:
        default: {{actions: [{{disconnect: {{name: No}}}}]}}
        cases:
          - case: {{value: {{exp: Flow.Name == "a"}}, actions: [{{playAudio: {{name: A, audio: {{tts: a}}}}}}]}}
          - case: {{value: {{exp: Flow.Name == "b"}}}}
{QUEUE}
""")[0]
    assert to(flow, "Main: Which", 'Flow.Name == "a"') == "Main: A"
    assert to(flow, "Main: Which", 'Flow.Name == "b"') == "Main: Queue"
    assert to(flow, "Main: Which", "otherwise") == "Main: No"


def test_data_that_fails_or_takes_too_long_goes_where_the_flow_says_or_on() -> None:
    action = """
- callData:
    name: Ask
    timeout: {lit: {seconds: 9}}
    category:
      Customers:
        dataAction:
          Find:
            inputs: {number: {exp: Call.Ani}}
            successOutputs: {name: {var: Flow.Name}}
    outputs:
      success: {actions: [{transferToAcd: {name: Queue, targetQueue: {lit: {name: Support}}}}]}
      failure: {actions: [{disconnect: {name: Cut}}]}
- disconnect: {name: After}
"""
    flows = task(action)
    node = flows[0].nodes["Main: Ask"]
    assert node.kind == "look-up"
    assert [(each.outcome, each.target) for each in node.edges] == [
        ("found", "Main: Queue"), ("failed", "Main: Cut"), ("timed-out", "Main: After"),
    ]  # fmt: skip
    found = node.edge("found")
    assert found is not None and found.sets == ("Flow.Name",)
    assert {"AHD001", "AHD007"} <= codes(flows) and "AHD001" in codes(flows, "Main: Cut")


def test_what_is_collected_is_the_customers_and_so_is_a_decision_on_it() -> None:
    flow = task(f"""
- collectInput:
    name: Number
    inputData: {{var: Flow.Typed}}
    noEntryTimeout: {{lit: {{seconds: 7}}}}
    inputAudio: {{tts: Type it}}
    outputs:
      success: {{actions: []}}
      failure: {{actions: [{{disconnect: {{name: Cut}}}}]}}
- decision: {{name: One, condition: {{exp: Flow.Typed == "1"}}}}
{QUEUE}
""")[0]
    ask = flow.nodes["Main: Number"]
    assert [(each.outcome, each.target, each.owner, each.mistake) for each in ask.edges] == [
        ("given", "Main: One", "customer", False),
        ("silence", "Main: Cut", "customer", True),
        ("wrong", "Main: Cut", "customer", True),
    ]
    assert {each.owner for each in flow.nodes["Main: One"].edges if each.outcome != "error"} == {"customer"}


def test_schedules_are_hours_and_outputs_that_are_not_written_go_on() -> None:
    flow = task(f"""
- evaluateScheduleGroup:
    name: Hours
    scheduleGroup: {{lit: {{name: Office}}}}
    outputs:
      closed: {{actions: [{{disconnect: {{name: Cut}}}}]}}
{QUEUE}
""")[0]
    node = flow.nodes["Main: Hours"]
    assert (node.kind, node.about) == ("hours", "Office")
    assert {each.outcome: each.target for each in node.edges} == {
        "closed": "Main: Cut", "open": "Main: Queue", "holiday": "Main: Queue", "emergency": "Main: Queue",
    }  # fmt: skip


def test_loops_count_and_may_be_left() -> None:
    flow = task(f"""
- loop:
    name: Try
    loopCount: {{lit: 3}}
    outputs:
      loop:
        actions:
          - decision:
              name: Enough
              condition: {{exp: Flow.Name == "a"}}
              outputs:
                "yes": {{actions: [{{loopExit: {{name: Out}}}}]}}
                "no": {{actions: [{{loopNext: {{name: Round}}}}]}}
{QUEUE}
""")[0]
    assert (flow.nodes["Main: Try"].kind, flow.nodes["Main: Try"].tries) == ("repeat", 3)
    assert to(flow, "Main: Try", "done") == to(flow, "Main: Out", "next") == "Main: Queue"
    assert to(flow, "Main: Round", "next") == "Main: Try"
    assert "AHD005" not in codes((flow,))


def test_a_called_task_is_a_flow_that_comes_back_by_its_outputs() -> None:
    flows = task(f"""
- callTask:
    name: Call
    targetTaskRef: ./tasks/task[other]
    outputs:
      Late: {{actions: [{{disconnect: {{name: Cut}}}}]}}
{QUEUE}
""")
    called = flows[0].nodes["Main: Call"]
    assert (called.kind, called.returns, called.about) == ("flow", True, flows[1].name)
    assert flows[1].nodes["Other: End"].about == f"{BACK}:Late"
    assert to(flows[0], "Main: Call", "Late") == "Main: Cut"
    assert "AHD001" in codes(flows, "Main: Cut")


def test_modules_and_flows_are_found_by_name_in_other_files() -> None:
    actions = "- callCommonModule: {name: Module, commonModule: {Greeting: {ver_latestPublished: {}}}}\n"
    flows = task(actions + "- transferToFlow: {name: Go, targetFlow: {name: Night}}")
    assert {each.code for each in report_of(flows).findings} >= {"AHD014"}
    other = "KIND: {name: NAME, startUpRef: './tasks/task[a]', tasks: [{task: {name: A, refId: a, actions: [DO]}}]}"
    module = other.replace("KIND", "commonModule").replace("NAME", "Greeting").replace("DO", "{endTask: {name: E}}")
    queue = "{transferToAcd: {targetQueue: {lit: {name: N}}}}"
    night = other.replace("KIND", "inboundCall").replace("NAME", "Night").replace("DO", queue)
    flows = (*flows, *flows_of("m.yaml", module), *flows_of("night.yaml", night))
    report = check(Book(flows), TODAY)
    assert {each.node for each in report.findings if each.code == "AHD014"} == {"A: transferToAcd"}  # its waiting


def test_what_is_not_in_the_file_is_said_and_not_guessed() -> None:
    flows = task("- jumpToMenu: {name: Jump, targetMenuRef: './menus/menu[gone]'}")
    assert to(flows[0], "Main: Jump", "next") == UNKNOWN
    assert "AHD014" in codes(flows)


def test_an_action_that_is_not_known_is_named_and_may_do_anything() -> None:
    flows = task(f"- callLexBot: {{name: Bot, outputs: {{Buy: {{actions: [{{disconnect: {{}}}}]}}}}}}\n{QUEUE}")
    assert to(flows[0], "Main: Bot", "something else") == UNKNOWN
    assert to(flows[0], "Main: Bot", "Buy") == "Main: disconnect"
    assert any("callLexBot" in each.sentence and each.node == "Main: Bot" for each in flows[0].remarks)


# Errors -----------------------------------------------------------------------------------------------------------

SETS = "- updateData: {name: Set, statements: [{string: {variable: Flow.Name, value: {exp: 'Call.Ani'}}}]}\n"


def test_the_handling_of_errors_is_an_edge() -> None:
    flows = task(SETS + QUEUE)
    assert to(flows[0], "Main: Set", "error") == "(error handling)"
    assert {"AHD001", "AHD003"} <= codes(flows)
    saved = task(SETS + QUEUE, "{queue: {targetQueue: {lit: {name: Help}}}}")
    assert saved[0].nodes[to(saved[0], "(error handling)", "next")].kind == "queue"


def test_a_handling_of_errors_may_jump_to_a_menu_or_task() -> None:
    flow = task(SETS + QUEUE, "{jumpToTask: {targetTaskRef: './tasks/task[other]'}}")[0]
    assert to(flow, to(flow, "(error handling)", "next"), "next") == "Other"


# People and promises ----------------------------------------------------------------------------------------------


def test_a_queue_that_cannot_be_reached_goes_on_with_what_follows_or_to_the_handling_of_errors() -> None:
    assert to(task(f"{QUEUE}\n{END}")[0], "Main: Queue", "failed") == "Main: Disconnect"
    assert to(task(QUEUE)[0], "Main: Queue", "failed") == "(error handling)"
    words = "- transferToAcd: {name: Queue, failureTransferAudio: {tts: Sorry}, targetQueue: {lit: {name: Support}}}"
    flow = task(words)[0]
    assert flow.nodes[to(flow, "Main: Queue", "failed")].words.in_language("en-us") == "Sorry"


def test_queues_answer_unless_nothing_is_assumed() -> None:
    flow = task(QUEUE)[0]
    assert to(flow, "Main: Queue", "nobody answers") == ENDLESS
    assert "AHD013" not in codes((flow,))


def test_transfers_reach_a_person_or_fail() -> None:
    for kind, key in (("transferToNumber", "targetNumber"), ("transferToUser", "targetUser")):
        flow = task(f"- {kind}: {{name: Go, {key}: {{lit: '+123'}}}}\n{END}")[0]
        answered = flow.nodes["Main: Go"].edge("answered")
        assert answered is not None and answered.gain == "person"
        assert to(flow, "Main: Go", "failed") == "Main: Disconnect"


def test_callbacks_and_voicemail_are_promises() -> None:
    for kind in ("createCallback", "scheduleCallback"):
        booked = task(f"- {kind}: {{name: Back}}\n{END}")[0].nodes["Main: Back"].edge("booked")
        assert booked is not None and booked.gain == "promise"
    recorded = task(f"- transferToVoicemail: {{name: Mail}}\n{END}")[0].nodes["Main: Mail"].edge("recorded")
    assert recorded is not None and recorded.gain == "promise"


def test_a_data_action_that_is_given_a_callback_number_makes_a_callback() -> None:
    flows = task(f"- callData: {{name: Back, category: {{C: {{inputs: {{callbackNumber: {{exp: x}}}}}}}}}}\n{END}")
    assert flows[0].nodes["Main: Back"].kind == "callback"
    assert any("callback number" in each.sentence for each in flows[0].remarks)


# Words ------------------------------------------------------------------------------------------------------------


def test_words_are_kept_with_the_variables_that_have_no_value_at_first() -> None:
    say = '- playAudio: {name: Say, audio: {exp: \'Append("Dear ", ToAudioTTS(Flow.Name), " of ", Call.Ani)\'}}\n'
    flows = task(say + QUEUE)
    assert flows[0].nodes["Main: Say"].words.in_language("en-us") == "Dear {Flow.Name} of ‹Call.Ani›"
    assert "AHD009" in codes(flows, "Main: Say")
    assert "AHD009" not in codes(task(SETS + say + QUEUE))


def test_words_by_language_and_prompts_by_name() -> None:
    flow = task("""
- playAudio: {name: A, audio: {tts: {en-us: Hello, fr-ca: Bonjour}}}
- playAudio: {name: B, audio: {lit: {name: PromptUser.Hours}}}
""")[0]
    assert dict(flow.nodes["Main: A"].words.texts) == {"en-us": "Hello", "fr-ca": "Bonjour"}
    assert flow.nodes["Main: B"].words.in_language("en-us") == "(prompt PromptUser.Hours)"


def test_privileged_queues_are_known_by_name() -> None:
    assert "AHD011" in codes(task("- transferToAcd: {name: Go, targetQueue: {lit: {name: VIP care}}}"), "Main: Go")


def test_a_match_on_what_was_looked_up_earns_a_privilege() -> None:
    look = "- dataTableLookup: {name: Look, dataTable: {T: {foundOutputs: {Level: {var: Flow.Name}}}}}\n"
    decide = """
- decision:
    name: Gold
    condition: {exp: Flow.Name == "gold"}
    outputs:
      "yes": {actions: [{transferToAcd: {name: Go, targetQueue: {lit: {name: VIP}}}}]}
"""
    assert "AHD011" not in codes(task(look + decide + END))
    assert "AHD011" in codes(task(SETS + decide + END))
