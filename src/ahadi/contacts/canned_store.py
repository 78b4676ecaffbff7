"""The SQL of canned replies."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class CannedReply:
    """Words kept ready in one language. `changed_at` is business time, UTC."""

    slug: str
    language: str
    body: str
    changed_at: datetime


async def canned_replies(work: Work, organisation_id: UUID) -> list[CannedReply]:
    return await work.all(
        CannedReply,
        "select slug, language, body, changed_at from canned_reply where organisation_id = %(organisation_id)s"
        " order by slug, language limit 1000",
        {"organisation_id": organisation_id},
    )


async def put_canned(work: Work, organisation_id: UUID, slug: str, language: str, body: str) -> None:
    await work.execute(
        "insert into canned_reply (organisation_id, slug, language, body, changed_by, changed_at) values"
        " (%(organisation_id)s, %(slug)s, %(language)s, %(body)s, %(by)s, %(now)s)"
        " on conflict (organisation_id, slug, language) do update"
        " set body = excluded.body, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        {
            "organisation_id": organisation_id,
            "slug": slug,
            "language": language,
            "body": body,
            "by": work.actor.person_id,
            "now": work.now,
        },
    )


async def delete_canned(work: Work, organisation_id: UUID, slug: str, language: str) -> bool:
    """Whether there was one."""
    gone = await work.value(
        "delete from canned_reply where organisation_id = %(organisation_id)s and slug = %(slug)s"
        " and language = %(language)s returning true",
        {"organisation_id": organisation_id, "slug": slug, "language": language},
    )
    return bool(gone)
