"""The SQL of how an organisation looks to its customers."""

from dataclasses import dataclass
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class Logo:
    """An organisation's logo without its bytes. `digest` changes with them."""

    width: int
    height: int
    digest: str


async def logo_of(work: Work, organisation_id: UUID) -> Logo | None:
    return await work.one(
        Logo, "select width, height, digest from logo where organisation_id = %(id)s", {"id": organisation_id}
    )


async def logo_data(work: Work, organisation_id: UUID) -> bytes | None:
    data = await work.value("select data from logo where organisation_id = %(id)s", {"id": organisation_id})
    return bytes(data) if data is not None else None


async def put_logo(work: Work, organisation_id: UUID, data: bytes, logo: Logo) -> None:
    await work.execute(
        "insert into logo (organisation_id, data, width, height, digest, changed_by, changed_at) values"
        " (%(id)s, %(data)s, %(width)s, %(height)s, %(digest)s, %(by)s, %(now)s) on conflict (organisation_id)"
        " do update set data = excluded.data, width = excluded.width, height = excluded.height,"
        " digest = excluded.digest, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        {
            "id": organisation_id,
            "data": data,
            "width": logo.width,
            "height": logo.height,
            "digest": logo.digest,
            "by": work.actor.person_id,
            "now": work.now,
        },
    )


async def drop_logo(work: Work, organisation_id: UUID) -> bool:
    gone = await work.value(
        "delete from logo where organisation_id = %(id)s returning organisation_id", {"id": organisation_id}
    )
    return gone is not None
