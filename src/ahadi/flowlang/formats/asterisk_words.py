"""Conditions of a dialplan: what stands before and after a `?`, and whether it holds where that can be seen."""

import re
from typing import Final

_COMPARES: Final = re.compile(r'\s*"?([^"=!<>]*?)"?\s*(!=|=)\s*"?([^"=!<>]*?)"?\s*')


def branches(text: str) -> tuple[str, str, str]:
    """The condition of a `?` with the two targets after it; an empty one is the next priority."""
    depth, quoted = 0, False
    for at, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "?" and depth <= 0 and not quoted:
            yes, _, no = _parted(text[at + 1 :])
            return text[:at].strip(), yes.strip(), no.strip()
    return text.strip(), "", ""


def _parted(text: str) -> tuple[str, str, str]:
    depth = 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == ":" and depth <= 0:
            return text[:at], ":", text[at + 1 :]
    return text, "", ""


def holds(condition: str) -> bool | None:
    """Whether a condition of comparisons holds; None where that cannot be seen."""
    text = condition.strip()
    if text.startswith("$[") and text.endswith("]"):
        text = text[2:-1]
    if "$" in text or "(" in text or "[" in text:
        return None
    found = []
    for either in text.split("|"):
        parts = [_COMPARES.fullmatch(each) for each in either.split("&")]
        if not all(parts):
            return None
        found.append(all((part[1] == part[3]) == (part[2] == "=") for part in parts if part is not None))
    return any(found)


_DAYS: Final = {"mon": "Mo", "tue": "Tu", "wed": "We", "thu": "Th", "fri": "Fr", "sat": "Sa", "sun": "Su"}
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


def opening_hours(times: str) -> str:
    """The times of a `GotoIfTime` as opening_hours text: `Mo-Fr 09:00-17:00`; as written where that is not so plain."""
    written = [each.strip().lower() for each in times.split(",")]
    hours, days, *others = [*written, "*", "*"][:4] if len(written) < 4 else written[:4]
    if any(each != "*" for each in others) or len(written) > 4:
        return times
    spans = [_TIME.fullmatch(each) for each in hours.split("&")]
    week = ",".join("-".join(_DAYS.get(day, "?") for day in each.split("-")) for each in days.split("&"))
    if (hours != "*" and not all(spans)) or (days != "*" and ("?" in week or week.count("-") > week.count(",") + 1)):
        return times
    told = ",".join(f"{each[1]:0>2}:{each[2]}-{each[3]:0>2}:{each[4]}" for each in spans if each is not None)
    return " ".join(part for part in ("" if days == "*" else week, told) if part) or "24/7"
