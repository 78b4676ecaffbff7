"""Signed references: what joins a mail to a case, and what never does."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.base.ids import reference_of
from ahadi.channels.email import Signed, anchor, claims, header_of, message_id, references, subject_with, verifier
from tests.channels.email.mails import mail, read

from tests.channels.email.test_signals import FAILED, delivery_report  # isort: skip

KEY, OLD_KEY, OTHER_KEY = b"a" * 32, b"b" * 32, b"c" * 32
SIGNED = Signed(uuid4(), uuid4(), uuid4())
OURS = message_id([KEY], SIGNED, "power.example")
VERIFY = verifier([KEY])


def reply(*ids: str, **fields: str) -> bytes:
    return mail("Still dark.", f"References: {' '.join(f'<{each}>' for each in ids)}", **fields)


def test_a_reply_to_a_mail_of_ours_claims_its_case() -> None:
    found = claims(read(mail("x", f"In-Reply-To: <{OURS}>")), VERIFY)
    assert found.signed == (SIGNED,)


def test_a_reply_that_kept_only_the_references_claims_it_too() -> None:
    assert claims(read(reply("zero@customer.example", OURS, "x@y.example")), VERIFY).signed == (SIGNED,)


def test_a_relay_that_renames_our_mail_leaves_the_anchor() -> None:
    sent = header_of([KEY], SIGNED, "power.example", ["one@customer.example"])
    first = sent["References"].split()[0].strip("<>")
    answered = read(reply(first, "renamed-by-relay@mailer.example"))
    assert claims(answered, VERIFY).signed == (Signed(SIGNED.organisation, SIGNED.case, SIGNED.case),)
    assert first == anchor([KEY], SIGNED.organisation, SIGNED.case, "power.example")


def test_letter_case_changed_on_the_way_does_not_matter() -> None:
    assert VERIFY(OURS.upper()) == SIGNED


def test_the_nearest_claim_comes_first() -> None:
    other = Signed(SIGNED.organisation, uuid4(), uuid4())
    found = claims(read(reply(message_id([KEY], other, "power.example"), OURS)), VERIFY)
    assert found.signed == (SIGNED, other)


def test_a_key_that_was_changed_is_believed_for_as_long_as_it_is_listed() -> None:
    old = message_id([OLD_KEY], SIGNED, "power.example")
    assert verifier([KEY, OLD_KEY])(old) == SIGNED
    assert verifier([KEY])(old) is None


def test_another_installations_mail_claims_nothing() -> None:
    assert VERIFY(message_id([OTHER_KEY], SIGNED, "power.example")) is None


@settings(deadline=None)
@given(st.integers(0, 109), st.characters(codec="ascii"))
def test_no_character_of_a_signed_id_can_be_changed(position: int, character: str) -> None:
    changed = OURS[:position] + character + OURS[position + 1 :]
    found = VERIFY(changed)
    assert found is None or changed.lower() == OURS or (position == 76 and found == SIGNED)  # one spare bit of base32


def test_the_parts_of_two_signed_ids_cannot_be_put_together() -> None:
    other = message_id([KEY], Signed(SIGNED.organisation, uuid4(), uuid4()), "power.example")
    assert VERIFY(f"{other.split('.')[0]}.{OURS.split('.', 1)[1]}") is None


@pytest.mark.parametrize(
    "identifier", ["", "one@customer.example", "a.b@c", f"{'a' * 77}.{'0' * 32}@power.example", OURS.replace("@", ".")]
)
def test_an_unsigned_id_claims_nothing(identifier: str) -> None:
    assert VERIFY(identifier) is None


def test_a_strangers_mail_with_the_spoken_reference_claims_nothing_signed() -> None:
    reference = next(filter(None, (reference_of("PW", number) for number in range(100, 200))))
    found = claims(read(mail(Subject=f"Re: My lamp [{reference}]", From="stranger@elsewhere.example")), VERIFY)
    assert found.signed == ()
    assert found.references_in_subject == (reference,)


def test_a_report_about_our_mail_names_it_and_a_made_up_one_does_not() -> None:
    for identifier, expected in ((OURS, SIGNED), ("made.up@power.example", None)):
        raw = delivery_report(FAILED).replace(
            b"Sorry, it could not be delivered.",
            b"x\r\n--b0\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + identifier.encode() + b">\r\n",
        )
        assert claims(read(raw), VERIFY).bounced == expected


def test_the_same_message_has_the_same_id_each_time() -> None:
    assert message_id([KEY], SIGNED, "power.example") == OURS
    assert OURS.endswith(f".{SIGNED.message.hex}@power.example")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        message_id([b"short"], SIGNED, "power.example")


def test_the_chain_of_references_begins_with_the_anchor_and_stays_short() -> None:
    answered = read(reply(*[f"{n}@customer.example" for n in range(50)]))
    chain = references("anchor@power.example", answered)
    assert chain[0] == "anchor@power.example"
    assert chain[-1] == "one@customer.example"
    assert len(chain) == 20


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Lamp", "Lamp [PW-K7MQ2XC]"),
        ("Re: Lamp [PW-K7MQ2XC]", "Re: Lamp [PW-K7MQ2XC]"),
        ("RE: AW: Re[2]: Fwd: Lamp", "Re: Lamp [PW-K7MQ2XC]"),
        ("Resistance", "Resistance [PW-K7MQ2XC]"),
        ("", "[PW-K7MQ2XC]"),
        ("a\r\nBcc: x@y.example", "a Bcc: x@y.example [PW-K7MQ2XC]"),
    ],
)
def test_the_subject_shows_the_reference_once(subject: str, expected: str) -> None:
    assert subject_with("PW-K7MQ2XC", subject) == expected


@settings(deadline=None)
@given(st.uuids(), st.uuids(), st.uuids())
def test_every_signed_id_is_verified_and_tells_what_was_signed(organisation: UUID, case: UUID, message: UUID) -> None:
    signed = Signed(organisation, case, message)
    assert VERIFY(message_id([KEY], signed, "x.example")) == signed
