"""Passkeys: registered, shown, and refused for each thing that can be wrong with them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.clock import FixedClock
from ahadi.base.errors import AhadiError
from ahadi.directory.passkeys import PasskeysNotHere, RelyingParty, is_copy, must_be_at, relying_party
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.directory.authenticator import PRESENT, Authenticator
from tests.main.builders import PASSWORD, Somebody, organisation, sign_in, somebody

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8123"}


@pytest.fixture
async def amina(installation: Installation, app: object) -> Somebody:
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")])


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> httpx.Response:
    return await client.post(path, json=body, headers=OURS)


async def register(client: httpx.AsyncClient, key: Authenticator, name: str = "work laptop") -> dict[str, Any]:
    """Add a passkey to whoever is signed in."""
    asked = await post(client, "/api/me/passkeys/options", {"password": PASSWORD})
    assert asked.status_code == 200, asked.text
    kept = await post(client, "/api/me/passkeys", {"name": name, "passkey": key.make(asked.json())})
    assert kept.status_code == 201, kept.text
    found: dict[str, Any] = kept.json()
    return found


async def options(client: httpx.AsyncClient) -> dict[str, Any]:
    asked = await post(client, "/api/sign-in/passkey/options")
    assert asked.status_code == 200, asked.text
    found: dict[str, Any] = asked.json()
    return found


@pytest.fixture
async def key(client: httpx.AsyncClient, amina: Somebody) -> Authenticator:
    """A passkey of Amina's, who is signed out again."""
    key = Authenticator()
    await sign_in(client, amina)
    await register(client, key)
    await post(client, "/api/sign-out")
    return key


async def journal(installation: Installation, person: Somebody) -> list[str]:
    async with installation.database.read(Actor.system(person.organisations)) as work:
        return [each["kind"] for each in await work.rows("select kind from journal order by seq")]


async def test_a_passkey_signs_in_without_a_name_or_a_password(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    answer = await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
    assert answer.status_code == 200, answer.text
    assert (await client.get("/api/me")).json()["person"]["email"] == amina.email
    [kept] = (await client.get("/api/me/passkeys")).json()["items"]
    assert kept["name"] == "work laptop" and kept["used_at"]
    assert "person.passkey_added" in await journal(installation, amina)


async def test_with_a_passkey_the_password_alone_is_not_enough(
    client: httpx.AsyncClient, amina: Somebody, key: Authenticator
) -> None:
    alone = await sign_in(client, amina)
    assert alone.status_code == 401 and alone.json()["code"] == "code-needed" and alone.json()["ways"] == ["passkey"]
    both = {"email": amina.email, "password": PASSWORD, "passkey": key.show(await options(client))}
    assert (await post(client, "/api/sign-in", both)).status_code == 200


async def test_somebody_else_s_passkey_is_no_second_step(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    brian, his = await somebody(installation.database, "brian", amina.organisations), Authenticator()
    await sign_in(client, brian)
    await register(client, his)
    both = {"email": amina.email, "password": PASSWORD, "passkey": his.show(await options(client))}
    assert (await post(client, "/api/sign-in", both)).status_code == 401


async def test_adding_a_passkey_asks_for_the_password(client: httpx.AsyncClient, amina: Somebody) -> None:
    await sign_in(client, amina)
    for wrong in ({}, {"password": "not the password"}):
        assert (await post(client, "/api/me/passkeys/options", wrong)).status_code == 401


async def test_a_passkey_that_is_removed_signs_nobody_in(
    client: httpx.AsyncClient, amina: Somebody, key: Authenticator
) -> None:
    await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
    [kept] = (await client.get("/api/me/passkeys")).json()["items"]
    at = f"/api/me/passkeys/{kept['id']}/remove"
    assert (await post(client, at, {"password": "not the password"})).status_code == 401
    assert (await post(client, at, {"password": PASSWORD})).status_code == 204
    assert (await post(client, at, {"password": PASSWORD})).status_code == 404
    await post(client, "/api/sign-out")
    refused = await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
    assert refused.status_code == 401


async def test_nobody_removes_another_s_passkey(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
    [kept] = (await client.get("/api/me/passkeys")).json()["items"]
    await sign_in(client, await somebody(installation.database, "brian", amina.organisations))
    answer = await post(client, f"/api/me/passkeys/{kept['id']}/remove", {"password": PASSWORD})
    assert answer.status_code == 404


async def test_whoever_lost_their_passkey_is_let_in_again_by_who_looks_after_people(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    net = await organisation(installation.database, "net")
    at = f"/api/people/{amina.slug}/second-step/forget"
    await sign_in(client, await somebody(installation.database, "grace", amina.organisations, "manager"))
    assert (await post(client, at)).status_code == 403
    await sign_in(client, await somebody(installation.database, "hamisi", amina.organisations, "administrator"))
    assert (await post(client, "/api/people/hamisi/second-step/forget")).status_code == 409
    async with installation.database.work(Actor.system([net])) as work:
        await work.execute(
            "insert into membership (organisation_id, person_id, roles) values (%(o)s, %(p)s, '{agent}')",
            {"o": net, "p": amina.id},
        )
    assert (await post(client, at)).status_code == 403, "she serves somebody else too"
    async with installation.database.work(Actor.system([net])) as work:
        await work.execute("update membership set active = false where organisation_id = %(o)s", {"o": net})
    assert (await post(client, at)).status_code == 204
    assert "person.second_step_forgotten" in await journal(installation, amina)
    assert (await sign_in(client, amina)).status_code == 200
    assert (await client.get("/api/me/passkeys")).json()["items"] == []


# What is refused ------------------------------------------------------------------------------------------------


async def test_a_challenge_works_once(client: httpx.AsyncClient, key: Authenticator) -> None:
    shown = key.show(await options(client))
    assert (await post(client, "/api/sign-in/passkey", {"passkey": shown})).status_code == 200
    again = await post(client, "/api/sign-in/passkey", {"passkey": shown})
    assert again.status_code == 401 and "before" in again.json()["detail"]


async def test_a_challenge_is_used_up_by_a_wrong_answer_too(client: httpx.AsyncClient, key: Authenticator) -> None:
    asked = await options(client)
    assert (await post(client, "/api/sign-in/passkey", {"passkey": Authenticator().show(asked)})).status_code == 401
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(asked)})).status_code == 401


async def test_a_challenge_expires_by_real_time(
    client: httpx.AsyncClient, key: Authenticator, clock: FixedClock
) -> None:
    asked = await options(client)
    clock.advance(timedelta(minutes=10))
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(asked)})).status_code == 401


async def test_a_challenge_is_for_one_purpose_and_one_person(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
    asked = (await post(client, "/api/me/passkeys/options", {"password": PASSWORD})).json()
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(asked)})).status_code == 401
    asked = (await post(client, "/api/me/passkeys/options", {"password": PASSWORD})).json()
    await sign_in(client, await somebody(installation.database, "brian", amina.organisations))
    theirs = await post(client, "/api/me/passkeys", {"passkey": Authenticator().make(asked)})
    assert theirs.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://desk.example.evil"},
        {"origin": "http://localhost:9999"},
        {"party": "example.org"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
    ids=str,
)
async def test_another_address_or_an_unverified_user_is_refused(
    client: httpx.AsyncClient, key: Authenticator, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(key, name, value)
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})).status_code == 401


async def test_neither_can_be_registered(client: httpx.AsyncClient, amina: Somebody) -> None:
    await sign_in(client, amina)
    for wrong in (Authenticator(origin="https://desk.example.evil"), Authenticator(flags=PRESENT)):
        asked = (await post(client, "/api/me/passkeys/options", {"password": PASSWORD})).json()
        assert (await post(client, "/api/me/passkeys", {"passkey": wrong.make(asked)})).status_code == 401
    assert (await client.get("/api/me/passkeys")).json()["items"] == []


async def test_a_copy_of_a_passkey_is_noticed_and_puts_it_out_of_use(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    copy = key.copied()
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})).status_code == 200
    await post(client, "/api/sign-out")
    for each in (copy, key):  # from then on the genuine one is in doubt as well
        refused = await post(client, "/api/sign-in/passkey", {"passkey": each.show(await options(client))})
        assert refused.status_code == 401 and "copied" in refused.json()["detail"]
    assert (await journal(installation, amina)).count("person.passkey_doubted") == 1
    assert (await sign_in(client, amina)).status_code == 200, "and the password suffices, since there is no other way"
    async with installation.database.read(Actor.system([])) as work:
        told = await work.rows("select args from job where kind = 'directory.mail_notice'")
    assert "passkey" in [each["args"]["about"] for each in told]


async def test_an_authenticator_that_does_not_count_is_believed(client: httpx.AsyncClient, amina: Somebody) -> None:
    key = Authenticator(counts=False)
    await sign_in(client, amina)
    await register(client, key)
    for _ in range(2):
        shown = await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})
        assert shown.status_code == 200


async def test_somebody_deactivated_does_not_come_in_by_passkey(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, key: Authenticator
) -> None:
    async with installation.database.work(Actor.system([])) as work:
        await work.execute("update person set active = false")
    assert (await post(client, "/api/sign-in/passkey", {"passkey": key.show(await options(client))})).status_code == 401


NONSENSE: list[dict[str, Any]] = [
    {},
    {"id": 7, "response": None},
    {"response": {"clientDataJSON": "AAAA"}},
    {"response": {"clientDataJSON": "e30"}},
    {"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiJ4IiwidHlwZSI6IngiLCJvcmlnaW4iOiJ4In0"}},
    {"x": "y" * 30_000},
]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_refused_and_breaks_nothing(
    client: httpx.AsyncClient, amina: Somebody, said: dict[str, Any]
) -> None:
    assert (await post(client, "/api/sign-in/passkey", {"passkey": said})).status_code == 401
    await sign_in(client, amina)
    assert (await post(client, "/api/me/passkeys", {"passkey": said})).status_code == 401


# The address ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "party"),
    [
        ("http://127.0.0.1:8123", RelyingParty("localhost", "http://localhost:8123")),
        ("http://[::1]:8123", RelyingParty("localhost", "http://localhost:8123")),
        ("http://localhost:9000", RelyingParty("localhost", "http://localhost:9000")),
        ("https://desk.example.org", RelyingParty("desk.example.org", "https://desk.example.org")),
        ("https://desk.example.org:8443", RelyingParty("desk.example.org", "https://desk.example.org:8443")),
    ],
)
def test_a_passkey_is_bound_to_the_configured_address(home: str, party: RelyingParty) -> None:
    assert relying_party(home) == party


@pytest.mark.parametrize("home", ["http://desk.example.org", "https://10.1.2.3", "https://desk", "http://0.0.0.0:80"])
def test_an_address_that_browsers_give_no_passkey_for_is_told_clearly(home: str) -> None:
    with pytest.raises(PasskeysNotHere, match="AHADI_PUBLIC_URL"):
        relying_party(home)


def test_a_page_at_another_address_is_told_the_right_one() -> None:
    party = RelyingParty("localhost", "http://localhost:8123")
    must_be_at(party, None)
    must_be_at(party, "http://localhost:8123")
    with pytest.raises(PasskeysNotHere, match="http://localhost:8123"):
        must_be_at(party, "http://127.0.0.1:8123")


@given(st.text(max_size=40))
def test_any_address_gives_a_party_or_a_sentence(host: str) -> None:
    try:
        found = relying_party(f"https://{host}")
    except (AhadiError, ValueError):  # settings refuse what is no address before it comes here
        return
    assert found.id == "localhost" or ("." in found.id and found.origin.startswith("https://"))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), st.integers(0, 100))
def test_of_two_authenticators_with_one_key_one_is_found_out_by_its_next_use(steps: list[int], start: int) -> None:
    """However the genuine one counts on, a copy made before answers with a count that was passed."""
    genuine = start
    for each in steps:
        assert not is_copy(genuine, genuine + each)
        genuine += each
    assert is_copy(genuine, start + 1) or genuine < start + 1
