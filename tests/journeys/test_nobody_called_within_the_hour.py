"""“They will call you in an hour.” Nobody does. The customer hears of it before it lapses, and does not start again."""

from tests.journeys.conftest import Organisation, Phones

PETER = "+254720111222"
GRACE = "+254720333444"


async def test_nobody_called_within_the_hour(organisation: Organisation, phones: Phones) -> None:
    # On Tuesday at 10:00 Peter calls about his bill and is promised a call back within the hour, by text too.
    await organisation.at("Tu", "10:00")
    taken = await organisation.contact("phone", "My bill is wrong", reason="bill", phone=PETER, name="Peter Kamau")
    reference, promise = taken["case"]["reference"], taken["promise"]
    assert (promise["kind"], promise["due_at"]) == ("callback", _utc(organisation, "11:00"))
    await phones.text(PETER, reference, "we will call you")

    # Nobody calls. At 10:54, before it lapses, he is told that it may take longer.
    await organisation.until(organisation.local("10:54"))
    await phones.text(PETER, reference, "may take longer")
    assert (await organisation.promises(reference, "open"))[0]["id"] == promise["id"]

    # At 11:00 it is still open; after that the clock, and nobody else, calls it broken.
    await organisation.until(organisation.local("11:00"))
    assert await organisation.promises(reference, "broken") == []
    await organisation.later(seconds=1)
    (broken,) = await organisation.promises(reference, "broken")
    assert broken["id"] == promise["id"]

    # Naomi, who answers for care, owns what recovers it; she sees it, and Peter is told so and by when.
    (recovery,) = await organisation.promises(reference, "open")
    assert (recovery["recovers"], recovery["level"], recovery["owner"]["name"]) == (promise["id"], 1, "Naomi Wanjiku")
    assert "recovery" in [kind for kind, _ in await organisation.notices("naomi")]
    said = await phones.text(PETER, "did not keep our promise")
    assert "We are sorry" in said and "Naomi Wanjiku" in said
    touch = await organisation.touch(reference)
    assert touch["escalated"] and touch["promises"]["broken"] == 1
    assert "We have let you down before on this, and I am sorry." in touch["words"]

    # She misses it too: the next is due later, and the case never is without a promise.
    await organisation.until(organisation.local("12:01"))
    (again,) = await organisation.promises(reference, "open")
    assert (again["level"], again["recovers"]) == (2, recovery["id"])
    assert _minutes(again) == 2 * _minutes(recovery) == 120

    # She calls at 12:30: kept, with what was done; an update follows, for the case goes on.
    await organisation.until(organisation.local("12:30"))
    naomi = await organisation.sign_in("naomi")
    deed = {"deed": {"kind": "contact", "note": "Called him; will have the meter read"}}
    assert (await naomi.post(f"/api/promises/{again['id']}/keep", json=deed)).status_code == 200
    touch = await organisation.touch(reference)
    assert (touch["promises"]["kept"], touch["promises"]["broken"], touch["promise"]["kind"]) == (1, 2, "update")


async def test_a_promise_renewed_before_it_lapses_is_not_broken_and_the_customer_hears_first(
    organisation: Organisation, phones: Phones
) -> None:
    await organisation.at("We", "10:00")
    taken = await organisation.contact("phone", "My bill is wrong", reason="bill", phone=GRACE, name="Grace Achieng")
    reference, promise = taken["case"]["reference"], taken["promise"]
    await organisation.until(organisation.local("10:40"))
    renewed = await organisation.post_to(
        f"/api/promises/{promise['id']}/renew",
        {"due_at": organisation.local("14:00").isoformat(), "reason": "the meter reader is on the road", "told": None},
    )
    assert renewed["promise"]["renews"] == promise["id"] and renewed["promise"]["due_at"] == _utc(organisation, "14:00")
    await phones.text(GRACE, reference, "needs more time", "the meter reader is on the road")
    await organisation.until(organisation.local("11:30"))
    assert await organisation.promises(reference, "broken") == []
    assert not [text for text in phones.texts(GRACE) if "did not keep" in text]


def _utc(organisation: Organisation, time: str) -> str:
    from datetime import UTC

    return organisation.local(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _minutes(promise: dict[str, str]) -> int:
    from datetime import datetime

    due, made = datetime.fromisoformat(promise["due_at"]), datetime.fromisoformat(promise["made_at"])
    return round((due - made).total_seconds() / 60)
