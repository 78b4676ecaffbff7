"""A booking as an entry for calendars: iCalendar (RFC 5545), sent by mail as RFC 5546 and RFC 6047 say.

A request that is sent again with the same UID and a higher SEQUENCE moves the entry (RFC 5546, 3.2.2.1); CANCEL takes
it out (3.2.5). A calendar is told of an organiser and an attendee only where both have an address to be named by.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from ahadi.base.clock import utc
from ahadi.base.later import later
from ahadi.contacts import Enclosure

if TYPE_CHECKING:
    import icalendar
else:
    icalendar = later("icalendar")


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the calendar. Times are UTC; `host` names the installation, `sender` and `attendee` addresses."""

    id: UUID
    sequence: int
    starts_at: datetime
    ends_at: datetime
    stamped_at: datetime
    summary: str
    description: str
    host: str
    organiser: str
    sender: str = ""
    attendee: str = ""
    remind: timedelta | None = None


def invitation(entry: Entry, *, cancelled: bool = False) -> Enclosure:
    """The file that makes, moves or takes out the entry."""
    both = bool(entry.sender and entry.attendee)
    method: Literal["REQUEST", "CANCEL", "PUBLISH"] = "CANCEL" if cancelled else "REQUEST" if both else "PUBLISH"
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Ahadi//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_event(entry, cancelled, both))
    kind = f"text/calendar; method={method}; charset=utf-8"
    return Enclosure("cancelled.ics" if cancelled else "appointment.ics", kind, calendar.to_ical())


def _event(entry: Entry, cancelled: bool, both: bool) -> "icalendar.Event":
    event = icalendar.Event()
    event.add("uid", f"{entry.id}@{entry.host}")
    event.add("dtstamp", utc(entry.stamped_at))
    event.add("dtstart", utc(entry.starts_at))
    event.add("dtend", utc(entry.ends_at))
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    if both:
        organiser = icalendar.vCalAddress(f"mailto:{entry.sender}")
        organiser.params["CN"] = icalendar.vText(entry.organiser)
        event.add("organizer", organiser)
        attendee = icalendar.vCalAddress(f"mailto:{entry.attendee}")
        attendee.params["PARTSTAT"] = icalendar.vText("ACCEPTED")
        attendee.params["RSVP"] = icalendar.vText("FALSE")
        event.add("attendee", attendee)
    if entry.remind and not cancelled:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", -entry.remind)
        event.add_component(alarm)
    return event
