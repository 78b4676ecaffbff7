"""A YAML file read so that whatever is wrong in it is told with its line, and all of it at once."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode

from ahadi.base.errors import AhadiError
from ahadi.base.text import one_line
from ahadi.directory.setup import Problem

MOST_CHARACTERS: Final = 2_000_000
MOST_NESTED: Final = 40
SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
Read = TypeVar("Read")


class Place:
    """A value in the file: what it belongs to (for sentences), its line, and where problems are gathered."""

    def __init__(self, value: Any, line: int, what: str, problems: list[Problem]) -> None:
        self.value = value
        self.line = line
        self.what = what
        self._problems = problems

    def refuse(self, sentence: str) -> None:
        """Note a problem here; reading goes on."""
        self._problems.append(Problem(self.line, sentence))

    # Parts ------------------------------------------------------------------------------------------------------

    def called(self, what: str) -> "Place":
        """The same value, spoken of otherwise."""
        return Place(self.value, self.line, what, self._problems)

    def part(self, key: str) -> "Place | None":
        """The value of a key; None when there is none, or nothing is written there."""
        if not isinstance(self.value, Mapping) or self.value.get(key) is None:
            return None
        return Place(self.value[key], self._line_of(key), f"{key} of {self.what}", self._problems)

    def needed(self, key: str) -> "Place | None":
        """The value of a key that must be there."""
        found = self.part(key)
        if found is None and isinstance(self.value, Mapping):
            self.refuse(f"{self.what} needs `{key}`.")
        return found

    def keys(self, *known: str) -> bool:
        """Whether this is written as `key: value`; refuses keys other than the known ones."""
        if not isinstance(self.value, Mapping):
            self.refuse(f"{self.what} is written as `key: value` lines, such as `{known[0]}: …`.")
            return False
        for key in self.value:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}."
                self._at(self._line_of(key)).refuse(f"{self.what} has no `{one_line(str(key), 40)}`; {hint}")
        return True

    def entries(self, noun: str) -> Iterator[tuple[str, "Place"]]:
        """The `slug: …` entries of a mapping, each spoken of as the noun with its slug."""
        if not isinstance(self.value, Mapping):
            self.refuse(f"write each {noun} as `short-name: …`.")
            return
        for key, value in self.value.items():
            here = self._at(self._line_of(key))
            if not isinstance(key, str) or not SLUG.fullmatch(key):
                here.refuse(
                    f"`{one_line(str(key), 40)}` is no short name for a {noun}; use small letters, digits and hyphens."
                )
                continue
            yield key, Place(value, here.line, f"{noun} `{key}`", self._problems)

    def items(self) -> list["Place"]:
        """The entries of a list; a single value is a list of one."""
        if isinstance(self.value, Mapping) or not isinstance(self.value, Sequence) or isinstance(self.value, str):
            return [self]
        lines = getattr(self.value, "lc", None)
        places = []
        for number, value in enumerate(self.value):
            line = lines.item(number)[0] + 1 if lines is not None and lines.data else self.line
            places.append(Place(value, line, self.what, self._problems))
        return places

    # Values -----------------------------------------------------------------------------------------------------

    def text(self, longest: int = 200) -> str | None:
        """One line of text; numbers and the like must be quoted, so that none is changed by being read."""
        if not isinstance(self.value, str):
            self.refuse(f"{self.what} must be text; put it in quotes.")
            return None
        text = " ".join(self.value.split())
        if not text or len(text) > longest:
            self.refuse(f"{self.what} must have 1 to {longest} characters.")
            return None
        return text

    def number(self, least: int, most: int) -> int | None:
        """A whole number in a range, both ends included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            self.refuse(f"{self.what} must be a whole number from {least} to {most}.")
            return None
        return int(self.value)

    def truth(self) -> bool | None:
        """`true` or `false`."""
        if not isinstance(self.value, bool):
            self.refuse(f"{self.what} must be `true` or `false`.")
            return None
        return self.value

    def day(self) -> date | None:
        """A date, such as 2026-12-25."""
        try:
            return date.fromisoformat(str(self.value).strip())
        except ValueError:
            self.refuse(f"{self.what} must be a date such as 2026-12-25, not `{one_line(str(self.value), 40)}`.")
            return None

    def moment(self) -> date | datetime | None:
        """A date, or a time such as `2026-12-25 08:00`, without a zone or with one."""
        text = str(self.value).strip()
        try:
            return date.fromisoformat(text) if len(text) <= len("2026-12-25") else datetime.fromisoformat(text)
        except ValueError:
            self.refuse(f"{self.what} must be a date or a time such as `2026-12-25 08:00`, not `{one_line(text, 40)}`.")
            return None

    def one_of(self, known: Sequence[str], noun: str) -> str | None:
        """One of the known words."""
        if self.value in known:
            return str(self.value)
        near = difflib.get_close_matches(str(self.value), known, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known) or 'none'}."
        self.refuse(f"{self.what} names `{one_line(str(self.value), 40)}`, which is no {noun}; {hint}")
        return None

    def read(self, reader: Callable[[str], Read]) -> Read | None:
        """The text read by a function that raises an error of ours."""
        text = self.text(1000)
        if text is None:
            return None
        try:
            return reader(text)
        except AhadiError as error:
            self.refuse(f"{self.what}: {error.sentence}")
            return None

    def _at(self, line: int) -> "Place":
        return Place(self.value, line, self.what, self._problems)

    def _line_of(self, key: Any) -> int:
        lines = getattr(self.value, "lc", None)
        try:
            return int(lines.key(key)[0]) + 1 if lines is not None else self.line
        except KeyError:  # merged in with `<<`
            return self.line


def load(text: str, begins: str = "organisation") -> tuple[Place | None, list[Problem]]:
    """The file's root and the problems found so far; no root when it is no YAML of `key: value` lines at all.

    `begins` is a key to name in that case.
    """
    problems: list[Problem] = []
    if len(text) > MOST_CHARACTERS:
        return None, [Problem(1, f"the file is longer than {MOST_CHARACTERS} characters; write one per organisation.")]

    class Constructor(_Constructor):
        duplicates = problems

    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = Constructor
    yaml.max_depth = MOST_NESTED
    try:
        root = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Problem(mark.line + 1 if mark else 1, f"this cannot be read as YAML: {error.problem}.")]
    except (YAMLError, ValueError, RecursionError) as error:
        return None, [Problem(1, f"this cannot be read as YAML: {one_line(str(error), 120)}.")]
    if not isinstance(root, Mapping):
        return None, [Problem(1, f"the file must begin with `{begins}:`; see the example in the documentation.")]
    return Place(root, 1, "the file", problems), problems


class _Constructor(RoundTripConstructor):
    """Keeps dates as they are written, and tells of every key that is written twice instead of stopping at one."""

    duplicates: list[Problem]

    def check_mapping_key(self, node: Node, key_node: Node, mapping: Any, key: Any, value: Any) -> bool:
        if key in mapping:
            self.duplicates.append(
                Problem(key_node.start_mark.line + 1, f"`{one_line(str(key), 40)}` is written twice; keep one.")
            )
            return False
        return True

    def construct_text(self, node: ScalarNode) -> str:
        return str(node.value)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_text)
