"""What people change of an organisation itself: its departments, the reasons to get in touch, its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ahadi.base.errors import Conflict, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.base.text import one_line
from ahadi.directory import change_store
from ahadi.directory.changing import changed, department_named, in_use, known, names_read, people_named, to_change
from ahadi.directory.hours import Hours, NeverOpen
from ahadi.directory.model import (
    PROMISE_KINDS,
    Brand,
    ChatSettings,
    Department,
    Organisation,
    PromiseDefault,
    PromiseKind,
    Reason,
    Settings,
)
from ahadi.directory.permissions import Permission
from ahadi.directory.places import in_country, speaking
from ahadi.directory.setup_terms import email_address, phone_number, short_name, web_origin, zone_name
from ahadi.directory.snapshot import Directory
from ahadi.directory.within import Within
from ahadi.platform.database import Work

Called = str | Mapping[str, str]
"""A name in the organisation's own language, or in several by their codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentChange:
    """What of a department changes; what is None stays, and an empty text takes away. People are named by id or slug.

    `hours` are OpenStreetMap opening hours in the organisation's zone. The first address of `mail` is its own.
    """

    names: Called | None = None
    hours: str | None = None
    phone: str | None = None
    mail: Sequence[str] | None = None
    manager: str | None = None
    promise: PromiseDefault | None = None
    position: int | None = None
    swaps_approved: bool | None = None


def promise_read(kind: str, within: str | None, settings: Settings) -> PromiseDefault:
    """A promise of a kind; without `within` as soon as the organisation makes that kind. Raises Invalid."""
    known([kind], PROMISE_KINDS, "kind of promise")
    named: PromiseKind = next(each for each in PROMISE_KINDS if each == kind)
    return PromiseDefault(named, Within.parse(within)) if within else settings.promise(named)


# Departments ----------------------------------------------------------------------------------------------------


async def create_department(work: Work, organisation_id: UUID, slug: str, change: DepartmentChange) -> Department:
    """Add a department; it needs a name and hours. Raises Conflict when the short name is taken."""
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    if any(each.slug == short_name(slug) for each in directory.departments.values()):
        raise Conflict(f"There is a department {slug} already, perhaps retired; change that one.", department=slug)
    if change.names is None or not change.hours:
        raise Invalid("A new department needs a name and opening hours.")
    department = Department(
        organisation_id=organisation_id,
        id=uuid7(),
        slug=slug,
        names={},
        hours="",
        phone=None,
        email=None,
        manager_id=None,
        promise=directory.organisation.settings.promise("update"),
        position=1 + max((each.position for each in directory.departments.values()), default=-1),
        active=True,
    )
    made = await _put(work, directory, department, change)
    await changed(work, organisation_id, "department.created", made.id)
    return made


async def change_department(work: Work, organisation_id: UUID, key: str | UUID, change: DepartmentChange) -> Department:
    """Change what is said of a department. Its hours count at once, for what is promised from now on."""
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    was = department_named(directory, key)
    now = await _put(work, directory, was, change)
    fields = [name for name in Department.__dataclass_fields__ if getattr(was, name) != getattr(now, name)]
    if fields or change.mail is not None:
        told = fields + (["mail"] if change.mail is not None else [])
        await changed(work, organisation_id, "department.changed", now.id, fields=told)
    return now


async def _put(work: Work, directory: Directory, was: Department, change: DepartmentChange) -> Department:
    organisation = directory.organisation
    now = was
    if change.names is not None:
        now = replace(now, names=names_read(organisation, change.names))
    if change.hours is not None:
        _must_open(organisation.hours(change.hours), work.now)
        now = replace(now, hours=change.hours)
    if change.phone is not None:
        now = replace(now, phone=phone_number(change.phone, organisation.country) if change.phone else None)
    if change.manager is not None:
        manager = people_named(directory, [change.manager])[0] if change.manager else None
        now = replace(now, manager_id=manager)
    addresses = None if change.mail is None else [email_address(each) for each in change.mail]
    if addresses is not None:
        now = replace(now, email=addresses[0] if addresses else None)
    now = replace(
        now,
        promise=change.promise or now.promise,
        position=now.position if change.position is None else change.position,
        swaps_approved=now.swaps_approved if change.swaps_approved is None else change.swaps_approved,
    )
    await change_store.put_department(work, now)
    if now.swaps_approved != was.swaps_approved:
        await change_store.put_swaps_approved(work, organisation.id, now.id, now.swaps_approved)
    if addresses is not None:
        await take_mail(work, organisation.id, now.id, addresses)
    return now


def _must_open(hours: Hours, now: datetime) -> None:
    try:
        hours.next_open(now)
    except NeverOpen as problem:
        raise Invalid(problem.sentence) from None


async def take_mail(work: Work, organisation_id: UUID, department_id: UUID | None, addresses: Sequence[str]) -> None:
    """From now on mail is taken at these folded addresses for the department, or the organisation as a whole.

    Raises Conflict for an address that somebody else in the installation has.
    """
    await change_store.lock_setups(work)
    held = await change_store.addresses_of(work, organisation_id)
    for address, (owner, _) in (await change_store.owners_of_addresses(work, addresses)).items():
        if owner != organisation_id or held[address] != department_id:
            raise Conflict(f"{address} takes mail for somebody else already; use another.", address=address)
    kept = {address: whose for address, whose in held.items() if whose != department_id}
    await change_store.put_addresses(work, organisation_id, kept | dict.fromkeys(addresses, department_id))


async def retire_department(work: Work, organisation_id: UUID, key: str | UUID) -> None:
    """Take a department out of use: nothing new goes there, and it takes no mail; what it holds stays with its people.

    Raises Conflict for the department that takes what no rule sends elsewhere.
    """
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    department = department_named(directory, key)
    if not department.active:
        return
    if directory.organisation.default_department_id == department.id:
        raise Conflict(f"{department.slug} is the department of whatever no rule names; choose another for that first.")
    if not any(each.active and each.id != department.id for each in directory.departments.values()):
        raise Conflict("This is the only department in use; add another first.")
    await change_store.put_department(work, replace(department, active=False))
    await take_mail(work, organisation_id, department.id, [])
    await changed(work, organisation_id, "department.retired", department.id)


async def restore_department(work: Work, organisation_id: UUID, key: str | UUID) -> None:
    """Put a retired department back in use."""
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    department = department_named(directory, key)
    if not department.active:
        await change_store.put_department(work, replace(department, active=True))
        await changed(work, organisation_id, "department.restored", department.id)


# Reasons --------------------------------------------------------------------------------------------------------


async def put_reason(
    work: Work,
    organisation_id: UUID,
    slug: str,
    names: Called,
    department: str | UUID | None = None,
    promise: PromiseDefault | None = None,
) -> Reason:
    """Add a reason to get in touch, or say anew what one means; a retired one is back in use."""
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    was = directory.reasons.get(short_name(slug))
    reason = Reason(
        organisation_id=organisation_id,
        slug=slug,
        names=names_read(directory.organisation, names),
        department_id=in_use(directory.department(department)).id if department else None,
        promise=promise,
        active=True,
    )
    if reason != was:
        await change_store.put_reason(work, reason)
        await changed(work, organisation_id, "reason.changed" if was else "reason.created", reason=slug)
    return reason


async def retire_reason(work: Work, organisation_id: UUID, slug: str) -> None:
    """Offer a reason no more; cases keep it."""
    directory = await to_change(work, organisation_id, Permission.DIRECTORY_EDIT)
    reason = directory.reasons.get(slug)
    if reason is None:
        raise NotFound(f"There is no reason {one_line(slug, 60)} here.", reason=slug)
    if reason.active:
        await change_store.put_reason(work, replace(reason, active=False))
        await changed(work, organisation_id, "reason.retired", reason=slug)


# The organisation itself ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChange:
    """What of an organisation changes; what is None stays. `settings`, `brand` and `chat` hold fields of their
    records.

    Skills and tiers are given whole: those left out are gone.
    """

    name: str | None = None
    zone: str | None = None
    country: str | None = None
    languages: Sequence[str] | None = None
    manager: str | None = None
    default_department: str | None = None
    mail: Sequence[str] | None = None
    settings: Mapping[str, Any] | None = None
    brand: Mapping[str, Any] | None = None
    chat: Mapping[str, Any] | None = None
    promises: Mapping[str, str] | None = None
    skills: Mapping[str, Called] | None = None
    tiers: Mapping[str, Called] | None = None


async def change_organisation(work: Work, organisation_id: UUID, change: OrganisationChange) -> Organisation:
    """Change what an organisation says of itself. Whatever nobody else answers for ends with its manager."""
    directory = await to_change(work, organisation_id, Permission.SETTINGS_EDIT)
    was = directory.organisation
    now = was if change.languages is None else speaking(directory, change.languages)
    now = now if change.country is None else in_country(now, change.country)
    now = replace(now, settings=_settings(now, change))
    if change.name is not None:
        now = replace(now, name=one_line(change.name, 80))
    if change.zone is not None:
        now = replace(now, zone=zone_name(change.zone))
    if change.manager is not None:
        [manager] = people_named(directory, [change.manager])
        if "manager" not in directory.memberships[manager].roles:
            raise Conflict("An organisation's manager must have the role manager; give them that first.")
        now = replace(now, manager_id=manager)
    if change.default_department is not None:
        department = in_use(directory.department(change.default_department))
        now = replace(now, default_department_id=department.id)
    if change.mail is not None:
        await take_mail(work, organisation_id, None, [email_address(each) for each in change.mail])
    fields = [name for name in Organisation.__dataclass_fields__ if getattr(was, name) != getattr(now, name)]
    fields += ["mail"] if change.mail is not None else []
    if fields:
        await change_store.put_organisation(work, now)
        await changed(work, organisation_id, "organisation.changed", organisation_id, fields=fields)
    return now


def _settings(organisation: Organisation, change: OrganisationChange) -> Settings:
    settings = replace(organisation.settings, **(change.settings or {}))
    if change.settings and change.settings.get("phone"):
        settings = replace(settings, phone=phone_number(settings.phone, organisation.country))
    if change.settings and change.settings.get("sender_address"):
        settings = replace(settings, sender_address=email_address(settings.sender_address))
    if change.brand is not None:
        brand: Brand = replace(settings.brand, **change.brand)
        if brand.signature != settings.brand.signature:
            brand = replace(brand, signature=names_read(organisation, brand.signature) if brand.signature else {})
        settings = replace(settings, brand=brand)
    if change.chat is not None:
        chat: ChatSettings = replace(settings.chat, **change.chat)
        chat = replace(chat, origins=tuple(dict.fromkeys(web_origin(each) for each in chat.origins)))
        settings = replace(settings, chat=chat)
    if change.promises is not None:
        known(change.promises, PROMISE_KINDS, "kind of promise")
        spans = {kind: Within.parse(change.promises[kind]) for kind in PROMISE_KINDS if kind in change.promises}
        settings = replace(settings, promises={**settings.promises, **spans})
    if change.skills is not None:
        settings = replace(settings, skills=_named(organisation, change.skills))
    if change.tiers is not None:
        settings = replace(settings, tiers=_named(organisation, change.tiers))
    return settings


def _named(organisation: Organisation, called: Mapping[str, Called]) -> dict[str, Any]:
    return {short_name(slug): names_read(organisation, names) for slug, names in called.items()}
