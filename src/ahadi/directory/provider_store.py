"""The SQL of single sign-on: each organisation's provider, and whom its subjects are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Provider:
    """An organisation's provider. `required` and `let_in_id` stand with the organisation: every session asks them."""

    organisation_id: UUID
    name: str
    issuer: str
    client_id: str
    secret: bytes | None = field(repr=False)
    domains: Sequence[str]
    makes_people: bool
    role: str
    changed_at: datetime
    required: bool
    let_in_id: UUID | None


_PROVIDER = (
    "select v.organisation_id, v.name, v.issuer, v.client_id, v.secret, v.domains, v.makes_people, v.role,"
    " v.changed_at, o.single_sign_on as required, o.let_in_id from sign_in_provider v"
    " join organisation o on o.id = v.organisation_id"
)


async def provider_of(work: Work, organisation_id: UUID) -> Provider | None:
    return await work.one(Provider, f"{_PROVIDER} where v.organisation_id = %(id)s", {"id": organisation_id})


async def providers(work: Work) -> list[Provider]:
    """The providers of every organisation the actor may see."""
    return await work.all(
        Provider,
        f"{_PROVIDER} where v.organisation_id = any(%(ids)s) order by v.organisation_id",
        {"ids": list(work.actor.organisations)},
    )


async def put_provider(work: Work, provider: Provider) -> None:
    columns = {
        "organisation_id": provider.organisation_id,
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "secret": provider.secret,
        "domains": list(provider.domains),
        "makes_people": provider.makes_people,
        "role": provider.role,
        "now": work.real_now,
        "required": provider.required,
        "let_in_id": provider.let_in_id,
    }
    await work.execute(
        "insert into sign_in_provider (organisation_id, name, issuer, client_id, secret, domains, makes_people, role,"
        " changed_at) values (%(organisation_id)s, %(name)s, %(issuer)s, %(client_id)s, %(secret)s, %(domains)s,"
        " %(makes_people)s, %(role)s, %(now)s) on conflict (organisation_id) do update set name = excluded.name,"
        " issuer = excluded.issuer, client_id = excluded.client_id, secret = excluded.secret,"
        " domains = excluded.domains, makes_people = excluded.makes_people, role = excluded.role,"
        " changed_at = excluded.changed_at",
        columns,
    )
    await work.execute(
        "update organisation set single_sign_on = %(required)s, let_in_id = %(let_in_id)s"
        " where id = %(organisation_id)s",
        columns,
    )


async def remove_provider(work: Work, organisation_id: UUID) -> bool:
    """Take the provider away, and with it what hangs on it; sessions it vouched for end."""
    where = {"id": organisation_id, "now": work.real_now}
    removed = await work.value("delete from sign_in_provider where organisation_id = %(id)s returning true", where)
    await work.execute("delete from sign_in_link where organisation_id = %(id)s", where)
    await work.execute("update organisation set single_sign_on = false, let_in_id = null where id = %(id)s", where)
    await work.execute(
        "update session set revoked_at = %(now)s where confined_to = %(id)s and revoked_at is null", where
    )
    return bool(removed)


async def person_linked(work: Work, organisation_id: UUID, issuer: str, subject: str) -> UUID | None:
    """Who a provider's subject is here; notes the use."""
    found: UUID | None = await work.value(
        "update sign_in_link set used_at = %(now)s where organisation_id = %(id)s and issuer = %(issuer)s"
        " and subject = %(subject)s returning person_id",
        {"id": organisation_id, "issuer": issuer, "subject": subject, "now": work.real_now},
    )
    return found


async def link_person(work: Work, organisation_id: UUID, issuer: str, subject: str, person_id: UUID) -> bool:
    """Remember who a subject is; false when the person is another subject already."""
    linked = await work.value(
        "insert into sign_in_link (organisation_id, issuer, subject, person_id, made_at, used_at) values (%(id)s,"
        " %(issuer)s, %(subject)s, %(person_id)s, %(now)s, %(now)s) on conflict do nothing returning true",
        {"id": organisation_id, "issuer": issuer, "subject": subject, "person_id": person_id, "now": work.real_now},
    )
    return bool(linked)


async def serves_still(work: Work, organisation_id: UUID, person_id: UUID) -> bool | None:
    """Whether somebody serves the organisation: True, False for one who did once, None for one who never has."""
    found: bool | None = await work.value(
        "select active from membership where organisation_id = %(id)s and person_id = %(person_id)s",
        {"id": organisation_id, "person_id": person_id},
    )
    return found


async def can_come_in_alone(work: Work, organisation_id: UUID, person_id: UUID) -> bool:
    """Whether somebody is an active administrator of the organisation who has a password."""
    return bool(
        await work.value(
            "select exists (select from membership m join person p on p.id = m.person_id and p.active"
            " join credential c on c.person_id = p.id and c.password_hash is not null"
            " where m.organisation_id = %(id)s and m.person_id = %(person_id)s and m.active"
            " and 'administrator' = any(m.roles))",
            {"id": organisation_id, "person_id": person_id},
        )
    )
