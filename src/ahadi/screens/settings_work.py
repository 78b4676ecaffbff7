"""Administration: how work is offered, and how calls and visits are booked."""

from dataclasses import replace
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Bookings, Capacity, Directory, Permission, actions
from ahadi.directory.actions import OrganisationChange
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, needs
from ahadi.routing import offer_actions
from ahadi.routing.matching import KINDS
from ahadi.screens.entered import Entered
from ahadi.screens.frame import frame_of
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, number_in, settle_form, show_settings

router = Router(include_in_schema=False)
OFFERS, BOOKINGS = "/settings/offers", "/settings/bookings"
_NEEDED = Permission.SETTINGS_EDIT
_DAY = 1440
_OFFERING = (
    ("answer_minutes", 1, _DAY), ("handling_minutes", 1, _DAY), ("wrap_up_minutes", 0, 240),
    ("ask_again_minutes", 1, _DAY), ("affinity_days", 0, 365), ("away_after", 0, 100),
)  # fmt: skip
_BOOKINGS = (("notice", 0, 30 * _DAY), ("ahead", 1, 90), ("visit", 5, 480), ("remind", 0, 14 * _DAY))


async def _page(
    request: Request,
    actor: Actor,
    template: str,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _NEEDED, slug)
        offering = await offer_actions.get_offering(work, directory.organisation.id)
    departments = [each for each in directory.departments.values() if each.active]
    return show_settings(
        request,
        frame,
        directory,
        _NEEDED,
        template,
        entered=entered,
        problem=problem,
        offering=offering,
        capacity=offering.plain()["capacity"],
        kinds=KINDS,
        bookings=directory.organisation.settings.bookings,
        departments=sorted(departments, key=lambda each: (each.position, each.slug)),
    )


@router.get(OFFERS)
async def get_offers(request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)) -> Response:
    return await _page(request, actor, "settings/offers.html", organisation)


@router.post(OFFERS)
async def post_offers(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Say which departments' work is offered, for how long, and how much anybody has at once."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        organisation_id = directory.organisation.id
        change: dict[str, Any] = {name: number_in(entered, name, least, most) for name, least, most in _OFFERING}
        change["capacity"] = {kind: number_in(entered, f"capacity-{kind}", 0, 100) for kind in KINDS}
        was = (await offer_actions.get_offering(work, organisation_id)).plain()["departments"]
        offered, passed = entered.all("offered"), entered.all("passes_on")
        slugs = [each.slug for each in directory.departments.values() if each.active]
        change["departments"] = {
            **{slug: each for slug, each in was.items() if slug not in slugs},
            **{
                slug: {**was.get(slug, {}), "offer": slug in offered, "passes_on": slug in passed}
                for slug in slugs
                if slug in offered or slug in was
            },
        }
        await offer_actions.change_offering(work, organisation_id, change)
        return "offers-changed"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, "settings/offers.html", entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, OFFERS, _NEEDED, deed, show)


@router.get(BOOKINGS)
async def get_bookings(request: Request, organisation: str | None = None, actor: Actor = needs(_NEEDED)) -> Response:
    return await _page(request, actor, "settings/bookings.html", organisation)


@router.post(BOOKINGS)
async def post_bookings(request: Request, actor: Actor = needs(_NEEDED)) -> Response:
    """Say how soon and how far ahead is booked, how much of the rota, and what follows a call nobody answered."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        now = _bookings(directory, entered)
        change = OrganisationChange(settings={"bookings": now})
        await actions.change_organisation(work, directory.organisation.id, change)
        return "bookings-changed"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, "settings/bookings.html", entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, BOOKINGS, _NEEDED, deed, show)


def _bookings(directory: Directory, entered: Entered) -> Bookings:
    numbers: dict[str, Any] = {name: number_in(entered, name, least, most) for name, least, most in _BOOKINGS}
    tell = entered.one_of("tell", ("each", "last"), later("Say when the customer is told."))
    retries = entered.text("retries", most=100).replace(",", " ").split()
    if len(retries) > 10 or any(not each.isdigit() or not 0 < int(each) <= 14 * _DAY for each in retries):
        raise Invalid(later("Write at most ten waits in minutes, such as 30 120 1440."), field="retries")
    usual = Capacity(number_in(entered, "per_hour", 1, 12), number_in(entered, "share", 1, 100))
    own = {}
    for each in directory.departments.values():
        if each.active and (entered.text(f"per_hour-{each.slug}") or entered.text(f"share-{each.slug}")):
            own[each.slug] = Capacity(
                number_in(entered, f"per_hour-{each.slug}", 1, 12), number_in(entered, f"share-{each.slug}", 1, 100)
            )
    was = directory.organisation.settings.bookings
    return replace(
        was,
        **numbers,
        tell="each" if tell == "each" else "last",
        retries=tuple(map(int, retries)),
        usual=usual,
        departments=own,
    )
