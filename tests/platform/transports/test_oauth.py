"""Access tokens: renewed in time, once, and honest about why there is none."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from ahadi.base.clock import FixedClock
from ahadi.base.errors import Unavailable
from ahadi.platform.transports.oauth import OAuthSettings, RefreshedToken, TokenRefused

SETTINGS = OAuthSettings("https://id.example/token", "client", "secret", "refresh-1", "mail")


class Service:
    """The sign-in service: what it is asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answer: Callable[[int], httpx.Response] = lambda n: httpx.Response(
            200, json={"access_token": f"token-{n}", "expires_in": 3600}
        )
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        self.asked.append({name: values[0] for name, values in form.items()})
        return self.answer(len(self.asked))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 7, tzinfo=UTC))


async def test_a_token_is_fetched_once_and_kept_until_shortly_before_it_ends(clock: FixedClock) -> None:
    service = Service()
    token = RefreshedToken(service.client, SETTINGS, clock)
    assert [await token(), await token()] == ["token-1", "token-1"]
    clock.advance(timedelta(minutes=57))
    assert await token() == "token-1"
    clock.advance(timedelta(minutes=2))
    assert await token() == "token-2"
    assert service.asked[0] == {
        "client_id": "client",
        "client_secret": "secret",
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "scope": "mail",
    }


async def test_a_refused_token_can_be_asked_for_anew(clock: FixedClock) -> None:
    token = RefreshedToken(Service().client, SETTINGS, clock)
    assert [await token(), await token(fresh=True)] == ["token-1", "token-2"]


async def test_many_who_need_it_at_once_share_one_renewal(clock: FixedClock) -> None:
    service = Service()
    token = RefreshedToken(service.client, SETTINGS, clock)
    assert set(await asyncio.gather(*(token() for _ in range(20)))) == {"token-1"}
    assert len(service.asked) == 1


async def test_an_application_may_sign_in_for_itself(clock: FixedClock) -> None:
    service = Service()
    await RefreshedToken(service.client, OAuthSettings("https://id.example/token", "client", "secret"), clock)()
    assert service.asked[0]["grant_type"] == "client_credentials"
    assert "refresh_token" not in service.asked[0]


async def test_a_changed_refresh_token_is_used_and_remembered(clock: FixedClock) -> None:
    service, remembered = Service(), []
    service.answer = lambda n: httpx.Response(200, json={"access_token": f"t{n}", "refresh_token": f"refresh-{n + 1}"})

    async def remember(changed: str) -> None:
        remembered.append(changed)

    token = RefreshedToken(service.client, SETTINGS, clock, remember)
    await token()
    await token(fresh=True)
    assert remembered == ["refresh-2", "refresh-3"]
    assert service.asked[1]["refresh_token"] == "refresh-2"


@pytest.mark.parametrize("seconds", [None, "3600", 3600.0, "soon", True])
async def test_a_token_without_a_sensible_end_is_taken_for_an_hour(clock: FixedClock, seconds: object) -> None:
    service = Service()
    service.answer = lambda n: httpx.Response(200, json={"access_token": f"t{n}", "expires_in": seconds})
    assert await RefreshedToken(service.client, SETTINGS, clock)() == "t1"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_grant", "error_description": "secret words"}), TokenRefused),
        (httpx.Response(401, json={"error": "invalid_client"}), TokenRefused),
        (httpx.Response(200, json={"no": "token"}), TokenRefused),
        (httpx.Response(503, json={}), Unavailable),
        (httpx.Response(502, text="<html>"), Unavailable),
        (httpx.Response(200, json=["list"]), Unavailable),
    ],
)
async def test_it_is_said_whether_a_person_must_act(
    clock: FixedClock, answer: httpx.Response, error: type[Exception]
) -> None:
    service = Service()
    service.answer = lambda _: answer
    with pytest.raises(error) as raised:
        await RefreshedToken(service.client, SETTINGS, clock)()
    assert str(raised.value).endswith(".")
    assert "secret" not in str(raised.value)


async def test_a_service_that_cannot_be_reached_is_tried_again(clock: FixedClock) -> None:
    service = Service()

    def gone(_: int) -> httpx.Response:
        raise httpx.ConnectError("no route")

    service.answer = gone
    token = RefreshedToken(service.client, SETTINGS, clock)
    with pytest.raises(Unavailable):
        await token()
    service.answer = lambda n: httpx.Response(200, text=json.dumps({"access_token": "t"}))
    assert await token() == "t"


def test_settings_do_not_show_their_secrets() -> None:
    assert "secret" not in repr(SETTINGS) and "refresh-1" not in repr(SETTINGS)
