"""How strict a check is: severities, limits, assumptions, and the words by which it knows things."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ahadi.base.errors import Invalid
from ahadi.flowlang.findings import SEVERITIES, Severity
from ahadi.flowlang.model import ASSUMPTIONS, Assumption

# Told to a customer, these send them away: per language, patterns of folded words.
GO_ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        r"\b(call|phone|ring|telephone) (us|back|in|again|later|our|this number|\+?\d)",
        r"\b(please|must|should|need to|have to) (call|phone|ring|visit|e ?mail|write|come|go to)\b",
        r"\btry (your call |us )?(again|later|back)\b", r"\bretry (your|the) call\b",
        r"\b(e ?mail|write) (to )?(us|our)\b", r"\bvisit (us|our|the|www|your)\b",
        r"\b(go|come) to (our|the|your) (website|site|shop|store|branch|office|page)\b",
    ),
    "sw": (r"\b(tu|u)?pig(ie|ia|ieni) (simu|tena)\b", r"\btembelea\b", r"\btuandikie\b", r"\bandikia\b"),
}  # fmt: skip
ASKS_FOR_A_PERSON: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("agent", "operator", "person", "human", "representative", "somebody"),
    "sw": ("mtu", "wakala", "mhudumu"),
}
PRIVILEGED: Final = ("vip", "premium", "platinum", "gold", "priority")
_KEYS: Final = (
    "severities", "menus", "seconds", "characters_a_second", "assumptions_off", "privileged", "go_elsewhere", "person",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What a check goes by. `menus` and `seconds` are how far a person or promise may be; `off` assumptions."""

    severities: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))
    menus: int = 3
    seconds: int = 60
    characters_a_second: int = 15  # of words that are spoken, reckoned from their length
    off: frozenset[Assumption] = frozenset()
    privileged: tuple[str, ...] = PRIVILEGED
    go_elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: GO_ELSEWHERE)
    person: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: ASKS_FOR_A_PERSON)

    def held(self) -> frozenset[str]:
        """The assumptions that hold."""
        return frozenset(ASSUMPTIONS) - self.off


def read_settings(text: str, what: str = "the settings") -> Settings:
    """Settings from the JSON of a settings file. Raises `Invalid` with what to change."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f'{what} cannot be read as JSON: write one object, such as {{"menus": 3}}.') from error
    if not isinstance(given, dict):
        raise Invalid(f'{what} must be one JSON object, such as {{"menus": 3}}.')
    for key in given:
        if key not in _KEYS:
            raise Invalid(f"{what} has no `{key}`; known are {', '.join(_KEYS)}.")
    read: dict[str, Any] = {}
    for key, least in (("menus", 0), ("seconds", 0), ("characters_a_second", 1)):
        if key in given:
            if type(given[key]) is not int or given[key] < least:
                raise Invalid(f"`{key}` in {what} must be a whole number from {least}.")
            read[key] = given[key]
    read |= _lists(given, what)
    severities = given.get("severities", {})
    if not isinstance(severities, dict) or not all(
        code in SEVERITIES and value in ("error", "warning", "note") for code, value in severities.items()
    ):
        raise Invalid(f"`severities` in {what} gives codes such as AHD004 one of error, warning, note.")
    return Settings(severities=severities, **read)


def _lists(given: Mapping[str, Any], what: str) -> dict[str, Any]:
    read: dict[str, Any] = {}
    off = given.get("assumptions_off", [])
    if not isinstance(off, list) or not all(each in ASSUMPTIONS for each in off):
        raise Invalid(f"`assumptions_off` in {what} is a list of some of {', '.join(ASSUMPTIONS)}.")
    read["off"] = frozenset(off)
    if "privileged" in given:
        read["privileged"] = _texts(given["privileged"], "privileged", what)
    for key in ("go_elsewhere", "person"):
        if key in given:
            if not isinstance(given[key], dict):
                raise Invalid(f"`{key}` in {what} gives a list of words for each language.")
            words = {language: _texts(each, key, what) for language, each in given[key].items()}
            if key == "go_elsewhere":
                _must_be_patterns(words, what)
            read[key] = (GO_ELSEWHERE if key == "go_elsewhere" else ASKS_FOR_A_PERSON) | words  # type: ignore[operator]
    return read


def _texts(value: object, key: str, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise Invalid(f"`{key}` in {what} is a list of words.")
    return tuple(value)


def _must_be_patterns(words: Mapping[str, tuple[str, ...]], what: str) -> None:
    for each in (pattern for patterns in words.values() for pattern in patterns):
        try:
            re.compile(each)
        except (re.error, RecursionError, OverflowError) as error:
            raise Invalid(f"`{each[:40]}` of `go_elsewhere` in {what} is no regular expression.") from error
