"""Telling a customer something by a template: which channel, which words, checked, and queued or held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid
from ahadi.base.ids import uuid7
from ahadi.contacts import actions, chat_store, chats, template_store
from ahadi.contacts.channel_store import channel_settings
from ahadi.contacts.chat_store import Chat
from ahadi.contacts.chats import CHAT
from ahadi.contacts.checks import Draft, Links, Reach, check_message, stops
from ahadi.contacts.default_templates import SAME_WORDS, default_template
from ahadi.contacts.model import Attached, Enclosure, Writing
from ahadi.contacts.quiet import may_send_at
from ahadi.contacts.template_store import TemplateRow
from ahadi.contacts.templates import CompiledTemplate, Unfilled, compile_template, render
from ahadi.contacts.variables import Value
from ahadi.customers import Customer
from ahadi.directory import read_directory
from ahadi.platform.database import Work
from ahadi.platform.files import keep_file

PAGE = "web"  # the customer's own page: always there, also for somebody without an address


@dataclass(frozen=True, slots=True)
class Telling:
    """What to tell whom. `channel` is the one the customer used; `zone` the organisation's.

    One message goes out per `intent`, however often this is asked for; `fresh` as in Writing. `sender` is the
    organisation's own address. What is `enclosed` goes along where the message is a mail.
    """

    slug: str
    case_id: UUID
    customer: Customer
    channel: str
    language: str
    zone: str
    intent: str
    values: Mapping[str, Value]
    sender: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    enclosed: tuple[Enclosure, ...] = ()


async def tell(work: Work, organisation_id: UUID, telling: Telling) -> UUID | None:
    """Queue the message, or hold it for a person when a variable has no value or a check stops it.

    Its id; None when this intent was told before.
    """
    channel, recipient = await way_open(work, organisation_id, telling.customer, telling.channel)
    compiled = await template_in_force(work, organisation_id, telling.slug, channel, telling.language)
    zone = ZoneInfo(telling.customer.zone or telling.zone)
    rendered = render(compiled, telling.values, telling.language, zone)
    missing: tuple[str, ...] = ()
    failure: str | None = None
    subject, body, html = "", "", ""
    if isinstance(rendered, Unfilled):
        # Leftovers are pieces of text and may name somebody: only their kind is kept.
        missing, failure = rendered.missing, "placeholder" if rendered.leftovers else None
        body = telling.slug
    else:
        subject, body, html = rendered.subject, rendered.text, rendered.html
        failure = _first_stop(channel, recipient, subject, body, html, telling)
    quiet = telling.customer.quiet_from, telling.customer.quiet_until
    writing = Writing(
        channel=channel,
        case_id=telling.case_id,
        customer_id=telling.customer.id,
        recipient=recipient,
        body=body,
        intent=telling.intent,
        subject=subject or None,
        html=html or None,
        sender=telling.sender or None,
        template=telling.slug,
        automatic=True,
        not_before=work.now if channel == PAGE else may_send_at(work.now, *quiet, zone),
        missing=missing,
        failure=failure,
        headers=dict(telling.headers),
        attachments=await _kept(work, organisation_id, telling) if channel == "email" else (),
        fresh=telling.fresh,
    )
    return writing.id if await actions.write(work.as_installation(organisation_id), organisation_id, writing) else None


async def _kept(work: Work, organisation_id: UUID, telling: Telling) -> tuple[Attached, ...]:
    inside = work.as_installation(organisation_id)
    return tuple(
        [
            Attached(await keep_file(inside, organisation_id, each.data, each.media_type), each.name)
            for each in telling.enclosed
        ]
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent writes to a customer about a case. `undo` is how long it may still be taken back, in real time."""

    case_id: UUID
    reference: str
    customer: Customer
    channel: str
    text: str
    subject: str = ""
    sender: str = ""
    attachments: tuple[Attached, ...] = ()
    links: tuple[str, ...] = ()
    undo: timedelta = timedelta(0)


class MessageRefused(Invalid):
    """The message cannot go out as it is written; `findings` says what to put right."""

    code = "message-refused"


async def reply(work: Work, organisation_id: UUID, written: Reply) -> UUID:
    """Queue what an agent wrote; its id. Raises MessageRefused naming what a check found.

    By `chat` it stands in the customer's window at once, where one is open; else it goes by the way that is open.
    """
    chat = await _chat(work, organisation_id, written)
    if chat is not None:
        channel, recipient = CHAT, str(chat.id)
    else:
        channel, recipient = await way_open(work, organisation_id, written.customer, written.channel)
    subject = written.subject or (f"About your request {written.reference}" if channel == "email" else "")
    links = Links(issued=written.links, alive=lambda link: link in written.links)
    reach = Reach(unsubscribed=written.customer.consents_to(channel) is False)
    findings = check_message(Draft(channel, recipient, written.text, subject), reach, links)
    wrong = [each for each in findings if each.severity == "stop"]
    if wrong:
        raise MessageRefused(wrong[0].sentence, findings=[{"code": f.code, "sentence": f.sentence} for f in wrong])
    writing = Writing(
        channel=channel,
        case_id=written.case_id,
        customer_id=written.customer.id,
        recipient=recipient,
        body=written.text.strip(),
        intent=f"reply:{uuid7()}",
        subject=subject or None,
        sender=written.sender or None,
        held_until=None if chat else work.real_now + written.undo,
        attachments=written.attachments,
    )
    await actions.write(work, organisation_id, writing)
    if chat is not None:
        await chats.answer(work, chat, writing)
    return writing.id


async def _chat(work: Work, organisation_id: UUID, written: Reply) -> Chat | None:
    """The window a reply by chat goes to, while there is one; else it goes by the way that is open."""
    if written.channel != CHAT:
        return None
    return await chat_store.open_chat_of_case(work, organisation_id, written.case_id)


async def way_open(work: Work, organisation_id: UUID, customer: Customer, used: str) -> tuple[str, str]:
    """The way to a customer that is open: not a text message where there is no gateway, and an address to write to."""
    channel, recipient = way_to(customer, used)
    other = customer.reach("email") and customer.consents_to("email") is not False
    if channel == "sms" and other and await channel_settings(work, organisation_id, "sms") is None:
        return way_to(customer, used, without="sms")
    return channel, recipient


def way_to(customer: Customer, used: str, *, without: str = "") -> tuple[str, str]:
    """The channel and address to write to: preferred, then the one used, then e-mail, SMS, the customer's own page.

    A channel that the customer refused is not used, nor the one named in `without`.
    """
    email, phone = customer.reach("email"), customer.reach("phone")
    addresses = {"email": email.shown if email else "", "sms": phone.value if phone else ""}
    usual = {"phone": "sms"}.get(used, used)
    for channel in (customer.preferred_channel or usual, usual, "email", "sms"):
        if addresses.get(channel) and channel != without and customer.consents_to(channel) is not False:
            return channel, addresses[channel]
    return PAGE, str(customer.id)


_words: dict[tuple[UUID, str], tuple[int, list[TemplateRow]]] = {}


async def template_in_force(
    work: Work, organisation_id: UUID, slug: str, channel: str, language: str
) -> CompiledTemplate:
    """The organisation's own words in the language, or else the product's. Raises NoSuchTemplate."""
    directory = await read_directory(work, organisation_id)
    version, rows = _words.get((organisation_id, slug), (0, []))
    if version != directory.organisation.version:  # every change of a template raises it
        version, rows = (
            directory.organisation.version,
            await template_store.templates_in_force(work, organisation_id, slug),
        )
        _words[organisation_id, slug] = version, rows
    own = {(row.channel, row.language): row for row in rows}
    for spoken in (language, language.replace("_", "-").split("-")[0]):
        for way in (channel, SAME_WORDS.get(channel, channel)):
            if (way, spoken) in own:
                row = own[way, spoken]
                return compile_template(row.subject, row.body, channel)
    return default_template(slug, channel, language).compiled()


def _first_stop(channel: str, recipient: str, subject: str, body: str, html: str, telling: Telling) -> str | None:
    issued = telling.values.get("case.status_link")
    links = Links(issued=[issued] if isinstance(issued, str) else [], alive=lambda link: link == issued)
    reach = Reach(unsubscribed=telling.customer.consents_to(channel) is False)
    findings = check_message(Draft(channel, recipient, body, subject, html), reach, links)
    return next(each.code for each in findings if each.severity == "stop") if stops(findings) else None
