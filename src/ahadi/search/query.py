"""What somebody types into the search box: words, and filters such as `holder:me promise:due<2h`.

Pure. Whatever is typed is read: what looks like a filter and is none is told as a problem, and left out.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from ahadi.base.text import words

LONGEST = 500
FILTERS: Final = (
    "state",
    "holder",
    "department",
    "promise",
    "reason",
    "channel",
    "priority",
    "tag",
    "skill",
    "is",
    "opened",
    "organisation",
)
STATES, CHANNELS = ("open", "resolved", "all"), ("phone", "email", "web", "chat", "sms")
IS = ("escalated", "waiting", "offered", "refused")
PRIORITIES, KINDS = ("low", "normal", "high", "urgent"), ("update", "callback", "visit", "fix")
_TOKEN = re.compile(
    r'(?P<empty>[a-z]+):(?=\s|$)|(?:(?P<name>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>\S+))',
)
_WITHIN = re.compile(r"(?P<what>[a-z]*)(?P<sign>[<>])(?P<amount>\d{1,4})(?P<unit>[mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Problem:
    """A filter that says nothing: nothing stands after it, it is none of the `choices`, or it is no length of time."""

    kind: Literal["empty", "choice", "promise", "length"]
    name: str
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        choices = ", ".join(self.choices)
        return {
            "empty": f"Say something after {self.name}:",
            "choice": f"{self.name}: is one of {choices}.",
            "promise": f"{self.name}: is one of {choices}, or due<2h (or m, d, w).",
            "length": f"{self.name}: is followed by < or > and a length such as 30m, 2h, 3d or 1w.",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. All words and all filters must fit; of one filter given twice either may.

    `due_within` is how soon the next promise falls due, zero for one that is overdue; `opened_within` and
    `opened_before` how long ago the case was opened. `holders` are names, slugs or `me`; `mine` are my departments.
    Of `places` a case that nobody has is in any: `waiting` in a department, `offered` to somebody now, `refused` by
    everybody who could take it. `skills` are what such a case asks for; `none` stands for none.
    """

    words: tuple[str, ...] = ()
    state: str = "open"
    holders: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    promise_kinds: tuple[str, ...] = ()
    due_within: timedelta | None = None
    broken: bool = False
    escalated: bool = False
    opened_within: timedelta | None = None
    opened_before: timedelta | None = None
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def has_filters(self) -> bool:
        return bool(str(self)) and str(self) != " ".join(self.words)

    def __str__(self) -> str:
        """The query as one would type it."""
        several = {
            "holder": self.holders,
            "department": self.departments,
            "reason": self.reasons,
            "channel": self.channels,
            "priority": self.priorities,
            "tag": self.tags,
            "skill": self.skills,
            "is": self.places,
            "organisation": self.organisations,
            "promise": self.promise_kinds,
        }
        parts = [*self.words] + [f"state:{self.state}"] * (self.state != "open")
        parts += [f"{name}:{_quoted(each)}" for name, values in several.items() for each in values]
        if self.due_within is not None:
            parts.append(f"promise:due<{_short(self.due_within)}" if self.due_within else "promise:overdue")
        parts += ["promise:broken"] * self.broken + ["is:escalated"] * self.escalated
        parts += [f"opened:<{_short(self.opened_within)}"] if self.opened_within is not None else []
        parts += [f"opened:>{_short(self.opened_before)}"] if self.opened_before is not None else []
        return " ".join(parts)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value or not value else value


def _short(length: timedelta) -> str:
    for unit in ("w", "d", "h"):
        if length and not length % _UNITS[unit]:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length // _UNITS['m']}m"


def parse(text: str) -> Query:
    """Read what was typed."""
    found: dict[str, list[str]] = {}
    single: dict[str, object] = {}
    problems: list[Problem] = []
    plain: list[str] = []
    for token in _TOKEN.finditer(text[:LONGEST]):
        name, value = token["name"], (token["quoted"] if token["quoted"] is not None else token["bare"]) or ""
        empty = token["empty"] or (name if not value.strip() else None)
        if empty in FILTERS:
            problems.append(Problem("empty", empty))
        elif empty:
            plain += words(empty)
        elif name is None:
            plain += words(value)
        elif name not in FILTERS:
            plain += words(f"{name} {value}")
        elif problem := _take(name, " ".join(value.split()).casefold(), found, single):
            problems.append(problem)
    several = {name: tuple(dict.fromkeys(values)) for name, values in found.items()}
    return Query(words=tuple(plain), problems=tuple(problems), **several, **single)  # type: ignore[arg-type]


_PLACES = {
    "holder": "holders",
    "department": "departments",
    "reason": "reasons",
    "channel": "channels",
    "priority": "priorities",
    "tag": "tags",
    "skill": "skills",
    "organisation": "organisations",
}
_CHOICES = {"channel": CHANNELS, "priority": PRIORITIES, "state": STATES, "is": IS}


def _take(name: str, value: str, found: dict[str, list[str]], single: dict[str, object]) -> Problem | None:
    """Put one filter where it belongs; the problem where it is none."""
    if name in _CHOICES and value not in _CHOICES[name]:
        return Problem("choice", name, _CHOICES[name])
    if name == "state":
        single["state"] = value
    elif value == "escalated" and name == "is":
        single["escalated"] = True
    elif name == "is":
        found.setdefault("places", []).append(value)
    elif name in _PLACES:
        found.setdefault(_PLACES[name], []).append(value)
    elif name == "opened":
        within = _WITHIN.fullmatch(value)
        if within is None or within["what"]:
            return Problem("length", name)
        single["opened_within" if within["sign"] == "<" else "opened_before"] = _length(within)
    else:
        return _promise(value, found, single)
    return None


def _promise(value: str, found: dict[str, list[str]], single: dict[str, object]) -> Problem | None:
    within = _WITHIN.fullmatch(value)
    if value in KINDS:
        found.setdefault("promise_kinds", []).append(value)
    elif value == "overdue":
        single["due_within"] = timedelta(0)
    elif value == "broken":
        single["broken"] = True
    elif within is not None and within["what"] == "due" and within["sign"] == "<":
        single["due_within"] = _length(within)
    else:
        return Problem("promise", "promise", (*KINDS, "overdue", "broken"))
    return None


def _length(within: re.Match[str]) -> timedelta:
    return int(within["amount"]) * _UNITS[within["unit"]]
