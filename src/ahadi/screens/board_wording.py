"""What the board's codes are called; functions, so that it is said in each reader's own language."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from babel.numbers import format_decimal, format_percent

from ahadi.board import Scope
from ahadi.directory import Directory
from ahadi.directory.model import called
from ahadi.screens.reader import _, present

__all__ = [
    "about_name",
    "asked_skill",
    "length_text",
    "line_name",
    "number_text",
    "rate_text",
    "stand_name",
    "which_name",
]


def stand_name(stand: str) -> str:
    """How somebody is."""
    return {
        "available": _("Available"),
        "busy": _("Busy"),
        "wrap-up": _("Wrap-up"),
        "break": _("On a break"),
        "offline": _("Offline"),
        "off-shift": _("Off shift"),
    }.get(stand, stand)


def which_name(which: str, when: str) -> str:
    """The heading of a list of promises."""
    ended = {
        "kept": (_("Kept today"), _("Kept in seven days")),
        "renewed": (_("Renewed in time today"), _("Renewed in time in seven days")),
        "broken": (_("Broken today"), _("Broken in seven days")),
        "ended": (_("Kept or broken today"), _("Kept or broken in seven days")),
    }
    if which in ended:
        return ended[which][when == "week"]
    return {
        "overdue": _("Overdue promises"),
        "half-hour": _("Promises due within 30 minutes"),
        "two-hours": _("Promises due within two hours"),
        "at-risk": _("Promises at risk"),
        "away": _("Promises due after their owner's shift"),
        "calls-overdue": _("Overdue calls"),
        "calls-hour": _("Calls due within the hour"),
    }[which]


def line_name(scope: Scope, place: object) -> str:
    """A department's name, on the line that is about it."""
    organisation_id, department = place.organisation_id, place.department  # type: ignore[attr-defined]
    if organisation_id is None:
        return _("Together")
    if department in (None, "none"):
        return _("No department")
    return scope.directories[organisation_id].name_of(department, present().language)


def asked_skill(directory: Directory, skill: str | None) -> str:
    """A skill that is asked for; empty for none."""
    names = directory.organisation.settings.skills.get(skill or "")
    return called(names, present().language) if names else skill or ""


def about_name(directories: Mapping[object, Directory], organisation_id: object, reason: str | None) -> str:
    """What customers got in touch about."""
    known = directories[organisation_id].reasons.get(reason or "")
    return known.name(present().language) if known else reason or _("No reason known")


def rate_text(rate: float | None) -> str:
    """A part of a whole, in per cent; never rounded up to everything."""
    if rate is None:
        return "–"
    shown = round(rate * 100)
    whole = shown - 1 if shown == 100 and rate < 1 else shown
    return str(format_percent(whole / 100, locale=present().locale))


def number_text(number: float) -> str:
    """A number with one digit behind the point, where it has any."""
    return str(format_decimal(round(number, 1), format="#,##0.#", locale=present().locale))


def length_text(since: datetime | None) -> str:
    """How long it is since then: `7 min`, `2 h 5 min`, `3 d`."""
    if since is None:
        return "–"
    passed = max(present().now - since, timedelta(0))
    minutes = int(passed.total_seconds() // 60)
    hours, days = minutes // 60, passed.days
    if days:
        return _("%(days)s d") % {"days": days}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(minutes)s min") % {"minutes": minutes}
