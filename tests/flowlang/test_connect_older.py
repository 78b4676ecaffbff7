"""The older export of Amazon Connect comes in: modules, branches, and the branches that are missing."""

from ahadi.flowlang.formats import format_of, read_any
from tests.flowlang.imports import edge_of, flow_of, found, module, node_of, older, parameter, report_of

END = module("end", "Disconnect", {})
SORRY = module("sorry", "PlayPrompt", {"Success": "end"}, parameters=[parameter("Text", "Please try your call again.")])
JOIN = module("join", "Transfer", {"AtCapacity": "sorry", "Error": "sorry"}, "Queue")
BOTH = {"Success": "join", "Error": "sorry"}


def test_an_older_export_is_known_by_its_modules() -> None:
    data = older(END, name="Main line")
    assert format_of("x", data) == "connect"
    assert flow_of(data).name == "Main line"


def test_a_menu_has_its_keys_its_silence_and_its_wrong_keys() -> None:
    branches = {"=1": "join", "=0": "join", "Timeout": "sorry", "NoMatch": "sorry", "Error": "sorry"}
    menu = module("menu", "GetUserInput", branches, "Digits", [parameter("Text", "Press 1"), parameter("Timeout", "5")])
    node = node_of(older(menu, JOIN, SORRY, END), "menu")
    assert [(each.outcome, each.owner, each.target) for each in node.edges] == [
        ("1", "customer", "join"), ("0", "customer", "join"), ("silence", "customer", "sorry"),
        ("wrong", "customer", "sorry"), ("failed", "world", "sorry"),
    ]  # fmt: skip


def test_a_missing_branch_is_an_outcome_that_nobody_spoke_of() -> None:
    menu = module("menu", "GetUserInput", {"=1": "join", "Error": "sorry"}, "Digits")
    look = module(
        "look", "InvokeExternalResource", {"Success": "menu"}, "Lambda", [parameter("FunctionArn", "x:order")]
    )
    report = report_of(older(look, menu, JOIN, SORRY, END))
    assert "`failed`" in found(report, "AHD007")["look"].message
    assert "`wrong`" in found(report, "AHD007")["menu"].message
    assert found(report, "AHD001")["look"].story.sentences()[0] == "`look`: the look-up fails."


def test_what_is_stored_is_asked_and_what_is_compared_has_its_owner() -> None:
    ask = module(
        "ask", "StoreUserInput", {"Success": "who", "Error": "who"}, parameters=[parameter("Text", "Your PIN?")]
    )
    who = module("who", "CheckAttribute", {"=7": "join", "NoMatch": "sorry"},
                 parameters=[parameter("Attribute", "Stored customer input"),
                             parameter("Namespace", "System")])  # fmt: skip
    data = older(ask, who, JOIN, SORRY, END)
    assert node_of(data, "ask").kind == "ask"
    assert {each.owner for each in node_of(data, "who").edges} == {"customer"}


def test_a_queue_is_called_as_the_export_shows_it() -> None:
    choose = module(
        "choose", "SetQueue", BOTH, parameters=[parameter("Queue", "arn:x/queue/1", resourceName="Priority")]
    )
    data = older(choose, JOIN, SORRY, END)
    assert node_of(data, "join").about == "Priority"
    assert "join" in found(report_of(data), "AHD011")


def test_a_flow_named_by_an_attribute_is_computed_and_one_named_by_its_resource_is_found() -> None:
    dynamic = module("go", "Transfer", {"Error": "end"}, "Flow",
                     [parameter("ContactFlowId", "next", namespace="User Defined")])  # fmt: skip
    assert "`$.Attributes.next`, is computed" in found(report_of(older(dynamic, END)), "AHD014")["go"].message
    known = module(
        "go", "Transfer", {"Error": "end"}, "Flow", [parameter("ContactFlowId", "arn:x/1", resourceName="Two")]
    )
    assert not found(report_of(older(known, END), older(END, name="Two")), "AHD014")
    assert found(report_of(older(known, END)), "AHD014")


def test_loops_hours_and_staffing_have_their_two_ways() -> None:
    loop = module("loop", "Loop", {"Looping": "hours", "Complete": "end"}, parameters=[parameter("LoopCount", "2")])
    hours = module("hours", "CheckHoursOfOperation", {"True": "staff", "False": "end", "Error": "end"})
    staff = module("staff", "CheckStaffing", {"True": "join", "Error": "end"})
    data = older(loop, hours, staff, JOIN, SORRY, END)
    assert node_of(data, "loop").tries == 2
    assert [each.outcome for each in node_of(data, "hours").edges] == ["open", "closed", "failed"]
    assert edge_of(data, "staff", "CheckStaffing False").how == "undeclared"


def test_words_name_attributes_that_only_a_success_has_set() -> None:
    remember = module("set", "SetAttributes", {"Success": "say", "Error": "say"},
                      parameters=[parameter("Attribute", "9", key="amount")])  # fmt: skip
    say = module(
        "say", "PlayPrompt", {"Success": "end"}, parameters=[parameter("Text", "You pay $.Attributes.amount.")]
    )
    assert "say" in found(report_of(older(remember, say, END)), "AHD009")


def test_music_in_an_older_queue_flow_is_holding_without_news_and_its_recording_is_named() -> None:
    music = module("music", "LoopPrompts", {"Error": "resume"}, parameters=[
        parameter("Text", "Please hold", key="text"),
        parameter("AudioPrompt", "arn:x/prompt/1", resourceName="jazz.wav"),
    ])  # fmt: skip
    data = older(music, module("resume", "Resume", {}), kind="customerQueue")
    assert "music" in found(report_of(data), "AHD013")
    assert not found(report_of(data), "AHD001")
    assert "`jazz.wav`" in read_any("f.json", data).not_understood[0].sentence


def test_a_transfer_to_something_unheard_of_is_named() -> None:
    read = read_any("f.json", older(module("odd", "Transfer", {"Error": "end"}, "Moon"), END))
    assert [each.node for each in read.not_understood] == ["odd"]
