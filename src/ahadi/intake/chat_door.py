"""The door for windows on other sites: which pages may come in (CORS), and whose chat a browser shows.

The token travels in `Authorization`, which no browser adds by itself, and never in an address. So nothing here goes by
a cookie, and a page of another site can do no more than its visitor's own window can.
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import Forbidden, NotFound
from ahadi.contacts import Chat
from ahadi.directory import Directory, get_organisation, read_directory
from ahadi.intake.chat import ChatEnded, chat_of
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import database_of, policy_of
from ahadi.platform.web.problems import response_to

_HELD = "ahadi.chat-door"
Endpoint = Callable[..., Awaitable[Response]]


class SiteNotAllowed(Forbidden):
    """The page that shows the chat is of a site the organisation has not allowed."""

    code = "site-not-allowed"


@dataclass(frozen=True, slots=True)
class Door:
    """The organisation whose chat is asked for, and the site whose page asks; None for no browser or our own page."""

    directory: Directory
    origin: str | None

    @property
    def organisation_id(self) -> UUID:
        return self.directory.organisation.id


async def door_of(request: Request, organisation: str) -> Door:
    """Who is asked, and from where. Raises NotFound, SiteNotAllowed."""
    held = request.scope.get(_HELD)
    if isinstance(held, Door):
        return held
    async with database_of(request).read(Actor.system([])) as work:
        found = await get_organisation(work, organisation)
    if found is None or found.slug != organisation:
        raise NotFound("There is no such organisation; look at data-organisation.")
    async with database_of(request).read(visitor(found.id)) as work:
        directory = await read_directory(work, found.id)
    origin = request.headers.get("origin")
    if origin in policy_of(request).origins:
        origin = None
    if origin is not None and origin not in directory.organisation.settings.chat.origins:
        raise SiteNotAllowed(f"{found.name} has not allowed its chat on this site; add it to settings.chat.origins.")
    door = request.scope[_HELD] = Door(directory, origin)
    return door


def visitor(organisation_id: UUID, chat_id: UUID | None = None) -> Actor:
    """Somebody of whom nothing is known but their window."""
    return Actor("customer", chat_id, {organisation_id: frozenset()})


async def chat_here(request: Request, work: Work, door: Door) -> Chat:
    """The chat whose token the browser shows. Raises ChatEnded."""
    return await chat_of(work, door.organisation_id, token_of(request))


def token_of(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith("ahc_") or len(secret) > 100:
        raise ChatEnded("This conversation is not known here; begin a new one.")
    return secret


def for_sites(endpoint: Endpoint) -> Endpoint:
    """An endpoint that pages of allowed sites may read the answer of, whatever it is."""

    @functools.wraps(endpoint)
    async def answered(request: Request, organisation: str, **rest: object) -> Response:
        door = await door_of(request, organisation)
        try:
            response = await endpoint(request=request, organisation=organisation, **rest)
        except Exception as problem:
            told = await response_to(request, problem)
            if told is None:
                raise
            response = told
        if door.origin is not None:
            response.headers["Access-Control-Allow-Origin"] = door.origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers.add_vary_header("Origin")
        return response

    return answered
