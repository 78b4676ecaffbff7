"""What a visitor is shown of their chat: their own words, what was answered in it, and what is promised. No more."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ahadi import cases
from ahadi.base.clock import iso
from ahadi.cases import Case
from ahadi.contacts import Chat, attachments_of
from ahadi.contacts.chat_store import Said
from ahadi.directory import Directory, presences_of
from ahadi.intake.chat_hours import answering
from ahadi.platform.database import Work

_SHOWN = frozenset({"received", "queued", "sending", "sent", "uncertain"})


async def show_said(work: Work, directory: Directory, chat: Chat, said: Sequence[Said]) -> list[dict[str, Any]]:
    """Messages as a window shows them; what was taken back or erased is left out."""
    rows = await attachments_of(work, chat.organisation_id, [each.message.id for each in said])
    files: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        shown = {"id": str(row["file_id"]), "name": row["name"], "size": row["size"]}
        files.setdefault(row["message_id"], []).append(shown)
    return [
        {
            "position": each.event.position,
            "client_id": each.event.client_id,
            "from": "you" if each.message.direction == "in" else "us",
            "name": "" if each.message.direction == "in" else shown_name(directory, each.message.author_id),
            "text": each.message.body,
            "at": iso(each.message.at),
            "files": files.get(each.message.id, []),
        }
        for each in said
        if each.message.state in _SHOWN and (each.message.body or each.message.id in files)
    ]


def shown_name(directory: Directory, person_id: UUID | None) -> str:
    """What somebody who answers is called in the window: as the organisation chose, and never by what they are."""
    organisation = directory.organisation
    person = directory.people.get(person_id or organisation.id)
    chosen = organisation.settings.chat.name
    if person is None or chosen == "organisation":
        return organisation.name
    return person.name if chosen == "full" else person.name.split()[0]


async def show_state(work: Work, directory: Directory, chat: Chat | None, language: str, wanted: str) -> dict[str, Any]:
    """Whether somebody is there and when somebody will be; and of the visitor's own case, who has it and what is
    promised when. `wanted` is the department that the page asks for."""
    case = await _own_case(work, chat) if chat else None
    department = case.department_id if case else _department(directory, wanted)
    now = answering(directory, await presences_of(work, directory.organisation.id), department, work.now)
    zone = directory.organisation.zone
    return {
        "organisation": directory.organisation.name,
        "there": now.there,
        "back": cases.when(now.back_at, work.now, zone, language) if now.back_at else None,
        "zone": zone,
        "name": shown_name(directory, case.holder.person) if case and case.holder.person else None,
        "reference": case.reference if case else None,
        "promise": await _promise(work, case, zone, language) if case else None,
        "last": chat.last if chat else 0,
        "visitor_seen": chat.visitor_seen if chat else 0,
        "staff_seen": chat.staff_seen if chat else 0,
    }


async def _own_case(work: Work, chat: Chat) -> Case | None:
    if chat.own_case_id is None:
        return None
    case = await cases.get_case(work, chat.own_case_id)
    return case if case.merged_into is None else None


def _department(directory: Directory, wanted: str) -> UUID | None:
    named = next((each.id for each in directory.departments.values() if each.active and each.slug == wanted), None)
    return named or directory.organisation.default_department_id or next(iter(directory.departments), None)


async def _promise(work: Work, case: Case, zone: str, language: str) -> dict[str, Any] | None:
    promise = case.next_promise
    if promise is None:
        return None
    texts = await cases.promise_texts(work, case.organisation_id, [promise.id])
    return {
        "kind": promise.kind,
        "text": texts[promise.id].text if promise.id in texts else cases.promise_name(promise.kind, language),
        "due_at": iso(promise.due_at),
        "when": cases.when(promise.due_at, work.now, zone, language),
    }
