"""Dialplans of Asterisk: where they lead to people and promises, how customers wait, and what cannot be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.flowlang import Book, FlowRefused, check
from ahadi.flowlang.formats import begin_at, read_any, read_together
from ahadi.flowlang.formats.asterisk import flows_of, read_queues, with_queues
from ahadi.flowlang.formats.known import is_dialplan, is_queues
from ahadi.flowlang.model import ENDLESS
from tests.flowlang.dialplans import TODAY, checked, codes, flows, main, node, to

# People and promises ----------------------------------------------------------------------------------------------


def test_the_status_after_a_dial_is_followed_for_each_outcome() -> None:
    flow = main("""
[in]
exten => s,1,Dial(SIP/a,20)
 same => n,NoOp(${DIALSTATUS})
 same => n,Goto(s-${DIALSTATUS},1)
exten => s-BUSY,1,VoiceMail(1,b)
exten => _s-.,1,Hangup()
""")
    assert to(flow, "in,s,1", "busy") == "in,s-BUSY,1"
    assert to(flow, "in,s,1", "no-answer") == "in,s-NOANSWER,1"
    assert node(flow, "in,s-NOANSWER,1").kind == "end"


def test_a_decision_on_the_status_is_followed_too() -> None:
    flow = main("""
[in]
exten => s,1,Dial(SIP/a,20)
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY" | "${DIALSTATUS}" = "NOANSWER"]?mail)
 same => n,Hangup()
 same => n(mail),VoiceMail(1)
""")
    assert to(flow, "in,s,1", "busy") == "in,s,4"
    assert to(flow, "in,s,1", "failed") == "in,s,3"


def test_a_dial_without_a_limit_may_ring_without_end() -> None:
    assert to(main("[in]\nexten => s,1,Dial(SIP/a)\n"), "in,s,1", "rings without end") == ENDLESS
    assert node(main("[in]\nexten => s,1,Dial(SIP/a,10)\n"), "in,s,1").edge("rings without end") is None


def test_a_dial_that_goes_on_after_it_was_answered_keeps_what_it_gained() -> None:
    flow = main("[in]\nexten => s,1,Dial(SIP/a,10,g)\nsame => n,Hangup()\n")
    edge = node(flow, "in,s,1").edge("answered")
    assert edge is not None and (edge.target, edge.gain) == ("in,s,2", "person")


def test_a_voicemail_becomes_a_case_unless_nothing_is_assumed() -> None:
    text = "[in]\nexten => s,1,VoiceMail(1)\nexten => a,1,Queue(b)\n"
    edge = node(main(text), "in,s,1").edge("recorded")
    assert edge is not None and edge.gain == "promise"
    assert to(main(text), "in,s,1", "*") == "in,a,1"
    assert "AHD003" not in codes(checked(text), "in,s,1")
    assert "AHD003" in codes(checked("[in]\nexten => s,1,VoiceMail(1)\n", strict=True))


def test_a_queue_has_every_outcome_where_nothing_is_told_of_it() -> None:
    flow = main("[in]\nexten => s,1,Queue(a,,,,60)\nsame => n,VoiceMail(1)\n")
    assert {"answered", "too-long", "full", "nobody", "failed"} <= {each.outcome for each in node(flow, "in,s,1").edges}
    report = check(Book((flow,)), TODAY)
    assert ("AHD014", "in,s,1") in {(each.code, each.node) for each in report.findings}
    assert "AHD013" not in codes(report)


def test_queues_conf_tells_how_a_customer_waits() -> None:
    text = "[in]\nexten => s,1,Queue(a)\nsame => n,Hangup()\n[out]\nexten => 1,1,VoiceMail(2)\n"
    quiet = "[general]\npersistentmembers=yes\n[a]\nstrategy=ringall\n"
    flow = main(text, quiet)
    assert {each.outcome for each in node(flow, "in,s,1").edges} == {"answered", "nobody answers"}
    assert "AHD013" in codes(checked(text, quiet), "in,s,1")
    news = quiet + "announce-frequency=30\nannounce-holdtime=once\n"
    assert node(main(text, news), "in,s,1").news == ("position", "estimate")
    assert "AHD013" not in codes(checked(text, news))
    exits = quiet + "context=out\njoinempty=strict\nmaxlen=5\n"
    assert to(main(text, exits), "in,s,1", "1") == "out,1,1"
    assert {"full", "nobody"} <= {each.outcome for each in node(main(text, exits), "in,s,1").edges}
    assert "AHD013" not in codes(checked(text, exits))


def test_a_queue_that_is_not_in_queues_conf_is_named() -> None:
    flow = main("[in]\nexten => s,1,Queue(b)\n", "[a]\n")
    assert [each.sentence for each in flow.remarks] == ["the queue `b` is not in queues.conf."]


def test_dialplans_and_queues_are_joined() -> None:
    files = {"extensions.conf": b"[in]\nexten => s,1,Queue(a)\n", "queues.conf": b"[a]\nannounce-frequency = 60\n"}
    assert is_dialplan(*next(iter(files.items()))) and is_queues("queues.conf", files["queues.conf"])
    joined = with_queues(files, flows_of("extensions.conf", files["extensions.conf"].decode()))
    assert joined[0].nodes["in,s,1"].news == ("position",)
    assert read_queues("queues.conf", files["queues.conf"]).flows == ()


def test_calls_may_be_said_to_begin_elsewhere() -> None:
    files = {"extensions.conf": b"[in]\nexten => s,1,Goto(x,s,1)\n[x]\nexten => s,1,Queue(a)\n"}
    flows, reads = read_together(files.items())
    assert not reads["extensions.conf"].problems
    assert [list(each.starts()) for each in flows] == [["in,s,1"]]
    assert [list(each.starts()) for each in begin_at(files, flows, ["x"])] == [["x,s,1"]]
    with pytest.raises(FlowRefused):
        begin_at(files, flows, ["nowhere"])


def test_privileged_queues_are_known_by_name() -> None:
    assert "AHD011" in codes(checked("[in]\nexten => s,1,WaitExten()\nexten => 9,1,Queue(vip-gold)\n"), "in,9,1")


def test_a_match_on_what_was_looked_up_and_a_password_earn_a_privilege() -> None:
    looked = "[in]\nexten => s,1,Set(level=${DB(level/${CALLERID(num)})})\n"
    ends = " same => n,Hangup()\nexten => v,1,Queue(vip)\n"
    assert "AHD011" not in codes(checked(looked + ' same => n,GotoIf($["${level}" = "gold"]?v,1)\n' + ends))
    assert "AHD011" in codes(checked(looked + ' same => n,GotoIf($["${level}" != "gold"]?v,1)\n' + ends))
    assert "AHD011" in codes(checked("[in]\nexten => s,1,Read(level)\n same => n,GotoIf(${level}?v,1)\n" + ends))
    assert "AHD011" not in codes(checked("[in]\nexten => s,1,Authenticate(1)\n same => n,Queue(vip)\n"))


def test_a_prompt_with_a_variable_that_a_way_leaves_unset_is_found() -> None:
    report = checked("""
[in]
exten => s,1,GotoIf($["${known}" = "1"]?say)
 same => n,Set(balance=5)
 same => n(say),SayDigits(${balance})
 same => n,Queue(a)
""")
    assert "AHD009" in codes(report, "in,s,3")
    assert "AHD009" not in codes(checked("[in]\nexten => s,1,SayDigits(${CALLERID(num)})\nsame => n,Queue(a)\n"))


def test_an_application_that_is_not_known_is_named_and_may_do_anything() -> None:
    flow = main("[in]\nexten => s,1,AGI(route.py)\n")
    assert [(each.node, each.line) for each in flow.remarks] == [("in,s,1", 2)]
    assert "AHD014" in codes(check(Book((flow,)), TODAY))
    assert "AHD002" not in codes(check(Book((flow,)), TODAY))


def test_lines_that_nothing_reaches_are_nodes_of_the_check() -> None:
    report = checked("[in]\nexten => s,1,Queue(a)\nsame => n,Hangup()\nexten => s,5,Hangup()\nexten => h,1,NoOp()\n")
    assert {each.node for each in report.findings if each.code == "AHD012"} == {"in,s,5"}


# Hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[in]\n",
        "[in]\nexten => s,n,NoOp\n",
        "[in]\nexten => s,1,NoOp\0\n",
        "[a0](!)\n" + "x = y\n" * 3000 + "".join(f"[a{n + 1}](a{n},a{n})\n" for n in range(40)),
        "[in]\nexten => s,1,NoOp\n" * 150_000,
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str) -> None:
    with pytest.raises(FlowRefused):
        flows(text)


def test_menus_that_lead_everywhere_are_refused_before_they_fill_the_memory() -> None:
    numbers = "".join(f"exten => {n},1,WaitExten()\n" for n in range(3000))
    with pytest.raises(FlowRefused, match="too many ways"):
        flows("[in]\nexten => s,1,WaitExten()\n" + numbers)


def test_brackets_deep_in_one_another_are_no_recursion() -> None:
    deep = "(" * 2_000
    flow = main(f"[in]\nexten => s,1,GotoIf($[{deep}]?{deep}:{deep})\nexten => _{'[' * 500},1,Set(x={deep})\n")
    assert flow.nodes["in,s,1"].kind == "decide"


LINES = st.sampled_from([
    "[a]", "[b]", "[general]", "[c](!)", "[d](c)", "exten => s,1,Answer()", "same => n,Goto(b,s,1)", "include => a",
    "include => b", "exten => _X.,1,Dial(SIP/x)", "exten => _X,2,Goto(${EXTEN:1},x)", "same => n(l),Queue(q)",
    "same => n,GotoIf($[${n} < 3]?l:)", "exten => s,n,Gosub(b,s,1(${x}))", "same => n,Return()", "same => n,While(1)",
    "same => n,EndWhile", "exten => i,1,VoiceMail(1)", "exten => t,1,Goto(s-${DIALSTATUS},1)", "switch => x",
    "same => n,WaitExten()", "same => n,Background(a&${b})", "autofallthrough=no", "exten => s,1,Set(n=$[${n}+1])",
    "same => n,Read(n,a)", "exten => [", "exten => _[,1,NoOp", "same => n,GosubIf(1?b,s,1(x):a,s,1)", ";--", "--;",
])  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(LINES, max_size=40), st.binary(max_size=80))
def test_whatever_is_written_is_read_and_checked_or_refused_in_one_sentence(lines: list[str], end: bytes) -> None:
    data = "\n".join(["[a]", *lines]).encode() + b"\n" + end
    read = read_any("extensions.conf", data)
    assert bool(read.flows) != bool(read.problems)
    for problem in read.problems:
        assert "\n" not in problem.sentence
    check(Book(read.flows), TODAY)


def test_subroutines_that_call_the_next_one_are_followed_one_by_one() -> None:
    chain = "".join(f"exten => {n},1,Gosub(sub,{n + 1},1)\n" for n in range(1, 300))
    assert len(flows(f"[in]\nexten => s,1,Gosub(sub,1,1)\n[sub]\n{chain}")) == 300


def test_a_line_that_is_too_long_is_said_and_not_read() -> None:
    flow = main(f"[in]\nexten => s,1,Queue(a)\nexten => s,2,Goto({'a,' * 9000}1)\n")
    assert [(each.line, "8,192" in each.sentence) for each in flow.remarks] == [(3, True)]
