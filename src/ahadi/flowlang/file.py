"""A flow file (`*.flow.yaml`) read into records, or refused with every line that is wrong."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang import grammar
from ahadi.flowlang.edges import Targets, edges_of
from ahadi.flowlang.findings import TITLES
from ahadi.flowlang.model import ENTITLED, Accepted, Choice, Flow, Kind, Node, Rule, Words, words_of
from ahadi.flowlang.reading import FlowRefused, Problem, Tree, read_tree

NAME: Final = re.compile(r"[^\s(){}]([^(){}\n]{0,98}[^\s(){}])?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][\w.]{0,79}")
_WORDS_OF: Final = frozenset({"say", "menu", "ask", "identify", "callback", "appointment", "voicemail"})


def read_flow(text: str, file: str = "") -> Flow:
    """The flow that a file's text describes. Raises `FlowRefused` with every problem and its line."""
    reader = _Reader(read_tree(text, file))
    flow = reader.flow(file)
    if reader.problems or flow is None:
        raise FlowRefused(file, reader.problems)
    return flow


class _Reader:
    """One file under reading: its root, and the problems found so far."""

    def __init__(self, root: Tree) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.language = "en"

    def refuse(self, line: int, sentence: str) -> None:
        self.problems.append(Problem(line, sentence))

    # The flow ---------------------------------------------------------------------------------------------------

    def flow(self, file: str) -> Flow | None:
        pairs = self._pairs(self.root, "the file", {*grammar.FLOW, "nodes", "accept"}, "flow")
        if pairs is None:
            return None
        texts = {
            key: self._text(pairs[key], key)
            for key, (form, _) in grammar.FLOW.items()
            if form == "text" and key in pairs
        }
        for key in ("flow", "start", "nodes"):
            if key not in pairs:
                self.refuse(1, f"the file needs `{key}:`.")
        self.language = texts.get("language") or "en"
        written = pairs.get("nodes")
        trees = self._named(written, "node") if written is not None else {}
        targets = Targets(frozenset(trees), texts.get("otherwise") or "", self.refuse)
        for key in ("start", "otherwise"):
            if texts.get(key) and key in pairs:
                targets.must_be(texts[key], pairs[key].line, f"`{key}`")
        nodes: dict[str, Node] = {}
        typed, known = self._who_sets(trees)
        for name, tree in trees.items():
            if (made := self._node(name, tree, targets, typed - known)) is not None:
                nodes[name] = made
                nodes |= {each.name: each for each in targets.made()}
        return Flow(
            name=texts.get("flow", ""),
            start=texts.get("start", ""),
            nodes=nodes,
            title=texts.get("title", ""),
            file=file,
            language=self.language,
            channel=texts.get("channel", ""),
            given=self._variables(pairs.get("given"), "given"),
            aliases=self._texts(pairs.get("aliases"), "aliases"),
            advertised=texts.get("advertised", ""),
            accepted=self._accepted(pairs.get("accept"), trees),
        )

    def _who_sets(self, trees: Mapping[str, Tree]) -> tuple[set[str], set[str]]:
        """The variables that customers give themselves, and those that come from elsewhere."""
        typed: set[str] = set()
        known: set[str] = set()
        for tree in trees.values():
            pairs = tree.pairs or {}
            if "ask" in pairs and (into := pairs.get("into")) is not None and into.text:
                typed.add(into.text)
            for each in (pairs.get("sets"), pairs.get("remember")):
                if each is not None:
                    known |= {item.text or "" for item in each.items or []} | set(each.pairs or {}) | {each.text or ""}
        given = (self.root.pairs or {}).get("given")
        return typed, known | ({item.text or "" for item in given.items or []} if given is not None else set())

    def _accepted(self, tree: Tree | None, nodes: Iterable[str]) -> tuple[Accepted, ...]:
        if tree is None:
            return ()
        if tree.items is None:
            self.refuse(tree.line, "write `accept` as a list, each with `code`, `reason` and `until`.")
            return ()
        found = []
        for each in tree.items:
            pairs = self._pairs(each, "an accepted finding", {"code", "node", "reason", "until"}, "code")
            if pairs is None:
                continue
            texts = {key: self._text(value, key) for key, value in pairs.items()}
            if missing := [key for key in ("code", "reason", "until") if not texts.get(key)]:
                self.refuse(each.line, f"an accepted finding needs `{missing[0]}`.")
                continue
            if texts["code"] not in TITLES:
                self.refuse(pairs["code"].line, f"there is no finding `{one_line(texts['code'], 20)}`.")
            if texts.get("node") and texts["node"] not in nodes:
                self.refuse(pairs["node"].line, f"there is no node `{one_line(texts['node'], 40)}`.")
            try:
                until = date.fromisoformat(texts["until"])
            except ValueError:
                self.refuse(pairs["until"].line, "`until` is a date such as 2027-01-31.")
                continue
            found.append(Accepted(texts["code"], texts["reason"], until, texts.get("node", "")))
        return tuple(found)

    # Nodes ------------------------------------------------------------------------------------------------------

    def _node(self, name: str, tree: Tree, targets: Targets, typed: set[str]) -> Node | None:
        if tree.pairs is None:
            self.refuse(tree.line, f"the node `{name}` is written as `kind: …` with its outcomes below.")
            return None
        kinds = [kind for kind in grammar.OBJECT if kind in tree.pairs]
        if len(kinds) == 2 and "say" in kinds:  # other kinds may say something first
            kinds.remove("say")
        if len(kinds) != 1:
            known = ", ".join(grammar.OBJECT)
            what = "no kind" if not kinds else f"both {' and '.join(f'`{kind}`' for kind in kinds)}"
            self.refuse(tree.line, f"the node `{name}` has {what}; give it one of {known}.")
            return None
        kind = kinds[0]
        extra = grammar.EXTRA.get(kind, {})
        outcomes = grammar.outcome_names(kind)
        if kind != "flow" or "next" not in tree.pairs:
            allowed = {kind, *extra, *grammar.COMMON, *outcomes}
            if self._pairs(tree, f"the node `{name}`", allowed, kind) is None:
                return None
        return self._made(name, kind, tree, targets, typed)

    def _made(self, name: str, kind: Kind, tree: Tree, targets: Targets, typed: set[str]) -> Node:
        pairs = tree.pairs or {}
        what = f"`{kind}` of `{name}`"
        form = grammar.OBJECT[kind][0]
        spoken = pairs.get(kind if kind in _WORDS_OF else "say")
        tries = self._number(pairs[kind], what) if kind == "repeat" else grammar.DEFAULT_TRIES
        if "tries" in pairs:
            tries = self._number(pairs["tries"], f"`tries` of `{name}`")
        node = Node(
            name,
            kind,
            line=(self.root.pairs or {})["nodes"].lines.get(name, tree.line) if self._has_lines() else tree.line,  # type: ignore[union-attr]
            words=self._words(spoken, what) if spoken is not None else Words(),
            about=self._text(pairs[kind], what) if form == "text" else self._into(pairs, name, kind),
            choices=self._choices(pairs.get("choices"), name),
            rules=self._rules(pairs[kind], name) if kind == "decide" else (),
            values=self._values(pairs[kind], what) if kind == "remember" else (),
            tries=tries,
            seconds=self._number(pairs["seconds"], f"`seconds` of `{name}`") if "seconds" in pairs else 0,
            news=self._news(pairs.get("news"), name),
            privileged=self._truth(pairs.get("privileged"), f"`privileged` of `{name}`"),
            returns=kind == "flow" and any(key not in ("flow", "seconds", "tries") for key in pairs),
        )
        return edges_of(node, tree, targets, self._sets(node, pairs), self._seconds(pairs, name), typed)

    def _has_lines(self) -> bool:
        nodes = (self.root.pairs or {}).get("nodes")
        return nodes is not None and nodes.lines is not None

    def _into(self, pairs: Mapping[str, Tree], name: str, kind: Kind) -> str:
        if kind != "ask":
            return ""
        into = pairs.get("into")
        if into is None:
            self.refuse(pairs[kind].line, f"the node `{name}` needs `into: …`, the variable that the answer goes into.")
            return ""
        return (self._variables(into, f"`into` of `{name}`") or ("",))[0]

    def _sets(self, node: Node, pairs: Mapping[str, Tree]) -> tuple[str, ...]:
        named = self._variables(pairs.get("sets"), f"`sets` of `{node.name}`")
        if node.kind == "ask":
            return (node.about,)
        if node.kind == "identify" or self._truth(pairs.get("entitles"), f"`entitles` of `{node.name}`"):
            return (*named, ENTITLED)
        return tuple(key for key, _ in node.values) if node.kind == "remember" else named

    def _seconds(self, pairs: Mapping[str, Tree], name: str) -> int:
        given = pairs.get("time-out", pairs.get("longest"))
        return self._number(given, f"the time-out of `{name}`") if given is not None else 0

    def _choices(self, tree: Tree | None, name: str) -> tuple[Choice, ...]:
        found = []
        for key, each in (self._named(tree, "choice") if tree is not None else {}).items():
            if each.pairs is None:
                found.append(Choice(key))
            elif (pairs := self._pairs(each, f"the choice `{key}` of `{name}`", set(grammar.CHOICE), "to")) is not None:
                words = self._texts(pairs.get("words"), f"`words` of the choice `{key}`")
                label = self._words(pairs["label"], f"`label` of the choice `{key}`") if "label" in pairs else Words()
                found.append(Choice(key, words, label))
        return tuple(found)

    def _rules(self, tree: Tree, name: str) -> tuple[Rule, ...]:
        found = []
        for key, each in self._named(tree, "rule").items():
            if (pairs := self._pairs(each, f"the rule `{key}` of `{name}`", set(grammar.RULE), "to")) is None:
                continue
            when = pairs.get("when")
            if when is None or not when.pairs:
                self.refuse(each.line, f"the rule `{key}` needs `when:` with a variable and its value.")
                continue
            wanted = tuple((name, self._texts(value, f"`{name}`")) for name, value in when.pairs.items())
            found.append(Rule(key, wanted))
        return tuple(found)

    def _news(self, tree: Tree | None, name: str) -> tuple[str, ...]:
        told = self._texts(tree, f"`news` of `{name}`")
        for each in told:
            if each not in grammar.NEWS and tree is not None:
                self.refuse(tree.line, f"`news` of `{name}` are some of {', '.join(grammar.NEWS)}.")
        return told

    # Values -----------------------------------------------------------------------------------------------------

    def _pairs(self, tree: Tree, what: str, known: Iterable[str], example: str) -> dict[str, Tree] | None:
        if tree.pairs is None:
            self.refuse(tree.line, f"{what} is written as `key: value` lines, such as `{example}: …`.")
            return None
        names = sorted(known)
        for key in tree.pairs:
            if key not in names:
                near = difflib.get_close_matches(key, names, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(names)}."
                self.refuse((tree.lines or {}).get(key, tree.line), f"{what} has no `{one_line(key, 40)}`; {hint}")
        return tree.pairs

    def _named(self, tree: Tree, noun: str) -> dict[str, Tree]:
        if tree.pairs is None:
            self.refuse(tree.line, f"write each {noun} as `name: …`.")
            return {}
        found = {}
        for key, value in tree.pairs.items():
            if NAME.fullmatch(key):
                found[key] = value
            else:
                line = (tree.lines or {}).get(key, tree.line)
                self.refuse(
                    line, f"`{one_line(key, 40)}` cannot be the name of a {noun}; leave out brackets and braces."
                )
        return found

    def _text(self, tree: Tree, what: str) -> str:
        if tree.text is None or not tree.text.strip():
            self.refuse(tree.line, f"{what} must be a text.")
            return ""
        return " ".join(tree.text.split())

    def _texts(self, tree: Tree | None, what: str) -> tuple[str, ...]:
        if tree is None:
            return ()
        return tuple(self._text(each, what) for each in (tree.items if tree.items is not None else [tree]))

    def _variables(self, tree: Tree | None, what: str) -> tuple[str, ...]:
        names = self._texts(tree, what)
        for each in names:
            if tree is not None and not _VARIABLE.fullmatch(each):
                self.refuse(
                    tree.line, f"{what}: `{one_line(each, 40)}` is no name of a variable; use letters, digits, _."
                )
        return names

    def _words(self, tree: Tree, what: str) -> Words:
        if tree.pairs is None:
            return words_of(self._text(tree, what), self.language)
        return words_of({language: self._text(each, what) for language, each in tree.pairs.items()}, self.language)

    def _values(self, tree: Tree, what: str) -> tuple[tuple[str, str], ...]:
        if not tree.pairs:
            self.refuse(tree.line, f"{what} is written as `variable: value` lines.")
            return ()
        return tuple((name, self._text(each, what)) for name, each in tree.pairs.items())

    def _number(self, tree: Tree, what: str) -> int:
        text = tree.text or ""
        if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) <= grammar.MOST_NUMBER):
            self.refuse(tree.line, f"{what} must be a whole number from 0 to {grammar.MOST_NUMBER}.")
            return 0
        return int(text)

    def _truth(self, tree: Tree | None, what: str) -> bool:
        if tree is not None and tree.text not in ("true", "false"):
            self.refuse(tree.line, f"{what} must be `true` or `false`.")
        return tree is not None and tree.text == "true"
