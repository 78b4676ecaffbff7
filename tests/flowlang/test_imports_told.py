"""Imports told: every story of a finding, played in the runtime, goes as it is told; files are kept apart."""

from pathlib import Path

import pytest

from ahadi.flowlang import Book, check
from ahadi.flowlang.files import bind
from ahadi.flowlang.formats import read_together
from tests.flowlang.architect import TASK, TODAY
from tests.flowlang.test_exact import replayed
from tests.flowlang.test_genesys_menus import MENU

CALLS = b"[in]\nexten => s,1,Gosub(sub,s,1)\n[sub]\nexten => s,1,"
IVR = """
[in]
include => std
exten => s,1,Background(welcome)
 same => n,Set(n=$[${n} + 1])
 same => n,WaitExten(5)
 same => n,GotoIf($[${n} < 3]?s,1)
exten => 1,1,Gosub(${EXTEN},ring(SIP/a))
 same => n,Queue(vip,,,,30)
exten => 2,1,Dial(SIP/b)
 same => n,Goto(s-${DIALSTATUS},1)
exten => s-BUSY,1,VoiceMail(2)
exten => _s-.,1,Playback(please-try-call-later)
exten => 3,1,Read(code,enter)
 same => n,GotoIf($["${code}" = "7"]?1,1)
 same => n,SayDigits(${account})
 same => n,Set(account=1)
exten => i,1,Goto(s,1)
[std]
exten => _X.,1,AGI(x)
exten => _X,9(ring),Dial(SIP/c,10)
 same => n,Return()
"""
CALLED = "          - callTask: {targetTaskRef: './tasks/task[other]'}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("extensions.conf", IVR),
        ("menu.yaml", MENU.replace("        EXTRA\n", "")),
        ("task.yaml", TASK.replace("ACTIONS", CALLED).replace("{HANDLING}", "{disconnect: {none: true}}")),
    ],
)
def test_every_story_played_in_the_runtime_ends_as_told(name: str, text: str) -> None:
    flows, reads = read_together([(name, text.encode())])
    assert not reads[name].problems
    book = bind(flows)
    findings = check(book, TODAY).findings
    assert findings
    for each in findings:
        position, _ = replayed(book, each)
        assert each.code != "AHD001" or position.ended_badly


def test_files_whose_flows_have_the_same_names_are_kept_apart() -> None:
    files = [("a/extensions.conf", CALLS + b"Queue(x)\n"), ("b/extensions.conf", CALLS + b"Hangup()\n")]
    flows, _ = read_together(files)
    assert len({each.name for each in flows}) == 4
    report = check(Book(flows), TODAY)
    ends = {(Path(each.file).parent.name, each.message[:22]) for each in report.findings if each.code == "AHD001"}
    assert ends == {("a", "After `full`, `nobody`"), ("b", "A contact can end here")}
    queue = next(each for each in flows if each.file.startswith("a") and each.start == "sub,s,1")
    assert queue.nodes["sub,s,1"].kind == "queue"
