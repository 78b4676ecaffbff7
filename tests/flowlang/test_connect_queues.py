"""Queues of Amazon Connect: which one a contact is put into, who may be there, and what is heard while waiting."""

from ahadi.flowlang.model import ENDLESS, ENTITLED, STOP
from tests.flowlang.imports import (
    END,
    FLOWS,
    JOIN,
    MENU_ERRORS,
    SORRY,
    block,
    connect,
    edge_of,
    fails,
    flow_of,
    found,
    hold,
    node_of,
    report_of,
    set_queue,
)  # fmt: skip

# Queues -----------------------------------------------------------------------------------------------------------


def test_one_transfer_for_several_queues_is_looked_at_once_for_each() -> None:
    menu = block("menu", "GetParticipantInput", "", MENU_ERRORS, {"1": "sales", "2": "vip"}, Text="Press 1 or 2.")
    flow = flow_of(connect(menu, set_queue("sales", "Sales"), set_queue("vip", "VIP line"), JOIN, SORRY, END))
    assert sorted(node.about for node in flow.nodes.values() if node.kind == "queue") == ["Sales", "VIP line"]


def test_a_privileged_queue_is_not_for_whoever_presses_a_key_but_for_whom_a_look_up_knows() -> None:
    by_key = block("who", "GetParticipantInput", "", MENU_ERRORS, {"1": "sales", "2": "vip"}, Text="Press 1 or 2.")
    look = block("look", "InvokeLambdaFunction", "who", fails("sales"), LambdaFunctionARN="tier")
    known = block(
        "who", "Compare", "", {"NoMatchingCondition": "sales"}, {"gold": "vip"}, ComparisonValue="$.External.tier"
    )
    rest = (set_queue("sales", "Sales"), set_queue("vip", "VIP"), JOIN, SORRY, END)
    assert found(report_of(connect(by_key, *rest)), "AHD011")
    assert not found(report_of(connect(look, known, *rest)), "AHD011")
    assert edge_of(connect(look, known, *rest), "who", "External.tier = gold").sets == (ENTITLED,)


def test_a_queue_that_is_computed_at_run_time_cannot_be_proved() -> None:
    choose = block("choose", "UpdateContactTargetQueue", "join", fails("join"), QueueId="$.Attributes.queue")
    assert "which queue this is" in found(report_of(connect(choose, JOIN, SORRY, END)), "AHD014")["join"].message


# While waiting ----------------------------------------------------------------------------------------------------


def test_music_alone_is_holding_without_news() -> None:
    queue = connect(hold("music", "Please hold."), END, name="hold", kind="CUSTOMER_QUEUE")
    flow = flow_of(queue)
    assert flow.while_waiting
    assert edge_of(queue, "music", "goes on").target == ENDLESS
    assert "music" in found(report_of(queue), "AHD013")


def test_music_that_is_interrupted_and_comes_back_starts_over() -> None:
    say = block("say", "MessageParticipant", "music", fails("music"), Text="You are number $.Metrics.PositionInQueue.")
    loop = hold("music", "la la", "say", InterruptFrequencySeconds="30")
    queue = connect(loop, say, END, name="hold", kind="CUSTOMER_QUEUE")
    assert node_of(queue, "music").news == ("position", "estimate")
    assert "starts over" in found(report_of(queue), "AHD013")["music"].message


def test_a_disconnection_while_waiting_is_a_dead_end_and_an_end_of_the_flow_is_none() -> None:
    cut = connect(hold("music", "la"), END, name="hold", kind="CUSTOMER_QUEUE")
    assert found(report_of(cut), "AHD001").keys() == {"end"}
    resumed = connect(hold("music", "la"), block("end", "EndFlowExecution"), name="hold", kind="CUSTOMER_QUEUE")
    assert not found(report_of(resumed), "AHD001")


def test_a_queue_is_judged_by_the_flow_that_its_customers_hear() -> None:
    hook = block("hook", "UpdateContactEventHooks", "join", fails("join"), EventHooks={"CustomerQueue": FLOWS + "wait"})
    main = connect(hook, JOIN, SORRY, END, name="main")
    alone = report_of(main)
    assert "join" not in found(alone, "AHD013")
    assert "`wait`, which was not given" in found(alone, "AHD014")["join"].message
    told = connect(block("say", "GetParticipantInput", "", {**fails("music")}, {"1": "call"}, Text="Press 1."),
                   hold("music", "la", "say"), block("call", "CreateCallbackContact", "end", fails("end")), END,
                   name="wait", kind="CUSTOMER_QUEUE")  # fmt: skip
    both = report_of(main, told)
    assert "join" not in found(both, "AHD013")
    assert "join" not in found(both, "AHD014")
    assert "join" in found(report_of(connect(JOIN, SORRY, END)), "AHD013")


def test_what_an_agent_hears_on_hold_is_no_customers_wait() -> None:
    agent = connect(hold("music", "On hold."), END, name="hold", kind="AGENT_HOLD")
    assert not found(report_of(agent), "AHD013")
    assert edge_of(agent, "end", "disconnected").target == STOP
