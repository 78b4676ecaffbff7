"""The supervisor's board: what is true now, each number with the list behind it; and acting from there."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from ahadi import board, cases
from ahadi.base.errors import AhadiError, NotFound
from ahadi.board import STANDS, Scope
from ahadi.directory import Directory, Permission, Presence, set_presence
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Paging, Router, database_of, needs, next_page
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(prefix="/board", include_in_schema=False)
Chosen = Annotated[str, Query(max_length=60)]
_NEXT = 8  # promises at risk that stand on the board itself


@router.get("")
async def get_board(
    request: Request,
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """What is true now of what the reader oversees, or of one organisation or department."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        scope = await _scope(work, organisation, department)
        shown = await board.read_board(work, scope)
        first = await board.promises_behind(work, scope, "at-risk", 0, None, _NEXT)
    return screens_of(request).page(
        request,
        _placed(frame, scope).reader,
        "board/page.html",
        frame=frame,
        scope=scope,
        board=shown,
        rows=first,
        overseen=_overseen(frame),
        chosen={"organisation": scope.organisation, "department": scope.department or ""},
        at_risk=scope.page("/board/promises", scope.place, which="at-risk"),
    )


async def _scope(work: Work, organisation: str, department: str) -> Scope:
    """What was chosen; a department of another organisation than the one chosen last falls away."""
    try:
        return await board.scope_of(work, Permission.REPORTS_READ, organisation, department)
    except NotFound:
        return await board.scope_of(work, Permission.REPORTS_READ, organisation)


def _overseen(frame: Frame) -> list[Directory]:
    return [each for id_, each in frame.directories.items() if frame.may(Permission.REPORTS_READ, id_)]


def _placed(frame: Frame, scope: Scope) -> Frame:
    """On the clock of the organisation, where only one is looked at."""
    return frame.at(next(iter(scope.directories))) if len(scope.directories) == 1 else frame


# What the numbers lead to -----------------------------------------------------------------------------------------


@router.get("/promises")
async def get_promises(
    request: Request,
    page: Paging,
    which: Chosen = "at-risk",
    when: Literal["today", "week"] = "today",
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """The promises that a number on the board counts."""
    if which not in board.PROMISES:
        raise NotFound(later("There is no such list; go back to the board."))
    after = page.after(datetime, UUID)
    days = board.WEEK if when == "week" else 0
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        scope = await board.scope_of(work, Permission.REPORTS_READ, organisation, department)
        found = await board.promises_behind(
            work, scope, which, days, (after[0], after[1]) if after else None, page.limit + 1
        )
    following = next_page(found, page, key=lambda row: (row["sort_at"], row["id"]))
    address = scope.page("/board/promises", scope.place, which=which, when=when)
    return screens_of(request).page(
        request,
        _placed(frame, scope).reader,
        "board/promises.html",
        frame=frame,
        scope=scope,
        which=which,
        when=when,
        rows=found[: page.limit],
        **_paged(address, following, page.cursor),
    )


def _paged(address: str, following: str | None, cursor: str | None) -> dict[str, Any]:
    return {
        "next_address": f"{address}&{urlencode({'after': following})}" if following else None,
        "first_address": address if cursor else None,
    }


@router.get("/contacts")
async def get_contacts(
    request: Request,
    page: Paging,
    reason: Chosen = "",
    when: Literal["now", "usual"] = "now",
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """Who got in touch within the last hour, or in the same hour of the weeks before."""
    after = page.after(datetime, UUID)
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        scope = await board.scope_of(work, Permission.REPORTS_READ, organisation, department)
        found = await board.contacts_behind(
            work,
            scope,
            reason or None,
            past=when == "usual",
            after=(after[0], after[1]) if after else None,
            limit=page.limit + 1,
        )
    following = next_page(found, page, key=lambda row: (row["started_at"], row["id"]))
    address = scope.page("/board/contacts", scope.place, reason=reason, when=when)
    return screens_of(request).page(
        request,
        _placed(frame, scope).reader,
        "board/contacts.html",
        frame=frame,
        scope=scope,
        reason=reason,
        when=when,
        rows=found[: page.limit],
        **_paged(address, following, page.cursor),
    )


@router.get("/people")
async def get_people(
    request: Request,
    stand: Chosen = "",
    organisation: Chosen = "",
    department: Chosen = "",
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """Who is how, since when, and with how many cases."""
    return await _people(request, actor, stand, organisation, department)


async def _people(
    request: Request,
    actor: Actor,
    stand: str,
    organisation: str,
    department: str,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        scope = await board.scope_of(work, Permission.REPORTS_READ, organisation, department)
        found = await board.people_behind(work, scope)
        held = await cases.count_held(work, list(scope.directories))
    whole = Scope(scope.directories, scope.organisation)
    return screens_of(request).page(
        request,
        _placed(frame, scope).reader,
        "board/people.html",
        status=problem.status if problem else 200,
        frame=frame,
        scope=scope,
        stand=stand if stand in STANDS else "",
        stands=STANDS,
        people=[each for each in found if each.stand == stand or stand not in STANDS],
        held=held,
        held_by=lambda person: whole.search(whole.place, person),
        page_of=lambda which: scope.page("/board/people", scope.place, **({"stand": which} if which else {})),
        chosen={"organisation": organisation, "department": department},
        problem=problem,
    )


@router.post("/people/{person}/presence")
async def post_presence(request: Request, person: str, actor: Actor = needs(Permission.PRESENCE_OTHERS)) -> Response:
    """Say of somebody whether they take work now."""
    entered = await entered_in(request)
    stand, organisation, department = (entered.text(each, most=60) for each in ("stand", "organisation", "department"))

    async def deed(work: Work) -> str:
        scope = await board.scope_of(work, Permission.PRESENCE_OTHERS)
        served = [id_ for id_, each in scope.directories.items() if _known(each, person)]
        if not served:
            raise NotFound(later("There is nobody of that name whom you may see."))
        word = entered.one_of("presence", tuple(Presence), later("Choose one of the presences."))
        await set_presence(work, served[0], person, Presence(word))
        chosen = {"stand": stand, "organisation": organisation, "department": department}
        return "/board/people?" + urlencode({name: each for name, each in chosen.items() if each})

    async def again(problem: AhadiError) -> Response:
        return await _people(request, actor, stand, organisation, department, problem)

    return await act(
        request,
        actor,
        Entered(),
        deed,
        done=lambda address: (address, Done("presence-of-other-set")),
        again=again,
        twice="/board/people",
    )


def _known(directory: Directory, named: str) -> bool:
    return any(named in (str(id_), each.slug) and directory.serves(id_) for id_, each in directory.people.items())
