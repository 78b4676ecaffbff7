"""A contact becomes a customer, a case, a holder and a promise: in one transaction, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from ahadi import cases, contacts, customers, promises, routing
from ahadi.base.errors import Invalid
from ahadi.base.text import one_line, slug
from ahadi.cases import Case, Holder, NewCase, Promised
from ahadi.contacts import Incoming
from ahadi.customers import Customer, Recognised
from ahadi.directory import Directory, read_directory
from ahadi.intake.model import Contacting, Join, Open, Reopen, is_escalated, place
from ahadi.platform.database import Work
from ahadi.promises import due_within
from ahadi.routing import Request, Routed


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a contact. `repeat` says that it joined a case that was there already."""

    contact_id: UUID
    customer: Customer
    case: Case
    repeat: bool


async def take_contact(work: Work, organisation_id: UUID, contacting: Contacting) -> Taken:
    """Take a contact in. Taken under the same `source_key` again, it is answered as it was and changes nothing.

    Locks the source key, so that one mail delivered twice at once is taken once; the customer, so that two contacts
    at once do not open two cases; then the case.
    """
    work.permit(organisation_id, "contact.create")
    inside = work.as_installation(organisation_id)
    if contacting.source_key:
        await contacts.hold_source(inside, organisation_id, contacting.source_key)
        already = await _taken_before(inside, organisation_id, contacting.source_key)
        if already is not None:
            return already
    directory = await read_directory(inside, organisation_id)
    contacting = replace(contacting, reason=slug(contacting.reason or "")[:60] or None)
    thread = await _thread(inside, contacting.thread)
    known = await _recognise(inside, directory, contacting)
    candidates: Sequence[Case] = ()
    if not known.created:
        await customers.hold_still(inside, organisation_id, known.customer.id)
        since = work.now - timedelta(days=directory.organisation.settings.reopen_days)
        candidates = await cases.cases_of_customers(inside, organisation_id, known.customer.ids, since)
    window = timedelta(days=directory.organisation.settings.reopen_days)
    placing = place(contacting, candidates, thread, window, work.now)
    match placing:
        case Join(case):
            return await _join(inside, directory, contacting, known, case)
        case Reopen(case):
            return await _join(inside, directory, contacting, known, case, reopen=True)
        case Open(beside):
            return await _open(inside, directory, contacting, known, beside)


async def _taken_before(work: Work, organisation_id: UUID, source_key: str) -> Taken | None:
    found = await contacts.contact_by_source(work, organisation_id, source_key)
    if found is None or found[1] is None:
        return None
    case = await cases.get_case(work, found[1])
    customer = await customers.get_customer(work, organisation_id, case.customer_id)
    return Taken(found[0], customer, case, case.contacts > 1)


async def _thread(work: Work, case_id: UUID | None) -> Case | None:
    """The case of a thread; where it was merged, the one it went into."""
    for _ in range(10):
        if case_id is None:
            return None
        case = await cases.get_case(work, case_id)
        if case.merged_into is None:
            return case
        case_id = case.merged_into
    return None


async def _recognise(work: Work, directory: Directory, contacting: Contacting) -> Recognised:
    if contacting.customer is not None:
        customer = await customers.get_customer(work, directory.organisation.id, contacting.customer)
        return Recognised(customer, False, contacting.customer, None)
    return await customers.recognise(
        work,
        directory.organisation.id,
        channel=contacting.channel,
        name=contacting.name,
        phone=contacting.phone,
        email=contacting.email,
        handle=contacting.handle,
        language=contacting.language,
        country=directory.organisation.country,
    )


def _incoming(contacting: Contacting, known: Recognised) -> Incoming:
    return Incoming(
        channel=contacting.channel,
        customer_id=known.known_as,
        body=contacting.text,
        subject=contacting.subject or None,
        html=contacting.html,
        sender=contacting.sender,
        recipient=contacting.recipient,
        source_key=contacting.source_key,
        automatic=contacting.automatic,
        headers=contacting.headers,
        attachments=contacting.attachments,
        id=contacting.id,
        message_id=contacting.message_id,
    )


# A new case --------------------------------------------------------------------------------------------------


async def _open(
    work: Work, directory: Directory, contacting: Contacting, known: Recognised, beside: UUID | None
) -> Taken:
    organisation = directory.organisation
    customer = known.customer
    language = _language(directory, contacting, customer)
    request = _request(directory, contacting, customer, language, work)
    routed = await routing.route(work, directory, request, chosen=contacting.department)
    promised = first_promise(directory, routed, contacting.reason, language, work)
    new = NewCase(
        customer_id=known.known_as,
        subject=contacting.subject or one_line(contacting.text, 120) or "–",
        holder=routed.holder,
        channel=contacting.channel,
        language=language,
        promise=promised,
        prefix=organisation.prefix,
        department_id=routed.department_id,
        reason=contacting.reason,
        priority=routed.priority,
        rule_id=routed.rule_id,
        linked_to=beside,
        fields=contacting.attributes,
    )
    case = await cases.open_case(work, organisation.id, new)
    await contacts.take_in(work, organisation.id, _incoming(contacting, known), case.id)
    await routing.remember(work, case.id, organisation.id, request, routed)
    if routed.holder.person:
        await promises.notify(work, organisation.id, routed.holder.person, "given", case.id, promised.id)
    if contacting.answer and not contacting.automatic:
        said = (promised.kind, promised.text, promised.due_at)
        await cases.tell_customer(
            work, directory, case, "received", about=contacting.id, promise=said, customer=customer, fresh=True
        )
    return Taken(contacting.id, customer, case, repeat=False)


def _language(directory: Directory, contacting: Contacting, customer: Customer) -> str:
    wanted = contacting.language or customer.language or directory.organisation.language
    return wanted.replace("_", "-").split("-")[0].lower()[:8]


def _request(directory: Directory, contacting: Contacting, customer: Customer, language: str, work: Work) -> Request:
    return routing.request_of(
        directory,
        at=work.now,
        channel=contacting.channel,
        reason=contacting.reason,
        language=language,
        customer=customer,
        place=contacting.place or customer.place or "",
        text=f"{contacting.subject}\n{contacting.text}",
        attributes=contacting.attributes,
    )


def first_promise(directory: Directory, routed: Routed, reason: str | None, language: str, work: Work) -> Promised:
    """What is promised first: as the rule says, else the reason, else the department."""
    default = directory.default_promise(routed.department_id, reason)
    kind = routed.promise_kind or default.kind
    within = routed.promise_within or default.within
    due_at = due_within(directory, within, routed.department_id, work.now)
    text = routed.promise_text or cases.promise_text(kind, language)
    return Promised(kind, routed.holder, due_at, text)


# A case that is there already --------------------------------------------------------------------------------


async def _join(
    work: Work,
    directory: Directory,
    contacting: Contacting,
    known: Recognised,
    found: Case,
    *,
    reopen: bool = False,
) -> Taken:
    organisation = directory.organisation
    case = await cases.lock_case(work, found.id)
    slug_ = "joined_repeat"
    if reopen and case.state == "resolved":
        case, slug_ = await _reopen(work, directory, case), "reopened"
    await contacts.take_in(work, organisation.id, _incoming(contacting, known), case.id)
    if contacting.automatic:
        return Taken(contacting.id, known.customer, case, repeat=True)
    case = await cases.join_contact(work, case, contacting.id)
    if case.holder.person:
        await promises.notify(work, organisation.id, case.holder.person, "contact", case.id)
    case = await _escalate_repeats(work, directory, case)
    if contacting.answer:
        await cases.tell_customer(
            work,
            directory,
            case,
            slug_,
            about=contacting.id,
            customer=known.customer,
            channel=contacting.channel,
            fresh=True,
        )
    return Taken(contacting.id, known.customer, case, repeat=True)


async def _reopen(work: Work, directory: Directory, case: Case) -> Case:
    holder = case.holder
    if holder.person and not directory.serves(holder.person) and case.department_id:
        holder = Holder(department=case.department_id)
    within = directory.organisation.settings.promise("update").within
    due_at = due_within(directory, within, case.department_id, work.now)
    promised = Promised("update", holder, due_at, cases.promise_text("reopened", case.language))
    return await cases.reopen_case(work, case.id, holder, promised)


async def _escalate_repeats(work: Work, directory: Directory, case: Case) -> Case:
    """The third contact (a setting) about one thing within the window brings it before the manager.

    A case escalated before, say for a broken promise, need not have reached the manager: who has no open promise on it
    makes one now.
    """
    settings = directory.organisation.settings
    manager = manager_of(directory, case.department_id)
    if case.escalated and (manager is None or any(each.owner.person == manager for each in case.open_promises)):
        return case
    await work.flush()
    since = work.now - timedelta(days=settings.repeat_days)
    count = await cases.recent_contacts_of(work, case.organisation_id, case.id, since)
    if not is_escalated(count, settings.repeat_threshold):
        return case
    return await escalate(work, directory, case, "repeat")


async def escalate(work: Work, directory: Directory, case: Case, why: str) -> Case:
    """Bring a case before its department's manager (or the organisation's), who promises a call in person."""
    manager = manager_of(directory, case.department_id)
    case = await cases.escalate_case(work, case.id, manager, why)
    if case.priority in ("low", "normal"):
        case = await cases.reclassify_case(work, case.id, priority="high")
    if manager is None:
        return case
    within = directory.organisation.settings.promise("callback").within
    due_at = due_within(directory, within, case.department_id, work.now)
    name = directory.name_of(manager)
    text = cases.promise_text("direct", case.language, name=name)
    case, made = await cases.make_promise(work, case.id, Promised("callback", Holder(person=manager), due_at, text))
    await promises.notify(work, case.organisation_id, manager, f"escalated:{why}", case.id, made.id)
    return case


def manager_of(directory: Directory, department_id: UUID | None) -> UUID | None:
    """Who decides for a department: its manager, else the organisation's, else the first of the on-call chain."""
    department = directory.departments.get(department_id or UUID(int=0))
    chain = directory.chain(department_id)
    wanted = (department.manager_id if department else None, directory.organisation.manager_id, *chain)
    return next((each for each in wanted if each and directory.serves(each)), None)


# Splitting ---------------------------------------------------------------------------------------------------


async def split_case(
    work: Work, reference: str, contact_ids: Sequence[UUID], subject: str, reason: str | None = None
) -> tuple[Case, Case]:
    """Make a case of its own from some of a case's contacts; routed anew. The old one and the new one."""
    case = await cases.lock_case(work, reference)
    if not contact_ids or not subject.strip():
        raise Invalid("Say which contacts go into the new case, and what it is about.")
    belonging = await contacts.contacts_of(work, case.organisation_id, case.id)
    if not set(contact_ids) <= set(belonging) or set(contact_ids) == set(belonging):
        raise Invalid("A part of the contacts of this case can be split off: neither others nor all of them.")
    directory = await read_directory(work, case.organisation_id)
    inside = work.as_installation(case.organisation_id)
    customer = await customers.get_customer(inside, case.organisation_id, case.customer_id)
    about = Contacting(channel=case.channel, text="", subject=subject, reason=slug(reason or "") or case.reason)  # type: ignore[arg-type]
    request = _request(directory, about, customer, case.language, work)
    routed = await routing.route(inside, directory, request)
    promised = first_promise(directory, routed, about.reason, case.language, work)
    new = await cases.open_case(
        work,
        case.organisation_id,
        NewCase(
            customer_id=case.customer_id,
            subject=subject,
            holder=routed.holder,
            channel=case.channel,
            language=case.language,
            promise=promised,
            prefix=directory.organisation.prefix,
            department_id=routed.department_id,
            reason=about.reason,
            priority=routed.priority,
            rule_id=routed.rule_id,
            linked_to=case.id,
        ),
    )
    await contacts.place_contacts(inside, case.organisation_id, contact_ids, new.id)
    work.record("case.split", case.organisation_id, case_id=case.id, subject_id=new.id, reference=case.reference)
    await cases.tell_customer(work, directory, new, "received", about=new.id, customer=customer)
    return case, new
