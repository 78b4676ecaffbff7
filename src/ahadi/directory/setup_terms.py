"""What one part of a setup file says that the others refer to: place, languages, and the short names of everything."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from babel import Locale, UnknownLocaleError

from ahadi.base.errors import Invalid
from ahadi.base.text import fold
from ahadi.directory import expression as grammar
from ahadi.directory.hours import Hours, NeverOpen
from ahadi.directory.model import PROMISE_KINDS, USUAL, Names, PromiseDefault, PromiseKind
from ahadi.directory.setup_place import SLUG, Place
from ahadi.directory.within import Within

_EMAIL: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.I)


@dataclass(slots=True)
class Terms:
    """The context in which the parts of one file are read. A zone or country that could not be read is None."""

    now: datetime
    zone: str | None = None
    country: str | None = None
    subdivision: str | None = None
    languages: tuple[str, ...] = ("en",)
    departments: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    belongs: Mapping[str, frozenset[str]] = field(default_factory=dict)  # person to departments
    skills: Mapping[str, Names] = field(default_factory=dict)
    tiers: Mapping[str, Names] = field(default_factory=dict)
    promises: Mapping[PromiseKind, Within] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def read(root: Place, now: datetime) -> "Terms":
        """Read them from the file's root, noting what is wrong with them."""
        terms = Terms(now)
        organisation = root.part("organisation")
        if organisation is not None:
            organisation = organisation.called("the organisation")
            zone, country = organisation.needed("zone"), organisation.needed("country")
            subdivision, languages = organisation.part("subdivision"), organisation.needed("languages")
            terms.zone = zone.read(zone_name) if zone else None
            terms.country = country.read(_country) if country else None
            if subdivision is not None and terms.country is not None:
                terms.subdivision = subdivision.read(lambda text: _subdivision(terms.country or "", text))
            spoken = [each.read(language_code) for each in languages.items()] if languages else []
            terms.languages = tuple(dict.fromkeys(filter(None, spoken))) or ("en",)
        terms.departments = _short_names(root, "departments")
        terms.people = _short_names(root, "people")
        terms.belongs = _memberships(root, terms.departments, terms.people)
        terms.skills = terms._named(root, "skills", "skill")
        terms.tiers = terms._named(root, "tiers", "tier")
        terms.promises = _promises(root)
        return terms

    def _named(self, root: Place, key: str, noun: str) -> Mapping[str, Names]:
        at = root.part(key)
        return {slug: self.names(part) for slug, part in at.called(key).entries(noun)} if at else {}

    # References ------------------------------------------------------------------------------------------------

    def department(self, at: Place) -> str | None:
        return at.one_of(self.departments, "department of this file")

    def person(self, at: Place) -> str | None:
        return at.one_of(self.people, "person of this file")

    def people_of(self, at: Place | None) -> tuple[str, ...]:
        """A list of people in order; naming one twice is refused."""
        found: list[str] = []
        for each in at.items() if at else ():
            slug = self.person(each)
            if slug in found:
                each.refuse(f"{each.what} names `{slug}` twice; keep one.")
            elif slug is not None:
                found.append(slug)
        return tuple(found)

    # Words -----------------------------------------------------------------------------------------------------

    def names(self, at: Place) -> Names:
        """A name in each language; one text is the name in the organisation's own language."""
        if isinstance(at.value, str):
            text = at.text(120)
            return {self.languages[0]: text} if text else {}
        if not at.keys(*self.languages):
            return {}
        found = {}
        for language in self.languages:
            part = at.part(language)
            text = part.text(120) if part else None
            if text:
                found[language] = text
        if self.languages[0] not in found:
            at.refuse(f"{at.what} must be there in `{self.languages[0]}`, the organisation's first language.")
        return found

    def phone(self, at: Place | None) -> str | None:
        """A phone number in E.164; written without a country code, it is of the organisation's country."""
        if at is None:
            return None
        text = at.text(40)
        if text is None:
            return None
        try:
            return phone_number(text, self.country)
        except Invalid:
            at.refuse(f"{at.what} is `{text}`, which is no phone number; write it like +254 20 555 0100.")
            return None

    def address(self, at: Place | None, whose: str) -> str | None:
        """An e-mail address, folded. No two in a file may be the same."""
        text = at.read(email_address) if at else None
        if at is None or text is None:
            return None
        if text in self.addresses:
            at.refuse(f"{whose} has the e-mail address {text}, which is also that of {self.addresses[text]}.")
            return None
        self.addresses[text] = whose
        return text

    def addresses_of(self, at: Place | None, whose: str) -> tuple[str, ...]:
        found = [self.address(each, whose) for each in at.items()] if at else []
        return tuple(filter(None, found))

    def promise(self, at: Place | None) -> PromiseDefault | None:
        """`{kind: update, within: 4h}`, or a kind alone, which takes the organisation's own length for it."""
        if at is None:
            return None
        kind_at: Place | None = at
        within_at: Place | None = None
        if not isinstance(at.value, str):
            if not at.keys("kind", "within"):
                return None
            kind_at, within_at = at.needed("kind"), at.part("within")
        said = kind_at.one_of(PROMISE_KINDS, "kind of promise") if kind_at is not None else None
        within = within_at.read(Within.parse) if within_at is not None else None
        if said is None:
            return None
        kind = cast(PromiseKind, said)
        return PromiseDefault(kind, within or self.usual(kind))

    def usual(self, kind: PromiseKind) -> Within:
        return self.promises.get(kind, USUAL[kind])

    # Hours -----------------------------------------------------------------------------------------------------

    def hours(self, at: Place, what: str, *, must_open: bool) -> str | None:
        """Opening hours that can be read, and that open within a year where they must."""
        text = at.text(1000)
        if text is None or not self.readable(at, what, text):
            return None
        if must_open and self.zone is not None:
            try:
                Hours.parse(text, self.zone, self.country, self.subdivision).next_open(self.now)
            except NeverOpen:
                at.refuse(f"{what} is open `{text}`, which never is within a year; correct it.")
                return None
        return text

    def readable(self, at: Place, what: str, text: str) -> bool:
        """Whether an expression can be read here; notes why not."""
        try:
            grammar.read(text)
        except Invalid as error:
            column, advice = error.fields["column"], error.fields["advice"]
            at.refuse(f"{what} is open `{text}`, which cannot be read from column {column} on: {advice}.")
            return False
        try:
            if self.zone is not None and self.country is not None:
                Hours.parse(text, self.zone, self.country, self.subdivision)
        except Invalid as error:
            at.refuse(f"{what}: {error.sentence}")
            return False
        return True


def phone_number(text: str, country: str | None) -> str:
    """A phone number in E.164; raises `Invalid`. Without a country code it is of `country`."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid(f"`{text}` is no phone number; write it like +254 20 555 0100.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(text: str) -> str:
    """The folded form of an e-mail address; raises `Invalid`."""
    if not _EMAIL.fullmatch(text) or len(text) > 254:
        raise Invalid(f"`{text}` is no e-mail address.")
    return fold(text)


_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?")


def web_origin(text: str) -> str:
    """A site as browsers name it (RFC 6454): scheme, host, and a port that is not the usual one; raises `Invalid`."""
    origin = text.strip().rstrip("/").lower()
    if not _ORIGIN.fullmatch(origin):
        raise Invalid(f"`{text}` is no site; write it like https://www.power.example, without a path.")
    return re.sub(r"^(https):(//[^:]+):443$|^(http):(//[^:]+):80$", lambda m: f"{m[1] or m[3]}:{m[2] or m[4]}", origin)


def short_name(text: str) -> str:
    """A slug as it is written; raises `Invalid`."""
    if not SLUG.fullmatch(text):
        raise Invalid(f"`{text}` is no short name; use small letters, digits and hyphens.")
    return text


def _short_names(root: Place, key: str) -> tuple[str, ...]:
    at = root.part(key)
    return tuple(each for each in at.value if isinstance(each, str)) if at and isinstance(at.value, Mapping) else ()


def _memberships(root: Place, departments: tuple[str, ...], people: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """Who belongs to which departments, said on either side. What is wrong there is told when the parts are read."""
    found: dict[str, set[str]] = {person: set() for person in people}
    for key, names in (("people", people), ("departments", departments)):
        at = root.part(key)
        for name in names if at else ():
            part = Place(at.value[name], 1, "", []) if at else None
            listed = part.part("departments" if key == "people" else "members") if part else None
            for each in listed.items() if listed else ():
                person, department = (name, each.value) if key == "people" else (each.value, name)
                if isinstance(person, str) and person in found and department in departments:
                    found[person].add(department)
    return {person: frozenset(theirs) for person, theirs in found.items()}


def _promises(root: Place) -> Mapping[PromiseKind, Within]:
    at = root.part("promises")
    if at is None or not (at := at.called("promises")).keys(*PROMISE_KINDS):
        return {}
    found: dict[PromiseKind, Within] = {}
    for kind in PROMISE_KINDS:
        part = at.part(kind)
        within = part.read(Within.parse) if part else None
        if within is not None:
            found[kind] = within
    return found


def zone_name(text: str) -> str:
    """A time zone by its name; raises `Invalid`."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"`{text}` is no time zone; use a name such as `Africa/Nairobi`.") from None
    return text


def _country(text: str) -> str:
    if len(text) != 2 or text.upper() != text or text not in Locale("en").territories:
        raise Invalid(f"`{text}` is no country; use its two-letter code such as `KE`.")
    return text


def _subdivision(country: str, text: str) -> str:
    grammar.public_holidays(country, text, 2026)
    return text


def language_code(text: str) -> str:
    """A language by its code; raises `Invalid`."""
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        raise Invalid(f"`{text}` is no language; use its code, such as `en` or `sw`.") from None
    return text.lower()
