"""Each action of Architect as a node, with what may come of it (help.mypurecloud.com, Architect, actions)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.genesys_flow import Action, Maker, as_outcome
from ahadi.flowlang.formats.genesys_menus import menu
from ahadi.flowlang.formats.genesys_people import (
    create_callback,
    hold_music,
    transfer,
    transfer_to_acd,
    transfer_to_flow,
    transfer_to_voicemail,
)
from ahadi.flowlang.formats.genesys_values import (
    has_key,
    is_computed,
    leaves,
    names_in,
    number,
    seconds,
    under,
    value,
    what_customers_say,
)
from ahadi.flowlang.model import BACK, ENTITLED, UNKNOWN, Edge, Kind, Node, Owner, Words
from ahadi.flowlang.reading import Tree

MOST_ROUNDS: Final = 99  # what a loop may have at most (help.mypurecloud.com, Loop action)
# Nothing that a customer notices, or that changes where the contact goes.
_PASS: Final = frozenset({
    "setParticipantData", "getParticipantData", "setWrapupCode", "setLanguage", "setScreenPop", "setUUIData",
    "enableParticipantRecord", "setFlowOutcome", "initializeFlowOutcome", "addFlowMilestone", "setPostFlow",
    "setUtilizationLabel", "clearUtilizationLabel", "setExternalTag", "flushAudio", "setWhisperAudio",
    "setBulletinBoard", "addExternalContact", "setPriority", "preferredAgent", "setSecuredData", "getSecuredData",
    "setRecordingState", "recordVoice", "parkInteraction", "setBotSessionMetadata",
})  # fmt: skip
_LOOKS_UP: Final = re.compile(r"(callData|callBridgeAction|dataTableLookup|getExternal\w*|searchExternal\w*|find\w+)")
_TRANSFERS: Final = frozenset({"transferToNumber", "transferToUser", "transferToGroup", "transferToSecureFlow"})


def make(maker: Maker, action: Action) -> Node:
    """The node of an action."""
    kind = action.kind
    known = _ACTIONS.get(kind)
    if known is not None:
        return known(maker, action)
    if kind in _PASS:
        return _node(action, "say", [_next(action)])
    if _LOOKS_UP.fullmatch(kind):
        return _look_up(maker, action)
    return _not_known(maker, action)


def _node(action: Action, kind: Kind, edges: list[Edge]) -> Node:
    return Node(action.name, kind, tuple(edges), action.body.line)


def _next(action: Action, outcome: str = "next", owner: Owner = "world") -> Edge:
    return Edge(outcome, action.after, owner, how="declared" if action.after else "implicit")


def _output(maker: Maker, action: Action, name: str, outcome: str, owner: Owner = "world") -> Edge:
    """The edge of an output: its actions, then what follows. One that is not written is not spoken of."""
    path = under(action.body, "outputs", name)
    if path is None:
        return Edge(outcome, action.after, owner, how="undeclared")
    to = maker.sequence(under(path, "actions"), action.scope, action.after)
    return Edge(outcome, to, owner, how="declared" if to else "implicit")


def _not_known(maker: Maker, action: Action) -> Node:
    """An action that is not known: it may go on by any of its outputs, and may do anything else."""
    kind = one_line(action.kind, 40)
    maker.source.remark(action.name, action.body.line, f"the action `{kind}` is not known here.")
    outputs = under(action.body, "outputs")
    edges = [_output(maker, action, name, one_line(name, 60)) for name in (outputs.pairs or {})] if outputs else []
    edges.append(_next(action))
    edges.append(Edge("something else", UNKNOWN, why=f"what the action `{kind}` does is not known here"))
    return _node(action, "look-up", list({edge.outcome: edge for edge in edges}.values()))


# Words and data ---------------------------------------------------------------------------------------------------


def _play(maker: Maker, action: Action) -> Node:
    given = next((each for key in ("audio", "messageBody", "body") if (each := under(action.body, key))), None)
    return replace(_node(action, "say", [_next(action)]), words=maker.source.words(given))


def _update(maker: Maker, action: Action) -> Node:
    """Variables are set; one that is worked out may fail, which the flow's handling of errors takes."""
    statements = under(action.body, "statements")
    names = tuple(dict.fromkeys(value(each) for each in leaves(statements, "variable")))
    edges = [replace(_next(action), sets=names)]
    if has_key(statements, "exp"):
        edges.append(maker.error_edge())
    return _node(action, "remember", edges)


def _decision(maker: Maker, action: Action) -> Node:
    condition = under(action.body, "condition")
    owner = decider(maker, value(condition))
    edges = [
        _output(maker, action, "yes", one_line(value(condition), 60) or "yes", owner),
        _output(maker, action, "no", "otherwise", owner),
    ]
    edges = [replace(each, how="implicit") if each.how == "undeclared" else each for each in edges]
    if _entitles(maker, value(condition)):
        match = 1 if "!=" in value(condition) else 0
        edges[match] = replace(edges[match], sets=(ENTITLED,))
    return _node(action, "decide", [*edges, *_may_fail(maker, condition)])


def _switch(maker: Maker, action: Action) -> Node:
    first = under(action.body, "evaluate", "firstTrue") or action.body
    cases = under(first, "cases")
    edges: dict[str, Edge] = {}
    texts: list[str] = []
    for item in (cases.items or []) if cases is not None else []:
        case = under(item, "case") or item
        text = value(under(case, "value"))
        texts.append(text)
        to = maker.sequence(under(case, "actions"), action.scope, action.after)
        outcome = one_line(text, 60) or f"case {len(texts)}"
        edges[outcome if outcome not in edges else f"{outcome} ({len(texts)})"] = Edge("", to)
    to = maker.sequence(under(first, "default", "actions"), action.scope, action.after)
    edges["otherwise"] = Edge("", to, how="declared" if under(first, "default") else "implicit")
    owner: Owner = "customer" if texts and all(decider(maker, each) == "customer" for each in texts) else "world"
    named = [replace(as_outcome(edge, name), owner=owner) for name, edge in edges.items()]
    if texts and all(_entitles(maker, each) for each in texts):
        named = [*(replace(each, sets=(ENTITLED,)) for each in named[:-1]), named[-1]]
    return _node(action, "decide", [*named, maker.error_edge()])


def decider(maker: Maker, condition: str) -> Owner:
    """Who owns a decision: the customer, where it asks only for what they gave."""
    named = names_in(condition)
    if named or what_customers_say(condition):
        return "customer" if named <= maker.source.typed else "world"
    return "world"


def _entitles(maker: Maker, condition: str) -> bool:
    """Whether a match shows what the customer is entitled to: it asks only for what was looked up."""
    named = names_in(condition)
    return bool(named) and named <= maker.source.looked_up


def _may_fail(maker: Maker, tree: Tree | None) -> list[Edge]:
    return [maker.error_edge()] if is_computed(tree) else []


def _look_up(maker: Maker, action: Action) -> Node:
    """Data asked for elsewhere: what is found sets variables; failing and taking too long have outputs of their own."""
    if has_key(under(action.body, "category") or action.body, "callbackNumber"):
        line = action.body.line
        maker.source.remark(
            action.name, line, "this data action is given a callback number, and taken to make a callback."
        )
        return create_callback(maker, action)
    outputs = under(action.body, "outputs")
    found = next((each for each in ("success", "found") if under(outputs, each) is not None), "success")
    lost = next((each for each in ("notFound", "notfound") if under(outputs, each) is not None), "")
    sets = tuple(dict.fromkeys(value(each) or each.text or "" for each in leaves(action.body, "var", ("outputs",))))
    edges = [replace(_output(maker, action, found, "found"), sets=sets)]
    if lost:
        edges.append(_output(maker, action, lost, "not-found"))
    edges.append(_output(maker, action, "failure", "failed"))
    if action.kind.startswith("callData"):
        late = _output(maker, action, "timeout", "timed-out")
        edges.append(replace(late, seconds=seconds(under(action.body, "timeout"), 0)))
    if edges[0].how == "undeclared":
        edges[0] = replace(edges[0], how="implicit")
    return _node(action, "look-up", edges)


def _collect(maker: Maker, action: Action) -> Node:
    """A question: what the customer gives sets variables; what is not given or not valid leads to `failure`."""
    sets = tuple(dict.fromkeys(each.text or value(each) for each in leaves(action.body, "var", ("outputs",))))
    audio = next((each for key in ("inputAudio", "audio", "prompt") if (each := under(action.body, key))), None)
    failed = _output(maker, action, "failure", "silence", "customer")
    late = seconds(under(action.body, "noEntryTimeout") or under(action.body, "timeout"), 0)
    late = late or seconds(
        under(maker.source.body, "settingsActionDefaults", "collectInput", "noEntryTimeout"), 5
    )  # fmt: skip
    edges = [
        replace(_output(maker, action, "success", "given", "customer"), sets=sets),
        replace(failed, mistake=True, seconds=late),
        replace(failed, outcome="wrong", mistake=True, how="implicit" if failed.how == "undeclared" else failed.how),
    ]
    edges[0] = replace(edges[0], how="implicit") if edges[0].how == "undeclared" else edges[0]
    return replace(_node(action, "ask", edges), words=maker.source.words(audio), about=sets[0] if sets else "")


def _hours(maker: Maker, action: Action) -> Node:
    outputs = under(action.body, "outputs")
    named = {"open": "open", "active": "open", "closed": "closed", "inactive": "closed"}
    written = list(outputs.pairs or {}) if outputs is not None else []
    edges = {named.get(each, one_line(each, 40)): _output(maker, action, each, each) for each in written}
    usual = ("closed", "holiday", "emergency") if "Group" in action.kind else ("closed",)
    for each in ("open", *usual):
        edges.setdefault(each, _next(action, each))
    group = next((each for key in ("scheduleGroup", "schedule") if (each := under(action.body, key))), None)
    node = _node(action, "hours", [as_outcome(edge, outcome) for outcome, edge in edges.items()])
    return replace(node, about=one_line(value(group), 80))


# Where it goes ----------------------------------------------------------------------------------------------------


def _loop(maker: Maker, action: Action) -> Node:
    count = next((each for key in ("loopCount", "maxIterations", "count") if (each := under(action.body, key))), None)
    scope = replace(action.scope, again=action.name, out=action.after)
    inside = under(action.body, "outputs", "loop", "actions") or under(action.body, "actions")
    first = maker.sequence(inside, scope, action.name)
    node = _node(action, "repeat", [Edge("again", first), _next(action, "done")])
    return replace(node, tries=min(number(count, MOST_ROUNDS), MOST_ROUNDS))


def _leave_loop(maker: Maker, action: Action) -> Node:
    again = action.kind in ("loopNext", "nextLoop")
    to = action.scope.again if again else action.scope.out
    if not action.scope.again:
        maker.source.remark(action.name, action.body.line, f"`{action.kind}` stands in no loop.")
        to = action.after
    return _node(action, "say", [Edge("next", to, how="declared" if to else "implicit")])


def _call_task(maker: Maker, action: Action) -> Node:
    ref = under(action.body, "targetTaskRef") or under(action.body, "task")
    name = maker.task_flow(ref)
    if not name:
        why = f"the task `{one_line(value(ref), 60)}` is not in the file"
        return _node(action, "say", [Edge("next", UNKNOWN, why=why)])
    return _calls(maker, action, name)


def _calls(maker: Maker, action: Action, flow: str) -> Node:
    outputs = under(action.body, "outputs")
    names = (outputs.pairs or {}) if outputs is not None else {}
    named = [
        _output(maker, action, each, "next" if each.lower() == "default" else one_line(each, 60)) for each in names
    ]
    edges = [_next(action), *named, Edge("failed", maker.on_error(), how="implicit")]
    found = {edge.outcome: edge for edge in edges}
    return replace(_node(action, "flow", list(found.values())), about=flow, returns=True)


def _call_module(maker: Maker, action: Action) -> Node:
    module = under(action.body, "commonModule")
    name = next(iter(module.pairs), "") if module is not None and module.pairs else value(module)
    return _calls(maker, action, one_line(name, 100) or "(nameless)")


def _jump(maker: Maker, action: Action) -> Node:
    keys = ("targetMenuRef", "targetTaskRef", "targetStateRef", "menuRef", "taskRef")
    ref = next((each for key in keys if (each := under(action.body, key))), action.body)
    return _node(action, "say", [as_outcome(maker.part(ref, action.name), "next")])


def _previous_menu(maker: Maker, action: Action) -> Node:
    if not action.scope.menu:
        why = "which menu a customer came from is not told in the file"
        return _node(action, "say", [Edge("next", UNKNOWN, why=why)])
    return _node(action, "say", [Edge("next", action.scope.menu)])


def _disconnect(maker: Maker, action: Action) -> Node:
    return maker.hang_up(action.name, action.body.line, maker.source.words(under(action.body, "audio")))


def _end(maker: Maker, action: Action) -> Node:
    """The end of a task or module: back to who called it, by the output that is named."""
    if not maker.called:
        return maker.hang_up(action.name, action.body.line, Words(), "the task ends")
    path = under(action.body, "outputPath")
    name = one_line(value(path), 60)
    back = BACK if name.lower() in ("", "default") else f"{BACK}:{name}"
    return replace(_node(action, "end", []), about=back)


def _nothing(maker: Maker, action: Action) -> Node:
    late = seconds(under(action.body, "timeout") or under(action.body, "duration"), 0)
    return replace(_node(action, "say", [_next(action)]), seconds=late)


_ACTIONS: Final[Mapping[str, Callable[[Maker, Action], Node]]] = {
    "menu": menu, "playAudio": _play, "playPrompt": _play, "sendResponse": _play, "sendAutoReply": _play,
    "updateData": _update, "decision": _decision, "switch": _switch, "collectInput": _collect,
    "evaluateSchedule": _hours, "evaluateScheduleGroup": _hours, "loop": _loop, "loopNext": _leave_loop,
    "nextLoop": _leave_loop, "loopExit": _leave_loop, "exitLoop": _leave_loop, "callTask": _call_task,
    "callCommonModule": _call_module, "jumpToMenu": _jump, "jumpToTask": _jump, "changeState": _jump, "menuRef": _jump,
    "taskRef": _jump, "previousMenu": _previous_menu, "disconnect": _disconnect, "endTask": _end, "endState": _end,
    "endCommonModule": _end, "endModule": _end, "endFlow": _end, "endWorkflow": _end, "wait": _nothing,
    "playAudioOnSilence": _play, "holdMusic": hold_music, "createCallback": create_callback,
    "scheduleCallback": create_callback, "transferToAcd": transfer_to_acd, "transferToNumber": transfer,
    "transferToUser": transfer, "transferToGroup": transfer, "transferToVoicemail": transfer_to_voicemail,
    "transferToUserVoicemail": transfer_to_voicemail, "transferToGroupVoicemail": transfer_to_voicemail,
    "transferToFlow": transfer_to_flow, "transferToFlowSecure": transfer_to_flow, "queue": transfer_to_acd,
    "transferToQueue": transfer_to_acd,
}  # fmt: skip
