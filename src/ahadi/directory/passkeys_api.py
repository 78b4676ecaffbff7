"""Passkeys and remembered browsers over HTTP, as the WebAuthn interface of browsers speaks (JSON of Level 3)."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ahadi.base.clock import iso
from ahadi.directory import credentials, device_store, devices, passkey_store, passkeys, sign_in
from ahadi.directory.device_store import Device
from ahadi.directory.passkey_store import Passkey
from ahadi.directory.sign_in_api import held_cookie, lasts, party_of, welcome, where_from
from ahadi.platform.database import Actor, Work
from ahadi.platform.throttle import Limit, count_attempt
from ahadi.platform.web import PUBLIC, SIGNED_IN, Router, answer, client_address, database_of, perform

router = Router(prefix="/api", tags=["sign-in"])
_ASKED = Limit("passkey-asked", 300, timedelta(minutes=15))
Password = Annotated[str, Field(max_length=256)]


@router.post("/sign-in/passkey/options", dependencies=[PUBLIC])
async def post_options(request: Request) -> Response:
    """What a browser needs to show a passkey: a challenge that works once, for ten minutes."""
    party, database = party_of(request), database_of(request)
    await count_attempt(database, {_ASKED: client_address(request)})
    async with database.work(Actor.system([])) as work:
        options = await passkeys.ask(work, party)
    return answer(options)


class ShowPasskey(BaseModel):
    passkey: dict[str, Any]


@router.post("/sign-in/passkey", dependencies=[PUBLIC])
async def post_passkey(request: Request, body: ShowPasskey) -> Response:
    """Sign in by a passkey alone; sets the session cookie."""
    signed_in = await sign_in.sign_in_by_passkey(
        database_of(request),
        party_of(request),
        body.passkey,
        where_from(request),
        lasts(request),
        replaces=held_cookie(request),
    )
    return welcome(request, signed_in)


# One's own ------------------------------------------------------------------------------------------------------


@router.get("/me/passkeys")
async def get_passkeys(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """One's passkeys, the oldest first."""
    async with database_of(request).read(actor) as work:
        held = await credentials.own_person(work)
        found = await passkey_store.passkeys(work, held.person_id)
    return answer({"items": [_show(each) for each in found], "next": None})


def _show(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "made_at": iso(passkey.made_at),
        "used_at": iso(passkey.used_at) if passkey.used_at else None,
        "backed_up": passkey.backed_up,
        "doubted_at": iso(passkey.doubted_at) if passkey.doubted_at else None,
    }


class BeginPasskey(BaseModel):
    password: Password = ""


@router.post("/me/passkeys/options")
async def post_new_options(request: Request, body: BeginPasskey, actor: Actor = SIGNED_IN) -> Response:
    """Begin adding a passkey; asks for the password."""
    options = await credentials.start_passkey(
        database_of(request), actor, party_of(request), body.password, where_from(request)
    )
    return answer(options)


class NewPasskey(BaseModel):
    name: Annotated[str, Field(max_length=60)] = ""
    passkey: dict[str, Any]


@router.post("/me/passkeys", status_code=201)
async def post_new(request: Request, body: NewPasskey, actor: Actor = SIGNED_IN) -> Response:
    """Keep the passkey that the browser made."""
    made = await credentials.add_passkey(database_of(request), actor, party_of(request), body.name, body.passkey)
    return answer(_show(made), 201)


@router.post("/me/passkeys/{passkey}/remove", status_code=204)
async def post_remove(request: Request, passkey: UUID, body: BeginPasskey, actor: Actor = SIGNED_IN) -> Response:
    """Do without a passkey; asks for the password."""
    await credentials.remove_passkey(database_of(request), actor, passkey, body.password, where_from(request))
    return Response(status_code=204)


@router.get("/me/devices")
async def get_devices(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """The browsers that are not asked for a second step, the latest used first."""
    async with database_of(request).read(actor) as work:
        held = await credentials.own_person(work)
        found = await device_store.remembered_devices(work, held.person_id)
    return answer({"items": [_show_device(each) for each in found], "next": None})


def _show_device(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "made_at": iso(device.made_at),
        "used_at": iso(device.used_at),
        "remembered_until": iso(device.remembered_until) if device.remembered_until else None,
        "address": device.address,
        "agent": device.agent,
    }


@router.delete("/me/devices/{device}", status_code=204)
async def delete_device(request: Request, device: UUID, actor: Actor = SIGNED_IN) -> Response:
    """Have a browser asked for the second step again."""

    async def deed(work: Work) -> None:
        await credentials.own_person(work)
        await devices.forget_device(work, device)

    return await perform(request, actor, deed, status=204)


@router.delete("/me/devices", status_code=204)
async def delete_devices(request: Request, actor: Actor = SIGNED_IN) -> Response:
    """Have every browser asked for the second step again."""

    async def deed(work: Work) -> None:
        await credentials.own_person(work)
        await devices.forget_device(work, None)

    return await perform(request, actor, deed, status=204)
