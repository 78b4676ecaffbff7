"""Signing in, over HTTP, on a real database."""

from datetime import timedelta

import httpx
import pyotp

from ahadi.base.clock import FixedClock
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.main.builders import PASSWORD, Somebody, bearer, organisation, sign_in, somebody

OURS = {"Sec-Fetch-Site": "same-origin"}


async def amina(installation: Installation, role: str = "agent") -> Somebody:
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")], role)


async def test_whoever_knows_the_password_is_signed_in_and_told_what_they_may_do(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    person = await amina(installation)
    answer = await sign_in(client, person)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    me = (await client.get("/api/me")).json()
    assert me["person"]["email"] == "amina@example.org"
    assert me["organisations"][0]["id"] == str(person.organisations[0])
    assert "case.work" in me["organisations"][0]["permissions"]


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    person = await amina(installation)
    wrong = await sign_in(client, person, "not the password")
    unknown = await client.post("/api/sign-in", json={"email": "nobody@example.org", "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert (await client.get("/api/me")).status_code == 401
