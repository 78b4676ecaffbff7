"""An organisation with two departments and people on shifts, as rows."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import orjson

from ahadi.base.ids import uuid7
from ahadi.platform.database import Work

WORKING_DAYS = "Mo-Fr 08:00-17:00"
_versions = count(1_000, 1_000)


@dataclass(frozen=True)
class House:
    """Ids of what `an_organisation` made. Asha and Ben work days in care, Chege nights; Dalila manages."""

    id: UUID
    care: UUID
    network: UUID
    asha: UUID
    ben: UUID
    chege: UUID
    dalila: UUID
    juma: UUID


async def an_organisation(work: Work, id_: UUID, prefix: str = "PW", slug: str = "power") -> House:
    """Care (Asha, Ben by day, Chege by night) and network (Juma by day); Dalila is the manager and on call."""
    settings: dict[str, Any] = {"phone": "+254 700 000000", "sender_address": f"help@{slug}.example"}
    house = House(id_, *(uuid7() for _ in range(7)))
    await work.execute(
        "insert into organisation (id, slug, name, prefix, zone, country, languages, settings, made_at, version)"
        " values (%(id)s, %(slug)s, %(name)s, %(prefix)s, 'Africa/Nairobi', 'KE', '{en,sw}', %(settings)s, %(now)s,"
        " %(version)s)",
        {
            "id": id_,
            "slug": slug,
            "name": slug.title(),
            "prefix": prefix,
            "version": next(_versions),  # no version is ever met again, though each test has this organisation anew
            "settings": orjson.dumps(settings).decode(),
            "now": work.now,
        },
    )
    for position, (department, name) in enumerate(((house.care, "care"), (house.network, "network"))):
        await work.execute(
            "insert into department (organisation_id, id, slug, names, hours, phone, position) values"
            " (%(org)s, %(id)s, %(slug)s, %(names)s, '24/7', '+254 700 000001', %(position)s)",
            {
                "org": id_,
                "id": department,
                "slug": name,
                "names": orjson.dumps({"en": name.title()}).decode(),
                "position": position,
            },
        )
    await a_person(work, house, house.asha, "asha", house.care, WORKING_DAYS)
    await a_person(work, house, house.ben, "ben", house.care, WORKING_DAYS)
    await a_person(work, house, house.chege, "chege", house.care, "Mo-Su 17:00-08:00", languages="{en,sw}")
    await a_person(work, house, house.juma, "juma", house.network, WORKING_DAYS, roles="{specialist}")
    await a_person(work, house, house.dalila, "dalila", house.care, None, roles="{manager}")
    await work.execute(
        "insert into on_call (organisation_id, id, department_id, position, person_id) values"
        " (%(org)s, %(id)s, null, 1, %(person)s)",
        {"org": id_, "id": uuid7(), "person": house.dalila},
    )
    await work.execute(
        "update organisation set manager_id = %(manager)s, default_department_id = %(care)s where id = %(id)s",
        {"id": id_, "manager": house.dalila, "care": house.care},
    )
    return house


async def a_person(
    work: Work,
    house: House,
    id_: UUID,
    name: str,
    department: UUID,
    shifts: str | None,
    *,
    roles: str = "{agent}",
    languages: str = "{en}",
) -> None:
    """Somebody in a department, with a pattern of shifts unless None."""
    values = {
        "org": house.id,
        "id": id_,
        "slug": f"{name}-{id_.hex[-6:]}",
        "name": name.title(),
        "email": f"{name}-{id_.hex[-6:]}@example.org",
        "roles": roles,
        "languages": languages,
        "department": department,
        "now": work.now,
        "shifts": shifts,
        "pattern": uuid7(),
    }
    await work.execute(
        "insert into person (id, slug, name, email, made_at) values (%(id)s, %(slug)s, %(name)s, %(email)s, %(now)s)",
        values,
    )
    await work.execute(
        "insert into membership (organisation_id, person_id, roles, languages) values"
        " (%(org)s, %(id)s, %(roles)s, %(languages)s)",
        values,
    )
    await work.execute(
        "insert into department_member (organisation_id, department_id, person_id)"
        " values (%(org)s, %(department)s, %(id)s)",
        values,
    )
    if shifts:
        await work.execute(
            "insert into shift_pattern (organisation_id, id, person_id, department_id, hours)"
            " values (%(org)s, %(pattern)s, %(id)s, %(department)s, %(shifts)s)",
            values,
        )
