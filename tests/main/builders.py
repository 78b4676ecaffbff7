"""Organisations, people and tokens that are really there, and clients that are them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx

from ahadi.base.ids import uuid7
from ahadi.directory import token_store
from ahadi.platform.database import Actor, Database
from ahadi.platform.security import hash_password, hash_secret, new_secret

PASSWORD = "seven quiet herons"


@dataclass(frozen=True)
class Somebody:
    """A person who can sign in with `PASSWORD`."""

    id: UUID
    slug: str
    email: str
    organisations: tuple[UUID, ...]


async def organisation(database: Database, slug: str, prefix: str | None = None) -> UUID:
    organisation_id = uuid7()
    async with database.work(Actor.system([])) as work:
        await work.execute(
            "insert into organisation (id, slug, name, prefix, zone, country, languages, made_at) values"
            " (%(id)s, %(slug)s, %(slug)s, %(prefix)s, 'Africa/Nairobi', 'KE', '{en,sw}', %(now)s)",
            {"id": organisation_id, "slug": slug, "prefix": prefix or slug[:2].upper(), "now": work.real_now},
        )
    return organisation_id


async def somebody(
    database: Database, slug: str, organisations: Sequence[UUID], role: str = "agent", password: str | None = PASSWORD
) -> Somebody:
    person = Somebody(uuid7(), slug, f"{slug}@example.org", tuple(organisations))
    hashed = await hash_password(password) if password else None
    async with database.work(Actor.system(organisations)) as work:
        await work.execute(
            "insert into person (id, slug, name, email, made_at)"
            " values (%(id)s, %(slug)s, %(slug)s, %(email)s, %(now)s)",
            {"id": person.id, "slug": slug, "email": person.email, "now": work.real_now},
        )
        for each in organisations:
            await work.execute(
                "insert into membership (organisation_id, person_id, roles) values (%(o)s, %(p)s, %(roles)s)",
                {"o": each, "p": person.id, "roles": [role]},
            )
        if hashed:
            await work.execute(
                "insert into credential (person_id, password_hash, changed_at) values (%(id)s, %(hash)s, %(now)s)",
                {"id": person.id, "hash": hashed, "now": work.real_now},
            )
    return person


async def bearer(
    database: Database, organisation_id: UUID, scopes: Sequence[str] = ("all",), days: int = 30
) -> dict[str, str]:
    """The header of a new token."""
    secret = new_secret("aht")
    async with database.work(Actor.system([organisation_id])) as work:
        now = work.real_now
        token = token_store.Token(uuid7(), organisation_id, "test", list(scopes), now, now + timedelta(days=days), None)
        await token_store.add_token(work, token, hash_secret(secret), None)
    return {"Authorization": f"Bearer {secret}"}


async def sign_in(client: httpx.AsyncClient, person: Somebody, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Sign in as a browser does; the client keeps the cookie."""
    return await client.post(
        "/api/sign-in",
        json={"email": person.email, "password": password, **more},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
