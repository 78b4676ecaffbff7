"""Files: names that can be saved anywhere, types that can be served."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ahadi.channels.email.attachments import UNKNOWN, clean_name, media_type
from tests.channels.email.mails import JPEG, PDF, PNG


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("bill.pdf", "bill.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\evil.dll", "evil.dll"),
        ("C:\\bill.pdf", "bill.pdf"),
        ("bill.pdf/", "attachment"),
        ("..", "attachment"),
        (".", "attachment"),
        ("", "attachment"),
        (".htaccess", "htaccess"),
        ("bill.pdf. . .", "bill.pdf"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1.pdf", "_COM1.pdf"),
        ("bill\u200b.pdf", "bill.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("bi\x00ll\r\n.pdf", "bill.pdf"),
        ("a\u2028b.pdf", "a b.pdf"),
        ("bill<script>.pdf", "bill_script_.pdf"),
        ('a"b|c?d*e.pdf', "a_b_c_d_e.pdf"),
        ("bill.pdf:hidden.exe", "bill.pdf_hidden.exe"),
        ("bill∕..∕x.pdf", "x.pdf"),
        ("Rechnung für März.pdf", "Rechnung für März.pdf"),
        ("ankara\u0301.pdf", "ankará.pdf"),
        ("领据.pdf", "领据.pdf"),
        ("  a   b .pdf ", "a b.pdf"),
    ],
)
def test_names_are_made_safe_for_every_system(given_name: str, safe: str) -> None:
    assert clean_name(given_name) == safe


def test_long_names_keep_their_ending() -> None:
    for name in ("x" * 500 + ".pdf", "é" * 500 + ".pdf", "领" * 500 + ".pdf"):
        safe = clean_name(name)
        assert safe.endswith(".pdf") and len(safe) <= 120 and len(safe.encode()) <= 200


@settings(deadline=None)
@given(st.text())
def test_any_name_comes_out_safe(name: str) -> None:
    safe = clean_name(name)
    assert safe and safe == clean_name(safe)
    assert not set('/\\<>:"|?*\x00\r\n\u202e\u200b') & set(safe)
    assert safe not in (".", "..") and not safe.startswith((".", " ")) and not safe.endswith((".", " "))
    assert len(safe) <= 121 and len(safe.encode()) <= 201


@pytest.mark.parametrize(
    ("data", "declared", "kept"),
    [
        (JPEG, "image/jpeg", "image/jpeg"),
        (JPEG, "text/html", "image/jpeg"),
        (PNG, "application/octet-stream", "image/png"),
        (PDF, "application/x-pdf", "application/pdf"),
        (b"PK\x03\x04rest", "application/zip", "application/zip"),
        (
            b"PK\x03\x04rest",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (b"PK\x03\x04rest", "text/html", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", "application/msword"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image/webp"),
        (b"xxxx\x00\x00\x00\x00WEBPVP8 ", "image/webp", UNKNOWN),
        (b"\x00\x00\x00\x18ftypheic", "image/heic", "image/heic"),
        (b"plain words", "text/plain", "text/plain"),
        (b"a;b\n1;2", "text/csv", "text/csv"),
        # Whatever a browser might run is never served as what it is.
        (b"<html><script>alert(1)</script>", "text/html", UNKNOWN),
        (b"<html><script>alert(1)</script>", "text/plain", UNKNOWN),
        (b"\n\n  <SVG onload=alert(1)>", "text/plain", UNKNOWN),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "image/svg+xml", UNKNOWN),
        (b"<svg xmlns='x'/>", "image/svg+xml", UNKNOWN),
        (b"<?xml version='1.0'?>", "application/xml", UNKNOWN),
        (b"alert(1)", "application/javascript", UNKNOWN),
        (b"alert(1)", "text/javascript", UNKNOWN),
        (b"body{}", "text/css", UNKNOWN),
        (b"not a picture", "image/png", UNKNOWN),
        (b"not a pdf <script>", "application/pdf", UNKNOWN),
        (b"MZ\x90\x00", "image/png", UNKNOWN),
        (b"\x7fELF", "text/plain", UNKNOWN),
        (b"words\x00more", "text/plain", UNKNOWN),
        (b"", "text/plain", "text/plain"),
        (b"", "", UNKNOWN),
    ],
)
def test_the_type_is_what_the_bytes_bear_out(data: bytes, declared: str, kept: str) -> None:
    assert media_type(data, declared) == kept


@settings(deadline=None)
@given(
    st.binary(), st.sampled_from(["text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "text/javascript"])
)
def test_nothing_that_runs_keeps_its_type(data: bytes, declared: str) -> None:
    assert media_type(data, declared) != declared
