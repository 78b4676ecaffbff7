"""Somebody calls and asks where it stands. Whoever picks up knows, at one touch, and can say it."""

import json

import httpx

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Sink

NEEMA = {"name": "Neema Wambui", "phone": "+254 712 345 678", "email": "neema@example.com"}


async def test_status_at_a_touch(organisation: Organisation, post: Sink) -> None:
    # On a Tuesday morning Neema writes that her lights went out.
    await organisation.at("Tu", "09:00")
    taken = await organisation.contact("email", "The lights went out", subject="No power", reason="outage", **NEEMA)
    reference = taken["case"]["reference"]
    assert (taken["case"]["holder"]["kind"], taken["case"]["holder"]["name"]) == ("department", "Network Repairs")

    # She is told at once who has it, what is promised and by when, with a link to her own page.
    received = await post.mail(NEEMA["email"], reference, "Network Repairs", subject=reference)
    assert received.sender.endswith(f"help@{organisation.slug}.test>") or organisation.slug in received.sender
    assert "Hello Neema Wambui" in received.text

    # Joseph of repairs takes it, with a note for colleagues, and promises a visit on Wednesday.
    await organisation.post_to(
        f"/api/cases/{reference}/hold",
        {"person": organisation.person("joseph"), "note": "Fuse at pole 41 is blown; the customer was rude"},
    )
    await organisation.post_to(
        f"/api/cases/{reference}/promises",
        {
            "kind": "visit",
            "text": "a crew replaces the fuse",
            "due_at": organisation.local("11:00", days=1).isoformat(),
        },
    )

    # Two hours later she calls. Amina, who never heard of it, has everything in one look.
    await organisation.later(hours=2)
    invited = await organisation.installation.ahadi(
        "user", "add", f"amina@{organisation.slug}.test", "--organisation", organisation.slug, "--json"
    )
    amina = await organisation.come_in("amina", json.loads(invited)["link"])
    touch = (await amina.get(f"/api/cases/{reference}/touch")).json()
    assert touch["customer"] == "Neema Wambui" and touch["state"] == "open"
    assert (touch["holder"]["holder"]["name"], touch["holder"]["holder"]["department"]) == (
        "Joseph Mwangi",
        "Network Repairs",
    )
    assert touch["holder"]["holder"]["phone"], "and how to reach them"
    assert touch["holder"]["age_seconds"] == 2 * 3600, "and how old each fact is"
    assert touch["promise"]["kind"] == "update" and touch["promise"]["seconds_left"] > 0
    assert [step["kind"] for step in touch["steps"]][:2] == ["case.opened", "promise.made"]
    assert touch["last_words"]["channel"] == "email" and touch["promises"]["open"] == 2

    # And words to say: true, complete, in the customer's language.
    assert f"Your request {reference}, “No power”, is with Joseph Mwangi of Network Repairs." in touch["words"]
    assert "You will hear from us today at 13:00 at the latest." in touch["words"]
    swahili = (await amina.get(f"/api/cases/{reference}/touch", params={"language": "sw"})).json()
    assert "linashughulikiwa na Joseph Mwangi" in swahili["words"]

    # The same on her own page, without what is for colleagues.
    page = await _open(organisation, received.link)
    assert reference in page and "Joseph Mwangi" in page
    assert "pole 41" not in page and "rude" not in page

    # The update is given in time, and the next thing she hears of is the visit.
    update = next(each for each in await organisation.promises(reference, "open") if each["kind"] == "update")
    await organisation.post_to(
        f"/api/promises/{update['id']}/keep", {"deed": {"kind": "contact", "note": "Told her of the visit"}}
    )
    touch = await organisation.touch(reference)
    assert touch["promises"]["kept"] == 1 and touch["promise"]["kind"] == "visit"
    assert "Somebody will come to you tomorrow at 11:00 at the latest. A crew replaces the fuse." in touch["words"]


async def _open(organisation: Organisation, link: str) -> str:
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(link, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text
