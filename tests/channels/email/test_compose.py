"""Outgoing mail: the same bytes each time, whole words, and nothing that breaks out of its field."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.base.errors import Invalid
from ahadi.channels.email import Address, Attachment, AutomaticKind, OutgoingMail, compose
from tests.channels.email.mails import PDF, PNG, read

FIELDS = {
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Ahadi-Installation", "X-Ahadi-Hop", "Content-Language", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip


def outgoing(**changes: object) -> OutgoingMail:
    usual = OutgoingMail(
        message_id="token.message@power.example",
        sender=Address("Power care", "care@power.example"),
        to=(Address("Jane Wanjiru", "jane@customer.example"),),
        subject="Your lamp [PW-K7MQ2XC]",
        text="We have your request.\n",
        date=datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_a_mail_comes_back_as_it_was_meant() -> None:
    sent = outgoing(
        subject="Taa imezimika – 灯又坏了 – häßlich " * 5,
        text="Habari Jane,\n\n.\n..\nFrom us\ntrailing  \n灯 " + "x" * 3000 + "\n",
        html="<p>Habari <b>Jane</b> 灯</p>",
        cc=(Address('Ötieno, "the" O\'Neil', "otieno@customer.example"), Address("", "x@y.example")),
        reply_to=(Address("Care (Nairobi)", "care@power.example"),),
        attachments=(Attachment("Rechnung für März.pdf", "application/pdf", PDF),),
        in_reply_to=("one@customer.example",),
        references=("anchor@power.example", "one@customer.example"),
        language="sw-KE",
    )
    got = read(compose(sent))
    assert got.message_id == sent.message_id
    assert (got.sender, got.to, got.cc, got.reply_to) == (sent.sender, sent.to, sent.cc, sent.reply_to)
    assert got.subject == sent.subject.strip()
    assert got.text == sent.text.rstrip("\n")
    assert got.html == sent.html
    assert got.date == sent.date
    assert (got.in_reply_to, got.references) == (sent.in_reply_to, sent.references)
    assert [(each.name, each.data) for each in got.attachments] == [("Rechnung für März.pdf", PDF)]
    assert b"Content-Language: sw-KE\r\n" in compose(sent)


def test_the_standard_librarys_strict_reading_agrees() -> None:
    sent = outgoing(subject="Grüße " * 30, cc=(Address("Jäne, Ö", "j@x.example"),), html="<p>ä</p>")
    got = email.message_from_bytes(compose(sent), policy=policy.default)
    assert got["subject"] == sent.subject.strip()
    assert str(got["cc"]) == '"Jäne, Ö" <j@x.example>'
    assert not got.defects and not got["from"].defects and not got["cc"].defects
    body = got.get_body(("plain",))
    assert body is not None and body.get_content().replace("\r\n", "\n") == sent.text


def test_the_same_mail_is_the_same_bytes() -> None:
    sent = outgoing(html="<p>x</p>", attachments=(Attachment("a.pdf", "application/pdf", PDF),))
    assert compose(sent) == compose(replace(sent))
    assert compose(sent) != compose(replace(sent, message_id="other@power.example"))


def test_an_automatic_mail_says_so_and_silences_other_machines() -> None:
    got = read(compose(outgoing(automatic="auto-generated", installation="nairobi-1", hop=1)))
    assert got.automatic is not None and got.automatic.kind == AutomaticKind.GENERATED
    assert (got.installation, got.hops) == ("nairobi-1", 1)


def test_a_persons_mail_is_not_marked_automatic() -> None:
    got = read(compose(outgoing(installation="nairobi-1")))
    assert got.automatic is None
    assert got.installation == "nairobi-1"


def test_an_entry_for_a_calendar_says_what_it_asks_and_nothing_else_gets_in_with_it() -> None:
    """RFC 6047, 2.4: the method stands in the Content-Type as well."""
    asked = "text/calendar; method=REQUEST; charset=utf-8"
    smuggled = "text/calendar; method=REQUEST; name=x\r\nBcc: a@b.example"
    files = tuple(Attachment(f"{n}.ics", kind, b"BEGIN:VCALENDAR") for n, kind in enumerate((asked, smuggled)))
    sent = email.message_from_bytes(compose(outgoing(attachments=files)), policy=policy.default)
    parts = list(sent.iter_attachments())
    assert "Bcc" not in parts[1]
    assert [part.get_content_type() for part in parts] == ["text/calendar", "application/octet-stream"]
    assert parts[0].get_param("method") == "REQUEST"


def test_pictures_shown_in_the_html_travel_with_it() -> None:
    logo = Attachment("logo.png", "image/png", PNG, content_id="logo@x")
    got = read(compose(outgoing(html='<p><img src="cid:logo@x"></p>', attachments=(logo,))))
    assert 'src="cid:logo@x"' in got.html
    assert got.attachments[0].content_id == "logo@x" and got.attachments[0].inline


def test_domains_outside_ascii_are_written_so_that_every_server_reads_them() -> None:
    raw = compose(outgoing(to=(Address("Jane", "jane@müller.example"),)))
    assert b"jane@xn--mller-kva.example" in raw and raw.isascii()


def test_local_parts_outside_ascii_stay_as_they_are() -> None:
    raw = compose(outgoing(to=(Address("Jäne", "jäne@customer.example"),)))
    assert "<jäne@customer.example>".encode() in raw
    assert read(raw).to == (Address("Jäne", "jäne@customer.example"),)


def test_ids_from_strangers_that_cannot_be_written_are_left_out() -> None:
    raw = compose(
        outgoing(references=("anchor@power.example", "bäd@x.example", "a b@c", "x\r\nBcc: y@z"), in_reply_to=("é",))
    )
    assert read(raw).references == ("anchor@power.example",)
    assert b"In-Reply-To" not in raw


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ()},
        {"to": (Address("x", "not an address"),)},
        {"to": (Address("x", "a@b.example\r\nBcc: c@d.example"),)},
        {"to": (Address("x", "a@b.example>, <c@d.example"),)},
        {"sender": Address()},
        {"message_id": "no id"},
        {"message_id": ""},
        {"language": "en\r\nBcc: x"},
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        compose(outgoing(**changes))
    assert refused.value.sentence.endswith(".")
    assert "\n" not in refused.value.sentence


anything = st.text(st.characters(), max_size=80) | st.sampled_from(
    [
        "\r\nBcc: evil@x.example",
        "a\nb",
        "\r\r\n\r\n--b",
        "=?utf-8?q?=0D=0ABcc?=",
        "\x00",
        "\u2028Bcc: x",
        "\x85",
        "=_",
        "\ud800",
    ]
)


@settings(deadline=None)
@given(
    subject=anything,
    name=anything,
    text=anything,
    html=anything,
    file=anything,
    kind=anything,
    mark=anything,
    cid=anything,
)
def test_no_words_can_break_out_of_their_field(
    subject: str, name: str, text: str, html: str, file: str, kind: str, mark: str, cid: str
) -> None:
    raw = compose(
        outgoing(
            subject=subject,
            sender=Address(name, "care@power.example"),
            text=text,
            html=html,
            installation=mark,
            attachments=(Attachment(file, kind, b"data", content_id=cid),),
        )
    )
    assert raw.isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")
    header, _, body = raw.partition(b"\r\n\r\n")
    names = re.findall(rb"^([^\s:]+):", header, re.M)
    assert {each.decode() for each in names} <= FIELDS
    assert len(names) == len(set(names))
    assert all(len(each) <= 998 for each in raw.split(b"\r\n"))
    got = email.message_from_bytes(raw)
    leaves = [part.get_content_type() for part in got.walk() if not part.is_multipart()]
    assert leaves[0] == "text/plain" and len(leaves) == (3 if html else 2)
    assert b"\r\n--" in body


@settings(deadline=None)
@given(
    st.text(
        st.characters(
            exclude_categories=["Cs", "Cc"],
            exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029",
        )
    )
)
def test_any_words_arrive_as_they_were_written(words: str) -> None:
    assert read(compose(outgoing(text=words))).text == words.strip("\n")
    assert read(compose(outgoing(subject=words))).subject == " ".join(words.split())[:500].rstrip()
