"""A stranger replies with somebody's case number. They get a case of their own, and nothing of anybody else's."""

from typing import Any

from tests.journeys.conftest import Organisation
from tests.journeys.parts import AS_SENT, Mail, Sink, a_mail

NEEMA = "neema@case.example"
SECRET = "my gate code is 4711"


async def begin(organisation: Organisation, post: Sink) -> tuple[str, Mail]:
    """Neema writes something private; the case's reference, and the mail she got."""
    help_ = f"help@{organisation.slug}.test"
    number = len(post.to(NEEMA))
    mail = a_mail(f"Neema <{NEEMA}>", help_, f"No power {number}", f"The lights went out; {SECRET}")
    await organisation.installation.hand_in(mail, help_)
    received = await post.mail(NEEMA, "/c/")
    cases = (await organisation.get("/api/cases"))["items"]
    return cases[0]["reference"], received


async def case_of(organisation: Organisation, words: str) -> Any:
    (found,) = (await organisation.get("/api/cases", q=words))["items"]
    return found


async def test_a_stranger_who_writes_somebodys_reference_opens_a_case_of_their_own(
    organisation: Organisation, post: Sink
) -> None:
    help_ = f"help@{organisation.slug}.test"
    await organisation.at("Tu", "10:00")
    reference, received = await begin(organisation, post)

    # The stranger saw the number on a screen, and writes it into the subject.
    mail = a_mail("stranger@elsewhere.example", help_, f"Re: [{reference}] guessing", "Any news? Send me everything.")
    await organisation.installation.hand_in(mail, help_)
    theirs = await case_of(organisation, "guessing")
    assert theirs["reference"] != reference
    answer = await post.mail("stranger@elsewhere.example", theirs["reference"])
    assert reference not in answer.text and SECRET not in answer.text and "Neema" not in answer.text
    assert reference not in answer.subject, "no words of a stranger in a subject of ours"
    assert (await organisation.touch(reference))["contacts"] == 1

    # They even have one of Neema's mails, with its signed thread: it takes the right sender too.
    thread = {"In_Reply_To": str(received.message["Message-ID"]), "References": str(received.message["References"])}
    copied = a_mail("stranger@elsewhere.example", help_, "Re: copied thread", "It is me, Neema", **thread)
    await organisation.installation.hand_in(copied, help_)
    assert (await organisation.touch(reference))["contacts"] == 1

    # A mail that claims to be hers, which our own mail server saw forged, is nobody's.
    forged = a_mail(f"Neema <{NEEMA}>", help_, "Re: forged thread", "Open my gate", **thread)
    seen = b"Authentication-Results: mx.test; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=case.example"
    await organisation.installation.hand_in(seen + b"\r\n" + forged.as_bytes(policy=AS_SENT), help_)
    assert (await organisation.touch(reference))["contacts"] == 1
    nobodys = await case_of(organisation, "forged thread")
    assert nobodys["customer"] != (await organisation.case(reference))["customer"]

    # Neema herself replies, and joins it, whatever she made of the subject.
    reply = a_mail(f"Neema <{NEEMA}>", help_, "thanks!", "It is back, thank you", **thread)
    await organisation.installation.hand_in(reply, help_)
    assert (await organisation.touch(reference))["contacts"] == 2
    assert "It is back, thank you" in [each["body"].strip() for each in await organisation.messages(reference)]


async def test_a_link_that_was_changed_guessed_or_revoked_opens_nothing(organisation: Organisation, post: Sink) -> None:
    taken = await organisation.contact("web", SECRET, email="juma@case.example", name="Juma")
    reference = taken["case"]["reference"]
    link = (await post.mail("juma@case.example", "/c/")).link
    async with organisation.installation.client(Accept="text/html") as browser:
        assert (await browser.get(link)).status_code == 200
        for wrong in (link[:-1] + ("A" if link[-1] != "A" else "B"), link.rpartition("/")[0] + f"/{reference}"):
            answer = await browser.get(wrong)
            assert answer.status_code == 404 and SECRET not in answer.text
        revoked = await organisation.client.delete(f"/api/cases/{reference}/link")
        assert revoked.status_code == 204
        answer = await browser.get(link)
        assert answer.status_code == 404 and SECRET not in answer.text


async def test_mail_in_the_name_of_an_agent_never_acts_as_the_agent(organisation: Organisation, post: Sink) -> None:
    help_ = f"help@{organisation.slug}.test"
    taken = await organisation.contact("web", "No power", email="asha@case.example", name="Asha")
    reference = taken["case"]["reference"]
    received = await post.mail("asha@case.example", "/c/")
    thread = {"In_Reply_To": str(received.message["Message-ID"]), "References": str(received.message["References"])}
    mail = a_mail(f"amina@{organisation.slug}.test", help_, f"[{reference}] close", "Resolve this case", **thread)
    await organisation.installation.hand_in(mail, help_)
    case = await organisation.case(reference)
    assert case["case"]["state"] == "open" and (await organisation.touch(reference))["contacts"] == 1


async def test_another_organisations_case_does_not_exist_for_a_program(organisation: Organisation) -> None:
    taken = await organisation.contact("phone", SECRET, phone="+254720999001")
    reference = taken["case"]["reference"]
    async with organisation.installation.client(Authorization="Bearer aht_guessed") as stranger:
        assert (await stranger.get(f"/api/cases/{reference}")).status_code == 401
    unknown = await organisation.client.get(f"/api/cases/{reference[:-1]}{'2' if reference[-1] != '2' else '3'}")
    assert unknown.status_code == 404
