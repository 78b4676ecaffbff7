"""Mails as they really come: built from readable pieces, with the mess kept in."""

from base64 import b64encode
from collections.abc import Iterable

from ahadi.channels.email import Mail, parse_mail

OUR_SERVER = "mx.power.example"
TRUSTED = frozenset({OUR_SERVER})

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"


def read(raw: bytes, **how: object) -> Mail:
    return parse_mail(raw, **{"trusted_authserv_ids": TRUSTED, **how})  # type: ignore[arg-type]


def mail(body: str | bytes = "The lamp at our gate is dark again.\n", *fields: str | bytes, **named: str) -> bytes:
    """A mail with a usual header. `fields` are whole lines put on top; `named` replace or add fields by name."""
    usual = {
        "From": "Jane Wanjiru <jane@customer.example>",
        "To": "Power care <care@power.example>",
        "Subject": "Lamp",
        "Date": "Tue, 24 Nov 2026 10:00:00 +0300",
        "Message-ID": "<one@customer.example>",
        "MIME-Version": "1.0",
    }
    usual |= {name.replace("_", "-"): value for name, value in named.items()}
    lines = [_bytes(each) for each in fields]
    lines += [_bytes(f"{name}: {value}") for name, value in usual.items() if value]
    return b"\r\n".join(lines) + b"\r\n\r\n" + _bytes(body)


def multipart(kind: str, *parts: bytes, boundary: str = "b0", **named: str) -> bytes:
    """A mail of several parts; `kind` is the rest of the content type."""
    return mail(inner(parts, boundary), Content_Type=f'multipart/{kind}; boundary="{boundary}"', **named)


def nested(kind: str, *parts: bytes, boundary: str) -> bytes:
    """The same as a part of another mail."""
    return part(inner(parts, boundary), Content_Type=f'multipart/{kind}; boundary="{boundary}"')


def inner(parts: Iterable[bytes], boundary: str) -> bytes:
    written = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), each) for each in parts)
    return b"This is a message in MIME format.\r\n" + written + b"--%s--\r\n" % boundary.encode()


def part(body: str | bytes, **fields: str) -> bytes:
    lines = [_bytes(f"{name.replace('_', '-')}: {value}") for name, value in fields.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + _bytes(body)


def file(data: bytes, name: str, kind: str = "application/octet-stream", **fields: str) -> bytes:
    disposition = fields.pop("Content_Disposition", f'attachment; filename="{name}"')
    coded = b64encode(data)
    lines = b"\r\n".join(coded[at : at + 76] for at in range(0, len(coded), 76))
    return part(lines, Content_Type=kind, Content_Transfer_Encoding="base64", Content_Disposition=disposition, **fields)


def text(body: str | bytes, **fields: str) -> bytes:
    return part(body, **{"Content_Type": "text/plain; charset=utf-8", **fields})


def html(body: str | bytes, **fields: str) -> bytes:
    return part(body, **{"Content_Type": "text/html; charset=utf-8", **fields})


def _bytes(each: str | bytes) -> bytes:
    return each if isinstance(each, bytes) else each.encode()


def delivery() -> bytes:
    """A delivery report."""
    status = "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; jane@customer.example\r\n"
    status += "Action: failed\r\nStatus: 5.1.1\r\n"
    original = part(mail("words", Message_ID="<ours@power.example>"), Content_Type="message/rfc822")
    report = part(status, Content_Type="message/delivery-status")
    return multipart("report; report-type=delivery-status", text("Sorry."), report, original)
