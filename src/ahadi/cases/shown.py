"""Cases and promises as the JSON that the API answers with."""

from typing import Any

from ahadi.base.clock import iso
from ahadi.cases import store
from ahadi.cases.events import Holder
from ahadi.cases.model import Case, Promise
from ahadi.cases.store import PromiseText
from ahadi.directory import Directory, read_directory
from ahadi.platform.database import Work


def show_holder(directory: Directory, holder: Holder, department_id: Any = None) -> dict[str, Any]:
    """Who has it: kind, name, and the department (its own name for a department)."""
    language = directory.organisation.language
    department = directory.departments.get(holder.department or department_id)
    person = directory.people.get(holder.person) if holder.person else None
    return {
        "kind": "person" if holder.person else "department",
        "id": holder.person or holder.department,
        "slug": person.slug if person else department.slug if department and holder.department else None,
        "name": directory.name_of(holder.person or holder.department, language),
        "department": department.slug if department else None,
    }


def show_promise(directory: Directory, promise: Promise, text: PromiseText | None) -> dict[str, Any]:
    """A promise with its words, owner and what became of it."""
    return {
        "id": promise.id,
        "kind": promise.kind,
        "state": promise.state,
        "text": text.text if text else "",
        "due_at": iso(promise.due_at),
        "made_at": iso(promise.made_at),
        "owner": show_holder(directory, promise.owner),
        "level": promise.level,
        "recovers": promise.recovers,
        "renews": promise.renews,
        "successor": promise.successor,
        "settled_at": iso(promise.settled_at) if promise.settled_at else None,
        "note": text.note if text else None,
    }


def show_case(directory: Directory, case: Case, subject: str = "", fields: Any = None) -> dict[str, Any]:
    """A case without its promises."""
    return {
        "id": case.id,
        "organisation": directory.organisation.slug,
        "reference": case.reference,
        "state": case.state,
        "subject": subject,
        "reason": case.reason,
        "holder": show_holder(directory, case.holder, case.department_id),
        "priority": case.priority,
        "channel": case.channel,
        "language": case.language,
        "opened_at": iso(case.opened_at),
        "changed_at": iso(case.changed_at),
        "resolved_at": iso(case.resolved_at) if case.resolved_at else None,
        "resolution": case.resolution,
        "contacts": case.contacts,
        "escalated": case.escalated,
        "linked_to": case.linked_to,
        "merged_into": case.merged_into,
        "tags": list(case.tags),
        "fields": fields or {},
    }


async def show_whole(work: Work, case: Case, about: Promise | None = None) -> dict[str, Any]:
    """`customer`, `case`, and `promise`: the one that was acted on, else the next; `next` is always the next."""
    directory = await read_directory(work, case.organisation_id)
    shown = [each for each in (about or case.next_promise, case.next_promise) if each is not None]
    texts = await store.promise_texts(work, case.organisation_id, [each.id for each in shown])
    words = await store.texts_of(work, case.organisation_id, [case.id])
    text = words.get(case.id)
    promises = [show_promise(directory, each, texts.get(each.id)) for each in shown]
    return {
        "customer": {"id": case.customer_id},
        "case": show_case(directory, case, text.subject if text else "", text.fields if text else None),
        "promise": promises[0] if promises else None,
        "next": promises[-1] if promises and case.next_promise else None,
    }
