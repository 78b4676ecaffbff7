"""Identities in the one form in which they are compared, and the words by which customers are searched."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.customers.identities import (
    email_identity,
    handle_identity,
    likeness_query,
    mailbox,
    phone_identity,
    search_query,
    search_words,
)


@pytest.mark.parametrize(
    ("text", "country", "value"),
    [
        ("0712 345 678", "KE", "+254712345678"),
        ("0712345678", "ke", "+254712345678"),
        ("+254 (712) 345-678", "GB", "+254712345678"),
        ("00254712345678", "KE", "+254712345678"),
        ("tel:+254-712-345-678", "KE", "+254712345678"),
        ("020 8366 1177", "GB", "+442083661177"),
        ("٠٧١٢٣٤٥٦٧٨", "KE", "+254712345678"),
        ("+1 (415) 555-2671 ext. 12", "KE", "+14155552671"),
        ("+254 700 000001", "KE", "+254700000001"),
    ],
)
def test_a_number_is_e164_by_the_country_it_is_dialled_in(text: str, country: str, value: str) -> None:
    assert phone_identity(text, country).value == value


@pytest.mark.parametrize("text", ["", "12", "anonymous", "0712", "+999 123", "07123456789012345678", "\0", "1" * 400])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        phone_identity(text, "KE")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" Maria.Wanjiku@Example.ORG ", "maria.wanjiku@example.org"),
        ("maria+shop@example.org", "maria+shop@example.org"),
        ("MÜLLER@BÜCHER.example", "müller@xn--bcher-kva.example"),
        ("mu\u0308ller@bücher.example.", "müller@xn--bcher-kva.example"),
        ('"maria w"@example.org', '"maria w"@example.org'),
        ("o'brien@mail.example.co.ke", "o'brien@mail.example.co.ke"),
    ],
)
def test_an_address_is_folded_for_comparing(text: str, value: str) -> None:
    assert email_identity(text).value == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "maria", "@example.org", "maria@", "maria@example", "a@b@c.org", "maria @x.org", "Maria <maria@x.org>"),
        *("maria@-x.org", "maria@x..org", ".m@x.org", "m..a@x.org", "maria@[10.0.0.1]", "maria@10.0.0.1"),
        *("m" * 65 + "@x.org", "m@" + "x" * 64 + ".org", "m@" + "x." * 130 + "org"),
        *("maria@x.org\nBcc: a", "maria\0@x.org", "maria@x\0.org", "\ud800@x.org"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        email_identity(text)


@pytest.mark.parametrize("text", ["telegram:@MariaW", "Telegram: mariaw", "telegram:MARIAW"])
def test_a_handle_is_a_channel_and_a_folded_name(text: str) -> None:
    assert handle_identity(text).value == "telegram:mariaw"


@pytest.mark.parametrize(
    "text", ["", "maria", ":maria", "telegram:", "telegram:@", "tele gram:maria", "x:" + "m" * 300]
)
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        handle_identity(text)


@settings(deadline=None)
@given(st.text(max_size=80), st.sampled_from(["KE", "GB", "US", "", "ZZ"]))
def test_whatever_is_given_is_an_identity_or_refused_and_folding_twice_changes_nothing(text: str, country: str) -> None:
    for read in (lambda each: phone_identity(each, country), email_identity, handle_identity):
        try:
            value = read(text).value
        except Invalid:
            continue
        assert read(value).value == value
        assert "\0" not in value
        value.encode()


def test_numbers_can_be_read_without_their_geography() -> None:
    """Names of places and carriers would cost every process some fifty megabytes."""
    asked = "import ahadi.customers, sys; print([m for m in sys.modules if m.startswith('phonenumbers.')])"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "phonenumbers.data" in loaded
    assert not any(heavy in loaded for heavy in ("geodata", "carrierdata", "tzdata", "geocoder"))


def test_a_customer_is_searched_by_name_and_by_every_part_of_an_identity() -> None:
    folded = search_words(
        ["María Wanjikũ", None],
        [("phone", "+254712345678"), ("email", "m.wanjiku+x@example.org"), ("handle", "telegram:mw")],
    ).split(" ")
    assert {"maria", "wanjiku", "254712345678", "712345678", "2345678", "m", "example", "mwanjiku", "telegram"} <= {
        *folded
    }
    assert len(folded) == len(set(folded))
    assert search_words([], []) == ""


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("María  WANJ", "'maria':* & 'wanj':*"),
        ("0712 345-678", "('0712345678':* | '712345678':*)"),
        ("+254 712", "'254712':*"),
        ("agent 007", "'agent':* & '007':*"),
        ("m.wanjiku@example.org", "'m':* & 'wanjiku':* & 'example':* & 'org':*"),
        ("'); drop table customer; --", "'drop':* & 'table':* & 'customer':*"),
        ("@ !", None),
        ("+", None),
    ],
)
def test_what_is_typed_becomes_a_query_of_beginnings(text: str, query: str | None) -> None:
    assert search_query(text) == query


def test_likely_duplicates_are_looked_for_by_name_number_and_mailbox() -> None:
    assert likeness_query("Maria Wanjiku", [("phone", "+254712345678"), ("email", "m.w@example.org")]) == (
        "('maria' & 'wanjiku') | '712345678' | '2345678' | 'mw'"
    )
    assert likeness_query(None, []) is None


@pytest.mark.parametrize(
    ("email", "box"), [("maria.w+shop@x.org", "mariaw"), ("m_w-1@x.org", "mw1"), ('"a b"@x.org', "ab"), ("+@x.org", "")]
)
def test_a_mailbox_is_the_name_without_dots_and_tags(email: str, box: str) -> None:
    assert mailbox(email) == box
