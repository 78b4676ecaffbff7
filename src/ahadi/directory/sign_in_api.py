"""Sign-in over HTTP: sessions in a cookie for people, bearer tokens for programs."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.base.errors import NotFound, NotSignedIn
from ahadi.directory import credentials, recognising, sign_in
from ahadi.directory import sign_in_store as store
from ahadi.directory.devices import KNOWN_FOR, Where, mark_of
from ahadi.directory.passkeys import RelyingParty, must_be_at, relying_party
from ahadi.directory.sign_in import SecondStep, SignedIn
from ahadi.directory.sign_in_store import Session
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import (
    PUBLIC,
    SIGNED_IN,
    Router,
    answer,
    client_address,
    database_of,
    is_direct_from_loopback,
    keyring_of,
    perform,
    policy_of,
    settings_of,
)

router = Router(prefix="/api", tags=["sign-in"])
Secret = Annotated[str, Field(min_length=1, max_length=256)]
WALL_COOKIE, WALL_PATH = "ahadi-wall", "/wallboard"
"""By what a screen on the wall is let in, and to where alone."""


async def recognise(request: Request) -> Actor:
    """Who asks: the bearer token where there is one, else the session cookie; raises NotSignedIn.

    The wallboard also knows a screen by the token in its own cookie.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return await recognising.actor_with_token(database_of(request), secret.strip())
    cookie = held_cookie(request)
    wall = request.cookies.get(WALL_COOKIE) if request.url.path == WALL_PATH else None
    if wall is not None:
        try:
            return await recognising.actor_with_token(database_of(request), wall)
        except NotSignedIn:
            if cookie is None:
                raise
    if cookie is None:
        raise NotSignedIn("Sign in first, or send a token in the Authorization header.")
    safe = request.method in ("GET", "HEAD")
    return await recognising.actor_with_session(database_of(request), cookie, lasts(request), safe=safe)


async def recognise_at_work(request: Request) -> Actor:
    """Who asks; a token known from before is looked at again by the work that the actor begins."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        known = recognising.actor_with_known_token(database_of(request), secret.strip())
        if known:
            return known
    return await recognise(request)


# The cookie -----------------------------------------------------------------------------------------------------


def set_session_cookie(request: Request, response: Response, secret: str) -> Response:
    """Give the browser its new session. It ends by itself when the browser closes, or sooner by real time."""
    policy = policy_of(request)
    response.set_cookie(policy.cookie, secret, path="/", httponly=True, secure=policy.https, samesite="lax")
    return response


def clear_session_cookie(request: Request, response: Response) -> Response:
    policy = policy_of(request)
    response.delete_cookie(policy.cookie, path="/", httponly=True, secure=policy.https, samesite="lax")
    return response


def held_cookie(request: Request) -> str | None:
    """The secret of the session the browser holds, if any."""
    return request.cookies.get(policy_of(request).cookie)


def where_from(request: Request) -> Where:
    """Where the request comes from, with what its browser is known by."""
    name = _device_cookie(request)
    devices = {each.removeprefix(name): value for each, value in request.cookies.items() if each.startswith(name)}
    return Where(client_address(request), request.headers.get("user-agent", ""), devices)


def _device_cookie(request: Request) -> str:
    return "__Secure-ahadi-device-" if policy_of(request).https else "ahadi-device-"


def party_of(request: Request) -> RelyingParty:
    """Who asks for passkeys here, at the address this request was made from; raises PasskeysNotHere."""
    party = relying_party(policy_of(request).home)
    must_be_at(party, request.headers.get("origin"))
    return party


def keep_signed_in(request: Request, response: Response, signed_in: SignedIn) -> Response:
    """Give the browser its session, and what it will be known by when the person signs in with it again."""
    if signed_in.device_secret:
        policy, name = policy_of(request), _device_cookie(request) + mark_of(signed_in.session.person_id)
        for path in ("/sign-in", "/api/sign-in"):  # nobody else need see it
            response.set_cookie(
                name,
                signed_in.device_secret,
                int(KNOWN_FOR.total_seconds()),
                path=path,
                httponly=True,
                secure=policy.https,
                samesite="lax",
            )
    return set_session_cookie(request, response, signed_in.secret)


def lasts(request: Request) -> timedelta:
    """How long a sign-in lasts without use."""
    return timedelta(hours=settings_of(request).session_hours)


def welcome(request: Request, signed_in: SignedIn) -> Response:
    content = {"person": {"id": signed_in.session.person_id, "name": signed_in.name}}
    return keep_signed_in(request, answer(content), signed_in)


# Signing in and out ---------------------------------------------------------------------------------------------


class SignIn(BaseModel):
    email: Annotated[str, Field(min_length=3, max_length=320)]
    password: Secret
    code: Annotated[str, Field(max_length=16)] | None = None
    passkey: dict[str, Any] | None = None
    remember: bool = False


def _second(request: Request, body: "SignIn | UseLink") -> SecondStep:
    party = party_of(request) if body.passkey is not None else None
    return SecondStep(body.code, body.passkey, party, body.remember if isinstance(body, SignIn) else False)


@router.post("/sign-in", dependencies=[PUBLIC])
async def post_sign_in(request: Request, body: SignIn) -> Response:
    """Sign in by password, with a code or a passkey where that is set up; sets the session cookie.

    `remember` has this browser not asked for the second step again for 30 days.
    """
    signed_in = await sign_in.sign_in(
        database_of(request),
        keyring_of(request),
        body.email,
        body.password,
        _second(request, body),
        where_from(request),
        lasts(request),
        replaces=held_cookie(request),
    )
    return welcome(request, signed_in)


class UseLink(BaseModel):
    link: Secret
    password: Secret | None = None
    code: Annotated[str, Field(max_length=16)] | None = None
    passkey: dict[str, Any] | None = None


@router.post("/sign-in/link", dependencies=[PUBLIC])
async def post_link(request: Request, body: UseLink) -> Response:
    """Use a one-time link; invitations and resets take the new password along. Sets the session cookie."""
    signed_in = await sign_in.sign_in_by_link(
        database_of(request),
        keyring_of(request),
        body.link,
        body.password,
        _second(request, body),
        where_from(request),
        lasts(request),
        replaces=held_cookie(request),
    )
    return welcome(request, signed_in)


class AskForReset(BaseModel):
    email: Annotated[str, Field(min_length=3, max_length=320)]


@router.post("/sign-in/reset", status_code=202, dependencies=[PUBLIC])
async def post_reset(request: Request, body: AskForReset) -> Response:
    """Ask for a mail with a link to a new password. The answer is the same for a stranger's address."""
    await sign_in.ask_for_reset(database_of(request), keyring_of(request), body.email, where_from(request))
    return answer({"sent_if_known": True}, 202)


class DemoSignIn(BaseModel):
    person: Annotated[str, Field(min_length=1, max_length=80)]


def one_click_allowed(request: Request) -> bool:
    """One click signs in only to a demo, on a loopback address, for a browser on this machine that says so too."""
    settings = settings_of(request)
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    return (
        settings.demo
        and settings.host in ("127.0.0.1", "localhost", "::1")
        and is_direct_from_loopback(request)
        and host in ("127.0.0.1", "localhost", "::1")
    )


@router.post("/sign-in/demo", dependencies=[PUBLIC])
async def post_demo(request: Request, body: DemoSignIn) -> Response:
    """Sign in as somebody of the demo; absent elsewhere."""
    if not one_click_allowed(request):
        raise NotFound("There is nothing at this address; check it.")
    signed_in = await sign_in.sign_in_to_demo(
        database_of(request), body.person, where_from(request), lasts(request), replaces=held_cookie(request)
    )
    return welcome(request, signed_in)


@router.post("/sign-out", dependencies=[PUBLIC])
async def post_sign_out(request: Request) -> Response:
    """End the session of this browser."""
    secret = held_cookie(request)
    if secret:
        await sign_in.sign_out(database_of(request), secret)
    return clear_session_cookie(request, Response(status_code=204))


# Oneself --------------------------------------------------------------------------------------------------------


@router.get("/me")
async def get_me(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Who asks, and what they may do where."""
    async with database_of(request).read(actor) as work:
        held = await store.held_by_person(work, actor.person_id) if actor.person_id else None
    person = {"id": held.person_id, "name": held.name, "email": held.email} if held else None
    return answer(
        {
            "kind": actor.kind,
            "id": actor.id,
            "person": person,
            "authenticator": bool(held and held.totp_confirmed_at),
            "organisations": [
                {"id": each, "permissions": sorted(map(str, held_there))} for each, held_there in actor.grants.items()
            ],
        }
    )


class ChangePassword(BaseModel):
    old: Secret
    new: Secret


@router.post("/me/password")
async def post_password(request: Request, body: ChangePassword, actor: Actor = SIGNED_IN) -> Response:
    """Change one's password; every session ends, and this browser gets a new one."""
    signed_in = await credentials.change_password(
        database_of(request), actor, body.old, body.new, where_from(request), lasts(request)
    )
    return welcome(request, signed_in)


class StartTotp(BaseModel):
    password: Secret


@router.post("/me/authenticator", status_code=201)
async def post_authenticator(request: Request, body: StartTotp, actor: Actor = SIGNED_IN) -> Response:
    """Begin setting up an authenticator; it counts once `confirm` got one of its codes."""
    secret, address = await credentials.start_totp(
        database_of(request), keyring_of(request), actor, body.password, where_from(request)
    )
    return answer({"secret": secret, "address": address}, 201)


class ConfirmTotp(BaseModel):
    code: Annotated[str, Field(min_length=6, max_length=16)]


@router.post("/me/authenticator/confirm", status_code=204)
async def post_authenticator_confirm(request: Request, body: ConfirmTotp, actor: Actor = SIGNED_IN) -> Response:
    """Put the new authenticator in force."""
    await credentials.confirm_totp(database_of(request), keyring_of(request), actor, body.code, where_from(request))
    return Response(status_code=204)


class RemoveTotp(BaseModel):
    password: Secret
    code: Annotated[str, Field(min_length=6, max_length=16)]


@router.post("/me/authenticator/remove", status_code=204)
async def post_authenticator_remove(request: Request, body: RemoveTotp, actor: Actor = SIGNED_IN) -> Response:
    """Do without the authenticator."""
    await credentials.remove_totp(
        database_of(request), keyring_of(request), actor, body.password, body.code, where_from(request)
    )
    return Response(status_code=204)


@router.get("/me/sessions")
async def get_sessions(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Where one is signed in, the latest used first."""
    async with database_of(request).read(actor) as work:
        person_id = (await credentials.shown_person(work)).person_id if actor.person_id else None
        found = await store.sessions_in_force(work, person_id) if person_id else []
    return answer({"items": [_show_session(each, actor) for each in found], "next": None})


def _show_session(session: Session, actor: Actor) -> dict[str, Any]:
    return {
        "id": session.id,
        "present": session.id == actor.session_id,
        "made_at": iso(session.made_at),
        "seen_at": iso(session.seen_at),
        "expires_at": iso(session.expires_at),
        "address": session.address,
        "agent": session.agent,
    }


@router.delete("/me/sessions/{session_id}", status_code=204)
async def delete_session(request: Request, session_id: UUID, actor: Actor = SIGNED_IN) -> Response:
    """End one of one's sessions."""

    async def deed(work: Work) -> None:
        await credentials.end_session(work, session_id)

    return await perform(request, actor, deed, status=204)
