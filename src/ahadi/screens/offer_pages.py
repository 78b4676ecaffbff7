"""Offers: what is put before oneself, answered on the spot; the word after the work; for supervisors, why to whom."""

import re
from collections.abc import Mapping
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.cases import Case
from ahadi.directory import Permission, Presence, presences_of, set_presence
from ahadi.directory.model import Names, called
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, database_of, needs
from ahadi.routing import matching_store, offer_store, offers, wrap_up_store, wrap_ups
from ahadi.routing.explaining import explain, verdicts_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.forms import Form, show_form
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.my_work import subjects_of
from ahadi.screens.offered import offers_now
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
_MOST = 100
_BACK = re.compile(r"https?://[^/]+(/(?:cases|offers|promises|notices)(?:[/?][\w/?=&.+%-]*)?)$")
_HERE = "/offers"


@router.get("/offers")
async def get_offers(request: Request, actor: Actor = SIGNED_IN) -> Response:
    return await _page(request, actor)


async def _page(request: Request, actor: Actor, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        rows = await offers_now(work, actor.person_id) if actor.person_id else []
        oversees = [each for each in frame.directories if frame.may(Permission.REPORTS_READ, each)]
        standing = await offer_store.shown_standing(work, oversees, _MOST)
        unwanted = await offer_store.shown_unwanted(work, oversees, _MOST)
        subjects = await subjects_of(work, [*rows, *standing, *unwanted])
        presence = await _presence(work, frame)
    return screens_of(request).page(
        request,
        frame.reader,
        "offers/page.html",
        status=problem.status if problem else 200,
        frame=frame,
        rows=rows,
        standing=standing,
        unwanted=unwanted,
        oversees=bool(oversees),
        subjects=subjects,
        presence=presence,
        problem=problem,
    )


async def _presence(work: Work, frame: Frame) -> str:
    """How the reader says they are; empty for a program."""
    person = frame.actor.person_id
    if person is None or not frame.actor.organisations:
        return ""
    return str((await presences_of(work, frame.actor.organisations[0])).get(person, ""))


@router.post("/offers/presence")
async def post_presence(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Say whether one takes work now."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        word = entered.one_of("presence", tuple(Presence), later("Choose one of the presences."))
        if actor.person_id is None or not actor.organisations:
            raise Invalid(later("Only a person who is signed in has a presence."))
        await set_presence(work, actor.organisations[0], "me", Presence(word))

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem)

    done = (_HERE, Done("presence-set"))
    return await act(request, actor, Entered(), deed, done=lambda _: done, again=again, twice=_HERE)


# Answering --------------------------------------------------------------------------------------------------------


@router.post("/offers/{offer_id}/accept")
async def post_accept(request: Request, offer_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Take the case, and go to it."""

    async def deed(work: Work) -> Case:
        return await offers.accept_offer(work, offer_id)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, problem)

    def done(case: Case) -> tuple[str, Done]:
        return f"/cases/{case.reference}", Done("case-taken")

    return await act(request, actor, Entered(), deed, done=done, again=again, twice=_HERE)


@router.get("/offers/{offer_id}/decline")
async def get_decline(request: Request, offer_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    return await _decline_form(request, actor, offer_id)


async def _decline_form(
    request: Request,
    actor: Actor,
    offer_id: UUID,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        offer = await offer_store.get_offer(work, offer_id)
        if offer is None or offer.state != "offered":
            raise NotFound(later("This offer does not wait for an answer any more."))
        case = await cases.get_case(work, offer.case_id)
        known = (await matching_store.offering_of(work, case.organisation_id)).declining
        subjects = await cases.texts_of(work, case.organisation_id, [case.id])
    values = {
        "case": case,
        "subject": subjects[case.id].subject if case.id in subjects else "",
        "reasons": _choices(known, frame),
    }
    form = Form("decline", f"/offers/{offer_id}/decline", _back(request, entered), leaves=True, values=values)
    return show_form(request, frame.at(case.organisation_id), form, entered, problem)


def _choices(known: Mapping[str, Names], frame: Frame) -> list[tuple[str, str]]:
    """Codes and what they are called, by name; what is left for everything else comes last."""
    named = ((code, called(names, frame.reader.language)) for code, names in known.items())
    return sorted(named, key=lambda each: (each[0] == "other", each[1]))


def _back(request: Request, entered: Entered | None) -> str:
    """The page on which the form was opened, where it is one of the desk's."""
    shown = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
    if entered is not None:
        shown = f"http://here{entered.get('back')}"
    found = _BACK.match(shown)
    return found[1] if found and "/decline" not in shown and "/end" not in shown else _HERE


@router.post("/offers/{offer_id}/decline")
async def post_decline(request: Request, offer_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Leave it to the next person."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        reason = entered.required("reason", later("Say why not you."), most=40)
        await offers.decline_offer(work, offer_id, reason, entered.text("words", most=offers.LONGEST_WORDS))

    async def again(problem: AhadiError) -> Response:
        return await _decline_form(request, actor, offer_id, entered, problem)

    done = (_back(request, entered), Done("offer-declined"))
    return await act(request, actor, entered, deed, done=lambda _: done, again=again, twice=_HERE)


# After the work ---------------------------------------------------------------------------------------------------


@router.get("/wrap-ups/{wrap_up_id}/end")
async def get_end(request: Request, wrap_up_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    return await _end_form(request, actor, wrap_up_id)


async def _end_form(
    request: Request,
    actor: Actor,
    wrap_up_id: UUID,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        wrap_up = await wrap_up_store.find_wrap_up(work, wrap_up_id)
        if wrap_up is None:
            raise NotFound(later("There is no such wrap-up."))
        case = await cases.get_case(work, wrap_up.case_id)
        known = (await matching_store.offering_of(work, case.organisation_id)).dispositions
        subjects = await cases.texts_of(work, case.organisation_id, [case.id])
    values = {
        "case": case,
        "subject": subjects[case.id].subject if case.id in subjects else "",
        "running": wrap_up.ended_at is None,
        "dispositions": _choices(known, frame),
    }
    form = Form("wrap-up", f"/wrap-ups/{wrap_up_id}/end", _back(request, entered), leaves=True, values=values)
    return show_form(request, frame.at(case.organisation_id), form, entered, problem)


@router.post("/wrap-ups/{wrap_up_id}/end")
async def post_end(request: Request, wrap_up_id: UUID, actor: Actor = needs(Permission.CASE_WORK)) -> Response:
    """Say what the work came to."""
    entered = await entered_in(request)

    async def deed(work: Work) -> None:
        disposition = entered.required("disposition", later("Say what it came to."), most=40)
        await wrap_ups.end_wrap_up(work, wrap_up_id, disposition)

    async def again(problem: AhadiError) -> Response:
        return await _end_form(request, actor, wrap_up_id, entered, problem)

    done = (_back(request, entered), Done("wrap-up-ended"))
    return await act(request, actor, entered, deed, done=lambda _: done, again=again, twice=_HERE)


# Why to whom ------------------------------------------------------------------------------------------------------


@router.get("/offers/why/{reference}")
async def get_why(request: Request, reference: str, actor: Actor = needs(Permission.REPORTS_READ)) -> Response:
    """Why a case is offered to whom: now, and each time it was."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        found = await explain(work, reference)
        organisation_id = found.case.organisation_id
        known = (await matching_store.offering_of(work, organisation_id)).declining
        subjects = await cases.texts_of(work, organisation_id, [found.case.id])
    frame = frame.at(organisation_id)
    return screens_of(request).page(
        request,
        frame.reader,
        "offers/why.html",
        frame=frame,
        found=found,
        subject=subjects[found.case.id].subject if found.case.id in subjects else "",
        considered=verdicts_of,
        reasons={code: called(names, frame.reader.language) for code, names in known.items()},
        zone=frame.reader.zone.key,
    )
