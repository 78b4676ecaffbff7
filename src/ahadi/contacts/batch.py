"""One message to many: to everybody or to nobody.

Where one message has nothing to say for a variable, or a check of its channel stops it, all of the batch wait, held,
until a person has mended or cancelled each such message; then the others leave by themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from ahadi.base.errors import Invalid
from ahadi.contacts import actions, batch_store
from ahadi.contacts.batch_store import WAITS, InBatch
from ahadi.contacts.checks import Draft, Links, Purpose, Reach, check_message
from ahadi.contacts.model import Writing
from ahadi.contacts.quiet import may_send_at
from ahadi.contacts.telling import PAGE, template_in_force, way_open
from ahadi.contacts.templates import (
    Batch,
    CompiledTemplate,
    Recipient,
    Rendered,
    Unfilled,
    compile_template,
    render_batch,
)
from ahadi.contacts.variables import Value
from ahadi.customers import Customer
from ahadi.platform.database import Work

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Addressee:
    """One of many. `used` is the channel to prefer where the customer prefers none; `links` are ours for them."""

    customer: Customer
    case_id: UUID | None
    used: str
    language: str
    values: Mapping[str, Value]
    label: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToMany:
    """A message to many: the words of a template by its slug, or words written for the occasion.

    One message goes to each customer under one `id`, however often this is asked for.
    """

    id: UUID
    addressees: Sequence[Addressee]
    zone: str
    slug: str | None = None
    subject: str = ""
    body: str = ""
    sender: str = ""
    purpose: Purpose = "own-case"


@dataclass(frozen=True, slots=True)
class BatchState:
    """Where a batch stands. `sentence` says what waits for whom."""

    id: UUID
    messages: tuple[InBatch, ...]
    written: int
    sentence: str

    @property
    def unresolved(self) -> tuple[InBatch, ...]:
        return tuple(each for each in self.messages if each.unresolved)


async def write_batch(work: Work, organisation_id: UUID, to_many: ToMany) -> BatchState:
    """Queue a message for each, or hold all of them where one is not complete. Locks the batch.

    Raises Invalid for nobody or too many, TemplateRefused for words that cannot be a template.
    """
    work.permit(organisation_id, "messages.settle")
    if not 0 < len(to_many.addressees) <= MOST:
        raise Invalid(f"Choose between 1 and {MOST:,} customers.")
    if bool(to_many.slug) == bool(to_many.body.strip()):
        raise Invalid("Either name a template, or write the message; not both.")
    before = await batch_store.messages_of_batch(work, organisation_id, to_many.id, lock=True)
    prepared = await _prepare(work, organisation_id, to_many, _new(to_many, before))
    batch = _rendered(to_many, prepared)
    complete = not batch.unresolved and not any(each.unresolved for each in before)
    inside = work.as_installation(organisation_id)
    by_key = {str(each.addressee.customer.id): each for each in prepared}
    outcomes: list[tuple[Recipient, Rendered | Unfilled]] = [*batch.ready, *batch.unresolved]
    for recipient, outcome in outcomes:
        writing = by_key[recipient.key].writing(to_many, work.now, outcome)
        if not complete and isinstance(outcome, Rendered):
            writing = replace(writing, failure=WAITS)
        await actions.write(inside, organisation_id, writing)
    if prepared:
        work.record(
            "batch.written",
            organisation_id,
            subject_id=to_many.id,
            messages=len(prepared),
            unresolved=len(batch.unresolved),
            template=to_many.slug,
        )
    after = await batch_store.messages_of_batch(work, organisation_id, to_many.id)
    sentence = batch.sentence if prepared else "All of them have this message already; nothing was written."
    return BatchState(to_many.id, tuple(after), len(prepared), sentence)


def _new(to_many: ToMany, before: Sequence[InBatch]) -> list[Addressee]:
    """Those who have no message of this batch yet, each once."""
    reached = {each.customer_id for each in before}
    people = {each.customer.id: each for each in to_many.addressees if each.customer.erased_at is None}
    return [each for each in people.values() if reached.isdisjoint(each.customer.ids)]


async def batch_state(work: Work, organisation_id: UUID, batch_id: UUID) -> BatchState:
    """Where a batch stands; without messages when there is no such batch."""
    work.permit(organisation_id, "messages.settle")
    messages = await batch_store.messages_of_batch(work, organisation_id, batch_id)
    unresolved = sum(each.unresolved for each in messages)
    sentence = f"{unresolved} of {len(messages)} messages must be completed before the others leave."
    return BatchState(batch_id, tuple(messages), 0, sentence if unresolved else "Nothing waits for a person.")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Somebody with the way to them and the words that fit it."""

    addressee: Addressee
    channel: str
    recipient: str
    template: CompiledTemplate
    zone: ZoneInfo

    def writing(self, to_many: ToMany, now: datetime, outcome: Rendered | Unfilled) -> Writing:
        customer = self.addressee.customer
        words = outcome if isinstance(outcome, Rendered) else None
        unfilled = outcome if isinstance(outcome, Unfilled) else Unfilled()
        return Writing(
            channel=self.channel,
            case_id=self.addressee.case_id,
            customer_id=customer.id,
            recipient=self.recipient,
            body=words.text if words else to_many.body or to_many.slug or "",
            intent=f"batch:{to_many.id}:{customer.id}",
            subject=(words.subject if words else to_many.subject) or None,
            sender=to_many.sender or None,
            template=to_many.slug,
            automatic=True,
            not_before=_not_before(customer, self.channel, now, self.zone),
            missing=unfilled.missing,
            # Leftovers of a rendered text may name somebody; codes of checks do not.
            failure=_code(unfilled),
        )

    def check(self, rendered: Rendered, purpose: Purpose) -> Unfilled | None:
        """What a check of the channel says against it, as something to be put right."""
        customer, links = self.addressee.customer, self.addressee.links
        consent = customer.consents_to(self.channel)
        reach = Reach({True: "given", False: "refused", None: "unknown"}[consent], unsubscribed=consent is False)  # type: ignore[arg-type]
        draft = Draft(self.channel, self.recipient, rendered.text, rendered.subject, purpose=purpose)
        found = check_message(draft, reach, Links(issued=links, alive=lambda link: link in links))
        wrong = next((each.code for each in found if each.severity == "stop"), None)
        return Unfilled(leftovers=(_CHECKED + wrong,)) if wrong else None


_CHECKED = "check: "


def _code(unfilled: Unfilled) -> str | None:
    if not unfilled.leftovers:
        return None
    first = unfilled.leftovers[0]
    return first.removeprefix(_CHECKED) if first.startswith(_CHECKED) else "placeholder"


def _not_before(customer: Customer, channel: str, now: datetime, zone: ZoneInfo) -> datetime:
    return now if channel == PAGE else may_send_at(now, customer.quiet_from, customer.quiet_until, zone)


async def _prepare(
    work: Work, organisation_id: UUID, to_many: ToMany, addressees: Sequence[Addressee]
) -> list[_Prepared]:
    templates: dict[tuple[str, str], CompiledTemplate] = {}
    prepared = []
    for each in addressees:
        channel, recipient = await way_open(work, organisation_id, each.customer, each.used)
        if (channel, each.language) not in templates:
            templates[channel, each.language] = (
                await template_in_force(work, organisation_id, to_many.slug, channel, each.language)
                if to_many.slug
                else compile_template(to_many.subject if channel == "email" else None, to_many.body, channel)
            )
        zone = ZoneInfo(each.customer.zone or to_many.zone)
        prepared.append(_Prepared(each, channel, recipient, templates[channel, each.language], zone))
    return prepared


def _rendered(to_many: ToMany, prepared: Sequence[_Prepared]) -> Batch:
    """Everybody's message rendered and checked before anybody's is written."""
    ready: list[tuple[Recipient, Rendered]] = []
    unresolved: list[tuple[Recipient, Unfilled]] = []
    for template in {each.template.digest: each.template for each in prepared}.values():
        theirs = {str(each.addressee.customer.id): each for each in prepared if each.template.digest == template.digest}
        recipients = [
            Recipient(key, each.addressee.label, each.addressee.values, each.addressee.language, each.zone)
            for key, each in theirs.items()
        ]
        batch = render_batch(template, recipients)
        unresolved += batch.unresolved
        for recipient, rendered in batch.ready:
            wrong = theirs[recipient.key].check(rendered, to_many.purpose)
            if wrong is None:
                ready.append((recipient, rendered))
            else:
                unresolved.append((recipient, wrong))
    return Batch(tuple(ready), tuple(unresolved))
