"""What the rota's codes are called on the screens, in each reader's own language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date

from ahadi.directory import ABSENCES, Directory
from ahadi.directory.model import called
from ahadi.screens.reader import _, later, present
from ahadi.screens.rota_week import Bar, clock_span

__all__ = [
    "absence_choices",
    "absence_name",
    "date_text",
    "departments_open",
    "full_date",
    "leave_state",
    "skill_name",
    "spans_of",
    "swap_state",
    "week_context",
]


def costs_text(fields: Mapping[str, Any]) -> str:
    """What a change of the week would leave behind, counted."""
    told = []
    if fields["uncovered"]:
        told.append(_("open times with nobody to reach: %(num)s") % {"num": len(fields["uncovered"])})
    if fields["orphans"]:
        told.append(_("promises or bookings without their person: %(num)s") % {"num": len(fields["orphans"])})
    return _("Not saved yet: it leaves %(costs)s. Change something, or save it knowingly.") % {"costs": "; ".join(told)}


def rota_notice_text(kind: str) -> str:
    """Why somebody is told of the rota; empty for what is about a case."""
    return {
        "leave:asked": _("A colleague asks to be away"),
        "leave:approved": _("Your absence is approved"),
        "leave:declined": _("Your absence is not approved"),
        "swap:offered": _("A colleague offers you a shift"),
        "swap:accepted": _("A colleague takes your shift, once a manager approves"),
        "swap:waits": _("A swap waits for your approval"),
        "swap:done": _("A shift changed hands"),
        "swap:declined": _("A colleague cannot take your shift"),
        "swap:refused": _("A swap was not approved"),
        "swap:withdrawn": _("A colleague took the offer of a shift back"),
    }.get(kind, "")


def absence_name(kind: str) -> str:
    """A kind of absence."""
    return {
        "absent": _("Absent"),
        "leave": _("Leave"),
        "sick": _("Sick"),
        "training": _("Training"),
    }.get(kind, kind)


def absence_choices() -> list[tuple[str, str]]:
    return [(each, absence_name(each)) for each in ABSENCES]


def departments_open(directory: Directory) -> list[tuple[str, str]]:
    """The departments in use, for a choice."""
    language = present().language
    return [(each.slug, each.name(language)) for each in directory.departments.values() if each.active]


def weekday(moment: datetime) -> str:
    """`Tue 24 Nov`, on the reader's clock."""
    reader = present()
    return format_date(reader.local(moment).date(), "EEE d MMM", locale=reader.locale)


def spans_of(bars: Sequence[Bar], place: ZoneInfo) -> str:
    """The times of bars, for those who do not see them."""
    return ", ".join(clock_span(each.start, each.end, place) for each in bars)


@dataclass(frozen=True, slots=True)
class WeekContext:
    """What every bar of a week needs to know: whether the reader may change it, and where its forms are."""

    directory: Directory
    edits: bool
    query: str

    def slug(self, person: UUID) -> str:
        return self.directory.people[person].slug


def week_context(directory: Directory, edits: bool, query: str) -> WeekContext:
    return WeekContext(directory, edits, query)


def skill_name(directory: Directory, skill: str) -> str:
    """A skill in the reader's language."""
    return called(directory.organisation.settings.skills.get(skill, {}), present().language) or skill


def date_text(day: date) -> str:
    """`Sat 12 Dec`."""
    return format_date(day, "EEE d MMM", locale=present().locale)


def leave_state(state: str) -> str:
    return {
        "asked": _("Waits for an answer"),
        "approved": _("Approved"),
        "declined": _("Not approved"),
        "withdrawn": _("Taken back"),
    }.get(state, state)


def swap_state(state: str) -> str:
    return {
        "offered": _("Offered"),
        "accepted": _("Waits for a manager"),
        "done": _("Changed hands"),
        "declined": _("Declined"),
        "refused": _("Not approved"),
        "withdrawn": _("Taken back"),
    }.get(state, state)


def full_date(day: date) -> str:
    """`24 Nov 2026`."""
    return format_date(day, "d MMM y", locale=present().language)


FROM_THE_ROTA = (
    later("These shifts end before they begin; choose a later last day."),
    later("A shift ends after it begins, and within a day."),
    later("They have a single shift in that time already; remove that one first."),
    later("There is no such shift any more; somebody changed the week meanwhile."),
    later("This shift goes on for more than a day; change the shifts that come again instead."),
    later("That shift is not theirs any more as it was offered; offer it anew."),
    later("An absence ends after it begins, and within three years; deactivate who is gone for ever."),
    later("That absence is over already."),
    later("That is not before the absence ends anyway; to make it longer, mark a further one."),
    later("There is no such absence in this organisation."),
    later("There is no such request in this organisation."),
    later("There is no such request of yours."),
    later("That request was answered or withdrawn already."),
    later("You have asked to be away in that time already; withdraw that first."),
    later("There is no such shift of yours."),
    later("Offer a time within your shift."),
    later("That shift has begun; ask your manager to change it."),
    later("That shift has begun; nobody can take it over any more."),
    later("They cannot work that shift; choose a colleague of its department."),
    later("You have offered that time already; withdraw that offer first."),
    later("There is no such swap in this organisation."),
    later("There is no such swap for you."),
    later("There is no such swap of yours."),
    later("That swap was settled already, perhaps by a colleague just now."),
    later("You work or are away in that time already."),
    later("There is no calendar at this address; make a new one on your own page."),
    later("Your calendar has no address."),
)
"""Sentences of refusal from below, told as they stand."""
