"""“Dear Customer … thank you for choosing {insert name here}.” Held, never sent; a person mends it."""

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Sink

DEAR = "Dear {{ customer.name }},\n\nwe have your request {{ case.reference }}.\n\n{{ organisation.name }}"


async def write_words(organisation: Organisation, body: str, status: int = 201) -> dict[str, object]:
    words = {"slug": "received", "channel": "email", "language": "en", "subject": "Your request", "body": body}
    answer: dict[str, object] = await organisation.post_to("/api/templates", words, status)
    return answer


async def test_words_with_a_hole_in_them_are_refused_when_they_are_saved(organisation: Organisation) -> None:
    refused = await write_words(organisation, "Dear {{ customer.nmae }}, hello", 422)
    assert "customer.nmae" in str(refused["detail"]) and "customer.name" in str(refused["detail"])
    refused = await write_words(organisation, "Dear Customer, thank you for choosing {insert name here}.", 422)
    assert "insert name here" in str(refused["detail"])


async def test_a_message_without_the_name_it_needs_is_held_and_a_person_mends_it(
    organisation: Organisation, post: Sink
) -> None:
    await organisation.at("Tu", "10:00")
    await write_words(organisation, DEAR)

    # Somebody without a name writes; somebody with a name writes after them.
    nameless = await organisation.contact("web", "No power", email="nameless@dear.example")
    await organisation.contact("web", "No power", email="neema@dear.example", name="Neema Wambui")
    await post.mail("neema@dear.example", "Dear Neema Wambui,")
    assert post.to("nameless@dear.example") == [], "the one who came first has nothing"

    # It waits before a person, who is told what is missing; sending it as it is is refused.
    naomi = await organisation.sign_in("naomi")
    (held,) = [
        each
        for each in (await naomi.get("/api/messages/to-settle")).json()["items"]
        if each["recipient"] == "nameless@dear.example"
    ]
    assert (held["state"], held["missing"]) == ("held", ["customer.name"])
    settle = f"/api/messages/{held['id']}/settle"
    refused = await naomi.post(settle, json={"decision": "send"})
    assert refused.status_code == 422 and "customer.name" in refused.json()["detail"]
    refused = await naomi.post(settle, json={"decision": "send", "text": "Dear {insert name here}, we have it."})
    assert refused.status_code == 422

    # She writes it as a person would, and only that leaves.
    reference = nameless["case"]["reference"]
    mended = {"decision": "send", "subject": "Your request", "text": f"Hello, we have your request {reference}."}
    assert (await naomi.post(settle, json=mended)).json()["state"] == "queued"
    mail = await post.mail("nameless@dear.example", f"Hello, we have your request {reference}.")
    assert len(post.to("nameless@dear.example")) == 1 and "insert" not in mail.text


async def test_what_an_agent_types_is_looked_at_too(organisation: Organisation) -> None:
    taken = await organisation.contact("web", "My bill", email="juma@dear.example", name="Juma", reason="bill")
    amina = await organisation.sign_in("amina")
    words = {"text": "Dear Customer, thank you for choosing {insert name here}."}
    refused = await amina.post(f"/api/cases/{taken['case']['reference']}/messages", json=words)
    assert refused.status_code == 422 and refused.json()["code"] == "message-refused"
    assert "insert name here" in refused.json()["detail"]


async def test_a_batch_with_one_missing_value_sends_none_until_it_is_resolved(
    organisation: Organisation, post: Sink
) -> None:
    people = {"asha@batch.example": "Asha", "nobody@batch.example": None, "baraka@batch.example": "Baraka"}
    references = []
    for email, name in people.items():
        taken = await organisation.contact("web", "No power", email=email, name=name or "", reason="outage")
        references.append(taken["case"]["reference"])
    before = len([each for email in people for each in post.to(email)])

    # Three are to be told that the power is back; of one nobody knows the name.
    naomi = await organisation.sign_in("naomi")
    words = {"subject": "Power is back", "body": "Dear {{ customer.name }}, the power is back.", "cases": references}
    told = (await naomi.post("/api/messages/batch", json=words)).json()
    assert told["states"] == {"held": 3} and "None of 3 messages is sent" in told["sentence"]
    assert references[1] in told["sentence"], "and it says whose"
    (unresolved,) = told["unresolved"]

    # Somebody else is written to meanwhile, and of the three still nobody has anything new.
    await organisation.contact("web", "Hello", email="other@batch.example", name="Other")
    await post.mail("other@batch.example", "Dear Other")
    assert not [each for email in people for each in post.to(email) if each.subject.endswith("Power is back")]
    assert before == len([each for email in people for each in post.to(email)]) or before < 3

    # One is mended, and all three leave, each in their own name.
    mended = {"decision": "send", "subject": "Power is back", "text": "Hello, the power is back."}
    assert (await naomi.post(f"/api/messages/{unresolved['message']}/settle", json=mended)).status_code == 200
    await post.mail("asha@batch.example", "Dear Asha, the power is back.")
    await post.mail("baraka@batch.example", "Dear Baraka, the power is back.")
    await post.mail("nobody@batch.example", "Hello, the power is back.")
