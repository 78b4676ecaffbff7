"""Absences asked for, and swaps, over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.directory import Permission
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, answer, database_of, needs, organisation_of, perform
from ahadi.rota import leave, store, swaps
from ahadi.rota.model import LeaveRequest, Swap

router = Router(prefix="/api", tags=["rota"])


class At(BaseModel):
    organisation: str | None = None


class Answered(At):
    knowingly: Annotated[
        bool, Field(description="Approve although open times, promises or bookings lose their person.")
    ] = False


# Absences asked for ---------------------------------------------------------------------------------------------


def _show_leave(request: LeaveRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "person": request.person_id,
        "starts_at": iso(request.starts_at),
        "ends_at": iso(request.ends_at),
        "kind": request.kind,
        "state": request.state,
    }


@router.get("/leave-requests")
async def get_leave_requests(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Requests that wait, for who keeps the rota; one's own for everybody."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, Permission.ROTA_OWN)
        if actor.may(organisation_id, Permission.ROTA_EDIT):
            found = await store.leave_asked(work, [organisation_id])
        else:
            found = await store.leave_of(work, [organisation_id], leave.oneself(work, organisation_id))
    return answer({"items": [_show_leave(each) for each in found], "next": None})


class NewLeave(At):
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    kind: Annotated[str, Field(max_length=20)] = "leave"


@router.post("/leave-requests", status_code=201)
async def post_leave_request(request: Request, body: NewLeave, actor: Actor = needs(Permission.ROTA_OWN)) -> Response:
    """Ask to be away; a manager answers."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_leave(await leave.ask_leave(work, organisation_id, body.starts_at, body.ends_at, body.kind))

    return await perform(request, actor, deed, status=201)


@router.post("/leave-requests/{leave_request_id}/approve")
async def post_leave_approve(
    request: Request, leave_request_id: UUID, body: Answered, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """Approve it; the absence stands on the rota. 409 `rota-costs` tells what that leaves behind."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_leave(
            await leave.settle_leave(work, organisation_id, leave_request_id, approve=True, knowingly=body.knowingly)
        )

    return await perform(request, actor, deed)


@router.post("/leave-requests/{leave_request_id}/decline")
async def post_leave_decline(
    request: Request, leave_request_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """Decline it; whoever asked is told."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_leave(await leave.settle_leave(work, organisation_id, leave_request_id, approve=False))

    return await perform(request, actor, deed)


@router.post("/leave-requests/{leave_request_id}/withdraw")
async def post_leave_withdraw(
    request: Request, leave_request_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Take back what one asked for."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_leave(await leave.withdraw_leave(work, organisation_id, leave_request_id))

    return await perform(request, actor, deed)


# Swaps ----------------------------------------------------------------------------------------------------------


def _show_swap(swap: Swap) -> dict[str, Any]:
    return {
        "id": swap.id,
        "person": swap.person_id,
        "to": swap.to_person,
        "department": swap.department_id,
        "starts_at": iso(swap.starts_at),
        "ends_at": iso(swap.ends_at),
        "state": swap.state,
        "taken_by": swap.taken_by,
    }


@router.get("/swaps")
async def get_swaps(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Swaps that are offered or wait for a manager, the earliest shift first."""
    async with database_of(request).read(actor) as work:
        organisation_id = await organisation_of(request, work, organisation)
        work.permit(organisation_id, Permission.ROTA_OWN)
        found = await store.swaps_open(work, [organisation_id], work.now)
    return answer({"items": [_show_swap(each) for each in found], "next": None})


class NewSwap(At):
    shift: Annotated[UUID, Field(description="A single shift's id, or a pattern's.")]
    at: Annotated[AwareDatetime | None, Field(description="When the pattern's shift begins.")] = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    to: Annotated[str | None, Field(description="A colleague; anyone of the department when not said.")] = None


@router.post("/swaps", status_code=201)
async def post_swap(request: Request, body: NewSwap, actor: Actor = needs(Permission.ROTA_OWN)) -> Response:
    """Offer a shift of one's own, or a time of it."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        made = await swaps.offer_swap(
            work,
            organisation_id,
            body.shift,
            body.at,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            to=body.to,
        )
        return _show_swap(made)

    return await perform(request, actor, deed, status=201)


@router.post("/swaps/{swap_id}/accept")
async def post_swap_accept(
    request: Request, swap_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Take a colleague's shift; `done` at once, or `accepted` until a manager says so."""

    async def deed(work: Work) -> dict[str, Any]:
        return _show_swap(
            await swaps.accept_swap(work, await organisation_of(request, work, body.organisation), swap_id)
        )

    return await perform(request, actor, deed)


@router.post("/swaps/{swap_id}/decline")
async def post_swap_decline(
    request: Request, swap_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Say no to a shift that was offered to oneself."""

    async def deed(work: Work) -> dict[str, Any]:
        return _show_swap(
            await swaps.decline_swap(work, await organisation_of(request, work, body.organisation), swap_id)
        )

    return await perform(request, actor, deed)


@router.post("/swaps/{swap_id}/withdraw")
async def post_swap_withdraw(
    request: Request, swap_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Take one's offer back before it is done."""

    async def deed(work: Work) -> dict[str, Any]:
        return _show_swap(
            await swaps.withdraw_swap(work, await organisation_of(request, work, body.organisation), swap_id)
        )

    return await perform(request, actor, deed)


@router.post("/swaps/{swap_id}/approve")
async def post_swap_approve(
    request: Request, swap_id: UUID, body: Answered, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """A manager's yes. 409 `rota-costs` tells what it would leave behind; say `knowingly` to do it all the same."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_swap(
            await swaps.settle_swap(work, organisation_id, swap_id, approve=True, knowingly=body.knowingly)
        )

    return await perform(request, actor, deed)


@router.post("/swaps/{swap_id}/refuse")
async def post_swap_refuse(
    request: Request, swap_id: UUID, body: At, actor: Actor = needs(Permission.ROTA_EDIT)
) -> Response:
    """A manager's no; both people are told."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        return _show_swap(await swaps.settle_swap(work, organisation_id, swap_id, approve=False))

    return await perform(request, actor, deed)
