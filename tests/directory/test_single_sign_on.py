"""Single sign-on against a real provider in a process of its own, and tokens of our making that must be refused."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey

from ahadi.base.clock import FixedClock
from ahadi.directory.oidc import Metadata, Providers, ProviderUnusable, read_claims, read_id_token, read_metadata
from ahadi.main.http import create_app
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from tests.directory.provider import SECRET
from tests.directory.test_sign_in import OURS
from tests.main.builders import PASSWORD, Somebody, bearer, organisation, sign_in, somebody

ROOT = Path(__file__).resolve().parents[2]


def started(port: int = 0) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.directory.provider", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait()
    assert process.stdout
    process.stdout.close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    process, port = started()
    yield f"http://127.0.0.1:{port}"
    ended(process)


@dataclass
class House:
    """Two organisations, people of theirs, and an application that may reach a provider on this machine."""

    installation: Installation
    app: Any
    power: UUID
    net: UUID
    amina: Somebody
    hamisi: Somebody
    admin: dict[str, str]

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 40001))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123")

    async def set_up(self, issuer: str, **more: Any) -> httpx.Response:
        wanted = {
            "organisation": "power",
            "name": "Mto Identity",
            "issuer": issuer,
            "client_id": "desk client",
            "client_secret": SECRET,
            "domains": ["example.org"],
        }
        async with self.browser() as browser:
            return await browser.put("/api/sign-in-provider", json=wanted | more, headers=self.admin)


@pytest.fixture
async def house(installation: Installation, clock: FixedClock) -> AsyncIterator[House]:
    clock.set(datetime.now(UTC))  # the provider goes by the world's time
    providers = Providers(lambda: guarded_client(Guard.from_setting("127.0.0.1")), clock)
    installation = replace(installation, providers=providers)
    app = create_app(installation)
    async with app.router.lifespan_context(app):
        database = installation.database
        power, net = await organisation(database, "power"), await organisation(database, "net")
        amina = await somebody(database, "amina", [power, net])
        hamisi = await somebody(database, "hamisi", [power], "administrator")
        yield House(installation, app, power, net, amina, hamisi, await bearer(database, power))


async def known_there(issuer: str, subject: str, **claims: Any) -> None:
    async with httpx.AsyncClient() as outside:
        said = {"email": subject, "email_verified": True, "name": subject.partition("@")[0].title()} | claims
        assert (await outside.put(f"{issuer}/users/{quote(subject)}", json=said)).status_code == 204


async def sent(browser: httpx.AsyncClient, house: House) -> str:
    """Where the browser is sent to."""
    answer = await browser.get(f"/sign-in/with/{house.power}?next=/promises")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def agreed(address: str, subject: str) -> str:
    """Sign in at the provider; the path it sends the browser back to."""
    async with httpx.AsyncClient() as outside:
        answer = await outside.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:8123"
    return f"{parts.path}?{parts.query}"


async def come_in(browser: httpx.AsyncClient, house: House, subject: str) -> httpx.Response:
    return await browser.get(await agreed(await sent(browser, house), subject))


def changed(path: str, **values: str | None) -> str:
    """A path with other values in its query; None takes one away."""
    parts = urlsplit(path)
    held = {name: found[0] for name, found in parse_qs(parts.query).items()} | values
    return f"{parts.path}?{urlencode({name: value for name, value in held.items() if value is not None})}"


# Coming in ------------------------------------------------------------------------------------------------------


async def test_a_person_comes_in_by_the_address_the_provider_verified_and_only_there(house: House, issuer: str) -> None:
    assert (await house.set_up(issuer)).status_code == 200
    await known_there(issuer, house.amina.email)
    async with house.browser() as browser:
        answer = await come_in(browser, house, house.amina.email)
        assert answer.status_code == 303 and answer.headers["location"] == "/promises", answer.text
        me = (await browser.get("/api/me")).json()
        assert me["person"]["email"] == house.amina.email
        assert [each["id"] for each in me["organisations"]] == [str(house.power)], "and not in the other one she serves"
        refused = await browser.post("/api/me/password", json={"old": PASSWORD, "new": "x" * 20}, headers=OURS)
        assert refused.status_code == 403, "the provider of one organisation gives no hold on the person"
        left = await browser.post("/sign-out", headers=OURS)
        assert left.headers["location"] == f"/sign-in?left={house.power}"
        away = await browser.get(f"/sign-in/leave/{house.power}")
        assert away.headers["location"].startswith(f"{issuer}/oauth2/end_session?client_id=desk+client")
        assert (await browser.get("/api/me")).status_code == 401


async def test_whoever_came_in_once_is_known_by_their_subject_when_their_address_changes(
    house: House, issuer: str
) -> None:
    await house.set_up(issuer)
    await known_there(issuer, "subject-1", email=house.amina.email)
    async with house.browser() as browser:
        assert (await come_in(browser, house, "subject-1")).headers["location"] == "/promises"
        await known_there(issuer, "subject-1", email="married@example.org")
        assert (await come_in(browser, house, "subject-1")).headers["location"] == "/promises"
        assert (await browser.get("/api/me")).json()["person"]["email"] == house.amina.email
        await known_there(issuer, "subject-2", email=house.amina.email)
        assert (await come_in(browser, house, "subject-2")).status_code == 403, "her address, and not she"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.org"},
        {"email": "amina@elsewhere.org"},
        {"email_verified": False},
        {"email_verified": None},
    ],
    ids=str,
)
async def test_whom_the_provider_does_not_vouch_for_enough_does_not_come_in(
    house: House, issuer: str, claims: dict[str, Any]
) -> None:
    await house.set_up(issuer)
    subject = f"who-{sorted(claims.items())}"
    await known_there(issuer, subject, **({"email": house.amina.email} | claims))
    async with house.browser() as browser:
        assert (await come_in(browser, house, subject)).status_code == 403
        assert (await browser.get("/api/me")).status_code == 401


async def test_people_are_made_only_where_that_is_wanted_and_never_those_who_were_let_go(
    house: House, issuer: str
) -> None:
    await house.set_up(issuer, makes_people=True, role="supervisor")
    await known_there(issuer, "new@example.org", name="Neema New")
    async with house.browser() as browser:
        assert (await come_in(browser, house, "new@example.org")).headers["location"] == "/promises"
        me = (await browser.get("/api/me")).json()
        assert me["person"]["name"] == "Neema New" and "audit.read" in me["organisations"][0]["permissions"]
    async with house.installation.database.work(Actor.system([house.power])) as work:
        await work.execute("update membership set active = false where person_id = %(id)s", {"id": house.amina.id})
    await known_there(issuer, house.amina.email)
    async with house.browser() as browser:
        assert (await come_in(browser, house, house.amina.email)).status_code == 403
    assert (await house.set_up(issuer, makes_people=True, role="administrator")).status_code == 422


# What is refused ------------------------------------------------------------------------------------------------


async def test_an_answer_works_once_in_the_browser_that_asked_and_for_ten_minutes(
    house: House, issuer: str, clock: FixedClock
) -> None:
    await house.set_up(issuer)
    await known_there(issuer, house.amina.email)
    async with house.browser() as browser, house.browser() as another:
        back = await agreed(await sent(browser, house), house.amina.email)
        await sent(another, house)
        assert (await another.get(back)).status_code == 401, "somebody else's answer signs nobody in"
        assert (await browser.get(changed(back, state="ahq_made-up"))).status_code == 401
        back = await agreed(await sent(browser, house), house.amina.email)
        assert (await browser.get(back)).status_code == 303
        kept = {"Cookie": f"ahadi-sso={parse_qs(urlsplit(back).query)['state'][0]}"}
        assert (await another.get(back, headers=kept)).status_code == 401
        back = await agreed(await sent(browser, house), house.amina.email)
        clock.advance(timedelta(minutes=10))
        assert (await browser.get(back)).status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"iss": "https://id.evil.example"}, {"iss": None}, {"error": "access_denied"}], ids=str
)
async def test_another_issuer_s_answer_and_a_refusal_sign_nobody_in(
    house: House, issuer: str, wrong: dict[str, str | None]
) -> None:
    await house.set_up(issuer)
    await known_there(issuer, house.amina.email)
    async with house.browser() as browser:
        back = await agreed(await sent(browser, house), house.amina.email)
        assert (await browser.get(changed(back, **wrong))).status_code == 401
        assert (await browser.get("/api/me")).status_code == 401


async def test_a_code_taken_from_another_sign_in_is_refused_by_its_verifier(house: House, issuer: str) -> None:
    await house.set_up(issuer)
    await known_there(issuer, house.amina.email)
    async with house.browser() as browser, house.browser() as another:
        stolen = parse_qs(urlsplit(await agreed(await sent(another, house), house.amina.email)).query)["code"][0]
        back = await agreed(await sent(browser, house), "somebody@example.org")
        assert (await browser.get(changed(back, code=stolen))).status_code == 401


async def test_a_provider_that_changed_its_keys_is_asked_for_the_new_ones(house: House, clock: FixedClock) -> None:
    process, port = started()
    own = f"http://127.0.0.1:{port}"
    await house.set_up(own)
    try:
        await known_there(own, house.amina.email)
        async with house.browser() as browser:
            assert (await come_in(browser, house, house.amina.email)).status_code == 303
        ended(process)
        process, _ = started(port)  # with a key of its own
        await known_there(own, house.amina.email)
        clock.advance(timedelta(minutes=2))
        async with house.browser() as browser:
            assert (await come_in(browser, house, house.amina.email)).status_code == 303
    finally:
        ended(process)


async def test_a_provider_inside_is_not_reached_unless_it_is_permitted(
    house: House, issuer: str, installation: Installation
) -> None:
    await house.set_up(issuer)
    app = create_app(replace(house.installation, providers=installation.providers))  # which may reach nothing inside
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8123") as browser:
        answer = await browser.get(f"/sign-in/with/{house.power}")
        assert answer.status_code in (401, 403) and issuer not in answer.headers.get("location", "")


# Requiring it ---------------------------------------------------------------------------------------------------


async def test_an_organisation_may_require_it_but_for_one_who_comes_in_when_it_is_down(
    house: House, issuer: str
) -> None:
    refused = await house.set_up(issuer, required=True)
    assert refused.status_code == 409
    assert (await house.set_up(issuer, required=True, let_in=str(house.amina.id))).status_code == 409, (
        "no administrator"
    )
    async with house.browser() as before:
        await sign_in(before, house.amina)
        assert (await house.set_up(issuer, required=True, let_in=str(house.hamisi.id))).status_code == 200
        me = (await before.get("/api/me")).json()
        assert [each["id"] for each in me["organisations"]] == [str(house.net)], "at once, and only there"
    brian = await somebody(house.installation.database, "brian", [house.power])
    async with house.browser() as browser:
        assert (await sign_in(browser, brian)).json()["code"] == "single-sign-on-needed"
        assert (await sign_in(browser, brian, "not the password")).json()["code"] == "sign-in-refused"
        assert (await sign_in(browser, house.hamisi)).status_code == 200
    await known_there(issuer, brian.email)
    async with house.browser() as browser:
        assert (await come_in(browser, house, brian.email)).status_code == 303
        assert (
            await browser.delete("/api/sign-in-provider?organisation=power", headers=house.admin)
        ).status_code == 204
        assert (await browser.get("/api/me")).status_code == 401, "whom it vouched for is out"
        assert (await sign_in(browser, brian)).status_code == 200, "and comes in as before"


async def test_the_secret_is_sealed_and_never_shown(house: House, issuer: str) -> None:
    made = await house.set_up(issuer)
    assert made.json()["has_secret"] and SECRET not in made.text
    async with house.browser() as browser:
        shown = await browser.get("/api/sign-in-provider?organisation=power", headers=house.admin)
        assert SECRET not in shown.text
    async with house.installation.database.read(Actor.system([house.power])) as work:
        assert SECRET not in str(await work.rows("select * from sign_in_provider"))
        assert SECRET not in str(await work.rows("select * from journal"))
    kept = await house.set_up(issuer, client_secret=None, name="Renamed")
    assert kept.json()["has_secret"] and kept.json()["name"] == "Renamed"


# Tokens of our own making -----------------------------------------------------------------------------------------

HERE = "https://id.example.org"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "a"})
KEYS = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})
METADATA = Metadata(HERE, f"{HERE}/a", f"{HERE}/t", f"{HERE}/k", None, None, ("RS256",), True, False)
CLAIMS = {
    "iss": HERE, "sub": "s", "aud": "desk", "nonce": "n",
    "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 300,
}  # fmt: skip


def judged(claims: dict[str, Any], key: Any = KEY, algorithm: str = "RS256", now: datetime = NOW) -> dict[str, Any]:
    token = jwt.encode({"alg": algorithm, "kid": "a"}, claims, key, algorithms=[algorithm])
    return read_id_token(token, KEYS, METADATA, "desk", "n", None, now)


def test_a_token_that_is_in_order_is_taken() -> None:
    assert judged(CLAIMS)["sub"] == "s"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://id.evil.example"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["desk", "another"]},
        {"aud": ["desk", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"nbf": int(NOW.timestamp()) + 3600},
        {"at_hash": 7},
    ],
    ids=str,
)
def test_a_token_that_is_another_s_or_not_in_force_is_refused(wrong: dict[str, Any]) -> None:
    if wrong == {"at_hash": 7}:  # only judged beside an access token
        token = jwt.encode({"alg": "RS256", "kid": "a"}, {**CLAIMS, "at_hash": "another"}, KEY)
        with pytest.raises(JoseError):
            read_id_token(token, KEYS, METADATA, "desk", "n", "the access token", NOW)
        return
    claims = {name: value for name, value in (CLAIMS | wrong).items() if value is not None}
    with pytest.raises(JoseError):
        judged(claims)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSAKey.generate_key(2048, {"kid": "a"}), "RS256"), (KEY, "RS512"), (OctKey.import_key("x" * 32), "HS256")],
    ids=["another key", "a way not offered", "a shared secret"],
)
def test_a_token_signed_otherwise_is_refused(key: Any, algorithm: str) -> None:
    with pytest.raises((JoseError, ValueError)):
        judged(CLAIMS, key, algorithm)


def test_a_token_that_nobody_signed_is_refused() -> None:
    header, body, _ = jwt.encode({"alg": "RS256", "kid": "a"}, CLAIMS, KEY).split(".")
    for token in (f"eyJhbGciOiJub25lIn0.{body}.", f"{header}.{body}."):
        with pytest.raises((JoseError, ValueError)):
            read_id_token(token, KEYS, METADATA, "desk", "n", None, NOW)


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://id.example.org/"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://id.example.org/t"},
        {"jwks_uri": "file:///etc/passwd"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(said: dict[str, Any]) -> None:
    whole = {
        "issuer": HERE, "authorization_endpoint": f"{HERE}/a", "token_endpoint": f"{HERE}/t", "jwks_uri": f"{HERE}/k",
    }  # fmt: skip
    assert read_metadata(HERE, whole).algorithms == ("RS256",)
    with pytest.raises(ProviderUnusable):
        read_metadata(HERE, whole | said)


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ({"email": "Amina@Example.org", "email_verified": True}, "amina@example.org"),
        ({"email": "a@b.org", "email_verified": "true"}, "a@b.org"),
        ({"email": "a@b.org", "email_verified": "false"}, None),
        ({"email": "a@b.org", "email_verified": 1}, None),
        ({"email": "a@b.org"}, None),
        ({"email": ["a@b.org"], "email_verified": True}, None),
        ({}, None),
    ],
)
def test_an_address_counts_only_where_the_provider_verified_it(said: dict[str, Any], email: str | None) -> None:
    assert read_claims({"sub": "s", **said}).email == email
