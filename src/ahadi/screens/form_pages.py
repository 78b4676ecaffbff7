"""An organisation's public contact form."""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from ahadi import cases, intake
from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.base.ids import uuid7
from ahadi.directory import Directory, get_organisation, read_directory
from ahadi.intake import Contacting, Taken
from ahadi.platform.database import Actor, Work
from ahadi.platform.throttle import Limit, count_attempt
from ahadi.platform.web import PUBLIC, Router, client_address, database_of, perform
from ahadi.screens.brand import Branded, branded
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.pages import screens_of
from ahadi.screens.reader import Reader, later, reader_of

router = Router(prefix="/f/{organisation}", include_in_schema=False, dependencies=[PUBLIC])
_ADDRESS = Limit("web-form-address", 20, timedelta(hours=1))
_EVERYBODY = Limit("web-form", 1_000, timedelta(hours=1))
TRAP = "website"  # a field no person sees; programs that fill in forms fill it too


async def _directory(request: Request, slug: str) -> tuple[Directory, Reader, Branded]:
    async with database_of(request).read(Actor.system([])) as work:
        organisation = await get_organisation(work, slug)
    if organisation is None or organisation.slug != slug:
        raise NotFound(later("There is nothing at this address; check it."))
    async with database_of(request).read(_customer(organisation.id)) as work:
        directory = await read_directory(work, organisation.id)
        reader = reader_of(request).at(work.now, None, organisation.zone, directory.organisation.country)
        brand = await branded(work, directory.organisation)
    return directory, reader, brand


def _customer(organisation_id: object) -> Actor:
    """Somebody of whom nothing is known yet."""
    return Actor("customer", None, {organisation_id: frozenset()})  # type: ignore[dict-item]


@router.get("")
async def get_form(request: Request, organisation: str) -> Response:
    directory, reader, brand = await _directory(request, organisation)
    return _form(request, directory, reader, brand)


def _form(
    request: Request,
    directory: Directory,
    reader: Reader,
    brand: Branded,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    reasons = [(each.slug, each.name(reader.language)) for each in directory.reasons.values() if each.active]
    return screens_of(request).page(
        request,
        reader,
        "public/form.html",
        status=problem.status if problem else 200,
        organisation=directory.organisation,
        brand=brand,
        reasons=sorted(reasons, key=lambda each: each[1]),
        entered=entered or Entered(),
        problem=problem,
        trap=TRAP,
        key=uuid7().hex,
    )


@router.post("")
async def post_form(request: Request, organisation: str) -> Response:
    """Take the contact in, and answer with its reference.

    The link to the customer's page is in the answer only for somebody who was not known before: whoever writes in the
    name of a known customer is not to read that customer's case. The message to the address we know holds it.
    """
    directory, reader, brand = await _directory(request, organisation)
    entered = await entered_in(request)
    if entered.get(TRAP):
        return _thanks(request, directory, reader, brand, None, None)
    organisation_id = directory.organisation.id
    outcome: list[tuple[Taken, str | None]] = []
    try:
        contacting = _contacting(entered, reader)
        limits = {_ADDRESS: client_address(request), _EVERYBODY: str(organisation_id)}
        await count_attempt(database_of(request), limits)

        async def deed(work: Work) -> None:
            inside = work.as_installation(organisation_id)
            taken = await intake.take_contact(inside, organisation_id, contacting)
            is_new = taken.customer.made_at >= work.now and not taken.repeat
            outcome.append((taken, await cases.customer_link(inside, taken.case) if is_new else None))

        await perform(request, _customer(organisation_id), deed, status=204)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return _form(request, directory, reader, brand, entered, problem)
    taken, link = outcome[-1]
    return _thanks(request, directory, reader, brand, taken.case.reference, link)


def _contacting(entered: Entered, reader: Reader) -> Contacting:
    phone, email = entered.text("phone", most=40), entered.text("email", most=254)
    if not phone and not email:
        raise Invalid(later("Leave a telephone number or an e-mail address, so that we can answer you."))
    return Contacting(
        channel="web",
        text=entered.required("text", later("Write what you need."), most=20_000),
        subject=entered.text("subject", most=300),
        name=entered.text("name", most=200) or None,
        phone=phone or None,
        email=email or None,
        language=reader.language,
        reason=entered.text("reason", most=60) or None,
        source_key=f"form:{entered.once}" if entered.once else None,
    )


def _thanks(
    request: Request,
    directory: Directory,
    reader: Reader,
    brand: Branded,
    reference: str | None,
    link: str | None,
) -> Response:
    return screens_of(request).page(
        request,
        reader,
        "public/thanks.html",
        status=201 if reference else 200,
        organisation=directory.organisation,
        brand=brand,
        reference=reference,
        link=link,
    )
