"""Who was proved to have sent a mail: only our own server's word counts, and only where it stands."""

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.channels.email import Address, Authentication, Check
from tests.channels.email.mails import mail, read

JANE = Address("", "jane@customer.example")
PASS = (
    "Authentication-Results: mx.power.example; spf=pass smtp.mailfrom=jane@customer.example;\r\n"
    "\tdkim=pass header.d=customer.example; dmarc=pass (p=reject) header.from=customer.example"
)
FAIL = (
    "Authentication-Results: mx.power.example; spf=fail smtp.mailfrom=customer.example; dkim=none;"
    " dmarc=fail header.from=customer.example"
)
RECEIVED = "Received: from mail.customer.example by mx.power.example; Tue, 24 Nov 2026 10:00:00 +0300"


def test_the_results_of_our_own_server_are_read() -> None:
    found = read(mail("x", PASS, RECEIVED)).authentication
    assert found.server == "mx.power.example"
    assert found.spf == Check("pass", "customer.example")
    assert found.dkim == (Check("pass", "customer.example"),)
    assert found.dmarc == Check("pass", "customer.example")
    assert found.vouches_for(JANE)


def test_the_word_of_any_other_server_is_dropped() -> None:
    for other in ("mx.evil.example", "power.example", "mx.power.example.evil.example", "xmx.power.example"):
        assert read(mail("x", PASS.replace("mx.power.example", other), RECEIVED)).authentication == Authentication()


def test_nobody_is_trusted_where_nobody_is_named() -> None:
    assert read(mail("x", PASS, RECEIVED), trusted_authserv_ids=frozenset()).authentication == Authentication()


@pytest.mark.parametrize(
    "fields",
    [
        (RECEIVED, FAIL, PASS),  # our server writes below its Received; the sender forged the next
        (FAIL, RECEIVED, PASS),  # our server writes above its Received; the sender forged below it
        (RECEIVED, FAIL, "Received: from nowhere", PASS),
        (FAIL, PASS),
        (RECEIVED, FAIL, PASS, "Received: forged to look like ours"),
    ],
)
def test_a_forged_result_below_the_real_one_is_dropped(fields: tuple[str, ...]) -> None:
    found = read(mail("x", *fields)).authentication
    assert found.dmarc.result == "fail"
    assert not found.vouches_for(JANE)


def test_a_forged_result_cannot_add_what_the_real_one_left_out() -> None:
    only_spf = "Authentication-Results: mx.power.example; spf=pass smtp.mailfrom=evil.example"
    found = read(mail("x", RECEIVED, only_spf, PASS)).authentication
    assert found.dmarc.result == "none"
    assert not found.vouches_for(JANE)


def test_several_results_above_our_servers_received_field_count_together() -> None:
    one = "Authentication-Results: mx.power.example; dkim=pass header.d=customer.example"
    two = "Authentication-Results: mx.power.example; dmarc=pass header.from=customer.example"
    found = read(mail("x", two, one, RECEIVED)).authentication
    assert found.dmarc.result == "pass" and found.dkim == (Check("pass", "customer.example"),)


def test_results_that_stand_below_the_senders_own_fields_are_dropped() -> None:
    raw = mail("x", From="", Subject="").replace(b"To:", b"From: jane@customer.example\r\nTo:", 1)
    assert read(raw.replace(b"MIME-Version", PASS.encode() + b"\r\nMIME-Version")).authentication == Authentication()


def test_googles_and_microsofts_forms_are_read() -> None:
    google = (
        "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@customer.example header.s=s1;\r\n"
        "       spf=pass (google.com: domain of jane@customer.example designates 192.0.2.1 as permitted sender)"
        " smtp.mailfrom=jane@customer.example;\r\n"
        "       dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=customer.example"
    )
    trusted = frozenset({"mx.google.com"})
    assert read(mail("x", RECEIVED, google), trusted_authserv_ids=trusted).authentication.vouches_for(JANE)
    microsoft = (
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; dkim=pass"
        " (signature was verified) header.d=customer.example;dmarc=pass action=none header.from=customer.example;"
        "compauth=pass reason=100"
    )
    unnamed = frozenset({"-"})
    assert read(mail("x", RECEIVED, microsoft), trusted_authserv_ids=unnamed).authentication.vouches_for(JANE)
    assert not read(mail("x", RECEIVED, microsoft)).authentication.vouches_for(JANE)


@pytest.mark.parametrize(
    ("authentication", "vouched"),
    [
        (Authentication(dmarc=Check("pass", "customer.example")), True),
        (Authentication(dmarc=Check("pass", "evil.example")), False),
        (Authentication(dmarc=Check("fail", "customer.example"), spf=Check("pass", "customer.example")), False),
        (Authentication(dkim=(Check("pass", "evil.example"), Check("pass", "customer.example"))), True),
        (Authentication(dkim=(Check("fail", "customer.example"),)), False),
        (Authentication(spf=Check("pass", "customer.example")), True),
        (Authentication(spf=Check("softfail", "customer.example")), False),
        (Authentication(spf=Check("pass", "sub.customer.example")), False),
        (Authentication(spf=Check("pass", "example")), False),
        (Authentication(spf=Check("pass", "er.example")), False),
        (Authentication(spf=Check("pass", "")), False),
        (Authentication(), False),
    ],
)
def test_an_address_is_vouched_for_only_by_its_own_domain(authentication: Authentication, vouched: bool) -> None:
    assert authentication.vouches_for(JANE) == vouched


def test_a_domain_vouches_for_those_below_it_but_not_above() -> None:
    proved = Authentication(dkim=(Check("pass", "customer.example"),))
    assert proved.vouches_for(Address("", "jane@mail.customer.example"))
    assert not proved.vouches_for(Address("", "jane@evilcustomer.example"))
    assert not proved.vouches_for(Address("", ""))


@settings(deadline=None)
@given(st.text(alphabet='mx.power.example;=() "\\spfdkimarc\r\n\tpass/@,0123'))
def test_any_words_at_all_are_survived(words: str) -> None:
    read(mail("x", f"Authentication-Results: mx.power.example; {words}", RECEIVED))


def test_what_we_compose_can_be_signed_and_the_signature_holds() -> None:
    """Nothing in our mail is such that a relay would have to change it, which would break its DKIM signature."""
    from ahadi.channels.email import compose
    from tests.channels.email.test_compose import outgoing

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; p=" + b"".join(public.split(b"\n")[1:-2])
    raw = compose(outgoing(subject="Taa imezimika – tena", text="Habari\n.\nFrom us  \n" + "x" * 2000))
    signature = dkim.sign(raw, b"s1", b"power.example", private, canonicalize=(b"simple", b"simple"))
    assert dkim.verify(signature + raw, dnsfunc=lambda *_, **__: record)
    assert max(len(each) for each in raw.split(b"\r\n")) <= 998
