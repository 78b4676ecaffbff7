"""What a person wants to hear, where, and when: plain values, and the decisions about them. All times are real time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid, NotFound
from ahadi.platform.transports.web_push import Urgency

About = Literal["offer", "due-soon", "broken", "passed", "reply", "asked-for", "other"]
Way = Literal["push", "mail", "digest"]
Digest = Literal["hourly", "morning"]
ABOUT: tuple[About, ...] = get_args(About)
WAYS: tuple[Way, ...] = get_args(Way)
DIGESTS: tuple[Digest, ...] = get_args(Digest)

_ABOUT: Mapping[str, About] = {
    "offer": "offer",
    "nobody-takes": "offer",
    "due-soon": "due-soon",
    "broken": "broken",
    "recovery": "broken",
    "taken-over": "passed",
    "handed-over": "passed",
    "given": "passed",
    "taken": "passed",
    "contact": "reply",
    "unreached": "reply",
    "escalated": "asked-for",
    "direct-line": "asked-for",
}
_OVER_AFTER: Mapping[About, timedelta] = {"offer": timedelta(minutes=10)}
_LASTS = timedelta(hours=12)  # what else a browser that was away is still told when it is back
_URGENT: frozenset[About] = frozenset({"offer", "due-soon", "asked-for"})


class NoSuchBrowser(NotFound):
    """There is no such browser of this person."""

    code = "no-such-browser"


def about_of(kind: str) -> About:
    """What a notice's kind (`taken-over:shift-end`) is about."""
    return _ABOUT.get(kind.partition(":")[0], "other")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one time of day until another, on a person's own clock; over midnight where the second is the earlier."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose. Without any choice nothing leaves the page."""

    ways: Mapping[About, frozenset[Way]] = field(default_factory=dict)
    urgent: frozenset[About] = frozenset()
    digest: Digest = "hourly"
    morning: time = time(8)
    quiet: Quiet | None = None
    zone: str = "UTC"

    def ways_for(self, about: About) -> frozenset[Way]:
        """Where a person wants to hear this, beside the page."""
        return self.ways.get(about, frozenset())


def checked(choices: Choices) -> Choices:
    """The choices, when they make sense. Raises Invalid."""
    for about, ways in choices.ways.items():
        if about not in ABOUT or not ways <= set(WAYS):
            raise Invalid("There is no such kind of notice, or no such way to hear of it.")
        if {"mail", "digest"} <= ways:
            raise Invalid("A notice comes by mail at once or in the digest, not both.")
    if not choices.urgent <= set(ABOUT):
        raise Invalid("There is no such kind of notice, or no such way to hear of it.")
    try:
        ZoneInfo(choices.zone)
    except (KeyError, ValueError, OSError) as problem:
        raise Invalid("Choose whose clock your quiet hours go by.", field="zone") from problem
    if choices.digest not in DIGESTS:
        raise Invalid("A digest comes every hour or in the morning.")
    if choices.quiet and choices.quiet.start == choices.quiet.end:
        raise Invalid("Quiet hours begin and end at different times; to be told nothing, choose no way at all.")
    return choices


def quiet_until(choices: Choices, now: datetime) -> datetime | None:
    """When the quiet hours that it is in end; None when it is in none."""
    if choices.quiet is None:
        return None
    here = now.astimezone(ZoneInfo(choices.zone))
    start, end, at = choices.quiet.start, choices.quiet.end, here.time()
    if start < end:
        if not start <= at < end:
            return None
        return _later(here, end, 0, now)
    if at >= start:
        return _later(here, end, 1, now)
    return _later(here, end, 0, now) if at < end else None


def _later(here: datetime, at: time, days: int, now: datetime) -> datetime:
    """A time of day so many days on; where the clock shows it twice, the first that is still to come."""
    moment = datetime.combine(here.date() + timedelta(days=days), at, here.tzinfo)
    return next(
        (utc for fold in (0, 1) if (utc := moment.replace(fold=fold).astimezone(UTC)) > now),
        now + timedelta(hours=1),
    )


def told_at(choices: Choices, about: About, now: datetime) -> datetime:
    """When a person may be told of this: now, or when their quiet hours end."""
    return now if about in choices.urgent else quiet_until(choices, now) or now


def digest_at(choices: Choices, now: datetime) -> datetime:
    """When the digest with what happens now comes: at the full hour, or in the morning; after quiet hours anyway."""
    here = now.astimezone(ZoneInfo(choices.zone))
    if choices.digest == "hourly":
        begun = here.replace(minute=0, second=0, microsecond=0)
        due = begun.astimezone(UTC) + timedelta(hours=1)
    else:
        due = _morning(here, choices.morning, now)
    return quiet_until(choices, due) or due


def _morning(here: datetime, at: time, now: datetime) -> datetime:
    for days in (0, 1, 2):
        due = datetime.combine(here.date() + timedelta(days=days), at, here.tzinfo).astimezone(UTC)
        if due > now:
            return due
    raise AssertionError("a morning comes")


def is_over(about: About, made_at: datetime, now: datetime) -> bool:
    """Whether it is too late to tell of this: an offer has gone on by then."""
    return about in _OVER_AFTER and now - made_at > _OVER_AFTER[about]


def lasts(about: About) -> timedelta:
    """How long the push service keeps it for a browser that is away."""
    return _OVER_AFTER.get(about, _LASTS)


def urgency(about: About) -> Urgency:
    """How much of a device's battery it is worth (RFC 8030, 5.3)."""
    return "high" if about in _URGENT else "normal"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a person is told: ids and a kind, and never a word of a customer. Not all is about a case."""

    kind: str
    reference: str
    organisation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that a person hears in."""

    id: UUID
    session_id: UUID | None
    endpoint_hash: bytes
    agent: str | None
    made_at: datetime
    heard_at: datetime | None
