"""The parts of a setup file: departments, people, reasons and templates, each read into its record."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ahadi.base.clock import utc
from ahadi.base.errors import Invalid
from ahadi.directory import expression as grammar
from ahadi.directory.model import PromiseDefault
from ahadi.directory.permissions import Role
from ahadi.directory.setup import (
    SetupAbsence,
    SetupDepartment,
    SetupPerson,
    SetupReason,
    SetupShift,
    SetupTemplate,
)
from ahadi.directory.setup_place import Place
from ahadi.directory.setup_terms import Terms

_CHANNELS: Final = ("phone", "email", "web", "chat", "sms")
_ABSENCES: Final = ("absent", "leave", "sick", "training")
_ROLES: Final = tuple(role.value for role in Role)


# Departments ----------------------------------------------------------------------------------------------------


def read_departments(root: Place, terms: Terms) -> list[SetupDepartment]:
    at = root.needed("departments")
    if at is not None and not at.value:
        at.refuse("an organisation needs at least one department.")
    return [_department(slug, part, terms) for slug, part in at.entries("department")] if at else []


def _department(slug: str, at: Place, terms: Terms) -> SetupDepartment:
    at.keys("name", "hours", "public_holidays", "closures", "phone", "mail", "manager", "members", "on_call", "promise")
    name, manager = at.needed("name"), at.part("manager")
    terms.people_of(at.part("members"))
    return SetupDepartment(
        slug=slug,
        names=terms.names(name) if name else {},
        hours=_hours(at, terms),
        phone=terms.phone(at.part("phone")),
        addresses=terms.addresses_of(at.part("mail"), at.what),
        manager=terms.person(manager) if manager else None,
        members=frozenset(person for person, departments in terms.belongs.items() if slug in departments),
        on_call=terms.people_of(at.part("on_call")),
        promise=terms.promise(at.part("promise")) or PromiseDefault("update", terms.usual("update")),
    )


def _hours(at: Place, terms: Terms) -> str:
    """The department's hours with its public holidays and closures, all in one expression."""
    hours, public, closures = at.needed("hours"), at.part("public_holidays"), at.part("closures")
    expression = terms.hours(hours, at.what, must_open=True) if hours else None
    if expression is None:
        return ""
    if public is not None:
        times = public.text(200)
        if grammar.mentions_holidays(expression):
            public.refuse(f"the hours of {at.what} already speak of public holidays (`PH`); say it in one place.")
        elif times is not None and times != "open":
            added = "PH off" if times == "closed" else f"PH {times}"
            expression += f"; {added}" if terms.readable(public, f"on public holidays {at.what}", added) else ""
    days = {day for each in closures.items() if (day := each.day())} if closures else set()
    return grammar.closed_on(expression, days)


# People ---------------------------------------------------------------------------------------------------------


def read_people(root: Place, terms: Terms) -> list[SetupPerson]:
    at = root.needed("people")
    return [_person(slug, part, terms) for slug, part in at.entries("person")] if at else []


def _person(slug: str, at: Place, terms: Terms) -> SetupPerson:
    at.keys("name", "email", "roles", "departments", "skills", "languages", "shifts", "absences", "active")
    name, active = at.needed("name"), at.part("active")
    for each in _each(at.part("departments")):
        terms.department(each)
    roles = [each.one_of(_ROLES, "role") for each in _each(at.needed("roles"))]
    skills = [each.one_of(tuple(terms.skills), "skill of this file") for each in _each(at.part("skills"))]
    spoken = [
        each.one_of(terms.languages, "language of this organisation") for each in _each(at.part("languages"))
    ] or [terms.languages[0]]
    shifts = [_shift(each, slug, terms) for each in _each(at.part("shifts"))]
    absences = [_absence(each, at.what, terms) for each in _each(at.part("absences"))]
    return SetupPerson(
        slug=slug,
        name=(name.text(80) if name else None) or "",
        email=terms.address(at.needed("email"), at.what) or "",
        language=next((each for each in spoken if each), terms.languages[0]),
        roles=frozenset(Role(each) for each in roles if each),
        skills=frozenset(each for each in skills if each),
        languages=frozenset(each for each in spoken if each),
        shifts=frozenset(each for each in shifts if each),
        absences=frozenset(each for each in absences if each),
        active=active is None or active.truth() is not False,
    )


def _each(at: Place | None) -> list[Place]:
    return at.items() if at else []


def _shift(at: Place, who: str, terms: Terms) -> SetupShift | None:
    """`Mo-Fr 08:00-16:00`, or with `department`, `from` and `until`."""
    at = at.called(f"a shift of person `{who}`")
    if isinstance(at.value, str):
        hours = terms.hours(at, at.what, must_open=False)
        return SetupShift(hours=hours) if hours else None
    if not at.keys("hours", "department", "from", "until"):
        return None
    hours_at, department_at = at.needed("hours"), at.part("department")
    since_at, until_at = at.part("from"), at.part("until")
    hours = terms.hours(hours_at, at.what, must_open=False) if hours_at else None
    department = terms.department(department_at) if department_at else None
    if department_at and department and department not in terms.belongs.get(who, ()):
        department_at.refuse(f"{at.what} is for `{department}`, of which they are not a member.")
    since, until = since_at.day() if since_at else None, until_at.day() if until_at else None
    if since and until and until < since:
        at.refuse(f"{at.what} ends on {until}, before it begins on {since}.")
    return SetupShift(hours=hours, department=department, since=since, until=until) if hours else None


def _absence(at: Place, who: str, terms: Terms) -> SetupAbsence | None:
    """`{from: 2026-12-21, until: 2026-12-31}`, both days included, or times of day."""
    at = at.called(f"an absence of {who}")
    if not at.keys("from", "until", "kind"):
        return None
    since_at, until_at, kind = at.needed("from"), at.needed("until"), at.part("kind")
    since, until = since_at.moment() if since_at else None, until_at.moment() if until_at else None
    kind_read = kind.one_of(_ABSENCES, "kind of absence") if kind else "absent"
    if since is None or until is None or kind_read is None:
        return None
    place = ZoneInfo(terms.zone or "UTC")
    start, end = _instant(since, place, 0), _instant(until, place, 1)
    if end <= start:
        at.refuse(f"{at.what} ends before it begins.")
        return None
    return SetupAbsence(start=start, end=end, kind=kind_read)


def _instant(said: date | datetime, place: ZoneInfo, days: int) -> datetime:
    """A moment in UTC: a time as it is, a day as its first moment, or with `days` that of a later one."""
    if isinstance(said, datetime):
        return utc(said if said.tzinfo else said.replace(tzinfo=place))
    return utc(datetime.combine(said + timedelta(days=days), time(), place))


# Reasons and templates ------------------------------------------------------------------------------------------


def read_reasons(root: Place, terms: Terms) -> list[SetupReason]:
    at = root.part("reasons")
    return [_reason(slug, part, terms) for slug, part in at.called("reasons").entries("reason")] if at else []


def _reason(slug: str, at: Place, terms: Terms) -> SetupReason:
    at.keys("name", "department", "promise")
    name, department = at.needed("name"), at.part("department")
    return SetupReason(
        slug=slug,
        names=terms.names(name) if name else {},
        department=terms.department(department) if department else None,
        promise=terms.promise(at.part("promise")),
    )


def _template_name(text: str) -> str:
    if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,62}", text):
        raise Invalid(f"`{text}` is no name for a template; use small letters, digits, hyphens and underscores.")
    return text


def read_templates(root: Place, terms: Terms) -> list[SetupTemplate]:
    """The templates as they are written; what is in them is read by the contacts package."""
    at, read = root.part("templates"), []
    seen: dict[tuple[str, str, str], int] = {}
    for part in at.items() if at else ():
        part = part.called("a template")
        if not part.keys("slug", "channel", "language", "subject", "body"):
            continue
        slug_at, channel_at = part.needed("slug"), part.needed("channel")
        language_at, body_at, subject_at = part.part("language"), part.needed("body"), part.part("subject")
        slug = slug_at.read(_template_name) if slug_at else None
        channel = channel_at.one_of(_CHANNELS, "channel") if channel_at else None
        language = (
            language_at.one_of(terms.languages, "language of this organisation") if language_at else terms.languages[0]
        )
        subject = subject_at.text(300) if subject_at else None
        if body_at is not None and not isinstance(body_at.value, str):
            body_at.refuse("the body of a template must be text; begin it with `|`.")
        if slug is None or channel is None or language is None or body_at is None:
            continue
        if (slug, channel, language) in seen:
            line = seen[slug, channel, language]
            part.refuse(f"the template `{slug}` for {channel} in {language} is also on line {line}; keep one.")
            continue
        seen[slug, channel, language] = part.line
        read.append(
            SetupTemplate(
                slug=slug,
                channel=channel,
                language=language,
                subject=subject,
                body=str(body_at.value),
                line=body_at.line,
            )
        )
    return read
