"""The SQL of acting in another's name: each time somebody did, with the reason they gave."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Acting:
    """One time that `actor_id` acted in the name of `person_id`. Times are real time."""

    organisation_id: UUID
    id: UUID
    person_id: UUID
    actor_id: UUID
    reason: str
    began_at: datetime
    ends_at: datetime
    ended_at: datetime | None


_ACTING = "select organisation_id, id, person_id, actor_id, reason, began_at, ends_at, ended_at from acting"


async def add_acting(work: Work, acting: Acting) -> None:
    await work.execute(
        "insert into acting (organisation_id, id, person_id, actor_id, reason, began_at, ends_at) values"
        " (%(organisation_id)s, %(id)s, %(person_id)s, %(actor_id)s, %(reason)s, %(began_at)s, %(ends_at)s)",
        {
            "organisation_id": acting.organisation_id,
            "id": acting.id,
            "person_id": acting.person_id,
            "actor_id": acting.actor_id,
            "reason": acting.reason,
            "began_at": acting.began_at,
            "ends_at": acting.ends_at,
        },
    )


async def acting(work: Work, organisation_id: UUID, acting_id: UUID) -> Acting | None:
    return await work.one(
        Acting,
        f"{_ACTING} where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": organisation_id, "id": acting_id},
    )


async def end_acting(work: Work, organisation_id: UUID, acting_id: UUID, at: datetime) -> bool:
    """Note when it ended; false when that is noted."""
    ended = await work.value(
        "update acting set ended_at = %(at)s where organisation_id = %(organisation_id)s and id = %(id)s"
        " and ended_at is null returning true",
        {"organisation_id": organisation_id, "id": acting_id, "at": at},
    )
    return bool(ended)


async def actings(work: Work, organisation_id: UUID, person_id: UUID | None, limit: int) -> list[Acting]:
    """When somebody acted in another's name, in that of one person or of anybody, the latest first."""
    return await work.all(
        Acting,
        f"{_ACTING} where organisation_id = %(organisation_id)s"
        " and (%(person_id)s::uuid is null or person_id = %(person_id)s) order by began_at desc, id limit %(limit)s",
        {"organisation_id": organisation_id, "person_id": person_id, "limit": limit},
    )
