"""Called, wrote, came back on the web: one case, nothing to explain again; the third time a manager hears of it."""

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Sink, a_mail, eventually

EMAIL, PHONE = "neema@called.example", "+254720555001"


async def test_called_again_and_did_not_have_to_start_again(organisation: Organisation, post: Sink) -> None:
    help_ = f"help@{organisation.slug}.test"

    # On Monday Neema calls. She gives her number and her address.
    await organisation.at("Mo", "10:00")
    first = await organisation.contact(
        "phone", "The lights went out", name="Neema Wambui", phone=PHONE, email=EMAIL, subject="No power"
    )
    reference = first["case"]["reference"]
    assert first["repeat"] is False
    crew = {"kind": "visit", "text": "A crew comes to you.", "due_at": organisation.local("12:00", days=4).isoformat()}
    await organisation.post_to(f"/api/cases/{reference}/promises", crew)
    told = {"kind": "contact", "note": "told her of the crew"}
    await organisation.post_to(f"/api/promises/{first['promise']['id']}/keep", {"deed": told})

    # On Tuesday she writes a mail, in other words and without the reference. It is the same case.
    await organisation.at("Tu", "10:00")
    mail = a_mail(f"Neema <{EMAIL}>", help_, "Still dark", "Hello, it is still dark here.")
    await organisation.installation.hand_in(mail, help_)
    touch = await organisation.touch(reference)
    assert touch["contacts"] == 2 and "You do not have to explain it again" in touch["words"]
    told = await post.mail(EMAIL, reference, "You do not have to start again")
    assert "Network Repairs" in told.text or "Customer Care" in told.text
    assert not touch["escalated"]

    # On Wednesday she fills in the form on the web. Still the same case; now Naomi hears of it.
    await organisation.at("We", "10:00")
    third = await organisation.contact("web", "Nobody came. What now?", email=EMAIL)
    assert third["repeat"] is True and third["case"]["reference"] == reference
    touch = await organisation.touch(reference)
    assert (touch["contacts"], touch["escalated"], touch["priority"]) == (3, True, "high")
    owners = {each["owner"]["name"]: each for each in await organisation.promises(reference, "open")}
    assert owners["Naomi Wanjiku"]["kind"] == "callback"
    assert ("escalated:repeat", None) in await organisation.notices("naomi")

    # All three are in one conversation, by channel, and there is one case.
    came = [each for each in await organisation.messages(reference) if each["direction"] == "in"]
    assert [each["channel"] for each in came] == ["phone", "email", "web"]
    customer = third["customer"]["id"]
    assert customer == first["customer"]["id"]
    assert len((await organisation.get("/api/cases", customer=customer))["items"]) == 1

    # A fourth time Naomi is not asked again: it is with her.
    await organisation.contact("phone", "And?", phone=PHONE)
    naomis = [p for p in await organisation.promises(reference, "open") if p["owner"]["name"] == "Naomi Wanjiku"]
    assert len(naomis) == 1


async def test_about_something_else_it_is_a_case_of_its_own_beside_the_first(organisation: Organisation) -> None:
    await organisation.at("Mo", "10:00")
    who = {"phone": "+254720555002"}
    outage = await organisation.contact("phone", "The lights went out", reason="outage", **who)
    bill = await organisation.contact("phone", "And my bill is wrong", reason="bill", **who)
    assert bill["case"]["reference"] != outage["case"]["reference"] and bill["repeat"] is False
    assert bill["customer"] == outage["customer"]
    shown = await organisation.case(bill["case"]["reference"])
    assert shown["case"]["linked_to"] == (await organisation.case(outage["case"]["reference"]))["case"]["id"]


async def test_what_was_settled_this_week_is_opened_again(organisation: Organisation, post: Sink) -> None:
    await organisation.at("Mo", "10:00")
    who = {"email": "juma@called.example", "name": "Juma"}
    first = await organisation.contact("web", "The lights went out", reason="outage", **who)
    reference = first["case"]["reference"]
    open_ = [each["id"] for each in await organisation.promises(reference, "open")]
    await organisation.post_to(f"/api/cases/{reference}/resolve", {"keep": open_, "outcome": "the fuse was replaced"})
    await post.mail(who["email"], "the fuse was replaced")
    await organisation.later(days=3)
    again = await organisation.contact("web", "Out again", reason="outage", **who)
    assert (again["case"]["reference"], again["case"]["state"], again["repeat"]) == (reference, "open", True)
    assert again["promise"]["kind"] == "update"

    async def reopened() -> bool:
        return any("again" in each.text for each in post.to(who["email"]))

    await eventually(reopened)
