"""Administration: how an organisation's people sign in."""

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError
from ahadi.directory import Directory, Permission, Role, providers
from ahadi.directory.oidc import checked_issuer
from ahadi.directory.provider_store import Provider
from ahadi.directory.providers import WantedProvider
from ahadi.directory.providers_api import providers_of
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, keyring_of, needs, policy_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import Show, administered, settle_form, show_settings

router = Router(include_in_schema=False)
HERE = "/settings/sign-in"
_P = Permission.SETTINGS_EDIT


@router.get(HERE)
async def get_sign_in(request: Request, organisation: str | None = None, actor: Actor = needs(_P)) -> Response:
    return await _page(request, actor, organisation)


async def _page(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, _P, slug)
        provider = await providers.provider(work, directory.organisation.id)
    administrators = sorted(
        (str(id_), directory.people[id_].name)
        for id_, each in directory.memberships.items()
        if Role.ADMINISTRATOR in each.roles and directory.serves(id_)
    )
    return show_settings(
        request,
        frame,
        directory,
        _P,
        "settings/sign_in.html",
        entered=entered or _as_entered(provider),
        problem=problem,
        provider=provider,
        back=f"{policy_of(request).home}/sign-in/back",
        administrators=administrators,
        roles=[each for each in Role if each != Role.ADMINISTRATOR],
    )


def _as_entered(provider: Provider | None) -> Entered:
    """What is set up, as the form would say it."""
    if provider is None:
        return Entered({"role": Role.AGENT})
    return Entered(
        {
            "name": provider.name,
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "domains": " ".join(provider.domains),
            "makes_people": "1" if provider.makes_people else "",
            "role": provider.role,
            "required": "1" if provider.required else "",
            "let_in": str(provider.let_in_id or ""),
        }
    )


@router.post(HERE)
async def post_sign_in(request: Request, actor: Actor = needs(_P)) -> Response:
    """Set the provider up, once it has described itself: a wrong address is found now and not by those it keeps out."""
    entered = await entered_in(request)
    try:
        issuer = entered.required("issuer", later("Enter the provider's issuer."), most=500)
        await providers_of(request).metadata(checked_issuer(issuer))
    except AhadiError as problem:
        return await _page(request, actor, entered.get("organisation"), entered, problem)

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        wanted = WantedProvider(
            name=entered.required("name", later("Enter a name that people know it by."), most=60),
            issuer=issuer,
            client_id=entered.required("client_id", later("Enter the client id."), most=255),
            secret=entered.get("client_secret")[:1000] or None,
            domains=entered.text("domains", most=5_000).replace(",", " ").split(),
            makes_people=entered.get("makes_people") == "1",
            role=entered.text("role", most=40) or Role.AGENT,
            required=entered.get("required") == "1",
            let_in=entered.id("let_in"),
        )
        await providers.set_provider(work, keyring_of(request), directory.organisation.id, wanted)
        return "provider-set"

    return await settle_form(request, actor, HERE, _P, deed, _show(request, actor))


@router.post(HERE + "/remove")
async def post_remove(request: Request, actor: Actor = needs(_P)) -> Response:
    """Do without single sign-on."""

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await providers.remove_provider(work, directory.organisation.id)
        return "provider-removed"

    return await settle_form(request, actor, HERE, _P, deed, _show(request, actor))


def _show(request: Request, actor: Actor) -> Show:
    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _page(request, actor, entered.get("organisation"), entered, problem)

    return show
