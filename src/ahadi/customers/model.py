"""Customers as values: who they are, how they want to be reached, and which records are the same person."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ahadi.base.errors import Invalid
from ahadi.base.text import one_line
from ahadi.customers.identities import IdentityKind

Channel = Literal["phone", "email", "web", "chat", "sms"]
CHANNELS: tuple[Channel, ...] = ("phone", "email", "web", "chat", "sms")

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")  # BCP 47, as far as anybody writes it
_CODE = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,38}[a-z0-9])?")
_MOST_ATTRIBUTES, _LARGEST_ATTRIBUTES = 50, 8192


@dataclass(frozen=True, slots=True)
class Identity:
    """What a customer is known by. `verified_at` is None while somebody merely said so. `record_id` holds it."""

    kind: IdentityKind
    value: str
    shown: str
    verified_at: datetime | None
    made_at: datetime
    record_id: UUID


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether the customer may be written to on a channel; `source` is a code for where that was said."""

    channel: str
    granted: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a person. Records of the same person share `group_id`, the id of the one they go under."""

    organisation_id: UUID
    id: UUID
    group_id: UUID
    name: str | None
    language: str | None
    zone: str | None
    preferred_channel: str | None
    quiet_from: time | None
    quiet_until: time | None
    place: str | None
    attributes: Mapping[str, Any]
    made_at: datetime
    changed_at: datetime
    erased_at: datetime | None
    identities: tuple[Identity, ...] = ()
    consents: tuple[Consent, ...] = ()
    tier: str | None = None
    tier_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """One person, over all their records; `id` is the record they go under.

    What the record they go under does not say is taken from the others. Quiet hours are local times of the
    customer's zone; both are set or neither. `tier` is the entitlement in force when this was read. An erased
    customer has `erased_at` and nothing personal.
    """

    organisation_id: UUID
    id: UUID
    name: str | None
    language: str | None
    zone: str | None
    preferred_channel: str | None
    quiet_from: time | None
    quiet_until: time | None
    place: str | None
    attributes: Mapping[str, Any]
    identities: tuple[Identity, ...]
    consents: tuple[Consent, ...]
    tier: str | None
    made_at: datetime
    changed_at: datetime
    erased_at: datetime | None
    records: tuple[Record, ...]

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The ids of all records of this person, the one they go under first."""
        return tuple(record.id for record in self.records)

    def reach(self, kind: IdentityKind) -> Identity | None:
        """Where to reach them: a verified identity before one that was merely claimed, then the longest known."""
        known = [identity for identity in self.identities if identity.kind == kind]
        return min(known, key=lambda each: (each.verified_at is None, each.made_at, each.value), default=None)

    def consents_to(self, channel: str) -> bool | None:
        """Whether they agreed to be written to on a channel; None when they were never asked."""
        return next((consent.granted for consent in self.consents if consent.channel == channel), None)


def person(records: Sequence[Record]) -> Customer:
    """One person from all records of a group."""
    main = next((record for record in records if record.id == record.group_id), records[0])
    ordered = (main, *sorted((each for each in records if each.id != main.id), key=lambda each: each.id))
    quiet = next((each for each in ordered if each.quiet_from is not None), main)
    entitled = [(each.tier_from, each.tier) for each in ordered if each.tier_from is not None]
    attributes: dict[str, Any] = {}
    for record in reversed(ordered):
        attributes.update(record.attributes)
    return Customer(
        organisation_id=main.organisation_id,
        id=main.id,
        name=_first(record.name for record in ordered),
        language=_first(record.language for record in ordered),
        zone=_first(record.zone for record in ordered),
        preferred_channel=_first(record.preferred_channel for record in ordered),
        quiet_from=quiet.quiet_from,
        quiet_until=quiet.quiet_until,
        place=_first(record.place for record in ordered),
        attributes=attributes,
        identities=tuple(identity for record in ordered for identity in record.identities),
        consents=_consents(ordered),
        tier=max(entitled, default=(None, None))[1],
        made_at=min(record.made_at for record in ordered),
        changed_at=main.changed_at,
        erased_at=main.erased_at,
        records=ordered,
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _consents(records: Iterable[Record]) -> tuple[Consent, ...]:
    """The last word on each channel; of two at the same moment the refusal."""
    last: dict[str, Consent] = {}
    for consent in (each for record in records for each in record.consents):
        held = last.get(consent.channel)
        if held is None or (consent.at, not consent.granted) > (held.at, not held.granted):
            last[consent.channel] = consent
    return tuple(last[channel] for channel in sorted(last))


def people(records: Iterable[Record]) -> dict[UUID, Customer]:
    """Each person once, by the id they go under, in the order in which they first appear."""
    groups: dict[UUID, list[Record]] = {}
    for record in records:
        groups.setdefault(record.group_id, []).append(record)
    return {group_id: person(held) for group_id, held in groups.items()}


# Which records are the same person ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Merge:
    """Somebody said that two records are the same person, who goes under `kept_id`. Undone, it never was."""

    id: UUID
    kept_id: UUID
    merged_id: UUID
    at: datetime
    undone_at: datetime | None = None


def groups(ids: Iterable[UUID], merges: Iterable[Merge]) -> dict[UUID, UUID]:
    """Which record each record goes under, from the merges in force alone.

    They are applied in the order in which they were made: all that goes with `merged_id` then goes under what
    `kept_id` goes under. What was undone leaves no trace, in whatever order.
    """
    under = {each: each for each in ids}

    def top(each: UUID) -> UUID:
        while under[each] != each:
            each = under[each]
        return each

    for merge in sorted(merges, key=lambda each: (each.at, each.id)):
        if merge.undone_at is None:
            under[top(merge.merged_id)] = top(merge.kept_id)
    return {each: top(each) for each in under}


# What may be said of a customer ---------------------------------------------------------------------------------


class Profile(TypedDict, total=False):
    """What can be changed of a customer; only what is given is changed, None takes it away."""

    name: str | None
    place: str | None
    attributes: Mapping[str, Any]


class Preferences(TypedDict, total=False):
    """How a customer wants to be served; only what is given is changed, None takes it away."""

    language: str | None
    zone: str | None
    preferred_channel: str | None
    quiet_from: time | None
    quiet_until: time | None


def clean_name(name: str | None) -> str | None:
    """A name on one line, or None when nothing is left of it."""
    return one_line(name or "") or None


def clean_language(language: str | None) -> str | None:
    """A language tag (BCP 47) such as `sw` or `pt-BR`, or None for what is none."""
    return language if language and _LANGUAGE.fullmatch(language) else None


def check_code(code: str, what: str) -> str:
    """A short code that may stand in the journal. Raises Invalid."""
    if not _CODE.fullmatch(code):
        raise Invalid(f"The {what} must be a short code of small letters, digits, dots and hyphens.")
    return code


def check_channel(channel: str) -> str:
    """Raises Invalid for what is no channel."""
    if channel not in CHANNELS:
        raise Invalid(f"There is no such channel; use one of {', '.join(CHANNELS)}.", channels=list(CHANNELS))
    return channel


def changed_profile(record: Record, changes: Profile) -> dict[str, Any]:
    """The columns that change, with their new values. Raises Invalid.

    Attributes are merged as RFC 7396 says: a null takes the attribute away.
    """
    new: dict[str, Any] = {}
    if "name" in changes:
        new["name"] = clean_name(changes["name"])
    if "place" in changes:
        new["place"] = clean_name(changes["place"])
    if "attributes" in changes:
        new["attributes"] = _merged(record.attributes, changes["attributes"])
    return {column: value for column, value in new.items() if value != getattr(record, column)}


def _merged(held: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    if any(not isinstance(value, str | int | float | None) for value in changes.values()):
        raise Invalid("An attribute is a text, a number, true or false; null takes it away.")
    merged = {**held, **changes}
    merged = {one_line(key, 60): value for key, value in merged.items() if value is not None}
    merged.pop("", None)
    if any("\0" in value for value in merged.values() if isinstance(value, str)):
        raise Invalid("An attribute cannot hold a NUL character; take it out.")
    try:
        size = len(orjson.dumps(merged))
    except TypeError as problem:
        raise Invalid(
            "An attribute cannot be stored (half a character, or a number too large); correct it."
        ) from problem
    if len(merged) > _MOST_ATTRIBUTES or size > _LARGEST_ATTRIBUTES:
        raise Invalid(f"A customer holds at most {_MOST_ATTRIBUTES} attributes of {_LARGEST_ATTRIBUTES} bytes in all.")
    return merged


def changed_preferences(record: Record, changes: Preferences) -> dict[str, Any]:
    """The columns that change, with their new values. Raises Invalid."""
    new = {column: value if value != "" else None for column, value in changes.items()}
    if (language := changes.get("language")) and not clean_language(language):
        raise Invalid("This is not a language; write its code, such as sw or pt-BR.")
    if (zone := changes.get("zone")) and not _is_zone(zone):
        raise Invalid("This is not a time zone; write it like Africa/Nairobi.")
    if channel := changes.get("preferred_channel"):
        check_channel(channel)
    start = changes.get("quiet_from", record.quiet_from)
    end = changes.get("quiet_until", record.quiet_until)
    if (start is None) != (end is None) or (start is not None and start == end):
        raise Invalid("Quiet hours need both a beginning and an end, and not the same.")
    if any(each is not None and each.tzinfo is not None for each in (start, end)):
        raise Invalid("Quiet hours are local times of the customer; leave the offset out.")
    return {column: value for column, value in new.items() if value != getattr(record, column)}


def _is_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True
