"""Passkeys and remembered browsers on one's own page."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import Request
from starlette.responses import JSONResponse, Response

from ahadi.base.errors import AhadiError
from ahadi.directory import credentials, devices, sign_in_api
from ahadi.directory.passkeys import PasskeyRefused
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import SIGNED_IN, Router, database_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.me_pages import page_of_oneself
from ahadi.screens.pages import Done, go_to
from ahadi.screens.reader import later, reader_of, reading
from ahadi.screens.sentences import problem_text
from ahadi.screens.sign_in_pages import passkey_in

router = Router(include_in_schema=False)


@router.post("/me/passkeys/options")
async def post_options(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """What the browser needs to make a passkey, or why it gets nothing, in the reader's language."""
    entered = await entered_in(request)
    try:
        options = await credentials.start_passkey(
            database_of(request),
            actor,
            sign_in_api.party_of(request),
            entered.get("password")[:256],
            sign_in_api.where_from(request),
        )
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        with reading(reader_of(request)):
            return JSONResponse({"problem": problem_text(problem)}, 422)
    return JSONResponse(options)


@router.post("/me/passkeys")
async def post_passkey(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Keep the passkey that the browser made."""
    entered = await entered_in(request)

    async def deed() -> None:
        passkey = passkey_in(entered)
        if passkey is None:
            raise PasskeyRefused(later("The passkey does not fit; try again, or sign in another way."))
        party = sign_in_api.party_of(request)
        await credentials.add_passkey(database_of(request), actor, party, entered.text("name", most=60), passkey)

    return await _done(request, actor, deed, "passkey-added")


@router.post("/me/passkeys/{passkey}/remove")
async def post_remove(request: Request, passkey: UUID, actor: Actor = SIGNED_IN) -> Response:
    """Do without a passkey."""
    entered = await entered_in(request)

    async def deed() -> None:
        password, where = entered.get("password")[:256], sign_in_api.where_from(request)
        await credentials.remove_passkey(database_of(request), actor, passkey, password, where)

    return await _done(request, actor, deed, "passkey-removed")


async def _done(request: Request, actor: Actor, deed: Callable[[], Awaitable[None]], code: str) -> Response:
    try:
        await deed()
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await page_of_oneself(request, actor, about="passkeys", problem=problem)
    return go_to(request, "/me", Done(code))


@router.post("/me/devices/forget")
async def post_forget_all(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Have every browser asked for the second step again."""
    return await _forget(request, actor, None)


@router.post("/me/devices/{device}/forget")
async def post_forget(request: Request, device: UUID, actor: Actor = SIGNED_IN) -> Response:
    """Have one browser asked for the second step again."""
    return await _forget(request, actor, device)


async def _forget(request: Request, actor: Actor, device: UUID | None) -> Response:
    async def deed(work: Work) -> None:
        await credentials.own_person(work)
        await devices.forget_device(work, device)

    async def again(problem: AhadiError) -> Response:
        return await page_of_oneself(request, actor, about="devices", problem=problem)

    return await act(
        request, actor, Entered(), deed, done=lambda _: ("/me", Done("device-forgotten")), again=again, twice="/me"
    )
