"""The endpoints of the chat window. Anybody may call them; what is shown depends on the token a window was given."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.contacts import Chat, attachments_of, chat_store, chats
from ahadi.directory import read_directory
from ahadi.intake import chat as engine
from ahadi.intake.chat import ChatEnded, Saying
from ahadi.intake.chat_door import Door, chat_here, door_of, for_sites, token_of, visitor
from ahadi.intake.chat_rooms import Room, Rooms
from ahadi.intake.chat_shown import show_said, show_state
from ahadi.intake.uploads import Upload
from ahadi.platform.database import Database, Work
from ahadi.platform.files import read_file
from ahadi.platform.throttle import Limit, count_attempt
from ahadi.platform.web import PUBLIC, Router, answer, client_address, database_of, perform

router = Router(prefix="/api/chat/{organisation}", tags=["chat"], dependencies=[PUBLIC])
_MINUTE = timedelta(minutes=1)
_START = Limit("chat-start-address", 20, timedelta(minutes=10))
_STARTS = Limit("chat-start", 2_000, timedelta(hours=1))
_SAY = Limit("chat-say", 40, _MINUTE)
_SAY_ADDRESS = Limit("chat-say-address", 200, _MINUTE)
_SIGNS = Limit("chat-signs", 120, _MINUTE)  # typing, seen, streams
_SIGNS_ADDRESS = Limit("chat-signs-address", 1_200, _MINUTE)
_LOOK = Limit("chat-look-address", 240, _MINUTE)
_PAGE = 200
_BEAT = 15.0  # seconds between signs of life on a stream
_HEARD = timedelta(seconds=30)

Language = Annotated[str, Query(max_length=20)]
Department = Annotated[str, Query(max_length=40)]


def _rooms(request: Request) -> Rooms:
    rooms: Rooms = request.app.state.rooms
    return rooms


@router.options("/{rest:path}", include_in_schema=False)
async def ask_first(request: Request, organisation: str, rest: str) -> Response:
    """What a browser asks before a page of another site may call (CORS)."""
    del rest
    door = await door_of(request, organisation)
    headers = {"Vary": "Origin"}
    if door.origin is not None:
        headers |= {
            "Access-Control-Allow-Origin": door.origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)


@router.get("/state")
@for_sites
async def get_state(
    request: Request, organisation: str, language: Language = "en", department: Department = ""
) -> Response:
    """Whether somebody is there, and when somebody will be; with a token also what stands with the visitor's case."""
    door = await door_of(request, organisation)
    await count_attempt(database_of(request), {_LOOK: client_address(request)})
    async with database_of(request).read(visitor(door.organisation_id)) as work:
        chat = await chat_here(request, work, door) if "authorization" in request.headers else None
        inside = work.as_installation(door.organisation_id)
        return answer(await show_state(inside, door.directory, chat, language, department))


@router.post("/start")
@for_sites
async def post_start(request: Request, organisation: str, language: Language) -> Response:
    """Open a window. Its token is shown once; it ends 30 days after it was used last, or when the visitor ends it."""
    door = await door_of(request, organisation)
    await count_attempt(database_of(request), {_START: client_address(request), _STARTS: str(door.organisation_id)})

    async def deed(work: Work) -> dict[str, Any]:
        secret = await engine.start_chat(work.as_installation(door.organisation_id), door.organisation_id, language)
        return {"token": secret}

    return await perform(request, visitor(door.organisation_id), deed, status=201)


@router.post("/messages")
@for_sites
async def post_message(request: Request, organisation: str) -> Response:
    """Say something: a form with `client_id`, `text` and `file`s, and `name`, `email`, `phone`, `department` and `page`
    with the first words. Sent again under its `client_id` it is taken once; 201 says that it is kept."""
    door, chat = await _spoken(request, organisation)
    saying = await _saying(request)

    async def deed(work: Work) -> dict[str, Any]:
        position = await engine.say(work, chat, saying)
        return {"position": position, "client_id": saying.client_id}

    return await perform(request, visitor(door.organisation_id, chat.id), deed, status=201)


@router.post("/callback")
@for_sites
async def post_callback(request: Request, organisation: str) -> Response:
    """Ask to be called, with the fields of a message and a `phone`; answers with the promise that was made."""
    door, chat = await _spoken(request, organisation)
    saying = await _saying(request)

    async def deed(work: Work) -> dict[str, Any]:
        promise = await engine.call_back(work, chat, saying)
        return {"promise": {"kind": promise.kind, "due_at": promise.due_at}, "client_id": saying.client_id}

    return await perform(request, visitor(door.organisation_id, chat.id), deed, status=201)


async def _spoken(request: Request, organisation: str) -> tuple[Door, Chat]:
    door = await door_of(request, organisation)
    chat = await _chat(request, door)
    await count_attempt(database_of(request), {_SAY: str(chat.id), _SAY_ADDRESS: client_address(request)})
    return door, chat


async def _chat(request: Request, door: Door) -> Chat:
    async with database_of(request).read(visitor(door.organisation_id)) as work:
        return await chat_here(request, work, door)


async def _saying(request: Request) -> Saying:
    await request.body()  # kept, so that it can be digested for an idempotency key
    async with request.form(max_files=5, max_fields=12) as form:
        client_id = _field(form, "client_id", 64)
        if not client_id:
            raise Invalid("Give each message a client_id of its own, so that it is taken once.", field="client_id")
        return Saying(
            client_id=client_id,
            text=_field(form, "text", engine.LONGEST),
            files=tuple([await _upload(each) for each in form.getlist("file") if isinstance(each, UploadFile)]),
            name=_field(form, "name", 200),
            email=_field(form, "email", 254),
            phone=_field(form, "phone", 40),
            department=_field(form, "department", 40),
            page=_field(form, "page", 500, cut=True),
        )


def _field(form: FormData, name: str, most: int, *, cut: bool = False) -> str:
    value = form.get(name, "")
    text = value.replace("\r\n", "\n").replace("\x00", "").strip() if isinstance(value, str) else ""
    if len(text) > most and not cut:
        raise Invalid("This is too long; shorten it.", field=name)
    return text[:most]


async def _upload(file: UploadFile) -> Upload:
    return Upload(file.filename or "", file.content_type or "", await file.read())


# Signs -------------------------------------------------------------------------------------------------------


@router.post("/typing")
@for_sites
async def post_typing(request: Request, organisation: str) -> Response:
    """The visitor is typing: told to whoever has the case open, and kept nowhere."""
    door, chat = await _signed(request, organisation)
    await _rooms(request).type(door.organisation_id, chat.id, "visitor")
    return Response(status_code=204)


@router.post("/seen")
@for_sites
async def post_seen(
    request: Request, organisation: str, position: Annotated[int, Query(ge=0, le=2_000_000_000)]
) -> Response:
    """The visitor has seen everything up to a position."""
    door, chat = await _signed(request, organisation)
    async with database_of(request).work(visitor(door.organisation_id, chat.id)) as work:
        more = await chat_store.see(work, chat, position, visitor=True)
    if more:
        await _rooms(request).nudge(door.organisation_id)
    return Response(status_code=204)


@router.post("/end")
@for_sites
async def post_end(request: Request, organisation: str) -> Response:
    """End the conversation: the token is worth nothing afterwards, and answers go by mail or SMS. The case goes on."""
    door, chat = await _signed(request, organisation)

    async def deed(work: Work) -> None:
        await engine.end_chat(work, chat)

    return await perform(request, visitor(door.organisation_id, chat.id), deed, status=204)


async def _signed(request: Request, organisation: str) -> tuple[Door, Chat]:
    door = await door_of(request, organisation)
    chat = await _chat(request, door)
    await count_attempt(database_of(request), {_SIGNS: str(chat.id), _SIGNS_ADDRESS: client_address(request)})
    return door, chat


# Receiving ---------------------------------------------------------------------------------------------------


@router.get("/files/{file_id}")
@for_sites
async def get_file(request: Request, organisation: str, file_id: UUID) -> Response:
    """A file of a message of this chat, as a download."""
    door = await door_of(request, organisation)
    chat = await _chat(request, door)
    async with database_of(request).read(visitor(door.organisation_id)) as work:
        events = await chat_store.events_after(work, chat, 0, 5_000)
        files = await attachments_of(work, chat.organisation_id, [each.message_id for each in events])
        if not any(each["file_id"] == file_id for each in files):
            raise NotFound("There is no such file in this conversation.")
        data = await read_file(work, chat.organisation_id, file_id)
    headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get("/events")
@for_sites
async def get_events(
    request: Request,
    organisation: str,
    after: Annotated[int, Query(ge=0, le=2_000_000_000)] = 0,
    language: Language = "en",
    department: Department = "",
) -> Response:
    """Everything in the chat after a position, and what comes, as server-sent events.

    A `message`'s id is its position: come back with the last one and nothing is missed or told twice. `state` and
    `typing` have none. `ended` is the last; a stream that just stops is to be asked for again.
    """
    door, chat = await _signed(request, organisation)
    stream = _Stream(database_of(request), _rooms(request), door, token_of(request), language, department)
    room = _rooms(request).join(door.organisation_id, chat.id)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(stream.events(room, after), media_type="text/event-stream", headers=headers)


class _Stream:
    """One window listening."""

    def __init__(
        self, database: Database, rooms: Rooms, door: Door, secret: str, language: str, department: str
    ) -> None:
        self._database, self._rooms, self._door = database, rooms, door
        self._secret, self._language, self._department = secret, language, department
        self._state: dict[str, Any] | None = None

    async def events(self, room: Room, after: int) -> AsyncIterator[bytes]:
        """Until the visitor goes, the chat ends, or the server stops."""
        try:
            yield b"retry: 1000\n\n"
            while not self._rooms.closing:
                try:
                    reached, said, state = await self._read(room, after)
                except ChatEnded:
                    yield b"event: ended\ndata: {}\n\n"
                    return
                except AhadiError:
                    return  # the window comes back with its position
                for each in said:
                    yield _event("message", each, each["position"])
                after = reached
                if state != self._state:
                    self._state = state
                    yield _event("state", state)
                for side, name in room.heard():
                    if side == "staff":
                        yield _event("typing", {"name": name})
                if after < state["last"]:
                    continue
                if not await room.wait(_BEAT):
                    yield b": still here\n\n"
        finally:
            self._rooms.leave(room)

    async def _read(self, room: Room, after: int) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
        """How far was read, what was said there, and how things stand."""
        organisation_id = self._door.organisation_id
        async with self._database.read(visitor(organisation_id)) as work:
            chat = await engine.chat_of(work, organisation_id, self._secret)
            room.version = chat.version
            inside = work.as_installation(organisation_id)
            directory = await read_directory(inside, organisation_id)
            said = await chat_store.said_after(inside, chat, after, _PAGE)
            shown = await show_said(inside, directory, chat, said)
            state = await show_state(inside, directory, chat, self._language, self._department)
            stale = work.real_now - chat.visitor_at > _HEARD
        if stale:
            async with self._database.work(visitor(organisation_id, chat.id)) as work:
                await chat_store.heard_of(work, chat, work.real_now, work.real_now + chats.KEPT_FOR)
        return (said[-1].event.position if said else after), shown, state


def _event(kind: str, value: Any, position: int | None = None) -> bytes:
    head = f"id: {position}\n" if position is not None else ""
    return f"{head}event: {kind}\ndata: ".encode() + orjson.dumps(value) + b"\n\n"
