"""Chats as staff see them: who waits and since when, taking one over, and who types and has seen what on a case."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Query, Request
from starlette.responses import Response, StreamingResponse

from ahadi import board, cases, customers, promises
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.cases import Case, CaseLine
from ahadi.contacts import Chat, Message, chat_store, chats
from ahadi.customers import Customer
from ahadi.directory import Permission, read_directory
from ahadi.intake.chat_rooms import Room, Rooms
from ahadi.intake.chat_shown import shown_name
from ahadi.platform.database import Actor, Database, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered
from ahadi.screens.frame import frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
Chosen = Annotated[str, Query(max_length=60)]
_MOST = 100
_BEAT = 15.0


@dataclass(frozen=True, slots=True)
class Shown:
    """Which chats are listed: all of them, or those that wait, of an organisation, and of those of a department."""

    waiting: bool = False
    organisation: str = ""
    department: str = ""


EVERYTHING = Shown()


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A chat in the list. `since` is when it began to wait for an answer, None when it does not."""

    chat: Chat
    case: CaseLine
    customer: Customer | None
    last: Message | None
    since: datetime | None
    there: bool


@dataclass(frozen=True, slots=True)
class ChatHere:
    """The chat of a case, beside its conversation. `claims` is what the visitor said of themselves."""

    chat: Chat
    there: bool
    seen: bool
    claims: tuple[str, ...]


def _rooms(request: Request) -> Rooms:
    rooms: Rooms = request.app.state.rooms
    return rooms


# The list ----------------------------------------------------------------------------------------------------


@router.get("/chats")
async def get_chats(
    request: Request,
    waiting: Literal["yes", ""] = "",
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.CASE_READ),
) -> Response:
    """The conversations that go on: those who wait for an answer first, the longest first; perhaps of an organisation
    only, or only those that wait, which is what a number on the board leads to."""
    return await _page(request, actor, Shown(bool(waiting), organisation, department))


async def _page(
    request: Request, actor: Actor, shown: Shown = EVERYTHING, problem: AhadiError | None = None
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        rows = await (_rows(work) if shown == EVERYTHING else _some(work, shown))
    return screens_of(request).page(
        request,
        frame.reader,
        "chats.html",
        status=problem.status if problem else 200,
        frame=frame,
        rows=rows,
        waiting=sum(each.since is not None for each in rows),
        problem=problem,
    )


async def _some(work: Work, shown: Shown) -> list[ChatRow]:
    scope = await board.scope_of(work, Permission.CASE_READ, shown.organisation, shown.department)
    only = [each.id for each in await board.chats_behind(work, scope)] if shown.waiting else None
    return [each for each in await _rows(work, only) if each.chat.organisation_id in scope.directories]


async def _rows(work: Work, only: Sequence[UUID] | None = None) -> list[ChatRow]:
    organisations = [each for each in work.actor.organisations if work.actor.may(each, Permission.CASE_READ)]
    most = _MOST if only is None else len(only)
    found = await chat_store.open_chats(work, organisations, work.real_now - board.CHATS_LATELY, most, only)
    ids = [each.id for each in found]
    lines = await cases.lines_of_cases(work, organisations, [each.case_id for each in found if each.case_id])
    last = await chat_store.last_said(work, organisations, ids)
    since = await chat_store.waiting_since(work, organisations, ids)
    people: dict[UUID, Customer] = {}
    for organisation_id in {each.organisation_id for each in found}:
        known = [c.customer_id for c in found if c.organisation_id == organisation_id and c.customer_id]
        people |= await customers.get_customers(work, organisation_id, known)
    rows = [
        ChatRow(
            each,
            lines[each.case_id],
            people.get(each.customer_id or each.id),
            last.get(each.id),
            since.get(each.id),
            chats.is_there(each, work),
        )
        for each in found
        if each.case_id in lines
    ]
    return sorted(rows, key=lambda row: (row.since is None, row.since or row.chat.made_at))


@router.post("/chats/{reference}/take")
async def post_take(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """I answer: the case is held by me from now on."""

    async def deed(work: Work) -> Case:
        await cases.get_case(work, reference)
        if work.actor.person_id is None:
            raise Invalid(later("Only a person who is signed in can take a case."))
        return await promises.hold_case(work, reference, str(work.actor.person_id), None)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem=problem)

    return await act(
        request,
        actor,
        Entered(),
        deed,
        done=lambda case: (f"/cases/{case.reference}", Done("case-taken")),
        again=again,
        twice=f"/cases/{reference}",
    )


# On a case ---------------------------------------------------------------------------------------------------


def chat_here(work: Work, chat: Chat | None, messages: Sequence[Message]) -> ChatHere | None:
    """The conversation that goes on about a case with these messages, None where there is none."""
    if chat is None:
        return None
    said: dict[str, Any] = next(
        (
            m.headers["chat"].get("said", {})
            for m in messages
            if m.contact_id == chat.contact_id and "chat" in m.headers
        ),
        {},
    )
    claims = tuple(str(each) for each in said.values() if each)
    return ChatHere(chat, chats.is_there(chat, work), chat.visitor_seen >= chat.last, claims)


async def _chat(work: Work, reference: str, permission: str) -> Chat:
    case = await cases.get_case(work, reference)
    work.permit(case.organisation_id, permission)
    chat = await chat_store.open_chat_of_case(work, case.organisation_id, case.id)
    if chat is None:
        raise NotFound(later("Nobody chats about this case any more."))
    return chat


@router.post("/cases/{reference}/chat/typing")
async def post_typing(request: Request, reference: str, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Somebody writes an answer: shown in the window for some seconds, and kept nowhere."""
    async with database_of(request).read(actor) as work:
        chat = await _chat(work, reference, Permission.CASE_WORK)
        directory = await read_directory(work, chat.organisation_id)
    await _rooms(request).type(chat.organisation_id, chat.id, "staff", shown_name(directory, actor.person_id))
    return Response(status_code=204)


@router.post("/cases/{reference}/chat/seen")
async def post_seen(
    request: Request,
    reference: str,
    position: Annotated[int, Query(ge=0, le=2_000_000_000)] = 0,
    actor: Actor = needs(Permission.CASE_WORK),
) -> Response:
    """Somebody who works the case has looked at the chat up to a position."""
    async with database_of(request).work(actor) as work:
        chat = await _chat(work, reference, Permission.CASE_WORK)
        more = await chat_store.see(work, chat, position, visitor=False)
    if more:
        await _rooms(request).nudge(chat.organisation_id)
    return Response(status_code=204)


@router.get("/cases/{reference}/chat/live")
async def get_chat_live(request: Request, reference: str, actor: Actor = needs(Permission.CASE_READ)) -> Response:
    """Whether the visitor is there, types, and has seen the last answer. What is said comes with the case's stream."""
    async with database_of(request).read(actor) as work:
        chat = await _chat(work, reference, Permission.CASE_READ)
    room = _rooms(request).join(chat.organisation_id, chat.id)
    events = _signs(database_of(request), _rooms(request), actor, reference, room)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _signs(database: Database, rooms: Rooms, actor: Actor, reference: str, room: Room) -> AsyncIterator[bytes]:
    shown: dict[str, Any] | None = None
    try:
        yield b"retry: 2000\n\n"
        while not rooms.closing:
            try:
                async with database.read(actor) as work:
                    chat = await _chat(work, reference, Permission.CASE_READ)
                    there = chats.is_there(chat, work)
            except NotFound:
                yield b"event: ended\ndata: {}\n\n"
                return
            except AhadiError:
                return
            room.version = chat.version
            state = {"there": there, "seen": chat.visitor_seen >= chat.last, "last": chat.last}
            if state != shown:
                shown = state
                yield b"event: state\ndata: " + orjson.dumps(state) + b"\n\n"
            if any(side == "visitor" for side, _ in room.heard()):
                yield b"event: typing\ndata: {}\n\n"
            if not await room.wait(_BEAT):
                yield b": still here\n\n"
    finally:
        rooms.leave(room)
