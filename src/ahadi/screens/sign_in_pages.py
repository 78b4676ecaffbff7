"""Signing in and out, forgotten passwords, and one-time links: pages for people over the acts of the directory."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ahadi.base.errors import AhadiError, Invalid, NotFound
from ahadi.directory import Directory, Role, all_organisations, read_directory, sign_in, sign_in_api
from ahadi.directory.passkeys import PasskeyRefused, PasskeysNotHere, RelyingParty, relying_party
from ahadi.directory.sign_in import CodeNeeded, SecondStep, SignedIn
from ahadi.directory.sign_in_api import lasts
from ahadi.directory.single_sign_on import every_provider
from ahadi.platform.database import Actor
from ahadi.platform.security import Keyring
from ahadi.platform.web import PUBLIC, Router, database_of, keyring_of, policy_of
from ahadi.screens.entered import Entered, entered_in
from ahadi.screens.pages import Done, go_to, keep, screens_of
from ahadi.screens.reader import LANGUAGE_COOKIE, later, reader_of

router = Router(include_in_schema=False, dependencies=[PUBLIC])
_SEALED_FOR = 300.0  # seconds in which the code may follow the password


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


def party_shown(request: Request) -> RelyingParty | None:
    """Who asks for passkeys, where they can work at all."""
    try:
        return relying_party(policy_of(request).home)
    except PasskeysNotHere:
        return None


def passkey_in(entered: Entered) -> dict[str, Any] | None:
    """What a browser said of a passkey; None where the field is empty. Raises PasskeyRefused."""
    said = entered.get("passkey")
    if not said:
        return None
    try:
        found = json.loads(said[:20_000])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PasskeyRefused(later("The passkey does not fit; try again, or sign in another way."))
    return found


def second_step(request: Request, entered: Entered) -> SecondStep:
    """What a form shows beside the password."""
    passkey = passkey_in(entered)
    party = sign_in_api.party_of(request) if passkey else None
    return SecondStep(entered.text("code", most=16) or None, passkey, party, entered.get("remember") == "1")


@router.get("/")
async def get_start(request: Request) -> Response:
    """The start leads to the cases, which lead whoever is not signed in to sign in."""
    return go_to(request, "/cases")


@router.get("/sign-in")
async def get_sign_in(request: Request, next: str | None = None, left: str | None = None) -> Response:
    return await sign_in_page(request, Entered({"next": next or "", "left": left or ""}))


async def sign_in_page(
    request: Request,
    entered: Entered,
    problem: AhadiError | None = None,
    sealed: str | None = None,
    ways: Sequence[str] = (),
) -> Response:
    demo = await _people_of_the_demo(request) if sign_in_api.one_click_allowed(request) else []
    offered = await every_provider(database_of(request))
    left = [each for each in offered if str(each.organisation_id) == entered.get("left")]
    status = 401 if problem and not isinstance(problem, CodeNeeded) else 200
    if isinstance(problem, CodeNeeded):
        problem = None
    return plain(
        request,
        "sign_in/sign_in.html",
        entered=entered,
        problem=problem,
        status=status,
        sealed=sealed,
        ways=ways,
        party=party_shown(request),
        alone=offered[0] if len(offered) == 1 else None,
        offered=bool(offered),
        left=left[0] if left else None,
        demo=demo,
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
            second_step(request, entered),
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except CodeNeeded as problem:
        sealed = _seal(keyring, email, password, database_of(request).clock.real.now().timestamp())
        return await sign_in_page(request, entered, problem, sealed, problem.fields["ways"])
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        ways = [each for each in ("code", "passkey") if each in entered.get("ways")]
        return await sign_in_page(request, entered, problem, entered.get("sealed") if held else None, ways)
    return welcome(request, signed_in, onward(entered.get("next")))


@router.post("/sign-in/passkey")
async def post_passkey(request: Request) -> Response:
    """By a passkey alone, which tells who it is too."""
    entered = await entered_in(request)
    try:
        passkey = passkey_in(entered)
        if passkey is None:
            raise PasskeyRefused(later("The passkey does not fit; try again, or sign in another way."))
        signed_in = await sign_in.sign_in_by_passkey(
            database_of(request),
            sign_in_api.party_of(request),
            passkey,
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        return await sign_in_page(request, entered, problem)
    return welcome(request, signed_in, onward(entered.get("next")))


def welcome(request: Request, signed_in: SignedIn, address: str) -> Response:
    return sign_in_api.keep_signed_in(request, go_to(request, address), signed_in)


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
        return await sign_in_page(request, entered, problem)
    response = welcome(request, signed_in, "/cases")
    keep(response, request, LANGUAGE_COOKIE, reader_of(request).language)  # whoever looks around reads on as they began
    return response


@router.post("/sign-out")
async def post_sign_out(request: Request) -> Response:
    """End the session of this browser; whoever came in by single sign-on is asked about their provider too."""
    secret = sign_in_api.held_cookie(request)
    left = await sign_in.sign_out(database_of(request), secret) if secret else None
    address = f"/sign-in?left={left}" if left else "/sign-in"
    return sign_in_api.clear_session_cookie(request, go_to(request, address, Done("signed-out")))


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
    return _welcome_page(request, link, purpose)


def _welcome_page(
    request: Request, link: str, purpose: str, ways: Sequence[str] = (), problem: AhadiError | None = None
) -> Response:
    party = party_shown(request)
    values: dict[str, Any] = {"link": link, "purpose": purpose, "ways": ways, "party": party, "problem": problem}
    return plain(request, "sign_in/welcome.html", **values)


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
            second_step(request, entered),
            sign_in_api.where_from(request),
            lasts(request),
            replaces=sign_in_api.held_cookie(request),
        )
    except sign_in.LinkUsedUp as problem:
        return plain(request, "sign_in/used_up.html", problem=problem)
    except AhadiError as problem:
        if problem.status >= 500:
            raise
        asked = problem.fields["ways"] if isinstance(problem, CodeNeeded) else entered.get("ways").split()
        return _welcome_page(request, link, purpose, asked, problem)
    return welcome(request, signed_in, "/cases")
