"""Opening hours as people write them: OpenStreetMap's `opening_hours` syntax, read into rules.

Source: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification. The library `opening-hours-py` reads the
grammar and says which days a selector means. Three things are done here, because contact centres work at night and in
countries the library has no calendar of:

- A span belongs whole to the day on which it begins. `Mo-Fr 22:00-06:00; PH off` cancels the night that begins on a
  holiday, and the night before runs on until 06:00. (The library cuts nights at midnight when the next day has a
  rule of its own, and opens the second half of a night that was cancelled.)
- Public holidays come from `holidays`, which knows more countries and their parts.
- What could not be promised to a customer is refused: `unknown`, open ends, sunrise, fallback rules.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import holidays
from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]  # missing from its stub

from ahadi.base.errors import Invalid

_EXAMPLES: Final = "write hours such as `Mo-Fr 08:00-18:00; Sa 09:00-13:00; PH off` or `24/7`"
_WEEKDAY: Final = r"\b(?:Mo|Tu|We|Th|Fr|Sa|Su)\b"
_DAYS: Final = rf"(?:{_WEEKDAY}(?:\s*-\s*{_WEEKDAY})?(?:\[[^\]]*\])?|\bPH\b)"
# What a rule says of its days: perhaps a season (years, months, dates, weeks), then perhaps a list of days.
_SELECTOR: Final = re.compile(rf"(?P<season>.*?)\s*:?\s*(?P<days>(?:{_DAYS}(?:,{_DAYS})*)?)", re.IGNORECASE)
_EVERY_DAY: Final = "24/7"
_DAY: Final = 24 * 60
# By hand, as strftime's follow the locale of the process.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPAN: Final = r"\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d"
# A rule without its comment: days, times, and whether they are open.
_RULE: Final = re.compile(
    rf"(?P<days>.*?)\s*:?\s*(?P<times>(?<![\d:]){_SPAN}(?:\s*,\s*{_SPAN})*)?\s*(?P<kind>\b(?:open|closed|off)\b)?\s*",
    re.IGNORECASE | re.DOTALL,
)
# A comma begins another rule when times or a word end before it and no further time follows it.
_ANOTHER: Final = re.compile(
    r"(?:(?<=\d:\d\d)|(?<=open)|(?<=24/7)|(?<=off)|(?<=closed)|(?<=\"))\s*,(?!\s*\d{1,2}:\d\d)", re.I
)
_DAYS_FIRST: Final = "write the days, then the times, such as `Mo-Fr 08:00-18:00`"

# What is refused although the grammar allows it: pattern, and what to write instead.
_REFUSED: Final[Sequence[tuple[str, str]]] = (
    (
        r"\|\|",
        "fallback rules (`||`) are not taken; write the hours as one list, such as `Mo-Fr 08:00-18:00, Sa 09:00-12:00`",
    ),
    (
        r"\bunknown\b",
        "hours that may or may not be open cannot be promised; write when it is surely open",
    ),
    (
        r"\b(?:sunrise|sunset|dawn|dusk)\b",
        "the sun's times are not taken; write clock times such as `06:30-18:30`",
    ),
    (
        r"\bSH\b",
        "school holidays are not known here; write their dates, such as `2026 Aug 03-2026 Aug 28 off`",
    ),
    (
        r"\d:\d\d\s*\+",
        "an open end (`+`) cannot be promised; write the time at which it closes",
    ),
    (
        r"\d:\d\d\s*/",
        "times that repeat are not taken; write from when to when it is open",
    ),
    (
        r"\d{4}(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",  # the library reads 2026Feb as 1 February
        "leave a space between the year and the month",
    ),
    (
        r"\bFeb\s+3[01]\b|\b(?:Apr|Jun|Sep|Nov)\s+31\b",
        "there is no such day",
    ),
    (
        r"\"\s*,\s*\d{1,2}:\d\d",
        "after a comment name the days again",
    ),
    (
        r"\bPH\s*[+-]",
        "days counted from a public holiday are not taken; write their dates",
    ),
    (
        rf"\bPH\s+{_WEEKDAY}\b|{_WEEKDAY}(?:\[[^\]]*\])?\s+PH\b",  # the library reads "and" as "or"
        "put a comma between public holidays and weekdays (`Mo-Fr,PH`), or write the dates",
    ),
)

Minutes = tuple[int, int]
"""From and until, in minutes after a midnight."""
WallSpan = tuple[datetime, datetime]
"""From and until, on the clock on the wall: without a zone."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an expression.

    It speaks of the `weekdays` (every day when empty, none when None), and with `holidays` of the public holidays,
    within its `season` (all year when empty). `spans` are minutes after that day's midnight, and may reach into the
    next day. A rule that `adds` adds to what earlier rules say of the day; otherwise it replaces it. One that
    `closes` takes its spans away, or the whole day when it has none.
    """

    season: str
    weekdays: str | None
    holidays: bool
    spans: tuple[Minutes, ...]
    closes: bool
    adds: bool


@lru_cache(maxsize=4096)
def read(expression: str) -> tuple[Rule, ...]:
    """The rules of an expression, in order.

    Raises `Invalid` with the fields `expression` and `column` (from 1) and a sentence that says what to write.
    """
    _check(expression)
    text, rules, columns = masked(expression), [], []
    for start, end, adds in _pieces(text):
        rules.append(_rule(expression, text, start, end, adds))
        columns.append(start + 1)
    for place, rule in enumerate(rules):
        later = rules[place + 1 :]
        if rule.holidays and rule.weekdays is None and any(_overrules_holidays(other) for other in later):
            raise refusal(
                expression, columns[place], "a later rule overrules these public holidays; write `PH` last, not first"
            )
    return tuple(rules)


def wall_spans(
    rules: Sequence[Rule], first: date, last: date, free: Container[date], closures: Container[date]
) -> Iterator[WallSpan]:
    """The open spans on the days from `first` to `last`, both included; they may overlap and touch.

    `free` are the public holidays. Nothing begins on the days of `closures`. What ran on from the days before `first`
    is not there: begin two days early.
    """
    chosen = [(_selected(rule.season, first, last), _selected(rule.weekdays, first, last)) for rule in rules]
    night: list[Minutes] = []  # what the day before left running, in this day's minutes
    day = first
    while day <= last:
        spans: list[Minutes] = []
        for rule, (season, weekdays) in zip(rules, chosen, strict=True):
            if day in season and (day in weekdays or (rule.holidays and day in free)):
                spans = _apply(rule, spans)
                night = _without(night, rule.spans) if rule.closes else night
        if day in closures:
            spans = []
        midnight = datetime.combine(day, time())
        for start, end in [*night, *((start, min(end, _DAY)) for start, end in spans)]:
            if start < end:
                yield midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)
        night = [(max(start - _DAY, 0), end - _DAY) for start, end in spans if end > _DAY]
        day += timedelta(days=1)


def masked(expression: str) -> str:
    """The expression with its quoted comments blanked, position for position."""
    return re.sub(r'"[^"]*"', lambda match: '"' + " " * (len(match.group()) - 2) + '"', expression)


def mentions_holidays(expression: str) -> bool:
    """Whether public holidays (`PH`) play a part."""
    return any(rule.holidays for rule in read(expression))


def closed_on(expression: str, days: Iterable[date]) -> str:
    """The expression with the days on which it is closed besides, written at its end."""
    written = ",".join(f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}" for day in sorted(days))
    return f"{expression}; {written} off" if written else expression


@lru_cache(maxsize=4096)
def public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of a country (ISO 3166-1 alpha-2), or of a part of it, in one year.

    Those that follow the moon are estimates until their authorities announce them. Raises `Invalid` for a country
    or a part that is not known.
    """
    if country not in _countries():
        raise Invalid(
            f"the public holidays of `{country}` are not known; use a two-letter country code such as `KE`, "
            "or write the dates instead of `PH`.",
            country=country,
        )
    if subdivision is not None and subdivision not in _countries()[country]:
        known = ", ".join(sorted(_countries()[country])[:60]) or "none"
        raise Invalid(
            f"`{country}` has no part `{subdivision}` with holidays of its own; known: {known}.", country=country
        )
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def refusal(expression: str, column: int, advice: str) -> Invalid:
    """The error for an expression that is wrong from a column (counted from 1) on."""
    rest = expression[column - 1 :].strip()
    if rest:
        where = f"from column {column} on (`{rest[:40]}`)"
    else:
        where = "at its end" if expression.strip() else "because nothing is there"
    return Invalid(
        f"the opening hours `{expression}` cannot be read {where}: {advice}.",
        expression=expression,
        column=column,
        advice=advice,
    )


def _check(expression: str) -> None:
    if not expression.strip():
        raise refusal(expression, 1, _EXAMPLES)
    broken = re.search(r"[\r\n]", expression)
    if broken:
        raise refusal(expression, broken.start() + 1, "write it on one line")
    try:
        OpeningHours(expression, auto_country=False, auto_timezone=False)
    except ParserError as error:
        found = re.search(r"-->\s*1:(\d+)", str(error))
        column = int(found.group(1)) if found else 1
        raise refusal(expression, column, _hint(expression, column)) from None
    text = masked(expression)
    for pattern, advice in _REFUSED:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            raise refusal(expression, match.start() + 1, advice)


def _hint(expression: str, column: int) -> str:
    rest = expression[column - 1 :]
    if re.match(r"\s*[–—‒−]", rest):
        return "use a plain hyphen (`-`) between two days or times"
    if re.match(r"\s*\d{1,2}\s*([ap]\.?m|$|[-,;]|\.\d\d|h)", rest, re.IGNORECASE):
        return "write times with hours and minutes on the 24-hour clock, such as `08:00-18:00`"
    if re.search(r"\d:\d\d\s*$", expression) and not rest.strip():
        return "a time needs an end, such as `08:00-18:00`"
    return _EXAMPLES


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where each rule begins and ends, and whether it adds to those before it."""
    start, adds = 0, False
    cuts = [(match.start(), match.end(), False) for match in re.finditer(";", text)]
    cuts += [(match.start(), match.end(), True) for match in _ANOTHER.finditer(text)]
    for stop, following, comma in sorted(cuts):
        yield start, stop, adds
        start, adds = following, comma
    yield start, len(text), adds


def _rule(expression: str, text: str, start: int, end: int, adds: bool) -> Rule:
    said = re.sub('" *"', lambda comment: " " * len(comment.group()), text[start:end]).strip()
    match = _RULE.fullmatch(said)
    # Without times between them, `Mo, We` is a list of days and not two rules, though the library takes it for two.
    selector = _SELECTOR.fullmatch(re.sub(r"\s*,\s*", ",", match["days"].strip()) if match else "")
    if match is None or selector is None or re.search(rf"\d:\d\d|{_DAYS}", selector["season"], re.IGNORECASE):
        raise refusal(expression, start + 1, _DAYS_FIRST)
    listed = [day for day in selector["days"].split(",") if day]
    weekdays = ",".join(day for day in listed if day.upper() != "PH")
    with_holidays = any(day.upper() == "PH" for day in listed)
    season = "" if selector["season"] == _EVERY_DAY else selector["season"]
    for part in filter(None, (season, weekdays)):
        try:
            OpeningHours(part, auto_country=False, auto_timezone=False)
        except ParserError:
            raise refusal(expression, start + 1, _DAYS_FIRST) from None
    closes = (match["kind"] or "open").lower() != "open"
    spans = tuple(_minutes(span) for span in re.findall(_SPAN, match["times"] or ""))
    return Rule(
        season=season,
        weekdays=weekdays or (None if with_holidays else ""),
        holidays=with_holidays,
        spans=spans or (() if closes else ((0, _DAY),)),
        closes=closes,
        adds=adds,
    )


def _minutes(span: str) -> Minutes:
    opens, closes = (int(hour) * 60 + int(minute) for hour, minute in re.findall(r"(\d+):(\d+)", span))
    return opens, closes if closes > opens else closes + _DAY


def _overrules_holidays(rule: Rule) -> bool:
    every_week = not rule.season and rule.weekdays is not None and "[" not in rule.weekdays
    return every_week and not rule.holidays and not rule.adds and not (rule.closes and rule.spans)


def _apply(rule: Rule, spans: list[Minutes]) -> list[Minutes]:
    if rule.closes:
        return _without(spans, rule.spans) if rule.spans else []
    return [*spans, *rule.spans] if rule.adds else list(rule.spans)


def _without(spans: list[Minutes], holes: Sequence[Minutes]) -> list[Minutes]:
    for start, end in holes:
        spans = [piece for s, e in spans for piece in ((s, min(e, start)), (max(s, end), e)) if piece[0] < piece[1]]
    return spans


def _selected(selector: str | None, first: date, last: date) -> Container[date]:
    """The days that a selector means, as the library reads it; every day when it is empty."""
    if selector is None:
        return frozenset()
    start, end = datetime.combine(first, time()), datetime.combine(last + timedelta(days=1), time())
    if not selector:
        return frozenset(first + timedelta(days=n) for n in range((end - start).days))
    hours = OpeningHours(selector, auto_country=False, auto_timezone=False)
    return frozenset(
        (since + timedelta(days=n)).date()
        for since, until, state, _ in hours.intervals(start, end)
        if str(state) == "open"
        for n in range((until - since).days)
    )


def countries() -> list[str]:
    """The countries whose public holidays are known, by their codes."""
    return sorted(_countries())


@lru_cache(maxsize=1)
def _countries() -> dict[str, set[str]]:
    listed = holidays.list_supported_countries(include_aliases=True)
    return {code: set(parts) for code, parts in listed.items() if len(code) == 2}
