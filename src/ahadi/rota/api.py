"""Changes of the week over HTTP: shifts moved, taken off and copied, once it is known what that leaves behind; and
one's own calendar."""

import hashlib
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from ahadi.base.errors import Invalid
from ahadi.directory import Permission, propose_copy, propose_move, propose_off, propose_shift, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import PUBLIC, Router, database_of, needs, organisation_of, perform
from ahadi.rota import feeds
from ahadi.rota.changes import keep

router = Router(prefix="/api", tags=["rota"])
fetched = Router(tags=["rota"])
Knowingly = Annotated[
    bool, Field(description="Make it so although open times, promises or bookings lose their person.")
]


class Change(BaseModel):
    organisation: str | None = None
    knowingly: Knowingly = False


class PlannedShift(Change):
    person: str
    department: str | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime


@router.post("/rota/shifts", status_code=204)
async def post_shift(request: Request, body: PlannedShift, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """One more single shift."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        proposal = await propose_shift(
            work, organisation_id, body.person, body.starts_at, body.ends_at, body.department
        )
        await keep(work, proposal, knowingly=body.knowingly)

    return await perform(request, actor, deed, status=204)


class Named(Change):
    """A shift: a single one by its id, or one of a pattern by the pattern's id and when it begins."""

    shift: Annotated[UUID, Field(description="A single shift's id, or a pattern's.")]
    at: Annotated[AwareDatetime | None, Field(description="When the pattern's shift begins.")] = None


class Move(Named):
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    person: Annotated[str | None, Field(description="Who works it from now on; who did, when not said.")] = None
    department: str | None = None


@router.post("/rota/moves", status_code=204)
async def post_move(request: Request, body: Move, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Move or resize a shift, or give it to somebody else. 409 `rota-costs` tells what that leaves behind."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        proposal = await propose_move(
            work, organisation_id, body.shift, body.at, body.starts_at, body.ends_at, body.person, body.department
        )
        await keep(work, proposal, knowingly=body.knowingly)

    return await perform(request, actor, deed, status=204)


@router.post("/rota/removals", status_code=204)
async def post_removal(request: Request, body: Named, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """Take one shift off the week. 409 `rota-costs` tells what that leaves behind."""

    async def deed(work: Work) -> None:
        organisation_id = await organisation_of(request, work, body.organisation)
        proposal = await propose_off(work, organisation_id, body.shift, body.at)
        await keep(work, proposal, knowingly=body.knowingly)

    return await perform(request, actor, deed, status=204)


class Copy(Change):
    department: str
    start: Annotated[AwareDatetime, Field(alias="from", description="When the week begins.")]
    zone: Annotated[str | None, Field(max_length=60, description="Whose clock shifts keep; the organisation's.")] = None


@router.post("/rota/copies")
async def post_copy(request: Request, body: Copy, actor: Actor = needs(Permission.ROTA_EDIT)) -> Response:
    """A department's week once more a week later; what comes again by itself is not copied."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        zone = body.zone or (await read_directory(work, organisation_id)).organisation.zone
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as problem:
            raise Invalid("This is no time zone; write one such as Africa/Nairobi.", zone=zone) from problem
        proposal, copied, left = await propose_copy(work, organisation_id, body.department, body.start, zone)
        await keep(work, proposal, knowingly=body.knowingly)
        return {"copied": copied, "left": left}

    return await perform(request, actor, deed)


# One's own calendar ---------------------------------------------------------------------------------------------


class Whose(BaseModel):
    organisation: str | None = None


@router.post("/calendar", status_code=201)
async def post_calendar(request: Request, body: Whose, actor: Actor = needs(Permission.ROTA_OWN)) -> Response:
    """An address at which one's own shifts can be fetched, told once; an older one is worthless from now on."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, body.organisation)
        secret = await feeds.make_feed(work, organisation_id)
        return {"address": f"/calendars/{secret}.ics"}

    return await perform(request, actor, deed, status=201)


@router.delete("/calendar", status_code=204)
async def delete_calendar(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.ROTA_OWN)
) -> Response:
    """Nobody fetches one's calendar any more."""

    async def deed(work: Work) -> None:
        await feeds.revoke_feed(work, await organisation_of(request, work, organisation))

    return await perform(request, actor, deed, status=204)


@fetched.get("/calendars/{link}.ics", dependencies=[PUBLIC])
async def get_calendar(request: Request, link: str) -> Response:
    """A person's own shifts and on-call times, for calendar programs (iCalendar, RFC 5545)."""
    content = await feeds.calendar_by(database_of(request), link)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
