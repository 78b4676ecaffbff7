"""Machines, delivery reports and spam, told by what a mail says of itself."""

import pytest

from ahadi.channels.email import AutomaticKind, BouncedRecipient
from tests.channels.email.mails import html, mail, multipart, part, read, text

AUTOMATIC = [
    ("Auto-Submitted: auto-replied", AutomaticKind.REPLIED),
    ("Auto-Submitted: auto-generated (rejected)", AutomaticKind.GENERATED),
    ("Auto-Submitted: Auto-Replied; vacation", AutomaticKind.REPLIED),
    ("Auto-Submitted: auto-notified", AutomaticKind.GENERATED),
    ("X-Autoreply: yes", AutomaticKind.REPLIED),
    ("X-Autorespond: out", AutomaticKind.REPLIED),
    ("Precedence: bulk", AutomaticKind.BULK),
    ("Precedence: junk", AutomaticKind.BULK),
    ("Precedence: LIST", AutomaticKind.LIST),
    ("Precedence: auto_reply", AutomaticKind.REPLIED),
    ("List-Id: <news.shop.example>", AutomaticKind.LIST),
    ("List-Unsubscribe: <https://shop.example/stop>", AutomaticKind.LIST),
    ("X-Auto-Response-Suppress: All", AutomaticKind.SUPPRESSED),
    ("X-Auto-Response-Suppress: DR, OOF, AutoReply", AutomaticKind.SUPPRESSED),
    ("Return-Path: <>", AutomaticKind.NULL_SENDER),
]


@pytest.mark.parametrize(("field", "kind"), AUTOMATIC)
def test_a_machine_is_known_by_its_fields(field: str, kind: AutomaticKind) -> None:
    automatic = read(mail("x", field)).automatic
    assert automatic is not None
    assert automatic.kind == kind
    assert automatic.evidence


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: normal",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-Autoreply: no",
        "Return-Path: <jane@customer.example>",
        "Importance: high",
    ],
)
def test_a_person_is_not_taken_for_a_machine(field: str) -> None:
    assert read(mail("x", field)).automatic is None


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office: Re: Your lamp",
        "Automatic reply: Your lamp",
        "Automatische Antwort: Ihre Lampe",
        "Abwesenheitsnotiz",
        "Réponse automatique : Votre lampe",
        "Respuesta automática: su lámpara",
        "Jibu la moja kwa moja: Taa yako",
        "自动回复：您的灯",
    ],
)
def test_absence_is_known_by_the_subject(subject: str) -> None:
    automatic = read(mail(Subject=subject)).automatic
    assert automatic is not None and automatic.kind == AutomaticKind.OUT_OF_OFFICE


@pytest.mark.parametrize(
    "subject",
    ["Re: Automatic reply: Your lamp", "Out of office hours, whom do I call?", "Automatic replying machine broken"],
)
def test_a_subject_that_only_speaks_of_absence_is_a_persons(subject: str) -> None:
    assert read(mail(Subject=subject)).automatic is None


@pytest.mark.parametrize("address", ["no-reply@shop.example", "noreply+7@shop.example", "do_not_reply@shop.example"])
def test_an_address_nobody_reads_is_known(address: str) -> None:
    automatic = read(mail(From=address)).automatic
    assert automatic is not None and automatic.kind == AutomaticKind.NO_REPLY


def test_a_name_that_merely_begins_like_it_is_a_persons() -> None:
    assert read(mail(From="norepla@shop.example")).automatic is None
    assert read(mail(From="noreen@shop.example")).automatic is None


def test_a_read_receipt_and_a_complaint_are_no_letters() -> None:
    for kind, found in (
        ("disposition-notification", AutomaticKind.RECEIPT),
        ("feedback-report", AutomaticKind.COMPLAINT),
    ):
        report = part("Final-Recipient: rfc822; a@b.example\r\n", Content_Type=f"message/{kind}")
        automatic = read(multipart(f"report; report-type={kind}", text("Read."), report)).automatic
        assert automatic is not None and automatic.kind == found


def delivery_report(*blocks: str, original: bytes = b"", human: str = "Sorry, it could not be delivered.") -> bytes:
    status = "Reporting-MTA: dns; mx.customer.example\r\n\r\n" + "\r\n\r\n".join(blocks)
    parts = [text(human), part(status, Content_Type="message/delivery-status")]
    parts += [original] if original else []
    return multipart(
        'report; report-type="delivery-status"',
        *parts,
        From="Mail system <MAILER-DAEMON@mx.customer.example>",
        Subject="Undelivered Mail Returned to Sender",
        Auto_Submitted="auto-replied",
        Return_Path="<>",
    )


FAILED = (
    "Final-Recipient: rfc822; jane@customer.example\r\nAction: failed\r\nStatus: 5.1.1 (no such user)\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <jane@customer.example>:\r\n Recipient address rejected"
)


def test_a_delivery_report_says_who_was_not_reached_and_why() -> None:
    original = part(mail("words", Message_ID="<ours.1@power.example>"), Content_Type="message/rfc822")
    bounce = read(delivery_report(FAILED, original=original)).bounce
    assert bounce is not None
    assert bounce.recipients == (
        BouncedRecipient(
            "jane@customer.example",
            "failed",
            "5.1.1",
            "550 5.1.1 <jane@customer.example>: Recipient address rejected",
        ),
    )
    assert bounce.original_message_id == "ours.1@power.example"
    assert bounce.permanent and bounce.failed


def test_the_original_may_come_as_its_header_only() -> None:
    header = part(
        "From: care@power.example\r\nMessage-ID: <ours.2@power.example>\r\n", Content_Type="text/rfc822-headers"
    )
    bounce = read(delivery_report(FAILED, original=header)).bounce
    assert bounce is not None and bounce.original_message_id == "ours.2@power.example"


def test_a_delay_is_not_a_failure() -> None:
    bounce = read(delivery_report(FAILED.replace("failed", "delayed").replace("5.1.1", "4.4.1"))).bounce
    assert bounce is not None
    assert not bounce.failed and not bounce.permanent


def test_a_full_mailbox_is_a_failure_that_may_pass() -> None:
    bounce = read(delivery_report(FAILED.replace("5.1.1", "4.2.2"))).bounce
    assert bounce is not None and bounce.failed and not bounce.permanent


def test_several_recipients_are_reported_each() -> None:
    bounce = read(delivery_report(FAILED, FAILED.replace("jane", "otieno"))).bounce
    assert bounce is not None
    assert [each.address for each in bounce.recipients] == ["jane@customer.example", "otieno@customer.example"]


def test_exims_reports_are_read() -> None:
    human = "A message that you sent was not delivered.\n\n--- A copy\n\nMessage-ID: <ours.3@power.example>\n"
    report = mail(human, "X-Failed-Recipients: jane@customer.example", From="Mailer-Daemon@mx.customer.example")
    bounce = read(report).bounce
    assert bounce is not None
    assert bounce.recipients[0] == BouncedRecipient("jane@customer.example", "failed")
    assert bounce.original_message_id == "ours.3@power.example"


def test_a_report_in_free_words_from_a_mail_system_is_still_one() -> None:
    report = mail(
        "Hi. This is the mail program. I could not deliver.\n\n> Message-Id: <ours.4@power.example>\n",
        "Return-Path: <>",
        From="MAILER-DAEMON@old.example",
        Subject="failure notice",
    )
    bounce = read(report).bounce
    assert bounce is not None
    assert bounce.recipients == () and bounce.original_message_id == "ours.4@power.example" and bounce.failed


def test_a_person_who_writes_of_a_delivery_failure_is_a_person() -> None:
    assert read(mail("My parcel", Subject="Delivery failure, again")).bounce is None


def test_a_broken_report_is_still_a_report() -> None:
    bounce = read(multipart("report; report-type=delivery-status", html("<p>x</p>"))).bounce
    assert bounce is not None and bounce.recipients == () and bounce.original_message_id == ""


@pytest.mark.parametrize(
    ("fields", "flagged", "score"),
    [
        (["X-Spam-Flag: YES", "X-Spam-Status: Yes, score=15.2 required=5.0 tests=X"], True, 15.2),
        (["X-Spam-Status: No, score=-1.9 required=5.0"], False, -1.9),
        (["X-Spam-Status: Yes, hits=7"], True, 7.0),
        (["X-Spam: Yes"], True, None),
        (["X-Spam-Flag: NO"], False, None),
        (["X-Spam-Flag: YES", "X-Spam-Flag: NO"], True, None),
    ],
)
def test_the_filter_in_front_is_believed_where_there_is_one(
    fields: list[str], flagged: bool, score: float | None
) -> None:
    spam = read(mail("x", *fields), spam_filter_in_front=True).spam
    assert spam is not None and spam.flagged == flagged and spam.score == score


def test_without_a_filter_in_front_nobodys_word_counts() -> None:
    assert read(mail("x", "X-Spam-Flag: NO")).spam is None
    assert read(mail("x"), spam_filter_in_front=True).spam is None
