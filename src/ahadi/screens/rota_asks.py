"""What people ask of one another on the rota: to be away, to have a shift taken over; and a manager's answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import rota
from ahadi.base.errors import AhadiError, NotFound
from ahadi.directory import ABSENCES, Directory, Permission, piece_of
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, needs, organisation_of, settings_of
from ahadi.rota import RotaCosts, store
from ahadi.rota.model import colleagues
from ahadi.screens.acting import Reveal, act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame
from ahadi.screens.pages import Done
from ahadi.screens.reader import later
from ahadi.screens.rota_forms import back_of, form_page, moments_of, told
from ahadi.screens.rota_pages import mine

router = Router(include_in_schema=False)
OWN = needs(Permission.ROTA_OWN)
ANSWERS = needs(Permission.ROTA_EDIT)
_MINE = "/rota/mine"


async def _here(request: Request, work: Work, entered: Entered) -> UUID:
    slug = entered.get("organisation")
    if slug or len(work.actor.organisations) == 1:
        return await organisation_of(request, work, slug or None)
    return work.actor.organisations[0]


async def _on_mine(
    request: Request,
    actor: Actor,
    entered: Entered,
    deed: Callable[[Work], Awaitable[str]],
    reveal: Reveal | None = None,
) -> Response:
    """Do something of one's own; then one's own page tells it, or what is wrong. `reveal` as in `act`."""

    async def again(problem: AhadiError) -> Response:
        return await mine(request, actor, problem)

    return await act(
        request,
        actor,
        entered,
        deed,
        done=lambda code: (_MINE, Done(code)),
        again=again,
        twice=_MINE,
        reveal=reveal,
    )


# Absences -------------------------------------------------------------------------------------------------------


def _leave_values(_frame: Frame, _directory: Directory) -> dict[str, Any]:
    return {"kinds": ABSENCES, "zone": _frame.reader.zone.key, "back": _MINE}


@router.get("/rota/leave")
async def get_leave(request: Request, organisation: str | None = None, actor: Actor = OWN) -> Response:
    """To be away: from when, until when."""
    del organisation
    return await form_page(
        request, actor, "leave", "/rota/leave", Entered(dict(request.query_params)), None, _leave_values
    )


@router.post("/rota/leave")
async def post_leave(request: Request, actor: Actor = OWN) -> Response:
    """Ask to be away."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        start, end = moments_of(entered)
        here = await _here(request, work, entered)
        await rota.ask_leave(work, here, start, end, entered.text("kind", most=20) or "leave")
        return "leave-asked"

    async def again(problem: AhadiError) -> Response:
        return await form_page(request, actor, "leave", "/rota/leave", entered, problem, _leave_values)

    return await act(request, actor, entered, deed, done=lambda code: (_MINE, Done(code)), again=again, twice=_MINE)


async def _leave_s(work: Work, leave_request_id: UUID) -> UUID:
    found = await store.organisation_of_leave(work, work.actor.organisations, leave_request_id)
    if found is None:
        raise NotFound(later("There is no such request in this organisation."))
    return found


@router.post("/rota/leave/{leave_request_id}/withdraw")
async def post_leave_withdraw(request: Request, leave_request_id: UUID, actor: Actor = OWN) -> Response:
    """Take back what one asked for."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        await rota.withdraw_leave(work, await _leave_s(work, leave_request_id), leave_request_id)
        return "leave-withdrawn"

    return await _on_mine(request, actor, entered, deed)


@router.post("/rota/leave/{leave_request_id}/answer")
async def post_leave_answer(request: Request, leave_request_id: UUID, actor: Actor = ANSWERS) -> Response:
    """A manager's yes or no."""
    entered = await entered_in(request)
    approve = entered.get("answer") == "yes"

    async def deed(work: Work) -> str:
        here = await _leave_s(work, leave_request_id)
        work.permit(here, Permission.ROTA_EDIT)
        await _knowingly(
            entered,
            lambda known: rota.settle_leave(work, here, leave_request_id, approve=approve, knowingly=known),
        )
        return "leave-approved" if approve else "leave-declined"

    return await _answered(request, actor, entered, deed, f"/rota/leave/{leave_request_id}/answer")


async def _knowingly(entered: Entered, settle: Callable[[bool], Awaitable[object]]) -> None:
    """Settle it; in spite of its costs where the form told just these. Raises RotaCosts before anything is done."""
    try:
        await settle(False)
    except RotaCosts as refused:
        if entered.get("known") != told(refused.costs):
            raise
        await settle(True)


async def _answered(
    request: Request, actor: Actor, entered: Entered, deed: Callable[[Work], Awaitable[str]], action: str
) -> Response:
    back = back_of(entered)

    async def again(problem: AhadiError) -> Response:
        return await form_page(request, actor, "answer", action, entered, problem, lambda _f, _d: {"back": back})

    return await act(request, actor, entered, deed, done=lambda code: (back, Done(code)), again=again, twice=back)


# Swaps ----------------------------------------------------------------------------------------------------------


def _swap_values(entered: Entered, person: UUID | None) -> Callable[[Frame, Directory], dict[str, Any]]:
    def make(frame: Frame, directory: Directory) -> dict[str, Any]:
        source = entered.id("shift")
        piece = piece_of(directory, source, _moment(entered.get("at"))) if source else None
        if piece is None or piece.person_id != person:
            raise NotFound(later("There is no such shift of yours."))
        able = colleagues(directory, piece.person_id, piece.department_id)
        choices = [(directory.people[each].slug, directory.people[each].name) for each in able]
        return {
            "piece": piece,
            "colleagues": sorted(choices, key=lambda each: each[1].casefold()),
            "starts": entered.get("starts") or f"{frame.reader.local(piece.start):%Y-%m-%dT%H:%M}",
            "ends": entered.get("ends") or f"{frame.reader.local(piece.end):%Y-%m-%dT%H:%M}",
            "zone": frame.reader.zone.key,
            "back": _MINE,
        }

    return make


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


@router.get("/rota/swap")
async def get_swap(request: Request, organisation: str | None = None, actor: Actor = OWN) -> Response:
    """One's own shift, to be offered."""
    del organisation
    entered = Entered(dict(request.query_params))
    return await form_page(request, actor, "swap", "/rota/swap", entered, None, _swap_values(entered, actor.person_id))


@router.post("/rota/swap")
async def post_swap(request: Request, actor: Actor = OWN) -> Response:
    """Offer it, or a time of it."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        here = await _here(request, work, entered)
        source = entered.id("shift")
        if source is None:
            raise NotFound(later("There is no such shift of yours."))
        start, end = moments_of(entered)
        to = entered.get("to") or None
        await rota.offer_swap(work, here, source, _moment(entered.get("at")), starts_at=start, ends_at=end, to=to)
        return "swap-offered"

    async def again(problem: AhadiError) -> Response:
        make = _swap_values(entered, actor.person_id)
        return await form_page(request, actor, "swap", "/rota/swap", entered, problem, make)

    return await act(request, actor, entered, deed, done=lambda code: (_MINE, Done(code)), again=again, twice=_MINE)


async def _swap_s(work: Work, swap_id: UUID) -> UUID:
    found = await store.organisation_of_swap(work, work.actor.organisations, swap_id)
    if found is None:
        raise NotFound(later("There is no such swap in this organisation."))
    return found


@router.post("/rota/swaps/{swap_id}/accept")
async def post_accept(request: Request, swap_id: UUID, actor: Actor = OWN) -> Response:
    """Take a colleague's shift."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        swap = await rota.accept_swap(work, await _swap_s(work, swap_id), swap_id)
        return "swap-done" if swap.state == "done" else "swap-waits"

    return await _on_mine(request, actor, entered, deed)


@router.post("/rota/swaps/{swap_id}/decline")
async def post_decline(request: Request, swap_id: UUID, actor: Actor = OWN) -> Response:
    """Say no to a shift."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        await rota.decline_swap(work, await _swap_s(work, swap_id), swap_id)
        return "swap-declined"

    return await _on_mine(request, actor, entered, deed)


@router.post("/rota/swaps/{swap_id}/withdraw")
async def post_withdraw(request: Request, swap_id: UUID, actor: Actor = OWN) -> Response:
    """Take one's offer back."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        await rota.withdraw_swap(work, await _swap_s(work, swap_id), swap_id)
        return "swap-withdrawn"

    return await _on_mine(request, actor, entered, deed)


@router.post("/rota/swaps/{swap_id}/answer")
async def post_swap_answer(request: Request, swap_id: UUID, actor: Actor = ANSWERS) -> Response:
    """A manager's yes or no to a swap."""
    entered = await entered_in(request)
    approve = entered.get("answer") == "yes"

    async def deed(work: Work) -> str:
        here = await _swap_s(work, swap_id)
        work.permit(here, Permission.ROTA_EDIT)
        await _knowingly(entered, lambda known: rota.settle_swap(work, here, swap_id, approve=approve, knowingly=known))
        return "swap-approved" if approve else "swap-refused"

    return await _answered(request, actor, entered, deed, f"/rota/swaps/{swap_id}/answer")


# One's own calendar ---------------------------------------------------------------------------------------------


@router.post("/rota/calendar")
async def post_calendar(request: Request, actor: Actor = OWN) -> Response:
    """An address for one's calendar: shown on the page that answers, and never again."""
    entered = await entered_in(request)
    made: list[str] = []

    async def deed(work: Work) -> str:
        secret = await rota.make_feed(work, await _here(request, work, entered))
        made.append(f"{settings_of(request).links_from()}/calendars/{secret}.ics")
        return "calendar-made"

    async def reveal() -> Response:
        return await mine(request, actor, feed=made[-1])

    return await _on_mine(request, actor, Entered(), deed, reveal)


@router.post("/rota/calendar/revoke")
async def post_calendar_revoke(request: Request, actor: Actor = OWN) -> Response:
    """Nobody fetches one's calendar any more."""
    entered = await entered_in(request)

    async def deed(work: Work) -> str:
        await rota.revoke_feed(work, await _here(request, work, entered))
        return "calendar-revoked"

    return await _on_mine(request, actor, entered, deed)
