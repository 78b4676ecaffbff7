"""The SQL that changes organisations, departments and people; `rota_store` has that of shifts and absences."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from ahadi.directory.model import Department, Membership, Organisation, Person, Presence, Reason
from ahadi.directory.store import settings_to
from ahadi.platform.database import Work

_SETUP_LOCK = 0x616861646931  # one setup at a time in an installation: addresses and prefixes are shared by all


async def lock_setups(work: Work) -> None:
    """Wait until no other setup is being applied; held until the end of the transaction."""
    await work.execute("select pg_advisory_xact_lock(%(key)s)", {"key": _SETUP_LOCK})


async def lock_organisation(work: Work, organisation_id: UUID) -> None:
    """One change of an organisation's directory at a time."""
    await work.execute("select 1 from organisation where id = %(id)s for update", {"id": organisation_id})


# Organisations --------------------------------------------------------------------------------------------------


async def put_organisation(work: Work, organisation: Organisation) -> None:
    """Add an organisation, or change everything of it but its slug; settings that others keep there stay."""
    await work.execute(
        "insert into organisation (id, slug, name, prefix, zone, country, subdivision, languages, manager_id,"
        " default_department_id, settings, made_at) values (%(id)s, %(slug)s, %(name)s, %(prefix)s, %(zone)s,"
        " %(country)s, %(subdivision)s, %(languages)s, %(manager_id)s, %(default_department_id)s, %(settings)s,"
        " %(now)s) on conflict (id) do update set name = excluded.name, prefix = excluded.prefix,"
        " zone = excluded.zone, country = excluded.country, subdivision = excluded.subdivision,"
        " languages = excluded.languages, manager_id = excluded.manager_id,"
        " default_department_id = excluded.default_department_id,"
        " settings = organisation.settings || excluded.settings",
        {
            "id": organisation.id,
            "slug": organisation.slug,
            "name": organisation.name,
            "prefix": organisation.prefix,
            "zone": organisation.zone,
            "country": organisation.country,
            "subdivision": organisation.subdivision,
            "languages": list(organisation.languages),
            "manager_id": organisation.manager_id,
            "default_department_id": organisation.default_department_id,
            "settings": settings_to(organisation.settings),
            "now": work.real_now,
        },
    )


async def organisation_with_prefix(work: Work, prefix: str) -> str | None:
    """The slug of the organisation whose references begin so."""
    slug: str | None = await work.value("select slug from organisation where prefix = %(prefix)s", {"prefix": prefix})
    return slug


# Mail addresses: global, since mail comes before any organisation is known --------------------------------------


async def addresses_of(work: Work, organisation_id: UUID) -> dict[str, UUID | None]:
    """The addresses at which an organisation takes mail, each with its department or None."""
    rows = await work.rows(
        "select address, department_id from mail_address where organisation_id = %(organisation_id)s order by address",
        {"organisation_id": organisation_id},
    )
    return {row["address"]: row["department_id"] for row in rows}


async def owners_of_addresses(work: Work, addresses: Sequence[str]) -> dict[str, tuple[UUID, str]]:
    """Of the addresses, those that are taken: by which organisation, its id and slug."""
    rows = await work.rows(
        "select a.address, o.id, o.slug from mail_address a join organisation o on o.id = a.organisation_id"
        " where a.address = any(%(addresses)s)",
        {"addresses": list(addresses)},
    )
    return {row["address"]: (row["id"], row["slug"]) for row in rows}


async def put_addresses(work: Work, organisation_id: UUID, wanted: Mapping[str, UUID | None]) -> None:
    """The organisation takes mail at these addresses, and at no others."""
    await work.execute(
        "delete from mail_address where organisation_id = %(organisation_id)s and not address = any(%(kept)s)",
        {"organisation_id": organisation_id, "kept": list(wanted)},
    )
    await work.many(
        "insert into mail_address (address, organisation_id, department_id) values (%(address)s, %(organisation_id)s,"
        " %(department_id)s) on conflict (address) do update set department_id = excluded.department_id"
        " where mail_address.organisation_id = excluded.organisation_id",
        [
            {"address": address, "organisation_id": organisation_id, "department_id": department_id}
            for address, department_id in wanted.items()
        ],
    )


# People ---------------------------------------------------------------------------------------------------------


async def people_called(work: Work, slugs: Sequence[str], emails: Sequence[str]) -> list[Person]:
    """Everybody in the installation with one of these short names or addresses."""
    return await work.all(
        Person,
        "select id, slug, name, email, language, active from person"
        " where slug = any(%(slugs)s) or email = any(%(emails)s)",
        {"slugs": list(slugs), "emails": list(emails)},
    )


async def put_person(work: Work, person: Person) -> None:
    """Add a person, or change name, address and language of one; who is wanted active by anybody is active."""
    await work.execute(
        "insert into person (id, slug, name, email, language, active, made_at) values (%(id)s, %(slug)s, %(name)s,"
        " %(email)s, %(language)s, true, %(now)s) on conflict (id) do update set name = excluded.name,"
        " email = excluded.email, language = excluded.language, active = person.active or %(active)s",
        {
            "id": person.id,
            "slug": person.slug,
            "name": person.name,
            "email": person.email,
            "language": person.language,
            "active": person.active,
            "now": work.real_now,
        },
    )


async def put_membership(work: Work, membership: Membership) -> None:
    """What somebody does for an organisation, but for the departments."""
    await work.execute(
        "insert into membership (organisation_id, person_id, roles, skills, languages, active) values"
        " (%(organisation_id)s, %(person_id)s, %(roles)s, %(skills)s, %(languages)s, %(active)s)"
        " on conflict (organisation_id, person_id) do update set roles = excluded.roles, skills = excluded.skills,"
        " languages = excluded.languages, active = excluded.active",
        {
            "organisation_id": membership.organisation_id,
            "person_id": membership.person_id,
            "roles": sorted(map(str, membership.roles)),
            "skills": sorted(membership.skills),
            "languages": sorted(membership.languages),
            "active": membership.active,
        },
    )


async def put_members(
    work: Work, organisation_id: UUID, department_id: UUID, *, added: Sequence[UUID] = (), removed: Sequence[UUID] = ()
) -> None:
    """Who belongs to a department."""
    where = {"organisation_id": organisation_id, "department_id": department_id}
    await work.execute(
        "delete from department_member where organisation_id = %(organisation_id)s"
        " and department_id = %(department_id)s and person_id = any(%(removed)s)",
        where | {"removed": list(removed)},
    )
    await work.many(
        "insert into department_member (organisation_id, department_id, person_id) values (%(organisation_id)s,"
        " %(department_id)s, %(person_id)s) on conflict do nothing",
        [where | {"person_id": each} for each in added],
    )


async def set_presence(work: Work, person_id: UUID, presence: Presence) -> bool:
    """Whether it changed. Presence is the same for every organisation a person serves."""
    changed = await work.value(
        "update person set presence = %(presence)s, presence_since = %(now)s where id = %(id)s"
        " and presence <> %(presence)s returning true",
        {"id": person_id, "presence": str(presence), "now": work.now},
    )
    return bool(changed)


# Departments and reasons ----------------------------------------------------------------------------------------


async def put_department(work: Work, department: Department) -> None:
    """Add a department, or change everything of it but its slug."""
    await work.execute(
        "insert into department (organisation_id, id, slug, names, hours, phone, email, manager_id, promise_kind,"
        " promise_within, position, active) values (%(organisation_id)s, %(id)s, %(slug)s, %(names)s, %(hours)s,"
        " %(phone)s, %(email)s, %(manager_id)s, %(kind)s, %(within)s, %(position)s, %(active)s)"
        " on conflict (organisation_id, id) do update set names = excluded.names, hours = excluded.hours,"
        " phone = excluded.phone, email = excluded.email, manager_id = excluded.manager_id,"
        " promise_kind = excluded.promise_kind, promise_within = excluded.promise_within,"
        " position = excluded.position, active = excluded.active",
        {
            "organisation_id": department.organisation_id,
            "id": department.id,
            "slug": department.slug,
            "names": orjson.dumps(dict(department.names)).decode(),
            "hours": department.hours,
            "phone": department.phone,
            "email": department.email,
            "manager_id": department.manager_id,
            "kind": department.promise.kind,
            "within": str(department.promise.within),
            "position": department.position,
            "active": department.active,
        },
    )


async def put_swaps_approved(work: Work, organisation_id: UUID, department_id: UUID, approved: bool) -> None:
    """Whether a shift of the department that is given to a colleague waits for a manager's word."""
    await work.execute(
        "update department set swaps_approved = %(approved)s where organisation_id = %(organisation_id)s"
        " and id = %(id)s",
        {"organisation_id": organisation_id, "id": department_id, "approved": approved},
    )


async def put_positions(work: Work, organisation_id: UUID, positions: Mapping[UUID, int]) -> None:
    """The order in which departments are shown."""
    await work.many(
        "update department set position = %(position)s where organisation_id = %(organisation_id)s and id = %(id)s"
        " and position <> %(position)s",
        [
            {"organisation_id": organisation_id, "id": department_id, "position": position}
            for department_id, position in positions.items()
        ],
    )


async def put_reason(work: Work, reason: Reason) -> None:
    """Add a reason, or change everything of it but its slug."""
    await work.execute(
        "insert into reason (organisation_id, slug, names, department_id, promise_kind, promise_within, active) values"
        " (%(organisation_id)s, %(slug)s, %(names)s, %(department_id)s, %(kind)s, %(within)s, %(active)s)"
        " on conflict (organisation_id, slug) do update set names = excluded.names,"
        " department_id = excluded.department_id, promise_kind = excluded.promise_kind,"
        " promise_within = excluded.promise_within, active = excluded.active",
        {
            "organisation_id": reason.organisation_id,
            "slug": reason.slug,
            "names": orjson.dumps(dict(reason.names)).decode(),
            "department_id": reason.department_id,
            "kind": reason.promise.kind if reason.promise else None,
            "within": str(reason.promise.within) if reason.promise else None,
            "active": reason.active,
        },
    )
