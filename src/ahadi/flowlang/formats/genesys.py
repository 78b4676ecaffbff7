"""Flows of Genesys Architect, as Archy writes them (YAML), read as flows.

What Architect does by itself is an edge: an error that nothing handles goes to the flow's handling of errors, and so
does a menu that was repeated often enough. A task that is called is a flow of its own, which comes back.
"""

import re
from dataclasses import replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import Read, read_of, refused, text_of
from ahadi.flowlang.formats.genesys_actions import make
from ahadi.flowlang.formats.genesys_flow import Maker, Scope, Source
from ahadi.flowlang.formats.genesys_values import has_key, leaves, names_in, reference, under, value, what_customers_say
from ahadi.flowlang.formats.known import KINDS
from ahadi.flowlang.model import STOP, Edge, Flow, Node
from ahadi.flowlang.reading import Tree, read_tree

DEEPEST: Final = 200
_SUBSTITUTION: Final = re.compile(r"\{\{\s*([\w. -]{1,80}?)\s*\}\}")
_DONE: Final = ("startUpTaskActions", "menus", "tasks", "reusableTasks", "states")
_WAYS_OUT: Final = ("transferToVoicemail", "transferToNumber", "transferToFlow", "transferToAcd")


def read_genesys(name: str, data: bytes) -> Read:
    """The flows of a file. Raises `FlowRefused`."""
    return read_of(flows_of(name, text_of(name, data)))


def flows_of(file: str, text: str) -> tuple[Flow, ...]:
    """The flow of a file's text, and those of the tasks it calls. Raises `FlowRefused` with one sentence.

    Substitutions (`{{name}}`) are kept as `<name>`.
    """
    root = read_tree(_SUBSTITUTION.sub(r"<\1>", text), file, DEEPEST)
    kind = next((each for each in root.pairs or {} if each in KINDS), "")
    body = under(root, kind)
    if body is None or body.pairs is None:
        raise refused(file, "no flow of Architect is in it.")
    source = _source(file, kind, body)
    maker = Maker(source, make, called=kind in ("commonModule",))
    flows = [_main(maker)]
    while len(flows) <= len(source.called):
        ref, name = list(source.called.items())[len(flows) - 1]
        inner = Maker(source, make, called=True)
        start = inner.begin("task", ref, source.parts["task", ref])
        inner.run()
        flows.append(inner.flow(name, start))
    nodes = {**flows[0].nodes, **{each.name: each for each in _unreached(source, flows[0])}}
    remarks = tuple(sorted(source.remarks.values(), key=lambda each: each.line))
    return (replace(flows[0], nodes=nodes, remarks=remarks), *flows[1:])


def _source(file: str, kind: str, body: Tree) -> Source:
    name = one_line(value(under(body, "name")), 200) or file.rsplit("/", 1)[-1].split(".", 1)[0] or kind
    language = value(under(body, "defaultLanguage")) or "en-us"
    source = Source(file, kind, body, name, language)
    for plural, single in (("menus", "menu"), ("tasks", "task"), ("states", "state"), ("reusableTasks", "task")):
        given = under(body, plural)
        for item in (given.items or []) if given is not None else []:
            part = under(item, single)
            if part is None:
                source.remark("", item.line, f"an item of `{plural}` is no {single}.")
                continue
            for ref in (value(under(part, "refId")), value(under(part, "name"))):
                source.parts.setdefault((single, ref), part)
    source.unset, source.typed, source.looked_up = _variables(body)
    source.news = _news(body)
    return source


def _variables(body: Tree) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The variables with no value at first; those that only hold what a customer gave; and what was looked up."""
    unset = {
        value(under(each, "name"))
        for list_ in leaves(body, "variables")
        for item in list_.items or []
        for each in (item.pairs or {}).values()
        if under(each, "initialValue", "noValue") is not None and value(under(each, "isInput")) != "true"
    }
    typed = {
        each.text or value(each)
        for found in leaves(body, "collectInput")
        for each in leaves(found, "var", ("outputs",))
    }
    others: set[str] = set()
    written = [
        (value(under(each, "variable")), value(under(each, "value")))
        for list_ in leaves(body, "statements")
        for item in list_.items or []
        for each in (item.pairs or {}).values()
    ]
    for _ in range(5):
        for name, text in written:
            named = names_in(text)
            given = (named or what_customers_say(text)) and named <= typed
            (typed if given else others).add(name)
    kinds = ("callData", "dataTableLookup")
    calls = [found for key in kinds for found in leaves(body, key)]
    found = {each.text or value(each) for call in calls for each in leaves(call, "var", ("outputs", "failureOutputs"))}
    return frozenset(unset - {""}), frozenset(typed - others - {""}), frozenset(found - typed - others - {""})


def _news(body: Tree) -> tuple[str, ...]:
    """What a waiting customer is told or offered by the prompts and actions of an in-queue flow; settings are none."""
    done = Tree(body.line, items=[each for key in _DONE if (each := under(body, key)) is not None])
    texts = " ".join(value(each) for each in leaves(done, "exp"))
    found = []
    if "PositionInQueue" in texts:
        found.append("position")
    if "EstimatedWait" in texts:
        found.append("estimate")
    if has_key(done, "createCallback") or has_key(done, "scheduleCallback"):
        found.append("callback")
    if has_key(done, "collectInput") and any(has_key(done, each) for each in _WAYS_OUT):
        found.append("a way out")
    return tuple(found)


def _main(maker: Maker) -> Flow:
    """The flow that begins where the file says."""
    source, body = maker.source, maker.source.body
    first = under(body, "startUpRef") or under(body, "startUpTask")
    actions = under(body, "startUpTaskActions") or under(body, "startUpTaskActions", "actions")
    kind, ref = reference(first)
    greeting = source.words(under(body, "initialGreeting"))
    begin = Node(maker.unique("(begins)"), "say", (), body.line, greeting)
    if actions is not None and actions.items is not None:
        end = begin.name if source.waiting else maker.end()
        start = maker.sequence(actions, Scope("", end), end)
        maker.run()
        if source.waiting and not maker.waits:
            start = _waiting(maker, begin.name, start)
    elif (kind, ref) in source.parts:
        start = maker.begin(kind, ref, source.parts[kind, ref])
    elif first is not None:
        raise refused(source.file, f"it begins at `{one_line(value(first), 60)}`, which is not in it.", first.line)
    else:
        raise refused(source.file, "it does not say where it begins (`startUpRef`).")
    maker.run()
    if greeting.texts or source.waiting:
        maker.add(replace(begin, edges=(Edge("next", start, how="declared" if start else "implicit"),)))
        start = begin.name
    return maker.flow(source.name, start)


def _waiting(maker: Maker, begin: str, start: str) -> str:
    """A round of an in-queue flow without music: the customer waits all the same."""
    edges = (Edge("answered", STOP, "time", gain="person"), Edge("next", start, "time"))
    name = maker.unique("(waiting)")
    return maker.add(Node(name, "queue", edges, maker.source.body.line, about="(this queue)", news=maker.source.news))


def _unreached(source: Source, flow: Flow) -> list[Node]:
    """A node for each menu, task or state that nothing leads to, so that the check can say so."""
    found: dict[int, Node] = {}
    for (kind, ref), tree in source.parts.items():
        title = value(under(tree, "name")) or ref
        if id(tree) not in source.reached and id(tree) not in found:
            name = title if title not in flow.nodes else f"{title} ({kind}, line {tree.line})"
            found[id(tree)] = Node(name, "end", line=tree.line, about="nothing leads here")
    return list(found.values())
