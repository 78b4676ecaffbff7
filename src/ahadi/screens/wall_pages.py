"""The wallboard: the board's numbers for a screen on the wall, and the links by which such a screen is let in.

A screen on a wall has no person's session. It holds a token that may read the wallboard and nothing else, in a cookie
that its browser sends to the wallboard and nowhere else; revoking the token darkens the screen within seconds.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from ahadi import board
from ahadi.base.errors import AhadiError, Invalid, NotFound, NotSignedIn
from ahadi.directory import Permission, read_directory, recognising, tokens
from ahadi.directory.sign_in_api import WALL_COOKIE, WALL_PATH
from ahadi.directory.token_store import Token
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import PUBLIC, Router, database_of, needs, policy_of, settings_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later, reader_of

router = Router(include_in_schema=False)
Chosen = Annotated[str, Query(max_length=60)]
DAYS = 365  # of a link
_SCOPES = (str(Permission.WALLBOARD_READ),)
_WALLS = "/board/walls"
_MOST = 200


@router.get(WALL_PATH)
async def get_wallboard(
    request: Request,
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.WALLBOARD_READ),
) -> Response:
    """What is true now, readable at five metres: numbers, and nobody's name."""
    async with database_of(request).read(actor) as work:
        scope = await board.scope_of(work, Permission.WALLBOARD_READ, organisation, department)
        shown = await board.read_board(work, scope)
        first = next(iter(scope.directories.values())).organisation
        person = await _language(work, actor)
        reader = reader_of(request).at(work.now, person or first.language, first.zone, first.country)
    return screens_of(request).page(
        request,
        reader,
        "wall/page.html",
        headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
        scope=scope,
        board=shown,
        people={each.stand: each.people.number for each in shown.people},
        strange=[each for each in shown.contacts if each.unusual],
    )


async def _language(work: Work, actor: Actor) -> str | None:
    """That of the person who opened it, where it is one."""
    for each in actor.organisations:
        person = (await read_directory(work, each)).people.get(actor.person_id or UUID(int=0))
        if person:
            return person.language
    return None


@router.get(f"{WALL_PATH}/open/{{link}}", dependencies=[PUBLIC])
async def get_open(request: Request, link: str) -> Response:
    """Let this browser, and whoever stands before it, see the wallboard for as long as the link is in force."""
    try:
        actor = await recognising.actor_with_token(database_of(request), link)
    except NotSignedIn as refused:
        raise NotFound(later("This link opens no wallboard any more; ask an administrator for a new one.")) from refused
    if any(set(held) != set(_SCOPES) for held in actor.grants.values()):
        raise NotFound(later("This link opens no wallboard any more; ask an administrator for a new one."))
    response = RedirectResponse(WALL_PATH, 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    response.set_cookie(
        WALL_COOKIE,
        link,
        path=WALL_PATH,
        max_age=DAYS * 86_400,
        httponly=True,
        secure=policy_of(request).https,
        samesite="lax",
    )
    return response


# The links --------------------------------------------------------------------------------------------------------


@router.get(_WALLS)
async def get_walls(request: Request, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    """The screens that are let in, and a new link for another."""
    return await _walls(request, actor, Entered())


async def _walls(
    request: Request,
    actor: Actor,
    entered: Entered,
    problem: AhadiError | None = None,
    link: str = "",
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        found = [each for id_ in _managed(frame) for each in await _links(work, id_)]
    headers = {"Cache-Control": "no-store"} if link else {}
    return screens_of(request).page(
        request,
        frame.reader,
        "board/walls.html",
        status=problem.status if problem else 200,
        headers=headers,
        frame=frame,
        managed=[frame.directories[each] for each in _managed(frame)],
        links=found,
        link=link,
        days=DAYS,
        entered=entered,
        problem=problem,
    )


def _managed(frame: Frame) -> list[UUID]:
    return [each for each in frame.directories if frame.may(Permission.TOKENS_EDIT, each)]


async def _links(work: Work, organisation_id: UUID) -> list[Token]:
    """An organisation's links that are in force, the newest first."""
    found = await tokens.tokens(work, organisation_id, None, _MOST)
    in_force = [each for each in found if each.revoked_at is None and tuple(each.scopes) == _SCOPES]
    return [each for each in in_force if each.expires_at is None or each.expires_at > work.real_now]


@router.post(_WALLS)
async def post_wall(request: Request, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    """Make a link for a screen; it is shown in this answer and nowhere else."""
    entered = await entered_in(request)
    made: list[str] = []

    async def deed(work: Work) -> None:
        frame = await frame_of(request, work)
        slug = entered.text("organisation", most=60)
        managed = _managed(frame)
        chosen = [each for each in managed if slug in ("", frame.directories[each].organisation.slug)]
        if not chosen:
            raise NotFound(later("There is no such organisation, or you have no access to it."))
        if len(chosen) > 1:
            raise Invalid(later("Choose the organisation whose numbers the screen shows."))
        name = entered.required("name", later("Say where the screen hangs."), most=80)
        _token, secret = await tokens.create_token(work, chosen[0], name, _SCOPES, DAYS)
        made.append(f"{settings_of(request).links_from()}{WALL_PATH}/open/{secret}")

    async def again(problem: AhadiError) -> Response:
        return await _walls(request, actor, entered, problem)

    async def reveal() -> Response:
        return await _walls(request, actor, Entered(), link=made[-1])

    return await act(
        request, actor, entered, deed, done=lambda _: (_WALLS, None), again=again, twice=_WALLS, reveal=reveal
    )


@router.post(f"{_WALLS}/{{token_id}}/revoke")
async def post_revoke(request: Request, token_id: UUID, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    """End a screen's link; it goes dark within seconds."""

    async def deed(work: Work) -> None:
        frame = await frame_of(request, work)
        for each in _managed(frame):
            if any(token.id == token_id for token in await _links(work, each)):
                await tokens.revoke_token(work, each, token_id)
                return
        raise NotFound(later("There is no such link any more."))

    async def again(problem: AhadiError) -> Response:
        return await _walls(request, actor, Entered(), problem)

    done: Any = (_WALLS, Done("wall-revoked"))
    return await act(request, actor, Entered(), deed, done=lambda _: done, again=again, twice=_WALLS)
