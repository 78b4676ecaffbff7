"""The SQL of templates: versions per organisation, channel and language, one of each in force."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.platform.database import Work


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One version of a template of an organisation; `active` is the one in force."""

    slug: str
    channel: str
    language: str
    version: int
    subject: str | None
    body: str
    active: bool
    made_at: datetime
    made_by: UUID | None


_TEMPLATE = "slug, channel, language, version, subject, body, active, made_at, made_by"


async def templates_in_force(work: Work, organisation_id: UUID, slug: str | None = None) -> list[TemplateRow]:
    return await work.all(
        TemplateRow,
        f"select {_TEMPLATE} from template where organisation_id = %(organisation_id)s and active"
        + (" and slug = %(slug)s" if slug else "")
        + " order by slug, channel, language",
        {"organisation_id": organisation_id, "slug": slug},
    )


async def versions_of(work: Work, organisation_id: UUID, slug: str, channel: str, language: str) -> list[TemplateRow]:
    """Every version of one template, newest first."""
    return await work.all(
        TemplateRow,
        f"select {_TEMPLATE} from template where organisation_id = %(organisation_id)s and slug = %(slug)s"
        " and channel = %(channel)s and language = %(language)s order by version desc limit 100",
        {"organisation_id": organisation_id, "slug": slug, "channel": channel, "language": language},
    )


async def hold_template(work: Work, organisation_id: UUID, slug: str, channel: str, language: str) -> int:
    """Let nobody else save this template until the end of the work; the version in force, 0 for the product's."""
    await work.execute("lock table template in share row exclusive mode")
    version: int | None = await work.value(
        "select version from template where organisation_id = %(organisation_id)s and slug = %(slug)s"
        " and channel = %(channel)s and language = %(language)s and active",
        {"organisation_id": organisation_id, "slug": slug, "channel": channel, "language": language},
    )
    return version or 0


async def insert_template(
    work: Work, organisation_id: UUID, slug: str, channel: str, language: str, subject: str | None, body: str
) -> int:
    """A new version of a template, in force from now; its number."""
    key = {"organisation_id": organisation_id, "slug": slug, "channel": channel, "language": language}
    await work.execute(
        "update template set active = false where organisation_id = %(organisation_id)s and slug = %(slug)s"
        " and channel = %(channel)s and language = %(language)s and active",
        key,
    )
    version: int = await work.value(
        "insert into template (organisation_id, slug, channel, language, version, subject, body, made_by, made_at)"
        " select %(organisation_id)s, %(slug)s, %(channel)s, %(language)s, coalesce(max(version), 0) + 1, %(subject)s,"
        " %(body)s, %(made_by)s, %(now)s from template where organisation_id = %(organisation_id)s"
        " and slug = %(slug)s and channel = %(channel)s and language = %(language)s returning version",
        key | {"subject": subject, "body": body, "made_by": work.actor.person_id, "now": work.now},
    )
    return version


async def retire_template(work: Work, organisation_id: UUID, slug: str, channel: str, language: str) -> bool:
    """Whether one was in force until now."""
    retired = await work.value(
        "update template set active = false where organisation_id = %(organisation_id)s and slug = %(slug)s"
        " and channel = %(channel)s and language = %(language)s and active returning true",
        {"organisation_id": organisation_id, "slug": slug, "channel": channel, "language": language},
    )
    return bool(retired)
