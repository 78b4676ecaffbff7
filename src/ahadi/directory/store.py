"""The SQL of organisations, departments, people and their shifts. Sign-in has its own."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ahadi.directory.model import (
    Absence,
    Bookings,
    Brand,
    Capacity,
    ChatSettings,
    Department,
    ExtraShift,
    Membership,
    OnCallEntry,
    Organisation,
    Person,
    Presence,
    PromiseDefault,
    Reason,
    Settings,
    ShiftCut,
    ShiftPattern,
)
from ahadi.directory.permissions import Role
from ahadi.directory.within import Within
from ahadi.platform.database import Answer, Work

_ORGANISATION = (
    "id, slug, name, prefix, zone, country, subdivision, languages, manager_id, default_department_id, settings,"
    " version"
)


def settings_from(data: dict[str, Any]) -> Settings:
    """An organisation's settings as they are stored."""
    plain = {k: v for k, v in data.items() if k in Settings.__dataclass_fields__}
    if "brand" in plain:
        plain["brand"] = Brand(**plain["brand"])
    if "chat" in plain:
        said = plain["chat"]
        plain["chat"] = ChatSettings(tuple(said.get("origins", ())), said.get("name", "first"))
    if "promises" in plain:
        plain["promises"] = {kind: Within.parse(within) for kind, within in plain["promises"].items()}
    if "bookings" in plain:
        plain["bookings"] = _bookings_from(plain["bookings"])
    return Settings(**plain)


def _bookings_from(data: dict[str, Any]) -> Bookings:
    plain = {k: v for k, v in data.items() if k in Bookings.__dataclass_fields__}
    plain["retries"] = tuple(plain.get("retries", Bookings().retries))
    plain["usual"] = Capacity(**plain.get("usual", {}))
    plain["departments"] = {slug: Capacity(**each) for slug, each in plain.get("departments", {}).items()}
    return Bookings(**plain)


def settings_to(settings: Settings) -> str:
    """The JSON that `settings_from` reads."""
    data = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
    data["promises"] = {kind: str(within) for kind, within in settings.promises.items()}
    return orjson.dumps(data).decode()


def _organisation(row: dict[str, Any]) -> Organisation:
    return Organisation(**(row | {"languages": tuple(row["languages"]), "settings": settings_from(row["settings"])}))


async def get_organisation(work: Work, key: UUID | str) -> Organisation | None:
    """An organisation by id or slug; a global table, so the caller checks whose it is."""
    column = "id" if isinstance(key, UUID) else "slug"
    row = await work.row(f"select {_ORGANISATION} from organisation where {column} = %(key)s", {"key": key})
    return _organisation(row) if row else None


async def organisation_names(work: Work, ids: Collection[UUID]) -> dict[UUID, str]:
    """What some organisations are called; a global table, so the caller checks whose they are."""
    rows = await work.rows("select id, name from organisation where id = any(%(ids)s)", {"ids": list(ids)})
    return {each["id"]: each["name"] for each in rows}


@dataclass(frozen=True, slots=True)
class Version:
    """How often an organisation's directory was changed."""

    version: int


async def ask_version(work: Work, organisation_id: UUID) -> Answer[Version]:
    """The version of an organisation's directory; no row when there is no such organisation."""
    return await work.ask(Version, "select version from organisation where id = %(key)s", {"key": organisation_id})


VERSION_OF_CASE = "select v.version from organisation v where v.id = c.organisation_id"
"""How often the directory of a case `c`'s organisation was changed: part of the statement behind a touch."""


async def all_organisations(work: Work) -> list[Organisation]:
    """Every organisation of the installation, for the watch and the command line."""
    rows = await work.rows(f"select {_ORGANISATION} from organisation order by slug")
    return [_organisation(row) for row in rows]


async def raise_version(work: Work, organisation_id: UUID) -> None:
    """Every process reads the directory anew from now.

    The step is random: a version that was read in this transaction, and rolled back with it, is never met again.
    """
    await work.execute(
        "update organisation set version = version + %(step)s where id = %(id)s",
        {"id": organisation_id, "step": 1 + secrets.randbelow(1 << 20)},
    )
    for what in ("directory", "version"):
        work.kept.pop((what, organisation_id), None)


async def people_of(work: Work, organisation_id: UUID) -> list[Person]:
    rows = await work.rows(
        "select p.id, p.slug, p.name, p.email, p.language, p.active from person p join membership m"
        " on m.person_id = p.id where m.organisation_id = %(organisation_id)s order by p.slug",
        {"organisation_id": organisation_id},
    )
    return [Person(**row) for row in rows]


async def presences_of(work: Work, organisation_id: UUID) -> dict[UUID, Presence]:
    """Everybody's presence now."""
    rows = await work.rows(
        "select p.id, p.presence from person p join membership m on m.person_id = p.id"
        " where m.organisation_id = %(organisation_id)s and p.active and m.active",
        {"organisation_id": organisation_id},
    )
    return {row["id"]: Presence(row["presence"]) for row in rows}


async def presences_since(work: Work, organisation_id: UUID) -> dict[UUID, tuple[Presence, datetime | None]]:
    """Everybody's presence now, and since when."""
    rows = await work.rows(
        "select p.id, p.presence, p.presence_since from person p join membership m on m.person_id = p.id"
        " where m.organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )
    return {row["id"]: (Presence(row["presence"]), row["presence_since"]) for row in rows}


async def presences_among(work: Work, organisations: Sequence[UUID]) -> dict[UUID, tuple[Presence, datetime | None]]:
    """The presence now, and since when, of everybody who serves any of these organisations."""
    rows = await work.rows(
        "select distinct p.id, p.presence, p.presence_since from person p join membership m on m.person_id = p.id"
        " where m.organisation_id = any(%(organisations)s) and p.active and m.active",
        {"organisations": list(organisations)},
    )
    return {row["id"]: (Presence(row["presence"]), row["presence_since"]) for row in rows}


async def memberships_of(work: Work, organisation_id: UUID) -> list[Membership]:
    rows = await work.rows(
        "select m.organisation_id, m.person_id, m.roles, m.skills, m.languages, m.active,"
        " array(select d.department_id from department_member d where d.organisation_id = m.organisation_id"
        " and d.person_id = m.person_id) as departments from membership m"
        " where m.organisation_id = %(organisation_id)s",
        {"organisation_id": organisation_id},
    )
    return [
        Membership(
            organisation_id=row["organisation_id"],
            person_id=row["person_id"],
            roles=frozenset(Role(role) for role in row["roles"]),
            departments=frozenset(row["departments"]),
            skills=frozenset(row["skills"]),
            languages=frozenset(row["languages"]),
            active=row["active"],
        )
        for row in rows
    ]


async def departments_of(work: Work, organisation_id: UUID) -> list[Department]:
    rows = await work.rows(
        "select organisation_id, id, slug, names, hours, phone, email, manager_id, promise_kind, promise_within,"
        " position, active, swaps_approved from department where organisation_id = %(organisation_id)s"
        " order by position, slug",
        {"organisation_id": organisation_id},
    )
    return [Department(promise=_promise(row), **row) for row in rows]


def _promise(row: dict[str, Any]) -> Any:
    kind, within = row.pop("promise_kind"), row.pop("promise_within")
    return PromiseDefault(kind, Within.parse(within)) if kind and within else None


async def reasons_of(work: Work, organisation_id: UUID) -> list[Reason]:
    rows = await work.rows(
        "select organisation_id, slug, names, department_id, promise_kind, promise_within, active from reason"
        " where organisation_id = %(organisation_id)s order by slug",
        {"organisation_id": organisation_id},
    )
    return [Reason(promise=_promise(row), **row) for row in rows]


async def patterns_of(work: Work, organisation_id: UUID) -> list[ShiftPattern]:
    return await work.all(
        ShiftPattern,
        "select organisation_id, id, person_id, department_id, hours, valid_from, valid_until from shift_pattern"
        " where organisation_id = %(organisation_id)s order by id",
        {"organisation_id": organisation_id},
    )


async def extra_shifts_of(work: Work, organisation_id: UUID) -> list[ExtraShift]:
    return await work.all(
        ExtraShift,
        "select organisation_id, id, person_id, department_id, starts_at, ends_at from shift"
        " where organisation_id = %(organisation_id)s order by starts_at, id",
        {"organisation_id": organisation_id},
    )


async def cuts_of(work: Work, organisation_id: UUID) -> list[ShiftCut]:
    return await work.all(
        ShiftCut,
        "select organisation_id, id, person_id, department_id, starts_at, ends_at from shift_cut"
        " where organisation_id = %(organisation_id)s order by starts_at, id",
        {"organisation_id": organisation_id},
    )


async def absences_of(work: Work, organisation_id: UUID) -> list[Absence]:
    return await work.all(
        Absence,
        "select organisation_id, id, person_id, starts_at, ends_at, kind from absence"
        " where organisation_id = %(organisation_id)s order by starts_at, id",
        {"organisation_id": organisation_id},
    )


async def on_call_of(work: Work, organisation_id: UUID) -> list[OnCallEntry]:
    return await work.all(
        OnCallEntry,
        "select organisation_id, department_id, position, person_id from on_call"
        " where organisation_id = %(organisation_id)s order by position, id",
        {"organisation_id": organisation_id},
    )
