"""The SQL of who asks with a session, one round trip. No session belongs to one organisation: see `sign_in_store`.

A session's person is admitted to an organisation they serve unless it wants its people to come in by its own single
sign-on; whoever came in by that is admitted to that organisation alone. Somebody who acts in another's name has that
person's membership, in one organisation, and not their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ahadi.directory.sign_in_store import Membership
from ahadi.platform.database import Work

ADMITTED: Final[LiteralString] = (
    "(not o.single_sign_on or s.confined_to = o.id or o.let_in_id = s.person_id)"
    " and (s.confined_to is null or s.confined_to = o.id)"
)
"""Whether a session `s` is admitted to an organisation `o` that its person serves."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A session in force. `acts_as` and what follows tell of acting in another's name, which may be over."""

    id: UUID
    person_id: UUID
    made_at: datetime
    seen_at: datetime
    confined_to: UUID | None
    acting_id: UUID | None
    acts_as: UUID | None
    acts_in: UUID | None
    acts_until: datetime | None
    organisation_id: UUID | None
    roles: list[str] | None


async def session_in_force(
    connection: AsyncConnection[object], hashed: bytes, now: datetime
) -> tuple[Seen, list[Membership]] | None:
    """The session with this hash and the memberships it gives, the oldest organisation first.

    None when it, or its person's time here, has ended.
    """
    valid = {"hash": hashed, "now": now}
    async with connection.pipeline(), connection.cursor(row_factory=class_row(Seen)) as cursor:
        await connection.execute(
            "select set_config('ahadi.person', coalesce((select (case when acts_until > %(now)s then acts_as"
            " else person_id end)::text from session where hash = %(hash)s"
            " and revoked_at is null and expires_at > %(now)s), ''), true)",
            valid,
        )
        await cursor.execute(
            "select s.id, s.person_id, s.made_at, s.seen_at, s.confined_to, s.acting_id, s.acts_as, s.acts_in,"
            " s.acts_until, m.organisation_id, m.roles from session s join person p on p.id = s.person_id and p.active"
            " left join (membership m join organisation o on o.id = m.organisation_id"
            " join person q on q.id = m.person_id and q.active)"
            " on m.person_id = case when s.acts_until > %(now)s then s.acts_as else s.person_id end and m.active"
            f" and (s.acts_until is null or s.acts_until <= %(now)s or m.organisation_id = s.acts_in) and {ADMITTED}"
            " where s.hash = %(hash)s and s.revoked_at is null and s.expires_at > %(now)s order by o.id",
            valid,
        )
        rows = await cursor.fetchall()
    if not rows:
        return None
    return rows[0], [Membership(each.organisation_id, tuple(each.roles or ())) for each in rows if each.organisation_id]


async def roles_in(connection: AsyncConnection[object], person_id: UUID, organisation_id: UUID) -> tuple[str, ...]:
    """The roles of somebody in an organisation, asked before any organisation is set."""
    asked = {"person_id": person_id, "organisation_id": organisation_id}
    async with connection.pipeline():
        await connection.execute("select set_config('ahadi.person', %(person_id)s::text, true)", asked)
        cursor = await connection.execute(
            "select roles from membership where person_id = %(person_id)s and organisation_id = %(organisation_id)s"
            " and active",
            asked,
        )
        row = await cursor.fetchone()
    return tuple(row[0]) if row else ()  # type: ignore[index]  # a plain tuple


async def extend_session(
    connection: AsyncConnection[object], session_id: UUID, now: datetime, expires_at: datetime
) -> None:
    await connection.execute(
        "update session set seen_at = %(now)s, expires_at = %(expires_at)s where id = %(id)s and revoked_at is null",
        {"id": session_id, "now": now, "expires_at": expires_at},
    )


async def stop_acting(connection: AsyncConnection[object], session_id: UUID) -> None:
    """The session's person is themselves again."""
    await connection.execute(
        "update session set acting_id = null, acts_as = null, acts_in = null, acts_until = null where id = %(id)s",
        {"id": session_id},
    )


async def roles_by_session(
    work: Work, organisation_id: UUID, session_ids: Sequence[UUID]
) -> dict[UUID, tuple[UUID, list[str]]]:
    """Who those of the sessions that are still in force are in the organisation, and with which roles."""
    rows = await work.rows(
        "select s.id, m.person_id, m.roles from session s join person p on p.id = s.person_id and p.active"
        " join organisation o on o.id = %(organisation_id)s"
        " join membership m on m.organisation_id = o.id and m.active"
        " and m.person_id = case when s.acts_until > %(now)s then s.acts_as else s.person_id end"
        " and (s.acts_until is null or s.acts_until <= %(now)s or s.acts_in = o.id)"
        f" where s.id = any(%(ids)s) and s.revoked_at is null and s.expires_at > %(now)s and {ADMITTED}",
        {"organisation_id": organisation_id, "ids": list(session_ids), "now": work.real_now},
    )
    return {each["id"]: (each["person_id"], each["roles"]) for each in rows}


async def act_as(
    work: Work, session_id: UUID, acting_id: UUID, person_id: UUID, organisation_id: UUID, until: datetime
) -> bool:
    """Have the session's person act in another's name; false when they do already, or the session has ended."""
    began = await work.value(
        "update session set acting_id = %(acting_id)s, acts_as = %(person_id)s, acts_in = %(organisation_id)s,"
        " acts_until = %(until)s where id = %(id)s and revoked_at is null"
        " and (acts_until is null or acts_until <= %(now)s) returning true",
        {
            "id": session_id,
            "acting_id": acting_id,
            "person_id": person_id,
            "organisation_id": organisation_id,
            "until": until,
            "now": work.real_now,
        },
    )
    return bool(began)


async def acting_of(work: Work, session_id: UUID | None) -> tuple[UUID, UUID] | None:
    """Which acting in another's name a session is in, and in which organisation."""
    row = await work.row(
        "select acting_id, acts_in from session where id = %(id)s and acting_id is not null", {"id": session_id}
    )
    return (row["acting_id"], row["acts_in"]) if row else None


async def confined_to(work: Work, session_id: UUID | None) -> UUID | None:
    """The organisation whose provider signed the session in, where it was one."""
    found: UUID | None = await work.value("select confined_to from session where id = %(id)s", {"id": session_id})
    return found


async def device_of(work: Work, session_id: UUID | None) -> UUID | None:
    """The browser a session is held by."""
    found: UUID | None = await work.value("select device_id from session where id = %(id)s", {"id": session_id})
    return found


async def made_at(work: Work, session_id: UUID | None) -> datetime | None:
    """When the session began, by real time."""
    found: datetime | None = await work.value("select made_at from session where id = %(id)s", {"id": session_id})
    return found
