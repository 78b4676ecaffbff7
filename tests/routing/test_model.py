"""What a request is made of, and what a tier can be made of."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.routing import Moment, Tier, verified_tier
from ahadi.routing.model import needle, normal, normal_language, saying, spoken
from tests.routing.builders import CUSTOMER, PHRASES, TODAY, AnEntitlement, a_request, a_tier


def test_a_verified_entitlement_gives_its_tier_and_says_which_entitlement_it_was() -> None:
    entitlement = AnEntitlement(" Gold ")
    tier = verified_tier(entitlement, customer_id=CUSTOMER, now=TODAY)
    assert tier is not None
    assert (tier.name, tier.entitlement_id) == ("gold", entitlement.id)


@pytest.mark.parametrize(
    "entitlement",
    [
        None,
        AnEntitlement(customer_id=uuid4()),
        AnEntitlement(verified_at=None),
        AnEntitlement(verified_at=TODAY + timedelta(seconds=1)),
        AnEntitlement(expires_at=TODAY),
        AnEntitlement(tier="none"),
        AnEntitlement(tier=" "),
    ],
    ids=["none", "another customer's", "unverified", "verified later", "run out", "called none", "without a name"],
)
def test_what_proves_nothing_gives_no_tier(entitlement: AnEntitlement | None) -> None:
    assert verified_tier(entitlement, customer_id=CUSTOMER, now=TODAY) is None


def test_an_entitlement_that_has_not_run_out_yet_counts() -> None:
    entitlement = AnEntitlement(expires_at=TODAY + timedelta(seconds=1))
    assert verified_tier(entitlement, customer_id=CUSTOMER, now=TODAY) is not None


@pytest.mark.parametrize("given", ["gold", 2, "9"])
def test_a_tier_cannot_be_made_of_anything_a_caller_says_or_presses(given: Any) -> None:
    with pytest.raises(TypeError, match="verified entitlement"):
        Tier(given, uuid4())
    with pytest.raises(TypeError, match="verified entitlement"):
        Tier(name=given, entitlement_id=uuid4())
    with pytest.raises(TypeError, match="verified entitlement"):
        a_request(tier=given)


def test_a_request_shows_nothing_of_what_the_customer_said_in_logs() -> None:
    request = a_request(text="my daughter Amina", place="Ngong Road 5", attributes={"account": "A-17"}, tier=a_tier())
    assert [word for word in ("Amina", "Ngong", "A-17") if word in repr(request)] == []


@pytest.mark.parametrize("wrong", [{"channel": "fax"}, {"repeat": -1}])
def test_a_request_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        a_request(**wrong)


@pytest.mark.parametrize(("day", "minute"), [("Mon", 0), ("Mo", 1440), ("Mo", -1)])
def test_a_moment_outside_every_day_is_refused(day: Any, minute: int) -> None:
    with pytest.raises(ValueError):
        Moment(day, minute)


@pytest.mark.parametrize(
    ("at", "holiday", "moment"),
    [
        (datetime(2026, 11, 24, 7, 0, tzinfo=UTC), False, Moment("Tu", 600)),
        (datetime(2026, 11, 24, 20, 59, 59, tzinfo=UTC), False, Moment("Tu", 1439)),
        (datetime(2026, 11, 24, 21, 0, tzinfo=UTC), False, Moment("We", 0)),
        (datetime(2026, 12, 12, 9, 0, tzinfo=UTC), True, Moment("PH", 720)),
    ],
)
def test_a_moment_is_told_by_the_organisation_s_clock(at: datetime, holiday: bool, moment: Moment) -> None:
    assert Moment.of(at, ZoneInfo("Africa/Nairobi"), public_holiday=holiday) == moment


@pytest.mark.parametrize(
    ("value", "same"),
    [(None, ""), ("none", ""), (" None ", ""), ("Prépayé", "prepaye"), (3, "3"), (3.0, "3"), (3.5, "3.5"),
     (True, "true"), (False, "false"), ("a\udc80b", "a?b")],
)  # fmt: skip
def test_values_are_compared_in_their_normal_form(value: object, same: str) -> None:
    assert normal(value) == same


@pytest.mark.parametrize(("tag", "language"), [("sw", "sw"), ("sw-KE", "sw"), ("EN_gb", "en"), (None, ""), ("", "")])
def test_only_the_language_itself_counts_not_its_country(tag: str | None, language: str) -> None:
    assert normal_language(tag) == language


@given(st.lists(st.sampled_from(PHRASES), unique=True))
def test_a_text_can_be_made_that_says_some_phrases_and_only_those_they_imply(phrases: list[str]) -> None:
    heard = spoken(saying(phrases))
    for phrase in PHRASES:
        implied = any(needle(phrase) in spoken(saying([said])) for said in phrases)
        assert (needle(phrase) in heard) is implied
    assert all(needle(phrase) in heard for phrase in phrases)
