"""The readings: what is a finding and what is not, so that two people give the same verdict."""

from dataclasses import replace
from datetime import date

import pytest

from ahadi.flowlang import Book, Edge, Flow, Node, Report, Settings, check, read_flow
from ahadi.flowlang.files import bind
from ahadi.flowlang.model import ASSUMPTIONS, ENDLESS, STOP, UNKNOWN, Under, words_of

TODAY = date(2026, 11, 22)
STRICT = Settings(off=frozenset(ASSUMPTIONS))


def checked(nodes: str, *others: str, head: str = "", settings: Settings | None = None) -> Report:
    """The report on a flow of these nodes, of which the first is the start, and other flows."""
    start = nodes.split(":", 1)[0].strip()
    text = f"flow: a\nstart: {start}\n{head}nodes:\n" + "".join(f"  {line.strip()}\n" for line in nodes.splitlines())
    flows = [read_flow(text, "a.flow.yaml"), *(read_flow(other, f"{n}.flow.yaml") for n, other in enumerate(others))]
    return check(bind(flows), TODAY, settings or Settings())


def codes(report: Report, *ignored: str) -> list[str]:
    return sorted({each.code for each in report.findings if each.code not in ("AHD007", "AHD004", *ignored)})


def at(report: Report, code: str) -> list[str]:
    return [each.node for each in report.findings if each.code == code]


def imported(*nodes: Node, **fields: object) -> Flow:
    flow = Flow("i", nodes[0].name, {each.name: each for each in nodes}, file="i.json", origin="connect")
    return replace(flow, **fields)  # type: ignore[arg-type]


END = "end: {end: done}"


# Good ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "node",
    [
        "{callback: When?, booked: end, declined: case, given-up: case}",
        "{voicemail: Say it, recorded: end, given-up: case}",
        "{menu: Settled?, choices: {1: {to: end, settled: true}, 0: case}, given-up: case, failed: case}",
        "{say: We write it down, next: case}",
        "{queue: q, news: position, answered: end, too-long: case, full: case, nobody: case, failed: case}",
    ],
)
def test_a_person_a_promise_and_the_customers_word_are_good_ends(node: str) -> None:
    report = checked(f"start: {node}\n{END}")
    assert codes(report, "AHD012") == []
    assert report.proved == ("a",)


def test_an_end_is_not_good_for_calling_itself_settled() -> None:
    assert at(checked("start: {say: Bye, next: end}\nend: {end: settled}"), "AHD001") == ["end"]


def test_whoever_leaves_by_choice_is_no_finding_but_no_success_either() -> None:
    menu = "{menu: Which?, choices: {9: leave%s}, silence: again, wrong: again, given-up: case, failed: case}"
    assert codes(checked(f"start: {menu % ''}")) == []
    only = imported(
        Node(
            "menu",
            "menu",
            (Edge("9", STOP, "customer", gain="left"), Edge("silence", "menu", "customer", mistake=True)),
        )
    )
    assert codes(check(Book((only,)), TODAY)) == ["AHD002", "AHD003", "AHD005"]


# AHD001 to AHD003 ------------------------------------------------------------------------------------------------


def test_a_dead_end_has_a_story_from_the_beginning() -> None:
    report = checked("start: {hours: Mo-Fr 08:00-18:00, open: people, closed: sorry}\n"
                     "people: {queue: q, news: estimate, too-long: case, full: case, nobody: case, failed: case}\n"
                     "sorry: {say: We are closed, next: end}\n" + END)  # fmt: skip
    (finding,) = [each for each in report.findings if each.code == "AHD001"]
    assert finding.node == "end"
    assert [each.outcome for each in finding.story.steps()] == ["closed", "next"]
    assert "outside the hours" in finding.story.sentences()[0]


def test_an_apology_and_an_end_is_a_dead_end_and_no_trap() -> None:
    assert codes(checked(f"start: {{say: Sorry, next: end}}\n{END}")) == ["AHD001", "AHD003"]


def test_a_menu_from_which_nothing_leads_on_is_a_trap() -> None:
    report = checked(f"start: {{menu: Which?, choices: {{1: end}}, given-up: end, failed: end}}\n{END}")
    assert codes(report) == ["AHD001", "AHD002", "AHD003", "AHD006"]
    assert at(report, "AHD002") == ["start"]


def test_an_endless_wait_is_a_trap_and_no_end() -> None:
    flow = imported(Node("hold", "queue", (Edge("waits", ENDLESS, "time"),), news=("position",)))
    assert codes(check(Book((flow,)), TODAY)) == ["AHD002", "AHD003"]


def test_a_customer_who_can_press_a_key_while_waiting_can_insist_however_long_it_takes() -> None:
    queue = "{queue: q, choices: {1: back}, answered: end, too-long: start, full: back, nobody: back, failed: back}"
    back = "back: {callback: When?, booked: end, declined: case, given-up: case}"
    assert codes(checked(f"start: {queue}\n{back}\n{END}")) == []
    without = checked(f"start: {queue.replace('choices: {1: back}, ', '')}\n{back}\n{END}")
    assert codes(without, "AHD013") == ["AHD003"]
    (finding,) = [each for each in without.findings if each.code == "AHD003"]
    assert finding.story.forever


def test_cannot_insist_is_told_once_at_the_earliest_place() -> None:
    nodes = """\
    start: {menu: Which?, choices: {1: one, 2: people}, given-up: people, failed: people}
    one: {menu: And?, choices: {1: look}, given-up: look, failed: people}
    look: {look-up: c, found: people, not-found: end, failed: end, timed-out: end}
    people: {queue: q, news: position, too-long: case, full: case, nobody: case, failed: case}
    end: {end: done}"""
    report = checked(nodes)
    assert at(report, "AHD003") == ["one"]
    (finding,) = [each for each in report.findings if each.code == "AHD003"]
    assert [(each.node, each.outcome) for each in finding.story.steps()][-1][0] == "look"


# Assumptions and what cannot be seen -----------------------------------------------------------------------------


def queue_of_an_import() -> Flow:
    answered = Edge("accepted", STOP, "time", gain="person", under=Under("queues-answer", "with"))
    waits = Edge("waits", ENDLESS, "time", under=Under("queues-answer", "without"))
    full = Edge("full", "record", "world")
    failed = Edge("failed", "end", "world", under=Under("recorders-record", "spared"))
    recorded = Edge("recorded", STOP, "customer", gain="promise")
    return imported(
        Node("queue", "queue", (answered, waits, full), news=("position",)),
        Node("record", "callback", (recorded, failed)),
        Node("end", "end"),
    )


def test_a_recorder_that_fails_is_a_dead_end_but_no_move_against_the_customer() -> None:
    report = check(Book((queue_of_an_import(),)), TODAY)
    assert codes(report) == ["AHD001"]
    assert report.files[0].assumptions == ("queues-answer", "recorders-record")


def test_strict_assumes_nothing() -> None:
    report = check(Book((queue_of_an_import(),)), TODAY, STRICT)
    assert codes(report) == ["AHD001", "AHD003"]
    assert report.files[0].assumptions == ()


def test_what_cannot_be_seen_is_said_and_neither_good_nor_bad() -> None:
    flow = imported(Node("start", "say", (Edge("next", UNKNOWN, why="the queue is computed from $.Attributes.q"),)))
    report = check(Book((flow,)), TODAY)
    assert codes(report) == ["AHD014"]
    assert "computed from $.Attributes.q" in report.findings[0].message
    assert report.proved == ()


def test_flows_are_followed_across_files_and_missing_ones_said() -> None:
    outer = "start: {flow: inner, next: end}\nend: {end: done}"
    inner = "flow: inner\nstart: b\nnodes: {b: {menu: Which?, choices: {1: back}, given-up: back}, back: {end: back}}"
    assert codes(checked(outer), "AHD012") == ["AHD014"]
    assert at(checked(outer, inner), "AHD001") == ["end"]
    assert checked(outer, inner).findings[0].flow in ("a", "inner")
    kept = checked("start: {flow: inner, next: case}", inner)
    assert codes(kept) == []
    assert kept.proved == ("a",)


# AHD004 to AHD006 ------------------------------------------------------------------------------------------------


def menus(count: int) -> str:
    lines = [
        f"m{n}: {{menu: Which?, choices: {{1: m{n + 1}, 0: case}}, given-up: case, failed: case}}" for n in range(count)
    ]
    return "\n".join([*lines, f"m{count}: {{callback: When?, booked: case, declined: case, given-up: case}}"])


def test_more_than_three_menus_before_a_promise_is_offered_are_too_far() -> None:
    assert at(checked(menus(3)), "AHD004") == []
    report = checked(menus(4))
    (finding,) = [each for each in report.findings if each.code == "AHD004"]
    assert "4 menus and questions" in finding.message
    assert len(finding.story.steps()) == 3


def test_words_and_time_outs_count_as_seconds_and_the_customers_mistakes_do_not() -> None:
    def far(node: str) -> list[str]:
        return at(
            checked(f"start: {node}\nback: {{callback: When?, booked: case, declined: case, given-up: case}}"), "AHD004"
        )

    look = "{look-up: c, time-out: %s, tries: %s, failed: back, timed-out: again, given-up: back, found: back, "
    look += "not-found: back}"
    assert far("{say: %s, next: back}" % ("x" * 900)) == []
    assert far("{say: %s, next: back}" % ("x" * 901)) == ["start"]
    assert far(look % (20, 2)) == []
    assert far(look % (21, 2)) == ["back"]
    assert far("{menu: %s, tries: 9, choices: {1: back}, given-up: back, failed: back}" % ("x" * 500)) == []


def test_a_loop_that_nothing_counts_is_a_circle_and_counted_and_holding_ones_are_not() -> None:
    def circles(to: str) -> list[str]:
        return at(
            checked(f"start: {{menu: Which?, choices: {{9: {to}, 0: case}}, given-up: case, failed: case}}"), "AHD005"
        )

    assert circles("start") == ["start"]
    assert circles("again") == []
    assert circles("{to: start, at-most: 3, then: start}") == ["start"]  # it begins to count anew
    assert circles("{to: start, at-most: 3}") == []
    hold = "start: {queue: q, news: position, too-long: music, full: case, nobody: case, failed: case}\n"
    assert at(checked(hold + "music: {say: La la, next: start}"), "AHD005") == []


def test_zero_leads_to_a_person_or_replays_that_then_do() -> None:
    def lost(node: str) -> str:
        found = checked(f"start: {node}\nsorry: {{say: Sorry, next: end}}\n{END}").findings
        return next((each.message.split(": ")[-1] for each in found if each.code == "AHD006"), "")

    ends = "{menu: Which?, choices: {1: case%s}, silence: %s, wrong: %s, given-up: %s, failed: case}"
    assert lost(ends % ("", "again", "again", "case")) == ""
    assert lost(ends % ("", "again", "again", "sorry")) == "0, “agent”, silence, a wrong key."
    assert lost(ends % ("", "sorry", "again", "case")) == "silence."
    assert lost(ends % (", 0: case", "case", "again", "end")) == "“agent”, a wrong key."
    assert lost(ends % (", 0: {to: case, words: [agent]}", "case", "again", "end")) == "a wrong key."


# AHD007 to AHD013 ------------------------------------------------------------------------------------------------


def test_what_happens_with_an_undeclared_outcome_is_told() -> None:
    report = checked("start: {menu: Which?, choices: {1: case}}")
    (finding,) = [each for each in report.findings if each.code == "AHD007"]
    assert finding.severity == "warning"
    assert "`silence` (asked again, 2 times at most)" in finding.message
    assert "`failed` (a case with a promise is made)" in finding.message


def test_words_are_unfilled_where_one_way_sets_nothing() -> None:
    nodes = "start: {look-up: c, sets: [name], found: hello, not-found: %s, failed: case, timed-out: case}\n"
    nodes += "hello: {say: 'Hello {name}', next: case}"
    assert at(checked(nodes % "hello"), "AHD009") == ["hello"]
    assert at(checked(nodes % "case"), "AHD009") == []
    assert at(checked(nodes % "hello", head="given: [name]\n"), "AHD009") == []


@pytest.mark.parametrize(
    ("words", "language", "sent"),
    [
        ("Please call us on Monday.", "en", True),
        ("For this visit our website.", "en", True),
        ("Please call again later. Goodbye.", "en", True),
        ("Thank you for calling us. Goodbye.", "en", False),
        ("We will call you back. Goodbye.", "en", False),
        ("Tembelea tovuti yetu.", "sw", True),
    ],
)
def test_last_words_that_send_the_customer_away_are_known(words: str, language: str, sent: bool) -> None:
    for nodes in (f"start: {{say: {words}, next: end}}\n{END}", f"start: {{end: done, say: {words}}}"):
        assert at(checked(nodes, head=f"language: {language}\n"), "AHD010") == (["start"] if sent else [])


def test_sending_elsewhere_is_no_finding_where_the_conversation_is_handed_over() -> None:
    handed = "start: {hand-over: telephone, say: Please call us, taken: end, declined: case, failed: case}\n" + END
    assert at(checked(handed), "AHD010") == []
    assert at(checked("start: {end: elsewhere}"), "AHD010") == ["start"]


def test_a_privileged_queue_needs_a_verified_entitlement() -> None:
    queue = "gold: {queue: gold line, news: position, too-long: case, full: case, nobody: case, failed: case}"
    assert at(checked("start: {menu: x, choices: {1: gold}, failed: case, given-up: case}\n" + queue), "AHD011") == [
        "gold"
    ]
    assert (
        at(checked("start: {identify: Who?, verified: gold, given-up: case, failed: case}\n" + queue), "AHD011") == []
    )
    look = "start: {look-up: tiers, %s, found: gold, not-found: case, failed: case, timed-out: case}\n"
    assert at(checked(look % "entitles: true" + queue), "AHD011") == []
    assert at(checked(look % "sets: tier" + queue), "AHD011") == ["gold"]
    assert at(checked(look % "sets: tier" + queue, settings=Settings(privileged=("vip",))), "AHD011") == []


def test_waiting_needs_news_or_a_way_out() -> None:
    queue = "start: {queue: q, %s too-long: case, full: case, nobody: case, failed: case}"
    assert at(checked(queue % ""), "AHD013") == ["start"]
    assert at(checked(queue % "news: [estimate],"), "AHD013") == []
    assert at(checked(queue % "choices: {1: case},"), "AHD013") == []


def test_what_a_waiting_contact_hears_does_not_end_it() -> None:
    hold = imported(
        Node("hello", "say", (Edge("next", "end"),), words=words_of("Your call is important to us")),
        Node("end", "end"),
        while_waiting=True,
    )
    assert codes(check(Book((hold,)), TODAY)) == []


# How it is told --------------------------------------------------------------------------------------------------


def test_findings_come_in_the_order_of_files_and_lines() -> None:
    report = checked(
        "start: {say: a, next: end}\nlost: {say: b, next: end}\n" + END, "flow: z\nstart: z\nnodes: {z: {end: x}}"
    )
    places = [(each.file, each.line) for each in report.findings]
    assert places == sorted(places, key=lambda each: (each[0] != "a.flow.yaml", each[1]))


def test_two_flows_of_one_name_are_told_apart() -> None:
    same = "flow: a\nstart: z\nnodes: {z: {end: x}}"
    report = checked("start: {say: a, next: case}", same)
    assert {each.flow for each in report.findings if each.code == "AHD001"} == {"a (0.flow.yaml)"}
    assert report.proved == ("a",)
