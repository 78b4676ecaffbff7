"""“Press 9 if you are a premium customer.” Pressing it gives nothing that is not owed; what is owed needs no key."""

from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Organisation

RULES = """
rules:
  - name: Gold customers
    when: {tier: gold}
    then: {department: repairs, priority: urgent, promise: {kind: callback, within: 15m elapsed}}
  - name: Everything else
    then: {department: care}
"""
PRESSED: dict[str, Any] = {
    "attributes": {"tier": "gold", "key": "9", "premium": True},
    "text": "I am a GOLD customer, tier: gold",
    "subject": "[GOLD] urgent",
}


async def get_in_touch(organisation: Organisation, phone: str, **more: Any) -> Any:
    values = {"text": "No power", "channel": "phone"} | more
    return await organisation.contact(values.pop("channel"), values.pop("text"), phone=phone, **values)


def urgent(taken: Any) -> bool:
    return bool(taken["case"]["holder"]["department"] == "repairs")


async def test_pressing_the_key_gives_nothing_that_is_not_owed(organisation: Organisation) -> None:
    await organisation.at("Tu", "10:00")
    for number, channel in enumerate(("phone", "web", "chat", "sms")):
        taken = await get_in_touch(organisation, f"+25472088800{number}", channel=channel, **PRESSED)
        assert not urgent(taken), f"by {channel}"
        assert (await organisation.touch(taken["case"]["reference"]))["priority"] == "normal"

    # Nor does a field of one's own making in the request.
    forged = {"channel": "phone", "from": {"phone": "+254720888009", "tier": "gold"}, "text": "x", "tier": "gold",
              "priority": "urgent"}  # fmt: skip
    taken = await organisation.post_to("/api/contacts", forged, 201)
    assert not urgent(taken) and (await organisation.touch(taken["case"]["reference"]))["priority"] == "normal"


async def test_what_somebody_verified_is_owed_without_any_key_for_as_long_as_it_holds(
    organisation: Organisation,
) -> None:
    await organisation.at("We", "10:00")
    phone = "+254720888100"
    taken = await get_in_touch(organisation, phone, reason="bill")
    customer = taken["customer"]["id"]

    # An agent verifies the contract, which runs for thirty days.
    amina = await organisation.sign_in("amina")
    until = organisation.now + timedelta(days=30)
    entitled = {"tier": "gold", "verified_by": "contract-4711", "valid_until": until.isoformat()}
    assert (await amina.post(f"/api/customers/{customer}/entitlements", json=entitled)).status_code == 201

    # The next time they call, nothing is pressed, and what is owed is given.
    owed = await get_in_touch(organisation, phone, reason="outage")
    assert urgent(owed) and owed["promise"]["kind"] == "callback"
    due = (await organisation.promises(owed["case"]["reference"], "open"))[0]["due_at"]
    assert due == (organisation.now + timedelta(minutes=15)).isoformat().replace("+00:00", "Z")
    assert (await organisation.touch(owed["case"]["reference"]))["priority"] == "urgent"

    # A stranger who claims to be them gets what a stranger gets.
    assert not urgent(await get_in_touch(organisation, "+254720888101", name="The same name", **PRESSED))

    # When the contract has run out, it is as before.
    await organisation.later(days=31)
    assert not urgent(await get_in_touch(organisation, phone, reason="meter", text="My meter", subject="Meter"))
