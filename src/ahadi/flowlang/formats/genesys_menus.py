"""Menus of Architect: choices by key or word, said again some times, then the default choice or the error handling.

(help.mypurecloud.com, Configure default menu settings; Set default event handling behavior.)
"""

import re
from dataclasses import replace
from typing import Final

from ahadi.base.text import fold, one_line
from ahadi.flowlang.formats.genesys_flow import Action, Maker, Scope
from ahadi.flowlang.formats.genesys_values import leaves, number, seconds, under, value
from ahadi.flowlang.model import AGAIN, GIVEN_UP, STOP, Choice, Edge, Node, words_of
from ahadi.flowlang.reading import Tree

_KEYS: Final = {"star": "*", "pound": "#"}
_OF_MENUS: Final = {
    "menuDisconnect": "disconnect", "menuTransferToAcd": "transferToAcd", "menuTransferToNumber": "transferToNumber",
    "menuTransferToUser": "transferToUser", "menuTransferToGroup": "transferToGroup",
    "menuTransferToVoicemail": "transferToVoicemail", "menuTransferToUserVoicemail": "transferToUserVoicemail",
    "menuTransferToGroupVoicemail": "transferToGroupVoicemail", "menuTransferToFlow": "transferToFlow",
    "menuTransferToFlowSecure": "transferToFlowSecure", "menuJumpToMenu": "jumpToMenu", "menuJumpToTask": "jumpToTask",
    "menuPreviousMenu": "previousMenu", "menuCallTask": "callTask",
}  # fmt: skip
# Said before a choice that disconnects: who takes it leaves by their own wish.
_LEAVES: Final = re.compile(r"\b(disconnect|hang up|end (the|this|your) call|quit|exit|good ?bye)\b")
_AGAIN: Final = frozenset({"menuReplayMenu", "menuRepeatMenu", "menuRepeat", "menuReplay"})


def menu(maker: Maker, action: Action) -> Node:
    """A menu with its choices."""
    body, source = action.body, maker.source
    own, shared = under(body, "settingsMenu"), under(source.body, "settingsMenu")
    tries = number(under(own, "repeatCount"), number(under(shared, "repeatCount"), 3))
    late = seconds(under(own, "menuSelectionTimeout"), seconds(under(shared, "menuSelectionTimeout"), 10))
    words = source.words(under(body, "audio"))
    said = " ".join(text for _, text in words.texts)
    choices: dict[str, Choice] = {}
    edges: list[Edge] = []
    for kind, tree in _choices(body):
        choice = _choice(maker, tree, kind)
        if choice.name in choices:
            source.remark(action.name, tree.line, f"the choice `{choice.name}` is there twice.")
            continue
        choices[choice.name] = choice
        if kind == "menuDisconnect" and _LEAVES.search(fold(said)):
            edges.append(Edge(choice.name, STOP, "customer", gain="left"))
        else:
            edges.append(Edge(choice.name, _leads_to(maker, action, kind, tree), "customer"))
    default = _default(maker, action, choices, edges)
    if value(under(own, "listenForExtensionDialing")) == "true" or (
        not value(under(own, "listenForExtensionDialing"))
        and value(under(shared, "listenForExtensionDialing")) == "true"
    ):
        source.remark("", 1, "a customer who knows an extension may dial it in a menu; that is not followed.")
    edges += [
        Edge("silence", AGAIN, "customer", how="implicit", mistake=True, seconds=late),
        Edge("wrong", AGAIN, "customer", how="implicit", mistake=True),
        Edge(GIVEN_UP, default or maker.on_error(), "customer", how="implicit", mistake=True),
    ]
    node = Node(action.name, "menu", tuple(edges), body.line, words)
    return replace(node, choices=tuple(choices.values()), tries=max(tries, 0))


def _choices(body: Tree) -> list[tuple[str, Tree]]:
    given = under(body, "choices")
    found = []
    for item in (given.items or []) if given is not None else []:
        found += list((item.pairs or {}).items())[:1]
    return found


def _choice(maker: Maker, tree: Tree, kind: str) -> Choice:
    title = one_line(value(under(tree, "name")) or kind, 60)
    written = value(under(tree, "dtmf"))
    key = written.removeprefix("digit_").removeprefix("dtmf_")
    key = _KEYS.get(key, key)
    terms = under(tree, "speechRecTerms")
    words = [each.text for each in _texts(terms) if each.text]
    name = key or title
    if name in ("silence", "wrong", GIVEN_UP):  # which are outcomes
        name = f"{name} (choice)"
    return Choice(name, (title, *words), words_of(title, maker.source.language))


def _texts(tree: Tree | None) -> list[Tree]:
    found: list[Tree] = []
    stack = [tree] if tree is not None else []
    while stack:
        each = stack.pop()
        if each.text is not None:
            found.append(each)
        stack += reversed(each.items or list((each.pairs or {}).values()))
    return found


def _leads_to(maker: Maker, action: Action, kind: str, tree: Tree) -> str:
    """The node that a choice leads to."""
    scope = Scope(action.name, maker.end(), menu=action.name)
    if kind in _AGAIN:
        return action.name
    if kind == "menuSubMenu":
        inner = under(tree, "menu") or tree
        return maker.put("menu", inner, scope, STOP)
    if kind == "menuPreviousMenu":
        return maker.put("previousMenu", tree, replace(scope, menu=action.scope.menu), STOP)
    if kind == "menuTask":
        inner = under(tree, "task") or tree
        title = value(under(tree, "name")) or "task"
        return maker.sequence(under(inner, "actions"), replace(scope, title=f"{action.name}: {title}"), maker.end())
    return maker.put(_OF_MENUS.get(kind, kind), tree, scope, maker.end())


def _default(maker: Maker, action: Action, choices: dict[str, Choice], edges: list[Edge]) -> str:
    """Where a menu leads when it was repeated often enough; empty where no choice is the default."""
    body = action.body
    key = next((each for each in (body.pairs or {}) if "default" in each.lower() and "choice" in each.lower()), "")
    if not key:
        return ""
    wanted = value(under(body, key))
    for (kind, tree), edge in zip(_choices(body), edges, strict=False):
        names = {value(under(tree, "refId")), value(under(tree, "name"))} - {""}
        if any(f"[{name}]" in wanted or name == wanted for name in names):
            return edge.target
        if next(leaves(tree, "default"), None) is not None and kind in wanted:
            return edge.target
    maker.source.remark(action.name, body.line, f"the default choice `{one_line(wanted, 60)}` is not in the menu.")
    return ""
