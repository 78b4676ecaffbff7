"""Any bytes at all become a `Mail` whose texts are sound."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ahadi.channels.email import Mail, Signed, claims, may_answer, verifier
from tests.channels.email.mails import JPEG, delivery, file, html, mail, multipart, part, read, text

VERIFY = verifier([b"k" * 32])

SEEDS = [
    mail("Häuser\r\n", Content_Type="text/plain; charset=iso-8859-1"),
    multipart("mixed", text("Plain"), html("<p>Rich <img src='http://x'></p>"), file(JPEG, "a.jpg", "image/jpeg")),
    multipart("mixed", text("x"), part(mail("inside"), Content_Type="message/rfc822")),
    multipart("alternative", text("x", Content_Type="text/plain; format=flowed"), html("<table><td>x")),
    delivery(),
    mail("> a\r\n\r\nOn 1 wrote:\r\n> b", "Authentication-Results: mx.power.example; dmarc=pass header.from=a.b"),
]
PIECES = [
    b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b"--b0", b"--b0--", b";", b'"', b"=", b"?=", b"=?utf-8?b?", b"<", b">",
    b"Content-Type: multipart/mixed; boundary=b0\r\n", b"Content-Type: message/rfc822\r\n", b"Content-Type: ",
    b"Content-Transfer-Encoding: base64\r\n", b"charset=utf-7", b"charset=idna", b"From: ", b"name*0*=", b"filename*1=",
    b"Content-Type: message/delivery-status\r\n\r\n", b"boundary=", b"\xe2\x80\xae", b"begin 644 x\n", b"@", b",",
    b"Date: ", b"(",
]  # fmt: skip


@st.composite
def broken_mails(draw: st.DrawFn) -> bytes:
    """A real mail with pieces cut out and others put in."""
    raw = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at, until = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        until = min(until, at + draw(st.integers(0, 60)))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=20))
        raw = raw[:at] + piece + raw[until:]
    return raw


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from texts_in(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from texts_in(getattr(value, each.name))


def must_be_sound(found: Mail) -> None:
    for each in texts_in(found):
        each.encode("utf-8")
        assert not set(each) & set("\x00\x07\x1b\r\u202e\ufeff")
    for each in (found.subject, found.sender.name, found.message_id, *(a.name for a in found.attachments)):
        assert "\n" not in each
    may_answer(found, 0, installation="x")
    assert all(isinstance(each, Signed) for each in claims(found, VERIFY).signed)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    must_be_sound(read(raw, spam_filter_in_front=True))


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(broken_mails())
def test_any_broken_mail_is_read(raw: bytes) -> None:
    must_be_sound(read(raw, spam_filter_in_front=True))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=10), max_size=60))
def test_any_heap_of_mail_pieces_is_read(pieces: list[bytes]) -> None:
    must_be_sound(read(b"".join(pieces)))


@settings(deadline=None)
@given(
    st.text(st.characters(max_codepoint=0x10FFFF), max_size=200),
    st.sampled_from(["From", "To", "Subject", "Message-ID"]),
)
def test_any_words_in_a_field_are_read(words: str, field: str) -> None:
    must_be_sound(
        read(mail(b"x", field.encode() + b": " + words.encode("utf-8", "surrogatepass").replace(b"\n", b" ")))
    )
