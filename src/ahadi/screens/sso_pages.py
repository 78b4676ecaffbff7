"""Signing in by an organisation's own provider: which one, there, back again, and out of it."""

from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from ahadi.base.errors import AhadiError, NotFound
from ahadi.directory import oidc, sign_in_api, single_sign_on
from ahadi.directory.providers_api import providers_of
from ahadi.directory.single_sign_on import LASTS, Answered
from ahadi.platform.web import PUBLIC, Router, database_of, keyring_of, policy_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.pages import go_to
from ahadi.screens.reader import later
from ahadi.screens.sign_in_pages import onward, plain, sign_in_page, welcome

router = Router(include_in_schema=False, dependencies=[PUBLIC])


@router.get("/sign-in/sso")
async def get_sso(request: Request, next: str | None = None) -> Response:
    """Whose people one is of, told by one's e-mail address."""
    return plain(request, "sign_in/sso.html", entered=Entered({"next": next or ""}), found=[])


@router.post("/sign-in/sso")
async def post_sso(request: Request) -> Response:
    """The providers that may vouch for an address, as links: a form must not lead elsewhere, and does not."""
    entered = await entered_in(request)
    try:
        email = entered.required("email", later("Enter your e-mail address."), most=320)
        found = await single_sign_on.providers_for(database_of(request), email, sign_in_api.where_from(request))
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return plain(request, "sign_in/sso.html", entered=entered, found=[], problem=problem)
    return plain(request, "sign_in/sso.html", entered=entered, found=found)


@router.get("/sign-in/with/{provider}")
async def get_with(request: Request, provider: UUID, next: str | None = None) -> Response:
    """Off to the provider of an organisation."""
    try:
        begun = await single_sign_on.begin(
            database_of(request),
            keyring_of(request),
            providers_of(request),
            provider,
            _back(request),
            onward(next),
            sign_in_api.where_from(request),
        )
    except AhadiError as problem:
        return await sign_in_page(request, Entered({"next": next or ""}), problem)
    response = RedirectResponse(begun.address, 303)
    response.set_cookie(
        _cookie(request),
        begun.state,
        int(LASTS.total_seconds()),
        path="/sign-in",
        httponly=True,
        secure=policy_of(request).https,
        samesite="lax",  # it must come along when the provider sends the browser back
    )
    return response


@router.get("/sign-in/back")
async def get_back(
    request: Request,
    state: str | None = None,
    code: str | None = None,
    iss: str | None = None,
    error: str | None = None,
) -> Response:
    """Back from the provider."""
    try:
        signed_in, address = await single_sign_on.finish(
            database_of(request),
            keyring_of(request),
            providers_of(request),
            Answered(request.cookies.get(_cookie(request)), state, code, iss, error),
            _back(request),
            sign_in_api.where_from(request),
            sign_in_api.lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
        response = welcome(request, signed_in, onward(address))
    except AhadiError as problem:
        response = await sign_in_page(request, Entered(), problem)
    response.delete_cookie(_cookie(request), path="/sign-in", secure=policy_of(request).https, httponly=True)
    return response


@router.get("/sign-in/leave/{provider}")
async def get_leave(request: Request, provider: UUID) -> Response:
    """Out of the provider as well, where it offers that."""
    offered = await single_sign_on.every_provider(database_of(request))
    held = next((each for each in offered if each.organisation_id == provider), None)
    if held is None:
        raise NotFound(later("There is nothing at this address; check it."))
    metadata = await providers_of(request).metadata(held.issuer)
    address = oidc.sign_out_address(metadata, held.client_id, f"{policy_of(request).home}/sign-in")
    return go_to(request, "/sign-in") if address is None else RedirectResponse(address, 303)


def _back(request: Request) -> str:
    """Where providers send browsers back to: an address of ours from the configuration, registered with them."""
    return f"{policy_of(request).home}/sign-in/back"


def _cookie(request: Request) -> str:
    return "__Secure-ahadi-sso" if policy_of(request).https else "ahadi-sso"
