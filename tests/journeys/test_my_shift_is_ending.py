"""“I cannot call you back, my shift is ending.” A named colleague makes the call, with the notes."""

from typing import Any

from tests.journeys.conftest import Organisation


async def promised(organisation: Organisation, by: str, phone: str, due: Any, **more: Any) -> tuple[str, Any]:
    """An agent takes a call, keeps the case and promises to call back; reference and promise."""
    agent = await organisation.sign_in(by)
    contact = {"channel": "phone", "from": {"phone": phone}, "text": "My bill is twice what it was", **more}
    reference = (await agent.post("/api/contacts", json=contact)).json()["case"]["reference"]
    held = {"person": organisation.person(by), "note": "Meter was read wrongly: 4310, not 4810"}
    assert (await agent.post(f"/api/cases/{reference}/hold", json=held)).status_code == 200
    callback = {"kind": "callback", "text": "I will call you about the bill", "due_at": due.isoformat()}
    made = await agent.post(f"/api/cases/{reference}/promises", json=callback)
    assert made.status_code == 201 and made.json()["promise"]["owner"]["slug"] == organisation.person(by)
    return reference, made.json()["promise"]


async def owner_of(organisation: Organisation, reference: str, promise: Any) -> str:
    found = [each for each in await organisation.promises(reference, "open") if each["id"] == promise["id"]]
    return str(found[0]["owner"]["name"])


async def test_a_callback_promised_for_after_shift_end_is_made_by_a_named_colleague(
    organisation: Organisation,
) -> None:
    # On Tuesday at 13:30, half an hour before she leaves, Amina promises to call Peter at 15:30.
    await organisation.at("Tu", "13:30")
    reference, callback = await promised(organisation, "amina", "+254720000001", organisation.local("15:30"))

    # Until her shift ends the promise is hers.
    await organisation.until(organisation.local("13:59"))
    assert await owner_of(organisation, reference, callback) == "Amina Otieno"

    # At 14:00 it is Chao's, who is there until the evening. Both see it, each with the other's name.
    await organisation.until(organisation.local("14:00"))
    assert await owner_of(organisation, reference, callback) == "Chao Mwakio"
    assert ("taken-over:shift-end", "Amina Otieno") in await organisation.notices("chao")
    assert ("handed-over:shift-end", "Chao Mwakio") in await organisation.notices("amina")

    # The note came along: Peter does not have to explain it again.
    assert "Meter was read wrongly: 4310, not 4810" in [m["body"] for m in await organisation.messages(reference)]

    # Chao is reminded, calls at 15:20, and the promise is kept: nobody broke anything.
    await organisation.until(organisation.local("15:20"))
    assert ("due-soon", None) in await organisation.notices("chao")
    mine = (await (await organisation.sign_in("chao")).get("/api/promises?owner=me&state=open")).json()["items"]
    assert callback["id"] in [each["id"] for each in mine]
    kept = await (await organisation.sign_in("chao")).post(
        f"/api/promises/{callback['id']}/keep", json={"deed": {"kind": "contact", "note": "Called; bill is corrected"}}
    )
    assert kept.json()["promise"]["state"] == "kept"
    touch = await organisation.touch(reference)
    assert (touch["promises"]["kept"], touch["promises"]["broken"]) == (1, 0)
    assert "Chao Mwakio now sees to a call back" in [step["text"] for step in touch["steps"]]


async def test_where_no_colleague_is_there_the_on_call_chain_has_it_and_never_nobody(
    organisation: Organisation,
) -> None:
    # Chao promises a call for 23:00; at 22:00 he goes, and nobody of care works by night.
    await organisation.at("We", "21:00")
    reference, callback = await promised(organisation, "chao", "+254720000002", organisation.local("23:00"))
    await organisation.until(organisation.local("22:00"))
    assert await owner_of(organisation, reference, callback) == "Naomi Wanjiku"
    assert ("taken-over:shift-end", "Chao Mwakio") in await organisation.notices("naomi")


async def test_somebody_marked_absent_hands_over_at_once(organisation: Organisation) -> None:
    # At 13:10, with both on shift, Amina is taken ill. What she promised for 13:50 is Chao's.
    await organisation.at("Th", "13:10")
    reference, callback = await promised(organisation, "amina", "+254720000003", organisation.local("13:50"))
    away = {"person": organisation.person("amina"), "kind": "sick",
            "ends_at": organisation.local("20:00").isoformat()}  # fmt: skip
    await organisation.post_to("/api/absences", away)
    await organisation.later(minutes=1)
    assert await owner_of(organisation, reference, callback) == "Chao Mwakio"
    assert ("taken-over:absent", "Amina Otieno") in await organisation.notices("chao")


async def test_a_promise_due_when_its_owner_is_back_stays_theirs(organisation: Organisation) -> None:
    await organisation.at("Mo", "13:30")
    reference, callback = await promised(organisation, "amina", "+254720000004", organisation.local("09:00", days=1))
    await organisation.until(organisation.local("15:00"))
    assert await owner_of(organisation, reference, callback) == "Amina Otieno"
