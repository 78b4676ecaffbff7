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
