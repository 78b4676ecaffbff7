import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ahadi.base.errors import AhadiError, TooLarge
from ahadi.channels import DeliveryReceipt, Received
from ahadi.channels.sms import Delivery, WebhookNotSigned, WebhookSettings, WebhookUnreadable, read_webhook

NOW = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"a secret of 24 characters").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret that was before").decode()
MESSAGE = {"id": "in-1", "from": "254712345678", "to": "+254700000000", "text": "Asante\x00 sana"}


def settings(**changes: Any) -> WebhookSettings:
    return WebhookSettings.model_validate({"secret": SECRET} | changes)


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW, delivery: str = "d-1") -> dict[str, str]:
    return {
        "Webhook-Id": delivery,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(delivery, at, body.decode()),
        "Content-Type": "application/json",
    }


def read(document: Any, **changes: Any) -> Delivery:
    body = json.dumps(document).encode()
    return read_webhook(settings(**changes), signed(body), body, NOW)


# --- signatures -------------------------------------------------------------------------------------------------------


def test_a_signed_message_is_read() -> None:
    assert read(MESSAGE) == Delivery(
        (Received("sms", "in-1", "+254712345678", "+254700000000", "Asante sana"),),
    )


@pytest.mark.parametrize("header", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_without_its_headers_nothing_is_read(header: str) -> None:
    body = json.dumps(MESSAGE).encode()
    headers = signed(body)
    for value in (None, "", "v1,", "v1,!!!", "nonsense", "-1", "1e400", "9" * 30):
        changed = {name: text for name, text in headers.items() if name != header} | ({header: value} if value else {})
        with pytest.raises(WebhookNotSigned):
            read_webhook(settings(), changed, body, NOW)


def test_another_body_another_secret_and_another_time_are_refused() -> None:
    body = json.dumps(MESSAGE).encode()
    with pytest.raises(WebhookNotSigned):
        read_webhook(settings(), signed(body), body + b" ", NOW)
    with pytest.raises(WebhookNotSigned):
        read_webhook(settings(), signed(body, secret=OLD_SECRET), body, NOW)
    for off in (timedelta(seconds=301), timedelta(seconds=-301)):
        with pytest.raises(WebhookNotSigned, match="too old"):
            read_webhook(settings(), signed(body, at=NOW + off), body, NOW)
    assert read_webhook(settings(), signed(body, at=NOW - timedelta(seconds=299)), body, NOW).events


def test_the_secret_before_is_accepted_while_it_is_changed() -> None:
    body = json.dumps(MESSAGE).encode()
    changing = settings(previous_secret=OLD_SECRET)
    assert read_webhook(changing, signed(body, secret=OLD_SECRET), body, NOW).events
    both = signed(body) | {"Webhook-Signature": "v2,zzz v1,AAAA " + signed(body)["Webhook-Signature"]}
    assert read_webhook(settings(), both, body, NOW).events


def test_a_body_that_is_no_text_is_signed_by_nobody() -> None:
    headers = signed(b"{}")
    with pytest.raises(WebhookNotSigned):
        read_webhook(settings(), headers, b"\xff\xfe", NOW)
    with pytest.raises(WebhookNotSigned):
        read_webhook(settings(), headers | {"Webhook-Signature": "v1,"}, b"\xff\xfe", NOW)


def test_a_shared_hmac_in_a_header_of_any_name_and_form() -> None:
    body, secret = json.dumps(MESSAGE).encode(), "a shared secret, long enough"
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    plain = {"signature": "hmac-sha256", "secret": secret, "signature_header": "X-Hub-Signature-256"}
    prefixed = settings(**plain, signature_prefix="sha256=")
    assert read_webhook(prefixed, {"x-hub-signature-256": f"sha256={digest.hex()}"}, body, NOW).events
    coded = settings(**plain, signature_encoding="base64")
    assert read_webhook(coded, {"X-Hub-Signature-256": base64.b64encode(digest).decode()}, body, NOW).events
    for value in (digest.hex(), "sha256=", "sha256=zz", "sha256=" + digest.hex()[:-2], ""):
        with pytest.raises(WebhookNotSigned):
            read_webhook(prefixed, {"X-Hub-Signature-256": value}, body, NOW)


def test_a_shared_hmac_with_a_time_cannot_be_played_again_later() -> None:
    body, secret = json.dumps(MESSAGE).encode(), "a shared secret, long enough"
    timed = settings(signature="hmac-sha256", secret=secret, timestamp_header="X-Time")
    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Signature": digest, "X-Time": stamp}
    assert read_webhook(timed, headers, body, NOW).events
    with pytest.raises(WebhookNotSigned):
        read_webhook(timed, headers, body, NOW + timedelta(minutes=6))
    with pytest.raises(WebhookNotSigned):
        read_webhook(timed, headers | {"X-Time": str(int(stamp) + 1)}, body, NOW)
    with pytest.raises(WebhookNotSigned):
        read_webhook(timed, {"X-Signature": digest}, body, NOW)


# --- messages and receipts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [("delivered", "delivered"), ("failed", "failed"), ("expired", "failed"), ("sent", "on-its-way")],
)
def test_receipts_say_what_became_of_a_message(status: str, state: Any) -> None:
    assert read({"id": "sms-1", "status": status}).events == (DeliveryReceipt("sms", "sms-1", state, status),)


def test_a_list_of_events_of_several_kinds() -> None:
    document = {
        "results": [
            {"type": "mo", "message": MESSAGE | {"time": "2026-11-24T14:30:00+03:00"}},
            {"type": "dlr", "message": {"ref": "sms-9", "state": "DELIVRD", "time": 1795519800}},
            {"type": "billing"},
            {"type": "surprise", "message": {"words": "?"}},
            {"type": "mo", "message": {"from": "254712345678"}},
            {"type": "dlr", "message": {"state": "DELIVRD"}},
            "no event at all",
        ]
    }
    delivery = read(
        document,
        items="/results",
        kind="/type",
        message_kinds=["mo"],
        receipt_kinds=["dlr"],
        ignored_kinds=["billing"],
        message_id="/message/id",
        sender="/message/from",
        to="/message/to",
        text="/message/text",
        at="/message/time",
        receipt_id="/message/ref",
        state="/message/state",
        delivered_states=["DELIVRD"],
    )
    assert delivery.events == (
        Received("sms", "in-1", "+254712345678", "+254700000000", "Asante sana", NOW),
        DeliveryReceipt("sms", "sms-9", "delivered", "DELIVRD", datetime(2026, 11, 24, 11, 30, tzinfo=UTC)),
    )
    assert delivery.unread == tuple(document["results"][3:])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T11:30:00Z", NOW),
        ("2026-11-24 14:30:00+03:00", NOW),
        ("2026-11-24T11:30:00", NOW),
        (int(NOW.timestamp()), NOW),
        (int(NOW.timestamp()) * 1000, NOW),
        (str(int(NOW.timestamp())), NOW),
        ("yesterday", None),
        ("9999-12-31T23:59:59-10:00", None),
        (99999999999000, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (1e300, None),
        ("nan", None),
        (None, None),
    ],
)
def test_times_are_read_as_gateways_write_them(text: Any, at: datetime | None) -> None:
    event = read(MESSAGE | {"time": text}, at="/time").events[0]
    assert event.at == at


def test_a_message_without_an_id_gets_the_same_one_each_time_it_is_delivered() -> None:
    nameless = {name: value for name, value in MESSAGE.items() if name != "id"}
    first, second = read({"all": [nameless, nameless]}, items="/all").events
    assert first.provider_id == "d-1/0"
    assert second.provider_id == "d-1/1"
    body, secret = json.dumps(nameless).encode(), "a shared secret, long enough"
    plain = settings(signature="hmac-sha256", secret=secret)
    headers = {"X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    once, again = (read_webhook(plain, headers, body, NOW).events[0].provider_id for _ in range(2))
    assert once == again == hashlib.sha256(body).hexdigest() + "/0"


def test_a_form_is_read_and_the_plus_it_lost_is_put_back() -> None:
    body = urlencode({"id": "1", "from": " 254712345678", "to": "22444", "text": "a b & c"}).encode()
    headers = signed(body) | {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    event = read_webhook(settings(), headers, body, NOW).events[0]
    assert event == Received("sms", "1", "+254712345678", "22444", "a b & c")


def test_what_is_signed_and_still_no_document_is_said_to_be_unreadable() -> None:
    for body in (b"", b"{", b"<xml/>", b"[" * 50_000):
        with pytest.raises(WebhookUnreadable):
            read_webhook(settings(), signed(body), body, NOW)
    with pytest.raises(WebhookUnreadable, match="/results"):
        read(MESSAGE, items="/results")
    form = b"&".join([b"a=1"] * 300)
    with pytest.raises(WebhookUnreadable):
        read_webhook(settings(), signed(form) | {"Content-Type": "application/x-www-form-urlencoded"}, form, NOW)


def test_too_much_at_once_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_webhook(settings(), {}, b"x" * 1_000_001, NOW)
    with pytest.raises(TooLarge):
        read({"all": [1] * 1001}, items="/all")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "text", "status", "x"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_a_signed_gateway_sends_is_an_event_unread_or_one_of_our_errors(document: Any) -> None:
    try:
        delivery = read(document)
    except AhadiError:
        return
    assert len(delivery.events) + len(delivery.unread) == 1
    for event in delivery.events:
        assert event.provider_id


@given(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=40)),
)
def test_nobody_gets_in_without_the_secret(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookNotSigned):
        read_webhook(settings(), headers, body, NOW)
