"""The SQL of sign-in: credentials, sessions, one-time links and tokens. None of these tables belongs to one
organisation, so none has row-level security: every statement names the person, the token or the secret's hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work, set_person


@dataclass(frozen=True, slots=True)
class Held:
    """A person and what is held of their credentials."""

    person_id: UUID
    name: str
    email: str
    language: str
    active: bool
    password_hash: str | None
    totp_secret: bytes | None
    totp_confirmed_at: datetime | None
    totp_last_step: int | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's standing in one organisation."""

    organisation_id: UUID
    roles: tuple[str, ...]
    apart: bool = False  # the organisation has its people come in by its own single sign-on


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lasts. Times are real time."""

    id: UUID
    person_id: UUID
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None
    device_id: UUID | None = None
    confined_to: UUID | None = None  # the organisation whose provider vouched for the person


# People and their credentials -----------------------------------------------------------------------------------

_HELD = (
    "select p.id as person_id, p.name, p.email, p.language, p.active, c.password_hash, c.totp_secret,"
    " c.totp_confirmed_at, c.totp_last_step from person p left join credential c on c.person_id = p.id"
)


async def held_by_email(work: Work, email: str) -> Held | None:
    return await work.one(Held, f"{_HELD} where p.email = %(email)s", {"email": email})


async def anybody(work: Work) -> bool:
    """Whether there is any person at all."""
    return bool(await work.value("select exists (select from person where active)"))


async def held_by_slug(work: Work, slug: str) -> Held | None:
    return await work.one(Held, f"{_HELD} where p.slug = %(slug)s", {"slug": slug})


async def held_by_person(work: Work, person_id: UUID) -> Held | None:
    return await work.one(Held, f"{_HELD} where p.id = %(id)s", {"id": person_id})


async def memberships(work: Work, person_id: UUID) -> list[Membership]:
    """Where the person serves, the oldest organisation first; read before any organisation is known."""
    await set_person(work.connection, person_id)
    rows = await work.rows(
        "select m.organisation_id, m.roles, o.single_sign_on and o.let_in_id is distinct from m.person_id as apart"
        " from membership m join organisation o on o.id = m.organisation_id where m.person_id = %(id)s and m.active"
        " order by o.id",
        {"id": person_id},
    )
    return [Membership(each["organisation_id"], tuple(each["roles"]), each["apart"]) for each in rows]


async def put_password(work: Work, person_id: UUID, password_hash: str) -> None:
    await work.execute(
        "insert into credential (person_id, password_hash, changed_at) values (%(id)s, %(hash)s, %(now)s)"
        " on conflict (person_id) do update set password_hash = excluded.password_hash,"
        " changed_at = excluded.changed_at",
        {"id": person_id, "hash": password_hash, "now": work.real_now},
    )


async def put_totp_secret(work: Work, person_id: UUID, secret: bytes | None) -> None:
    """Hold a new secret, not yet confirmed; None forgets the one held."""
    await work.execute(
        "insert into credential (person_id, totp_secret, changed_at) values (%(id)s, %(secret)s, %(now)s)"
        " on conflict (person_id) do update set totp_secret = excluded.totp_secret, totp_confirmed_at = null,"
        " totp_last_step = null, changed_at = excluded.changed_at",
        {"id": person_id, "secret": secret, "now": work.real_now},
    )


async def take_totp_step(work: Work, person_id: UUID, step: int) -> bool:
    """Note that the code of this step was used; false when another request was first."""
    taken = await work.value(
        "update credential set totp_last_step = %(step)s, totp_confirmed_at = coalesce(totp_confirmed_at, %(now)s)"
        " where person_id = %(id)s and (totp_last_step is null or totp_last_step < %(step)s) returning true",
        {"id": person_id, "step": step, "now": work.real_now},
    )
    return bool(taken)


async def add_person(work: Work, person_id: UUID, wanted_slug: str, name: str, email: str) -> str:
    """Add a person under the slug wanted, or the next that is free; the slug."""
    taken = await work.rows(
        "select slug from person where slug = %(slug)s or slug ~ ('^' || %(slug)s || '-[0-9]+$')", {"slug": wanted_slug}
    )
    held = {each["slug"] for each in taken}
    free = wanted_slug
    number = 2
    while free in held:
        free, number = f"{wanted_slug}-{number}", number + 1
    await work.execute(
        "insert into person (id, slug, name, email, made_at) values (%(id)s, %(slug)s, %(name)s, %(email)s, %(now)s)",
        {"id": person_id, "slug": free, "name": name, "email": email, "now": work.real_now},
    )
    return free


async def slug_of_person(work: Work, person_id: UUID) -> str:
    slug: str = await work.value("select slug from person where id = %(id)s", {"id": person_id})
    return slug


async def add_roles(work: Work, organisation_id: UUID, person_id: UUID, roles: Sequence[str]) -> None:
    """Make somebody a member of the organisation, or give a member more roles."""
    await work.execute(
        "insert into membership (organisation_id, person_id, roles) values (%(organisation_id)s, %(person_id)s,"
        " %(roles)s) on conflict (organisation_id, person_id) do update set active = true,"
        " roles = array(select distinct unnest(membership.roles || excluded.roles) order by 1)",
        {"organisation_id": organisation_id, "person_id": person_id, "roles": list(roles)},
    )


async def join_department(work: Work, organisation_id: UUID, person_id: UUID, department_id: UUID) -> bool:
    """Have a member of the organisation belong to a department; False where they are no member."""
    return bool(
        await work.value(
            "with member as (select organisation_id, person_id from membership"
            " where organisation_id = %(organisation_id)s and person_id = %(person_id)s and active),"
            " joined as (insert into department_member (organisation_id, department_id, person_id)"
            " select organisation_id, %(department_id)s, person_id from member on conflict do nothing)"
            " select exists (select from member)",
            {"organisation_id": organisation_id, "person_id": person_id, "department_id": department_id},
        )
    )


_slugs: dict[UUID, str] = {}


async def find_organisation(work: Work, named: str) -> UUID | None:
    """The organisation with this slug or identifier."""
    for granted in work.actor.organisations:  # the usual case asks nothing: a short name never changes
        if named == _slugs.get(granted) or named == str(granted):
            return granted
    found: UUID | None = await work.value(
        "select id from organisation where slug = %(named)s or id::text = %(named)s", {"named": named.lower()}
    )
    if found is not None and found in work.actor.organisations:
        _slugs[found] = named.lower()
    return found


async def every_organisation(work: Work) -> list[UUID]:
    rows = await work.rows("select id from organisation order by id")
    return [each["id"] for each in rows]


async def find_person(work: Work, named: str) -> UUID | None:
    """The person with this slug or identifier."""
    found: UUID | None = await work.value(
        "select id from person where slug = %(named)s or id::text = %(named)s", {"named": named.lower()}
    )
    return found


# Sessions -------------------------------------------------------------------------------------------------------


async def add_session(work: Work, session: Session, hashed: bytes) -> None:
    await work.execute(
        "insert into session (id, hash, person_id, made_at, seen_at, expires_at, address, agent, device_id,"
        " confined_to) values (%(id)s, %(hash)s, %(person_id)s, %(made_at)s, %(seen_at)s, %(expires_at)s, %(address)s,"
        " %(agent)s, %(device_id)s, %(confined_to)s)",
        {
            "id": session.id,
            "hash": hashed,
            "person_id": session.person_id,
            "made_at": session.made_at,
            "seen_at": session.seen_at,
            "expires_at": session.expires_at,
            "address": session.address,
            "agent": session.agent,
            "device_id": session.device_id,
            "confined_to": session.confined_to,
        },
    )


async def sessions_in_force(work: Work, person_id: UUID) -> list[Session]:
    return await work.all(
        Session,
        "select id, person_id, made_at, seen_at, expires_at, address, agent, device_id, confined_to from session"
        " where person_id = %(id)s and revoked_at is null and expires_at > %(now)s order by seen_at desc",
        {"id": person_id, "now": work.real_now},
    )


async def end_session(work: Work, person_id: UUID, session_id: UUID) -> bool:
    ended = await work.value(
        "update session set revoked_at = %(now)s where person_id = %(person_id)s and id = %(id)s"
        " and revoked_at is null returning true",
        {"person_id": person_id, "id": session_id, "now": work.real_now},
    )
    return bool(ended)


async def end_session_with_hash(work: Work, hashed: bytes) -> UUID | None:
    """End a session; the organisation it was confined to."""
    found: UUID | None = await work.value(
        "update session set revoked_at = %(now)s where hash = %(hash)s and revoked_at is null returning confined_to",
        {"hash": hashed, "now": work.real_now},
    )
    return found


async def end_sessions(work: Work, person_id: UUID, *, but: UUID | None = None) -> None:
    await work.execute(
        "update session set revoked_at = %(now)s where person_id = %(id)s and revoked_at is null"
        " and id is distinct from %(but)s",
        {"id": person_id, "but": but, "now": work.real_now},
    )


async def forget_ended_sessions(work: Work, before: datetime) -> None:
    """Drop sessions and links that ended before a moment of real time."""
    await work.execute("delete from session where expires_at < %(before)s", {"before": before})
    await work.execute("delete from one_time_link where expires_at < %(before)s", {"before": before})


# One-time links -------------------------------------------------------------------------------------------------


async def add_link(work: Work, hashed: bytes, person_id: UUID, purpose: str, expires_at: datetime) -> None:
    await work.execute(
        "insert into one_time_link (hash, person_id, purpose, made_at, expires_at)"
        " values (%(hash)s, %(person_id)s, %(purpose)s, %(now)s, %(expires_at)s)",
        {"hash": hashed, "person_id": person_id, "purpose": purpose, "now": work.real_now, "expires_at": expires_at},
    )


async def link_in_force(work: Work, hashed: bytes) -> tuple[UUID, str] | None:
    """The person and purpose of a link that can still be used."""
    row = await work.row(
        "select person_id, purpose from one_time_link where hash = %(hash)s and used_at is null"
        " and expires_at > %(now)s",
        {"hash": hashed, "now": work.real_now},
    )
    return (row["person_id"], row["purpose"]) if row else None


async def use_link(work: Work, hashed: bytes) -> bool:
    """Use the link up; false when it was used or has expired."""
    used = await work.value(
        "update one_time_link set used_at = %(now)s where hash = %(hash)s and used_at is null"
        " and expires_at > %(now)s returning true",
        {"hash": hashed, "now": work.real_now},
    )
    return bool(used)


async def end_links(work: Work, person_id: UUID) -> None:
    await work.execute(
        "update one_time_link set used_at = %(now)s where person_id = %(id)s and used_at is null",
        {"id": person_id, "now": work.real_now},
    )
