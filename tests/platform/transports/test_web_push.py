"""Web push: sealed per RFC 8291, signed per RFC 8292, and sent where nothing inside is reached."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.platform.security import Keyring
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from ahadi.platform.transports.web_push import (
    MOST_BYTES,
    Pushed,
    Subscription,
    authorization,
    checked,
    decoded,
    encoded,
    own_keys,
    push,
    sealed,
)
from tests.notifications.browsers import FakeBrowser

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
KEYRING = Keyring(["a key for tests that is long enough, and no secret"])
SUBSCRIPTION = Subscription(
    "https://push.example/s/1",
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
)


def test_the_example_of_rfc_8291_is_sealed_to_the_byte() -> None:
    private = decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    key = ec.derive_private_key(int.from_bytes(private), ec.SECP256R1())
    made = sealed(
        SUBSCRIPTION,
        b"When I grow up, I want to be a watermelon",
        key=key,
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBr"
        "u3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_browser_of_the_tests_opens_the_example_of_rfc_8291() -> None:
    """The tests' own receiver is held to the same example, so that two mistakes cannot agree."""
    browser = FakeBrowser.holding("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94", "BTBZMqHH6r4Tts7J_aSIgg")
    told = browser.open(
        decoded(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6P"
            "Bru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        )
    )
    assert told == b"When I grow up, I want to be a watermelon"


@given(st.binary(max_size=MOST_BYTES))
def test_whatever_is_told_is_read_by_its_browser_and_by_no_other(told: bytes) -> None:
    browser, other = FakeBrowser(), FakeBrowser()
    made = sealed(browser.subscription("https://push.example/s/1"), told)
    assert len(made) <= 4096
    assert browser.open(made) == told
    with pytest.raises(InvalidTag):
        other.open(made)


def test_the_same_told_twice_is_sealed_otherwise() -> None:
    assert sealed(SUBSCRIPTION, b"x") != sealed(SUBSCRIPTION, b"x")


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid):
        sealed(SUBSCRIPTION, b"x" * (MOST_BYTES + 1))


def test_the_header_is_a_token_for_that_service_signed_by_the_key_it_names() -> None:
    public, key = next(iter(own_keys(KEYRING).items()))
    header = authorization(key, "https://push.example:8443/s/1", "mailto:post@desk.example", NOW)
    scheme, _, rest = header.partition(" ")
    fields = dict(each.strip().split("=", 1) for each in rest.split(","))
    assert scheme == "vapid" and fields["k"] == public
    signed, _, signature = fields["t"].rpartition(".")
    head, claims = (orjson.loads(decoded(each)) for each in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == "https://push.example:8443" and claims["sub"] == "mailto:post@desk.example"
    assert NOW.timestamp() < claims["exp"] <= NOW.timestamp() + 86_400
    raw = decoded(signature)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(public))
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point.verify(der, signed.encode(), ec.ECDSA(SHA256()))


def test_keys_follow_from_the_secret_key_and_earlier_ones_are_kept_with_it() -> None:
    first, second = "the first key, which is long enough for it", "the second key, which is long enough for it"
    before, after = own_keys(Keyring([first])), own_keys(Keyring([second, first]))
    assert list(before) == list(own_keys(Keyring([first])))
    assert len(after) == 2 and list(after)[1] == next(iter(before)) and next(iter(after)) not in before


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/s",
        "ftp://push.example/s",
        "https://user:secret@push.example/s",
        "https://push.example/s#part",
        "https:///s",
        "javascript:alert(1)",
        "https://push.example/" + "s" * 2000,
    ],
)
def test_an_address_that_is_no_push_service_is_refused(endpoint: str) -> None:
    with pytest.raises(Invalid):
        checked(Subscription(endpoint, SUBSCRIPTION.p256dh, SUBSCRIPTION.auth))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", SUBSCRIPTION.auth),
        (SUBSCRIPTION.p256dh[:-4], SUBSCRIPTION.auth),
        (encoded(b"\4" + b"\1" * 64), SUBSCRIPTION.auth),  # not on the curve
        (SUBSCRIPTION.p256dh, "c2hvcnQ"),
        (SUBSCRIPTION.p256dh, "ü"),
        ("no base64 at all!", SUBSCRIPTION.auth),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(Invalid):
        checked(Subscription(SUBSCRIPTION.endpoint, p256dh, auth))


async def sent(answer: Callable[[httpx.Request], httpx.Response]) -> Pushed:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        return await handed(client, SUBSCRIPTION)


async def handed(client: httpx.AsyncClient, subscription: Subscription) -> Pushed:
    return await push(
        client,
        subscription,
        b"{}",
        authorization="vapid t=x, k=y",
        ttl=timedelta(minutes=10),
        urgency="high",
        topic="a" * 32,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (201, {}, Pushed(True)),
        (404, {}, Pushed(False, gone=True, code="answered-404")),
        (410, {}, Pushed(False, gone=True, code="answered-410")),
        (429, {"retry-after": "120"}, Pushed(False, after=timedelta(minutes=2), code="answered-429")),
        (
            503,
            {"retry-after": "Tue, 24 Nov 2026 07:05:00 GMT"},
            Pushed(False, after=timedelta(minutes=5), code="answered-503"),
        ),
        (429, {"retry-after": "soon"}, Pushed(False, code="answered-429")),
        (429, {"retry-after": "999999999"}, Pushed(False, after=timedelta(days=1), code="answered-429")),
        (500, {}, Pushed(False, code="answered-500")),
        (301, {"location": "https://else.example/"}, Pushed(False, code="answered-301")),
    ],
)
async def test_what_the_push_service_answers_decides(status: int, headers: dict[str, str], outcome: Pushed) -> None:
    assert await sent(lambda _: httpx.Response(status, headers=headers)) == outcome


async def test_a_request_says_how_long_it_is_kept_how_urgent_it_is_and_what_it_takes_the_place_of() -> None:
    heard: list[httpx.Request] = []

    def hear(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(201)

    await sent(hear)
    headers = heard[0].headers
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("600", "high", "a" * 32)
    assert headers["content-encoding"] == "aes128gcm" and headers["authorization"].startswith("vapid ")
    assert base64.b64encode(b"{}") not in heard[0].content


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "[::1]", "[::ffff:192.168.1.1]"])
async def test_nothing_inside_is_reached_by_an_address_a_browser_named(host: str) -> None:
    async with guarded_client(Guard()) as client:
        subscription = Subscription(f"https://{host}/s", SUBSCRIPTION.p256dh, SUBSCRIPTION.auth)
        outcome = await handed(client, subscription)
    assert outcome == Pushed(False, gone=True, code="address-refused")
