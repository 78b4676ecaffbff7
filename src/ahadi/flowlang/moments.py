"""A day and a time to tell in a story: when hours of the plain kind (`Mo-Fr 08:00-18:00; Sa 09:00-13:00`) are closed.

What such a text means exactly is for its library to say; here a moment is named, or none.
"""

import re
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY: Final = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_TIMES: Final = r"\d\d:\d\d\s*-\s*\d\d:\d\d"
_RULE: Final = re.compile(rf"({_DAY}(?:\s*[-,]\s*{_DAY})*)\s+({_TIMES}(?:\s*,\s*{_TIMES})*)")
_A_DAY: Final = 24 * 60
_A_WHILE: Final = 5  # minutes after it opened or closed


def a_moment(text: str, *, is_open: bool) -> str:
    """A day and a time when these hours are open, or closed, such as `Saturday 18:05`; empty where we cannot tell."""
    week = _week(text)
    if not week:
        return ""
    edges = [(begin if is_open else end) + _A_WHILE for begin, end in week]
    for minute in edges if is_open else reversed(edges):
        at = minute % (7 * _A_DAY)
        inside = any(begin <= at < end or begin <= at + 7 * _A_DAY < end for begin, end in week)
        if inside == is_open:
            day, rest = divmod(at, _A_DAY)
            return f"{WEEKDAYS[day]} {rest // 60:02}:{rest % 60:02}"
    return ""


def _week(text: str) -> list[tuple[int, int]]:
    """When it is open, in minutes since Monday began, as written; nothing where the text is of another kind."""
    found: list[tuple[int, int]] = []
    for part in text.split(";"):
        if not part.strip() or re.fullmatch(r"\s*(PH|SH)\s+(off|closed)\s*", part):
            continue
        rule = _RULE.fullmatch(part.strip())
        if rule is None:
            return []
        spans = [_minutes(each) for each in rule[2].split(",")]
        days = _days(rule[1])
        found = [(begin, end) for begin, end in found if begin // _A_DAY not in days]  # the later rule of a day counts
        found += [(day * _A_DAY + begin, day * _A_DAY + end) for day in days for begin, end in spans]
    return found


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in re.sub(r"\s", "", text).split(","):
        first, _, last = part.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last[-2:] or first)
        found += [each % 7 for each in range(begin, end + 1 if end >= begin else end + 8)]
    return found


def _minutes(text: str) -> tuple[int, int]:
    begin, end = (int(each.strip()[:2]) * 60 + int(each.strip()[3:]) for each in text.split("-"))
    return begin, end if end > begin else end + _A_DAY
