"""Dialplans of Asterisk read as flows: what each construct becomes, and what the check then says."""

import pytest

from ahadi.flowlang import Book, check
from ahadi.flowlang.formats.asterisk_numbers import pattern_of
from ahadi.flowlang.formats.asterisk_words import opening_hours
from ahadi.flowlang.model import BACK, STOP, UNKNOWN
from tests.flowlang.dialplans import TODAY, checked, codes, flows, main, node, to

# Lines ------------------------------------------------------------------------------------------------------------


def test_priorities_are_numbers_n_same_and_labels() -> None:
    flow = main("""
[in]
exten => s,1,Answer()
exten => s,n,NoOp
 same => n(again),Wait(2) ; a comment
 same => n+10,Playback(a)
exten => s,again+5,NoOp()
exten => s,20,Goto(again)
""")
    assert flow.start == "in,s,1"
    assert to(flow, "in,s,2", "next") == "in,s,3"
    assert node(flow, "in,s,3").seconds == 2
    assert "in,s,14" in flow.nodes and "in,s,8" in flow.nodes
    assert to(flow, "in,s,3", "next") == STOP


def test_comments_that_span_lines_and_escaped_semicolons_are_known() -> None:
    flow = main(r"""
[in]
exten => s,1,Answer() ;-- this
exten => s,1,Hangup()
and this --;
exten => s,2,Playback(one\;two) ; not this
""")
    assert flow.nodes["in,s,1"].kind == "say"
    assert "one;two" in node(flow, "in,s,2").words.in_language("en")


def test_templates_and_sections_that_go_on_are_put_together() -> None:
    flow = main("""
[ends](!)
exten => t,1,Hangup()
[in](ends)
exten => s,1,WaitExten(3)
[in](+)
exten => 1,1,Queue(a)
""")
    assert to(flow, "in,s,1", "silence") == "in,t,1"
    assert to(flow, "in,s,1", "1") == "in,1,1"


def test_the_old_form_of_an_application_is_read() -> None:
    assert node(main("[in]\nexten => s,1,Wait,7\n"), "in,s,1").seconds == 7


def test_what_is_no_dialplan_is_said_with_its_line() -> None:
    remarks = main("[in]\nexten => s,1,Answer()\nnonsense\nexten => s,x(,\n#include more.conf\n").remarks
    assert [each.line for each in remarks] == [3, 4, 5]


# Numbers ----------------------------------------------------------------------------------------------------------


def test_more_specific_patterns_go_before_others() -> None:
    names = ["_!", "_X!", "_.", "_X.", "_XXX", "_NXX", "_[1-3]XX", "_1XX", "_ZXX", "_12X"]
    ranked = sorted(names, key=lambda each: pattern_of(each).rank)
    assert ranked == ["_12X", "_1XX", "_[1-3]XX", "_NXX", "_ZXX", "_XXX", "_X.", "_X!", "_.", "_!"]


def test_a_number_goes_before_patterns_and_own_patterns_before_what_is_included() -> None:
    flow = main("""
[in]
include => more
exten => s,1,WaitExten()
exten => _X,1,Queue(pattern)
exten => 2,1,Queue(two)
[more]
exten => 3,1,Queue(included)
exten => 12,1,Queue(twelve)
""")
    assert to(flow, "in,s,1", "2") == "in,2,1"
    assert node(flow, "in,2,1").about == "two"
    assert node(flow, to(flow, "in,s,1", "3")).about == "pattern"
    assert node(flow, to(flow, "in,s,1", "12")).about == "twelve"
    assert to(flow, "in,s,1", "0") == "in,_X,1"


def test_a_priority_that_is_not_there_is_found_in_the_next_pattern() -> None:
    flow = main("""
[in]
exten => _91800X.,1,Dial(SIP/a,5)
exten => _9.,2,VoiceMail(1)
""")
    assert to(flow, "in,_91800X.,1", "busy") == "in,_91800X.,2"
    assert node(flow, "in,_91800X.,2").kind == "voicemail"


def test_includes_in_a_circle_come_to_an_end() -> None:
    flow = main("[a]\ninclude => b\nexten => s,1,Goto(b,s,1)\n[b]\ninclude => a\nexten => s,1,Goto(a,s,1)\n")
    assert flow.start == "a,s,1"
    assert to(flow, "b,s,1", "next") == "a,s,1"


def test_an_include_that_holds_at_some_times_only_is_said_and_not_guessed() -> None:
    text = "[in]\ninclude => day,09:00-17:00,mon-fri,*,*\nexten => s,1,WaitExten()\n[day]\nexten => 1,1,Queue(a)\n"
    flow = main(text)
    assert (to(flow, "in,s,1", "1"), to(flow, "in,s,1", "at other times")) == ("in,1,1", UNKNOWN)
    assert [each.line for each in flow.remarks] == [2]
    assert "AHD014" in codes(checked(text), "in,s,1")


def test_entries_are_contexts_that_nothing_leads_to() -> None:
    text = """
[inner]
exten => s,1,Hangup()
[outer]
exten => 100,1,Goto(inner,s,1)
exten => 200,1,Hangup()
"""
    assert list(main(text).starts()) == ["outer,100,1", "outer,200,1"]
    assert list(main(text, entries=("inner",)).starts()) == ["inner,s,1"]
    assert list(main(text, entries=("outer,200,1",)).starts()) == ["outer,200,1"]


def test_the_numbers_of_a_menu_are_no_beginnings() -> None:
    flow = main("[in]\nexten => 1,1,Queue(a)\nexten => s,1,Background(menu)\nsame => n,WaitExten()\n")
    assert list(flow.starts()) == ["in,s,1"]


def test_a_switch_is_named_and_what_it_may_find_is_not_guessed() -> None:
    flow = main("[in]\nswitch => DUNDi/e164\nexten => s,1,Goto(900,1)\nexten => 5,1,WaitExten()\n")
    assert to(flow, "in,s,1", "next") == UNKNOWN
    assert to(flow, "in,5,1", "another number") == UNKNOWN
    assert [(each.line, "switch" in each.sentence) for each in flow.remarks] == [(2, True)]


# Keys -------------------------------------------------------------------------------------------------------------

MENU = """
[in]
exten => s,1,Background(welcome&press-one)
 same => n,WaitExten(4)
exten => 1,1,Queue(sales)
"""


def test_silence_goes_on_to_the_next_priority_if_there_is_one_else_to_t_else_ends() -> None:
    assert to(main(MENU), "in,s,2", "silence") == STOP
    assert to(main(MENU + "exten => t,1,Goto(s,1)\n"), "in,s,2", "silence") == "in,t,1"
    flow = main(MENU + "exten => s,3,Queue(late)\nexten => t,1,Goto(s,1)\n")
    assert to(flow, "in,s,2", "silence") == "in,s,3"
    assert ("AHD012", "in,t,1") in {(each.code, each.node) for each in check(Book((flow,)), TODAY).findings}


def test_invalid_keys_go_to_i() -> None:
    assert to(main(MENU), "in,s,2", "wrong") == STOP
    assert to(main(MENU + "exten => i,1,Goto(s,1)\n"), "in,s,2", "wrong") == "in,i,1"
    assert to(main(MENU + "exten => e,1,Goto(s,1)\n"), "in,s,2", "wrong") == "in,e,1"


def test_words_before_the_keys_count_as_one_menu() -> None:
    flow = main(MENU)
    assert [node(flow, each).kind for each in ("in,s,1", "in,s,2")] == ["say", "menu"]
    assert node(flow, "in,s,1").words.in_language("en") == "(sound welcome, press-one)"
    assert to(flow, "in,s,1", "1") == "in,1,1"


def test_a_menu_without_a_way_out_is_found() -> None:
    report = checked(MENU)
    assert {"AHD001", "AHD006"} <= codes(report, "in,s,2")


def test_without_autofallthrough_an_extension_that_ends_waits_for_keys() -> None:
    flow = main("[general]\nautofallthrough=no\n[in]\nexten => s,1,Playback(hi)\nexten => 1,1,Queue(a)\n")
    assert to(flow, "in,s,1", "next") == "in,s,(waits)"
    assert to(flow, "in,s,(waits)", "1") == "in,1,1"


def test_what_is_read_is_the_customers_and_so_is_a_decision_on_it() -> None:
    flow = main("""
[in]
exten => s,1,Read(choice,press,1,,2,5)
 same => n,GotoIf($["${choice}" = "1"]?sales,1)
 same => n,GotoIf($["${open}" = "1"]?sales,1:late,1)
exten => sales,1,Queue(sales)
exten => late,1,Set(open=2)
""")
    assert node(flow, "in,s,1").kind == "ask"
    edge = node(flow, "in,s,1").edge("silence")
    assert edge is not None and edge.mistake and edge.seconds == 10
    assert {each.owner for each in node(flow, "in,s,2").edges} == {"customer"}
    assert to(flow, "in,s,2", "otherwise") == "in,s,3"
    assert {each.owner for each in node(flow, "in,s,3").edges} == {"world"}


# Jumps ------------------------------------------------------------------------------------------------------------


def test_a_target_computed_at_run_time_is_said_and_not_guessed() -> None:
    report = checked("[in]\nexten => s,1,Goto(${WHERE},s,1)\n")
    assert codes(report) == {"AHD014"}


def test_a_jump_to_what_is_not_there_goes_to_i_or_ends() -> None:
    assert to(main("[in]\nexten => s,1,Goto(7,1)\n"), "in,s,1", "next") == STOP
    assert to(main("[in]\nexten => s,1,Goto(7,1)\nexten => i,1,Queue(a)\n"), "in,s,1", "next") == "in,i,1"
    assert to(main("[in]\nexten => s,1,Goto(gone,s,1)\n"), "in,s,1", "next") == UNKNOWN


def test_times_are_hours() -> None:
    text = "[in]\nexten => s,1,GotoIfTime(09:00-17:00,mon-fri,*,*?day,1)\nsame => n,Hangup()\nexten => day,1,Queue(a)\n"
    flow = main(text)
    assert (node(flow, "in,s,1").kind, node(flow, "in,s,1").about) == ("hours", "Mo-Fr 09:00-17:00")
    assert (to(flow, "in,s,1", "open"), to(flow, "in,s,1", "closed")) == ("in,day,1", "in,s,2")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("9:00-17:30,mon-thu&sat,*,*", "Mo-Th,Sa 09:00-17:30"),
        ("*,sun,*,*", "Su"),
        ("08:00-12:00&13:00-17:00,*,*,*", "08:00-12:00,13:00-17:00"),
        ("*,*,*,*", "24/7"),
        ("*,*,25,dec", "*,*,25,dec"),
        ("whenever", "whenever"),
    ],
)
def test_plain_times_are_told_as_opening_hours_and_others_as_they_are_written(written: str, told: str) -> None:
    assert opening_hours(written) == told


def test_a_subroutine_is_a_flow_that_comes_back() -> None:
    text = """
[in]
exten => s,1,Gosub(sub,s,1(SIP/a))
 same => n,Queue(after)
[sub]
exten => s,1,NoOp(${ARG1})
 same => n,Return()
"""
    first, sub = flows(text)
    called = node(first, "in,s,1")
    assert (called.kind, called.returns, called.about) == ("flow", True, sub.name)
    assert sub.nodes["sub,s,2"].about == BACK
    assert ("AHD001", "in,s,2") in {(each.code, each.node) for each in checked(text).findings}


def test_a_subroutine_may_be_called_by_a_label_of_an_included_context() -> None:
    text = """
[in]
include => std
exten => 12,1,Gosub(${EXTEN},ring(SIP/a))
[std]
exten => _X.,50(ring),Dial(${ARG1},9)
 same => n,Return()
"""
    assert flows(text)[1].name == "extensions: in,12,50"


def test_a_loop_that_counts_is_counted() -> None:
    flow = main("""
[in]
exten => s,1,Set(tries=0)
 same => n(top),Read(pin,enter-pin)
 same => n,Set(tries=$[${tries} + 1])
 same => n,GotoIf($[${tries} < 3]?top)
 same => n,Queue(help)
""")
    assert (node(flow, "in,s,4").kind, node(flow, "in,s,4").tries) == ("repeat", 2)
    assert "AHD005" not in codes(check(Book((flow,)), TODAY))


def test_a_loop_that_does_not_count_is_a_circle() -> None:
    report = checked("[in]\nexten => s,1,Playback(busy)\nsame => n,Goto(s,1)\n")
    assert "AHD005" in codes(report)


def test_a_while_goes_round_and_on() -> None:
    flow = main("""
[in]
exten => s,1,While($[${x} = 1])
 same => n,ExitWhile()
 same => n,EndWhile()
 same => n,Queue(a)
""")
    assert to(flow, "in,s,1", "${x} = 1") == "in,s,2"
    assert to(flow, "in,s,1", "otherwise") == "in,s,4"
    assert to(flow, "in,s,2", "next") == "in,s,4"
