"""Canned replies: words an organisation keeps ready, with the variables of templates, for any channel."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from uuid import UUID

from ahadi.base.errors import Invalid, NotFound
from ahadi.contacts import canned_store
from ahadi.contacts.canned_store import CannedReply
from ahadi.contacts.templates import Rendered, Unfilled, compile_template, render
from ahadi.contacts.variables import Value
from ahadi.platform.database import Work

_ANY_CHANNEL = "web"  # words alone: no subject, no HTML, nothing that one channel has and another has not
_SLUG, _LANGUAGE = re.compile("[a-z0-9][a-z0-9-]{0,40}"), re.compile("[a-z]{2,3}")


def check_words(body: str) -> None:
    """Raises TemplateRefused naming each line that no template may hold."""
    compile_template(None, body, _ANY_CHANNEL)


def fill_words(body: str, values: Mapping[str, Value], language: str, zone: tzinfo) -> Rendered | Unfilled:
    """The words with their variables filled, or what is missing."""
    return render(compile_template(None, body, _ANY_CHANNEL), values, language, zone)


async def canned_replies(work: Work, organisation_id: UUID) -> list[CannedReply]:
    """Everything kept ready, by slug and language."""
    work.permit(organisation_id, "case.work")
    return await canned_store.canned_replies(work, organisation_id)


async def save_canned(work: Work, organisation_id: UUID, slug: str, language: str, body: str) -> None:
    """Keep words ready under a slug, in place of what stood there. Raises Invalid, TemplateRefused."""
    work.permit(organisation_id, "templates.edit")
    if not _SLUG.fullmatch(slug):
        raise Invalid("Name it with small letters, digits and hyphens, such as on-the-way.", field="slug")
    if not _LANGUAGE.fullmatch(language):
        raise Invalid("Say in which language it is, such as en or sw.", field="language")
    check_words(body)
    await canned_store.put_canned(work, organisation_id, slug, language, body.strip())
    work.record("canned.saved", organisation_id, slug=slug, language=language)


async def delete_canned(work: Work, organisation_id: UUID, slug: str, language: str) -> None:
    """Keep these words no longer. Raises NotFound."""
    work.permit(organisation_id, "templates.edit")
    if not await canned_store.delete_canned(work, organisation_id, slug, language):
        raise NotFound("There is no such canned reply.")
    work.record("canned.deleted", organisation_id, slug=slug, language=language)
