"""Values in the YAML of Genesys Architect: literals, expressions, names, prompts, references."""

import re
from collections.abc import Iterator
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.model import Words, words_of
from ahadi.flowlang.reading import Tree

VARIABLE: Final = re.compile(r"\b(?:Flow|Task|State|Common)\.\w+\b")
_REFERENCE: Final = re.compile(r"(menu|task|state)\[([^\]]{1,200})\]")
_TOKENS: Final = re.compile(
    r'"((?:[^"\\]|\\.)*)"|\b((?:Flow|Task|State|Common|Call|Message|Email|Chat|System|Session)\.[\w.]*\w)'
)
_SOURCES: Final = re.compile(r"\b(?:Message\.Message\.body|Message\.body|Call\.UUIData|Chat\.\w+Message)\b")
_UNITS: Final = {"ms": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0}


def under(tree: Tree | None, *keys: str) -> Tree | None:
    """What stands under keys, one in the other; None where there is nothing."""
    for key in keys:
        if tree is None or tree.pairs is None:
            return None
        tree = tree.pairs.get(key)
    return tree


def value(tree: Tree | None) -> str:
    """A value as it is written: a text, a literal or a name in it, an expression, a variable; empty for none."""
    for _ in range(4):
        if tree is None or tree.items is not None:
            return ""
        if tree.pairs is None:
            return (tree.text or "").strip()
        tree = next((tree.pairs[key] for key in ("lit", "exp", "var", "name", "value") if key in tree.pairs), None)
    return ""


def is_computed(tree: Tree | None) -> bool:
    """Whether a value is worked out by an expression."""
    return under(tree, "exp") is not None


def number(tree: Tree | None, otherwise: int) -> int:
    """A whole number that is written; otherwise what is usual."""
    text = value(tree)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise


def seconds(tree: Tree | None, otherwise: int) -> int:
    """A duration in seconds, whole ones, rounded up; otherwise what is usual."""
    found = under(tree, "lit") or tree
    if found is None or found.pairs is None:
        return otherwise
    total, known = 0.0, False
    for unit, factor in _UNITS.items():
        text = value(found.pairs.get(unit))
        if text.isascii() and text.isdigit() and len(text) < 7:
            total, known = total + int(text) * factor, True
    return -int(-total // 1) if known else otherwise


def leaves(tree: Tree | None, key: str, without: tuple[str, ...] = ()) -> Iterator[Tree]:
    """Everything that stands under a key, however deep, in order; not within some other keys."""
    stack = [tree] if tree is not None else []
    while stack:
        each = stack.pop()
        if each.pairs is not None:
            if key in each.pairs:
                yield each.pairs[key]
            stack += [inner for name, inner in reversed(each.pairs.items()) if name not in without]
        elif each.items is not None:
            stack += reversed(each.items)


def has_key(tree: Tree | None, key: str) -> bool:
    """Whether something stands under a key, however deep."""
    return next(leaves(tree, key), None) is not None


def reference(tree: Tree | None) -> tuple[str, str]:
    """The kind and name of what a reference such as `./menus/menu[main]` leads to; empty where it is none."""
    found = _REFERENCE.findall(value(tree))
    return (found[-1][0], found[-1][1]) if found else ("", "")


def names_in(text: str) -> set[str]:
    """The variables of the flow that an expression names."""
    return set(VARIABLE.findall(text))


def what_customers_say(text: str) -> bool:
    """Whether an expression asks for what the customer wrote."""
    return _SOURCES.search(text) is not None


def prompt(tree: Tree | None, unset: frozenset[str], language: str) -> Words:
    """The words of a prompt: texts to speak by language, expressions, and prompts by name, said as such."""
    texts = under(tree, "tts")
    if texts is not None and texts.pairs is not None and not {"exp", "lit"} & texts.pairs.keys():
        return words_of({name: value(each) or value(under(each, "tts")) for name, each in texts.pairs.items()})
    found = value(texts) if texts is not None and not is_computed(texts) else ""
    if not found:
        found = _written(texts if texts is not None else tree, unset)
    return words_of(found, language) if found else Words()


def _written(tree: Tree | None, unset: frozenset[str]) -> str:
    if tree is None:
        return ""
    if tree.text is not None:
        return tree.text
    parts = []
    for each in tree.items if tree.items is not None else [tree]:
        if (computed := under(each, "exp")) is not None:
            parts.append(spoken(value(computed), unset))
        elif (text := under(each, "tts")) is not None:
            parts.append(value(text))
        elif name := value(under(each, "prompt")) or value(under(each, "lit")):
            parts.append(
                name
                if under(each, "lit", "name") is None and "prompt" not in (each.pairs or {})
                else f"(prompt {name})"
            )
    return " ".join(part for part in parts if part)


def spoken(expression: str, unset: frozenset[str]) -> str:
    """An expression as words: its texts, and its variables as `{name}` where they have no value at first."""
    parts = []
    for text, variable in _TOKENS.findall(expression):
        if variable:
            parts.append(f"{{{variable}}}" if variable in unset else f"‹{variable}›")
        elif text.strip():
            parts.append(text.strip())
    return " ".join(parts) or f"(computed: {one_line(expression, 60)})"
