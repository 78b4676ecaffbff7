import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from ahadi.base.clock import SystemClock
from ahadi.channels import Outgoing, Refused, Sent, Surroundings, TryAgain, Uncertain
from ahadi.channels.sms import MANIFEST, SmsChannel, SmsSettings
from ahadi.platform.transports.addresses import Guard
from ahadi.platform.transports.http import guarded_client
from tests.channels.contract import ChannelContract, a_message
from tests.channels.sms.gateway import Gateway, a_gateway

NUMBER = "+254712345678"
KEY = "Idempotency-Key"


def settings_for(gateway: Gateway, **changes: Any) -> SmsSettings:
    return SmsSettings.model_validate(
        {
            "url": gateway.url,
            "plain_http": True,
            "auth_value": "Bearer secret-key",
            "sender": "+254700000000",
            "idempotency_header": gateway.honours,
            "error_code": "/error/code",
            "unreachable_codes": ["invalid-number", "21211"],
            "later_codes": ["throttled"],
        }
        | changes
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with guarded_client(Guard.from_setting("127.0.0.1"), total_seconds=5) as client:
        yield client


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with a_gateway() as gateway:
        yield gateway


@pytest.fixture
async def keyed_gateway() -> AsyncIterator[Gateway]:
    async with a_gateway(KEY) as gateway:
        yield gateway


@pytest.fixture
def sms(gateway: Gateway, http: httpx.AsyncClient) -> SmsChannel:
    return SmsChannel(settings_for(gateway), http)


@pytest.fixture
def keyed_sms(keyed_gateway: Gateway, http: httpx.AsyncClient) -> SmsChannel:
    return SmsChannel(settings_for(keyed_gateway), http)


class GatewayReceiver:
    """The gateway as the contract sees it."""

    def __init__(self, channel: SmsChannel, gateway: Gateway) -> None:
        self.channel = channel
        self.address = NUMBER
        self._gateway = gateway

    def refuse(self) -> None:
        self._gateway.then(400, {"error": {"code": "invalid-number"}})

    def be_busy(self) -> None:
        self._gateway.then(429, headers={"Retry-After": "7"})

    def lose_the_answer(self) -> None:
        self._gateway.then(takes=True, way="hang up")

    def arrived(self) -> list[str]:
        return [document["text"] for document in self._gateway.arrived]


class TestAGatewayThatHonoursNoKey(ChannelContract):
    @pytest.fixture
    def receiver(self, sms: SmsChannel, gateway: Gateway) -> GatewayReceiver:
        return GatewayReceiver(sms, gateway)


class TestAGatewayThatHonoursTheKey(ChannelContract):
    @pytest.fixture
    def receiver(self, keyed_sms: SmsChannel, keyed_gateway: Gateway) -> GatewayReceiver:
        return GatewayReceiver(keyed_sms, keyed_gateway)


def test_the_manifest_names_settings_that_build_a_channel() -> None:
    settings = MANIFEST.settings.model_validate(
        {"url": "https://gateway.example/sms", "auth_value": "key", "sender": "AHADI"}
    )
    channel = MANIFEST.build(settings, Surroundings(httpx.AsyncClient(), SystemClock()))
    assert channel.name == MANIFEST.name == "sms"
    assert not channel.honours_idempotency


# --- the request ------------------------------------------------------------------------------------------------------


async def test_the_request_carries_number_sender_text_and_key(sms: SmsChannel, gateway: Gateway) -> None:
    outcome = await sms.send(a_message(NUMBER, "Habari “Amina” 😀"))
    assert outcome == Sent("sms-1")
    request = gateway.requests[0]
    assert request.document == {"to": NUMBER, "from": "+254700000000", "text": "Habari “Amina” 😀"}
    assert request.headers["authorization"] == "Bearer secret-key"
    assert request.path == "/messages"


async def test_fields_go_where_the_settings_say(gateway: Gateway, http: httpx.AsyncClient) -> None:
    settings = settings_for(
        gateway,
        to_field="/messages/0/to/0/number",
        sender_field="/messages/0/from",
        text_field="/messages/0/content/text~1plain",
        reference_field="client_ref",
        constants={"route": "transactional", "/messages/0/flash": False},
        numbers="digits",
        auth_header="X-Api-Key",
        provider_id="/id",
    )
    message = replace(a_message(NUMBER, "Hello"), sender="AHADI")
    assert isinstance(await SmsChannel(settings, http).send(message), Sent)
    assert gateway.requests[0].document == {
        "route": "transactional",
        "messages": [
            {
                "flash": False,
                "to": [{"number": "254712345678"}],
                "from": "AHADI",
                "content": {"text/plain": "Hello"},
            }
        ],
        "client_ref": str(message.id),
    }
    assert gateway.requests[0].headers["x-api-key"] == "Bearer secret-key"


async def test_a_form_is_sent_where_the_gateway_takes_forms(gateway: Gateway, http: httpx.AsyncClient) -> None:
    settings = settings_for(gateway, body="form", constants={"dlr": True, "validity": 60})
    assert isinstance(await SmsChannel(settings, http).send(a_message(NUMBER, "a&b=c +1")), Sent)
    assert gateway.requests[0].document == {
        "dlr": "true",
        "validity": "60",
        "to": NUMBER,
        "from": "+254700000000",
        "text": "a&b=c +1",
    }


async def test_the_key_is_the_same_at_every_attempt(keyed_sms: SmsChannel, keyed_gateway: Gateway) -> None:
    message = a_message(NUMBER)
    keyed_gateway.then(503)
    await keyed_sms.send(message)
    await keyed_sms.send(message)
    assert [request.headers["idempotency-key"] for request in keyed_gateway.requests] == [message.idempotency_key] * 2


async def test_without_a_key_every_message_has_a_connection_of_its_own(
    sms: SmsChannel, gateway: Gateway, keyed_sms: SmsChannel, keyed_gateway: Gateway
) -> None:
    await sms.send(a_message(NUMBER))
    await keyed_sms.send(a_message(NUMBER))
    assert gateway.requests[0].headers["connection"] == "close"
    assert keyed_gateway.requests[0].headers["connection"] == "keep-alive"


@pytest.mark.parametrize(
    "to", ["", "0712345678", "+0712345678", "+2547", "amina@example.org", NUMBER + "\r\nX: y", "+" + "1" * 16]
)
async def test_what_is_no_number_is_refused_without_asking(sms: SmsChannel, gateway: Gateway, to: str) -> None:
    outcome = await sms.send(a_message(to))
    assert isinstance(outcome, Refused)
    assert outcome.permanent
    assert gateway.requests == []


# --- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "moved"),
        (308, "moved"),
        (400, "refused"),
        (401, "credentials"),
        (402, "credit"),
        (403, "credentials"),
        (404, "wrong-address"),
        (405, "wrong-address"),
        (409, "refused"),
        (410, "wrong-address"),
        (422, "refused"),
    ],
)
async def test_what_a_person_must_put_right_is_refused_but_not_for_good(
    sms: SmsChannel, gateway: Gateway, status: int, code: str
) -> None:
    gateway.then(status, headers={"Location": "http://127.0.0.1:1/"} if status < 400 else {})
    outcome = await sms.send(a_message(NUMBER))
    assert isinstance(outcome, Refused)
    assert not outcome.permanent
    assert outcome.code == code
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_a_busy_gateway_is_tried_again_when_it_says(sms: SmsChannel, gateway: Gateway, status: int) -> None:
    gateway.then(status, headers={"Retry-After": "120"})
    outcome = await sms.send(a_message(NUMBER))
    assert isinstance(outcome, TryAgain)
    assert outcome.after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "99999999999999999999"}, timedelta(hours=6)),
        (
            {"Retry-After": "Tue, 24 Nov 2026 11:31:30 GMT", "Date": "Tue, 24 Nov 2026 11:30:00 GMT"},
            timedelta(seconds=90),
        ),
        ({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT", "Date": "Tue, 24 Nov 2026 11:30:00 GMT"}, timedelta(0)),
        ({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}, None),
    ],
    ids=range(7),
)
async def test_the_wait_is_read_in_seconds_or_as_a_date_and_bounded(
    sms: SmsChannel, gateway: Gateway, headers: dict[str, str], after: timedelta | None
) -> None:
    gateway.then(503, headers=headers)
    outcome = await sms.send(a_message(NUMBER))
    assert isinstance(outcome, TryAgain)
    assert outcome.after == after


@pytest.mark.parametrize("status", [500, 502, 504, 507])
async def test_a_gateway_that_failed_may_have_sent_it(
    sms: SmsChannel, gateway: Gateway, keyed_sms: SmsChannel, keyed_gateway: Gateway, status: int
) -> None:
    gateway.then(status)
    assert isinstance(await sms.send(a_message(NUMBER)), Uncertain)
    keyed_gateway.then(status)
    assert isinstance(await keyed_sms.send(a_message(NUMBER)), TryAgain)


async def test_a_key_still_at_work_is_tried_again(keyed_sms: SmsChannel, keyed_gateway: Gateway) -> None:
    keyed_gateway.then(409)
    assert isinstance(await keyed_sms.send(a_message(NUMBER)), TryAgain)


async def test_codes_of_the_gateway_are_understood_whatever_the_status(sms: SmsChannel, gateway: Gateway) -> None:
    for status in (200, 400, 422):
        gateway.then(status, {"error": {"code": 21211}})
        outcome = await sms.send(a_message(NUMBER))
        assert isinstance(outcome, Refused)
        assert outcome.permanent
        gateway.then(status, {"error": {"code": "throttled"}})
        assert isinstance(await sms.send(a_message(NUMBER)), TryAgain)


async def test_a_yes_inside_the_answer_is_looked_for(gateway: Gateway, http: httpx.AsyncClient) -> None:
    sms = SmsChannel(settings_for(gateway, accepted="/0/status", accepted_values=["0"], provider_id="/0/id"), http)
    gateway.then(200, [{"status": 0, "id": "x1"}])
    assert await sms.send(a_message(NUMBER)) == Sent("x1")
    gateway.then(200, [{"status": 4}])
    outcome = await sms.send(a_message(NUMBER))
    assert isinstance(outcome, Refused)
    assert not outcome.permanent
    assert "(4)" in outcome.sentence
    gateway.then(200, {"something": "else"})
    assert isinstance(await sms.send(a_message(NUMBER)), Uncertain)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>Sign in</html>", b"[]", b'{"id": null}', b'{"id": {}}', b"[" * 100_000, b"\xff"]
)
async def test_a_yes_without_a_name_for_the_message_is_uncertain(sms: SmsChannel, gateway: Gateway, raw: bytes) -> None:
    gateway.then(200, raw=raw)
    outcome = await sms.send(a_message(NUMBER))
    assert isinstance(outcome, Uncertain)
    assert outcome.code == "no-provider-id"


async def test_a_gateway_that_names_no_messages_is_believed_by_its_status(
    gateway: Gateway, http: httpx.AsyncClient
) -> None:
    gateway.then(200, raw=b"OK")
    assert await SmsChannel(settings_for(gateway, provider_id=""), http).send(a_message(NUMBER)) == Sent("")


async def test_words_of_the_gateway_are_not_repeated_only_short_codes(sms: SmsChannel, gateway: Gateway) -> None:
    gateway.then(400, {"error": {"code": "cannot send 'private words' to +254712345678"}})
    outcome = await sms.send(a_message(NUMBER, "private words"))
    assert isinstance(outcome, Refused)
    assert outcome.sentence == "The SMS gateway refused the message (HTTP 400)."


# --- the wire ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["hang up", "half an answer"])
async def test_an_answer_lost_on_the_way_is_doubt(
    sms: SmsChannel, gateway: Gateway, keyed_sms: SmsChannel, keyed_gateway: Gateway, way: Any
) -> None:
    gateway.then(takes=True, way=way)
    assert isinstance(await sms.send(a_message(NUMBER)), Uncertain)
    keyed_gateway.then(takes=True, way=way)
    message = a_message(NUMBER)
    assert isinstance(await keyed_sms.send(message), TryAgain)
    assert isinstance(await keyed_sms.send(message), Sent)
    assert len(keyed_gateway.arrived) == 1


async def test_a_gateway_that_says_nothing_is_doubt_once_the_time_is_up(
    gateway: Gateway, keyed_gateway: Gateway
) -> None:
    async with guarded_client(Guard.from_setting("127.0.0.1"), total_seconds=0.2) as impatient:
        gateway.then(takes=True, way="say nothing")
        assert isinstance(await SmsChannel(settings_for(gateway), impatient).send(a_message(NUMBER)), Uncertain)
        keyed_gateway.then(takes=True, way="say nothing")
        assert isinstance(await SmsChannel(settings_for(keyed_gateway), impatient).send(a_message(NUMBER)), TryAgain)


async def test_an_answer_that_is_far_too_long_is_doubt(gateway: Gateway) -> None:
    async with guarded_client(Guard.from_setting("127.0.0.1"), most_bytes=1000) as client:
        gateway.then(200, raw=b"x" * 5000, takes=True)
        assert isinstance(await SmsChannel(settings_for(gateway), client).send(a_message(NUMBER)), Uncertain)


async def test_a_gateway_that_is_not_there_is_tried_again(http: httpx.AsyncClient) -> None:
    async with a_gateway() as gateway:
        settings = settings_for(gateway)
    assert isinstance(await SmsChannel(settings, http).send(a_message(NUMBER)), TryAgain)


async def test_a_gateway_at_an_inside_address_is_refused_unless_listed(gateway: Gateway) -> None:
    async with guarded_client() as client:
        outcome = await SmsChannel(settings_for(gateway), client).send(a_message(NUMBER))
    assert isinstance(outcome, Refused)
    assert not outcome.permanent
    assert "AHADI_OUTGOING_ALLOW" in outcome.sentence
    assert gateway.requests == []


async def test_being_cancelled_is_passed_on(sms: SmsChannel, gateway: Gateway) -> None:
    gateway.then(way="say nothing")
    sending = asyncio.create_task(sms.send(a_message(NUMBER)))
    await gateway.came.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


# --- settings ---------------------------------------------------------------------------------------------------------

GOOD = {"url": "https://gateway.example/sms", "auth_value": "key", "sender": "AHADI"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://gateway.example/"},
        {"url": "ftp://gateway.example/", "plain_http": True},
        {"url": "gateway.example"},
        {"url": "https://user:key@gateway.example/"},
        {"auth_value": "two\r\nlines"},
        {"auth_value": ""},
        {"auth_header": "Host"},
        {"auth_header": "X: y"},
        {"idempotency_header": "content-length"},
        {"provider_id": "id"},
        {"accepted": "/status"},
        {"body": "form", "to_field": "/to"},
        {"to_field": ""},
        {"unknown": 1},
        {"webhook": {"secret": "short"}},
        {"webhook": {"secret": "whsec_not base64!"}},
        {"webhook": {"secret": "x" * 20, "signature": "hmac-sha256", "signature_header": ""}},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    SmsSettings.model_validate(GOOD)
    with pytest.raises(ValidationError):
        SmsSettings.model_validate(GOOD | wrong)


def test_the_key_is_not_shown_where_settings_are_printed() -> None:
    settings = SmsSettings.model_validate(GOOD | {"auth_value": "Bearer very-secret"})
    assert isinstance(settings.auth_value, SecretStr)
    assert "very-secret" not in repr(settings) + settings.model_dump_json()


def test_every_setting_of_sending_that_is_not_plain_says_what_it_is_for() -> None:
    schema = SmsSettings.model_json_schema()
    silent = [name for name, field in schema["properties"].items() if "description" not in field]
    assert set(silent) <= {"auth_header", "body", "to_field", "sender_field", "text_field"}


def test_a_message_is_not_changed_by_sending() -> None:
    message = Outgoing(id=uuid4(), idempotency_key="k", to=NUMBER, text="Hello")
    with pytest.raises(AttributeError):
        message.text = "other"  # type: ignore[misc]
