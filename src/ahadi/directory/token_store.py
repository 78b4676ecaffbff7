"""The SQL of tokens. The table is read before any organisation is known, so it has no row-level security."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Token:
    """A program's access to one organisation."""

    id: UUID
    organisation_id: UUID
    name: str
    scopes: Sequence[str]
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = None  # the last use, a few minutes coarse


_COLUMNS: LiteralString = "id, organisation_id, name, scopes, made_at, expires_at, revoked_at, used_at"
IN_FORCE: LiteralString = (
    " from token where hash = %(token_hash)s and revoked_at is null"
    " and (expires_at is null or expires_at > %(token_now)s)"
)
"""Whether a token is in force: what a Standing asks."""


async def token_in_force(connection: AsyncConnection[object], hashed: bytes, now: datetime) -> Token | None:
    """The token with this hash, unless it was revoked or has expired."""
    async with connection.cursor(row_factory=class_row(Token)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS}{IN_FORCE}",
            {"token_hash": hashed, "token_now": now},
        )
        return await cursor.fetchone()


async def tokens_in_force(work: Work, token_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the tokens that were neither revoked nor have expired."""
    rows = await work.rows(
        "select id from token where id = any(%(ids)s) and revoked_at is null"
        " and (expires_at is null or expires_at > %(now)s)",
        {"ids": list(token_ids), "now": work.real_now},
    )
    return {each["id"] for each in rows}


async def add_token(work: Work, token: Token, hashed: bytes, made_by: UUID | None) -> None:
    await work.execute(
        "insert into token (id, hash, organisation_id, name, scopes, made_by, made_at, expires_at) values"
        " (%(id)s, %(hash)s, %(organisation_id)s, %(name)s, %(scopes)s, %(made_by)s, %(made_at)s, %(expires_at)s)",
        {
            "id": token.id,
            "hash": hashed,
            "organisation_id": token.organisation_id,
            "name": token.name,
            "scopes": list(token.scopes),
            "made_by": made_by,
            "made_at": token.made_at,
            "expires_at": token.expires_at,
        },
    )


async def tokens(work: Work, organisation_id: UUID, after: UUID | None, limit: int) -> list[Token]:
    """An organisation's tokens, the newest first."""
    return await work.all(
        Token,
        f"select {_COLUMNS} from token"
        " where organisation_id = %(organisation_id)s and (%(after)s::uuid is null or id < %(after)s)"
        " order by id desc limit %(limit)s",
        {"organisation_id": organisation_id, "after": after, "limit": limit},
    )


async def note_use(connection: AsyncConnection[object], token_id: UUID, now: datetime) -> None:
    """The token was used now."""
    await connection.execute("update token set used_at = %(now)s where id = %(id)s", {"id": token_id, "now": now})


async def revoke_token(work: Work, organisation_id: UUID, token_id: UUID) -> bool:
    revoked = await work.value(
        "update token set revoked_at = coalesce(revoked_at, %(now)s)"
        " where organisation_id = %(organisation_id)s and id = %(id)s returning true",
        {"organisation_id": organisation_id, "id": token_id, "now": work.real_now},
    )
    return bool(revoked)
