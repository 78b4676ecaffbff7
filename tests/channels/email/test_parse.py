"""What is read out of a mail: words, people, files, mails inside it."""

from datetime import UTC, datetime

import pytest

from ahadi.channels.email import Address, Limits
from tests.channels.email.mails import JPEG, PDF, PNG, file, html, inner, mail, multipart, nested, part, read, text


def test_a_simple_mail_is_read_whole() -> None:
    read_one = read(mail("The lamp at our gate is dark again.\r\n\r\nJane\r\n"))
    assert read_one.message_id == "one@customer.example"
    assert read_one.sender == Address("Jane Wanjiru", "jane@customer.example")
    assert read_one.to == (Address("Power care", "care@power.example"),)
    assert read_one.subject == "Lamp"
    assert read_one.date == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert read_one.text == "The lamp at our gate is dark again.\n\nJane"
    assert read_one.reply_text == read_one.text
    assert read_one.html == ""
    assert read_one.defects == ()
    assert read_one.automatic is None and read_one.bounce is None


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("Häuser".encode("latin-1"), "text/plain; charset=iso-8859-1", "Häuser"),
        ("Häuser".encode(), "text/plain; charset=iso-8859-1", "Häuser"),  # wrong label, plainly UTF-8
        ("Häuser".encode("latin-1"), "text/plain; charset=utf-8", "Häuser"),  # wrong label the other way round
        ("Häuser".encode("latin-1"), "text/plain", "Häuser"),
        ("Häuser".encode("latin-1"), "text/plain; charset=us-ascii", "Häuser"),
        ("Häuser".encode("latin-1"), "text/plain; charset=x-unknown-7", "Häuser"),
        ("Häuser".encode("latin-1"), 'text/plain; charset="', "Häuser"),
        ("Häuser".encode(), "text/plain; charset=unicode_escape", "Häuser"),
        ("“so”–said €5".encode("cp1252"), "text/plain; charset=iso-8859-1", "“so”–said €5"),
        ("Привет, нет света".encode("koi8-r"), "text/plain; charset=koi8-r", "Привет, нет света"),
        ("电费太高了".encode("gb18030"), "text/plain; charset=gb2312", "电费太高了"),
        ("電気がつかない".encode("iso2022_jp"), "text/plain; charset=ISO-2022-JP", "電気がつかない"),
        ("電気がつかない".encode("shift_jis"), "text/plain; charset=x-sjis", "電気がつかない"),
        ("전기가 나갔어요".encode("cp949"), "text/plain; charset=ks_c_5601-1987", "전기가 나갔어요"),
        ("الكهرباء مقطوعة".encode("cp1256"), "text/plain; charset=windows-1256", "الكهرباء مقطوعة"),
        ("ไฟดับ".encode("cp874"), "text/plain; charset=tis-620", "ไฟดับ"),
        ("Taa".encode("utf-16"), "text/plain; charset=utf-16", "Taa"),
        (b"Taa", "text/plain; charset=utf-16", "Taa"),
        ("\ufeffTaa".encode(), "text/plain; charset=utf-8", "Taa"),
        (b"Taa\x00 imezimika\x07\x1b[2J", "text/plain; charset=utf-8", "Taa imezimika[2J"),
    ],
)
def test_words_are_read_in_any_charset_declared_or_not(body: bytes, content_type: str, expected: str) -> None:
    assert read(mail(body, Content_Type=content_type, Content_Transfer_Encoding="8bit")).text == expected


def test_utf_8_with_a_broken_place_stays_utf_8() -> None:
    body = "Strom fällt täglich aus, schon wieder! ".encode() * 20 + b"\xff" + "Grüße".encode()
    assert read(mail(body, Content_Type="text/plain; charset=utf-8")).text.endswith("�Grüße")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("=?utf-8?q?H=C3=A4user?=", "Häuser"),
        ("=?UTF-8?B?SMOkdXNlcg==?=", "Häuser"),
        ("=?UTF-8?B?SMOkdXNlcg?=", "Häuser"),  # padding left out
        ("=?utf-8?Q?H=C3?= =?utf-8?Q?=A4user?=", "Häuser"),  # cut through a character
        ("=?utf-8?q?Kein?=\r\n =?utf-8?q?_Strom?=", "Kein Strom"),
        ("=?utf-8?q?Kein?= Strom =?utf-8?q?heute?=", "Kein Strom heute"),
        ("=?utf-8?q?Kein Strom?=", "Kein Strom"),  # spaces are not allowed there and are common
        ("=?utf-8*de?q?Kein?=", "Kein"),
        ("=?x-none?q?Kein?=", "Kein"),
        ("=?utf-8?x?Kein?=", "=?utf-8?x?Kein?="),
        ("=?iso-2022-jp?B?GyRCRUVOTxsoQg==?=", "電力"),
        ("Kein\r\n\t  Strom", "Kein Strom"),
        ("a\x00b\x08c", "abc"),
        ("\u202eevil\u202c", "evil"),
        ("x" * 5000, "x" * 500),
    ],
)
def test_subjects_are_decoded_and_stand_on_one_line(written: str, expected: str) -> None:
    assert read(mail(Subject=written)).subject == expected


def test_a_subject_in_raw_eight_bit_is_read() -> None:
    assert read(mail("x", "Subject: Kein Strom für Häuser".encode("latin-1"), Subject="")).subject == (
        "Kein Strom für Häuser"
    )
    assert read(mail("x", "Subject: Hakuna umeme – tena".encode(), Subject="")).subject == "Hakuna umeme – tena"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("jane@customer.example", "", "jane@customer.example"),
        ("<jane@Customer.EXAMPLE>", "", "jane@customer.example"),
        ('"Wanjiru, Jane" <jane@customer.example>', "Wanjiru, Jane", "jane@customer.example"),
        ("jane@customer.example (Jane W)", "Jane W", "jane@customer.example"),
        ("=?utf-8?q?J=C3=A4ne?= <jane@customer.example>", "Jäne", "jane@customer.example"),
        (
            "=?utf-8?q?boss=40power=2Eexample=2C?= <jane@customer.example>",
            "boss@power.example,",
            "jane@customer.example",
        ),
        ("=?utf-8?q?a=3Cboss=40power=2Eexample=3E?= <j@c.example>", "a<boss@power.example>", "j@c.example"),
        ('"boss@power.example" <jane@customer.example>', "boss@power.example", "jane@customer.example"),
        ('"Jane <jane@customer.example>', "Jane", "jane@customer.example"),  # a quotation mark never closed
        ("'Jane' <jane@customer.example>", "Jane", "jane@customer.example"),
        ('"jane o\\"neil" <jane@customer.example>', 'jane o"neil', "jane@customer.example"),
        ('<"jane doe"@customer.example>', "", '"jane doe"@customer.example'),
        ("<@relay.example,@b.example:jane@customer.example>", "", "jane@customer.example"),
        ("Jane <jane@müller.example>", "Jane", "jane@müller.example"),
        ("Jane <jane@[192.0.2.1]>", "Jane", "jane@[192.0.2.1]"),
        # What could be read in two ways is read in none.
        ("jane@customer.example <boss@power.example> <x@y.example>", "jane@customer.example", ""),
        ("jane@customer.example)boss@power.example", "jane@customer.exampleboss@power.example", ""),
        ("jane@customer.example boss@power.example", "jane@customer.example boss@power.example", ""),
        ("Jane", "Jane", ""),
        ("", "", ""),
        ("<>", "", ""),
    ],
)
def test_the_sender_is_read_or_said_to_be_unknown(written: str, name: str, address: str) -> None:
    assert read(mail(From=written)).sender == Address(name, address)


def test_a_mail_without_a_from_field_comes_from_its_sender_field_or_its_envelope() -> None:
    assert read(mail(From="", Sender="jane@customer.example")).sender.address == "jane@customer.example"
    assert read(mail(From=""), envelope_from="jane@customer.example").sender.address == "jane@customer.example"
    assert read(mail(From="Jane"), envelope_from="j@customer.example").sender == Address("Jane", "j@customer.example")


def test_a_mail_that_names_two_senders_says_so_and_proves_neither() -> None:
    proved = "Authentication-Results: mx.power.example; dmarc=pass header.from=customer.example"
    twice = read(mail("x", proved, "From: boss@power.example"))
    assert twice.sender.address == "boss@power.example"
    assert not twice.authentication.vouches_for(Address("", "jane@customer.example"))
    assert "more than one sender" in twice.defects[0]
    assert "more than one sender" in read(mail(From="a@b.example, c@d.example")).defects[0]


def test_lists_of_recipients_are_cut_at_the_right_commas() -> None:
    found = read(
        mail(
            To='"Wanjiru, Jane" <a@x.example>, Team: b@x.example, =?utf-8?q?=2C?= <c@x.example>; d@x.example',
            Cc="undisclosed-recipients:;, <e@x.example>",
            Reply_To="f@x.example",
        )
    )
    assert [each.address for each in found.to] == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
    assert [each.address for each in found.cc] == ["e@x.example"]
    assert [each.address for each in found.reply_to] == ["f@x.example"]


def test_the_envelope_tells_the_return_path_and_a_broken_one_is_not_the_null_sender() -> None:
    assert read(mail("x", "Return-Path: <jane@customer.example>")).return_path == "jane@customer.example"
    assert read(mail("x", "Return-Path: <>")).return_path == ""
    assert read(mail("x", "Return-Path: garbage here")).return_path is None
    assert read(mail()).return_path is None
    assert read(mail("x", "Return-Path: <a@b.example>"), envelope_from="").return_path == ""


def test_a_thread_is_read_from_its_references() -> None:
    read_one = read(
        mail(
            "x",
            "In-Reply-To: Your message of Monday <two@power.example>",
            "References: <zero@power.example>\r\n\t<one@power.example> <two@power.example>",
        )
    )
    assert read_one.in_reply_to == ("two@power.example",)
    assert read_one.references == ("zero@power.example", "one@power.example", "two@power.example")


def test_of_endless_references_the_first_and_the_nearest_are_kept() -> None:
    many = " ".join(f"<{n}@power.example>" for n in range(500))
    kept = read(mail("x", f"References: {many}"), limits=Limits(references=10)).references
    assert kept == ("0@power.example", *(f"{n}@power.example" for n in range(491, 500)))


def test_of_two_forms_of_the_same_words_both_are_kept() -> None:
    read_one = read(multipart("alternative", text("Plain words"), html("<p>Rich <b>words</b></p>")))
    assert read_one.text == "Plain words"
    assert read_one.html == "<p>Rich <b>words</b></p>"


def test_the_plain_form_is_made_from_the_html_where_it_is_missing_or_blank() -> None:
    written = html("<p>Taa&nbsp;imezimika.</p><ul><li>gate</li><li>shop</li></ul>")
    for raw in (multipart("alternative", text("  \r\n"), written), multipart("mixed", written)):
        assert read(raw).text == "Taa imezimika.\n\n- gate\n- shop"


def test_a_mail_of_html_alone_is_read() -> None:
    raw = mail("<html><head><title>no</title></head><body>Hello<br>there</body></html>", Content_Type="text/html")
    assert read(raw).text == "Hello\nthere"


def test_a_charset_named_only_inside_the_html_counts() -> None:
    body = '<html><meta charset="koi8-r"><p>нет света</p></html>'.encode("koi8-r")
    assert read(mail(body, Content_Type="text/html")).text == "нет света"


def test_words_before_and_after_a_picture_are_all_kept_as_apple_mail_sends_them() -> None:
    picture = file(JPEG, "meter.jpg", "image/jpeg", Content_Disposition="inline; filename=meter.jpg")
    read_one = read(multipart("mixed", text("Here is the meter:"), picture, text("It reads 1234.")))
    assert read_one.text == "Here is the meter:\n\nIt reads 1234."
    assert [(each.name, each.media_type, each.inline) for each in read_one.attachments] == [
        ("meter.jpg", "image/jpeg", True)
    ]


def test_words_in_plain_and_in_html_follow_each_other_in_both_forms() -> None:
    read_one = read(multipart("mixed", html("<p>First</p>"), text("Then <this>")))
    assert read_one.text == "First\n\nThen <this>"
    assert read_one.html == "<p>First</p>\n<p>Then &lt;this&gt;</p>"


def test_pictures_inside_html_are_kept_as_references_to_their_files() -> None:
    related = nested(
        "related",
        html('<p>See <img src="cid:meter%40x" alt="meter"></p>'),
        file(PNG, "m.png", "image/png", Content_ID="<meter@x>", Content_Disposition="inline"),
        boundary="r1",
    )
    read_one = read(multipart("alternative", text("See"), related))
    assert 'src="cid:meter@x"' in read_one.html
    assert read_one.attachments[0].content_id == "meter@x"
    assert read_one.attachments[0].inline
    assert read_one.attachments[0].name == "attachment.png"


def test_format_flowed_paragraphs_are_put_together_again() -> None:
    body = (
        "The lamp at our gate \r\nis dark \r\nagain.\r\n\r\n  indented\r\n> you wrote \r\n> this\r\n>> and I that\r\n"
        "Goodbye\r\n-- \r\nJane\r\n"
    )
    read_one = read(mail(body, Content_Type="text/plain; charset=utf-8; format=flowed"))
    assert read_one.text == (
        "The lamp at our gate is dark again.\n\n indented\n> you wrote this\n> > and I that\nGoodbye\n-- \nJane"
    )


def test_format_flowed_with_deleted_spaces_joins_words() -> None:
    body = "電気が \r\nつかない\r\n"
    flowed = "text/plain; charset=utf-8; format=flowed; delsp=yes"
    assert read(mail(body, Content_Type=flowed)).text == "電気がつかない"


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('attachment; filename="bill.pdf"', "bill.pdf"),
        ("attachment; filename=bill.pdf", "bill.pdf"),
        ("attachment; filename*=utf-8''Rechnung%20f%C3%BCr%20M%C3%A4rz.pdf", "Rechnung für März.pdf"),
        ("attachment; filename*=iso-8859-1'de'M%E4rz.pdf", "März.pdf"),
        ('attachment; filename*0="a very "; filename*1=long.pdf', "a very long.pdf"),
        ("attachment; filename*0*=utf-8''M%C3%A4; filename*1*=rz.pdf", "März.pdf"),
        ("attachment; filename=\"M_rz.pdf\"; filename*=utf-8''M%C3%A4rz.pdf", "März.pdf"),
        ('attachment; filename="=?utf-8?q?M=C3=A4rz=2Epdf?="', "März.pdf"),
        ('attachment; filename="März.pdf"', "März.pdf"),
        ("attachment; filename*99999999999999999999=x; filename=bill.pdf", "bill.pdf"),
        ('attachment; filename="C:\\\\Users\\\\jane\\\\bill.pdf"', "bill.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="bill\u202efdp.exe"', "billfdp.exe"),
        ("attachment", "attachment.pdf"),
    ],
)
def test_files_keep_the_names_they_were_given_made_safe(disposition: str, expected: str) -> None:
    read_one = read(multipart("mixed", text("x"), file(PDF, "", "application/pdf", Content_Disposition=disposition)))
    assert [each.name for each in read_one.attachments] == [expected]
    assert read_one.attachments[0].data == PDF


def test_files_of_the_same_name_are_told_apart() -> None:
    read_one = read(multipart("mixed", *(file(JPEG, name, "image/jpeg") for name in ("a.jpg", "A.jpg", "a.jpg"))))
    assert [each.name for each in read_one.attachments] == ["a.jpg", "A (2).jpg", "a (3).jpg"]


def test_a_file_that_is_too_large_is_named_but_not_kept() -> None:
    limits = Limits(attachment=1000, attachments_together=1500, attachments=3)
    files = [file(PDF + bytes(size), f"{n}.pdf") for n, size in enumerate((2000, 900, 900, 10, 10, 10))]
    kept = read(multipart("mixed", text("x"), *files), limits=limits).attachments
    assert [bool(each.data) for each in kept] == [False, True, False, True, True, False]
    assert all(each.left_out.endswith("ask for it.") or "of its own" in each.left_out for each in kept if not each.data)
    assert kept[0].size == len(PDF) + 2000


def test_words_too_long_to_show_are_cut_and_kept_as_a_file() -> None:
    read_one = read(mail("long " * 1000, Content_Type="text/plain"), limits=Limits(text=100))
    assert len(read_one.text) <= 100
    assert len(read_one.attachments[0].data) == 5000
    assert read_one.defects == ("The mail's text is too long to be shown whole; all of it is attached.",)


def test_a_forwarded_mail_is_read_and_kept_as_a_file() -> None:
    original = mail(
        inner((text("We never got the bill."), file(PDF, "bill.pdf")), "i1"),
        Content_Type='multipart/mixed; boundary="i1"',
        From="Otieno <otieno@customer.example>",
        Subject="Bill",
    )
    wrapped = part(original, Content_Type="message/rfc822", Content_Disposition="attachment; filename=x.eml")
    read_one = read(multipart("mixed", text("Please see below."), wrapped))
    assert read_one.text == "Please see below."
    (inside,) = read_one.forwarded
    assert inside.sender.address == "otieno@customer.example"
    assert (inside.subject, inside.text) == ("Bill", "We never got the bill.")
    assert [each.name for each in inside.attachments] == ["bill.pdf"]
    assert inside.source.name == "Bill.eml"
    assert b"otieno@customer.example" in inside.source.data
    assert read_one.attachments == ()


def test_a_forward_inside_a_forward_is_read_too() -> None:
    innermost = mail("Deep words", Subject="Deep")
    middle = multipart("mixed", text("Middle words"), part(innermost, Content_Type="message/rfc822"), boundary="m1")
    read_one = read(multipart("mixed", text("Outer"), part(middle, Content_Type="message/rfc822"), boundary="o1"))
    assert [each.text for each in read_one.forwarded] == ["Middle words", "Deep words"]


def test_a_signed_mail_is_readable_and_its_signature_a_file() -> None:
    signature = file(b"0\x80\x06", "smime.p7s", "application/pkcs7-signature")
    protocol = 'signed; protocol="application/pkcs7-signature"; micalg=sha-256'
    read_one = read(multipart(protocol, text("Signed words"), signature))
    assert read_one.text == "Signed words"
    assert read_one.attachments[0].media_type == "application/pkcs7-signature"


def test_a_sealed_mail_is_kept_and_said_to_be_sealed() -> None:
    sealed = mail(
        "MIAGCSqGSIb3", Content_Type="application/pkcs7-mime; name=smime.p7m", Content_Transfer_Encoding="base64"
    )
    read_one = read(sealed)
    assert read_one.attachments[0].name == "smime.p7m"
    assert "encrypted or sealed" in read_one.defects[0]


def test_outlooks_bundle_stays_a_file() -> None:
    bundle = file(b"\x78\x9f\x3e\x22" + bytes(20), "winmail.dat", "application/ms-tnef")
    read_one = read(multipart("mixed", text("x"), bundle))
    assert [(each.name, each.media_type) for each in read_one.attachments] == [("winmail.dat", "application/ms-tnef")]


def test_an_invitation_becomes_a_file_that_can_be_opened() -> None:
    invitation = text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", Content_Type="text/calendar; method=REQUEST")
    read_one = read(multipart("alternative", text("Come"), invitation))
    assert [(each.name, each.media_type) for each in read_one.attachments] == [("attachment.ics", "text/calendar")]


@pytest.mark.parametrize("body", ["", "\r\n", "   \r\n\r\n"])
def test_an_empty_mail_is_a_mail(body: str) -> None:
    read_one = read(mail(body))
    assert read_one.text == read_one.html == read_one.reply_text == ""
    assert read_one.subject == "Lamp"


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"no header at all, just words", b"\xff\xfe\x00", b"From \n\n", b"\r\n\r\nbody"]
)
def test_what_is_hardly_a_mail_is_read_as_far_as_it_goes(raw: bytes) -> None:
    read_one = read(raw)
    assert read_one.sender == Address()
    assert read_one.message_id == ""


def test_a_mail_whose_parts_have_no_boundary_keeps_its_words() -> None:
    read_one = read(mail("Words all the same\r\n", Content_Type="multipart/mixed"))
    assert read_one.text == "Words all the same"


def test_a_mail_cut_short_keeps_what_arrived() -> None:
    whole = multipart("mixed", text("The lamp is dark."), file(PDF, "bill.pdf"))
    read_one = read(whole[: whole.index(b"JVBERi") + 20])
    assert read_one.text == "The lamp is dark."
    assert [each.name for each in read_one.attachments] == ["bill.pdf"]


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "x-uuencode", "7bit", "nonsense", "BASE64 "])
def test_a_wrong_transfer_encoding_never_stops_a_mail(coding: str) -> None:
    assert read(mail("Words = that are not &&& coded =ZZ \xff", Content_Transfer_Encoding=coding)).subject == "Lamp"


def test_the_body_with_a_file_name_of_its_own_is_still_the_body() -> None:
    assert read(mail("Words", Content_Type='text/plain; name="body.txt"')).text == "Words"


def test_a_text_file_that_was_attached_is_a_file() -> None:
    read_one = read(multipart("mixed", text("Words"), file(b"log line", "log.txt", "text/plain")))
    assert read_one.text == "Words"
    assert [(each.name, each.media_type) for each in read_one.attachments] == [("log.txt", "text/plain")]


def test_the_marks_of_our_own_mail_are_read() -> None:
    read_one = read(mail("x", "X-Ahadi-Installation: nairobi-1", "X-Ahadi-Hop: 2"))
    assert (read_one.installation, read_one.hops) == ("nairobi-1", 2)
    assert read(mail("x", "X-Ahadi-Hop: ²٣99999999999")).hops == 0


def test_where_a_hosted_mailbox_was_reached_is_read() -> None:
    raw = mail("x", "Delivered-To: care+net@power.example", "X-Original-To: help@power.example")
    assert read(raw).delivered_to == ("care+net@power.example", "help@power.example")


class TestHostileStructure:
    def test_a_bomb_of_nested_parts_is_kept_whole_with_its_first_words(self) -> None:
        bomb = b"From: a@b.example\r\n" + b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)
        )
        read_one = read(bomb)
        assert read_one.sender.address == "a@b.example"
        assert read_one.attachments[0].data == bomb
        assert "nested too deeply" in read_one.defects[0]
        assert read_one.text.startswith("--b0")

    def test_a_bomb_of_mails_in_mails_is_kept_whole(self) -> None:
        assert "nested too deeply" in read(b"Content-Type: message/rfc822\r\n\r\n" * 3000).defects[0]

    def test_nesting_just_beyond_what_is_shown_becomes_a_file(self) -> None:
        deep = text("hidden words")
        for n in range(70):
            deep = nested("mixed", deep, boundary=f"n{n}")
        read_one = read(multipart("mixed", text("Words"), deep))
        assert read_one.text == "Words"
        assert b"hidden words" in read_one.attachments[0].data
        assert "nested too deeply" in read_one.defects[0]

    def test_a_bomb_of_digests_is_survived(self) -> None:
        bomb = b"".join(
            b"Content-Type: multipart/digest; boundary=b%d\r\n\r\n--b%d\r\n\r\n" % (n, n) for n in range(180)
        )
        assert read(bomb).defects

    def test_a_bomb_of_parts_is_kept_whole(self) -> None:
        bomb = multipart("mixed", *[text("x")] * 1000)
        read_one = read(bomb)
        assert read_one.attachments[0].data == bomb
        assert "too many parts" in read_one.defects[0]

    def test_a_header_of_megabytes_is_not_taken_apart(self) -> None:
        read_one = read(b"From: a@b.example\r\n" + b"X-Filler: " + b"x" * 3_000_000 + b"\r\n\r\nWords")
        assert read_one.sender.address == "a@b.example"
        assert "header is far too long" in read_one.defects[0]

    def test_millions_of_lines_are_not_taken_apart(self) -> None:
        assert read(b"From: a@b.example\n\n" + b"\n" * 2_000_000).attachments
