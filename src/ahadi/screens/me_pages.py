"""Oneself: where one is signed in, how the desk looks, one's password and authenticator."""

from typing import Any
from uuid import UUID

import segno
from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid
from ahadi.directory import acting_store, credentials, device_store, passkey_store, sign_in_api, sign_in_store
from ahadi.directory.sign_in_api import lasts
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import PUBLIC, SIGNED_IN, Router, database_of, keyring_of
from ahadi.screens.acting import act
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.frame import frame_of
from ahadi.screens.languages import spoken
from ahadi.screens.pages import Done, go_to, keep, screens_of
from ahadi.screens.reader import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, ZONE_COOKIE, later, zone_named
from ahadi.screens.sign_in_pages import party_shown

router = Router(include_in_schema=False)
_MOST_ACTINGS = 20


@router.get("/me")
async def get_me(request: Request, actor: Actor = SIGNED_IN) -> Response:
    return await page_of_oneself(request, actor)


async def page_of_oneself(
    request: Request,
    actor: Actor,
    *,
    about: str = "",
    problem: AhadiError | None = None,
    **values: Any,
) -> Response:
    """One's own page, with what went wrong on the part it is about."""
    async with database_of(request).read(actor) as work:
        frame = await frame_of(request, work)
        held = await credentials.shown_person(work)
        sessions = await sign_in_store.sessions_in_force(work, held.person_id)
        passkeys = await passkey_store.passkeys(work, held.person_id)
        devices = await device_store.remembered_devices(work, held.person_id)
        acted = [
            each
            for id_ in actor.grants
            for each in await acting_store.actings(work, id_, held.person_id, _MOST_ACTINGS)
        ]
    return screens_of(request).page(
        request,
        frame.reader,
        "me.html",
        status=problem.status if problem and problem.status != 401 else 422 if problem else 200,
        frame=frame,
        sessions=sessions,
        passkeys=passkeys,
        devices=devices,
        acted=acted,
        party=party_shown(request),
        has_password=held.password_hash is not None,
        authenticator=bool(held.totp_confirmed_at),
        about=about,
        problem=problem,
        **({"secret": None, "qr": None} | values),
    )


@router.post("/me/sessions/{session_id}/end")
async def post_end_session(request: Request, session_id: UUID, actor: Actor = SIGNED_IN) -> Response:
    """End one of one's sessions; one's present one is ended by signing out."""

    async def deed(work: Work) -> None:
        await credentials.end_session(work, session_id)

    async def again(problem: AhadiError) -> Response:
        return await page_of_oneself(request, actor, about="sessions", problem=problem)

    return await act(
        request, actor, Entered(), deed, done=lambda _: ("/me", Done("session-ended")), again=again, twice="/me"
    )


@router.post("/me/preferences", dependencies=[SIGNED_IN])
async def post_preferences(request: Request) -> Response:
    """Language, clock and colours, kept in this browser."""
    entered = await entered_in(request)
    response = go_to(request, "/me", Done("preferences-kept"))
    keep(response, request, LANGUAGE_COOKIE, spoken(entered.get("language")))
    zone = zone_named(entered.get("zone"))
    keep(response, request, ZONE_COOKIE, zone.key if zone else None)
    theme = entered.get("theme")
    keep(response, request, THEME_COOKIE, theme if theme in THEMES else None)
    return response


@router.post("/language", dependencies=[PUBLIC])
async def post_language(request: Request) -> Response:
    """A language, for somebody nobody knows."""
    entered = await entered_in(request)
    back = entered.get("back")
    safe = back.startswith("/") and not back.startswith(("//", "/\\")) and "\\" not in back
    response = go_to(request, back if safe else "/")
    keep(response, request, LANGUAGE_COOKIE, spoken(entered.get("language")))
    return response


@router.post("/me/password")
async def post_password(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """A new password; every session ends, and this browser gets a new one."""
    entered = await entered_in(request)
    try:
        if entered.get("new") != entered.get("again"):
            raise Invalid(later("The two passwords are not the same; enter both again."))
        signed_in = await credentials.change_password(
            database_of(request),
            actor,
            entered.get("old")[:256],
            entered.get("new")[:300],
            sign_in_api.where_from(request),
            lasts(request),
        )
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await page_of_oneself(request, actor, about="password", problem=problem)
    return sign_in_api.keep_signed_in(request, go_to(request, "/me", Done("password-changed")), signed_in)


@router.post("/me/authenticator")
async def post_authenticator(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Set an authenticator up (password, then a code of it), or do without one (password and code)."""
    entered = await entered_in(request)
    database, keyring, where = database_of(request), keyring_of(request), sign_in_api.where_from(request)
    step = entered.get("step")
    try:
        if step == "begin":
            secret, address = await credentials.start_totp(
                database, keyring, actor, entered.get("password")[:256], where
            )
            return await page_of_oneself(request, actor, about="authenticator", secret=secret, qr=_qr(address))
        if step == "confirm":
            await credentials.confirm_totp(database, keyring, actor, entered.text("code", most=16), where)
            return go_to(request, "/me", Done("authenticator-on"))
        await credentials.remove_totp(
            database, keyring, actor, entered.get("password")[:256], entered.text("code", most=16), where
        )
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await page_of_oneself(request, actor, about="authenticator", problem=problem)
    return go_to(request, "/me", Done("authenticator-off"))


def _qr(address: str) -> str:
    """A QR code as a picture in the page (ISO/IEC 18004)."""
    return segno.make(address, error="m").png_data_uri(scale=5, border=2)
