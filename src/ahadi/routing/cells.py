"""The cells of a row as people write them: hours, days, counts, choices, promises. Each read into a value and back."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line, words
from ahadi.cases import PromiseKind
from ahadi.directory import Within
from ahadi.routing.model import (
    CHANNELS,
    DAYS,
    MINUTES_A_DAY,
    NOT_KNOWN,
    PROMISE_KINDS,
    Choice,
    Count,
    Day,
    FirstPromise,
    normal,
)

_WEEK: Final = DAYS[:7]
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_COUNT = re.compile(r"(>=|<=|>|<|=)?\s*(\d{1,6})|(\d{1,6})\s*[-–]\s*(\d{1,6})")


class WrongCell(Exception):
    """A cell that cannot be read, with the sentence that says why."""


def read_choice(value: object, *, prefixes: bool = False) -> Choice:
    """A value, a list of values, or `{not: …}` around either; with `prefixes`, a value may end in `*`."""
    entries, negated = _entries(value)
    values = tuple(dict.fromkeys(_value(entry) for entry in entries))
    for entry in values:
        if entry == "*":
            raise WrongCell(f"“*” alone matches anything; leave the column out, or write `{{not: {NOT_KNOWN}}}`")
        if "*" in (entry[:-1] if prefixes else entry):
            where = "at the end only" if prefixes else "in place, words and attributes only"
            raise WrongCell(f"“{_short(entry)}” cannot be used here: a `*` stands {where}")
    return Choice(values, negated)


def read_prefixes(value: object) -> Choice:
    """A choice whose values may end in `*`."""
    return read_choice(value, prefixes=True)


def read_language(value: object) -> Choice:
    """Primary languages by their ISO 639 code."""
    choice = read_choice(value)
    for entry in choice.values:
        if entry and not re.fullmatch(r"[a-z]{2,3}", entry):
            raise WrongCell(f"“{_short(entry)}” is no language; write its code, such as en or sw")
    return choice


def read_channel(value: object) -> Choice:
    """Channels, always as the positive ones in their usual order."""
    choice = read_choice(value)
    return _closed(set(choice.values), choice.negated, CHANNELS, "channel")


def read_day(value: object) -> Choice:
    """Days and spans of days as in OpenStreetMap's `opening_hours`: `Mo-Fr`, `Sa,Su`, `PH`, `Fr-Mo`."""
    entries, negated = _entries(value)
    named: set[str] = {day for entry in entries for part in str(entry).split(",") for day in _day_span(part.strip())}
    return _closed(named, negated, DAYS, "day")


def read_hours(value: object) -> tuple[tuple[int, int], ...]:
    """Spans such as `18:00-06:00` (the end is not included) as minutes of the day, in order and apart."""
    minutes: set[int] = set()
    entries, negated = _entries(value)
    for entry in entries:
        for part in str(entry).split(","):
            minutes |= _span(part.strip())
    if negated:
        minutes = set(range(MINUTES_A_DAY)) - minutes
    if not minutes:
        raise WrongCell("this row can never match: it leaves no hour of the day")
    starts = [minute for minute in sorted(minutes) if minute - 1 not in minutes]
    ends = [minute + 1 for minute in sorted(minutes) if minute + 1 not in minutes]
    return tuple(zip(starts, ends, strict=True))


def read_count(value: object) -> Count:
    """`3`, `">=3"`, `"<2"`, `"1-3"`: how often the customer has come back; the first contact is 0."""
    found = None if isinstance(value, bool) else _COUNT.fullmatch(str(value).strip())
    if not found:
        raise WrongCell(f"“{_short(value)}” is no count; write 2, “>=3”, “<2” or “1-3”")
    sign, number, low, high = found.groups()
    if number is None:
        count = Count(int(low), int(high))
    else:
        n = int(number)
        count = {
            ">=": Count(n), ">": Count(n + 1), "<=": Count(0, n), "<": Count(0, n - 1)
        }.get(sign, Count(n, n))  # fmt: skip
    if count.most is not None and count.most < count.least:
        raise WrongCell(f"this row can never match: no count is “{_short(value)}”")
    return count


def read_words(value: object) -> tuple[str, ...]:
    """Words and phrases of which one must be said, folded; `*` at either end of one lets its outer word go on."""
    phrases = []
    for entry in _plain_list(value):
        written = str(entry).strip()
        inner = " ".join(words(written))
        if not inner or "*" in written.strip("*"):
            raise WrongCell(f"“{_short(written)}” is no word or phrase; a `*` can stand at its beginning or end")
        phrases.append(f"{'*' * written.startswith('*')}{inner}{'*' * written.endswith('*')}")
    return tuple(dict.fromkeys(phrases))


def read_attributes(value: object) -> tuple[tuple[str, Choice], ...]:
    """Attribute names, each with the values meant, in the names' order."""
    if not isinstance(value, Mapping) or not value:
        raise WrongCell("write attributes as `{name: value}`")
    read: dict[str, Choice] = {}
    for name, cell in value.items():
        key = normal(name)
        if not key or "'" in key or '"' in key:
            raise WrongCell(f"“{_short(name)}” cannot be an attribute's name")
        try:
            read[key] = read_prefixes(cell)
        except WrongCell as wrong:
            raise WrongCell(f"{key}: {wrong}") from None
    return tuple(sorted(read.items()))


def read_within(value: object) -> Within:
    """`30m`, `4h`, `2d` in the department's business time; with ` elapsed` by any clock."""
    try:
        return Within.parse(str(value))
    except Invalid as error:
        raise WrongCell(error.sentence.removesuffix(".")) from None


def read_promise(value: object) -> FirstPromise:
    """`{kind, within, text}`; the text is what the customer reads, so nothing in it waits to be filled in."""
    if not isinstance(value, Mapping) or not {"kind", "within"} <= set(value) <= {"kind", "within", "text"}:
        raise WrongCell("write a promise as `{kind: update, within: 4h}`, with a `text` if you like")
    if value["kind"] not in PROMISE_KINDS:
        raise WrongCell(f"“{_short(value['kind'])}” is no kind of promise; use {', '.join(PROMISE_KINDS)}")
    text = one_line(str(value.get("text") or ""), 500)
    if "{" in text or "}" in text:
        raise WrongCell("the text of a promise is said as it stands; write it without { and }")
    return FirstPromise(cast(PromiseKind, value["kind"]), read_within(value["within"]), text)


def read_name(value: object) -> str:
    """The slug of a department, a person or a skill."""
    if not isinstance(value, str) or not value.strip():
        raise WrongCell("write the short name of one")
    return value.strip()


def written_choice(choice: Choice) -> Any:
    """A choice as people write it: one value bare, several as a list."""
    values = [entry or NOT_KNOWN for entry in choice.values]
    written = values[0] if len(values) == 1 else values
    return {"not": written} if choice.negated else written


def written_days(choice: Choice) -> Any:
    """Days with runs of three or more joined: `Mo-Fr`, or a list where that takes several."""
    parts: list[str] = []
    run: list[str] = []
    for day in (*_WEEK, ""):
        if day in choice.values and day:
            run.append(day)
            continue
        parts += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else run
        run = []
    parts += [day for day in choice.values if day == "PH"]
    return parts[0] if len(parts) == 1 else parts


def written_hours(hours: tuple[tuple[int, int], ...]) -> Any:
    """Spans of hours; one that ends at midnight and one that begins there are joined."""
    spans = list(hours)
    if len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == MINUTES_A_DAY:
        spans = [*spans[1:-1], (spans[-1][0], spans[0][1])]
    parts = [f"{clock(start)}-{clock(end)}" for start, end in spans]
    return parts[0] if len(parts) == 1 else parts


def written_count(count: Count) -> Any:
    """A count as people write it."""
    if count.most is None:
        return f">={count.least}"
    return count.least if count.least == count.most else f"{count.least}-{count.most}"


def clock(minute: int) -> str:
    """A minute of the day as `06:30`; the last one ends at `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _entries(value: object) -> tuple[list[object], bool]:
    """The entries of a cell, and whether `{not: …}` stands around them."""
    if not isinstance(value, Mapping):
        return _plain_list(value), False
    if list(value) != ["not"]:
        raise WrongCell("write one value, a list of values, or `{not: …}` around them")
    return _plain_list(value["not"]), True


def _plain_list(value: object) -> list[object]:
    entries = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not entries or any(entry is None or not str(entry).strip() for entry in entries):
        raise WrongCell(f"the cell is empty; leave it out to match anything, or write “{NOT_KNOWN}” for not known")
    if any(isinstance(entry, Mapping | list | tuple) for entry in entries):
        raise WrongCell("write one value, a list of values, or `{not: …}` around them")
    return entries


def _value(entry: object) -> str:
    text = normal(entry)
    if "'" in text and '"' in text:
        raise WrongCell(f"“{_short(entry)}” has both kinds of quotation marks; use one kind")
    return text


def _closed(named: set[str], negated: bool, domain: Sequence[str], noun: str) -> Choice:
    for entry in sorted(named - set(domain)):
        raise WrongCell(f"“{_short(entry or NOT_KNOWN)}” is no {noun}; use {', '.join(domain)}")
    left = tuple(entry for entry in domain if (entry in named) is not negated)
    if not left:
        raise WrongCell(f"this row can never match: it leaves no {noun}")
    return Choice(left)


def _day_span(text: str) -> Sequence[Day]:
    ends = [end.strip().capitalize() for end in re.split("[-–]", text)]
    if [end.upper() for end in ends] == ["PH"]:
        return ("PH",)
    if len(ends) > 2 or any(end not in _WEEK for end in ends):
        raise WrongCell(f"“{_short(text)}” is no day; use {', '.join(_WEEK)}, Mo-Fr, or PH for public holidays")
    first, last = (_WEEK.index(cast(Day, end)) for end in (ends[0], ends[-1]))
    return _WEEK[first : last + 1] if first <= last else _WEEK[first:] + _WEEK[: last + 1]


def _span(text: str) -> set[int]:
    found = _SPAN.fullmatch(text)
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    fits = found and int(found[2]) < 60 and int(found[4]) < 60 and start < MINUTES_A_DAY and end <= MINUTES_A_DAY
    if not fits or start == end:
        raise WrongCell(f"“{_short(text)}” is no span of hours; write 08:00-17:00, or 18:00-06:00 through the night")
    return set(range(start, end)) if start < end else {*range(start, MINUTES_A_DAY), *range(end)}


def _short(value: object) -> str:
    return one_line(str(value), 40)
