"""Administration: programs that come in by tokens, and programs that are told by webhooks."""

from datetime import timedelta
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import Directory, Permission, tokens
from ahadi.directory.permissions import ALL
from ahadi.platform import webhooks
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import Router, database_of, keyring_of, needs
from ahadi.screens.entered import Entered
from ahadi.screens.frame import frame_of
from ahadi.screens.reader import later
from ahadi.screens.settings_frame import administered, number_in, settle_form, show_settings

router = Router(include_in_schema=False)
TOKENS, WEBHOOKS = "/settings/tokens", "/settings/webhooks"
_MOST = 200
_DELIVERIES = 20


# Tokens -----------------------------------------------------------------------------------------------------------


@router.get(TOKENS)
async def get_tokens(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.TOKENS_EDIT)
) -> Response:
    return await _tokens(request, actor, organisation)


async def _tokens(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    secret: str = "",
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, Permission.TOKENS_EDIT, slug)
        organisation_id = directory.organisation.id
        found = await tokens.tokens(work, organisation_id, None, _MOST)
        real_now = work.real_now
    held = [each for each in Permission if actor.may(organisation_id, each)]
    ended = [each for each in found if each.revoked_at or (each.expires_at and each.expires_at <= real_now)]
    return show_settings(
        request,
        frame,
        directory,
        Permission.TOKENS_EDIT,
        "settings/tokens.html",
        entered=entered,
        problem=problem,
        standing=[each for each in found if each not in ended],
        ended=ended,
        soon=real_now + timedelta(days=14),
        scopes=held,
        all=ALL if len(held) == len(Permission) else "",
        most_days=tokens.LONGEST_LIFE_DAYS,
        secret=secret,
    )


@router.post(TOKENS)
async def post_token(request: Request, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    """Make a token. Its secret stands on the page that answers, and nowhere else."""
    made: list[tuple[str, str]] = []

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        name = entered.required("name", later("Say what the token is for."), most=80)
        days = number_in(entered, "days", 1, tokens.LONGEST_LIFE_DAYS)
        scopes = list(entered.all("scopes"))
        if not scopes:
            raise Invalid(later("Choose what the token may do."), field="scopes")
        _token, secret = await tokens.create_token(work, directory.organisation.id, name, scopes, days)
        made.append((directory.organisation.slug, secret))
        return "token-made"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _tokens(request, actor, entered.get("organisation"), entered, problem)

    async def reveal() -> Response:
        return await _tokens(request, actor, made[-1][0], secret=made[-1][1])

    return await settle_form(request, actor, TOKENS, Permission.TOKENS_EDIT, deed, show, reveal)


@router.post(TOKENS + "/{token_id}/revoke")
async def post_revoke(request: Request, token_id: UUID, actor: Actor = needs(Permission.TOKENS_EDIT)) -> Response:
    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await tokens.revoke_token(work, directory.organisation.id, token_id)
        return "token-revoked"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _tokens(request, actor, entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, TOKENS, Permission.TOKENS_EDIT, deed, show)


# Webhooks ---------------------------------------------------------------------------------------------------------


@router.get(WEBHOOKS)
async def get_webhooks(
    request: Request, organisation: str | None = None, actor: Actor = needs(Permission.WEBHOOKS_EDIT)
) -> Response:
    return await _webhooks(request, actor, organisation)


async def _webhooks(
    request: Request,
    actor: Actor,
    slug: str | None,
    entered: Entered | None = None,
    problem: AhadiError | None = None,
    secret: str = "",
) -> Response:
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        directory = administered(frame, Permission.WEBHOOKS_EDIT, slug)
        organisation_id = directory.organisation.id
        found = await webhooks.webhooks(work, organisation_id, None, webhooks.MOST_WEBHOOKS)
        sent = await webhooks.latest_deliveries(work, organisation_id, _DELIVERIES)
    return show_settings(
        request,
        frame,
        directory,
        Permission.WEBHOOKS_EDIT,
        "settings/webhooks.html",
        entered=entered,
        problem=problem,
        webhooks=found,
        sent={each.id: [one for one in sent if one.webhook_id == each.id] for each in found},
        secret=secret,
    )


@router.post(WEBHOOKS)
async def post_webhook(request: Request, actor: Actor = needs(Permission.WEBHOOKS_EDIT)) -> Response:
    """Add a webhook. The secret that signs its messages stands on the page that answers, and nowhere else."""
    made: list[tuple[str, str]] = []

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        url = entered.required("url", later("Write the address that is to be told."), most=2_000)
        kinds = entered.text("kinds", most=2_000).replace(",", " ").split()
        _hook, secret = await webhooks.add_webhook(work, keyring_of(request), directory.organisation.id, url, kinds)
        made.append((directory.organisation.slug, secret))
        return "webhook-added"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _webhooks(request, actor, entered.get("organisation"), entered, problem)

    async def reveal() -> Response:
        return await _webhooks(request, actor, made[-1][0], secret=made[-1][1])

    return await settle_form(request, actor, WEBHOOKS, Permission.WEBHOOKS_EDIT, deed, show, reveal)


@router.post(WEBHOOKS + "/{webhook_id}")
async def post_webhook_deed(
    request: Request, webhook_id: UUID, actor: Actor = needs(Permission.WEBHOOKS_EDIT)
) -> Response:
    """Test a webhook, switch it off or on, give it a new secret, or remove it."""
    made: list[tuple[str, str]] = []

    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        organisation_id = directory.organisation.id
        decision = entered.text("decision", most=20)
        if decision == "test":
            await webhooks.send_test(work, organisation_id, webhook_id)
            return "webhook-tested"
        if decision == "secret":
            secret = await webhooks.renew_secret(work, keyring_of(request), organisation_id, webhook_id)
            made.append((directory.organisation.slug, secret))
            return "webhook-secret"
        if decision == "remove":
            await webhooks.remove_webhook(work, organisation_id, webhook_id)
            return "webhook-removed"
        await webhooks.change_webhook(work, organisation_id, webhook_id, active=decision == "on")
        return "webhook-on" if decision == "on" else "webhook-off"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _webhooks(request, actor, entered.get("organisation"), entered, problem)

    async def reveal() -> Response | None:
        return await _webhooks(request, actor, made[-1][0], secret=made[-1][1]) if made else None

    return await settle_form(request, actor, WEBHOOKS, Permission.WEBHOOKS_EDIT, deed, show, reveal)


@router.post(WEBHOOKS + "/deliveries/{delivery_id}/retry")
async def post_retry(request: Request, delivery_id: UUID, actor: Actor = needs(Permission.WEBHOOKS_EDIT)) -> Response:
    async def deed(work: Work, directory: Directory, entered: Entered) -> str:
        await webhooks.retry(work, directory.organisation.id, delivery_id)
        return "webhook-retried"

    async def show(entered: Entered, problem: AhadiError | None) -> Response:
        return await _webhooks(request, actor, entered.get("organisation"), entered, problem)

    return await settle_form(request, actor, WEBHOOKS, Permission.WEBHOOKS_EDIT, deed, show)
