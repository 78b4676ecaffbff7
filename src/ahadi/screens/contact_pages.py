"""A contact that a person enters: a call, or anything else that did not come in by itself."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, customers, intake
from ahadi.base.errors import AhadiError, Forbidden, Invalid
from ahadi.base.ids import uuid7
from ahadi.cases import CaseFilter
from ahadi.customers import Customer, Given
from ahadi.directory import Permission
from ahadi.intake import Contacting, Taken
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.screens.acting import act
from ahadi.screens.case_forms import departments, reasons
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import Frame, frame_of
from ahadi.screens.pages import Done, screens_of
from ahadi.screens.reader import later

router = Router(include_in_schema=False)
CHANNELS = ("phone", "email", "chat", "sms", "web")


@router.get("/contacts/new")
async def get_new(request: Request, actor: Actor = needs(Permission.CONTACT_CREATE)) -> Response:
    """A form; a number or address in its own address shows who is known by it."""
    return await _page(request, actor, Entered(dict(request.query_params)))


@router.post("/contacts/new")
async def post_look(request: Request, actor: Actor = needs(Permission.CONTACT_CREATE)) -> Response:
    """Who is known by what was entered so far; nothing is taken in."""
    return await _page(request, actor, await entered_in(request))


async def _page(request: Request, actor: Actor, entered: Entered, problem: AhadiError | None = None) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        organisation_id = _organisation(frame, entered.get("organisation"))
        directory = frame.directories[organisation_id]
        known = await _known(work, organisation_id, directory.organisation.country, entered)
        open_cases = await _open_cases(work, organisation_id, known)
    return screens_of(request).page(
        request,
        frame.reader,
        "contact.html",
        status=problem.status if problem else 200,
        frame=frame,
        organisation=directory.organisation,
        taking=[each for each in frame.directories.values() if _may_take(frame, each.organisation.id)],
        channels=CHANNELS,
        reasons=reasons(frame, directory),
        departments=departments(frame, directory),
        entered=entered,
        known=known,
        open_cases=open_cases,
        problem=problem,
        key=uuid7().hex,
    )


def _may_take(frame: Frame, organisation_id: UUID) -> bool:
    return frame.may(Permission.CONTACT_CREATE, organisation_id)


def _organisation(frame: Frame, slug: str) -> UUID:
    """The organisation that is meant: by its slug, else the first in which the person may take contacts."""
    taking = [each for each in frame.directories.values() if _may_take(frame, each.organisation.id)]
    if not taking:
        raise Forbidden(f"This needs the permission {Permission.CONTACT_CREATE}.", permission=Permission.CONTACT_CREATE)
    return next((each for each in taking if each.organisation.slug == slug), taking[0]).organisation.id


async def _known(work: Work, organisation_id: UUID, country: str, entered: Entered) -> Customer | None:
    """Who is known by the number or address typed so far; nobody for one that is not whole yet."""
    if not work.actor.may(organisation_id, Permission.CUSTOMER_READ):
        return None
    given: list[Given] = []
    with suppress(Invalid):
        given += [customers.phone_identity(entered.get("phone"), country)] if entered.get("phone") else []
    with suppress(Invalid):
        given += [customers.email_identity(entered.get("email"))] if entered.get("email") else []
    for each in given:
        found = await customers.find_customers(work, organisation_id, text=each.value, limit=5)
        for customer in found:
            if any((held.kind, held.value) == (each.kind, each.value) for held in customer.identities):
                return customer
    return None


async def _open_cases(work: Work, organisation_id: UUID, customer: Customer | None) -> Sequence[Mapping[str, Any]]:
    if customer is None or not work.actor.may(organisation_id, Permission.CASE_READ):
        return ()
    wanted = CaseFilter(state="open", customer_ids=customer.ids, limit=5)
    return await cases.list_cases(work, [organisation_id], wanted)


@router.post("/contacts")
async def post_contact(request: Request, actor: Actor = needs(Permission.CONTACT_CREATE)) -> Response:
    """Take the contact in; then on to its case."""
    entered = await entered_in(request)

    async def deed(work: Work) -> Taken:
        frame = await frame_of(request, work)
        channel: Any = entered.one_of("channel", CHANNELS, later("Say how the customer got in touch."))
        contacting = Contacting(
            channel=channel,
            text=entered.required("text", later("Write what the customer said."), most=50_000),
            subject=entered.text("subject", most=500),
            name=entered.text("name", most=200) or None,
            phone=entered.text("phone", most=40) or None,
            email=entered.text("email", most=254) or None,
            language=entered.text("language", most=8) or None,
            reason=entered.text("reason", most=60) or None,
            department=entered.text("department", most=60) or None,
        )
        return await intake.take_contact(work, _organisation(frame, entered.get("organisation")), contacting)

    async def again(problem: AhadiError) -> Response:
        return await _page(request, actor, entered, problem)

    def done(taken: Taken) -> tuple[str, Done]:
        return f"/cases/{taken.case.reference}", Done("contact-joined" if taken.repeat else "contact-taken")

    return await act(request, actor, entered, deed, done=done, again=again, twice="/cases")
