"""Signing in, over HTTP, on a real database."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pyotp
import pytest

from ahadi.base.clock import FixedClock
from ahadi.directory import sign_in as signing
from ahadi.main.http import create_app
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.main.builders import PASSWORD, Somebody, organisation, sign_in, somebody

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def amina(installation: Installation, app: object) -> Somebody:
    """An agent of the utility."""
    return await somebody(installation.database, "amina", [await organisation(installation.database, "power")])


async def link_for(installation: Installation, person: Somebody, purpose: signing.Purpose) -> str:
    async with installation.database.work(Actor.system([])) as work:
        return await signing.make_link(work, person.id, purpose)


def another_browser(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 40001))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123")


# Passwords and sessions -----------------------------------------------------------------------------------------


async def test_whoever_knows_the_password_is_signed_in_and_told_what_they_may_do(
    client: httpx.AsyncClient, amina: Somebody
) -> None:
    answer = await sign_in(client, amina)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    me = (await client.get("/api/me")).json()
    assert me["person"]["email"] == "amina@example.org"
    assert me["organisations"][0]["id"] == str(amina.organisations[0])
    assert "case.work" in me["organisations"][0]["permissions"]
    assert "people.edit" not in me["organisations"][0]["permissions"]


async def test_over_https_the_cookie_is_bound_to_the_host_and_to_https(installation: Installation) -> None:
    settings = replace(installation.settings, public_url="https://desk.example")
    secured = replace(installation, settings=settings, policy=type(installation.policy).of(settings))
    app = create_app(secured)
    async with app.router.lifespan_context(app):
        person = await somebody(installation.database, "amina", [await organisation(installation.database, "power")])
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
            cookies = (await sign_in(client, person)).headers.get_list("set-cookie")
            assert [each for each in cookies if each.startswith("__Host-ahadi=ahs_")]
            assert all("Secure" in each for each in cookies)
            assert (await client.get("/api/me")).status_code == 200


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: httpx.AsyncClient, amina: Somebody
) -> None:
    wrong = await sign_in(client, amina, "not the password")
    unknown = await client.post("/api/sign-in", json={"email": "nobody@example.org", "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert (await client.get("/api/me")).status_code == 401


async def test_somebody_without_a_password_cannot_be_signed_in_by_any(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    person = await somebody(
        installation.database, "new", [await organisation(installation.database, "power")], password=None
    )
    for guess in (PASSWORD, "", "None"):
        assert (await sign_in(client, person, guess)).status_code in (401, 422)


async def test_the_session_is_new_at_each_sign_in_and_the_browser_s_former_one_ends(
    client: httpx.AsyncClient, amina: Somebody
) -> None:
    await sign_in(client, amina)
    former = client.cookies["ahadi"]
    await sign_in(client, amina)
    assert client.cookies["ahadi"] != former
    client.cookies.set("ahadi", former, domain="127.0.0.1")
    assert (await client.get("/api/me", headers={"Cookie": f"ahadi={former}"})).status_code == 401


async def test_a_session_made_up_by_an_attacker_is_never_taken_over(client: httpx.AsyncClient, amina: Somebody) -> None:
    client.cookies.set("ahadi", "ahs_chosen-by-somebody-else", domain="127.0.0.1")
    answer = await sign_in(client, amina)
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]


async def test_a_session_lasts_as_long_as_it_is_used_and_no_longer(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    for _ in range(4):
        clock.advance(timedelta(hours=11, minutes=59))
        assert (await client.get("/api/me")).status_code == 200
    clock.advance(timedelta(hours=12))
    assert (await client.get("/api/me")).status_code == 401


async def test_even_a_session_in_use_ends_after_thirty_days(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    hours = 0
    while (await client.get("/api/me")).status_code == 200:
        clock.advance(timedelta(hours=10))
        hours += 10
    assert hours == 30 * 24


async def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(
    client: httpx.AsyncClient, amina: Somebody
) -> None:
    await sign_in(client, amina)
    kept = client.cookies["ahadi"]
    answer = await client.post("/api/sign-out", headers=OURS)
    assert answer.status_code == 204 and "ahadi" not in client.cookies
    assert (await client.get("/api/me", headers={"Cookie": f"ahadi={kept}"})).status_code == 401


async def test_sessions_are_listed_and_ended_one_by_one(
    client: httpx.AsyncClient, app: object, amina: Somebody
) -> None:
    await sign_in(client, amina)
    async with another_browser(app) as elsewhere:
        await sign_in(elsewhere, amina)
        listed = (await client.get("/api/me/sessions")).json()["items"]
        assert [each["present"] for each in listed].count(True) == 1 and len(listed) == 2
        [other] = [each for each in listed if not each["present"]]
        ended = await client.delete(f"/api/me/sessions/{other['id']}", headers=OURS)
        assert ended.status_code == 204
        assert (await elsewhere.get("/api/me")).status_code == 401
        assert (await client.delete(f"/api/me/sessions/{other['id']}", headers=OURS)).status_code == 404
    assert (await client.get("/api/me")).status_code == 200


async def test_nobody_ends_another_person_s_session(
    client: httpx.AsyncClient, app: object, installation: Installation, amina: Somebody
) -> None:
    juma = await somebody(installation.database, "juma", amina.organisations)
    await sign_in(client, amina)
    async with another_browser(app) as elsewhere:
        await sign_in(elsewhere, juma)
        [session] = (await elsewhere.get("/api/me/sessions")).json()["items"]
        assert (await client.delete(f"/api/me/sessions/{session['id']}", headers=OURS)).status_code == 404
        assert (await elsewhere.get("/api/me")).status_code == 200


async def test_a_deactivated_person_is_out_at_once_and_cannot_come_back(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    await sign_in(client, amina)
    link = await link_for(installation, amina, "sign-in")
    async with installation.database.work(Actor.system([])) as work:
        await work.execute("update person set active = false")
    assert (await client.get("/api/me")).status_code == 401
    assert (await sign_in(client, amina)).status_code == 401
    assert (await client.post("/api/sign-in/link", json={"link": link}, headers=OURS)).status_code == 401


async def test_a_membership_that_ended_takes_its_permissions_along(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    await sign_in(client, amina)
    async with installation.database.work(Actor.system(amina.organisations)) as work:
        await work.execute("update membership set active = false")
    assert (await client.get("/api/me")).json()["organisations"] == []


async def test_who_serves_two_organisations_has_the_permissions_of_each_role_there(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    power, net = await organisation(installation.database, "power"), await organisation(installation.database, "net")
    person = await somebody(installation.database, "amina", [power])
    async with installation.database.work(Actor.system([net])) as work:
        await work.execute(
            "insert into membership (organisation_id, person_id, roles) values (%(o)s, %(p)s, '{administrator}')",
            {"o": net, "p": person.id},
        )
    await sign_in(client, person)
    held = {each["id"]: each["permissions"] for each in (await client.get("/api/me")).json()["organisations"]}
    assert "case.work" in held[str(power)] and "case.work" not in held[str(net)]
    assert "people.edit" in held[str(net)] and "people.edit" not in held[str(power)]


async def test_the_oldest_organisation_comes_first_whatever_was_written_last(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    power, net = await organisation(installation.database, "power"), await organisation(installation.database, "net")
    person = await somebody(installation.database, "amina", [net, power])
    await sign_in(client, person)
    for written in (power, net):
        async with installation.database.work(Actor.system([written])) as work:
            await work.execute(
                "update membership set roles = roles where organisation_id = %(o)s and person_id = %(p)s",
                {"o": written, "p": person.id},
            )
        served = (await client.get("/api/me")).json()["organisations"]
        assert [each["id"] for each in served] == [str(power), str(net)]


async def test_signing_in_is_journalled_without_anybody_s_address(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    await sign_in(client, amina)
    async with installation.database.read(Actor.system(amina.organisations)) as work:
        [row] = await work.rows("select kind, subject_id, facts from journal")
    assert row["kind"] == "person.signed_in" and row["subject_id"] == amina.id
    assert set(row["facts"]) == {"session_id", "how"}


# Throttling -----------------------------------------------------------------------------------------------------


async def test_guessing_is_stopped_and_the_right_password_too_until_the_wait_is_over(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    answers = [await sign_in(client, amina, f"wrong guess {number}") for number in range(11)]
    assert [each.status_code for each in answers] == [401] * 10 + [429]
    wait = int(answers[-1].headers["retry-after"])
    assert (await sign_in(client, amina)).status_code == 429
    clock.advance(timedelta(seconds=wait))
    assert (await sign_in(client, amina)).status_code == 200


async def test_signing_in_forgives_the_attempts_before(client: httpx.AsyncClient, amina: Somebody) -> None:
    for _ in range(3):
        for number in range(9):
            assert (await sign_in(client, amina, f"wrong guess {number}")).status_code == 401
        assert (await sign_in(client, amina)).status_code == 200


async def test_attempts_from_one_place_do_not_lock_the_person_out_elsewhere(
    client: httpx.AsyncClient, app: object, amina: Somebody
) -> None:
    for number in range(11):
        await sign_in(client, amina, f"wrong guess {number}")
    transport = httpx.ASGITransport(app, client=("192.0.2.20", 40000))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as home:
        assert (await sign_in(home, amina)).status_code == 200


# The authenticator ----------------------------------------------------------------------------------------------


async def set_up(client: httpx.AsyncClient, clock: FixedClock) -> pyotp.TOTP:
    begun = await client.post("/api/me/authenticator", json={"password": PASSWORD}, headers=OURS)
    assert begun.status_code == 201, begun.text
    assert begun.json()["address"].startswith("otpauth://totp/")
    totp = pyotp.TOTP(begun.json()["secret"])
    confirmed = await client.post("/api/me/authenticator/confirm", json={"code": totp.at(clock.now())}, headers=OURS)
    assert confirmed.status_code == 204, confirmed.text
    return totp


async def test_with_an_authenticator_the_password_alone_is_not_enough(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    totp = await set_up(client, clock)
    asked = await sign_in(client, amina)
    assert asked.status_code == 401 and asked.json()["code"] == "code-needed"
    clock.advance(timedelta(seconds=30))
    assert (await sign_in(client, amina, code="000000")).status_code == 401
    assert (await sign_in(client, amina, code=totp.at(clock.now()))).status_code == 200


async def test_each_code_is_taken_once(client: httpx.AsyncClient, amina: Somebody, clock: FixedClock) -> None:
    await sign_in(client, amina)
    totp = await set_up(client, clock)
    used = totp.at(clock.now())
    assert (await sign_in(client, amina, code=used)).status_code == 401
    clock.advance(timedelta(seconds=30))
    code = totp.at(clock.now())
    assert (await sign_in(client, amina, code=code)).status_code == 200
    assert (await sign_in(client, amina, code=code)).status_code == 401


async def test_a_clock_half_a_minute_off_is_forgiven_and_more_is_not(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    totp = await set_up(client, clock)
    clock.advance(timedelta(minutes=10))
    assert (await sign_in(client, amina, code=totp.at(clock.now() - timedelta(minutes=2)))).status_code == 401
    assert (await sign_in(client, amina, code=totp.at(clock.now() - timedelta(seconds=30)))).status_code == 200


async def test_setting_up_and_removing_an_authenticator_asks_for_the_password(
    client: httpx.AsyncClient, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    refused = await client.post("/api/me/authenticator", json={"password": "a guess at it"}, headers=OURS)
    assert refused.status_code == 401
    totp = await set_up(client, clock)
    assert (await client.get("/api/me")).json()["authenticator"] is True
    again = await client.post("/api/me/authenticator", json={"password": PASSWORD}, headers=OURS)
    assert again.status_code == 422
    clock.advance(timedelta(seconds=30))
    removed = await client.post(
        "/api/me/authenticator/remove", json={"password": PASSWORD, "code": totp.at(clock.now())}, headers=OURS
    )
    assert removed.status_code == 204
    assert (await sign_in(client, amina)).status_code == 200


async def test_the_authenticator_s_secret_is_encrypted_where_it_is_kept(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    totp = await set_up(client, clock)
    async with installation.database.read(Actor.system([])) as work:
        kept: bytes = await work.value("select totp_secret from credential")
    assert totp.secret.encode() not in kept and installation.keyring.decrypt(kept) == totp.secret


# Passwords and links --------------------------------------------------------------------------------------------


async def test_a_new_password_ends_every_session_but_the_one_renewed(
    client: httpx.AsyncClient, app: object, amina: Somebody
) -> None:
    await sign_in(client, amina)
    former = client.cookies["ahadi"]
    async with another_browser(app) as elsewhere:
        await sign_in(elsewhere, amina)
        changed = await client.post(
            "/api/me/password", json={"old": PASSWORD, "new": "other herons at dusk"}, headers=OURS
        )
        assert changed.status_code == 200, changed.text
        assert (await elsewhere.get("/api/me")).status_code == 401
    assert client.cookies["ahadi"] != former
    assert (await client.get("/api/me")).status_code == 200
    assert (await client.get("/api/me", headers={"Cookie": f"ahadi={former}"})).status_code == 401
    assert (await sign_in(client, amina)).status_code == 401
    assert (await sign_in(client, amina, "other herons at dusk")).status_code == 200


@pytest.mark.parametrize(
    "weak", ["short", "aaaaaaaaaaaa", "1234512345", "amina@example.org", "aminaamina12", "Password1234", "x" * 257]
)
async def test_a_password_that_is_easily_guessed_is_refused_with_what_to_do(
    client: httpx.AsyncClient, amina: Somebody, weak: str
) -> None:
    await sign_in(client, amina)
    answer = await client.post("/api/me/password", json={"old": PASSWORD, "new": weak}, headers=OURS)
    assert answer.status_code == 422
    assert (await sign_in(client, amina)).status_code == 200


async def test_an_invitation_sets_the_first_password_and_is_used_up(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    person = await somebody(
        installation.database, "new", [await organisation(installation.database, "power")], password=None
    )
    link = await link_for(installation, person, "invitation")
    without = await client.post("/api/sign-in/link", json={"link": link}, headers=OURS)
    assert without.status_code == 422
    weak = await client.post("/api/sign-in/link", json={"link": link, "password": "short"}, headers=OURS)
    assert weak.status_code == 422
    used = await client.post("/api/sign-in/link", json={"link": link, "password": PASSWORD}, headers=OURS)
    assert used.status_code == 200, used.text
    assert (await client.get("/api/me")).json()["person"]["id"] == str(person.id)
    again = await client.post("/api/sign-in/link", json={"link": link, "password": PASSWORD}, headers=OURS)
    assert again.status_code == 401 and again.json()["code"] == "link-used-up"
    assert (await sign_in(client, person)).status_code == 200


async def test_a_link_expires(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, clock: FixedClock
) -> None:
    link = await link_for(installation, amina, "reset")
    clock.advance(signing.LINK_LASTS["reset"])
    answer = await client.post("/api/sign-in/link", json={"link": link, "password": "other herons at dusk"})
    assert answer.status_code == 401


async def test_a_reset_ends_sessions_and_other_links_and_still_asks_for_the_authenticator(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody, clock: FixedClock
) -> None:
    await sign_in(client, amina)
    totp = await set_up(client, clock)
    link, other = await link_for(installation, amina, "reset"), await link_for(installation, amina, "reset")
    new = {"link": link, "password": "other herons at dusk"}
    without = await client.post("/api/sign-in/link", json=new, headers=OURS)
    assert without.status_code == 401 and without.json()["code"] == "code-needed"
    clock.advance(timedelta(seconds=30))
    used = await client.post("/api/sign-in/link", json=new | {"code": totp.at(clock.now())}, headers=OURS)
    assert used.status_code == 200
    late = await client.post("/api/sign-in/link", json=new | {"link": other}, headers=OURS)
    assert late.status_code == 401
    assert len((await client.get("/api/me/sessions")).json()["items"]) == 1


async def test_asking_for_a_reset_tells_nobody_whether_the_address_is_known(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    known = await client.post("/api/sign-in/reset", json={"email": amina.email})
    unknown = await client.post("/api/sign-in/reset", json={"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 202 and known.json() == unknown.json()
    async with installation.database.read(Actor.system([])) as work:
        jobs = await work.rows("select kind, args::text from job")
    assert len(jobs) == 2 and "example.org" not in str(jobs)


async def test_asking_for_resets_again_and_again_is_stopped(client: httpx.AsyncClient, amina: Somebody) -> None:
    answers = [await client.post("/api/sign-in/reset", json={"email": amina.email}) for _ in range(4)]
    assert [each.status_code for each in answers] == [202, 202, 202, 429]


async def test_secrets_are_kept_as_hashes_alone(
    client: httpx.AsyncClient, installation: Installation, amina: Somebody
) -> None:
    await sign_in(client, amina)
    link = await link_for(installation, amina, "reset")
    async with installation.database.read(Actor.system([])) as work:
        kept = str([await work.rows(f"select * from {table}") for table in ("session", "one_time_link", "credential")])
    assert client.cookies["ahadi"] not in kept and link not in kept and PASSWORD not in kept
    assert "$argon2id$" in kept


# One click ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "address", "headers", "status"),
    [
        ({"demo": True}, "127.0.0.1", {}, 200),
        ({"demo": True}, "::1", {}, 200),
        ({"demo": False}, "127.0.0.1", {}, 404),
        ({"demo": True, "host": "0.0.0.0"}, "127.0.0.1", {}, 404),
        ({"demo": True}, "192.0.2.20", {}, 404),
        ({"demo": True}, "127.0.0.1", {"X-Forwarded-For": "192.0.2.20"}, 404),
        ({"demo": True}, "127.0.0.1", {"Forwarded": "for=192.0.2.20"}, 404),
        ({"demo": True}, "127.0.0.1", {"Host": "rebound.example:8123"}, 404),
        ({"demo": True}, "127.0.0.1", {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_one_click_signs_in_to_a_demo_on_this_machine_and_nowhere_else(
    installation: Installation, settings: dict[str, str], address: str, headers: dict[str, str], status: int
) -> None:
    chosen = replace(installation, settings=replace(installation.settings, **settings))  # type: ignore[arg-type]
    app = create_app(chosen)
    async with app.router.lifespan_context(app):
        await somebody(installation.database, "amina", [await organisation(installation.database, "power")])
        transport = httpx.ASGITransport(app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8123") as client:
            answer = await client.post("/api/sign-in/demo", json={"person": "amina"}, headers=OURS | headers)
            assert answer.status_code == status, answer.text
            assert (await client.get("/api/me")).status_code == (200 if status == 200 else 401)


def test_every_purpose_of_a_link_has_an_end() -> None:
    assert all(timedelta(0) < each <= timedelta(days=7) for each in signing.LINK_LASTS.values())
