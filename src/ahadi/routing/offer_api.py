"""Offers over HTTP: what is put before whom, answering it, why it was, wrap-ups, and what an organisation chose."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ahadi.cases import show_whole
from ahadi.directory import Permission, read_directory
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, answer, database_of, needs, organisation_of, perform
from ahadi.routing import offer_actions, offer_store, offers, wrap_up_store, wrap_ups
from ahadi.routing.explaining import explain, show_verdict, verdicts_of
from ahadi.routing.offer_store import Offer
from ahadi.routing.wrap_up_store import WrapUp

router = Router(prefix="/api", tags=["offers"])
_MOST = 500
Name = Annotated[str | None, Query(description="The organisation, by id or short name.")]
Code = Annotated[str, Field(min_length=1, max_length=40)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


def show_offer(offer: Offer) -> dict[str, Any]:
    """An offer as JSON tells it; why it went to this person is told to supervisors, by `explain`."""
    plain = {name: getattr(offer, name) for name in Offer.__dataclass_fields__ if name != "considered"}
    return {**plain, "case": plain.pop("case_id"), "person": plain.pop("person_id")}


@router.get("/offers")
async def get_offers(
    request: Request,
    whose: Annotated[
        Literal["mine", "all"], Query(description="`all` are everybody's, for who may read reports.")
    ] = "mine",
    actor: Actor = SIGNED_IN,
) -> Response:
    """What waits for an answer: put before the person who asks, or before anybody where they may read reports."""
    async with database_of(request).read(actor) as work:
        if whose == "all":
            seen = [each for each in actor.organisations if actor.may(each, Permission.REPORTS_READ)]
            found = await offer_store.standing_offers(work, seen, _MOST)
        else:
            found = await offer_store.offers_to(work, actor.person_id) if actor.person_id else []
        return answer({"items": [show_offer(each) for each in found], "next": None})


@router.get("/offers/explain")
async def get_explanation(
    request: Request,
    case: Annotated[str, Query(description="A case, by its reference or id.", max_length=40)],
    actor: Actor = needs(Permission.REPORTS_READ),
) -> Response:
    """Why a case is offered to whom, with a reason for everybody who was considered: now, and at each offer so far."""
    async with database_of(request).read(actor) as work:
        found = await explain(work, _named(case))
        directory = await read_directory(work, found.case.organisation_id)
    return answer(
        {
            "case": found.case.reference,
            "waits": found.waits,
            "now": [show_verdict(directory, each) for each in found.verdicts],
            "offers": [
                show_offer(each)
                | {
                    "words": found.words.get(each.id),
                    "considered": [show_verdict(directory, one) for one in verdicts_of(each)],
                }
                for each in found.offers
            ],
        }
    )


def _named(case: str) -> str | UUID:
    try:
        return UUID(case)
    except ValueError:
        return case


@router.post("/offers/{offer_id}/accept")
async def post_accept(request: Request, offer_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Take the case; the customer is told."""

    async def deed(work: Work) -> dict[str, Any]:
        return await show_whole(work, await offers.accept_offer(work, offer_id))

    return await perform(request, actor, deed)


class Decline(BaseModel):
    reason: Annotated[Code, Field(description="One of the organisation's codes; see /api/offers/settings.")]
    words: Annotated[str, Field(max_length=offers.LONGEST_WORDS)] | None = None


@router.post("/offers/{offer_id}/decline", status_code=204)
async def post_decline(
    request: Request, offer_id: UUID, body: Decline, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Leave it to the next person, saying why. The words can be erased and are in no journal."""

    async def deed(work: Work) -> None:
        await offers.decline_offer(work, offer_id, body.reason, body.words)

    return await perform(request, actor, deed, status=204)


# Wrap-ups ---------------------------------------------------------------------------------------------------------


def show_wrap_up(wrap_up: WrapUp) -> dict[str, Any]:
    """A wrap-up as JSON tells it."""
    plain = {name: getattr(wrap_up, name) for name in WrapUp.__dataclass_fields__}
    return {**plain, "case": plain.pop("case_id"), "person": plain.pop("person_id"), "offer": plain.pop("offer_id")}


@router.get("/wrap-ups")
async def get_wrap_ups(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """What the person who asks finished and has not said of what it came to; while `ended_at` is null, time runs."""
    async with database_of(request).read(actor) as work:
        found = await wrap_up_store.wrap_ups_of(work, actor.person_id) if actor.person_id else []
        return answer({"items": [show_wrap_up(each) for each in found], "next": None})


class Disposition(BaseModel):
    disposition: Annotated[Code, Field(description="One of the organisation's codes; see /api/offers/settings.")]


@router.post("/wrap-ups/{wrap_up_id}/end")
async def post_end(
    request: Request, wrap_up_id: UUID, body: Disposition, actor: Actor = needs(Permission.CASE_WORK)
) -> Response:
    """Say what the work came to; the wrap-up is over by that, and the person available again."""

    async def deed(work: Work) -> dict[str, Any]:
        return show_wrap_up(await wrap_ups.end_wrap_up(work, wrap_up_id, body.disposition))

    return await perform(request, actor, deed)


# What the organisation chose ----------------------------------------------------------------------------------------


class Capacity(BaseModel):
    model_config = ConfigDict(extra="forbid")
    call: Annotated[int, Field(ge=0, le=100)] | None = None
    chat: Annotated[int, Field(ge=0, le=100)] | None = None
    case: Annotated[int, Field(ge=0, le=100)] | None = None


class DepartmentBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    offer: bool = False
    minutes: Minutes | None = None
    passes_on: bool = False


Names = dict[str, Annotated[str, Field(min_length=1, max_length=80)]]


class SettingsBody(BaseModel):
    """What of the settings changes; what is not named stays, and a list is given whole."""

    model_config = ConfigDict(extra="forbid")
    answer_minutes: Minutes | None = None
    handling_minutes: Minutes | None = None
    affinity_days: Annotated[int, Field(ge=0, le=365)] | None = None
    away_after: Annotated[int, Field(ge=0, le=100)] | None = None
    ask_again_minutes: Minutes | None = None
    wrap_up_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    capacity: Capacity | None = None
    people: dict[str, Capacity] | None = None
    departments: dict[str, DepartmentBody] | None = None
    reasons: dict[str, Minutes] | None = None
    declining: dict[str, Names] | None = None
    dispositions: dict[str, Names] | None = None


@router.get("/offers/settings")
async def get_settings(
    request: Request, organisation: Name = None, actor: Actor = needs(Permission.DIRECTORY_READ)
) -> Response:
    """How the organisation offers work: departments, capacities, times, and the codes to choose from."""
    async with database_of(request).read(actor) as work:
        found = await offer_actions.get_offering(work, await organisation_of(request, work, organisation))
    return answer(found.plain())


@router.patch("/offers/settings")
async def patch_settings(
    request: Request, body: SettingsBody, organisation: Name = None, actor: Actor = needs(Permission.SETTINGS_EDIT)
) -> Response:
    """Change how work is offered. A department that is not named, or has `offer: false`, has its people pull."""

    async def deed(work: Work) -> dict[str, Any]:
        organisation_id = await organisation_of(request, work, organisation)
        change = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
        for name in ("capacity", "people"):
            if name in change:
                change[name] = _said(change[name])
        return (await offer_actions.change_offering(work, organisation_id, change)).plain()

    return await perform(request, actor, deed)


def _said(capacity: dict[str, Any]) -> dict[str, Any]:
    """What was said of capacities; what was not stays as usual."""
    return {
        key: _said(value) if isinstance(value, dict) else value for key, value in capacity.items() if value is not None
    }
