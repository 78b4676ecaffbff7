"""“I want someone who can decide.” By day a manager takes it now; by night they call, in person, at a time we name."""

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Sink


async def test_by_day_it_is_put_before_a_manager_who_is_free_and_takes_it(
    organisation: Organisation, post: Sink
) -> None:
    # On Tuesday at 10:00 Naomi is busy and Grace is free. Neema wants somebody who can decide.
    await organisation.at("Tu", "10:00")
    await organisation.presence("busy", "naomi")
    await organisation.presence("available", "grace")
    taken = await organisation.contact("web", "I want a manager", email="neema@decide.example", reason="bill")
    reference = taken["case"]["reference"]
    line = await organisation.post_to(f"/api/cases/{reference}/direct-line", {"wish": "manager"}, 201)

    # It is before Grace now, and Neema is told who will speak with her.
    grace = await organisation.sign_in("grace")
    (offer,) = (await grace.get("/api/offers")).json()["items"]
    assert offer["id"] == line["offer"]["id"]
    await post.mail("neema@decide.example", "Grace Njeri", "manager of Customer Care")

    # Grace takes it: the case is hers, Neema is told, and whoever is asked can say so.
    assert (await grace.post(f"/api/offers/{offer['id']}/accept")).status_code == 200
    case = await organisation.case(reference)
    assert (case["case"]["holder"]["kind"], case["case"]["holder"]["name"]) == ("person", "Grace Njeri")
    await post.mail("neema@decide.example", "Grace Njeri", subject="is now with")
    assert "is with Grace Njeri" in (await organisation.touch(reference))["words"]


async def test_who_does_not_answer_leaves_it_to_the_next(organisation: Organisation) -> None:
    await organisation.at("We", "10:00")
    await organisation.presence("available", "naomi", "grace")
    taken = await organisation.contact("phone", "A manager, please", phone="+254720666001")
    line = await organisation.post_to(f"/api/cases/{taken['case']['reference']}/direct-line", {"wish": "manager"}, 201)
    naomi, grace = await organisation.sign_in("naomi"), await organisation.sign_in("grace")
    assert [each["id"] for each in (await naomi.get("/api/offers")).json()["items"]] == [line["offer"]["id"]]
    await organisation.later(minutes=5, seconds=1)
    assert (await naomi.get("/api/offers")).json()["items"] == []
    (passed,) = (await grace.get("/api/offers")).json()["items"]
    assert passed["case_id"] == line["case"]["id"]
    declined = await grace.post(f"/api/offers/{passed['id']}/decline", json={"reason": "busy", "words": "In a meeting"})
    assert declined.status_code == 204
    assert line["promise"]["id"] in [
        each["id"] for each in await organisation.promises(taken["case"]["reference"], "open")
    ], "and the call that was promised stands, whoever declined"


async def test_by_night_a_manager_calls_in_person_at_a_time_we_name(organisation: Organisation, post: Sink) -> None:
    # At 23:00 nobody who can decide is there. It is never "not possible".
    await organisation.at("Tu", "23:00")
    await organisation.presence("offline", "naomi", "grace")
    taken = await organisation.contact("web", "I want a manager", email="juma@decide.example", name="Juma")
    line = await organisation.post_to(f"/api/cases/{taken['case']['reference']}/direct-line", {"wish": "manager"}, 201)
    assert line["offer"] is None
    assert (line["promise"]["kind"], line["promise"]["owner"]["name"]) == ("callback", "Naomi Wanjiku")
    assert line["promise"]["due_at"] == organisation.local("09:00", days=1).isoformat().replace("+03:00", "Z").replace(
        "T09", "T06"
    ), "an hour into her next shift"
    mail = await post.mail("juma@decide.example", "Naomi Wanjiku")
    assert "Wednesday" in mail.text and "09:00" in mail.text

    # In the morning it is among her promises; she calls, and it is kept.
    await organisation.at("We", "08:30")
    naomi = await organisation.sign_in("naomi")
    mine = (await naomi.get("/api/promises?owner=me&state=open")).json()["items"]
    assert line["promise"]["id"] in [each["id"] for each in mine]
    kept = await naomi.post(
        f"/api/promises/{line['promise']['id']}/keep", json={"deed": {"kind": "contact", "note": "Decided: refund"}}
    )
    assert kept.json()["promise"]["state"] == "kept"
