"""The SQL of following a journal: how far each follower has read, by organisation."""

from uuid import UUID

from ahadi.platform.database import Work


async def lock_cursor(work: Work, organisation_id: UUID, name: str) -> str | None:
    """How far a follower has read, held until the end of the transaction; None when another process holds it."""
    cursor: str | None = await work.value(
        "select cursor from journal_follower where organisation_id = %(organisation_id)s and name = %(name)s"
        " for update skip locked",
        {"organisation_id": organisation_id, "name": name},
    )
    return cursor


async def begin_following(work: Work, organisation_id: UUID, name: str, cursor: str) -> None:
    """Read from this cursor, unless the follower has begun already."""
    await work.execute(
        "insert into journal_follower (organisation_id, name, cursor)"
        " values (%(organisation_id)s, %(name)s, %(cursor)s) on conflict do nothing",
        {"organisation_id": organisation_id, "name": name, "cursor": cursor},
    )


async def move_cursor(work: Work, organisation_id: UUID, name: str, cursor: str) -> None:
    await work.execute(
        "update journal_follower set cursor = %(cursor)s"
        " where organisation_id = %(organisation_id)s and name = %(name)s",
        {"organisation_id": organisation_id, "name": name, "cursor": cursor},
    )
