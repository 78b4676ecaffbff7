"""Mail becomes cases: threads are believed when they are signed and the sender takes part; nothing is dropped."""

from email.message import EmailMessage
from typing import Any

import pytest

from ahadi import cases, contacts, intake
from ahadi.base.ids import uuid7
from ahadi.channels.email import Envelope, Signed, message_id
from ahadi.intake import Contacting, mail_store
from ahadi.intake.mail import THREADS, MailIntake
from ahadi.intake.mail_store import MailAddress
from ahadi.platform.database import Database
from ahadi.platform.files import read_file
from ahadi.platform.settings import Settings
from tests.cases.builders import ORGANISATION, system
from tests.directory.builders import House, an_organisation

NEEMA = "Neema <neema@example.org>"
OWNER = MailAddress("help@power.example", ORGANISATION, None)


@pytest.fixture
async def house(database: Database) -> House:
    async with database.work(system()) as work:
        made = await an_organisation(work, ORGANISATION)
        await work.execute(
            "insert into mail_address (address, organisation_id) values ('help@power.example', %(org)s)",
            {"org": ORGANISATION},
        )
    return made


@pytest.fixture
def mail_intake(database: Database, house: House) -> MailIntake:
    return MailIntake(database, Settings(mail_trusted_authserv_ids="mx.power.example", mail_domain="power.example"))


def a_mail(text: str = "Hello, my lights went out.", sender: str = NEEMA, **headers: str) -> bytes:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    usual = {
        "From": sender,
        "To": "help@power.example",
        "Subject": "No power",
        "Message-ID": f"<{uuid7()}@example.org>",
    }
    fields = given | {name: value for name, value in usual.items() if name not in given}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", text, ""]).encode()


async def told(database: Database, case_id: Any) -> list[str]:
    async with database.read(system()) as work:
        rows = await work.rows(
            "select template from message where case_id = %(id)s and direction = 'out' order by at, id", {"id": case_id}
        )
    return [row["template"] for row in rows]


async def our_mail_about(database: Database, case_id: Any) -> str:
    """The Message-ID of a mail of ours about the case."""
    async with database.read(system()) as work:
        id_ = await work.value("select id from message where case_id = %(id)s and direction = 'out'", {"id": case_id})
        signed = Signed(ORGANISATION, case_id, id_)
        return f"<{message_id(work.house.keys.keys(THREADS), signed, 'power.example')}>"


async def waiting(database: Database) -> list[str]:
    async with database.read(system()) as work:
        return [each.why for each in await mail_store.put_aside_in(work, [ORGANISATION], None, 50)]


async def test_a_mail_from_somebody_new_is_a_case_and_answered_once(
    database: Database, mail_intake: MailIntake
) -> None:
    raw = a_mail()
    first = await mail_intake.take(raw, OWNER, "neema@example.org")
    again = await mail_intake.take(raw, OWNER, "neema@example.org")
    assert first.case_id and again.case_id == first.case_id
    assert await told(database, first.case_id) == ["received"]
    async with database.read(system()) as work:
        said = await contacts.messages_of(work, ORGANISATION, first.case_id)
        assert said[0].body == "Hello, my lights went out." and said[0].subject == "No power"
        assert said[1].recipient == "neema@example.org" and said[1].state == "queued"


async def test_the_customers_answer_to_our_mail_joins_its_case(database: Database, mail_intake: MailIntake) -> None:
    first = await mail_intake.take(a_mail(), OWNER)
    async with database.work(system()) as work:
        call = Contacting(channel="phone", text="bill", reason="bill", email="neema@example.org")
        await intake.take_contact(work, ORGANISATION, call)
    answer = a_mail("Still dark.", In_Reply_To=await our_mail_about(database, first.case_id), Subject="Re: other words")
    assert (await mail_intake.take(answer, OWNER)).case_id == first.case_id


async def test_a_stranger_who_replies_with_somebodys_case_number_gets_a_case_of_their_own(
    database: Database, mail_intake: MailIntake
) -> None:
    first = await mail_intake.take(a_mail(), OWNER)
    async with database.read(system()) as work:
        reference = (await cases.get_case(work, first.case_id)).reference  # type: ignore[arg-type]
    ours = await our_mail_about(database, first.case_id)
    for number, headers in enumerate(
        ({"Subject": f"Re: No power [{reference}]"}, {"In_Reply_To": ours}, {"References": ours}), start=1
    ):
        stranger = a_mail("Tell me where she lives", f"Eve <eve{number}@evil.example>", **headers)
        taken = await mail_intake.take(stranger, OWNER)
        assert taken.case_id and taken.case_id != first.case_id
    assert await told(database, first.case_id) == ["received"]


async def test_a_forged_sender_that_our_server_caught_does_not_join(
    database: Database, mail_intake: MailIntake
) -> None:
    first = await mail_intake.take(a_mail(), OWNER)
    forged = a_mail(
        "Cancel my contract",
        In_Reply_To=await our_mail_about(database, first.case_id),
        Authentication_Results="mx.power.example; dmarc=fail header.from=example.org",
    )
    taken = await mail_intake.take(forged, OWNER)
    assert taken.case_id and taken.case_id != first.case_id
    async with database.read(system()) as work:
        customer = (await cases.get_case(work, taken.case_id)).customer_id
        assert customer != (await cases.get_case(work, first.case_id)).customer_id  # type: ignore[arg-type]
    assert await told(database, taken.case_id) == []


async def test_an_unsigned_message_id_of_a_mail_that_was_never_ours_joins_nothing(
    database: Database, mail_intake: MailIntake
) -> None:
    taken = await mail_intake.take(a_mail(In_Reply_To="<made-up@power.example>"), OWNER)
    assert taken.case_id and await told(database, taken.case_id) == ["received"]


async def test_machines_are_not_answered_and_loops_end(database: Database, mail_intake: MailIntake) -> None:
    first = await mail_intake.take(a_mail(), OWNER)
    ours = await our_mail_about(database, first.case_id)
    away = a_mail("I am away", Auto_Submitted="auto-replied", In_Reply_To=ours)
    assert (await mail_intake.take(away, OWNER)).case_id == first.case_id
    stranger = a_mail("I am away", "x@example.net", Auto_Submitted="auto-replied")
    assert (await mail_intake.take(stranger, OWNER)).put_aside == "automatic"
    back = a_mail("our own mail", X_Ahadi_Installation="power.example", X_Ahadi_Hop="1")
    assert (await mail_intake.take(back, OWNER)).put_aside == "loop"
    own = a_mail("from ourselves", "help@power.example")
    assert (await mail_intake.take(own, OWNER)).put_aside == "own-address"
    assert await told(database, first.case_id) == ["received"]
    assert sorted(await waiting(database)) == ["automatic", "loop", "own-address"]


async def test_one_address_is_answered_three_times_a_day_and_still_taken_in(
    database: Database, mail_intake: MailIntake
) -> None:
    answered = 0
    for number in range(6):
        taken = await mail_intake.take(a_mail(f"matter {number}", Subject=f"{number}"), OWNER)
        assert taken.case_id
    async with database.read(system()) as work:
        answered = await work.value("select count(*) from message where direction = 'out'")
        taken_in = await work.value("select count(*) from message where direction = 'in'")
    assert (answered, taken_in) == (3, 6)


async def test_a_bounce_of_our_mail_marks_it_failed(database: Database, mail_intake: MailIntake) -> None:
    first = await mail_intake.take(a_mail(), OWNER)
    ours = await our_mail_about(database, first.case_id)
    report = (
        "From: MAILER-DAEMON@example.org\r\nTo: help@power.example\r\nSubject: Undelivered\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        "Final-Recipient: rfc822; neema@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {ours}\r\nSubject: x\r\n\r\nhello\r\n--b--\r\n"
    )
    taken = await mail_intake.take(report.encode(), OWNER, "")
    assert taken.case_id == first.case_id
    async with database.read(system()) as work:
        row = await work.row("select state, failure from message where direction = 'out'")
    assert row == {"state": "failed", "failure": "bounced"}


async def test_blocked_senders_and_spam_wait_for_a_person_who_may_release_them(
    database: Database, mail_intake: MailIntake
) -> None:
    async with database.work(system()) as work:
        await mail_store.block(work, ORGANISATION, "@spam.example")
    raw = a_mail("buy", "x@spam.example")
    assert (await mail_intake.take(raw, OWNER)).put_aside == "blocked"
    assert (await mail_intake.take(raw, OWNER, released=True)).case_id


async def test_attachments_are_kept_with_their_message(database: Database, mail_intake: MailIntake) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "n@example.org", "help@power.example", "Photo"
    mail.set_content("see it")
    mail.add_attachment(
        b"\x89PNG\r\n\x1a\n" + b"x" * 600_000, maintype="image", subtype="png", filename="../../pole.png"
    )
    taken = await mail_intake.take(mail.as_bytes(), OWNER)
    async with database.read(system()) as work:
        message = (await contacts.messages_of(work, ORGANISATION, taken.case_id))[0]  # type: ignore[arg-type]
        (file,) = await contacts.attachments_of(work, ORGANISATION, [message.id])
        data = await read_file(work, ORGANISATION, file["file_id"])
    assert file["name"] == "pole.png" and file["media_type"] == "image/png" and len(data) == file["size"] == 600_008


async def test_rubbish_is_a_case_for_a_person_too(database: Database, mail_intake: MailIntake) -> None:
    taken = await mail_intake.take(b"\xff\xfe not a mail \x00 at all", OWNER)
    assert taken.case_id


async def test_a_mail_to_an_unknown_address_is_refused_for_that_address_alone(mail_intake: MailIntake) -> None:
    envelope = Envelope("neema@example.org", ("help@power.example", "nobody@power.example"), a_mail(), "lmtp")
    result = await mail_intake.deliver(envelope)
    assert list(result.refused) == ["nobody@power.example"] and not result.later


async def test_a_mail_about_a_phone_case_joins_when_the_reason_is_the_same_matter(
    database: Database, mail_intake: MailIntake
) -> None:
    async with database.work(system()) as work:
        called = await intake.take_contact(
            work,
            ORGANISATION,
            Contacting(channel="phone", text="dark", phone="+254712345678", email="neema@example.org"),
        )
    assert (await mail_intake.take(a_mail(), OWNER)).case_id == called.case.id
