"""Flows of Genesys Architect: menus, waiting, messages, and what cannot be read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.flowlang import Book, Flow, FlowRefused, check
from ahadi.flowlang.formats import format_of, read_any
from ahadi.flowlang.formats.genesys import flows_of
from ahadi.flowlang.model import AGAIN, STOP
from tests.flowlang.architect import TODAY, codes, to

# Menus ------------------------------------------------------------------------------------------------------------

MENU = """
inboundCall:
  name: Menus
  startUpRef: "/inboundCall/menus/menu[Main_1]"
  initialGreeting: {tts: Welcome}
  settingsMenu: {repeatCount: {lit: 2}, menuSelectionTimeout: {lit: {seconds: 4}}}
  menus:
    - menu:
        name: Main
        refId: Main_1
        audio: {tts: "WORDS"}
        EXTRA
        choices:
          - menuTransferToAcd: {name: Sales, dtmf: digit_1, targetQueue: {lit: {name: Sales}}}
          - menuDisconnect: {name: Bye, dtmf: star}
          - menuTask:
              name: News
              dtmf: digit_2
              task: {actions: [{playAudio: {name: Say, audio: {tts: News}}}, {previousMenu: {name: Back}}]}
          - menuSubMenu:
              name: More
              dtmf: digit_3
              audio: {tts: More}
              choices: [{menuPreviousMenu: {name: Up, dtmf: digit_9}}]
    - menu: {name: Unused, refId: Unused_2, choices: []}
"""


def menu(words: str = "Press 1, or star", extra: str = "") -> Flow:
    text = MENU.replace("WORDS", words).replace("        EXTRA\n", f"        {extra}\n" if extra else "")
    return flows_of("menus.yaml", text)[0]


def test_a_menu_has_its_choices_and_says_itself_again_before_it_gives_up() -> None:
    flow = menu()
    node = flow.nodes["Main"]
    assert flow.nodes[flow.start].words.in_language("en-us") == "Welcome"
    assert (node.kind, node.tries) == ("menu", 2)
    assert [each.name for each in node.choices] == ["1", "*", "2", "3"]
    assert to(flow, "Main", "silence") == to(flow, "Main", "wrong") == AGAIN
    silence = node.edge("silence")
    assert silence is not None and silence.seconds == 4
    assert to(flow, "Main", "given-up") == "(error handling)"
    assert "AHD006" in codes((flow,), "Main")


def test_a_failed_transfer_of_a_menu_says_the_menu_again() -> None:
    flow = menu()
    assert to(flow, to(flow, "Main", "1"), "failed") == "Main"


def test_tasks_and_menus_within_a_menu_lead_back() -> None:
    flow = menu()
    assert to(flow, "Main: News: Back", "next") == "Main"
    inner = to(flow, "Main", "3")
    assert to(flow, to(flow, inner, "9"), "next") == "Main"


def test_a_key_that_is_said_to_end_the_call_is_the_customers_leave() -> None:
    told = menu("Press 1, or star to hang up").nodes["Main"].edge("*")
    assert told is not None and (told.target, told.gain) == (STOP, "left")
    silent = menu()
    assert silent.nodes[to(silent, "Main", "*")].kind == "end"


def test_the_default_choice_is_taken_when_a_menu_gives_up() -> None:
    flow = menu(extra='defaultChoiceRef: "./choices/menuTransferToAcd[Sales]"')
    assert to(flow, "Main", "given-up") == to(flow, "Main", "1")


def test_a_menu_that_nothing_leads_to_is_found() -> None:
    assert "AHD012" in codes((menu(),), "Unused")


# Waiting, messages, substitutions -----------------------------------------------------------------------------------


def waiting(actions: str) -> tuple[Flow, ...]:
    return flows_of("hold.yaml", f"inqueueCall:\n  name: Hold\n  startUpTaskActions:\n{actions}")


MUSIC = "    - holdMusic: {name: Music, prompt: {exp: Flow.HoldPrompt}}\n"


def test_a_waiting_customer_who_hears_only_music_is_found() -> None:
    flows = waiting(MUSIC)
    assert flows[0].while_waiting
    defaults = "  settingsActionDefaults: {collectInput: {}, transferToNumber: {}}\n"
    assert codes(flows_of("hold.yaml", f"inqueueCall:\n{defaults}  startUpTaskActions:\n{MUSIC}")) == {"AHD013"}
    assert codes(flows) == {"AHD013"}


def test_a_position_a_callback_or_a_way_out_is_news() -> None:
    position = "    - playAudio: {name: P, audio: {exp: ToAudioNumber(Call.PositionInQueue)}}\n"
    assert "AHD013" not in codes(waiting(MUSIC + position))
    assert "AHD013" not in codes(waiting(MUSIC + "    - createCallback: {name: C}\n"))


def test_waiting_without_music_is_waiting_too() -> None:
    assert "AHD013" in codes(waiting("    - playAudio: {name: P, audio: {tts: Your call is important}}\n"))


def test_a_waiting_customer_who_is_disconnected_is_cut_off() -> None:
    assert "AHD001" in codes(waiting(MUSIC + "    - disconnect: {name: D}\n"))


def test_messages_are_read_by_their_states_and_what_a_customer_wrote_is_theirs() -> None:
    flow = flows_of("m.yaml", """
inboundShortMessage:
  name: "{{flow_name}}"
  startUpRef: "/inboundShortMessage/states/state[First_1]"
  states:
    - state:
        name: First
        refId: First_1
        actions:
          - updateData:
              name: Keep
              statements: [{string: {variable: Flow.Text, value: {exp: ToDisplayString(Message.Message.body)}}}]
          - decision:
              name: Wish
              condition: {exp: Flow.Text == "AGENT"}
              outputs:
                "yes": {actions: [{transferToAcd: {name: Queue, targetQueue: {lit: {name: {{queue}}}}}}]}
          - sendResponse: {name: Sorry, messageBody: {lit: "Please call us."}}
          - disconnect: {name: End}
""")[0]  # fmt: skip
    assert (flow.name, flow.nodes["First: Queue"].about) == ("<flow_name>", "<queue>")
    assert {each.owner for each in flow.nodes["First: Wish"].edges if each.outcome != "error"} == {"customer"}
    assert "AHD010" in codes((flow,))


# Hostile ----------------------------------------------------------------------------------------------------------


def test_flows_of_architect_are_known_by_their_first_key() -> None:
    assert format_of("x.yaml", MENU.encode()) == "genesys"
    assert format_of("x.json", b'{"inboundCall": {}}') == "genesys"
    assert format_of("x.yaml", b"flow: a\nstart: b\n") == "ahadi"


@pytest.mark.parametrize(
    "text",
    [
        "inboundCall:",
        "inboundCall: [1, 2]",
        "inboundCall: {name: a}",
        "inboundCall: {startUpRef: './menus/menu[a]'}",
        "inboundCall: &a {b: *a}",
        "inboundCall:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 400)),
        "inboundCall: " + "[" * 5000,
        "inboundCall: {a: " + "x" * 2_000_000 + "}",
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str) -> None:
    with pytest.raises(FlowRefused):
        flows_of("bad.yaml", text)


WORDS = st.sampled_from([
    "name", "actions", "outputs", "loop", "decision", "playAudio", "callTask", "./tasks/task[main]", "menu", "choices",
    "success", "failure", "lit", "exp", "Flow.Name", "disconnect", "transferToAcd", "collectInput", "yes", "no", "1",
    "switch", "cases", "case", "endTask", "loopExit", "callData", "jumpToTask", "targetTaskRef", "menuTask", "dtmf",
])  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
ACTIONS = st.lists(st.dictionaries(WORDS, VALUES, min_size=1, max_size=1), max_size=5)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ACTIONS, VALUES, st.binary(max_size=20))
def test_whatever_is_written_is_read_and_checked_or_refused_in_one_sentence(
    actions: object, anything: object, end: bytes
) -> None:
    flow = {"name": "a", "startUpRef": "./tasks/task[main]", "menus": anything, "settingsErrorHandling": anything,
            "tasks": [{"task": {"name": "main", "actions": actions}}]}  # fmt: skip
    for data in (json.dumps({"inboundCall": flow}).encode(), b"inboundCall: " + json.dumps(flow).encode() + end):
        read = read_any("x.yaml", data)
        assert bool(read.flows) != bool(read.problems)
        for problem in read.problems:
            assert "\n" not in problem.sentence
        check(Book(read.flows), TODAY)
