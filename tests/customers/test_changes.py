"""What is changed of a customer: profile, preferences, identities, consent, entitlement."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from ahadi import customers
from ahadi.base.errors import Forbidden, Invalid, NotFound
from ahadi.customers import CustomerErased, IdentityTaken
from ahadi.platform.database import Work
from tests.customers.builders import ORGANISATION, a_customer, somebody, system


@pytest.fixture
async def work(work_as: Any) -> AsyncIterator[Work]:
    yield await work_as(system())


async def journal(work: Work) -> list[tuple[str, dict[str, Any]]]:
    rows = await work.rows("select kind, facts from journal order by seq")
    return [(row["kind"], row["facts"]) for row in rows if row["kind"] != "customer.created"]


async def test_only_what_is_given_changes_and_the_journal_names_the_fields(work: Work) -> None:
    made = await a_customer(work, name="Maria", phone="0712 345 678")
    await customers.update_customer(work, ORGANISATION, made.id, place=" Nakuru ", attributes={"meter": 7, "tag": "a"})
    held = await customers.update_customer(work, ORGANISATION, made.id, attributes={"tag": None, "vip": True})
    assert (held.name, held.place, held.attributes) == ("Maria", "Nakuru", {"meter": 7, "vip": True})
    await customers.update_customer(work, ORGANISATION, made.id, name="Maria")
    assert await journal(work) == [
        ("customer.changed", {"fields": ["attributes", "place"]}),
        ("customer.changed", {"fields": ["attributes"]}),
    ], "what is as it was is no change"


async def test_a_renamed_customer_is_found_by_the_new_name_alone(work: Work) -> None:
    made = await a_customer(work, name="Maria", email="m@example.org")
    await customers.update_customer(work, ORGANISATION, made.id, name="Neema Atieno")
    assert [each.id for each in await customers.find_customers(work, ORGANISATION, text="atieno m@example")] == [
        made.id
    ]
    assert await customers.find_customers(work, ORGANISATION, text="maria") == []


async def test_what_is_taken_away_does_not_show_again_from_a_merged_record(work: Work) -> None:
    kept = await a_customer(work, name="Maria", phone="0712 345 678", language="en")
    merged = await a_customer(work, name="Mary", email="m@example.org", language="sw")
    await customers.update_customer(work, ORGANISATION, merged.id, place="Nakuru", attributes={"meter": 7, "door": 2})
    await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    await customers.update_customer(work, ORGANISATION, kept.id, name="", place=None, attributes={"meter": None})
    held = await customers.set_preferences(work, ORGANISATION, kept.id, language=None)
    assert (held.name, held.place, held.language, held.attributes) == (None, None, None, {"door": 2})


@pytest.mark.parametrize(
    "attributes",
    [{"a": ["list"]}, {"a": {"b": 1}}, {"a": "x" * 9000}, {"a": "\0"}, {"a": 2**70}, {str(n): n for n in range(51)}],
)
async def test_attributes_are_few_and_plain(work: Work, attributes: Any) -> None:
    made = await a_customer(work)
    with pytest.raises(Invalid):
        await customers.update_customer(work, ORGANISATION, made.id, attributes=attributes)


async def test_preferences_say_how_a_customer_wants_to_be_served(work: Work) -> None:
    made = await a_customer(work, phone="0712 345 678")
    held = await customers.set_preferences(
        work,
        ORGANISATION,
        made.id,
        language="sw",
        zone="Africa/Nairobi",
        preferred_channel="sms",
        quiet_from=time(21),
        quiet_until=time(7),
    )
    assert (held.language, held.zone, held.preferred_channel) == ("sw", "Africa/Nairobi", "sms")
    assert (held.quiet_from, held.quiet_until) == (time(21), time(7))
    held = await customers.set_preferences(work, ORGANISATION, made.id, quiet_from=None, quiet_until=None)
    assert (held.language, held.quiet_from) == ("sw", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"language": "Kiswahili sanifu"},
        {"zone": "Nairobi"},
        {"zone": "../../etc/passwd"},
        {"zone": "Africa"},
        {"preferred_channel": "fax"},
        {"quiet_from": time(21)},
        {"quiet_from": time(21), "quiet_until": time(21)},
        {"quiet_from": time(21, tzinfo=UTC), "quiet_until": time(7, tzinfo=UTC)},
    ],
)
async def test_preferences_that_cannot_be_kept_are_refused(work: Work, changes: Any) -> None:
    made = await a_customer(work)
    with pytest.raises(Invalid):
        await customers.set_preferences(work, ORGANISATION, made.id, **changes)


async def test_identities_are_added_verified_and_removed(work: Work) -> None:
    made = await a_customer(work, phone="0712 345 678", email="old@example.org")
    held = await customers.add_identity(
        work, ORGANISATION, made.id, "email", "New@Example.org", country="KE", verified=True
    )
    assert [(each.kind, each.value) for each in held.identities if each.verified_at] == [("email", "new@example.org")]
    reached = held.reach("email")
    assert reached and reached.shown == "New@Example.org", "verified comes before longer known"
    assert held.reach("handle") is None
    held = await customers.verify_identity(work, ORGANISATION, made.id, "phone", "0712345678", country="KE")
    assert all(each.verified_at == work.now for each in held.identities if each.kind == "phone")
    held = await customers.remove_identity(work, ORGANISATION, made.id, "email", "OLD@example.org", country="KE")
    assert {each.value for each in held.identities} == {"+254712345678", "new@example.org"}
    assert await customers.find_customers(work, ORGANISATION, text="old") == []
    with pytest.raises(NotFound):
        await customers.remove_identity(work, ORGANISATION, made.id, "email", "old@example.org", country="KE")
    with pytest.raises(NotFound):
        await customers.verify_identity(work, ORGANISATION, made.id, "email", "old@example.org", country="KE")
    assert [kind for kind, _ in await journal(work)] == ["identity.added", "identity.verified", "identity.removed"]


async def test_adding_what_is_known_already_may_verify_it(work: Work) -> None:
    made = await a_customer(work, phone="0712 345 678")
    again = await customers.add_identity(work, ORGANISATION, made.id, "phone", "0712345678", country="KE")
    assert again == made
    held = await customers.add_identity(work, ORGANISATION, made.id, "phone", "0712345678", country="KE", verified=True)
    assert held.identities[0].verified_at == work.now


async def test_an_identity_of_another_customer_is_not_taken(work: Work) -> None:
    one, other = await a_customer(work, phone="0712 345 678"), await a_customer(work, email="m@example.org")
    with pytest.raises(IdentityTaken) as refused:
        await customers.add_identity(work, ORGANISATION, one.id, "email", "m@example.org", country="KE")
    assert refused.value.fields == {"customer": other.id}


async def test_consent_is_the_last_word_on_each_channel(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    made = await a_customer(work, phone="0712 345 678")
    assert made.consents_to("sms") is None
    held = await customers.set_consent(work, ORGANISATION, made.id, channel="sms", granted=True, source="form")
    assert (held.consents_to("sms"), held.consents_to("email")) == (True, None)
    later = await work_as(system(), at=now + timedelta(hours=1))
    held = await customers.set_consent(later, ORGANISATION, made.id, channel="sms", granted=False, source="stop")
    assert held.consents_to("sms") is False
    said = [("consent.changed", {"channel": "sms", "granted": each}) for each in (True, False)]
    assert await journal(later) == said
    for wrong in ({"channel": "fax", "source": "form"}, {"channel": "sms", "source": "Maria Wanjiku said so"}):
        with pytest.raises(Invalid):
            await customers.set_consent(later, ORGANISATION, made.id, granted=True, **wrong)


async def test_a_refusal_outlives_a_merge_and_an_agreement_does_not(work: Work) -> None:
    kept, merged = await a_customer(work, phone="0712 345 678"), await a_customer(work, email="m@example.org")
    made = await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    await customers.set_consent(work, ORGANISATION, kept.id, channel="sms", granted=False, source="stop")
    await customers.set_consent(work, ORGANISATION, merged.id, channel="email", granted=True, source="form")
    whole = await customers.get_customer(work, ORGANISATION, kept.id)
    assert (whole.consents_to("sms"), whole.consents_to("email")) == (False, True)
    await customers.unmerge_customers(work, ORGANISATION, made.id)
    apart = await customers.get_customer(work, ORGANISATION, merged.id)
    assert (apart.consents_to("sms"), apart.consents_to("email")) == (False, None)


async def test_of_two_words_at_one_moment_the_refusal_counts(work: Work) -> None:
    kept, merged = await a_customer(work), await a_customer(work)
    await customers.set_consent(work, ORGANISATION, kept.id, channel="sms", granted=True, source="form")
    await customers.set_consent(work, ORGANISATION, merged.id, channel="sms", granted=False, source="stop")
    await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    assert (await customers.get_customer(work, ORGANISATION, kept.id)).consents_to("sms") is False


async def test_a_tier_is_what_was_verified_and_holds_now(work_as: Any, now: datetime) -> None:
    work = await work_as(system())
    made = await a_customer(work, phone="0712 345 678")
    assert await customers.tier_of(work, ORGANISATION, made.id) is None
    held = await customers.verify_entitlement(
        work, ORGANISATION, made.id, tier="gold", verified_by="crm", valid_until=now + timedelta(days=30)
    )
    assert held.tier == "gold"
    await customers.verify_entitlement(
        work, ORGANISATION, made.id, tier="platinum", verified_by="contract", valid_from=now + timedelta(days=7)
    )
    for days, tier in ((0, "gold"), (7, "platinum"), (40, "platinum")):
        later = await work_as(system(), at=now + timedelta(days=days))
        assert await customers.tier_of(later, ORGANISATION, made.id) == tier
        assert (await customers.recognise(later, ORGANISATION, phone="0712345678", country="KE")).customer.tier == tier
    ended = await customers.end_entitlement(later, ORGANISATION, made.id)
    assert ended.tier is None
    assert (await journal(later))[-1][0] == "entitlement.ended"
    for wrong in ({"valid_until": now}, {"tier": "Very Gold"}, {"verified_by": ""}):
        with pytest.raises(Invalid):
            await customers.verify_entitlement(
                work, ORGANISATION, made.id, **({"tier": "gold", "verified_by": "crm"} | wrong)
            )


async def test_a_merged_customer_has_the_tier_of_either(work: Work) -> None:
    kept, merged = await a_customer(work), await a_customer(work)
    await customers.verify_entitlement(work, ORGANISATION, merged.id, tier="gold", verified_by="crm")
    await customers.merge_customers(work, ORGANISATION, kept.id, merged.id)
    assert await customers.tier_of(work, ORGANISATION, kept.id) == "gold"


async def test_who_may_only_read_changes_nothing(work_as: Any) -> None:
    work = await work_as(system())
    made = await a_customer(work, name="Maria")
    reader = await work_as(somebody("customer.read"))
    assert (await customers.get_customer(reader, ORGANISATION, made.id)).name == "Maria"
    with pytest.raises(Forbidden):
        await customers.update_customer(reader, ORGANISATION, made.id, name="Peter")
    with pytest.raises(Forbidden):
        await customers.find_customers(await work_as(somebody()), ORGANISATION)


async def test_an_erased_customer_cannot_be_added_to(work: Work) -> None:
    made, other = await a_customer(work, phone="0712 345 678"), await a_customer(work)
    await customers.erase_customer(work, ORGANISATION, made.id)
    with pytest.raises(CustomerErased):
        await customers.update_customer(work, ORGANISATION, made.id, name="Maria")
    with pytest.raises(CustomerErased):
        await customers.add_identity(work, ORGANISATION, made.id, "email", "m@example.org", country="KE")
    with pytest.raises(CustomerErased):
        await customers.merge_customers(work, ORGANISATION, other.id, made.id)
