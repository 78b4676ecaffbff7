"""Browsers that are known and remembered: what they are let off, and what ends that."""

from datetime import timedelta

import httpx
import pyotp
import pytest

from ahadi.base.clock import FixedClock
from ahadi.channels.fake import FakeChannel
from ahadi.directory.notice_mails import mailing_notices
from ahadi.main.wiring import Installation
from ahadi.platform import jobs
from ahadi.platform.database import Actor
from tests.directory.test_sign_in import OURS, another_browser
from tests.main.builders import PASSWORD, Somebody, organisation, sign_in, somebody


@pytest.fixture
async def amina(installation: Installation, app: object) -> Somebody:
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")])


@pytest.fixture
async def secret(client: httpx.AsyncClient, amina: Somebody) -> str:
    """Amina's authenticator, from a browser where she is signed in."""
    await sign_in(client, amina)
    made = await client.post("/api/me/authenticator", json={"password": PASSWORD}, headers=OURS)
    secret: str = made.json()["secret"]
    return secret


async def code(clock: FixedClock, secret: str) -> str:
    clock.advance(timedelta(minutes=1))
    return pyotp.TOTP(secret).at(clock.now())


async def remembered(client: httpx.AsyncClient, amina: Somebody, clock: FixedClock, secret: str) -> None:
    """Put the authenticator in force, and have this browser remembered."""
    confirmed = {"code": await code(clock, secret)}
    assert (await client.post("/api/me/authenticator/confirm", json=confirmed, headers=OURS)).status_code == 204
    shown = {"email": amina.email, "password": PASSWORD, "code": await code(clock, secret), "remember": True}
    assert (await client.post("/api/sign-in", json=shown, headers=OURS)).status_code == 200


async def test_a_remembered_browser_is_not_asked_for_the_code_and_always_for_the_password(
    client: httpx.AsyncClient, app: object, amina: Somebody, clock: FixedClock, secret: str
) -> None:
    await remembered(client, amina, clock, secret)
    assert (await sign_in(client, amina)).status_code == 200
    assert (await sign_in(client, amina, "not the password")).json()["code"] == "sign-in-refused"
    async with another_browser(app) as elsewhere:
        assert (await sign_in(elsewhere, amina)).json()["code"] == "code-needed"
    [listed] = (await client.get("/api/me/devices")).json()["items"]
    assert listed["address"] == "127.0.0.1" and listed["remembered_until"] > listed["made_at"]


async def test_it_is_remembered_for_thirty_days_of_real_time(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock, secret: str
) -> None:
    await remembered(client, amina, clock, secret)
    clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert (await sign_in(client, amina)).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert (await sign_in(client, amina)).json()["code"] == "code-needed"


async def test_a_stolen_device_secret_is_worth_nothing_alone_for_another_or_after_it_was_forgotten(
    client: httpx.AsyncClient, app: object, installation: Installation, amina: Somebody, clock: FixedClock, secret: str
) -> None:
    await remembered(client, amina, clock, secret)
    [(name, stolen)] = {(each.name, each.value) for each in client.cookies.jar if "device" in each.name}
    async with installation.database.read(Actor.system([])) as work:
        assert stolen not in str(await work.rows("select * from device")), "it is kept as a hash"
    brian = await somebody(installation.database, "brian", amina.organisations)
    async with another_browser(app) as thief:
        headers = {**OURS, "Cookie": f"{name}={stolen}"}
        wrong = {"email": amina.email, "password": "not the password"}
        assert (await thief.post("/api/sign-in", json=wrong, headers=headers)).status_code == 401
        his = {"email": brian.email, "password": PASSWORD}
        assert (await thief.post("/api/sign-in", json=his, headers=headers)).status_code == 200, "he has no second step"
        assert (await thief.get("/api/me")).json()["person"]["email"] == brian.email
    [listed] = (await client.get("/api/me/devices")).json()["items"]
    assert (await client.delete(f"/api/me/devices/{listed['id']}", headers=OURS)).status_code == 204
    async with another_browser(app) as thief:
        right = {"email": amina.email, "password": PASSWORD}
        answer = await thief.post("/api/sign-in", json=right, headers={**OURS, "Cookie": f"{name}={stolen}"})
        assert answer.json()["code"] == "code-needed"


@pytest.mark.parametrize("ending", ["password", "all"])
async def test_a_new_password_and_forgetting_all_end_it(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock, secret: str, ending: str
) -> None:
    await remembered(client, amina, clock, secret)
    if ending == "all":
        assert (await client.delete("/api/me/devices", headers=OURS)).status_code == 204
        word = PASSWORD
    else:
        word = "other herons at dusk"
        changed = {"old": PASSWORD, "new": word}
        assert (await client.post("/api/me/password", json=changed, headers=OURS)).status_code == 200
    assert (await client.get("/api/me/devices")).json()["items"] == []
    assert (await sign_in(client, amina, word)).json()["code"] == "code-needed"


async def test_nobody_forgets_another_s_browser(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, clock: FixedClock, secret: str
) -> None:
    await remembered(client, amina, clock, secret)
    [listed] = (await client.get("/api/me/devices")).json()["items"]
    await sign_in(client, await somebody(installation.database, "brian", amina.organisations))
    assert (await client.delete(f"/api/me/devices/{listed['id']}", headers=OURS)).status_code == 404


async def test_a_sign_in_with_a_new_browser_is_told_by_mail_and_one_with_a_known_one_is_not(
    client: httpx.AsyncClient, app: object, installation: Installation, amina: Somebody
) -> None:
    channel = FakeChannel("email")
    handlers = mailing_notices(channel, "https://desk.example")

    async def told() -> int:
        while await jobs.run_due(installation.database, handlers, timedelta(seconds=60)):
            continue
        return len(channel.arrived)

    await sign_in(client, amina)
    await sign_in(client, amina)
    assert await told() == 0, "the first browser of all is how they came in"
    async with another_browser(app) as elsewhere:
        elsewhere.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        await sign_in(elsewhere, amina)
        assert await told() == 1
        await sign_in(elsewhere, amina)
        assert await told() == 1
    [mail] = channel.arrived
    assert mail.to == amina.email and "Firefox, Linux" in mail.text and "127.0.0.1" in mail.text
    assert "https://desk.example/me" in mail.text
