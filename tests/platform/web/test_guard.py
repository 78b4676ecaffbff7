"""The outermost layer: headers, origin, size, proxies, and what is written down."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message
from structlog.testing import capture_logs

from ahadi.base.errors import SetupError
from ahadi.platform.web.proxies import Proxies
from tests.platform.web.app import application, caller


async def test_every_answer_tells_the_browser_what_it_may_do() -> None:
    async with caller(application(public_url="https://desk.example")) as client:
        for path in ("/api/who", "/api/nowhere", "/api/broken/x", "/page"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"
            assert headers["strict-transport-security"]
            assert len(headers["x-request-id"]) == 16


COOKIE = {"Cookie": "__Host-ahadi=ahs_x"}


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://desk.example"}, False),
        ({"Origin": "https://desk.example"}, True),
        ({"Origin": "https://desk.example.evil.example"}, False),
        ({"Origin": "http://desk.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example", "Host": "evil.example"}, False),
        ({}, False),
        ({"Authorization": "Bearer aht_x", "Origin": "https://evil.example"}, True),
    ],
)
async def test_a_change_by_cookie_is_taken_from_our_own_pages_only(headers: dict[str, str], taken: bool) -> None:
    async with caller(application(public_url="https://desk.example")) as client:
        answer = await client.post("/api/notes", json={"note": "n"}, headers=COOKIE | headers)
    assert answer.status_code == (200 if taken else 403), answer.text


async def test_a_change_without_a_cookie_needs_no_origin_and_reading_never_does() -> None:
    async with caller(application(public_url="https://desk.example")) as client:
        assert (await client.post("/api/notes", json={"note": "n"})).status_code == 200
        foreign = {"Sec-Fetch-Site": "cross-site"} | COOKIE
        assert (await client.get("/api/who", headers=foreign)).status_code == 200


async def test_signing_somebody_in_from_another_site_is_refused_even_without_a_cookie() -> None:
    async with caller(application(public_url="https://desk.example")) as client:
        foreign = await client.post("/api/sign-in", json={}, headers={"Origin": "https://evil.example"})
        program = await client.post("/api/sign-in", json={})
    assert foreign.status_code == 403 and foreign.json()["code"] == "other-origin"
    assert program.status_code == 404  # let through; this small application has no such door


async def test_a_body_past_the_limit_is_refused_whether_its_length_is_told_or_not() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    json = {"Content-Type": "application/json"}
    async with caller(application()) as client:
        told = await client.post("/api/raw", content=b"x" * 2_000_001, headers=json)
        untold = await client.post("/api/raw", content=chunks(), headers=json)
        fits = await client.post("/api/raw", content=b"x" * 2_000_000, headers=json)
        file = await client.post("/api/raw", content=b"x" * 3_000_000, headers={"Content-Type": "image/png"})
    assert told.status_code == untold.status_code == 413
    assert fits.json() == {"length": 2_000_000}
    assert file.json() == {"length": 3_000_000}


async def test_forwarded_headers_count_from_listed_proxies_alone() -> None:
    forged = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    app = application(trusted_proxies="10.0.0.0/8")
    async with caller(app, "203.0.113.9") as stranger, caller(app, "10.0.0.5") as proxy:
        assert (await stranger.get("/api/who", headers=forged)).json() == {"client": "203.0.113.9", "scheme": "http"}
        assert (await proxy.get("/api/who", headers=forged)).json() == {"client": "198.51.100.7", "scheme": "https"}


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("1.2.3.4, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("nonsense", "10.0.0.5"),
        ("198.51.100.7, nonsense", "10.0.0.5"),
        ("", "10.0.0.5"),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(chain: str, client: str) -> None:
    assert Proxies("10.0.0.0/8").client("10.0.0.5", chain) == client


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=5))
def test_nobody_outside_the_list_can_choose_the_address_they_are_seen_at(peer: object, chain: list[object]) -> None:
    assert Proxies("").client(str(peer), ", ".join(map(str, chain))) == str(peer)


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(SetupError, match="AHADI_TRUSTED_PROXIES"):
        Proxies("proxy.internal")


async def test_the_log_has_the_pattern_of_the_address_and_no_words() -> None:
    with capture_logs() as logs:
        async with caller(application()) as client:
            await client.get("/api/broken/secretword?q=otherword", headers={"User-Agent": "agentword"})
            await client.post("/api/notes", json={"note": "bodyword"})
            await client.get("/api/nowhere/lostword")
    lines = [each for each in logs if each["event"] == "request"]
    assert [(each["method"], each["route"], each["status"]) for each in lines] == [
        ("GET", "/api/broken/{secret}", 500),
        ("POST", "/api/notes", 200),
        ("GET", "(none)", 404),
    ]
    assert "word" not in str(lines)


async def test_a_caller_who_goes_away_in_the_middle_is_nobodys_mistake() -> None:
    """They are written down as such, and nothing is reported as unforeseen."""

    async def leave() -> Message:
        return {"type": "http.disconnect"}

    async def heard(message: Message) -> None:
        raise AssertionError("nobody is there to hear")

    scope = {
        "type": "http", "method": "POST", "path": "/api/raw", "raw_path": b"/api/raw", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "client": ("127.0.0.1", 1), "scheme": "http",
        "http_version": "1.1", "server": ("127.0.0.1", 8123), "root_path": "",
    }  # fmt: skip
    with capture_logs() as told:
        await application()(scope, leave, heard)
    assert [each.get("status") for each in told if each["event"] == "request"] == [499]
    assert not [each for each in told if each["log_level"] == "error"]
