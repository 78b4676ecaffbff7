"""The SQL of chats: their rows, and the events in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ahadi.contacts.model import Message
from ahadi.contacts.store import MESSAGE_COLUMNS
from ahadi.platform.database import Work

_COLUMNS = (
    "c.organisation_id, c.id, c.language, c.contact_id, k.case_id, k.customer_id, c.own_case_id, c.made_at,"
    " c.expires_at, c.ended_at, c.visitor_at, c.last, c.version, c.visitor_seen, c.staff_seen, c.passed_on"
)
_UNANSWERED = (  # what a visitor said in a chat and nobody has answered
    " from chat_event e join message m on m.organisation_id = e.organisation_id and m.id = e.message_id"
    " where m.direction = 'in' and not exists (select from chat_event a join message o"
    " on o.organisation_id = a.organisation_id and o.id = a.message_id where a.organisation_id = e.organisation_id"
    " and a.chat_id = e.chat_id and a.position > e.position and o.direction = 'out' and o.state <> 'cancelled')"
)
_FROM = " from chat c left join contact k on k.organisation_id = c.organisation_id and k.id = c.contact_id"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as it stands. `case_id` and `customer_id` are those of its contact; times are real time, UTC.

    `last`, `visitor_seen`, `staff_seen` and `passed_on` are positions of events.
    """

    organisation_id: UUID
    id: UUID
    language: str
    contact_id: UUID | None
    case_id: UUID | None
    customer_id: UUID | None
    own_case_id: UUID | None
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    visitor_at: datetime
    last: int
    version: int
    visitor_seen: int
    staff_seen: int
    passed_on: int

    def is_open(self, real_now: datetime) -> bool:
        """Whether its visitor may still read and write."""
        return self.ended_at is None and real_now < self.expires_at


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """A message at its place in a chat; `at` is real time."""

    position: int
    message_id: UUID
    client_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a chat with its place."""

    event: ChatEvent
    message: Message


async def insert_chat(
    work: Work, organisation_id: UUID, chat_id: UUID, token_hash: bytes, language: str, expires_at: datetime
) -> None:
    row = {
        "organisation_id": organisation_id,
        "id": chat_id,
        "token_hash": token_hash,
        "language": language,
        "made_at": work.real_now,
        "expires_at": expires_at,
        "visitor_at": work.real_now,
    }
    work.put("chat", row)


async def by_token(work: Work, organisation_id: UUID, token_hash: bytes) -> Chat | None:
    return await work.one(
        Chat,
        f"select {_COLUMNS}{_FROM} where c.organisation_id = %(organisation_id)s and c.token_hash = %(hash)s",
        {"organisation_id": organisation_id, "hash": token_hash},
    )


async def find_chat(work: Work, organisation_id: UUID, chat_id: UUID, *, lock: bool = False) -> Chat | None:
    """A chat, locked until the end of the transaction where that is asked for."""
    return await work.one(
        Chat,
        f"select {_COLUMNS}{_FROM} where c.organisation_id = %(organisation_id)s and c.id = %(id)s"
        + (" for update of c" if lock else ""),
        {"organisation_id": organisation_id, "id": chat_id},
    )


async def open_chat_of_case(work: Work, organisation_id: UUID, case_id: UUID) -> Chat | None:
    """The chat in which somebody talks about a case; of several the one heard of last."""
    return await work.one(
        Chat,
        f"select {_COLUMNS} from contact k join chat c on c.organisation_id = k.organisation_id"
        " and c.contact_id = k.id where k.organisation_id = %(organisation_id)s and k.case_id = %(case_id)s"
        " and c.ended_at is null and c.expires_at > %(now)s order by c.visitor_at desc limit 1",
        {"organisation_id": organisation_id, "case_id": case_id, "now": work.real_now},
    )


_GOING_ON = (
    " where c.organisation_id = any(%(organisations)s) and c.ended_at is null and c.expires_at > %(now)s"
    " and c.contact_id is not null and c.visitor_at > %(since)s"
)


async def open_chats(
    work: Work, organisations: Sequence[UUID], since: datetime, limit: int, only: Collection[UUID] | None = None
) -> list[Chat]:
    """Chats with something said in them and somebody heard of since a moment of real time, the longest first; all of
    them or `only` some."""
    chosen = "" if only is None else " and c.id = any(%(only)s)"
    return await work.all(
        Chat,
        f"select * from (select {_COLUMNS}{_FROM}{_GOING_ON}{chosen}"
        " order by c.visitor_at desc limit %(limit)s) latest order by made_at",
        {
            "organisations": list(organisations),
            "now": work.real_now,
            "since": since,
            "limit": limit,
            "only": list(only or ()),
        },
    )


@dataclass(frozen=True, slots=True)
class WaitingChat:
    """A chat whose visitor waits for an answer since a moment of business time."""

    organisation_id: UUID
    id: UUID
    case_id: UUID
    since: datetime


async def chats_waiting(work: Work, organisations: Sequence[UUID], since: datetime) -> list[WaitingChat]:
    """Of the chats that go on (see `open_chats`), those in which a visitor waits for an answer, the longest first."""
    return await work.all(
        WaitingChat,
        f"select * from (select c.organisation_id, c.id, k.case_id, (select min(m.at){_UNANSWERED}"
        f" and e.organisation_id = c.organisation_id and e.chat_id = c.id) as since{_FROM}{_GOING_ON}) each"
        " where since is not null and case_id is not null order by since, id",
        {"organisations": list(organisations), "now": work.real_now, "since": since},
    )


async def versions(work: Work, organisations: Collection[UUID], chat_ids: Collection[UUID]) -> dict[UUID, int]:
    """How often each of these chats has changed."""
    rows = await work.rows(
        "select id, version from chat where organisation_id = any(%(organisations)s) and id = any(%(ids)s)",
        {"organisations": list(organisations), "ids": list(chat_ids)},
    )
    return {row["id"]: row["version"] for row in rows}


# Events ------------------------------------------------------------------------------------------------------


async def append(work: Work, chat: Chat, message_id: UUID, client_id: str | None = None) -> int:
    """Put a message at the end of a chat; its position. Locks the chat until the end of the transaction."""
    position: int = await work.value(
        "update chat set last = last + 1, version = version + 1 where organisation_id = %(organisation_id)s"
        " and id = %(id)s returning last",
        {"organisation_id": chat.organisation_id, "id": chat.id},
    )
    row = {
        "organisation_id": chat.organisation_id,
        "chat_id": chat.id,
        "position": position,
        "message_id": message_id,
        "client_id": client_id,
        "at": work.real_now,
    }
    work.put("chat_event", row)
    return position


async def position_of_client(work: Work, chat: Chat, client_id: str) -> int | None:
    """Where the message stands that the browser calls so, if it was taken."""
    found: int | None = await work.value(
        "select position from chat_event where organisation_id = %(organisation_id)s and chat_id = %(chat_id)s"
        " and client_id = %(client_id)s",
        {"organisation_id": chat.organisation_id, "chat_id": chat.id, "client_id": client_id},
    )
    return found


async def events_after(work: Work, chat: Chat, position: int, limit: int = 200) -> list[ChatEvent]:
    """The events after a position, in order."""
    return await work.all(
        ChatEvent,
        "select position, message_id, client_id, at from chat_event where organisation_id = %(organisation_id)s"
        " and chat_id = %(chat_id)s and position > %(position)s order by position limit %(limit)s",
        {"organisation_id": chat.organisation_id, "chat_id": chat.id, "position": position, "limit": limit},
    )


async def said_after(work: Work, chat: Chat, position: int, limit: int = 200) -> list[Said]:
    """What was said in a chat after a position, in order."""
    events = await events_after(work, chat, position, limit)
    messages = await work.all(
        Message,
        f"select {MESSAGE_COLUMNS} from message m join message_text t on t.organisation_id = m.organisation_id"
        " and t.message_id = m.id where m.organisation_id = %(organisation_id)s and m.id = any(%(ids)s)",
        {"organisation_id": chat.organisation_id, "ids": [each.message_id for each in events]},
    )
    by_id = {each.id: each for each in messages}
    return [Said(each, by_id[each.message_id]) for each in events]


async def last_said(work: Work, organisations: Sequence[UUID], chat_ids: Sequence[UUID]) -> dict[UUID, Message]:
    """The newest message of each chat."""
    rows = await work.rows(
        "select e.chat_id, e.message_id from chat c join chat_event e on e.organisation_id = c.organisation_id"
        " and e.chat_id = c.id and e.position = c.last where c.organisation_id = any(%(organisations)s)"
        " and c.id = any(%(ids)s)",
        {"organisations": list(organisations), "ids": list(chat_ids)},
    )
    messages = await work.all(
        Message,
        f"select {MESSAGE_COLUMNS} from message m join message_text t on t.organisation_id = m.organisation_id"
        " and t.message_id = m.id where m.organisation_id = any(%(organisations)s) and m.id = any(%(ids)s)",
        {"organisations": list(organisations), "ids": [row["message_id"] for row in rows]},
    )
    by_id = {each.id: each for each in messages}
    return {row["chat_id"]: by_id[row["message_id"]] for row in rows}


async def waiting_since(work: Work, organisations: Sequence[UUID], chat_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Since when (business time) each of these chats waits for an answer; those that do not are left out."""
    rows = await work.rows(
        f"select e.chat_id, min(m.at) as since{_UNANSWERED} and e.organisation_id = any(%(organisations)s)"
        " and e.chat_id = any(%(ids)s) group by e.chat_id",
        {"organisations": list(organisations), "ids": list(chat_ids)},
    )
    return {row["chat_id"]: row["since"] for row in rows}


# What changes in a chat --------------------------------------------------------------------------------------


async def begin_contact(work: Work, chat: Chat, contact_id: UUID, own_case_id: UUID) -> None:
    """What is said from now on belongs to this contact, and its case is the visitor's own."""
    await work.execute(
        "update chat set contact_id = %(contact_id)s, own_case_id = %(case_id)s, version = version + 1"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": chat.organisation_id, "id": chat.id, "contact_id": contact_id, "case_id": own_case_id},
    )


async def heard_of(work: Work, chat: Chat, at: datetime, expires_at: datetime) -> None:
    """The visitor's window is there, and may come back until a moment of real time."""
    await work.execute(
        "update chat set visitor_at = greatest(visitor_at, %(at)s), expires_at = greatest(expires_at, %(expires_at)s)"
        " where organisation_id = %(organisation_id)s and id = %(id)s and ended_at is null",
        {"organisation_id": chat.organisation_id, "id": chat.id, "at": at, "expires_at": expires_at},
    )


async def see(work: Work, chat: Chat, position: int, *, visitor: bool) -> bool:
    """One side has seen everything up to a position; whether that is more than before."""
    params = {"organisation_id": chat.organisation_id, "id": chat.id, "position": position}
    seen = (
        "update chat set visitor_seen = least(last, %(position)s), version = version + 1"
        " where organisation_id = %(organisation_id)s and id = %(id)s and visitor_seen < least(last, %(position)s)"
        if visitor
        else "update chat set staff_seen = least(last, %(position)s), version = version + 1"
        " where organisation_id = %(organisation_id)s and id = %(id)s and staff_seen < least(last, %(position)s)"
    )
    return bool(await work.value(seen + " returning true", params))


async def pass_on(work: Work, chat: Chat, position: int) -> None:
    """Replies up to a position went on by another way."""
    await work.execute(
        "update chat set passed_on = greatest(passed_on, %(position)s)"
        " where organisation_id = %(organisation_id)s and id = %(id)s",
        {"organisation_id": chat.organisation_id, "id": chat.id, "position": position},
    )


async def end_chat(work: Work, chat: Chat) -> bool:
    """Its token is worth nothing from now on. False when that was so before."""
    ended = await work.value(
        "update chat set ended_at = %(now)s, version = version + 1 where organisation_id = %(organisation_id)s"
        " and id = %(id)s and ended_at is null returning true",
        {"organisation_id": chat.organisation_id, "id": chat.id, "now": work.real_now},
    )
    return bool(ended)


async def forget_empty_chats(work: Work, organisations: Sequence[UUID], before: datetime) -> None:
    """Drop windows that were opened before a moment of real time and in which nothing was ever said."""
    await work.execute(
        "delete from chat where organisation_id = any(%(organisations)s) and contact_id is null"
        " and visitor_at < %(before)s",
        {"organisations": list(organisations), "before": before},
    )
