"""A person's own shifts and on-call times as a calendar that their programs fetch (RFC 5545).

Its address is a secret: kept as a hash, made anew or revoked by its person at any time. It holds the names of
departments and organisations, and nothing of any customer.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.base.errors import NotFound
from ahadi.base.later import later
from ahadi.directory import Directory, Permission, called_for, on_call_spans, permissions_of, read_directory
from ahadi.directory.sign_in_store import memberships
from ahadi.directory.spans import minus
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.security import hash_secret, new_secret
from ahadi.rota import store
from ahadi.rota.leave import oneself

if TYPE_CHECKING:
    import icalendar
else:
    icalendar = later("icalendar")


BEHIND: Final = timedelta(days=14)
AHEAD: Final = timedelta(days=60)
_WORDS: Final = {
    "en": {"shift": "Shift", "on-call": "On call"},
    "sw": {"shift": "Zamu", "on-call": "Zamu ya kuitwa"},
}


async def make_feed(work: Work, organisation_id: UUID) -> str:
    """The secret of one's own calendar, told once; an older one is worthless from now on."""
    person = oneself(work, organisation_id)
    secret = new_secret("ahf")
    await store.put_feed(work, person, hash_secret(secret))
    work.record("calendar.made", organisation_id, subject_id=person)
    return secret


async def revoke_feed(work: Work, organisation_id: UUID) -> None:
    """Nobody fetches one's calendar any more. Raises NotFound where nobody could."""
    person = oneself(work, organisation_id)
    if not await store.remove_feed(work, person):
        raise NotFound("Your calendar has no address.")
    work.record("calendar.revoked", organisation_id, subject_id=person)


async def feed_made_at(work: Work, person_id: UUID) -> datetime | None:
    """Since when a person's calendar can be fetched."""
    return await store.feed_made_at(work, person_id)


async def calendar_by(database: Database, secret: str) -> bytes:
    """The calendar that a secret opens. Raises NotFound, also for somebody who serves nobody any more."""
    async with database.read(Actor.system([])) as work:
        person = await store.person_of_feed(work, hash_secret(secret))
        served = await memberships(work, person) if person else []
    grants = {each.organisation_id: permissions_of(each.roles) for each in served}
    held = {id_: frozenset(map(str, each)) for id_, each in grants.items() if Permission.ROTA_OWN in each}
    if person is None or not held:
        raise NotFound("There is no calendar at this address; make a new one on your own page.")
    async with database.read(Actor("person", person, held)) as work:
        directories = [await read_directory(work, each) for each in sorted(held)]
        return calendar_of(person, directories, work.now, work.house.mail_domain)


def calendar_of(person: UUID, directories: Sequence[Directory], now: datetime, host: str) -> bytes:
    """A person's shifts, less absences, and the times for which they stand in an on-call chain; the same bytes all
    day long while nothing changes."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Ahadi//Rota//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Ahadi")
    for directory in directories:
        place = ZoneInfo(directory.organisation.zone)
        midnight = utc(datetime.combine(now.astimezone(place).date(), time(), place))
        for event in _events(person, directory, place, midnight - BEHIND, midnight + AHEAD):
            event.add("uid", f"{event.pop('x-key')}@{host}")
            event.add("dtstamp", midnight)
            calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _events(
    person: UUID, directory: Directory, place: ZoneInfo, start: datetime, end: datetime
) -> "list[icalendar.Event]":
    known = directory.people.get(person)
    language = known.language if known and known.language in _WORDS else "en"
    words, organisation = _WORDS[language], directory.organisation
    away = directory.rota.absences(person)
    made: list[icalendar.Event] = []
    for piece in directory.rota.pieces(person, start, end):
        name = directory.name_of(piece.department_id, language) or organisation.name
        for s, e in minus([(max(piece.start, start), min(piece.end, end))], away):
            made.append(_event(f"shift-{organisation.id.hex}-{person.hex}-{_key(s)}", f"{words['shift']}: {name}",
                               s, e, place, busy=True))  # fmt: skip
    for department in directory.departments.values():
        if not department.active or person not in called_for(directory, department.id):
            continue
        summary = f"{words['on-call']}: {department.name(language)}"
        for since, until in on_call_spans(directory, department.id, start, end):
            for s, e in minus([(since, until)], away):
                made.append(_event(f"call-{department.id.hex}-{person.hex}-{_key(s)}", summary, s, e, place))
    return made


def _key(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%S")


def _event(
    key: str, summary: str, start: datetime, end: datetime, place: ZoneInfo, *, busy: bool = False
) -> "icalendar.Event":
    event = icalendar.Event()
    event["x-key"] = key
    event.add("dtstart", start.astimezone(place))
    event.add("dtend", end.astimezone(place))
    event.add("summary", summary)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE" if busy else "TRANSPARENT")
    return event
