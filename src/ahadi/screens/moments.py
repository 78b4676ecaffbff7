"""Moments as a reader sees them: relative with the exact time behind, in their language and zone.

The words of relative times go to the browser too, which counts on with them; so what it shows is what a fresh page
would show.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from babel.dates import format_date, format_datetime, format_time

from ahadi.screens.reader import _, place_of, present, reading, zone_named

Urgency = Literal["overdue", "soon", "today", "later"]
SOON = timedelta(hours=1)
_DAY = 24 * 3600
_KEPT = 8192  # formatted times; the same are shown to everybody, again and again


def exact(moment: datetime) -> str:
    """`Tuesday, 24 November 2026, 14:30`, in the reader's zone."""
    reader = present()
    return _exact(_minute(reader.local(moment)), reader.locale)


def _minute(here: datetime) -> datetime:
    """The minute on a clock, wherever that hangs: all that is written of a moment."""
    return here.replace(second=0, microsecond=0, tzinfo=None)


@lru_cache(_KEPT)
def _exact(here: datetime, locale: str) -> str:
    return f"{format_date(here.date(), 'full', locale=locale)}, {format_time(here, 'HH:mm', locale=locale)}"


@lru_cache(_KEPT)
def _written(here: datetime, pattern: str, locale: str) -> str:
    return format_datetime(here, pattern, locale=locale)


def clock(moment: datetime) -> str:
    """`14:30` on the reader's day, `Thu 14:30` within six days, `3 Dec 14:30` further away."""
    reader = present()
    here, today = reader.local(moment), reader.local(reader.now).date()
    days = abs((here.date() - today).days)
    if days == 0:
        pattern = "HH:mm"
    elif days < 7:
        pattern = "EEE HH:mm"
    else:
        pattern = "d MMM HH:mm" if here.year == today.year else "d MMM y"
    return _written(_minute(here), pattern, reader.locale)


def clock_there(moment: datetime, zone: str) -> str:
    """`13:37 in Nairobi`, where clocks of that zone show something else than the reader's; else nothing."""
    reader = present()
    there = zone_named(zone)
    if there is None or moment.astimezone(there).utcoffset() == reader.local(moment).utcoffset():
        return ""
    with reading(replace(reader, zone=there)):
        shown = clock(moment)
    return _("%(time)s in %(place)s") % {"time": shown, "place": place_of(zone)}


def day(moment: datetime) -> str:
    """`Today`, `Yesterday`, or `Tuesday 24 November`, for headings between days."""
    reader = present()
    here, today = reader.local(moment).date(), reader.local(reader.now).date()
    if here == today:
        return _("Today")
    if here == today - timedelta(days=1):
        return _("Yesterday")
    pattern = "EEEE d MMMM" if here.year == today.year else "EEEE d MMMM y"
    return format_date(here, pattern, locale=reader.locale)


def patterns() -> dict[str, str]:
    """The words of relative times, for `relative` here and its twin in app.js. {n}, {h}, {m} are numbers."""
    return _patterns(present().language)


@lru_cache(_KEPT)
def _patterns(_language: str) -> dict[str, str]:
    return {
        "now": _("now"),
        "in_minutes": _("in {n} min"),
        "in_hours": _("in {h} h {m} min"),
        "in_hours_only": _("in {n} h"),
        "in_day": _("in 1 day"),
        "in_days": _("in {n} days"),
        "ago_minutes": _("{n} min ago"),
        "ago_hours": _("{n} h ago"),
        "ago_day": _("1 day ago"),
        "ago_days": _("{n} days ago"),
    }


def relative(moment: datetime) -> str:
    """`in 25 min`, `2 h ago`, `3 days ago`. Counted down exactly, and back roughly."""
    seconds = int((moment - present().now).total_seconds())
    return _relative(seconds, patterns())


def _relative(seconds: int, words: dict[str, str]) -> str:
    size = abs(seconds)
    if size < 60:
        return words["now"]
    minutes, hours, days = size // 60, size // 3600, size // _DAY
    side = "in" if seconds > 0 else "ago"
    if hours == 0:
        return words[f"{side}_minutes"].replace("{n}", str(minutes))
    if days == 0:
        if side == "ago":
            return words["ago_hours"].replace("{n}", str(hours))
        key = "in_hours" if hours < 10 and minutes % 60 else "in_hours_only"
        return words[key].replace("{h}", str(hours)).replace("{m}", str(minutes % 60)).replace("{n}", str(hours))
    return words[f"{side}_day" if days == 1 else f"{side}_days"].replace("{n}", str(days))


def urgency(due_at: datetime) -> Urgency:
    """How near a promise is to lapsing: lapsed, within the hour, on the reader's day, or later."""
    reader = present()
    if due_at < reader.now:
        return "overdue"
    if due_at - reader.now <= SOON:
        return "soon"
    return "today" if reader.local(due_at).date() == reader.local(reader.now).date() else "later"


def iso_local(moment: datetime) -> str:
    """The value of an `<input type="datetime-local">` on the reader's clock."""
    return present().local(moment).strftime("%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class Choice:
    """A due time that a click fills in."""

    label: str
    value: str


def usual_dues() -> tuple[Choice, ...]:
    """Due times people choose most: soon, at the end of the day, tomorrow morning."""
    reader = present()
    here = reader.local(reader.now)
    evening = here.replace(hour=17, minute=0, second=0, microsecond=0)
    tomorrow = (here + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    choices = [
        Choice(_("in {n} min").replace("{n}", "30"), iso_local(here + timedelta(minutes=30))),
        Choice(_("in {n} h").replace("{n}", "1"), iso_local(here + timedelta(hours=1))),
        Choice(_("in {n} h").replace("{n}", "4"), iso_local(here + timedelta(hours=4))),
        Choice(_("today 17:00"), iso_local(evening)) if evening > here + timedelta(hours=1) else None,
        Choice(_("tomorrow 09:00"), iso_local(tomorrow)),
    ]
    return tuple(each for each in choices if each)
