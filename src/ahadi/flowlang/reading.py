"""Text to a tree of values with lines, safely: no aliases, no deep nesting, nothing too long, nothing constructed.

Every scalar stays the text that is written, so that a key `1` and a word `no` are what they look like.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line

MOST_YAML: Final = 1_000_000  # characters; reading it takes some seconds
MOST_JSON: Final = 9_000_000
MOST_NESTED: Final = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a line of a file."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


class FlowRefused(Invalid):
    """A file that is no flow. `problems` has each thing that is wrong with its line."""

    code = "flow-refused"

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems, key=lambda each: each.line)
        first = self.problems[0]
        more = f" ({len(problems) - 1} more things are wrong)" if len(problems) > 1 else ""
        super().__init__(f"{file or 'the flow'}, {first}{more}", problems=[str(each) for each in self.problems])


@dataclass(slots=True)
class Tree:
    """A value of a file and its line: a `text`, `items`, or `pairs` of keys and values, or none."""

    line: int
    text: str | None = None
    items: "list[Tree] | None" = None
    pairs: "dict[str, Tree] | None" = None
    lines: dict[str, int] | None = None  # of the keys


def read_tree(text: str, file: str, deepest: int = MOST_NESTED) -> Tree:
    """The tree of a YAML or JSON text, no deeper than so many levels. Raises `FlowRefused` with one sentence."""
    begins = text.lstrip("\ufeff \t\r\n")[:1]
    if begins in ("{", "["):
        return _json(text, file, deepest)
    if len(text) > MOST_YAML:
        raise _refused(
            file, 1, f"the file is longer than {MOST_YAML:,} characters; split the flow, or write it as JSON."
        )
    return _yaml(text, file, deepest)


def _refused(file: str, line: int, sentence: str) -> FlowRefused:
    return FlowRefused(file, [Problem(line, sentence)])


# YAML -----------------------------------------------------------------------------------------------------------


def _yaml(text: str, file: str, deepest: int) -> Tree:
    from ruamel.yaml import YAML  # noqa: PLC0415 - JSON and imports need none of it, and a command starts faster
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        return _built(YAML(typ="safe", pure=True).parse(text), file, deepest)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = one_line(str(error.problem or error.context or "it is not well formed"), 120)
        raise _refused(file, mark.line + 1 if mark else 1, f"this cannot be read as YAML: {problem}.") from error
    except (YAMLError, ValueError, RecursionError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise _refused(file, 1, f"this cannot be read as YAML: {one_line(str(error), 120)}.") from error


def _built(events: Iterator[Any], file: str, deepest: int) -> Tree:
    """The tree of a stream of events; a stack of its own keeps deep nesting from being recursion."""
    root: Tree | None = None
    above: list[tuple[Tree, list[Tree]]] = []  # each with the key that waits for its value
    for event in events:
        kind = type(event).__name__
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise _refused(file, line, "anchors and aliases (`&`, `*`) are not read here; write the value out.")
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            above.pop()
            continue
        if kind == "ScalarEvent":
            quoted = event.style in ("'", '"')
            made = Tree(line, text=None if event.value == "" and not quoted else str(event.value))
        elif kind == "MappingStartEvent":
            made = Tree(line, pairs={}, lines={})
        elif kind == "SequenceStartEvent":
            made = Tree(line, items=[])
        elif kind == "DocumentStartEvent" and root is not None:
            raise _refused(file, line, "there is a second document (`---`); write one flow in a file.")
        else:
            continue
        if root is None:
            root = made
        else:
            _put(above, made, file)
        if made.pairs is not None or made.items is not None:
            if len(above) >= deepest:
                raise _refused(file, line, f"this is nested deeper than {deepest} levels.")
            above.append((made, []))
    return root or Tree(1)


def _put(above: list[tuple[Tree, list[Tree]]], made: Tree, file: str) -> None:
    parent, waiting = above[-1]
    if parent.items is not None:
        parent.items.append(made)
    elif not waiting:
        if made.text is None:
            raise _refused(file, made.line, "a key must be a text, written as `key: value`.")
        if parent.pairs is not None and made.text in parent.pairs:
            raise _refused(file, made.line, f"`{one_line(made.text, 40)}` is written twice; keep one.")
        waiting.append(made)
    else:
        key = waiting.pop()
        if parent.pairs is not None and parent.lines is not None and key.text is not None:
            parent.pairs[key.text] = made
            parent.lines[key.text] = key.line


# JSON -----------------------------------------------------------------------------------------------------------


class _Twice(ValueError):
    """A key that is written twice in one object."""


def load_json(text: str, file: str) -> Any:
    """The value of a JSON text, safely. Raises `FlowRefused`."""
    if len(text) > MOST_JSON:
        raise _refused(file, 1, f"the file is longer than {MOST_JSON:,} characters; split the flow.")
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise _refused(file, error.lineno, f"this cannot be read as JSON: {error.msg.lower()}.") from error
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, _Twice) else "it is nested too deeply or holds a number too long"
        raise _refused(file, 1, f"this cannot be read as JSON: {why}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Twice(f"`{one_line(twice, 40)}` is written twice")
    return found


def _json(text: str, file: str, deepest: int) -> Tree:
    value = load_json(text.lstrip("\ufeff"), file)
    root = Tree(1)
    todo: list[tuple[Tree, Any, int]] = [(root, value, 0)]
    for tree, each, depth in todo:
        if depth > deepest:
            raise _refused(file, 1, f"this is nested deeper than {deepest} levels.")
        if isinstance(each, dict):
            tree.pairs = {key: Tree(1) for key in each}
            todo += [(tree.pairs[key], inner, depth + 1) for key, inner in each.items()]
        elif isinstance(each, list):
            tree.items = [Tree(1) for _ in each]
            todo += [(made, inner, depth + 1) for made, inner in zip(tree.items, each, strict=True)]
        elif each is not None:
            tree.text = str(each).lower() if isinstance(each, bool) else str(each)
    return root
