"""Rules in words: columns, cells, gaps and what is wrong, said in the reader's language with the directory's names."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from babel.dates import get_day_names

from ahadi import routing
from ahadi.base.text import one_line
from ahadi.directory import Directory
from ahadi.directory.model import called
from ahadi.routing import Choice, Count, DeadRow, FirstPromise, Request, Uncovered, Where
from ahadi.screens.languages import name_of_language, spoken
from ahadi.screens.reader import _, ngettext, present
from ahadi.screens.sentences import sentence
from ahadi.screens.wording import channel_name, kind_name, priority_name

_WEEK = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def column_name(column: str) -> str:
    """What a column is called."""
    return {
        "name": _("Rule"),
        "reason": _("Reason"),
        "tier": _("Customer group"),
        "channel": _("Channel"),
        "language": _("Language"),
        "day": _("Days"),
        "hour": _("Hours"),
        "repeat": _("Came back"),
        "attributes": _("Details"),
        "place": _("Place"),
        "words": _("Words said"),
        "department": _("Department"),
        "who": _("Person or skill"),
        "person": _("Person"),
        "skill": _("Skill"),
        "priority": _("Priority"),
        "promise": _("First promise"),
    }.get(column, column)


def value_name(directory: Directory, column: str, value: str) -> str:
    """What one value of a column is called; the empty one is "not known"."""
    if not value:
        return _("no verified group") if column == "tier" else _("not known")
    language = present().language
    settings = directory.organisation.settings
    if column == "reason" and value in directory.reasons:
        return directory.reasons[value].name(language)
    if column == "tier":
        return called(settings.tiers[value], language) if value in settings.tiers else value
    if column == "channel":
        return channel_name(value)
    if column == "language":
        return name_of_language(value) if spoken(value) else value
    if column == "day":
        return day_name(value)
    return f"{value[:-1]}…" if value.endswith("*") else value


def day_name(day: str, width: Literal["wide", "abbreviated"] = "wide") -> str:
    """`Mo` as Monday; `PH` is a public holiday."""
    if day not in _WEEK:
        return _("public holidays")
    return str(get_day_names(width, locale=present().locale)[_WEEK.index(day)])


def cell_words(directory: Directory, column: str, raw: Any) -> str:
    """A cell in words; as it was written where it cannot be read."""
    try:
        value = routing.read_cell(column, raw)
    except routing.WrongCell:
        return one_line(str(raw), 80)
    match value:
        case Choice() if column == "day":
            return _days(value)
        case Choice():
            return _choice(directory, column, value)
        case Count():
            return _count(value)
        case FirstPromise():
            return promise_words(value)
    if column == "hour":
        return _hours(value)
    if column == "words":
        return either([f"“{each.strip('*')}{'…' * each.endswith('*')}”" for each in value])
    if column == "attributes":
        return "; ".join(f"{name}: {_choice(directory, name, choice)}" for name, choice in value)
    return outcome_name(directory, column, str(value))


def outcome_name(directory: Directory, column: str, value: str) -> str:
    """A department, person, skill or priority as people call it."""
    language = present().language
    if column == "department":
        found = (each.name(language) for each in directory.departments.values() if each.slug == value)
        return next(found, value)
    if column == "person":
        return next((each.name for each in directory.people.values() if each.slug == value), value)
    if column == "skill":
        names = directory.organisation.settings.skills.get(value)
        return _("anyone with %(skill)s") % {"skill": called(names, language) if names else value}
    return priority_name(value) if column == "priority" else value


def either(said: Iterable[str], most: int = 6) -> str:
    """One of these: “a, b or c”."""
    listed = list(said)
    if len(listed) > most:
        listed = [*listed[:most], _("%(n)s more") % {"n": len(listed) - most}]
    if len(listed) < 2:
        return "".join(listed)
    return _("%(first)s or %(last)s") % {"first": ", ".join(listed[:-1]), "last": listed[-1]}


def _choice(directory: Directory, column: str, choice: Choice) -> str:
    said = either(value_name(directory, column, each) for each in choice.values)
    return _("any but %(values)s") % {"values": said} if choice.negated else said


def _days(choice: Choice) -> str:
    written = routing.written_days(choice)
    parts = [written] if isinstance(written, str) else written
    return ", ".join("–".join(day_name(day, "abbreviated") for day in part.split("-")) for part in parts)


def _hours(spans: Any) -> str:
    written = routing.written_hours(spans)
    parts = [written] if isinstance(written, str) else written
    return ", ".join(part.replace("-", "–") for part in parts)


def _count(count: Count) -> str:
    if count.most is None:
        return _("%(n)s times or more") % {"n": count.least}
    if count.least == count.most:
        return times(count.least)
    return _("%(n)s to %(most)s times") % {"n": count.least, "most": count.most}


def times(number: int) -> str:
    if not number:
        return _("not yet")
    return ngettext("%(n)s time", "%(n)s times", number) % {"n": number}


def within_words(within: Any) -> str:
    """How soon, and by which clock."""
    amount = {
        "m": ngettext("%(n)s minute", "%(n)s minutes", within.amount),
        "h": ngettext("%(n)s hour", "%(n)s hours", within.amount),
        "d": ngettext("%(n)s day", "%(n)s days", within.amount),
    }[within.unit] % {"n": within.amount}
    return _("%(time)s by the clock") % {"time": amount} if within.elapsed else amount


def promise_words(promise: FirstPromise) -> str:
    said = _("%(what)s within %(time)s") % {"what": kind_name(promise.kind), "time": within_words(promise.within)}
    return f"{said}: “{promise.text}”" if promise.text else said


# What the check found ---------------------------------------------------------------------------------------------


def gap_words(directory: Directory, gap: Uncovered) -> str:
    """Requests that no row covers."""
    return "; ".join(_where(directory, each) for each in gap.where) or _("any request at all")


def _where(directory: Directory, where: Where) -> str:
    column = where.column.removeprefix("attribute:")
    if where.column == "words":
        said = either(f"“{str(value).strip('*')}”" for _kind, value in where.values)
        return (_("without %(words)s") if where.but else _("saying %(words)s")) % {"words": said}
    said = either(_atom(directory, column, kind, value) for kind, value in where.values)
    if where.but:
        return _("%(column)s: any but %(values)s") % {"column": column_name(column), "values": said}
    return f"{column_name(column)}: {said}"


def _atom(directory: Directory, column: str, kind: str, value: Any) -> str:
    if kind == "span" and column == "hour":
        start, end = value
        return f"{_clock(start)}–{_clock(24 * 60 if end is None else end)}"
    if kind == "span":
        least, end = value
        if end is None:
            return _("%(n)s times or more") % {"n": least}
        return times(least) if end == least + 1 else _("%(n)s to %(most)s times") % {"n": least, "most": end - 1}
    if kind == "other":
        return _("anything else")
    if kind == "begins":
        return f"“{value}…”"
    return value_name(directory, column, "" if kind == "none" else str(value))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def example_words(directory: Directory, request: Request) -> str:
    """One request, as somebody would tell of it."""
    at = f"{day_name(request.moment.day)} {_clock(request.moment.minute)}"
    known: Mapping[str, str | None] = {
        "reason": request.reason,
        "language": request.language,
        "tier": request.tier.name if request.tier else None,
        "place": request.place,
        **{str(name): str(value) for name, value in request.attributes.items()},
    }
    parts = [channel_name(request.channel), at]
    parts += [f"{column_name(name)}: {value_name(directory, name, value)}" for name, value in known.items() if value]
    if request.repeat:
        parts.append(_("came back %(times)s") % {"times": times(request.repeat)})
    if request.text:
        parts.append(_("saying %(words)s") % {"words": f"“{request.text}”"})
    return ", ".join(parts)


def dead_words(dead: DeadRow, names: list[str]) -> str:
    """Why a row can never match."""
    if not dead.because:
        return _("Never matches: it leaves nothing in the column %(column)s.") % {"column": column_name(dead.empty)}
    listed = [_("row %(n)s “%(name)s”") % {"n": each, "name": names[each - 1]} for each in dead.because]
    return ngettext(
        "Never matches: %(rows)s takes every request that it describes.",
        "Never matches: %(rows)s between them take every request that it describes.",
        len(listed),
    ) % {"rows": ", ".join(listed)}


def problem_words(column: str, said: str) -> str:
    """What is wrong with a cell, in the reader's language where we have the words."""
    told = sentence("", said, {})
    if told == said and not said.endswith("."):
        told = sentence("", f"{said}.", {}).removesuffix(".")
        name, colon, rest = said.partition(": ")
        if told == said and colon:  # of one attribute
            told = f"{name}: {sentence('', rest, {})}"
    return f"{column_name(column)}: {told}" if column and column not in ("when", "then") else told
