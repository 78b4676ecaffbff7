"""Signing in and out, forgotten passwords, and one-time links: pages for people over the acts of the directory."""

import json
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.directory import Directory, Role, all_organisations, read_directory, sign_in, sign_in_api
from ahadi.directory.sign_in import CodeNeeded, SignedIn
from ahadi.platform.database import Actor
from ahadi.platform.security import Keyring
from ahadi.platform.web import PUBLIC, database_of, keyring_of, settings_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.pages import Done, go_to, keep, screens_of
from ahadi.screens.reader import LANGUAGE_COOKIE, later, reader_of

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
_SEALED_FOR = 300.0  # seconds in which the code may follow the password


def lasts(request: Request) -> timedelta:
    """How long a sign-in lasts without use."""
    return timedelta(hours=settings_of(request).session_hours)


def onward(address: str | None) -> str:
    """Where to go after signing in: a page of ours, never another's."""
    local = address and address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address
    return address if local and address and not address.startswith(("/sign-", "/api/", "/welcome/")) else "/cases"


def plain(
    request: Request, template: str, *, status: int = 200, problem: AhadiError | None = None, **values: Any
) -> Response:
    """A page for somebody who is not signed in. Its address, which may hold a secret, is told to nobody."""
    reader = reader_of(request).at(database_of(request).clock.real.now())
    return screens_of(request).page(
        request,
        reader,
        template,
        status=problem.status if problem else status,
        headers={"Referrer-Policy": "strict-origin", "X-Robots-Tag": "noindex"},
        problem=problem,
        **values,
    )


@router.get("/")
async def get_start(request: Request) -> Response:
    """The start leads to the cases, which lead whoever is not signed in to sign in."""
    return go_to(request, "/cases")


@router.get("/sign-in")
async def get_sign_in(request: Request, next: str | None = None) -> Response:
    return await _sign_in_page(request, Entered({"next": next or ""}))


async def _sign_in_page(
    request: Request, entered: Entered, problem: AhadiError | None = None, sealed: str | None = None
) -> Response:
    demo = await _people_of_the_demo(request) if sign_in_api.one_click_allowed(request) else []
    status = 401 if problem and not isinstance(problem, CodeNeeded) else 200
    if isinstance(problem, CodeNeeded):
        problem = None
    return plain(
        request, "sign_in/sign_in.html", entered=entered, problem=problem, status=status, sealed=sealed, demo=demo
    )


@router.post("/sign-in")
async def post_sign_in(request: Request) -> Response:
    """By password; where an authenticator is set up, its code is asked for on the next page."""
    entered = await entered_in(request)
    keyring = keyring_of(request)
    held = _unseal(keyring, entered.get("sealed"), database_of(request).clock.real.now().timestamp())
    email, password = held or (entered.get("email"), entered.get("password"))
    try:
        signed_in = await sign_in.sign_in(
            database_of(request),
            keyring,
            email[:320],
            password[:256],
            entered.text("code", most=16) or None,
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except CodeNeeded as problem:
        sealed = _seal(keyring, email, password, database_of(request).clock.real.now().timestamp())
        return await _sign_in_page(request, entered, problem, sealed)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await _sign_in_page(request, entered, problem, entered.get("sealed") if held else None)
    return _welcome(request, signed_in, onward(entered.get("next")))


def _welcome(request: Request, signed_in: SignedIn, address: str) -> Response:
    return sign_in_api.set_session_cookie(request, go_to(request, address), signed_in.secret)


def _seal(keyring: Keyring, email: str, password: str, at: float) -> str:
    """What was entered, for the step that follows, in a form only this installation can read."""
    return keyring.encrypt(json.dumps([email, password, at])).decode()


def _unseal(keyring: Keyring, sealed: str, at: float) -> tuple[str, str] | None:
    if not sealed:
        return None
    try:
        email, password, sealed_at = json.loads(keyring.decrypt(sealed.encode()))
    except (AhadiError, ValueError, TypeError):
        return None
    return (email, password) if at - sealed_at <= _SEALED_FOR else None


# The demo -------------------------------------------------------------------------------------------------------


async def _people_of_the_demo(request: Request) -> list[tuple[str, str, str, str]]:
    """One person of each role: short name, name, role, and whom they serve."""
    async with database_of(request).read(Actor.system([])) as work:
        organisations = await all_organisations(work)
    async with database_of(request).read(Actor.system(each.id for each in organisations)) as work:
        directories = [await read_directory(work, each.id) for each in organisations]
    found = (_somebody(role, directories) for role in Role)
    return [each for each in found if each]


def _somebody(role: Role, directories: list[Directory]) -> tuple[str, str, str, str] | None:
    """Of the people of a role, the one who serves most organisations."""
    served: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for directory in directories:
        for id_, membership in directory.memberships.items():
            if role in membership.roles and directory.serves(id_):
                person = directory.people[id_]
                served.setdefault(person.slug, []).append(directory.organisation.name)
                names[person.slug] = person.name
    if not served:
        return None
    slug = min(served, key=lambda each: (-len(served[each]), each))
    return slug, names[slug], role, ", ".join(served[slug])


@router.post("/sign-in/demo")
async def post_demo(request: Request) -> Response:
    """By one click, in a demo on this machine; absent elsewhere."""
    if not sign_in_api.one_click_allowed(request):
        raise NotFound(later("There is nothing at this address; check it."))
    entered = await entered_in(request)
    try:
        signed_in = await sign_in.sign_in_to_demo(
            database_of(request),
            entered.text("person", most=80),
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except sign_in.SignInRefused as problem:
        return await _sign_in_page(request, entered, problem)
    response = _welcome(request, signed_in, "/cases")
    keep(response, request, LANGUAGE_COOKIE, reader_of(request).language)  # whoever looks around reads on as they began
    return response


@router.post("/sign-out")
async def post_sign_out(request: Request) -> Response:
    """End the session of this browser."""
    secret = sign_in_api.held_cookie(request)
    if secret:
        await sign_in.sign_out(database_of(request), secret)
    return sign_in_api.clear_session_cookie(request, go_to(request, "/sign-in", Done("signed-out")))


# Forgotten passwords and one-time links -------------------------------------------------------------------------


@router.get("/sign-in/forgotten")
async def get_forgotten(request: Request) -> Response:
    return plain(request, "sign_in/forgotten.html", entered=Entered(), sent=False)


@router.post("/sign-in/forgotten")
async def post_forgotten(request: Request) -> Response:
    """Have a link to a new password mailed; nobody learns whether the address is known."""
    entered = await entered_in(request)
    try:
        email = entered.required("email", later("Enter your e-mail address."), most=320)
        await sign_in.ask_for_reset(database_of(request), keyring_of(request), email, sign_in_api.where_from(request))
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return plain(request, "sign_in/forgotten.html", entered=entered, sent=False, problem=problem)
    return plain(request, "sign_in/forgotten.html", entered=entered, sent=True)


@router.get("/welcome/{link}")
async def get_welcome(request: Request, link: str) -> Response:
    """Where a one-time link leads: a new password to choose, or a button to come in. Opening it uses nothing up."""
    try:
        purpose = await sign_in.link_purpose(database_of(request), link, sign_in_api.where_from(request))
    except sign_in.LinkUsedUp as problem:
        return plain(request, "sign_in/used_up.html", problem=problem)
    return plain(request, "sign_in/welcome.html", link=link, purpose=purpose, code=False)


@router.post("/sign-in/link")
async def post_link(request: Request) -> Response:
    """Use a one-time link up."""
    entered = await entered_in(request)
    link, purpose = entered.text("link", most=256), entered.text("purpose", most=20)
    try:
        password = entered.get("password")[:256] or None
        if password is not None and password != entered.get("again")[:256]:
            raise Invalid(later("The two passwords are not the same; enter both again."))
        signed_in = await sign_in.sign_in_by_link(
            database_of(request),
            keyring_of(request),
            link,
            password,
            entered.text("code", most=16) or None,
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except sign_in.LinkUsedUp as problem:
        return plain(request, "sign_in/used_up.html", problem=problem)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        asks_for_code = isinstance(problem, CodeNeeded) or bool(entered.get("code"))
        return plain(request, "sign_in/welcome.html", link=link, purpose=purpose, code=asks_for_code, problem=problem)
    return _welcome(request, signed_in, "/cases")
