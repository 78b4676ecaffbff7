"""SETUP.yaml: an organisation as one readable file, read whole or refused with every line that is wrong."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from ahadi.base.errors import Invalid
from ahadi.directory.model import NAMES_SHOWN, Brand, ChatSettings, Settings
from ahadi.directory.setup import Problem, Setup, SetupOrganisation, SetupPerson, SetupRefused
from ahadi.directory.setup_bookings import read_bookings
from ahadi.directory.setup_parts import read_departments, read_people, read_reasons, read_templates
from ahadi.directory.setup_place import Place, load
from ahadi.directory.setup_terms import Terms, email_address, short_name, web_origin

_TOP: Final = (
    "organisation", "settings", "promises", "skills", "tiers", "departments", "people", "reasons", "rules", "templates",
)  # fmt: skip
_ORGANISATION: Final = (
    "slug", "name", "reference", "zone", "country", "subdivision", "languages", "manager", "default_department",
    "phone", "mail", "on_call",
)  # fmt: skip


def read_setup(text: str, now: datetime) -> Setup:
    """The organisation that a setup file describes. `now` is business time: departments must open within a year.

    Raises `SetupRefused` with every problem. Rules and templates are only listed here: the packages that own them
    read them, and `examine_setup` lets a caller gather their problems too.
    """
    setup, problems = examine_setup(text, now)
    if setup is None or problems:
        raise SetupRefused(problems)
    return setup


def examine_setup(text: str, now: datetime) -> tuple[Setup | None, list[Problem]]:
    """The setup as far as it could be read, and everything wrong with it, sorted by line.

    Where there are problems the setup has holes, and is good for nothing but to look for further ones. There is none
    when the file has no organisation.
    """
    root, problems = load(text)
    if root is None:
        return None, problems
    root.keys(*_TOP)
    terms = Terms.read(root, now)
    people, departments = read_people(root, terms), read_departments(root, terms)
    organisation = _organisation(root, terms, people)
    reasons, templates = read_reasons(root, terms), read_templates(root, terms)
    rules = root.part("rules")
    if rules is not None and not isinstance(rules.value, list):
        rules.refuse("write the rules as a list of rows, each with `name`, `when` and `then`.")
        rules = None
    if organisation is None:
        return None, sorted(set(problems))
    setup = Setup(
        organisation=organisation,
        departments=tuple(departments),
        people=tuple(people),
        reasons=tuple(reasons),
        rules=tuple(cast(list[Mapping[str, Any]], _plain(rules.value))) if rules else (),
        templates=tuple(templates),
        rules_source=rules.value if rules else (),
    )
    return setup, sorted(set(problems))


def _organisation(root: Place, terms: Terms, people: Sequence[SetupPerson]) -> SetupOrganisation | None:
    at = root.needed("organisation")
    at = at.called("the organisation") if at else None
    if at is None or not at.keys(*_ORGANISATION):
        return None
    slug, name, prefix = at.needed("slug"), at.needed("name"), at.needed("reference")
    department = at.part("default_department")
    return SetupOrganisation(
        slug=(slug.read(short_name) if slug else None) or "",
        name=(name.text(80) if name else None) or "",
        prefix=(prefix.read(_prefix) if prefix else None) or "",
        zone=terms.zone or "UTC",
        country=terms.country or "",
        subdivision=terms.subdivision,
        languages=terms.languages,
        manager=_manager(at.needed("manager"), terms, people),
        default_department=(terms.department(department) if department else None) or next(iter(terms.departments), ""),
        addresses=terms.addresses_of(at.part("mail"), "the organisation"),
        on_call=terms.people_of(at.part("on_call")),
        settings=_settings(root, terms, terms.phone(at.part("phone")) or ""),
    )


def _manager(at: Place | None, terms: Terms, people: Sequence[SetupPerson]) -> str:
    """Everything that nobody else answers for ends with the manager, so there must be one who can be asked."""
    slug = terms.person(at) if at else None
    person = next((each for each in people if each.slug == slug), None)
    if at is not None and person is not None and not (person.active and "manager" in person.roles):
        at.refuse(f"{at.what} is `{slug}`, who is not an active person with the role `manager`.")
    return slug or ""


def _settings(root: Place, terms: Terms, phone: str) -> Settings:
    read: dict[str, Any] = {
        "promises": terms.promises,
        "skills": terms.skills,
        "tiers": terms.tiers,
        "phone": phone,
    }
    at = root.part("settings")
    known = ("reopen_days", "repeat", "undo_seconds", "sender", "brand", "chat", "bookings")
    if at is None or not (at := at.called("settings")).keys(*known):
        return Settings(**read)
    days, repeat, sender, brand = (at.part(key) for key in ("reopen_days", "repeat", "sender", "brand"))
    chat = at.part("chat")
    if (bookings := at.part("bookings")) is not None:
        read["bookings"] = read_bookings(bookings, terms)
    read["reopen_days"] = days.number(0, 365) if days else None
    if (undo := at.part("undo_seconds")) is not None:
        read["undo_seconds"] = undo.number(0, 120)
    if repeat is not None and repeat.keys("days", "threshold"):
        window, threshold = repeat.part("days"), repeat.part("threshold")
        read["repeat_days"] = window.number(1, 365) if window else None
        read["repeat_threshold"] = threshold.number(2, 100) if threshold else None
    if sender is not None and sender.keys("name", "address"):
        name, address = sender.part("name"), sender.needed("address")
        read["sender_name"] = name.text(80) if name else None
        read["sender_address"] = address.read(email_address) if address else None
    if brand is not None and brand.keys("colour", "signature", "website"):
        read["brand"] = _brand(brand, terms)
    if chat is not None and chat.keys("origins", "name"):
        read["chat"] = _chat(chat)
    return Settings(**{key: value for key, value in read.items() if value is not None})


def _brand(at: Place, terms: Terms) -> Brand:
    colour, signature, website = at.part("colour"), at.part("signature"), at.part("website")
    return Brand(
        colour=(colour.read(_colour) if colour else None) or Brand().colour,
        signature=terms.names(signature) if signature else {},
        website=(website.read(_website) if website else None) or "",
    )


def _chat(at: Place) -> ChatSettings:
    origins, name = at.part("origins"), at.part("name")
    read = [each.read(web_origin) for each in origins.items()] if origins else []
    shown = name.one_of(NAMES_SHOWN, "name to show") if name else None
    return ChatSettings(tuple(dict.fromkeys(each for each in read if each)), shown or "first")  # type: ignore[arg-type]


def _prefix(text: str) -> str:
    if not re.fullmatch("[A-Z]{2,4}", text):
        raise Invalid(f"`{text}` cannot begin references; use two to four capital letters, such as `PW`.")
    return text


def _colour(text: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise Invalid(f'`{text}` is no colour; write it in quotes like "#1f5f8b".')
    return text.lower()


def _website(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"']{1,200}", text):
        raise Invalid(f"`{text}` is no address of a website; write it like https://www.power.example.")
    return text


def _plain(value: Any) -> Any:
    """The same without the YAML reader's own types, so that it can be stored and compared."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)
