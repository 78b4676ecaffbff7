"""How likely two customers are one person."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.customers import LIKELY, likeness
from tests.customers.builders import a_person

MARIA: dict[str, Any] = {
    "name": "Maria Wanjiku",
    "phone": "0712 345 678",
    "email": "maria.wanjiku@example.org",
    "place": "Nakuru",
}


@pytest.mark.parametrize(
    ("other", "codes"),
    [
        ({"name": "Wanjiku, MARÍA"}, ["same-name"]),
        ({"name": "Maria Wanjiku", "place": "nakuru"}, ["same-name", "same-place"]),
        ({"name": "Maria Wanjiru"}, ["near-name"]),
        ({"name": "Maria Wanjiku Kamau"}, ["part-of-name"]),
        ({"phone": "+255 712 345 678"}, ["same-number"]),
        ({"phone": "0782 345 678"}, ["same-number-tail"]),
        ({"phone": "0712 345 687"}, ["near-number"]),
        ({"phone": "0712 345 679"}, ["near-number"]),
        ({"email": "mariawanjiku+home@example.org"}, ["same-mailbox"]),
        ({"email": "maria.wanjiku@other.example"}, ["same-mailbox-elsewhere"]),
        ({"email": "maria.wanjiko@example.org"}, ["near-mailbox"]),
        ({"place": "Nakuru"}, []),
        ({"name": "Peter Otieno", "phone": "0733 111 222", "email": "info@example.org"}, []),
    ],
)
def test_each_reason_is_found_and_named(other: Any, codes: list[str]) -> None:
    assert [reason.code for reason in likeness(a_person(**MARIA), a_person(**other)).reasons] == codes


def test_a_mailbox_may_be_the_name_of_the_other() -> None:
    how = likeness(a_person(name="Maria Wanjiku"), a_person(email="wanjiku_maria@example.org"))
    assert [reason.words for reason in how.reasons] == ["The e-mail name of one is the name of the other"]


def test_a_shared_mailbox_tells_nothing() -> None:
    assert likeness(a_person(email="contact@one.example"), a_person(email="contact@two.example")).score == 0


@pytest.mark.parametrize(
    ("other", "likely"),
    [
        ({"name": "Maria Wanjiku"}, False),
        ({"name": "Maria Wanjiku", "place": "Nakuru"}, True),
        ({"name": "Maria Wanjiku", "phone": "0712 345 687"}, True),
        ({"name": "Maria", "email": "maria.wanjiku@other.example"}, True),
        ({"phone": "0782 345 678"}, False),
    ],
)
def test_a_name_alone_is_not_enough_and_two_reasons_are(other: Any, likely: bool) -> None:
    assert (likeness(a_person(**MARIA), a_person(**other)).score >= LIKELY) is likely


def test_one_contact_with_both_identities_is_reason_enough() -> None:
    one, other = a_person(phone="0712 345 678"), a_person(email="peter@example.org")
    assert likeness(one, other).score == 0
    assert likeness(one, other, seen_together=True).score >= LIKELY


names = st.one_of(st.none(), st.text("abmrí '", max_size=12))
people = st.builds(
    a_person,
    name=names,
    place=names,
    phone=st.one_of(st.none(), st.integers(710000000, 710000200).map(lambda each: f"0{each}")),
    email=st.one_of(st.none(), st.from_regex(r"[ab]{1,4}(\.[ab]{1,3})?(\+[ab])?@x\.(org|com)", fullmatch=True)),
)


@settings(deadline=None, max_examples=500)
@given(people, people, st.booleans())
def test_it_does_not_matter_who_comes_first_and_the_score_is_a_share(one: Any, other: Any, together: bool) -> None:
    there = likeness(one, other, seen_together=together)
    back = likeness(other, one, seen_together=together)
    assert there == back
    assert 0 <= there.score < 1
    assert (there.score == 0) == (not there.reasons)
