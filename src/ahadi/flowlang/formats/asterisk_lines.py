"""The lines of an Asterisk configuration as records: contexts, extensions with their priorities, includes, switches.

The forms of lines are those of the documentation of Asterisk (docs.asterisk.org, Configuration, Dialplan).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import refused
from ahadi.flowlang.model import Remark

MOST_LINES: Final = 200_000
LONGEST_LINE: Final = 8_192  # as in Asterisk
_SECTION: Final = re.compile(r"\[([^\]]{1,200})\]\s*(?:\(([^)]*)\))?")
_PRIORITY: Final = re.compile(r"\s*(\d{1,9}|[A-Za-z_][\w-]{0,79})\s*(?:\+\s*(\d{1,9}))?\s*(?:\(\s*([^)]*?)\s*\))?\s*")
_NOT_DIALPLAN: Final = frozenset({"general", "globals"})


@dataclass(slots=True)
class Item:
    """A line of a section: what stands before `=` or `=>`, what after, and where."""

    key: str
    value: str
    line: int


@dataclass(slots=True)
class Section:
    """A section of a configuration file, with what its templates hold."""

    name: str
    line: int
    items: list[Item] = field(default_factory=list)
    template: bool = False


@dataclass(slots=True)
class Step:
    """A priority of an extension: the application in small letters, as it is written, and what it is given."""

    app: str
    written: str
    args: str
    line: int


@dataclass(slots=True)
class Extension:
    """An extension: its priorities, and the labels of some of them."""

    name: str
    line: int
    steps: dict[int, Step] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Context:
    """A context of a dialplan: extensions by name, and the contexts and switches that are looked into after them."""

    name: str
    line: int
    extensions: dict[str, Extension] = field(default_factory=dict)
    includes: list[tuple[str, str, int]] = field(default_factory=list)  # context, times, line
    switches: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Dialplan:
    """A dialplan: its contexts in order, its settings and global variables, and what was not understood."""

    contexts: dict[str, Context] = field(default_factory=dict)
    general: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def sections_of(text: str, file: str) -> tuple[list[Section], list[Remark]]:
    """The sections of a file, in order. Raises `FlowRefused` for one that is too long."""
    found: list[Section] = []
    named: dict[str, Section] = {}
    remarks: list[Remark] = []
    held = 0
    for number, line in _lines(text, file):
        if len(line) > LONGEST_LINE:
            remarks.append(Remark("", f"the line has more than {LONGEST_LINE:,} characters.", number))
        elif line.startswith("["):
            if (match := _SECTION.match(line)) is None:
                remarks.append(Remark("", f"`{one_line(line, 60)}` is no section.", number))
                continue
            section = _opened(match, number, found, named)
            held += len(section.items)
            if held > 2 * MOST_LINES:
                raise refused(file, "its templates hold too many lines together; split the file.", number)
        elif line.startswith("#"):
            remarks.append(Remark("", f"`{one_line(line, 60)}` brings in a file that is not looked into.", number))
        elif "=" not in line:
            remarks.append(Remark("", f"`{one_line(line, 60)}` is no setting.", number))
        elif found:
            key, _, value = line.partition("=")
            found[-1].items.append(Item(key.strip(), value.removeprefix(">").strip(), number))
        else:
            remarks.append(Remark("", f"`{one_line(line, 60)}` stands before any section.", number))
    return found, remarks


def _opened(match: re.Match[str], number: int, found: list[Section], named: dict[str, Section]) -> Section:
    """A section that begins: after its name `(!)` makes it a template, `(+)` adds to it, others are its templates."""
    name = match[1].strip()
    options = [each.strip() for each in (match[2] or "").split(",") if each.strip()]
    section = Section(name, number, template="!" in options)
    for each in options:
        if each not in ("!", "+") and each in named:
            section.items += named[each].items
    found.append(section)
    named.setdefault(name, section)
    return section


def _lines(text: str, file: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments, by number."""
    if text.count("\n") > MOST_LINES:
        raise refused(file, f"it has more than {MOST_LINES:,} lines; split it.")
    if "\0" in text:
        raise refused(file, "there is a character in it that no configuration holds (NUL).")
    inside = False
    for number, written in enumerate(text.split("\n"), 1):
        line = written[: LONGEST_LINE + 100]
        if inside:
            inside = "--;" not in line
            line = "" if inside else line.partition("--;")[2]
        if ";" in line:
            line, inside = _without_comment(line)
        line = line.strip()
        if line:
            yield number, line


def _without_comment(line: str) -> tuple[str, bool]:
    """The line up to its comment, and whether the comment goes on in the next one."""
    kept: list[str] = []
    at = 0
    while (found := line.find(";", at)) >= 0:
        if found and line[found - 1] == "\\":
            kept.append(line[at : found - 1] + ";")
            at = found + 1
            continue
        kept.append(line[at:found])
        if line.startswith(";--", found) and not line.startswith(";---", found):
            end = line.find("--;", found + 3)
            if end < 0:
                return "".join(kept), True
            at = end + 3
            continue
        return "".join(kept), False
    return "".join([*kept, line[at:]]), False


# The dialplan -----------------------------------------------------------------------------------------------------


def dialplan_of(text: str, file: str) -> Dialplan:
    """The dialplan of a file. Raises `FlowRefused` where it is too long."""
    sections, remarks = sections_of(text, file)
    plan = Dialplan(remarks=remarks)
    for section in sections:
        if section.name in _NOT_DIALPLAN:
            into = plan.general if section.name == "general" else plan.variables
            into.update({each.key: each.value for each in section.items})
        elif not section.template:
            context = plan.contexts.setdefault(section.name, Context(section.name, section.line))
            _Reader(plan, context).read(section.items)
    return plan


class _Reader:
    """The lines of one context, with the extension and priority that the line before had."""

    def __init__(self, plan: Dialplan, context: Context) -> None:
        self.plan, self.context = plan, context
        self.extension: Extension | None = None
        self.last = 0

    def read(self, items: list[Item]) -> None:
        for item in items:
            key = item.key.lower()
            if key == "exten":
                name, _, rest = item.value.partition(",")
                self._extension(name.strip(), rest, item)
            elif key == "same":
                if self.extension is None:
                    self._remark(item, "`same` stands before any extension.")
                else:
                    self._priority(item.value, item)
            elif key == "include":
                name, _, times = item.value.partition(",")
                self.context.includes.append((name.strip(), times.strip(), item.line))
            elif key in ("switch", "eswitch", "lswitch"):
                self.context.switches.append((item.value, item.line))
                self._remark(item, f"the switch `{one_line(item.value, 60)}` looks for numbers elsewhere.")
            elif key != "ignorepat":
                self._remark(item, f"`{one_line(item.key, 40)}` is not known in a context.")

    def _remark(self, item: Item, sentence: str) -> None:
        self.plan.remarks.append(Remark(self.context.name, sentence, item.line))

    def _extension(self, name: str, rest: str, item: Item) -> None:
        if "/" in name:
            self._remark(item, f"`{one_line(name, 60)}` depends on who calls, which is not looked into.")
            self.extension = None
            return
        if not name:
            self._remark(item, "the extension has no name.")
            return
        if self.extension is None or self.extension.name != name:
            known = self.context.extensions
            self.extension = known.get(name) or Extension(name, item.line)
        self._priority(rest, item)

    def _priority(self, rest: str, item: Item) -> None:
        extension = self.extension
        written, comma, call = _first_comma(rest)
        match = _PRIORITY.fullmatch(written)
        if extension is None or match is None or not comma:
            self._remark(item, f"`{one_line(rest, 60)}` is no priority with an application.")
            return
        name, plus, label = match[1], int(match[2] or 0), match[3]
        if name == "hint":
            return
        if name.isdigit():
            priority = int(name)
        elif name in ("n", "s"):
            priority = self.last + (name == "n") if self.last else 0
        else:
            priority = extension.labels.get(name, 0)
        priority += plus if priority else 0
        if not 0 < priority < 10**9:
            self._remark(item, f"`{one_line(written, 40)}` counts from a priority that is not there.")
            return
        self.last = priority
        self.context.extensions.setdefault(extension.name, extension)
        if priority in extension.steps:
            self._remark(item, f"priority {priority} of `{one_line(extension.name, 40)}` is there twice.")
            return
        if label:
            extension.labels.setdefault(label, priority)
        app, args = _call(call.strip())
        extension.steps[priority] = Step(app.lower(), app, args, item.line)


def _first_comma(text: str) -> tuple[str, str, str]:
    """The text before the first comma that stands outside brackets, the comma, and what follows."""
    depth = 0
    for at, character in enumerate(text[:200]):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth <= 0:
            return text[:at], ",", text[at + 1 :]
    return text, "", ""


def _call(text: str) -> tuple[str, str]:
    """An application and its arguments: `App(args)`, or the old `App,args`."""
    bracket, comma = text.find("("), text.find(",")
    if bracket >= 0 and not 0 <= comma < bracket:
        end = text.rfind(")")
        return text[:bracket].strip(), text[bracket + 1 : end if end > bracket else len(text)].strip()
    name, _, args = text.partition(",")
    return name.strip(), args.strip()


def arguments(text: str) -> list[str]:
    """The arguments of an application: parted by commas outside brackets and quotes."""
    found: list[str] = []
    kept: list[str] = []
    depth, quoted = 0, False
    for before, character in zip(" " + text, text, strict=False):
        if character == '"' and before != "\\":
            quoted = not quoted
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(depth - 1, 0)
        elif character == "," and not quoted and not depth and before != "\\":
            found.append("".join(kept).strip())
            kept = []
            continue
        kept.append(character)
    return [*found, "".join(kept).strip()]
