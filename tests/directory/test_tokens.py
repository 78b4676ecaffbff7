"""API tokens and invitations, over HTTP."""

from datetime import timedelta

import httpx
import pytest

from ahadi.base.clock import FixedClock
from ahadi.directory import sign_in_store
from ahadi.main.wiring import Installation
from ahadi.platform.database import Actor
from tests.main.builders import Somebody, bearer, organisation, sign_in, somebody

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def admin(installation: Installation, app: object, client: httpx.AsyncClient) -> Somebody:
    """An administrator of the utility, signed in."""
    power = await organisation(installation.database, "power")
    person = await somebody(installation.database, "admin", [power], "administrator")
    assert (await sign_in(client, person)).status_code == 200
    return person


async def create(client: httpx.AsyncClient, **more: object) -> httpx.Response:
    body = {"organisation": "power", "name": "till", "scopes": ["case.read"]} | more
    return await client.post("/api/tokens", json=body, headers=OURS)


async def test_a_token_is_shown_once_works_at_once_and_stops_at_once(
    client: httpx.AsyncClient, app: object, admin: Somebody
) -> None:
    made = await create(client)
    assert made.status_code == 201, made.text
    token = made.json()
    headers = {"Authorization": f"Bearer {token['token']}"}
    transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as program:
        me = (await program.get("/api/me", headers=headers)).json()
        assert me["kind"] == "token" and me["person"] is None
        assert me["organisations"] == [{"id": str(admin.organisations[0]), "permissions": ["case.read"]}]
        [listed] = (await client.get("/api/tokens?organisation=power")).json()["items"]
        assert "token" not in listed and listed["scopes"] == ["case.read"]
        gone = await client.delete(f"/api/tokens/{token['id']}?organisation=power", headers=OURS)
        assert gone.status_code == 204
        assert (await program.get("/api/me", headers=headers)).status_code == 401


async def test_a_token_expires(client: httpx.AsyncClient, admin: Somebody, clock: FixedClock, app: object) -> None:
    token = (await create(client, days=1)).json()["token"]
    clock.advance(timedelta(days=1))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as program:
        assert (await program.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"scopes": ["case.destroy"]}, 422),
        ({"scopes": []}, 422),
        ({"days": 0}, 422),
        ({"days": 10_000}, 422),
        ({"name": ""}, 422),
        ({"organisation": "net"}, 404),
        ({"scopes": ["case.work"]}, 403),  # an administrator does not work cases, nor does a token of theirs
        ({"scopes": ["all"]}, 403),
    ],
)
async def test_what_is_wrong_or_goes_beyond_its_maker_is_refused(
    client: httpx.AsyncClient, installation: Installation, admin: Somebody, change: dict[str, object], status: int
) -> None:
    await organisation(installation.database, "net")
    answer = await create(client, **change)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer aht_unknown", "Basic YTpi", "bearer \x00", "Bearer " + "x" * 5000]
)
async def test_whoever_sends_no_token_that_is_known_is_nobody(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/api/me", headers=[(b"authorization", header.encode())])
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"


async def test_a_repeated_request_for_a_token_makes_one_token(client: httpx.AsyncClient, admin: Somebody) -> None:
    body = {"organisation": "power", "name": "till", "scopes": ["case.read"]}
    answers = [
        await client.post("/api/tokens", json=body, headers=OURS | {"Idempotency-Key": "till-1"}) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert len((await client.get("/api/tokens")).json()["items"]) == 1


async def test_tokens_are_listed_page_by_page_the_newest_first(
    client: httpx.AsyncClient, installation: Installation, admin: Somebody
) -> None:
    for _ in range(5):
        await bearer(installation.database, admin.organisations[0])
    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = (await client.get(f"/api/tokens{query}")).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    assert seen == sorted(seen, reverse=True) and len(seen) == 5


# Invitations ----------------------------------------------------------------------------------------------------


async def invite(client: httpx.AsyncClient, email: str, *roles: str) -> httpx.Response:
    body = {"organisation": "power", "email": email, "name": "Juma Ali", "roles": list(roles)}
    return await client.post("/api/people/invite", json=body, headers=OURS)


async def test_somebody_new_gets_their_roles_and_a_link_by_which_they_come_in(
    client: httpx.AsyncClient, admin: Somebody
) -> None:
    made = await invite(client, "Juma@Example.org", "agent", "specialist")
    assert made.status_code == 201, made.text
    assert made.json()["person"]["slug"] == "juma-ali"
    link = made.json()["link"].rsplit("/", 1)[1]
    await client.post("/api/sign-out", headers=OURS)
    used = await client.post("/api/sign-in/link", json={"link": link, "password": "seven quiet herons"}, headers=OURS)
    assert used.status_code == 200
    me = (await client.get("/api/me")).json()
    assert me["person"]["email"] == "juma@example.org" and "case.work" in me["organisations"][0]["permissions"]


async def test_an_administrator_is_never_shown_a_link_that_opens_another_organisation(
    client: httpx.AsyncClient, installation: Installation, admin: Somebody
) -> None:
    net = await organisation(installation.database, "net")
    await somebody(installation.database, "juma", [net], password=None)
    made = (await invite(client, "juma@example.org", "agent")).json()
    assert made["link"] is None and made["mailed"] is True
    async with installation.database.read(Actor.system([])) as work:
        assert await work.value("select kind from job") == "directory.mail_link"
        assert await sign_in_store.link_in_force(work, b"") is None


async def test_an_administrator_is_never_shown_a_link_that_replaces_a_password(
    client: httpx.AsyncClient, installation: Installation, admin: Somebody
) -> None:
    juma = await somebody(installation.database, "juma", admin.organisations)
    made = await client.post(f"/api/people/{juma.slug}/invite?organisation=power", headers=OURS)
    assert made.status_code == 201 and made.json()["link"] is None


async def test_nobody_of_another_organisation_can_be_invited_again(
    client: httpx.AsyncClient, installation: Installation, admin: Somebody
) -> None:
    net = await organisation(installation.database, "net")
    juma = await somebody(installation.database, "juma", [net])
    for named in (juma.slug, str(juma.id), "nobody"):
        answer = await client.post(f"/api/people/{named}/invite?organisation=power", headers=OURS)
        assert answer.status_code == 404


@pytest.mark.parametrize("email", ["no address", "@example.org", "juma@", "ju ma@example.org"])
async def test_an_address_that_is_none_is_refused(client: httpx.AsyncClient, admin: Somebody, email: str) -> None:
    assert (await invite(client, email, "agent")).status_code == 422


async def test_a_role_that_does_not_exist_is_refused(client: httpx.AsyncClient, admin: Somebody) -> None:
    assert (await invite(client, "juma@example.org", "owner")).status_code == 422


async def test_two_people_of_one_name_get_slugs_of_their_own(client: httpx.AsyncClient, admin: Somebody) -> None:
    slugs = [(await invite(client, f"juma{n}@example.org", "agent")).json()["person"]["slug"] for n in range(3)]
    assert slugs == ["juma-ali", "juma-ali-2", "juma-ali-3"]
