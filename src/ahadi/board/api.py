"""The board over HTTP, for programs: the figures of the page, each with the address of what it counts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.board.actions import read_board
from ahadi.board.model import Board, Place, figures
from ahadi.board.scope import Scope, scope_of
from ahadi.directory import Permission
from ahadi.directory.shown import show_named
from ahadi.platform.database import Actor
from ahadi.platform.web import Router, answer, database_of, needs

router = Router(prefix="/api", tags=["board"])
Chosen = Annotated[str, Query(max_length=60)]


@router.get("/board")
async def get_board(
    request: Request,
    organisation: Annotated[str, Query(max_length=60, description="One of them, by id or short name.")] = "",
    department: Annotated[str, Query(max_length=60, description="One, by id or short name; `none`: without.")] = "",
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """What is true now: promises at risk, queues and waits, people, promises kept, contacts against the usual.

    The first line of `promises` and of `kept` is of everything that is looked at.
    """
    async with database_of(request).read(actor) as work:
        scope = await scope_of(work, Permission.REPORTS_READ, organisation, department)
        board = await read_board(work, scope)
    return answer(show_board(scope, board))


def show_board(scope: Scope, board: Board) -> dict[str, Any]:
    """The board as JSON tells it."""

    def of(place: Place) -> dict[str, Any]:
        directory = scope.directories.get(place.organisation_id or UUID(int=0))
        department = place.department if isinstance(place.department, UUID) else None
        return {
            "organisation": directory.organisation.slug if directory else None,
            "department": show_named(directory, department) if directory else None,
        }

    def numbers(record: object) -> dict[str, Any]:
        names = type(record).__dataclass_fields__  # type: ignore[attr-defined]
        kept = figures(record)
        return {name: getattr(record, name) for name in names if getattr(record, name) in kept}

    return {
        "at": iso(board.at),
        "promises": [of(each.place) | numbers(each) for each in board.risks],
        "queues": [
            of(each.place) | {"skill": each.skill, "oldest": each.oldest, "since": each.since} | numbers(each)
            for each in (board.queued, *board.queues)
        ],
        "chats": numbers(board.chats) | {"since": board.chats.since},
        "people": [{"stand": each.stand, "since": each.since} | numbers(each) for each in board.people],
        "kept": [
            of(each.place) | {name: numbers(ended) | {"rate": ended.rate} for name, ended in _spans(each)}
            for each in board.kept
        ],
        "contacts": [
            of(Place(each.organisation_id))
            | {"reason": each.reason, "weeks": each.weeks, "usual": each.usual, "unusual": each.unusual}
            | numbers(each)
            for each in board.contacts
        ],
    }


def _spans(kept: Any) -> tuple[tuple[str, Any], ...]:
    return (("today", kept.today), ("week", kept.week))
