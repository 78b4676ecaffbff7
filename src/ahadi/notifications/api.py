"""What reaches oneself, over HTTP: which notice where, quiet hours and the digest."""

from datetime import time
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.directory import read_directory
from ahadi.notifications import actions
from ahadi.notifications.model import ABOUT, About, Choices, Digest, Quiet, Way
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, answer, database_of, perform

router = Router(prefix="/api", tags=["notifications"])
_HERE = "/me/notifications"


@router.get(_HERE)
async def get_notifications(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """What one chose; nothing beside the page where one never did."""
    async with database_of(request).read(actor) as work:
        chosen = await actions.choices_of(work, await _zone(work))
    return answer(_shown(chosen))


class QuietHours(BaseModel):
    """A time of day until another, over midnight where the second is the earlier."""

    start: Annotated[time, Field(alias="from")]
    until: time


class Chosen(BaseModel):
    """All of it: what is left out is not wanted. `urgent` is told in quiet hours, too."""

    ways: dict[About, set[Way]] = {}
    urgent: set[About] = set()
    digest: Digest = "hourly"
    morning: time = time(8)
    quiet: QuietHours | None = None
    zone: Annotated[str | None, Field(max_length=60, description="Of the times; the organisation's if left out.")] = (
        None
    )


@router.put(_HERE)
async def put_notifications(request: Request, body: Chosen, actor: Actor = SIGNED_IN) -> Response:
    """Choose what reaches oneself, where and when, in place of all that was chosen before."""

    async def deed(work: Work) -> dict[str, Any]:
        chosen = Choices(
            ways={about: frozenset(ways) for about, ways in body.ways.items()},
            urgent=frozenset(body.urgent),
            digest=body.digest,
            morning=_minute(body.morning),
            quiet=Quiet(_minute(body.quiet.start), _minute(body.quiet.until)) if body.quiet else None,
            zone=body.zone or await _zone(work),
        )
        await actions.choose(work, chosen)
        return _shown(chosen)

    return await perform(request, actor, deed)


async def _zone(work: Work) -> str:
    """The clock of the organisation one serves; of several, that of the first."""
    serves = work.actor.organisations
    return (await read_directory(work, serves[0])).organisation.zone if serves else "UTC"


def _minute(at: time) -> time:
    """A time of day as the page keeps it."""
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _shown(chosen: Choices) -> dict[str, Any]:
    quiet = chosen.quiet
    return {
        "ways": {about: sorted(chosen.ways_for(about)) for about in ABOUT},
        "urgent": [about for about in ABOUT if about in chosen.urgent],
        "digest": chosen.digest,
        "morning": _clock(chosen.morning),
        "quiet": {"from": _clock(quiet.start), "until": _clock(quiet.end)} if quiet else None,
        "zone": chosen.zone,
    }


def _clock(at: time) -> str:
    return at.strftime("%H:%M")
