"""Which extension of a dialplan a number finds: patterns, the order in which they are tried, and includes.

In a context the number as it is written goes before patterns, and more specific patterns before others: position by
position the smaller set of characters, then the smaller first character, `.`, `!`, the end. Then included contexts
follow in order. A priority that an extension lacks is looked for in the next that matches (docs.asterisk.org,
Configuration, Dialplan, Pattern Matching).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahadi.flowlang.formats.asterisk_lines import Dialplan, Extension
from ahadi.flowlang.formats.base import refused

MOST_TRIED: Final = 1_500_000
_DIGITS: Final = "573924681*#"
_SETS: Final = {"X": "0123456789", "Z": "123456789", "N": "23456789"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern: the extension's name, what it matches, its rank (least first) and a set of characters a position."""

    name: str
    matches: re.Pattern[str]
    rank: tuple[int, ...]
    sets: tuple[str, ...]  # "." one or more of anything, "!" none or more


def is_pattern(name: str) -> bool:
    """Whether an extension's name is a pattern."""
    return name.startswith("_")


def bare(number: str) -> str:
    """A number without the characters that do not count."""
    return number.replace("-", "").replace(" ", "")


def pattern_of(name: str) -> Pattern:
    """The pattern that an extension's name is. One with a set that is never closed matches nothing."""
    sets: list[str] = []
    at, text = 1, name[:200]
    broken = False
    while at < len(text):
        character = text[at]
        at += 1
        if character == "[":
            end = text.find("]", at)
            if end < 0:
                broken = True
                break
            members = _members(text[at:end])
            at = end + 1
            if members:
                sets.append(members)
        elif character in ".!":
            sets.append(character)
            break
        elif character not in "- ":
            sets.append(_SETS.get(character.upper(), character))
    rank = tuple(
        0x18000 if each == "." else 0x28000 if each == "!" else (len(each) << 8) | min(ord(min(each)), 255)
        for each in sets
    )
    made = "".join(".+" if each == "." else ".*" if each == "!" else f"[{re.escape(each)}]" for each in sets)
    return Pattern(name, re.compile("(?!)" if broken else made, re.DOTALL), (*rank, 0x30000), tuple(sets))


def _members(text: str) -> str:
    found: list[str] = []
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-":
            first, last = ord(text[at]), ord(text[at + 2])
            found += [chr(code) for code in range(first, min(last, first + 255) + 1)]
            at += 3
        else:
            found.append(text[at])
            at += 1
    return "".join(sorted(set(found)))


class Numbers:
    """The look-up of extensions in a dialplan, with a limit on how much is tried."""

    def __init__(self, plan: Dialplan, file: str) -> None:
        self.plan, self.file = plan, file
        self.tried = 0
        self._orders: dict[str, list[str]] = {}
        self._patterns: dict[str, list[Pattern]] = {}
        self._literals: dict[str, dict[str, str]] = {}
        self._samples: dict[tuple[str, str], str] = {}
        self._found: dict[tuple[str, str, int], Extension | None] = {}

    def spend(self, much: int = 1) -> None:
        """Count what was tried. Raises `FlowRefused` when that is too much."""
        self.tried += much
        if self.tried > MOST_TRIED:
            raise refused(self.file, "its contexts lead to one another in too many ways to be followed; split it.")

    def order(self, context: str) -> list[str]:
        """The context and those that it includes, each once, in the order in which they are looked into."""
        if context not in self._orders:
            found: list[str] = []
            seen: set[str] = set()
            stack = [context]
            while stack:
                name = stack.pop()
                if name in seen or name not in self.plan.contexts:
                    continue
                self.spend()
                seen.add(name)
                found.append(name)
                stack += [each for each, _, _ in reversed(self.plan.contexts[name].includes)]
            self._orders[context] = found
        return self._orders[context]

    def switch(self, context: str) -> str:
        """The first switch that is looked into for a context; empty where there is none."""
        for name in self.order(context):
            for text, _ in self.plan.contexts[name].switches:
                return text
        return ""

    def at_times(self, context: str) -> str:
        """The first context that is included for a context at some times only; empty where there is none."""
        for name in self.order(context):
            for included, times, _ in self.plan.contexts[name].includes:
                if times:
                    return included
        return ""

    def matching(self, context: str, number: str) -> Iterator[Extension]:
        """The extensions that a number finds, the best first; the number may be the name of a pattern."""
        dialled = self.sample(context, number) if is_pattern(number) else bare(number)
        for name in self.order(context):
            extensions = self.plan.contexts[name].extensions
            if number in extensions:
                yield extensions[number]
            literal = self._literal(name).get(dialled)
            if literal is not None and literal != number:
                yield extensions[literal]
            for pattern in self._ordered(name):
                self.spend()
                if pattern.name != number and pattern.matches.fullmatch(dialled):
                    yield extensions[pattern.name]

    def find(self, context: str, number: str, priority: int) -> Extension | None:
        """The extension that runs a priority of a number; None where there is none."""
        key = (context, number, priority)
        if key not in self._found:
            self._found[key] = next((each for each in self.matching(context, number) if priority in each.steps), None)
        return self._found[key]

    def labelled(self, context: str, number: str, label: str) -> int:
        """The priority that a label names; 0 where there is none."""
        return next((each.labels[label] for each in self.matching(context, number) if label in each.labels), 0)

    def dialled(self, context: str) -> list[str]:
        """What a caller may dial in a context: names of extensions, each once, that have a first priority."""
        found: dict[str, None] = {}
        for name in self.order(context):
            for extension in self.plan.contexts[name].extensions.values():
                self.spend()
                if 1 in extension.steps and can_be_dialled(extension.name):
                    found.setdefault(extension.name)
        return list(found)

    def sample(self, context: str, name: str) -> str:
        """A number that a pattern matches, and if there is one, that nothing better matches in the context."""
        key = (context, name)
        if key not in self._samples:
            pattern = pattern_of(name)
            tries = ["".join(_one(each, digit) for each in pattern.sets) for digit in _DIGITS]
            self._samples[key] = next((each for each in tries if self._best(context, each) == name), tries[0])
        return self._samples[key]

    def _best(self, context: str, number: str) -> str:
        for name in self.order(context):
            if (literal := self._literal(name).get(number)) is not None:
                return literal
            for pattern in self._ordered(name):
                self.spend()
                if pattern.matches.fullmatch(number):
                    return pattern.name
        return ""

    def _literal(self, context: str) -> dict[str, str]:
        if context not in self._literals:
            names = self.plan.contexts[context].extensions
            self._literals[context] = {bare(name): name for name in reversed(names) if not is_pattern(name)}
        return self._literals[context]

    def _ordered(self, context: str) -> list[Pattern]:
        if context not in self._patterns:
            names = self.plan.contexts[context].extensions
            found = [pattern_of(name) for name in names if is_pattern(name)]
            self._patterns[context] = sorted(found, key=lambda each: each.rank)
        return self._patterns[context]


def _one(members: str, digit: str) -> str:
    if members in (".", "!"):
        return digit if members == "." else ""
    return digit if digit in members else members[0]


@lru_cache(maxsize=4096)
def can_be_dialled(name: str) -> bool:
    """Whether keys can make a number that an extension's name matches."""
    if not is_pattern(name):
        return all(each in "0123456789*#ABCD" for each in bare(name)) and bool(bare(name))
    keys = set("0123456789*#")
    return all(each in (".", "!") or keys & set(each) for each in pattern_of(name).sets)
