"""Chats as contacts: what a visitor says in one, what is answered in it, and what goes on by mail when they left."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ahadi.contacts import chat_store, store
from ahadi.contacts.chat_store import Chat
from ahadi.contacts.model import Attached, Writing
from ahadi.platform.database import Work

CHAT = "chat"
GO_ON = "contacts.chat_goes_on"
KEPT_FOR = timedelta(days=30)  # how long a window may stay away and come back
THERE = timedelta(seconds=75)  # a window that was heard of so lately is open somewhere
PATIENCE = timedelta(minutes=3)  # how long a reply may stay unseen in a window before it goes on by mail


def is_there(chat: Chat, work: Work) -> bool:
    """Whether the visitor's window is open somewhere, as far as can be known."""
    return work.real_now - chat.visitor_at <= THERE


async def hear(
    work: Work,
    chat: Chat,
    case_id: UUID,
    message_id: UUID,
    text: str,
    *,
    attachments: Sequence[Attached] = (),
    client_id: str | None = None,
) -> int:
    """Another message of the visitor, in the contact that the chat is already; its position. Locks the chat."""
    work.permit(chat.organisation_id, "contact.create")
    row = store.Row(
        message_id,
        chat.contact_id,
        case_id,
        chat.customer_id,
        "in",
        CHAT,
        "received",
        text,
        attachments=tuple(attachments),
    )
    await store.insert_message(work, chat.organisation_id, row)
    work.record(
        "message.received",
        chat.organisation_id,
        case_id=case_id,
        subject_id=message_id,
        channel=CHAT,
        contact_id=str(chat.contact_id),
    )
    return await chat_store.append(work, chat, message_id, client_id)


async def answer(work: Work, chat: Chat, writing: Writing) -> None:
    """A reply that was written stands in the chat now. Unseen for a while, it goes on by mail or SMS."""
    await chat_store.append(work, chat, writing.id)
    go_on_later(work, chat, PATIENCE if is_there(chat, work) else timedelta(0))


def go_on_later(work: Work, chat: Chat, wait: timedelta) -> None:
    """Look after a while (real time) whether the visitor has seen what was answered."""
    work.enqueue(
        GO_ON,
        chat.organisation_id,
        due=work.real_now + wait,
        key=f"{GO_ON}:{chat.id}",
        chat_id=str(chat.id),
    )


async def end(work: Work, chat: Chat) -> None:
    """The visitor closes the conversation: what is answered from now on goes by mail or SMS."""
    if await chat_store.end_chat(work, chat):
        work.record("chat.ended", chat.organisation_id, case_id=chat.case_id, subject_id=chat.id)
        go_on_later(work, chat, timedelta(0))
