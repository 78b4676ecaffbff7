"""Two machines that answer each other without end. Ours stops."""

from email.message import EmailMessage

import pytest

from tests.journeys.conftest import Organisation
from tests.journeys.parts import Mail, Sink, a_mail, eventually

MOST = 3  # automatic answers to one sender in a day


def answer_to(mail: Mail, sender: str, to: str, text: str, **headers: str) -> EmailMessage:
    """What a machine at the other end sends back to a mail of ours."""
    named = str(mail.message["Message-ID"])
    threaded = {"In_Reply_To": named, "References": f"{mail.message['References'] or ''} {named}".strip()}
    return a_mail(sender, to, f"Re: {mail.subject}", text, **threaded, **headers)


async def test_an_out_of_office_answer_is_kept_with_its_case_and_answered_by_nobody(
    organisation: Organisation, post: Sink
) -> None:
    help_, neema = f"help@{organisation.slug}.test", "neema@loop.example"
    await organisation.at("Tu", "10:00")
    await organisation.installation.hand_in(a_mail(neema, help_, "No power", "The lights went out"), help_)
    received = await post.mail(neema, "we have your request")
    assert received.message["Auto-Submitted"] == "auto-generated", "ours says that a machine wrote it (RFC 3834)"

    # Her mailbox answers by itself, and so does it to whatever we might say to that.
    away = answer_to(received, neema, help_, "I am away until Monday", Auto_Submitted="auto-replied")
    await organisation.installation.hand_in_by_lmtp(away, help_)
    reference = (await organisation.get("/api/cases", q="power"))["items"][0]["reference"]

    async def kept() -> bool:
        return any("away until Monday" in each["body"] for each in await organisation.messages(reference))

    await eventually(kept)
    assert (await organisation.touch(reference))["contacts"] == 1, "it counts as no repeat"

    # Somebody else is answered meanwhile; she has the one mail she had.
    await organisation.installation.hand_in(a_mail("juma@loop.example", help_, "Bill", "My bill"), help_)
    await post.mail("juma@loop.example", "we have your request")
    assert len(post.to(neema)) == 1


@pytest.mark.parametrize("polite", [True, False], ids=["says-it-is-a-machine", "does-not-say"])
async def test_two_machines_stop_after_no_more_than_a_few_answers(
    organisation: Organisation, post: Sink, polite: bool
) -> None:
    help_, robot = f"help@{organisation.slug}.test", f"robot-{polite}@loop.example".lower()
    headers = {"Auto_Submitted": "auto-replied"} if polite else {}
    await organisation.installation.hand_in(a_mail(robot, help_, "Hello", "A first word"), help_)
    mail = await post.mail(robot, "we have your request")
    answered = 0
    for round_ in range(12):
        got = post.to(robot)
        if len(got) > answered + 1:
            answered += 1
        mail = got[min(answered, len(got) - 1)]
        text = f"Thank you for your message, number {round_}"
        await organisation.installation.hand_in(answer_to(mail, robot, help_, text, **headers), help_)
    marker = f"marker-{polite}@loop.example".lower()
    await organisation.installation.hand_in(a_mail(marker, help_, "Marker", "A later word"), help_)
    await post.mail(marker, "we have your request")
    assert len(post.to(robot)) <= (1 if polite else MOST)


async def test_our_own_mail_that_comes_back_is_put_aside_where_a_person_sees_it(
    organisation: Organisation, post: Sink
) -> None:
    help_, sender = f"help@{organisation.slug}.test", "forwarder@loop.example"
    await organisation.installation.hand_in(a_mail(sender, help_, "Hello", "A word"), help_)
    ours = await post.mail(sender, "we have your request")
    await organisation.installation.hand_in(ours.message.as_bytes(), help_, sender="bounces@loop.example")
    aside = (await organisation.get("/api/quarantine"))["items"]
    assert "loop" in [each["why"] for each in aside]
    assert len(post.to(sender)) == 1
