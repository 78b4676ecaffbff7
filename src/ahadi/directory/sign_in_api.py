"""Sign-in over HTTP: sessions in a cookie for people, bearer tokens for programs."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.base.errors import NotFound, NotSignedIn
from ahadi.directory import credentials, sign_in
from ahadi.directory import sign_in_store as store
from ahadi.directory.sign_in import SignedIn, Where
from ahadi.directory.sign_in_store import Session
from ahadi.platform.database import Actor, Work
from ahadi.platform.web import (
    PUBLIC,
    SIGNED_IN,
    answer,
    client_address,
    database_of,
    is_direct_from_loopback,
    keyring_of,
    perform,
    policy_of,
    settings_of,
)

router = APIRouter(prefix="/api", tags=["sign-in"])
Secret = Annotated[str, Field(min_length=1, max_length=256)]


async def recognise(request: Request) -> Actor:
    """Who asks: the bearer token where there is one, else the session cookie; raises NotSignedIn."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        return await sign_in.actor_with_token(database_of(request), secret.strip())
    cookie = held_cookie(request)
    if cookie is None:
        raise NotSignedIn("Sign in first, or send a token in the Authorization header.")
    return await sign_in.actor_with_session(database_of(request), cookie, _lasts(request))


async def recognise_at_work(request: Request) -> Actor:
    """Who asks; a token known from before is looked at again by the work that the actor begins."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and (known := sign_in.actor_with_known_token(database_of(request), secret.strip())):
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
    return Where(client_address(request), request.headers.get("user-agent", ""))


def _lasts(request: Request) -> timedelta:
    return timedelta(hours=settings_of(request).session_hours)


def _welcome(request: Request, signed_in: SignedIn) -> Response:
    content = {"person": {"id": signed_in.session.person_id, "name": signed_in.name}}
    return set_session_cookie(request, answer(content), signed_in.secret)


# Signing in and out ---------------------------------------------------------------------------------------------


class SignIn(BaseModel):
    email: Annotated[str, Field(min_length=3, max_length=320)]
    password: Secret
    code: Annotated[str, Field(max_length=16)] | None = None


@router.post("/sign-in", dependencies=[PUBLIC])
async def post_sign_in(request: Request, body: SignIn) -> Response:
    """Sign in by password; sets the session cookie."""
    signed_in = await sign_in.sign_in(
        database_of(request),
        keyring_of(request),
        body.email,
        body.password,
        body.code,
        where_from(request),
        _lasts(request),
        replaces=held_cookie(request),
    )
    return _welcome(request, signed_in)


class UseLink(BaseModel):
    link: Secret
    password: Secret | None = None
    code: Annotated[str, Field(max_length=16)] | None = None


@router.post("/sign-in/link", dependencies=[PUBLIC])
async def post_link(request: Request, body: UseLink) -> Response:
    """Use a one-time link; invitations and resets take the new password along. Sets the session cookie."""
    signed_in = await sign_in.sign_in_by_link(
        database_of(request),
        keyring_of(request),
        body.link,
        body.password,
        body.code,
        where_from(request),
        _lasts(request),
        replaces=held_cookie(request),
    )
    return _welcome(request, signed_in)


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
        database_of(request), body.person, where_from(request), _lasts(request), replaces=held_cookie(request)
    )
    return _welcome(request, signed_in)


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
        database_of(request), actor, body.old, body.new, where_from(request), _lasts(request)
    )
    return _welcome(request, signed_in)


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
        found = await store.sessions_in_force(work, actor.person_id) if actor.person_id else []
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
