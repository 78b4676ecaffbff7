"""The directory as JSON. Names in every language, so that a reader chooses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.directory.model import Department, Membership, Organisation, Presence, PromiseDefault, Reason
from ahadi.directory.snapshot import Directory
from ahadi.platform.web import Page, listed

Item = TypeVar("Item")


def page_through(
    items: Iterable[Item], page: Page, *, key: Callable[[Item], Sequence[Any]], kinds: Sequence[type], show: Any
) -> Response:
    """One page of what is in memory whole, in the order of `key`, whose parts are of these kinds."""
    after = page.after(*kinds)
    ordered = sorted(items, key=lambda each: tuple(key(each)))
    left = [each for each in ordered if after is None or tuple(key(each)) > after]
    return listed(left[: page.limit + 1], page, key=key, show=show)


def show_promise_default(promise: PromiseDefault | None) -> dict[str, str] | None:
    return {"kind": promise.kind, "within": str(promise.within)} if promise else None


def show_named(directory: Directory, id_: UUID | None) -> dict[str, Any] | None:
    """A person or department by id, short name and name."""
    if id_ is None:
        return None
    person, department = directory.people.get(id_), directory.departments.get(id_)
    slug = person.slug if person else department.slug if department else None
    return {"id": id_, "slug": slug, "name": directory.name_of(id_, directory.organisation.language)}


def show_organisation(directory: Directory, mail: Mapping[str, UUID | None] | None = None) -> dict[str, Any]:
    organisation: Organisation = directory.organisation
    settings = organisation.settings
    shown = {
        "id": organisation.id,
        "slug": organisation.slug,
        "name": organisation.name,
        "reference": organisation.prefix,
        "zone": organisation.zone,
        "country": organisation.country,
        "subdivision": organisation.subdivision,
        "languages": organisation.languages,
        "manager": show_named(directory, organisation.manager_id),
        "default_department": show_named(directory, organisation.default_department_id),
        "phone": settings.phone,
        "reopen_days": settings.reopen_days,
        "repeat_days": settings.repeat_days,
        "repeat_threshold": settings.repeat_threshold,
        "sender_name": settings.sender_name,
        "sender_address": settings.sender_address,
        "brand": settings.brand,
        "chat": settings.chat,
        "promises": {kind: str(within) for kind, within in settings.promises.items()},
        "skills": settings.skills,
        "tiers": settings.tiers,
        "bookings": settings.bookings,
    }
    return shown if mail is None else shown | {"mail": addresses_of(mail, None)}


def addresses_of(mail: Mapping[str, UUID | None], department_id: UUID | None, first: str | None = None) -> list[str]:
    """Where a department takes mail, its own address first; without one, the organisation as a whole."""
    return sorted((each for each, whose in mail.items() if whose == department_id), key=lambda e: (e != first, e))


def show_department(directory: Directory, department: Department, mail: Mapping[str, UUID | None]) -> dict[str, Any]:
    return {
        "id": department.id,
        "slug": department.slug,
        "names": department.names,
        "hours": department.hours,
        "phone": department.phone,
        "mail": addresses_of(mail, department.id, department.email),
        "manager": show_named(directory, department.manager_id),
        "members": [show_named(directory, each) for each in directory.members(department.id)],
        "promise": show_promise_default(department.promise),
        "position": department.position,
        "active": department.active,
        "swaps_approved": department.swaps_approved,
    }


def show_person(
    directory: Directory,
    membership: Membership,
    presences: Mapping[UUID, tuple[Presence, datetime | None]],
    now: datetime,
) -> dict[str, Any]:
    person = directory.people[membership.person_id]
    presence, since = presences.get(person.id, (person.presence, None))
    return {
        "id": person.id,
        "slug": person.slug,
        "name": person.name,
        "email": person.email,
        "language": person.language,
        "roles": sorted(membership.roles),
        "departments": [
            show_named(directory, each.id)
            for each in directory.departments.values()
            if each.id in membership.departments
        ],
        "skills": sorted(membership.skills),
        "languages": sorted(membership.languages),
        "active": directory.serves(person.id),
        "presence": presence,
        "presence_since": iso(since) if since else None,
        "on_shift": bool(directory.rota.on_shift([person.id], now)),
        "absent": directory.rota.is_absent(person.id, now),
    }


def show_reason(directory: Directory, reason: Reason) -> dict[str, Any]:
    return {
        "slug": reason.slug,
        "names": reason.names,
        "department": show_named(directory, reason.department_id),
        "promise": show_promise_default(reason.promise),
        "active": reason.active,
    }
