"""An organisation's own words: saved as versions, previewed against real customers."""

import re
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi import customers
from ahadi.base.errors import Conflict, Invalid
from ahadi.contacts import template_store
from ahadi.contacts.checks import Draft, Links, check_message, preview
from ahadi.contacts.default_templates import default_templates
from ahadi.contacts.templates import Unfilled, compile_template, render
from ahadi.contacts.variables import greeting, sample_values
from ahadi.directory import raise_version, read_directory
from ahadi.platform.database import Work

_SLUG: Final = re.compile("[a-z][a-z0-9_]{0,40}")
_LANGUAGE: Final = re.compile("[a-z]{2,3}")


async def history_of(
    work: Work, organisation_id: UUID, slug: str, channel: str, language: str
) -> list[template_store.TemplateRow]:
    """The organisation's own versions of a message, newest first; the `active` one is in force."""
    work.permit(organisation_id, "templates.edit")
    return await template_store.versions_of(work, organisation_id, slug, channel, language)


async def templates_of(work: Work, organisation_id: UUID) -> list[dict[str, Any]]:
    """The words in force for each step, channel and language; `own` where the organisation wrote them."""
    work.permit(organisation_id, "templates.edit")
    own = {
        (row.slug, row.channel, row.language): row
        for row in await template_store.templates_in_force(work, organisation_id)
    }
    items = [
        {
            "slug": row.slug,
            "channel": row.channel,
            "language": row.language,
            "version": row.version,
            "subject": row.subject,
            "body": row.body,
            "own": True,
        }
        for row in own.values()
    ]
    items += [
        {
            "slug": each.step,
            "channel": each.channel,
            "language": each.language,
            "version": 0,
            "subject": each.subject or None,
            "body": each.body,
            "own": False,
        }
        for each in default_templates()
        if (each.step, each.channel, each.language) not in own
    ]
    return sorted(items, key=lambda item: (item["slug"], item["channel"], item["language"]))


class TemplateChanged(Conflict):
    """Somebody else saved this template since it was looked at; nothing was overwritten."""

    code = "template-changed"


async def save_template(
    work: Work,
    organisation_id: UUID,
    slug: str,
    channel: str,
    language: str,
    subject: str | None,
    body: str,
    seen: int | None = None,
) -> int:
    """A new version, in force at once; its number. Raises TemplateRefused naming each wrong line.

    Where `seen` is given, the version in force must be that one (0: the product's words). Raises TemplateChanged.
    """
    work.permit(organisation_id, "templates.edit")
    if not _SLUG.fullmatch(slug) or not _LANGUAGE.fullmatch(language):
        raise Invalid("Name the message with small letters and its language by a code, such as received and en.")
    compile_template(subject, body, channel)
    held = await template_store.hold_template(work, organisation_id, slug, channel, language)
    if seen is not None and held != seen:
        raise TemplateChanged("These words were changed meanwhile; look at them as they are now, then save again.")
    version = await template_store.insert_template(work, organisation_id, slug, channel, language, subject, body)
    await raise_version(work, organisation_id)
    work.record("template.saved", organisation_id, slug=slug, channel=channel, language=language, version=version)
    return version


async def retire_template(work: Work, organisation_id: UUID, slug: str, channel: str, language: str) -> None:
    """Take an organisation's own words out of force; the product's own are used again where there are any."""
    work.permit(organisation_id, "templates.edit")
    if await template_store.retire_template(work, organisation_id, slug, channel, language):
        await raise_version(work, organisation_id)
        work.record("template.retired", organisation_id, slug=slug, channel=channel, language=language)


async def preview_template(
    work: Work,
    organisation_id: UUID,
    channel: str,
    language: str,
    subject: str | None,
    body: str,
    customer_id: UUID | None,
) -> dict[str, Any]:
    """How a template reads for a customer, or with sample values; and what the checks of its channel find."""
    work.permit(organisation_id, "templates.edit")
    directory = await read_directory(work, organisation_id)
    values = sample_values() | {"organisation.name": directory.organisation.name}
    to = "+254700000000" if channel == "sms" else "somebody@example.org"
    zone = ZoneInfo(directory.organisation.zone)
    if customer_id is not None:
        customer = await customers.get_customer(work, organisation_id, customer_id)
        values |= {"customer.name": customer.name, "customer.greeting": greeting(customer.name, language)}
        zone = ZoneInfo(customer.zone or directory.organisation.zone)
        reach = customer.reach("phone" if channel == "sms" else "email")
        to = reach.value if reach else ""
    rendered = render(compile_template(subject, body, channel), values, language, zone)
    if isinstance(rendered, Unfilled):
        return {"may_be_sent": False, "missing": rendered.missing, "sentence": rendered.sentence}
    draft = Draft(channel, to, rendered.text, rendered.subject, rendered.html)
    link = str(values["case.status_link"])
    shown = preview(draft, check_message(draft, None, Links(issued=[link], alive=lambda each: each == link)), work.now)
    return {
        "may_be_sent": shown.may_be_sent,
        "subject": draft.subject,
        "text": draft.text,
        "findings": shown.findings,
        "sms": shown.sms,
    }
